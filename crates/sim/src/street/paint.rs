//! Drawing: one layer per object, and the canvas on which layers meet.
//!
//! In: shapes in picture pixels with colours of plain daylight. Out: pixels,
//! and who owns each of them, which is what exact ground truth is read from.
//!
//! Not here: what the shapes mean (`person`, `vehicle`, `prop`).

use tiny_skia::{
    BlendMode, Color, FillRule, GradientStop, LineCap, LineJoin, LinearGradient, Paint, Path,
    PathBuilder, Pixmap, Point, RadialGradient, Shader, SpreadMode, Stroke, Transform,
};

use crate::street::view::{Dot, dot};

/// A colour, each part 0..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tone {
    pub(crate) r: f32,
    pub(crate) g: f32,
    pub(crate) b: f32,
}

/// Short for a [`Tone`].
pub(crate) const fn tone(r: f32, g: f32, b: f32) -> Tone {
    Tone { r, g, b }
}

impl Tone {
    /// The colour, lighter or darker.
    pub(crate) fn lit(self, factor: f32) -> Tone {
        tone(self.r * factor, self.g * factor, self.b * factor)
    }

    /// A mixture: `share` of `other`, the rest of `self`.
    pub(crate) fn towards(self, other: Tone, share: f32) -> Tone {
        let part = |a: f32, b: f32| a + (b - a) * share;
        tone(
            part(self.r, other.r),
            part(self.g, other.g),
            part(self.b, other.b),
        )
    }

    /// The colour seen in light of another colour.
    pub(crate) fn under(self, light: Tone) -> Tone {
        tone(self.r * light.r, self.g * light.g, self.b * light.b)
    }

    /// Red, green, blue, 0..=255.
    pub(crate) fn bytes(self) -> [u8; 3] {
        [byte(self.r), byte(self.g), byte(self.b)]
    }

    fn paint(self, alpha: f32) -> Color {
        let [r, g, b] = self.bytes();
        Color::from_rgba8(r, g, b, byte(alpha))
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to 0..=255 first"
)]
pub(crate) fn byte(unit: f32) -> u8 {
    (unit.clamp(0.0, 1.0) * 255.0 + 0.5) as u8
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float cast saturates, and pixels are far from the limits"
)]
pub(crate) fn whole(pixels: f32) -> i32 {
    pixels as i32
}

/// A length as a number of whole pixels.
pub(crate) fn n_pixels(length: f32) -> usize {
    usize::try_from(whole(length.round())).unwrap_or(0)
}

/// How a shape is filled.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fill {
    /// One colour.
    Flat(Tone),
    /// One colour, partly transparent.
    Glass(Tone, f32),
    /// From one colour at a point to another at a second point.
    Shade(Dot, Tone, Dot, Tone),
}

/// A rectangle of whole pixels, `x1 <= x < x2`, `y1 <= y < y2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Area {
    pub(crate) x1: i32,
    pub(crate) y1: i32,
    pub(crate) x2: i32,
    pub(crate) y2: i32,
}

impl Area {
    /// The part of the picture around these points with a margin, if any.
    pub(crate) fn around(points: &[Dot], margin: f32, size_px: (u32, u32)) -> Option<Area> {
        let (mut low, mut high) = (dot(f32::MAX, f32::MAX), dot(f32::MIN, f32::MIN));
        for point in points {
            low = dot(low.x.min(point.x), low.y.min(point.y));
            high = dot(high.x.max(point.x), high.y.max(point.y));
        }
        let area = Area {
            x1: whole((low.x - margin).floor()).max(0),
            y1: whole((low.y - margin).floor()).max(0),
            x2: whole((high.x + margin).ceil()).min(size_px.0.cast_signed()),
            y2: whole((high.y + margin).ceil()).min(size_px.1.cast_signed()),
        };
        (area.x1 < area.x2 && area.y1 < area.y2).then_some(area)
    }

