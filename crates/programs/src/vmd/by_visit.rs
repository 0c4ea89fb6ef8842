//! Rules of which each visit to a zone may raise one event.
//!
//! In: a question about a stay ([`Ask`], one small file per kind). Out: the
//! same life for all of them: visits, filter, begin, update, end, why.
//!
//! Not here: what a visit is (`visits`), the life of an event (`life`).

use std::fmt::Debug;
use std::time::Duration;

use types::{EventDetail, Gate, Timestamp, Track, TrackId, TrackState};

use super::kind::{Kind, Look, Spot};
use super::life::{Case, Desk, EndReason, Head, News, Subject, Verdict};
use super::rule::Rule;
use crate::explain::ObjectExplanation;
use crate::filter::{Marks, asked, gate};
use crate::site::{Anchor, Place};
use crate::visits::{Presence, Visit, Visits};

/// What one kind of rule asks of a stay in its zone.
pub(super) trait Ask: Debug + Send {
    /// What it remembers of one stay.
    type Memory: Debug + Default + Send;

    /// Looks at the scene before the visits are advanced to it.
    fn prepare(&mut self, _rule: &Rule, _look: &Look<'_>) {}

    /// What it finds of `stay`, once per scene.
    fn judge(&mut self, memory: &mut Self::Memory, stay: &Stay<'_>) -> Verdict;

    /// Its own gates, in order; of an object that is not inside, `None`.
    fn gates(&self, stay: Option<(&Self::Memory, &Stay<'_>)>) -> Vec<Gate>;

    /// What it adds to the event.
    fn detail(&self, _memory: &Self::Memory) -> EventDetail {
        EventDetail::default()
    }
}

/// A stay as of one scene.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stay<'a> {
    pub(super) at: Timestamp,
    pub(super) track_id: TrackId,
    /// First scene inside.
    pub(super) since: Timestamp,
    pub(super) last_seen_inside: Timestamp,
    pub(super) presence: Presence,
    /// The visitor, unless it is no longer among the tracks.
    pub(super) track: Option<&'a Track>,
    /// Where; everywhere, if nowhere in particular.
    pub(super) place: Option<&'a Place>,
    pub(super) anchor: Anchor,
    /// Width over height of the picture.
    pub(super) aspect: f32,
    /// The visit ends with this scene.
    pub(super) is_over: bool,
    /// It has moved since it came.
    pub(super) has_moved: bool,
    /// Its event is open, or was.
    pub(super) has_begun: bool,
}

impl Stay<'_> {
    /// How long it has lasted.
    pub(super) fn lasted(&self) -> Duration {
        let until = match self.presence {
            Presence::Inside => self.at,
            Presence::Expected | Presence::Left | Presence::Vanished => self.last_seen_inside,
        };
        until.saturating_since(self.since)
    }

    pub(super) fn is_inside(&self) -> bool {
        self.presence == Presence::Inside
    }
}

/// A kind of rule that asks `A` of each visit.
#[derive(Debug)]
pub(super) struct ByVisit<A: Ask> {
    ask: A,
    visits: Visits<Memo<A::Memory>>,
}

#[derive(Debug, Default)]
struct Memo<M> {
    marks: Marks,
    /// The filter let it through when it was last seen inside.
    is_wanted: bool,
    /// As of the newest scene in which it was seen inside.
    subject: Subject,
    case: Case,
    memory: M,
}

impl<A: Ask> ByVisit<A> {
    pub(super) fn new(rule: &Rule, ask: A) -> Self {
        ByVisit {
            ask,
            visits: Visits::new(rule.grace),
        }
    }
}

impl<A: Ask> Kind for ByVisit<A> {
    fn update(&mut self, head: &mut Head, look: &Look<'_>, desk: &mut Desk<'_>) {
        self.ask.prepare(&head.rule, look);
        let anchor = head.rule.filter.anchor;
        let Spot { place, inside } = look.spot;
        for mut visit in self.visits.update(look.view, place, anchor, inside) {
            advance(&mut self.ask, &mut visit, true, head, look, desk);
            end(&self.ask, &mut visit, head, look, desk);
        }
        for visit in self.visits.iter_mut() {
            advance(&mut self.ask, visit, false, head, look, desk);
        }
    }

    fn end_all(&mut self, head: &mut Head, at: Timestamp, reason: EndReason, desk: &mut Desk<'_>) {
        for visit in self.visits.iter_mut() {
            let last = visit.last_seen_inside;
            visit.state.case.end(head, reason, at, last, &|| None, desk);
        }
    }

    fn is_active(&self) -> bool {
        self.visits.iter().any(|visit| visit.state.case.is_open())
    }

    fn n_refused(&self) -> u64 {
        self.visits.n_refused()
    }

    fn explain(
        &self,
        head: &Head,
        look: &Look<'_>,
        _now: Timestamp,
    ) -> (Vec<Gate>, Vec<ObjectExplanation>) {
        let of_object = |(idx, track): (usize, &Track)| {
            let visit = self.visits.of(track.track_id);
            let marks = visit.map_or_else(Marks::default, |visit| visit.state.marks);
            let mut gates = head.rule.filter.gates(marks, look.view, idx);
            let stay = visit.map(|visit| (&visit.state.memory, stay_of(visit, &head.rule, look)));
            let is_inside = look.spot.inside.contains(idx);
            let is_there = stay.is_some_and(|(_, stay)| stay.is_inside());
            gates.push(inside_gate(look.spot, is_inside || is_there));
            let stay = stay.as_ref().map(|(memory, stay)| (*memory, stay));
            gates.extend(self.ask.gates(stay));
            gates.extend(head.gates(look.at()));
            ObjectExplanation {
                track_id: track.track_id,
                class: track.class,
                bbox: track.bbox,
                gates,
            }
        };
        let tracks = look.view.tracks.iter().enumerate();
        let living = tracks.filter(|(_, track)| track.state != TrackState::Ended);
        (head.gates(look.at()), living.map(of_object).collect())
    }
}

/// Advances one visit to the scene; `is_over` when it ends with it.
fn advance<A: Ask>(
    ask: &mut A,
    visit: &mut Visit<Memo<A::Memory>>,
    is_over: bool,
    head: &mut Head,
    look: &Look<'_>,
    desk: &mut Desk<'_>,
) {
    let seen = visit
        .track_idx
        .filter(|_| visit.presence() == Presence::Inside);
    if let Some(idx) = seen {
        let memo = &mut visit.state;
        memo.is_wanted = head.rule.filter.admits(&mut memo.marks, look.view, idx);
        memo.subject = Subject::of(&look.view.tracks[idx]);
        memo.case.see(memo.subject);
    }
    let stay = Stay {
        is_over,
        ..stay_of(visit, &head.rule, look)
    };
    let memo = &mut visit.state;
    let verdict = match ask.judge(&mut memo.memory, &stay) {
        Verdict::Holds | Verdict::Happens if !memo.is_wanted => Verdict::Waits,
        verdict => verdict,
    };
    memo.subject.detail = ask.detail(&memo.memory);
    let (marks, subject, memory) = (memo.marks, memo.subject, &memo.memory);
    let best_score = memo.case.best_score();
    let news = News {
        verdict,
        subject,
        at: stay.at,
        last: stay.last_seen_inside,
        own: &|| ask.gates(Some((memory, &stay))).pop(),
    };
    let why = |head: &Head| {
        let filter = &head.rule.filter;
        let mut why = seen.map_or_else(
            || filter.gates_of(subject.class, best_score),
            |idx| filter.gates(marks, look.view, idx),
        );
        why.push(inside_gate(look.spot, true));
        why.extend(ask.gates(Some((memory, &stay))));
        why.extend(head.gates(stay.at));
        why
    };
    memo.case.advance(head, &news, why, desk);
}

/// Ends the event of a visit that is over.
fn end<A: Ask>(
    ask: &A,
    visit: &mut Visit<Memo<A::Memory>>,
    head: &mut Head,
    look: &Look<'_>,
    desk: &mut Desk<'_>,
) {
    let reason = match visit.presence() {
        Presence::Left => EndReason::Left,
        Presence::Inside | Presence::Expected | Presence::Vanished => EndReason::Vanished,
    };
    let stay = stay_of(visit, &head.rule, look);
    let memo = &mut visit.state;
    let own = || ask.gates(Some((&memo.memory, &stay))).pop();
    let last = stay.last_seen_inside;
    memo.case.end(head, reason, stay.at, last, &own, desk);
}

fn stay_of<'a, M>(visit: &Visit<Memo<M>>, rule: &Rule, look: &Look<'a>) -> Stay<'a> {
    Stay {
        at: look.at(),
        track_id: visit.track_id,
        since: visit.since,
        last_seen_inside: visit.last_seen_inside,
        presence: visit.presence(),
        track: visit
            .track_idx
            .and_then(|idx| look.view.tracks.get(idx))
            .filter(|track| track.state != TrackState::Ended),
        place: look.spot.place,
        anchor: rule.filter.anchor,
        aspect: look.view.site.aspect(),
        is_over: false,
        has_moved: visit.state.marks.has_moved(),
        has_begun: visit.state.case.is_spent(),
    }
}

pub(super) fn inside_gate(spot: Spot<'_>, is_inside: bool) -> Gate {
    let outcome = asked(is_inside, spot.name(), || format!("not in {}", spot.name()));
    gate("inside", outcome)
}
