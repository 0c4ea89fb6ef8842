//! An object at a fixed size: its box in the crop as a small grid of colours,
//! with how likely each place is the object and not what lies behind.
//!
//! In: a crop, the box in it, the light. Out: a [`Patch`], whatever the
//! crop's size, so that all further work costs the same.
//!
//! Background is what looks like the surroundings at the same height, left
//! and right of the box: those places count less, never nothing, since people
//! in grey walk before grey walls.
//!
//! Not here: which part of an object is what (`colours`, `classic`).

use jpeg::RgbImage;
use types::NormBox;

use super::lab::{Lab, linear};
use super::light::{Light, quantile};

/// Columns of every patch.
pub(super) const WIDTH: usize = 40;
/// Rows of every patch.
pub(super) const HEIGHT: usize = 96;

/// Smallest box that is looked at, pixels of the crop.
const MIN_SIDE_PX: u32 = 10;
const MIN_LONGER_SIDE_PX: u32 = 20;
/// Columns of the surroundings on each side, in columns of the patch.
const STRIP: usize = 4;
/// Rows that share one view of the surroundings.
const BAND: usize = 12;
/// Distance from the surroundings from which a place is surely the object.
const SURELY_OBJECT: f32 = 16.0;
/// How much a place counts that looks just like its surroundings.
const MIN_WEIGHT: f32 = 0.1;
/// Chroma that nothing in a grey crop exceeds.
const GREY_CHROMA: f32 = 2.0;
/// Lightness that the brightest tenth of a crop must reach to show colours.
const MIN_LIGHT: f32 = 14.0;

/// The object, [`HEIGHT`] rows of [`WIDTH`] columns.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    /// Colours, row by row.
    pub(super) lab: Vec<Lab>,
    /// How likely each place is the object, 0..=1.
    pub(super) weights: Vec<f32>,
    /// Width over height of the box, as seen.
    pub(super) aspect: f32,
    /// Whether colours can be told in it at all.
    pub(super) has_colour: bool,
}

impl Patch {
    /// Cuts `bbox` (parts of the crop) out of `crop`; `None` when it is too
    /// small, or the crop's buffer is shorter than its size says.
    pub(super) fn cut(crop: &RgbImage, bbox: NormBox, light: &Light) -> Option<Patch> {
        let source = Source::new(crop, light)?;
        let (width_px, height_px) = (
            bbox.width() * crop.width_px as f32,
            bbox.height() * crop.height_px as f32,
        );
        let is_large = width_px.min(height_px) >= MIN_SIDE_PX as f32
            && width_px.max(height_px) >= MIN_LONGER_SIDE_PX as f32;
        if !is_large {
            return None;
        }
        let lab = source.grid(bbox, WIDTH);
        let strip = bbox.width() * STRIP as f32 / WIDTH as f32;
        let side = |x: f32, outer: f32| {
            // Where the crop ends at the box, its own edge must do.
            let (from, to) = if outer <= 0.0 || outer >= 1.0 {
                (x, x - (outer - x).signum() * strip)
            } else {
                (x, outer)
            };
            source.grid(
                NormBox::from_xyxy(from.min(to), bbox.y1(), from.max(to), bbox.y2()),
                STRIP,
            )
        };
        let left = side(bbox.x1(), bbox.x1() - 2.0 * strip);
        let right = side(bbox.x2(), bbox.x2() + 2.0 * strip);
        let weights = weights(&lab, &left, &right);
        let mut chroma: Vec<f32> = lab
            .iter()
            .chain(&left)
            .chain(&right)
            .map(|lab| lab.chroma())
            .collect();
        let mut lightness: Vec<f32> = lab.iter().map(|lab| lab.l).collect();
        let has_colour = !light.is_grey
            && quantile(&mut chroma, 0.995) > GREY_CHROMA
            && quantile(&mut lightness, 0.9) > MIN_LIGHT;
        Some(Patch {
            lab,
            weights,
            aspect: width_px / height_px,
            has_colour,
        })
    }

