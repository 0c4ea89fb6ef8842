//! What runs here: version, detector, disk; and whether it is well.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::error::ApiResult;
use super::session::Viewer;

/// Facts about this airelay.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SystemView {
    /// Version of the program.
    pub version: &'static str,
    /// When it started, UTC.
    pub started_at: String,
    /// The detector in use.
    pub detector: Option<DetectorView>,
    /// No detector: motion is seen, objects are not.
    pub is_motion_only: bool,
    /// Why there is no detector, or why a slower engine runs it.
    pub detector_note: Option<String>,
    /// Threads that analyse.
    pub workers: usize,
    /// The database.
    pub store: StoreView,
    /// A simulated camera was linked because none was configured.
    pub is_demo: bool,
}

/// Facts about the detector.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DetectorView {
    /// Name in its manifest.
    pub name: String,
    /// Library that runs it.
    pub backend: &'static str,
    /// Size of the model file.
    pub file_bytes: u64,
    /// `[width, height]` of its input.
    pub input: [u32; 2],
    /// Licence in its manifest.
    pub licence: String,
}

/// Facts about the database.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StoreView {
    /// Size of the database file.
    pub size_bytes: u64,
    /// Free space on its disk, where known.
    pub free_bytes: Option<u64>,
    /// Events stored.
    pub events: u64,
    /// Steps of events that wait in memory until they can be stored.
    pub waiting_events: u64,
    /// Steps of events lost because nothing could be stored for too long.
    pub lost_events: u64,
    /// Pictures given up meanwhile, so that events can wait.
    pub lost_pictures: u64,
    /// Why events cannot be stored at present.
    pub error: Option<String>,
}

/// Licences of airelay and of all libraries in it.
#[utoipa::path(get, path = "/api/v1/licences", tag = "system",
    responses((status = 200, description = "Plain text", body = String, content_type = "text/plain")))]
pub(super) async fn licences(_: Viewer) -> String {
    crate::licences::all()
}

/// Facts about this airelay.
#[utoipa::path(get, path = "/api/v1/system", tag = "system",
    responses((status = 200, body = SystemView)))]
pub(super) async fn system(_: Viewer, State(app): State<App>) -> ApiResult<Json<SystemView>> {
    let health = app.storage.read(|reader| reader.health()).await?;
    let facts = app.detector.facts();
    Ok(Json(SystemView {
        version: env!("CARGO_PKG_VERSION"),
        started_at: app.facts.started_at.to_string(),
        is_motion_only: facts.is_none(),
        detector: facts.map(|facts| DetectorView {
            name: facts.name,
            backend: facts.backend,
            file_bytes: facts.file_bytes,
            input: [facts.input_px.0, facts.input_px.1],
            licence: facts.licence,
        }),
        detector_note: app.detector.note(),
        workers: app.facts.n_workers,
        store: StoreView {
            size_bytes: health.size_bytes,
            free_bytes: health.free_bytes,
            events: health.n_events,
            waiting_events: app.storage.n_waiting_events(),
            lost_events: app.storage.n_lost_events(),
            lost_pictures: app.storage.n_lost_pictures(),
            error: app.storage.append_error(),
        },
        is_demo: app.facts.is_demo,
    }))
}

/// `ok` while events can be stored; for load balancers and service managers.
#[utoipa::path(get, path = "/healthz", tag = "system",
    responses((status = 200, description = "ok"), (status = 503, description = "Why not")))]
pub(super) async fn healthz(State(app): State<App>) -> (StatusCode, String) {
    match app.storage.append_error() {
        None => (StatusCode::OK, "ok\n".to_owned()),
        // The reason may name paths: signed-in people see it on the system page.
        Some(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "events cannot be stored at present\n".to_owned(),
        ),
    }
}
