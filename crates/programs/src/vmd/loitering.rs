//! Loitering: an object stays in a zone for long, in one stay or in total.
//!
//! In total, what it stayed before is remembered as long as the object is
//! followed. After an event the sum starts anew.

use std::time::Duration;

use types::{Gate, Timestamp, TrackId};

use super::by_visit::{Ask, Stay};
use super::intruder::lasted;
use super::kind::Look;
use super::life::Verdict;
use super::rule::Rule;
use crate::visits::Presence;

/// Most objects outside of which earlier stays are remembered.
const MAX_REMEMBERED: usize = 256;

#[derive(Debug)]
pub(super) struct Loitering {
    pub(super) stay: Duration,
    pub(super) is_in_total: bool,
    /// Earlier stays of objects that are outside at present, oldest first.
    before: Vec<(TrackId, Duration)>,
}

#[derive(Debug, Default)]
pub(super) struct Total {
    /// Of the stays before this one; `None` until asked for.
    before: Option<Duration>,
    /// Time inside in this stay, without absences.
    inside: Duration,
    last: Option<Timestamp>,
}

impl Total {
    fn sum(&self) -> Duration {
        self.before.unwrap_or_default() + self.inside
    }
}

impl Loitering {
    pub(super) fn new(stay: Duration, is_in_total: bool) -> Self {
        Loitering {
            stay,
            is_in_total,
            before: Vec::new(),
        }
    }

    fn take_before(&mut self, track_id: TrackId) -> Duration {
        let found = self.before.iter().position(|(id, _)| *id == track_id);
        found.map_or(Duration::ZERO, |idx| self.before.remove(idx).1)
    }

    fn remember(&mut self, track_id: TrackId, total: Duration) {
        self.take_before(track_id);
        if self.before.len() >= MAX_REMEMBERED {
            self.before.remove(0);
        }
        self.before.push((track_id, total));
    }

    fn lasted(&self, total: &Total, stay: &Stay<'_>) -> Duration {
        if self.is_in_total {
            total.sum()
        } else {
            stay.lasted()
        }
    }
}

impl Ask for Loitering {
    type Memory = Total;

    fn prepare(&mut self, _rule: &Rule, look: &Look<'_>) {
        self.before
            .retain(|(track_id, _)| look.view.living(*track_id).is_some());
    }

    fn judge(&mut self, total: &mut Total, stay: &Stay<'_>) -> Verdict {
        if self.is_in_total {
            if total.before.is_none() {
                total.before = Some(self.take_before(stay.track_id));
            }
            if matches!(stay.presence, Presence::Inside | Presence::Expected) {
                let last = total.last.unwrap_or(stay.since);
                total.inside += stay.at.saturating_since(last);
                total.last = Some(stay.at);
            } else {
                total.last = Some(stay.at);
                // Kept now: whether this absence ends the visit is not known.
                if stay.has_begun {
                    self.take_before(stay.track_id);
                } else {
                    self.remember(stay.track_id, total.sum());
                }
            }
        }
        if stay.is_inside() && self.lasted(total, stay) >= self.stay {
            Verdict::Holds
        } else {
            Verdict::Waits
        }
    }

    fn gates(&self, stay: Option<(&Total, &Stay<'_>)>) -> Vec<Gate> {
        let actual = stay.map(|(total, stay)| self.lasted(total, stay));
        vec![lasted("stay", actual, self.stay)]
    }
}
