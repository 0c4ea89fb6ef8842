//! Learnt states over REST: examples, what they are worth, versions, and when
//! which state came. Detectors themselves are part of the camera's document.

mod view;

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::{Kept, Label, MAX_EXAMPLES, MAX_STATE_CHANGES, NewStatePicture, StatePictureId};
use types::{HiddenBy, StateId};
use utoipa::{IntoParams, ToSchema};
use vision::states::{Region, is_covered};

pub(super) use self::view::VerdictView;
use self::view::{ExampleAdded, ExamplesView, StateChangeView, StateHistory, view_of};
use super::App;
use super::cameras::find_camera;
use super::error::{ApiError, ApiResult};
use super::input::{Asked, Body, times};
use super::session::{Editor, Viewer};
use crate::settings::DetectorPart;
use crate::states;
use crate::supervise::CameraRuntime;

/// A picture older than this does not show what a person sees now.
const MAX_PICTURE_AGE: Duration = Duration::from_secs(10);

/// What is to become an example.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExampleNew {
    /// The state that the camera shows now.
    pub state_id: u32,
    /// Take the picture also where somebody stands before the region or the
    /// picture has a problem.
    #[serde(default)]
    pub anyway: bool,
}

/// Another label.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExampleLabel {
    /// The state that the picture shows.
    pub state_id: u32,
}

/// A version to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RollBack {
    /// Its number.
    pub version: u32,
}

/// When.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct HistoryQuery {
    /// From this time, UTC.
    from: String,
    /// Until this time, UTC.
    until: String,
}

/// Whose examples changed.
#[derive(Debug, Serialize)]
struct ExamplesChange<'a> {
    camera_id: &'a str,
    detector_id: u32,
}

/// The running camera and its detector.
fn find(app: &App, id: &str, detector: u32) -> ApiResult<(Arc<CameraRuntime>, DetectorPart)> {
    let camera = find_camera(app, id)?;
    let settings = camera.current_settings();
    let mut parts = settings.analysis.states.iter();
    let part = parts.find(|part| part.detector.detector_id.0 == detector);
    let part = part.cloned().ok_or_else(|| {
        ApiError::not_found(format!("no detector {detector}: it may have been removed"))
    })?;
    Ok((camera, part))
}

fn find_state(part: &DetectorPart, state_id: u32) -> ApiResult<StateId> {
    let state_id = StateId(state_id);
    match part.detector.state_name(state_id) {
        Some(_) => Ok(state_id),
        None => Err(ApiError::not_found(format!(
            "{:?} has no state {}: it may have been removed",
            part.detector.name, state_id.0
        ))),
    }
}

fn no_picture(picture: i64) -> ApiError {
    ApiError::not_found(format!("no picture {picture}: it may have been removed"))
}

/// Has the camera go by the examples as they are now, and tells browsers.
async fn changed(app: &App, camera: &CameraRuntime, part: &DetectorPart) -> ApiResult<()> {
    states::refresh(&app.storage, camera).await?;
    let change = ExamplesChange {
        camera_id: camera.camera_id.as_str(),
        detector_id: part.detector.detector_id.0,
    };
    app.changes.tell("examples", &change);
    Ok(())
}

