use std::fmt::Write as _;
use std::sync::Arc;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use types::{
    CameraLine, Class, ClassSet, Event, Line, LineId, NormBox, NormPoint, Phase, PictureProblem,
    Polygon, Track, TrackId, Zone,
};

use super::*;
use crate::site::{Drawing, Site};

/// Zone 1 is the lower half. The line in the middle is drawn upwards, so that
/// in is to the right, where zone 2 is.
fn site() -> Arc<Site> {
    let points = |all: &[(f32, f32)]| -> Vec<NormPoint> {
        all.iter().map(|&(x, y)| NormPoint::new(x, y)).collect()
    };
    let zone = |zone_id, corners| Zone {
        zone_id: ZoneId(zone_id),
        name: "hall".into(),
        polygon: Polygon::new(points(corners)).unwrap(),
    };
    let drawing = Drawing {
        zones: vec![
            zone(1, &[(0.0, 0.5), (1.0, 0.5), (1.0, 1.0), (0.0, 1.0)]),
            zone(2, &[(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)]),
        ],
        lines: vec![CameraLine {
            line_id: LineId(1),
            name: "door".into(),
            line: Line::new(points(&[(0.5, 1.0), (0.5, 0.0)])).unwrap(),
        }],
        ..Drawing::default()
    };
    Arc::new(Site::new(drawing).unwrap())
}

fn area() -> Area {
    Area {
        rule_id: RuleId(1),
        name: "hall".into(),
        zone_id: ZoneId(1),
        classes: ClassSet::EMPTY.with(Class::Person),
        min_scores: [0.4; 6],
        limits: Limits {
            warning: Some(1),
            threshold: 2,
            rise: Duration::from_secs(2),
            fall: Duration::from_secs(2),
            hysteresis: 0,
        },
        offset: 0,
    }
}

fn config() -> OccupancyConfig {
    OccupancyConfig {
        site: site(),
        areas: vec![area()],
        interval: Duration::from_secs(60),
        balance: Some(BalanceConfig {
            rule_id: RuleId(2),
            line_ids: vec![LineId(1)],
            classes: ClassSet::ALL,
            zone_ids: vec![ZoneId(2)],
        }),
        heat_classes: ClassSet::ALL,
    }
}

fn program(config: OccupancyConfig) -> Occupancy {
    Occupancy::new(CameraId::new("hall").unwrap(), config, EventIds::new(1)).unwrap()
}

fn person(id: u64, x: f32, at: Timestamp) -> Track {
    Track {
        track_id: TrackId(id),
        state: TrackState::Confirmed,
        bbox: NormBox::from_xyxy(x - 0.02, 0.6, x + 0.02, 0.8),
        class: Class::Person,
        score: 0.8,
        first_seen_at: Timestamp::from_secs(0),
        last_seen_at: at,
        velocity: (0.0, 0.0),
        is_stationary: true,
        moved: types::Moved::Surely,
    }
}

/// So many people, well apart, each always at its place.
fn people(n: u64, at: Timestamp) -> Scene {
    Scene {
        captured_at: at,
        tracks: (0..n)
            .map(|id| person(id, 0.05 + id as f32 * 0.06, at))
            .collect(),
        is_detected: true,
        ..Scene::default()
    }
}

fn tell(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let second = event.at.as_millis() as f64 / 1000.0;
        let count = event.detail.count.unwrap();
        writeln!(
            text,
            "{second}s {} {} {count}",
            event.step,
            event.phase.name()
        )
        .unwrap();
    }
    text
}

/// One digit per scene, five scenes a second.
#[track_caller]
fn check(numbers: &str, expected: &Expect) {
    let mut program = program(config());
    let mut events = Vec::new();
    let digits = numbers.chars().filter_map(|digit| digit.to_digit(10));
    for (scene, number) in (0..).zip(digits) {
        let at = Timestamp::from_millis(scene * 200);
        events.extend(program.update(&people(u64::from(number), at), &[]).events);
    }
    let end = Timestamp::from_millis(200 * i64::try_from(numbers.len()).unwrap());
    events.extend(program.finish(end).events);
    expected.assert_eq(&tell(&events));
}

