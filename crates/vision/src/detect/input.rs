//! Pixels to the numbers a model eats: colour conversion, resize, padding and
//! normalisation in one pass.
//!
//! In: YUV planes as the JPEG decoder leaves them, or packed RGB. Out: an f32
//! tensor `[1, 3, height_px, width_px]` and where the picture lies in it.
//!
//! Each output row is made of two source rows, first blended down the
//! picture, then across. Two taps suffice because the decoder has already
//! shrunk the picture; below half size they alias. Colours are BT.601 full
//! range, as JFIF has them; chroma samples lie in the middle of the luma
//! samples they serve.
//!
//! Not here: choosing the input size (`placement`), decoding (`decode`).

use jpeg::{Plane, Planes, RgbImage};
use thiserror::Error;

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

/// Rows of 8-bit samples.
#[derive(Clone, Copy)]
struct View<'a> {
    data: &'a [u8],
    stride: usize,
    width_px: usize,
    height_px: usize,
}

fn view<'a>(what: &'static str, plane: &'a Plane) -> Result<View<'a>, InputError> {
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
    fn axes(&self, factors: (usize, usize), luma: View<'_>, content: InputSize) -> [AxisShape; 2] {
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
struct AxisShape {
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
struct Channel {
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
    fn prepare(&mut self, shape: [AxisShape; 2], n_packed: usize) {
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

    fn prepare_chroma<'a>(
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
    fn blend_row(&mut self, view: View<'_>, row: usize) {
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
    fn spread_row(&mut self, channel: usize) -> &[f32] {
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

/// Content part of one row of each tensor plane.
fn plane_rows(tensor: &mut [f32], input: InputSize, row: usize) -> [&mut [f32]; 3] {
    let n_plane = input.width_px * input.height_px;
    let (first, rest) = tensor.split_at_mut(n_plane);
    let (second, third) = rest.split_at_mut(n_plane);
    [first, second, third].map(|plane| &mut plane[row * input.width_px..][..input.width_px])
}

/// Colour conversion and normalisation: `out = in * gain + bias`.
struct Affine {
    /// For red, green, blue.
    gain: [f32; 3],
    bias: [f32; 3],
}

impl Affine {
    fn new(spec: &InputSpec) -> Affine {
        let mut gain = spec.std.map(|std| 1.0 / std);
        let mut bias = [0, 1, 2].map(|channel| -spec.mean[channel] / spec.std[channel]);
        if spec.colour == Colour::Bgr {
            gain.reverse();
            bias.reverse();
        }
        Affine { gain, bias }
    }

    /// JFIF 1.02: full-range BT.601 to red, green and blue.
    fn write_colour(&self, y: &[f32], cb: &[f32], cr: &[f32], out: [&mut [f32]; 3]) {
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

    fn write_channel(&self, channel: usize, values: &[f32], out: &mut [f32]) {
        let (gain, bias) = (self.gain[channel], self.bias[channel]);
        for (out, value) in out.iter_mut().zip(values) {
            *out = value * gain + bias;
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::float_cmp,
    reason = "small numbers, known here"
)]
mod tests {
    use super::super::manifest::Fit;
    use super::*;

    fn spec(colour: Colour, fit: Fit) -> InputSpec {
        InputSpec {
            name: "image".to_owned(),
            width_px: 64,
            height_px: 32,
            is_dynamic: false,
            colour,
            mean: [10.0, 20.0, 30.0],
            std: [2.0, 4.0, 8.0],
            fit,
            pad: 114.0,
        }
    }

    fn plane(width_px: u32, height_px: u32, salt: u32) -> Plane {
        // One byte of stride padding that must never be read as a sample.
        let stride = width_px as usize + 1;
        let value = |i: usize| ((i as u32 * 37 + salt * 91) % 251) as u8;
        Plane {
            width_px,
            height_px,
            stride,
            data: (0..stride * height_px as usize).map(value).collect(),
        }
    }

    fn planes(size: (u32, u32), factors: Option<(u32, u32)>) -> Planes {
        let (width_px, height_px) = size;
        Planes {
            width_px,
            height_px,
            y: plane(width_px, height_px, 1),
            chroma: factors.map(|(fx, fy)| {
                let (w, h) = (width_px.div_ceil(fx), height_px.div_ceil(fy));
                (plane(w, h, 2), plane(w, h, 3))
            }),
        }
    }

    /// A sample at a place given in luma samples, slowly.
    fn sample(plane: &Plane, factors: (f64, f64), x: f64, y: f64) -> f64 {
        let at = |x: usize, y: usize| f64::from(plane.data[y * plane.stride + x]);
        let (w, h) = (plane.width_px as usize, plane.height_px as usize);
        let x = (x / factors.0 - 0.5).clamp(0.0, (w - 1) as f64);
        let y = (y / factors.1 - 0.5).clamp(0.0, (h - 1) as f64);
        let (x0, y0) = (x.floor() as usize, y.floor() as usize);
        let (x1, y1) = ((x0 + 1).min(w - 1), (y0 + 1).min(h - 1));
        let (fx, fy) = (x.fract(), y.fract());
        let top = at(x0, y0) * (1.0 - fx) + at(x1, y0) * fx;
        let bottom = at(x0, y1) * (1.0 - fx) + at(x1, y1) * fx;
        top * (1.0 - fy) + bottom * fy
    }

    /// The whole tensor, pixel by pixel.
    fn slow_tensor(spec: &InputSpec, planes: &Planes, factors: (f64, f64)) -> Vec<f32> {
        let input =
            InputSize::for_picture(spec, planes.width_px as usize, planes.height_px as usize);
        let (w, h) = (f64::from(planes.width_px), f64::from(planes.height_px));
        let content = Placement::new(spec.fit, input, w as usize, h as usize).content;
        let mut tensor = Vec::new();
        for channel in 0..3 {
            for row in 0..input.height_px {
                for column in 0..input.width_px {
                    let mut value = f64::from(spec.pad);
                    if row < content.height_px && column < content.width_px {
                        let x = (column as f64 + 0.5) * w / content.width_px as f64;
                        let y = (row as f64 + 0.5) * h / content.height_px as f64;
                        let luma = sample(&planes.y, (1.0, 1.0), x, y);
                        let [cb, cr] = match &planes.chroma {
                            Some((cb, cr)) => {
                                [cb, cr].map(|plane| sample(plane, factors, x, y) - 128.0)
                            }
                            None => [0.0, 0.0],
                        };
                        let rgb = [
                            luma + 1.402 * cr,
                            luma - 0.344_136 * cb - 0.714_136 * cr,
                            luma + 1.772 * cb,
                        ];
                        let source = match spec.colour {
                            Colour::Rgb => channel,
                            Colour::Bgr => 2 - channel,
                        };
                        value = rgb[source].clamp(0.0, 255.0);
                    }
                    let (mean, std) = (spec.mean[channel], spec.std[channel]);
                    tensor.push(((value - f64::from(mean)) / f64::from(std)) as f32);
                }
            }
        }
        tensor
    }

    #[track_caller]
    fn assert_close(actual: &[f32], expected: &[f32]) {
        assert_eq!(actual.len(), expected.len());
        for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
            assert!((a - e).abs() < 2e-3, "value {i}: {a}, expected {e}");
        }
    }

    #[test]
    fn planes_of_every_subsampling_match_the_slow_reference() {
        for factors in [
            None,
            Some((1, 1)),
            Some((2, 1)),
            Some((2, 2)),
            Some((1, 2)),
            Some((4, 1)),
        ] {
            for size in [(80, 45), (37, 51), (5, 3), (64, 32), (1, 1)] {
                for fit in [Fit::Letterbox, Fit::Stretch] {
                    for colour in [Colour::Rgb, Colour::Bgr] {
                        let spec = spec(colour, fit);
                        let planes = planes(size, factors);
                        let mut maker = InputMaker::new(spec.clone());
                        maker.make_from_planes(&planes).unwrap();
                        let found = factors.map_or((1, 1), |(fx, fy)| {
                            // A side of one sample looks the same at any factor.
                            (
                                if size.0 == 1 { 1 } else { fx },
                                if size.1 == 1 { 1 } else { fy },
                            )
                        });
                        let factors = (f64::from(found.0), f64::from(found.1));
                        assert_close(maker.tensor(), &slow_tensor(&spec, &planes, factors));
                    }
                }
            }
        }
    }

    #[test]
    fn packed_rgb_matches_planes_of_the_same_gray_picture() {
        let spec = spec(Colour::Bgr, Fit::Letterbox);
        let planes = planes((37, 51), None);
        let mut image = RgbImage::new(37, 51);
        for y in 0..51 {
            for x in 0..37 {
                let value = planes.y.row(y)[x as usize];
                let start = 3 * (y as usize * 37 + x as usize);
                image.data[start..start + 3].fill(value);
            }
        }
        let mut maker = InputMaker::new(spec.clone());
        maker.make_from_rgb(&image).unwrap();
        assert_close(maker.tensor(), &slow_tensor(&spec, &planes, (1.0, 1.0)));
    }

    #[test]
    fn packed_rgb_goes_to_the_channels_in_manifest_order() {
        let mut image = RgbImage::new(2, 1);
        image.data = vec![10, 20, 30, 10, 20, 30];
        for (colour, expected) in [
            (Colour::Rgb, [0.0, 0.0, 0.0]),
            (Colour::Bgr, [10.0, 0.0, -2.5]),
        ] {
            let mut maker = InputMaker::new(spec(colour, Fit::Stretch));
            maker.make_from_rgb(&image).unwrap();
            let first_of_each = [0, 64 * 32, 2 * 64 * 32].map(|i| maker.tensor()[i]);
            assert_eq!(first_of_each, expected);
        }
    }

    #[test]
    fn maker_forgets_the_shape_of_the_last_picture() {
        let spec = spec(Colour::Rgb, Fit::Letterbox);
        let mut maker = InputMaker::new(spec.clone());
        for size in [(80, 45), (10, 90), (80, 45)] {
            let planes = planes(size, Some((2, 2)));
            maker.make_from_planes(&planes).unwrap();
            assert_close(maker.tensor(), &slow_tensor(&spec, &planes, (2.0, 2.0)));
        }
    }

    #[test]
    fn picture_without_enough_bytes_is_refused() {
        let mut maker = InputMaker::new(spec(Colour::Rgb, Fit::Letterbox));
        let mut short = planes((8, 8), Some((2, 2)));
        short.y.data.truncate(9);
        assert_eq!(
            maker.make_from_planes(&short).unwrap_err().to_string(),
            "prepare luma of 8x8 for the detector: 9 bytes are not enough"
        );
        let mut odd = planes((8, 8), Some((2, 2)));
        odd.chroma = odd.chroma.map(|(cb, _)| (cb, plane(3, 4, 0)));
        assert_eq!(
            maker.make_from_planes(&odd).unwrap_err().to_string(),
            "prepare chroma of (3, 4) for luma of (8, 8): no subsampling of 1, 2 or 4 gives this"
        );
        let empty = maker.make_from_rgb(&RgbImage::default()).unwrap_err();
        assert_eq!(
            empty.to_string(),
            "prepare rgb of 0x0 for the detector: 0 bytes are not enough"
        );
    }
}
