//! Cameras over REST: list, add, change, switch, remove. Those of other airelays
//! are listed only.

mod relayed_cameras;

pub(crate) use self::relayed_cameras::relayed_status;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::{EventFilter, EventRow, Expected};
use types::{CameraId, RuleId};
use utoipa::ToSchema;

use super::App;
use super::audit;
use super::cost;
use super::error::{ApiError, ApiResult};
use super::events::EventView;
use super::input::Body;
use super::program_changes;
use super::session::{Editor, Viewer};
use crate::cameras::{CameraRecord, camera_key, new_camera_id};
use crate::onvif::rule_ids;
use crate::settings::{
    CameraDocument, CameraSettings, ClipsDocument, GroundDocument, LineDocument, LinkInput,
    LinkView, MAX_CAMERAS, MaskDocument, ObjectMaskDocument, ProgramsDocument, RuleDocument,
    ZoneDocument,
};
use crate::supervise::{CameraRuntime, CameraStatus};

/// A camera as we show it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraView {
    /// Id in addresses; never changes.
    pub id: String,
    /// As people call it.
    pub name: String,
    /// Whether pictures are pulled and analysed.
    pub is_enabled: bool,
    /// How the camera is reached.
    pub link: LinkView,
    /// Places that rules refer to.
    pub zones: Vec<ZoneDocument>,
    /// Lines that rules and counters refer to.
    pub lines: Vec<LineDocument>,
    /// Places where motion is ignored.
    pub masks: Vec<MaskDocument>,
    /// Places where objects of some classes are ignored.
    pub object_masks: Vec<ObjectMaskDocument>,
    /// From the picture to metres.
    pub ground: Option<GroundDocument>,
    /// What raises alarms.
    pub rules: Vec<RuleDocument>,
    /// What else is looked for.
    pub programs: ProgramsDocument,
    /// 1 (only large, clear motion) to 10 (the slightest).
    pub motion_sensitivity: u8,
    /// Whether streams and pictures are also given in i-PRO's form.
    pub has_ipro_output: bool,
    /// What alarms keep of its pictures.
    pub clips: ClipsDocument,
    /// Send it back with a change; a newer one in between answers 409.
    pub revision: u64,
    /// What it is doing.
    pub status: CameraStatus,
    /// The newest event on it.
    pub last_event: Option<EventView>,
    /// The airelay that pulls and analyses it; `null` for our own, which alone
    /// can be changed here.
    pub relayed_by: Option<RelayedBy>,
}

/// The airelay that pulls and analyses a camera.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RelayedBy {
    /// Id of the node.
    pub id: String,
    /// As people call it.
    pub name: String,
}

/// All cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraList {
    /// By name of id.
    pub cameras: Vec<CameraView>,
}

/// A camera to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CameraNew {
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// How the camera is reached.
    pub link: LinkInput,
}

/// A camera's new settings.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CameraChange {
    /// Ignored; accepted so that a reply can be sent back.
    #[serde(default)]
    pub id: Option<String>,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Whether pictures are pulled and analysed.
    pub is_enabled: bool,
    /// How the camera is reached.
    pub link: LinkInput,
    /// Places that rules refer to, at most 64.
    pub zones: Vec<ZoneDocument>,
    /// Lines that rules and counters refer to, at most 64; absent keeps the
    /// stored ones, as for all below that may be absent.
    #[serde(default)]
    pub lines: Option<Vec<LineDocument>>,
    /// Places where motion is ignored, at most 64; those that are off stay
    /// drawn.
    pub masks: Vec<MaskDocument>,
    /// Places where objects of some classes are ignored, at most 64.
    #[serde(default)]
    pub object_masks: Option<Vec<ObjectMaskDocument>>,
    /// From the picture to metres; `null` takes it away.
    #[serde(default, deserialize_with = "super::input::present")]
    #[schema(value_type = Option<GroundDocument>)]
    pub ground: Option<Option<GroundDocument>>,
    /// What raises alarms, at most 256.
    pub rules: Vec<RuleDocument>,
    /// What else is looked for.
    #[serde(default)]
    pub programs: Option<ProgramsDocument>,
    /// 1 (only large, clear motion) to 10 (the slightest).
    pub motion_sensitivity: u8,
    /// Whether streams and pictures are also given in i-PRO's form; absent
    /// keeps what is stored.
    #[serde(default)]
    pub has_ipro_output: Option<bool>,
    /// What alarms keep of its pictures; absent keeps what is stored.
    #[serde(default)]
    pub clips: Option<ClipsDocument>,
    /// The revision that was changed.
    pub revision: u64,
    /// Ignored; accepted so that a reply can be sent back.
    #[serde(default, rename = "status")]
    #[schema(ignore)]
    pub _status: serde::de::IgnoredAny,
    /// Ignored; accepted so that a reply can be sent back.
    #[serde(default, rename = "last_event")]
    #[schema(ignore)]
    pub _last_event: serde::de::IgnoredAny,
    /// Ignored; accepted so that a reply can be sent back.
    #[serde(default, rename = "relayed_by")]
    #[schema(ignore)]
    pub _relayed_by: serde::de::IgnoredAny,
}

