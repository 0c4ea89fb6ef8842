//! Who asks: the session cookie of a person or the token of a program, and what
//! its holder may do.
//!
//! Handlers name what they need as an argument: [`Viewer`] (signed in),
//! [`Watcher`] (signed in, for as long as the answer goes on), [`Editor`]
//! (administrator, and the request carries the CSRF token), [`Handler`]
//! (administrator or operator, with the CSRF token), [`Administrator`] (who only
//! reads), [`Oneself`] (a person who is signed in, with the CSRF token),
//! [`NodeReader`] (administrator, or another airelay). A handler without any of
//! them is open to everybody.
//!
//! A token (`tokens`) that may read is a viewer; one that may do everything is
//! an administrator, but never [`Oneself`]. It needs no CSRF token: no browser
//! sends it by itself.

use std::net::SocketAddr;
use std::time::Duration;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use sha2::{Digest as _, Sha256};
use store::Session;

use super::App;
use super::accounts::Role;
use super::error::{ApiError, ApiResult};
use super::tokens::{Bearer, Scope};

/// Name of the session cookie.
pub(super) const COOKIE: &str = "airelay_session";

/// Header that carries the CSRF token.
const CSRF_HEADER: &str = "x-csrf-token";

/// Longest cookie header that is read, bytes.
const MAX_COOKIE_BYTES: usize = 8_192;

/// Somebody who is signed in, or a program with any token.
#[derive(Debug)]
pub(super) struct Viewer {
    /// Name of the account; of a program, `token` and the token's name.
    pub(super) name: String,
}

/// An administrator whose page sent this request.
#[derive(Debug)]
pub(super) struct Editor {
    /// For settings revisions and the audit.
    pub(super) name: String,
}

/// Somebody who may handle alarms, and whose page sent this request.
#[derive(Debug)]
pub(super) struct Handler {
    /// For the history.
    pub(super) name: String,
}

/// Somebody who is signed in and changes what is his own.
#[derive(Debug)]
pub(super) struct Oneself(pub(super) Session);

/// Where a request comes from.
#[derive(Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

/// Somebody who is signed in and watches an endless answer.
#[derive(Debug)]
pub(super) struct Watcher {
    app: App,
    token_hash: [u8; 32],
    is_program: bool,
}

/// An endless answer goes on at most this long after its session ended: signed
/// out, expired, or the account was removed, switched off or has a new password;
/// or after its token was removed.
const WATCHES_ON_FOR: Duration = Duration::from_secs(10);

impl Watcher {
    /// Waits until the session is over.
    pub(super) async fn ended(self) {
        loop {
            tokio::time::sleep(WATCHES_ON_FOR).await;
            let (token_hash, now) = (self.token_hash, self.app.clock.now());
            let is_program = self.is_program;
            let goes_on = self.app.storage.read(move |reader| {
                Ok(match is_program {
                    true => reader.token(&token_hash, now)?.is_some(),
                    false => reader.session(&token_hash, now)?.is_some(),
                })
            });
            // Who cannot be asked about is believed until he can be.
            if matches!(goes_on.await, Ok(false)) {
                return;
            }
        }
    }
}

/// An administrator, or another airelay that fetches what happens here.
#[derive(Debug)]
pub(super) struct NodeReader;

/// An administrator who only reads.
#[derive(Debug)]
pub(super) struct Administrator;

/// Whoever may read `/metrics`: signed in, or on this machine.
#[derive(Debug)]
pub(super) struct Scraper;

/// The session of this request, if it has a valid one.
#[derive(Debug)]
pub(super) struct MaybeSession {
    /// Who.
    pub(super) session: Option<Session>,
    /// Hash of the cookie's token.
    pub(super) token_hash: Option<[u8; 32]>,
}

/// What the store keeps of a token.
pub(crate) fn hash_token(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// Refuses a request that another site's page could have made: it must carry
/// the session's token, or before sign-in at least the header, which browsers
/// send to other sites only after asking them.
pub(super) fn check_csrf(parts: &Parts, session: Option<&Session>) -> ApiResult<()> {
    let sent = parts
        .headers
        .get(CSRF_HEADER)
        .and_then(|value| value.to_str().ok());
    let is_right = match (sent, session) {
        (Some(sent), Some(session)) => hash_token(sent) == hash_token(&session.csrf_token),
        (Some(_), None) => true,
        (None, _) => false,
    };
    if is_right {
        Ok(())
    } else {
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "csrf",
            "the page is out of date: load it again (X-Csrf-Token is missing or old)",
        ))
    }
}

