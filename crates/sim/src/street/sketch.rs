//! Drawing solid things into a layer: limbs, faces and rings in metres.
//!
//! The same strokes draw an object or, flattened along the light, its shadow.
//!
//! In: places in the street. Out: shapes on a layer, shaded by the light.
//!
//! Not here: what is drawn (`person`, `vehicle`, `two_wheeler`, `prop`).

use std::f32::consts::TAU;

use crate::street::paint::{Area, Fill, Layer, Tone, tone};
use crate::street::view::{Dot, Place, View, at, dot};

/// Where a thing stands and which way it faces.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stand {
    pub(crate) place: Place,
    /// Direction of travel, radians; 0 is along the street.
    pub(crate) heading: f32,
}

impl Stand {
    /// The place `forward`, `side` (to the right) and `up` from here, metres.
    pub(crate) fn at(&self, forward: f32, side: f32, up: f32) -> Place {
        let (sin, cos) = self.heading.sin_cos();
        self.place + at(forward * cos - side * sin, forward * sin + side * cos, up)
    }

    /// The direction of travel.
    pub(crate) fn forward(&self) -> Place {
        at(self.heading.cos(), self.heading.sin(), 0.0)
    }

    /// The direction to the right of travel.
    pub(crate) fn side(&self) -> Place {
        at(-self.heading.sin(), self.heading.cos(), 0.0)
    }

    /// The eight corners of a box around the thing.
    pub(crate) fn corners(&self, length: f32, width: f32, height: f32) -> [Place; 8] {
        let (l, w) = (length / 2.0, width / 2.0);
        [
            self.at(l, w, 0.0),
            self.at(l, -w, 0.0),
            self.at(-l, w, 0.0),
            self.at(-l, -w, 0.0),
            self.at(l, w, height),
            self.at(l, -w, height),
            self.at(-l, w, height),
            self.at(-l, -w, height),
        ]
    }
}

/// A layer being drawn on.
#[derive(Debug)]
pub(crate) struct Sketch<'a> {
    pub(crate) view: &'a View,
    pub(crate) sun: Place,
    pub(crate) layer: Layer,
    /// Draw the shadow on the ground instead of the thing.
    is_shadow: bool,
}

/// Radius below which roundness cannot be seen, pixels.
const FINE_PX: f32 = 2.5;

const BLACK: Tone = tone(0.0, 0.0, 0.0);

impl<'a> Sketch<'a> {
    /// An empty layer large enough for these corners.
    pub(crate) fn object(view: &'a View, sun: Place, corners: &[Place]) -> Option<Self> {
        Self::new(view, sun, corners, false)
    }

    /// As [`object`](Self::object), for the shadow.
    pub(crate) fn shadow(view: &'a View, sun: Place, corners: &[Place]) -> Option<Self> {
        Self::new(view, sun, corners, true)
    }

    fn new(view: &'a View, sun: Place, corners: &[Place], is_shadow: bool) -> Option<Self> {
        let dots: Option<Vec<Dot>> = corners
            .iter()
            .map(|corner| {
                let corner = if is_shadow {
                    flat(*corner, sun)
                } else {
                    *corner
                };
                view.project(view.before_lens(corner))
            })
            .collect();
        let margin = if is_shadow { 10.0 } else { 4.0 };
        let area = Area::around(&dots?, margin, (view.width_px, view.height_px))?;
        Some(Sketch {
            view,
            sun,
            layer: Layer::new(area)?,
            is_shadow,
        })
    }

    /// Whether only the outline matters.
    pub(crate) fn is_shadow(&self) -> bool {
        self.is_shadow
    }

    /// Where a place is drawn.
    pub(crate) fn see(&self, place: Place) -> Option<Dot> {
        let place = if self.is_shadow {
            flat(place, self.sun)
        } else {
            place
        };
        self.view.project(place)
    }

