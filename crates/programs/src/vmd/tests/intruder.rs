//! Drawn visits: what the intruder rule says about tracks whose way is known.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use types::{Class, NormBox, Phase, RuleId, Track, TrackId, TrackState};

use super::*;

/// Persons and cars, score 0.5, no dwell, 3 s grace.
fn rule(rule_id: u32) -> Rule {
    Rule {
        rule_id: RuleId(rule_id),
        name: "night".into(),
        what: What::Intruder {
            zone_id: ZoneId(1),
            dwell: Duration::ZERO,
        },
        filter: ObjectFilter::of([Class::Person, Class::Car].into_iter().collect(), 0.5),
        grace: Duration::from_secs(3),
        cool_down: Duration::ZERO,
        schedule: None,
        health: HealthWish::Any,
    }
}

fn dwell_of(secs: u64) -> Rule {
    Rule {
        what: What::Intruder {
            zone_id: ZoneId(1),
            dwell: Duration::from_secs(secs),
        },
        ..rule(1)
    }
}

fn vmd(rules: Vec<Rule>) -> Vmd {
    let config = VmdConfig {
        site: site(vec![yard(1)]),
        rules,
    };
    Vmd::new(CameraId::new("gate").unwrap(), config, EventIds::new(1)).unwrap()
}

/// One track as one character says, or none.
///
/// `#` inside; `o` outside; `n` outside by less than its box jitters;
/// `w` inside, score a little too low; `W` inside, score far too low;
/// `b` inside, score 0.9; `c` `t` inside, a car or truck; `?` tentative inside;
/// `l` lost, expected inside; `p` lost but parked inside; `x` ended; `.` absent.
fn track(mark: char, track_id: u64, at: Timestamp, first_seen_at: Timestamp) -> Option<Track> {
    let x = match mark {
        '.' | '_' => return None,
        'o' => 0.3,
        'n' => 0.49,
        _ => 0.7,
    };
    let is_lost = matches!(mark, 'l' | 'p');
    Some(Track {
        track_id: TrackId(track_id),
        state: match mark {
            '?' => TrackState::Tentative,
            'x' => TrackState::Ended,
            _ if is_lost => TrackState::Lost,
            _ => TrackState::Confirmed,
        },
        bbox: NormBox::from_xyxy(x - 0.05, 0.4, x + 0.05, 0.7),
        class: match mark {
            'c' => Class::Car,
            't' => Class::Truck,
            _ => Class::Person,
        },
        score: match mark {
            'w' => 0.4,
            'W' => 0.2,
            'b' => 0.9,
            _ => 0.7,
        },
        first_seen_at,
        last_seen_at: if is_lost {
            at.saturating_sub(Duration::from_secs(1))
        } else {
            at
        },
        velocity: (0.0, 0.0),
        is_stationary: mark == 'p',
        moved: types::Moved::Surely,
    })
}

/// Runs `program` over one scene per character and second; each text is one
/// track (the first is track 1). Where all say `_` no scene comes, only a tick.
fn run(program: &mut Vmd, texts: &[&str], step_ms: u64) -> Vec<Event> {
    let n_scenes = texts.iter().map(|text| text.len()).max().unwrap_or(0);
    let marks: Vec<Vec<char>> = texts.iter().map(|text| text.chars().collect()).collect();
    let mut events = Vec::new();
    for step in 0..n_scenes {
        let at = at_ms(step as u64 * step_ms);
        let mark_of = |marks: &Vec<char>| marks.get(step).copied().unwrap_or('.');
        if marks.iter().all(|marks| mark_of(marks) == '_') {
            events.extend(program.tick(at).events);
            continue;
        }
        let tracks = (1_u64..)
            .zip(&marks)
            .filter_map(|(track_id, marks)| {
                let first = marks.iter().position(|mark| !matches!(mark, '.' | '_'))?;
                track(mark_of(marks), track_id, at, at_ms(first as u64 * step_ms))
            })
            .collect();
        events.extend(
            program
                .update(
                    &Scene {
                        captured_at: at,
                        frame_seq: step as u64,
                        tracks,
                        ..Scene::default()
                    },
                    &[],
                )
                .events,
        );
    }
    events
}

