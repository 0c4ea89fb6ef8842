//! A zone made ready for many questions.
//!
//! In: points of the picture. Out: whether they lie inside, or near.
//!
//! Not here: who stands there, and since when (`visits`).

use types::{NormBox, NormPoint, Zone};

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    zone: Zone,
    /// Around the polygon: most points of a scene are far from most zones.
    bounds: NormBox,
}

impl Place {
    pub(crate) fn new(zone: Zone) -> Self {
        let bounds = zone.polygon.bounds();
        Place { zone, bounds }
    }

    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    pub(crate) fn contains(&self, point: NormPoint) -> bool {
        self.bounds.contains(point) && self.zone.polygon.contains(point)
    }

    /// Whether `point` is at most `reach` (parts of the picture) from the
    /// polygon's edge.
    pub(crate) fn is_near_edge(&self, point: NormPoint, reach: f32) -> bool {
        let vertices = self.zone.polygon.vertices();
        let following = vertices.iter().cycle().skip(1);
        vertices
            .iter()
            .zip(following)
            .any(|(a, b)| distance_to_segment(point, *a, *b) <= reach)
    }
}

fn distance_to_segment(point: NormPoint, a: NormPoint, b: NormPoint) -> f32 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let along = (point.x - a.x) * dx + (point.y - a.y) * dy;
    let share = (along / (dx * dx + dy * dy).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    (a.x + share * dx - point.x).hypot(a.y + share * dy - point.y)
}

#[cfg(test)]
mod tests {
    use types::{Polygon, ZoneId};

    use super::*;

    #[test]
    fn edge_is_near_on_both_sides_and_corners_are_round() {
        let corners = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)];
        let vertices = corners.map(|(x, y)| NormPoint::new(x, y)).to_vec();
        let place = Place::new(Zone {
            zone_id: ZoneId(1),
            name: "yard".into(),
            polygon: Polygon::new(vertices).unwrap(),
        });
        for (x, y, inside, near) in [
            (0.5, 0.5, true, false),
            (0.5, 0.22, true, true),
            (0.5, 0.18, false, true),
            (0.5, 0.1, false, false),
            (0.17, 0.5, false, true),
            (0.18, 0.18, false, true),
            (0.175, 0.175, false, false),
        ] {
            let point = NormPoint::new(x, y);
            assert_eq!(place.contains(point), inside, "{point:?}");
            assert_eq!(place.is_near_edge(point, 0.031), near, "{point:?}");
        }
    }
}
