//! Direction and wrong way: an object makes a way in one direction.
//!
//! The direction is that of the straight line between where the object is and
//! the newest place on its trail from which the least way has been made. So a
//! turn is noticed after that way, and the jitter of an object at rest, which
//! makes no way, never has a direction.

use types::{EventDetail, Gate, GateOutcome, Moved, NormPoint};

use super::by_visit::{Ask, Stay};
use super::life::Verdict;
use crate::filter::{asked, gate};
use crate::view::square_distance;

/// A trail keeps a point each time so many parts of the least way were made.
const POINTS_PER_WAY: f32 = 8.0;
/// Most points of a trail: two least ways, straight on.
const MAX_POINTS: usize = 16;

#[derive(Debug)]
pub(super) struct Direction {
    /// The direction that raises the event, degrees clockwise from up.
    pub(super) heading_deg: f32,
    pub(super) tolerance_deg: f32,
    pub(super) min_travel: f32,
}

#[derive(Debug, Default)]
pub(super) struct Trail {
    points: Vec<NormPoint>,
    /// Longest straight way on the trail, picture heights.
    travelled: f32,
    /// As of the newest point, the least way has been made straight on.
    is_known: bool,
    heading_deg: Option<f32>,
}

impl Trail {
    /// Advances to `point`; whether a direction is known as of now. Asked anew
    /// each time a part of the way was made.
    fn go(&mut self, point: NormPoint, min_travel: f32, aspect: f32) -> bool {
        let square_from = |from: NormPoint| square_distance(from, point, aspect);
        let part = min_travel / POINTS_PER_WAY;
        let last = self.points.last();
        if last.is_some_and(|last| square_from(*last) < part * part) {
            return self.is_known;
        }
        let from = self
            .points
            .iter()
            .rposition(|from| square_from(*from) >= min_travel * min_travel);
        let squares = self.points.iter().map(|from| square_from(*from));
        self.travelled = squares.fold(0.0, f32::max).sqrt();
        self.is_known = from.is_some();
        if let Some(from_idx) = from {
            self.heading_deg = Some(heading_deg(self.points[from_idx], point, aspect));
            self.points.drain(..from_idx);
        }
        if self.points.len() >= MAX_POINTS {
            self.points.remove(0);
        }
        self.points.push(point);
        self.is_known
    }
}

impl Direction {
    fn fits(&self, heading_deg: f32) -> bool {
        let off = (heading_deg - self.heading_deg).rem_euclid(360.0);
        off.min(360.0 - off) <= self.tolerance_deg
    }
}

impl Ask for Direction {
    type Memory = Trail;

    fn judge(&mut self, trail: &mut Trail, stay: &Stay<'_>) -> Verdict {
        let seen = stay
            .track
            .filter(|track| stay.is_inside() && track.last_seen_at >= stay.at);
        let Some(track) = seen else {
            return Verdict::Waits;
        };
        let point = stay.anchor.point(track.bbox);
        let is_known = trail.go(point, self.min_travel, stay.aspect);
        match trail.heading_deg {
            // A box of which a part is hidden makes a way, its object none.
            Some(heading_deg)
                if is_known && track.moved == Moved::Surely && self.fits(heading_deg) =>
            {
                Verdict::Holds
            }
            _ => Verdict::Waits,
        }
    }

    fn gates(&self, stay: Option<(&Trail, &Stay<'_>)>) -> Vec<Gate> {
        let trail = stay.map(|(trail, _)| trail);
        let heading = trail.and_then(|trail| trail.heading_deg);
        let text = format!(
            "{}° of {:.0}° ± {:.0}°",
            heading.map_or_else(|| "-".to_owned(), |deg| format!("{deg:.0}")),
            self.heading_deg,
            self.tolerance_deg
        );
        let is_fit = heading.is_some_and(|deg| self.fits(deg));
        let travel = GateOutcome::Reached {
            actual: trail.map_or(0.0, |trail| trail.travelled),
            needed: self.min_travel,
        };
        vec![
            gate("travel", travel),
            gate("heading", asked(is_fit, &text, || text.clone())),
        ]
    }

    fn detail(&self, trail: &Trail) -> EventDetail {
        EventDetail {
            heading_deg: trail.heading_deg,
            ..EventDetail::default()
        }
    }
}

/// Direction of the way `from` -> `to`, degrees clockwise from up, 0..360.
pub(super) fn heading_deg(from: NormPoint, to: NormPoint, aspect: f32) -> f32 {
    let (right, up) = ((to.x - from.x) * aspect, from.y - to.y);
    let deg = right.atan2(up).to_degrees().rem_euclid(360.0);
    // Rounding may give 360 itself.
    if deg < 360.0 { deg } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heading_is_clockwise_from_up_in_the_shape_of_the_picture() {
        let from = NormPoint::new(0.5, 0.5);
        for (x, y, expected) in [
            (0.5, 0.4, 0.0),
            (0.6, 0.5, 90.0),
            (0.5, 0.6, 180.0),
            (0.4, 0.5, 270.0),
            // As far to the right as up, in pixels of a 2:1 picture.
            (0.55, 0.4, 45.0),
        ] {
            let actual = heading_deg(from, NormPoint::new(x, y), 2.0);
            assert!((actual - expected).abs() < 0.01, "{x} {y}: {actual}");
        }
    }

    #[test]
    fn trail_has_no_direction_before_the_least_way_and_then_follows_turns() {
        let mut trail = Trail::default();
        let mut walk = |x: f32, y: f32| -> Option<f32> {
            let is_known = trail.go(NormPoint::new(x, y), 0.1, 1.0);
            trail.heading_deg.filter(|_| is_known).map(f32::round)
        };
        assert_eq!(walk(0.2, 0.5), None);
        assert_eq!(walk(0.25, 0.5), None);
        assert_eq!(walk(0.31, 0.5), Some(90.0));
        assert_eq!(walk(0.36, 0.5), Some(90.0));
        // Back: not enough of a way yet, then the other direction.
        assert_eq!(walk(0.30, 0.5), None);
        assert_eq!(walk(0.25, 0.5), Some(270.0));
    }
}
