use jiff::tz::TimeZone;
use proptest::prelude::*;
use types::{CameraLine, Line, NormPoint, TrackId};

use super::*;
use crate::site::Drawing;

fn counter(rule_id: u32, classes: ClassSet) -> Counter {
    Counter {
        rule_id: RuleId(rule_id),
        name: "gate".into(),
        line_id: LineId(1),
        classes,
        interval: Counter::DEFAULT_INTERVAL,
        resets: Resets::new(vec![10 * 60], TimeZone::UTC).unwrap(),
    }
}

fn counters(counters: Vec<Counter>) -> Counters {
    Counters::new(CameraId::new("gate-2").unwrap(), counters)
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(&format!("2026-07-01T{text}Z")).unwrap()
}

fn crossed(class: Class, way: Crossing, at: Timestamp) -> Crossed {
    Crossed {
        track_id: TrackId(1),
        class,
        line_id: LineId(1),
        way,
        at,
    }
}

fn text(counts: &[Count]) -> Vec<String> {
    let clock = |at: Timestamp| at.to_string().chars().skip(11).take(8).collect::<String>();
    let class = |count: &Count| count.class.map_or("all", Class::name);
    counts
        .iter()
        .map(|count| {
            format!(
                "{}-{} {} {} {}",
                clock(count.from),
                clock(count.until),
                count.metric.name(),
                class(count),
                count.value
            )
        })
        .collect()
}

/// Counts one crossing per time of `ins` and `outs`, by a person.
fn pass(counters: &mut Counters, time: &str, way: Crossing) -> Vec<Count> {
    let counts = counters.advance(at(time));
    counters.count(&crossed(Class::Person, way, at(time)));
    counts
}

#[test]
fn interval_is_told_once_by_way_and_class() {
    let mut both = counters(vec![counter(1, ClassSet::ALL)]);
    assert_eq!(both.advance(at("09:30:50")), []);
    both.count(&crossed(Class::Car, Crossing::LeftToRight, at("09:30:50")));
    both.count(&crossed(
        Class::Person,
        Crossing::LeftToRight,
        at("09:30:50"),
    ));
    both.count(&crossed(
        Class::Person,
        Crossing::RightToLeft,
        at("09:30:50"),
    ));
    assert_eq!(
        text(&both.advance(at("09:31:00"))),
        [
            "09:30:00-09:31:00 in all 2",
            "09:30:00-09:31:00 in person 1",
            "09:30:00-09:31:00 in car 1",
            "09:30:00-09:31:00 out all 1",
            "09:30:00-09:31:00 out person 1",
        ]
    );
    // Watched, but nobody came; then not watched for a while.
    assert_eq!(
        text(&both.tick(at("09:35:00"))),
        ["09:31:00-09:32:00 in all 0", "09:31:00-09:32:00 out all 0"]
    );
    assert_eq!(both.tick(at("09:36:00")), []);
}

#[test]
fn classes_and_lines_of_others_do_not_count() {
    let cars = ClassSet::EMPTY.with(Class::Car);
    let mut cars = counters(vec![counter(1, cars)]);
    pass(&mut cars, "09:30:00", Crossing::LeftToRight);
    let mut other_line = crossed(Class::Car, Crossing::LeftToRight, at("09:30:00"));
    other_line.line_id = LineId(2);
    cars.count(&other_line);
    assert_eq!(cars.live()[0].entered, [0; 6]);
}

#[test]
fn totals_start_anew_at_the_reset_and_intervals_do_not() {
    let mut all = counters(vec![counter(1, ClassSet::ALL)]);
    pass(&mut all, "09:59:30", Crossing::LeftToRight);
    pass(&mut all, "09:59:40", Crossing::RightToLeft);
    let live = &all.live()[0];
    assert_eq!((live.entered[0], live.left[0]), (1, 1));
    assert_eq!(live.since, Some(at("09:59:30")));
    let counts = pass(&mut all, "10:00:05", Crossing::LeftToRight);
    assert_eq!(counts.len(), 4);
    let live = &all.live()[0];
    assert_eq!((live.entered[0], live.left[0]), (1, 0));
    assert_eq!(live.since, Some(at("10:00:00")));
}

#[test]
fn restart_tells_the_cut_interval_again_with_both_numbers() {
    let mut before = counters(vec![counter(1, ClassSet::ALL)]);
    let mut stored = Vec::new();
    stored.extend(pass(&mut before, "10:04:00", Crossing::LeftToRight));
    stored.extend(pass(&mut before, "10:05:10", Crossing::LeftToRight));
    stored.extend(before.finish(at("10:05:20")));
    assert_eq!(stored.last().unwrap().until, at("10:05:20"));
    let mut after = counters(vec![counter(1, ClassSet::ALL)]);
    let since = after.since(at("10:05:30"));
    assert_eq!(since, [(RuleId(1), at("10:00:00"))]);
    after.resume(&stored, at("10:05:30"));
    pass(&mut after, "10:05:40", Crossing::LeftToRight);
    let live = &after.live()[0];
    assert_eq!((live.entered[0], live.since), (3, Some(at("10:00:00"))));
    assert_eq!(
        text(&after.tick(at("10:06:00")))[0],
        "10:05:00-10:06:00 in all 2"
    );
}