    /// The part both have, if any.
    pub(crate) fn common(self, other: Area) -> Option<Area> {
        self.meets(other).then(|| Area {
            x1: self.x1.max(other.x1),
            y1: self.y1.max(other.y1),
            x2: self.x2.min(other.x2),
            y2: self.y2.min(other.y2),
        })
    }

    /// The smallest area around both.
    pub(crate) fn union(self, other: Area) -> Area {
        Area {
            x1: self.x1.min(other.x1),
            y1: self.y1.min(other.y1),
            x2: self.x2.max(other.x2),
            y2: self.y2.max(other.y2),
        }
    }

    pub(crate) fn meets(self, other: Area) -> bool {
        self.x1 < other.x2 && other.x1 < self.x2 && self.y1 < other.y2 && other.y1 < self.y2
    }

    pub(crate) fn width(self) -> usize {
        usize::try_from(self.x2 - self.x1).unwrap_or(0)
    }

    fn rows(self) -> impl Iterator<Item = usize> {
        (self.y1..self.y2).filter_map(|y| usize::try_from(y).ok())
    }

    fn left(self) -> usize {
        usize::try_from(self.x1).unwrap_or(0)
    }
}

/// The pixels of one object, transparent where it is not.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pixmap: Pixmap,
    area: Area,
}

impl Layer {
    /// An empty layer over a part of the picture.
    pub(crate) fn new(area: Area) -> Option<Self> {
        let width = u32::try_from(area.x2 - area.x1).ok()?;
        let height = u32::try_from(area.y2 - area.y1).ok()?;
        Some(Layer {
            pixmap: Pixmap::new(width, height)?,
            area,
        })
    }

    pub(crate) fn area(&self) -> Area {
        self.area
    }

    fn shift(&self) -> Transform {
        Transform::from_translate(-(self.area.x1 as f32), -(self.area.y1 as f32))
    }

    /// Fills a closed shape.
    pub(crate) fn polygon(&mut self, points: &[Dot], fill: Fill) {
        if let Some(path) = closed(points) {
            self.fill(&path, fill);
        }
    }

    /// Fills an ellipse; `turn` radians clockwise.
    pub(crate) fn ellipse(&mut self, centre: Dot, radii: (f32, f32), turn: f32, fill: Fill) {
        self.polygon(&ring(centre, radii, turn), fill);
    }

    /// Fills a limb: two circles and what lies between them.
    pub(crate) fn limb(&mut self, from: (Dot, f32), to: (Dot, f32), fill: Fill) {
        if let Some(path) = limb(from, to) {
            self.fill(&path, fill);
        }
    }

    /// Draws an open line.
    pub(crate) fn line(&mut self, points: &[Dot], width_px: f32, colour: Tone, alpha: f32) {
        let Some((first, rest)) = points.split_first() else {
            return;
        };
        let mut builder = PathBuilder::new();
        builder.move_to(first.x, first.y);
        for point in rest {
            builder.line_to(point.x, point.y);
        }
        let Some(path) = builder.finish() else { return };
        let stroke = Stroke {
            width: width_px,
            line_cap: LineCap::Round,
            line_join: LineJoin::Round,
            ..Stroke::default()
        };
        let mut paint = Paint::default();
        paint.set_color(colour.paint(alpha));
        let shift = self.shift();
        self.pixmap.stroke_path(&path, &paint, &stroke, shift, None);
    }

    fn fill(&mut self, path: &Path, fill: Fill) {
        let mut paint = Paint::default();
        match fill {
            Fill::Flat(colour) => paint.set_color(colour.paint(1.0)),
            Fill::Glass(colour, alpha) => paint.set_color(colour.paint(alpha)),
            Fill::Shade(from, first, to, second) => {
                let stops = vec![
                    GradientStop::new(0.0, first.paint(1.0)),
                    GradientStop::new(1.0, second.paint(1.0)),
                ];
                let (from, to) = (Point::from_xy(from.x, from.y), Point::from_xy(to.x, to.y));
                match LinearGradient::new(from, to, stops, SpreadMode::Pad, Transform::identity()) {
                    Some(shader) => paint.shader = shader,
                    None => paint.set_color(first.paint(1.0)),
                }
            }
        }
        let shift = self.shift();
        self.pixmap
            .fill_path(path, &paint, FillRule::Winding, shift, None);
    }

