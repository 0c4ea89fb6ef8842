//! Advice on picture size and rate, for the person who links a camera.
//!
//! In: what was measured. Out: what to change, if anything. Other sizes and
//! rates work too; these are the ones for which analysis is tuned.

use crate::camera::ModeInUse;

const RECOMMENDED_SIZES: [(u32, u32); 2] = [(1920, 1080), (1280, 720)];
const MIN_FPS: f32 = 4.0;
const MAX_FPS: f32 = 6.0;

/// One piece of advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    /// Stable name in snake_case.
    pub code: &'static str,
    /// What to change, in plain words.
    pub message: &'static str,
}

/// Advice for pictures of `size` (width, height in pixels) that arrive at `fps`
/// in the given mode. Empty when all is as recommended.
pub fn advice(size: (u32, u32), fps: f32, mode: ModeInUse) -> Vec<Advice> {
    let mut all = Vec::new();
    if !RECOMMENDED_SIZES.contains(&size) {
        all.push(Advice {
            code: "unusual_size",
            message: "Set the picture size on the camera, or in the URL, to 1920x1080 or 1280x720.",
        });
    }
    if fps < MIN_FPS {
        all.push(match mode {
            ModeInUse::Stream => Advice {
                code: "low_fps",
                message: "Fewer than 4 pictures per second arrive. Set the frame rate on the camera, or in the URL, to 5; where it is 5 already, the network is the limit: lower bit rate or picture quality on the camera.",
            },
            ModeInUse::OneShot => Advice {
                code: "low_fps_one_shot",
                message: "Fewer than 4 pictures per second arrive. Use the camera's MJPEG stream if it has one; else set the one-shot rate to 5, and where it is 5 already, lower picture size or quality on the camera.",
            },
        });
    } else if fps > MAX_FPS {
        all.push(Advice {
            code: "high_fps",
            message: "More than 6 pictures per second arrive. Set the frame rate on the camera, or in the URL, to 5: more costs network and computing power and finds nothing more.",
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_names_what_is_outside_the_recommendation() {
        for (size, fps, mode, expected) in [
            ((1920, 1080), 5.0, ModeInUse::Stream, &[][..]),
            ((1280, 720), 4.0, ModeInUse::OneShot, &[]),
            ((1280, 720), 6.0, ModeInUse::Stream, &[]),
            ((640, 480), 5.0, ModeInUse::Stream, &["unusual_size"]),
            ((1920, 1080), 3.9, ModeInUse::Stream, &["low_fps"]),
            ((1920, 1080), 3.9, ModeInUse::OneShot, &["low_fps_one_shot"]),
            (
                (3840, 2160),
                6.1,
                ModeInUse::Stream,
                &["unusual_size", "high_fps"],
            ),
        ] {
            let codes: Vec<&str> = advice(size, fps, mode).iter().map(|a| a.code).collect();
            assert_eq!(codes, expected, "{size:?} at {fps}");
        }
    }
}
