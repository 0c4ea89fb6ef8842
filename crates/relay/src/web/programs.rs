//! What a camera's programs show, why they decide as they do, and what other
//! settings would have done.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use futures_util::{StreamExt as _, stream};
use programs::Explanation;
use serde::{Deserialize, Serialize};
use store::{EventRow, StoredGate};
use types::{Class, Event, Gate, Phase, PictureProblem, Scene, Timestamp};
use utoipa::{IntoParams, ToSchema};

use super::App;
use super::cameras::{CameraChange, draft_of, find_camera};
use super::error::{ApiError, ApiResult};
use super::events::EventView;
use super::input::{Asked, Body, times};
use super::live::xyxy;
use super::session::{Viewer, Watcher};
use crate::pipeline::{ProgramSet, ProgramState};
use crate::settings::CameraSettings;
use crate::supervise::{CameraRuntime, LiveRecord};

/// Least time between two messages of a live stream.
const LIVE_EVERY: Duration = Duration::from_millis(200);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How far before the asked moment scenes are looked at, so that stays are
/// known.
const WHY_BEFORE: Duration = Duration::from_secs(30 * 60);
/// A scene this near to the asked moment is its scene.
const WHY_NEAR: Duration = Duration::from_secs(10);
/// Longest time that a try covers.
const MAX_TRIED: Duration = Duration::from_secs(24 * 3_600);
/// Longest work on a try.
const TRY_WITHIN: Duration = Duration::from_secs(20);
/// Most events of each side of a try that are sent.
const MAX_TRIED_EVENTS: usize = 500;
/// A pause in the scenes from this length on is told as not covered.
const GAP: Duration = Duration::from_secs(90);

/// What the programs of one camera show now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProgramsView {
    /// The frame, UTC.
    pub captured_at: String,
    /// One lamp for each rule that raised an event since the start.
    pub alarms: Vec<LampView>,
    /// Who is in which zone.
    pub zones: Vec<PresentView>,
    /// Who crossed which line.
    pub lines: Vec<CrossedView>,
    /// Different people, an estimate; absent where the program is off.
    pub unique_people: Option<u64>,
    /// Different vehicles, an estimate.
    pub unique_vehicles: Option<u64>,
    /// What is wrong with the picture.
    pub problems: Vec<&'static str>,
    /// State and cost of the programs.
    pub programs: Vec<ProgramView>,
}

/// The lamp of one rule.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LampView {
    /// Which rule.
    pub rule_id: u32,
    /// Its name.
    pub name: String,
    /// What it looks for.
    pub kind: &'static str,
    /// What caused the newest event.
    pub class: Option<&'static str>,
    /// Which zone.
    pub zone_id: Option<u32>,
    /// Whether an event is open.
    pub is_active: bool,
    /// When the newest event began, UTC.
    pub since: String,
}

/// Who is in a zone.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PresentView {
    /// Which zone.
    pub zone_id: u32,
    /// How many by class; classes with none are left out.
    pub present: std::collections::BTreeMap<&'static str, u32>,
    /// How full, where occupancy watches it: normal, warning or over.
    pub level: Option<&'static str>,
}

/// Who crossed a line.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CrossedView {
    /// Which line.
    pub line_id: u32,
    /// Which counter.
    pub rule_id: u32,
    /// From its left to its right.
    #[serde(rename = "in")]
    pub entered: u64,
    /// From right to left.
    pub out: u64,
    /// Since when, UTC.
    pub since: Option<String>,
}

/// State and cost of one program.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProgramView {
    /// vmd, people, vehicle, occupancy, or the id of an installed program.
    pub program: String,
    /// operable, stopped, off_by_schedule, waiting_for_video or faulted.
    pub status: &'static str,
    /// The same in words.
    pub status_text: String,
    /// Mean time per analysed frame.
    pub ms_per_frame: f32,
}

