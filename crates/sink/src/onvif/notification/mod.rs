//! What is told: a topic's message with its values.
//!
//! In: event steps with the names by which ONVIF knows camera and rule. Out:
//! [`Notification`], and its XML, the same for SOAP and RTSP; MQTT writes its
//! own form of it.
//!
//! Not here: which state a rule is in (`state`), who wants to know.

mod value;
mod write;

use types::{CameraId, Timestamp};

pub use self::value::{Item, Value};
pub use self::write::{CONCRETE_SET_DIALECT, write_message, write_notification};
use super::topic::Topic;

/// A message of one topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Notification {
    /// Which topic; its row tells names and types.
    pub topic: Topic,
    /// On which camera, where it comes from one.
    pub camera_id: Option<CameraId>,
    /// When it happened.
    pub at: Timestamp,
    /// What became of the property; `None` where the topic is none.
    pub operation: Option<Operation>,
    /// Where it comes from; with the topic, which property it is.
    pub source: Vec<Item>,
    /// What it is about.
    pub data: Vec<Item>,
}

/// What became of a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Told because somebody asks for all states.
    Initialized,
    /// It has a new state.
    Changed,
    /// There is no such property any more.
    Deleted,
}

impl Operation {
    /// As in `PropertyOperation`.
    pub const fn name(self) -> &'static str {
        match self {
            Operation::Initialized => "Initialized",
            Operation::Changed => "Changed",
            Operation::Deleted => "Deleted",
        }
    }
}

impl Notification {
    /// A message of `topic`, whose items are named as in its row.
    ///
    /// # Panics
    /// When an item is not declared there, has another type, or stands out of
    /// order: a mistake of ours, found by the first test that sends it.
    pub fn new(
        topic: Topic,
        camera_id: Option<&CameraId>,
        at: Timestamp,
        source: &[(&str, Value)],
        data: &[(&str, Value)],
    ) -> Self {
        let spec = topic.spec();
        Notification {
            topic,
            camera_id: camera_id.cloned(),
            at,
            operation: spec.is_property.then_some(Operation::Changed),
            source: value::declared(spec.source, source),
            data: value::declared(spec.data, data),
        }
    }

    /// The same with another operation, where the topic is a property.
    #[must_use]
    pub fn with(mut self, operation: Operation) -> Self {
        self.operation = self.operation.map(|_| operation);
        self
    }

    /// The value of a source or data item.
    pub fn value(&self, name: &str) -> Option<&Value> {
        let mut items = self.source.iter().chain(&self.data);
        let found = items.find(|item| item.spec.name == name);
        found.map(|item| &item.value)
    }
}
