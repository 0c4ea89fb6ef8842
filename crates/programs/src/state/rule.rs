//! One rule about a state: its event, and why there is one or none.
//!
//! An event begins when the state has lasted while the schedule lets the rule
//! run, and ends with the state, the schedule, the video or the rule. Updates
//! tell another state of a rule about "every other state", at most every 5 s
//! and 100 times.

use std::time::Duration;

use types::{
    CameraId, Event, EventDetail, EventId, EventIds, EventKind, Gate, GateOutcome, HiddenBy, Phase,
    ProgramKind, StateId, Timestamp,
};

use super::settle::Settled;
use super::{Detector, Outcome, StateRule, Verdict};
use crate::filter::{asked, gate};
use crate::{Explanation, Output};

/// Shortest time between two updates of one event.
const UPDATE_EVERY: Duration = Duration::from_secs(5);
/// Most updates of one event.
const MAX_UPDATES: u32 = 100;

/// A rule and its event.
#[derive(Debug)]
pub(super) struct RuleLife {
    rule: StateRule,
    open: Option<Open>,
    /// Since when the condition has held, whatever its states were called.
    held_since: Option<Timestamp>,
}

/// The open event.
#[derive(Debug)]
struct Open {
    event_id: EventId,
    started_at: Timestamp,
    step: u32,
    told_at: Timestamp,
    state_id: StateId,
    likelihood: f32,
}

/// What a rule goes by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts<'a> {
    pub(super) detector: &'a Detector,
    pub(super) settled: Option<Settled>,
    pub(super) verdict: Option<&'a Verdict>,
    pub(super) hidden: Option<HiddenBy>,
}

/// Where decisions are written down.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) camera_id: &'a CameraId,
    pub(super) ids: &'a mut EventIds,
    pub(super) output: &'a mut Output,
}

/// Why an event ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum EndReason {
    OtherState,
    Unknown,
    Schedule,
    NoVideo,
    RuleStopped,
}

impl EndReason {
    fn text(self) -> &'static str {
        match self {
            EndReason::OtherState => "the state is another one",
            EndReason::Unknown => "the state is not known any more",
            EndReason::Schedule => "off by the schedule",
            EndReason::NoVideo => "no video",
            EndReason::RuleStopped => "the rule was changed or switched off",
        }
    }
}

impl RuleLife {
    pub(super) fn new(rule: StateRule) -> Self {
        RuleLife {
            rule,
            open: None,
            held_since: None,
        }
    }

    /// Whether this is `rule`, unchanged.
    pub(super) fn is_for(&self, rule: &StateRule) -> bool {
        self.rule == *rule
    }

    /// Advances to `at`.
    pub(super) fn update(&mut self, facts: &Facts<'_>, at: Timestamp, desk: &mut Desk<'_>) {
        let held = facts.settled.filter(|settled| self.holds(*settled));
        self.held_since = held.map(|settled| self.held_since.unwrap_or(settled.since));
        let is_on = self.is_on(at);
        if self.open.is_some() {
            match held {
                Some(settled) if is_on => self.go_on(settled, facts, at, desk),
                Some(_) => self.end(facts, at, EndReason::Schedule, desk),
                None if facts.settled.is_some() => self.end(facts, at, EndReason::OtherState, desk),
                None => self.end(facts, at, EndReason::Unknown, desk),
            }
            return;
        }
        let (Some(settled), Some(since), true) = (held, self.held_since, is_on) else {
            return;
        };
        if at.saturating_since(since) < self.rule.lasting {
            return;
        }
        let open = Open {
            event_id: desk.ids.next(at),
            started_at: at,
            step: 0,
            told_at: at,
            state_id: settled.state_id,
            likelihood: settled.likelihood,
        };
        self.tell(&open, Phase::Begin, facts, self.gates(facts, at), at, desk);
        self.open = Some(open);
    }

