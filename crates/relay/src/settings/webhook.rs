//! A webhook's document.

use serde::{Deserialize, Serialize};
use sink::webhook::split_login;
use utoipa::ToSchema;

use super::{FieldErrors, check_name};
use crate::secrets::Vault;

/// A webhook as stored: secrets are sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookDocument {
    /// As people call it.
    pub name: String,
    /// Where events are sent. Documents of older versions may hold user and
    /// password in it; see [`split_login`](Self::split_login).
    pub url: String,
    /// Whether events are sent.
    pub is_enabled: bool,
    /// User at the receiver.
    #[serde(default)]
    pub user: Option<String>,
    /// Password of the user, sealed by the vault.
    #[serde(default)]
    pub sealed_password: Option<String>,
    /// Whether user and password are given by Digest, when asked; else by
    /// Basic.
    #[serde(default)]
    pub is_digest: bool,
    /// The request's form; airelay's own document without one.
    #[serde(default)]
    pub template: Option<TemplateDocument>,
    /// Key of the signature, sealed by the vault.
    pub sealed_secret: Option<String>,
    /// Headers of the receiver's own, such as an API key.
    #[serde(default)]
    pub headers: Vec<HeaderDocument>,
    /// SHA-256 of the one certificate that is trusted, as hex.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Whether the picture itself goes into the message.
    #[serde(default)]
    pub has_picture_inside: bool,
    /// Longest time for one delivery, seconds.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u16,
}

/// A request of a person's own form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateDocument {
    /// `GET`, `POST` or `PUT`.
    pub method: String,
    /// Content type of the body; says how places in it are escaped.
    pub content_type: String,
    /// What is sent, with places such as `{camera}`; at most 16 KiB.
    pub body: String,
}

/// A header as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeaderDocument {
    /// Its name.
    pub name: String,
    /// Its value, sealed by the vault: it may be a key.
    pub sealed_value: String,
}

/// A webhook as people send it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookInput {
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Where events are sent: http or https. User and password in it become
    /// those of the next fields.
    pub url: String,
    /// Whether events are sent.
    pub is_enabled: bool,
    /// User at the receiver; absent or empty for none.
    #[serde(default)]
    pub user: Option<String>,
    /// Password of the user; absent keeps the stored one.
    #[serde(default)]
    pub password: Option<String>,
    /// Whether user and password are given by Digest, when asked; else by
    /// Basic.
    #[serde(default)]
    pub is_digest: bool,
    /// The request's form; absent for airelay's own document.
    #[serde(default)]
    pub template: Option<TemplateDocument>,
    /// Key of the signature; absent keeps the stored one, empty removes it.
    #[serde(default)]
    pub secret: Option<String>,
    /// Headers of the receiver's own, at most 16; absent keeps the stored ones.
    #[serde(default)]
    pub headers: Option<Vec<HeaderInput>>,
    /// SHA-256 of the one certificate to trust, as hex; absent or empty: it
    /// must be signed by a public authority.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Whether the picture itself goes into the message, as base64.
    #[serde(default)]
    pub has_picture_inside: bool,
    /// Longest time for one delivery, 1 to 120 seconds.
    #[serde(default = "default_timeout_s")]
    pub timeout_s: u16,
}

/// A header as people send it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderInput {
    /// Its name.
    pub name: String,
    /// Its value; absent keeps the stored one of this name.
    #[serde(default)]
    pub value: Option<String>,
}

const fn default_timeout_s() -> u16 {
    10
}

impl WebhookDocument {
    /// User and password that stand in the address moved to their own fields,
    /// so that no password is stored or shown in clear.
    ///
    /// # Errors
    /// The password cannot be sealed.
    pub fn split_login(mut self, vault: &Vault) -> Result<Self, FieldErrors> {
        let Some(login) = split_login(&self.url) else {
            return Ok(self);
        };
        let sealed = vault.seal(&login.password);
        let sealed = sealed.map_err(|error| FieldErrors::one("password", error.to_string()))?;
        self.url = login.bare_url;
        self.user = Some(login.user);
        self.sealed_password = Some(sealed);
        self.is_digest = false;
        Ok(self)
    }
}

