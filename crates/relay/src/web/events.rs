//! Events and their best shots over REST.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use store::{EventFilter, EventRow, ShotRow, StoredGate};
use types::{CameraId, Class, Crossing, EventId, EventKind, HealthPart, PictureProblem, ShotStage};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::error::{ApiError, ApiResult};
use super::input::{Asked, opt_time};
use super::live::xyxy;
use super::session::{MaybeSession, Viewer};
use crate::deliver::picture_claim;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 500;

/// Which events; every part may be left out.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct EventQuery {
    /// Only of this camera.
    camera: Option<String>,
    /// Only of these kinds, separated by commas.
    kind: Option<String>,
    /// Only of these classes, separated by commas.
    class: Option<String>,
    /// Only at or after this time, UTC.
    from: Option<String>,
    /// Only before this time, UTC.
    until: Option<String>,
    /// Only older than this event: `next_before` of the page before.
    before: Option<String>,
    /// Most events, 1 to 500; 50 when absent.
    limit: Option<u32>,
}

/// A page of events, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventList {
    /// Newest first.
    pub events: Vec<EventView>,
    /// For the next page; absent on the last one.
    pub next_before: Option<String>,
}

/// An event as of its newest step (or one step of it).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventView {
    /// ULID.
    pub id: String,
    /// Camera id.
    pub camera_id: String,
    /// The camera's name now; its id when it was removed.
    pub camera_name: String,
    /// vmd, people, vehicle or occupancy.
    pub program: &'static str,
    /// Which rule.
    pub rule_id: u32,
    /// The rule's name when it decided.
    pub rule_name: String,
    /// What happened.
    pub kind: &'static str,
    /// Which zone.
    pub zone_id: Option<u32>,
    /// The zone's name now.
    pub zone_name: Option<String>,
    /// begin, update or end.
    pub phase: &'static str,
    /// Zero-based number of the step.
    pub step: u32,
    /// When it began, UTC.
    pub started_at: String,
    /// When it ended, UTC.
    pub ended_at: Option<String>,
    /// When this step was decided, UTC.
    pub at: String,
    /// Who caused it.
    pub track_id: Option<u64>,
    /// What it is.
    pub class: Option<&'static str>,
    /// Highest score so far, 0 to 1.
    pub score: f32,
    /// Where it is, `[x1, y1, x2, y2]` in parts of the picture.
    pub bbox: Option<[f32; 4]>,
    /// Which line.
    pub line_id: Option<u32>,
    /// The line's name now.
    pub line_name: Option<String>,
    /// left_to_right or right_to_left, for a line.
    pub crossing: Option<&'static str>,
    /// Degrees clockwise from up, for a direction.
    pub heading_deg: Option<f32>,
    /// How many, for limits and occupancy.
    pub count: Option<u32>,
    /// What is wrong with the picture.
    pub problem: Option<&'static str>,
    /// What was bad about the scene when it began, where its rule marks that:
    /// sharpness, contrast, exposure, steadiness or calm.
    pub doubt: Option<&'static str>,
    /// Who was recognised, by which watch list.
    pub watch: Option<WatchView>,
    /// Which detector, for learnt states.
    pub detector_id: Option<u32>,
    /// The detector's name now.
    pub detector_name: Option<String>,
    /// The state's name now.
    pub state_name: Option<String>,
    /// The conditions asked, in order.
    pub why: Vec<GateView>,
    /// Its picture.
    pub shot: Option<ShotView>,
}

/// One condition asked on the way to the decision.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GateView {
    /// What was asked.
    pub gate: String,
    /// Whether it held.
    pub passed: bool,
    /// By what, or why not.
    pub text: String,
}

/// Somebody looks like one who is waited for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WatchView {
    /// Which watch list.
    pub list_id: u32,
    /// Which of its examples is most alike.
    pub example_id: u32,
    /// How much, at most 1.
    pub similarity: f32,
    /// The sighting of who was seen.
    pub sighting_id: i64,
}

/// A best shot.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShotView {
    /// Number of the shot, by which it can be searched for.
    pub id: i64,
    /// Where the picture is.
    pub url: String,
    /// early or final.
    pub stage: &'static str,
    /// Pixels across.
    pub width_px: u32,
    /// Pixels down.
    pub height_px: u32,
    /// Frame it was cut from, UTC.
    pub captured_at: String,
    /// Why it won.
    pub quality: QualityView,
}

