//! A JPEG of any kind to a baseline one: 4:2:0, standard Huffman tables.

use jpeg::{Decoder, Encoder, Limits, Scale};

use crate::Error;

/// Quality of what is encoded again: little is lost on top of what the camera
/// lost, and files stay of about the camera's size.
const QUALITY: u8 = 85;

/// Encodes pictures again, one after the other.
#[derive(Debug)]
pub struct PlainEncoder {
    decoder: Decoder,
    encoder: Encoder,
}

impl PlainEncoder {
    /// Starts.
    ///
    /// # Errors
    /// Memory is out.
    pub fn new() -> Result<Self, Error> {
        Ok(PlainEncoder {
            decoder: Decoder::new(Limits::default())?,
            encoder: Encoder::new()?,
        })
    }

    /// The same picture, baseline. A picture wider or higher than `max_side_px`
    /// is made smaller by half until it fits.
    ///
    /// # Errors
    /// It cannot be decoded.
    pub fn encode(&mut self, jpeg: &[u8], max_side_px: u32) -> Result<Vec<u8>, Error> {
        let header = jpeg::read_header(jpeg)?;
        let scale = scale_to_fit(header.width_px, header.height_px, max_side_px);
        let (image, ..) = self.decoder.rgb(jpeg, scale, None)?;
        Ok(self.encoder.rgb(&image, QUALITY)?)
    }
}

/// The largest scale at which neither side exceeds `max_side_px`; the smallest
/// there is when none does.
pub(crate) fn scale_to_fit(width_px: u32, height_px: u32, max_side_px: u32) -> Scale {
    let side_px = width_px.max(height_px);
    [Scale::Full, Scale::Half, Scale::Quarter]
        .into_iter()
        .find(|scale| scale.scaled_px(side_px) <= max_side_px)
        .unwrap_or(Scale::Eighth)
}

#[cfg(test)]
mod tests {
    use jpeg::{RgbImage, Subsampling};

    use super::*;

    #[test]
    fn picture_is_made_smaller_only_as_far_as_needed() {
        for (side_px, expected) in [
            (1_920, Scale::Full),
            (1_921, Scale::Half),
            (3_840, Scale::Half),
            (3_841, Scale::Quarter),
            (60_000, Scale::Eighth),
        ] {
            assert_eq!(scale_to_fit(side_px, 100, 1_920), expected);
            assert_eq!(scale_to_fit(100, side_px, 1_920), expected);
        }
    }

    #[test]
    fn picture_comes_out_baseline_at_420() {
        let mut image = RgbImage::new(64, 48);
        image.data.fill(90);
        let jpeg = Encoder::new().unwrap().rgb(&image, 50).unwrap();
        let plain = PlainEncoder::new().unwrap().encode(&jpeg, 40).unwrap();
        let header = jpeg::read_header(&plain).unwrap();
        assert_eq!((header.width_px, header.height_px), (32, 24));
        assert_eq!(header.subsampling, Subsampling::S420);
        assert!(!header.is_progressive);
        assert!(PlainEncoder::new().unwrap().encode(b"x", 40).is_err());
    }
}