impl FromRequestParts<App> for MaybeSession {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let Some(token_hash) = session_token(parts).map(hash_token) else {
            return Ok(MaybeSession {
                session: None,
                token_hash: None,
            });
        };
        let now = app.clock.now();
        let session = app
            .storage
            .read(move |reader| reader.session(&token_hash, now))
            .await?;
        Ok(MaybeSession {
            session,
            token_hash: Some(token_hash),
        })
    }
}

/// Who made a request.
enum Caller {
    Person(Session),
    Program(Bearer),
}

impl Caller {
    async fn of(parts: &mut Parts, app: &App) -> ApiResult<Self> {
        match Bearer::of(parts, app).await? {
            Some(bearer) => Ok(Caller::Program(bearer)),
            None => person(parts, app).await.map(Caller::Person),
        }
    }

    fn name(self) -> String {
        match self {
            Caller::Person(session) => session.user_name,
            Caller::Program(bearer) => bearer.shown_name(),
        }
    }

    fn check_administrator(&self) -> ApiResult<()> {
        match self {
            Caller::Person(session) => check_administrator(session),
            Caller::Program(bearer) => bearer.check(Scope::Admin),
        }
    }

    /// That no other site's page made the request.
    fn check_csrf(&self, parts: &Parts) -> ApiResult<()> {
        match self {
            Caller::Person(session) => check_csrf(parts, Some(session)),
            Caller::Program(_) => Ok(()),
        }
    }
}

async fn person(parts: &mut Parts, app: &App) -> ApiResult<Session> {
    let found = MaybeSession::from_request_parts(parts, app).await?;
    found.session.ok_or_else(ApiError::sign_in_first)
}

impl FromRequestParts<App> for Viewer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::of(parts, app).await?;
        Ok(Viewer {
            name: caller.name(),
        })
    }
}

impl FromRequestParts<App> for NodeReader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        match Caller::of(parts, app).await? {
            Caller::Person(session) => check_administrator(&session)?,
            Caller::Program(bearer) => bearer.check(Scope::Node)?,
        }
        Ok(NodeReader)
    }
}

fn check_administrator(session: &Session) -> ApiResult<()> {
    if Role::from_name(&session.role) == Some(Role::Administrator) {
        return Ok(());
    }
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "not_allowed",
        "only an administrator may do this",
    ))
}

impl FromRequestParts<App> for Administrator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::of(parts, app).await?;
        caller.check_administrator().map(|()| Administrator)
    }
}

impl FromRequestParts<App> for Watcher {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if let Some(bearer) = Bearer::of(parts, app).await? {
            return Ok(Watcher {
                app: app.clone(),
                token_hash: bearer.token_hash,
                is_program: true,
            });
        }
        let found = MaybeSession::from_request_parts(parts, app).await?;
        match (found.session, found.token_hash) {
            (Some(_), Some(token_hash)) => Ok(Watcher {
                app: app.clone(),
                token_hash,
                is_program: false,
            }),
            _ => Err(ApiError::sign_in_first()),
        }
    }
}

impl FromRequestParts<App> for Peer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let ConnectInfo(peer) = ConnectInfo::<SocketAddr>::from_request_parts(parts, app)
            .await
            .map_err(|error| ApiError::bad_request(error.to_string()))?;
        Ok(Peer(peer))
    }
}

impl FromRequestParts<App> for Oneself {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        if Bearer::of(parts, app).await?.is_some() {
            return Err(ApiError::new(
                StatusCode::FORBIDDEN,
                "not_allowed",
                "only a person who signs in may do this, no token",
            ));
        }
        let session = person(parts, app).await?;
        check_csrf(parts, Some(&session))?;
        Ok(Oneself(session))
    }
}

impl FromRequestParts<App> for Editor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::of(parts, app).await?;
        caller.check_csrf(parts)?;
        caller.check_administrator()?;
        Ok(Editor {
            name: caller.name(),
        })
    }
}

impl FromRequestParts<App> for Handler {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let caller = Caller::of(parts, app).await?;
        caller.check_csrf(parts)?;
        match &caller {
            Caller::Program(bearer) => bearer.check(Scope::Admin)?,
            Caller::Person(session) => {
                if !Role::from_name(&session.role).is_some_and(Role::handles_alarms) {
                    return Err(ApiError::new(
                        StatusCode::FORBIDDEN,
                        "not_allowed",
                        "only an operator or administrator may handle alarms",
                    ));
                }
            }
        }
        Ok(Handler {
            name: caller.name(),
        })
    }
}

impl FromRequestParts<App> for Scraper {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        if peer.is_some_and(|peer| peer.0.ip().is_loopback()) {
            return Ok(Scraper);
        }
        Viewer::from_request_parts(parts, app)
            .await
            .map(|_| Scraper)
    }
}

/// Value of our cookie.
fn session_token(parts: &Parts) -> Option<&str> {
    parts
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter(|value| value.len() <= MAX_COOKIE_BYTES)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token)
}
