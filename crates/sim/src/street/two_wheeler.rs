//! Cycles and motorcycles; their riders are people (`person`).
//!
//! In: where, which way, how far the wheels have turned. Out: strokes on a
//! sketch, and how the rider sits.
//!
//! Not here: the rider's clothes, where they ride (`script`).

use std::f32::consts::PI;

use types::Class;

use crate::street::dice::Dice;
use crate::street::paint::{Tone, tone};
use crate::street::person::Pose;
use crate::street::sketch::{Sketch, Stand};
use crate::street::view::{Place, at};

/// A cycle or motorcycle.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ride {
    pub(crate) class: Class,
    pub(crate) length: f32,
    pub(crate) height: f32,
    wheel_radius: f32,
    paint: Tone,
}

const PAINTS: [Tone; 5] = [
    tone(0.60, 0.10, 0.12),
    tone(0.12, 0.20, 0.45),
    tone(0.10, 0.10, 0.11),
    tone(0.18, 0.45, 0.38),
    tone(0.78, 0.78, 0.76),
];

const RUBBER: Tone = tone(0.06, 0.06, 0.065);
const METAL: Tone = tone(0.58, 0.59, 0.62);

impl Ride {
    /// A cycle, or a motorcycle.
    pub(crate) fn roll(dice: &mut Dice, class: Class) -> Self {
        let paint = dice.pick(&PAINTS);
        if class == Class::Motorcycle {
            Ride {
                class,
                length: 2.1,
                height: 1.15,
                wheel_radius: 0.31,
                paint,
            }
        } else {
            Ride {
                class,
                length: 1.75,
                height: 1.08,
                wheel_radius: 0.345,
                paint,
            }
        }
    }

    /// How its rider sits after this way, metres.
    pub(crate) fn pose(&self, way: f32) -> Pose {
        if self.class == Class::Motorcycle {
            return Pose::Ride {
                seat: at(-0.28, 0.0, 0.80),
                hands: at(0.42, 0.0, 1.02),
                feet: [at(-0.02, 0.0, 0.36), at(-0.02, 0.0, 0.36)],
                has_helmet: true,
            };
        }
        let pedal = way / (self.wheel_radius * 2.6);
        let foot = |angle: f32| at(0.05 + 0.17 * angle.cos(), 0.0, 0.30 + 0.17 * angle.sin());
        Pose::Ride {
            seat: at(-0.30, 0.0, 0.95),
            hands: at(0.40, 0.0, 1.04),
            feet: [foot(pedal), foot(pedal + PI)],
            has_helmet: false,
        }
    }

    /// Lamps in front and behind.
    pub(crate) fn lamps(&self, stand: &Stand) -> [Place; 2] {
        [
            stand.at(self.length * 0.36, 0.0, 0.85),
            stand.at(-self.length * 0.45, 0.0, 0.65),
        ]
    }

    /// Draws it, without a rider.
    pub(crate) fn draw(&self, sketch: &mut Sketch<'_>, stand: &Stand) {
        if self.class == Class::Motorcycle {
            self.motorcycle(sketch, stand);
        } else {
            self.cycle(sketch, stand);
        }
    }

    fn cycle(&self, sketch: &mut Sketch<'_>, stand: &Stand) {
        let radius = self.wheel_radius;
        let spot = |x: f32, z: f32| stand.at(x, 0.0, z);
        for x in [-0.52, 0.53] {
            let mut rim = Sketch::wheel(stand, (x, 0.0, radius), radius);
            rim.extend(rim.first().copied());
            sketch.rod(&rim, 0.045, RUBBER);
            for spoke in 0..6_u8 {
                let (sin, cos) = (f32::from(spoke) * PI / 6.0).sin_cos();
                let reach = radius * 0.95;
                let ends = [
                    spot(x + cos * reach, radius + sin * reach),
                    spot(x - cos * reach, radius - sin * reach),
                ];
                sketch.mark(&ends, 0.008, METAL, 0.5);
            }
        }
        let (rear, crank, seat) = (spot(-0.52, radius), spot(0.03, 0.30), spot(-0.26, 0.88));
        let (head, front) = (spot(0.36, 0.86), spot(0.53, radius));
        for tube in [
            [rear, crank],
            [rear, seat],
            [seat, crank],
            [seat, head],
            [head, crank],
        ] {
            sketch.rod(&tube, 0.045, self.paint);
        }
        sketch.rod(&[spot(0.33, 1.0), head, front], 0.04, self.paint.lit(0.85));
        sketch.rod(
            &[
                stand.at(0.36, -0.29, 1.03),
                spot(0.36, 1.03),
                stand.at(0.36, 0.29, 1.03),
            ],
            0.04,
            PLASTIC,
        );
        sketch.limb(
            (spot(-0.38, 0.94), 0.055),
            (spot(-0.16, 0.94), 0.03),
            PLASTIC,
        );
        let mut ring = Sketch::wheel(stand, (0.03, 0.02, 0.30), 0.09);
        ring.extend(ring.first().copied());
        sketch.rod(&ring, 0.02, METAL);
        sketch.rod(
            &[
                spot(-0.85, radius + 0.1),
                spot(-0.72, radius + 0.33),
                spot(-0.52, radius + 0.37),
            ],
            0.03,
            PLASTIC,
        );
    }

    fn motorcycle(&self, sketch: &mut Sketch<'_>, stand: &Stand) {
        let radius = self.wheel_radius;
        let spot = |x: f32, z: f32| stand.at(x, 0.0, z);
        for x in [-0.70, 0.72] {
            let mut tyre = Sketch::wheel(stand, (x, 0.0, radius), radius * 0.84);
            tyre.extend(tyre.first().copied());
            sketch.face(
                &Sketch::wheel(stand, (x, 0.0, radius), radius * 0.5),
                tone(0.30, 0.30, 0.32),
            );
            sketch.rod(&tyre, 0.13, RUBBER);
        }
        sketch.rod(&[spot(0.72, radius), spot(0.45, 0.95)], 0.07, METAL);
        sketch.limb(
            (spot(-0.70, radius), 0.05),
            (spot(-0.05, 0.36), 0.07),
            tone(0.25, 0.25, 0.27),
        );
        sketch.limb(
            (spot(-0.10, 0.42), 0.20),
            (spot(0.28, 0.46), 0.17),
            tone(0.20, 0.20, 0.22),
        );
        sketch.limb((spot(-0.85, 0.30), 0.06), (spot(-0.15, 0.26), 0.05), METAL);
        sketch.limb(
            (spot(-0.80, 0.78), 0.09),
            (spot(-0.15, 0.74), 0.10),
            PLASTIC,
        );
        sketch.limb(
            (spot(-0.05, 0.80), 0.17),
            (spot(0.30, 0.88), 0.14),
            self.paint,
        );
        sketch.limb(
            (spot(-0.85, 0.70), 0.06),
            (spot(-0.45, 0.66), 0.10),
            self.paint,
        );
        sketch.limb(
            (spot(0.50, 0.70), 0.05),
            (spot(0.95, 0.66), 0.05),
            self.paint,
        );
        sketch.rod(
            &[
                stand.at(0.36, -0.36, 1.02),
                spot(0.44, 1.0),
                stand.at(0.36, 0.36, 1.02),
            ],
            0.05,
            PLASTIC,
        );
        sketch.ball(spot(0.58, 0.88), (0.12, 0.12), tone(0.92, 0.93, 0.92));
        sketch.ball(spot(-0.92, 0.70), (0.07, 0.05), tone(0.65, 0.06, 0.07));
    }
}

const PLASTIC: Tone = tone(0.10, 0.10, 0.11);
