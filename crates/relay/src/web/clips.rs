//! How much room clips take, over REST.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::session::Viewer;

/// Room that clips take on the disk.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClipUsage {
    /// All cameras together, bytes.
    pub len_bytes: u64,
    /// Most that they may take together, bytes.
    pub max_bytes: u64,
    /// Free space on their disk, where known.
    pub free_bytes: Option<u64>,
    /// Why pictures are lost at present.
    pub trouble: Option<String>,
    /// By camera; those that were removed come last.
    pub cameras: Vec<CameraClipUsage>,
}

/// Room that one camera's clips take.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraClipUsage {
    /// Which camera.
    pub camera_id: String,
    /// As people call it; its id where it was removed.
    pub camera_name: String,
    /// Whether its alarms keep pictures.
    pub is_on: bool,
    /// On the disk, bytes.
    pub len_bytes: u64,
    /// Most that they may take, bytes; absent for a camera that was removed.
    pub quota_bytes: Option<u64>,
    /// What the camera sends, bytes per second at present.
    pub bytes_per_s: Option<u64>,
    /// Pictures per second that it sends at present.
    pub fps: Option<f32>,
    /// Pictures lost since the start because the disk was full or too slow.
    pub n_lost: u64,
}

/// Room that clips take on the disk.
#[utoipa::path(get, path = "/api/v1/clips", tag = "alarms",
    responses((status = 200, body = ClipUsage)))]
pub(super) async fn usage(_: Viewer, State(app): State<App>) -> Json<ClipUsage> {
    let mut bytes = app.clips.bytes();
    let len_bytes = bytes.values().sum();
    let mut cameras = Vec::new();
    for camera in app.fleet.all() {
        let settings = camera.current_settings();
        let status = app.fleet.status(&camera);
        let is_receiving = status.state == crate::supervise::SourceState::Receiving;
        cameras.push(CameraClipUsage {
            camera_id: camera.camera_id.to_string(),
            camera_name: settings.name.clone(),
            is_on: settings.clips.is_on,
            len_bytes: bytes.remove(&camera.camera_id).unwrap_or(0),
            quota_bytes: Some(settings.clips.quota_bytes),
            bytes_per_s: is_receiving.then_some(status.bit_rate_bps / 8),
            fps: is_receiving.then_some(status.fps),
            n_lost: camera.clips.sums().n_lost,
        });
    }
    for (camera_id, len_bytes) in bytes.into_iter().filter(|(_, len_bytes)| *len_bytes > 0) {
        cameras.push(CameraClipUsage {
            camera_id: camera_id.to_string(),
            camera_name: camera_id.to_string(),
            is_on: false,
            len_bytes,
            quota_bytes: None,
            bytes_per_s: None,
            fps: None,
            n_lost: 0,
        });
    }
    Json(ClipUsage {
        len_bytes,
        max_bytes: app.clips.max_total_bytes(),
        free_bytes: app.clips.free_bytes(),
        trouble: app.clips.trouble(),
        cameras,
    })
}
