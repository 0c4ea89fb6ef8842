//! The plan of the street, and its light.
//!
//! In: a seed and the wanted weather. Out: what lies where, how the camera
//! hangs, and how much light falls on any place.
//!
//! Not here: pixels (`backdrop`), what moves (`script`).

use crate::street::dice::Dice;
use crate::street::paint::{Air, Tone, tone};
use crate::street::view::{Place, View, at};
use crate::street::{Light, StreetOptions};

/// Front of the houses on the camera's side, metres across the street.
pub(crate) const NEAR_WALL_M: f32 = 0.2;
/// Edge of the pavement on the camera's side.
pub(crate) const NEAR_KERB_M: f32 = 5.0;
/// Between the cycle track and the first lane.
pub(crate) const TRACK_EDGE_M: f32 = 6.6;
/// Between the two lanes.
pub(crate) const MIDDLE_M: f32 = 9.9;
/// Between the second lane and the parked cars.
pub(crate) const PARKING_M: f32 = 13.2;
/// Edge of the far pavement.
pub(crate) const FAR_KERB_M: f32 = 15.4;
/// Front of the houses on the far side.
pub(crate) const FAR_WALL_M: f32 = 19.4;
/// The crossing, metres along the street.
pub(crate) const CROSSING_M: (f32, f32) = (15.0, 18.6);
/// Where the street ends in haze.
pub(crate) const END_M: f32 = 170.0;

/// One house of a row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct House {
    pub(crate) from: f32,
    pub(crate) until: f32,
    pub(crate) eaves: f32,
    pub(crate) ridge: f32,
    pub(crate) wall: Tone,
    pub(crate) roof: Tone,
    pub(crate) trim: Tone,
    pub(crate) has_shop: bool,
    pub(crate) is_brick: bool,
    pub(crate) seed: u64,
}

/// Everything about a street that stays.
#[derive(Clone, Debug)]
pub(crate) struct Town {
    pub(crate) seed: u64,
    pub(crate) light: Light,
    pub(crate) is_grey: bool,
    pub(crate) view: View,
    pub(crate) near_houses: Vec<House>,
    pub(crate) far_houses: Vec<House>,
    pub(crate) lamps: Vec<Place>,
}

const WALLS: [Tone; 8] = [
    tone(0.80, 0.74, 0.63),
    tone(0.62, 0.38, 0.30),
    tone(0.86, 0.83, 0.76),
    tone(0.72, 0.58, 0.44),
    tone(0.55, 0.33, 0.27),
    tone(0.78, 0.68, 0.52),
    tone(0.64, 0.66, 0.66),
    tone(0.70, 0.49, 0.40),
];

const ROOFS: [Tone; 4] = [
    tone(0.42, 0.24, 0.20),
    tone(0.30, 0.31, 0.34),
    tone(0.47, 0.30, 0.24),
    tone(0.26, 0.26, 0.28),
];

const TRIMS: [Tone; 6] = [
    tone(0.15, 0.30, 0.28),
    tone(0.45, 0.12, 0.12),
    tone(0.16, 0.22, 0.38),
    tone(0.55, 0.42, 0.15),
    tone(0.20, 0.20, 0.22),
    tone(0.28, 0.38, 0.20),
];

impl Town {
    /// The street of this seed, its camera turned aside by `turn` radians.
    pub(crate) fn new(seed: u64, options: &StreetOptions, turn: f32) -> Self {
        let mut dice = Dice::new(seed, 1, 0);
        let spread = options.view_spread.clamp(0.0, 1.0);
        let mut around = |middle: f32, reach: f32| middle + reach * spread * dice.range(-1.0, 1.0);
        let eye = at(0.0, around(1.6, 0.8), around(3.9, 1.4));
        let yaw = around(27.0, 13.0).to_radians() + turn;
        let pitch = around(13.5, 5.0).to_radians();
        let zoom = around(0.74, 0.20);
        let size_px = (options.width_px, options.height_px);
        Town {
            seed,
            light: options.light,
            is_grey: options.light == Light::Infrared,
            view: View::new(eye, yaw, pitch, zoom, size_px),
            near_houses: houses(seed, 2),
            far_houses: houses(seed, 3),
            lamps: [9.0, 31.0, 53.0, 75.0, 97.0]
                .iter()
                .map(|along| at(*along, FAR_KERB_M + 0.5, 6.4))
                .chain(
                    [-2.0, 20.0, 42.0, 64.0, 86.0]
                        .iter()
                        .map(|along| at(*along, 4.5, 6.4)),
                )
                .collect(),
        }
    }

    /// Light that falls on `place`, 1 = daylight.
    pub(crate) fn light_at(&self, place: Place) -> Tone {
        match self.light {
            Light::Day => tone(1.0, 1.0, 1.0),
            Light::Night => {
                let sum = self
                    .lamps
                    .iter()
                    .map(|lamp| {
                        let away = place - (*lamp - at(0.0, 0.0, 1.0));
                        1.0 / (1.0 + away.dot(away) / 26.0).powi(2)
                    })
                    .sum::<f32>();
                tone(0.24 + 1.45 * sum, 0.25 + 1.22 * sum, 0.29 + 0.84 * sum)
            }
            Light::Infrared => {
                let away = place - self.view.eye;
                let level = 0.07 + 1.25 / (1.0 + away.dot(away) / 260.0);
                tone(level, level, level)
            }
        }
    }

    /// How the colours of something at `place` reach the lens.
    pub(crate) fn air(&self, place: Place) -> Air {
        let distance = self.view.depth(place).max(0.0);
        let reach = match self.light {
            Light::Day => 420.0,
            Light::Night | Light::Infrared => 260.0,
        };
        Air {
            light: self.light_at(place),
            haze: self.haze(),
            haze_share: (1.0 - (-distance / reach).exp()).min(0.9),
            strength: 1.0,
        }
    }

    /// Colour of distant air.
    pub(crate) fn haze(&self) -> Tone {
        match self.light {
            Light::Day => tone(0.78, 0.82, 0.86),
            Light::Night => tone(0.07, 0.075, 0.10),
            Light::Infrared => tone(0.06, 0.06, 0.06),
        }
    }

    /// Where the light comes from: towards the sun, or down from the lamps.
    pub(crate) fn sun(&self) -> Place {
        match self.light {
            Light::Day => at(-0.45, -0.40, 0.80),
            Light::Night => at(-0.1, -0.1, 0.98),
            Light::Infrared => at(-0.75, -0.4, 0.35),
        }
        .normal()
    }
}

fn houses(seed: u64, side: u64) -> Vec<House> {
    let mut houses = Vec::new();
    let mut from = -14.0;
    let mut idx = 0;
    while from < END_M {
        let mut dice = Dice::new(seed, side, idx);
        let until = from + dice.range(7.0, 14.0);
        let n_floors = 2.0 + dice.range(0.0, 2.99).floor();
        let eaves = 0.8 + n_floors * 3.0;
        houses.push(House {
            from,
            until,
            eaves,
            ridge: eaves + dice.range(1.2, 2.6),
            wall: dice.pick(&WALLS).lit(dice.range(0.92, 1.06)),
            roof: dice.pick(&ROOFS),
            trim: dice.pick(&TRIMS),
            has_shop: dice.chance(0.45),
            is_brick: dice.chance(0.5),
            seed: dice.bits(),
        });
        from = until;
        idx += 1;
    }
    houses
}