/// Examples of a detector, what they are worth, and their versions.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/states/{detector}/examples", tag = "states",
    params(("id" = String, Path, description = "Camera id"),
        ("detector" = u32, Path, description = "Detector id")),
    responses((status = 200, body = ExamplesView), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn examples(
    _: Viewer,
    State(app): State<App>,
    Path((id, detector)): Path<(String, u32)>,
) -> ApiResult<Json<ExamplesView>> {
    let (camera, part) = find(&app, &id, detector)?;
    let camera_id = camera.camera_id.clone();
    let view = app
        .storage
        .read(move |reader| {
            let detector_id = part.detector.detector_id;
            let pictures = reader.state_pictures(&camera_id, detector_id)?;
            let versions = reader.state_versions(&camera_id, detector_id)?;
            let picture_bytes = reader.state_picture_bytes(&camera_id)?;
            // Compares each with each, which may take a tenth of a second:
            // this is no async thread.
            Ok(view_of(&part, &pictures, versions, picture_bytes))
        })
        .await?;
    Ok(Json(view))
}

/// "This is …": the camera's present picture becomes an example of a state.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/states/{detector}/examples", tag = "states",
    request_body = ExampleNew,
    params(("id" = String, Path, description = "Camera id"),
        ("detector" = u32, Path, description = "Detector id")),
    responses((status = 201, body = ExampleAdded), (status = 404, body = super::error::ErrorBody),
        (status = 409, description = "No picture now, the region is hidden, or there is no room",
            body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    State(app): State<App>,
    Path((id, detector)): Path<(String, u32)>,
    Body(new): Body<ExampleNew>,
) -> ApiResult<(StatusCode, Json<ExampleAdded>)> {
    let (camera, part) = find(&app, &id, detector)?;
    let state_id = find_state(&part, new.state_id)?;
    let now = app.clock.now();
    let record = camera.live.borrow().clone().ok_or_else(|| {
        ApiError::conflict("this camera has sent no picture yet: wait until the picture is there")
    })?;
    if now.saturating_since(record.scene.captured_at) > MAX_PICTURE_AGE {
        let text = "the newest picture is old: wait until the camera sends pictures again";
        return Err(ApiError::conflict(text));
    }
    let hidden = if !record.scene.picture.problems.is_empty() {
        Some(HiddenBy::Picture)
    } else if is_covered(part.detector.bbox, &record.scene.tracks) {
        Some(HiddenBy::Objects)
    } else {
        None
    };
    if let Some(hidden) = hidden.filter(|_| !new.anyway) {
        let text = format!("not taken: {}", hidden.words());
        return Err(ApiError::new(StatusCode::CONFLICT, "hidden", text));
    }
    let (frame, polygon) = (record.frame.clone(), part.polygon.clone());
    let looked = tokio::task::spawn_blocking(move || {
        states::look_at_frame(&frame.jpeg, &Region::new(&polygon))
    });
    let (look, jpeg) = looked
        .await
        .map_err(|error| anyhow::anyhow!("look at the picture: {error}"))??;
    let picture = NewStatePicture {
        camera_id: camera.camera_id.clone(),
        detector_id: part.detector.detector_id,
        captured_at: record.scene.captured_at,
        is_grey: record.scene.picture.is_grey,
        region: states::region_key(&part.polygon),
        look,
        jpeg,
    };
    let label = Label {
        state_id,
        who: editor.name.clone(),
        at: now,
    };
    let kept = app
        .storage
        .write(move |store| store.add_state_picture(&picture, Some(&label)))
        .await?;
    let picture_id = match kept {
        Kept::Yes(picture_id) => picture_id,
        Kept::TooMany => {
            return Err(ApiError::conflict(format!(
                "{MAX_EXAMPLES} examples are the most a detector holds: remove some first"
            )));
        }
        Kept::TooLarge => {
            return Err(ApiError::conflict(
                "the pictures of this camera's detectors take up all their space: remove some first",
            ));
        }
    };
    changed(&app, &camera, &part).await?;
    Ok((StatusCode::CREATED, Json(ExampleAdded { id: picture_id.0 })))
}

/// Labels a picture that waits, or an example otherwise.
#[utoipa::path(put, path = "/api/v1/cameras/{id}/states/{detector}/examples/{picture}",
    tag = "states", request_body = ExampleLabel,
    params(("id" = String, Path, description = "Camera id"),
        ("detector" = u32, Path, description = "Detector id"),
        ("picture" = i64, Path, description = "Picture id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn label(
    editor: Editor,
    State(app): State<App>,
    Path((id, detector, picture)): Path<(String, u32, i64)>,
    Body(sent): Body<ExampleLabel>,
) -> ApiResult<StatusCode> {
    let (camera, part) = find(&app, &id, detector)?;
    let label = Label {
        state_id: find_state(&part, sent.state_id)?,
        who: editor.name.clone(),
        at: app.clock.now(),
    };
    let (camera_id, detector_id) = (camera.camera_id.clone(), part.detector.detector_id);
    let picture_id = StatePictureId(picture);
    let is_known = app
        .storage
        .write(move |store| store.label_state_picture(&camera_id, detector_id, picture_id, &label))
        .await?;
    if !is_known {
        return Err(no_picture(picture));
    }
    changed(&app, &camera, &part).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a picture out of the examples, or away from those that wait.
#[utoipa::path(delete, path = "/api/v1/cameras/{id}/states/{detector}/examples/{picture}",
    tag = "states",
    params(("id" = String, Path, description = "Camera id"),
        ("detector" = u32, Path, description = "Detector id"),
        ("picture" = i64, Path, description = "Picture id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path((id, detector, picture)): Path<(String, u32, i64)>,
) -> ApiResult<StatusCode> {
    let (camera, part) = find(&app, &id, detector)?;
    let (camera_id, detector_id) = (camera.camera_id.clone(), part.detector.detector_id);
    let now = app.clock.now();
    let picture_id = StatePictureId(picture);
    let who = editor.name.clone();
    let is_known = app
        .storage
        .write(move |store| {
            store.remove_state_picture(&camera_id, detector_id, picture_id, &who, now)
        })
        .await?;
    if !is_known {
        return Err(no_picture(picture));
    }
    changed(&app, &camera, &part).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes the examples again those of an older version; nothing is lost by it.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/states/{detector}/roll_back", tag = "states",
    request_body = RollBack,
    params(("id" = String, Path, description = "Camera id"),
        ("detector" = u32, Path, description = "Detector id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn roll_back(
    editor: Editor,
    State(app): State<App>,
    Path((id, detector)): Path<(String, u32)>,
    Body(sent): Body<RollBack>,
) -> ApiResult<StatusCode> {
    let (camera, part) = find(&app, &id, detector)?;
    let (camera_id, detector_id) = (camera.camera_id.clone(), part.detector.detector_id);
    let now = app.clock.now();
    let who = editor.name.clone();
    let version = sent.version;
    let is_known = app
        .storage
        .write(move |store| store.roll_back_states(&camera_id, detector_id, version, &who, now))
        .await?;
    if !is_known {
        let text = format!("no version {version}: the newest 100 are kept");
        return Err(ApiError::not_found(text));
    }
    // Its pictures may be from before the region was drawn anew.
    states::follow_settings(&app.storage, &camera).await?;
    changed(&app, &camera, &part).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A kept picture: the whole scene, made small.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/states/{detector}/examples/{picture}/picture.jpg",
    tag = "states",
    params(("id" = String, Path, description = "Camera id"),
        ("detector" = u32, Path, description = "Detector id"),
        ("picture" = i64, Path, description = "Picture id")),
    responses((status = 200, description = "JPEG", content_type = "image/jpeg"),
        (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn picture_jpg(
    _: Viewer,
    State(app): State<App>,
    Path((id, detector, picture)): Path<(String, u32, i64)>,
) -> ApiResult<Response> {
    let (camera, part) = find(&app, &id, detector)?;
    let (camera_id, detector_id) = (camera.camera_id.clone(), part.detector.detector_id);
    let jpeg = app
        .storage
        .read(move |reader| {
            reader.state_picture_jpeg(&camera_id, detector_id, StatePictureId(picture))
        })
        .await?;
    let jpeg = jpeg.ok_or_else(|| no_picture(picture))?;
    Ok((
        [
            (header::CONTENT_TYPE, "image/jpeg"),
            // A picture of this number never changes.
            (header::CACHE_CONTROL, "private, max-age=86400, immutable"),
        ],
        HttpBody::from(jpeg),
    )
        .into_response())
}

/// When which state came.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/states/{detector}/history", tag = "states",
    params(("id" = String, Path, description = "Camera id"),
        ("detector" = u32, Path, description = "Detector id"), HistoryQuery),
    responses((status = 200, body = StateHistory), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn history(
    _: Viewer,
    State(app): State<App>,
    Path((id, detector)): Path<(String, u32)>,
    Asked(query): Asked<HistoryQuery>,
) -> ApiResult<Json<StateHistory>> {
    let (camera, part) = find(&app, &id, detector)?;
    let (from, until) = times(&query.from, &query.until)?;
    let (camera_id, detector_id) = (camera.camera_id.clone(), part.detector.detector_id);
    let changes = app
        .storage
        .read(move |reader| reader.state_changes(&camera_id, detector_id, from, until))
        .await?;
    Ok(Json(StateHistory {
        is_cut: changes.len() >= MAX_STATE_CHANGES as usize,
        changes: changes
            .into_iter()
            .map(|change| StateChangeView {
                at: change.at.to_string(),
                state_id: change.state_id.map(|state_id| state_id.0),
                likelihood: change.likelihood,
            })
            .collect(),
    }))
}
