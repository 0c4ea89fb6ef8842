//! A video management system's document.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::{CameraId, EventKind};
use utoipa::ToSchema;

use super::{FieldErrors, check_name};
use crate::secrets::Vault;

/// Most cameras that are matched by hand.
const MAX_MATCHES: usize = 1_024;
/// Longest address or identity of a match, bytes.
const MAX_MATCH_BYTES: usize = 256;

/// A VMS as stored: the password is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VmsDocument {
    /// As people call it.
    pub name: String,
    /// Whether events are sent.
    pub is_enabled: bool,
    /// Address or name, without scheme and port.
    pub host: String,
    /// Port of the web interface.
    pub port: u16,
    /// Whether the web interface is asked over TLS.
    pub is_tls: bool,
    /// SHA-256 of the one certificate that is trusted, as hex.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// User there.
    pub user: String,
    /// That user's password, sealed by the vault.
    pub sealed_password: Option<String>,
    /// Longest time for one request, seconds.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u16,
    /// Kinds of events that are sent, by name.
    pub kinds: Vec<String>,
    /// Whether ends of events are sent as well.
    #[serde(default)]
    pub has_ends: bool,
    /// What only this system has.
    pub system: SystemDocument,
    /// Cameras matched by hand, by our camera's id.
    #[serde(default)]
    pub matches: BTreeMap<String, MatchDocument>,
}

/// Which system, and what only it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SystemDocument {
    /// Milestone XProtect.
    Milestone {
        /// Port of the Event Server's analytics events.
        #[serde(default = "default_notification_port")]
        notification_port: u16,
        /// Whether alarms are raised by the API Gateway instead of analytics
        /// events: without picture, XProtect 2023 R2 or newer.
        #[serde(default)]
        has_alarms: bool,
        /// Name of events, with the places {kind}, {object}, {camera}, {zone}
        /// and {rule}.
        #[serde(default = "default_event_name")]
        event_name: String,
        /// Priority there, 0 to 65535.
        #[serde(default = "default_priority")]
        priority: u16,
    },
    /// Genetec Security Center.
    Genetec {
        /// The application id that Genetec gave out.
        application_id: String,
        /// First part of the Web SDK's paths.
        #[serde(default = "default_base_path")]
        base_path: String,
        /// Number of the custom event for the first kind.
        #[serde(default = "default_first_event_number")]
        first_event_number: u32,
        /// Alarm to raise as well: its identity in Security Center.
        #[serde(default)]
        alarm_id: Option<String>,
        /// Whether a bookmark is set as well.
        #[serde(default)]
        has_bookmarks: bool,
    },
}

/// Which camera of the VMS is ours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchDocument {
    /// Its identity there.
    #[serde(default)]
    pub vms_camera_id: Option<String>,
    /// Its address as registered there, such as `192.0.2.21` or
    /// `192.0.2.21,2`; our link's address and channel when absent.
    #[serde(default)]
    pub address: Option<String>,
}

/// A VMS as people send it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VmsInput {
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Whether events are sent.
    pub is_enabled: bool,
    /// Address or name, without scheme and port.
    pub host: String,
    /// Port of the web interface; the system's usual one when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// Whether the web interface is asked over TLS.
    pub is_tls: bool,
    /// SHA-256 of the one certificate to trust, as hex; absent or empty: it
    /// must be signed by a public authority.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// User there.
    pub user: String,
    /// That user's password; absent keeps the stored one.
    #[serde(default)]
    pub password: Option<String>,
    /// Longest time for one request, 1 to 120 seconds.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u16,
    /// Kinds of events to send; AI-VMD's and occupancy when absent.
    #[serde(default)]
    pub kinds: Option<Vec<String>>,
    /// Whether ends of events are sent as well.
    #[serde(default)]
    pub has_ends: bool,
    /// What only this system has.
    pub system: SystemDocument,
    /// Cameras matched by hand, by our camera's id; absent keeps the stored
    /// ones.
    #[serde(default)]
    pub matches: Option<BTreeMap<String, MatchDocument>>,
}

const fn default_timeout_s() -> u16 {
    10
}

const fn default_notification_port() -> u16 {
    9_090
}

fn default_event_name() -> String {
    "airelay {kind}".to_owned()
}

const fn default_priority() -> u16 {
    1
}

fn default_base_path() -> String {
    "WebSdk".to_owned()
}

const fn default_first_event_number() -> u32 {
    5_000
}

impl SystemDocument {
    /// The port that the system uses unless somebody changed it.
    pub const fn usual_port(&self, is_tls: bool) -> u16 {
        match (self, is_tls) {
            (SystemDocument::Milestone { .. }, false) => 80,
            (SystemDocument::Milestone { .. }, true) => 443,
            (SystemDocument::Genetec { .. }, _) => 4_590,
        }
    }
}

