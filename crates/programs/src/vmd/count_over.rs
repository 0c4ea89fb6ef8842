//! Count over limit: more objects than allowed are in a zone for some time.
//!
//! Where only those count who have been there for some time, that is a queue:
//! who only passes is no part of it.
//!
//! One breach raises one event. It goes on through moments with no more than
//! allowed that are no longer than the grace.

use std::time::Duration;

use types::{EventDetail, Gate, GateOutcome, Timestamp, TrackState};

use super::by_visit::inside_gate;
use super::intruder::lasted;
use super::kind::{Kind, Look, Spot};
use super::life::{Case, Desk, EndReason, Head, News, Subject, Verdict};
use super::rule::Rule;
use crate::explain::ObjectExplanation;
use crate::filter::{Marks, gate};
use crate::visits::{Presence, Visits};

#[derive(Debug)]
pub(super) struct CountOver {
    limit: u32,
    lasting: Duration,
    /// Who has been there for less does not count.
    waiting: Duration,
    visits: Visits<Counted>,
    breach: Option<Breach>,
    case: Case,
    count: u32,
}

/// One object of the count.
#[derive(Debug, Default)]
struct Counted {
    marks: Marks,
    is_wanted: bool,
}

/// The limit is exceeded.
#[derive(Clone, Copy, Debug)]
struct Breach {
    since: Timestamp,
    last: Timestamp,
}

impl CountOver {
    pub(super) fn new(rule: &Rule, limit: u32, lasting: Duration, waiting: Duration) -> Self {
        CountOver {
            limit,
            lasting,
            waiting,
            visits: Visits::new(rule.grace),
            breach: None,
            case: Case::default(),
            count: 0,
        }
    }

    /// Counts who is there; the best score among them.
    fn count(&mut self, head: &Head, look: &Look<'_>) -> f32 {
        let filter = &head.rule.filter;
        let Spot { place, inside } = look.spot;
        self.visits.update(look.view, place, filter.anchor, inside);
        let mut best_score = 0.0_f32;
        self.count = 0;
        let at = look.at();
        for visit in self.visits.iter_mut() {
            let is_there = matches!(visit.presence(), Presence::Inside | Presence::Expected)
                && at.saturating_since(visit.since) >= self.waiting;
            let track_idx = visit.track_idx;
            let counted = &mut visit.state;
            if let Some(idx) = track_idx {
                let track = &look.view.tracks[idx];
                if track.state == TrackState::Confirmed {
                    counted.is_wanted = filter.admits(&mut counted.marks, look.view, idx);
                }
                if is_there && counted.is_wanted {
                    best_score = best_score.max(track.score);
                }
            }
            self.count += u32::from(is_there && counted.is_wanted);
        }
        best_score
    }

    fn own_gates(&self, at: Timestamp) -> Vec<Gate> {
        let limit = f32::from(u16::try_from(self.limit).unwrap_or(u16::MAX));
        let count = f32::from(u16::try_from(self.count).unwrap_or(u16::MAX));
        let since = self.breach.map(|breach| breach.since);
        vec![
            lasted(
                "dwell",
                since.map(|since| at.saturating_since(since)),
                self.lasting,
            ),
            gate(
                "count",
                GateOutcome::Reached {
                    actual: count,
                    needed: limit + 1.0,
                },
            ),
        ]
    }
}

impl Kind for CountOver {
    fn update(&mut self, head: &mut Head, look: &Look<'_>, desk: &mut Desk<'_>) {
        let at = look.at();
        let score = self.count(head, look);
        let is_over = self.count > self.limit;
        if is_over {
            let breach = self.breach.get_or_insert(Breach {
                since: at,
                last: at,
            });
            breach.last = at;
        }
        let Some(breach) = self.breach else { return };
        let verdict = if at.saturating_since(breach.last) > head.rule.grace {
            Verdict::Over(EndReason::CountFell)
        } else if is_over && at.saturating_since(breach.since) >= self.lasting {
            Verdict::Holds
        } else {
            Verdict::Waits
        };
        let subject = Subject {
            score,
            detail: EventDetail {
                count: Some(self.count),
                ..EventDetail::default()
            },
            ..Subject::default()
        };
        let own_gates = self.own_gates(at);
        let news = News {
            verdict,
            subject,
            at,
            last: breach.last,
            own: &|| own_gates.last().cloned(),
        };
        let why = |head: &Head| {
            let mut why = vec![inside_gate(look.spot, true)];
            why.extend(own_gates.iter().cloned());
            why.extend(head.gates(at));
            why
        };
        self.case.advance(head, &news, why, desk);
        if let Verdict::Over(_) = verdict {
            self.breach = None;
            self.case = Case::default();
        }
    }

    fn end_all(&mut self, head: &mut Head, at: Timestamp, reason: EndReason, desk: &mut Desk<'_>) {
        let last = self.breach.map_or(at, |breach| breach.last);
        self.case.end(head, reason, at, last, &|| None, desk);
    }

    fn is_active(&self) -> bool {
        self.case.is_open()
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
        let mut gates = self.own_gates(look.at());
        gates.extend(head.gates(look.at()));
        let objects = look.view.tracks.iter().enumerate().map(|(idx, track)| {
            let visit = self.visits.of(track.track_id);
            let marks = visit.map_or_else(Marks::default, |visit| visit.state.marks);
            let mut gates = head.rule.filter.gates(marks, look.view, idx);
            gates.push(inside_gate(look.spot, look.spot.inside.contains(idx)));
            if !self.waiting.is_zero() {
                let stay = visit.map(|visit| look.at().saturating_since(visit.since));
                gates.push(lasted("waited", stay, self.waiting));
            }
            ObjectExplanation {
                track_id: track.track_id,
                class: track.class,
                bbox: track.bbox,
                gates,
            }
        });
        (gates, objects.collect())
    }
}