fn story(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let at_s = event.at.saturating_since(at_ms(0)).as_secs_f32();
        let track_id = event.track_id.expect("intruders are tracks").0;
        let class = event.class.expect("intruders have a class");
        write!(
            text,
            "{at_s}s: {} {} track {track_id}, {class} {:.1}",
            event.step,
            event.phase.name(),
            event.score
        )
        .unwrap();
        if let Some(ended_at) = event.ended_at {
            let lasted_s = ended_at.saturating_since(event.started_at).as_secs_f32();
            let why = &event
                .why
                .iter()
                .find(|gate| !gate.outcome.passed())
                .unwrap();
            write!(text, ": {} after {lasted_s}s", why.outcome).unwrap();
        }
        text.push('\n');
    }
    text
}

#[track_caller]
fn check(rule: Rule, texts: &[&str], expected: &Expect) {
    let events = run(&mut vmd(vec![rule]), texts, 1_000);
    expected.assert_eq(&story(&events));
}

#[test]
fn intruder_begins_at_once_without_dwell_and_ends_after_grace() {
    check(
        rule(1),
        &["oo####ooooooo"],
        &expect![[r#"
            2s: 0 begin track 1, person 0.7
            9s: 1 end track 1, person 0.7: left the zone after 3s
        "#]],
    );
}

#[test]
fn intruder_begins_when_the_dwell_is_over() {
    check(
        dwell_of(5),
        &["o###########"],
        &expect![[r#"
            6s: 0 begin track 1, person 0.7
        "#]],
    );
}

#[test]
fn stay_shorter_than_the_dwell_is_nothing_and_the_next_starts_over() {
    check(
        dwell_of(5),
        &["####ooooo########"],
        &expect![[r#"
            14s: 0 begin track 1, person 0.7
        "#]],
    );
}

#[test]
fn absence_within_grace_is_the_same_visit_and_beyond_it_another() {
    check(
        rule(1),
        &["###oo####.....###"],
        &expect![[r#"
            0s: 0 begin track 1, person 0.7
            12s: 1 end track 1, person 0.7: no longer seen after 8s
            14s: 0 begin track 1, person 0.7
        "#]],
    );
}

#[test]
fn return_after_grace_is_another_visit_also_between_two_scenes() {
    let events = run(&mut vmd(vec![rule(1)]), &["#o#"], 2_000);
    expect![[r#"
        0s: 0 begin track 1, person 0.7
        4s: 1 end track 1, person 0.7: left the zone after 0s
        4s: 0 begin track 1, person 0.7
    "#]]
    .assert_eq(&story(&events));
}

#[test]
fn event_that_changes_for_ever_tells_a_bounded_number_of_updates() {
    let text = "ct".repeat(800);
    let mut program = vmd(vec![rule(1)]);
    let mut events = run(&mut program, &[&text], 1_000);
    events.extend(program.finish(at_ms(1_600_000)).events);
    assert_eq!(events.len(), 102);
    assert_eq!(events[101].phase, Phase::End);
}

#[test]
fn flicker_around_the_score_raises_one_alarm() {
    check(
        rule(1),
        &["wwW#w#W#w#W#w#W#w#W#w#W#w#W#w#W#"],
        &expect![[r#"
            3s: 0 begin track 1, person 0.7
        "#]],
    );
}

#[test]
fn score_once_reached_counts_until_it_falls_clearly() {
    // Dwell 3 s: the score may sink a little meanwhile, not far.
    check(
        dwell_of(3),
        &["#wwww", "#WWWWW##"],
        &expect![[r#"
            3s: 0 begin track 1, person 0.7
            6s: 0 begin track 2, person 0.7
        "#]],
    );
}

#[test]
fn jitter_at_the_edge_of_the_zone_raises_one_alarm() {
    check(
        rule(1),
        &["n#nnnnnnn#nnnnnnnnn#nnnnnnn"],
        &expect![[r#"
            1s: 0 begin track 1, person 0.7
        "#]],
    );
}

#[test]
fn only_chosen_classes_raise_an_alarm() {
    check(
        rule(1),
        &["ttttt", "ccccc"],
        &expect![[r#"
            0s: 0 begin track 2, car 0.7
        "#]],
    );
}

#[test]
fn changed_class_and_better_score_are_told_at_most_every_five_seconds() {
    check(
        rule(1),
        &["ctctctctctctbbbbbbbbbbb"],
        &expect![[r#"
            0s: 0 begin track 1, car 0.7
            5s: 1 update track 1, truck 0.7
            10s: 2 update track 1, car 0.7
            15s: 3 update track 1, person 0.9
        "#]],
    );
}

#[test]
fn tentative_and_lost_tracks_begin_nothing() {
    check(rule(1), &["??????", "llllll"], &expect![[""]]);
}

#[test]
fn track_lost_inside_the_zone_stays_and_a_parked_one_for_long() {
    check(
        rule(1),
        &["##llllll##", "cc", "##pppppppppppppppp##"],
        &expect![[r#"
            0s: 0 begin track 1, person 0.7
            0s: 0 begin track 2, car 0.7
            0s: 0 begin track 3, person 0.7
            5s: 1 end track 2, car 0.7: no longer seen after 1s
            13s: 1 end track 1, person 0.7: no longer seen after 9s
        "#]],
    );
}

#[test]
fn new_identity_where_one_vanished_takes_over_the_visit() {
    check(
        rule(1),
        &["###lllx", "...##########o"],
        &expect![[r#"
            0s: 0 begin track 1, person 0.7
        "#]],
    );
}

#[test]
fn second_person_beside_the_first_raises_a_second_alarm() {
    check(
        rule(1),
        &["#####", "..###"],
        &expect![[r#"
            0s: 0 begin track 1, person 0.7
            2s: 0 begin track 2, person 0.7
        "#]],
    );
}

#[test]
fn stopped_video_ends_the_event_and_its_return_raises_no_second() {
    check(
        rule(1),
        &["###______________###ooooo"],
        &expect![[r#"
            0s: 0 begin track 1, person 0.7
            12s: 1 end track 1, person 0.7: no video after 2s
        "#]],
    );
}

#[test]
fn finish_ends_what_is_open_and_nothing_else() {
    let mut program = vmd(vec![rule(1), dwell_of(60)]
        .into_iter()
        .zip(1..)
        .map(|(rule, rule_id)| Rule {
            rule_id: RuleId(rule_id),
            ..rule
        })
        .collect());
    run(&mut program, &["###"], 1_000);
    assert_eq!(program.active_zones(), [ZoneId(1)]);
    let events = program.finish(at_ms(4_000)).events;
    expect![[r#"
        4s: 1 end track 1, person 0.7: rule stopped after 2s
    "#]]
    .assert_eq(&story(&events));
    assert_eq!(program.active_zones(), []);
    assert_eq!(program.finish(at_ms(5_000)).events, []);
}

#[test]
fn event_says_which_gates_it_passed() {
    let events = run(&mut vmd(vec![dwell_of(2)]), &["####"], 1_000);
    let why: Vec<String> = events[0]
        .why
        .iter()
        .map(|gate| format!("{}: {}", gate.name, gate.outcome))
        .collect();
    expect![[r#"
        detected: confirmed
        class: person
        score: 0.70 of 0.50
        inside: yard
        dwell: 2.0 s of 2.0 s"#]]
    .assert_eq(&why.join("\n"));
    assert!(events[0].why.iter().all(|gate| gate.outcome.passed()));
}

#[test]
fn twenty_one_flickers_in_fifteen_seconds_raise_one_alarm() {
    // Present and absent in turns of about 0.35 s, at 5 frames a second.
    let text = "##.#..#".repeat(11);
    let events = run(&mut vmd(vec![rule(1)]), &[&text], 200);
    assert_eq!(events.len(), 1, "{}", story(&events));
}

#[test]
fn saving_settings_keeps_unchanged_rules_and_ends_the_others() {
    let mut program = vmd(vec![rule(1), rule(2)]);
    run(&mut program, &["###"], 1_000);
    let config = VmdConfig {
        site: site(vec![yard(5), yard(1)]),
        rules: vec![
            Rule {
                name: "day".into(),
                ..rule(2)
            },
            rule(1),
        ],
    };
    let ended = program.replace_config(config, at_ms(3_000)).unwrap().events;
    assert_eq!(ended.len(), 1);
    assert_eq!(ended[0].rule_name, "night");
    assert_eq!(ended[0].rule_id, RuleId(2));
    // Rule 1 goes on with its visit, rule 2 is new and starts its own.
    let events = run(&mut program, &["...####"], 1_000);
    let rules: Vec<u32> = events.iter().map(|event| event.rule_id.0).collect();
    assert_eq!(rules, [2], "{}", story(&events));
}

#[test]
fn settings_that_are_refused_leave_the_present_ones_in_force() {
    let mut program = vmd(vec![rule(1)]);
    let bad = VmdConfig {
        site: site(Vec::new()),
        rules: vec![rule(1)],
    };
    assert!(program.replace_config(bad, at_ms(0)).is_err());
    assert_eq!(run(&mut program, &["###"], 1_000).len(), 1);
}

/// Any marks of any number of tracks.
fn any_texts() -> impl Strategy<Value = Vec<String>> {
    proptest::collection::vec("[#onwWbct?lpx.]{1,60}", 1..5)
}

fn as_strs(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

proptest! {
    #[test]
    fn every_begin_has_one_end_and_steps_count_up(texts in any_texts(), dwell_s in 0_u64..4) {
        let mut program = vmd(vec![dwell_of(dwell_s)]);
        let mut events = run(&mut program, &as_strs(&texts), 1_000);
        events.extend(program.finish(at_ms(100_000)).events);
        let mut ids: Vec<_> = events.iter().map(|event| event.event_id).collect();
        ids.sort();
        ids.dedup();
        for id in ids {
            let steps: Vec<&Event> = events.iter().filter(|event| event.event_id == id).collect();
            let last = steps.len() - 1;
            for (idx, event) in steps.iter().enumerate() {
                let phase = match idx {
                    0 => Phase::Begin,
                    _ if idx == last => Phase::End,
                    _ => Phase::Update,
                };
                prop_assert_eq!(event.phase, phase);
                prop_assert_eq!(event.step as usize, idx);
                prop_assert_eq!(event.started_at, steps[0].at);
                prop_assert_eq!(event.ended_at.is_some(), phase == Phase::End);
                let is_dwell = |gate: &&types::Gate| gate.name == "dwell";
                let mut asked = event.why.iter().take(3).chain(event.why.iter().filter(is_dwell));
                prop_assert!(asked.all(|gate| gate.outcome.passed()), "{:?}", event.why);
            }
            prop_assert!(last > 0, "no end");
            let ended_at = steps[last].ended_at.unwrap();
            prop_assert!(steps[last].started_at <= ended_at && ended_at <= steps[last].at);
        }
    }

    #[test]
    fn one_visit_raises_one_alarm(
        stays in proptest::collection::vec((1_usize..8, "[on.]{1,2}"), 1..12)
    ) {
        // Stays broken only by absences within the grace are one visit.
        let mut text = String::new();
        for (n_inside, absence) in stays {
            text.push_str(&"#".repeat(n_inside));
            text.push_str(&absence);
        }
        let events = run(&mut vmd(vec![rule(1)]), &[&text], 1_000);
        let n_begins = events.iter().filter(|event| event.phase == Phase::Begin).count();
        prop_assert_eq!(n_begins, 1);
    }

    #[test]
    fn replay_speed_changes_nothing(texts in any_texts(), ticks in proptest::collection::vec(any::<bool>(), 60)) {
        // A slow replay has ticks between its scenes, a fast one has none; the
        // scenes carry the same times, so the decisions are the same.
        let fast = run(&mut vmd(vec![dwell_of(2)]), &as_strs(&texts), 1_000);
        let mut program = vmd(vec![dwell_of(2)]);
        let mut slow = Vec::new();
        let n_scenes = texts.iter().map(String::len).max().unwrap_or(0);
        for step in 0..n_scenes {
            let at = at_ms(step as u64 * 1_000);
            let tracks = (1_u64..)
                .zip(&texts)
                .filter_map(|(track_id, text)| {
                    let first = text.find(|mark| mark != '.')?;
                    let mark = text.chars().nth(step).unwrap_or('.');
                    track(mark, track_id, at, at_ms(first as u64 * 1_000))
                })
                .collect();
            slow.extend(program.update(&Scene { captured_at: at, tracks, ..Scene::default() }, &[]).events);
            if ticks[step % ticks.len()] {
                slow.extend(program.tick(at.saturating_add(Duration::from_millis(900))).events);
            }
        }
        prop_assert_eq!(fast, slow);
    }
}
