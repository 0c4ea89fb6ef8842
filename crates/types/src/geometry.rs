//! Points, boxes, polygons and lines in parts of the picture.
//!
//! All coordinates are 0..=1 from the top-left corner of the whole picture, x
//! to the right and y down, so that they hold at every resolution.
//!
//! In: numbers from people, detectors and trackers. Out: shapes that are
//! known to be finite, inside the picture, bounded and, for polygons, simple.
//!
//! Not here: pixels of a named image (`vision`), names and ids of zones.

use std::fmt;

/// A point, 0..=1 from the top-left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NormPoint {
    /// To the right, 0..=1.
    pub x: f32,
    /// Down, 0..=1.
    pub y: f32,
}

impl NormPoint {
    /// The point, each coordinate limited to 0..=1 (not a number becomes 0).
    #[inline]
    pub fn new(x: f32, y: f32) -> Self {
        NormPoint {
            x: to_unit(x),
            y: to_unit(y),
        }
    }
}

/// An axis-parallel box, 0..=1 from the top-left; `x1 <= x2`, `y1 <= y2`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct NormBox {
    x1: f32,
    y1: f32,
    x2: f32,
    y2: f32,
}

impl NormBox {
    /// The whole picture.
    pub const WHOLE: NormBox = NormBox {
        x1: 0.0,
        y1: 0.0,
        x2: 1.0,
        y2: 1.0,
    };

    /// The box between two corners, limited to the picture; corners in the
    /// wrong order are exchanged, not a number becomes 0.
    #[inline]
    pub fn from_xyxy(x1: f32, y1: f32, x2: f32, y2: f32) -> Self {
        let (x1, y1, x2, y2) = (to_unit(x1), to_unit(y1), to_unit(x2), to_unit(y2));
        NormBox {
            x1: x1.min(x2),
            y1: y1.min(y2),
            x2: x1.max(x2),
            y2: y1.max(y2),
        }
    }

    /// Left edge.
    #[inline]
    pub const fn x1(self) -> f32 {
        self.x1
    }

    /// Top edge.
    #[inline]
    pub const fn y1(self) -> f32 {
        self.y1
    }

    /// Right edge.
    #[inline]
    pub const fn x2(self) -> f32 {
        self.x2
    }

    /// Bottom edge.
    #[inline]
    pub const fn y2(self) -> f32 {
        self.y2
    }

    /// Width, parts of the picture's width.
    #[inline]
    pub fn width(self) -> f32 {
        self.x2 - self.x1
    }

    /// Height, parts of the picture's height.
    #[inline]
    pub fn height(self) -> f32 {
        self.y2 - self.y1
    }

    /// Area, parts of the picture's area.
    #[inline]
    pub fn area(self) -> f32 {
        self.width() * self.height()
    }

    /// Middle of the box.
    #[inline]
    pub fn centre(self) -> NormPoint {
        NormPoint::new(
            f32::midpoint(self.x1, self.x2),
            f32::midpoint(self.y1, self.y2),
        )
    }

    /// Middle of the lower edge: where a standing object meets the ground.
    #[inline]
    pub fn bottom_centre(self) -> NormPoint {
        NormPoint::new(f32::midpoint(self.x1, self.x2), self.y2)
    }

    /// The common part, or `None` where the boxes do not overlap.
    #[inline]
    pub fn intersection(self, other: NormBox) -> Option<NormBox> {
        let common = NormBox {
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
            x2: self.x2.min(other.x2),
            y2: self.y2.min(other.y2),
        };
        (common.x1 < common.x2 && common.y1 < common.y2).then_some(common)
    }

    /// The smallest box around both.
    #[must_use]
    pub fn union(self, other: NormBox) -> NormBox {
        NormBox {
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
            x2: self.x2.max(other.x2),
            y2: self.y2.max(other.y2),
        }
    }

    /// Area of the common part over area of both, 0..=1.
    #[inline]
    pub fn iou(self, other: NormBox) -> f32 {
        let common = self.intersection(other).map_or(0.0, NormBox::area);
        let both = self.area() + other.area() - common;
        if both > 0.0 { common / both } else { 0.0 }
    }

    /// Whether `point` lies in the box, edges included.
    #[inline]
    pub fn contains(self, point: NormPoint) -> bool {
        (self.x1..=self.x2).contains(&point.x) && (self.y1..=self.y2).contains(&point.y)
    }
}

/// A closed, simple polygon of 3 to 64 vertices; the last joins the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    vertices: Vec<NormPoint>,
}

impl Polygon {
    /// Most vertices a polygon may have.
    pub const MAX_VERTICES: usize = 64;

