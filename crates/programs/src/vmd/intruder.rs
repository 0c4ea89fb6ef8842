//! Intruder: an object of a chosen class stays in a zone.
//!
//! In: one call per scene, with which of its tracks stand in the zone. Out: at
//! most one event per visit, with its begin, a few updates and its end.
//!
//! An event begins when all gates hold at once: the track is confirmed, of a
//! chosen class, its score has been reached, and it has been inside for the
//! dwell. Once begun, only the end of the visit (or of the video, or of the
//! program) ends it: a score that flickers cannot raise a second alarm.
//!
//! Not here: what a visit is (`visits`), several rules and zones (`mod`).

use types::{
    CameraId, Class, Event, EventId, EventIds, EventKind, Gate, GateOutcome, NormBox, Phase,
    ProgramKind, Timestamp, Track, TrackId,
};

use std::time::Duration;

use super::Rule;
use super::config::What;
use crate::filter::Marks;
use crate::site::Place;
use crate::view::{Subset, View};
use crate::visits::{Presence, Visit, Visits};

/// A score this much better than the one last told is worth an update.
const WORTH_TELLING: f32 = 0.1;
/// Shortest time between two steps of an event, but for its end.
const UPDATE_EVERY: Duration = Duration::from_secs(5);
/// Most updates of one event, so that none grows for ever.
const MAX_UPDATES: u32 = 100;

/// One rule at work.
#[derive(Debug)]
pub(super) struct Intruder {
    pub(super) rule: Rule,
    visits: Visits<Alarm>,
}

/// What the rule remembers about one visit.
#[derive(Debug, Default)]
struct Alarm {
    marks: Marks,
    best_score: f32,
    /// This visit has had its event.
    has_begun: bool,
    open: Option<Open>,
}

/// An event that has begun and not ended.
#[derive(Debug)]
struct Open {
    event_id: EventId,
    track_id: TrackId,
    started_at: Timestamp,
    next_step: u32,
    class: Class,
    bbox: NormBox,
    told_at: Timestamp,
    told_class: Class,
    told_score: f32,
}

/// What all rules of one program share while they make events.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) camera_id: &'a CameraId,
    pub(super) ids: &'a mut EventIds,
    pub(super) events: Vec<Event>,
}

/// Why an event ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum EndReason {
    Left,
    Vanished,
    NoVideo,
    RuleStopped,
}

impl EndReason {
    fn text(self) -> &'static str {
        match self {
            EndReason::Left => "left the zone",
            EndReason::Vanished => "no longer seen",
            EndReason::NoVideo => "no video",
            EndReason::RuleStopped => "rule stopped",
        }
    }
}

impl Intruder {
    pub(super) fn new(rule: Rule) -> Self {
        let visits = Visits::new(rule.grace);
        Intruder { rule, visits }
    }

    /// Advances to the scene of `view`, of whose tracks those `inside` stand in
    /// `place`.
    pub(super) fn update(
        &mut self,
        view: &View<'_>,
        place: &Place,
        inside: &Subset,
        desk: &mut Desk<'_>,
    ) {
        let at = view.at();
        for mut visit in self
            .visits
            .update(view, Some(place), self.rule.filter.anchor, inside)
        {
            let reason = match visit.presence() {
                Presence::Left => EndReason::Left,
                _ => EndReason::Vanished,
            };
            end(&self.rule, place, &mut visit, at, reason, desk);
        }
        for visit in self.visits.iter_mut() {
            let idx = view.idx_of(visit.track_id);
            if let (Presence::Inside, Some(idx)) = (visit.presence(), idx) {
                advance(&self.rule, place, visit, view, idx, desk);
            }
        }
    }

    /// Ends all open events. Their visits go on, so that an object still there
    /// when the video returns raises no second alarm.
    pub(super) fn end_all(
        &mut self,
        place: &Place,
        at: Timestamp,
        reason: EndReason,
        desk: &mut Desk<'_>,
    ) {
        for visit in self.visits.iter_mut() {
            end(&self.rule, place, visit, at, reason, desk);
        }
    }

    pub(super) fn is_active(&self) -> bool {
        self.visits.iter().any(|visit| visit.state.open.is_some())
    }

    pub(super) fn n_refused(&self) -> u64 {
        self.visits.n_refused()
    }
}