/// State of a program as REST names it, and in words.
pub(super) fn status_of(state: ProgramState, has_video: bool) -> (&'static str, &'static str) {
    match (state, has_video) {
        (ProgramState::Stopped, _) => ("stopped", "Switched off on this camera"),
        (ProgramState::OffBySchedule, _) => ("off_by_schedule", "Off by its schedule"),
        (ProgramState::Operable, false) => ("waiting_for_video", "Waiting for video"),
        (ProgramState::Operable, true) => ("operable", "Running"),
        (ProgramState::Faulted, _) => ("faulted", "Stopped after a fault"),
    }
}

/// What the programs show, about once for each analysed frame.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/programs/live", tag = "programs",
    params(("id" = String, Path, description = "Camera id")),
    responses((status = 200, description = "Server-sent events of ProgramsView",
        content_type = "text/event-stream"), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn live(
    watcher: Watcher,
    State(app): State<App>,
    Path(id): Path<String>,
) -> ApiResult<impl IntoResponse> {
    let camera = find_camera(&app, &id)?;
    let receiver = camera.live.subscribe();
    let state = (receiver, app.stop.clone(), true);
    let events = stream::unfold(state, |(mut receiver, stop, is_first)| async move {
        if !is_first {
            tokio::time::sleep(LIVE_EVERY).await;
        }
        loop {
            let record = receiver.borrow_and_update().clone();
            if let Some(record) = record {
                let event = SseEvent::default()
                    .json_data(ProgramsView::new(&record))
                    .ok()?;
                return Some((Ok::<_, Infallible>(event), (receiver, stop, false)));
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                changed = receiver.changed() => changed.ok()?,
            }
        }
    });
    let events = events.take_until(Box::pin(watcher.ended()));
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

impl ProgramsView {
    fn new(record: &LiveRecord) -> Self {
        let live = &record.programs;
        let areas = live
            .occupancy
            .as_ref()
            .map_or(&[][..], |occupancy| &occupancy.areas);
        let zones = live.zones.iter().map(|(zone_id, by_class)| {
            let levels = areas.iter().filter(|area| area.zone_id == *zone_id);
            let present = Class::ALL.into_iter().zip(by_class);
            PresentView {
                zone_id: zone_id.0,
                present: present
                    .filter(|(_, n_present)| **n_present > 0)
                    .map(|(class, n_present)| (class.name(), *n_present))
                    .collect(),
                level: levels
                    .map(|area| area.level)
                    .max()
                    .map(|level| level.name()),
            }
        });
        ProgramsView {
            captured_at: record.scene.captured_at.to_string(),
            alarms: live
                .lamps
                .iter()
                .map(|lamp| LampView {
                    rule_id: lamp.rule_id.0,
                    name: lamp.rule_name.clone(),
                    kind: lamp.kind.name(),
                    class: lamp.class.map(Class::name),
                    zone_id: lamp.zone_id.map(|zone_id| zone_id.0),
                    is_active: lamp.n_open > 0,
                    since: lamp.since.to_string(),
                })
                .collect(),
            zones: zones.collect(),
            lines: live
                .counters
                .iter()
                .map(|counter| CrossedView {
                    line_id: counter.line_id.0,
                    rule_id: counter.rule_id.0,
                    entered: counter.entered.iter().sum(),
                    out: counter.left.iter().sum(),
                    since: counter.since.map(|since| since.to_string()),
                })
                .collect(),
            unique_people: live.unique[0].map(|(n_unique, _)| n_unique),
            unique_vehicles: live.unique[1].map(|(n_unique, _)| n_unique),
            problems: record
                .scene
                .picture
                .problems
                .iter()
                .map(|(problem, _): &(PictureProblem, _)| problem.name())
                .collect(),
            programs: live
                .programs
                .iter()
                .map(|program| {
                    let (status, status_text) = status_of(program.state, true);
                    ProgramView {
                        program: program.name.clone(),
                        status,
                        status_text: program
                            .fault
                            .clone()
                            .unwrap_or_else(|| status_text.to_owned()),
                        ms_per_frame: program.ms_per_frame,
                    }
                })
                .collect(),
        }
    }
}

/// Which moment and rule.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(super) struct WhyQuery {
    /// When, UTC; now when absent.
    at: Option<String>,
    /// Only this rule.
    rule_id: Option<u32>,
}

/// Why each rule had, or had not, an event.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhyView {
    /// The scene that was looked at, UTC; absent when there was none near.
    pub at: Option<String>,
    /// By rule.
    pub rules: Vec<WhyRule>,
}

