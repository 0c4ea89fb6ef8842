//! CIELAB: colours in which equal distances look about equally different.
//!
//! In: sRGB bytes or linear light. Out: [`Lab`] for white D65, by the
//! formulas of IEC 61966-2-1 (sRGB) and CIE 15 (CIELAB).
//!
//! Not here: names (`names`).

use std::sync::LazyLock;

/// One colour.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Lab {
    /// Lightness, 0 (black) to 100 (white).
    pub l: f32,
    /// Green (negative) to red (positive), about -100..=100.
    pub a: f32,
    /// Blue (negative) to yellow (positive), about -110..=100.
    pub b: f32,
}

impl Lab {
    /// The colour of linear red, green and blue, each 0..=1; values beyond
    /// are cut.
    pub(super) fn from_linear(rgb: [f32; 3]) -> Lab {
        let [r, g, b] = rgb.map(|value| value.clamp(0.0, 1.0));
        // sRGB primaries to XYZ, each divided by the white of D65.
        let x = (0.412_456 * r + 0.357_576 * g + 0.180_438 * b) / 0.950_47;
        let y = 0.212_673 * r + 0.715_152 * g + 0.072_175 * b;
        let z = (0.019_334 * r + 0.119_192 * g + 0.950_304 * b) / 1.088_83;
        let [fx, fy, fz] = [x, y, z].map(root);
        Lab {
            l: 116.0 * fy - 16.0,
            a: 500.0 * (fx - fy),
            b: 200.0 * (fy - fz),
        }
    }

    /// The colour of sRGB bytes.
    pub fn from_srgb(rgb: [u8; 3]) -> Lab {
        Lab::from_linear(rgb.map(linear))
    }

    /// Distance from grey, 0 to about 130.
    pub fn chroma(self) -> f32 {
        self.a.hypot(self.b)
    }

    /// Squared distance with lightness counted `lightness` times.
    pub(super) fn distance2(self, other: Lab, lightness: f32) -> f32 {
        let (dl, da, db) = (self.l - other.l, self.a - other.a, self.b - other.b);
        lightness * lightness * dl * dl + da * da + db * db
    }
}

/// Linear light of an sRGB byte, 0..=1.
pub(super) fn linear(byte: u8) -> f32 {
    static TABLE: LazyLock<[f32; 256]> = LazyLock::new(|| {
        std::array::from_fn(|value| {
            let value = value as f32 / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        })
    });
    TABLE[usize::from(byte)]
}

/// Cube root, straight near zero.
fn root(value: f32) -> f32 {
    const KNEE: f32 = 0.008_856;
    if value > KNEE {
        value.cbrt()
    } else {
        7.787 * value + 16.0 / 116.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_of_the_textbook_come_out() {
        // Values of the usual converters, white D65.
        for (rgb, [l, a, b]) in [
            ([255, 255, 255], [100.0, 0.0, 0.0]),
            ([0, 0, 0], [0.0, 0.0, 0.0]),
            ([255, 0, 0], [53.24, 80.09, 67.20]),
            ([0, 255, 0], [87.73, -86.18, 83.18]),
            ([0, 0, 255], [32.30, 79.19, -107.86]),
            ([119, 119, 119], [50.03, 0.0, 0.0]),
        ] {
            let lab = Lab::from_srgb(rgb);
            let expected = Lab { l, a, b };
            assert!(lab.distance2(expected, 1.0) < 0.05, "{rgb:?}: {lab:?}");
        }
    }
}