/// Parts of a shot's quality, 0 to 1 each.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QualityView {
    /// Height of the object.
    pub size: f32,
    /// Detail in the crop.
    pub sharpness: f32,
    /// Not cut by the picture's edge.
    pub whole: f32,
    /// Detector's score.
    pub confidence: f32,
    /// Neither black nor burnt out.
    pub exposure: f32,
    /// All of them weighed.
    pub total: f32,
}

/// An event with all its steps.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventDetail {
    /// As of its newest step.
    #[serde(flatten)]
    pub event: EventView,
    /// First to last.
    pub steps: Vec<EventView>,
}

impl EventView {
    /// The event with names as they are now.
    pub(crate) fn new(app: &App, row: EventRow) -> Self {
        let settings = app.fleet.settings(&row.camera_id);
        let zone_name = row.zone_id.and_then(|zone_id| {
            let name = settings.as_ref()?.zone_name(zone_id)?;
            Some(name.to_owned())
        });
        let line_name = row.detail.line_id.and_then(|line_id| {
            let name = settings.as_ref()?.line_name(line_id)?;
            Some(name.to_owned())
        });
        let learnt = row.detail.state.and_then(|state| {
            let (detector, state) = settings.as_ref()?.state_name(state)?;
            Some((detector.to_owned(), state.to_owned()))
        });
        let (detector_name, state_name) = learnt.unzip();
        let id = row.event_id.to_string();
        EventView {
            shot: row.shot.map(|shot| ShotView::new(&id, &shot)),
            id,
            camera_name: settings.map_or_else(|| row.camera_id.to_string(), |s| s.name.clone()),
            camera_id: row.camera_id.to_string(),
            program: row.program.name(),
            rule_id: row.rule_id.0,
            rule_name: row.rule_name,
            kind: row.kind.name(),
            zone_id: row.zone_id.map(|zone| zone.0),
            zone_name,
            phase: row.phase.name(),
            step: row.step,
            started_at: row.started_at.to_string(),
            ended_at: row.ended_at.map(|at| at.to_string()),
            at: row.at.to_string(),
            track_id: row.track_id.map(|track| track.0),
            class: row.class.map(Class::name),
            score: row.score,
            bbox: row.bbox.map(xyxy),
            line_id: row.detail.line_id.map(|line| line.0),
            line_name,
            crossing: row.detail.crossing.map(|crossing| match crossing {
                Crossing::LeftToRight => "left_to_right",
                Crossing::RightToLeft => "right_to_left",
            }),
            heading_deg: row.detail.heading_deg,
            count: row.detail.count,
            problem: row.detail.problem.map(PictureProblem::name),
            doubt: row.detail.doubt.map(HealthPart::name),
            watch: row.detail.watch.map(|watch| WatchView {
                list_id: watch.list_id,
                example_id: watch.example_id,
                similarity: watch.similarity,
                sighting_id: watch.sighting_id,
            }),
            detector_id: row.detail.state.map(|(detector_id, _)| detector_id.0),
            detector_name,
            state_name,
            why: row.why.into_iter().map(GateView::new).collect(),
        }
    }
}

impl EventView {
    /// An event that was never stored: its picture is the track's.
    pub(crate) fn tried(app: &App, row: EventRow) -> Self {
        let shot = row.shot.as_ref().map(|shot| shot.shot_id);
        let mut view = EventView::new(app, row);
        if let (Some(view), Some(shot_id)) = (&mut view.shot, shot) {
            view.url = format!("/api/v1/shots/{}", shot_id.0);
        }
        view
    }
}

impl GateView {
    fn new(gate: StoredGate) -> Self {
        GateView {
            gate: gate.name,
            passed: gate.outcome.passed(),
            text: gate.outcome.to_string(),
        }
    }
}

impl ShotView {
    fn new(event_id: &str, shot: &ShotRow) -> Self {
        let quality = shot.quality;
        ShotView {
            // The stage is part of the address, so that a browser fetches the
            // final shot although it holds the early one.
            id: shot.shot_id.0,
            url: format!(
                "/api/v1/events/{event_id}/shot.jpg?stage={}",
                stage_name(shot.stage)
            ),
            stage: stage_name(shot.stage),
            width_px: shot.width_px,
            height_px: shot.height_px,
            captured_at: shot.captured_at.to_string(),
            quality: QualityView {
                size: quality.size,
                sharpness: quality.sharpness,
                whole: quality.whole,
                confidence: quality.confidence,
                exposure: quality.exposure,
                total: quality.total,
            },
        }
    }
}

fn stage_name(stage: ShotStage) -> &'static str {
    match stage {
        ShotStage::Early => "early",
        ShotStage::Final => "final",
    }
}