#[test]
fn one_alarm_while_there_are_too_many() {
    let numbers = format!("{}{}{}", "1".repeat(10), "3".repeat(30), "1".repeat(40));
    check(
        &numbers,
        &expect![[r#"
        5s 0 begin 3
        10s 1 update 1
        11s 2 end 1
    "#]],
    );
}

#[test]
fn flicker_around_the_threshold_raises_one_alarm() {
    // As the worst known case: 15 s of it, three scenes above, two below.
    let numbers = format!("{}{}{}", "3".repeat(15), "33322".repeat(15), "3".repeat(10));
    check(
        &numbers,
        &expect![[r#"
        2s 0 begin 3
        20s 1 end 3
    "#]],
    );
}

#[test]
fn short_crowd_below_the_rise_time_raises_none() {
    let numbers = format!("{}{}{}", "1".repeat(10), "3".repeat(8), "1".repeat(30));
    check(&numbers, &expect![""]);
}

#[test]
fn video_that_stops_ends_the_alarm_and_forgets_who_was_there() {
    let mut program = program(config());
    let mut events = Vec::new();
    for scene in 0..15 {
        let at = Timestamp::from_millis(scene * 200);
        events.extend(program.update(&people(4, at), &[]).events);
    }
    assert_eq!(program.active_zones(), [ZoneId(1)]);
    assert_eq!(program.live().areas[0].level, Level::Over);
    events.extend(program.tick(Timestamp::from_secs(12)).events);
    events.extend(program.tick(Timestamp::from_secs(13)).events);
    assert_eq!(tell(&events), "2s 0 begin 4\n13s 1 end 4\n");
    assert_eq!(program.live().areas[0].n_present, 0);
    assert_eq!(program.active_zones(), []);
}

#[test]
fn lost_and_wrongly_named_people_stay_and_masked_scores_and_classes_do_not_come() {
    let mut program = program(config());
    for scene in 0..40 {
        let at = Timestamp::from_millis(scene * 200);
        let mut scene_now = people(5, at);
        let tracks = &mut scene_now.tracks;
        if scene > 10 {
            tracks[0].state = TrackState::Lost;
            tracks[1].class = Class::Bicycle;
        }
        tracks[2].score = 0.3;
        tracks[3].class = Class::Car;
        program.update(&scene_now, &[]);
    }
    let live = program.live();
    assert_eq!(live.areas[0].n_present, 3);
    assert_eq!(live.areas[0].by_class, [3, 0, 0, 0, 0, 0]);
}

#[test]
fn rows_of_an_area_and_of_in_minus_out_are_told_for_each_interval() {
    let mut program = program(config());
    let mut text = String::new();
    let mut counts = Vec::new();
    for second in 0..=60 {
        let at = Timestamp::from_secs(second);
        // Walks in at 30 s and stays.
        let x = if second < 30 { 0.4 } else { 0.6 };
        let scene = Scene {
            tracks: vec![person(1, x, at)],
            ..people(0, at)
        };
        counts.extend(program.update(&scene, &[]).counts);
    }
    for count in &counts {
        let (rule, metric) = (count.rule_id.0, count.metric.name());
        let (from, until) = (
            count.from.as_millis() / 1000,
            count.until.as_millis() / 1000,
        );
        writeln!(text, "{rule} {from}..{until} {metric} {:.2}", count.value).unwrap();
    }
    expect![[r#"
        1 0..60 mean 1.00
        1 0..60 peak 1.00
        1 0..60 p95 1.00
        2 0..60 in 1.00
        2 0..60 out 0.00
        2 0..60 mean 0.50
        2 0..60 peak 1.00
        2 0..60 p95 1.00
    "#]]
    .assert_eq(&text);
}

#[test]
fn drift_is_corrected_only_in_a_good_picture_that_shows_all() {
    for (zone_ids, is_covered, expected) in [
        (vec![ZoneId(2)], false, 0),
        (vec![ZoneId(2)], true, 7),
        (vec![], false, 7),
    ] {
        let mut config = config();
        config.balance.as_mut().unwrap().zone_ids = zone_ids.clone();
        let mut program = program(config);
        program.correct_balance(7, Timestamp::from_secs(0));
        for second in 0..70 {
            let mut scene = people(0, Timestamp::from_secs(second));
            if is_covered {
                let problem = (PictureProblem::Covered, Timestamp::default());
                scene.picture.problems.push(problem);
            }
            program.update(&scene, &[]);
        }
        let (n_inside, _) = program.live().balance.unwrap();
        assert_eq!(n_inside, expected, "{zone_ids:?} {is_covered}");
    }
}

#[test]
fn number_that_a_person_counted_replaces_the_difference_and_its_row_tells_by_how_much() {
    let mut program = program(config());
    let now = Timestamp::from_secs(90);
    let told = |answer: Option<(u32, Option<Count>)>| {
        let (before, row) = answer.unwrap();
        let row = row.map(|row| {
            (
                row.metric.name(),
                row.from.as_millis(),
                row.value.to_string(),
            )
        });
        (before, row)
    };
    let row = |metric, value: &str| Some((metric, 60_000, value.to_owned()));
    assert_eq!(
        told(program.correct_balance(7, now)),
        (0, row("in_by_hand", "7"))
    );
    assert_eq!(
        told(program.correct_balance(5, now)),
        (7, row("out_by_hand", "2"))
    );
    assert_eq!(told(program.correct_balance(5, now)), (5, None));
    assert_eq!(program.live().balance, Some((5, 0)));
    let mut without = config();
    without.balance = None;
    program.replace_config(without, now).unwrap();
    assert_eq!(program.correct_balance(5, now), None);
}

#[test]
fn offset_counts_for_levels_and_rows_and_is_told_without_a_new_event() {
    let mut settings = config();
    let mut program = program(settings.clone());
    let mut rows = Vec::new();
    let mut events = Vec::new();
    let mut step = |program: &mut Occupancy, n: u64, seconds: std::ops::Range<i64>| {
        for second in seconds {
            let output = program.update(&people(n, Timestamp::from_secs(second)), &[]);
            rows.extend(
                output
                    .counts
                    .into_iter()
                    .filter(|row| row.rule_id == RuleId(1)),
            );
            events.extend(output.events);
        }
    };
    step(&mut program, 1, 0..60);
    settings.areas[0].offset = 2;
    program
        .replace_config(settings.clone(), Timestamp::from_secs(60))
        .unwrap();
    step(&mut program, 1, 60..120);
    let live = &program.live().areas[0];
    assert_eq!((live.n_present, live.offset), (3, 2));
    assert!(
        program.explain(Timestamp::from_secs(119))[0]
            .gates
            .iter()
            .any(|gate| gate.name == "by_hand")
    );
    // Another offset is no other area: the event goes on.
    settings.areas[0].offset = 3;
    program
        .replace_config(settings.clone(), Timestamp::from_secs(120))
        .unwrap();
    step(&mut program, 1, 120..130);
    // What is taken off cannot leave fewer than nobody.
    settings.areas[0].offset = -5;
    program
        .replace_config(settings, Timestamp::from_secs(130))
        .unwrap();
    step(&mut program, 1, 130..190);
    assert_eq!(program.live().areas[0].n_present, 0);
    let told: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{}s {} {}",
                row.from.as_millis() / 1_000,
                row.metric.name(),
                row.value
            )
        })
        .filter(|text| text.contains("peak") || text.contains("offset"))
        .collect();
    assert_eq!(
        told,
        [
            "0s peak 1",
            "60s peak 3",
            "60s offset 2",
            "120s peak 4",
            "120s offset -5"
        ]
    );
    expect![[r#"
        62s 0 3
        120s 1 4
        130s 2 0
        132s 3 0
    "#]]
    .assert_eq(
        &events
            .iter()
            .map(|event| {
                let second = event.at.as_millis() / 1_000;
                format!("{second}s {} {}\n", event.step, event.detail.count.unwrap())
            })
            .collect::<String>(),
    );
}

#[test]
fn those_who_leave_tell_how_long_they_stayed() {
    let mut program = program(config());
    let mut rows = Vec::new();
    for second in 0..70 {
        // One stays for 10 s, one for 20 s, one to the end.
        let n = if second < 10 {
            3
        } else {
            1 + u64::from(second < 20)
        };
        let output = program.update(&people(n, Timestamp::from_secs(second)), &[]);
        rows.extend(output.counts);
    }
    assert_eq!(program.live().areas[0].longest_stay.as_secs(), 69);
    let told: Vec<(&str, f64)> = rows
        .iter()
        .filter(|row| row.rule_id == RuleId(1) && row.metric.name().starts_with("stay"))
        .map(|row| (row.metric.name(), row.value))
        .collect();
    assert_eq!(
        told,
        [("stays", 2.0), ("stay_sum", 28.0), ("stay_max", 19.0)]
    );
}

#[test]
fn changed_settings_end_only_what_they_change() {
    let mut two = config();
    two.areas.push(Area {
        rule_id: RuleId(3),
        ..area()
    });
    let mut program = program(two.clone());
    for scene in 0..15 {
        program.update(&people(4, Timestamp::from_millis(scene * 200)), &[]);
    }
    two.areas[1].limits.threshold = 3;
    let now = Timestamp::from_secs(3);
    let output = program.replace_config(two.clone(), now).unwrap();
    assert_eq!(tell(&output.events), "3s 1 end 4\n");
    assert_eq!(output.events[0].rule_id, RuleId(3));
    assert!(program.update(&people(4, now), &[]).events.is_empty());
    assert_eq!(program.active_zones(), [ZoneId(1)]);
    // Refused settings change nothing.
    two.areas[0].zone_id = ZoneId(9);
    assert!(program.replace_config(two, now).is_err());
    assert_eq!(program.active_zones(), [ZoneId(1)]);
}

#[test]
fn explanation_names_the_gate_that_stops() {
    let mut program = program(config());
    program.update(&people(3, Timestamp::from_secs(0)), &[]);
    let stops = |program: &Occupancy, second| {
        let explanations = program.explain(Timestamp::from_secs(second));
        let gates = explanations[0].gates.iter();
        let stops = gates.filter(|gate| !gate.outcome.passed());
        stops
            .map(|gate| format!("{} {}", gate.name, gate.outcome))
            .collect::<Vec<_>>()
    };
    assert_eq!(stops(&program, 1), ["stay 1.0 s of 2.0 s"]);
    program.update(&people(1, Timestamp::from_secs(1)), &[]);
    program.update(&people(1, Timestamp::from_secs(2)), &[]);
    assert_eq!(
        stops(&program, 2),
        ["count 1.00 of 3.00", "stay 0.0 s of 2.0 s"]
    );
}

#[test]
fn settings_that_cannot_work_are_refused_with_the_reason() {
    let with = |change: fn(&mut OccupancyConfig)| {
        let mut config = config();
        change(&mut config);
        config.check().unwrap_err().to_string()
    };
    for (actual, expected) in [
        (
            with(|config| config.areas = vec![area(); 33]),
            "set up occupancy: 33 areas: at most 32 are possible",
        ),
        (
            with(|config| config.areas.push(area())),
            "set up area 1: another one has the same number",
        ),
        (
            with(|config| config.areas[0].rule_id = RuleId(2)),
            "set up area 2: another one has the same number",
        ),
        (
            with(|config| config.areas[0].zone_id = ZoneId(9)),
            "set up area \"hall\": zone 9 does not exist",
        ),
        (
            with(|config| config.areas[0].classes = ClassSet::EMPTY),
            "set up area \"hall\": choose at least one class",
        ),
        (
            with(|config| config.areas[0].limits.threshold = 501),
            "set up area \"hall\": threshold must be 1 to 500",
        ),
        (
            with(|config| config.areas[0].limits.warning = Some(2)),
            "set up area \"hall\": warning must be 1 to 500 and below the threshold",
        ),
        (
            with(|config| config.areas[0].limits.hysteresis = 2),
            "set up area \"hall\": hysteresis must be 0 to 100 and at most the lowest threshold",
        ),
        (
            with(|config| config.areas[0].limits.rise = Duration::from_secs(3_601)),
            "set up area \"hall\": rise time must be 0 to 3600 s",
        ),
        (
            with(|config| config.interval = Duration::from_secs(3_601)),
            "set up occupancy: the interval must be 1 to 3600 s, in whole seconds",
        ),
        (
            with(|config| config.balance.as_mut().unwrap().line_ids.push(LineId(4))),
            "set up in minus out: line 4 does not exist",
        ),
        (
            with(|config| config.balance.as_mut().unwrap().zone_ids.push(ZoneId(4))),
            "set up in minus out: zone 4 does not exist",
        ),
        (
            with(|config| config.balance.as_mut().unwrap().line_ids.clear()),
            "set up in minus out: choose at least one line",
        ),
    ] {
        assert_eq!(actual, expected);
    }
    assert_eq!(config().check(), Ok(()));
}

/// All that a program says about `numbers` of people, with or without ticks
/// in between.
fn output(numbers: &[u64], has_ticks: bool) -> (Vec<Event>, Vec<Count>, Vec<HeatMap>) {
    let mut program = program(config());
    let mut all = Output::default();
    let mut at = Timestamp::default();
    for (scene, number) in (0..).zip(numbers) {
        at = Timestamp::from_millis(scene * 700);
        if has_ticks {
            all.append(program.tick(at.saturating_sub(Duration::from_millis(1))));
        }
        all.append(program.update(&people(*number, at), &[]));
    }
    all.append(program.finish(at));
    (all.events, all.counts, program.take_heat_maps())
}

proptest! {
    #[test]
    fn same_scenes_give_the_same_output_however_often_time_is_told(
        numbers in proptest::collection::vec(0_u64..6, 1..200),
    ) {
        prop_assert_eq!(output(&numbers, false), output(&numbers, true));
    }

    #[test]
    fn every_event_begins_once_ends_once_and_lies_apart_by_rise_and_fall(
        numbers in proptest::collection::vec(0_u64..6, 1..300),
    ) {
        let (events, _, _) = output(&numbers, false);
        let mut last_end: Option<Timestamp> = None;
        let mut open = None;
        for event in events {
            match event.phase {
                Phase::Begin => {
                    prop_assert_eq!(open, None);
                    if let Some(end) = last_end {
                        let apart = event.at.saturating_since(end);
                        prop_assert!(apart >= Duration::from_secs(2), "{:?}", apart);
                    }
                    open = Some(event.event_id);
                }
                Phase::Update => prop_assert_eq!(open, Some(event.event_id)),
                Phase::End => {
                    prop_assert_eq!(open.take(), Some(event.event_id));
                    last_end = Some(event.at);
                }
            }
        }
        prop_assert_eq!(open, None);
    }

    /// Of any walks through the line, entries minus exits are who is inside.
    #[test]
    fn balance_is_who_is_inside_for_any_walks(
        walks in proptest::collection::vec(proptest::collection::vec(any::<bool>(), 1..40), 1..5),
    ) {
        let mut config = config();
        config.balance.as_mut().unwrap().zone_ids.clear();
        let mut program = program(config);
        let n_scenes = walks.iter().map(Vec::len).max().unwrap();
        for scene in 0..=n_scenes {
            let at = Timestamp::from_millis(200 * i64::try_from(scene).unwrap());
            let tracks = (0_u16..).zip(&walks).map(|(id, walk)| {
                // Everybody begins outside.
                let is_inside = scene > 0 && walk[(scene - 1).min(walk.len() - 1)];
                let x = if is_inside { 0.6 } else { 0.4 };
                let mut track = person(u64::from(id), x, at);
                track.bbox = NormBox::from_xyxy(x - 0.02, 0.0, x + 0.02, 0.2 + f32::from(id) * 0.1);
                track
            });
            let scene = Scene { tracks: tracks.collect(), ..people(0, at) };
            program.update(&scene, &[]);
        }
        let inside = walks.iter().filter(|walk| *walk.last().unwrap()).count();
        let (n_inside, _) = program.live().balance.unwrap();
        prop_assert_eq!(n_inside as usize, inside);
    }
}
