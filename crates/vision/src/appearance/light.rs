//! The light in which a picture was taken: grey or not, its tint, and how far
//! it stays below white.
//!
//! In: the planes of the whole picture, small as they are decoded anyway.
//! Out: [`Light`], by which crops of that picture are corrected.
//!
//! The tint is the middle chroma of what is nearly grey and neither dark nor
//! burnt: streets, walls and floors mostly are grey. It is a hint: the
//! correction is limited to [`MAX_TINT_GAIN`] per channel.
//!
//! Not here: faults of the picture over time (the motion gate's business).

use jpeg::Planes;

/// How a crop is to be corrected before its colours are named.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Light {
    /// The picture has no colour: infrared light, or a grey camera.
    pub is_grey: bool,
    /// Factors on linear red, green and blue.
    pub(super) gains: [f32; 3],
}

/// Most rows and columns that are looked at.
const MAX_SAMPLES: usize = 64;
/// Chroma this far from the picture's middle one is colour, not noise.
const COLOUR_STEP: f32 = 7.0;
/// Part of the samples that must show colour in a colour picture.
const MIN_COLOUR_SHARE: f32 = 0.004;
/// Chroma up to here, from none, may be the light's doing.
const NEARLY_GREY: f32 = 18.0;
/// Most a channel is raised or lowered for the tint, on sRGB values.
const MAX_TINT_GAIN: f32 = 1.12;
/// The brightest hundredth of a well exposed picture.
const USUAL_WHITE: f32 = 235.0;
/// Most a picture is brightened, on sRGB values.
const MAX_BRIGHTER: f32 = 1.12;
/// From sRGB values to linear light, near enough for a factor.
const GAMMA: f32 = 2.2;

impl Default for Light {
    fn default() -> Self {
        Light {
            is_grey: false,
            gains: [1.0; 3],
        }
    }
}

impl Light {
    /// Judges a picture. Planes without pixels give the default light.
    pub fn of(planes: &Planes) -> Light {
        let samples = samples(planes);
        if samples.is_empty() {
            return Light::default();
        }
        let is_grey = planes.chroma.is_none() || is_grey(&samples);
        let tint = tint(&samples);
        let mut lumas: Vec<f32> = samples.iter().map(|sample| sample[0]).collect();
        let white = quantile(&mut lumas, 0.99);
        let brighter = (USUAL_WHITE / white.max(1.0)).clamp(1.0, MAX_BRIGHTER);
        Light {
            is_grey,
            gains: tint.map(|gain| (gain * brighter).powf(GAMMA)),
        }
    }
}

/// Luma and both chromas at no more than [`MAX_SAMPLES`] squared places.
fn samples(planes: &Planes) -> Vec<[f32; 3]> {
    let luma = &planes.y;
    let (width, height) = (luma.width_px as usize, luma.height_px as usize);
    let mut samples = Vec::new();
    for row in (0..height).step_by(height.div_ceil(MAX_SAMPLES).max(1)) {
        for column in (0..width).step_by(width.div_ceil(MAX_SAMPLES).max(1)) {
            let Some(&y) = luma.data.get(row * luma.stride + column) else {
                continue;
            };
            let chroma_at = |plane: &jpeg::Plane| {
                let x = column * plane.width_px as usize / width;
                let y = row * plane.height_px as usize / height;
                plane.data.get(y * plane.stride + x).copied()
            };
            let chroma = planes.chroma.as_ref();
            let [cb, cr] = chroma.map_or([None; 2], |(cb, cr)| [chroma_at(cb), chroma_at(cr)]);
            let [cb, cr] = [cb, cr].map(|value| f32::from(value.unwrap_or(128)) - 128.0);
            samples.push([f32::from(y), cb, cr]);
        }
    }
    samples
}

