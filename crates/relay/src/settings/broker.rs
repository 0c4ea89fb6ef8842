//! An MQTT broker's document.

use serde::{Deserialize, Serialize};
use sink::mqtt::EventFilter;
use utoipa::ToSchema;

use super::{FieldErrors, check_name};
use crate::secrets::Vault;

/// Longest prefix of topics, characters.
const MAX_PREFIX_CHARS: usize = 128;
/// Longest filter of topics, bytes.
const MAX_FILTER_BYTES: usize = 4_096;
/// Longest certificate or key, bytes of PEM.
const MAX_PEM_BYTES: usize = 64 * 1024;

/// A broker as stored: secrets are sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BrokerDocument {
    /// As people call it.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// Whether it is connected to.
    pub is_enabled: bool,
    /// What all topics begin with.
    pub topic_prefix: String,
    /// User name at the broker.
    #[serde(default)]
    pub user: Option<String>,
    /// Password, sealed by the vault.
    #[serde(default)]
    pub sealed_password: Option<String>,
    /// Our certificates, PEM.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Private key of the first of them, PEM, sealed by the vault.
    #[serde(default)]
    pub sealed_key: Option<String>,
    /// SHA-256 of the one certificate that is trusted, as hex.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// How surely events arrive, 0 to 2.
    #[serde(default = "default_qos")]
    pub qos: u8,
    /// Whether events are sent.
    #[serde(default = "super::default_true")]
    pub sends_events: bool,
    /// Which events: a concrete topic expression; all without it.
    #[serde(default)]
    pub event_filter: Option<String>,
    /// Whether scenes are sent.
    #[serde(default)]
    pub sends_scenes: bool,
    /// Whether Home Assistant is told what there is.
    #[serde(default)]
    pub has_home_assistant: bool,
    /// Where Home Assistant looks.
    #[serde(default = "default_discovery_prefix")]
    pub discovery_prefix: String,
}

/// A broker as people send it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BrokerInput {
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// `mqtt://`, `mqtts://`, `ws://` or `wss://`, host and port.
    pub address: String,
    /// Whether it is connected to.
    pub is_enabled: bool,
    /// What all topics begin with; unique at the broker. Without `#` and `+`.
    #[serde(default = "default_prefix")]
    pub topic_prefix: String,
    /// User name at the broker; absent or empty: none.
    #[serde(default)]
    pub user: Option<String>,
    /// Password; absent keeps the stored one, empty removes it.
    #[serde(default)]
    pub password: Option<String>,
    /// Our certificates as PEM text, ours first; absent keeps the stored ones,
    /// empty removes them and the key.
    #[serde(default)]
    pub certificate: Option<String>,
    /// Private key as PEM text; absent keeps the stored one.
    #[serde(default)]
    pub key: Option<String>,
    /// SHA-256 of the one certificate to trust, as hex; absent or empty: it
    /// must be signed by a public authority.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// How surely events arrive: 0, 1 or 2.
    #[serde(default = "default_qos")]
    pub qos: u8,
    /// Whether events are sent, as ONVIF's JSON.
    #[serde(default = "super::default_true")]
    pub sends_events: bool,
    /// Only events of these topics, such as `tns1:RuleEngine//.`, separated by
    /// vertical bars; absent or empty: all.
    #[serde(default)]
    pub event_filter: Option<String>,
    /// Whether scenes (who is where) are sent, as ONVIF's JSON.
    #[serde(default)]
    pub sends_scenes: bool,
    /// Whether Home Assistant is told what there is.
    #[serde(default)]
    pub has_home_assistant: bool,
    /// Where Home Assistant looks, as in its own settings.
    #[serde(default = "default_discovery_prefix")]
    pub discovery_prefix: String,
}

const fn default_qos() -> u8 {
    1
}

fn default_prefix() -> String {
    "airelay".to_owned()
}

fn default_discovery_prefix() -> String {
    "homeassistant".to_owned()
}

impl BrokerInput {
    /// The document to store.
    ///
    /// # Errors
    /// Names each field that cannot be used.
    pub fn into_document(
        self,
        stored: Option<&BrokerDocument>,
        vault: &Vault,
    ) -> Result<BrokerDocument, FieldErrors> {
        let mut errors = FieldErrors::default();
        check_name("name", &self.name, &mut errors);
        check_prefix("topic_prefix", &self.topic_prefix, &mut errors);
        check_prefix("discovery_prefix", &self.discovery_prefix, &mut errors);
        if self.qos > 2 {
            errors.add("qos", "0, 1 or 2");
        }
        let event_filter = given(self.event_filter);
        if let Some(filter) = &event_filter {
            check_filter(filter, &mut errors);
        }
        let user = given(self.user);
        let sealed_password = match self.password.as_deref() {
            // A password without its user is of no use.
            _ if user.is_none() => None,
            None => stored.and_then(|stored| stored.sealed_password.clone()),
            Some("") => None,
            Some(password) => seal(vault, "password", password, &mut errors),
        };
        for (field, pem) in [("certificate", &self.certificate), ("key", &self.key)] {
            if pem.as_ref().is_some_and(|pem| pem.len() > MAX_PEM_BYTES) {
                errors.add(field, format!("more than {MAX_PEM_BYTES} bytes"));
            }
        }
        let certificate = match self.certificate {
            None => stored.and_then(|stored| stored.certificate.clone()),
            Some(text) => given(Some(text)),
        };
        let sealed_key = match (&certificate, self.key.as_deref()) {
            (None, _) => None,
            (Some(_), None | Some("")) => stored.and_then(|stored| stored.sealed_key.clone()),
            (Some(_), Some(key)) => seal(vault, "key", key, &mut errors),
        };
        if certificate.is_some() && sealed_key.is_none() {
            errors.add("key", "paste the private key of the certificate");
        }
        if errors.is_empty() {
            Ok(BrokerDocument {
                name: self.name,
                address: self.address.trim().to_owned(),
                is_enabled: self.is_enabled,
                topic_prefix: self.topic_prefix,
                user,
                sealed_password,
                certificate,
                sealed_key,
                fingerprint: given(self.fingerprint),
                qos: self.qos,
                sends_events: self.sends_events,
                event_filter,
                sends_scenes: self.sends_scenes,
                has_home_assistant: self.has_home_assistant,
                discovery_prefix: self.discovery_prefix,
            })
        } else {
            Err(errors)
        }
    }
}

