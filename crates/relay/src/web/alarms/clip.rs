//! Clips of alarms over REST: what there is, and single pictures.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use store::{Clip, ClipGone, EventRow};
use types::EventId;
use utoipa::ToSchema;

use crate::clips::{Contents, Picture};
use crate::web::App;
use crate::web::error::{ApiError, ApiResult, ErrorBody};
use crate::web::events::{no_event, parse_id};
use crate::web::session::Viewer;

/// The pictures that an alarm keeps.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ClipView {
    /// kept, recording (more pictures come), open (the alarm goes on for longer
    /// than its begin is kept; its end follows) or none.
    pub state: &'static str,
    /// Why there is none: off, never, elsewhere, age, quota, total or lost.
    pub reason: Option<&'static str>,
    /// The same in words.
    pub message: Option<String>,
    /// When the alarm was raised, UTC.
    pub alarm_at: Option<String>,
    /// The object that caused it.
    pub track_id: Option<u64>,
    /// The alarm lasted so long that only its begin and its end are kept: the
    /// number of the first picture of the end.
    pub end_begins_at: Option<usize>,
    /// Sum of the JPEGs, bytes.
    pub len_bytes: u64,
    /// In order of time.
    pub frames: Vec<FrameView>,
}

/// One picture.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct FrameView {
    /// When its first byte came, UTC.
    pub at: String,
    /// Length of the JPEG, bytes.
    pub len_bytes: u32,
    /// The boxes are worked out between two pictures that were analysed.
    pub is_between: bool,
    /// Objects followed then.
    pub tracks: Vec<BoxView>,
}

/// One object in one picture.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct BoxView {
    /// Identity on this camera.
    pub id: u64,
    /// person, bicycle, car, motorcycle, bus or truck.
    pub class: String,
    /// Belief in the class, 0 to 1.
    pub score: f32,
    /// `[x1, y1, x2, y2]` in parts of the picture.
    pub bbox: [f32; 4],
}

/// A clip and what is in it.
pub(super) struct Found {
    pub(super) event: EventRow,
    pub(super) clip: Option<Clip>,
    pub(super) gone: Option<ClipGone>,
    pub(super) contents: Option<Arc<Contents>>,
}

/// Which pictures an alarm keeps.
#[utoipa::path(get, path = "/api/v1/alarms/{id}/clip", tag = "alarms",
    params(("id" = String, Path, description = "Event id")),
    responses((status = 200, body = ClipView), (status = 404, body = ErrorBody)))]
pub(in crate::web) async fn clip(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<ClipView>> {
    let found = find(&app, &id).await?;
    Ok(Json(ClipView::new(&app, &found)))
}

/// One picture of a clip, byte for byte as the camera sent it.
#[utoipa::path(get, path = "/api/v1/alarms/{id}/clip/frames/{file}", tag = "alarms",
    params(("id" = String, Path, description = "Event id"),
        ("file" = String, Path, description = "Its number from 0, and .jpg")),
    responses((status = 200, description = "JPEG", content_type = "image/jpeg"),
        (status = 404, body = ErrorBody)))]
pub(in crate::web) async fn clip_frame(
    _: Viewer,
    State(app): State<App>,
    Path((id, file)): Path<(String, String)>,
) -> ApiResult<Response> {
    let number = file.strip_suffix(".jpg").and_then(|text| text.parse().ok());
    let number: usize = number.ok_or_else(|| {
        ApiError::not_found("no such picture: use its number from 0, as in 0.jpg")
    })?;
    let found = find(&app, &id).await?;
    let contents = found.contents.ok_or_else(no_picture)?;
    let picture = contents.pictures.get(number).cloned();
    let picture = picture.ok_or_else(no_picture)?;
    let jpeg = read_jpeg(&app, &contents, picture).await?;
    Ok((
        [
            (header::CONTENT_TYPE, "image/jpeg"),
            (header::CACHE_CONTROL, "private, max-age=3600"),
        ],
        Body::from(jpeg),
    )
        .into_response())
}

/// Looks up an alarm's clip, and what is in it where it is kept.
pub(super) async fn find(app: &App, id: &str) -> ApiResult<Found> {
    let event_id: EventId = parse_id(id)?;
    let (event, row) = app
        .storage
        .read(move |reader| Ok((reader.event(event_id)?, reader.clip(event_id)?)))
        .await?;
    let event = event.ok_or_else(|| no_event(id))?;
    let (clip, gone) = row.unzip();
    let gone = gone.flatten();
    let mut contents = None;
    if let Some(clip) = clip.clone().filter(|_| gone.is_none()) {
        let desk = app.clips.clone();
        let read = tokio::task::spawn_blocking(move || desk.contents(&clip)).await;
        let read = read.map_err(anyhow::Error::from)?;
        contents = Some(read.map_err(|error| anyhow::anyhow!("read a clip: {error}"))?);
    }
    Ok(Found {
        event,
        clip,
        gone,
        contents,
    })
}

