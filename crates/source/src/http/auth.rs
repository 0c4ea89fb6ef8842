//! Login at the camera: Basic and Digest.
//!
//! In: `WWW-Authenticate` headers and the request. Out: the `Authorization`
//! header. The strongest offer that we can answer is used: Digest SHA-512-256,
//! SHA-256, MD5, then Basic; `-sess` forms and RFC 2069 Digest (without `qop`)
//! included. A nonce is used again with `nc` counting up.
//!
//! The arithmetic is `http-auth`'s. On top of it: algorithm names in any case,
//! offers spread over headers, offers with faults in their spelling, and reuse
//! of a login.
//!
//! An offer of `auth-int` alone is refused: the library signs the body itself
//! where RFC 7616 wants its hash, and no camera is known to insist on it.
//!
//! Not here: requests, and how often to try.

use http_auth::parser::ChallengeParser;
use http_auth::{
    BasicClient, ChallengeRef, DigestClient, ParamValue, PasswordParams, digest::Algorithm,
    digest::Qop,
};
use thiserror::Error;

use crate::link::Credentials;

/// Longest `WWW-Authenticate` header looked at.
const MAX_HEADER_BYTES: usize = 8 << 10;

/// Spellings of algorithms that `http-auth` takes.
const ALGORITHMS: [&str; 6] = [
    "MD5",
    "MD5-sess",
    "SHA-256",
    "SHA-256-sess",
    "SHA-512-256",
    "SHA-512-256-sess",
];

/// The kind of login in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthScheme {
    /// Basic: the password travels readable.
    Basic,
    /// Digest with MD5.
    DigestMd5,
    /// Digest with SHA-256.
    DigestSha256,
    /// Digest with SHA-512-256.
    DigestSha512Trunc256,
}

impl AuthScheme {
    /// For people: `Basic`, `Digest MD5` and so on.
    pub fn name(self) -> &'static str {
        match self {
            AuthScheme::Basic => "Basic",
            AuthScheme::DigestMd5 => "Digest MD5",
            AuthScheme::DigestSha256 => "Digest SHA-256",
            AuthScheme::DigestSha512Trunc256 => "Digest SHA-512-256",
        }
    }
}

/// No offer can be answered.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("log in: none of these is supported: {offered}")]
pub struct LoginError {
    /// What the camera offered, shortened.
    pub offered: String,
}

/// An accepted offer, with the count of its uses.
#[derive(Debug)]
pub struct Login {
    client: Client,
}

#[derive(Debug)]
enum Client {
    Basic(BasicClient),
    Digest(DigestClient),
}

