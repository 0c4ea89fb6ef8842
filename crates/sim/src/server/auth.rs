//! Logins as cameras ask for them: Basic and Digest (RFC 7617, RFC 7616).
//!
//! In: method, target and `Authorization` of a request, the time. Out: pass,
//! or the challenges to answer with.
//!
//! Time is handed in, so that nonces grow old in tests without waiting.
//!
//! Not here: HTTP around it (`client`).

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use md5::{Digest as _, Md5};
use sha2::Sha256;

/// What a camera asks of its visitors.
#[derive(Clone, Default, PartialEq)]
pub struct Auth {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
    /// Challenges, in the order they are sent; none: everybody may enter.
    pub schemes: Vec<Scheme>,
    /// Requests one nonce is good for; then it is stale. `None`: any number.
    pub nonce_uses: Option<u32>,
    /// How long a nonce is good for. `None`: for ever.
    pub nonce_lifetime: Option<Duration>,
    /// Wrong passwords after which everybody is refused. `None`: never.
    pub lock_after: Option<u32>,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("user", &self.user)
            .field("password", &"***")
            .field("schemes", &self.schemes)
            .finish_non_exhaustive()
    }
}

impl Auth {
    /// Everybody may enter.
    pub fn none() -> Self {
        Auth::default()
    }

    /// One user, one scheme, nonces for ever, no lock.
    pub fn new(user: &str, password: &str, scheme: Scheme) -> Self {
        Auth {
            user: user.to_owned(),
            password: password.to_owned(),
            schemes: vec![scheme],
            ..Auth::default()
        }
    }
}

/// One way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Password in Base64.
    Basic,
    /// Challenge and response.
    Digest {
        /// Hash.
        algorithm: Algorithm,
        /// Quality of protection.
        qop: Qop,
        /// Whether the algorithm's name is written, and how.
        spelling: Spelling,
    },
}

impl Scheme {
    /// Digest with MD5 and `qop="auth"`, as most cameras do it.
    pub const DIGEST: Scheme = Scheme::Digest {
        algorithm: Algorithm::Md5,
        qop: Qop::Auth,
        spelling: Spelling::Usual,
    };
}

/// Hash of a Digest login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// `MD5`.
    Md5,
    /// `MD5-sess`.
    Md5Sess,
    /// `SHA-256`.
    Sha256,
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "MD5",
            Algorithm::Md5Sess => "MD5-sess",
            Algorithm::Sha256 => "SHA-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Algorithm::Md5 | Algorithm::Md5Sess => hex(&Md5::digest(text.as_bytes())),
            Algorithm::Sha256 => hex(&Sha256::digest(text.as_bytes())),
        }
    }
}

/// Quality of protection of a Digest login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qop {
    /// No `qop`, as RFC 2069.
    None,
    /// `auth`.
    Auth,
    /// `auth-int` and nothing else.
    AuthInt,
}

impl Qop {
    const fn name(self) -> Option<&'static str> {
        match self {
            Qop::None => None,
            Qop::Auth => Some("auth"),
            Qop::AuthInt => Some("auth-int"),
        }
    }
}

/// How the algorithm is written in the challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// As in the RFC.
    Usual,
    /// In lower case.
    LowerCase,
    /// Not at all; only right for MD5.
    Absent,
}

/// What a request's login came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Come in.
    Pass,
    /// No login was tried: values for `WWW-Authenticate`.
    Challenge(Vec<String>),
    /// Right password, old nonce: new challenges.
    Stale(Vec<String>),
    /// Wrong: new challenges.
    Wrong(Vec<String>),
    /// Too many wrong ones before.
    Locked,
}

/// A camera's door keeper.
#[derive(Debug)]
pub(crate) struct Login {
    auth: Auth,
    realm: String,
    /// Seed of nonces, unknown to clients.
    secret: u64,
    n_nonces: u64,
    nonces: BTreeMap<String, Nonce>,
    n_wrong: u32,
}

