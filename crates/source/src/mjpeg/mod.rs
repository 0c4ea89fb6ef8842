//! Pictures out of a stream of parts (`multipart/x-mixed-replace`, and all
//! that cameras send under that name).
//!
//! In: bytes as they arrive. Out: whole JPEGs, as early as their last byte.
//!
//! Not here: HTTP, timeouts.

mod borders;
mod boundary;
mod header;
mod reader;

pub use crate::mjpeg::borders::{START, Walker, complete_len};
pub use crate::mjpeg::boundary::Boundary;
pub use crate::mjpeg::reader::{Counts, Part, Reader, ReaderLimits};

#[cfg(test)]
pub(crate) mod testing;
