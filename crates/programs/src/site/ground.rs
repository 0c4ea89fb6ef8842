//! The ground before a camera: from the picture to metres.
//!
//! In: four points of the ground, in the picture and in metres east and north
//! of any origin. Out: where a foot stands, how far apart feet are, how fast
//! they go, each with its error.
//!
//! The map is the homography through the four points (direct linear
//! transform; R. Hartley, A. Zisserman, Multiple View Geometry, 2nd edition,
//! section 4.1). It holds for a level ground and a lens without distortion.
//! Four points fix it exactly, so that nothing is left over from which to read
//! an error. The error told is therefore what comes of points that were
//! clicked wrongly by [`CLICK_ERROR`]: narrow or far calibrations show a large
//! one.
//!
//! Not here: median speed of an object (`sightings`), wide-angle lenses.

use std::time::Duration;

use thiserror::Error;
use types::NormPoint;

/// How far a click lies from the point that was meant, parts of the picture:
/// 4 pixels of 1920.
const CLICK_ERROR: f64 = 0.002;
/// Smallest triangle of three points, parts of the picture's area. Thinner
/// ones turn clicks into any shape of ground.
const MIN_PICTURE_AREA: f64 = 0.000_5;
/// Smallest triangle on the ground, parts of the square of its extent.
const MIN_GROUND_AREA: f64 = 0.005;
/// Extent of the four points on the ground, metres.
const GROUND_EXTENT_M: std::ops::RangeInclusive<f64> = 0.5..=2_000.0;
/// Largest coordinate on the ground, metres.
const MAX_COORDINATE_M: f64 = 1_000_000.0;
/// Largest error of lengths that a calibration may have, as a share.
const MAX_SCALE_ERROR: f64 = 0.25;
/// Points so many extents away from the four are not placed: the map is not
/// known there.
const MAX_EXTENTS_AWAY: f64 = 10.0;
/// Faster than any road user: a change of identity, not a speed.
const MAX_SPEED_MPS: f64 = 100.0;

/// One point of the ground, as a person gave it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroundPoint {
    /// Where it is in the picture.
    pub picture: NormPoint,
    /// Metres east of any origin; any right angle does for east and north.
    pub east_m: f64,
    /// Metres north of the same origin.
    pub north_m: f64,
}

/// A calibrated ground.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    points: [GroundPoint; 4],
    map: Map,
    /// Middle of the four points on the ground, and their extent.
    middle: (f64, f64),
    extent_m: f64,
    error_m: f64,
    scale_error: f64,
}

/// A length or a speed, and by how much it may be wrong (one standard
/// deviation).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Metres, or metres per second.
    pub value: f64,
    /// In the same unit.
    pub error: f64,
}

/// Why points make no ground.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum GroundError {
    /// A coordinate is no number or beyond any camera's view.
    #[error("calibrate ground: point {point}: metres must be -1000000 to 1000000")]
    NotANumber {
        /// One-based number of the point.
        point: usize,
    },
    /// The points are too near to or too far from each other in metres.
    #[error("calibrate ground: the points span {extent_m:.2} m: expected 0.5 to 2000 m")]
    Extent {
        /// Largest distance of two points.
        extent_m: f64,
    },
    /// Three points lie nearly on one line.
    #[error(
        "calibrate ground: points {}, {} and {} lie nearly on one line {place}: \
         choose four corners of a wide area",
        .points[0], .points[1], .points[2]
    )]
    OnOneLine {
        /// One-based numbers of the points.
        points: [usize; 3],
        /// `in the picture` or `on the ground`.
        place: &'static str,
    },
    /// No camera sees these metres in this order.
    #[error(
        "calibrate ground: no camera above the ground sees these points so: \
         check their order, and that east and north are not exchanged"
    )]
    Impossible,
    /// Clicks cannot be exact enough for this.
    #[error(
        "calibrate ground: lengths would be wrong by {share_percent:.0} %: \
         choose points farther apart in the picture"
    )]
    TooVague {
        /// Error of lengths.
        share_percent: f64,
    },
}

impl Ground {
    /// Calibrates by four points of level ground.
    ///
    /// # Errors
    /// The points are no numbers, lie on a line, contradict each other or are
    /// too near to each other; the error says which and what to do.
    pub fn new(points: [GroundPoint; 4]) -> Result<Self, GroundError> {
        let extent_m = check(&points)?;
        let map = Map::through(&points).ok_or(GroundError::Impossible)?;
        let sum = points
            .iter()
            .fold((0.0, 0.0), |sum, p| (sum.0 + p.east_m, sum.1 + p.north_m));
        let mut ground = Ground {
            points,
            map,
            middle: (sum.0 / 4.0, sum.1 / 4.0),
            extent_m,
            error_m: 0.0,
            scale_error: 0.0,
        };
        ground.measure_errors()?;
        Ok(ground)
    }

    /// The points it was calibrated by.
    pub fn points(&self) -> &[GroundPoint; 4] {
        &self.points
    }

