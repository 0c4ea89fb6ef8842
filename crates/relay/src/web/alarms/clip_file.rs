//! Clips as files that players open: the camera's own JPEGs in Matroska, or
//! H.264 in MP4, encoded while it is sent.
//!
//! A file is sent while it is read, so it takes no memory to speak of. Encoding
//! is for two at once; who asks for a third is told to wait.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use clip::{MatroskaLayout, Mp4Writer, Part, Sample};
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;
use transcode::H264Encoder;
use types::Timestamp;

use super::clip::{Found, find, no_picture};
use crate::clips::{ClipDesk, Contents};
use crate::evidence::EvidenceFile;
use crate::web::App;
use crate::web::audit;
use crate::web::error::{ApiError, ApiResult, ErrorBody};
use crate::web::session::Viewer;

/// Stretches of a file that wait for a slow browser.
const QUEUED: usize = 16;
/// Most bytes of clips in one file of evidence.
const MAX_EVIDENCE_CLIPS: u64 = 40 * 1024 * 1024;
/// What stands in place of one that is longer.
const TOO_LARGE: &str = "The clip is too large for this file: take it out by itself.\r\n";
/// Lower priority of the threads that encode: analysis goes first.
const NICENESS: i32 = 5;
/// How long a picture is shown that none follows, and most of any gap.
const LAST_SHOWN_US: i64 = 200_000;
/// Takes stretches of a file to whoever asked for it.
type Sender = mpsc::Sender<Result<Bytes, std::io::Error>>;

/// The clip with the camera's own JPEGs, byte for byte, in Matroska.
#[utoipa::path(get, path = "/api/v1/alarms/{id}/clip.mkv", tag = "alarms",
    params(("id" = String, Path, description = "Event id")),
    responses((status = 200, description = "Matroska with MJPEG", content_type = "video/x-matroska"),
        (status = 404, body = ErrorBody)))]
pub(in crate::web) async fn clip_mkv(
    viewer: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    let file = File::find(&app, &id).await?;
    let layout = file.layout(&app).await?;
    let len_bytes = layout.len_bytes();
    let (desk, contents) = (app.clips.clone(), Arc::clone(&file.contents));
    let body = stream(app.stop.clone(), None, move |sender| {
        for part in layout.into_parts() {
            let bytes = match part {
                Part::Bytes(bytes) => Ok(bytes),
                Part::Picture(idx) => desk.jpeg(&contents, &contents.pictures[idx]),
            };
            if !send(&sender, bytes) {
                return;
            }
        }
    })?;
    file.told(&app, &viewer.name, "Matroska").await;
    let mut answer = file.answer(body, "video/x-matroska", "mkv");
    answer
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(len_bytes));
    Ok(answer)
}

/// The clip as H.264 in MP4, encoded while it is sent.
#[utoipa::path(get, path = "/api/v1/alarms/{id}/clip.mp4", tag = "alarms",
    params(("id" = String, Path, description = "Event id")),
    responses((status = 200, description = "MP4 with H.264", content_type = "video/mp4"),
        (status = 404, body = ErrorBody),
        (status = 503, description = "Two are encoded already", body = ErrorBody)))]
pub(in crate::web) async fn clip_mp4(
    viewer: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Response> {
    let file = File::find(&app, &id).await?;
    let permit = app.clips.encoding().try_acquire_owned().map_err(|_| {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "two clips are being encoded already: try again in some seconds, or take the .mkv, \
             which needs no encoding",
        )
    })?;
    let (desk, contents) = (app.clips.clone(), Arc::clone(&file.contents));
    let body = stream(app.stop.clone(), Some(permit), move |sender| {
        encode(&desk, &contents, &sender);
    })?;
    file.told(&app, &viewer.name, "MP4").await;
    Ok(file.answer(body, "video/mp4", "mp4"))
}

