//! One scale of belief for all models and classes.
//!
//! In: raw scores, and the score from which a manifest believes each class.
//! Out: scores in which that point lies at [`BELIEVED`] for every class, so
//! that trackers and rules need one number, whatever the model.
//!
//! The map is two straight lines, from 0 over the manifest's threshold to 1:
//! order within a class is kept.

use types::{Class, Detection};

/// Where a manifest's threshold lies after calibration. Equals the default
/// score at which the tracker starts a track.
pub const BELIEVED: f32 = 0.35;

/// Calibrates the scores of `detections`; `thresholds` in the order of
/// [`Class::ALL`], each above 0 and below 1. Classes with another threshold
/// keep their score.
pub fn calibrate(detections: &mut [Detection], thresholds: &[f32; Class::ALL.len()]) {
    for detection in detections {
        let threshold = thresholds[detection.class as usize];
        if threshold > 0.0 && threshold < 1.0 {
            detection.score = calibrated(detection.score, threshold);
        }
    }
}

fn calibrated(score: f32, threshold: f32) -> f32 {
    if score < threshold {
        score * BELIEVED / threshold
    } else {
        BELIEVED + (score - threshold) * (1.0 - BELIEVED) / (1.0 - threshold)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use types::NormBox;

    use super::*;

    #[test]
    fn threshold_of_each_class_lands_on_the_common_point() {
        let thresholds = [0.2, 0.35, 0.5, 0.6, 0.7, f32::INFINITY];
        let mut detections = Class::ALL.map(|class| Detection {
            bbox: NormBox::WHOLE,
            class,
            score: thresholds[class as usize].min(0.4),
        });
        detections[0].score = 0.2;
        calibrate(&mut detections, &thresholds);
        assert!((detections[0].score - BELIEVED).abs() < 1e-6);
        assert!((detections[1].score - 0.35).abs() < 1e-6);
        assert!(detections[2].score < BELIEVED);
        assert!((detections[5].score - 0.4).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn calibration_keeps_order_and_range(a in 0.0_f32..=1.0, b in 0.0_f32..=1.0, threshold in 0.05_f32..0.95) {
            let (ca, cb) = (calibrated(a, threshold), calibrated(b, threshold));
            prop_assert!((0.0..=1.0 + 1e-6).contains(&ca));
            prop_assert!((a < b) <= (ca <= cb));
        }
    }
}
