//! How sure the detector was of the objects in a zone, over REST: what another
//! sensitivity would let in.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use types::ZoneId;
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::cameras::find_camera;
use super::error::ApiResult;
use super::input::Asked;
use super::session::Viewer;

/// How far back is looked.
const DAYS: u32 = 7;

/// Where.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct ScoreQuery {
    /// Zone in which the objects were; the whole picture when absent.
    zone_id: Option<u32>,
}

/// Objects by the best score that they had.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScoresView {
    /// Days that are looked at.
    pub days: u32,
    /// The first hour of them that has any, UTC.
    pub since: Option<String>,
    /// By class: 100 numbers, each of how many objects had a best score from n
    /// to n + 1 hundredths.
    pub classes: BTreeMap<&'static str, Vec<u64>>,
}

/// How sure the detector was of the objects of the last seven days.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/scores", tag = "programs",
    params(("id" = String, Path, description = "Camera id"), ScoreQuery),
    responses((status = 200, body = ScoresView), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn get(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(query): Asked<ScoreQuery>,
) -> ApiResult<Json<ScoresView>> {
    let camera_id = find_camera(&app, &id)?.camera_id.clone();
    let now = app.clock.now();
    let from = now.saturating_sub(Duration::from_secs(u64::from(DAYS) * 86_400));
    let until = now.saturating_add(Duration::from_secs(1));
    let zone_id = query.zone_id.map(ZoneId);
    let sums = app
        .storage
        .read(move |reader| reader.sum_scores(&camera_id, zone_id, from, until))
        .await?;
    let classes = sums.by_class.into_iter();
    Ok(Json(ScoresView {
        days: DAYS,
        since: sums.since.map(|since| since.to_string()),
        classes: classes.map(|(class, bins)| (class.name(), bins)).collect(),
    }))
}
