//! Object left and object removed: a part of the scene changed and then stays
//! as it is.
//!
//! In: the scene's still changes. A change is no thing of its own where an
//! object of any class stands, rests or has rested: the parked car itself, the
//! place it left.
//!
//! Not here: finding changes (`vision`).

use std::time::Duration;

use types::{Gate, NormBox, StillChange, StillChangeKind, Timestamp, TrackState};

use super::by_visit::inside_gate;
use super::intruder::lasted;
use super::kind::{Kind, Look};
use super::life::{Case, Desk, EndReason, Head, News, Subject, Verdict};
use crate::explain::ObjectExplanation;
use crate::filter::{asked, gate};
use crate::site::SizeMark;

/// Most things that are watched; more are refused and counted.
const MAX_THINGS: usize = 64;
/// A change under a new number that overlaps a thing by so much is the thing.
const SAME_IOU: f32 = 0.5;
/// An object that covers so much of a thing hides it.
const COVERED_SHARE: f32 = 0.3;

#[derive(Debug)]
pub(super) struct Things {
    kind: StillChangeKind,
    still_for: Duration,
    things: Vec<Thing>,
    n_refused: u64,
}

#[derive(Debug)]
struct Thing {
    change_id: u64,
    bbox: NormBox,
    since: Timestamp,
    last: Timestamp,
    size: SizeMark,
    is_fit: bool,
    /// It is an object that rests or rested there.
    is_object: bool,
    is_covered: bool,
    case: Case,
}

impl Things {
    pub(super) fn new(kind: StillChangeKind, still_for: Duration) -> Self {
        Things {
            kind,
            still_for,
            things: Vec::new(),
            n_refused: 0,
        }
    }

    /// The thing that `change` is, known before or new.
    fn thing_of(&mut self, change: &StillChange, at: Timestamp) -> Option<&mut Thing> {
        let by_id = |thing: &Thing| thing.change_id == change.change_id;
        let by_place = |thing: &Thing| thing.last < at && thing.bbox.iou(change.bbox) >= SAME_IOU;
        let known = self
            .things
            .iter()
            .position(by_id)
            .or_else(|| self.things.iter().position(by_place));
        let idx = match known {
            Some(idx) => idx,
            None if self.things.len() >= MAX_THINGS => {
                self.n_refused += 1;
                return None;
            }
            None => {
                self.things.push(Thing {
                    change_id: change.change_id,
                    bbox: change.bbox,
                    since: change.since,
                    last: at,
                    size: SizeMark::default(),
                    is_fit: false,
                    is_object: false,
                    is_covered: false,
                    case: Case::default(),
                });
                self.things.len() - 1
            }
        };
        Some(&mut self.things[idx])
    }

    /// Brings the things up to date with the scene's changes.
    fn look(&mut self, head: &Head, look: &Look<'_>) {
        let at = look.at();
        let filter = &head.rule.filter;
        let kind = self.kind;
        let changes = look.view.scene.still_changes.iter();
        for change in changes.filter(|change| change.kind == kind) {
            let is_inside = look
                .spot
                .place
                .is_none_or(|place| place.holds(change.bbox, filter.anchor));
            let is_known = self
                .things
                .iter()
                .any(|thing| thing.change_id == change.change_id);
            if !is_inside && !is_known {
                continue;
            }
            let Some(thing) = self.thing_of(change, at) else {
                continue;
            };
            thing.change_id = change.change_id;
            thing.bbox = change.bbox;
            thing.last = at;
            thing.is_fit = thing.size.update(
                change.bbox,
                filter.min_size.as_ref(),
                filter.max_size.as_ref(),
            );
            thing.is_object |= look.resting.is_one_in(change.bbox);
            thing.is_covered = is_covered(change.bbox, look);
        }
    }

    fn gates_of(&self, thing: Option<&Thing>, look: &Look<'_>, at: Timestamp) -> Vec<Gate> {
        let is_there = thing.is_some_and(|thing| thing.last == at);
        let mut gates = vec![inside_gate(look.spot, is_there)];
        if let Some(thing) = thing {
            let size = asked(thing.is_fit, "fits", || "too small or too large".to_owned());
            let free = asked(
                !thing.is_object && !thing.is_covered,
                "a thing",
                || match thing.is_object {
                    true => "an object of a known class rests or rested there".to_owned(),
                    false => "an object stands before it".to_owned(),
                },
            );
            gates.push(gate("size", size));
            gates.push(gate("stationary", free));
        }
        let still = thing.map(|thing| at.saturating_since(thing.since));
        gates.push(lasted("still", still, self.still_for));
        gates
    }
}

impl Kind for Things {
    fn update(&mut self, head: &mut Head, look: &Look<'_>, desk: &mut Desk<'_>) {
        self.look(head, look);
        let at = look.at();
        let mut things = std::mem::take(&mut self.things);
        for thing in &mut things {
            let is_gone = at.saturating_since(thing.last) > head.rule.grace;
            let is_thing =
                thing.last == at && thing.is_fit && !thing.is_object && !thing.is_covered;
            let verdict = if is_gone {
                Verdict::Over(EndReason::ThingGone)
            } else if is_thing && at.saturating_since(thing.since) >= self.still_for {
                Verdict::Holds
            } else {
                Verdict::Waits
            };
            let gates = if thing.case.is_open() || verdict == Verdict::Holds {
                self.gates_of(Some(thing), look, at)
            } else {
                Vec::new()
            };
            let news = News {
                verdict,
                subject: Subject {
                    bbox: Some(thing.bbox),
                    ..Subject::default()
                },
                at,
                last: thing.last,
                own: &|| gates.last().cloned(),
            };
            let why = |head: &Head| [gates.clone(), head.gates(at)].concat();
            thing.case.advance(head, &news, why, desk);
        }
        let grace = head.rule.grace;
        things.retain(|thing| at.saturating_since(thing.last) <= grace);
        self.things = things;
    }

    fn end_all(&mut self, head: &mut Head, at: Timestamp, reason: EndReason, desk: &mut Desk<'_>) {
        for thing in &mut self.things {
            thing.case.end(head, reason, at, thing.last, &|| None, desk);
        }
    }

    fn is_active(&self) -> bool {
        self.things.iter().any(|thing| thing.case.is_open())
    }

    fn n_refused(&self) -> u64 {
        self.n_refused
    }

    fn explain(
        &self,
        head: &Head,
        look: &Look<'_>,
        _now: Timestamp,
    ) -> (Vec<Gate>, Vec<ObjectExplanation>) {
        let at = look.at();
        let longest = self.things.iter().min_by_key(|thing| thing.since);
        let mut gates = self.gates_of(longest, look, at);
        gates.extend(head.gates(at));
        (gates, Vec::new())
    }
}

/// Whether an object stands before `bbox`.
fn is_covered(bbox: NormBox, look: &Look<'_>) -> bool {
    look.view.tracks.iter().any(|track| {
        let is_there = matches!(track.state, TrackState::Confirmed | TrackState::Lost);
        let common = track.bbox.intersection(bbox).map_or(0.0, NormBox::area);
        is_there && common >= COVERED_SHARE * bbox.area()
    })
}
