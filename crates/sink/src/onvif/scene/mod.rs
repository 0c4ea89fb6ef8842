//! Scenes as ONVIF's metadata: who is where in one frame.
//!
//! In: a [`Scene`](types::Scene). Out: `tt:Frame` with its objects, and
//! whether this frame is worth sending.
//!
//! Coordinates are ONVIF's normalised ones, x from -1 (left) to 1, y from -1
//! (bottom) to 1, so that clients that skip transformations read them right.
//! The time is that of the picture's first byte, not of the analysis.

mod cadence;
mod frame;
mod object;

pub use self::cadence::Cadence;
pub use self::frame::{FrameOptions, write_frame};
pub use self::object::{ObjectImage, SceneObject, class_name, write_object};
