//! What is new here, for airelays that guard this one: a page of changes behind a
//! cursor, by long poll.
//!
//! In: where the guard stands. Out: what follows, each change as it is now, with
//! the next cursor. A cursor that this database did not give, since it was set
//! back to a backup, gets everything from the beginning, and is told so.
//!
//! Not here: the order of changes (`store::feed`), their form (`nodes::wire`).

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use store::{FeedCursor, FeedLimits, FeedStart, MAX_FEED_PAGE};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::error::{ApiError, ApiResult};
use super::input::Asked;
use super::session::NodeReader;
use crate::nodes::wire::{CameraChangeView, CameraStateView, FeedView, without_secrets};
use crate::supervise::SourceState;

/// Longest wait for news, seconds: well below the limit on an answer's head.
const MAX_WAIT_S: u32 = 20;
/// Bytes of pictures after which a page ends; one more picture may follow.
const MAX_PICTURE_BYTES: usize = 4 * 1024 * 1024;

/// From where to read.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct FeedQuery {
    /// The cursor of the page before; `beginning` for everything that is kept,
    /// `now` for what comes from now on.
    after: String,
    /// Do not read past this cursor.
    until: Option<String>,
    /// Most changes, 1 to 500.
    #[serde(default = "usual_limit")]
    limit: u32,
    /// How long to wait where there is nothing new, seconds, at most 20.
    #[serde(default)]
    wait_s: u32,
    /// Whether to tell what the cameras do.
    #[serde(default)]
    cameras: bool,
}

const fn usual_limit() -> u32 {
    200
}

/// Settings of all cameras.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FeedCameras {
    /// By id.
    pub cameras: Vec<CameraChangeView>,
}

/// What is new, in order; waits for it. With a token of scope `node`.
#[utoipa::path(get, path = "/api/v1/feed", tag = "nodes", params(FeedQuery),
    responses((status = 200, body = FeedView), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn feed(
    _: NodeReader,
    State(app): State<App>,
    Asked(query): Asked<FeedQuery>,
) -> ApiResult<Json<FeedView>> {
    let start = match query.after.as_str() {
        "beginning" => FeedStart::Beginning,
        "now" => FeedStart::Now,
        text => FeedStart::After(cursor(text)?),
    };
    if !(1..=MAX_FEED_PAGE).contains(&query.limit) {
        return Err(ApiError::bad_request(format!(
            "limit: use 1 to {MAX_FEED_PAGE}"
        )));
    }
    let limits = FeedLimits {
        max_changes: query.limit,
        max_picture_bytes: MAX_PICTURE_BYTES,
        until: query.until.as_deref().map(cursor).transpose()?,
    };
    let mut news = app.storage.news();
    let wait = Duration::from_secs(query.wait_s.min(MAX_WAIT_S).into());
    let until = tokio::time::Instant::now() + wait;
    let page = loop {
        news.mark_unchanged();
        let page = app
            .storage
            .read(move |reader| reader.feed(start, &limits))
            .await?;
        let is_due = tokio::time::Instant::now() >= until;
        if !page.changes.is_empty() || page.is_restart || is_due {
            break page;
        }
        tokio::select! {
            () = app.stop.cancelled() => break page,
            () = tokio::time::sleep_until(until) => {}
            changed = news.changed() => if changed.is_err() { break page },
        }
    };
    let mut view = FeedView::new(page, app.clock.now());
    if query.cameras {
        view.cameras = Some(states(&app));
    }
    Ok(Json(view))
}

/// Settings of all cameras here, without passwords. With a token of scope `node`.
#[utoipa::path(get, path = "/api/v1/feed/cameras", tag = "nodes",
    responses((status = 200, body = FeedCameras)))]
pub(super) async fn cameras(_: NodeReader, State(app): State<App>) -> ApiResult<Json<FeedCameras>> {
    let records = app.cameras.list().await?;
    let cameras = records.into_iter().map(|record| {
        let json = serde_json::to_string(&record.document).unwrap_or_default();
        CameraChangeView {
            id: record.camera_id.to_string(),
            document: without_secrets(&json),
        }
    });
    Ok(Json(FeedCameras {
        cameras: cameras.collect(),
    }))
}

fn cursor(text: &str) -> ApiResult<FeedCursor> {
    FeedCursor::parse(text)
        .ok_or_else(|| ApiError::bad_request("this is no cursor: send one that a page gave"))
}

fn states(app: &App) -> Vec<CameraStateView> {
    let cameras = app.fleet.all().into_iter();
    cameras
        .map(|camera| {
            let status = app.fleet.status(&camera);
            CameraStateView {
                id: camera.camera_id.to_string(),
                state: state_name(status.state).to_owned(),
                fps: status.fps,
                analysed_fps: status.analysed_fps,
                size_px: status
                    .resolution
                    .map(|size| (size.width_px, size.height_px)),
                n_tracks: status.tracks,
            }
        })
        .collect()
}

const fn state_name(state: SourceState) -> &'static str {
    match state {
        SourceState::Off => "off",
        SourceState::Connecting => "connecting",
        SourceState::Receiving => "receiving",
        SourceState::Waiting => "waiting",
        SourceState::Failed => "failed",
    }
}
