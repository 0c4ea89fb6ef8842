//! The life of an event, the same for all kinds of rules: begin, updates, end.
//!
//! In: for each case (a visit, a crossing, a thing left, ...) what its rule
//! finds in each scene. Out: steps of events.
//!
//! A case raises at most one event. It begins when the rule's condition holds
//! while the schedule lets it and no cool-down runs; from then on only the
//! rule's own word that it is over ends it, so that nothing that flickers can
//! raise a second alarm. Updates tell news, seldom enough to read.
//!
//! Not here: when a condition holds (one file per kind of rule).

use std::time::Duration;

use types::{
    CameraId, Class, Event, EventDetail, EventId, EventIds, Gate, GateOutcome, HealthPart, NormBox,
    Phase, PictureState, ProgramKind, Timestamp, Track, TrackId,
};

use super::rule::Rule;
use crate::filter::{asked, gate};
use crate::health::{HealthMark, HealthWish};

/// A score this much better than the one last told is worth an update.
const WORTH_TELLING: f32 = 0.1;
/// Shortest time between two steps of an event, but for its end.
const UPDATE_EVERY: Duration = Duration::from_secs(5);
/// Most updates of one event, so that none grows for ever.
const MAX_UPDATES: u32 = 100;

/// What all rules of one program share while they make events.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    pub(super) camera_id: &'a CameraId,
    pub(super) ids: &'a mut EventIds,
    pub(super) events: Vec<Event>,
}

/// What a rule finds of one case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its condition does not hold (any more); an open event stays open.
    Waits,
    /// Its condition holds.
    Holds,
    /// It has just happened: an event now, or never.
    Happens,
    /// The case is over, and with it an open event.
    Over(EndReason),
}

/// Why an event ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndReason {
    Left,
    Vanished,
    MovedOn,
    Past,
    ThingGone,
    CountFell,
    PictureGood,
    VideoBack,
    NoVideo,
    OffBySchedule,
    RuleStopped,
}

impl EndReason {
    fn text(self) -> &'static str {
        match self {
            EndReason::Left => "left the zone",
            EndReason::Vanished => "no longer seen",
            EndReason::MovedOn => "moved on",
            EndReason::Past => "it is past",
            EndReason::ThingGone => "the scene is as before",
            EndReason::CountFell => "no more than allowed",
            EndReason::PictureGood => "the picture is good",
            EndReason::VideoBack => "the video is back",
            EndReason::NoVideo => "no video",
            EndReason::OffBySchedule => "off by schedule",
            EndReason::RuleStopped => "rule stopped",
        }
    }

    /// The gate that no longer passes; `None` for the one that only the kind
    /// of rule has, the last of its own.
    fn gate(self) -> Option<&'static str> {
        match self {
            EndReason::Left | EndReason::Vanished => Some("inside"),
            EndReason::NoVideo => Some("received"),
            EndReason::OffBySchedule | EndReason::RuleStopped => Some("schedule"),
            EndReason::MovedOn
            | EndReason::Past
            | EndReason::ThingGone
            | EndReason::CountFell
            | EndReason::PictureGood
            | EndReason::VideoBack => None,
        }
    }
}

/// Whom or what a case is about, as of one scene.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Subject {
    pub(super) track_id: Option<TrackId>,
    pub(super) class: Option<Class>,
    pub(super) bbox: Option<NormBox>,
    pub(super) score: f32,
    pub(super) detail: EventDetail,
}

impl Subject {
    pub(super) fn of(track: &Track) -> Self {
        Subject {
            track_id: Some(track.track_id),
            class: Some(track.class),
            bbox: Some(track.bbox),
            score: track.score,
            detail: EventDetail::default(),
        }
    }
}

/// A rule, and whether it may begin an event.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) rule: Rule,
    is_on: bool,
    /// Until when `is_on` is known to hold, and from when.
    known: Option<(Timestamp, Timestamp)>,
    /// When its newest event began or ended.
    last_told: Option<Timestamp>,
    /// Whether the scene is healthy.
    health: HealthMark,
}

impl Head {
    pub(super) fn new(rule: Rule) -> Self {
        Head {
            is_on: rule.schedule.is_none(),
            rule,
            known: None,
            last_told: None,
            health: HealthMark::default(),
        }
    }