/// Text that is there and not blank.
fn given(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}

/// A topic of MQTT that others may follow.
fn check_prefix(field: &str, prefix: &str, errors: &mut FieldErrors) {
    let n_chars = prefix.chars().count();
    if prefix.trim().is_empty() {
        errors.add(field, "type what all topics shall begin with");
    } else if n_chars > MAX_PREFIX_CHARS {
        errors.add(
            field,
            format!("{n_chars} characters: use at most {MAX_PREFIX_CHARS}"),
        );
    } else if prefix.contains(['#', '+']) || prefix.chars().any(char::is_control) {
        errors.add(
            field,
            "cannot contain #, + or characters that cannot be shown",
        );
    } else if prefix.starts_with(['/', '$']) || prefix.ends_with('/') {
        errors.add(field, "cannot begin with / or $, nor end with /");
    }
}

fn check_filter(filter: &str, errors: &mut FieldErrors) {
    if filter.len() > MAX_FILTER_BYTES {
        errors.add(
            "event_filter",
            format!("more than {MAX_FILTER_BYTES} bytes"),
        );
    } else if let Err(error) = EventFilter::parse(filter) {
        errors.add("event_filter", error);
    }
}

fn seal(vault: &Vault, field: &str, plain: &str, errors: &mut FieldErrors) -> Option<String> {
    vault
        .seal(plain)
        .map_err(|error| errors.add(field, error.to_string()))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> (Vault, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("secret.key")).unwrap();
        (vault, folder)
    }

    fn input(more: &str) -> BrokerInput {
        let json =
            format!(r#"{{"name": "Home", "address": "mqtts://b:8883", "is_enabled": true{more}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn secrets_that_are_left_out_are_kept_and_empty_ones_removed() {
        let (vault, _folder) = vault();
        let first = input(r#", "user": "ann", "password": "pw", "certificate": "C", "key": "K""#);
        let first = first.into_document(None, &vault).unwrap();
        let open = |sealed: &Option<String>| vault.open_sealed(sealed.as_ref().unwrap()).unwrap();
        assert_eq!(open(&first.sealed_password), "pw");
        assert_eq!(open(&first.sealed_key), "K");
        let kept = input(r#", "user": "ann""#)
            .into_document(Some(&first), &vault)
            .unwrap();
        assert_eq!(open(&kept.sealed_password), "pw");
        assert_eq!(kept.certificate.as_deref(), Some("C"));
        let removed = input(r#", "user": "ann", "password": "", "certificate": """#)
            .into_document(Some(&first), &vault)
            .unwrap();
        assert!(removed.sealed_password.is_none() && removed.sealed_key.is_none());
        // Whoever takes the user away does not mean the password for another.
        let other = input("").into_document(Some(&first), &vault).unwrap();
        assert!(other.sealed_password.is_none());
    }

    #[test]
    fn prefixes_and_filters_that_mqtt_cannot_carry_are_refused() {
        let (vault, _folder) = vault();
        for (more, field) in [
            (r#", "topic_prefix": """#, "topic_prefix"),
            (r#", "topic_prefix": "a/#""#, "topic_prefix"),
            (r#", "topic_prefix": "/a""#, "topic_prefix"),
            (r#", "topic_prefix": "a/""#, "topic_prefix"),
            (r#", "topic_prefix": "$SYS""#, "topic_prefix"),
            (r#", "discovery_prefix": "a+b""#, "discovery_prefix"),
            (r#", "qos": 3"#, "qos"),
            (r#", "event_filter": "a||b""#, "event_filter"),
            (r#", "certificate": "C""#, "key"),
        ] {
            let errors = input(more).into_document(None, &vault).unwrap_err();
            assert!(errors.to_string().starts_with(field), "{more}: {errors}");
        }
    }

    #[test]
    fn document_of_least_fields_is_read() {
        let json =
            r#"{"name": "a", "address": "mqtt://b", "is_enabled": true, "topic_prefix": "a"}"#;
        let document: BrokerDocument = serde_json::from_str(json).unwrap();
        assert!(document.sends_events && !document.sends_scenes);
        assert_eq!(
            (document.qos, &*document.discovery_prefix),
            (1, "homeassistant")
        );
    }
}
