//! WS-Security UsernameToken with PasswordDigest: who sent this envelope.
//!
//! A token is good for a few minutes around our clock and once only. The
//! password as plain text is refused.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest;
use thiserror::Error;
use types::Timestamp;

use crate::access::Account;
use crate::onvif::document::{read_time, utc};
use crate::onvif::namespace as ns;
use crate::onvif::xml::{Element, XmlWriter};

/// How far a client's clock may be from ours.
const WINDOW: Duration = Duration::from_secs(300);
/// Most nonces remembered: beyond, the oldest are forgotten. At a login for
/// each request this is a hundred requests a second for ten minutes.
const MAX_NONCES: usize = 65_536;
/// Longest nonce, bytes.
const MAX_NONCE_BYTES: usize = 128;
const DIGEST_TYPE: &str = "http://docs.oasis-open.org/wss/2004/01/\
                           oasis-200401-wss-username-token-profile-1.0#PasswordDigest";

const BASE64_TYPE: &str = "http://docs.oasis-open.org/wss/2004/01/\
                           oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// What the header says.
#[derive(Clone, PartialEq, Eq)]
pub struct UsernameToken {
    /// User name.
    pub username: String,
    password: String,
    is_digest: bool,
    nonce: String,
    created: String,
}

impl std::fmt::Debug for UsernameToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UsernameToken")
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Why a token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SecurityError {
    /// The password stands there as it is.
    #[error("check UsernameToken: the password must be sent as PasswordDigest")]
    PlainPassword,
    /// Without these it could be repeated for ever.
    #[error("check UsernameToken: Nonce or Created is missing or cannot be read")]
    Incomplete,
    /// The client's clock is off, or the token old.
    #[error(
        "check UsernameToken: Created is more than 5 minutes from our clock; ask GetSystemDateAndTime"
    )]
    NotNow,
    /// This token was used before.
    #[error("check UsernameToken: it was used before")]
    Repeated,
    /// Name or password is wrong.
    #[error("check UsernameToken: user name or password is wrong")]
    Wrong,
}

/// Nonces of tokens that were good, so that none is good twice.
#[derive(Debug, Default)]
pub struct NonceBook {
    /// When each was created, by nonce and creation time.
    seen: BTreeMap<(Timestamp, Vec<u8>), ()>,
}

impl UsernameToken {
    pub(super) fn read(element: &Element) -> Self {
        let text = |namespace, name| {
            let text = element.child_text(namespace, name);
            text.unwrap_or_default().to_owned()
        };
        let password = element.child(ns::WSSE, "Password");
        UsernameToken {
            username: text(ns::WSSE, "Username"),
            password: text(ns::WSSE, "Password"),
            is_digest: password.and_then(|password| password.attribute("Type"))
                == Some(DIGEST_TYPE),
            nonce: text(ns::WSSE, "Nonce"),
            created: text(ns::WSU, "Created"),
        }
    }

    /// Who proved the password.
    ///
    /// # Errors
    /// Nobody did, and why.
    pub fn check(
        &self,
        now: Timestamp,
        nonces: &mut NonceBook,
        find: impl Fn(&str) -> Option<Account>,
    ) -> Result<Account, SecurityError> {
        if !self.is_digest {
            return Err(SecurityError::PlainPassword);
        }
        let nonce = STANDARD
            .decode(&self.nonce)
            .ok()
            .filter(|nonce| (1..=MAX_NONCE_BYTES).contains(&nonce.len()))
            .ok_or(SecurityError::Incomplete)?;
        let created = read_time(&self.created).ok_or(SecurityError::Incomplete)?;
        let off = now
            .saturating_since(created)
            .max(created.saturating_since(now));
        if off > WINDOW {
            return Err(SecurityError::NotNow);
        }
        let account = find(&self.username).ok_or(SecurityError::Wrong)?;
        let expected = password_digest(&nonce, &self.created, &account.password);
        if !is_equal(expected.as_bytes(), self.password.as_bytes()) {
            return Err(SecurityError::Wrong);
        }
        match nonces.take(created, nonce, now) {
            true => Ok(account),
            false => Err(SecurityError::Repeated),
        }
    }
}

