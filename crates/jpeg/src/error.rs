//! Why there is no picture.

use std::fmt;

use crate::PixelRect;

/// Why a JPEG gave no picture, or a picture no JPEG.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// libjpeg-turbo gave no instance: out of memory.
    #[error("start libjpeg-turbo: {text}")]
    Start {
        /// Its own words.
        text: String,
    },
    /// No start marker where one must be.
    #[error("read JPEG header: no start of a JPEG in the first {searched_bytes} bytes")]
    NotJpeg {
        /// How far we looked.
        searched_bytes: usize,
    },
    /// The bytes end, or the image data begins, before any frame header.
    #[error("read JPEG header: no frame header in {len_bytes} bytes")]
    NoFrameHeader {
        /// Length of what was given.
        len_bytes: usize,
    },
    /// A header field contradicts itself.
    #[error("read JPEG header: broken {what} at byte {offset}")]
    BrokenHeader {
        /// Which part.
        what: &'static str,
        /// Where, from the first byte given.
        offset: usize,
    },
    /// Width or height is zero.
    #[error("read JPEG header: picture of {width_px}x{height_px} has no pixels")]
    Empty {
        /// As the header says.
        width_px: u32,
        /// As the header says.
        height_px: u32,
    },
    /// More pixels than allowed. Nothing was allocated.
    #[error("read JPEG header: {width_px}x{height_px} exceeds the limit of {max_pixels} pixels")]
    TooLarge {
        /// As the header says.
        width_px: u32,
        /// As the header says.
        height_px: u32,
        /// The limit in force.
        max_pixels: u64,
    },
    /// A kind of JPEG that no camera we know sends and that we do not decode.
    #[error("decode JPEG: {0} is not supported; set the camera to baseline JPEG, 4:2:0")]
    Unsupported(Unsupported),
    /// The asked-for area has no pixel in the picture.
    #[error(
        "decode JPEG area {}x{}+{}+{}: outside the picture of {width_px}x{height_px}",
        area.width, area.height, area.x, area.y
    )]
    AreaOutside {
        /// As asked for, full-size pixels.
        area: PixelRect,
        /// Of the picture.
        width_px: u32,
        /// Of the picture.
        height_px: u32,
    },
    /// libjpeg-turbo gave up before the pixels were complete.
    #[error("decode JPEG: {text}")]
    Decode {
        /// Its own words.
        text: String,
    },
    /// The given picture cannot be encoded.
    #[error("encode JPEG of {width_px}x{height_px}: {text}")]
    Encode {
        /// Of the given picture.
        width_px: u32,
        /// Of the given picture.
        height_px: u32,
        /// Why.
        text: String,
    },
}

/// Kinds of JPEG that are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsupported {
    /// Other than 8 bits per sample.
    Precision {
        /// As the header says.
        bits: u8,
    },
    /// Arithmetic coding, lossless or hierarchical.
    Coding {
        /// The frame header's marker, 0xc3 to 0xcf.
        marker: u8,
    },
    /// Neither 1 nor 3 components: CMYK, YCCK, gray with alpha.
    Components {
        /// As the header says.
        n_components: u8,
    },
    /// Red, green and blue stored as such, where planes were asked for.
    RgbColour,
    /// Sampling factors without a common name.
    Subsampling,
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsupported::Precision { bits } => write!(f, "{bits} bits per sample"),
            Unsupported::Coding { marker } => {
                write!(f, "arithmetic or lossless coding (marker 0x{marker:02x})")
            }
            Unsupported::Components { n_components: 4 } => f.write_str("CMYK colour"),
            Unsupported::Components { n_components } => {
                write!(f, "a picture of {n_components} components")
            }
            Unsupported::RgbColour => f.write_str("RGB colour as luma and chroma planes"),
            Unsupported::Subsampling => f.write_str("this chroma subsampling"),
        }
    }
}
