//! What would have kept a false alarm away, and what that would have cost:
//! each proposal is tried on the stored scenes of the last hours.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{AlarmFilter, EventFilter, EventRow, ListedAlarm};
use types::{CloseReason, Event, Phase, RuleId, Scene};
use utoipa::{IntoParams, ToSchema};

use crate::proposals::{FalseAlarm, Proposal, proposals};
use crate::settings::CameraSettings;
use crate::web::App;
use crate::web::cameras::{find_camera, find_record};
use crate::web::error::{ApiError, ApiResult, ErrorBody};
use crate::web::events::{no_event, parse_id};
use crate::web::input::Asked;
use crate::web::programs::attempt::{TRY_WITHIN, is_same, raised};
use crate::web::session::Viewer;

const DEFAULT_HOURS: u32 = 6;
const MAX_HOURS: u32 = 24;

/// How far back proposals are tried.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(in crate::web) struct ProposalQuery {
    /// Hours, 1 to 24; 6 when absent.
    hours: Option<u32>,
}

/// What would have kept an alarm away.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ProposalList {
    /// Hours on which they were tried.
    pub hours: u32,
    /// Scenes of these hours that are stored.
    pub n_scenes: usize,
    /// Alarms of the rule that the present settings make of them.
    pub n_present: usize,
    /// Of these closed as real.
    pub n_real: usize,
    /// The camera's settings that the proposals change.
    pub revision: u64,
    /// The mildest first; empty where nothing is known to help.
    pub proposals: Vec<ProposalView>,
}

/// One thing that could be changed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ProposalView {
    /// score, size, time, parked, stationary, health, limit or mask.
    pub kind: &'static str,
    /// What to do, in a few words.
    pub title: String,
    /// What that means.
    pub text: String,
    /// Parts of the camera's settings that replace the present ones.
    #[schema(value_type = Object)]
    pub change: Value,
    /// What came of trying it; null where that took too long.
    pub tried: Option<TriedProposal>,
}

/// What a proposal makes of the last hours.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct TriedProposal {
    /// Alarms of the rule that would be left.
    pub n_left: usize,
    /// Of those closed as real, how many would be lost.
    pub n_real_lost: usize,
    /// Whether this alarm would not have been raised; null where its scenes are
    /// not among those tried.
    pub is_prevented: Option<bool>,
}

/// Which settings would have kept an alarm away, each tried on the last hours.
#[utoipa::path(get, path = "/api/v1/alarms/{id}/proposals", tag = "alarms",
    params(("id" = String, Path, description = "Event id"), ProposalQuery),
    responses((status = 200, body = ProposalList), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(in crate::web) async fn propose(
    _: Viewer,
    State(app): State<App>,
    Path(id): Path<String>,
    Asked(query): Asked<ProposalQuery>,
) -> ApiResult<Json<ProposalList>> {
    let hours = query.hours.unwrap_or(DEFAULT_HOURS);
    if !(1..=MAX_HOURS).contains(&hours) {
        return Err(ApiError::bad_request(format!(
            "hours = {hours}: use 1 to {MAX_HOURS}"
        )));
    }
    let event_id = parse_id(&id)?;
    let (alarm, steps) = app
        .storage
        .read(move |reader| Ok((reader.alarm(event_id)?, reader.event_steps(event_id)?)))
        .await?;
    let alarm = alarm.ok_or_else(|| no_event(&id))?;
    let camera = find_camera(&app, alarm.event.camera_id.as_str())?;
    let record = find_record(&app, alarm.event.camera_id.as_str()).await?;
    let found = proposals(&record.document, &known(&alarm, &steps));
    let now = app.clock.now();
    let from = now.saturating_sub(Duration::from_secs(u64::from(hours) * 3_600));
    let filter = AlarmFilter {
        events: EventFilter {
            camera_id: Some(alarm.event.camera_id.clone()),
            from: Some(from),
            ..EventFilter::default()
        },
        rule_id: Some(alarm.event.rule_id),
        reason: Some(CloseReason::Real),
        ..AlarmFilter::default()
    };
    let camera_id = alarm.event.camera_id.clone();
    let (scenes, real) = app
        .storage
        .read(move |reader| {
            Ok((
                reader.scenes(&camera_id, from, now)?,
                reader.list_alarms(&filter)?,
            ))
        })
        .await?;
    let schedules = app.schedules.ready();
    let drafts: Vec<Option<CameraSettings>> = found
        .iter()
        .map(|proposal| {
            let document = &proposal.document;
            let settings = document.resolve(&record.camera_id, 0, &schedules, &app.vault);
            settings.ok()
        })
        .collect();
    let trial = Trial {
        present: camera.current_settings(),
        aspect: camera.aspect(),
        rule_id: alarm.event.rule_id,
        n_scenes: scenes.len(),
        scenes,
        real,
        alarm: alarm.event,
    };
    let clock = Arc::clone(&app.clock);
    let work = move || {
        let deadline = clock.monotonic() + TRY_WITHIN;
        trial.run(&drafts, || clock.monotonic() > deadline)
    };
    let tried = tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| anyhow::anyhow!("replay stored scenes: {error}"))?;
    let views = found.into_iter().zip(tried.drafts);
    Ok(Json(ProposalList {
        hours,
        n_scenes: tried.n_scenes,
        n_present: tried.n_present,
        n_real: tried.n_real,
        revision: record.revision,
        proposals: views
            .filter(|(_, tried)| {
                // What was tried and did not help is no help.
                let is_prevented = tried.as_ref().and_then(|tried| tried.is_prevented);
                is_prevented != Some(false)
            })
            .map(|(proposal, tried)| ProposalView::new(proposal, tried))
            .collect(),
    }))
}