    /// Makes edges soft by averaging over `2 * radius + 1` pixels both ways.
    pub(crate) fn blur(&mut self, radius: usize) {
        if radius == 0 {
            return;
        }
        let (width, height) = (self.area.width(), self.area.rows().count());
        let data = self.pixmap.data_mut();
        for y in 0..height {
            blur_line(data, y * width * 4, 4, width, radius);
        }
        for x in 0..width {
            blur_line(data, x * 4, width * 4, height, radius);
        }
    }
}

/// Box filter over the alpha of one row or column of black pixels.
fn blur_line(data: &mut [u8], start: usize, step: usize, n_pixels: usize, radius: usize) {
    let alpha = |idx: usize| start + idx * step + 3;
    let line: Vec<u32> = (0..n_pixels)
        .map(|idx| u32::from(data[alpha(idx)]))
        .collect();
    let window = u32::try_from(2 * radius + 1).unwrap_or(1);
    let mut sum: u32 = line.iter().take(radius).sum();
    for idx in 0..n_pixels {
        sum += line.get(idx + radius).copied().unwrap_or(0);
        data[alpha(idx)] = u8::try_from(sum / window).unwrap_or(u8::MAX);
        if idx >= radius {
            sum -= line[idx - radius];
        }
    }
}

/// The points of an ellipse's edge.
pub(crate) fn ring(centre: Dot, radii: (f32, f32), turn: f32) -> Vec<Dot> {
    let (sin_turn, cos_turn) = turn.sin_cos();
    (0..24_u8)
        .map(|step| {
            let (sin, cos) = (f32::from(step) * std::f32::consts::TAU / 24.0).sin_cos();
            let (x, y) = (cos * radii.0, sin * radii.1);
            dot(
                centre.x + x * cos_turn - y * sin_turn,
                centre.y + x * sin_turn + y * cos_turn,
            )
        })
        .collect()
}

fn closed(points: &[Dot]) -> Option<Path> {
    let (first, rest) = points.split_first()?;
    let mut builder = PathBuilder::new();
    builder.move_to(first.x, first.y);
    for point in rest {
        builder.line_to(point.x, point.y);
    }
    builder.close();
    builder.finish()
}

/// Outline of two circles and their outer tangents.
fn limb(from: (Dot, f32), to: (Dot, f32)) -> Option<Path> {
    let (a, b) = (from.0, to.0);
    let angle = (b.y - a.y).atan2(b.x - a.x);
    let arc = |(centre, radius): (Dot, f32), start: f32| {
        (0..=8_u8).map(move |step| {
            let turn = start + f32::from(step) * std::f32::consts::PI / 8.0;
            dot(
                centre.x + radius * turn.cos(),
                centre.y + radius * turn.sin(),
            )
        })
    };
    let quarter = std::f32::consts::FRAC_PI_2;
    let outline: Vec<Dot> = arc(to, angle - quarter)
        .chain(arc(from, angle + quarter))
        .collect();
    closed(&outline)
}

/// How an object's daylight colours reach the lens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Air {
    /// Light that falls on it, 1 = daylight.
    pub(crate) light: Tone,
    /// Colour of the air between.
    pub(crate) haze: Tone,
    /// Share of the air in the picture, 0..=1.
    pub(crate) haze_share: f32,
    /// Share of the object in the picture, 0..=1: less than 1 for shadows.
    pub(crate) strength: f32,
}

/// The picture being put together.
#[derive(Clone, Debug)]
pub(crate) struct Canvas {
    pub(crate) pixmap: Pixmap,
    /// Which object each pixel shows; 0 where it is nobody's.
    pub(crate) owners: Vec<u32>,
    width: usize,
}

/// What one object covers in one frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cover {
    pub(crate) area: Area,
    /// Pixels the object would own if it were alone.
    pub(crate) n_pixels: u32,
}

