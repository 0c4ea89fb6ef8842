//! Watch lists as stored and as typed: who is waited for, what for, by whom,
//! and until when.
//!
//! Each has a purpose, an owner and an end: the law asks for them where people
//! are compared, and a list that nobody looks after shall not live for ever.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use guard::watch::{WatchExample, WatchList};
use serde::{Deserialize, Serialize};
use types::{CameraId, ProgramKind, Timestamp};
use utoipa::ToSchema;

use super::{FieldErrors, check_name};

/// Most examples of one list.
pub(crate) const MAX_WATCH_EXAMPLES: usize = 8;
/// Longest purpose, characters.
const MAX_PURPOSE_CHARS: usize = 500;
/// Most cameras named by one list.
const MAX_LIST_CAMERAS: usize = 256;
/// Farthest end from now: a year and some days.
const MAX_LIFE: Duration = Duration::from_secs(400 * 86_400);
/// Thresholds that can be meant.
const THRESHOLDS: std::ops::RangeInclusive<f32> = 0.3..=1.0;

/// A watch list as stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchListDocument {
    /// What was typed.
    pub settings: WatchListInput,
    /// Who is waited for.
    pub examples: Vec<WatchExampleDocument>,
    /// The number that the next example gets: none is used twice.
    pub next_example_id: u32,
    /// Whether it was told that the list expired.
    #[serde(default)]
    pub is_expiry_told: bool,
}

/// A watch list as typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchListInput {
    /// As people call it, 1 to 64 characters; alarms have it as their rule.
    pub name: String,
    /// What it is for, 1 to 500 characters.
    pub purpose: String,
    /// Who answers for it, 1 to 64 characters.
    pub owner: String,
    /// people or vehicle.
    pub program: String,
    /// From then on it raises no alarms, UTC; at most 400 days from now.
    pub expires_at: String,
    /// From this similarity on, 0.3 to 1.
    pub threshold: f32,
    /// Only before these cameras; all when empty.
    #[serde(default)]
    pub cameras: Vec<String>,
    /// Whether it raises alarms.
    #[serde(default = "super::default_true")]
    pub is_enabled: bool,
}

/// One who is waited for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WatchExampleDocument {
    /// Its number within the list.
    pub id: u32,
    /// Vectors by maker.
    pub vectors: BTreeMap<String, Vec<f32>>,
    /// What is shown of it: a JPEG in base64, as small as a stamp.
    pub picture: String,
}

impl WatchListInput {
    /// Names each field that cannot be used.
    ///
    /// # Errors
    /// There is one.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::default();
        check_name("name", &self.name, &mut errors);
        check_name("owner", &self.owner, &mut errors);
        let n_chars = self.purpose.chars().count();
        if self.purpose.trim().is_empty() || n_chars > MAX_PURPOSE_CHARS {
            let wish =
                format!("say what the list is for, in at most {MAX_PURPOSE_CHARS} characters");
            errors.add("purpose", wish);
        }
        if self.program().is_none() {
            errors.add("program", "use people or vehicle");
        }
        match Timestamp::parse_rfc3339(&self.expires_at) {
            Err(error) => errors.add("expires_at", error.to_string()),
            Ok(at) if at <= now => {
                errors.add("expires_at", "this time is over: choose a later one");
            }
            Ok(at) if at.saturating_since(now) > MAX_LIFE => {
                errors.add(
                    "expires_at",
                    "at most 400 days from now: it can be extended later",
                );
            }
            Ok(_) => {}
        }
        if !THRESHOLDS.contains(&self.threshold) {
            errors.add("threshold", "use 0.3 to 1");
        }
        let is_camera = |id: &String| CameraId::new(id).is_ok();
        if self.cameras.len() > MAX_LIST_CAMERAS || !self.cameras.iter().all(is_camera) {
            errors.add(
                "cameras",
                format!("use at most {MAX_LIST_CAMERAS} ids of cameras"),
            );
        }
        if errors.is_empty() {
            Ok(())
        } else {
            Err(errors)
        }
    }

    fn program(&self) -> Option<ProgramKind> {
        let program = ProgramKind::from_name(&self.program);
        program.filter(|program| matches!(program, ProgramKind::People | ProgramKind::Vehicle))
    }

    /// When it expires; long ago if that cannot be read.
    pub(crate) fn expires_at(&self) -> Timestamp {
        Timestamp::parse_rfc3339(&self.expires_at).unwrap_or(Timestamp::from_secs(0))
    }
}

impl WatchListDocument {
    /// The list to compare with; `None` when it is switched off.
    pub(crate) fn ready(&self, list_id: u32) -> Option<WatchList> {
        let settings = &self.settings;
        let cameras = settings.cameras.iter();
        let examples = self.examples.iter().map(|example| WatchExample {
            example_id: example.id,
            vectors: example
                .vectors
                .iter()
                .map(|(maker, vector)| (Arc::from(maker.as_str()), vector.clone()))
                .collect(),
        });
        settings.is_enabled.then_some(WatchList {
            list_id,
            name: settings.name.clone(),
            program: settings.program()?,
            cameras: cameras.filter_map(|id| CameraId::new(id).ok()).collect(),
            threshold: settings.threshold,
            expires_at: settings.expires_at(),
            examples: examples.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input() -> WatchListInput {
        WatchListInput {
            name: "Barred".to_owned(),
            purpose: "House ban until spring".to_owned(),
            owner: "Ann".to_owned(),
            program: "people".to_owned(),
            expires_at: "2026-03-01T00:00:00Z".to_owned(),
            threshold: 0.8,
            cameras: vec!["gate".to_owned()],
            is_enabled: true,
        }
    }

    #[test]
    fn list_needs_a_purpose_an_owner_and_an_end_that_is_not_far() {
        let now = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
        assert!(input().check(now).is_ok());
        for (field, odd) in [
            (
                "name",
                WatchListInput {
                    name: " ".to_owned(),
                    ..input()
                },
            ),
            (
                "purpose",
                WatchListInput {
                    purpose: String::new(),
                    ..input()
                },
            ),
            (
                "owner",
                WatchListInput {
                    owner: String::new(),
                    ..input()
                },
            ),
            (
                "program",
                WatchListInput {
                    program: "vmd".to_owned(),
                    ..input()
                },
            ),
            (
                "expires_at",
                WatchListInput {
                    expires_at: "2025-12-31T00:00:00Z".to_owned(),
                    ..input()
                },
            ),
            (
                "expires_at",
                WatchListInput {
                    expires_at: "2028-01-01T00:00:00Z".to_owned(),
                    ..input()
                },
            ),
            (
                "threshold",
                WatchListInput {
                    threshold: 0.1,
                    ..input()
                },
            ),
            (
                "threshold",
                WatchListInput {
                    threshold: f32::NAN,
                    ..input()
                },
            ),
            (
                "cameras",
                WatchListInput {
                    cameras: vec!["a b".to_owned()],
                    ..input()
                },
            ),
        ] {
            let errors = odd.check(now).unwrap_err().into_map();
            assert_eq!(errors.keys().collect::<Vec<_>>(), [field]);
        }
    }
}
