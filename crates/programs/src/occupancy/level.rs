//! How full a place is: normal, warning or over, without flicker.
//!
//! In: the number present in each scene. Out: the level.
//!
//! A level is reached once the number has been above its threshold for the
//! rise time without a break, and left once the number has been at or below
//! the threshold less the hysteresis for the fall time without a break.

use std::time::Duration;

use types::Timestamp;

/// How full a place is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// At or below all thresholds.
    #[default]
    Normal,
    /// Above the warning threshold.
    Warning,
    /// Above the threshold: an event is open.
    Over,
}

impl Level {
    /// Lower-case name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Normal => "normal",
            Level::Warning => "warning",
            Level::Over => "over",
        }
    }
}

/// From when on which level is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// More than this many is a warning, 1..=500 and below `threshold`; `None`
    /// for no such level.
    pub warning: Option<u32>,
    /// More than this many is over, 1..=500.
    pub threshold: u32,
    /// How long the number must be above, 0 to 3,600 s.
    pub rise: Duration,
    /// How long the number must be below again, 0 to 3,600 s.
    pub fall: Duration,
    /// How far below again it must be, 0..=100 and at most the lowest
    /// threshold, so that an empty place is always below.
    pub hysteresis: u32,
}

/// The level of one place over time.
#[derive(Debug, Default)]
pub(super) struct Levels {
    level: Level,
    above_warning_since: Option<Timestamp>,
    above_threshold_since: Option<Timestamp>,
    below_since: Option<Timestamp>,
}

impl Levels {
    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// Since when the number has been above the threshold without a break.
    pub(super) fn above_since(&self) -> Option<Timestamp> {
        self.above_threshold_since
    }

    /// Advances to the scene captured `at` with `number` present.
    pub(super) fn update(&mut self, at: Timestamp, number: u32, limits: &Limits) -> Level {
        let is_above_warning = limits.warning.is_some_and(|warning| number > warning);
        let is_above_threshold = number > limits.threshold;
        note(&mut self.above_warning_since, is_above_warning, at);
        note(&mut self.above_threshold_since, is_above_threshold, at);
        let held = self.held(number, limits);
        note(&mut self.below_since, held < self.level, at);
        let is_for = |since: Option<Timestamp>, time: Duration| {
            since.is_some_and(|since| at.saturating_since(since) >= time)
        };
        if is_for(self.below_since, limits.fall) {
            self.level = held;
            self.below_since = None;
        }
        let reached = if is_for(self.above_threshold_since, limits.rise) {
            Level::Over
        } else if is_for(self.above_warning_since, limits.rise) {
            Level::Warning
        } else {
            Level::Normal
        };
        self.level = self.level.max(reached);
        self.level
    }

    /// Back to normal: the video stopped.
    pub(super) fn clear(&mut self) {
        *self = Levels::default();
    }

    /// The highest level up to the present one that `number` is enough to keep.
    fn held(&self, number: u32, limits: &Limits) -> Level {
        let keeps = |limit: u32| number > limit.saturating_sub(limits.hysteresis);
        if self.level == Level::Over && keeps(limits.threshold) {
            Level::Over
        } else if self.level >= Level::Warning && limits.warning.is_some_and(keeps) {
            Level::Warning
        } else {
            Level::Normal
        }
    }
}

/// Keeps `since` at the time from which a condition `holds`.
fn note(since: &mut Option<Timestamp>, holds: bool, at: Timestamp) {
    if holds {
        since.get_or_insert(at);
    } else {
        *since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One digit per second; `.` normal, `w` warning, `O` over.
    fn levels(numbers: &str, limits: &Limits) -> String {
        let mut levels = Levels::default();
        let digits = numbers.chars().filter_map(|digit| digit.to_digit(10));
        (0..)
            .zip(digits)
            .map(|(second, number)| {
                match levels.update(Timestamp::from_secs(second), number, limits) {
                    Level::Normal => '.',
                    Level::Warning => 'w',
                    Level::Over => 'O',
                }
            })
            .collect()
    }

    #[test]
    fn levels_rise_and_fall_in_their_own_time() {
        let limits = |rise, fall, hysteresis| Limits {
            warning: Some(2),
            threshold: 4,
            rise: Duration::from_secs(rise),
            fall: Duration::from_secs(fall),
            hysteresis,
        };
        for (numbers, limits, expected) in [
            ("012345543210", limits(0, 0, 0), "...wwOOww..."),
            ("5555555", limits(3, 0, 0), "...OOOO"),
            // A break starts the rise anew.
            ("55455555", limits(3, 0, 0), "...wwwOO"),
            ("5000000", limits(0, 3, 0), "OOOO..."),
            ("5005000000", limits(0, 3, 0), "OOOOOOO..."),
            // With hysteresis 2 only 2 or fewer end it, only 0 the warning.
            ("543332221100", limits(0, 0, 2), "OOOOOwwwww.."),
            // Through the warning on the way up.
            ("333355555", limits(2, 0, 0), "..wwwwOOO"),
        ] {
            assert_eq!(levels(numbers, &limits), expected, "{numbers}");
        }
    }
}