    /// Each place with the middle of its row and column, 0..1, its colour and
    /// weight.
    pub(super) fn places(&self) -> impl Iterator<Item = (f32, f32, Lab, f32)> {
        let all = self.lab.iter().zip(&self.weights).enumerate();
        all.map(|(at, (lab, weight))| {
            let x = ((at % WIDTH) as f32 + 0.5) / WIDTH as f32;
            let y = ((at / WIDTH) as f32 + 0.5) / HEIGHT as f32;
            (x, y, *lab, *weight)
        })
    }
}

/// How unlike the surroundings each place is.
fn weights(lab: &[Lab], left: &[Lab], right: &[Lab]) -> Vec<f32> {
    let bands: Vec<[Lab; 4]> = (0..HEIGHT / BAND)
        .map(|band| {
            let rows = band * BAND * STRIP..(band + 1) * BAND * STRIP;
            let [l, r] = [&left[rows.clone()], &right[rows]].map(|side| {
                let half = side.len() / 2;
                [mean(&side[..half]), mean(&side[half..])]
            });
            [l[0], l[1], r[0], r[1]]
        })
        .collect();
    let weight = |(at, lab): (usize, &Lab)| {
        let band = &bands[(at / WIDTH / BAND).min(bands.len() - 1)];
        let nearest = band
            .iter()
            .map(|around| lab.distance2(*around, 1.0))
            .fold(f32::INFINITY, f32::min);
        (nearest / (SURELY_OBJECT * SURELY_OBJECT)).clamp(MIN_WEIGHT, 1.0)
    };
    lab.iter().enumerate().map(weight).collect()
}

fn mean(colours: &[Lab]) -> Lab {
    let n = colours.len().max(1) as f32;
    let sum = |part: fn(&Lab) -> f32| colours.iter().map(part).sum::<f32>() / n;
    Lab {
        l: sum(|lab| lab.l),
        a: sum(|lab| lab.a),
        b: sum(|lab| lab.b),
    }
}

/// A crop that has as many bytes as it says.
struct Source<'a> {
    crop: &'a RgbImage,
    gains: [f32; 3],
}

impl<'a> Source<'a> {
    fn new(crop: &'a RgbImage, light: &Light) -> Option<Self> {
        let n_pixels = u64::from(crop.width_px) * u64::from(crop.height_px);
        let n_bytes = n_pixels.saturating_mul(3);
        let is_whole = n_bytes > 0 && crop.data.len() as u64 >= n_bytes;
        is_whole.then_some(Source {
            crop,
            gains: light.gains,
        })
    }

    /// Mean colours of `n_columns` by [`HEIGHT`] equal parts of `area`.
    fn grid(&self, area: NormBox, n_columns: usize) -> Vec<Lab> {
        let columns = spans(area.x1(), area.x2(), self.crop.width_px, n_columns);
        let rows = spans(area.y1(), area.y2(), self.crop.height_px, HEIGHT);
        let mut grid = Vec::with_capacity(n_columns * HEIGHT);
        for &(top, bottom) in &rows {
            for &(left, right) in &columns {
                let mut sums = [0.0_f32; 3];
                for y in top..bottom {
                    let from = 3 * (y * self.crop.width_px as usize + left);
                    let bytes = &self.crop.data[from..from + 3 * (right - left)];
                    for rgb in bytes.chunks_exact(3) {
                        for channel in 0..3 {
                            sums[channel] += linear(rgb[channel]);
                        }
                    }
                }
                let n = ((bottom - top) * (right - left)) as f32;
                let rgb = std::array::from_fn(|channel| sums[channel] / n * self.gains[channel]);
                grid.push(Lab::from_linear(rgb));
            }
        }
        grid
    }
}

/// First and end pixel of `n` equal parts of `from..to` (0..=1) of `len_px`;
/// at least one pixel each.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to 0..=len before"
)]
fn spans(from: f32, to: f32, len_px: u32, n: usize) -> Vec<(usize, usize)> {
    let len = len_px as usize;
    let at = |part: usize| {
        let place = from + (to - from) * part as f32 / n as f32;
        (place.clamp(0.0, 1.0) * len_px as f32).round() as usize
    };
    (0..n)
        .map(|part| {
            let first = at(part).min(len - 1);
            (first, at(part + 1).clamp(first + 1, len))
        })
        .collect()
}