#[derive(Debug)]
struct Nonce {
    issued: Duration,
    n_uses: u32,
    last_count: u32,
}

/// Most nonces that are remembered; the oldest goes first.
const MAX_NONCES: usize = 256;

impl Login {
    pub(crate) fn new(auth: Auth, secret: u64) -> Self {
        Login {
            auth,
            realm: "simulated camera".to_owned(),
            secret,
            n_nonces: 0,
            nonces: BTreeMap::new(),
            n_wrong: 0,
        }
    }

    /// Forgets wrong passwords.
    pub(crate) fn unlock(&mut self) {
        self.n_wrong = 0;
    }

    /// Takes another user and password; nonces stay.
    pub(crate) fn set_password(&mut self, password: &str) {
        password.clone_into(&mut self.auth.password);
    }

    /// Looks at one request. `now` is time since the camera started.
    pub(crate) fn check(
        &mut self,
        method: &str,
        target: &str,
        body: &[u8],
        authorization: Option<&str>,
        now: Duration,
    ) -> Verdict {
        if self.auth.schemes.is_empty() {
            return Verdict::Pass;
        }
        let Some(authorization) = authorization else {
            return Verdict::Challenge(self.challenges(now, false));
        };
        if self
            .auth
            .lock_after
            .is_some_and(|limit| self.n_wrong >= limit)
        {
            return Verdict::Locked;
        }
        let (name, rest) = authorization.split_once(' ').unwrap_or((authorization, ""));
        let outcome = if name.eq_ignore_ascii_case("basic") {
            self.check_basic(rest)
        } else if name.eq_ignore_ascii_case("digest") {
            self.check_digest(method, target, body, &parameters(rest), now)
        } else {
            Outcome::Wrong
        };
        match outcome {
            Outcome::Right => {
                self.n_wrong = 0;
                Verdict::Pass
            }
            Outcome::Stale => Verdict::Stale(self.challenges(now, true)),
            Outcome::Wrong => {
                self.n_wrong += 1;
                Verdict::Wrong(self.challenges(now, false))
            }
        }
    }

    fn check_basic(&self, value: &str) -> Outcome {
        let expected = format!("{}:{}", self.auth.user, self.auth.password);
        let decoded = base64::engine::general_purpose::STANDARD.decode(value.trim());
        let is_right = self.auth.schemes.contains(&Scheme::Basic)
            && decoded.is_ok_and(|text| text == expected.as_bytes());
        if is_right {
            Outcome::Right
        } else {
            Outcome::Wrong
        }
    }

    fn check_digest(
        &mut self,
        method: &str,
        target: &str,
        body: &[u8],
        given: &BTreeMap<String, String>,
        now: Duration,
    ) -> Outcome {
        let field = |name: &str| given.get(name).map_or("", String::as_str);
        let wanted = field("algorithm");
        let scheme = self.auth.schemes.iter().find_map(|scheme| match scheme {
            Scheme::Digest { algorithm, qop, .. } => {
                let is_it = if wanted.is_empty() {
                    *algorithm == Algorithm::Md5
                } else {
                    algorithm.name().eq_ignore_ascii_case(wanted)
                };
                is_it.then_some((*algorithm, *qop))
            }
            Scheme::Basic => None,
        });
        let Some((algorithm, qop)) = scheme else {
            return Outcome::Wrong;
        };
        if field("uri") != target
            || field("username") != self.auth.user
            || field("realm") != self.realm
        {
            return Outcome::Wrong;
        }
        if qop.name().is_some_and(|name| name != field("qop")) {
            return Outcome::Wrong;
        }
        let (nonce, cnonce) = (field("nonce"), field("cnonce"));
        let mut a1 = algorithm.hash(&format!(
            "{}:{}:{}",
            self.auth.user, self.realm, self.auth.password
        ));
        if algorithm == Algorithm::Md5Sess {
            a1 = algorithm.hash(&format!("{a1}:{nonce}:{cnonce}"));
        }
        let a2 = if qop == Qop::AuthInt {
            let entity = algorithm.hash(&String::from_utf8_lossy(body));
            algorithm.hash(&format!("{method}:{target}:{entity}"))
        } else {
            algorithm.hash(&format!("{method}:{target}"))
        };
        let expected = match qop.name() {
            None => algorithm.hash(&format!("{a1}:{nonce}:{a2}")),
            Some(qop) => {
                algorithm.hash(&format!("{a1}:{nonce}:{}:{cnonce}:{qop}:{a2}", field("nc")))
            }
        };
        if expected != field("response") {
            return Outcome::Wrong;
        }
        let count = u32::from_str_radix(field("nc"), 16).ok();
        self.use_nonce(nonce, qop, count, now)
    }

