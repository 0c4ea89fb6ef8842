//! Who may come in by the protocols of cameras: CGI, ONVIF, RTSP.
//!
//! These protocols prove a password by hashing it with a challenge, so the
//! password itself must be known here; people who only use the web pages have
//! none of these accounts.
//!
//! In: a request's method, target and `Authorization` header, the time. Out:
//! the account, or what to answer.
//!
//! Not here: where accounts are kept, what each may do (`relay`).

use std::fmt;

mod digest;

pub use self::digest::{DigestGate, Verdict};

/// An account of the camera protocols.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// User name, as sent.
    pub name: String,
    /// Password, never shown.
    pub password: String,
    /// What it may do.
    pub level: Level,
}

/// What an account may do, by ONVIF's user levels; each may all that the ones
/// before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Look: pictures, events, settings without secrets.
    User,
    /// Also start, stop and adjust.
    Operator,
    /// Everything.
    Administrator,
}

impl Level {
    /// All levels, the least first.
    pub const ALL: [Level; 3] = [Level::User, Level::Operator, Level::Administrator];

    /// Name as in ONVIF's `tt:UserLevel`.
    pub const fn name(self) -> &'static str {
        match self {
            Level::User => "User",
            Level::Operator => "Operator",
            Level::Administrator => "Administrator",
        }
    }

    /// The level with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("password", &"***")
            .field("level", &self.level)
            .finish()
    }
}
