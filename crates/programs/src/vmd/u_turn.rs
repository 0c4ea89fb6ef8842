//! U-turn: an object makes a way, and then a way back.
//!
//! Both ways are at least the least way, straight on, and the second leads
//! back by no more than the tolerance off. What lies between them, the turn
//! itself or a pause, does not matter, as long as it is on the trail: a car
//! that comes back from round the block is another one.

use types::{EventDetail, Gate, GateOutcome, NormPoint};

use super::by_visit::{Ask, Stay};
use super::direction::heading_deg;
use super::life::Verdict;
use crate::filter::{asked, gate};
use crate::view::square_distance;

/// A trail keeps a point each time so many parts of the least way were made.
const POINTS_PER_WAY: f32 = 6.0;
/// Most points of a trail: eight least ways, straight on.
const MAX_POINTS: usize = 48;

#[derive(Debug)]
pub(super) struct UTurn {
    /// How far off the way back may be, 5 to 90 degrees.
    pub(super) tolerance_deg: f32,
    /// Least way there, and back, picture heights.
    pub(super) min_travel: f32,
}

#[derive(Debug, Default)]
pub(super) struct Trail {
    points: Vec<NormPoint>,
    /// Longest straight way on the trail, picture heights.
    travelled: f32,
    /// Largest turn so far between two ways, degrees.
    turned_deg: f32,
    /// Where it went when it had turned.
    back_deg: Option<f32>,
}

impl UTurn {
    /// Advances `trail` to `point`.
    fn go(&self, trail: &mut Trail, point: NormPoint, aspect: f32) {
        let square = |from: NormPoint, to: NormPoint| square_distance(from, to, aspect);
        let part = self.min_travel / POINTS_PER_WAY;
        let last = trail.points.last();
        if last.is_some_and(|last| square(*last, point) < part * part) {
            return;
        }
        let way = self.min_travel * self.min_travel;
        let points = &trail.points;
        let squares = points.iter().map(|from| square(*from, point));
        let longest = squares.fold(0.0, f32::max).sqrt();
        trail.travelled = trail.travelled.max(longest);
        // The way back: from the newest place that is a whole way off.
        let turn_idx = points.iter().rposition(|from| square(*from, point) >= way);
        if let Some(turn_idx) = turn_idx {
            let turn = points[turn_idx];
            let now_deg = heading_deg(turn, point, aspect);
            let there = points[..turn_idx].iter();
            let before = there.filter(|from| square(**from, turn) >= way);
            let turns = before.map(|from| {
                let off = (now_deg - heading_deg(*from, turn, aspect)).rem_euclid(360.0);
                off.min(360.0 - off)
            });
            let turned = turns.fold(0.0, f32::max);
            trail.turned_deg = trail.turned_deg.max(turned);
            if turned >= 180.0 - self.tolerance_deg {
                trail.back_deg.get_or_insert(now_deg);
            }
        }
        if trail.points.len() >= MAX_POINTS {
            trail.points.remove(0);
        }
        trail.points.push(point);
    }
}

impl Ask for UTurn {
    type Memory = Trail;

    fn judge(&mut self, trail: &mut Trail, stay: &Stay<'_>) -> Verdict {
        let seen = stay
            .track
            .filter(|track| stay.is_inside() && track.last_seen_at >= stay.at);
        if let Some(track) = seen {
            self.go(trail, stay.anchor.point(track.bbox), stay.aspect);
        }
        match trail.back_deg {
            Some(_) => Verdict::Holds,
            None => Verdict::Waits,
        }
    }

    fn gates(&self, stay: Option<(&Trail, &Stay<'_>)>) -> Vec<Gate> {
        let trail = stay.map(|(trail, _)| trail);
        let travel = GateOutcome::Reached {
            actual: trail.map_or(0.0, |trail| trail.travelled),
            needed: self.min_travel,
        };
        let turned = trail.map_or(0.0, |trail| trail.turned_deg);
        let needed = 180.0 - self.tolerance_deg;
        let text = format!("turned by {turned:.0}° of at least {needed:.0}°");
        let has_turned = trail.is_some_and(|trail| trail.back_deg.is_some());
        vec![
            gate("travel", travel),
            gate("turned", asked(has_turned, &text, || text.clone())),
        ]
    }

    fn detail(&self, trail: &Trail) -> EventDetail {
        EventDetail {
            heading_deg: trail.back_deg,
            ..EventDetail::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turned(walk: &[(f32, f32)]) -> Option<f32> {
        let ask = UTurn {
            tolerance_deg: 45.0,
            min_travel: 0.2,
        };
        let mut trail = Trail::default();
        for (x, y) in walk {
            ask.go(&mut trail, NormPoint::new(*x, *y), 1.0);
        }
        trail.back_deg.map(f32::round)
    }

    /// From corner to corner, a point each hundredth of the picture.
    fn along(corners: &[(f32, f32)]) -> Vec<(f32, f32)> {
        let mut walk = Vec::new();
        for pair in corners.windows(2) {
            let (from, to) = (pair[0], pair[1]);
            let length = ((to.0 - from.0).powi(2) + (to.1 - from.1).powi(2)).sqrt();
            let steps = (0..100_u8).map(|step| f32::from(step) * 0.01);
            walk.extend(steps.take_while(|way| *way <= length).map(|way| {
                let part = way / length;
                (
                    from.0 + part * (to.0 - from.0),
                    from.1 + part * (to.1 - from.1),
                )
            }));
        }
        walk
    }

    #[test]
    fn way_and_way_back_are_a_turn_and_bends_and_swaying_are_none() {
        for (corners, expected) in [
            // There and back on the other lane.
            (
                &[(0.1, 0.5), (0.6, 0.5), (0.6, 0.55), (0.1, 0.55)][..],
                Some(270.0),
            ),
            // Round a corner.
            (&[(0.1, 0.5), (0.6, 0.5), (0.6, 0.9)], None),
            // Straight on.
            (&[(0.1, 0.5), (0.9, 0.5)], None),
            // There, but hardly back.
            (&[(0.1, 0.5), (0.6, 0.5), (0.45, 0.5)], None),
            // Back by 40 degrees off: within the tolerance.
            (&[(0.1, 0.5), (0.6, 0.5), (0.3, 0.75)], Some(230.0)),
            // Swaying by less than the least way.
            (
                &[(0.5, 0.5), (0.6, 0.5), (0.5, 0.5), (0.6, 0.5), (0.5, 0.5)],
                None,
            ),
        ] {
            let turned = turned(&along(corners));
            let is_near = |deg: f32| expected.is_some_and(|near: f32| (deg - near).abs() < 5.0);
            assert_eq!(turned.is_some(), expected.is_some(), "{corners:?}");
            assert!(turned.is_none_or(is_near), "{corners:?}: {turned:?}");
        }
    }
}