/// Whether all chroma is one tint: some night modes are not quite grey.
fn is_grey(samples: &[[f32; 3]]) -> bool {
    let middle = [1, 2].map(|channel| {
        let mut values: Vec<f32> = samples.iter().map(|sample| sample[channel]).collect();
        quantile(&mut values, 0.5)
    });
    let is_colour =
        |sample: &&[f32; 3]| (sample[1] - middle[0]).hypot(sample[2] - middle[1]) > COLOUR_STEP;
    let n_colour = samples.iter().filter(is_colour).count();
    (n_colour as f32) < MIN_COLOUR_SHARE * samples.len() as f32
}

/// Factors on sRGB red, green and blue that make the nearly grey grey.
fn tint(samples: &[[f32; 3]]) -> [f32; 3] {
    let is_telling = |sample: &&[f32; 3]| {
        (50.0..=230.0).contains(&sample[0]) && sample[1].hypot(sample[2]) < NEARLY_GREY
    };
    let telling: Vec<&[f32; 3]> = samples.iter().filter(is_telling).collect();
    if telling.len() * 10 < samples.len() {
        return [1.0; 3];
    }
    let [luma, cb, cr] = [0, 1, 2].map(|channel| {
        let mut values: Vec<f32> = telling.iter().map(|sample| sample[channel]).collect();
        quantile(&mut values, 0.5)
    });
    // BT.601 full range, as JFIF has it.
    let rgb = [
        luma + 1.402 * cr,
        luma - 0.344_136 * cb - 0.714_136 * cr,
        luma + 1.772 * cb,
    ];
    rgb.map(|value| (luma / value.max(1.0)).clamp(1.0 / MAX_TINT_GAIN, MAX_TINT_GAIN))
}

/// The value below which `part` (0..=1) of `values` lie; 0 of none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a part of a length, rounded down"
)]
pub(super) fn quantile(values: &mut [f32], part: f32) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let at = (part.clamp(0.0, 1.0) * (values.len() - 1) as f32) as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

#[cfg(test)]
mod tests {
    use jpeg::Plane;

    use super::*;

    fn plane(side: u32, value: impl Fn(u32) -> u8) -> Plane {
        Plane {
            width_px: side,
            height_px: side,
            stride: side as usize,
            data: (0..side * side).map(value).collect(),
        }
    }

    fn planes(cb: impl Fn(u32) -> u8, cr: impl Fn(u32) -> u8) -> Planes {
        Planes {
            width_px: 32,
            height_px: 32,
            y: plane(32, |at| u8::try_from(60 + at % 100).unwrap()),
            chroma: Some((plane(16, cb), plane(16, cr))),
        }
    }

    #[test]
    fn picture_is_grey_unless_some_of_it_has_colour() {
        assert!(Light::of(&planes(|_| 128, |_| 128)).is_grey);
        assert!(Light::of(&planes(|at| 127 + (at % 2) as u8, |_| 129)).is_grey);
        // A night mode with a tint of its own is grey as well.
        assert!(Light::of(&planes(|_| 140, |_| 120)).is_grey);
        let red_corner = |at: u32| if at < 4 { 180 } else { 128 };
        assert!(!Light::of(&planes(|_| 128, red_corner)).is_grey);
        let grey_camera = Planes {
            chroma: None,
            ..planes(|_| 0, |_| 0)
        };
        assert!(Light::of(&grey_camera).is_grey);
        assert!(!Light::default().is_grey);
    }

    #[test]
    fn warm_light_is_cooled_within_limits() {
        let spots = |at: u32| if at < 8 { 170 } else { 134 };
        let warm = Light::of(&planes(|_| 120, spots));
        assert!(!warm.is_grey);
        let [red, _, blue] = warm.gains;
        assert!(red < blue, "{warm:?}");
        let far = Light::of(&planes(|_| 115, |_| 140));
        assert!(far.gains[2] / far.gains[0] < 1.12_f32.powi(2).powf(2.2) + 1e-3);
    }

    #[test]
    fn picture_without_pixels_changes_nothing() {
        assert_eq!(Light::of(&Planes::default()), Light::default());
    }
}
