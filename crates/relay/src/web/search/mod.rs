//! Search for people and vehicles over REST.
//!
//! In: examples, wished and excluded attributes, places, times. Out: ranked
//! sightings with the reasons of their rank. Every question stands in the
//! audit trail, without its pictures.
//!
//! Not here: comparing (`crate::search`).

mod input;
mod view;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use guard::search::journey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) use self::input::ExampleInput;
use self::input::SearchInput;
use self::view::SearchAnswer;
use super::App;
use super::audit;
use super::error::{ApiError, ApiResult};
use super::input::Body;
use super::session::{Oneself, Viewer};
use crate::search::{AskError, MAX_RANKED};

/// Largest request: eight pictures would not be looked at, a large one is.
pub(super) const MAX_SEARCH_BYTES: usize = 8 * 1024 * 1024;
/// Sightings on one camera that are no longer apart are one visit, unless said.
const DEFAULT_GAP_S: u32 = 60;
/// Longest such time: a day.
const MAX_GAP_S: u32 = 86_400;

/// What can be searched.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SearchState {
    /// Whether all that is stored can be found; else it is still being read.
    pub is_ready: bool,
    /// Sightings read so far while it is being read.
    pub n_read: u64,
    /// Sightings that can be found.
    pub n_sightings: usize,
    /// Bytes of memory that takes.
    pub len_bytes: usize,
    /// By whose vectors they can be compared.
    pub makers: Vec<MakerView>,
    /// What is wrong with its files, if anything is.
    pub problem: Option<String>,
}

/// A maker of vectors.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MakerView {
    /// Name and version.
    pub maker: String,
    /// Sightings that have its vector.
    pub n_sightings: usize,
}

/// Sightings to be put in order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JourneyInput {
    /// Which, at most 600.
    pub sighting_ids: Vec<i64>,
    /// Sightings on one camera that are no longer apart are one visit, seconds,
    /// 0 to 86,400; 60 when absent.
    pub gap_s: Option<u32>,
}

/// Visits in order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Journey {
    /// The first first.
    pub visits: Vec<VisitView>,
}

/// A stay before one camera.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VisitView {
    /// Camera id.
    pub camera_id: String,
    /// Its name now; its id when it was removed.
    pub camera_name: String,
    /// First seen, UTC.
    pub from: String,
    /// Last seen, UTC.
    pub until: String,
    /// Seconds since the visit before ended; absent for the first.
    pub after_s: Option<f64>,
    /// What it is made of.
    pub sighting_ids: Vec<i64>,
}

/// What can be searched.
#[utoipa::path(get, path = "/api/v1/search", tag = "search",
    responses((status = 200, body = SearchState)))]
pub(super) async fn state(_: Viewer, State(app): State<App>) -> Json<SearchState> {
    let progress = app.search.progress();
    let size = app.search.size();
    let makers = size.n_vectors.into_iter();
    Json(SearchState {
        is_ready: progress.is_ready,
        n_read: progress.n_read,
        n_sightings: size.n_entries,
        len_bytes: size.len_bytes,
        makers: makers
            .map(|(maker, n_sightings)| MakerView {
                maker: maker.to_string(),
                n_sightings,
            })
            .collect(),
        problem: progress.problem,
    })
}

/// Finds people and vehicles by examples, attributes, places and times, all
/// together. Stands in the audit trail.
#[utoipa::path(post, path = "/api/v1/search", tag = "search", request_body = SearchInput,
    responses((status = 200, body = SearchAnswer), (status = 400, body = super::error::ErrorBody),
        (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn search(
    Oneself(session): Oneself,
    State(app): State<App>,
    Body(input): Body<SearchInput>,
) -> ApiResult<Json<SearchAnswer>> {
    let query = input.query()?;
    audit::note(
        &app,
        &session.user_name,
        "search for people and vehicles".to_owned(),
        None,
        Some(&input.for_audit()),
    )
    .await;
    let offset = query.offset;
    let answer = app.search.ask(query).await.map_err(refused)?;
    let ids: Vec<i64> = answer.hits.iter().map(|hit| hit.sighting_id).collect();
    let rows = app
        .storage
        .read(move |reader| reader.sightings_by_id(&ids))
        .await?;
    Ok(Json(SearchAnswer::new(&app, &input, answer, rows, offset)))
}

/// Where somebody was, in order: sightings joined into visits, with the times
/// between.
#[utoipa::path(post, path = "/api/v1/search/journey", tag = "search", request_body = JourneyInput,
    responses((status = 200, body = Journey), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn follow(
    _: Oneself,
    State(app): State<App>,
    Body(input): Body<JourneyInput>,
) -> ApiResult<Json<Journey>> {
    let gap_s = input.gap_s.unwrap_or(DEFAULT_GAP_S);
    if input.sighting_ids.len() > MAX_RANKED || gap_s > MAX_GAP_S {
        return Err(ApiError::bad_request(format!(
            "a journey has at most {MAX_RANKED} sightings, and its gaps at most {MAX_GAP_S} seconds"
        )));
    }
    let rows = app
        .storage
        .read(move |reader| reader.sightings_by_id(&input.sighting_ids))
        .await?;
    let seen = rows.into_iter().map(|row| {
        (
            row.sighting_id.0,
            row.camera_id,
            row.first_seen_at,
            row.last_seen_at,
        )
    });
    let visits = journey(seen.collect(), Duration::from_secs(gap_s.into()));
    let visits = visits.into_iter().map(|visit| VisitView {
        camera_name: app.camera_name(&visit.camera_id),
        camera_id: visit.camera_id.to_string(),
        from: visit.from.to_string(),
        until: visit.until.to_string(),
        after_s: visit.after.map(|after| after.as_secs_f64()),
        sighting_ids: visit.sighting_ids,
    });
    Ok(Json(Journey {
        visits: visits.collect(),
    }))
}

/// What cannot be answered, as an answer.
pub(super) fn refused(error: AskError) -> ApiError {
    match error {
        AskError::Asker(message) => ApiError::bad_request(message),
        AskError::Ours(error) => error.into(),
    }
}
