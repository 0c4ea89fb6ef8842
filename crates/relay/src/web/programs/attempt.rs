//! What other settings would have raised: both sets of settings replay the
//! stored scenes of the last hours.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use store::{EventRow, StoredGate};
use types::{Event, Phase, Scene, Timestamp};
use utoipa::ToSchema;

use crate::pipeline::ProgramSet;
use crate::settings::CameraSettings;
use crate::web::App;
use crate::web::cameras::{CameraChange, draft_of, find_camera};
use crate::web::error::{ApiError, ApiResult};
use crate::web::events::EventView;
use crate::web::input::{Body, times};
use crate::web::session::Viewer;

/// Longest time that a try covers.
const MAX_TRIED: Duration = Duration::from_secs(24 * 3_600);
/// Longest work on a try.
pub(in crate::web) const TRY_WITHIN: Duration = Duration::from_secs(20);
/// Most events of each side of a try that are sent.
const MAX_TRIED_EVENTS: usize = 500;
/// A pause in the scenes from this length on is told as not covered.
const GAP: Duration = Duration::from_secs(90);

/// Settings to be tried on what really happened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct TryInput {
    /// The camera's settings as they would be.
    pub document: CameraChange,
    /// From this time, UTC.
    pub from: String,
    /// Until this time, UTC; at most 24 h later.
    pub until: String,
}

/// What present and other settings make of the same scenes.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct TryView {
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
pub(in crate::web) struct CoveredView {
    /// Start, UTC.
    pub from: String,
    /// End, UTC.
    pub until: String,
}

/// What one side raised.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct TriedView {
    /// How many events.
    pub n_events: usize,
    /// The first 500 of them.
    pub events: Vec<EventView>,
}

/// What other settings would have raised in the last hours.
#[utoipa::path(post, path = "/api/v1/cameras/{id}/try", tag = "programs", request_body = TryInput,
    params(("id" = String, Path, description = "Camera id")),
    responses((status = 200, body = TryView), (status = 422, body = super::super::error::ErrorBody)))]
pub(in crate::web) async fn try_draft(
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
pub(in crate::web) fn raised(
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
    let alone = these
        .iter()
        .take(MAX_TRIED_EVENTS)
        .enumerate()
        .filter(|(_, event)| !others.iter().any(|other| is_same(event, other)));
    alone.map(|(idx, _)| idx).collect()
}

/// Whether two replays of the same scenes mean the same alarm.
pub(in crate::web) fn is_same(a: &Event, b: &Event) -> bool {
    let apart = a
        .started_at
        .saturating_since(b.started_at)
        .max(b.started_at.saturating_since(a.started_at));
    a.rule_id == b.rule_id && a.track_id == b.track_id && apart <= Duration::from_secs(2)
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
