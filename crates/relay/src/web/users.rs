//! Accounts for these pages: administrators add, change and remove them, and
//! everybody changes the own password.
//!
//! There is always an administrator who can sign in: the last one cannot be
//! removed, switched off or made an operator or viewer. Nobody does any of that to himself,
//! so that a slip locks nobody out.
//!
//! Not here: signing in and out (`accounts`), accounts of the camera protocols
//! (`device_accounts`).

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use store::{UserChange, UserId, UserRow};
use utoipa::ToSchema;

use super::App;
use super::accounts::{
    Role, SessionView, begin_session, check_account, hash_off_thread, refuse_locked, verify_sign_in,
};
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Administrator, Editor, Oneself, Peer};
use crate::settings::FieldErrors;

/// All accounts.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountList {
    /// By name.
    pub accounts: Vec<AccountView>,
}

/// An account; its password is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AccountView {
    /// Number of the account, never used again.
    pub id: i64,
    /// Name for signing in.
    pub name: String,
    /// administrator, operator or viewer.
    pub role: String,
    /// Whether it may sign in.
    pub is_enabled: bool,
    /// When it was made, UTC.
    pub created_at: String,
}

impl AccountView {
    fn new(user: UserRow) -> Self {
        AccountView {
            id: user.user_id.0,
            name: user.name,
            role: user.role,
            is_enabled: user.disabled_at.is_none(),
            created_at: user.created_at.to_string(),
        }
    }
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAccount {
    /// Name for signing in, 1 to 64 characters.
    pub name: String,
    /// administrator, operator or viewer.
    pub role: String,
    /// At least 10 characters.
    pub password: String,
}

/// What an account becomes; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountChange {
    /// administrator, operator or viewer.
    #[serde(default)]
    pub role: Option<String>,
    /// At least 10 characters; the account's sessions end.
    #[serde(default)]
    pub password: Option<String>,
    /// Whether it may sign in; its sessions end when not.
    #[serde(default)]
    pub is_enabled: Option<bool>,
}

/// Another password for oneself.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnPassword {
    /// The password that is in force.
    pub present: String,
    /// At least 10 characters.
    pub new: String,
}

/// Accounts for these pages. For administrators.
#[utoipa::path(get, path = "/api/v1/accounts", tag = "accounts",
    responses((status = 200, body = AccountList)))]
pub(super) async fn list(_: Administrator, State(app): State<App>) -> ApiResult<Json<AccountList>> {
    let users = app.storage.read(|reader| reader.list_users()).await?;
    Ok(Json(AccountList {
        accounts: users.into_iter().map(AccountView::new).collect(),
    }))
}

