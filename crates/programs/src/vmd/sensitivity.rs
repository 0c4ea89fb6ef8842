//! One slider for people in a hurry: sensitivity 1 to 10 as the score an
//! object must reach.
//!
//! | sensitivity | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 |
//! |---|---|---|---|---|---|---|---|---|---|---|
//! | lowest score | 0.80 | 0.72 | 0.64 | 0.57 | 0.50 | 0.44 | 0.38 | 0.33 | 0.28 | 0.22 |
//!
//! The score is the track's mean over its recent detections, not that of one
//! frame. Steps are finer at the sensitive end, where the scores of distant
//! and dark objects lie. From 8 on, everything that the tracker confirms is
//! let through (a track starts at 0.35 unless configured otherwise) and what
//! differs is how faint it may become before the rule decides.

const LOWEST_SCORES: [f32; 10] = [0.80, 0.72, 0.64, 0.57, 0.50, 0.44, 0.38, 0.33, 0.28, 0.22];

/// The sensitivity of a new rule.
pub const DEFAULT_SENSITIVITY: u8 = 5;

/// The score an object must reach at `sensitivity` 1 (few alarms) to 10 (few
/// misses); `None` outside.
pub fn min_score(sensitivity: u8) -> Option<f32> {
    let idx = usize::from(sensitivity.checked_sub(1)?);
    LOWEST_SCORES.get(idx).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_sensitivity_asks_for_less() {
        let scores: Vec<f32> = (1..=10).filter_map(min_score).collect();
        assert_eq!(scores.len(), 10);
        assert!(scores.windows(2).all(|pair| pair[0] > pair[1]));
        assert_eq!(min_score(DEFAULT_SENSITIVITY), Some(0.5));
        assert_eq!((min_score(0), min_score(11)), (None, None));
    }
}
