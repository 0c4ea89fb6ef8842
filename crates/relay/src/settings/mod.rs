//! Settings: what people typed, checked and made whole.
//!
//! A *document* is the JSON that REST carries and the store keeps, revision by
//! revision. [`CameraSettings`] is what a running camera uses: complete,
//! checked, immutable. Documents become settings in one place, so that an API
//! call, a restored backup and a file of `airelay replay` obey the same rules.

mod alarms;
mod analysis;
mod broker;
mod camera;
mod clips;
mod extension;
mod link;
mod mail;
mod node;
mod place;
mod program;
mod rule;
mod schedule;
mod state;
mod vms;
mod watch_list;
mod webhook;

pub(crate) use self::alarms::AlarmSettings;
pub use self::alarms::{AlarmsDocument, CameraGroupDocument};
pub use self::analysis::{Analysis, AnalysisDocument, Following, OccupancyPart, Part};
pub use self::broker::{BrokerDocument, BrokerInput};
pub use self::camera::{CameraDocument, CameraSettings, MAX_CAMERAS};
pub use self::clips::{ClipSettings, ClipsDocument};
pub(crate) use self::extension::hash_of;
pub use self::extension::{ExtensionPart, extension_values};
pub use self::link::{LinkDocument, LinkInput, LinkView, ModeDocument, ProtocolDocument};
pub use self::mail::{MailDocument, MailInput};
pub use self::node::{NodeAddress, NodeDocument};
pub use self::place::{
    GroundDocument, GroundPointDocument, LineDocument, MaskDocument, ObjectMaskDocument,
    ZoneDocument,
};
pub use self::program::{
    AreaDocument, CounterDocument, ExtensionDocument, OccupancyDocument, ProgramsDocument,
    SightingsDocument, SwitchDocument,
};
pub use self::rule::{
    ClassChoice, ClassesDocument, RuleDocument, SizeDocument, SizeReferenceDocument,
};
pub use self::schedule::{ExceptionDocument, ScheduleDocument, Schedules, SpanDocument};
pub use self::state::{
    DetectorDocument, DetectorPart, StateDocument, StateRuleDocument, StatesDocument,
};
pub use self::vms::{MatchDocument, SystemDocument, VmsDocument, VmsInput};
pub(crate) use self::watch_list::{
    MAX_WATCH_EXAMPLES, WatchExampleDocument, WatchListDocument, WatchListInput,
};
pub use self::webhook::{
    HeaderDocument, HeaderInput, TemplateDocument, WebhookDocument, WebhookInput,
};

use std::collections::BTreeMap;
use std::fmt;

/// Which fields of a document cannot be used, and why, in plain words.
///
/// Keys are paths such as `link.host` or `zones.2.points`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldErrors(BTreeMap<String, String>);

impl FieldErrors {
    /// One field that cannot be used.
    pub fn one(field: impl Into<String>, message: impl Into<String>) -> Self {
        let mut errors = Self::default();
        errors.add(field, message);
        errors
    }

    /// Adds one; the first word on a field stays.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.entry(field.into()).or_insert(message.into());
    }

    /// Whether every field can be used.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, by field.
    pub fn into_map(self) -> BTreeMap<String, String> {
        self.0
    }
}

impl fmt::Display for FieldErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (field_idx, (field, message)) in self.0.iter().enumerate() {
            let separator = if field_idx == 0 { "" } else { "; " };
            write!(f, "{separator}{field}: {message}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FieldErrors {}

/// Checks a name that people give: 1 to 64 characters that can be seen.
fn check_name(field: &str, name: &str, errors: &mut FieldErrors) {
    let n_chars = name.chars().count();
    if name.trim().is_empty() {
        errors.add(field, "give it a name");
    } else if n_chars > 64 {
        errors.add(field, format!("{n_chars} characters: use at most 64"));
    } else if name.chars().any(char::is_control) {
        errors.add(field, "contains a character that cannot be shown");
    }
}

/// Of switches that older documents do not name.
const fn default_true() -> bool {
    true
}

#[cfg(test)]
mod tests;
