//! How large an object must be, or may be, by where it stands.
//!
//! In: one or two reference sizes drawn on the picture. Out: the size asked for
//! at any height of the picture.
//!
//! On flat ground the size of an object in the picture grows linearly with
//! the height at which its foot appears (pinhole camera, level horizon), so
//! two references are enough and lie on a straight line.

use thiserror::Error;
use types::NormBox;

/// The size of an object that stands at one height of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizeReference {
    /// Where its foot is, parts of the picture's height from the top, 0..=1.
    pub y: f32,
    /// Its width there, parts of the picture's width, above 0 to 1.
    pub width: f32,
    /// Its height there, parts of the picture's height, above 0 to 1.
    pub height: f32,
}

/// A size that depends on where the object stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SizeAt {
    first: SizeReference,
    /// Per unit of y: width, height.
    slope: (f32, f32),
    /// Least and most of width and height.
    bounds: ((f32, f32), (f32, f32)),
}

/// Beyond both references the size goes on along their line, but never below
/// this share of the smaller or above so many times the larger.
const BEYOND: (f32, f32) = (0.25, 4.0);
/// Two references closer together than this say nothing about depth.
const MIN_APART: f32 = 0.05;
/// A size that was reached stays reached until it is missed by this share.
const HYSTERESIS: f32 = 0.15;

/// References that make no size.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum InvalidSize {
    /// A number is outside its range.
    #[error("size at y {y}: {width} x {height}: y must be 0 to 1, width and height above 0 to 1")]
    OutOfRange {
        /// As given.
        y: f32,
        /// As given.
        width: f32,
        /// As given.
        height: f32,
    },
    /// Both references are nearly at one height.
    #[error("sizes at y {0} and {1}: draw the second at least 0.05 higher or lower")]
    TooClose(f32, f32),
}

impl SizeAt {
    /// One size for the whole picture.
    ///
    /// # Errors
    /// A number is outside its range.
    pub fn same(reference: SizeReference) -> Result<Self, InvalidSize> {
        reference.check()?;
        let SizeReference { width, height, .. } = reference;
        Ok(SizeAt {
            first: reference,
            slope: (0.0, 0.0),
            bounds: ((width, width), (height, height)),
        })
    }

    /// A size that changes with depth, by two references.
    ///
    /// # Errors
    /// A number is outside its range, or both stand at nearly one height.
    pub fn with_depth(first: SizeReference, second: SizeReference) -> Result<Self, InvalidSize> {
        first.check()?;
        second.check()?;
        let apart = second.y - first.y;
        if apart.abs() < MIN_APART {
            return Err(InvalidSize::TooClose(first.y, second.y));
        }
        let bounds = |a: f32, b: f32| (BEYOND.0 * a.min(b), (BEYOND.1 * a.max(b)).min(1.0));
        Ok(SizeAt {
            first,
            slope: (
                (second.width - first.width) / apart,
                (second.height - first.height) / apart,
            ),
            bounds: (
                bounds(first.width, second.width),
                bounds(first.height, second.height),
            ),
        })
    }

    /// Width and height for an object whose foot is at `y`.
    pub fn at(&self, y: f32) -> (f32, f32) {
        let beyond = y - self.first.y;
        let (width, height) = self.bounds;
        (
            (self.first.width + beyond * self.slope.0).clamp(width.0, width.1),
            (self.first.height + beyond * self.slope.1).clamp(height.0, height.1),
        )
    }
}

impl SizeReference {
    fn check(self) -> Result<(), InvalidSize> {
        let is_size = |value: f32| value > 0.0 && value <= 1.0;
        if (0.0..=1.0).contains(&self.y) && is_size(self.width) && is_size(self.height) {
            return Ok(());
        }
        Err(InvalidSize::OutOfRange {
            y: self.y,
            width: self.width,
            height: self.height,
        })
    }
}

/// Whether an object has been large enough and small enough, with hysteresis.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SizeMark {
    is_fit: bool,
}

impl SizeMark {
    /// Advances to `bbox`; whether its size fits.
    pub(crate) fn update(
        &mut self,
        bbox: NormBox,
        min: Option<&SizeAt>,
        max: Option<&SizeAt>,
    ) -> bool {
        let slack = if self.is_fit { HYSTERESIS } else { 0.0 };
        let is_large = min.is_none_or(|min| {
            let (width, height) = min.at(bbox.y2());
            bbox.width() >= width * (1.0 - slack) && bbox.height() >= height * (1.0 - slack)
        });
        let is_small = max.is_none_or(|max| {
            let (width, height) = max.at(bbox.y2());
            bbox.width() <= width * (1.0 + slack) && bbox.height() <= height * (1.0 + slack)
        });
        self.is_fit = is_large && is_small;
        self.is_fit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reference(y: f32, width: f32, height: f32) -> SizeReference {
        SizeReference { y, width, height }
    }

    #[test]
    fn size_is_interpolated_by_depth_and_bounded_beyond() {
        let size =
            SizeAt::with_depth(reference(0.4, 0.02, 0.1), reference(0.8, 0.06, 0.3)).unwrap();
        for (y, width, height) in [
            (0.4, 0.02, 0.1),
            (0.6, 0.04, 0.2),
            (0.8, 0.06, 0.3),
            (1.0, 0.08, 0.4),
            // Towards and above the horizon: a quarter of the smaller.
            (0.2, 0.005, 0.025),
            (0.0, 0.005, 0.025),
        ] {
            let actual = size.at(y);
            assert!((actual.0 - width).abs() < 1e-5, "{y}: {actual:?}");
            assert!((actual.1 - height).abs() < 1e-5, "{y}: {actual:?}");
        }
    }

    #[test]
    fn references_that_make_no_size_are_refused_with_the_reason() {
        let good = reference(0.5, 0.1, 0.2);
        for (actual, expected) in [
            (
                SizeAt::same(reference(0.5, 0.0, 0.2)),
                "size at y 0.5: 0 x 0.2: y must be 0 to 1, width and height above 0 to 1",
            ),
            (
                SizeAt::with_depth(good, reference(1.5, 0.1, 0.2)),
                "size at y 1.5: 0.1 x 0.2: y must be 0 to 1, width and height above 0 to 1",
            ),
            (
                SizeAt::with_depth(good, reference(0.52, 0.2, 0.4)),
                "sizes at y 0.5 and 0.52: draw the second at least 0.05 higher or lower",
            ),
        ] {
            assert_eq!(actual.unwrap_err().to_string(), expected);
        }
    }

    #[test]
    fn size_once_reached_counts_until_it_is_missed_clearly() {
        let min = SizeAt::same(reference(1.0, 0.1, 0.2)).unwrap();
        let max = SizeAt::same(reference(1.0, 0.2, 0.4)).unwrap();
        let mut mark = SizeMark::default();
        for (scale, expected) in [
            (0.99, false),
            (1.01, true),
            (0.9, true),
            (0.8, false),
            (0.9, false),
            (1.0, true),
            (2.2, true),
            (2.4, false),
            (2.1, false),
            (1.9, true),
        ] {
            let bbox = NormBox::from_xyxy(0.0, 0.0, 0.1 * scale, 0.2 * scale);
            let actual = mark.update(bbox, Some(&min), Some(&max));
            assert_eq!(actual, expected, "{scale}");
        }
    }
}
