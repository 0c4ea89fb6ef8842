//! Stopped: an object that moved stands still in a zone, until it moves on.

use std::time::Duration;

use types::{Gate, Moved, NormPoint, Timestamp, Track};

use super::by_visit::{Ask, Stay};
use super::intruder::lasted;
use super::life::{EndReason, Verdict};
use crate::view::distance_heights;

/// At rest is who stays within this of one place, in sizes of its box: boxes
/// jitter by less.
const REST_RADIUS: f32 = 0.15;
/// Moved on has who is so far from where it came to rest.
const WAKE_RADIUS: f32 = 0.35;
/// Who was followed for so long before it came has moved on its way.
const CAME_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) still_for: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Where it rests, and since when.
    place: Option<(NormPoint, Timestamp)>,
    has_moved: bool,
}

impl Rest {
    fn lasted(&self, at: Timestamp) -> Duration {
        self.place
            .filter(|_| self.has_moved)
            .map_or(Duration::ZERO, |(_, since)| at.saturating_since(since))
    }

    /// Advances to where `track` is; how far it is from where it rested, in
    /// sizes of its box.
    fn go(&mut self, track: &Track, stay: &Stay<'_>) -> f32 {
        let centre = track.bbox.centre();
        let size = (track.bbox.width() * stay.aspect).max(track.bbox.height());
        let is_first = self.place.is_none();
        let (rest, _) = *self.place.get_or_insert((centre, stay.at));
        self.has_moved |= stay.has_moved
            || (is_first
                && !track.is_stationary
                && track.moved == Moved::Surely
                && stay.since.saturating_since(track.first_seen_at) >= CAME_AFTER);
        distance_heights(rest, centre, stay.aspect) / size.max(f32::MIN_POSITIVE)
    }
}

impl Ask for Stopped {
    type Memory = Rest;

    fn judge(&mut self, rest: &mut Rest, stay: &Stay<'_>) -> Verdict {
        let Some(track) = stay.track.filter(|_| stay.is_inside()) else {
            return Verdict::Waits;
        };
        let away = rest.go(track, stay);
        let is_told = stay.has_begun && rest.lasted(stay.at) >= self.still_for;
        let radius = if is_told { WAKE_RADIUS } else { REST_RADIUS };
        if away > radius {
            rest.place = Some((track.bbox.centre(), stay.at));
            return match is_told {
                true => Verdict::Over(EndReason::MovedOn),
                false => Verdict::Waits,
            };
        }
        if rest.lasted(stay.at) >= self.still_for {
            Verdict::Holds
        } else {
            Verdict::Waits
        }
    }

    fn gates(&self, stay: Option<(&Rest, &Stay<'_>)>) -> Vec<Gate> {
        let actual = stay.map(|(rest, stay)| rest.lasted(stay.at));
        vec![lasted("still", actual, self.still_for)]
    }
}
