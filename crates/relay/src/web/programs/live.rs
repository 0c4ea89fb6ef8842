//! What a camera's programs show now, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use futures_util::{StreamExt as _, stream};
use programs::state::DetectorLive;
use serde::Serialize;
use types::{Class, HiddenBy, PictureProblem};
use utoipa::ToSchema;

use crate::pipeline::ProgramState;
use crate::supervise::LiveRecord;
use crate::web::App;
use crate::web::cameras::find_camera;
use crate::web::error::ApiResult;
use crate::web::session::Watcher;
use crate::web::states::VerdictView;

/// Least time between two messages of a live stream.
const LIVE_EVERY: Duration = Duration::from_millis(200);
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What the programs of one camera show now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ProgramsView {
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
    /// Learnt states, where they run.
    pub states: Vec<DetectorView>,
    /// State and cost of the programs.
    pub programs: Vec<ProgramView>,
}

/// What one detector of learnt states shows.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct DetectorView {
    /// Which detector.
    pub detector_id: u32,
    /// The state that counts; absent while it is not known.
    pub state_id: Option<u32>,
    /// Since when, UTC.
    pub since: Option<String>,
    /// What the newest look at its region says.
    pub verdict: Option<VerdictView>,
    /// What keeps it from being looked at: objects, picture or change.
    pub hidden: Option<&'static str>,
    /// The same in words.
    pub hidden_text: Option<&'static str>,
    /// Examples that it goes by.
    pub n_examples: usize,
}

/// The lamp of one rule.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct LampView {
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
pub(in crate::web) struct PresentView {
    /// Which zone.
    pub zone_id: u32,
    /// How many by class; classes with none are left out.
    pub present: std::collections::BTreeMap<&'static str, u32>,
    /// How full, where occupancy watches it: normal, warning or over.
    pub level: Option<&'static str>,
    /// How long the one who is there longest has been, where occupancy
    /// watches it.
    pub longest_stay_s: Option<u64>,
}

/// Who crossed a line.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct CrossedView {
    /// Which line.
    pub line_id: u32,
    /// Which counter.
    pub rule_id: u32,
    /// From its left to its right.
    #[serde(rename = "in")]
    pub entered: u64,
    /// From right to left.
    pub out: u64,
    /// How many of those in were added by hand; below 0, taken off.
    pub in_by_hand: i64,
    /// The same of those out.
    pub out_by_hand: i64,
    /// Since when, UTC.
    pub since: Option<String>,
}

/// State and cost of one program.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::web) struct ProgramView {
    /// vmd, people, vehicle, occupancy, state, or the id of an installed program.
    pub program: String,
    /// operable, stopped, off_by_schedule, waiting_for_video or faulted.
    pub status: &'static str,
    /// The same in words.
    pub status_text: String,
    /// Mean time per analysed frame.
    pub ms_per_frame: f32,
}

impl DetectorView {
    fn new(live: &DetectorLive) -> Self {
        DetectorView {
            detector_id: live.detector_id.0,
            state_id: live.state_id.map(|state_id| state_id.0),
            since: live.since.map(|since| since.to_string()),
            verdict: live.verdict.as_ref().map(VerdictView::new),
            hidden: live.hidden.map(HiddenBy::name),
            hidden_text: live.hidden.map(HiddenBy::words),
            n_examples: live.n_examples,
        }
    }
}

/// State of a program as REST names it, and in words.
fn status_of(state: ProgramState, has_video: bool) -> (&'static str, &'static str) {
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
        content_type = "text/event-stream"), (status = 404, body = super::super::error::ErrorBody)))]
pub(in crate::web) async fn live(
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
            let of_zone = || areas.iter().filter(|area| area.zone_id == *zone_id);
            let present = Class::ALL.into_iter().zip(by_class);
            PresentView {
                zone_id: zone_id.0,
                present: present
                    .filter(|(_, n_present)| **n_present > 0)
                    .map(|(class, n_present)| (class.name(), *n_present))
                    .collect(),
                level: of_zone()
                    .map(|area| area.level)
                    .max()
                    .map(|level| level.name()),
                longest_stay_s: of_zone().map(|area| area.longest_stay.as_secs()).max(),
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
                    entered: counter.n_entered(),
                    out: counter.n_left(),
                    in_by_hand: counter.by_hand[0],
                    out_by_hand: counter.by_hand[1],
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
            states: live.states.iter().map(DetectorView::new).collect(),
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