    /// Checks and takes the vertices, in drawing order.
    ///
    /// # Errors
    /// Too few or too many vertices, a coordinate outside 0..=1, an edge
    /// without length, or two edges that cross or touch (both are named).
    pub fn new(vertices: Vec<NormPoint>) -> Result<Self, GeometryError> {
        check_points(&vertices, 3, Self::MAX_VERTICES)?;
        let polygon = Polygon { vertices };
        polygon.check_simple()?;
        Ok(polygon)
    }

    /// The vertices in drawing order.
    #[inline]
    pub fn vertices(&self) -> &[NormPoint] {
        &self.vertices
    }

    /// Whether `point` lies inside (even-odd rule). A point on an edge shared
    /// by two polygons lies in at most one of them.
    #[inline]
    pub fn contains(&self, point: NormPoint) -> bool {
        let mut inside = false;
        // Not `edges`: this is asked thousands of times per scene.
        let mut a = self.vertices[self.vertices.len() - 1];
        for &b in &self.vertices {
            let straddles = (a.y > point.y) != (b.y > point.y);
            if straddles && point.x < (b.x - a.x) * (point.y - a.y) / (b.y - a.y) + a.x {
                inside = !inside;
            }
            a = b;
        }
        inside
    }

    /// The smallest box around the polygon.
    #[inline]
    pub fn bounds(&self) -> NormBox {
        let first = self.vertices[0];
        let start = NormBox::from_xyxy(first.x, first.y, first.x, first.y);
        self.vertices.iter().fold(start, |bounds, vertex| {
            bounds.union(NormBox::from_xyxy(vertex.x, vertex.y, vertex.x, vertex.y))
        })
    }

    fn edges(&self) -> impl Iterator<Item = (NormPoint, NormPoint)> {
        let following = self.vertices.iter().cycle().skip(1);
        self.vertices.iter().copied().zip(following.copied())
    }

    fn check_simple(&self) -> Result<(), GeometryError> {
        let edges: Vec<_> = self.edges().collect();
        let n_edges = edges.len();
        for first in 0..n_edges {
            for second in first + 1..n_edges {
                let neighbours = second == first + 1 || (first == 0 && second == n_edges - 1);
                let (a, b) = (edges[first], edges[second]);
                let bad = if neighbours {
                    folds_back(a, b, second == first + 1)
                } else {
                    segments_meet(a.0, a.1, b.0, b.1)
                };
                if bad {
                    return Err(GeometryError::EdgesCross { first, second });
                }
            }
        }
        Ok(())
    }
}

/// An open line of 2 to 64 points.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    points: Vec<NormPoint>,
}

/// Which way a line was crossed, seen walking from its first point to its
/// last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// From the walker's left to the right.
    LeftToRight,
    /// From the walker's right to the left.
    RightToLeft,
}

impl Line {
    /// Most points a line may have.
    pub const MAX_POINTS: usize = 64;

    /// Checks and takes the points, in drawing order.
    ///
    /// # Errors
    /// Too few or too many points, a coordinate outside 0..=1, or a part
    /// without length.
    pub fn new(points: Vec<NormPoint>) -> Result<Self, GeometryError> {
        check_points(&points, 2, Self::MAX_POINTS)?;
        if let Some(edge) = points.windows(2).position(|pair| pair[0] == pair[1]) {
            return Err(GeometryError::EmptyEdge { edge });
        }
        Ok(Line { points })
    }

    /// The points in drawing order.
    #[inline]
    pub fn points(&self) -> &[NormPoint] {
        &self.points
    }

    /// Which way a step `from` -> `to` crosses the line, if it does.
    ///
    /// Each part of the line has a left side (strict) and a right side (which
    /// holds the part itself), so that a walk that stops on the line is
    /// counted once. A step over the line and back by another part counts as
    /// none.
    pub fn crossing(&self, from: NormPoint, to: NormPoint) -> Option<Crossing> {
        let mut balance = 0_i32;
        for pair in self.points.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            let was_left = side(a, b, from) < 0.0;
            let is_left = side(a, b, to) < 0.0;
            let a_left = side(from, to, a) < 0.0;
            let b_left = side(from, to, b) < 0.0;
            if was_left != is_left && a_left != b_left {
                balance += if was_left { 1 } else { -1 };
            }
        }
        match balance {
            1.. => Some(Crossing::LeftToRight),
            0 => None,
            ..0 => Some(Crossing::RightToLeft),
        }
    }
}