    fn go_on(&mut self, settled: Settled, facts: &Facts<'_>, at: Timestamp, desk: &mut Desk<'_>) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        let is_due = settled.state_id != open.state_id
            && at.saturating_since(open.told_at) >= UPDATE_EVERY
            && open.step < MAX_UPDATES;
        open.likelihood = open.likelihood.max(settled.likelihood);
        if is_due {
            open.step += 1;
            open.told_at = at;
            open.state_id = settled.state_id;
            self.tell(&open, Phase::Update, facts, self.gates(facts, at), at, desk);
        }
        self.open = Some(open);
    }

    /// Ends the event, if one is open.
    pub(super) fn end(
        &mut self,
        facts: &Facts<'_>,
        at: Timestamp,
        reason: EndReason,
        desk: &mut Desk<'_>,
    ) {
        if let Some(mut open) = self.open.take() {
            open.step += 1;
            let mut gates = self.gates(facts, at);
            gates.push(gate("end", GateOutcome::Stopped(reason.text().to_owned())));
            self.tell(&open, Phase::End, facts, gates, at, desk);
        }
        if matches!(reason, EndReason::NoVideo | EndReason::RuleStopped) {
            self.held_since = None;
        }
    }

    /// Why there is an event, or none.
    pub(super) fn explain(&self, facts: &Facts<'_>, now: Timestamp) -> Explanation {
        Explanation {
            rule_id: self.rule.rule_id,
            rule_name: self.rule.name.clone(),
            kind: EventKind::State,
            zone_id: None,
            line_id: None,
            is_active: self.open.is_some(),
            gates: self.gates(facts, now),
            objects: Vec::new(),
        }
    }

    fn holds(&self, settled: Settled) -> bool {
        (settled.state_id == self.rule.state_id) != self.rule.is_not
    }

    fn is_on(&self, at: Timestamp) -> bool {
        let schedule = self.rule.schedule.as_ref();
        schedule.is_none_or(|schedule| schedule.is_on(at))
    }

    fn gates(&self, facts: &Facts<'_>, now: Timestamp) -> Vec<Gate> {
        let name_of = |state_id| {
            facts
                .detector
                .state_name(state_id)
                .unwrap_or("?")
                .to_owned()
        };
        let state = match facts.settled {
            Some(settled) if self.holds(settled) => GateOutcome::Passed(name_of(settled.state_id)),
            Some(settled) => GateOutcome::Stopped(name_of(settled.state_id)),
            None => GateOutcome::Stopped("the state is not known yet".to_owned()),
        };
        let lasted = match (self.held_since, &self.open) {
            (Some(since), _) => GateOutcome::Lasted {
                actual: now.saturating_since(since),
                needed: self.rule.lasting,
            },
            (None, Some(_)) => GateOutcome::Passed("reached before".to_owned()),
            (None, None) => GateOutcome::Stopped("not so far".to_owned()),
        };
        vec![
            gate("state", state),
            gate("sure", sure(facts, &name_of)),
            gate("lasting", lasted),
            gate(
                "schedule",
                asked(self.is_on(now), "on", || "off by the schedule".to_owned()),
            ),
        ]
    }

    fn tell(
        &self,
        open: &Open,
        phase: Phase,
        facts: &Facts<'_>,
        why: Vec<Gate>,
        at: Timestamp,
        desk: &mut Desk<'_>,
    ) {
        let detector = facts.detector;
        desk.output.events.push(Event {
            event_id: open.event_id,
            camera_id: desk.camera_id.clone(),
            program: ProgramKind::State,
            rule_id: self.rule.rule_id,
            rule_name: self.rule.name.clone(),
            kind: EventKind::State,
            zone_id: None,
            phase,
            step: open.step,
            at,
            started_at: open.started_at,
            ended_at: (phase == Phase::End).then_some(at),
            track_id: None,
            class: None,
            score: open.likelihood,
            bbox: Some(detector.bbox),
            detail: EventDetail {
                state: Some((detector.detector_id, open.state_id)),
                ..EventDetail::default()
            },
            why,
        });
    }
}

/// How sure the newest look is. A hidden region keeps its state.
fn sure(facts: &Facts<'_>, name_of: &impl Fn(StateId) -> String) -> GateOutcome {
    if let Some(hidden) = facts.hidden {
        let words = hidden.words();
        return match facts.settled {
            Some(_) => GateOutcome::Passed(format!("kept from before: {words}")),
            None => GateOutcome::Stopped(format!("not looked at: {words}")),
        };
    }
    let Some(verdict) = facts.verdict else {
        return GateOutcome::Stopped("not looked at so far".to_owned());
    };
    let percent = verdict.likelihood() * 100.0;
    match verdict.outcome {
        Outcome::Sure(state_id) => {
            GateOutcome::Passed(format!("{} {percent:.0} %", name_of(state_id)))
        }
        // The settled state holds while looks are unsure for a while.
        outcome if facts.settled.is_some() => {
            GateOutcome::Passed(format!("kept from before: {}", outcome.words()))
        }
        outcome => GateOutcome::Stopped(outcome.words().to_owned()),
    }
}