fn known(alarm: &ListedAlarm, steps: &[EventRow]) -> FalseAlarm {
    let event = &alarm.event;
    let begin = steps.iter().find(|step| step.phase == Phase::Begin);
    let lasted = event
        .ended_at
        .map(|ended_at| ended_at.saturating_since(event.started_at));
    FalseAlarm {
        rule_id: event.rule_id,
        kind: event.kind,
        class: event.class,
        score: event.score,
        bbox: begin.and_then(|begin| begin.bbox).or(event.bbox),
        lasted_s: lasted.map(|lasted| lasted.as_secs_f32()),
        count: steps.iter().filter_map(|step| step.detail.count).max(),
        is_doubtful: event.detail.doubt.is_some(),
    }
}

/// What is replayed, and what is looked for in it.
struct Trial {
    present: Arc<CameraSettings>,
    aspect: Option<f32>,
    rule_id: RuleId,
    scenes: Vec<Scene>,
    n_scenes: usize,
    /// Alarms of the rule that were real.
    real: Vec<ListedAlarm>,
    alarm: EventRow,
}

struct Tried {
    n_scenes: usize,
    n_present: usize,
    n_real: usize,
    drafts: Vec<Option<TriedProposal>>,
}

impl Trial {
    fn run(&self, drafts: &[Option<CameraSettings>], is_late: impl Fn() -> bool) -> Tried {
        let raise = |settings: &CameraSettings| {
            let events = raised(settings, self.aspect, &self.scenes, &is_late)?;
            let of_rule = events
                .into_iter()
                .filter(|event| event.rule_id == self.rule_id);
            Some(of_rule.collect::<Vec<Event>>())
        };
        let present = raise(&self.present);
        let known = present.as_deref().unwrap_or_default();
        let has = |events: &[Event], row: &EventRow| {
            let mut events = events.iter();
            events.any(|event| is_row(event, row))
        };
        let real: Vec<&Event> = known
            .iter()
            .filter(|event| self.real.iter().any(|real| is_row(event, &real.event)))
            .collect();
        let is_covered = has(known, &self.alarm);
        let try_one = |draft: &Option<CameraSettings>| {
            present.as_ref()?;
            let left = raise(draft.as_ref()?)?;
            let is_lost = |event: &&&Event| !left.iter().any(|one| is_same(one, event));
            Some(TriedProposal {
                n_left: left.len(),
                n_real_lost: real.iter().filter(is_lost).count(),
                is_prevented: is_covered.then(|| !has(&left, &self.alarm)),
            })
        };
        Tried {
            n_scenes: self.n_scenes,
            n_present: known.len(),
            n_real: real.len(),
            drafts: drafts.iter().map(try_one).collect(),
        }
    }
}

/// Whether a replayed event is the stored one.
fn is_row(event: &Event, row: &EventRow) -> bool {
    let apart = event
        .started_at
        .saturating_since(row.started_at)
        .max(row.started_at.saturating_since(event.started_at));
    event.rule_id == row.rule_id
        && event.track_id == row.track_id
        && apart <= Duration::from_secs(2)
}

impl ProposalView {
    fn new(proposal: Proposal, tried: Option<TriedProposal>) -> Self {
        let document = proposal.document;
        ProposalView {
            kind: proposal.kind,
            title: proposal.title,
            text: proposal.text,
            change: match proposal.kind {
                "mask" => json!({"object_masks": document.object_masks}),
                "limit" if document.rules.is_empty() => {
                    json!({"programs": document.programs.shown()})
                }
                "limit" => {
                    json!({"rules": document.rules, "programs": document.programs.shown()})
                }
                _ => json!({"rules": document.rules}),
            },
            tried,
        }
    }
}
