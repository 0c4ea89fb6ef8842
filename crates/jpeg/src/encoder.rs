//! Packed RGB to JPEG.

use turbojpeg_sys as tj;

use crate::raw::{Instance, Use};
use crate::{Error, RgbImage};

/// Largest width or height a JPEG can state, pixels (ITU-T T.81).
const MAX_SIDE_PX: u32 = 65_500;

/// Encodes pictures one after the other: baseline, 4:2:0.
#[derive(Debug)]
pub struct Encoder {
    instance: Instance,
}

impl Encoder {
    /// Starts an encoder.
    ///
    /// # Errors
    /// [`Error::Start`] when memory is out.
    pub fn new() -> Result<Self, Error> {
        Ok(Encoder {
            instance: Instance::new(Use::Compress)?,
        })
    }

    /// Encodes a picture with `quality` 1..=100 (limited to that range).
    ///
    /// # Errors
    /// The picture is empty, too wide or high for a JPEG, or its data has
    /// another length than its size says; or memory is out.
    pub fn rgb(&mut self, image: &RgbImage, quality: u8) -> Result<Vec<u8>, Error> {
        self.pixels(image, quality, Form::default())
    }

    fn pixels(&mut self, image: &RgbImage, quality: u8, form: Form) -> Result<Vec<u8>, Error> {
        let (width_px, height_px) = (image.width_px, image.height_px);
        let refuse = |text: String| Error::Encode {
            width_px,
            height_px,
            text,
        };
        let sides = 1..=MAX_SIDE_PX;
        if !sides.contains(&width_px) || !sides.contains(&height_px) {
            return Err(refuse(format!("each side must be 1 to {MAX_SIDE_PX}")));
        }
        let expected = form.pixel_bytes as u64 * u64::from(width_px) * u64::from(height_px);
        if image.data.len() as u64 != expected {
            let len_bytes = image.data.len();
            return Err(refuse(format!(
                "{len_bytes} bytes of pixels instead of {expected}"
            )));
        }
        let instance = &mut self.instance;
        let quality = i32::from(quality.clamp(1, 100));
        instance.set(tj::TJPARAM_TJPARAM_QUALITY, quality);
        instance.set(tj::TJPARAM_TJPARAM_SUBSAMP, form.subsampling);
        instance.set(tj::TJPARAM_TJPARAM_PROGRESSIVE, form.is_progressive.into());
        instance
            .encode(
                &image.data,
                width_px,
                height_px,
                form.pixel,
                form.pixel_bytes,
            )
            .map_err(|complaint| refuse(complaint.text))
    }
}

/// What kind of JPEG to make of what kind of pixels. Only tests make others
/// than the default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form {
    pub(crate) pixel: tj::TJPF,
    pub(crate) pixel_bytes: usize,
    pub(crate) subsampling: i32,
    pub(crate) is_progressive: bool,
}

impl Default for Form {
    fn default() -> Self {
        Form {
            pixel: tj::TJPF_TJPF_RGB,
            pixel_bytes: 3,
            subsampling: tj::TJSAMP_TJSAMP_420,
            is_progressive: false,
        }
    }
}

/// Odd JPEGs for the tests of this crate.
#[cfg(test)]
pub(crate) mod testing {
    pub(crate) use super::Form;
    use super::{Encoder, RgbImage};

    pub(crate) fn encode(image: &RgbImage, form: Form) -> Vec<u8> {
        Encoder::new().unwrap().pixels(image, 90, form).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn higher_quality_makes_a_longer_file_and_any_number_is_accepted() {
        let mut image = RgbImage::new(64, 64);
        for (idx, byte) in image.data.iter_mut().enumerate() {
            *byte = (idx * 37 % 251) as u8;
        }
        let mut encoder = Encoder::new().unwrap();
        let mut len = |quality| encoder.rgb(&image, quality).unwrap().len();
        assert!(len(30) < len(60));
        assert!(len(60) < len(95));
        assert_eq!(len(0), len(1));
        assert_eq!(len(255), len(100));
    }

    #[test]
    fn picture_that_no_jpeg_can_hold_is_refused() {
        let image = |width_px, height_px, len_bytes| RgbImage {
            width_px,
            height_px,
            data: vec![0; len_bytes],
        };
        for (image, expected) in [
            (
                image(0, 4, 0),
                "encode JPEG of 0x4: each side must be 1 to 65500",
            ),
            (
                image(65_501, 1, 3 * 65_501),
                "encode JPEG of 65501x1: each side must be 1 to 65500",
            ),
            (
                image(4, 4, 47),
                "encode JPEG of 4x4: 47 bytes of pixels instead of 48",
            ),
        ] {
            let error = Encoder::new().unwrap().rgb(&image, 80).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }
}
