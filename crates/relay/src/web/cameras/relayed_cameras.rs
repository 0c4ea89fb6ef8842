//! Cameras of other airelays in the list of cameras: seen like own ones, changed
//! only at their airelay.

use std::sync::Arc;

use types::CameraId;

use super::{CameraView, EventView, GroundDocument, RelayedBy, last_events};
use crate::nodes::{NodeLink, RelayedCamera};
use crate::supervise::{CameraStatus, CauseView};
use crate::web::App;
use crate::web::error::ApiResult;

/// The views of these cameras.
pub(super) async fn views(
    app: &App,
    cameras: Vec<Arc<RelayedCamera>>,
) -> ApiResult<Vec<CameraView>> {
    let ids: Vec<CameraId> = cameras
        .iter()
        .map(|camera| camera.settings.camera_id.clone())
        .collect();
    let last_events = last_events(app, ids).await?;
    let cameras = cameras.into_iter().zip(last_events);
    Ok(cameras
        .map(|(camera, last_event)| {
            let document = camera.document.clone();
            CameraView {
                id: camera.settings.camera_id.to_string(),
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
                revision: 0,
                status: relayed_status(app, &camera),
                last_event: last_event.map(|row| EventView::new(app, row)),
                relayed_by: Some(RelayedBy {
                    id: camera.node_id.clone(),
                    name: camera.node_name.clone(),
                }),
            }
        })
        .collect())
}

/// What the node told of the camera; why nothing is known where it told nothing.
pub(crate) fn relayed_status(app: &App, camera: &RelayedCamera) -> CameraStatus {
    let told = app.nodes.camera_state(&camera.settings.camera_id);
    if let Some(told) = told {
        return CameraStatus::relayed(
            &told.state,
            told.size_px,
            (told.fps, told.analysed_fps),
            told.n_tracks,
        );
    }
    let notes = app.nodes.notes(&camera.node_id);
    let mut status = CameraStatus::default();
    let cause = match notes.link {
        NodeLink::Off => None,
        NodeLink::Connecting | NodeLink::Following | NodeLink::CatchingUp => {
            status = CameraStatus::relayed("connecting", None, (0.0, 0.0), 0);
            None
        }
        NodeLink::Waiting | NodeLink::Failed => {
            status = CameraStatus::relayed("waiting", None, (0.0, 0.0), 0);
            Some(CauseView {
                code: "node".to_owned(),
                meaning: format!(
                    "{}, which relays this camera, is not heard.",
                    camera.node_name
                ),
                message: notes.error.unwrap_or_default(),
                advice: "Look at it under Registration; what happens there meanwhile comes later."
                    .to_owned(),
            })
        }
    };
    CameraStatus { cause, ..status }
}