impl Canvas {
    /// A canvas showing `pixmap`, owned by nobody.
    pub(crate) fn new(pixmap: Pixmap) -> Self {
        let width = usize::try_from(pixmap.width()).unwrap_or(0);
        let height = usize::try_from(pixmap.height()).unwrap_or(0);
        Canvas {
            pixmap,
            owners: vec![0; width * height],
            width,
        }
    }

    /// Copies `area` from `other`, which has the same size.
    pub(crate) fn restore(&mut self, other: &Canvas, area: Area) {
        for y in area.rows() {
            let start = y * self.width + area.left();
            let end = start + area.width();
            self.pixmap.data_mut()[start * 4..end * 4]
                .copy_from_slice(&other.pixmap.data()[start * 4..end * 4]);
            self.owners[start..end].copy_from_slice(&other.owners[start..end]);
        }
    }

    /// Puts a layer on top. `owner` takes the pixels it covers by half or
    /// more; 0 takes them for nobody; `None` leaves owners as they are.
    pub(crate) fn put(&mut self, layer: &Layer, air: Air, owner: Option<u32>) -> Cover {
        self.put_where(layer, air, owner, layer.area, None)
    }

    /// Puts a layer that `before` already shows on top again, within `clip`:
    /// only where something has been painted over it since.
    pub(crate) fn put_again(
        &mut self,
        layer: &Layer,
        air: Air,
        owner: u32,
        clip: Area,
        before: &Canvas,
    ) {
        self.put_where(layer, air, Some(owner), clip, Some(before));
    }

    fn put_where(
        &mut self,
        layer: &Layer,
        air: Air,
        owner: Option<u32>,
        clip: Area,
        before: Option<&Canvas>,
    ) -> Cover {
        let weight = |light: f32| byte(light * (1.0 - air.haze_share) / LIGHT_MAX);
        let light = [air.light.r, air.light.g, air.light.b].map(|part| u32::from(weight(part)));
        let haze = air.haze.lit(air.haze_share).bytes().map(u32::from);
        let strength = u32::from(byte(air.strength));
        let area = layer.area;
        let skipped = usize::try_from(clip.y1 - area.y1).unwrap_or(0);
        let indent = usize::try_from(clip.x1 - area.x1).unwrap_or(0);
        let mut n_pixels = 0;
        for (row, y) in clip.rows().enumerate() {
            let start = y * self.width + clip.left();
            let end = start + clip.width();
            let first = (row + skipped) * area.width() + indent;
            let source = &layer.pixmap.data()[first * 4..][..clip.width() * 4];
            let target = &mut self.pixmap.data_mut()[start * 4..end * 4];
            let owners = &mut self.owners[start..end];
            let before = before.map(|before| &before.pixmap.data()[start * 4..end * 4]);
            for (idx, ((from, to), holder)) in source
                .chunks_exact(4)
                .zip(target.chunks_exact_mut(4))
                .zip(owners)
                .enumerate()
            {
                let alpha = u32::from(from[3]);
                if alpha == 0 || before.is_some_and(|before| before[idx * 4..idx * 4 + 4] == *to) {
                    continue;
                }
                if alpha >= 128 {
                    n_pixels += 1;
                    if let Some(owner) = owner {
                        *holder = owner;
                    }
                }
                let rest = 255 - alpha * strength / 255;
                for part in 0..3 {
                    let lit = (u32::from(from[part]) * light[part] * LIGHT_STEPS + 127) / 255;
                    let air = haze[part] * alpha / 255;
                    let own = (lit + air) * strength / 255;
                    let below = (u32::from(to[part]) * rest + 127) / 255;
                    to[part] = u8::try_from(own + below).unwrap_or(u8::MAX);
                }
            }
        }
        Cover { area, n_pixels }
    }

