//! Alarm clips: a camera's JPEGs kept as they came, and the files made of them.
//!
//! In: pictures with their times, and the boxes found in them. Out: records of
//! a file that only grows and may be cut off anywhere ([`segment`]); a Matroska
//! file with the same bytes ([`MatroskaLayout`]); an MP4 of H.264 pictures that
//! were encoded elsewhere ([`Mp4Writer`]).
//!
//! Not here: files and folders, threads, which pictures are kept and for how
//! long (`relay`), encoding (`transcode`).

pub mod segment;
mod boxes;
mod matroska;
mod mp4;

pub use crate::boxes::{BoxedTrack, TracksAt, between};
pub use crate::matroska::{MatroskaLayout, Part};
pub use crate::mp4::{Mp4Error, Mp4Writer, Sample};