/// Reads one picture off the async threads.
pub(super) async fn read_jpeg(
    app: &App,
    contents: &Arc<Contents>,
    picture: Picture,
) -> ApiResult<Vec<u8>> {
    let (desk, contents) = (app.clips.clone(), Arc::clone(contents));
    let read = tokio::task::spawn_blocking(move || desk.jpeg(&contents, &picture)).await;
    let read = read.map_err(anyhow::Error::from)?;
    read.map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => no_picture(),
        _ => anyhow::anyhow!("read a picture of a clip: {error}").into(),
    })
}

pub(super) fn no_picture() -> ApiError {
    ApiError::not_found("no such picture in this clip: it may have been removed to make room")
}

impl Found {
    /// Why there is nothing to see.
    pub(super) fn reason(&self, app: &App) -> Option<(&'static str, String)> {
        if let Some(gone) = self.gone {
            let text = match gone {
                ClipGone::Age => {
                    "The clip was removed: it was older than this camera's clips are kept."
                }
                ClipGone::Quota => {
                    "The clip was removed to make room for newer ones of this camera."
                }
                ClipGone::Total => {
                    "The clip was removed: the clips of all cameras took more \
                    room than they may."
                }
            };
            return Some((gone.name(), text.to_owned()));
        }
        if let Some(camera) = app.fleet.relayed().get(&self.event.camera_id) {
            let text = format!("The clip is kept by {}: look there.", camera.node_name);
            return Some(("elsewhere", text));
        }
        if self.clip.is_none() {
            let camera = app.fleet.get(&self.event.camera_id);
            let is_on = camera.is_none_or(|camera| camera.current_settings().clips.is_on);
            return Some(if is_on {
                (
                    "never",
                    "No clip was recorded when this alarm came.".to_owned(),
                )
            } else {
                ("off", "Clips are switched off for this camera.".to_owned())
            });
        }
        let contents = self.contents.as_ref()?;
        if !contents.pictures.is_empty() || self.is_recording(app) {
            return None;
        }
        let text = match app.clips.trouble() {
            Some(trouble) => format!("No picture could be kept: {trouble}."),
            None => {
                "No picture could be kept: the camera sent none, or the disk took none.".to_owned()
            }
        };
        Some(("lost", text))
    }

    /// Whether more pictures may come.
    pub(super) fn is_recording(&self, app: &App) -> bool {
        let now = app.clock.now();
        self.clip.as_ref().is_some_and(|clip| {
            let until = clip.end.map_or(clip.begin.1, |(_, until)| until);
            now <= until
        })
    }

    /// Whether what raised the alarm goes on.
    fn is_open(&self) -> bool {
        self.clip.as_ref().is_some_and(|clip| clip.is_open)
    }
}

impl ClipView {
    fn new(app: &App, found: &Found) -> Self {
        let reason = found.reason(app);
        let pictures = match (&reason, &found.contents) {
            (None, Some(contents)) => contents.pictures.as_slice(),
            _ => &[],
        };
        let end = found.clip.as_ref().and_then(|clip| clip.end);
        ClipView {
            state: match &reason {
                Some(_) => "none",
                None if found.is_recording(app) => "recording",
                None if found.is_open() => "open",
                None => "kept",
            },
            alarm_at: found.clip.as_ref().map(|clip| clip.alarm_at.to_string()),
            track_id: found.event.track_id.map(|track_id| track_id.0),
            end_begins_at: end.and_then(|(from, _)| {
                let mut pictures = pictures.iter();
                pictures.position(|picture| picture.captured_at >= from)
            }),
            len_bytes: pictures
                .iter()
                .map(|picture| u64::from(picture.len_bytes))
                .sum(),
            frames: pictures.iter().map(FrameView::new).collect(),
            message: reason.as_ref().map(|(_, message)| message.clone()),
            reason: reason.map(|(reason, _)| reason),
        }
    }
}

impl FrameView {
    fn new(picture: &Picture) -> Self {
        FrameView {
            at: picture.captured_at.to_string(),
            len_bytes: picture.len_bytes,
            is_between: picture.is_between,
            tracks: picture
                .tracks
                .iter()
                .map(|track| BoxView {
                    id: track.id,
                    class: track.class.clone(),
                    score: track.score,
                    bbox: track.bbox,
                })
                .collect(),
        }
    }
}
