//! Bodies and queries of requests. As axum's own extractors, but what cannot
//! be read is answered like every other error: as JSON with a stable code.

use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use types::Timestamp;

use super::error::ApiError;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

/// What stands after the question mark.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let axum::Json(value) = axum::Json::from_request(request, state).await.map_err(
            |rejection: JsonRejection| unreadable(rejection.status(), rejection.body_text()),
        )?;
        Ok(Body(value))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let Query(value) = Query::from_request_parts(parts, state).await.map_err(
            |rejection: QueryRejection| unreadable(rejection.status(), rejection.body_text()),
        )?;
        Ok(Asked(value))
    }
}

/// Tells "absent" (`None`, by `default`) from "null" (`Some(None)`).
#[expect(
    clippy::option_option,
    reason = "absent, null and a value are three answers"
)]
pub(super) fn present<'de, T: serde::Deserialize<'de>, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    serde::Deserialize::deserialize(deserializer).map(Some)
}

/// A time as typed, where there may be none.
pub(super) fn opt_time(text: Option<&str>) -> Result<Option<Timestamp>, ApiError> {
    text.map(Timestamp::parse_rfc3339)
        .transpose()
        .map_err(|error| ApiError::bad_request(error.to_string()))
}

/// The times `from..until` as typed.
pub(super) fn times(from: &str, until: &str) -> Result<(Timestamp, Timestamp), ApiError> {
    let parse = |text: &str| {
        Timestamp::parse_rfc3339(text).map_err(|error| ApiError::bad_request(error.to_string()))
    };
    Ok((parse(from)?, parse(until)?))
}

fn unreadable(status: StatusCode, text: String) -> ApiError {
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        _ => "bad_request",
    };
    ApiError::new(status, code, text)
}
