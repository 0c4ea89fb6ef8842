//! JPEG in and out: the one place that calls libjpeg-turbo, and the only crate
//! with `unsafe`.
//!
//! In: JPEG bytes as a camera sent them, or packed RGB. Out: planar YUV or RGB
//! at full size or scaled down while decoding, or JPEG bytes.
//!
//! Two outcomes are kept apart that others mix: an [`Error`] means there is no
//! picture; a [`Damage`] means libjpeg complained (missing end marker, broken
//! bits, cut file) but every pixel is filled and most are right. Cameras pad
//! and cut frames, and such frames are worth analysing.
//!
//! Nothing is allocated for a picture before its header has passed [`Limits`].
//!
//! Not here: which scale or area is worth decoding (`vision`), finding JPEG
//! borders in a stream (`source`), orientation and colour profiles (ignored).

mod header;
mod image;
mod error;
mod raw;
mod decoder;
mod encoder;

pub use crate::decoder::{Damage, Decoder, Limits};
pub use crate::encoder::Encoder;
pub use crate::error::{Error, Unsupported};
pub use crate::header::{Header, Subsampling, read_header};
pub use crate::image::{PixelRect, Plane, Planes, RgbImage, Scale};
