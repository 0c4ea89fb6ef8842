//! How well a picture shows an object, as five published parts and a total.
//!
//! In: the decoded planes and the object's box and score. Out: parts of
//! 0..=1, higher is better:
//!
//! | part | 0 | 1 | weight |
//! |---|---|---|---|
//! | size | nothing | longer side of 320 camera pixels | 0.30 |
//! | sharpness | flat | mean luma step of 12 between neighbours | 0.25 |
//! | whole | touches the picture's border | 2 % of the picture away from it | 0.20 |
//! | confidence | score 0 | score 1 | 0.15 |
//! | exposure | black, white or without middle tones | all middle tones | 0.10 |
//!
//! The total is the weighed sum; a damaged frame counts four fifths, and an
//! object of less than 96 camera pixels on its longer side counts in proportion:
//! nobody recognises what is that small, however sharp.
//!
//! All is estimated on the small planes that exist anyway, so that judging
//! costs no decoding. Sharpness at that scale is coarse: it tells motion blur
//! of many pixels from none, not a good lens from a better one.
//!
//! Not here: which moment wins (`mod`).

use types::{NormBox, ShotQuality};

use crate::decode::Image;

const SIZE_WEIGHT: f32 = 0.30;
const SHARPNESS_WEIGHT: f32 = 0.25;
const WHOLE_WEIGHT: f32 = 0.20;
const CONFIDENCE_WEIGHT: f32 = 0.15;
const EXPOSURE_WEIGHT: f32 = 0.10;
const DAMAGED_FACTOR: f32 = 0.8;
/// A longer side from which a person can be told from another, pixels.
const RECOGNISABLE_PX: f32 = 96.0;

/// A longer side from which more pixels bring nothing: crops are cut to about
/// twice this.
const FULL_SIZE_PX: f32 = 320.0;
/// Mean luma step between neighbours, of a well focused person at a quarter of
/// 1080p.
const FULL_STEP: f32 = 12.0;
/// Distance to the picture's border from which an object counts as whole.
const FULL_DISTANCE: f32 = 0.02;
/// Luma within which details can be seen.
const MIDDLE_TONES: std::ops::RangeInclusive<u8> = 30..=225;
/// Most samples per row and column that are looked at.
const MAX_SAMPLES: usize = 64;

/// Judges the object in `bbox` with detector score `score`.
pub(super) fn judge(image: &Image, bbox: NormBox, score: f32) -> ShotQuality {
    let rect = image.full_rect(bbox);
    let longer_px = u16::try_from(rect.width.max(rect.height)).unwrap_or(u16::MAX);
    let luma = sample_luma(image, bbox);
    let to_border = bbox
        .x1()
        .min(bbox.y1())
        .min(1.0 - bbox.x2())
        .min(1.0 - bbox.y2());
    let mut quality = ShotQuality {
        size: (f32::from(longer_px) / FULL_SIZE_PX).min(1.0),
        sharpness: (luma.mean_step / FULL_STEP).min(1.0),
        whole: (to_border / FULL_DISTANCE).clamp(0.0, 1.0),
        confidence: score.clamp(0.0, 1.0),
        exposure: luma.middle_share,
        total: 0.0,
    };
    let total = SIZE_WEIGHT * quality.size
        + SHARPNESS_WEIGHT * quality.sharpness
        + WHOLE_WEIGHT * quality.whole
        + CONFIDENCE_WEIGHT * quality.confidence
        + EXPOSURE_WEIGHT * quality.exposure;
    let damage = if image.is_damaged {
        DAMAGED_FACTOR
    } else {
        1.0
    };
    let recognisable = (f32::from(longer_px) / RECOGNISABLE_PX).min(1.0);
    quality.total = total * damage * recognisable;
    quality
}

#[derive(Clone, Copy, Debug, Default)]
struct Luma {
    mean_step: f32,
    middle_share: f32,
}