    /// How far a place within the four points may be off, metres (one standard
    /// deviation, for clicks that are 4 pixels of 1920 wrong).
    pub fn error_m(&self) -> f64 {
        self.error_m
    }

    /// The same for lengths, as a share.
    pub fn scale_error(&self) -> f64 {
        self.scale_error
    }

    /// Metres east and north of where `point` stands; `None` at the horizon,
    /// above it, and far away from where the calibration holds.
    pub fn locate(&self, point: NormPoint) -> Option<(f64, f64)> {
        let place = self.map.apply(f64::from(point.x), f64::from(point.y))?;
        let away = distance(place, self.middle);
        (away <= MAX_EXTENTS_AWAY * self.extent_m).then_some(place)
    }

    /// Distance of two feet, each known to `jitter` parts of the picture.
    pub fn distance(&self, a: NormPoint, b: NormPoint, jitter: f32) -> Option<Measured> {
        let value = distance(self.locate(a)?, self.locate(b)?);
        let feet = self
            .foot_error(a, jitter)?
            .hypot(self.foot_error(b, jitter)?);
        Some(Measured {
            value,
            error: feet.hypot(self.scale_error * value),
        })
    }

    /// Mean speed on the way from `a` to `b` in `time`; `None` also for no
    /// time, and for speeds that no road user has.
    pub fn speed(
        &self,
        a: NormPoint,
        b: NormPoint,
        time: Duration,
        jitter: f32,
    ) -> Option<Measured> {
        let way = self.distance(a, b, jitter)?;
        let secs = time.as_secs_f64();
        let speed = Measured {
            value: way.value / secs,
            error: way.error / secs,
        };
        (secs > 0.0 && speed.value <= MAX_SPEED_MPS).then_some(speed)
    }

    /// How far a foot is off on the ground if it is `jitter` off in the
    /// picture.
    fn foot_error(&self, point: NormPoint, jitter: f32) -> Option<f64> {
        let (x, y, step) = (f64::from(point.x), f64::from(point.y), f64::from(jitter));
        let here = self.map.apply(x, y)?;
        // To both sides: near the horizon one of them has no place at all.
        let off = |dx: f64, dy: f64| {
            let there = self.map.apply(x + dx, y + dy);
            let back = self.map.apply(x - dx, y - dy);
            there.or(back).map(|place| distance(here, place))
        };
        Some(off(step, 0.0)?.hypot(off(0.0, step)?))
    }

    /// Clicks each point wrongly, once per axis, and sees what comes of it.
    fn measure_errors(&mut self) -> Result<(), GroundError> {
        let (mut place_squared, mut scale_squared) = (0.0, 0.0);
        for (point, axis) in (0..4).flat_map(|point| [(point, 0), (point, 1)]) {
            let wrong = Map::through_clicks(&self.points, |idx, click| {
                if idx == point && axis == 0 {
                    (click.0 + CLICK_ERROR, click.1)
                } else if idx == point {
                    (click.0, click.1 + CLICK_ERROR)
                } else {
                    click
                }
            });
            let vague = GroundError::TooVague {
                share_percent: 100.0,
            };
            let wrong = wrong.ok_or_else(|| vague.clone())?;
            let places: Option<Vec<(f64, f64)>> = self
                .points
                .iter()
                .map(|p| wrong.apply(f64::from(p.picture.x), f64::from(p.picture.y)))
                .collect();
            let places = places.ok_or(vague)?;
            let (mut moved, mut scaled) = (0.0_f64, 0.0_f64);
            for first in 0..4 {
                let truth = |idx: usize| (self.points[idx].east_m, self.points[idx].north_m);
                moved += distance(places[first], truth(first)).powi(2) / 4.0;
                for second in first + 1..4 {
                    let was = distance(truth(first), truth(second));
                    let is = distance(places[first], places[second]);
                    scaled += (is / was - 1.0).powi(2) / 6.0;
                }
            }
            place_squared += moved;
            scale_squared += scaled;
        }
        self.error_m = place_squared.sqrt();
        self.scale_error = scale_squared.sqrt();
        if self.scale_error > MAX_SCALE_ERROR {
            return Err(GroundError::TooVague {
                share_percent: 100.0 * self.scale_error,
            });
        }
        Ok(())
    }
}