impl WebhookInput {
    /// The document to store.
    ///
    /// # Errors
    /// Names each field that cannot be used.
    pub fn into_document(
        self,
        stored: Option<&WebhookDocument>,
        vault: &Vault,
    ) -> Result<WebhookDocument, FieldErrors> {
        let mut errors = FieldErrors::default();
        check_name("name", &self.name, &mut errors);
        let stored = stored.map(|stored| stored.clone().split_login(vault));
        let stored = stored.transpose()?;
        let stored = stored.as_ref();
        let user = self.user.filter(|user| !user.is_empty());
        let sealed_password = match (&user, self.password.as_deref()) {
            (None, _) => None,
            (Some(_), None) => stored.and_then(|stored| stored.sealed_password.clone()),
            (Some(_), Some(password)) => seal(vault, "password", password, &mut errors),
        };
        let sealed_secret = match self.secret.as_deref() {
            None => stored.and_then(|stored| stored.sealed_secret.clone()),
            Some("") => None,
            Some(secret) => seal(vault, "secret", secret, &mut errors),
        };
        let stored_headers = stored.map_or(&[][..], |stored| &stored.headers);
        let headers = match self.headers {
            None => stored_headers.to_vec(),
            Some(inputs) => inputs
                .into_iter()
                .filter_map(|input| input.into_document(stored_headers, vault, &mut errors))
                .collect(),
        };
        if errors.is_empty() {
            WebhookDocument {
                name: self.name,
                url: self.url,
                is_enabled: self.is_enabled,
                user,
                sealed_password,
                is_digest: self.is_digest,
                template: self.template,
                sealed_secret,
                headers,
                fingerprint: self.fingerprint.filter(|text| !text.is_empty()),
                has_picture_inside: self.has_picture_inside,
                timeout_s: self.timeout_s,
            }
            .split_login(vault)
        } else {
            Err(errors)
        }
    }
}

impl HeaderInput {
    fn into_document(
        self,
        stored: &[HeaderDocument],
        vault: &Vault,
        errors: &mut FieldErrors,
    ) -> Option<HeaderDocument> {
        let sealed_value = match &self.value {
            Some(value) => seal(vault, "headers", value, errors)?,
            None => {
                let is_same =
                    |header: &&HeaderDocument| header.name.eq_ignore_ascii_case(&self.name);
                let Some(header) = stored.iter().find(is_same) else {
                    errors.add("headers", format!("type a value for {:?}", self.name));
                    return None;
                };
                header.sealed_value.clone()
            }
        };
        Some(HeaderDocument {
            name: self.name,
            sealed_value,
        })
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

    fn input(json: &str) -> WebhookInput {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn header_without_a_value_keeps_the_stored_one_and_needs_one() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("secret.key")).unwrap();
        let first = input(
            r#"{"name": "a", "url": "http://x/", "is_enabled": true,
                "headers": [{"name": "X-Key", "value": "k1"}]}"#,
        );
        let first = first.into_document(None, &vault).unwrap();
        let again = input(
            r#"{"name": "a", "url": "http://x/", "is_enabled": true,
                "headers": [{"name": "x-key"}, {"name": "X-New", "value": "n"}]}"#,
        );
        let again = again.into_document(Some(&first), &vault).unwrap();
        let opened: Vec<String> = again
            .headers
            .iter()
            .map(|header| vault.open_sealed(&header.sealed_value).unwrap())
            .collect();
        assert_eq!(opened, ["k1", "n"]);
        let unknown = input(
            r#"{"name": "a", "url": "http://x/", "is_enabled": true, "headers": [{"name": "Z"}]}"#,
        );
        let errors = unknown.into_document(Some(&again), &vault).unwrap_err();
        assert_eq!(errors.to_string(), r#"headers: type a value for "Z""#);
    }

    #[test]
    fn document_of_an_older_airelay_is_read() {
        let json =
            r#"{"name": "a", "url": "http://x/", "is_enabled": true, "sealed_secret": null}"#;
        let document: WebhookDocument = serde_json::from_str(json).unwrap();
        assert_eq!((document.timeout_s, document.headers.len()), (10, 0));
        assert!(!document.has_picture_inside && document.fingerprint.is_none());
    }

    #[test]
    fn login_typed_into_the_address_is_sealed_and_taken_out_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::open(&folder.path().join("secret.key")).unwrap();
        let first = input(
            r#"{"name": "a", "url": "https://ann:p%40%2B+w@h:8/x?c={camera}&at=@", "is_enabled": true}"#,
        );
        let first = first.into_document(None, &vault).unwrap();
        assert_eq!(first.url, "https://h:8/x?c={camera}&at=@");
        let login = |document: &WebhookDocument| {
            let sealed = document.sealed_password.as_ref()?;
            Some((document.user.clone()?, vault.open_sealed(sealed).unwrap()))
        };
        let expected = Some(("ann".to_owned(), "p@++w".to_owned()));
        assert_eq!(login(&first), expected);
        assert!(!serde_json::to_string(&first).unwrap().contains("p@"));

        // Saved again without a password, as the page does, also of a document
        // of an older version.
        let kept = r#"{"name": "a", "url": "https://h:8/x", "user": "ann", "is_enabled": true}"#;
        let again = input(kept).into_document(Some(&first), &vault).unwrap();
        assert_eq!(login(&again), expected);
        let old = r#"{"name": "a", "url": "http://ann:p%40++w@h/", "is_enabled": true, "sealed_secret": null}"#;
        let old: WebhookDocument = serde_json::from_str(old).unwrap();
        let again = input(kept).into_document(Some(&old), &vault).unwrap();
        assert_eq!(login(&again), expected);
        let nobody = r#"{"name": "a", "url": "https://h:8/x", "user": "", "is_enabled": true}"#;
        let gone = input(nobody).into_document(Some(&again), &vault).unwrap();
        assert_eq!((gone.user, gone.sealed_password), (None, None));
    }
}
