//! How alarms are handled at this site, as typed: what belongs together, and
//! when nobody is to be called.

use std::collections::BTreeSet;
use std::time::Duration;

use guard::alarms::Grouping;
use serde::{Deserialize, Serialize};
use types::{CameraId, Severity};
use utoipa::ToSchema;

use super::{FieldErrors, Schedules, check_name};

/// Most groups of cameras.
const MAX_GROUPS: usize = 64;
/// Most cameras of a group.
const MAX_GROUP_CAMERAS: usize = 64;

/// How alarms are handled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AlarmsDocument {
    /// Alarms of one camera, or of cameras of one group, are one incident when
    /// they begin at most so many seconds apart, 1 to 600.
    pub together_s: u32,
    /// Cameras that see the same place or places next to each other, at most
    /// 64 groups.
    pub groups: Vec<CameraGroupDocument>,
    /// Schedule of the quiet hours: while it is on, pages give no sound. None
    /// when absent. Alarms are listed and delivered all the same.
    pub quiet_schedule_id: Option<String>,
    /// Alarms at least so grave are heard in quiet hours, too: info, low,
    /// medium, high or critical; none when absent.
    pub loud_from: Option<String>,
}

/// Cameras whose alarms belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CameraGroupDocument {
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Camera ids, 2 to 64.
    pub cameras: Vec<String>,
}

/// The same, checked.
#[derive(Clone, Debug)]
pub(crate) struct AlarmSettings {
    /// What belongs together.
    pub grouping: Grouping,
    /// Schedule of the quiet hours.
    pub quiet_schedule_id: Option<String>,
    /// From here on alarms are heard in quiet hours, too.
    pub loud_from: Option<Severity>,
}

impl Default for AlarmsDocument {
    /// Half a minute, no groups, no quiet hours; if there were any, critical
    /// alarms would be heard.
    fn default() -> Self {
        AlarmsDocument {
            together_s: 30,
            groups: Vec::new(),
            quiet_schedule_id: None,
            loud_from: Some(Severity::Critical.name().to_owned()),
        }
    }
}

impl AlarmsDocument {
    /// Checks every field; whether cameras and schedule are there is not asked.
    ///
    /// # Errors
    /// Names each field that cannot be used.
    pub(crate) fn resolve(&self) -> Result<AlarmSettings, FieldErrors> {
        let mut errors = FieldErrors::default();
        if !(1..=600).contains(&self.together_s) {
            let message = format!("{} s: use 1 to 600", self.together_s);
            errors.add("together_s", message);
        }
        if self.groups.len() > MAX_GROUPS {
            let message = format!("{} groups: use at most {MAX_GROUPS}", self.groups.len());
            errors.add("groups", message);
        }
        let groups = self.groups.iter().take(MAX_GROUPS).enumerate();
        let groups = groups
            .map(|(idx, group)| group.resolve(&format!("groups.{idx}"), &mut errors))
            .collect();
        let loud_from = self.loud_from.as_deref().and_then(|name| {
            let severity = Severity::from_name(name);
            if severity.is_none() {
                errors.add("loud_from", unknown_severity(name));
            }
            severity
        });
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(AlarmSettings {
            grouping: Grouping {
                within: Duration::from_secs(u64::from(self.together_s)),
                groups,
            },
            quiet_schedule_id: self.quiet_schedule_id.clone(),
            loud_from,
        })
    }

    /// Checks that what it names is there.
    pub(crate) fn check_names(
        &self,
        schedules: &Schedules,
        is_camera: impl Fn(&CameraId) -> bool,
    ) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (idx, group) in self.groups.iter().enumerate() {
            let mut cameras = group.cameras.iter();
            let gone = cameras.find(|id| !CameraId::new(id).is_ok_and(|id| is_camera(&id)));
            if let Some(id) = gone {
                let id: String = id.chars().take(64).collect();
                let message = format!("there is no camera {id}: leave it out");
                errors.add(format!("groups.{idx}.cameras"), message);
            }
        }
        let schedule_id = self.quiet_schedule_id.as_ref();
        if schedule_id.is_some_and(|id| !schedules.contains_key(id)) {
            errors.add("quiet_schedule_id", "no such schedule: choose another one");
        }
        errors
    }
}

impl CameraGroupDocument {
    fn resolve(&self, field: &str, errors: &mut FieldErrors) -> BTreeSet<CameraId> {
        check_name(&format!("{field}.name"), &self.name, errors);
        let field = format!("{field}.cameras");
        let n_cameras = self.cameras.len();
        if !(2..=MAX_GROUP_CAMERAS).contains(&n_cameras) {
            let message = format!("{n_cameras} cameras: use 2 to {MAX_GROUP_CAMERAS}");
            errors.add(field.clone(), message);
        }
        let ids = self.cameras.iter().take(MAX_GROUP_CAMERAS);
        let known: BTreeSet<CameraId> = ids
            .filter_map(|id| {
                CameraId::new(id)
                    .map_err(|error| errors.add(field.clone(), error.to_string()))
                    .ok()
            })
            .collect();
        if known.len() < n_cameras.min(MAX_GROUP_CAMERAS) {
            errors.add(field, "a camera stands here twice: name it once");
        }
        known
    }
}

/// What to do about a severity that there is not.
pub(super) fn unknown_severity(name: &str) -> String {
    let name: String = name.chars().take(40).collect();
    let known = Severity::ALL.map(Severity::name).join(", ");
    format!("{name:?} is no severity: use {known}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(json: serde_json::Value) -> AlarmsDocument {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn usual_settings_can_be_used() {
        let settings = document(json!({})).resolve().unwrap();
        assert_eq!(settings.grouping.within, Duration::from_secs(30));
        assert_eq!(settings.loud_from, Some(Severity::Critical));
    }

    #[test]
    fn fields_that_cannot_be_used_are_named() {
        let group = |cameras: serde_json::Value| json!({"name": "Yard", "cameras": cameras});
        for (json, field) in [
            (json!({"together_s": 0}), "together_s"),
            (json!({"together_s": 601}), "together_s"),
            (json!({"loud_from": "grave"}), "loud_from"),
            (json!({"groups": [group(json!(["a"]))]}), "groups.0.cameras"),
            (
                json!({"groups": [group(json!(["a", "a"]))]}),
                "groups.0.cameras",
            ),
            (
                json!({"groups": [group(json!(["a", "B!"]))]}),
                "groups.0.cameras",
            ),
            (
                json!({"groups": [{"name": "", "cameras": ["a", "b"]}]}),
                "groups.0.name",
            ),
            (
                json!({"groups": vec![group(json!(["a", "b"])); 65]}),
                "groups",
            ),
        ] {
            let errors = document(json).resolve().unwrap_err().into_map();
            assert_eq!(errors.keys().collect::<Vec<_>>(), [field]);
        }
        let named = document(json!({
            "groups": [group(json!(["gone", "here"]))], "quiet_schedule_id": "9",
        }));
        let errors = named.check_names(&Schedules::new(), |id| id.as_str() == "here");
        let fields: Vec<String> = errors.into_map().into_keys().collect();
        assert_eq!(fields, ["groups.0.cameras", "quiet_schedule_id"]);
    }
}
