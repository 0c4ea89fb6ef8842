//! Accounts: first set-up, sign in, sign out.
//!
//! There is no default password: the first start prints a link with a token
//! that makes the first administrator and works once. Wrong passwords lock the
//! name (and, more generously, the address) for a while.

use std::net::SocketAddr;
use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use axum::Json;
use axum::extract::{FromRequest as _, FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::{LockoutPolicy, NewSession, UserId, UserRow};
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{COOKIE, MaybeSession, Peer, check_csrf, hash_token};
use crate::secrets::random_token;
use crate::settings::FieldErrors;

/// A session ends this long after sign-in.
const SESSION_LASTS: Duration = Duration::from_secs(14 * 24 * 3_600);

/// Shortest password, characters (NIST SP 800-63B asks for at least 8).
const MIN_PASSWORD_CHARS: usize = 10;

/// Longest password, bytes: a bound on the work of hashing.
const MAX_PASSWORD_BYTES: usize = 1_024;

/// Wrong passwords per name.
const NAME_LOCKOUT: LockoutPolicy = LockoutPolicy {
    max_failures: 5,
    forget_after: Duration::from_secs(15 * 60),
    lock_for: Duration::from_secs(60),
};

/// Wrong passwords per address: many people may share one.
const ADDRESS_LOCKOUT: LockoutPolicy = LockoutPolicy {
    max_failures: 30,
    forget_after: Duration::from_secs(15 * 60),
    lock_for: Duration::from_secs(60),
};

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Everything.
    Administrator,
    /// Look at everything, handle alarms, change no settings.
    Operator,
    /// Look at everything, change nothing.
    Viewer,
}

impl Role {
    /// Lower-case name, as in JSON and the store.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Role::Administrator => "administrator",
            Role::Operator => "operator",
            Role::Viewer => "viewer",
        }
    }

    /// The role with this [`name`](Self::name).
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Role::Administrator, Role::Operator, Role::Viewer]
            .into_iter()
            .find(|role| role.name() == name)
    }

    /// Whether it may handle alarms.
    pub(crate) const fn handles_alarms(self) -> bool {
        matches!(self, Role::Administrator | Role::Operator)
    }
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionView {
    /// No account exists yet: open the set-up link that the program printed.
    pub setup_required: bool,
    /// Who is signed in.
    pub user: Option<UserView>,
    /// To be sent as X-Csrf-Token.
    pub csrf_token: String,
    /// Version of the program.
    pub version: &'static str,
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UserView {
    /// Name for signing in.
    pub name: String,
    /// administrator, operator or viewer.
    pub role: String,
}

/// The first account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Setup {
    /// From the set-up link.
    pub token: String,
    /// Name for signing in.
    pub name: String,
    /// At least 10 characters.
    pub password: String,
}

/// A sign-in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignIn {
    /// Name of the account.
    pub name: String,
    /// Its password.
    pub password: String,
}

/// Who is signed in, if anybody.
#[utoipa::path(get, path = "/api/v1/session", tag = "accounts",
    responses((status = 200, body = SessionView)))]
pub(super) async fn session(
    State(app): State<App>,
    found: MaybeSession,
) -> ApiResult<Json<SessionView>> {
    let setup_required = app.storage.read(|reader| reader.n_users()).await? == 0;
    Ok(Json(match found.session {
        Some(session) => SessionView {
            setup_required,
            user: Some(UserView {
                name: session.user_name,
                role: session.role,
            }),
            csrf_token: session.csrf_token,
            version: env!("CARGO_PKG_VERSION"),
        },
        None => SessionView {
            setup_required,
            user: None,
            // Before sign-in any value does: see `check_csrf`.
            csrf_token: "anonymous".to_owned(),
            version: env!("CARGO_PKG_VERSION"),
        },
    }))
}

