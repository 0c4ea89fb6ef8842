//! JPEGs to H.264, constrained baseline, by OpenH264.
//!
//! Constant quality, no reordering, no frame left out: each picture that goes
//! in comes out at once, so that its time of capture stays its own.

use std::fmt;
use std::time::Duration;

use jpeg::{Decoder, Limits, Planes};
use openh264::OpenH264API;
use openh264::encoder::{
    Complexity, Encoder, EncoderConfig, FrameType, Profile, RateControlMode, UsageType, VuiConfig,
};
use openh264::formats::YUVSlices;
use types::Timestamp;

use crate::Error;
use crate::i420::I420;
use crate::plain::scale_to_fit;

/// Larger pictures are halved: what watches live seldom shows more, and the
/// cost grows with the pixels.
const MAX_SIDE_PX: u32 = 1_920;
/// Smallest side that the encoder takes.
const MIN_SIDE_PX: u32 = 16;
/// Longest time in which no picture stands alone: what somebody waits who
/// lost one.
const KEY_WITHIN: Duration = Duration::from_secs(2);

/// One encoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// NAL units with start codes (annex B).
    pub bytes: Vec<u8>,
    /// Whether it needs no picture before it; parameter sets come with it.
    pub is_key: bool,
    /// Width and height, pixels.
    pub size_px: (u32, u32),
}

/// Encodes the pictures of one camera.
pub struct H264Encoder {
    decoder: Decoder,
    planes: Planes,
    picture: I420,
    /// `None` before the first picture and after one of another size.
    encoder: Option<Encoder>,
    size_px: (usize, usize),
    last_key_at: Timestamp,
}

impl H264Encoder {
    /// Starts.
    ///
    /// # Errors
    /// Memory is out.
    pub fn new() -> Result<Self, Error> {
        Ok(H264Encoder {
            decoder: Decoder::new(Limits::default())?,
            planes: Planes::default(),
            picture: I420::default(),
            encoder: None,
            size_px: (0, 0),
            last_key_at: Timestamp::default(),
        })
    }

    /// Encodes the next picture. `wants_key`: it shall need no picture before
    /// it; that is so for the first one, and at least every two seconds, anyway.
    ///
    /// # Errors
    /// It cannot be decoded, or is too small. The next one may be encoded.
    pub fn encode(
        &mut self,
        jpeg: &[u8],
        captured_at: Timestamp,
        wants_key: bool,
    ) -> Result<AccessUnit, Error> {
        let header = jpeg::read_header(jpeg)?;
        let (width_px, height_px) = (header.width_px, header.height_px);
        let scale = scale_to_fit(width_px, height_px, MAX_SIDE_PX);
        if scale.scaled_px(width_px.min(height_px)) < MIN_SIDE_PX {
            return Err(Error::TooSmall {
                width_px,
                height_px,
                min_px: MIN_SIDE_PX,
            });
        }
        self.decoder.planes(jpeg, scale, &mut self.planes)?;
        self.picture.fill(&self.planes);
        let size_px = (self.picture.width_px, self.picture.height_px);
        if size_px != self.size_px {
            self.encoder = None;
            self.size_px = size_px;
        }
        let is_due = captured_at.saturating_since(self.last_key_at) >= KEY_WITHIN;
        let encoder = match &mut self.encoder {
            Some(encoder) => {
                if wants_key || is_due {
                    encoder.force_intra_frame();
                }
                encoder
            }
            none => none.insert(Encoder::with_api_config(
                OpenH264API::from_source(),
                config(),
            )?),
        };
        let picture = &self.picture;
        let half = picture.width_px / 2;
        let source = YUVSlices::new(
            (&picture.y, &picture.cb, &picture.cr),
            size_px,
            (picture.width_px, half, half),
        );
        let stream = encoder.encode(&source)?;
        let is_key = matches!(stream.frame_type(), FrameType::IDR);
        let bytes = stream.to_vec();
        if is_key {
            self.last_key_at = captured_at;
        }
        let side = |side: usize| u32::try_from(side).expect("sides are bounded");
        Ok(AccessUnit {
            bytes,
            is_key,
            size_px: (side(size_px.0), side(size_px.1)),
        })
    }
}

