//! Running cameras: which there are, what they use, and who keeps them going.
//!
//! In: settings that were stored. Out: frames to the scheduler, steps to the
//! store and to viewers, states to people.

mod camera;
mod fleet;
mod live;
mod status;

pub use self::camera::CameraRuntime;
pub use self::fleet::{Fleet, FleetParts};
pub use self::live::LiveRecord;
pub use self::status::{CameraStatus, CameraSums, SourceState, StatusBoard};
