//! A webhook's document.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FieldErrors, check_name};
use crate::secrets::Vault;

/// A webhook as stored: the secret is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookDocument {
    /// As people call it.
    pub name: String,
    /// Where events are sent.
    pub url: String,
    /// Whether events are sent.
    pub is_enabled: bool,
    /// Key of the signature, sealed by the vault.
    pub sealed_secret: Option<String>,
}

/// A webhook as people send it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookInput {
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Where events are sent: http or https.
    pub url: String,
    /// Whether events are sent.
    pub is_enabled: bool,
    /// Key of the signature; absent keeps the stored one, empty removes it.
    #[serde(default)]
    pub secret: Option<String>,
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
        let sealed_secret = match self.secret.as_deref() {
            None => stored.and_then(|stored| stored.sealed_secret.clone()),
            Some("") => None,
            Some(secret) => match vault.seal(secret) {
                Ok(sealed) => Some(sealed),
                Err(error) => {
                    errors.add("secret", error.to_string());
                    None
                }
            },
        };
        if errors.is_empty() {
            Ok(WebhookDocument {
                name: self.name,
                url: self.url,
                is_enabled: self.is_enabled,
                sealed_secret,
            })
        } else {
            Err(errors)
        }
    }
}