/// Why points make no shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum GeometryError {
    /// Number of points outside `min..=max`.
    WrongCount {
        /// How many were given.
        n_points: usize,
        /// Fewest allowed.
        min: usize,
        /// Most allowed.
        max: usize,
    },
    /// A coordinate is outside 0..=1 or not a number.
    OutsidePicture {
        /// Zero-based index of the point.
        point: usize,
        /// As given.
        x: f32,
        /// As given.
        y: f32,
    },
    /// Two neighbouring points are the same.
    EmptyEdge {
        /// Zero-based index of the edge; edge `i` starts at point `i`.
        edge: usize,
    },
    /// Two edges of a polygon cross or touch.
    EdgesCross {
        /// Zero-based index of one edge; edge `i` starts at vertex `i`.
        first: usize,
        /// Zero-based index of the other edge.
        second: usize,
    },
}

impl fmt::Display for GeometryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            GeometryError::WrongCount { n_points, min, max } => {
                write!(f, "{n_points} points: expected {min} to {max}")
            }
            GeometryError::OutsidePicture { point, x, y } => write!(
                f,
                "point {} ({x}, {y}): each coordinate must be 0 to 1",
                point + 1
            ),
            GeometryError::EmptyEdge { edge } => write!(
                f,
                "point {} and the next are the same: remove one",
                edge + 1
            ),
            GeometryError::EdgesCross { first, second } => write!(
                f,
                "edge {} crosses edge {}: move a corner so that no edges cross",
                first + 1,
                second + 1
            ),
        }
    }
}

impl std::error::Error for GeometryError {}

fn to_unit(value: f32) -> f32 {
    if value.is_nan() {
        0.0
    } else {
        value.clamp(0.0, 1.0)
    }
}

fn check_points(points: &[NormPoint], min: usize, max: usize) -> Result<(), GeometryError> {
    if !(min..=max).contains(&points.len()) {
        return Err(GeometryError::WrongCount {
            n_points: points.len(),
            min,
            max,
        });
    }
    for (point, NormPoint { x, y }) in points.iter().enumerate() {
        if !((0.0..=1.0).contains(x) && (0.0..=1.0).contains(y)) {
            return Err(GeometryError::OutsidePicture {
                point,
                x: *x,
                y: *y,
            });
        }
    }
    Ok(())
}

/// Negative where `point` is on the left of the walk `a` -> `b` as seen on the
/// screen (y down), positive on the right, zero on it.
fn side(a: NormPoint, b: NormPoint, point: NormPoint) -> f64 {
    let (ax, ay) = (f64::from(a.x), f64::from(a.y));
    (f64::from(b.x) - ax) * (f64::from(point.y) - ay)
        - (f64::from(b.y) - ay) * (f64::from(point.x) - ax)
}

/// Whether two segments share a point.
fn segments_meet(a1: NormPoint, a2: NormPoint, b1: NormPoint, b2: NormPoint) -> bool {
    let (d1, d2) = (side(b1, b2, a1), side(b1, b2, a2));
    let (d3, d4) = (side(a1, a2, b1), side(a1, a2, b2));
    if d1 * d2 < 0.0 && d3 * d4 < 0.0 {
        return true;
    }
    let on = |p: NormPoint, q: NormPoint, r: NormPoint, d: f64| {
        d == 0.0 && NormBox::from_xyxy(p.x, p.y, q.x, q.y).contains(r)
    };
    on(b1, b2, a1, d1) || on(b1, b2, a2, d2) || on(a1, a2, b1, d3) || on(a1, a2, b2, d4)
}