    /// Advances to `at`; whether the schedule has the rule on.
    pub(super) fn is_on(&mut self, at: Timestamp) -> bool {
        let Some(schedule) = &self.rule.schedule else {
            return true;
        };
        let is_known = self
            .known
            .is_some_and(|(from, until)| from <= at && at < until);
        if !is_known {
            let (is_on, until) = schedule.state_at(at);
            self.is_on = is_on;
            self.known = Some((at, until));
        }
        self.is_on
    }

    /// Advances to the picture of a scene.
    pub(super) fn see(&mut self, picture: &PictureState) {
        if self.rule.health != HealthWish::Any {
            self.health.see(picture);
        }
    }

    /// What makes an event that begins now doubtful.
    fn doubt(&self) -> Option<HealthPart> {
        let is_wanted = self.rule.health == HealthWish::Marked;
        self.health.complaint().filter(|_| is_wanted)
    }

    fn is_healthy(&self) -> bool {
        self.rule.health != HealthWish::Healthy || self.health.complaint().is_none()
    }

    fn cooling_left(&self, at: Timestamp) -> Duration {
        self.last_told.map_or(Duration::ZERO, |told| {
            let passed = at.saturating_since(told);
            self.rule.cool_down.saturating_sub(passed)
        })
    }

    fn may_begin(&self, at: Timestamp) -> bool {
        self.is_on && self.is_healthy() && self.cooling_left(at).is_zero()
    }

    /// The gates every kind of rule has, last in order; only those that are
    /// set.
    pub(super) fn gates(&self, at: Timestamp) -> Vec<Gate> {
        let mut gates = Vec::new();
        gates.extend(self.health.gate(self.rule.health));
        if self.rule.schedule.is_some() {
            let outcome = asked(self.is_on, "on", || "off by schedule".to_owned());
            gates.push(gate("schedule", outcome));
        }
        if !self.rule.cool_down.is_zero() {
            let left = self.cooling_left(at);
            let outcome = asked(left.is_zero(), "over", || {
                format!("for {:.0} s more", left.as_secs_f32().max(1.0))
            });
            gates.push(gate("cool_down", outcome));
        }
        gates
    }
}

/// One thing that may raise one event.
#[derive(Debug, Default)]
pub(super) struct Case {
    /// It has had its event, or its moment has passed.
    is_spent: bool,
    best_score: f32,
    open: Option<Box<Open>>,
}

/// An event that has begun and not ended.
#[derive(Debug)]
struct Open {
    event_id: EventId,
    /// Who began it; stays, also when another track goes on with the visit.
    track_id: Option<TrackId>,
    started_at: Timestamp,
    next_step: u32,
    subject: Subject,
    told_at: Timestamp,
    told: Subject,
    /// What made it doubtful when it began.
    doubt: Option<HealthPart>,
    why: Vec<Gate>,
}

impl Case {
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    pub(super) fn is_spent(&self) -> bool {
        self.is_spent
    }

    pub(super) fn best_score(&self) -> f32 {
        self.best_score
    }

    /// Counts the score of `subject`, and takes it as the newest.
    pub(super) fn see(&mut self, subject: Subject) {
        self.best_score = self.best_score.max(subject.score);
        if let Some(open) = &mut self.open {
            open.subject = subject;
        }
    }

    /// Advances to the `news`. `why` gives the gates, all passed, and is asked
    /// only when an event begins.
    pub(super) fn advance(
        &mut self,
        head: &mut Head,
        news: &News<'_>,
        why: impl FnOnce(&Head) -> Vec<Gate>,
        desk: &mut Desk<'_>,
    ) {
        if self.open.is_none() {
            let holds = matches!(news.verdict, Verdict::Holds | Verdict::Happens);
            if holds && !self.is_spent && head.may_begin(news.at) {
                let why = why(head);
                self.begin(head, news, why, desk);
            }
            self.is_spent |= news.verdict == Verdict::Happens;
            return;
        }
        if let Verdict::Over(reason) = news.verdict {
            self.end(head, reason, news.at, news.last, news.own, desk);
            return;
        }
        self.see(news.subject);
        let best_score = self.best_score;
        let Some(open) = &mut self.open else { return };
        let is_news = open.subject.class != open.told.class
            || open.subject.detail.count != open.told.detail.count
            || best_score >= open.told.score + WORTH_TELLING;
        let is_time = news.at.saturating_since(open.told_at) >= UPDATE_EVERY;
        if is_news && is_time && open.next_step <= MAX_UPDATES {
            open.refresh_why(&head.rule, best_score, (news.own)().as_ref());
            desk.tell(&head.rule, open, best_score, Phase::Update, news.at, None);
        }
    }