/// Events, newest first.
#[utoipa::path(get, path = "/api/v1/events", tag = "events", params(EventQuery),
    responses((status = 200, body = EventList), (status = 400, body = super::error::ErrorBody)))]
pub(super) async fn list(
    _: Viewer,
    State(app): State<App>,
    Asked(query): Asked<EventQuery>,
) -> ApiResult<Json<EventList>> {
    let filter = query.into_filter()?;
    let limit = filter.limit as usize;
    let rows = app
        .storage
        .read(move |reader| reader.list_events(&filter))
        .await?;
    let next_before = (rows.len() == limit)
        .then(|| rows.last().map(|row| row.event_id.to_string()))
        .flatten();
    let events = rows
        .into_iter()
        .map(|row| EventView::new(&app, row))
        .collect();
    Ok(Json(EventList {
        events,
        next_before,
    }))
}

/// One event with its steps.
#[utoipa::path(get, path = "/api/v1/events/{id}", tag = "events",
    params(("id" = String, Path, description = "Event id")),
    responses((status = 200, body = EventDetail), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn get(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<Json<EventDetail>> {
    let event_id = parse_id(&id)?;
    let (event, steps) = app
        .storage
        .read(move |reader| Ok((reader.event(event_id)?, reader.event_steps(event_id)?)))
        .await?;
    let event = event.ok_or_else(|| no_event(&id))?;
    Ok(Json(EventDetail {
        event: EventView::new(&app, event),
        steps: steps
            .into_iter()
            .map(|row| EventView::new(&app, row))
            .collect(),
    }))
}

/// Opens one picture without sign-in, as links in webhooks do.
#[derive(Debug, Deserialize, IntoParams)]
pub(super) struct ShotQuery {
    /// Signature in the link.
    key: Option<String>,
}

/// The event's picture.
#[utoipa::path(get, path = "/api/v1/events/{id}/shot.jpg", tag = "events",
    params(("id" = String, Path, description = "Event id"), ShotQuery),
    responses((status = 200, description = "JPEG", content_type = "image/jpeg"),
        (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn shot_jpg(
    found: MaybeSession,
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(query): Asked<ShotQuery>,
) -> ApiResult<Response> {
    let event_id = parse_id(&id)?;
    let claim = picture_claim(event_id);
    let has_key = query
        .key
        .is_some_and(|key| app.vault.is_signed(&claim, &key));
    if found.session.is_none() && !has_key {
        return Err(ApiError::sign_in_first());
    }
    let jpeg = app
        .storage
        .read(move |reader| match reader.event_shot(event_id)? {
            Some(shot) => reader.shot_jpeg(shot.shot_id),
            None => Ok(None),
        })
        .await?;
    let jpeg = jpeg.ok_or_else(|| ApiError::not_found("this event has no picture"))?;
    Ok((
        [
            (header::CONTENT_TYPE, "image/jpeg"),
            (header::CACHE_CONTROL, "private, max-age=3600"),
        ],
        jpeg,
    )
        .into_response())
}

pub(super) fn parse_id(id: &str) -> ApiResult<EventId> {
    EventId::parse(id).map_err(|_| no_event(id))
}

pub(super) fn no_event(id: &str) -> ApiError {
    let id: String = id.chars().take(40).collect();
    ApiError::not_found(format!("no event {id:?}: retention may have removed it"))
}

impl EventQuery {
    fn into_filter(self) -> ApiResult<EventFilter> {
        let bad = |text: String| ApiError::bad_request(text);
        let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(bad(format!("limit = {limit}: use 1 to {MAX_LIMIT}")));
        }
        Ok(EventFilter {
            camera_id: self
                .camera
                .as_deref()
                .map(CameraId::new)
                .transpose()
                .map_err(|error| bad(error.to_string()))?,
            kinds: names(self.kind.as_deref(), "kind", EventKind::from_name)?,
            classes: names(self.class.as_deref(), "class", Class::from_name)?,
            from: opt_time(self.from.as_deref())?,
            until: opt_time(self.until.as_deref())?,
            before: self
                .before
                .as_deref()
                .map(EventId::parse)
                .transpose()
                .map_err(|error| bad(error.to_string()))?,
            limit,
        })
    }
}

/// What a list separated by commas names.
pub(super) fn names<T>(
    text: Option<&str>,
    what: &str,
    from_name: impl Fn(&str) -> Option<T>,
) -> ApiResult<Vec<T>> {
    text.unwrap_or_default()
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| {
            from_name(name)
                .ok_or_else(|| ApiError::bad_request(format!("{what} = {name:?}: no such {what}")))
        })
        .collect()
}
