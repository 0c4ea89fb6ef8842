//! A region of the picture as 224 small numbers.
//!
//! In: planes, scaled down. Out: a [`Look`]: brightness in 8x8 cells, edges in
//! 4x4 cells of eight directions, colours in 4x4 cells.
//!
//! - **Light.** Brightness is told from that of the ring around the region, in
//!   parts of the contrast of both together; edges are shares of all edges;
//!   colours are told from those of the ring. So a gain, an offset and a tint
//!   of the whole picture fall out.
//! - **Shake.** Cells are wide against the shift, and an edge is shared out
//!   between the cells and directions that it lies between.
//! - **Noise.** Samples are means of all pixels they cover; the weakest edges
//!   count nothing, and a region with few edges has small shares.
//!
//! The arithmetic is plain sums in a fixed order: the same planes give the
//! same numbers.

use jpeg::{Plane, Planes};
use types::{Look, NormBox, NormPoint, Polygon};

/// Samples of brightness across and down the region.
const GRID: usize = 32;
/// Cells of brightness, and of edges and colours, across and down.
const LUMA_CELLS: usize = 8;
const CELLS: usize = 4;
const DIRECTIONS: usize = 8;

/// Width of the ring, parts of the region's sides.
const RING: f32 = 0.25;
/// Least contrast by which brightness is divided, grey levels.
const MIN_CONTRAST: f32 = 16.0;
/// Edges below this part of the contrast are taken for noise.
const MIN_EDGE: f32 = 0.03;
/// Sum of edges that a region has at least, parts of the contrast.
const MIN_EDGES: f32 = 12.0;
/// Distance from the ring that is a strong colour, steps of chroma.
const STRONG_CHROMA: f32 = 24.0;

/// A region to be described, made ready.
#[derive(Clone, Debug)]
pub struct Region {
    bounds: NormBox,
    /// Which samples lie inside the polygon, row by row.
    inside: Vec<bool>,
}

impl Region {
    /// Makes `polygon` ready.
    pub fn new(polygon: &Polygon) -> Self {
        let bounds = polygon.bounds();
        let part = |idx: usize| (idx as f32 + 0.5) / GRID as f32;
        let inside = (0..GRID * GRID)
            .map(|idx| {
                polygon.contains(NormPoint {
                    x: bounds.x1() + part(idx % GRID) * bounds.width(),
                    y: bounds.y1() + part(idx / GRID) * bounds.height(),
                })
            })
            .collect();
        Region { bounds, inside }
    }

    /// Box around it.
    pub fn bounds(&self) -> NormBox {
        self.bounds
    }

    /// What it looks like.
    pub fn describe(&self, planes: &Planes) -> Look {
        let around = Around::measure(&planes.y, self.bounds);
        let samples = resample(&planes.y, self.bounds, GRID);
        let mut numbers = Vec::with_capacity(Look::LEN);
        self.luma(&samples, &around, &mut numbers);
        self.edges(&samples, around.contrast, &mut numbers);
        self.chroma(planes, &mut numbers);
        Look::new(&numbers).expect("three parts of fixed lengths")
    }

    fn luma(&self, samples: &[f32], around: &Around, numbers: &mut Vec<i8>) {
        let side = GRID / LUMA_CELLS;
        for cell in 0..LUMA_CELLS * LUMA_CELLS {
            let (left, top) = (cell % LUMA_CELLS * side, cell / LUMA_CELLS * side);
            let mean = self.mean(left, top, side, |idx| samples[idx]);
            let value = mean.map_or(0.0, |mean| (mean - around.level) / around.contrast);
            numbers.push(whole(value * Look::LUMA_ONE));
        }
    }

    fn edges(&self, samples: &[f32], contrast: f32, numbers: &mut Vec<i8>) {
        let mut cells = [0.0_f32; CELLS * CELLS * DIRECTIONS];
        let mut sum = 0.0;
        for y in 1..GRID - 1 {
            for x in 1..GRID - 1 {
                let idx = y * GRID + x;
                if !self.inside[idx] {
                    continue;
                }
                let right = (samples[idx + 1] - samples[idx - 1]) / (2.0 * contrast);
                let down = (samples[idx + GRID] - samples[idx - GRID]) / (2.0 * contrast);
                let strength = (right * right + down * down).sqrt() - MIN_EDGE;
                if strength <= 0.0 {
                    continue;
                }
                sum += strength;
                let direction = direction(right, down);
                for (cell_y, share_y) in between(y) {
                    for (cell_x, share_x) in between(x) {
                        for (bin, share) in direction {
                            let cell = (cell_y * CELLS + cell_x) * DIRECTIONS + bin;
                            cells[cell] += strength * share_x * share_y * share;
                        }
                    }
                }
            }
        }
        let all = sum + MIN_EDGES;
        numbers.extend(cells.map(|cell| whole((cell / all).sqrt() * Look::EDGE_ONE)));
    }