/// Makes the first administrator and signs him in.
#[utoipa::path(post, path = "/api/v1/setup", tag = "accounts", request_body = Setup,
    responses((status = 201, body = SessionView), (status = 403, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn setup(State(app): State<App>, request: Request) -> ApiResult<Response> {
    let (setup, _) = read_anonymous::<Setup>(&app, request).await?;
    check_account(&setup.name, &setup.password).map_err(ApiError::fields)?;
    let password_hash = hash_off_thread(setup.password).await?;
    let now = app.clock.now();
    let (name, token_hash) = (setup.name.clone(), hash_token(setup.token.trim()));
    let made = app
        .storage
        .write(move |store| {
            let role = Role::Administrator.name();
            store.complete_setup(&token_hash, &name, &password_hash, role, now)
        })
        .await;
    let user_id = made.map_err(|error| match error.downcast_ref::<store::Error>() {
        Some(store::Error::SetupRefused { .. }) => ApiError::new(
            StatusCode::FORBIDDEN,
            "setup_refused",
            "this set-up link was used or is too old: start airelay again and open the link it prints",
        ),
        _ => error.into(),
    })?;
    let what = format!("made the first account {}", setup.name);
    audit::note::<()>(&app, &setup.name, what, None, None).await;
    begin_session(
        &app,
        user_id,
        setup.name,
        Role::Administrator.name(),
        StatusCode::CREATED,
    )
    .await
}

/// Signs in.
#[utoipa::path(post, path = "/api/v1/session", tag = "accounts", request_body = SignIn,
    responses((status = 200, body = SessionView), (status = 401, body = super::error::ErrorBody),
        (status = 429, body = super::error::ErrorBody)))]
