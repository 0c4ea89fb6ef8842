//! Names of colours: thirteen words, each with examples.
//!
//! In: one colour. Out: how well each name fits.
//!
//! The words are the eleven basic ones of English (Berlin and Kay) with
//! beige and turquoise. ONVIF gives colours as numbers only, so
//! [`ColourName::srgb`] says which stand for a name. A colour is judged by
//! its distance from the examples in CIELAB, with lightness counting less:
//! the same cloth is lighter in the sun.
//!
//! Not here: which pixels belong to what (`colours`).

use std::sync::LazyLock;

use super::lab::Lab;

/// A colour that people would call by this word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ColourName {
    /// Near no light.
    Black,
    /// No colour, between black and white.
    Grey,
    /// Bright, without colour; also silver in the sun.
    White,
    /// Also dark red.
    Red,
    /// Between red and yellow.
    Orange,
    /// Dark orange.
    Brown,
    /// Pale orange or yellow, khaki.
    Beige,
    /// Also gold.
    Yellow,
    /// Also olive.
    Green,
    /// Between green and blue.
    Turquoise,
    /// Also navy and denim.
    Blue,
    /// Between blue and red.
    Purple,
    /// Pale red or purple.
    Pink,
}

/// How well each name fits, in the order of [`ColourName::ALL`]; sums to 1.
pub(super) type Fits = [f32; ColourName::ALL.len()];

impl ColourName {
    /// All names.
    pub const ALL: [ColourName; 13] = [
        ColourName::Black,
        ColourName::Grey,
        ColourName::White,
        ColourName::Red,
        ColourName::Orange,
        ColourName::Brown,
        ColourName::Beige,
        ColourName::Yellow,
        ColourName::Green,
        ColourName::Turquoise,
        ColourName::Blue,
        ColourName::Purple,
        ColourName::Pink,
    ];

    /// Lower-case name, as in attributes.
    pub const fn name(self) -> &'static str {
        match self {
            ColourName::Black => "black",
            ColourName::Grey => "grey",
            ColourName::White => "white",
            ColourName::Red => "red",
            ColourName::Orange => "orange",
            ColourName::Brown => "brown",
            ColourName::Beige => "beige",
            ColourName::Yellow => "yellow",
            ColourName::Green => "green",
            ColourName::Turquoise => "turquoise",
            ColourName::Blue => "blue",
            ColourName::Purple => "purple",
            ColourName::Pink => "pink",
        }
    }

    /// The colour with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|colour| colour.name() == name)
    }

    /// A typical colour of this name as sRGB bytes, for those who want
    /// numbers or a swatch.
    pub fn srgb(self) -> [u8; 3] {
        self.examples()[0]
    }

    /// Colours that people call so, the most typical first.
    const fn examples(self) -> &'static [[u8; 3]] {
        match self {
            ColourName::Black => &[[18, 18, 20], [36, 36, 38], [48, 46, 46], [5, 5, 5]],
            ColourName::Grey => &[
                [128, 128, 128],
                [85, 85, 87],
                [105, 106, 110],
                [148, 148, 149],
                [100, 97, 92],
                [140, 137, 131],
                [97, 102, 113],
                [146, 153, 167],
            ],
            ColourName::White => &[
                [245, 245, 245],
                [218, 218, 220],
                [190, 190, 192],
                [230, 226, 220],
                [205, 213, 228],
            ],
            ColourName::Red => &[
                [200, 30, 40],
                [150, 30, 35],
                [105, 22, 28],
                [220, 65, 60],
                [205, 85, 100],
                [70, 20, 28],
            ],
            ColourName::Orange => &[[235, 120, 30], [200, 95, 35], [255, 150, 50]],
            ColourName::Brown => &[
                [105, 68, 42],
                [70, 46, 32],
                [130, 90, 60],
                [135, 74, 28],
                [150, 105, 75],
                [85, 66, 54],
            ],
            ColourName::Beige => &[
                [205, 185, 150],
                [225, 207, 178],
                [170, 150, 120],
                [188, 170, 146],
            ],
            ColourName::Yellow => &[
                [235, 205, 50],
                [200, 170, 40],
                [245, 232, 120],
                [250, 250, 30],
                [222, 198, 120],
                [205, 182, 105],
            ],
            ColourName::Green => &[
                [45, 130, 60],
                [30, 75, 45],
                [95, 150, 65],
                [68, 80, 48],
                [140, 200, 110],
                [90, 120, 90],
                [190, 225, 60],
            ],
            ColourName::Turquoise => &[[40, 160, 160], [100, 200, 195], [22, 100, 105]],
            ColourName::Blue => &[
                [40, 70, 165],
                [30, 45, 92],
                [26, 30, 58],
                [70, 120, 190],
                [115, 160, 215],
                [68, 82, 112],
                [98, 115, 150],
                [160, 190, 228],
            ],
            ColourName::Purple => &[[105, 50, 135], [70, 35, 80], [150, 105, 185], [90, 60, 100]],
            ColourName::Pink => &[
                [235, 130, 170],
                [240, 185, 198],
                [220, 80, 140],
                [200, 140, 150],
            ],
        }
    }
}

