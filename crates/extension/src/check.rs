//! What a program says, believed only after it was checked.
//!
//! In: the output of one step, and the scene it answers. Out: our events and
//! counts, in the order given; or a text that names the first thing that
//! cannot be. Then nothing of the step counts.
//!
//! The relay gives each event its identity and keeps its life in order: one
//! begin, updates, one end.
//!
//! Not here: what happens to a program whose output is refused (`program`).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use types::{
    CameraId, CameraLine, Count, Event, EventDetail, EventIds, EventKind, Gate, GateOutcome,
    LineId, Metric, NormBox, Phase, ProgramKind, RuleId, Scene, Timestamp, Track, TrackId, Zone,
    ZoneId,
};

use crate::convert::class_in;
use crate::host::bindings::airelay::program::{results as wit, scenes};
use crate::limits::Limits;
use crate::manifest::{is_line, shorten};

/// Most reasons of one event.
const MAX_REASONS: usize = 8;
/// Longest reason, characters.
const MAX_REASON_CHARS: usize = 120;
/// Over what time the rate of events is limited.
const RATE_SPAN: Duration = Duration::from_secs(10);
/// Gate of a reason that the program gave.
const GATE: &str = "program";

/// The open events of one program on one camera, and what is known of it.
#[derive(Debug)]
pub(crate) struct Ledger {
    camera_id: CameraId,
    rule_id: RuleId,
    zone_ids: Vec<ZoneId>,
    line_ids: Vec<LineId>,
    limits: Limits,
    state: State,
}

/// What a step changes; replaced as a whole when all of the step is right.
#[derive(Clone, Debug)]
struct State {
    ids: EventIds,
    /// Newest step of each open event, by the program's own number.
    open: BTreeMap<u32, Event>,
    /// When the newest steps were taken, oldest first.
    recent: VecDeque<Timestamp>,
}

impl Ledger {
    pub(crate) fn new(
        camera_id: CameraId,
        rule_id: RuleId,
        seed: u64,
        zones: &[Zone],
        lines: &[CameraLine],
        limits: Limits,
    ) -> Self {
        Ledger {
            camera_id,
            rule_id,
            zone_ids: zones.iter().map(|zone| zone.zone_id).collect(),
            line_ids: lines.iter().map(|line| line.line_id).collect(),
            limits,
            state: State {
                ids: EventIds::new(seed),
                open: BTreeMap::new(),
                recent: VecDeque::new(),
            },
        }
    }

    /// Takes the `output` of a step at `at`; `scene` is absent in a tick.
    pub(crate) fn take(
        &mut self,
        at: Timestamp,
        scene: Option<&Scene>,
        output: wit::Output,
    ) -> Result<(Vec<Event>, Vec<Count>), String> {
        let counts = self.counts(at, &output.counts)?;
        if output.events.is_empty() {
            return Ok((Vec::new(), counts));
        }
        let n_events = output.events.len();
        let max_events = self.limits.max_events_per_call;
        if n_events > max_events {
            return Err(format!(
                "{n_events} events in one step, the limit is {max_events}"
            ));
        }
        let mut state = self.state.clone();
        state
            .recent
            .retain(|earlier| at.saturating_since(*earlier) < RATE_SPAN);
        state.recent.extend(std::iter::repeat_n(at, n_events));
        let max_recent = self.limits.max_events_per_10_s as usize;
        if state.recent.len() > max_recent {
            return Err(format!(
                "{} events within 10 s, the limit is {max_recent}",
                state.recent.len()
            ));
        }
        let mut events = Vec::with_capacity(n_events);
        for said in output.events {
            let key = said.key;
            let event = self
                .event(&mut state, at, scene, said)
                .map_err(|wrong| format!("event {key}: {wrong}"))?;
            events.push(event);
        }
        self.state = state;
        Ok((events, counts))
    }

    /// Ends all open events, with the reason.
    pub(crate) fn close(&mut self, at: Timestamp, reason: &str) -> Vec<Event> {
        let open = std::mem::take(&mut self.state.open);
        open.into_values()
            .map(|newest| Event {
                phase: Phase::End,
                step: newest.step + 1,
                at,
                ended_at: Some(at),
                why: vec![Gate {
                    name: GATE,
                    outcome: GateOutcome::Stopped(reason.to_owned()),
                }],
                ..newest
            })
            .collect()
    }

    /// Zones with an open event, in order, without repeats.
    pub(crate) fn active_zones(&self) -> Vec<ZoneId> {
        let mut zone_ids: Vec<ZoneId> = self
            .state
            .open
            .values()
            .filter_map(|event| event.zone_id)
            .collect();
        zone_ids.sort_unstable();
        zone_ids.dedup();
        zone_ids
    }