/// Makes an account.
#[utoipa::path(post, path = "/api/v1/accounts", tag = "accounts", request_body = NewAccount,
    responses((status = 201, body = AccountView), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    _: Oneself,
    State(app): State<App>,
    Body(new): Body<NewAccount>,
) -> ApiResult<(StatusCode, Json<AccountView>)> {
    let mut errors = check_account(&new.name, &new.password)
        .err()
        .unwrap_or_default();
    let role = read_role(&new.role, &mut errors);
    let Some(role) = role.filter(|_| errors.is_empty()) else {
        return Err(ApiError::fields(errors));
    };
    let hash = hash_off_thread(new.password).await?;
    let (name, now) = (new.name.clone(), app.clock.now());
    let made = app
        .storage
        .write(move |store| store.create_user(&name, &hash, role.name(), now))
        .await;
    let user_id = made.map_err(|error| match error.downcast_ref::<store::Error>() {
        Some(store::Error::Taken { .. }) => ApiError::fields(FieldErrors::one(
            "name",
            "there is already an account of this name",
        )),
        Some(store::Error::TooLarge { max, .. }) => {
            ApiError::bad_request(format!("more than {max} accounts, or bytes of a name"))
        }
        _ => error.into(),
    })?;
    let view = AccountView {
        id: user_id.0,
        name: new.name,
        role: role.name().to_owned(),
        is_enabled: true,
        created_at: now.to_string(),
    };
    let what = format!("added account {}", view.name);
    audit::note(&app, &editor.name, what, None, Some(&view)).await;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Changes an account: its role, its password, or whether it may sign in.
#[utoipa::path(put, path = "/api/v1/accounts/{id}", tag = "accounts",
    params(("id" = i64, Path, description = "Account id")), request_body = AccountChange,
    responses((status = 200, body = AccountView), (status = 404, body = super::error::ErrorBody),
        (status = 409, body = super::error::ErrorBody), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn change(
    editor: Editor,
    Oneself(me): Oneself,
    State(app): State<App>,
    Path(id): Path<i64>,
    Body(wanted): Body<AccountChange>,
) -> ApiResult<Json<AccountView>> {
    let before = find(&app, id).await?;
    let mut errors = wanted
        .password
        .as_ref()
        .and_then(|password| check_account(&before.name, password).err())
        .unwrap_or_default();
    let role = wanted
        .role
        .as_ref()
        .and_then(|role| read_role(role, &mut errors));
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let is_less =
        wanted.is_enabled == Some(false) || role.is_some_and(|role| role != Role::Administrator);
    if is_less && before.user_id == me.user_id {
        return Err(not_oneself());
    }
    if wanted.password.is_some() && before.user_id == me.user_id {
        return Err(ApiError::conflict(
            "change your own password with the present one: PUT /api/v1/session/password",
        ));
    }
    let has_password = wanted.password.is_some();
    let hash = match wanted.password {
        Some(password) => Some(hash_off_thread(password).await?),
        None => None,
    };
    let user_id = before.user_id;
    let now = app.clock.now();
    let changed = app
        .storage
        .write(move |store| {
            let change = UserChange {
                role: role.map(Role::name),
                password_hash: hash.as_deref(),
                disabled_at: wanted
                    .is_enabled
                    .map(|is_enabled| (!is_enabled).then_some(now)),
            };
            store.change_user(user_id, &change, Some(Role::Administrator.name()))
        })
        .await;
    changed.map_err(refusal)?;
    let after = AccountView::new(find(&app, id).await?);
    let what = if has_password {
        format!("set a new password for account {}", after.name)
    } else {
        format!("changed account {}", after.name)
    };
    let before = AccountView::new(before);
    audit::note(&app, &editor.name, what, Some(&before), Some(&after)).await;
    Ok(Json(after))
}

/// Removes an account; its sessions end.
#[utoipa::path(delete, path = "/api/v1/accounts/{id}", tag = "accounts",
    params(("id" = i64, Path, description = "Account id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody),
        (status = 409, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    Oneself(me): Oneself,
    State(app): State<App>,
    Path(id): Path<i64>,
) -> ApiResult<StatusCode> {
    let before = find(&app, id).await?;
    if before.user_id == me.user_id {
        return Err(not_oneself());
    }
    let user_id = before.user_id;
    let removed = app
        .storage
        .write(move |store| store.delete_user(user_id, Some(Role::Administrator.name())))
        .await;
    removed.map_err(refusal)?;
    let before = AccountView::new(before);
    let what = format!("removed account {}", before.name);
    audit::note(&app, &editor.name, what, Some(&before), None).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes the own password; all other sessions of the account end.
#[utoipa::path(put, path = "/api/v1/session/password", tag = "accounts", request_body = OwnPassword,
    responses((status = 200, body = SessionView), (status = 422, body = super::error::ErrorBody),
        (status = 429, body = super::error::ErrorBody)))]
pub(super) async fn change_own_password(
    Oneself(session): Oneself,
    State(app): State<App>,
    Peer(peer): Peer,
    Body(wanted): Body<OwnPassword>,
) -> ApiResult<Response> {
    check_account(&session.user_name, &wanted.new).map_err(|errors| {
        let mut renamed = FieldErrors::default();
        for (_, text) in errors.into_map() {
            renamed.add("new", text);
        }
        ApiError::fields(renamed)
    })?;
    refuse_locked(&app, &session.user_name, peer).await?;
    let user = verify_sign_in(&app, &session.user_name, wanted.present, peer).await?;
    let Some(user) = user else {
        let errors = FieldErrors::one("present", "this is not your present password");
        return Err(ApiError::fields(errors));
    };
    let hash = hash_off_thread(wanted.new).await?;
    app.storage
        .write(move |store| {
            let change = UserChange {
                password_hash: Some(&hash),
                ..UserChange::default()
            };
            store.change_user(user.user_id, &change, None)
        })
        .await?;
    let what = "changed the own password".to_owned();
    audit::note::<()>(&app, &user.name, what, None, None).await;
    begin_session(&app, user.user_id, user.name, &user.role, StatusCode::OK).await
}

async fn find(app: &App, id: i64) -> ApiResult<UserRow> {
    let users = app.storage.read(|reader| reader.list_users()).await?;
    users
        .into_iter()
        .find(|user| user.user_id == UserId(id))
        .ok_or_else(|| ApiError::not_found("no such account"))
}

fn read_role(text: &str, errors: &mut FieldErrors) -> Option<Role> {
    let role = Role::from_name(text);
    if role.is_none() {
        errors.add("role", "use administrator, operator or viewer");
    }
    role
}

fn not_oneself() -> ApiError {
    ApiError::conflict(
        "nobody removes, switches off or demotes himself: ask another administrator to do it",
    )
}

fn refusal(error: anyhow::Error) -> ApiError {
    match error.downcast_ref::<store::Error>() {
        Some(store::Error::NotFound { .. }) => ApiError::not_found("no such account"),
        Some(store::Error::LastOfRole { .. }) => ApiError::conflict(
            "no administrator who can sign in would be left: make another one first",
        ),
        _ => error.into(),
    }
}
