//! Another airelay's document.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{FieldErrors, check_name};

/// The usual port of an airelay.
const USUAL_PORT: u16 = 8092;

/// Another airelay as stored: its token is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeDocument {
    /// As people call it.
    pub name: String,
    /// Whether what happens there is fetched.
    pub is_enabled: bool,
    /// How it is reached.
    pub address: NodeAddress,
    /// The token that it gave us, sealed by the vault.
    pub sealed_token: String,
}

/// How another airelay is reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NodeAddress {
    /// Name or address, without scheme and port.
    pub host: String,
    /// Port of its web pages; 8092 when absent.
    #[serde(default = "usual_port")]
    pub port: u16,
    /// Whether it is asked over TLS.
    #[serde(default)]
    pub is_tls: bool,
    /// SHA-256 of the one certificate that is trusted, as hex; absent or
    /// empty: it must be signed by a public authority.
    #[serde(default)]
    pub fingerprint: Option<String>,
}

const fn usual_port() -> u16 {
    USUAL_PORT
}

impl NodeAddress {
    /// Without blanks that were typed by accident.
    #[must_use]
    pub fn trimmed(mut self) -> Self {
        self.host = self.host.trim().to_owned();
        self.fingerprint = self.fingerprint.filter(|text| !text.trim().is_empty());
        self
    }

    /// Name and port, as people write it.
    pub fn shown(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl NodeDocument {
    /// Checks the name that people give.
    ///
    /// # Errors
    /// It cannot be used.
    pub fn check_name(name: &str) -> Result<(), FieldErrors> {
        let mut errors = FieldErrors::default();
        check_name("name", name, &mut errors);
        match errors.is_empty() {
            true => Ok(()),
            false => Err(errors),
        }
    }
}
