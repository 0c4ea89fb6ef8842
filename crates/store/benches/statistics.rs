//! A year of counts of 64 cameras, and how long questions over it take.
//!
//! `cargo bench -p store --bench statistics -- 365 64`: days and cameras; a
//! short round without. Each camera has one counter that counts people and cars
//! in both directions, stored by the hour: 6 rows an hour, and 6 sums.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a measurement for people to read"
)]

use std::time::{Duration, Instant};

use store::{Split, StatisticsFilter, Step, Store};
use types::{CameraId, Class, Count, Metric, RuleId, Timestamp};

const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 24 * HOUR_S;
/// 2026-01-01, UTC.
const BEGIN_S: i64 = 1_767_225_600;
const N_ROUNDS: usize = 11;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|arg| arg.parse().ok());
    let (days, cameras) = (numbers.next().unwrap_or(7), numbers.next().unwrap_or(4));
    let folder = tempfile::tempdir().expect("a folder");
    let mut store = Store::open(folder.path()).expect("a new folder");
    let begin = Instant::now();
    for day in 0..days {
        let mut counts = Vec::new();
        for camera in 0..cameras {
            counts.extend(day_of(camera, day));
            if counts.len() > 8_000 {
                store.put_counts(&counts).expect("there is room");
                counts.clear();
            }
        }
        store.put_counts(&counts).expect("there is room");
    }
    println!(
        "{days} days of {cameras} cameras written in {:.0} s",
        begin.elapsed().as_secs_f64()
    );
    println!("| question | numbers | median ms | slowest ms |");
    println!("|---|---|---|---|");
    let all = StatisticsFilter {
        metric: Metric::In,
        step: Step::Day,
        split: Split::Nothing,
        from: Timestamp::from_secs(BEGIN_S),
        until: Timestamp::from_secs(BEGIN_S + days * DAY_S),
        cameras: Vec::new(),
        rules: Vec::new(),
        class: None,
    };
    let filter = |step, split| StatisticsFilter {
        step,
        split,
        ..all.clone()
    };
    let month = Timestamp::from_secs(BEGIN_S + days.min(30) * DAY_S);
    for (name, filter) in [
        ("all time by day, all together", all.clone()),
        (
            "all time by day and camera",
            filter(Step::Day, Split::Camera),
        ),
        ("all time by day and class", filter(Step::Day, Split::Class)),
        (
            "all time by hour, all together (hours of the week)",
            filter(Step::Hour, Split::Nothing),
        ),
        (
            "one camera, all time by hour",
            StatisticsFilter {
                cameras: vec![camera_id(1)],
                ..filter(Step::Hour, Split::Nothing)
            },
        ),
        (
            "30 days by hour and camera",
            StatisticsFilter {
                until: month,
                ..filter(Step::Hour, Split::Camera)
            },
        ),
    ] {
        let mut times = Vec::new();
        let mut n_numbers = 0;
        for _ in 0..N_ROUNDS {
            let begin = Instant::now();
            n_numbers = store.statistics(&filter).expect("it can be read").len();
            times.push(begin.elapsed());
        }
        times.sort();
        let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
        let (median, slowest) = (times[N_ROUNDS / 2], times[N_ROUNDS - 1]);
        println!(
            "| {name} | {n_numbers} | {:.0} | {:.0} |",
            millis(median),
            millis(slowest)
        );
    }
}

fn camera_id(camera: i64) -> CameraId {
    CameraId::new(&format!("camera-{camera}")).expect("a good id")
}

fn day_of(camera: i64, day: i64) -> Vec<Count> {
    let mut counts = Vec::with_capacity(24 * 6);
    for hour in 0..24 {
        let from_s = BEGIN_S + day * DAY_S + hour * HOUR_S;
        for metric in [Metric::In, Metric::Out] {
            for class in [None, Some(Class::Person), Some(Class::Car)] {
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let value = ((camera * 31 + day * 7 + hour * 3) % 50) as f64;
                counts.push(Count {
                    camera_id: camera_id(camera),
                    rule_id: RuleId(10_001),
                    metric,
                    class,
                    from: Timestamp::from_secs(from_s),
                    until: Timestamp::from_secs(from_s + HOUR_S),
                    value,
                });
            }
        }
    }
    counts
}
