//! How to reach one linked camera: what a person typed, and what was made of it.
//!
//! In: [`LinkText`]. Out: a [`Link`], or one plain sentence per wrong field.
//!
//! The path and its query are sent exactly as typed. So characters that cannot
//! stand in a request line are refused here instead of being rewritten.
//!
//! Not here: presets that write a path, and connecting.

mod host;
mod path;
mod secret;

use std::fmt;
use std::time::Duration;

pub(crate) use crate::link::host::Host;
pub(crate) use crate::link::path::shown as shown_path;
pub use crate::link::secret::Secret;

/// The fields of the camera form, as typed. Blank means the default.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct LinkText {
    /// `http` (blank) or `https`.
    pub protocol: String,
    /// IPv4 or IPv6 address, or a name.
    pub host: String,
    /// 1 to 65535; blank: 80 for http, 443 for https.
    pub port: String,
    /// What follows the address, with or without the leading slash.
    pub path: String,
    /// Camera user name; blank: none.
    pub user: String,
    /// Camera password.
    pub password: String,
    /// `automatic` (blank), `stream` or `one_shot`.
    pub mode: String,
    /// 1 (blank) to 4.
    pub channel: String,
    /// SHA-256 of a trusted certificate, 64 hexadecimal digits; blank: none.
    pub fingerprint: String,
    /// Pictures per second to ask for in one-shot mode, 0.1 to 30; blank: 5.
    pub one_shot_fps: String,
}

/// One field of [`LinkText`] that cannot be used, in words for the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Name of the field, as in [`LinkText`].
    pub field: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// How to speak to the camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Without encryption.
    #[default]
    Http,
    /// With TLS.
    Https,
}

/// How to ask for pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// As a stream; one by one when the stream does not work.
    #[default]
    Automatic,
    /// One endless answer with all pictures.
    Stream,
    /// One request per picture.
    OneShot,
}

/// User name and password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Camera user name, not empty.
    pub user: String,
    /// Camera password, perhaps empty.
    pub password: Secret,
}

/// A checked way to one camera.
#[derive(Clone, PartialEq)]
pub struct Link {
    protocol: Protocol,
    host: Host,
    port: u16,
    path: String,
    credentials: Option<Credentials>,
    mode: Mode,
    channel: u8,
    fingerprint: Option<[u8; 32]>,
    one_shot_fps: f32,
}

const MAX_PATH_BYTES: usize = 2_048;
const MAX_USER_BYTES: usize = 128;
const MAX_PASSWORD_BYTES: usize = 256;
const DEFAULT_ONE_SHOT_FPS: f32 = 5.0;

impl Link {
    /// Checks `text`.
    ///
    /// # Errors
    /// All wrong fields at once, in the order of [`LinkText`].
    pub fn parse(text: &LinkText) -> Result<Link, Vec<FieldError>> {
        let mut errors = Vec::new();
        let protocol = take(&mut errors, "protocol", parse_protocol(&text.protocol));
        let host = take(&mut errors, "host", Host::parse(&text.host));
        let port = take(&mut errors, "port", parse_port(&text.port));
        let path = take(&mut errors, "path", path::parse(&text.path, MAX_PATH_BYTES));
        let user = take(&mut errors, "user", parse_user(&text.user));
        let has_user = !text.user.trim().is_empty();
        let password = parse_password(&text.password, has_user);
        let password = take(&mut errors, "password", password);
        let mode = take(&mut errors, "mode", parse_mode(&text.mode));
        let channel = take(&mut errors, "channel", parse_channel(&text.channel));
        let fingerprint = parse_fingerprint(&text.fingerprint);
        let fingerprint = take(&mut errors, "fingerprint", fingerprint);
        let one_shot_fps = parse_fps(&text.one_shot_fps);
        let one_shot_fps = take(&mut errors, "one_shot_fps", one_shot_fps);
        let link = || {
            let protocol = protocol?;
            Some(Link {
                protocol,
                host: host?,
                port: port?.unwrap_or(match protocol {
                    Protocol::Http => 80,
                    Protocol::Https => 443,
                }),
                path: path?,
                credentials: user?
                    .zip(password)
                    .map(|(user, password)| Credentials { user, password }),
                mode: mode?,
                channel: channel?,
                fingerprint: fingerprint?,
                one_shot_fps: one_shot_fps?,
            })
        };
        match link() {
            Some(link) if errors.is_empty() => Ok(link),
            _ => Err(errors),
        }
    }

    /// The whole address, for people: without user name and password, also
    /// where the query carries one.
    pub fn url(&self) -> String {
        let (protocol, standard_port) = match self.protocol {
            Protocol::Http => ("http", 80),
            Protocol::Https => ("https", 443),
        };
        let path = shown_path(&self.path);
        if self.port == standard_port {
            format!("{protocol}://{}{path}", self.host)
        } else {
            format!("{protocol}://{}:{}{path}", self.host, self.port)
        }
    }

