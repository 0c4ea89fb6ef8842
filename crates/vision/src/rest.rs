//! Which frames of a still camera need not be decoded.
//!
//! In: the length of each frame, and whether the gate found the last picture
//! calm. Out: whether this frame may rest.
//!
//! After a picture in which nothing changed at all, the next ones rest for
//! [`SHORT`]. A JPEG's length tells of its content without decoding: pictures
//! of a calm scene differ by some tenths of a percent, and who walks in
//! changes the length by more. So a frame of another length is looked at at
//! once; and where lengths have proved steady for [`PROVED`], the rest lasts
//! [`LONG`]. A change that the length does not tell (far away, or as much
//! texture as it hides) is seen when the rest is over.
//!
//! Time comes only from `captured_at`.
//!
//! Not here: what is calm (`motion`), what happens to a frame that rests.

use std::time::Duration;

use types::{EncodedFrame, Timestamp};

/// Rest while lengths tell nothing: every other frame at 5 fps.
pub const SHORT: Duration = Duration::from_millis(350);
/// Rest while lengths are steady: two of three frames at 5 fps.
pub const LONG: Duration = Duration::from_millis(550);
/// How long a camera must have been calm, with steady lengths, for a long rest.
const PROVED: Duration = Duration::from_secs(10);

/// Lengths are steady while they vary by no more than this part.
const STEADY: f32 = 0.01;
/// A length is another one from this part on, at least ...
const MIN_CHANGE: f32 = 0.003;
/// ... and so many mean variations.
const CHANGE_VARIATIONS: f32 = 5.0;
/// Part of each new length in the mean.
const FOLLOW: f32 = 0.2;
/// Part of each new variation in the mean variation.
const FOLLOW_VARIATION: f32 = 0.05;

/// The rests of one camera.
#[derive(Debug, Default)]
pub struct Rests {
    /// When the last calm picture was looked at.
    calm_at: Option<Timestamp>,
    /// Since when every picture that was looked at was calm.
    calm_since: Option<Timestamp>,
    lengths: Option<Lengths>,
}

/// Lengths of calm frames.
#[derive(Clone, Copy, Debug)]
struct Lengths {
    mean: f32,
    /// Mean absolute difference from the mean.
    variation: f32,
}

impl Rests {
    /// Whether `frame` need not be decoded.
    pub fn may_rest(&mut self, frame: &EncodedFrame) -> bool {
        let Some(calm_at) = self.calm_at else {
            return false;
        };
        let rested = frame.captured_at.saturating_since(calm_at);
        let has_changed = self
            .lengths
            .is_some_and(|lengths| lengths.is_other(frame.jpeg.len()));
        // A clock that was set back would let it rest for ever.
        let is_later = frame.captured_at >= calm_at;
        let may_rest = is_later && !has_changed && rested < self.allowed(calm_at);
        if may_rest {
            self.follow(frame);
        }
        may_rest
    }

    /// `frame` was looked at.
    pub fn looked(&mut self, frame: &EncodedFrame, is_calm: bool) {
        if is_calm {
            self.calm_at = Some(frame.captured_at);
            self.calm_since.get_or_insert(frame.captured_at);
            self.follow(frame);
        } else {
            *self = Rests::default();
        }
    }

    fn allowed(&self, calm_at: Timestamp) -> Duration {
        let calm_for = self
            .calm_since
            .map_or(Duration::ZERO, |since| calm_at.saturating_since(since));
        let is_steady = self.lengths.is_some_and(|lengths| lengths.is_steady());
        if is_steady && calm_for >= PROVED {
            LONG
        } else {
            SHORT
        }
    }

    fn follow(&mut self, frame: &EncodedFrame) {
        let length = frame.jpeg.len() as f32;
        let lengths = self.lengths.get_or_insert(Lengths {
            mean: length,
            variation: STEADY * length,
        });
        let difference = length - lengths.mean;
        lengths.mean += FOLLOW * difference;
        lengths.variation += FOLLOW_VARIATION * (difference.abs() - lengths.variation);
    }
}

impl Lengths {
    fn is_other(self, length: usize) -> bool {
        let limit = (CHANGE_VARIATIONS * self.variation).max(MIN_CHANGE * self.mean);
        (length as f32 - self.mean).abs() > limit
    }

    fn is_steady(self) -> bool {
        self.variation <= STEADY * self.mean
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A camera at 5 fps whose pictures are calm.
    #[derive(Default)]
    struct Camera {
        rests: Rests,
        n_frames: u32,
    }

    impl Camera {
        /// Whether a frame of this length is looked at.
        fn sends(&mut self, len_bytes: usize, is_calm: bool) -> bool {
            let frame = EncodedFrame {
                seq: self.n_frames.into(),
                captured_at: Timestamp::from_millis(200 * i64::from(self.n_frames)),
                jpeg: vec![0; len_bytes].into(),
            };
            self.n_frames += 1;
            if self.rests.may_rest(&frame) {
                return false;
            }
            self.rests.looked(&frame, is_calm);
            true
        }

        /// How many of `n` frames are looked at, lengths `base` and up to
        /// `noise` more.
        fn n_looks(&mut self, n: u32, base: usize, noise: usize) -> usize {
            (0..n)
                .filter(|idx| {
                    let length = base + *idx as usize * 7_919 % (noise + 1);
                    self.sends(length, true)
                })
                .count()
        }
    }

    #[test]
    fn calm_camera_rests_in_one_of_two_frames_and_later_in_two_of_three() {
        let mut camera = Camera::default();
        assert_eq!(camera.n_looks(50, 200_000, 800), 25);
        let n_later = camera.n_looks(300, 200_000, 800);
        assert!((100..=110).contains(&n_later), "{n_later}");
    }

    #[test]
    fn camera_of_unsteady_lengths_is_looked_at_in_one_of_two_frames() {
        let mut camera = Camera::default();
        camera.n_looks(100, 200_000, 20_000);
        let n_later = camera.n_looks(300, 200_000, 20_000);
        assert!((150..=160).contains(&n_later), "{n_later}");
    }

    #[test]
    fn frame_of_another_length_is_looked_at_at_once() {
        for change in [-2_500, -1_500, 1_500, 2_500, 20_000] {
            let mut camera = Camera::default();
            camera.n_looks(302, 200_000, 400);
            while !camera.sends(200_200, true) {}
            let length = usize::try_from(200_200 + change).unwrap();
            assert!(camera.sends(length, false), "{change}");
            // What moves is looked at in every frame.
            assert!(camera.sends(length, false));
            assert!(camera.sends(length, true));
        }
    }

    #[test]
    fn lengths_that_drift_do_not_wake() {
        let mut camera = Camera::default();
        camera.n_looks(100, 200_000, 400);
        let n_looks = (0..500_usize)
            .filter(|idx| camera.sends(200_000 + idx * 40 + idx * 7_919 % 401, true))
            .count();
        assert!((160..=200).contains(&n_looks), "{n_looks}");
    }

    #[test]
    fn clock_that_was_set_back_does_not_rest_for_ever() {
        let mut rests = Rests::default();
        let frame = |millis| EncodedFrame {
            seq: 0,
            captured_at: Timestamp::from_millis(millis),
            jpeg: vec![0; 1_000].into(),
        };
        rests.looked(&frame(1_000_000), true);
        assert!(!rests.may_rest(&frame(1_000)));
    }
}