    fn flat_fill(&self, colour: Tone) -> Fill {
        Fill::Flat(if self.is_shadow { BLACK } else { colour })
    }

    /// Brightness of a surface that faces `normal` (length 1).
    pub(crate) fn shade(&self, normal: Place) -> f32 {
        let direct = normal.dot(self.sun).max(0.0);
        let sky = 0.5 + 0.5 * normal.z;
        0.40 + 0.20 * sky + 0.48 * direct
    }

    /// A round limb between two places; radii in metres.
    pub(crate) fn limb(&mut self, from: (Place, f32), to: (Place, f32), colour: Tone) {
        let (Some(a), Some(b)) = (self.see(from.0), self.see(to.0)) else {
            return;
        };
        let (ra, rb) = (
            from.1 * self.view.scale(from.0),
            to.1 * self.view.scale(to.0),
        );
        let fill = if self.is_shadow {
            Fill::Flat(BLACK)
        } else if ra.max(rb) < FINE_PX {
            Fill::Flat(colour.lit(0.9))
        } else {
            let across = dot(b.y - a.y, a.x - b.x);
            let length = (across.x * across.x + across.y * across.y).sqrt();
            if length < 0.5 {
                Fill::Flat(colour)
            } else {
                let radius = ra.max(rb) / length;
                let lit = self.sun.dot(self.view.right) * across.x
                    - self.sun.dot(self.view.up) * across.y;
                let sign = if lit >= 0.0 { radius } else { -radius };
                let middle = dot(f32::midpoint(a.x, b.x), f32::midpoint(a.y, b.y));
                Fill::Shade(
                    dot(middle.x + across.x * sign, middle.y + across.y * sign),
                    colour.lit(1.10),
                    dot(middle.x - across.x * sign, middle.y - across.y * sign),
                    colour.lit(0.62),
                )
            }
        };
        self.layer.limb((a, ra), (b, rb), fill);
    }

    /// A body of elliptic slices: `(middle, half width, half depth)` from top
    /// to bottom, turned as `stand`, metres.
    pub(crate) fn trunk(&mut self, stand: &Stand, slices: &[(Place, f32, f32)], colour: Tone) {
        let sideways = stand.side().dot(self.view.right).abs();
        let lengthways = stand.forward().dot(self.view.right).abs();
        let mut left = Vec::with_capacity(slices.len() * 2);
        let mut right = Vec::with_capacity(slices.len());
        for (middle, width, depth) in slices {
            let Some(seen) = self.see(*middle) else {
                return;
            };
            let reach = (width * sideways).hypot(depth * lengthways) * self.view.scale(*middle);
            left.push(dot(seen.x - reach, seen.y));
            right.push(dot(seen.x + reach, seen.y));
        }
        let (Some(first), Some(second)) = (left.get(left.len() / 2), right.get(right.len() / 2))
        else {
            return;
        };
        let fill = if self.is_shadow {
            Fill::Flat(BLACK)
        } else if self.sun.dot(self.view.right) < 0.0 {
            Fill::Shade(*first, colour.lit(1.08), *second, colour.lit(0.66))
        } else {
            Fill::Shade(*first, colour.lit(0.66), *second, colour.lit(1.08))
        };
        left.extend(right.into_iter().rev());
        self.layer.polygon(&left, fill);
    }

    /// An upright ellipse, radii in metres.
    pub(crate) fn ball(&mut self, middle: Place, radii: (f32, f32), colour: Tone) {
        let Some(seen) = self.see(middle) else { return };
        let scale = self.view.scale(middle);
        let (rx, ry) = (radii.0 * scale, radii.1 * scale);
        let fill = if self.is_shadow {
            Fill::Flat(BLACK)
        } else if rx < FINE_PX {
            Fill::Flat(colour.lit(0.9))
        } else {
            let side = self.sun.dot(self.view.right).signum() * rx;
            Fill::Shade(
                dot(seen.x + side, seen.y - ry),
                colour.lit(1.08),
                dot(seen.x - side, seen.y + ry),
                colour.lit(0.70),
            )
        };
        self.layer.ellipse(seen, (rx, ry), 0.0, fill);
    }

