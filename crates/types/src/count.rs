//! How many, where and when.

use crate::{CameraId, Class, RuleId, Timestamp};

/// A number counted by one rule over one interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// On which camera.
    pub camera_id: CameraId,
    /// By which rule.
    pub rule_id: RuleId,
    /// What was counted; `None` for all classes together.
    pub class: Option<Class>,
    /// Start of the interval.
    pub from: Timestamp,
    /// End of the interval.
    pub until: Timestamp,
    /// How many.
    pub value: u64,
}