pub(super) async fn sign_in(State(app): State<App>, request: Request) -> ApiResult<Response> {
    let (sign_in, peer) = read_anonymous::<SignIn>(&app, request).await?;
    refuse_locked(&app, &sign_in.name, peer).await?;
    let user = verify_sign_in(&app, &sign_in.name, sign_in.password, peer).await?;
    let user = user.ok_or_else(|| {
        ApiError::new(
            StatusCode::UNAUTHORIZED,
            "bad_login",
            "wrong name or password",
        )
    })?;
    begin_session(&app, user.user_id, user.name, &user.role, StatusCode::OK).await
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", tag = "accounts", responses((status = 204)))]
pub(super) async fn sign_out(
    State(app): State<App>,
    found: MaybeSession,
    request: Request,
) -> ApiResult<Response> {
    let (parts, _) = request.into_parts();
    check_csrf(&parts, found.session.as_ref())?;
    if let Some(token_hash) = found.token_hash {
        app.storage
            .write(move |store| store.delete_session(&token_hash))
            .await?;
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(response.headers_mut(), &app, "", Duration::ZERO)?;
    Ok(response)
}

/// Body and peer of a request that needs no session.
async fn read_anonymous<T: DeserializeOwned>(
    app: &App,
    request: Request,
) -> ApiResult<(T, SocketAddr)> {
    let (mut parts, body) = request.into_parts();
    check_csrf(&parts, None)?;
    let Peer(peer) = Peer::from_request_parts(&mut parts, app).await?;
    let request = Request::from_parts(parts, body);
    let Body(value) = Body::<T>::from_request(request, app).await?;
    Ok((value, peer))
}

/// What wrong passwords are counted under.
fn lock_keys(name: &str, peer: SocketAddr) -> [(String, LockoutPolicy); 2] {
    [
        (format!("name:{}", name.to_lowercase()), NAME_LOCKOUT),
        (format!("address:{}", peer.ip()), ADDRESS_LOCKOUT),
    ]
}

/// Refuses to look at a password after too many wrong ones.
pub(super) async fn refuse_locked(app: &App, name: &str, peer: SocketAddr) -> ApiResult<()> {
    let now = app.clock.now();
    for (key, _) in lock_keys(name, peer) {
        let locked = app
            .storage
            .read(move |reader| reader.login_lock(&key, now))
            .await?;
        if let Some(until) = locked {
            return Err(ApiError::locked(until.saturating_since(now).as_secs() + 1));
        }
    }
    Ok(())
}

/// The account if the password fits; a wrong one is counted, and an error once
/// there were too many.
pub(super) async fn verify_sign_in(
    app: &App,
    name: &str,
    password: String,
    peer: SocketAddr,
) -> ApiResult<Option<UserRow>> {
    let name = name.to_owned();
    let keys = lock_keys(&name, peer);
    let user = app.storage.read(move |reader| reader.user(&name)).await?;
    let user = user.filter(|user| user.disabled_at.is_none());
    let stored_hash = user.as_ref().map(|user| user.password_hash.clone());
    let is_right = verify_off_thread(password, stored_hash).await?;
    let Some(user) = user.filter(|_| is_right) else {
        tracing::warn!(peer = %peer.ip(), "wrong name or password");
        note_failure(app, keys).await?;
        return Ok(None);
    };
    let [(name_key, _), _] = keys;
    app.storage
        .write(move |store| store.clear_login_failures(&name_key))
        .await?;
    Ok(Some(user))
}

async fn note_failure(app: &App, keys: [(String, LockoutPolicy); 2]) -> ApiResult<()> {
    let now = app.clock.now();
    let mut locked_until = None;
    for (key, policy) in keys {
        let state = app
            .storage
            .write(move |store| store.record_login_failure(&key, &policy, now))
            .await?;
        locked_until = locked_until.max(state.locked_until);
    }
    match locked_until {
        Some(until) => Err(ApiError::locked(until.saturating_since(now).as_secs() + 1)),
        None => Ok(()),
    }
}

pub(super) async fn begin_session(
    app: &App,
    user_id: UserId,
    name: String,
    role: &str,
    status: StatusCode,
) -> ApiResult<Response> {
    let token = random_token()?;
    let csrf_token = random_token()?;
    let now = app.clock.now();
    let session = NewSession {
        token_hash: hash_token(&token),
        user_id,
        csrf_token: csrf_token.clone(),
        now,
        expires_at: now.saturating_add(SESSION_LASTS),
    };
    app.storage
        .write(move |store| store.create_session(&session))
        .await?;
    tracing::info!(name, "signed in");
    let view = SessionView {
        setup_required: false,
        user: Some(UserView {
            name,
            role: role.to_owned(),
        }),
        csrf_token,
        version: env!("CARGO_PKG_VERSION"),
    };
    let mut response = (status, Json(view)).into_response();
    set_cookie(response.headers_mut(), app, &token, SESSION_LASTS)?;
    Ok(response)
}

fn set_cookie(
    headers: &mut HeaderMap,
    app: &App,
    token: &str,
    lasts: Duration,
) -> anyhow::Result<()> {
    let secure = if app.facts.is_tls { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={token}; HttpOnly; SameSite=Strict; Path=/; Max-Age={}{secure}",
        lasts.as_secs()
    );
    headers.insert(header::SET_COOKIE, HeaderValue::from_str(&cookie)?);
    Ok(())
}

/// Checks name and password of a new account.
pub(crate) fn check_account(name: &str, password: &str) -> Result<(), FieldErrors> {
    let mut errors = FieldErrors::default();
    let n_chars = name.chars().count();
    if !(1..=64).contains(&n_chars) || name.trim() != name || name.chars().any(char::is_control) {
        errors.add("name", "use 1 to 64 characters without blanks at the ends");
    }
    let n_chars = password.chars().count();
    if n_chars < MIN_PASSWORD_CHARS {
        errors.add(
            "password",
            format!("{n_chars} characters: use at least {MIN_PASSWORD_CHARS}"),
        );
    } else if password.len() > MAX_PASSWORD_BYTES {
        errors.add(
            "password",
            format!("use at most {MAX_PASSWORD_BYTES} bytes"),
        );
    }
    if errors.is_empty() {
        Ok(())
    } else {
        Err(errors)
    }
}

/// Argon2id with the library's defaults (19 MiB, two passes: OWASP's first
/// recommendation), about 30 ms: not for async threads.
///
/// # Errors
/// The system gives no random numbers.
pub(crate) fn hash_password(password: &str) -> anyhow::Result<String> {
    Argon2::default()
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|error| anyhow::anyhow!("hash password: {error}"))
}

pub(super) async fn hash_off_thread(password: String) -> anyhow::Result<String> {
    tokio::task::spawn_blocking(move || hash_password(&password)).await?
}

/// Whether the password fits; takes as long when there is no such account.
async fn verify_off_thread(password: String, stored: Option<String>) -> anyhow::Result<bool> {
    let verify = move || {
        let bytes = password.as_bytes();
        if bytes.len() > MAX_PASSWORD_BYTES {
            return false;
        }
        match stored.as_deref().map(PasswordHash::new) {
            Some(Ok(hash)) => Argon2::default().verify_password(bytes, &hash).is_ok(),
            _ => {
                drop(Argon2::default().hash_password(bytes));
                false
            }
        }
    };
    Ok(tokio::task::spawn_blocking(verify).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_with_short_password_or_odd_name_is_refused() {
        assert!(check_account("anna", "long enough").is_ok());
        for (name, password) in [
            ("anna", "short"),
            ("", "long enough"),
            (" anna", "long enough"),
            ("an\nna", "long enough"),
        ] {
            assert!(check_account(name, password).is_err(), "{name:?}");
        }
    }

    #[tokio::test]
    async fn password_fits_its_own_hash_only() {
        let hash = hash_password("correct horse").unwrap();
        for (password, stored, expected) in [
            ("correct horse", Some(&hash), true),
            ("wrong horse", Some(&hash), false),
            ("correct horse", None, false),
        ] {
            let actual = verify_off_thread(password.to_owned(), stored.cloned())
                .await
                .unwrap();
            assert_eq!(actual, expected, "{password}");
        }
    }
}