    /// Adds light around a point, fading to nothing at `radius_px`.
    pub(crate) fn glow(&mut self, centre: Dot, radius_px: f32, colour: Tone, strength: f32) {
        let stops = vec![
            GradientStop::new(0.0, colour.paint(strength)),
            GradientStop::new(0.35, colour.paint(strength * 0.35)),
            GradientStop::new(1.0, colour.paint(0.0)),
        ];
        let middle = Point::from_xy(centre.x, centre.y);
        let shader = RadialGradient::new(
            middle,
            middle,
            radius_px,
            stops,
            SpreadMode::Pad,
            Transform::identity(),
        );
        let path = closed(&ring(centre, (radius_px, radius_px), 0.0));
        if let (Some(shader), Some(path)) = (shader, path) {
            self.fill(&path, shader);
        }
    }

    /// Adds the same light all over a shape.
    pub(crate) fn add_light(&mut self, shape: &[Dot], colour: Tone, strength: f32) {
        if let Some(path) = closed(shape) {
            self.fill(&path, Shader::SolidColor(colour.paint(strength)));
        }
    }

    /// Draws many short lines at once.
    pub(crate) fn streaks(
        &mut self,
        streaks: &[[Dot; 2]],
        width_px: f32,
        colour: Tone,
        alpha: f32,
    ) {
        let mut builder = PathBuilder::new();
        for [from, to] in streaks {
            builder.move_to(from.x, from.y);
            builder.line_to(to.x, to.y);
        }
        let Some(path) = builder.finish() else { return };
        let mut paint = Paint::default();
        paint.set_color(colour.paint(alpha));
        let stroke = Stroke {
            width: width_px.max(0.5),
            line_cap: LineCap::Round,
            ..Stroke::default()
        };
        self.pixmap
            .stroke_path(&path, &paint, &stroke, Transform::identity(), None);
    }

    fn fill(&mut self, path: &Path, shader: Shader<'_>) {
        let paint = Paint {
            shader,
            blend_mode: BlendMode::Plus,
            ..Paint::default()
        };
        self.pixmap
            .fill_path(path, &paint, FillRule::Winding, Transform::identity(), None);
    }

    /// Whether the pixel at `point` belongs to `owner`.
    pub(crate) fn shows(&self, point: Dot, owner: u32) -> bool {
        let idx = |value: f32| usize::try_from(whole(value.floor())).ok();
        let (Some(x), Some(y)) = (idx(point.x), idx(point.y)) else {
            return false;
        };
        x < self.width && self.owners.get(y * self.width + x) == Some(&owner)
    }

    /// The pixels `owner` has in `area`: how many, and the box around them.
    pub(crate) fn visible(&self, owner: u32, area: Area) -> Option<(u32, Area)> {
        let mut n_pixels = 0;
        let mut found: Option<Area> = None;
        for y in area.rows() {
            let start = y * self.width + area.left();
            let row = &self.owners[start..start + area.width()];
            // Counting alone is what the processor does fastest.
            let n_found = row.iter().filter(|holder| **holder == owner).count();
            n_pixels += u32::try_from(n_found).unwrap_or(u32::MAX);
            if n_found == 0 {
                continue;
            }
            let is_mine = |holder: &u32| *holder == owner;
            let ends = row
                .iter()
                .position(is_mine)
                .zip(row.iter().rposition(is_mine));
            if let Some((first, last)) = ends {
                let left = area.x1 + i32::try_from(first).unwrap_or(0);
                let right = area.x1 + i32::try_from(last).unwrap_or(0) + 1;
                let top = i32::try_from(y).unwrap_or(0);
                let known = found.unwrap_or(Area {
                    x1: left,
                    y1: top,
                    x2: right,
                    y2: top,
                });
                found = Some(Area {
                    x1: known.x1.min(left),
                    y1: known.y1,
                    x2: known.x2.max(right),
                    y2: top + 1,
                });
            }
        }
        found.map(|area| (n_pixels, area))
    }
}

/// Light is kept in steps of 1/255 up to this, so that lamps may brighten.
const LIGHT_MAX: f32 = 2.0;
const LIGHT_STEPS: u32 = 2;