/// The switch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CameraSwitch {
    /// Whether pictures shall be pulled and analysed.
    pub is_enabled: bool,
}

/// Which camera's settings changed.
#[derive(Debug, Serialize, ToSchema)]
struct SettingsChange<'a> {
    camera_id: &'a str,
}

/// The running camera of this id.
pub(super) fn find_camera(app: &App, id: &str) -> ApiResult<Arc<CameraRuntime>> {
    let camera_id = CameraId::new(id).map_err(|_| no_camera(id))?;
    let running = app.fleet.get(&camera_id);
    running.ok_or_else(|| not_here(app, &camera_id))
}

/// The id of a camera that is our own or relayed by another airelay.
pub(super) fn known_camera(app: &App, id: &str) -> ApiResult<CameraId> {
    let camera_id = CameraId::new(id).map_err(|_| no_camera(id))?;
    match app.fleet.settings(&camera_id) {
        Some(_) => Ok(camera_id),
        None => Err(no_camera(id)),
    }
}

/// Why a camera is not run here.
fn not_here(app: &App, camera_id: &CameraId) -> ApiError {
    match app.fleet.relayed().get(camera_id) {
        Some(camera) => ApiError::conflict(format!(
            "this camera is relayed by {}: look at it and change it there",
            camera.node_name
        )),
        None => no_camera(camera_id.as_str()),
    }
}

fn no_camera(id: &str) -> ApiError {
    ApiError::not_found(format!("no camera {id:?}: it may have been removed"))
}

/// All cameras with their states.
#[utoipa::path(get, path = "/api/v1/cameras", tag = "cameras",
    responses((status = 200, body = CameraList)))]
pub(super) async fn list(_: Viewer, State(app): State<App>) -> ApiResult<Json<CameraList>> {
    let records = app.cameras.list().await?;
    let mut cameras = views(&app, records).await?;
    let relayed = app.fleet.relayed().all();
    cameras.extend(relayed_cameras::views(&app, relayed).await?);
    Ok(Json(CameraList { cameras }))
}

