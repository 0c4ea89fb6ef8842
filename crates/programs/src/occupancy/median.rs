//! The median of a number over a short time: one missed or doubled detection
//! does not show.
//!
//! In: the number in each scene. Out: the median of the scenes of the last
//! two seconds, and of the last three in any case where scenes come seldom.
//! Of an even number of scenes the higher middle one is taken: objects are
//! missed more often than invented.

use std::collections::VecDeque;
use std::time::Duration;

use types::Timestamp;

/// Time over which the median is taken.
pub(super) const WINDOW: Duration = Duration::from_secs(2);
/// Scenes over which it is taken at least.
const MIN_SCENES: usize = 3;
/// Scenes over which it is taken at most: 32 a second.
const MAX_SCENES: usize = 64;

/// Numbers of the last scenes.
#[derive(Debug, Default)]
pub(super) struct Median {
    recent: VecDeque<(Timestamp, u32)>,
}

impl Median {
    /// Takes the `number` of the scene captured `at`; returns the median.
    pub(super) fn update(&mut self, at: Timestamp, number: u32) -> u32 {
        self.recent.push_back((at, number));
        while self.recent.len() > MIN_SCENES
            && (self.recent.len() > MAX_SCENES
                || self
                    .recent
                    .front()
                    .is_some_and(|(first, _)| at.saturating_since(*first) > WINDOW))
        {
            self.recent.pop_front();
        }
        let mut numbers: Vec<u32> = self.recent.iter().map(|(_, number)| *number).collect();
        numbers.sort_unstable();
        numbers[numbers.len() / 2]
    }

    /// Forgets all: the video paused.
    pub(super) fn clear(&mut self) {
        self.recent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One digit per scene.
    fn medians(numbers: &str, step_ms: i64) -> String {
        let mut median = Median::default();
        let digits = numbers.chars().filter_map(|digit| digit.to_digit(10));
        (0..)
            .zip(digits)
            .map(|(scene, number)| {
                let at = Timestamp::from_millis(scene * step_ms);
                median.update(at, number).to_string()
            })
            .collect()
    }

    #[test]
    fn single_wrong_numbers_do_not_show_and_steps_do_after_a_second() {
        for (numbers, step_ms, expected) in [
            ("333323333833333", 200, "333333333333333"),
            ("333333333333000000000000", 200, "333333333333333330000000"),
            // Seldom scenes: three of them.
            ("11101155", 5_000, "11111115"),
        ] {
            assert_eq!(medians(numbers, step_ms), expected, "{numbers}");
        }
    }

    #[test]
    fn memory_is_bounded_at_any_frame_rate() {
        let mut median = Median::default();
        for scene in 0..1_000 {
            median.update(Timestamp::from_micros(scene), 1);
        }
        assert_eq!(median.recent.len(), MAX_SCENES);
    }
}