    fn chroma(&self, planes: &Planes, numbers: &mut Vec<i8>) {
        let Some((cb, cr)) = &planes.chroma else {
            numbers.extend([0; Look::N_CHROMA]);
            return;
        };
        for plane in [cb, cr] {
            let samples = resample(plane, self.bounds, GRID);
            let level = Around::measure(plane, self.bounds).level;
            let side = GRID / CELLS;
            for cell in 0..CELLS * CELLS {
                let (left, top) = (cell % CELLS * side, cell / CELLS * side);
                let mean = self.mean(left, top, side, |idx| samples[idx]);
                let value = mean.map_or(0.0, |mean| (mean - level) / STRONG_CHROMA);
                numbers.push(whole(value * Look::CHROMA_ONE));
            }
        }
    }

    /// Mean over the samples of a cell that lie inside; `None` when fewer than
    /// a quarter do.
    fn mean(
        &self,
        left: usize,
        top: usize,
        side: usize,
        sample: impl Fn(usize) -> f32,
    ) -> Option<f32> {
        let (mut sum, mut n) = (0.0, 0_usize);
        for y in top..top + side {
            for x in left..left + side {
                let idx = y * GRID + x;
                if self.inside[idx] {
                    sum += sample(idx);
                    n += 1;
                }
            }
        }
        (n * 4 >= side * side).then(|| sum / n as f32)
    }
}

/// Level and contrast by which a region is told.
#[derive(Clone, Copy, Debug)]
struct Around {
    /// Median of the ring, or of all where the ring is narrow.
    level: f32,
    /// From the level that 5 % stay below to the one that 5 % exceed, of
    /// region and ring.
    contrast: f32,
}

impl Around {
    fn measure(plane: &Plane, bounds: NormBox) -> Self {
        let columns = Span::of(bounds.x1(), bounds.x2(), plane.width_px);
        let rows = Span::of(bounds.y1(), bounds.y2(), plane.height_px);
        let mut all = [0_u32; 256];
        let mut ring = [0_u32; 256];
        for y in rows.outer.clone() {
            let row = plane.row(y);
            let is_ring_row = !rows.inner.contains(&y);
            for x in columns.outer.clone() {
                let value = usize::from(row[x as usize]);
                all[value] += 1;
                if is_ring_row || !columns.inner.contains(&x) {
                    ring[value] += 1;
                }
            }
        }
        let (n_all, n_ring): (u32, u32) = (all.iter().sum(), ring.iter().sum());
        let is_wide = n_ring * 5 >= n_all;
        Around {
            level: quantile(if is_wide { &ring } else { &all }, 0.5),
            contrast: (quantile(&all, 0.95) - quantile(&all, 0.05)).max(MIN_CONTRAST),
        }
    }
}

/// Pixels of a region and of its ring, one way.
struct Span {
    inner: std::ops::Range<u32>,
    outer: std::ops::Range<u32>,
}

impl Span {
    fn of(from: f32, until: f32, n_pixels: u32) -> Self {
        let n = n_pixels as f32;
        let (from, until) = (from * n, until * n);
        let ring = ((until - from) * RING).max(2.0);
        let range = |from: f32, until: f32| {
            let first = pixel(from.floor(), n_pixels.saturating_sub(1));
            first..pixel(until.ceil(), n_pixels).max((first + 1).min(n_pixels))
        };
        Span {
            inner: range(from, until),
            outer: range(from - ring, until + ring),
        }
    }
}

/// The value that `share` of all stay below.
fn quantile(counts: &[u32; 256], share: f32) -> f32 {
    let n_all: u32 = counts.iter().sum();
    let wanted = n_all as f32 * share;
    let mut n_below = 0.0;
    for (value, count) in counts.iter().enumerate() {
        let count = *count as f32;
        if n_below + count >= wanted && count > 0.0 {
            return value as f32 + (wanted - n_below) / count;
        }
        n_below += count;
    }
    0.0
}

