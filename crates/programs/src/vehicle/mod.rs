//! The vehicle program: cars, buses, lorries and two-wheelers, their colour
//! and type, their speed where the ground is calibrated, and how many pass.
//!
//! A vehicle's type is its class. How large it is cannot be told from one box
//! (a small car near by looks like a lorry far away, and a calibrated ground
//! measures no heights), so it is not.
//!
//! Not here: all of the work (`sightings`, `counting`).

use types::{CameraId, Class, ClassSet, ProgramKind};

use crate::sightings::{ConfigError, FollowConfig, Follower};

/// The classes that are vehicles.
pub const CLASSES: ClassSet = ClassSet::EMPTY
    .with(Class::Bicycle)
    .with(Class::Car)
    .with(Class::Motorcycle)
    .with(Class::Bus)
    .with(Class::Truck);

/// The vehicle program of one camera, without records.
///
/// # Errors
/// The settings contradict themselves or are beyond a limit.
pub fn program(camera_id: CameraId, config: FollowConfig) -> Result<Follower, ConfigError> {
    Follower::new(camera_id, ProgramKind::Vehicle, CLASSES, config)
}
