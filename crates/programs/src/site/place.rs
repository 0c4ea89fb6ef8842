//! A zone made ready for many questions.
//!
//! In: boxes and points of the picture. Out: whether they lie inside, or so
//! near that jitter alone may have put them outside.
//!
//! Not here: who stands there, and since when (`visits`).

use types::{NormBox, NormPoint, Zone};

/// How far an anchor point must be outside to have left, in heights of its
/// box: the lower edge of a detected box jitters by a few per cent of it.
const EDGE_MARGIN: f32 = 0.08;
/// The same at least, in parts of the picture.
const MIN_EDGE_MARGIN: f32 = 0.004;
/// The same for shares of the box.
const SHARE_MARGIN: f32 = 0.15;
/// A box is wholly inside from this share: the last per cent is rounding.
const WHOLE: f32 = 0.99;
/// Points on the picture's lower and right edge are moved in by this much: a
/// box that is cut off there stands in a zone that reaches there.
const EDGE_OF_PICTURE: f32 = 1.0 - 1e-4;

/// Which part of its box says where an object is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Anchor {
    /// The middle of the lower edge: where feet and wheels are.
    #[default]
    Foot,
    /// The middle of the box.
    Centre,
    /// The whole box must be inside.
    WholeBox,
    /// At least this share of the box must be inside, 0.05..=1.
    Overlap(f32),
}

impl Anchor {
    /// The point by which the object crosses lines and is headed: the middle
    /// of the box for [`Anchor::Centre`], else its foot.
    pub fn point(self, bbox: NormBox) -> NormPoint {
        match self {
            Anchor::Centre => bbox.centre(),
            Anchor::Foot | Anchor::WholeBox | Anchor::Overlap(_) => bbox.bottom_centre(),
        }
    }

    /// Share of the box that must be inside, for the anchors that are areas.
    fn needed_share(self) -> Option<f32> {
        match self {
            Anchor::Foot | Anchor::Centre => None,
            Anchor::WholeBox => Some(WHOLE),
            Anchor::Overlap(share) => Some(share.min(WHOLE)),
        }
    }
}

/// A zone, ready for questions.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    zone: Zone,
    /// Around the polygon: most points of a scene are far from most zones.
    bounds: NormBox,
}

impl Place {
    /// Makes `zone` ready.
    pub fn new(zone: Zone) -> Self {
        let bounds = zone.polygon.bounds();
        Place { zone, bounds }
    }

    /// The zone as drawn.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether `point` lies inside. The picture's own edges are inside for a
    /// zone that is drawn up to them.
    pub fn contains(&self, point: NormPoint) -> bool {
        let point = NormPoint {
            x: point.x.min(EDGE_OF_PICTURE),
            y: point.y.min(EDGE_OF_PICTURE),
        };
        self.bounds.contains(point) && self.zone.polygon.contains(point)
    }

    /// Whether an object in `bbox` is inside by its `anchor`.
    pub fn holds(&self, bbox: NormBox, anchor: Anchor) -> bool {
        match anchor.needed_share() {
            None => self.contains(anchor.point(bbox)),
            Some(needed) => {
                self.bounds.intersection(bbox).is_some() && self.share_of(bbox) >= needed
            }
        }
    }

    /// Whether an object in `bbox` that was inside has not clearly left: it
    /// is inside or so near that its box may have jittered out.
    pub fn nearly_holds(&self, bbox: NormBox, anchor: Anchor) -> bool {
        match anchor.needed_share() {
            None => {
                let margin = (EDGE_MARGIN * bbox.height()).max(MIN_EDGE_MARGIN);
                let point = anchor.point(bbox);
                self.is_near_edge(point, margin) || self.contains(point)
            }
            Some(needed) => self.share_of(bbox) >= (needed - SHARE_MARGIN).max(SHARE_MARGIN / 4.0),
        }
    }

    /// Whether `point` is at most `reach` (parts of the picture) from the
    /// polygon's edge.
    pub fn is_near_edge(&self, point: NormPoint, reach: f32) -> bool {
        let bounds = self.bounds;
        let is_far = point.x < bounds.x1() - reach
            || point.x > bounds.x2() + reach
            || point.y < bounds.y1() - reach
            || point.y > bounds.y2() + reach;
        let vertices = self.zone.polygon.vertices();
        let Some(mut a) = vertices.last().filter(|_| !is_far) else {
            return false;
        };
        for b in vertices {
            let is_beside = point.x < a.x.min(b.x) - reach
                || point.x > a.x.max(b.x) + reach
                || point.y < a.y.min(b.y) - reach
                || point.y > a.y.max(b.y) + reach;
            if !is_beside && square_distance_to_segment(point, *a, *b) <= reach * reach {
                return true;
            }
            a = b;
        }
        false
    }

    /// Share of `bbox` that lies in the zone, 0..=1.
    pub fn share_of(&self, bbox: NormBox) -> f32 {
        if bbox.area() <= 0.0 {
            return 0.0;
        }
        let inside = area_of(&clipped(self.zone.polygon.vertices(), bbox));
        (inside / bbox.area()).clamp(0.0, 1.0)
    }
}