    /// The response is right; is its nonce still good?
    fn use_nonce(&mut self, nonce: &str, qop: Qop, count: Option<u32>, now: Duration) -> Outcome {
        let Some(state) = self.nonces.get_mut(nonce) else {
            return Outcome::Stale;
        };
        let is_old = self
            .auth
            .nonce_lifetime
            .is_some_and(|life| now.saturating_sub(state.issued) > life);
        let is_used_up = self
            .auth
            .nonce_uses
            .is_some_and(|limit| state.n_uses >= limit);
        if is_old || is_used_up {
            return Outcome::Stale;
        }
        if qop != Qop::None {
            // A count that does not grow is a replay.
            match count {
                Some(count) if count > state.last_count => state.last_count = count,
                Some(_) | None => return Outcome::Stale,
            }
        }
        state.n_uses += 1;
        Outcome::Right
    }

    fn challenges(&mut self, now: Duration, is_stale: bool) -> Vec<String> {
        let schemes = self.auth.schemes.clone();
        schemes
            .iter()
            .map(|scheme| match scheme {
                Scheme::Basic => format!("Basic realm=\"{}\"", self.realm),
                Scheme::Digest {
                    algorithm,
                    qop,
                    spelling,
                } => {
                    let nonce = self.new_nonce(now);
                    let mut text = format!("Digest realm=\"{}\", nonce=\"{nonce}\"", self.realm);
                    match spelling {
                        Spelling::Usual => {
                            text.push_str(&format!(", algorithm={}", algorithm.name()));
                        }
                        Spelling::LowerCase => text.push_str(&format!(
                            ", algorithm={}",
                            algorithm.name().to_ascii_lowercase()
                        )),
                        Spelling::Absent => {}
                    }
                    if let Some(qop) = qop.name() {
                        text.push_str(&format!(", qop=\"{qop}\""));
                    }
                    if is_stale {
                        text.push_str(", stale=true");
                    }
                    text
                }
            })
            .collect()
    }

    fn new_nonce(&mut self, now: Duration) -> String {
        self.n_nonces += 1;
        if self.nonces.len() >= MAX_NONCES {
            let oldest = self
                .nonces
                .iter()
                .min_by_key(|(_, nonce)| nonce.issued)
                .map(|(name, _)| name.clone());
            if let Some(oldest) = oldest {
                self.nonces.remove(&oldest);
            }
        }
        let hash = Sha256::digest(format!("{}:{}", self.secret, self.n_nonces).as_bytes());
        let nonce = hex(&hash[..16]);
        self.nonces.insert(
            nonce.clone(),
            Nonce {
                issued: now,
                n_uses: 0,
                last_count: 0,
            },
        );
        nonce
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Right,
    Stale,
    Wrong,
}

/// Splits `name="value", name=value`; names become lower case.
fn parameters(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let after = after.trim_start();
        let (value, next) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after
                .split_once(',')
                .map_or((after, ""), |(value, next)| (value.trim(), next)),
        };
        let name = name.trim_matches([' ', ',']).to_ascii_lowercase();
        found.insert(name, value.to_owned());
        rest = next.trim_start_matches([' ', ',']);
    }
    found
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
