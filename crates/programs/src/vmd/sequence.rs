//! Zone A then zone B: an object comes from one zone into another in time.
//!
//! An object that changes its identity on the way between the zones is lost to
//! this rule; within a zone it is not.

use std::time::Duration;

use types::{EventDetail, Gate, Timestamp, TrackId, ZoneId};

use super::by_visit::{Ask, Stay};
use super::kind::Look;
use super::life::Verdict;
use super::rule::Rule;
use crate::filter::{asked, gate};
use crate::visits::Visits;

/// Most objects that are remembered on their way; the oldest is forgotten.
const MAX_ON_THE_WAY: usize = 256;

#[derive(Debug)]
pub(super) struct Sequence {
    first_zone_id: ZoneId,
    within: Duration,
    first: Visits<()>,
    /// Who was in the first zone, oldest first.
    seen: Vec<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    track_id: TrackId,
    since: Timestamp,
    last: Timestamp,
}

/// How long before it came to the second zone it was in the first.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    From(Duration),
    Unknown,
}

impl Sequence {
    pub(super) fn new(first_zone_id: ZoneId, within: Duration, grace: Duration) -> Self {
        Sequence {
            first_zone_id,
            within,
            first: Visits::new(grace),
            seen: Vec::new(),
        }
    }
}

impl Ask for Sequence {
    type Memory = Option<Way>;

    fn prepare(&mut self, rule: &Rule, look: &Look<'_>) {
        let Some(spot) = look.first else { return };
        let anchor = rule.filter.anchor;
        self.first
            .update(look.view, spot.place, anchor, spot.inside);
        for visit in self.first.iter() {
            let seen = Seen {
                track_id: visit.track_id,
                since: visit.since,
                last: visit.last_seen_inside,
            };
            match self
                .seen
                .iter_mut()
                .find(|known| known.track_id == seen.track_id)
            {
                Some(known) => *known = seen,
                None => self.seen.push(seen),
            }
        }
        let at = look.at();
        self.seen
            .retain(|seen| at.saturating_since(seen.last) <= self.within);
        let n_over = self.seen.len().saturating_sub(MAX_ON_THE_WAY);
        self.seen.drain(..n_over);
    }

    fn judge(&mut self, way: &mut Option<Way>, stay: &Stay<'_>) -> Verdict {
        let way = *way.get_or_insert_with(|| {
            let seen = self
                .seen
                .iter()
                .find(|seen| seen.track_id == stay.track_id && seen.since < stay.since);
            seen.map_or(Way::Unknown, |seen| {
                Way::From(stay.since.saturating_since(seen.last))
            })
        });
        match way {
            Way::From(_) if stay.is_inside() => Verdict::Happens,
            Way::From(_) | Way::Unknown => Verdict::Waits,
        }
    }

    fn gates(&self, stay: Option<(&Option<Way>, &Stay<'_>)>) -> Vec<Gate> {
        let way = stay.and_then(|(way, _)| *way);
        let within_s = self.within.as_secs();
        let outcome = match way {
            Some(Way::From(before)) => asked(
                true,
                &format!(
                    "in the first zone {:.1} s before, {within_s} s allowed",
                    before.as_secs_f32()
                ),
                String::new,
            ),
            Some(Way::Unknown) => asked(false, "", || {
                format!("was not in the first zone within {within_s} s")
            }),
            None => asked(false, "", || "not in the second zone".to_owned()),
        };
        vec![gate("sequence", outcome)]
    }

    fn detail(&self, _way: &Option<Way>) -> EventDetail {
        EventDetail {
            from_zone_id: Some(self.first_zone_id),
            ..EventDetail::default()
        }
    }
}
