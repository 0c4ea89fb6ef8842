//! One plane, or packed samples, at another size.
//!
//! In: rows of 8-bit samples. Out: one row after the other at output width.
//!
//! Each output row is blended of two source rows, first down the picture, then
//! across. Two taps suffice because the decoder has already shrunk the
//! picture; below half size they alias. Chroma samples lie in the middle of
//! the luma samples they serve.

use jpeg::Plane;

use super::InputError;
use crate::detect::placement::InputSize;

/// Rows of 8-bit samples.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) data: &'a [u8],
    pub(super) stride: usize,
    pub(super) width_px: usize,
    pub(super) height_px: usize,
}

/// All of a plane, or that it lacks pixels or bytes.
pub(super) fn view<'a>(what: &'static str, plane: &'a Plane) -> Result<View<'a>, InputError> {
    let (width_px, height_px) = (plane.width_px as usize, plane.height_px as usize);
    let is_empty = width_px == 0 || height_px == 0 || plane.stride < width_px;
    if is_empty || plane.data.len() < plane.stride * (height_px - 1) + width_px {
        return Err(InputError::ShortPicture {
            what,
            width_px: plane.width_px,
            height_px: plane.height_px,
            len_bytes: plane.data.len(),
        });
    }
    Ok(View {
        data: &plane.data,
        stride: plane.stride,
        width_px,
        height_px,
    })
}

impl View<'_> {
    /// What the two axes of this view are to become; `luma` is the picture
    /// that its samples serve, `factors` of luma samples to one of them.
    pub(super) fn axes(
        &self,
        factors: (usize, usize),
        luma: View<'_>,
        content: InputSize,
    ) -> [AxisShape; 2] {
        [
            AxisShape {
                n_samples: self.width_px,
                factor: factors.0,
                n_luma: luma.width_px,
                n_outputs: content.width_px,
            },
            AxisShape {
                n_samples: self.height_px,
                factor: factors.1,
                n_luma: luma.height_px,
                n_outputs: content.height_px,
            },
        ]
    }
}

/// One axis of a resize.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct AxisShape {
    n_samples: usize,
    /// Luma samples to one of ours: 1, 2 or 4.
    factor: usize,
    n_luma: usize,
    n_outputs: usize,
}

/// Where an output sample lies between two source samples.
#[derive(Clone, Copy, Debug)]
struct Tap {
    /// The nearer to the start of the two.
    sample: u32,
    /// Part of the following sample, 0..=1.
    weight: f32,
}

/// A resize of one plane (or of packed samples), remembered between frames.
#[derive(Debug, Default)]
pub(super) struct Channel {
    shape: [AxisShape; 2],
    n_packed: usize,
    across: Vec<Tap>,
    down: Vec<Tap>,
    /// A row of source width, blended from two rows; its last sample stands
    /// twice, so that every tap has a successor.
    blended: Vec<f32>,
    /// That row at output width.
    spread: Vec<f32>,
}

impl Channel {
    /// Makes the tables, unless the last picture had the same shape.
    pub(super) fn prepare(&mut self, shape: [AxisShape; 2], n_packed: usize) {
        if self.shape == shape && self.n_packed == n_packed {
            return;
        }
        self.shape = shape;
        self.n_packed = n_packed;
        self.across = taps(shape[0]);
        self.down = taps(shape[1]);
        self.blended = vec![0.0; (shape[0].n_samples + 1) * n_packed];
        self.spread = vec![0.0; shape[0].n_outputs];
    }

    pub(super) fn prepare_chroma<'a>(
        &mut self,
        luma: &Plane,
        chroma: &'a Plane,
        content: InputSize,
    ) -> Result<View<'a>, InputError> {
        let factor = |luma: u32, chroma: u32| {
            [1, 2, 4]
                .into_iter()
                .find(|factor| luma.div_ceil(*factor) == chroma)
        };
        let across = factor(luma.width_px, chroma.width_px);
        let down = factor(luma.height_px, chroma.height_px);
        let (Some(across), Some(down)) = (across, down) else {
            return Err(InputError::OddChroma {
                chroma: (chroma.width_px, chroma.height_px),
                luma: (luma.width_px, luma.height_px),
            });
        };
        let chroma_view = view("chroma", chroma)?;
        let factors = (across as usize, down as usize);
        let axes = chroma_view.axes(factors, view("luma", luma)?, content);
        self.prepare(axes, 1);
        Ok(chroma_view)
    }

    /// Blends the two source rows that output row `row` lies between.
    pub(super) fn blend_row(&mut self, view: View<'_>, row: usize) {
        let tap = self.down[row];
        let n = view.width_px * self.n_packed;
        let upper_row = tap.sample as usize;
        let lower_row = (upper_row + 1).min(view.height_px - 1);
        let upper = &view.data[upper_row * view.stride..][..n];
        let lower = &view.data[lower_row * view.stride..][..n];
        let blended = &mut self.blended[..n];
        for ((out, &a), &b) in blended.iter_mut().zip(upper).zip(lower) {
            let (a, b) = (f32::from(a), f32::from(b));
            *out = a + (b - a) * tap.weight;
        }
        let last = n - self.n_packed;
        self.blended.copy_within(last..n, n);
    }

    /// The blended row at output width, of one of the packed channels.
    pub(super) fn spread_row(&mut self, channel: usize) -> &[f32] {
        let step = self.n_packed;
        for (out, tap) in self.spread.iter_mut().zip(&self.across) {
            let first = tap.sample as usize * step + channel;
            let (a, b) = (self.blended[first], self.blended[first + step]);
            *out = a + (b - a) * tap.weight;
        }
        &self.spread
    }
}

/// Taps of one axis: output and source share their outer edges, samples lie
/// in the middle of their cells.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positions are clamped to the samples, JPEG sides fit 16 bits"
)]
fn taps(axis: AxisShape) -> Vec<Tap> {
    let step = axis.n_luma as f64 / axis.n_outputs as f64;
    (0..axis.n_outputs)
        .map(|output| {
            let on_luma = (output as f64 + 0.5) * step;
            let position = on_luma / axis.factor as f64 - 0.5;
            let position = position.clamp(0.0, (axis.n_samples - 1) as f64);
            Tap {
                sample: position as u32,
                weight: position.fract() as f32,
            }
        })
        .collect()
}
