//! What the detector saw in one frame, and where it looked for it.
//!
//! In: detections of all looks. Out: for each place whether an object there
//! could have been seen: nothing can be missed where nobody looked.

use types::{Detection, NormBox};

/// Least height of an object in the network's input at which not finding it
/// means something, pixels. Nano-size networks lose half of what is smaller.
const MIN_OBJECT_PX: f32 = 18.0;
/// Part of an object that must lie in a look.
const MIN_SHARE: f32 = 0.8;

/// What was seen in one frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sight {
    /// One per object, of all looks, in parts of the picture.
    pub detections: Vec<Detection>,
    /// Where the detector looked.
    pub looks: Vec<LookedAt>,
}

/// One look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LookedAt {
    /// Part of the picture.
    pub area: NormBox,
    /// Width and height that the whole picture would have at the scale of the
    /// network's input, pixels.
    pub picture_px: (f32, f32),
}

impl Sight {
    /// A look at the whole picture, fine enough for everything.
    pub fn of_everything(detections: Vec<Detection>) -> Self {
        let look = LookedAt {
            area: NormBox::WHOLE,
            picture_px: (f32::INFINITY, f32::INFINITY),
        };
        Sight {
            detections,
            looks: vec![look],
        }
    }

    /// Whether an object in `bbox` should have been found if it is there.
    pub fn can_see(&self, bbox: NormBox) -> bool {
        self.looks.iter().any(|look| look.can_see(bbox))
    }
}

impl LookedAt {
    fn can_see(&self, bbox: NormBox) -> bool {
        let (width_px, height_px) = self.picture_px;
        // As in the region planner, a wide box counts by half its width.
        let side_px = (bbox.height() * height_px).max(bbox.width() * width_px / 2.0);
        let common = bbox.intersection(self.area).map_or(0.0, NormBox::area);
        side_px >= MIN_OBJECT_PX && common >= MIN_SHARE * bbox.area()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 1080p picture at a quarter, and its left half at full size.
    fn sight(area: NormBox, scale: f32) -> Sight {
        Sight {
            detections: Vec::new(),
            looks: vec![LookedAt {
                area,
                picture_px: (1920.0 * scale, 1080.0 * scale),
            }],
        }
    }

    #[test]
    fn object_is_missed_only_where_a_look_was_fine_enough() {
        let left = NormBox::from_xyxy(0.0, 0.0, 0.5, 1.0);
        let person = |x: f32, height: f32| NormBox::from_xyxy(x, 0.4, x + 0.01, 0.4 + height);
        for (name, look, bbox, expected) in [
            (
                "large in a whole look",
                sight(NormBox::WHOLE, 0.25),
                person(0.2, 0.1),
                true,
            ),
            (
                "small in a whole look",
                sight(NormBox::WHOLE, 0.25),
                person(0.2, 0.05),
                false,
            ),
            (
                "small in a closer look",
                sight(left, 1.0),
                person(0.2, 0.05),
                true,
            ),
            (
                "beside a closer look",
                sight(left, 1.0),
                person(0.7, 0.2),
                false,
            ),
            (
                "cut by a closer look",
                sight(left, 1.0),
                person(0.495, 0.2),
                false,
            ),
        ] {
            assert_eq!(look.can_see(bbox), expected, "{name}");
        }
    }
}