/// Writes a header that proves a password to another device: as
/// [`UsernameToken::check`] wants it. `nonce` is used for this alone; `created`
/// is now, by the device's clock.
pub fn write_security(
    xml: &mut XmlWriter,
    user: &str,
    password: &str,
    nonce: &[u8],
    created: Timestamp,
) {
    let created = utc(created);
    xml.open_with(
        "wsse:Security",
        &[("xmlns:wsse", ns::WSSE), ("xmlns:wsu", ns::WSU)],
    );
    xml.open("wsse:UsernameToken");
    xml.leaf("wsse:Username", user);
    let digest = password_digest(nonce, &created, password);
    xml.leaf_with("wsse:Password", &[("Type", DIGEST_TYPE)], digest);
    let encoding = [("EncodingType", BASE64_TYPE)];
    xml.leaf_with("wsse:Nonce", &encoding, STANDARD.encode(nonce));
    xml.leaf("wsu:Created", created);
    xml.close();
    xml.close();
}

impl NonceBook {
    /// Whether this nonce is new; then it is remembered.
    fn take(&mut self, created: Timestamp, nonce: Vec<u8>, now: Timestamp) -> bool {
        let oldest = (now.saturating_sub(WINDOW), Vec::new());
        self.seen = self.seen.split_off(&oldest);
        if self.seen.len() >= MAX_NONCES {
            self.seen.pop_first();
        }
        self.seen.insert((created, nonce), ()).is_none()
    }
}

fn password_digest(nonce: &[u8], created: &str, password: &str) -> String {
    let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    hash.update(nonce);
    hash.update(created.as_bytes());
    hash.update(password.as_bytes());
    STANDARD.encode(hash.finish())
}

/// In the same time wherever they differ.
fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let differences = a.iter().zip(b).fold(0, |all, (a, b)| all | (a ^ b));
    a.len() == b.len() && differences == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Level;

    const NONCE: &str = "MDEyMzQ1Njc4OWFiY2RlZg==";
    const CREATED: &str = "2026-07-01T09:30:00Z";
    const DIGEST: &str = "Y/ukNVxSTrG2PaePcw83UcLCRRs=";

    fn token() -> UsernameToken {
        UsernameToken {
            username: "vms".to_owned(),
            password: DIGEST.to_owned(),
            is_digest: true,
            nonce: NONCE.to_owned(),
            created: CREATED.to_owned(),
        }
    }

    fn check(token: &UsernameToken, seconds_later: i64) -> Result<Account, SecurityError> {
        check_with(token, seconds_later, &mut NonceBook::default())
    }

    fn check_with(
        token: &UsernameToken,
        seconds_later: i64,
        nonces: &mut NonceBook,
    ) -> Result<Account, SecurityError> {
        let created = Timestamp::parse_rfc3339(CREATED).unwrap();
        let now = Timestamp::from_millis(created.as_millis() + seconds_later * 1_000);
        token.check(now, nonces, |name| {
            (name == "vms").then(|| Account {
                name: name.to_owned(),
                password: "secret".to_owned(),
                level: Level::User,
            })
        })
    }

    #[test]
    fn published_vector_is_hashed_as_it_should_be() {
        let nonce = STANDARD.decode(NONCE).unwrap();
        assert_eq!(password_digest(&nonce, CREATED, "secret"), DIGEST);
    }

    #[test]
    fn token_is_good_once_and_for_five_minutes_both_ways() {
        for later in [-300, 0, 300] {
            assert!(check(&token(), later).is_ok(), "{later}");
        }
        for later in [-301, 301] {
            assert_eq!(check(&token(), later), Err(SecurityError::NotNow));
        }
        let mut nonces = NonceBook::default();
        assert!(check_with(&token(), 1, &mut nonces).is_ok());
        let again = check_with(&token(), 2, &mut nonces);
        assert_eq!(again, Err(SecurityError::Repeated));
    }

    #[test]
    fn what_proves_nothing_is_refused() {
        let cases = [
            (
                UsernameToken {
                    is_digest: false,
                    ..token()
                },
                SecurityError::PlainPassword,
            ),
            (
                UsernameToken {
                    nonce: String::new(),
                    ..token()
                },
                SecurityError::Incomplete,
            ),
            (
                UsernameToken {
                    nonce: "?".to_owned(),
                    ..token()
                },
                SecurityError::Incomplete,
            ),
            (
                UsernameToken {
                    created: String::new(),
                    ..token()
                },
                SecurityError::Incomplete,
            ),
            (
                UsernameToken {
                    username: "root".to_owned(),
                    ..token()
                },
                SecurityError::Wrong,
            ),
            (
                UsernameToken {
                    password: "x".to_owned(),
                    ..token()
                },
                SecurityError::Wrong,
            ),
        ];
        for (token, expected) in cases {
            assert_eq!(check(&token, 0), Err(expected));
        }
    }
}
