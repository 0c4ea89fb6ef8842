//! Live pictures with what was found in them, for the live page.
//!
//! An endless body of records, each: JSON length (u32, big-endian), JSON, JPEG
//! length (u32, big-endian), JPEG. Picture and boxes belong together. A slow
//! viewer gets the newest record each time and skips the rest.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use types::{CameraId, NormBox, Track, TrackState};
use utoipa::ToSchema;

use super::App;
use super::cameras::find_camera;
use super::error::{ApiError, ApiResult};
use super::session::{Viewer, Watcher};
use crate::supervise::LiveRecord;

/// JSON part of a record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveScene {
    /// Number of the frame since this camera started.
    pub seq: u64,
    /// When its first byte came, UTC.
    pub captured_at: String,
    /// Objects followed.
    pub tracks: Vec<LiveTrack>,
    /// Boxes around motion, `[x1, y1, x2, y2]` in parts of the picture.
    pub motion: Vec<[f32; 4]>,
    /// Zones in which an event is open.
    pub active_zones: Vec<u32>,
}

/// One object followed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LiveTrack {
    /// Identity on this camera.
    pub id: u64,
    /// person, bicycle, car, motorcycle, bus or truck.
    pub class: &'static str,
    /// Belief in the class, 0 to 1.
    pub score: f32,
    /// tentative, confirmed, lost or ended.
    pub state: &'static str,
    /// `[x1, y1, x2, y2]` in parts of the picture.
    pub bbox: [f32; 4],
    /// Parked or standing.
    pub is_stationary: bool,
}

impl LiveScene {
    fn new(record: &LiveRecord) -> Self {
        let scene = &record.scene;
        LiveScene {
            seq: record.frame.seq,
            captured_at: scene.captured_at.to_string(),
            tracks: scene.tracks.iter().map(LiveTrack::new).collect(),
            motion: scene.motion.boxes.iter().copied().map(xyxy).collect(),
            active_zones: record.active_zones.iter().map(|zone| zone.0).collect(),
        }
    }
}

impl LiveTrack {
    fn new(track: &Track) -> Self {
        LiveTrack {
            id: track.track_id.0,
            class: track.class.name(),
            score: track.score,
            state: match track.state {
                TrackState::Tentative => "tentative",
                TrackState::Confirmed => "confirmed",
                TrackState::Lost => "lost",
                TrackState::Ended => "ended",
            },
            bbox: xyxy(track.bbox),
            is_stationary: track.is_stationary,
        }
    }
}

/// The box as JSON carries it.
pub(super) fn xyxy(bbox: NormBox) -> [f32; 4] {
    [bbox.x1(), bbox.y1(), bbox.x2(), bbox.y2()]
}

/// Live pictures with their scenes.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/live", tag = "live",
    params(("id" = String, Path, description = "Camera id")),
    responses((status = 200, description = "Endless records: u32 BE length and JSON (LiveScene), u32 BE length and JPEG",
        content_type = "application/octet-stream")))]
pub(super) async fn live(
    watcher: Watcher,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    if let Some(camera_id) = relayed(&app, &id) {
        let (client, token) = app.nodes.client_of(&camera_id).await?;
        let opened = client.live(&token, camera_id.own()).await;
        let bytes = opened.map_err(|error| ApiError::bad_gateway(error.to_string()))?;
        let stop = app.stop.clone();
        let ended = async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = watcher.ended() => {}
            }
        };
        return Ok(live_answer(Body::from_stream(
            bytes.take_until(Box::pin(ended)),
        )));
    }
    let camera = find_camera(&app, &id)?;
    let mut receiver = camera.live.subscribe();
    receiver.mark_changed();
    let stop = app.stop.clone();
    let records = stream::unfold((receiver, stop), |(mut receiver, stop)| async move {
        loop {
            tokio::select! {
                () = stop.cancelled() => return None,
                changed = receiver.changed() => if changed.is_err() { return None },
            }
            let record = receiver.borrow_and_update().clone();
            if let Some(record) = record {
                return Some((encode(&record), (receiver, stop)));
            }
        }
    });
    let body = Body::from_stream(records.take_until(Box::pin(watcher.ended())));
    Ok(live_answer(body))
}

fn live_answer(body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, body).into_response()
}

/// The id, where the camera is another airelay's.
fn relayed(app: &App, id: &str) -> Option<CameraId> {
    let camera_id = CameraId::new(id).ok()?;
    app.fleet.relayed().get(&camera_id)?;
    Some(camera_id)
}

/// The newest picture as the camera sent it.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/frame.jpg", tag = "live",
    params(("id" = String, Path, description = "Camera id")),
    responses((status = 200, description = "JPEG", content_type = "image/jpeg"),
        (status = 404, description = "No picture yet", body = super::error::ErrorBody)))]
pub(super) async fn frame_jpg(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    let jpeg = match relayed(&app, &id) {
        Some(camera_id) => {
            let (client, token) = app.nodes.client_of(&camera_id).await?;
            let fetched = client.picture(&token, camera_id.own()).await;
            fetched.map_err(|error| ApiError::bad_gateway(error.to_string()))?
        }
        None => {
            let camera = find_camera(&app, &id)?;
            let frame = camera.newest_frame.borrow().clone();
            let frame =
                frame.ok_or_else(|| ApiError::not_found("no picture from this camera yet"))?;
            Bytes::from_owner(frame.jpeg)
        }
    };
    Ok((
        [
            (header::CONTENT_TYPE, "image/jpeg"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        Body::from(jpeg),
    )
        .into_response())
}

fn encode(record: &LiveRecord) -> Result<Bytes, serde_json::Error> {
    let json = serde_json::to_vec(&LiveScene::new(record))?;
    let jpeg = &record.frame.jpeg;
    let mut bytes = BytesMut::with_capacity(8 + json.len() + jpeg.len());
    for part in [&json[..], &jpeg[..]] {
        // Bounded by the source's part limit, far below 4 GiB.
        bytes.put_u32(u32::try_from(part.len()).unwrap_or(u32::MAX));
        bytes.put_slice(part);
    }
    Ok(bytes.freeze())
}
