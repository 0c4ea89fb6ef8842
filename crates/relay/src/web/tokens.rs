//! Tokens by which programs speak to airelay: administrators make and remove
//! them, a program sends one as `Authorization: Bearer airl_...`.
//!
//! A token is shown once, when it is made: only its hash is kept. It may do what
//! its scopes say, never more than its maker, and never touch accounts or other
//! tokens, so that a token that leaks cannot outlive its removal.
//!
//! Not here: what a handler asks for (`session`).

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use store::{MAX_TOKENS, NewToken, TokenId, TokenRow};
use types::Timestamp;
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Administrator, Editor, Oneself, hash_token};
use crate::secrets::random_token;
use crate::settings::FieldErrors;

/// How every token begins: so that scanners for secrets know one.
const PREFIX: &str = "airl_";

/// Longest header that is read, bytes.
const MAX_HEADER_BYTES: usize = 512;

/// Longest life of a token that ends, days.
const MAX_DAYS: u32 = 3_650;

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// See what a viewer sees: live pictures, events, counts.
    Read,
    /// Also fetch everything that happens, as another airelay does.
    Node,
    /// Everything that an administrator may, but accounts and tokens.
    Admin,
}

impl Scope {
    const ALL: [Scope; 3] = [Scope::Read, Scope::Node, Scope::Admin];

    const fn name(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Node => "node",
            Scope::Admin => "admin",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A program that showed a valid token.
#[derive(Debug)]
pub(super) struct Bearer {
    /// SHA-256 of the token.
    pub(super) token_hash: [u8; 32],
    token: TokenRow,
}

impl Bearer {
    /// The token of a request; `None` when it shows none.
    ///
    /// # Errors
    /// It shows one that is worth nothing, or the store cannot be read.
    pub(super) async fn of(parts: &Parts, app: &App) -> ApiResult<Option<Self>> {
        let Some(text) = shown(parts) else {
            return Ok(None);
        };
        let (token_hash, now) = (hash_token(text), app.clock.now());
        let found = app
            .storage
            .read(move |reader| reader.token(&token_hash, now))
            .await?;
        let token = found.ok_or_else(|| {
            ApiError::new(
                StatusCode::UNAUTHORIZED,
                "bad_token",
                "this token is not known here: it was removed, has expired, or was cut short; \
                 an administrator makes a new one under Settings, API tokens",
            )
        })?;
        if token.is_use_news(now) {
            let token_id = token.token_id;
            let noted = app
                .storage
                .write(move |store| store.note_token_use(token_id, now));
            // With a full disk tokens still work.
            if let Err(error) = noted.await {
                tracing::debug!(error = %format!("{error:#}"), "use of a token not noted");
            }
        }
        Ok(Some(Bearer { token_hash, token }))
    }

    /// How settings, audit and history call the program.
    pub(super) fn shown_name(&self) -> String {
        format!("token {}", self.token.name)
    }

    /// Whether the token may do what `scope` is for.
    ///
    /// # Errors
    /// It may not; says which scope it has and which it needs.
    pub(super) fn check(&self, scope: Scope) -> ApiResult<()> {
        let mut has = self.token.scopes.split(' ').filter_map(Scope::from_name);
        if has.any(|has| has == scope || has == Scope::Admin) {
            return Ok(());
        }
        Err(ApiError::new(
            StatusCode::FORBIDDEN,
            "not_allowed",
            format!(
                "the token {:?} has the scope {}, this needs {}",
                self.token.name,
                self.token.scopes.replace(' ', ", "),
                scope.name()
            ),
        ))
    }
}

/// What stands behind `Bearer`.
fn shown(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?;
    let text = value.to_str().ok()?;
    let (scheme, token) = text.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && text.len() <= MAX_HEADER_BYTES).then(|| token.trim())
}

/// All tokens.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenList {
    /// The newest first.
    pub tokens: Vec<TokenView>,
}

/// A token; what it is, is never shown again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenView {
    /// Number of the token, never used again.
    pub id: i64,
    /// As people call it.
    pub name: String,
    /// read, node, admin.
    pub scopes: Vec<String>,
    /// Account that made it.
    pub created_by: String,
    /// When it was made, UTC.
    pub created_at: String,
    /// When it ends by itself, UTC.
    pub expires_at: Option<String>,
    /// Whether it has ended.
    pub is_expired: bool,
    /// When it was last used, UTC, to the minute.
    pub last_used_at: Option<String>,
}

/// A token to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenNew {
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// read, node, admin; at least one.
    pub scopes: Vec<String>,
    /// Days after which it ends by itself, 1 to 3650; absent: never.
    #[serde(default)]
    pub expires_in_days: Option<u32>,
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenMade {
    /// To be sent as `Authorization: Bearer`; shown this once.
    pub token: String,
    /// What is kept of it.
    pub view: TokenView,
}

impl TokenView {
    fn new(row: TokenRow, now: Timestamp) -> Self {
        TokenView {
            id: row.token_id.0,
            name: row.name,
            scopes: row.scopes.split(' ').map(str::to_owned).collect(),
            created_by: row.created_by,
            created_at: row.created_at.to_string(),
            is_expired: row.expires_at.is_some_and(|at| at <= now),
            expires_at: row.expires_at.map(|at| at.to_string()),
            last_used_at: row.last_used_at.map(|at| at.to_string()),
        }
    }
}

/// Tokens of programs. For administrators.
#[utoipa::path(get, path = "/api/v1/tokens", tag = "accounts",
    responses((status = 200, body = TokenList)))]
pub(super) async fn list(_: Administrator, State(app): State<App>) -> ApiResult<Json<TokenList>> {
    let tokens = app.storage.read(|reader| reader.list_tokens()).await?;
    let now = app.clock.now();
    Ok(Json(TokenList {
        tokens: tokens
            .into_iter()
            .map(|token| TokenView::new(token, now))
            .collect(),
    }))
}

