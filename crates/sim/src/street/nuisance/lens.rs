//! What happens between scene and sensor: clouds before the sun, webs and
//! hands before the lens, a lens out of focus.
//!
//! In: packed RGB without noise, the time. Out: the same, changed.
//!
//! Not here: what is in the scene (`weather`), shake and noise (`sensor`).

use std::time::Duration;

use jpeg::RgbImage;

use crate::street::StreetOptions;
use crate::street::dice::smooth;
use crate::street::nuisance::{Incident, Nuisance, Staged};
use crate::street::paint::{byte, n_pixels};

/// Changes the picture as light, lens and what is before it want.
pub(crate) fn apply(image: &mut RgbImage, seed: u64, options: &StreetOptions, time: Duration) {
    let is_now = |incident| Staged::is_now(options.incident, incident, time);
    if options.nuisances.has(Nuisance::CloudShadow) {
        cloud(image, seed, time);
    }
    if is_now(Incident::Darken) {
        for value in &mut image.data {
            *value /= 16;
        }
    }
    if is_now(Incident::Defocus) {
        let radius = n_pixels(options.width_px as f32 / 90.0).max(2);
        for _ in 0..2 {
            blur(image, radius);
        }
    }
    if is_now(Incident::Dazzle) {
        for value in &mut image.data {
            *value = 244 + *value / 24;
        }
    }
    if is_now(Incident::Cover) {
        cover(image, seed);
    }
}

/// Share of its light that the deepest shadow of a cloud takes.
const CLOUD_DEPTH: f32 = 0.45;
/// Pictures' widths a cloud travels in a second.
const CLOUD_SPEED: f32 = 0.06;

/// Soft shadows, wider than half of the picture, travel over it.
fn cloud(image: &mut RgbImage, seed: u64, time: Duration) {
    let way = time.as_secs_f32() * CLOUD_SPEED;
    let unit = image.width_px as f32;
    // Light changes slowly over the picture: one value for some pixels.
    let cell_px = (image.width_px / 320).max(2);
    shade(image, cell_px, |x, y| {
        let bump = smooth(seed ^ 0xC10D, x / unit * 1.1 - way, y / unit * 1.1);
        let depth = ((bump - 0.45) / 0.2).clamp(0.0, 1.0);
        1.0 - CLOUD_DEPTH * depth * depth * (3.0 - 2.0 * depth)
    });
}

/// Multiplies the light of each cell by what `factor` says for its corner.
fn shade(image: &mut RgbImage, cell_px: u32, factor: impl Fn(f32, f32) -> f32) {
    let row_len = usize::try_from(image.width_px).unwrap_or(0) * 3;
    let cell_len = usize::try_from(cell_px).unwrap_or(1);
    let mut factors = Vec::new();
    for (y, row) in (0_u32..).zip(image.data.chunks_exact_mut(row_len.max(3))) {
        if y % cell_px == 0 {
            factors.clear();
            factors.extend(
                (0..image.width_px.div_ceil(cell_px))
                    .map(|cell| u32::from(byte(factor((cell * cell_px) as f32, y as f32)))),
            );
        }
        for (cell, factor) in row.chunks_mut(cell_len * 3).zip(&factors) {
            for value in cell {
                *value = u8::try_from(u32::from(*value) * factor / 255).unwrap_or(u8::MAX);
            }
        }
    }
}

/// A hand or cloth close to the lens: dim, without any sharp edge.
fn cover(image: &mut RgbImage, seed: u64) {
    let (width, height) = (image.width_px as f32, image.height_px as f32);
    let row_len = usize::try_from(image.width_px).unwrap_or(0) * 3;
    for (y, row) in (0_u16..).zip(image.data.chunks_exact_mut(row_len.max(3))) {
        for (x, pixel) in (0_u16..).zip(row.chunks_exact_mut(3)) {
            let cloth = smooth(
                seed ^ 0xC0,
                f32::from(x) / width * 2.0,
                f32::from(y) / height * 2.0,
            );
            let level = 0.14 + 0.10 * cloth;
            pixel.copy_from_slice(&[byte(level * 1.25), byte(level), byte(level * 0.9)]);
        }
    }
}

/// Averages over `2 * radius + 1` pixels both ways.
fn blur(image: &mut RgbImage, radius: usize) {
    let width = usize::try_from(image.width_px).unwrap_or(0);
    let height = usize::try_from(image.height_px).unwrap_or(0);
    let mut line = Vec::new();
    for y in 0..height {
        for part in 0..3 {
            let at = |x: usize| (y * width + x) * 3 + part;
            blur_line(&mut image.data, &mut line, width, radius, at);
        }
    }
    for x in 0..width {
        for part in 0..3 {
            let at = |y: usize| (y * width + x) * 3 + part;
            blur_line(&mut image.data, &mut line, height, radius, at);
        }
    }
}

/// Box filter over one line; the ends go on beyond the edge.
fn blur_line(
    data: &mut [u8],
    line: &mut Vec<u32>,
    n: usize,
    radius: usize,
    at: impl Fn(usize) -> usize,
) {
    line.clear();
    line.extend((0..n).map(|idx| u32::from(data[at(idx)])));
    let window = u32::try_from(2 * radius + 1).unwrap_or(1);
    let (first, last) = (line[0], line[n - 1]);
    let get = |idx: usize| line.get(idx).copied().unwrap_or(last);
    let mut sum = first * u32::try_from(radius).unwrap_or(0);
    sum += (0..radius).map(get).sum::<u32>();
    for idx in 0..n {
        sum += get(idx + radius);
        data[at(idx)] = u8::try_from(sum / window).unwrap_or(u8::MAX);
        sum -= if idx >= radius {
            line[idx - radius]
        } else {
            first
        };
    }
}