/// The clips of alarms as files of their evidence, as far as they fit; else a
/// text that says why there is none.
pub(super) async fn evidence_clips(app: &App, ids: &[String]) -> Vec<EvidenceFile> {
    let mut left = MAX_EVIDENCE_CLIPS;
    let mut files = Vec::new();
    for id in ids {
        let found = match File::find(app, id).await {
            Ok(file) => file.matroska(app, left).await,
            Err(error) => Err(error),
        };
        let (name, bytes) = match found {
            Ok(Some(bytes)) => ("clip.mkv", bytes),
            Ok(None) => ("clip.txt", TOO_LARGE.as_bytes().to_vec()),
            Err(error) => ("clip.txt", format!("{}\r\n", error.message()).into_bytes()),
        };
        left = left.saturating_sub(bytes.len() as u64);
        let name = format!("{id}/{name}");
        files.push(EvidenceFile { name, bytes });
    }
    files
}

/// A clip with pictures.
struct File {
    found: Found,
    contents: Arc<Contents>,
}

impl File {
    async fn find(app: &App, id: &str) -> ApiResult<Self> {
        let found = find(app, id).await?;
        if let Some((_, message)) = found.reason(app) {
            return Err(ApiError::not_found(message));
        }
        let contents = found.contents.clone();
        let contents = contents.filter(|contents| !contents.pictures.is_empty());
        let contents = contents.ok_or_else(|| {
            ApiError::not_found("this clip has no picture yet: wait some seconds")
        })?;
        Ok(File { found, contents })
    }

    async fn layout(&self, app: &App) -> ApiResult<MatroskaLayout> {
        let times = self.contents.pictures.iter();
        let times: Vec<(Timestamp, u32)> = times
            .map(|picture| (picture.captured_at, picture.len_bytes))
            .collect();
        let size_px = self.size_px(app).await?;
        MatroskaLayout::new(&times, size_px).ok_or_else(no_picture)
    }

    /// The whole Matroska file; `None` where it is longer than `max_bytes`.
    async fn matroska(&self, app: &App, max_bytes: u64) -> ApiResult<Option<Vec<u8>>> {
        let layout = self.layout(app).await?;
        if layout.len_bytes() > max_bytes {
            return Ok(None);
        }
        let (desk, contents) = (app.clips.clone(), Arc::clone(&self.contents));
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            for part in layout.into_parts() {
                match part {
                    Part::Bytes(part) => bytes.extend(part),
                    Part::Picture(idx) => {
                        bytes.extend(desk.jpeg(&contents, &contents.pictures[idx])?);
                    }
                }
            }
            Ok(bytes)
        });
        let read: std::io::Result<Vec<u8>> = read.await.map_err(anyhow::Error::from)?;
        let bytes = read.map_err(|error| anyhow::anyhow!("read a clip: {error}"))?;
        Ok(Some(bytes))
    }

    /// Of the first picture.
    async fn size_px(&self, app: &App) -> ApiResult<(u32, u32)> {
        let first = self.contents.pictures.first().cloned();
        let first = first.ok_or_else(no_picture)?;
        let jpeg = super::clip::read_jpeg(app, &self.contents, first).await?;
        // Players read the size from the pictures themselves, too.
        let header = jpeg::read_header(&jpeg);
        Ok(header.map_or((1_920, 1_080), |header| (header.width_px, header.height_px)))
    }

    /// Who took pictures of people out of here can be found out.
    async fn told(&self, app: &App, who: &str, form: &str) {
        let what = format!(
            "took the clip of alarm {} out as {form}",
            self.found.event.event_id
        );
        audit::note::<()>(app, who, what, None, None).await;
    }

    fn answer(&self, body: Body, kind: &'static str, ending: &str) -> Response {
        let event = &self.found.event;
        let at = event.started_at.to_string();
        let at: String = at.chars().filter(char::is_ascii_digit).take(14).collect();
        let name = format!("attachment; filename=\"{}-{at}.{ending}\"", event.camera_id);
        let name = HeaderValue::from_str(&name);
        let name = name.unwrap_or(HeaderValue::from_static("attachment"));
        let mut answer = body.into_response();
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert(header::CONTENT_DISPOSITION, name);
        let kept = HeaderValue::from_static("private, no-store");
        headers.insert(header::CACHE_CONTROL, kept);
        answer
    }
}

