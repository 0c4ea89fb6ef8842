//! The camera's sensor: from the painted canvas to the pixels that leave it.
//!
//! In: the canvas, what changed on it, gain and shake. Out: packed RGB with
//! noise that differs from frame to frame and yet repeats for the same seed.
//!
//! Not here: drawing.

use crate::street::dice::{Dice, mix};
use crate::street::paint::{Area, Canvas};

/// How one frame is taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exposure {
    /// Seed of this frame's noise.
    pub(crate) noise_seed: u64,
    /// Brightness, 256 = as painted.
    pub(crate) gain: u32,
    /// Pixels the picture is moved right and down.
    pub(crate) shake: (i32, i32),
}

/// Turns canvases into frames.
#[derive(Debug)]
pub(crate) struct Sensor {
    width: usize,
    height: usize,
    is_grey: bool,
    /// The backdrop as RGB.
    base: Vec<u8>,
    noise: Vec<i8>,
}

/// Bytes of prepared noise; rows start at random places in it.
const N_NOISE: usize = 3 << 16;

impl Sensor {
    /// A sensor for pictures of `backdrop`'s size. `noise` is the standard
    /// deviation in steps of 1/255.
    pub(crate) fn new(backdrop: &Canvas, is_grey: bool, noise: f32, seed: u64) -> Self {
        let width = usize::try_from(backdrop.pixmap.width()).unwrap_or(0);
        let height = usize::try_from(backdrop.pixmap.height()).unwrap_or(0);
        let mut sensor = Sensor {
            width,
            height,
            is_grey,
            base: vec![0; width * height * 3],
            noise: if noise > 0.0 {
                make_noise(seed, noise, is_grey, width * 3)
            } else {
                Vec::new()
            },
        };
        let mut base = std::mem::take(&mut sensor.base);
        let all = Area {
            x1: 0,
            y1: 0,
            x2: backdrop.pixmap.width().cast_signed(),
            y2: backdrop.pixmap.height().cast_signed(),
        };
        sensor.copy(backdrop, all, &mut base);
        sensor.base = base;
        sensor
    }

    /// The light that comes in: backdrop, with `changed` taken from `canvas`.
    pub(crate) fn gather(&self, canvas: &Canvas, changed: &[Area], exposure: Exposure) -> Vec<u8> {
        let mut rgb = self.base.clone();
        for area in changed {
            self.copy(canvas, *area, &mut rgb);
        }
        if exposure.gain != 256 {
            for value in &mut rgb {
                *value = u8::try_from(u32::from(*value) * exposure.gain / 256).unwrap_or(u8::MAX);
            }
        }
        rgb
    }

    /// Makes the frame of it: shaken and noisy.
    pub(crate) fn expose(&self, rgb: &mut Vec<u8>, exposure: Exposure) {
        if self.is_grey {
            make_grey(rgb);
        }
        if exposure.shake != (0, 0) {
            *rgb = self.moved(rgb, exposure.shake);
        }
        if !self.noise.is_empty() {
            self.add_noise(rgb, exposure.noise_seed);
        }
    }

    fn copy(&self, canvas: &Canvas, area: Area, rgb: &mut [u8]) {
        let left = usize::try_from(area.x1).unwrap_or(0);
        for y in (area.y1..area.y2).filter_map(|y| usize::try_from(y).ok()) {
            let start = y * self.width + left;
            let end = start + area.width();
            let source = &canvas.pixmap.data()[start * 4..end * 4];
            let target = &mut rgb[start * 3..end * 3];
            for (from, to) in source.chunks_exact(4).zip(target.chunks_exact_mut(3)) {
                if self.is_grey {
                    // Weights of BT.601 in 1/256.
                    let sum = u32::from(from[0]) * 77
                        + u32::from(from[1]) * 150
                        + u32::from(from[2]) * 29;
                    to.fill(u8::try_from(sum >> 8).unwrap_or(u8::MAX));
                } else {
                    to.copy_from_slice(&from[..3]);
                }
            }
        }
    }

    fn moved(&self, rgb: &[u8], (right, down): (i32, i32)) -> Vec<u8> {
        let mut out = vec![0; rgb.len()];
        let row_len = self.width * 3;
        let clamp = |value: usize, by: i32, count: usize| {
            let value = i32::try_from(value).unwrap_or(0) - by;
            usize::try_from(value.max(0)).unwrap_or(0).min(count - 1)
        };
        for y in 0..self.height {
            let from = clamp(y, down, self.height) * row_len;
            for x in 0..self.width {
                let source = from + clamp(x, right, self.width) * 3;
                let target = y * row_len + x * 3;
                out[target..target + 3].copy_from_slice(&rgb[source..source + 3]);
            }
        }
        out
    }

    fn add_noise(&self, rgb: &mut [u8], seed: u64) {
        let row_len = self.width * 3;
        let n_starts = u64::try_from((self.noise.len() - row_len) / 3).unwrap_or(1);
        for (y, row) in (0_u64..).zip(rgb.chunks_exact_mut(row_len)) {
            let start = usize::try_from(mix(seed ^ (y << 40)) % n_starts).unwrap_or(0) * 3;
            let noise = &self.noise[start..start + row_len];
            for (value, noise) in row.iter_mut().zip(noise) {
                *value = value.saturating_add_signed(*noise);
            }
        }
    }
}

/// What came before the lens has colour; a grey sensor does not see it.
fn make_grey(rgb: &mut [u8]) {
    for pixel in rgb.chunks_exact_mut(3) {
        if pixel[0] != pixel[1] || pixel[1] != pixel[2] {
            let sum =
                u32::from(pixel[0]) * 77 + u32::from(pixel[1]) * 150 + u32::from(pixel[2]) * 29;
            pixel.fill(u8::try_from(sum >> 8).unwrap_or(u8::MAX));
        }
    }
}

/// Noise of bell shape: mostly brightness, a little colour.
fn make_noise(seed: u64, deviation: f32, is_grey: bool, row_len: usize) -> Vec<i8> {
    let mut dice = Dice::new(seed, 500, 0);
    // The sum of four uniform numbers of width 1 has deviation sqrt(1/3).
    let mut bell = |deviation: f32| {
        let sum = dice.unit() + dice.unit() + dice.unit() + dice.unit() - 2.0;
        sum * deviation * 1.732
    };
    let mut noise = Vec::with_capacity(N_NOISE + row_len);
    while noise.len() < N_NOISE + row_len {
        let luma = bell(deviation);
        for _ in 0..3 {
            let chroma = if is_grey { 0.0 } else { bell(deviation * 0.35) };
            #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
            noise.push((luma + chroma).round() as i8);
        }
    }
    noise
}