/// How one rule saw the scene.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhyRule {
    /// Which rule.
    pub rule_id: u32,
    /// Its name.
    pub rule_name: String,
    /// What it looks for.
    pub kind: &'static str,
    /// Its zone.
    pub zone_name: Option<String>,
    /// Whether an event was open.
    pub is_active: bool,
    /// Conditions that concern no single object.
    pub gates: Vec<WhyGate>,
    /// Objects of the scene.
    pub objects: Vec<WhyObject>,
}

/// How one rule saw one object.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhyObject {
    /// Which object.
    pub track_id: u64,
    /// What it is.
    pub class: &'static str,
    /// Where it was.
    pub bbox: [f32; 4],
    /// Conditions in order.
    pub gates: Vec<WhyGate>,
}

/// One condition.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WhyGate {
    /// What was asked.
    pub name: &'static str,
    /// Whether it held.
    pub is_passed: bool,
    /// By what, or why not.
    pub text: String,
}

/// Why there was, or was not, an alarm.
#[utoipa::path(get, path = "/api/v1/cameras/{id}/why", tag = "programs",
    params(("id" = String, Path, description = "Camera id"), WhyQuery),
    responses((status = 200, body = WhyView), (status = 404, body = super::error::ErrorBody)))]
pub(super) async fn why(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(query): Asked<WhyQuery>,
) -> ApiResult<Json<WhyView>> {
    let camera = find_camera(&app, &id)?;
    let settings = camera.current_settings();
    let now = app.clock.now();
    let asked = query
        .at
        .as_deref()
        .map(Timestamp::parse_rfc3339)
        .transpose()
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    let (at, explanations) = match asked {
        None => running(Arc::clone(&camera), now).await?,
        Some(at) => past(&app, Arc::clone(&camera), Arc::clone(&settings), at).await?,
    };
    let received = received_gate(at, asked.unwrap_or(now));
    let rules = explanations
        .into_iter()
        .filter(|rule| {
            query
                .rule_id
                .is_none_or(|rule_id| rule.rule_id.0 == rule_id)
        })
        .map(|rule| WhyRule::new(rule, &received, &settings));
    Ok(Json(WhyView {
        at: at.map(|at| at.to_string()),
        rules: rules.collect(),
    }))
}

/// As of the newest scene of the running programs.
async fn running(
    camera: Arc<CameraRuntime>,
    now: Timestamp,
) -> ApiResult<(Option<Timestamp>, Vec<Explanation>)> {
    let look = move || camera.explain(now);
    let found = tokio::task::spawn_blocking(look).await;
    Ok(found.map_err(|error| anyhow::anyhow!("look at the programs: {error}"))?)
}

/// As of the stored scene nearest before `at`.
async fn past(
    app: &App,
    camera: Arc<CameraRuntime>,
    settings: Arc<CameraSettings>,
    at: Timestamp,
) -> ApiResult<(Option<Timestamp>, Vec<Explanation>)> {
    let camera_id = camera.camera_id.clone();
    let (from, until) = (
        at.saturating_sub(WHY_BEFORE),
        at.saturating_add(Duration::from_millis(1)),
    );
    let scenes = app
        .storage
        .read(move |reader| reader.scenes(&camera_id, from, until))
        .await?;
    let replay = move || {
        let mut set = ProgramSet::new(&settings, 0, camera.aspect());
        for scene in &scenes {
            set.update(scene, &[]);
        }
        let newest = scenes.last().map(|scene| scene.captured_at);
        (newest, set.explain(at))
    };
    let found = tokio::task::spawn_blocking(replay).await;
    Ok(found.map_err(|error| anyhow::anyhow!("replay stored scenes: {error}"))?)
}

fn received_gate(newest: Option<Timestamp>, at: Timestamp) -> (bool, String) {
    match newest.map(|newest| at.saturating_since(newest)) {
        Some(age) if age <= WHY_NEAR => (true, "pictures came and were analysed".to_owned()),
        Some(age) => (false, format!("no picture for {} s before", age.as_secs())),
        None => (
            false,
            "no analysed picture near this moment is kept".to_owned(),
        ),
    }
}

