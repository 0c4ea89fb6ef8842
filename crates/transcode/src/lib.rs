//! A camera's JPEG made into what a viewer can read: H.264, or a plainer JPEG.
//!
//! In: one JPEG after the other, from a camera. Out: H.264 of the same pictures
//! in the order of capture, or a baseline JPEG with the standard tables.
//!
//! Costs a decode and an encode per picture, so it is done only while somebody
//! watches, once for all viewers of a camera.
//!
//! Not here: who watches, threads, packets (`relay`, `sink`).

mod error;
mod h264;
mod i420;
mod plain;

pub use crate::error::Error;
pub use crate::h264::{AccessUnit, H264Encoder};
pub use crate::plain::PlainEncoder;
