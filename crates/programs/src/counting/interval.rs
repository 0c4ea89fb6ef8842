//! Stretches of time that numbers are told for.
//!
//! In: an instant and a length. Out: the stretch around it. Borders are
//! multiples of the length since 1970 UTC, so that a minute is the clock's
//! minute on every camera and after every restart.

use std::time::Duration;

use types::Timestamp;

/// From `from` (included) until `until` (not).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Start.
    pub from: Timestamp,
    /// End.
    pub until: Timestamp,
}

impl Interval {
    /// Shortest interval.
    pub const MIN: Duration = Duration::from_secs(1);
    /// Longest interval.
    pub const MAX: Duration = Duration::from_secs(3_600);

    /// Whether `length` is possible: whole seconds, 1 s to 1 h.
    pub fn is_length(length: Duration) -> bool {
        (Self::MIN..=Self::MAX).contains(&length) && length.subsec_nanos() == 0
    }

    /// The interval of `length` around `at`.
    pub fn around(at: Timestamp, length: Duration) -> Self {
        let micros = i64::try_from(length.as_micros()).unwrap_or(i64::MAX).max(1);
        let from = at.as_micros().div_euclid(micros).saturating_mul(micros);
        let from = Timestamp::from_micros(from);
        Interval {
            from,
            until: from.saturating_add(length),
        }
    }

    /// Whether `at` is later than the interval.
    pub fn is_over(&self, at: Timestamp) -> bool {
        at >= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_are_those_of_the_clock() {
        for (at, secs, from, until) in [
            ("09:30:17.5", 60, "09:30:00", "09:31:00"),
            ("09:30:00", 60, "09:30:00", "09:31:00"),
            ("09:30:17.5", 3_600, "09:00:00", "10:00:00"),
            ("09:30:17.5", 5, "09:30:15", "09:30:20"),
        ] {
            let time =
                |text: &str| Timestamp::parse_rfc3339(&format!("2026-07-01T{text}Z")).unwrap();
            let interval = Interval::around(time(at), Duration::from_secs(secs));
            let expected = Interval {
                from: time(from),
                until: time(until),
            };
            assert_eq!(interval, expected, "{at}");
            assert!(!interval.is_over(time(at)) && interval.is_over(time(until)));
        }
        let before_1970 = Interval::around(Timestamp::from_secs(-1), Duration::from_secs(60));
        assert_eq!(before_1970.from, Timestamp::from_secs(-60));
    }
}
