//! Where a picture lies in a model's input, and back.
//!
//! In: sizes in pixels. Out: an input size, the part of it that the picture
//! fills, and boxes turned from input pixels to parts of the picture.
//!
//! Not here: moving pixels (`input`).

use types::NormBox;

use super::manifest::{Fit, InputSpec, SIDE_STEP_PX};

/// Width and height of a tensor, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputSize {
    /// Width.
    pub width_px: usize,
    /// Height.
    pub height_px: usize,
}

/// A picture placed in an input, at its top-left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The whole input.
    pub input: InputSize,
    /// The part that the picture fills; the rest is padding.
    pub content: InputSize,
}

impl InputSize {
    /// The size in which `spec` sees a picture of this shape best.
    ///
    /// A fixed input has one size. A dynamic one may have any multiples of
    /// [`SIDE_STEP_PX`] whose product stays within the manifest's pixels;
    /// among those the picture should come out largest, then the input
    /// smallest: 416x256 for 16:9 where the manifest says 416x256.
    pub fn for_picture(spec: &InputSpec, width_px: usize, height_px: usize) -> InputSize {
        let fixed = InputSize {
            width_px: spec.width_px,
            height_px: spec.height_px,
        };
        if !spec.is_dynamic || width_px == 0 || height_px == 0 {
            return fixed;
        }
        let budget_px = spec.width_px * spec.height_px;
        let mut best = (0.0_f64, fixed);
        for height in (SIDE_STEP_PX..=budget_px / SIDE_STEP_PX).step_by(SIDE_STEP_PX) {
            // The widest within the budget, but no wider than the picture needs.
            let widest = budget_px / height / SIDE_STEP_PX * SIDE_STEP_PX;
            let needed = (height * width_px).div_ceil(height_px);
            let width = widest.min(needed.next_multiple_of(SIDE_STEP_PX));
            let scale = (width as f64 / width_px as f64).min(height as f64 / height_px as f64);
            let is_smaller = width * height < best.1.width_px * best.1.height_px;
            if scale > best.0 || (scale >= best.0 && is_smaller) {
                let size = InputSize {
                    width_px: width,
                    height_px: height,
                };
                best = (scale, size);
            }
        }
        best.1
    }
}

impl Placement {
    /// Places a picture of at least 1x1 pixels.
    pub fn new(fit: Fit, input: InputSize, width_px: usize, height_px: usize) -> Placement {
        let content = match fit {
            Fit::Stretch => input,
            Fit::Letterbox => {
                let (width, height) = (width_px as f64, height_px as f64);
                let scale = (input.width_px as f64 / width).min(input.height_px as f64 / height);
                InputSize {
                    width_px: whole_px(width * scale, input.width_px),
                    height_px: whole_px(height * scale, input.height_px),
                }
            }
        };
        Placement { input, content }
    }

    /// Turns corners in input pixels to a box of the whole picture, of which
    /// this input shows `area`. What lies in the padding is cut off.
    pub fn to_picture(&self, xyxy: [f32; 4], area: NormBox) -> NormBox {
        let (width, height) = (self.content.width_px as f32, self.content.height_px as f32);
        let x = |value: f32| area.x1() + (value / width).clamp(0.0, 1.0) * area.width();
        let y = |value: f32| area.y1() + (value / height).clamp(0.0, 1.0) * area.height();
        NormBox::from_xyxy(x(xyxy[0]), y(xyxy[1]), x(xyxy[2]), y(xyxy[3]))
    }
}

/// `value` rounded to 1..=`max`.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 1..=max before"
)]
fn whole_px(value: f64, max: usize) -> usize {
    value.round().clamp(1.0, max as f64) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::manifest::Colour;
    use super::*;

    fn spec(width_px: usize, height_px: usize, is_dynamic: bool) -> InputSpec {
        InputSpec {
            name: "image".to_owned(),
            width_px,
            height_px,
            is_dynamic,
            colour: Colour::Rgb,
            mean: [0.0; 3],
            std: [1.0; 3],
            fit: Fit::Letterbox,
            pad: 114.0,
        }
    }

    #[test]
    fn dynamic_input_takes_the_shape_of_the_picture_within_the_budget() {
        for (budget, picture, expected) in [
            ((416, 256), (480, 270), (416, 256)),
            ((416, 256), (1920, 1080), (416, 256)),
            ((416, 256), (270, 480), (256, 416)),
            ((416, 256), (640, 480), (352, 288)),
            ((416, 256), (384, 384), (320, 320)),
            ((416, 256), (4000, 10), (3328, 32)),
            ((416, 416), (480, 270), (512, 288)),
            ((640, 384), (1920, 1080), (640, 384)),
        ] {
            let size =
                InputSize::for_picture(&spec(budget.0, budget.1, true), picture.0, picture.1);
            assert_eq!(
                (size.width_px, size.height_px),
                expected,
                "budget {budget:?}, picture {picture:?}"
            );
        }
    }

    #[test]
    fn fixed_input_keeps_its_size() {
        let size = InputSize::for_picture(&spec(864, 480, false), 100, 900);
        assert_eq!((size.width_px, size.height_px), (864, 480));
    }

    #[test]
    fn box_in_the_padding_is_cut_off_at_the_picture() {
        let input = InputSize {
            width_px: 416,
            height_px: 256,
        };
        let placement = Placement::new(Fit::Letterbox, input, 480, 270);
        assert_eq!(placement.content.height_px, 234);
        let actual = placement.to_picture([-10.0, 117.0, 208.0, 250.0], NormBox::WHOLE);
        assert_eq!(actual, NormBox::from_xyxy(0.0, 0.5, 0.5, 1.0));
        // A look at a part never tells of what lies outside the part.
        let part = NormBox::from_xyxy(0.25, 0.25, 0.5, 0.5);
        let actual = placement.to_picture([-10.0, -10.0, 500.0, 250.0], part);
        assert_eq!(actual, part);
    }

    proptest! {
        #[test]
        fn box_survives_the_way_into_the_input_and_back(
            (width, height) in (1_usize..5000, 1_usize..5000),
            c in proptest::array::uniform8(0.0_f32..=1.0),
        ) {
            let area = NormBox::from_xyxy(c[0], c[1], c[2], c[3]);
            let inner = NormBox::from_xyxy(c[4], c[5], c[6], c[7]);
            let size = InputSize::for_picture(&spec(416, 256, true), width, height);
            prop_assert!(size.width_px * size.height_px <= 416 * 256);
            let placement = Placement::new(Fit::Letterbox, size, width, height);
            let (w, h) = (placement.content.width_px as f32, placement.content.height_px as f32);
            let in_input = [inner.x1() * w, inner.y1() * h, inner.x2() * w, inner.y2() * h];
            let actual = placement.to_picture(in_input, area);
            let expected = NormBox::from_xyxy(
                area.x1() + inner.x1() * area.width(),
                area.y1() + inner.y1() * area.height(),
                area.x1() + inner.x2() * area.width(),
                area.y1() + inner.y2() * area.height(),
            );
            for (a, e) in [
                (actual.x1(), expected.x1()), (actual.y1(), expected.y1()),
                (actual.x2(), expected.x2()), (actual.y2(), expected.y2()),
            ] {
                prop_assert!((a - e).abs() < 1e-5, "{actual:?} {expected:?}");
            }
        }
    }
}