/// Begins or updates the event of a visitor who is inside now.
fn advance(
    rule: &Rule,
    place: &Place,
    visit: &mut Visit<Alarm>,
    view: &View<'_>,
    idx: usize,
    desk: &mut Desk<'_>,
) {
    let (at, track) = (view.at(), &view.tracks[idx]);
    let alarm = &mut visit.state;
    alarm.best_score = alarm.best_score.max(track.score);
    let is_wanted = rule.filter.admits(&mut alarm.marks, view, idx);
    let Some(open) = &mut alarm.open else {
        let begins =
            !alarm.has_begun && is_wanted && at.saturating_since(visit.since) >= dwell_of(rule);
        if begins {
            begin(rule, place, visit, track, at, desk);
        }
        return;
    };
    open.class = track.class;
    open.bbox = track.bbox;
    let is_news =
        open.class != open.told_class || alarm.best_score >= open.told_score + WORTH_TELLING;
    let is_time = at.saturating_since(open.told_at) >= UPDATE_EVERY;
    if is_news && is_time && open.next_step <= MAX_UPDATES {
        tell(rule, place, visit, Telling::update(at), desk);
    }
}

fn begin(
    rule: &Rule,
    place: &Place,
    visit: &mut Visit<Alarm>,
    track: &Track,
    at: Timestamp,
    desk: &mut Desk<'_>,
) {
    visit.state.has_begun = true;
    visit.state.open = Some(Open {
        event_id: desk.ids.next(at),
        track_id: visit.track_id,
        started_at: at,
        next_step: 0,
        class: track.class,
        bbox: track.bbox,
        told_at: at,
        told_class: track.class,
        told_score: 0.0,
    });
    let telling = Telling {
        phase: Phase::Begin,
        ..Telling::update(at)
    };
    tell(rule, place, visit, telling, desk);
}

fn end(
    rule: &Rule,
    place: &Place,
    visit: &mut Visit<Alarm>,
    at: Timestamp,
    reason: EndReason,
    desk: &mut Desk<'_>,
) {
    let telling = Telling {
        phase: Phase::End,
        at,
        end_reason: Some(reason),
    };
    tell(rule, place, visit, telling, desk);
    visit.state.open = None;
}

/// One step to be told.
#[derive(Clone, Copy, Debug)]
struct Telling {
    phase: Phase,
    at: Timestamp,
    end_reason: Option<EndReason>,
}

impl Telling {
    fn update(at: Timestamp) -> Self {
        Telling {
            phase: Phase::Update,
            at,
            end_reason: None,
        }
    }
}

/// Puts the next step of the visit's open event, if there is one, on the desk.
fn tell(
    rule: &Rule,
    place: &Place,
    visit: &mut Visit<Alarm>,
    telling: Telling,
    desk: &mut Desk<'_>,
) {
    let best_score = visit.state.best_score;
    let Some(open) = &mut visit.state.open else {
        return;
    };
    // Where it was last seen before the dwell was over, the grace has it stay
    // until it began.
    let until = visit.last_seen_inside.max(open.started_at);
    let stayed = until.saturating_since(visit.since);
    let step = open.next_step;
    open.next_step += 1;
    open.told_at = telling.at;
    open.told_class = open.class;
    open.told_score = best_score;
    let passed = |text: &str| GateOutcome::Passed(text.to_owned());
    let gate = |name, outcome| Gate { name, outcome };
    let inside = match telling.end_reason {
        Some(reason) => GateOutcome::Stopped(reason.text().to_owned()),
        None => passed(&place.zone().name),
    };
    desk.events.push(Event {
        event_id: open.event_id,
        camera_id: desk.camera_id.clone(),
        program: ProgramKind::Vmd,
        rule_id: rule.rule_id,
        rule_name: rule.name.clone(),
        kind: EventKind::Intruder,
        zone_id: Some(place.zone().zone_id),
        phase: telling.phase,
        step,
        at: telling.at,
        started_at: open.started_at,
        ended_at: (telling.phase == Phase::End)
            .then(|| visit.last_seen_inside.max(open.started_at)),
        track_id: Some(open.track_id),
        class: Some(open.class),
        score: best_score,
        bbox: Some(open.bbox),
        detail: types::EventDetail::default(),
        why: vec![
            gate("detected", passed("confirmed")),
            gate("class", passed(open.class.name())),
            gate(
                "score",
                GateOutcome::Reached {
                    actual: best_score,
                    needed: rule.filter.threshold(open.class).unwrap_or(0.0),
                },
            ),
            gate("inside", inside),
            gate(
                "dwell",
                GateOutcome::Lasted {
                    actual: stayed,
                    needed: dwell_of(rule),
                },
            ),
        ],
    });
}

fn dwell_of(rule: &Rule) -> Duration {
    let What::Intruder { dwell, .. } = rule.what;
    dwell
}