/// Means of `n` x `n` samples over `bounds`, row by row. Each is the mean over
/// the area that it covers, or over one pixel's width where that is less.
fn resample(plane: &Plane, bounds: NormBox, n: usize) -> Vec<f32> {
    let columns = taps(bounds.x1(), bounds.x2(), plane.width_px, n);
    let rows = taps(bounds.y1(), bounds.y2(), plane.height_px, n);
    let mut samples = vec![0.0_f32; n * n];
    // Neighbouring rows of samples share pixels: each row is summed once.
    let mut summed: Vec<(u32, Vec<f32>)> = Vec::new();
    for (row, out) in rows.iter().zip(samples.chunks_exact_mut(n)) {
        let last = row.first + u32::try_from(row.weights.len()).unwrap_or(0);
        summed.retain(|(y, _)| (row.first..last).contains(y));
        for (y, weight) in (row.first..).zip(&row.weights) {
            if !summed.iter().any(|(known, _)| *known == y) {
                let pixels = plane.row(y);
                let sums = columns.iter().map(|column| column.sum(pixels)).collect();
                summed.push((y, sums));
            }
            let sums = summed.iter().find(|(known, _)| *known == y);
            let sums = &sums.expect("it was summed just now").1;
            for (sample, sum) in out.iter_mut().zip(sums) {
                *sample += weight * sum;
            }
        }
    }
    samples
}

/// The pixels of a sample, one way, and how much each counts.
struct Taps {
    first: u32,
    /// Together 1.
    weights: Vec<f32>,
}

impl Taps {
    fn sum(&self, pixels: &[u8]) -> f32 {
        let pixels = &pixels[self.first as usize..];
        self.weights
            .iter()
            .zip(pixels)
            .map(|(weight, pixel)| weight * f32::from(*pixel))
            .sum()
    }
}

fn taps(from: f32, until: f32, n_pixels: u32, n: usize) -> Vec<Taps> {
    let full = n_pixels as f32;
    let step = (until - from) * full / n as f32;
    let half = step.max(1.0) / 2.0;
    (0..n)
        .map(|idx| {
            let middle = from * full + (idx as f32 + 0.5) * step;
            let start = (middle - half).clamp(0.0, (full - 1.0).max(0.0));
            let end = (middle + half).clamp(start + 0.5, full.max(start + 0.5));
            let first = pixel(start.floor(), n_pixels.saturating_sub(1));
            let last = pixel(end.ceil(), n_pixels).max(first + 1);
            let cover = |px: u32| (end.min(px as f32 + 1.0) - start.max(px as f32)).max(0.0);
            let mut weights: Vec<f32> = (first..last).map(cover).collect();
            let sum: f32 = weights.iter().sum();
            for weight in &mut weights {
                *weight /= sum.max(f32::MIN_POSITIVE);
            }
            Taps { first, weights }
        })
        .collect()
}

/// The two cells of edges that a sample lies between, and its share in each.
fn between(sample: usize) -> [(usize, f32); 2] {
    let side = (GRID / CELLS) as f32;
    let at = ((sample as f32 + 0.5) / side - 0.5).clamp(0.0, (CELLS - 1) as f32);
    let first = small(at.floor()).min(CELLS - 2);
    let share = at - first as f32;
    [(first, 1.0 - share), (first + 1, share)]
}

/// The two directions that a gradient lies between, and its share in each.
/// Angles are measured along the sides of a square: monotonic, and the same
/// on every machine.
fn direction(right: f32, down: f32) -> [(usize, f32); 2] {
    let part = right / (right.abs() + down.abs()).max(f32::MIN_POSITIVE);
    let turn = if down >= 0.0 { 1.0 - part } else { 3.0 + part };
    let at = turn * DIRECTIONS as f32 / 4.0;
    let first = small(at.floor());
    let share = at - first as f32;
    [
        (first % DIRECTIONS, 1.0 - share),
        ((first + 1) % DIRECTIONS, share),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "at most 8 by construction; what is below 0 becomes 0"
)]
fn small(value: f32) -> usize {
    value as usize
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to 0..=max before"
)]
fn pixel(value: f32, max: u32) -> u32 {
    value.clamp(0.0, max as f32) as u32
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "limited to what the type holds"
)]
fn whole(value: f32) -> i8 {
    value.round().clamp(-127.0, 127.0) as i8
}