    fn begin(&mut self, head: &mut Head, news: &News<'_>, why: Vec<Gate>, desk: &mut Desk<'_>) {
        self.is_spent = true;
        self.best_score = self.best_score.max(news.subject.score);
        head.last_told = Some(news.at);
        let mut open = Box::new(Open {
            event_id: desk.ids.next(news.at),
            track_id: news.subject.track_id,
            started_at: news.at,
            next_step: 0,
            subject: news.subject,
            told_at: news.at,
            told: news.subject,
            doubt: head.doubt(),
            why,
        });
        open.refresh_why(&head.rule, self.best_score, None);
        let rule = &head.rule;
        desk.tell(
            rule,
            &mut open,
            self.best_score,
            Phase::Begin,
            news.at,
            None,
        );
        self.open = Some(open);
    }

    /// Ends the open event, if there is one.
    pub(super) fn end(
        &mut self,
        head: &mut Head,
        reason: EndReason,
        at: Timestamp,
        last: Timestamp,
        own: &dyn Fn() -> Option<Gate>,
        desk: &mut Desk<'_>,
    ) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        head.last_told = Some(at);
        open.refresh_why(&head.rule, self.best_score, own().as_ref());
        open.stop(reason);
        let ended_at = last.clamp(open.started_at, at.max(open.started_at));
        let rule = &head.rule;
        desk.tell(
            rule,
            &mut open,
            self.best_score,
            Phase::End,
            at,
            Some(ended_at),
        );
    }
}

/// What a rule has to say of one case in one scene.
pub(super) struct News<'a> {
    pub(super) verdict: Verdict,
    pub(super) subject: Subject,
    pub(super) at: Timestamp,
    /// When the condition last held: the end of an event that is over.
    pub(super) last: Timestamp,
    /// The gate of this kind of rule, as of now.
    pub(super) own: &'a dyn Fn() -> Option<Gate>,
}

impl Open {
    /// Brings the gates that change with time up to date.
    fn refresh_why(&mut self, rule: &Rule, best_score: f32, own: Option<&Gate>) {
        let class = self.subject.class;
        let threshold = class.and_then(|class| rule.filter.threshold(class));
        for gate in &mut self.why {
            match (gate.name, class, threshold, own) {
                ("class", Some(class), ..) => {
                    gate.outcome = GateOutcome::Passed(class.name().to_owned());
                }
                // A change of class within the hysteresis leaves the text.
                ("score", _, Some(needed), _) if best_score >= needed => {
                    gate.outcome = GateOutcome::Reached {
                        actual: best_score,
                        needed,
                    };
                }
                (name, .., Some(own)) if own.name == name => {
                    gate.outcome = own.outcome.clone();
                }
                _ => {}
            }
        }
    }

    /// Puts the reason of the end where it belongs among the gates.
    fn stop(&mut self, reason: EndReason) {
        let outcome = GateOutcome::Stopped(reason.text().to_owned());
        let own = self
            .why
            .iter()
            .rfind(|gate| !matches!(gate.name, "health" | "schedule" | "cool_down"))
            .map_or("inside", |gate| gate.name);
        let name = reason.gate().unwrap_or(own);
        match self.why.iter_mut().find(|gate| gate.name == name) {
            Some(gate) => gate.outcome = outcome,
            None if name == "received" => self.why.insert(0, gate(name, outcome)),
            None => self.why.push(gate(name, outcome)),
        }
    }
}

impl Desk<'_> {
    /// Puts the next step of an event on the desk.
    fn tell(
        &mut self,
        rule: &Rule,
        open: &mut Open,
        best_score: f32,
        phase: Phase,
        at: Timestamp,
        ended_at: Option<Timestamp>,
    ) {
        let step = open.next_step;
        open.next_step += 1;
        open.told_at = at;
        open.told = open.subject;
        open.told.score = best_score;
        self.events.push(Event {
            event_id: open.event_id,
            camera_id: self.camera_id.clone(),
            program: ProgramKind::Vmd,
            rule_id: rule.rule_id,
            rule_name: rule.name.clone(),
            kind: rule.what.kind(),
            zone_id: rule.what.zone_id(),
            phase,
            step,
            at,
            started_at: open.started_at,
            ended_at,
            track_id: open.track_id,
            class: open.subject.class,
            score: best_score,
            bbox: open.subject.bbox,
            detail: EventDetail {
                doubt: open.doubt,
                ..open.subject.detail
            },
            why: open.why.clone(),
        });
    }
}
