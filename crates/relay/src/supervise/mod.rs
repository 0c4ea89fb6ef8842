//! Running cameras: which there are, what they use, and who keeps them going.
//!
//! In: settings that were stored. Out: frames to the scheduler, steps to the
//! store and to viewers, states to people.

mod camera;
mod fleet;
mod live;
mod scene_log;
mod status;

pub(crate) use self::camera::CameraRuntime;
pub(crate) use self::fleet::{Fleet, FleetParts};
pub(crate) use self::live::{LiveRecord, OpenEvent};
pub(crate) use self::status::{CameraStatus, CameraSums, CauseView, SourceState, StatusBoard, hex};
