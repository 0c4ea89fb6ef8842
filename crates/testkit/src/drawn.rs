//! Drawn frames with the truth about them, and detections made of it.
//!
//! In: a street, a rate. Out: frames as a source gives them, and what a
//! detector without faults would find.

use std::time::Duration;

use jpeg::Encoder;
use sim::street::{Street, StreetOptions, TruthBox};
use types::{Detection, EncodedFrame, Timestamp};

/// One drawn frame.
#[derive(Clone, Debug)]
pub struct DrawnFrame {
    /// As a source gives it.
    pub frame: EncodedFrame,
    /// Who is on it.
    pub truth: Vec<TruthBox>,
}

/// Draws the street's frames, endlessly: frame n is `n / fps` after the start
/// and captured at `start_at` plus that.
///
/// # Panics
/// When `fps` is not greater than zero, or a picture cannot be packed.
pub fn drawn_frames(
    seed: u64,
    options: StreetOptions,
    fps: f32,
    start_at: Timestamp,
) -> impl Iterator<Item = DrawnFrame> {
    assert!(fps > 0.0, "a rate is greater than zero");
    let mut street = Street::new(seed, options);
    let mut encoder = Encoder::new().expect("memory for an encoder");
    (0_u32..).map(move |idx| {
        let time = Duration::from_secs_f64(f64::from(idx) / f64::from(fps));
        let (image, truth) = street.frame(time);
        let jpeg = encoder.rgb(&image, 80).expect("a drawn picture packs");
        DrawnFrame {
            frame: EncodedFrame {
                seq: u64::from(idx),
                captured_at: start_at.saturating_add(time),
                jpeg: jpeg.into(),
            },
            truth,
        }
    })
}

/// What a detector without faults finds: all that is not mostly hidden and at
/// least `min_height` (part of the picture's height) high.
pub fn detections(truth: &[TruthBox], min_height: f32) -> Vec<Detection> {
    truth
        .iter()
        .filter(|object| !object.is_occluded() && object.bbox.height() >= min_height)
        .map(|object| Detection {
            bbox: object.bbox,
            class: object.class,
            score: 0.9,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawn_frames_carry_their_time_and_readable_pictures() {
        let options = StreetOptions {
            width_px: 160,
            height_px: 96,
            ..StreetOptions::default()
        };
        let start_at = Timestamp::from_secs(1_000);
        let frames: Vec<DrawnFrame> = drawn_frames(1, options, 5.0, start_at).take(3).collect();
        assert_eq!(
            frames[2].frame.captured_at,
            Timestamp::from_millis(1_000_400)
        );
        let header = jpeg::read_header(&frames[2].frame.jpeg).unwrap();
        assert_eq!((header.width_px, header.height_px), (160, 96));
        let found = detections(&frames[2].truth, 0.0);
        assert!(!found.is_empty());
        assert!(found.len() >= detections(&frames[2].truth, 0.2).len());
    }
}
