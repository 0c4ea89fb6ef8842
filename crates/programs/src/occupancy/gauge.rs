//! A number that is watched: its mean, peak and 95th percentile over each
//! interval, by the time for which it had each value.
//!
//! In: the number as of each scene; it holds until the next, but over no
//! pause. Out: [`Count`] rows. Only time that was watched is in them. The
//! interval in which watching starts is told from that moment on, and one cut
//! by a stop until then, so that a restart leaves two shorter rows and
//! replaces none.

use std::collections::BTreeMap;
use std::time::Duration;

use types::{CameraId, Count, Metric, RuleId, Timestamp};

use crate::counting::Interval;

/// A number is believed for no longer than this after its scene.
pub(super) const MAX_HOLD: Duration = Duration::from_secs(10);
/// Share of the time for which the 95th percentile may be exceeded.
const EXCEEDED: u64 = 20;

/// One watched number.
#[derive(Debug)]
pub(super) struct Gauge {
    rule_id: RuleId,
    length: Duration,
    /// Start of the row, and the interval it belongs to.
    started: Option<(Timestamp, Interval)>,
    /// Microseconds for which the number had each value. Few values occur.
    held_micros: BTreeMap<u32, u64>,
    value: Option<(Timestamp, u32)>,
    /// What a person added to the number, and what from the next value on.
    offset: i32,
    next_offset: i32,
}

impl Gauge {
    pub(super) fn new(rule_id: RuleId, length: Duration, offset: i32) -> Self {
        Gauge {
            rule_id,
            length,
            started: None,
            held_micros: BTreeMap::new(),
            value: None,
            offset,
            next_offset: offset,
        }
    }

    /// From the next value on this is what a person added to the number; a row
    /// tells the newest of its interval.
    pub(super) fn set_offset(&mut self, offset: i32) {
        self.next_offset = offset;
    }

    /// Length of the intervals.
    pub(super) fn length(&self) -> Duration {
        self.length
    }

    /// From `at` on the number is `value`.
    pub(super) fn set(
        &mut self,
        at: Timestamp,
        value: u32,
        camera_id: &CameraId,
        counts: &mut Vec<Count>,
    ) {
        self.hold(at, camera_id, counts);
        if self
            .started
            .is_some_and(|(_, interval)| interval.is_over(at))
        {
            self.tell(None, camera_id, counts);
        }
        self.start(at);
        self.offset = self.next_offset;
        self.value = Some((at, value));
    }

    /// No scene came: tells what is over, once the number no longer holds.
    pub(super) fn tick(&mut self, now: Timestamp, camera_id: &CameraId, counts: &mut Vec<Count>) {
        let is_paused = self
            .value
            .is_none_or(|(since, _)| now.saturating_since(since) > MAX_HOLD);
        if is_paused {
            self.value = None;
            if self
                .started
                .is_some_and(|(_, interval)| interval.is_over(now))
            {
                self.tell(None, camera_id, counts);
            }
        }
    }

    /// Tells the cut interval; watching stops.
    pub(super) fn finish(&mut self, now: Timestamp, camera_id: &CameraId, counts: &mut Vec<Count>) {
        self.hold(now, camera_id, counts);
        self.value = None;
        self.tell(Some(now), camera_id, counts);
    }

    fn start(&mut self, at: Timestamp) {
        let length = self.length;
        self.started
            .get_or_insert_with(|| (at, Interval::around(at, length)));
    }

    /// Books the time until `at` for the present value.
    fn hold(&mut self, at: Timestamp, camera_id: &CameraId, counts: &mut Vec<Count>) {
        let Some((mut since, value)) = self.value else {
            return;
        };
        if at.saturating_since(since) > MAX_HOLD {
            self.value = None;
            return;
        }
        // At most MAX_HOLD over the shortest interval: ten rounds.
        while let Some((_, interval)) = self.started
            && interval.is_over(at)
        {
            self.book(value, interval.until.saturating_since(since));
            since = since.max(interval.until);
            self.tell(None, camera_id, counts);
            self.start(interval.until);
        }
        self.book(value, at.saturating_since(since));
        self.value = Some((at, value));
    }

    fn book(&mut self, value: u32, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(0);
        if micros > 0 {
            *self.held_micros.entry(value).or_default() += micros;
        }
    }

