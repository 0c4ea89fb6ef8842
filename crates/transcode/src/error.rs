//! Why a picture is left out.

use thiserror::Error;

/// Why a picture is left out; the next one may do.
#[derive(Debug, Error)]
pub enum Error {
    /// It cannot be decoded, or not encoded again.
    #[error(transparent)]
    Jpeg(#[from] jpeg::Error),
    /// Too small for H.264's blocks.
    #[error("encode H.264 of {width_px}x{height_px}: each side must be at least {min_px} pixels")]
    TooSmall {
        /// Pixels in a row.
        width_px: u32,
        /// Rows.
        height_px: u32,
        /// Least, pixels.
        min_px: u32,
    },
    /// The encoder refuses.
    #[error("encode H.264: {text}")]
    H264 {
        /// What it says.
        text: String,
    },
}

impl From<openh264::Error> for Error {
    fn from(error: openh264::Error) -> Self {
        Error::H264 {
            text: error.to_string(),
        }
    }
}
