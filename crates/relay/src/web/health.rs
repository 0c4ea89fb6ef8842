//! How healthy a camera's scene is and was, over REST.

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use types::{Health, HealthMinute, HealthPart, Timestamp};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::cameras::find_camera;
use super::error::{ApiError, ApiResult};
use super::input::{Asked, times};
use super::session::Viewer;

/// Most points that one answer holds: a day of minutes.
const MAX_POINTS: u64 = 1_440;
/// Longest time that is asked for.
const MAX_SECONDS: u64 = store::MAX_MINUTES as u64 * 60;

/// Which time.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct HealthQuery {
    /// From this time, UTC.
    from: String,
    /// Until this time, UTC; at most 31 days later.
    until: String,
}

/// How well the scene can be seen, now and minute by minute.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthView {
    /// Over the last seconds; absent while that is not known.
    pub now: Option<PartsView>,
    /// What is wrong now, in words; absent while the scene is healthy.
    pub complaint: Option<String>,
    /// A scene with a part below this is not healthy.
    pub limit: f32,
    /// Seconds that each of the minutes stands for: more than 60 where the
    /// asked time is longer than a day.
    pub step_s: u64,
    /// Oldest first; those without pictures are left out.
    pub minutes: Vec<MinuteView>,
}

/// The scene over a minute, or some.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct MinuteView {
    /// Start, UTC.
    pub at: String,
    /// Means of the parts.
    pub mean: PartsView,
    /// The lowest that each part was.
    pub lowest: PartsView,
}

/// Each 0 (of no use) to 1 (as good as can be).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
pub(super) struct PartsView {
    /// Fine detail, against what the view had in the last minutes.
    pub sharpness: f32,
    /// Distance of dark and bright.
    pub contrast: f32,
    /// Not too much is black or white.
    pub exposure: f32,
    /// The camera does not shake.
    pub steadiness: f32,
    /// No rain, snow, insects, leaves or noise.
    pub calm: f32,
}

/// How healthy the scene of a camera is and was.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/health", tag = "programs",
    params(("id" = String, Path, description = "Camera id"), HealthQuery),
    responses((status = 200, body = HealthView), (status = 400, body = super::error::ErrorBody),
        (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn get(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(query): Asked<HealthQuery>,
) -> ApiResult<Json<HealthView>> {
    let camera = find_camera(&app, &id)?;
    let (from, until) = times(&query.from, &query.until)?;
    let seconds = until.saturating_since(from).as_secs();
    if seconds > MAX_SECONDS {
        return Err(ApiError::bad_request("ask for at most 31 days at once"));
    }
    let camera_id = camera.camera_id.clone();
    let minutes = app
        .storage
        .read(move |reader| reader.scene_health(&camera_id, from, until))
        .await?;
    let step_s = 60 * seconds.div_ceil(60 * MAX_POINTS).max(1);
    let newest = camera.live.borrow().clone();
    let picture = newest.as_ref().map(|record| &record.scene.picture);
    Ok(Json(HealthView {
        now: picture
            .and_then(|picture| picture.health)
            .map(PartsView::new),
        complaint: picture.and_then(programs::health::complaint_of),
        limit: programs::health::SICK_BELOW,
        step_s,
        minutes: merged(&minutes, step_s),
    }))
}

/// Minutes in steps of the clock: means of the means, lowest of the lowest.
fn merged(minutes: &[HealthMinute], step_s: u64) -> Vec<MinuteView> {
    let micros = i64::try_from(step_s).unwrap_or(60).max(60) * 1_000_000;
    let step_of = |minute: &HealthMinute| minute.minute_at.as_micros().div_euclid(micros);
    let steps = minutes.chunk_by(|a, b| step_of(a) == step_of(b));
    steps
        .filter_map(|step| {
            let first = step.first()?;
            let n_minutes = step.len() as f32;
            let of = |part: HealthPart| {
                let sum: f32 = step.iter().map(|minute| minute.mean.part(part)).sum();
                let lowest = step.iter().map(|minute| minute.lowest.part(part));
                (sum / n_minutes, lowest.fold(1.0, f32::min))
            };
            let parts = HealthPart::ALL.map(of);
            Some(MinuteView {
                at: Timestamp::from_micros(step_of(first) * micros).to_string(),
                mean: PartsView::new(Health(parts.map(|(mean, _)| mean))),
                lowest: PartsView::new(Health(parts.map(|(_, lowest)| lowest))),
            })
        })
        .collect()
}

impl PartsView {
    fn new(health: Health) -> Self {
        // As exact as it is stored, and no longer.
        let part = |part| (health.part(part) * 1_000.0).round() / 1_000.0;
        PartsView {
            sharpness: part(HealthPart::Sharpness),
            contrast: part(HealthPart::Contrast),
            exposure: part(HealthPart::Exposure),
            steadiness: part(HealthPart::Steadiness),
            calm: part(HealthPart::Calm),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(number: i64, calm: f32) -> HealthMinute {
        HealthMinute {
            minute_at: Timestamp::from_secs(number * 60),
            mean: Health([1.0, 1.0, 1.0, 1.0, calm]),
            lowest: Health([1.0, 1.0, 1.0, 1.0, calm / 2.0]),
        }
    }

    #[test]
    fn long_times_are_merged_by_the_clock_and_keep_what_was_worst() {
        let minutes = [
            minute(9, 0.2),
            minute(10, 0.4),
            minute(14, 0.8),
            minute(16, 1.0),
        ];
        let told: Vec<(String, f32, f32)> = merged(&minutes, 300)
            .into_iter()
            .map(|one| (one.at, one.mean.calm, one.lowest.calm))
            .collect();
        assert_eq!(
            told,
            [
                ("1970-01-01T00:05:00.000Z".to_owned(), 0.2, 0.1),
                ("1970-01-01T00:10:00.000Z".to_owned(), 0.6, 0.2),
                ("1970-01-01T00:15:00.000Z".to_owned(), 1.0, 0.5),
            ]
        );
        assert_eq!(merged(&minutes, 60).len(), 4);
        assert_eq!(merged(&[], 60), []);
    }
}