/// Looks at no more than [`MAX_SAMPLES`] rows and columns of the box.
fn sample_luma(image: &Image, bbox: NormBox) -> Luma {
    let plane = &image.planes.y;
    let rect = image.full_rect(bbox);
    let divisor = image.scale.divisor();
    let range = |start: u32, len: u32, end_px: u32| {
        let first = start / divisor;
        let end = (start + len).div_ceil(divisor).min(end_px);
        (first as usize, end as usize)
    };
    let (x1, x2) = range(rect.x, rect.width, plane.width_px);
    let (y1, y2) = range(rect.y, rect.height, plane.height_px);
    let x_stride = x2.saturating_sub(x1).div_ceil(MAX_SAMPLES).max(1);
    let y_stride = y2.saturating_sub(y1).div_ceil(MAX_SAMPLES).max(1);
    let at = |x: usize, y: usize| plane.data[y * plane.stride + x];
    let (mut n_samples, mut n_middle, mut steps) = (0_u32, 0_u32, 0_u32);
    // The last row and column have no neighbour to step to.
    for y in (y1..y2.saturating_sub(1)).step_by(y_stride) {
        for x in (x1..x2.saturating_sub(1)).step_by(x_stride) {
            let here = at(x, y);
            let across = here.abs_diff(at(x + 1, y));
            let down = here.abs_diff(at(x, y + 1));
            steps += u32::from(across.max(down));
            n_middle += u32::from(MIDDLE_TONES.contains(&here));
            n_samples += 1;
        }
    }
    if n_samples == 0 {
        return Luma::default();
    }
    let mean = |sum: u32| sum as f32 / n_samples as f32;
    Luma {
        mean_step: mean(steps),
        middle_share: mean(n_middle),
    }
}

#[cfg(test)]
mod tests {
    use jpeg::{Plane, Planes, Scale};

    use super::*;

    /// A picture of 1920x1080 at a quarter, its luma by `value(x, y)`.
    fn image(value: impl Fn(u16, u16) -> u8) -> Image {
        let rows = (0..270).flat_map(|y| (0..480).map(move |x| (x, y)));
        let y = Plane {
            width_px: 480,
            height_px: 270,
            stride: 480,
            data: rows.map(|(x, y)| value(x, y)).collect(),
        };
        Image {
            full_width_px: 1920,
            full_height_px: 1080,
            planes: Planes {
                width_px: 480,
                height_px: 270,
                y,
                chroma: None,
            },
            scale: Scale::Quarter,
            is_damaged: false,
        }
    }

    fn stripes(x: u16, _y: u16) -> u8 {
        if x % 4 < 2 { 80 } else { 130 }
    }

    const MIDDLE: (f32, f32, f32, f32) = (0.4, 0.3, 0.5, 0.7);

    fn at((x1, y1, x2, y2): (f32, f32, f32, f32)) -> NormBox {
        NormBox::from_xyxy(x1, y1, x2, y2)
    }

    #[test]
    fn good_shot_has_full_marks_in_every_part() {
        let quality = judge(&image(stripes), at(MIDDLE), 1.0);
        for part in [
            quality.size,
            quality.sharpness,
            quality.whole,
            quality.confidence,
            quality.exposure,
            quality.total,
        ] {
            assert!((part - 1.0).abs() < 1e-4, "{quality:?}");
        }
    }

    #[test]
    fn each_fault_lowers_its_own_part_and_the_total() {
        let good = judge(&image(stripes), at(MIDDLE), 1.0);
        let small = judge(&image(stripes), at((0.4, 0.3, 0.42, 0.4)), 1.0);
        let blurred = judge(&image(|x, _| 80 + (x % 50) as u8), at(MIDDLE), 1.0);
        let cut = judge(&image(stripes), at((0.0, 0.3, 0.1, 0.7)), 1.0);
        let unsure = judge(&image(stripes), at(MIDDLE), 0.4);
        let dark = judge(&image(|x, y| stripes(x, y) / 5), at(MIDDLE), 1.0);
        let parts = |q: ShotQuality| [q.size, q.sharpness, q.whole, q.confidence, q.exposure];
        for (fault, quality) in [small, blurred, cut, unsure].into_iter().enumerate() {
            for (part, (is, was)) in parts(quality).into_iter().zip(parts(good)).enumerate() {
                let is_lower = is < was - 0.1;
                assert_eq!(is_lower, part == fault, "fault {fault} part {part}: {is}");
            }
            assert!(quality.total < good.total);
        }
        // Dark pictures have less contrast too.
        assert!(dark.exposure < 0.1 && dark.total < good.total);
    }

    #[test]
    fn damaged_frame_is_worth_less() {
        let mut damaged = image(stripes);
        damaged.is_damaged = true;
        let quality = judge(&damaged, at(MIDDLE), 1.0);
        assert!((quality.total - 0.8).abs() < 1e-4);
    }

    #[test]
    fn box_without_area_or_planes_is_judged_without_harm() {
        let nothing = judge(&Image::default(), at(MIDDLE), 0.5);
        assert!(nothing.total.is_finite());
        let corner = judge(&image(stripes), at((1.0, 1.0, 1.0, 1.0)), 0.5);
        assert!(corner.total < 0.2, "{corner:?}");
    }
}