impl Login {
    /// Chooses the strongest of the offers in the values of all
    /// `WWW-Authenticate` headers.
    ///
    /// # Errors
    /// No offer is Basic or a Digest that we know.
    pub fn choose<'h>(headers: impl IntoIterator<Item = &'h str>) -> Result<Login, LoginError> {
        let mut best: Option<Login> = None;
        let mut offered = Vec::new();
        for header in headers {
            let header = tidy(header);
            for challenge in ChallengeParser::new(&header).map_while(Result::ok) {
                offered.push(describe(&challenge));
                let Some(login) = Login::answer_to(challenge) else {
                    continue;
                };
                if best
                    .as_ref()
                    .is_none_or(|best| best.strength() < login.strength())
                {
                    best = Some(login);
                }
            }
        }
        best.ok_or_else(|| LoginError {
            offered: if offered.is_empty() {
                "nothing readable".to_owned()
            } else {
                offered.join(", ").chars().take(200).collect()
            },
        })
    }

    /// The kind of login.
    pub fn scheme(&self) -> AuthScheme {
        match &self.client {
            Client::Basic(_) => AuthScheme::Basic,
            Client::Digest(digest) => match digest.algorithm() {
                Algorithm::Sha256 => AuthScheme::DigestSha256,
                Algorithm::Sha512Trunc256 => AuthScheme::DigestSha512Trunc256,
                _ => AuthScheme::DigestMd5,
            },
        }
    }

    /// Whether this offer only asks to sign again with a new nonce, after
    /// `earlier` had been accepted (`was_accepted`) or refused.
    pub(crate) fn is_renewal_of(&self, earlier: &Login, was_accepted: bool) -> bool {
        match (&self.client, &earlier.client) {
            (Client::Digest(new), Client::Digest(old)) => {
                // Some cameras let a nonce run out without saying `stale`.
                new.stale() || (was_accepted && new.nonce() != old.nonce())
            }
            _ => false,
        }
    }

    /// The `Authorization` header for a GET of `path`, exactly as sent.
    ///
    /// # Errors
    /// The nonce was used more often than it can count.
    pub fn sign(&mut self, credentials: &Credentials, path: &str) -> Result<String, LoginError> {
        let (user, password) = (&*credentials.user, credentials.password.expose());
        match &mut self.client {
            Client::Basic(basic) => Ok(basic.respond(user, password)),
            Client::Digest(digest) => {
                let params = params(user, password, path);
                digest
                    .respond(&params)
                    .map_err(|offered| LoginError { offered })
            }
        }
    }

    fn answer_to(mut challenge: ChallengeRef<'_>) -> Option<Login> {
        if challenge.scheme.eq_ignore_ascii_case("Basic") {
            // Without realm it is still clear what is wanted.
            if !has_param(&challenge, "realm") {
                challenge.params.push(("realm", ParamValue::new(0, "")));
            }
            let client = BasicClient::try_from(&challenge).ok()?;
            return Some(Login {
                client: Client::Basic(client),
            });
        }
        for (name, value) in &mut challenge.params {
            if name.eq_ignore_ascii_case("algorithm") {
                let typed = value.as_escaped();
                let known = ALGORITHMS
                    .iter()
                    .find(|known| known.eq_ignore_ascii_case(typed))?;
                *value = ParamValue::new(0, known);
            }
        }
        let client = DigestClient::try_from(&challenge).ok()?;
        (client.qop() & Qop::Auth).then_some(Login {
            client: Client::Digest(client),
        })
    }

    fn strength(&self) -> u8 {
        match self.scheme() {
            AuthScheme::Basic => 0,
            AuthScheme::DigestMd5 => 1,
            AuthScheme::DigestSha256 => 2,
            AuthScheme::DigestSha512Trunc256 => 3,
        }
    }
}

fn params<'a>(username: &'a str, password: &'a str, uri: &'a str) -> PasswordParams<'a> {
    PasswordParams {
        username,
        password,
        uri,
        method: "GET",
        // With a body, the library would prefer auth-int.
        body: None,
    }
}

fn has_param(challenge: &ChallengeRef<'_>, wanted: &str) -> bool {
    challenge
        .params
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
}

/// An offer in few words, for the message that it is not supported.
fn describe(challenge: &ChallengeRef<'_>) -> String {
    let mut words = challenge.scheme.to_owned();
    for (name, value) in &challenge.params {
        if ["algorithm", "qop"]
            .iter()
            .any(|wanted| name.eq_ignore_ascii_case(wanted))
        {
            words.push(' ');
            words.push_str(value.as_escaped());
        }
    }
    words
}

/// `header` with runs of blanks outside quotes made one, and blanks around
/// `=` and trailing commas removed, which the strict parser does not take.
fn tidy(header: &str) -> String {
    let mut tidy = String::with_capacity(header.len());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for character in header.chars().take(MAX_HEADER_BYTES) {
        let is_blank = character == ' ' || character == '\t';
        if !is_quoted && is_blank {
            if !tidy.is_empty() && !tidy.ends_with([' ', '=']) {
                tidy.push(' ');
            }
            continue;
        }
        if !is_quoted && character == '=' && tidy.ends_with(' ') {
            tidy.pop();
        }
        if is_quoted && is_escaped {
            is_escaped = false;
        } else if is_quoted && character == '\\' {
            is_escaped = true;
        } else if character == '"' {
            is_quoted = !is_quoted;
        }
        tidy.push(character);
    }
    tidy.truncate(tidy.trim_end_matches([' ', ',', ';']).len());
    tidy
}

#[cfg(test)]
mod tests;
