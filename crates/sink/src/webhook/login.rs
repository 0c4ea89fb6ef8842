//! Who signs in at a receiver.
//!
//! In: what a person typed, also into an address. Out: user and password, on
//! their own; neither is ever shown.

use url::Url;

use crate::ConfigError;

/// Longest user and longest password, bytes.
const MAX_LOGIN_BYTES: usize = 256;

/// Who signs in at the receiver.
#[derive(Clone)]
pub struct Login {
    /// Name there.
    pub user: String,
    /// Its password.
    pub password: String,
    /// By Digest, once the receiver has asked for it; else by Basic, with each
    /// request.
    pub is_digest: bool,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("is_digest", &self.is_digest)
            .finish_non_exhaustive()
    }
}

/// User and password as they stood in an address.
#[derive(Clone, PartialEq, Eq)]
pub struct TypedLogin {
    /// The address without them.
    pub bare_url: String,
    /// Without percent signs.
    pub user: String,
    /// Without percent signs.
    pub password: String,
}

impl std::fmt::Debug for TypedLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TypedLogin").finish_non_exhaustive()
    }
}

/// Takes user and password out of an address; `None` where there are none.
/// All else stays as it was typed.
pub fn split_login(url: &str) -> Option<TypedLogin> {
    let parsed = Url::parse(url).ok()?;
    if parsed.username().is_empty() && parsed.password().is_none() {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let tail = rest.strip_prefix(authority)?;
    let (_, host) = authority.rsplit_once('@')?;
    Some(TypedLogin {
        bare_url: format!("{scheme}://{host}{tail}"),
        user: decoded(parsed.username()),
        password: decoded(parsed.password().unwrap_or_default()),
    })
}

/// A part of an address without its percent signs.
fn decoded(part: &str) -> String {
    let whole = format!("x={}", part.replace('+', "%2B"));
    url::form_urlencoded::parse(whole.as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

/// Checks a login, and that none stands in the address.
///
/// # Errors
/// It cannot be sent.
pub(super) fn check_login(url: &Url, login: Option<&Login>) -> Result<(), ConfigError> {
    let invalid = |message: &str| ConfigError {
        field: "login",
        message: message.to_owned(),
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("user and password have fields of their own"));
    }
    let Some(login) = login else { return Ok(()) };
    let is_long = login.user.len() > MAX_LOGIN_BYTES || login.password.len() > MAX_LOGIN_BYTES;
    if login.user.is_empty() || login.user.contains(':') || is_long {
        return Err(invalid(
            "the user must have 1 to 256 bytes and no colon, the password at most 256",
        ));
    }
    Ok(())
}