#[test]
fn correction_by_hand_stays_apart_until_the_reset_and_over_a_restart() {
    let mut counting = counters(vec![counter(1, ClassSet::ALL)]);
    let mut stored = pass(&mut counting, "10:05:10", Crossing::LeftToRight);
    assert!(counting.correct(RuleId(1), Crossing::LeftToRight, 4, at("10:05:20")));
    assert!(counting.correct(RuleId(1), Crossing::LeftToRight, -2, at("10:05:20")));
    // More taken off than was counted: nobody, not fewer than that.
    assert!(counting.correct(RuleId(1), Crossing::RightToLeft, -3, at("10:05:20")));
    // Of before the reset: it has no part in the totals.
    assert!(counting.correct(RuleId(1), Crossing::RightToLeft, 9, at("09:00:00")));
    assert!(!counting.correct(RuleId(2), Crossing::LeftToRight, 1, at("10:05:20")));
    let live = &counting.live()[0];
    assert_eq!((live.entered[0], live.by_hand), (1, [2, -3]));
    assert_eq!((live.n_entered(), live.n_left()), (3, 0));
    stored.extend(counting.finish(at("10:05:30")));
    // What was counted is told as it was counted.
    assert_eq!(text(&stored)[0], "10:05:00-10:05:30 in all 1");
    let row = |metric, value| Count {
        metric,
        class: None,
        value,
        ..stored[0].clone()
    };
    stored.extend([row(Metric::InByHand, 2.0), row(Metric::OutByHand, -3.0)]);
    let mut after = counters(vec![counter(1, ClassSet::ALL)]);
    after.resume(&stored, at("10:06:00"));
    assert_eq!(after.live()[0].by_hand, [2, -3]);
    after.advance(at("10:06:00"));
    assert_eq!(after.live()[0].n_entered(), 3);
    // The next day's reset.
    after.advance(at("10:06:00").saturating_add(Duration::from_secs(86_400)));
    assert_eq!(after.live()[0].by_hand, [0, 0]);
}

#[test]
fn changed_settings_tell_the_old_counter_and_keep_the_others() {
    let mut both = counters(vec![counter(1, ClassSet::ALL), counter(2, ClassSet::ALL)]);
    pass(&mut both, "09:30:00", Crossing::LeftToRight);
    let mut changed = counter(2, ClassSet::ALL);
    changed.interval = Duration::from_secs(5);
    let counts = both.replace(vec![counter(1, ClassSet::ALL), changed], at("09:30:20"));
    assert_eq!(text(&counts)[0], "09:30:00-09:30:20 in all 1");
    assert!(counts.iter().all(|count| count.rule_id == RuleId(2)));
    let entered: Vec<u64> = both.live().iter().map(|live| live.entered[0]).collect();
    assert_eq!(entered, [1, 0]);
}

#[test]
fn counters_that_cannot_work_are_refused_with_the_reason() {
    let points = [(0.5, 0.0), (0.5, 1.0)].map(|(x, y)| NormPoint::new(x, y));
    let site = Site::new(Drawing {
        lines: vec![CameraLine {
            line_id: LineId(1),
            name: "gate".into(),
            line: Line::new(points.to_vec()).unwrap(),
        }],
        ..Drawing::default()
    })
    .unwrap();
    let with = |change: fn(&mut Counter)| {
        let mut changed = counter(1, ClassSet::ALL);
        change(&mut changed);
        check(&[changed], &site).unwrap_err().to_string()
    };
    let twice = [counter(1, ClassSet::ALL), counter(1, ClassSet::ALL)];
    let many: Vec<Counter> = (0..65).map(|id| counter(id, ClassSet::ALL)).collect();
    for (actual, expected) in [
        (
            with(|counter| counter.line_id = LineId(4)),
            "set up counter \"gate\": line 4 does not exist",
        ),
        (
            with(|counter| counter.classes = ClassSet::EMPTY),
            "set up counter \"gate\": choose at least one class",
        ),
        (
            with(|counter| counter.interval = Duration::from_millis(1_500)),
            "set up counter \"gate\": the interval must be 1 to 3600 s, in whole seconds",
        ),
        (
            check(&twice, &site).unwrap_err().to_string(),
            "set up counter 1: another counter has the same number",
        ),
        (
            check(&many, &site).unwrap_err().to_string(),
            "set up counters: 65 counters: at most 64 are possible",
        ),
    ] {
        assert_eq!(actual, expected);
    }
    assert_eq!(check(&twice[..1], &site), Ok(()));
}

proptest! {
    /// However a run is cut, the rows as stored (the same interval again
    /// replaces its row) hold every crossing once.
    #[test]
    fn stored_rows_hold_every_crossing_once_over_restarts(
        gaps_ms in proptest::collection::vec(0_i64..40_000, 1..60),
        restarts in proptest::collection::vec(any::<bool>(), 60),
    ) {
        let mut stored = std::collections::BTreeMap::new();
        let mut store = |counts: Vec<Count>| {
            for count in counts {
                stored.insert((count.from, count.metric, count.class), count);
            }
            stored.values().cloned().collect::<Vec<Count>>()
        };
        let mut running = counters(vec![counter(1, ClassSet::ALL)]);
        let mut now = at("08:00:00");
        for (gap_ms, restart) in gaps_ms.iter().zip(restarts) {
            now = Timestamp::from_millis(now.as_millis() + gap_ms);
            if restart {
                let rows = store(running.finish(now));
                running = counters(vec![counter(1, ClassSet::ALL)]);
                running.resume(&rows, now);
            }
            store(running.advance(now));
            running.count(&crossed(Class::Car, Crossing::LeftToRight, now));
        }
        let rows = store(running.finish(now));
        let total: f64 = rows
            .iter()
            .filter(|row| row.class.is_none() && row.metric == Metric::In)
            .map(|row| row.value)
            .sum();
        prop_assert!((total - gaps_ms.len() as f64).abs() < 0.5, "{} of {}", total, gaps_ms.len());
    }
}