/// How much a step of lightness counts beside one of colour.
const LIGHTNESS: f32 = 0.6;
/// Distance over which a name's fit falls.
const SPREAD: f32 = 7.0;

/// How well each name fits `colour`.
pub(super) fn fits(colour: Lab) -> Fits {
    static EXAMPLES: LazyLock<Vec<Vec<Lab>>> = LazyLock::new(|| {
        let labs = |name: ColourName| name.examples().iter().map(|rgb| Lab::from_srgb(*rgb));
        ColourName::ALL.map(|name| labs(name).collect()).to_vec()
    });
    let distances: Fits = std::array::from_fn(|at| {
        let nearest = EXAMPLES[at]
            .iter()
            .map(|example| colour.distance2(*example, LIGHTNESS))
            .fold(f32::INFINITY, f32::min);
        nearest.sqrt()
    });
    let nearest = distances.iter().copied().fold(f32::INFINITY, f32::min);
    let mut fits = distances.map(|distance| (-(distance - nearest) / SPREAD * 2.0).exp());
    let sum: f32 = fits.iter().sum();
    for fit in &mut fits {
        *fit /= sum;
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(rgb: [u8; 3]) -> ColourName {
        let fits = fits(Lab::from_srgb(rgb));
        let best = (0..fits.len()).max_by(|a, b| fits[*a].total_cmp(&fits[*b]));
        ColourName::ALL[best.unwrap()]
    }

    #[test]
    fn colours_have_the_names_people_give_them() {
        for (rgb, name) in [
            ([0, 0, 0], "black"),
            ([255, 255, 255], "white"),
            ([128, 128, 128], "grey"),
            ([255, 0, 0], "red"),
            ([128, 0, 0], "red"),
            ([255, 165, 0], "orange"),
            ([139, 69, 19], "brown"),
            ([245, 222, 179], "beige"),
            ([255, 255, 0], "yellow"),
            ([0, 128, 0], "green"),
            ([0, 255, 0], "green"),
            ([85, 107, 47], "green"),
            ([64, 224, 208], "turquoise"),
            ([0, 0, 255], "blue"),
            ([0, 0, 128], "blue"),
            ([135, 206, 235], "blue"),
            ([128, 0, 128], "purple"),
            ([255, 192, 203], "pink"),
            ([255, 105, 180], "pink"),
        ] {
            assert_eq!(best(rgb).name(), name, "{rgb:?}");
        }
    }

    #[test]
    fn typical_colour_of_a_name_is_called_so_and_names_are_read_back() {
        for name in ColourName::ALL {
            assert_eq!(best(name.srgb()), name);
            assert_eq!(ColourName::from_name(name.name()), Some(name));
        }
        assert_eq!(ColourName::from_name("Red"), None);
    }

    #[test]
    fn colour_between_two_names_is_doubtful() {
        let certain = fits(Lab::from_srgb(ColourName::Red.srgb()));
        assert!(certain[ColourName::Red as usize] > 0.85, "{certain:?}");
        let between = fits(Lab::from_srgb([70, 70, 72]));
        assert!(between[ColourName::Grey as usize] < 0.85, "{between:?}");
    }
}
