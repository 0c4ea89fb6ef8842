//! Pixels to the numbers a model eats: colour conversion, resize, padding and
//! normalisation in one pass.
//!
//! In: YUV planes as the JPEG decoder leaves them, or packed RGB. Out: an f32
//! tensor `[1, 3, height_px, width_px]` and where the picture lies in it.
//!
//! Each output row is made of two source rows (`resample`) and turned into the
//! model's colours and scale (`colour`).
//!
//! Not here: choosing the input size (`placement`), decoding (`decode`).

mod colour;
mod resample;

use jpeg::{Planes, RgbImage};
use thiserror::Error;

use self::colour::Affine;
use self::resample::{Channel, View, view};
use super::manifest::{Colour, InputSpec};
use super::placement::{InputSize, Placement};

/// Makes input tensors, reusing its memory.
#[derive(Debug)]
pub struct InputMaker {
    spec: InputSpec,
    tensor: Vec<f32>,
    luma: Channel,
    chroma: [Channel; 2],
    rgb: Channel,
}

/// A picture that cannot be turned into an input.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InputError {
    /// The picture has no pixels, or its buffer is shorter than its size says.
    #[error(
        "prepare {what} of {width_px}x{height_px} for the detector: {len_bytes} bytes are not enough"
    )]
    ShortPicture {
        /// Which buffer: `luma`, `chroma` or `rgb`.
        what: &'static str,
        /// Width as declared.
        width_px: u32,
        /// Height as declared.
        height_px: u32,
        /// Size of the buffer.
        len_bytes: usize,
    },
    /// Chroma planes of a size that no JPEG subsampling gives.
    #[error(
        "prepare chroma of {chroma:?} for luma of {luma:?}: no subsampling of 1, 2 or 4 gives this"
    )]
    OddChroma {
        /// Width and height of a chroma plane.
        chroma: (u32, u32),
        /// Width and height of the luma plane.
        luma: (u32, u32),
    },
}

impl InputMaker {
    /// Prepares inputs for models that `spec` describes.
    pub fn new(spec: InputSpec) -> InputMaker {
        InputMaker {
            spec,
            tensor: Vec::new(),
            luma: Channel::default(),
            chroma: [Channel::default(), Channel::default()],
            rgb: Channel::default(),
        }
    }

    /// The tensor made last, `[1, 3, height_px, width_px]`.
    pub fn tensor(&self) -> &[f32] {
        &self.tensor
    }

    /// Makes a tensor of a decoded picture.
    ///
    /// # Errors
    /// The planes have no pixels, lack bytes or do not belong together.
    pub fn make_from_planes(&mut self, planes: &Planes) -> Result<Placement, InputError> {
        let luma = &planes.y;
        let luma_view = view("luma", luma)?;
        let placement = self.begin(luma.width_px as usize, luma.height_px as usize);
        let content = placement.content;
        self.luma
            .prepare(luma_view.axes((1, 1), luma_view, content), 1);
        let chroma = match &planes.chroma {
            Some((cb, cr)) => Some([
                self.chroma[0].prepare_chroma(luma, cb, content)?,
                self.chroma[1].prepare_chroma(luma, cr, content)?,
            ]),
            None => None,
        };
        let affine = Affine::new(&self.spec);
        for row in 0..content.height_px {
            self.luma.blend_row(luma_view, row);
            let y = self.luma.spread_row(0);
            let [first, second, third] = plane_rows(&mut self.tensor, placement.input, row);
            let (red, green, blue) = match self.spec.colour {
                Colour::Rgb => (first, second, third),
                Colour::Bgr => (third, second, first),
            };
            if let Some([cb_view, cr_view]) = chroma {
                let [cb_channel, cr_channel] = &mut self.chroma;
                cb_channel.blend_row(cb_view, row);
                cr_channel.blend_row(cr_view, row);
                let cb = cb_channel.spread_row(0);
                let cr = cr_channel.spread_row(0);
                affine.write_colour(y, cb, cr, [red, green, blue]);
            } else {
                for (channel, out) in [red, green, blue].into_iter().enumerate() {
                    affine.write_channel(channel, y, out);
                }
            }
        }
        Ok(placement)
    }

    /// Makes a tensor of a packed RGB picture.
    ///
    /// # Errors
    /// The picture has no pixels or lacks bytes.
    pub fn make_from_rgb(&mut self, image: &RgbImage) -> Result<Placement, InputError> {
        let (width_px, height_px) = (image.width_px as usize, image.height_px as usize);
        if width_px == 0 || height_px == 0 || image.data.len() < 3 * width_px * height_px {
            return Err(InputError::ShortPicture {
                what: "rgb",
                width_px: image.width_px,
                height_px: image.height_px,
                len_bytes: image.data.len(),
            });
        }
        let rgb_view = View {
            data: &image.data,
            stride: 3 * width_px,
            width_px,
            height_px,
        };
        let placement = self.begin(width_px, height_px);
        let content = placement.content;
        self.rgb
            .prepare(rgb_view.axes((1, 1), rgb_view, content), 3);
        let affine = Affine::new(&self.spec);
        for row in 0..content.height_px {
            self.rgb.blend_row(rgb_view, row);
            let [first, second, third] = plane_rows(&mut self.tensor, placement.input, row);
            let outs = match self.spec.colour {
                Colour::Rgb => [first, second, third],
                Colour::Bgr => [third, second, first],
            };
            for (channel, out) in outs.into_iter().enumerate() {
                affine.write_channel(channel, self.rgb.spread_row(channel), out);
            }
        }
        Ok(placement)
    }

    /// Chooses the size, and fills what the picture will not cover.
    fn begin(&mut self, width_px: usize, height_px: usize) -> Placement {
        let input = InputSize::for_picture(&self.spec, width_px, height_px);
        let placement = Placement::new(self.spec.fit, input, width_px, height_px);
        self.tensor
            .resize(3 * input.width_px * input.height_px, 0.0);
        let planes = self
            .tensor
            .chunks_exact_mut(input.width_px * input.height_px);
        for (channel, plane) in planes.enumerate() {
            let pad = (self.spec.pad - self.spec.mean[channel]) / self.spec.std[channel];
            for (row_idx, row) in plane.chunks_exact_mut(input.width_px).enumerate() {
                let covered = if row_idx < placement.content.height_px {
                    placement.content.width_px
                } else {
                    0
                };
                row[covered..].fill(pad);
            }
        }
        placement
    }
}

/// Content part of one row of each tensor plane.
fn plane_rows(tensor: &mut [f32], input: InputSize, row: usize) -> [&mut [f32]; 3] {
    let n_plane = input.width_px * input.height_px;
    let (first, rest) = tensor.split_at_mut(n_plane);
    let (second, third) = rest.split_at_mut(n_plane);
    [first, second, third].map(|plane| &mut plane[row * input.width_px..][..input.width_px])
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "small numbers, known here"
)]
mod tests;
