//! Models over REST: detectors and the choice of one, models that describe
//! looks and which of them are used, and how more are installed.

use std::sync::Arc;

use axum::Json;
use axum::body::Body as RawBody;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use multer::{Constraints, Multipart, SizeLimit};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Editor, Viewer};
use crate::detector::DetectorDesk;
use crate::looks::{LooksChoice, LooksDesk, try_looks};
use crate::models::{ModelFolder, ModelKind};

/// Largest network that is taken over the network; larger ones are installed
/// on the command line.
const MAX_UPLOAD_BYTES: u64 = 256 * 1024 * 1024;
/// Largest manifest.
const MAX_MANIFEST_BYTES: u64 = 64 * 1024;

/// Detectors that can be chosen.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelList {
    /// Built-in first, then installed ones by name, then none.
    pub models: Vec<ModelView>,
    /// Manifest named in the settings file or on the command line: nothing can
    /// be chosen then.
    pub fixed: Option<String>,
    /// Models that describe what objects look like, by name.
    pub looks: Vec<LooksView>,
}

/// A model that describes what objects look like.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LooksView {
    /// By which it is switched on.
    pub name: String,
    /// embedding: vectors to find an object again; attributes: words.
    pub kind: &'static str,
    /// Licence in its manifest.
    pub licence: String,
    /// Classes of objects that it knows.
    pub classes: Vec<&'static str>,
    /// What it can tell.
    pub attributes: Vec<AttributeNameView>,
    /// Whether it is in use.
    pub is_used: bool,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

/// What a model can tell of an object.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AttributeNameView {
    /// As in `programs.people.further` of a camera.
    pub name: &'static str,
    /// Whether it is personal, so that the law may ask for a reason.
    pub is_sensitive: bool,
}

/// Whether a model is used.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LooksUse {
    /// Whether it is used from now on.
    pub is_used: bool,
}

/// A model that was installed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ModelInstalled {
    /// By which it is chosen or switched on.
    pub name: String,
    /// detector, embedding or attributes.
    pub kind: &'static str,
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

/// Models that are installed.
#[utoipa::path(get, path = "/api/v1/models", tag = "system",
    responses((status = 200, body = ModelList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<ModelList>> {
    Ok(Json(
        off_thread(&app, |desk, looks| view(&desk, &looks)).await?,
    ))
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
    let list = off_thread(&app, move |desk, looks| {
        desk.choose(&choice.name)?;
        view(&desk, &looks)
    })
    .await
    .map_err(|error| model_refused(&error))?;
    let after = app.detector.facts().map(|facts| facts.name);
    let what = "chose the detector".to_owned();
    audit::note(&app, &editor.name, what, Some(&before), Some(&after)).await;
    app.changes.tell("system", &serde_json::json!({}));
    Ok(Json(list))
}

/// Uses a model for looks from now on, or no longer.
#[utoipa::path(put, path = "/api/v1/models/looks/{name}", tag = "system", request_body = LooksUse,
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = ModelList),
        (status = 409, description = "It cannot be used; nothing is changed", body = super::error::ErrorBody)))]
pub(super) async fn switch_looks(
    editor: Editor,
    State(app): State<App>,
    Path(name): Path<String>,
    Body(wanted): Body<LooksUse>,
) -> ApiResult<Json<ModelList>> {
    let (model, is_used) = (name.clone(), wanted.is_used);
    let list = off_thread(&app, move |desk, looks| {
        looks.switch(&model, is_used)?;
        view(&desk, &looks)
    })
    .await
    .map_err(|error| model_refused(&error))?;
    let what = match is_used {
        true => format!("use model {name} for looks"),
        false => format!("leave model {name} for looks"),
    };
    audit::note(&app, &editor.name, what, Some(&!is_used), Some(&is_used)).await;
    app.changes.tell("system", &serde_json::json!({}));
    Ok(Json(list))
}

/// Installs a model: a form with the parts `manifest` and `network`. It is
/// tried first, and not used before it is chosen or switched on.
#[utoipa::path(post, path = "/api/v1/models", tag = "system",
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses((status = 201, body = ModelInstalled),
        (status = 409, description = "Refused; nothing is changed", body = super::error::ErrorBody)))]
pub(super) async fn install(
    editor: Editor,
    State(app): State<App>,
    request: Request,
) -> ApiResult<(StatusCode, Json<ModelInstalled>)> {
    let (manifest, network) = read_form(request).await?;
    let folder = ModelFolder::new(&app.facts.data_dir);
    let installed =
        tokio::task::spawn_blocking(move || install_tried(&folder, &manifest, &network))
            .await
            .map_err(|error| anyhow::anyhow!("install a model: {error}"))?
            .map_err(|error| model_refused(&error))?;
    let what = format!("install model {}", installed.name);
    audit::note(&app, &editor.name, what, None, Some(&installed.name)).await;
    app.changes.tell("system", &serde_json::json!({}));
    Ok((StatusCode::CREATED, Json(installed)))
}

