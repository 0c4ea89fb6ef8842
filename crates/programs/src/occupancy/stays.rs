//! How long those who left an area had been there: rows for each interval in
//! which somebody left.
//!
//! In: stays that are over. Out: [`Count`] rows: how many, their seconds all
//! together, and the longest. Means over any time are sums over numbers.

use std::time::Duration;

use types::{CameraId, Count, Metric, RuleId, Timestamp};

use crate::counting::Interval;

#[derive(Debug)]
pub(super) struct Stays {
    rule_id: RuleId,
    length: Duration,
    present: Option<Ended>,
}

/// Stays that ended in one interval.
#[derive(Debug)]
struct Ended {
    interval: Interval,
    n_stays: u32,
    sum_s: f64,
    max_s: f64,
}

impl Stays {
    pub(super) fn new(rule_id: RuleId, length: Duration) -> Self {
        Stays {
            rule_id,
            length,
            present: None,
        }
    }

    /// A stay is over `at`, having lasted for `stay`.
    pub(super) fn end(
        &mut self,
        at: Timestamp,
        stay: Duration,
        camera_id: &CameraId,
        counts: &mut Vec<Count>,
    ) {
        self.tell_if_over(at, camera_id, counts);
        let interval = Interval::around(at, self.length);
        let ended = self.present.get_or_insert(Ended {
            interval,
            n_stays: 0,
            sum_s: 0.0,
            max_s: 0.0,
        });
        ended.n_stays += 1;
        ended.sum_s += stay.as_secs_f64();
        ended.max_s = ended.max_s.max(stay.as_secs_f64());
    }

    pub(super) fn tell_if_over(
        &mut self,
        now: Timestamp,
        camera_id: &CameraId,
        counts: &mut Vec<Count>,
    ) {
        if self
            .present
            .as_ref()
            .is_some_and(|ended| ended.interval.is_over(now))
        {
            self.tell(camera_id, counts);
        }
    }

    /// Tells the interval so far.
    pub(super) fn tell(&mut self, camera_id: &CameraId, counts: &mut Vec<Count>) {
        let Some(ended) = self.present.take() else {
            return;
        };
        let values = [
            (Metric::Stays, f64::from(ended.n_stays)),
            (Metric::StaySum, ended.sum_s),
            (Metric::StayMax, ended.max_s),
        ];
        counts.extend(values.map(|(metric, value)| Count {
            camera_id: camera_id.clone(),
            rule_id: self.rule_id,
            metric,
            class: None,
            from: ended.interval.from,
            until: ended.interval.until,
            value,
        }));
    }
}