/// One camera with its state.
#[utoipa::path(get, path = "/api/v1/cameras/{id}", tag = "cameras",
    params(("id" = String, Path, description = "Camera id")),
    responses((status = 200, body = CameraView), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn get(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<CameraView>> {
    let relayed = CameraId::new(&id).ok();
    let relayed = relayed.and_then(|camera_id| app.fleet.relayed().get(&camera_id));
    if let Some(camera) = relayed {
        let views = relayed_cameras::views(&app, vec![camera]).await?;
        return views
            .into_iter()
            .next()
            .map(Json)
            .ok_or_else(|| no_camera(&id));
    }
    let record = find_record(&app, &id).await?;
    view(&app, record).await.map(Json)
}

/// Adds a camera and starts it.
#[utoipa::path(post, path = "/api/v1/cameras", tag = "cameras", request_body = CameraNew,
    responses((status = 201, body = CameraView), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn add(
    editor: Editor,
    State(app): State<App>,
    Body(new): Body<CameraNew>,
) -> ApiResult<(StatusCode, Json<CameraView>)> {
    let existing = app.cameras.list().await?;
    if existing.len() >= MAX_CAMERAS {
        return Err(ApiError::conflict(format!(
            "{MAX_CAMERAS} cameras are the most one airelay holds: use a second one"
        )));
    }
    let taken = |id: &CameraId| existing.iter().any(|record| record.camera_id == *id);
    let camera_id = new_camera_id(&new.name, taken);
    let document = CameraDocument::new(new.name, new.link.into_document(None, &app.vault)?);
    let record = save(&app, &editor, camera_id, document, None).await?;
    Ok((StatusCode::CREATED, Json(view(&app, record).await?)))
}

/// Changes a camera; it picks the change up at once, without a restart.
#[utoipa::path(put, path = "/api/v1/cameras/{id}", tag = "cameras", request_body = CameraChange,
    params(("id" = String, Path, description = "Camera id")),
    responses((status = 200, body = CameraView), (status = 404, body = super::error::ErrorBody),
        (status = 409, description = "Somebody else changed it", body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn change(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(change): Body<CameraChange>,
) -> ApiResult<Json<CameraView>> {
    if change.id.as_ref().is_some_and(|sent| *sent != id) {
        return Err(ApiError::bad_request(
            "the id in the body is another camera's: an id never changes",
        ));
    }
    let mut stored = find_record(&app, &id).await?;
    stored.revision = change.revision;
    let before = stored.document.clone();
    let document = change.over(&before, &app)?;
    let camera_id = stored.camera_id.clone();
    let record = save(&app, &editor, camera_id, document, Some(&stored)).await?;
    view(&app, record).await.map(Json)
}

/// Switches a camera on or off.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/enabled", tag = "cameras", request_body = CameraSwitch,
    params(("id" = String, Path, description = "Camera id")),
    responses((status = 200, body = CameraView), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn switch(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(switch): Body<CameraSwitch>,
) -> ApiResult<Json<CameraView>> {
    let stored = find_record(&app, &id).await?;
    let document = CameraDocument {
        is_enabled: switch.is_enabled,
        ..stored.document.clone()
    };
    let camera_id = stored.camera_id.clone();
    let record = save(&app, &editor, camera_id, document, Some(&stored)).await?;
    view(&app, record).await.map(Json)
}

/// Removes a camera; its events and pictures stay until retention takes them.
#[utoipa::path(delete, path = "/api/v1/cameras/{id}", tag = "cameras",
    params(("id" = String, Path, description = "Camera id")),
    responses((status = 204), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn remove(
    editor: Editor,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<StatusCode> {
    let stored = find_record(&app, &id).await?;
    let changing = app.changing.lock().await;
    app.cameras.delete(&stored.camera_id, &editor.name).await?;
    app.fleet.remove(&stored.camera_id).await;
    let camera_id = stored.camera_id.clone();
    let forgotten = app
        .storage
        .write(move |store| store.forget_detectors(&camera_id, &[]));
    if let Err(error) = forgotten.await {
        tracing::warn!(error = %format!("{error:#}"), "examples of a removed camera are kept");
    }
    keep_names(&app, &editor, &stored.camera_id, &[]).await;
    drop(changing);
    tell_settings(&app, &stored.camera_id);
    let what = format!("removed camera {id}");
    audit::note(&app, &editor.name, what, Some(&stored.document), None).await;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn find_record(app: &App, id: &str) -> ApiResult<CameraRecord> {
    let camera_id = CameraId::new(id).map_err(|_| no_camera(id))?;
    let record = app.cameras.get(&camera_id).await?;
    record.ok_or_else(|| not_here(app, &camera_id))
}

/// Rules that are gone leave no name of an ONVIF client behind.
async fn keep_names(app: &App, editor: &Editor, camera_id: &CameraId, rule_ids: &[RuleId]) {
    let book = app.onvif.book();
    if let Err(error) = book.keep_names(&editor.name, camera_id, rule_ids).await {
        tracing::warn!(error = %format!("{error:#}"), "names of removed rules are kept");
    }
}

/// Examples of learnt states follow their detectors.
async fn follow_states(
    app: &App,
    camera_id: &CameraId,
    before: Option<&CameraDocument>,
    after: &CameraDocument,
) {
    let detectors = |document: &CameraDocument| document.programs.state.detectors.clone();
    let is_same = before.is_some_and(|before| detectors(before) == detectors(after));
    let Some(camera) = app.fleet.get(camera_id).filter(|_| !is_same) else {
        return;
    };
    if let Err(error) = crate::states::follow_settings(&app.storage, &camera).await {
        tracing::error!(error = %format!("{error:#}"), "examples of states do not follow");
    }
}

/// Tells browsers that a camera's settings changed.
pub(crate) fn tell_settings(app: &App, camera_id: &CameraId) {
    let camera_id = camera_id.as_str();
    app.changes.tell("settings", &SettingsChange { camera_id });
}

impl CameraChange {
    /// The document that `before` becomes.
    fn over(self, before: &CameraDocument, app: &App) -> ApiResult<CameraDocument> {
        Ok(CameraDocument {
            name: self.name,
            is_enabled: self.is_enabled,
            link: self.link.into_document(Some(&before.link), &app.vault)?,
            zones: self.zones,
            lines: self.lines.unwrap_or_else(|| before.lines.clone()),
            masks: self.masks,
            object_masks: self
                .object_masks
                .unwrap_or_else(|| before.object_masks.clone()),
            ground: self.ground.unwrap_or_else(|| before.ground.clone()),
            rules: self.rules,
            programs: self.programs.unwrap_or_else(|| before.programs.clone()),
            motion_sensitivity: self.motion_sensitivity,
            has_ipro_output: self.has_ipro_output.unwrap_or(before.has_ipro_output),
            clips: self.clips.unwrap_or_else(|| before.clips.clone()),
        })
    }
}

/// The settings that a draft of a camera's document would give.
pub(super) async fn draft_of(
    app: &App,
    camera_id: &CameraId,
    draft: CameraChange,
) -> ApiResult<CameraSettings> {
    let stored = find_record(app, camera_id.as_str()).await?;
    let document = draft.over(&stored.document, app)?;
    document
        .resolve(camera_id, 0, &app.schedules.ready(), &app.vault)
        .map_err(ApiError::fields)
}

/// Gives every running camera settings with the schedules as they are now.
pub(super) async fn refresh_all(app: &App) -> ApiResult<()> {
    let schedules = app.schedules.ready();
    for record in app.cameras.list().await? {
        let resolved =
            record
                .document
                .resolve(&record.camera_id, record.revision, &schedules, &app.vault);
        match resolved {
            Ok(settings) => app.fleet.put(settings),
            Err(errors) => {
                tracing::error!(camera = %record.camera_id, %errors, "settings kept as they were");
            }
        }
    }
    Ok(())
}

/// Checks, stores over the revision of `before`, and lets the running camera
/// pick it up.
pub(super) async fn save(
    app: &App,
    editor: &Editor,
    camera_id: CameraId,
    document: CameraDocument,
    before: Option<&CameraRecord>,
) -> ApiResult<CameraRecord> {
    document
        .resolve(&camera_id, 0, &app.schedules.ready(), &app.vault)
        .map_err(ApiError::fields)?;
    let errors = app.extensions.check(&document.programs);
    if !errors.is_empty() {
        return Err(ApiError::fields(errors));
    }
    let old = before.map(|before| &before.document);
    cost::refuse_overload(app, &camera_id, old, &document).await?;
    let expected = before.map_or(Expected::Absent, |before| {
        Expected::Revision(before.revision)
    });
    let changing = app.changing.lock().await;
    let saved = app
        .cameras
        .put(&camera_id, &document, expected, &editor.name)
        .await;
    let revision = match saved {
        Ok(revision) => revision,
        Err(error) => {
            return Err(match error.downcast_ref::<store::Error>() {
                Some(store::Error::Conflict { .. }) => ApiError::conflict(
                    "these settings were changed by somebody else: load them again",
                ),
                _ => error
                    .context(format!("save {}", camera_key(&camera_id)))
                    .into(),
            });
        }
    };
    let settings = document
        .resolve(&camera_id, revision, &app.schedules.ready(), &app.vault)
        .map_err(ApiError::fields)?;
    app.fleet.put(settings);
    follow_states(app, &camera_id, old, &document).await;
    keep_names(app, editor, &camera_id, &rule_ids(&document)).await;
    drop(changing);
    tell_settings(app, &camera_id);
    let did = if before.is_some() { "changed" } else { "added" };
    let what = format!("{did} camera {camera_id}");
    let before = before.map(|before| &before.document);
    audit::note(app, &editor.name, what, before, Some(&document)).await;
    program_changes::note_changes(app, &editor.name, &camera_id, before, &document).await;
    Ok(CameraRecord {
        camera_id,
        document,
        revision,
    })
}

async fn view(app: &App, record: CameraRecord) -> ApiResult<CameraView> {
    let id = record.camera_id.to_string();
    let views = views(app, vec![record]).await?;
    views.into_iter().next().ok_or_else(|| no_camera(&id))
}

/// Without those that were removed meanwhile.
async fn views(app: &App, records: Vec<CameraRecord>) -> ApiResult<Vec<CameraView>> {
    let camera_ids: Vec<CameraId> = records.iter().map(|r| r.camera_id.clone()).collect();
    let last_events = last_events(app, camera_ids).await?;
    let records = records.into_iter().zip(last_events);
    let view = |(record, last_event): (CameraRecord, Option<EventRow>)| {
        let runtime = app.fleet.get(&record.camera_id)?;
        let document = record.document;
        Some(CameraView {
            id: record.camera_id.to_string(),
            name: document.name,
            is_enabled: document.is_enabled,
            link: document.link.view(),
            zones: document.zones,
            lines: document.lines,
            masks: document.masks,
            object_masks: document.object_masks,
            ground: document.ground.map(GroundDocument::shown),
            rules: document.rules,
            programs: document.programs.shown(),
            motion_sensitivity: document.motion_sensitivity,
            has_ipro_output: document.has_ipro_output,
            clips: document.clips,
            revision: record.revision,
            status: app.fleet.status(&runtime),
            last_event: last_event.map(|row| EventView::new(app, row)),
            relayed_by: None,
        })
    };
    Ok(records.filter_map(view).collect())
}

/// The newest event of each camera.
async fn last_events(app: &App, camera_ids: Vec<CameraId>) -> ApiResult<Vec<Option<EventRow>>> {
    let newest = app.storage.read(move |reader| {
        let newest = |camera_id| {
            let filter = EventFilter {
                camera_id: Some(camera_id),
                limit: 1,
                ..EventFilter::default()
            };
            Ok(reader.list_events(&filter)?.into_iter().next())
        };
        camera_ids.into_iter().map(newest).collect()
    });
    Ok(newest.await?)
}
