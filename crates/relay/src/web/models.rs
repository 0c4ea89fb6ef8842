//! Detectors over REST: what can be chosen, and the choice.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Editor, Viewer};
use crate::detector::DetectorDesk;

/// Detectors that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelList {
    /// Built-in first, then installed ones by name, then none.
    pub models: Vec<ModelView>,
    /// Manifest named in the settings file or on the command line: nothing can
    /// be chosen then.
    pub fixed: Option<String>,
}

/// A detector that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelView {
    /// By which it is chosen; `built-in` and `none` always are there.
    pub name: String,
    /// As it calls itself.
    pub title: String,
    /// Licence in its manifest.
    pub licence: String,
    /// Whether it is the chosen one.
    pub is_chosen: bool,
}

/// A choice.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelUse {
    /// Which model.
    pub name: String,
}

/// Detectors that can be chosen; `airelay model add` installs more.
#[utoipa::path(get, path = "/api/v1/models", tag = "system",
    responses((status = 200, body = ModelList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<ModelList>> {
    Ok(Json(off_thread(&app, |desk| view(&desk)).await?))
}

/// Chooses a detector; cameras use it from their next picture on.
#[utoipa::path(put, path = "/api/v1/models/chosen", tag = "system", request_body = ModelUse,
    responses((status = 200, body = ModelList),
        (status = 409, description = "It cannot be used; the old one stays", body = super::error::ErrorBody)))]
pub(super) async fn choose(
    editor: Editor,
    State(app): State<App>,
    Body(choice): Body<ModelUse>,
) -> ApiResult<Json<ModelList>> {
    let before = app.detector.facts().map(|facts| facts.name);
    let list = off_thread(&app, move |desk| {
        desk.choose(&choice.name)?;
        view(&desk)
    })
    .await
    .map_err(|error| ApiError::new(StatusCode::CONFLICT, "model_refused", format!("{error:#}")))?;
    let after = app.detector.facts().map(|facts| facts.name);
    let what = "chose the detector".to_owned();
    audit::note(&app, &editor.name, what, Some(&before), Some(&after)).await;
    app.changes.tell("system", &serde_json::json!({}));
    Ok(Json(list))
}

async fn off_thread(
    app: &App,
    work: impl FnOnce(Arc<DetectorDesk>) -> anyhow::Result<ModelList> + Send + 'static,
) -> anyhow::Result<ModelList> {
    let desk = Arc::clone(&app.detector);
    tokio::task::spawn_blocking(move || work(desk)).await?
}

fn view(desk: &DetectorDesk) -> anyhow::Result<ModelList> {
    let models = desk.choices()?.into_iter().map(|choice| ModelView {
        name: choice.name,
        title: choice.title,
        licence: choice.licence,
        is_chosen: choice.is_chosen,
    });
    Ok(ModelList {
        models: models.collect(),
        fixed: desk.named().map(|file| file.display().to_string()),
    })
}