/// Whether an edge without length, or two neighbouring edges that lie on each
/// other. `in_order`: `a` ends where `b` starts, else the reverse.
fn folds_back(a: (NormPoint, NormPoint), b: (NormPoint, NormPoint), in_order: bool) -> bool {
    let (before, corner, after) = if in_order {
        (a.0, a.1, b.1)
    } else {
        (b.0, b.1, a.1)
    };
    let forward = f64::from(corner.x - before.x) * f64::from(after.x - corner.x)
        + f64::from(corner.y - before.y) * f64::from(after.y - corner.y);
    before == corner || corner == after || (side(before, corner, after) == 0.0 && forward < 0.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(coordinates: &[(f32, f32)]) -> Vec<NormPoint> {
        coordinates
            .iter()
            .map(|&(x, y)| NormPoint { x, y })
            .collect()
    }

    #[test]
    fn box_corners_are_ordered_and_limited_to_the_picture() {
        let actual = NormBox::from_xyxy(1.5, 0.8, f32::NAN, 0.2);
        assert_eq!(actual, NormBox::from_xyxy(0.0, 0.2, 1.0, 0.8));
    }

    #[test]
    fn iou_of_known_boxes() {
        let a = NormBox::from_xyxy(0.0, 0.0, 0.5, 0.5);
        for (b, expected) in [
            (a, 1.0),
            (NormBox::from_xyxy(0.25, 0.0, 0.75, 0.5), 1.0 / 3.0),
            (NormBox::from_xyxy(0.5, 0.0, 1.0, 0.5), 0.0),
            (NormBox::default(), 0.0),
        ] {
            assert!((a.iou(b) - expected).abs() < 1e-6, "{b:?}");
        }
    }

    #[test]
    fn concave_polygon_excludes_its_notch() {
        let polygon = Polygon::new(points(&[
            (0.1, 0.1),
            (0.9, 0.1),
            (0.9, 0.9),
            (0.5, 0.3),
            (0.1, 0.9),
        ]))
        .unwrap();
        assert!(polygon.contains(NormPoint::new(0.2, 0.2)));
        assert!(!polygon.contains(NormPoint::new(0.5, 0.6)));
        assert!(!polygon.contains(NormPoint::new(0.95, 0.5)));
        assert_eq!(polygon.bounds(), NormBox::from_xyxy(0.1, 0.1, 0.9, 0.9));
    }

    #[test]
    fn points_that_make_no_polygon_are_refused_with_the_reason() {
        for (coordinates, expected) in [
            (vec![(0.0, 0.0), (1.0, 1.0)], "2 points: expected 3 to 64"),
            (
                vec![(0.0, 0.0), (1.0, 0.0), (1.2, 1.0)],
                "point 3 (1.2, 1): each coordinate must be 0 to 1",
            ),
            (
                vec![(0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0)],
                "edge 1 crosses edge 3: move a corner so that no edges cross",
            ),
            (
                vec![(0.0, 0.0), (0.5, 0.0), (0.5, 0.0), (0.5, 0.5)],
                "edge 1 crosses edge 2: move a corner so that no edges cross",
            ),
            (
                vec![(0.0, 0.0), (0.8, 0.0), (0.4, 0.0), (0.4, 0.5)],
                "edge 1 crosses edge 2: move a corner so that no edges cross",
            ),
        ] {
            let error = Polygon::new(points(&coordinates)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn crossing_is_named_from_the_walk_along_the_line() {
        // Walking up the screen: left is the smaller x.
        let line = Line::new(points(&[(0.5, 0.9), (0.5, 0.1)])).unwrap();
        let (left, right) = (NormPoint::new(0.4, 0.5), NormPoint::new(0.6, 0.5));
        assert_eq!(line.crossing(left, right), Some(Crossing::LeftToRight));
        assert_eq!(line.crossing(right, left), Some(Crossing::RightToLeft));
        assert_eq!(line.crossing(left, left), None);
        let beyond_the_end = (NormPoint::new(0.4, 0.05), NormPoint::new(0.6, 0.05));
        assert_eq!(line.crossing(beyond_the_end.0, beyond_the_end.1), None);
    }

    #[test]
    fn walk_that_rests_on_the_line_is_counted_once() {
        let line = Line::new(points(&[(0.5, 0.9), (0.5, 0.1)])).unwrap();
        let walk = [0.4, 0.5, 0.6].map(|x| NormPoint::new(x, 0.5));
        let crossings = walk
            .windows(2)
            .filter_map(|step| line.crossing(step[0], step[1]))
            .count();
        assert_eq!(crossings, 1);
    }

    proptest! {
        #[test]
        fn iou_is_symmetric_and_bounded(c in proptest::array::uniform8(0.0_f32..=1.0)) {
            let a = NormBox::from_xyxy(c[0], c[1], c[2], c[3]);
            let b = NormBox::from_xyxy(c[4], c[5], c[6], c[7]);
            prop_assert!((a.iou(b) - b.iou(a)).abs() < 1e-6);
            prop_assert!((0.0..=1.0 + 1e-6).contains(&a.iou(b)));
        }

        #[test]
        fn closed_walk_crosses_as_often_each_way(
            steps in proptest::collection::vec((0.0_f32..=1.0, 0.0_f32..=1.0), 2..20)
        ) {
            // One straight part: with it, sides are well defined everywhere.
            let line = Line::new(points(&[(0.5, 0.0), (0.5, 1.0)])).unwrap();
            let walk = points(&steps);
            let balance: i32 = walk.iter().zip(walk.iter().cycle().skip(1))
                .map(|(from, to)| match line.crossing(*from, *to) {
                    Some(Crossing::LeftToRight) => 1,
                    Some(Crossing::RightToLeft) => -1,
                    None => 0,
                })
                .sum();
            prop_assert_eq!(balance, 0);
        }
    }
}
