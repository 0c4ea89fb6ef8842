//! The camera over the street: places in metres to points in the picture.
//!
//! In: places. `x` runs along the street, `y` across it, `z` up from the
//! ground. Out: pixels from the top-left, and the depth that scales them.
//!
//! Not here: what stands where (`script`, `backdrop`).

use std::ops::{Add, Mul, Sub};

/// A place or direction in the street, metres.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Place {
    /// Along the street.
    pub(crate) x: f32,
    /// Across the street, to the right when looking along it.
    pub(crate) y: f32,
    /// Up.
    pub(crate) z: f32,
}

/// Short for a [`Place`].
pub(crate) const fn at(x: f32, y: f32, z: f32) -> Place {
    Place { x, y, z }
}

impl Place {
    pub(crate) fn dot(self, other: Place) -> f32 {
        self.x * other.x + self.y * other.y + self.z * other.z
    }

    pub(crate) fn cross(self, other: Place) -> Place {
        at(
            self.y * other.z - self.z * other.y,
            self.z * other.x - self.x * other.z,
            self.x * other.y - self.y * other.x,
        )
    }

    /// The direction with length 1 (zero stays zero).
    pub(crate) fn normal(self) -> Place {
        let length = self.dot(self).sqrt();
        if length > 0.0 {
            self * length.recip()
        } else {
            self
        }
    }
}

impl Add for Place {
    type Output = Place;
    fn add(self, other: Place) -> Place {
        at(self.x + other.x, self.y + other.y, self.z + other.z)
    }
}

impl Sub for Place {
    type Output = Place;
    fn sub(self, other: Place) -> Place {
        at(self.x - other.x, self.y - other.y, self.z - other.z)
    }
}

impl Mul<f32> for Place {
    type Output = Place;
    fn mul(self, factor: f32) -> Place {
        at(self.x * factor, self.y * factor, self.z * factor)
    }
}

/// A point of the picture, pixels from the top-left.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Dot {
    pub(crate) x: f32,
    pub(crate) y: f32,
}

/// Short for a [`Dot`].
pub(crate) const fn dot(x: f32, y: f32) -> Dot {
    Dot { x, y }
}

/// Where the camera hangs and how it looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) eye: Place,
    pub(crate) forward: Place,
    pub(crate) right: Place,
    pub(crate) up: Place,
    /// Pixels per metre at a depth of one metre.
    pub(crate) focal_px: f32,
    pub(crate) width_px: u32,
    pub(crate) height_px: u32,
}

/// Nearest depth that is drawn, metres.
const NEAR_M: f32 = 0.6;

impl View {
    /// A camera at `eye`, turned `yaw` to the right of the street's direction
    /// and `pitch` down (radians); `zoom` is focal length over picture width.
    pub(crate) fn new(eye: Place, yaw: f32, pitch: f32, zoom: f32, size_px: (u32, u32)) -> Self {
        let (sin_yaw, cos_yaw) = yaw.sin_cos();
        let (sin_pitch, cos_pitch) = pitch.sin_cos();
        View {
            eye,
            forward: at(cos_yaw * cos_pitch, sin_yaw * cos_pitch, -sin_pitch),
            right: at(-sin_yaw, cos_yaw, 0.0),
            up: at(cos_yaw * sin_pitch, sin_yaw * sin_pitch, cos_pitch),
            focal_px: zoom * size_px.0 as f32,
            width_px: size_px.0,
            height_px: size_px.1,
        }
    }

    /// Where `place` is seen, unless it is beside or behind the lens.
    pub(crate) fn project(&self, place: Place) -> Option<Dot> {
        let offset = place - self.eye;
        let depth = offset.dot(self.forward);
        (depth > NEAR_M).then(|| {
            let scale = self.focal_px / depth;
            dot(
                self.width_px as f32 / 2.0 + offset.dot(self.right) * scale,
                self.height_px as f32 / 2.0 - offset.dot(self.up) * scale,
            )
        })
    }

    /// Pixels per metre at `place`; zero beside or behind the lens.
    pub(crate) fn scale(&self, place: Place) -> f32 {
        let depth = self.depth(place);
        if depth > NEAR_M {
            self.focal_px / depth
        } else {
            0.0
        }
    }

    /// Distance along the line of sight, metres.
    pub(crate) fn depth(&self, place: Place) -> f32 {
        (place - self.eye).dot(self.forward)
    }

    /// Whether a place is far enough before the lens to be drawn.
    pub(crate) fn is_before_lens(&self, place: Place) -> bool {
        self.depth(place) > NEAR_M
    }

    /// The place, moved along the line of sight until it is before the lens.
    pub(crate) fn before_lens(&self, place: Place) -> Place {
        let lack = NEAR_M * 1.01 - self.depth(place);
        if lack > 0.0 {
            place + self.forward * lack
        } else {
            place
        }
    }

    /// The part of a shape before the lens (Sutherland and Hodgman's cut).
    pub(crate) fn cut(&self, shape: &[Place]) -> Vec<Place> {
        let limit = NEAR_M * 1.01;
        let mut kept = Vec::with_capacity(shape.len() + 2);
        let following = shape.iter().cycle().skip(1);
        for (place, next) in shape.iter().zip(following) {
            let (depth, next_depth) = (self.depth(*place), self.depth(*next));
            if depth >= limit {
                kept.push(*place);
            }
            if (depth >= limit) != (next_depth >= limit) {
                let share = (limit - depth) / (next_depth - depth);
                kept.push(*place + (*next - *place) * share + self.forward * 1e-4);
            }
        }
        kept
    }

    /// The direction seen at a point of the picture, not of length 1.
    pub(crate) fn ray(&self, point: Dot) -> Place {
        let right = (point.x - self.width_px as f32 / 2.0) / self.focal_px;
        let up = (self.height_px as f32 / 2.0 - point.y) / self.focal_px;
        self.forward + self.right * right + self.up * up
    }
}