    fn tell(&mut self, now: Option<Timestamp>, camera_id: &CameraId, counts: &mut Vec<Count>) {
        let Some((from, interval)) = self.started.take() else {
            return;
        };
        let held = std::mem::take(&mut self.held_micros);
        let watched: u64 = held.values().sum();
        let Some((peak, _)) = held.last_key_value().filter(|_| watched > 0) else {
            return;
        };
        let weighed: f64 = held
            .iter()
            .map(|(value, micros)| f64::from(*value) * *micros as f64)
            .sum();
        let mut above = watched;
        let p95 = held
            .iter()
            .find(|(_, micros)| {
                above -= *micros;
                above * EXCEEDED <= watched
            })
            .map_or(*peak, |(value, _)| *value);
        let until = now.map_or(interval.until, |now| now.clamp(from, interval.until));
        let offset = (self.offset != 0).then_some((Metric::Offset, f64::from(self.offset)));
        let values = [
            (Metric::Mean, weighed / watched as f64),
            (Metric::Peak, f64::from(*peak)),
            (Metric::P95, f64::from(p95)),
        ];
        for (metric, value) in values.into_iter().chain(offset) {
            counts.push(Count {
                camera_id: camera_id.clone(),
                rule_id: self.rule_id,
                metric,
                class: None,
                from,
                until,
                value,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn camera() -> CameraId {
        CameraId::new("gate-2").unwrap()
    }

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn text(counts: &[Count]) -> Vec<String> {
        counts
            .iter()
            .map(|count| {
                format!(
                    "{}..{} {} {:.3}",
                    count.from.as_millis(),
                    count.until.as_millis(),
                    count.metric.name(),
                    count.value
                )
            })
            .collect()
    }

    #[test]
    fn mean_peak_and_percentile_weigh_by_time() {
        let mut gauge = Gauge::new(RuleId(1), Duration::from_secs(60), 0);
        let mut counts = Vec::new();
        // 3 s of 10, else 1: 5 % of a minute.
        for (millis, value) in (0..120).map(|step| (step * 500, if step < 6 { 10 } else { 1 })) {
            gauge.set(at(millis), value, &camera(), &mut counts);
        }
        assert_eq!(counts, []);
        gauge.set(at(60_100), 7, &camera(), &mut counts);
        assert_eq!(
            text(&counts),
            [
                "0..60000 mean 1.450",
                "0..60000 peak 10.000",
                "0..60000 p95 1.000"
            ]
        );
    }

    #[test]
    fn value_held_for_more_than_a_twentieth_is_the_percentile() {
        let mut gauge = Gauge::new(RuleId(1), Duration::from_secs(60), 0);
        let mut counts = Vec::new();
        for (millis, value) in (0..=120).map(|step| (step * 500, if step < 7 { 10 } else { 1 })) {
            gauge.set(at(millis), value, &camera(), &mut counts);
        }
        assert_eq!(text(&counts)[2], "0..60000 p95 10.000");
    }

    #[test]
    fn pause_of_the_video_is_in_no_row() {
        let mut gauge = Gauge::new(RuleId(1), Duration::from_secs(60), 0);
        let mut counts = Vec::new();
        gauge.set(at(10_000), 4, &camera(), &mut counts);
        gauge.set(at(12_000), 4, &camera(), &mut counts);
        gauge.tick(at(61_000), &camera(), &mut counts);
        assert_eq!(text(&counts)[0], "10000..60000 mean 4.000");
        counts.clear();
        gauge.tick(at(300_000), &camera(), &mut counts);
        gauge.set(at(310_000), 2, &camera(), &mut counts);
        assert_eq!(counts, []);
        gauge.finish(at(315_000), &camera(), &mut counts);
        assert_eq!(text(&counts)[0], "310000..315000 mean 2.000");
    }

    proptest! {
        #[test]
        fn rows_cover_the_watched_time_once_whatever_ticks_come(
            steps in proptest::collection::vec((1_i64..4_000, 0_u32..30, any::<bool>()), 1..80),
        ) {
            let (mut with, mut without) = (Vec::new(), Vec::new());
            let mut ticked = Gauge::new(RuleId(1), Duration::from_secs(5), 0);
            let mut quiet = Gauge::new(RuleId(1), Duration::from_secs(5), 0);
            let (mut now, mut product, mut last) = (1_000, 0.0, None);
            for (step, value, ticks) in steps {
                now += step;
                if ticks {
                    ticked.tick(at(now - 1), &camera(), &mut with);
                }
                ticked.set(at(now), value, &camera(), &mut with);
                quiet.set(at(now), value, &camera(), &mut without);
                if let Some(last) = last {
                    product += f64::from(last) * step as f64;
                }
                last = Some(value);
            }
            ticked.finish(at(now), &camera(), &mut with);
            quiet.finish(at(now), &camera(), &mut without);
            prop_assert_eq!(&with, &without);
            let told: f64 = with
                .iter()
                .filter(|count| count.metric == Metric::Mean)
                .map(|count| count.value * (count.until.as_millis() - count.from.as_millis()) as f64)
                .sum();
            prop_assert!((told - product).abs() < 1e-3 * product.max(1.0), "{} {}", told, product);
        }
    }
}