/// The extent of the points on the ground, if they can be calibrated by.
fn check(points: &[GroundPoint; 4]) -> Result<f64, GroundError> {
    let is_metres = |value: f64| value.abs() <= MAX_COORDINATE_M;
    if let Some(idx) = points
        .iter()
        .position(|p| !is_metres(p.east_m) || !is_metres(p.north_m))
    {
        return Err(GroundError::NotANumber { point: idx + 1 });
    }
    let on_ground = points.map(|p| (p.east_m, p.north_m));
    let in_picture = points.map(|p| (f64::from(p.picture.x), f64::from(p.picture.y)));
    let extent_m = on_ground
        .iter()
        .flat_map(|a| on_ground.map(|b| distance(*a, b)))
        .fold(0.0, f64::max);
    if !GROUND_EXTENT_M.contains(&extent_m) {
        return Err(GroundError::Extent { extent_m });
    }
    for [a, b, c] in [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]] {
        let shown = turn(in_picture[a], in_picture[b], in_picture[c]) / 2.0;
        let real = turn(on_ground[a], on_ground[b], on_ground[c]) / 2.0;
        let place = if shown.abs() < MIN_PICTURE_AREA {
            "in the picture"
        } else if real.abs() < MIN_GROUND_AREA * extent_m * extent_m {
            "on the ground"
        } else {
            continue;
        };
        return Err(GroundError::OnOneLine {
            points: [a + 1, b + 1, c + 1],
            place,
        });
    }
    // The picture's y points down and north points up: seen from above the
    // ground, every triangle must turn the other way in numbers.
    let is_mirrored = |[a, b, c]: [usize; 3]| {
        let shown = turn(in_picture[a], in_picture[b], in_picture[c]);
        let real = turn(on_ground[a], on_ground[b], on_ground[c]);
        (shown > 0.0) == (real > 0.0)
    };
    if [[0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3]]
        .into_iter()
        .any(is_mirrored)
    {
        return Err(GroundError::Impossible);
    }
    Ok(extent_m)
}

/// Three by three numbers that map the picture to the ground, row by row.
#[derive(Clone, Debug, PartialEq)]
struct Map {
    numbers: [f64; 9],
    /// Smallest third coordinate at the calibrating points; the horizon has 0.
    near: f64,
}

/// Third coordinate, as a share of that at the farthest calibrating point,
/// below which a point counts as horizon.
const HORIZON: f64 = 0.02;

impl Map {
    fn through(points: &[GroundPoint; 4]) -> Option<Self> {
        Self::through_clicks(points, |_, click| click)
    }

    /// The map if each point had been clicked at `clicked(idx, as given)`.
    fn through_clicks(
        points: &[GroundPoint; 4],
        clicked: impl Fn(usize, (f64, f64)) -> (f64, f64),
    ) -> Option<Self> {
        // Metres relative to the first point, so that large coordinates cost
        // no digits.
        let origin = (points[0].east_m, points[0].north_m);
        let mut rows = [[0.0_f64; 9]; 8];
        let mut clicks = [(0.0, 0.0); 4];
        for (idx, point) in points.iter().enumerate() {
            let given = (f64::from(point.picture.x), f64::from(point.picture.y));
            let (x, y) = clicked(idx, given);
            let (east, north) = (point.east_m - origin.0, point.north_m - origin.1);
            clicks[idx] = (x, y);
            rows[2 * idx] = [x, y, 1.0, 0.0, 0.0, 0.0, -east * x, -east * y, east];
            rows[2 * idx + 1] = [0.0, 0.0, 0.0, x, y, 1.0, -north * x, -north * y, north];
        }
        let h = solve(rows)?;
        let (e, n) = origin;
        let mut numbers = [
            h[0] + e * h[6],
            h[1] + e * h[7],
            h[2] + e,
            h[3] + n * h[6],
            h[4] + n * h[7],
            h[5] + n,
            h[6],
            h[7],
            1.0,
        ];
        let third = |(x, y): (f64, f64)| numbers[6] * x + numbers[7] * y + numbers[8];
        let thirds = clicks.map(third);
        let sign = thirds[0].signum();
        // The horizon would pass between the points.
        let near = thirds
            .iter()
            .fold(f64::INFINITY, |low, t| low.min(t * sign));
        if !near.is_finite() || near <= 0.0 {
            return None;
        }
        for number in &mut numbers {
            *number *= sign;
        }
        Some(Map { numbers, near })
    }

    fn apply(&self, x: f64, y: f64) -> Option<(f64, f64)> {
        let row = |idx: usize| {
            let [a, b, c] = [0, 1, 2].map(|column| self.numbers[3 * idx + column]);
            a * x + b * y + c
        };
        let third = row(2);
        (third > HORIZON * self.near).then(|| (row(0) / third, row(1) / third))
    }
}

/// Solves eight equations by elimination with the largest pivot; the ninth
/// column is the right side.
fn solve(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let pivot = (column..8).max_by(|a, b| {
            let size = |row: &usize| rows[*row][column].abs();
            size(a).total_cmp(&size(b))
        })?;
        rows.swap(column, pivot);
        let pivot_row = rows[column];
        if pivot_row[column].abs() < 1e-9 {
            return None;
        }
        for row in 0..8 {
            if row != column {
                let factor = rows[row][column] / pivot_row[column];
                for idx in column..9 {
                    rows[row][idx] -= factor * pivot_row[idx];
                }
            }
        }
    }
    let mut solution = [0.0; 8];
    for (idx, value) in solution.iter_mut().enumerate() {
        *value = rows[idx][8] / rows[idx][idx];
    }
    Some(solution)
}

/// Twice the signed area of a triangle.
fn turn(a: (f64, f64), b: (f64, f64), c: (f64, f64)) -> f64 {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0)
}

fn distance(a: (f64, f64), b: (f64, f64)) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

#[cfg(test)]
mod tests;
