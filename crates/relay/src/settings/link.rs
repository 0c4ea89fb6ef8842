//! The linked camera's part of a camera document.

use serde::{Deserialize, Serialize};
use source::{Link, LinkText};
use utoipa::ToSchema;

use super::FieldErrors;
use crate::secrets::Vault;

/// How pictures are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ModeDocument {
    /// Stream first; one shot after repeated multipart failure.
    #[default]
    Automatic,
    /// MJPEG stream.
    Stream,
    /// One JPEG per request.
    OneShot,
}

/// How the camera is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProtocolDocument {
    /// Plain HTTP.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
}

/// A linked camera as stored: the password is sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkDocument {
    /// How the camera is reached.
    pub protocol: ProtocolDocument,
    /// Name or address.
    pub host: String,
    /// 80 or 443 when absent.
    pub port: Option<u16>,
    /// Command with query, exactly as typed.
    pub path: String,
    /// Camera user name; empty for none.
    pub user: String,
    /// Camera password, sealed by the vault.
    pub sealed_password: Option<String>,
    /// How pictures are fetched.
    pub mode: ModeDocument,
    /// 1 to 4.
    pub channel: u8,
    /// SHA-256 of the one certificate that is trusted, as hex.
    pub fingerprint: Option<String>,
    /// Pictures per second to ask for in one-shot mode.
    pub one_shot_fps: f32,
}

/// A linked camera as people send it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkInput {
    /// How the camera is reached.
    #[serde(default)]
    pub protocol: ProtocolDocument,
    /// Name, IPv4 or IPv6 address.
    pub host: String,
    /// 80 or 443 when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// "Http Jpeg stream URL": command with query; a leading slash may be left out.
    pub path: String,
    /// Camera user name; empty for none.
    #[serde(default)]
    pub user: String,
    /// Camera password; absent keeps the stored one, empty removes it.
    #[serde(default)]
    pub password: Option<String>,
    /// How pictures are fetched.
    #[serde(default)]
    pub mode: ModeDocument,
    /// 1 to 4.
    #[serde(default = "default_channel")]
    pub channel: u8,
    /// SHA-256 of the one certificate to trust, as hex.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// Pictures per second to ask for in one-shot mode, 0.1 to 30.
    #[serde(default = "default_one_shot_fps")]
    pub one_shot_fps: f32,
    /// Ignored on input; accepted so that a reply can be sent back.
    #[serde(default)]
    pub has_password: bool,
}

/// A linked camera as we show it: never with its password.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LinkView {
    /// How the camera is reached.
    pub protocol: ProtocolDocument,
    /// Name or address.
    pub host: String,
    /// 80 or 443 when absent.
    pub port: Option<u16>,
    /// Command with query, exactly as typed.
    pub path: String,
    /// Camera user name.
    pub user: String,
    /// Whether a password is stored.
    pub has_password: bool,
    /// How pictures are fetched.
    pub mode: ModeDocument,
    /// 1 to 4.
    pub channel: u8,
    /// SHA-256 of the one certificate that is trusted, as hex.
    pub fingerprint: Option<String>,
    /// Pictures per second to ask for in one-shot mode.
    pub one_shot_fps: f32,
}

fn default_channel() -> u8 {
    1
}

fn default_one_shot_fps() -> f32 {
    5.0
}

impl LinkInput {
    /// The document to store: the password sealed, or kept from `stored`.
    ///
    /// # Errors
    /// The vault cannot encrypt.
    pub fn into_document(
        self,
        stored: Option<&LinkDocument>,
        vault: &Vault,
    ) -> anyhow::Result<LinkDocument> {
        let sealed_password = match self.password.as_deref() {
            None => stored.and_then(|stored| stored.sealed_password.clone()),
            Some("") => None,
            Some(password) => Some(vault.seal(password)?),
        };
        Ok(LinkDocument {
            protocol: self.protocol,
            host: self.host,
            port: self.port,
            path: self.path,
            user: self.user,
            sealed_password,
            mode: self.mode,
            channel: self.channel,
            fingerprint: self.fingerprint.filter(|text| !text.is_empty()),
            one_shot_fps: self.one_shot_fps,
        })
    }
}

impl LinkDocument {
    /// What people may see.
    pub fn view(&self) -> LinkView {
        LinkView {
            protocol: self.protocol,
            host: self.host.clone(),
            port: self.port,
            path: self.path.clone(),
            user: self.user.clone(),
            has_password: self.sealed_password.is_some(),
            mode: self.mode,
            channel: self.channel,
            fingerprint: self.fingerprint.clone(),
            one_shot_fps: self.one_shot_fps,
        }
    }

    /// The checked link that `source` opens.
    ///
    /// # Errors
    /// Names each field that cannot be used.
    pub fn resolve(&self, vault: &Vault) -> Result<Link, FieldErrors> {
        let mut errors = FieldErrors::default();
        let password = match self
            .sealed_password
            .as_deref()
            .map(|s| vault.open_sealed(s))
        {
            None => String::new(),
            Some(Ok(password)) => password,
            Some(Err(error)) => {
                errors.add("link.password", error.to_string());
                String::new()
            }
        };
        let text = LinkText {
            protocol: match self.protocol {
                ProtocolDocument::Http => "http".to_owned(),
                ProtocolDocument::Https => "https".to_owned(),
            },
            host: self.host.clone(),
            port: self.port.map(|port| port.to_string()).unwrap_or_default(),
            path: self.path.clone(),
            user: self.user.clone(),
            password,
            mode: match self.mode {
                ModeDocument::Automatic => "automatic".to_owned(),
                ModeDocument::Stream => "stream".to_owned(),
                ModeDocument::OneShot => "one_shot".to_owned(),
            },
            channel: self.channel.to_string(),
            fingerprint: self.fingerprint.clone().unwrap_or_default(),
            one_shot_fps: self.one_shot_fps.to_string(),
        };
        match Link::parse(&text) {
            Ok(link) if errors.is_empty() => Ok(link),
            Ok(_) => Err(errors),
            Err(fields) => {
                for error in fields {
                    errors.add(format!("link.{}", error.field), error.message);
                }
                Err(errors)
            }
        }
    }
}
