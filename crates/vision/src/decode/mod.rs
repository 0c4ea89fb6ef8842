//! JPEG bytes to planes at the scale the stages need.
//!
//! In: frames as they came from the camera. Out: one [`Image`] per frame:
//! luma for the motion gate, all planes for the detector's whole look. The
//! buffers are reused from frame to frame.
//!
//! The scale follows from the picture's size, so that the planes of every
//! usual camera have about the size of the detector's input: reading a
//! quarter-size 1080p picture costs 4.3 ms, full size 6.8 ms, and scaling
//! inside the decoder finds more objects than shrinking afterwards.
//!
//! A cut or padded frame is decoded and flagged, not dropped: cameras that
//! pad do so in every frame.
//!
//! Not here: closer looks at parts of the picture (`regions` chooses them,
//! [`jpeg::Decoder::rgb`] cuts them out), counting of drops (`relay`).

use jpeg::{Damage, Decoder, PixelRect, Planes, Scale};
use types::{EncodedFrame, NormBox};

/// Narrowest picture that is decoded at a quarter of its size, pixels.
const MIN_WIDTH_FOR_QUARTER_PX: u32 = 960;

/// Narrowest picture that is decoded at half its size, pixels.
const MIN_WIDTH_FOR_HALF_PX: u32 = 480;

/// The scale at which a picture of this width is decoded.
pub const fn scale_for(full_width_px: u32) -> Scale {
    match full_width_px {
        MIN_WIDTH_FOR_QUARTER_PX.. => Scale::Quarter,
        MIN_WIDTH_FOR_HALF_PX.. => Scale::Half,
        _ => Scale::Full,
    }
}

/// One decoded frame, scaled down.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Image {
    /// Width of the camera's picture, pixels.
    pub full_width_px: u32,
    /// Height of the camera's picture, pixels.
    pub full_height_px: u32,
    /// Pixels at `scale`.
    pub planes: Planes,
    /// How much smaller `planes` are than the camera's picture.
    pub scale: Scale,
    /// The file is cut, padded or broken: parts of the picture may be wrong.
    pub is_damaged: bool,
}

impl Image {
    /// Width and height of the camera's picture, pixels.
    pub fn size_px(&self) -> (u32, u32) {
        (self.full_width_px, self.full_height_px)
    }

    /// `area` in pixels of the camera's picture, rounded outwards.
    pub fn full_rect(&self, area: NormBox) -> PixelRect {
        let (x, width) = outwards(area.x1(), area.x2(), self.full_width_px);
        let (y, height) = outwards(area.y1(), area.y2(), self.full_height_px);
        PixelRect {
            x,
            y,
            width,
            height,
        }
    }

    /// A rectangle in pixels of the camera's picture as parts of it.
    pub fn norm_box(&self, rect: PixelRect) -> NormBox {
        let part = |px: u32, of_px: u32| px as f32 / of_px.max(1) as f32;
        NormBox::from_xyxy(
            part(rect.x, self.full_width_px),
            part(rect.y, self.full_height_px),
            part(rect.x.saturating_add(rect.width), self.full_width_px),
            part(rect.y.saturating_add(rect.height), self.full_height_px),
        )
    }
}

/// First pixel and number of pixels that cover `from..to` (0..=1) of
/// `full_px`; at least one pixel of a picture that has any.
fn outwards(from: f32, to: f32, full_px: u32) -> (u32, u32) {
    // A hundredth of a pixel is rounding, not a wish for one pixel more.
    let at = |part: f32, nudge: f64| f64::from(part) * f64::from(full_px) + nudge;
    let first = whole_px(at(from, 0.01).floor(), full_px).min(full_px.saturating_sub(1));
    let end = whole_px(at(to, -0.01).ceil(), full_px).clamp(first, full_px);
    (first, (end - first).max(1).min(full_px))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to 0..=max before"
)]
fn whole_px(value: f64, max: u32) -> u32 {
    value.clamp(0.0, f64::from(max)) as u32
}

/// Why a frame gave no image: always the frame's fault, count and go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("frame {seq} of {len_bytes} bytes: {error}")]
pub struct DecodeError {
    /// Number of the frame.
    pub seq: u64,
    /// Length of the file.
    pub len_bytes: usize,
    /// What the decoder said.
    #[source]
    pub error: jpeg::Error,
}

/// The picture buffers of one camera.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    image: Image,
}

impl FrameDecoder {
    /// Starts with empty buffers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Decodes a frame. The image stays valid until the next call.
    ///
    /// `decoder` holds nothing of a camera: all cameras of a worker share it.
    ///
    /// # Errors
    /// The frame is no JPEG, beyond the limits, or broken beyond use.
    pub fn decode(
        &mut self,
        frame: &EncodedFrame,
        decoder: &mut Decoder,
    ) -> Result<&Image, DecodeError> {
        match self.fill(&frame.jpeg, decoder) {
            Ok(()) => Ok(&self.image),
            Err(error) => Err(DecodeError {
                seq: frame.seq,
                len_bytes: frame.jpeg.len(),
                error,
            }),
        }
    }