    /// A flat face in one colour, whichever way it looks.
    pub(crate) fn face(&mut self, corners: &[Place], colour: Tone) {
        if let Some(dots) = self.dots(corners) {
            let fill = self.flat_fill(colour);
            self.layer.polygon(&dots, fill);
        }
    }

    /// A flat face that shades from its first corner to its third.
    pub(crate) fn shaded_face(&mut self, corners: &[Place], first: Tone, third: Tone) {
        let Some(dots) = self.dots(corners) else {
            return;
        };
        let fill = match dots.as_slice() {
            [from, _, to, ..] if !self.is_shadow => Fill::Shade(*from, first, *to, third),
            _ => self.flat_fill(first),
        };
        self.layer.polygon(&dots, fill);
    }

    /// Something seen through or mirrored on a face; casts no shadow.
    pub(crate) fn glaze(&mut self, corners: &[Place], colour: Tone, alpha: f32) {
        if self.is_shadow {
            return;
        }
        if let Some(dots) = self.dots(corners) {
            self.layer.polygon(&dots, Fill::Glass(colour, alpha));
        }
    }

    /// A line of a width in metres.
    pub(crate) fn rod(&mut self, places: &[Place], width: f32, colour: Tone) {
        let Some(dots) = self.dots(places) else {
            return;
        };
        let scale = places.first().map_or(0.0, |place| self.view.scale(*place));
        let colour = if self.is_shadow { BLACK } else { colour };
        self.layer
            .line(&dots, (width * scale).max(0.6), colour, 1.0);
    }

    /// A thin mark of a width in metres; casts no shadow and fades with size.
    pub(crate) fn mark(&mut self, places: &[Place], width: f32, colour: Tone, alpha: f32) {
        if self.is_shadow {
            return;
        }
        let Some(dots) = self.dots(places) else {
            return;
        };
        let width_px = width * places.first().map_or(0.0, |place| self.view.scale(*place));
        if width_px > 0.25 {
            self.layer
                .line(&dots, width_px.max(0.7), colour, alpha * width_px.min(1.0));
        }
    }

    /// The points of a wheel's edge: upright, in line with `stand`.
    pub(crate) fn wheel(stand: &Stand, middle: (f32, f32, f32), radius: f32) -> Vec<Place> {
        (0..20_u8)
            .map(|step| {
                let (sin, cos) = (f32::from(step) * TAU / 20.0).sin_cos();
                stand.at(middle.0 + radius * cos, middle.1, middle.2 + radius * sin)
            })
            .collect()
    }

    /// The shape in the picture, without what lies behind the lens.
    fn dots(&self, places: &[Place]) -> Option<Vec<Dot>> {
        let places: Vec<Place> = places
            .iter()
            .map(|place| {
                if self.is_shadow {
                    flat(*place, self.sun)
                } else {
                    *place
                }
            })
            .collect();
        let is_whole = places.iter().all(|place| self.view.is_before_lens(*place));
        let places = if is_whole {
            places
        } else {
            self.view.cut(&places)
        };
        let dots: Option<Vec<Dot>> = places
            .iter()
            .map(|place| self.view.project(*place))
            .collect();
        dots.filter(|dots| !dots.is_empty())
    }

    /// Whether a face with this normal looks at the camera.
    pub(crate) fn looks_here(&self, normal: Place, place: Place) -> bool {
        self.is_shadow || normal.dot(self.view.eye - place) > 0.0
    }
}

/// Where the shadow of a place falls.
fn flat(place: Place, sun: Place) -> Place {
    let reach = place.z / sun.z.max(0.2);
    at(place.x - sun.x * reach, place.y - sun.y * reach, 0.0)
}