fn config() -> EncoderConfig {
    EncoderConfig::new()
        .profile(Profile::Baseline)
        .rate_control_mode(RateControlMode::Off)
        .usage_type(UsageType::CameraVideoRealTime)
        .complexity(Complexity::Low)
        .skip_frames(false)
        .scene_change_detect(false)
        .adaptive_quantization(false)
        .background_detection(false)
        // Pictures of one camera come one after the other; cores belong to
        // the analysis.
        .num_threads(1)
        .vui(VuiConfig::bt601())
}

impl fmt::Debug for H264Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("H264Encoder")
            .field("size_px", &self.size_px)
            .field("last_key_at", &self.last_key_at)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use jpeg::RgbImage;
    use openh264::decoder::Decoder as H264Decoder;
    use openh264::formats::YUVSource as _;

    use super::*;

    /// A picture of one colour with a white square at `x`.
    fn picture(width_px: u32, height_px: u32, x: u32) -> Vec<u8> {
        let mut image = RgbImage::new(width_px, height_px);
        image
            .data
            .chunks_exact_mut(3)
            .enumerate()
            .for_each(|(idx, pixel)| {
                let column = u32::try_from(idx).unwrap() % width_px;
                let is_in = (x..x + 16).contains(&column);
                pixel.copy_from_slice(if is_in { &[255; 3] } else { &[200, 30, 60] });
            });
        jpeg::Encoder::new().unwrap().rgb(&image, 90).unwrap()
    }

    #[test]
    fn pictures_come_back_from_a_decoder() {
        let mut encoder = H264Encoder::new().unwrap();
        let mut decoder = H264Decoder::new().unwrap();
        for (seq, x) in [0_i64, 1, 2].into_iter().zip([0, 16, 32]) {
            let jpeg = picture(96, 64, x);
            let at = Timestamp::from_millis(200 * seq);
            let unit = encoder.encode(&jpeg, at, false).unwrap();
            assert_eq!((unit.is_key, unit.size_px), (seq == 0, (96, 64)));
            let decoded = decoder.decode(&unit.bytes).unwrap().expect("no reordering");
            let luma = |column: usize| decoded.y()[10 * decoded.strides().0 + column];
            // White is 235 in the range of video; the colour's luma is 84 of
            // 255 and so 88 there.
            let square = x as usize + 8;
            assert!(luma(square) > 220, "{}", luma(square));
            assert!((80..98).contains(&luma(80)), "{}", luma(80));
        }
    }

    #[test]
    fn key_picture_comes_when_wanted_and_within_two_seconds() {
        let mut encoder = H264Encoder::new().unwrap();
        let jpeg = picture(96, 64, 0);
        let mut keys = Vec::new();
        for seq in 0..22 {
            let at = Timestamp::from_millis(1_000_000 + 200 * seq);
            let unit = encoder.encode(&jpeg, at, seq == 3).unwrap();
            if unit.is_key {
                keys.push(seq);
            }
        }
        assert_eq!(keys, [0, 3, 13]);
    }

    #[test]
    fn other_size_starts_anew_and_odd_or_large_pictures_are_taken() {
        let mut encoder = H264Encoder::new().unwrap();
        for ((width_px, height_px), expected) in [
            ((96, 64), (96, 64)),
            ((67, 51), (66, 50)),
            ((2_048, 64), (1_024, 32)),
        ] {
            let jpeg = picture(width_px, height_px, 0);
            let unit = encoder.encode(&jpeg, Timestamp::default(), false).unwrap();
            assert!(unit.is_key);
            assert_eq!(unit.size_px, expected);
        }
        let tiny = picture(12, 64, 0);
        let error = encoder
            .encode(&tiny, Timestamp::default(), false)
            .unwrap_err();
        assert!(error.to_string().contains("at least 16"), "{error}");
        assert!(encoder.encode(b"x", Timestamp::default(), false).is_err());
    }
}