    /// Plain or encrypted.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// The address or name; IPv6 in brackets.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    /// TCP port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Path and query as sent, with the leading slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// User name and password, when a user name was typed.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// How to ask for pictures.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Channel, 1 to 4.
    pub fn channel(&self) -> u8 {
        self.channel
    }

    /// SHA-256 of the certificate a person chose to trust.
    pub fn fingerprint(&self) -> Option<[u8; 32]> {
        self.fingerprint
    }

    /// Time from one one-shot request to the next.
    pub fn one_shot_interval(&self) -> Duration {
        Duration::from_secs_f64(1.0 / f64::from(self.one_shot_fps))
    }

    pub(crate) fn address(&self) -> &Host {
        &self.host
    }

    /// The same camera at another path and port, after a redirect.
    pub(crate) fn moved(&self, protocol: Protocol, port: u16, path: String) -> Link {
        Link {
            protocol,
            port,
            path,
            ..self.clone()
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("url", &self.url())
            .field("credentials", &self.credentials)
            .field("mode", &self.mode)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for LinkText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LinkText")
            .field("protocol", &self.protocol)
            .field("host", &self.host)
            .field("port", &self.port)
            .field("path", &shown_path(&self.path))
            .field("user", &self.user)
            .field("mode", &self.mode)
            .field("channel", &self.channel)
            .finish_non_exhaustive()
    }
}

/// The value, or a noted error.
fn take<T>(
    errors: &mut Vec<FieldError>,
    field: &'static str,
    parsed: Result<T, String>,
) -> Option<T> {
    parsed
        .map_err(|message| errors.push(FieldError { field, message }))
        .ok()
}

fn parse_protocol(text: &str) -> Result<Protocol, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "" | "http" => Ok(Protocol::Http),
        "https" => Ok(Protocol::Https),
        other => Err(format!("{other:?} is not possible: choose http or https")),
    }
}

fn parse_port(text: &str) -> Result<Option<u16>, String> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse() {
            Ok(port) if port > 0 => Ok(Some(port)),
            _ => Err("type a number from 1 to 65535, or leave it blank".to_owned()),
        },
    }
}

fn parse_user(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.contains(':') {
        return Err("a user name cannot hold a colon".to_owned());
    }
    check_plain(text, "user name", MAX_USER_BYTES)?;
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

fn parse_password(text: &str, has_user: bool) -> Result<Secret, String> {
    if !has_user && !text.is_empty() {
        return Err("type the user name that belongs to this password".to_owned());
    }
    check_plain(text, "password", MAX_PASSWORD_BYTES)?;
    Ok(Secret::new(text))
}

fn check_plain(text: &str, what: &str, max_bytes: usize) -> Result<(), String> {
    if text.len() > max_bytes {
        return Err(format!("the {what} is longer than {max_bytes} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("the {what} holds a character that cannot be typed"));
    }
    Ok(())
}

fn parse_mode(text: &str) -> Result<Mode, String> {
    match text.trim() {
        "" | "automatic" => Ok(Mode::Automatic),
        "stream" => Ok(Mode::Stream),
        "one_shot" => Ok(Mode::OneShot),
        other => Err(format!(
            "{other:?} is not possible: choose automatic, stream or one_shot"
        )),
    }
}

fn parse_channel(text: &str) -> Result<u8, String> {
    match text.trim() {
        "" => Ok(1),
        text => match text.parse() {
            Ok(channel @ 1..=4) => Ok(channel),
            _ => Err("choose a channel from 1 to 4".to_owned()),
        },
    }
}

fn parse_fingerprint(text: &str) -> Result<Option<[u8; 32]>, String> {
    let error = || Err("a fingerprint is 64 hexadecimal digits (SHA-256)".to_owned());
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_prefix("sha256:").unwrap_or(&text);
    let digits: Vec<u8> = text
        .chars()
        .filter(|&character| !matches!(character, ':' | ' '))
        .map(|character| {
            character
                .to_digit(16)
                .and_then(|digit| u8::try_from(digit).ok())
        })
        .collect::<Option<_>>()
        .unwrap_or(vec![0]);
    if digits.is_empty() {
        return Ok(None);
    }
    let mut fingerprint = [0; 32];
    if digits.len() != 2 * fingerprint.len() {
        return error();
    }
    for (byte, pair) in fingerprint.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = pair[0] << 4 | pair[1];
    }
    Ok(Some(fingerprint))
}

fn parse_fps(text: &str) -> Result<f32, String> {
    match text.trim() {
        "" => Ok(DEFAULT_ONE_SHOT_FPS),
        text => match text.parse() {
            Ok(fps) if (0.1..=30.0).contains(&fps) => Ok(fps),
            _ => Err("type pictures per second from 0.1 to 30".to_owned()),
        },
    }
}

#[cfg(test)]
mod tests;