impl VmsInput {
    /// The document to store.
    ///
    /// # Errors
    /// Names each field that cannot be used.
    pub fn into_document(
        self,
        stored: Option<&VmsDocument>,
        vault: &Vault,
    ) -> Result<VmsDocument, FieldErrors> {
        let mut errors = FieldErrors::default();
        check_name("name", &self.name, &mut errors);
        let kinds = self.kinds.unwrap_or_else(|| {
            let kinds = EventKind::ALL.into_iter();
            let usual = kinds.filter(|&kind| kind != EventKind::Program);
            usual.map(|kind| kind.name().to_owned()).collect()
        });
        if let Some(odd) = kinds
            .iter()
            .find(|name| EventKind::from_name(name).is_none())
        {
            errors.add("kinds", format!("{odd:?} is no kind of event"));
        }
        let sealed_password = match self.password.as_deref() {
            None => stored.and_then(|stored| stored.sealed_password.clone()),
            Some(password) => match vault.seal(password) {
                Ok(sealed) => Some(sealed),
                Err(error) => {
                    errors.add("password", error.to_string());
                    None
                }
            },
        };
        if sealed_password.is_none() {
            errors.add("password", "type the user's password");
        }
        let matches = self
            .matches
            .or_else(|| stored.map(|stored| stored.matches.clone()))
            .unwrap_or_default();
        check_matches(&matches, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(VmsDocument {
            name: self.name,
            is_enabled: self.is_enabled,
            host: self.host.trim().to_owned(),
            port: self
                .port
                .unwrap_or_else(|| self.system.usual_port(self.is_tls)),
            is_tls: self.is_tls,
            fingerprint: self.fingerprint.filter(|text| !text.is_empty()),
            user: self.user,
            sealed_password,
            timeout_s: self.timeout_s,
            kinds,
            has_ends: self.has_ends,
            system: self.system,
            matches,
        })
    }
}

fn check_matches(matches: &BTreeMap<String, MatchDocument>, errors: &mut FieldErrors) {
    if matches.len() > MAX_MATCHES {
        errors.add("matches", format!("at most {MAX_MATCHES} cameras"));
    }
    for (camera_id, one) in matches {
        let field = format!("matches.{}", camera_id.chars().take(64).collect::<String>());
        if CameraId::new(camera_id).is_err() {
            errors.add(&field, "no id of a camera");
        }
        let texts = [&one.vms_camera_id, &one.address];
        let is_odd =
            |text: &String| text.len() > MAX_MATCH_BYTES || text.chars().any(char::is_control);
        if texts.into_iter().flatten().any(is_odd) {
            errors.add(
                &field,
                format!("at most {MAX_MATCH_BYTES} bytes, no line breaks"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(json: &str) -> VmsInput {
        serde_json::from_str(json).unwrap()
    }

    const BASE: &str = r#"{"name": "XProtect", "is_enabled": true, "host": " 192.0.2.5 ", "is_tls": true,
        "user": "relay", "password": "geheim", "system": {"type": "milestone"}}"#;

    #[test]
    fn what_is_left_out_gets_the_systems_usual_values() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("secret.key")).unwrap();
        let document = input(BASE).into_document(None, &vault).unwrap();
        assert_eq!((document.port, document.host.as_str()), (443, "192.0.2.5"));
        assert!(document.kinds.contains(&"occupancy".to_owned()));
        assert!(!document.kinds.contains(&"program".to_owned()));
        let json = serde_json::to_string(&document).unwrap();
        assert!(!json.contains("geheim"));
        let again: VmsDocument = serde_json::from_str(&json).unwrap();
        assert_eq!(again.system, document.system);
    }

    #[test]
    fn password_is_kept_unless_a_new_one_is_typed_and_is_needed_once() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("secret.key")).unwrap();
        let stored = input(BASE).into_document(None, &vault).unwrap();
        let without = BASE.replace(r#""password": "geheim", "#, "");
        let kept = input(&without)
            .into_document(Some(&stored), &vault)
            .unwrap();
        assert_eq!(kept.sealed_password, stored.sealed_password);
        let errors = input(&without).into_document(None, &vault).unwrap_err();
        assert!(errors.into_map().contains_key("password"));
    }

    #[test]
    fn unknown_kinds_and_odd_matches_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("secret.key")).unwrap();
        let mut odd = input(BASE);
        odd.kinds = Some(vec!["explosion".to_owned()]);
        let long = MatchDocument {
            address: Some("x".repeat(300)),
            ..MatchDocument::default()
        };
        odd.matches = Some([("gate".to_owned(), long)].into());
        let errors = odd.into_document(None, &vault).unwrap_err().into_map();
        assert_eq!(errors.keys().collect::<Vec<_>>(), ["kinds", "matches.gate"]);
    }
}
