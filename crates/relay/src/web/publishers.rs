//! Publishers of programs to install over REST: whose packages are accepted.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use extension::PublicKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::error::ApiResult;
use super::input::Body;
use super::session::{Editor, Viewer};
use super::software::{note, off_thread};

/// Publishers whose packages are accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PublisherList {
    /// In the order of acceptance.
    pub publishers: Vec<PublisherView>,
}

/// A publisher whose packages are accepted.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PublisherView {
    /// As people call it.
    pub name: String,
    /// What its packages are checked by.
    pub key: String,
    /// The beginning of the key, for people who compare.
    pub fingerprint: String,
}

/// A publisher to accept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PublisherNew {
    /// `airelay-public-key:` and 64 digits.
    pub key: String,
    /// As people call it, 1 to 64 characters.
    pub name: String,
}

impl PublisherView {
    fn new(key: PublicKey, name: String) -> Self {
        PublisherView {
            name,
            key: key.to_string(),
            fingerprint: key.fingerprint(),
        }
    }
}

/// Publishers whose packages are accepted.
#[utoipa::path(get, path = "/api/v1/publishers", tag = "software",
    responses((status = 200, body = PublisherList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<PublisherList>> {
    let publishers = off_thread(&app, |desk| Ok(desk.publishers())).await?;
    let publishers = publishers.into_iter();
    Ok(Json(PublisherList {
        publishers: publishers
            .map(|(key, name)| PublisherView::new(key, name))
            .collect(),
    }))
}

/// Accepts packages of a publisher from now on.
#[utoipa::path(post, path = "/api/v1/publishers", tag = "software", request_body = PublisherNew,
    responses((status = 201, body = PublisherView), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    State(app): State<App>,
    Body(new): Body<PublisherNew>,
) -> ApiResult<(StatusCode, Json<PublisherView>)> {
    let name = new.name.clone();
    let key = off_thread(&app, move |desk| desk.trust(&new.key, &new.name)).await?;
    let view = PublisherView::new(key, name);
    let what = format!("accept publisher {}", view.fingerprint);
    note(&app, &editor.name, &what, None, Some(&view)).await;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Accepts no more packages of a publisher; what is installed stays.
#[utoipa::path(delete, path = "/api/v1/publishers/{fingerprint}", tag = "software",
    params(("fingerprint" = String, Path, description = "Beginning of its key")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(fingerprint): Path<String>,
) -> ApiResult<StatusCode> {
    let what = format!("refuse publisher {fingerprint}");
    let name = off_thread(&app, move |desk| desk.distrust(&fingerprint)).await?;
    note(&app, &editor.name, &what, Some(&name), None).await;
    Ok(StatusCode::NO_CONTENT)
}