    fn fill(&mut self, jpeg: &[u8], decoder: &mut Decoder) -> Result<(), jpeg::Error> {
        let header = jpeg::read_header(jpeg)?;
        let scale = scale_for(header.width_px);
        let damage = decoder.planes(jpeg, scale, &mut self.image.planes)?;
        self.image.full_width_px = header.width_px;
        self.image.full_height_px = header.height_px;
        self.image.scale = scale;
        self.image.is_damaged = damage != Damage::None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jpeg::{Encoder, Limits, RgbImage};
    use proptest::prelude::*;
    use types::Timestamp;

    use super::*;

    fn decoder() -> Decoder {
        Decoder::new(Limits::default()).unwrap()
    }

    fn frame(width_px: u32, height_px: u32) -> EncodedFrame {
        let mut image = RgbImage::new(width_px, height_px);
        for (idx, byte) in (0_u32..).zip(image.data.iter_mut()) {
            *byte = u8::try_from(idx * 7 % 256).unwrap();
        }
        with_bytes(&Encoder::new().unwrap().rgb(&image, 80).unwrap())
    }

    fn with_bytes(jpeg: &[u8]) -> EncodedFrame {
        EncodedFrame {
            captured_at: Timestamp::from_secs(1),
            seq: 3,
            jpeg: jpeg.into(),
        }
    }

    #[test]
    fn scale_follows_from_the_pictures_width() {
        for (size, scale, scaled) in [
            ((1920, 1080), Scale::Quarter, (480, 270)),
            ((960, 540), Scale::Quarter, (240, 135)),
            ((959, 540), Scale::Half, (480, 270)),
            ((480, 270), Scale::Half, (240, 135)),
            ((479, 270), Scale::Full, (479, 270)),
        ] {
            let mut buffers = FrameDecoder::new();
            let image = buffers
                .decode(&frame(size.0, size.1), &mut decoder())
                .unwrap();
            assert_eq!((image.full_width_px, image.full_height_px), size);
            assert_eq!(image.scale, scale, "{size:?}");
            let planes = &image.planes;
            assert_eq!((planes.width_px, planes.height_px), scaled, "{size:?}");
            assert!(!image.is_damaged);
        }
    }

    #[test]
    fn cut_frame_is_flagged_and_usable() {
        let whole = frame(640, 480);
        let half = with_bytes(&whole.jpeg[..whole.jpeg.len() / 2]);
        let (mut buffers, mut decoder) = (FrameDecoder::new(), decoder());
        let image = buffers.decode(&half, &mut decoder).unwrap();
        assert!(image.is_damaged);
        assert_eq!(image.planes.width_px, 320);
        let image = buffers.decode(&whole, &mut decoder).unwrap();
        assert!(!image.is_damaged);
    }

    #[test]
    fn frame_that_is_no_jpeg_names_itself() {
        let error = FrameDecoder::new()
            .decode(&with_bytes(b"<html>"), &mut decoder())
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "frame 3 of 6 bytes: read JPEG header: no start of a JPEG in the first 6 bytes"
        );
    }

    #[test]
    fn boxes_become_the_pixels_that_cover_them() {
        let image = Image {
            full_width_px: 1000,
            full_height_px: 500,
            ..Image::default()
        };
        for ((x1, y1, x2, y2), [x, y, width, height]) in [
            ((0.0, 0.0, 1.0, 1.0), [0, 0, 1000, 500]),
            ((0.1, 0.1, 0.2, 0.2), [100, 50, 100, 50]),
            ((0.1005, 0.101, 0.1995, 0.199), [100, 50, 100, 50]),
            ((1.0, 1.0, 1.0, 1.0), [999, 499, 1, 1]),
        ] {
            let rect = PixelRect {
                x,
                y,
                width,
                height,
            };
            assert_eq!(image.full_rect(NormBox::from_xyxy(x1, y1, x2, y2)), rect);
        }
    }

    proptest! {
        #[test]
        fn pixels_to_parts_and_back_are_the_same(
            x in 0_u32..1900, y in 0_u32..1000, width in 1_u32..400, height in 1_u32..400,
        ) {
            let image = Image {
                full_width_px: 1920,
                full_height_px: 1080,
                ..Image::default()
            };
            let rect = PixelRect {
                x,
                y,
                width: width.min(1920 - x),
                height: height.min(1080 - y),
            };
            prop_assert_eq!(image.full_rect(image.norm_box(rect)), rect);
        }
    }
}
