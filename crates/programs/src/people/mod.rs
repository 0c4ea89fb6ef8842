//! The people program: persons, what they wear, and how many pass.
//!
//! A rider counts as a person, what is ridden as a vehicle.
//!
//! Not here: all of the work (`sightings`, `counting`).

use types::{CameraId, Class, ClassSet, ProgramKind};

use crate::sightings::{ConfigError, FollowConfig, Follower};

/// The classes that are people.
pub const CLASSES: ClassSet = ClassSet::EMPTY.with(Class::Person);

/// The people program of one camera, without records.
///
/// # Errors
/// The settings contradict themselves or are beyond a limit.
pub fn program(camera_id: CameraId, config: FollowConfig) -> Result<Follower, ConfigError> {
    Follower::new(camera_id, ProgramKind::People, CLASSES, config)
}