/// The part of a polygon inside a box (Sutherland and Hodgman 1974). Parts of
/// a concave polygon stay joined by edges without area.
fn clipped(vertices: &[NormPoint], bbox: NormBox) -> Vec<NormPoint> {
    type Depth = fn(NormPoint, NormBox) -> f32;
    let sides: [Depth; 4] = [
        |point, bbox| point.x - bbox.x1(),
        |point, bbox| bbox.x2() - point.x,
        |point, bbox| point.y - bbox.y1(),
        |point, bbox| bbox.y2() - point.y,
    ];
    let mut points = vertices.to_vec();
    for depth in sides {
        let given = std::mem::take(&mut points);
        let following = given.iter().cycle().skip(1);
        for (&a, &b) in given.iter().zip(following) {
            let (depth_a, depth_b) = (depth(a, bbox), depth(b, bbox));
            if depth_a >= 0.0 {
                points.push(a);
            }
            if (depth_a >= 0.0) != (depth_b >= 0.0) {
                let share = depth_a / (depth_a - depth_b);
                points.push(NormPoint {
                    x: a.x + share * (b.x - a.x),
                    y: a.y + share * (b.y - a.y),
                });
            }
        }
    }
    points
}

fn area_of(vertices: &[NormPoint]) -> f32 {
    let following = vertices.iter().cycle().skip(1);
    let twice: f32 = vertices
        .iter()
        .zip(following)
        .map(|(a, b)| a.x * b.y - b.x * a.y)
        .sum();
    twice.abs() / 2.0
}

fn square_distance_to_segment(point: NormPoint, a: NormPoint, b: NormPoint) -> f32 {
    let (dx, dy) = (b.x - a.x, b.y - a.y);
    let along = (point.x - a.x) * dx + (point.y - a.y) * dy;
    let share = (along / (dx * dx + dy * dy).max(f32::MIN_POSITIVE)).clamp(0.0, 1.0);
    let (off_x, off_y) = (a.x + share * dx - point.x, a.y + share * dy - point.y);
    off_x * off_x + off_y * off_y
}

#[cfg(test)]
mod tests {
    use types::{Polygon, ZoneId};

    use super::*;

    fn place(corners: &[(f32, f32)]) -> Place {
        let vertices = corners.iter().map(|&(x, y)| NormPoint::new(x, y));
        Place::new(Zone {
            zone_id: ZoneId(1),
            name: "yard".into(),
            polygon: Polygon::new(vertices.collect()).unwrap(),
        })
    }

    #[test]
    fn edge_is_near_on_both_sides_and_corners_are_round() {
        let place = place(&[(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]);
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

    #[test]
    fn object_cut_off_by_the_picture_stands_in_a_zone_drawn_up_to_its_edge() {
        let place = place(&[(0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0)]);
        assert!(place.holds(NormBox::from_xyxy(0.6, 0.7, 0.7, 1.0), Anchor::Foot));
        assert!(place.contains(NormPoint::new(1.0, 0.7)));
        assert!(!place.contains(NormPoint::new(0.4, 1.0)));
    }

    #[test]
    fn anchor_decides_what_must_be_inside() {
        // The right half; of the box are inside 1, 0.8, 0.45, 0.3 and 0.
        let place = place(&[(0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0)]);
        let inside = |anchor: Anchor| -> String {
            [0.51_f32, 0.46, 0.39, 0.36, 0.3]
                .map(|x| NormBox::from_xyxy(x, 0.2, x + 0.2, 0.6))
                .map(|bbox| if place.holds(bbox, anchor) { '#' } else { '.' })
                .into_iter()
                .collect()
        };
        assert_eq!(inside(Anchor::Foot), "##...");
        assert_eq!(inside(Anchor::Centre), "##...");
        assert_eq!(inside(Anchor::WholeBox), "#....");
        assert_eq!(inside(Anchor::Overlap(0.4)), "###..");
        assert_eq!(inside(Anchor::Overlap(0.2)), "####.");
    }

    #[test]
    fn share_counts_only_what_is_inside_a_concave_zone() {
        // A U: its two arms hold half of a box that spans the gap.
        let place = place(&[
            (0.0, 0.0),
            (0.2, 0.0),
            (0.2, 0.8),
            (0.6, 0.8),
            (0.6, 0.0),
            (0.8, 0.0),
            (0.8, 1.0),
            (0.0, 1.0),
        ]);
        for (bbox, expected) in [
            (NormBox::from_xyxy(0.0, 0.2, 0.8, 0.6), 0.5),
            (NormBox::from_xyxy(0.3, 0.2, 0.5, 0.6), 0.0),
            (NormBox::from_xyxy(0.0, 0.0, 0.1, 0.1), 1.0),
            (NormBox::from_xyxy(0.9, 0.0, 1.0, 0.1), 0.0),
            (NormBox::default(), 0.0),
        ] {
            let actual = place.share_of(bbox);
            assert!((actual - expected).abs() < 1e-4, "{bbox:?}: {actual}");
        }
    }
}