/// A body that a thread of its own makes; it ends when nobody listens.
fn stream(
    stop: CancellationToken,
    permit: Option<OwnedSemaphorePermit>,
    make: impl FnOnce(Sender) + Send + 'static,
) -> ApiResult<Body> {
    let (sender, receiver) = mpsc::channel(QUEUED);
    std::thread::Builder::new()
        .name("clip file".to_owned())
        .spawn(move || {
            be_nice();
            make(sender);
            drop(permit);
        })
        .map_err(|error| anyhow::anyhow!("start a thread: {error}"))?;
    let parts = futures_util::stream::unfold((receiver, stop), |(mut receiver, stop)| async {
        tokio::select! {
            () = stop.cancelled() => None,
            part = receiver.recv() => Some((part?, (receiver, stop))),
        }
    });
    Ok(Body::from_stream(parts))
}

/// `false` when it is of no use to go on.
fn send(sender: &Sender, bytes: std::io::Result<Vec<u8>>) -> bool {
    let is_good = bytes.is_ok();
    if let Err(error) = &bytes {
        tracing::warn!(%error, "clip file ends early");
    }
    sender.blocking_send(bytes.map(Bytes::from)).is_ok() && is_good
}

/// Encodes picture by picture; a fragment from one that stands alone to the
/// next. Pictures that cannot be decoded, or have another size than the first,
/// are left out: the one before is shown for longer.
fn encode(desk: &ClipDesk, contents: &Contents, sender: &Sender) {
    let mut encoder = match H264Encoder::new() {
        Ok(encoder) => encoder,
        Err(error) => {
            send(sender, Err(std::io::Error::other(error)));
            return;
        }
    };
    let last_at = contents.pictures.last().map(|picture| picture.captured_at);
    let end = Timestamp::from_micros(last_at.unwrap_or_default().as_micros() + LAST_SHOWN_US);
    let mut writer: Option<Mp4Writer> = None;
    let mut size_px = None;
    let mut waiting: Vec<Sample> = Vec::new();
    for picture in &contents.pictures {
        let jpeg = match desk.jpeg(contents, picture) {
            Ok(jpeg) => jpeg,
            Err(error) => {
                send(sender, Err(error));
                return;
            }
        };
        let at = picture.captured_at;
        let unit = match encoder.encode(&jpeg, at, false) {
            Ok(unit) if size_px.is_none_or(|size_px| size_px == unit.size_px) => unit,
            Ok(_) => continue,
            Err(error) => {
                tracing::debug!(%error, "picture of a clip left out");
                continue;
            }
        };
        size_px = Some(unit.size_px);
        if let Some(last) = waiting.last_mut() {
            last.until = at;
        }
        if unit.is_key
            && let Some(writer) = &mut writer
            && !send(sender, Ok(writer.fragment(&std::mem::take(&mut waiting))))
        {
            return;
        }
        let sample = Sample {
            annex_b: unit.bytes,
            is_key: unit.is_key,
            captured_at: at,
            until: end,
        };
        if writer.is_none() {
            let (started, head) = match Mp4Writer::start(&sample, unit.size_px, end) {
                Ok(started) => started,
                Err(error) => {
                    send(sender, Err(std::io::Error::other(error)));
                    return;
                }
            };
            writer = Some(started);
            if !send(sender, Ok(head)) {
                return;
            }
        }
        waiting.push(sample);
    }
    if let Some(writer) = &mut writer {
        send(sender, Ok(writer.fragment(&waiting)));
    }
}

/// Lowers the priority of this thread alone.
fn be_nice() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        tracing::debug!(%error, "threads that make clip files have the usual priority");
    }
}
