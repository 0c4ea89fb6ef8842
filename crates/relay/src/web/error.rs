//! Errors as REST clients see them.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::settings::FieldErrors;

/// What went wrong, in words a person can act on.
#[derive(Debug)]
pub(super) struct ApiError {
    status: StatusCode,
    body: ErrorDetail,
    retry_after_s: Option<u64>,
}

/// Body of every error answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ErrorDetail {
    /// Stable name, for programs.
    pub code: &'static str,
    /// What was tried, what came back, what to do.
    pub message: String,
    /// Which fields cannot be used, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
    /// Seconds to wait before another try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// What a handler answers.
pub(super) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// An error with this status.
    pub(super) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        ApiError {
            status,
            body: ErrorDetail {
                code,
                message: message.into(),
                fields: BTreeMap::new(),
                retry_after_s: None,
            },
            retry_after_s: None,
        }
    }

    /// 400: the request cannot be understood.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    /// 401: nobody is signed in.
    pub(super) fn sign_in_first() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "sign_in", "sign in first")
    }

    /// 404: there is no such thing.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// 409: somebody else was quicker.
    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", message)
    }

    /// 502: another system did not do its part.
    pub(super) fn bad_gateway(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "bad_gateway", message)
    }

    /// What went wrong, in words.
    pub(super) fn message(&self) -> &str {
        &self.body.message
    }

    /// 422: fields that cannot be used.
    pub(super) fn fields(errors: FieldErrors) -> Self {
        let mut error = Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid_fields",
            format!("cannot use these settings: {errors}"),
        );
        error.body.fields = errors.into_map();
        error
    }

    /// 429: too many tries.
    pub(super) fn locked(retry_after_s: u64) -> Self {
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "locked",
            format!("too many wrong passwords: try again in {retry_after_s} s"),
        );
        error.body.retry_after_s = Some(retry_after_s);
        error.retry_after_s = Some(retry_after_s);
        error
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(ErrorBody { error: self.body })).into_response();
        if let Some(seconds) = self.retry_after_s {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Anything else: ours to mend. The text goes to the log and to the person,
/// since it never holds a secret.
impl From<anyhow::Error> for ApiError {
    fn from(error: anyhow::Error) -> Self {
        let message = format!("{error:#}");
        if let Some(store::Error::DiskFull { .. } | store::Error::DiskFailed { .. }) =
            error.downcast_ref()
        {
            tracing::warn!(error = message, "request refused");
            return Self::new(StatusCode::INSUFFICIENT_STORAGE, "disk_full", message);
        }
        tracing::error!(error = message, "request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }
}
