//! Accounts of the camera protocols (CGI, ONVIF, RTSP) over REST.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use sink::access::Level;
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Administrator, Editor};

/// All accounts of the camera protocols.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceAccountList {
    /// By name.
    pub accounts: Vec<DeviceAccountView>,
}

/// An account of the camera protocols; its password is never shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DeviceAccountView {
    /// User name.
    pub name: String,
    /// User, Operator or Administrator, as ONVIF calls them.
    pub level: &'static str,
}

/// What an account becomes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceAccountInput {
    /// User, Operator or Administrator.
    pub level: String,
    /// 8 to 64 characters; absent keeps the present one.
    #[serde(default)]
    pub password: Option<String>,
}

/// Accounts of the camera protocols.
#[utoipa::path(get, path = "/api/v1/device_accounts", tag = "accounts",
    responses((status = 200, body = DeviceAccountList)))]
pub(super) async fn list(_: Administrator, State(app): State<App>) -> Json<DeviceAccountList> {
    let accounts = app.device_accounts.list().into_iter();
    Json(DeviceAccountList {
        accounts: accounts
            .map(|(name, level)| DeviceAccountView {
                name,
                level: level.name(),
            })
            .collect(),
    })
}

/// Makes or changes an account.
#[utoipa::path(put, path = "/api/v1/device_accounts/{name}", tag = "accounts",
    params(("name" = String, Path, description = "User name")), request_body = DeviceAccountInput,
    responses((status = 200, body = DeviceAccountView), (status = 201, body = DeviceAccountView),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn put(
    editor: Editor,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(input): Body<DeviceAccountInput>,
) -> ApiResult<(StatusCode, Json<DeviceAccountView>)> {
    let level = Level::from_name(&input.level)
        .ok_or_else(|| ApiError::bad_request("level: use User, Operator or Administrator"))?;
    let is_new = app
        .device_accounts
        .put(&name, level, input.password.as_deref(), &editor.name)
        .await?
        .map_err(ApiError::fields)?;
    let (status, verb) = if is_new {
        (StatusCode::CREATED, "add")
    } else {
        (StatusCode::OK, "change")
    };
    let view = DeviceAccountView {
        name,
        level: level.name(),
    };
    let what = format!("{verb} device account {}", view.name);
    audit::note(&app, &editor.name, what, None, Some(&view)).await;
    Ok((status, Json(view)))
}

/// Removes an account.
#[utoipa::path(delete, path = "/api/v1/device_accounts/{name}", tag = "accounts",
    params(("name" = String, Path, description = "User name")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(name): Path<String>,
) -> ApiResult<StatusCode> {
    if !app.device_accounts.remove(&name, &editor.name).await? {
        return Err(ApiError::not_found("no such account"));
    }
    let what = format!("remove device account {name}");
    audit::note::<()>(&app, &editor.name, what, None, None).await;
    Ok(StatusCode::NO_CONTENT)
}
