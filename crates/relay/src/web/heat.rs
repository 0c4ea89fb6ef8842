//! Heat maps over REST.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::cameras::find_camera;
use super::error::{ApiError, ApiResult};
use super::input::{Asked, times};
use super::session::Viewer;

/// Cells of a map across and down, as the occupancy program makes them.
const WIDTH: usize = 64;
const HEIGHT: usize = 36;

/// Which map.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct HeatQuery {
    /// dwell (object seconds) or passage (objects).
    kind: String,
    /// From this time, UTC.
    from: String,
    /// Until this time, UTC.
    until: String,
}

/// A map over the picture, row by row from the top left.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeatView {
    /// Cells across.
    pub width: usize,
    /// Cells down.
    pub height: usize,
    /// One number for each cell.
    pub values: Vec<f32>,
    /// What the numbers are.
    pub unit: &'static str,
}

/// The sum of a camera's heat maps over a time.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/heatmap", tag = "programs",
    params(("id" = String, Path, description = "Camera id"), HeatQuery),
    responses((status = 200, body = HeatView), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn get(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(query): Asked<HeatQuery>,
) -> ApiResult<Json<HeatView>> {
    let camera_id = find_camera(&app, &id)?.camera_id.clone();
    let (from, until) = times(&query.from, &query.until)?;
    let (kind, unit) = match query.kind.as_str() {
        "dwell" => ("dwell", "object seconds"),
        "passage" => ("passage", "objects"),
        other => {
            return Err(ApiError::bad_request(format!(
                "kind = {other:?}: use dwell or passage"
            )));
        }
    };
    let values = app
        .storage
        .read(move |reader| reader.sum_heat(&camera_id, kind, from, until, WIDTH * HEIGHT))
        .await?;
    Ok(Json(HeatView {
        width: WIDTH,
        height: HEIGHT,
        values,
        unit,
    }))
}