/// Makes a token; the answer is the only one that shows it.
#[utoipa::path(post, path = "/api/v1/tokens", tag = "accounts", request_body = TokenNew,
    responses((status = 201, body = TokenMade), (status = 403, body = super::error::ErrorBody),
        (status = 409, body = super::error::ErrorBody), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    _: Oneself,
    State(app): State<App>,
    Body(new): Body<TokenNew>,
) -> ApiResult<(StatusCode, Json<TokenMade>)> {
    let scopes = check(&new).map_err(ApiError::fields)?;
    let token = format!("{PREFIX}{}", random_token()?);
    let now = app.clock.now();
    let days = |days: u32| Duration::from_hours(24 * u64::from(days));
    let row = NewToken {
        name: new.name,
        token_hash: hash_token(&token),
        scopes,
        created_by: editor.name.clone(),
        expires_at: new
            .expires_in_days
            .map(|n_days| now.saturating_add(days(n_days))),
        now,
    };
    let made = app
        .storage
        .write(move |store| store.create_token(&row))
        .await;
    let made = made.map_err(|error| match error.downcast_ref::<store::Error>() {
        Some(store::Error::TooLarge { .. }) => ApiError::conflict(format!(
            "{MAX_TOKENS} tokens are the most: remove those that nobody uses"
        )),
        _ => error.into(),
    })?;
    let view = TokenView::new(made, now);
    let what = format!("made token {}", view.name);
    audit::note(&app, &editor.name, what, None, Some(&view)).await;
    Ok((StatusCode::CREATED, Json(TokenMade { token, view })))
}

/// Removes a token, which is worth nothing from then on.
#[utoipa::path(delete, path = "/api/v1/tokens/{id}", tag = "accounts",
    params(("id" = i64, Path, description = "Token id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    _: Oneself,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> ApiResult<StatusCode> {
    let tokens = app.storage.read(|reader| reader.list_tokens()).await?;
    let before = tokens.into_iter().find(|token| token.token_id.0 == id);
    let before = before.ok_or_else(|| ApiError::not_found("no such token"))?;
    remove_as(&app, &editor.name, before).await
}

/// Removes the token that this very request shows: for programs that are done.
#[utoipa::path(delete, path = "/api/v1/tokens/own", tag = "accounts",
    responses((status = 204), (status = 401, body = super::error::ErrorBody)))]
pub(super) async fn remove_own(State(app): State<App>, parts: Parts) -> ApiResult<StatusCode> {
    let bearer = Bearer::of(&parts, &app).await?;
    let bearer = bearer.ok_or_else(|| {
        ApiError::new(
            StatusCode::UNAUTHORIZED,
            "bad_token",
            "send the token that is to be removed as Authorization: Bearer",
        )
    })?;
    let who = bearer.shown_name();
    remove_as(&app, &who, bearer.token).await
}

async fn remove_as(app: &App, who: &str, before: TokenRow) -> ApiResult<StatusCode> {
    let token_id: TokenId = before.token_id;
    app.storage
        .write(move |store| store.delete_token(token_id))
        .await?;
    let before = TokenView::new(before, app.clock.now());
    let what = format!("removed token {}", before.name);
    audit::note(app, who, what, Some(&before), None).await;
    Ok(StatusCode::NO_CONTENT)
}

/// The scopes as they are stored.
fn check(new: &TokenNew) -> Result<String, FieldErrors> {
    let mut errors = FieldErrors::default();
    let n_chars = new.name.chars().count();
    let is_odd = new.name.trim() != new.name || new.name.chars().any(char::is_control);
    if !(1..=64).contains(&n_chars) || is_odd {
        errors.add("name", "use 1 to 64 characters without blanks at the ends");
    }
    if let Some(odd) = new
        .scopes
        .iter()
        .find(|name| Scope::from_name(name).is_none())
    {
        errors.add("scopes", format!("{odd:?} is none of read, node and admin"));
    } else if new.scopes.is_empty() {
        errors.add("scopes", "choose at least one of read, node and admin");
    }
    if new
        .expires_in_days
        .is_some_and(|days| !(1..=MAX_DAYS).contains(&days))
    {
        errors.add("expires_in_days", format!("use 1 to {MAX_DAYS} days"));
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let scopes = Scope::ALL.into_iter().map(Scope::name);
    let chosen: Vec<&str> = scopes
        .filter(|name| new.scopes.iter().any(|scope| scope == name))
        .collect();
    Ok(chosen.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str, scopes: &[&str], days: Option<u32>) -> TokenNew {
        TokenNew {
            name: name.to_owned(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            expires_in_days: days,
        }
    }

    #[test]
    fn scopes_are_stored_in_one_order_and_once() {
        let scopes = check(&new("a", &["node", "read", "node"], None));
        assert_eq!(scopes.as_deref(), Ok("read node"));
    }

    #[test]
    fn token_that_makes_no_sense_is_refused_by_field() {
        for (token, field) in [
            (new("", &["read"], None), "name"),
            (new(" a", &["read"], None), "name"),
            (new("a\n", &["read"], None), "name"),
            (new(&"x".repeat(65), &["read"], None), "name"),
            (new("a", &[], None), "scopes"),
            (new("a", &["read", "king"], None), "scopes"),
            (new("a", &["read"], Some(0)), "expires_in_days"),
            (new("a", &["read"], Some(3_651)), "expires_in_days"),
        ] {
            let errors = check(&token).unwrap_err().into_map();
            assert_eq!(errors.keys().collect::<Vec<_>>(), [field], "{token:?}");
        }
    }
}