impl WhyRule {
    fn new(rule: Explanation, received: &(bool, String), settings: &CameraSettings) -> Self {
        let mut gates = vec![WhyGate {
            name: "received",
            is_passed: received.0,
            text: received.1.clone(),
        }];
        gates.extend(rule.gates.iter().map(WhyGate::new));
        let zone_name = rule.zone_id.and_then(|zone_id| settings.zone_name(zone_id));
        let line_name = rule.line_id.and_then(|line_id| settings.line_name(line_id));
        WhyRule {
            rule_id: rule.rule_id.0,
            rule_name: rule.rule_name,
            kind: rule.kind.name(),
            zone_name: zone_name.or(line_name).map(str::to_owned),
            is_active: rule.is_active,
            gates,
            objects: rule
                .objects
                .into_iter()
                .map(|object| WhyObject {
                    track_id: object.track_id.0,
                    class: object.class.name(),
                    bbox: xyxy(object.bbox),
                    gates: object.gates.iter().map(WhyGate::new).collect(),
                })
                .collect(),
        }
    }
}

impl WhyGate {
    fn new(gate: &Gate) -> Self {
        WhyGate {
            name: gate.name,
            is_passed: gate.outcome.passed(),
            text: gate.outcome.to_string(),
        }
    }
}

/// Settings to be tried on what really happened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TryInput {
    /// The camera's settings as they would be.
    pub document: CameraChange,
    /// From this time, UTC.
    pub from: String,
    /// Until this time, UTC; at most 24 h later.
    pub until: String,
}

/// What present and other settings make of the same scenes.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TryView {
    /// Scenes that were replayed.
    pub n_scenes: usize,
    /// Times for which scenes are kept.
    pub covered: Vec<CoveredView>,
    /// By the settings in force.
    pub present: TriedView,
    /// By the draft.
    pub draft: TriedView,
    /// Positions in `present.events` of what the draft would not raise.
    pub only_present: Vec<usize>,
    /// Positions in `draft.events` of what only the draft would raise.
    pub only_draft: Vec<usize>,
}

/// A time for which scenes are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CoveredView {
    /// Start, UTC.
    pub from: String,
    /// End, UTC.
    pub until: String,
}

/// What one side raised.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TriedView {
    /// How many events.
    pub n_events: usize,
    /// The first 500 of them.
    pub events: Vec<EventView>,
}

/// What other settings would have raised in the last hours.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/try", tag = "programs", request_body = TryInput,
    params(("id" = String, Path, description = "Camera id")),
    responses((status = 200, body = TryView), (status = 422, body = super::error::ErrorBody)))]
pub(super) async fn try_draft(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
    Body(input): Body<TryInput>,
) -> ApiResult<Json<TryView>> {
    let camera = find_camera(&app, &id)?;
    let (from, until) = times(&input.from, &input.until)?;
    if until.saturating_since(from) > MAX_TRIED {
        return Err(ApiError::bad_request("try at most 24 hours at once"));
    }
    let present = camera.current_settings();
    let draft = Arc::new(draft_of(&app, &camera.camera_id, input.document).await?);
    let camera_id = camera.camera_id.clone();
    let scenes = app
        .storage
        .read(move |reader| reader.scenes(&camera_id, from, until))
        .await?;
    let clock = Arc::clone(&app.clock);
    let work = move || {
        let deadline = clock.monotonic() + TRY_WITHIN;
        let is_late = || clock.monotonic() > deadline;
        let aspect = camera.aspect();
        let present = raised(&present, aspect, &scenes, is_late);
        let draft = raised(&draft, aspect, &scenes, is_late);
        (present, draft, covered(&scenes), scenes.len())
    };
    let (present, draft, covered, n_scenes) = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| anyhow::anyhow!("replay stored scenes: {error}"))?;
    let (Some(present), Some(draft)) = (present, draft) else {
        return Err(ApiError::new(
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            "too_long",
            "this takes too long: try a shorter time",
        ));
    };
    Ok(Json(TryView {
        n_scenes,
        covered,
        only_present: only_in(&present, &draft),
        only_draft: only_in(&draft, &present),
        present: TriedView::new(&app, present).await?,
        draft: TriedView::new(&app, draft).await?,
    }))
}

