//! Tries a camera's link without saving it: one connection, one picture.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use source::{Limits, Link, Source};
use types::{CameraId, Clock, EncodedFrame};
use utoipa::ToSchema;

use super::App;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::Editor;
use crate::settings::LinkInput;
use crate::supervise::{CameraStatus, StatusBoard};

/// Longest test. Two seconds of frames are enough for a rate.
const WITHIN: Duration = Duration::from_secs(15);

/// How long frames are counted for the rate.
const MEASURE_FOR: Duration = Duration::from_secs(2);

/// A link to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LinkTest {
    /// How the camera is reached.
    pub link: LinkInput,
    /// Camera whose stored password is used when `link` brings none.
    #[serde(default)]
    pub camera_id: Option<String>,
}

/// What came back.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LinkTestResult {
    /// State, cause and measurements, as a running camera would show them.
    pub status: CameraStatus,
    /// The picture as `data:image/jpeg;base64,...`.
    pub image: Option<String>,
}

/// Tries a link; takes up to 15 s.
#[utoipa::path(post, path = "/api/v1/link_test", tag = "cameras", request_body = LinkTest,
    responses((status = 200, body = LinkTestResult), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn link_test(
    _: Editor,
    State(app): State<App>,
    Body(test): Body<LinkTest>,
) -> ApiResult<Json<LinkTestResult>> {
    let stored = match test.camera_id.as_deref().map(CameraId::new) {
        Some(Ok(camera_id)) => app.cameras.get(&camera_id).await?,
        _ => None,
    };
    let stored_link = stored.as_ref().map(|record| &record.document.link);
    let document = test.link.into_document(stored_link, &app.vault)?;
    let link = document.resolve(&app.vault).map_err(ApiError::fields)?;
    let (status, frame) = try_link(&link, &app.clock).await;
    let image =
        frame.map(|frame| format!("data:image/jpeg;base64,{}", STANDARD.encode(&frame.jpeg)));
    Ok(Json(LinkTestResult { status, image }))
}

/// Opens `link`, reads frames for two seconds and says how it went.
pub(crate) async fn try_link(
    link: &Link,
    clock: &Arc<dyn Clock>,
) -> (CameraStatus, Option<EncodedFrame>) {
    let board = StatusBoard::default();
    let mut newest = None;
    board.connecting(&link.url());
    let work = async {
        let mut source = Source::open(link, Arc::clone(clock), &Limits::default()).await?;
        board.opened(source.info());
        let mut first_at = None;
        loop {
            let frame = source.next().await?;
            board.received(frame.captured_at, frame.jpeg.len(), source.info());
            if let Ok(header) = jpeg::read_header(&frame.jpeg) {
                board.sized((header.width_px, header.height_px));
            }
            let first_at = *first_at.get_or_insert(frame.captured_at);
            let measured = frame.captured_at.saturating_since(first_at);
            newest = Some(frame);
            if measured >= MEASURE_FOR {
                return Ok(());
            }
        }
    };
    if let Ok(Err(error)) = tokio::time::timeout(WITHIN, work).await {
        board.failed(&error, None);
    }
    (board.status(clock.now(), 0), newest)
}
