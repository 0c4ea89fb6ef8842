//! Samples to the colours and the scale that a model eats.
//!
//! Colours are BT.601 full range, as JFIF has them.

use crate::detect::manifest::{Colour, InputSpec};

/// Colour conversion and normalisation: `out = in * gain + bias`.
pub(super) struct Affine {
    /// For red, green, blue.
    gain: [f32; 3],
    bias: [f32; 3],
}

impl Affine {
    pub(super) fn new(spec: &InputSpec) -> Affine {
        let mut gain = spec.std.map(|std| 1.0 / std);
        let mut bias = [0, 1, 2].map(|channel| -spec.mean[channel] / spec.std[channel]);
        if spec.colour == Colour::Bgr {
            gain.reverse();
            bias.reverse();
        }
        Affine { gain, bias }
    }

    /// JFIF 1.02: full-range BT.601 to red, green and blue.
    pub(super) fn write_colour(&self, y: &[f32], cb: &[f32], cr: &[f32], out: [&mut [f32]; 3]) {
        let n = y.len();
        let [red, green, blue] = out;
        let (red, green, blue) = (&mut red[..n], &mut green[..n], &mut blue[..n]);
        let (cb, cr) = (&cb[..n], &cr[..n]);
        for i in 0..n {
            let (y, cb, cr) = (y[i], cb[i] - 128.0, cr[i] - 128.0);
            let r = (y + 1.402 * cr).clamp(0.0, 255.0);
            let g = (y - 0.344_136 * cb - 0.714_136 * cr).clamp(0.0, 255.0);
            let b = (y + 1.772 * cb).clamp(0.0, 255.0);
            red[i] = r * self.gain[0] + self.bias[0];
            green[i] = g * self.gain[1] + self.bias[1];
            blue[i] = b * self.gain[2] + self.bias[2];
        }
    }

    /// Values of one channel (0 red, 1 green, 2 blue) as they are.
    pub(super) fn write_channel(&self, channel: usize, values: &[f32], out: &mut [f32]) {
        let (gain, bias) = (self.gain[channel], self.bias[channel]);
        for (out, value) in out.iter_mut().zip(values) {
            *out = value * gain + bias;
        }
    }
}