    fn event(
        &self,
        state: &mut State,
        at: Timestamp,
        scene: Option<&Scene>,
        said: wit::Event,
    ) -> Result<Event, String> {
        if !is_line(&said.name, 1, 64) {
            return Err(format!(
                "its name {:?} is not one line of 1 to 64 characters",
                shorten(&said.name, 80)
            ));
        }
        let zone_id = known(said.zone_id.map(ZoneId), &self.zone_ids)
            .ok_or_else(|| format!("there is no zone {}", said.zone_id.unwrap_or_default()))?;
        let line_id = known(said.line_id.map(LineId), &self.line_ids)
            .ok_or_else(|| format!("there is no line {}", said.line_id.unwrap_or_default()))?;
        let before = state.open.remove(&said.key);
        let named_before = before.as_ref().and_then(|event| event.track_id);
        let track_id = said.track_id.map(TrackId).or(named_before);
        let track = find_track(track_id, scene, before.as_ref())?;
        let mut event = match (said.phase, before) {
            (wit::Phase::Begin, None) if state.open.len() < self.limits.max_open_events => {
                self.begin(state, at)
            }
            (wit::Phase::Begin, None) => {
                return Err(format!(
                    "more than {} events are open",
                    self.limits.max_open_events
                ));
            }
            (wit::Phase::Begin, Some(_)) => return Err("it begins twice".to_owned()),
            (_, None) => return Err("it goes on or ends, but has not begun".to_owned()),
            (wit::Phase::Update, Some(before)) => Event {
                phase: Phase::Update,
                step: before.step + 1,
                ..before
            },
            (wit::Phase::End, Some(before)) => Event {
                phase: Phase::End,
                step: before.step + 1,
                ended_at: Some(at),
                ..before
            },
        };
        event.at = at;
        event.rule_name = said.name;
        event.zone_id = zone_id.or(event.zone_id);
        event.detail.line_id = line_id.or(event.detail.line_id);
        event.detail.count = said.count.or(event.detail.count);
        event.why = reasons(said.why)?;
        event.track_id = track_id;
        match (track, track_id) {
            (Some(track), _) => {
                event.class = Some(track.class);
                event.score = event.score.max(track.score);
                event.bbox = Some(track.bbox);
            }
            // Named before and gone by now: what was known of it stands.
            (None, Some(_)) => {}
            (None, None) => {
                event.class = said.class.map(class_in).or(event.class);
                event.bbox = said.bbox.map(norm_box).transpose()?.or(event.bbox);
            }
        }
        if event.phase != Phase::End {
            state.open.insert(said.key, event.clone());
        }
        Ok(event)
    }

    fn begin(&self, state: &mut State, at: Timestamp) -> Event {
        Event {
            event_id: state.ids.next(at),
            camera_id: self.camera_id.clone(),
            program: ProgramKind::Extension,
            rule_id: self.rule_id,
            rule_name: String::new(),
            kind: EventKind::Program,
            zone_id: None,
            phase: Phase::Begin,
            step: 0,
            at,
            started_at: at,
            ended_at: None,
            track_id: None,
            class: None,
            score: 0.0,
            bbox: None,
            detail: EventDetail::default(),
            why: Vec::new(),
        }
    }

    fn counts(&self, at: Timestamp, said: &[wit::Count]) -> Result<Vec<Count>, String> {
        let max_counts = self.limits.max_counts_per_call;
        if said.len() > max_counts {
            return Err(format!(
                "{} counts in one step, the limit is {max_counts}",
                said.len()
            ));
        }
        said.iter()
            .map(|count| {
                let (from, until) = (
                    Timestamp::from_micros(count.since),
                    Timestamp::from_micros(count.until),
                );
                if from >= until || until > at {
                    return Err(format!("a count from {from} until {until}, told at {at}"));
                }
                if !count.value.is_finite() || count.value < 0.0 {
                    return Err(format!("a count of {}", count.value));
                }
                Ok(Count {
                    camera_id: self.camera_id.clone(),
                    rule_id: self.rule_id,
                    metric: metric(count.metric),
                    class: count.class.map(class_in),
                    from,
                    until,
                    value: count.value,
                })
            })
            .collect()
    }
}

/// `id`, if it is absent or one of `ids`.
#[expect(
    clippy::option_option,
    reason = "absent is a right answer; unknown is none"
)]
fn known<T: Copy + PartialEq>(id: Option<T>, ids: &[T]) -> Option<Option<T>> {
    match id {
        Some(id) if !ids.contains(&id) => None,
        id => Some(id),
    }
}

/// The track of the scene; `None` also when it was named before and is gone.
fn find_track<'a>(
    track_id: Option<TrackId>,
    scene: Option<&'a Scene>,
    before: Option<&Event>,
) -> Result<Option<&'a Track>, String> {
    let Some(track_id) = track_id else {
        return Ok(None);
    };
    let track = scene.and_then(|scene| scene.tracks.iter().find(|t| t.track_id == track_id));
    let was_named = before.is_some_and(|event| event.track_id == Some(track_id));
    if track.is_none() && !was_named {
        return Err(format!("there is no track {track_id} in the scene"));
    }
    Ok(track)
}

fn reasons(texts: Vec<String>) -> Result<Vec<Gate>, String> {
    if texts.len() > MAX_REASONS {
        return Err(format!(
            "{} reasons, the limit is {MAX_REASONS}",
            texts.len()
        ));
    }
    texts
        .into_iter()
        .map(|text| {
            if !is_line(&text, 1, MAX_REASON_CHARS) {
                return Err(format!(
                    "its reason {:?} is not one line of 1 to {MAX_REASON_CHARS} characters",
                    shorten(&text, 80)
                ));
            }
            Ok(Gate {
                name: GATE,
                outcome: GateOutcome::Passed(text),
            })
        })
        .collect()
}

fn norm_box(bbox: scenes::Bounds) -> Result<NormBox, String> {
    let scenes::Bounds { x1, y1, x2, y2 } = bbox;
    let is_inside = [x1, y1, x2, y2]
        .iter()
        .all(|part| (0.0..=1.0).contains(part));
    if !is_inside || x1 >= x2 || y1 >= y2 {
        return Err(format!(
            "its box {x1} {y1} {x2} {y2} is none within the picture"
        ));
    }
    Ok(NormBox::from_xyxy(x1, y1, x2, y2))
}

fn metric(metric: wit::Metric) -> Metric {
    match metric {
        wit::Metric::In => Metric::In,
        wit::Metric::Out => Metric::Out,
        wit::Metric::Mean => Metric::Mean,
        wit::Metric::Peak => Metric::Peak,
        wit::Metric::P95 => Metric::P95,
        wit::Metric::Unique => Metric::Unique,
    }
}