/// The newest step of each event that `settings` raise; `None` when time ran
/// out.
fn raised(
    settings: &CameraSettings,
    aspect: Option<f32>,
    scenes: &[Scene],
    is_late: impl Fn() -> bool,
) -> Option<Vec<Event>> {
    let mut set = ProgramSet::new(settings, 0, aspect);
    let mut steps = Vec::new();
    for (idx, scene) in scenes.iter().enumerate() {
        if idx % 256 == 0 && is_late() {
            return None;
        }
        steps.extend(set.update(scene, &[]).events);
    }
    let end = scenes
        .last()
        .map_or(Timestamp::default(), |scene| scene.captured_at);
    steps.extend(set.finish(end).events);
    let mut events: Vec<Event> = Vec::new();
    for step in steps {
        match step.phase {
            Phase::Begin => events.push(step),
            Phase::Update | Phase::End => {
                let begun = events
                    .iter_mut()
                    .rev()
                    .find(|event| event.event_id == step.event_id);
                if let Some(event) = begun {
                    *event = step;
                }
            }
        }
    }
    Some(events)
}

/// Positions in `these` of events that `others` have not.
fn only_in(these: &[Event], others: &[Event]) -> Vec<usize> {
    let is_same = |a: &Event, b: &Event| {
        let apart = a
            .started_at
            .saturating_since(b.started_at)
            .max(b.started_at.saturating_since(a.started_at));
        a.rule_id == b.rule_id && a.track_id == b.track_id && apart <= Duration::from_secs(2)
    };
    let alone = these
        .iter()
        .take(MAX_TRIED_EVENTS)
        .enumerate()
        .filter(|(_, event)| !others.iter().any(|other| is_same(event, other)));
    alone.map(|(idx, _)| idx).collect()
}

fn covered(scenes: &[Scene]) -> Vec<CoveredView> {
    let mut stretches: Vec<(Timestamp, Timestamp)> = Vec::new();
    for scene in scenes {
        let at = scene.captured_at;
        match stretches.last_mut() {
            Some((_, until)) if at.saturating_since(*until) <= GAP => *until = at,
            _ => stretches.push((at, at)),
        }
    }
    stretches
        .into_iter()
        .map(|(from, until)| CoveredView {
            from: from.to_string(),
            until: until.to_string(),
        })
        .collect()
}

impl TriedView {
    async fn new(app: &App, events: Vec<Event>) -> ApiResult<Self> {
        let n_events = events.len();
        let rows = app
            .storage
            .read(move |reader| {
                events
                    .into_iter()
                    .take(MAX_TRIED_EVENTS)
                    .map(|event| {
                        let shot = match event.track_id {
                            Some(track_id) => reader.track_shot(&event.camera_id, track_id)?,
                            None => None,
                        };
                        Ok(row_of(event, shot))
                    })
                    .collect::<Result<Vec<EventRow>, store::Error>>()
            })
            .await?;
        Ok(TriedView {
            n_events,
            events: rows
                .into_iter()
                .map(|row| EventView::tried(app, row))
                .collect(),
        })
    }
}

fn row_of(event: Event, shot: Option<store::ShotRow>) -> EventRow {
    EventRow {
        event_id: event.event_id,
        camera_id: event.camera_id,
        program: event.program,
        rule_id: event.rule_id,
        rule_name: event.rule_name,
        kind: event.kind,
        zone_id: event.zone_id,
        phase: event.phase,
        step: event.step,
        at: event.at,
        started_at: event.started_at,
        ended_at: event.ended_at,
        track_id: event.track_id,
        class: event.class,
        score: event.score,
        bbox: event.bbox,
        detail: event.detail,
        why: event
            .why
            .into_iter()
            .map(|gate| StoredGate {
                name: gate.name.to_owned(),
                outcome: gate.outcome,
            })
            .collect(),
        shot,
    }
}
