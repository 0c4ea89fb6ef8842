//! A mail server's document: where alarms are mailed through, to whom.

use serde::{Deserialize, Serialize};
use sink::mail::Encryption;
use types::{EventKind, Severity};
use utoipa::ToSchema;

use super::{FieldErrors, check_name};
use crate::secrets::Vault;

/// A way to send mails as stored: the password is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailDocument {
    /// As people call it.
    pub name: String,
    /// Whether alarms are mailed.
    pub is_enabled: bool,
    /// Address or name of the SMTP server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the way there is encrypted: `tls`, `starttls` or `none`.
    pub encryption: String,
    /// SHA-256 of the one certificate that is trusted, as hex.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// User there; empty signs in as nobody.
    #[serde(default)]
    pub user: String,
    /// That user's password, sealed by the vault.
    #[serde(default)]
    pub sealed_password: Option<String>,
    /// Sender.
    pub from: String,
    /// Recipients.
    pub to: Vec<String>,
    /// Longest time for each step of sending, seconds.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u16,
    /// Kinds of events that are mailed, by name.
    pub kinds: Vec<String>,
    /// Whether ends of events are mailed as well.
    #[serde(default)]
    pub has_ends: bool,
    /// Least severity that is mailed, by name.
    #[serde(default = "default_severity")]
    pub least_severity: String,
    /// Most mails an hour.
    #[serde(default = "default_max_per_hour")]
    pub max_per_hour: u32,
}

/// A way to send mails as people send it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailInput {
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Whether alarms are mailed.
    pub is_enabled: bool,
    /// Address or name of the SMTP server, without port.
    pub host: String,
    /// Its port; 465, 587 or 25 by `encryption` when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// How the way there is encrypted: `tls` from the start, `starttls`, or
    /// `none`.
    pub encryption: String,
    /// SHA-256 of the one certificate to trust, as hex; absent or empty: it
    /// must be signed by a public authority.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// User there; absent or empty signs in as nobody.
    #[serde(default)]
    pub user: Option<String>,
    /// That user's password; absent keeps the stored one.
    #[serde(default)]
    pub password: Option<String>,
    /// Sender, such as `relay@site.example` or `Gate <relay@site.example>`.
    pub from: String,
    /// Recipients, 1 to 8 addresses.
    pub to: Vec<String>,
    /// Longest time for each step of sending, 1 to 120 seconds.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u16,
    /// Kinds of events to mail; all but those of installed programs when
    /// absent.
    #[serde(default)]
    pub kinds: Option<Vec<String>>,
    /// Whether ends of events are mailed as well.
    #[serde(default)]
    pub has_ends: bool,
    /// Least severity to mail: `info`, `low`, `medium`, `high` or `critical`.
    #[serde(default = "default_severity")]
    pub least_severity: String,
    /// Most mails an hour, 1 to 1000; the next mail tells of what was held
    /// back.
    #[serde(default = "default_max_per_hour")]
    pub max_per_hour: u32,
}

const fn default_timeout_s() -> u16 {
    20
}

fn default_severity() -> String {
    Severity::Info.name().to_owned()
}

const fn default_max_per_hour() -> u32 {
    30
}

impl MailInput {
    /// The document to store.
    ///
    /// # Errors
    /// Names each field that cannot be used.
    pub fn into_document(
        self,
        stored: Option<&MailDocument>,
        vault: &Vault,
    ) -> Result<MailDocument, FieldErrors> {
        let mut errors = FieldErrors::default();
        check_name("name", &self.name, &mut errors);
        let encryption = Encryption::from_name(&self.encryption);
        if encryption.is_none() {
            errors.add("encryption", "choose tls, starttls or none");
        }
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
        if Severity::from_name(&self.least_severity).is_none() {
            errors.add(
                "least_severity",
                "choose info, low, medium, high or critical",
            );
        }
        let user = self.user.unwrap_or_default().trim().to_owned();
        let sealed_password = match self.password.as_deref() {
            _ if user.is_empty() => None,
            None => stored.and_then(|stored| stored.sealed_password.clone()),
            Some(password) => match vault.seal(password) {
                Ok(sealed) => Some(sealed),
                Err(error) => {
                    errors.add("password", error.to_string());
                    None
                }
            },
        };
        if !user.is_empty() && sealed_password.is_none() {
            errors.add("password", "type the user's password");
        }
        let usual_port = encryption.map_or(0, Encryption::usual_port);
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(MailDocument {
            name: self.name,
            is_enabled: self.is_enabled,
            host: self.host.trim().to_owned(),
            port: self.port.unwrap_or(usual_port),
            encryption: self.encryption,
            fingerprint: self.fingerprint.filter(|text| !text.is_empty()),
            user,
            sealed_password,
            from: self.from.trim().to_owned(),
            to: self.to.iter().map(|to| to.trim().to_owned()).collect(),
            timeout_s: self.timeout_s,
            kinds,
            has_ends: self.has_ends,
            least_severity: self.least_severity,
            max_per_hour: self.max_per_hour,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = r#"{"name": "Guards", "is_enabled": true, "host": " smtp.example ",
        "encryption": "starttls", "user": "relay", "password": "geheim",
        "from": "relay@site.example", "to": ["guard@site.example"]}"#;

    fn input(json: &str) -> MailInput {
        serde_json::from_str(json).unwrap()
    }

    fn vault() -> (tempfile::TempDir, Vault) {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("secret.key")).unwrap();
        (folder, vault)
    }

    #[test]
    fn what_is_left_out_gets_usual_values_and_the_password_is_sealed() {
        let (_folder, vault) = vault();
        let document = input(BASE).into_document(None, &vault).unwrap();
        assert_eq!((document.port, document.max_per_hour), (587, 30));
        assert_eq!(document.host, "smtp.example");
        assert!(!document.kinds.contains(&"program".to_owned()));
        let json = serde_json::to_string(&document).unwrap();
        assert!(!json.contains("geheim"));
    }

    #[test]
    fn password_is_kept_unless_typed_and_goes_with_the_user() {
        let (_folder, vault) = vault();
        let stored = input(BASE).into_document(None, &vault).unwrap();
        let without = BASE.replace(r#""password": "geheim","#, "");
        let kept = input(&without).into_document(Some(&stored), &vault);
        assert_eq!(kept.unwrap().sealed_password, stored.sealed_password);
        let errors = input(&without).into_document(None, &vault).unwrap_err();
        assert!(errors.into_map().contains_key("password"));
        let nobody = BASE.replace(r#""user": "relay", "#, "");
        let nobody = input(&nobody).into_document(Some(&stored), &vault).unwrap();
        assert_eq!(nobody.sealed_password, None);
    }

    #[test]
    fn each_odd_field_is_named() {
        let (_folder, vault) = vault();
        let mut odd = input(BASE);
        odd.kinds = Some(vec!["explosion".to_owned()]);
        odd.encryption = "ssl".to_owned();
        odd.least_severity = "deadly".to_owned();
        let errors = odd.into_document(None, &vault).unwrap_err().into_map();
        let fields: Vec<_> = errors.keys().collect();
        assert_eq!(fields, ["encryption", "kinds", "least_severity"]);
    }
}
