//! Drawn walks for each kind of rule: what it says, and what it keeps quiet
//! about.

use expect_test::{Expect, expect};

use super::*;

#[track_caller]
pub(super) fn check(what: What, walks: &[&str], expected: &Expect) {
    check_rule(rule_of(what), walks, expected);
}

#[track_caller]
fn check_rule(rule: Rule, walks: &[&str], expected: &Expect) {
    let events = play(&mut program(drawn(), vec![rule]), &scenes(walks, 1_000));
    expected.assert_eq(&tale(&events));
}

pub(super) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn loitering(stay_s: u64, is_in_total: bool) -> What {
    What::Loitering {
        zone_id: ZoneId(1),
        stay: secs(stay_s),
        is_in_total,
    }
}

#[test]
fn loitering_begins_after_one_long_stay() {
    check(
        loitering(5, false),
        &["345678765432", "3567655555555"],
        &expect![[r#"
            6s: loitering begin track 2
            7s: loitering begin track 1
            12s: loitering end track 1: left the zone after 1s
        "#]],
    );
}

#[test]
fn loitering_in_total_adds_up_stays_and_starts_anew_after_its_event() {
    check(
        loitering(6, true),
        &["55533333555333335553333355533333"],
        &expect![[r#"
            18s: loitering begin track 1
            22s: loitering end track 1: left the zone after 0s
        "#]],
    );
    check(
        loitering(6, false),
        &["5553333355533333555"],
        &expect![[r#""#]],
    );
}

fn direction(heading_deg: f32, is_wrong_way: bool) -> What {
    What::Direction {
        zone_id: None,
        heading_deg,
        tolerance_deg: 45.0,
        min_travel: 0.25,
        is_wrong_way,
    }
}

#[test]
fn direction_is_about_way_made_and_not_about_swaying() {
    check(
        direction(90.0, false),
        &["0123456", "6543210", "454545454545", "555556"],
        &expect![[r#"
            3s: direction begin track 1 90°
            10s: direction end track 1 90°: no longer seen after 3s
        "#]],
    );
}

#[test]
fn wrong_way_is_movement_against_the_allowed_direction() {
    check(
        direction(90.0, true),
        &["0123456", "6543210"],
        &expect![[r#"
        3s: wrong_way begin track 2 270°
    "#]],
    );
}

#[test]
fn rule_that_asks_for_health_waits_for_it_and_one_that_marks_tells_the_doubt() {
    use types::{Health, HealthPart};
    let told = |health: HealthWish| {
        let rule = Rule {
            health,
            ..rule_of(What::Intruder {
                zone_id: ZoneId(1),
                dwell: secs(0),
            })
        };
        // Somebody comes while it rains, and stays until it is over.
        let mut scenes = scenes(&["3336666666", "3333333377"], 1_000);
        for (second, scene) in scenes.iter_mut().enumerate() {
            let calm = if second < 6 { 0.1 } else { 0.9 };
            if let Ok(scene) = scene {
                scene.picture.health = Some(Health([1.0, 1.0, 1.0, 1.0, calm]));
            }
        }
        let mut program = program(drawn(), vec![rule]);
        let early = play(&mut program, &scenes[..5]);
        let stopped: Vec<Vec<&str>> = program
            .explain(at_ms(4_000))
            .iter()
            .map(|rule| {
                let stops = rule.gates.iter().filter(|gate| !gate.outcome.passed());
                stops.map(|gate| gate.name).collect()
            })
            .collect();
        let late = play(&mut program, &scenes[5..]);
        let doubts = early.iter().chain(&late).map(|event| event.detail.doubt);
        (
            tale(&early),
            tale(&late),
            stopped,
            doubts.collect::<Vec<_>>(),
        )
    };
    let (early, late, stopped, doubts) = told(HealthWish::Healthy);
    assert_eq!((early.as_str(), stopped), ("", vec![vec!["health"]]));
    assert!(late.contains("6s: intruder begin track 1"), "{late}");
    assert_eq!(doubts, [None, None]);
    let (early, late, stopped, doubts) = told(HealthWish::Marked);
    assert!(early.contains("3s: intruder begin track 1"), "{early}");
    assert!(late.contains("8s: intruder begin track 2"), "{late}");
    assert_eq!(
        (stopped, doubts),
        (vec![vec![]], vec![Some(HealthPart::Calm), None])
    );
    let (early, _, _, doubts) = told(HealthWish::Any);
    assert!(early.contains("3s: intruder begin track 1"), "{early}");
    assert_eq!(doubts, [None, None]);
}

#[test]
fn u_turn_is_a_way_and_the_way_back_told_once() {
    let what = What::UTurn {
        zone_id: None,
        tolerance_deg: 45.0,
        min_travel: 0.25,
    };
    check(
        what,
        &["0123456654321", "0123456789", "454545454545", "0123333345"],
        &expect![[r#"
            10s: u_turn begin track 1 270°
        "#]],
    );
}

#[test]
fn queue_is_of_those_who_have_waited_and_not_of_those_who_pass() {
    let queue = |limit, waiting| What::CountOver {
        zone_id: ZoneId(1),
        limit,
        lasting: secs(0),
        waiting: secs(waiting),
    };
    // Two wait, one passes, the first goes.
    let walks = ["66666666662222222222", "3367777777777777", "..56789"];
    check(
        queue(1, 5),
        &walks,
        &expect![[r#"
            7s: count_over_limit begin count 2
            12s: count_over_limit update count 1
            13s: count_over_limit end count 1: no more than allowed after 2s
        "#]],
    );
    check(queue(2, 5), &walks, &expect![[r#""#]]);
}

#[test]
fn crossing_is_told_once_each_way_and_ends_after_the_grace() {
    let what = |ways| What::CrossLine {
        line_id: LineId(1),
        ways,
    };
    check(
        what(Ways::Both),
        &["2468888888", "7777773333"],
        &expect![[r#"
            2s: cross_line begin track 1 LeftToRight
            5s: cross_line end track 1 LeftToRight: it is past after 0s
            6s: cross_line begin track 2 RightToLeft
            9s: cross_line end track 2 RightToLeft: it is past after 0s
        "#]],
    );
    check(
        what(Ways::LeftToRight),
        &["24682468"],
        &expect![[r#"
        2s: cross_line begin track 1 LeftToRight
        5s: cross_line end track 1 LeftToRight: it is past after 0s
        6s: cross_line begin track 1 LeftToRight
    "#]],
    );
}

#[test]
fn who_comes_from_outside_has_entered_and_who_is_born_inside_has_not() {
    check(
        What::Enter { zone_id: ZoneId(1) },
        &[
            "3",
            ".3456654333333",
            ".66666",
            "..9999",
            "..9876",
            "....8866",
        ],
        &expect![[r#"
            3s: enter begin track 5
            3s: enter begin track 2
            9s: enter end track 5: no longer seen after 2s
            10s: enter end track 2: left the zone after 3s
        "#]],
    );
}

#[test]
fn who_walks_in_too_fast_to_be_seen_outside_has_entered() {
    // First confirmed at 6 while walking right, a second after it was at 4.
    let mut born = walker("46", 1, 2, at_ms(1_000), 1_000).unwrap();
    born.first_seen_at = at_ms(1_000);
    let mut program = program(drawn(), vec![rule_of(What::Enter { zone_id: ZoneId(1) })]);
    program.update(&scene_of(0, 1_000, Vec::new()), &[]);
    let events = program.update(&scene_of(1, 1_000, vec![born]), &[]).events;
    expect![[r#"
        1s: enter begin track 2
    "#]]
    .assert_eq(&tale(&events));
}

#[test]
fn nobody_enters_when_the_rule_starts_with_people_inside() {
    check(
        What::Enter { zone_id: ZoneId(1) },
        &["6666"],
        &expect![[r#""#]],
    );
}

#[test]
fn who_is_seen_outside_has_left_and_who_vanishes_inside_has_not() {
    check(
        What::Exit { zone_id: ZoneId(1) },
        &["666433333", "666fffx..", "64645444444444", "666665ba"],
        &expect![[r#"
            6s: exit begin track 1
            6s: exit end track 1: left the zone after 0s
            8s: exit begin track 3
            8s: exit end track 3: left the zone after 0s
            9s: exit begin track 4
            9s: exit end track 4: no longer seen after 0s
        "#]],
    );
}

#[test]
fn who_walks_out_of_the_picture_leaves_the_zone_with_it() {
    check(
        What::Exit { zone_id: ZoneId(1) },
        &["6789jjx....", "99999jx...."],
        &expect![[r#"
            9s: exit begin track 1
            9s: exit end track 1: no longer seen after 0s
        "#]],
    );
}

#[test]
fn stopped_is_who_moved_and_then_stands_until_it_moves_on() {
    check(
        What::Stopped {
            zone_id: ZoneId(1),
            still_for: secs(3),
        },
        &["3456666667", "888888888", "34567676767", "66688888"],
        &expect![[r#"
            6s: stopped begin track 4
            6s: stopped begin track 1
            9s: stopped end track 1: moved on after 3s
        "#]],
    );
}

#[test]
fn sequence_asks_for_the_order_of_the_zones_and_the_time_between() {
    check(
        What::Sequence {
            first: ZoneId(2),
            second: ZoneId(1),
            within: secs(4),
        },
        &["12356666", "66432222", "12333333356", "33356666"],
        &expect![[r#"
            3s: zone_sequence begin track 1
        "#]],
    );
}

#[test]
fn count_over_limit_is_one_event_for_one_breach() {
    let what = What::CountOver {
        zone_id: ZoneId(1),
        limit: 1,
        lasting: secs(2),
        waiting: Duration::ZERO,
    };
    check(
        what,
        &[
            "666666666666666666666666",
            "336666636666633333333333",
            "333333336666333333333333",
        ],
        &expect![[r#"
            4s: count_over_limit begin count 2
            9s: count_over_limit update count 3
            14s: count_over_limit update count 1
            16s: count_over_limit end count 1: no more than allowed after 8s
        "#]],
    );
}

/// On every day from one time of UTC to another; tests start at 00:16:40.
fn schedule(from: &str, until: &str) -> Arc<crate::schedule::Schedule> {
    use crate::schedule::{Moment, Schedule, Span, Timetable};
    let span = Span {
        from: Moment::parse(from).unwrap(),
        until: Moment::parse(until).unwrap(),
    };
    let timetable = Timetable {
        time_zone: "UTC".into(),
        week: std::array::from_fn(|_| vec![span]),
        ..Timetable::default()
    };
    Arc::new(Schedule::new(timetable).unwrap())
}

fn inside_yard() -> What {
    What::Intruder {
        zone_id: ZoneId(1),
        dwell: Duration::ZERO,
    }
}

#[test]
fn schedule_ends_open_events_and_raises_those_inside_when_it_begins() {
    // Scenes start at 00:16:40; minutes later the schedule changes.
    let rule = |from, until| Rule {
        schedule: Some(schedule(from, until)),
        ..rule_of(inside_yard())
    };
    check_rule(
        rule("00:00", "00:17"),
        &[&"6".repeat(30)],
        &expect![[r#"
        0s: intruder begin track 1
        20s: intruder end track 1: off by schedule after 19s
    "#]],
    );
    check_rule(
        rule("00:17", "00:18"),
        &[&"6".repeat(30)],
        &expect![[r#"
        20s: intruder begin track 1
    "#]],
    );
    // What came and went while it was off is not told later.
    let enter = Rule {
        what: What::Enter { zone_id: ZoneId(1) },
        ..rule("00:17", "00:18")
    };
    check_rule(
        enter,
        &[&format!("33{}", "6".repeat(30))],
        &expect![[r#""#]],
    );
}

#[test]
fn cool_down_keeps_a_rule_quiet_after_an_event() {
    let rule = Rule {
        cool_down: secs(10),
        grace: secs(1),
        ..rule_of(inside_yard())
    };
    check_rule(
        rule,
        &["3663333336633333366333366666666666"],
        &expect![[r#"
        1s: intruder begin track 1
        4s: intruder end track 1: left the zone after 1s
        17s: intruder begin track 1
        20s: intruder end track 1: left the zone after 1s
        30s: intruder begin track 1
    "#]],
    );
}

#[test]
fn filter_asks_for_size_mask_and_movement() {
    use crate::site::{ClassMask, SizeAt, SizeReference};
    let size = |height| {
        let reference = SizeReference {
            y: 0.7,
            width: 0.05,
            height,
        };
        Some(SizeAt::same(reference).unwrap())
    };
    let with = |change: &dyn Fn(&mut ObjectFilter)| {
        let mut rule = rule_of(inside_yard());
        change(&mut rule.filter);
        rule
    };
    check_rule(
        with(&|filter| filter.min_size = size(0.19)),
        &["66"],
        &expect![[r#"
            0s: intruder begin track 1
        "#]],
    );
    check_rule(
        with(&|filter| filter.min_size = size(0.21)),
        &["66"],
        &expect![[r#""#]],
    );
    check_rule(
        with(&|filter| filter.max_size = size(0.19)),
        &["66"],
        &expect![[r#""#]],
    );
    check_rule(
        with(&|filter| filter.ignores_stationary = true),
        &["666666", "777777788"],
        &expect![[r#"
            7s: intruder begin track 2
        "#]],
    );
    let mut drawing = drawn();
    drawing.masks = vec![ClassMask {
        name: "poster".into(),
        polygon: Polygon::new(
            [(0.6, 0.5), (0.7, 0.5), (0.7, 0.7), (0.6, 0.7)]
                .map(|(x, y)| NormPoint::new(x, y))
                .to_vec(),
        )
        .unwrap(),
        classes: ClassSet::EMPTY.with(Class::Person),
    }];
    let mut masked = program(drawing, vec![rule_of(inside_yard())]);
    let events = play(&mut masked, &scenes(&["66678", "8888"], 1_000));
    expect![[r#"
        0s: intruder begin track 2
        3s: intruder begin track 1
    "#]]
    .assert_eq(&tale(&events));
}

#[test]
fn explanation_names_the_gate_that_stopped_each_object() {
    let rules = vec![
        rule_of(What::Intruder {
            zone_id: ZoneId(1),
            dwell: secs(60),
        }),
        Rule {
            rule_id: RuleId(2),
            cool_down: secs(60),
            ..rule_of(What::CrossLine {
                line_id: LineId(1),
                ways: Ways::Both,
            })
        },
        Rule {
            rule_id: RuleId(3),
            ..rule_of(What::CountOver {
                zone_id: ZoneId(1),
                limit: 5,
                lasting: secs(0),
                waiting: Duration::ZERO,
            })
        },
    ];
    let mut program = program(drawn(), rules);
    play(&mut program, &scenes(&["46666", "33333"], 1_000));
    let mut text = String::new();
    for explanation in program.explain(at_ms(4_200)) {
        writeln!(text, "{}", explanation.kind.name()).unwrap();
        for gate in &explanation.gates {
            writeln!(text, "  {}: {}", gate.name, gate.outcome).unwrap();
        }
        for object in &explanation.objects {
            let stopped = object.stopped_by().map_or("nothing", |gate| gate.name);
            writeln!(text, "  track {}: stopped by {stopped}", object.track_id).unwrap();
            for gate in &object.gates {
                writeln!(text, "    {}: {}", gate.name, gate.outcome).unwrap();
            }
        }
    }
    expect![[r#"
        intruder
          received: 0.2 s ago
          motion: none, but objects are there
          detected: 2 objects
          track 1: stopped by dwell
            detected: confirmed
            class: person
            score: 0.70 of 0.50
            inside: yard
            dwell: 3.0 s of 60.0 s
          track 2: stopped by inside
            detected: confirmed
            class: person
            score: 0.70 of 0.50
            inside: not in yard
            dwell: 0.0 s of 60.0 s
        cross_line
          received: 0.2 s ago
          motion: none, but objects are there
          detected: 2 objects
          cool_down: for 60 s more
          track 1: stopped by crossed
            detected: confirmed
            class: person
            score: 0.70 of 0.50
            crossed: has not crossed just now
            cool_down: for 60 s more
          track 2: stopped by crossed
            detected: confirmed
            class: person
            score: 0.70 of 0.50
            crossed: has not crossed just now
            cool_down: for 60 s more
        count_over_limit
          received: 0.2 s ago
          motion: none, but objects are there
          detected: 2 objects
          dwell: not so far
          count: 1.00 of 6.00
          track 1: stopped by nothing
            detected: confirmed
            class: person
            score: 0.70 of 0.50
            inside: yard
          track 2: stopped by inside
            detected: confirmed
            class: person
            score: 0.70 of 0.50
            inside: not in yard
    "#]]
    .assert_eq(&text);
}