/// Removes an installed model that is not in use.
#[utoipa::path(delete, path = "/api/v1/models/{name}", tag = "system",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204),
        (status = 409, description = "There is none, or it is in use", body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(name): Path<String>,
) -> ApiResult<StatusCode> {
    let (folder, model) = (ModelFolder::new(&app.facts.data_dir), name.clone());
    tokio::task::spawn_blocking(move || folder.remove(&model))
        .await
        .map_err(|error| anyhow::anyhow!("remove a model: {error}"))?
        .map_err(|error| model_refused(&error))?;
    let what = format!("remove model {name}");
    audit::note(&app, &editor.name, what, Some(&name), None).await;
    app.changes.tell("system", &serde_json::json!({}));
    Ok(StatusCode::NO_CONTENT)
}

/// The parts `manifest` and `network` of an uploaded form.
async fn read_form(request: Request<RawBody>) -> ApiResult<(String, Vec<u8>)> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let boundary = multer::parse_boundary(content_type.unwrap_or_default()).map_err(|_| {
        ApiError::bad_request(
            "send a form (multipart/form-data) with the parts manifest and network",
        )
    })?;
    let limits = SizeLimit::new()
        .whole_stream(MAX_UPLOAD_BYTES + MAX_MANIFEST_BYTES)
        .for_field("manifest", MAX_MANIFEST_BYTES);
    let constraints = Constraints::new()
        .allowed_fields(vec!["manifest", "network"])
        .size_limit(limits);
    let body = request.into_body().into_data_stream();
    let mut form = Multipart::with_constraints(body, boundary, constraints);
    let unreadable = |error: multer::Error| {
        let text = format!("read the form (a network has at most 256 MiB here): {error}");
        ApiError::bad_request(text)
    };
    let (mut manifest, mut network) = (None, None);
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        match field.name() {
            Some("manifest") => manifest = Some(field.text().await.map_err(unreadable)?),
            _ => network = Some(field.bytes().await.map_err(unreadable)?.to_vec()),
        }
    }
    let missing = |part: &str| ApiError::bad_request(format!("the part {part} is missing"));
    Ok((
        manifest.ok_or_else(|| missing("manifest"))?,
        network.ok_or_else(|| missing("network"))?,
    ))
}

/// Installs a model, and removes it again when it does not run here.
fn install_tried(
    folder: &ModelFolder,
    manifest: &str,
    network: &[u8],
) -> anyhow::Result<ModelInstalled> {
    let (name, kind) = folder.install(manifest, network)?;
    let tried = match kind {
        ModelKind::Detector => crate::detector::try_detector(folder, &name),
        ModelKind::Embedding | ModelKind::Attributes => try_looks(folder, &name),
    };
    if let Err(error) = tried {
        folder.remove(&name)?;
        return Err(error.context(format!("{name} does not run here, nothing was installed")));
    }
    Ok(ModelInstalled {
        name,
        kind: kind_name(kind),
    })
}

fn model_refused(error: &anyhow::Error) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "model_refused", format!("{error:#}"))
}

async fn off_thread(
    app: &App,
    work: impl FnOnce(Arc<DetectorDesk>, LooksDesk) -> anyhow::Result<ModelList> + Send + 'static,
) -> anyhow::Result<ModelList> {
    let (desk, looks) = (Arc::clone(&app.detector), app.looks.clone());
    tokio::task::spawn_blocking(move || work(desk, looks)).await?
}

fn view(desk: &DetectorDesk, looks: &LooksDesk) -> anyhow::Result<ModelList> {
    let models = desk.choices()?.into_iter().map(|choice| ModelView {
        name: choice.name,
        title: choice.title,
        licence: choice.licence,
        is_chosen: choice.is_chosen,
    });
    Ok(ModelList {
        models: models.collect(),
        fixed: desk.named().map(|file| file.display().to_string()),
        looks: looks.choices()?.into_iter().map(looks_view).collect(),
    })
}

fn looks_view(choice: LooksChoice) -> LooksView {
    let attributes = choice.attributes.iter();
    LooksView {
        kind: kind_name(choice.kind),
        classes: choice.classes.iter().map(|class| class.name()).collect(),
        attributes: attributes
            .map(|known| AttributeNameView {
                name: known.name,
                is_sensitive: known.is_sensitive,
            })
            .collect(),
        name: choice.name,
        licence: choice.licence,
        is_used: choice.is_used,
        problem: choice.problem,
    }
}

const fn kind_name(kind: ModelKind) -> &'static str {
    match kind {
        ModelKind::Detector => "detector",
        ModelKind::Embedding => "embedding",
        ModelKind::Attributes => "attributes",
    }
}
