//! What stands in the street: trees, lamps, bins, a bench.
//!
//! In: a place and a seed. Out: strokes on a sketch.
//!
//! Not here: parked cars (`vehicle`), houses (`backdrop`).

use crate::street::dice::Dice;
use crate::street::paint::tone;
use crate::street::sketch::{Sketch, Stand};
use crate::street::view::{Place, at};

/// A thing that people may walk behind.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Prop {
    /// Seed of its leaves, height in metres.
    Tree(u64, f32),
    /// Arm over the road: +1 to the right, -1 to the left.
    Lamp(f32),
    /// A litter bin.
    Bin,
    /// A post at the kerb.
    Bollard,
    /// A travelling bag.
    Bag,
    /// A wooden gate between two posts; whether it is open.
    Gate(bool),
}

impl Prop {
    /// Width and height of a box around it, metres.
    pub(crate) fn size(self) -> (f32, f32) {
        match self {
            Prop::Tree(_, height) => (height * 0.80, height * 1.06),
            Prop::Lamp(_) => (3.6, 6.9),
            Prop::Bin => (0.7, 1.1),
            Prop::Bollard => (0.3, 1.0),
            Prop::Bag => (0.8, 0.8),
            Prop::Gate(_) => (4.4, 2.0),
        }
    }

    /// Width of what meets the ground, metres.
    pub(crate) fn footprint(self) -> f32 {
        match self {
            Prop::Tree(..) => 0.5,
            Prop::Lamp(_) | Prop::Bollard => 0.2,
            Prop::Bin | Prop::Bag => 0.6,
            Prop::Gate(_) => 0.3,
        }
    }

    /// Draws it; `sway` bends treetops, metres.
    pub(crate) fn draw(self, sketch: &mut Sketch<'_>, place: Place, sway: f32) {
        match self {
            Prop::Tree(seed, height) => tree(sketch, place, seed, height, sway),
            Prop::Lamp(arm) => lamp(sketch, place, arm),
            Prop::Bin => {
                let stand = Stand {
                    place,
                    heading: 0.0,
                };
                let slice = |z: f32, reach: f32| (place + at(0.0, 0.0, z), reach, reach);
                sketch.trunk(
                    &stand,
                    &[slice(0.98, 0.24), slice(0.92, 0.28), slice(0.05, 0.23)],
                    tone(0.20, 0.30, 0.24),
                );
                sketch.ball(
                    place + at(0.0, 0.0, 0.96),
                    (0.27, 0.09),
                    tone(0.12, 0.16, 0.14),
                );
            }
            Prop::Bag => bag(sketch, place),
            Prop::Gate(is_open) => gate(sketch, place, is_open),
            Prop::Bollard => {
                sketch.limb(
                    (place, 0.06),
                    (place + at(0.0, 0.0, 0.86), 0.06),
                    tone(0.26, 0.27, 0.28),
                );
                let band = place + at(0.0, 0.0, 0.72);
                sketch.limb(
                    (band, 0.063),
                    (band + at(0.0, 0.0, 0.07), 0.063),
                    tone(0.84, 0.84, 0.80),
                );
            }
        }
    }
}

fn tree(sketch: &mut Sketch<'_>, place: Place, seed: u64, height: f32, sway: f32) {
    let mut dice = Dice::new(seed, 77, 0);
    let bark = tone(0.30, 0.24, 0.19);
    let crown = place + at(0.0, 0.0, height * 0.66);
    let fork = place + at(0.0, 0.0, height * 0.36);
    let bend = at(sway * 0.4, sway * 0.2, 0.0);
    sketch.limb((place, 0.17), (fork, 0.12), bark);
    for _ in 0..6 {
        let tip = crown
            + at(
                dice.range(-1.3, 1.3),
                dice.range(-1.3, 1.3),
                dice.range(-0.6, 0.8),
            )
            + bend;
        sketch.limb((fork, 0.08), (tip, 0.03), bark.lit(0.85));
    }
    let green = dice.pick(&[
        tone(0.24, 0.36, 0.15),
        tone(0.30, 0.40, 0.17),
        tone(0.20, 0.32, 0.17),
    ]);
    let reach = height * 0.29;
    let mut leaves: Vec<(Place, f32, f32)> = (0..460_u16)
        .map(|_| {
            let (turn, lift) = (
                dice.range(0.0, std::f32::consts::TAU),
                dice.range(-1.0, 1.0),
            );
            let out = (1.0 - lift * lift).sqrt() * dice.range(0.55, 1.0);
            let offset = at(
                turn.cos() * out * reach,
                turn.sin() * out * reach,
                lift * reach * 0.95,
            );
            let phase = dice.range(0.6, 1.4) * (0.5 + 0.5 * (lift + 1.0));
            let blow = at(sway * phase, sway * 0.5 * phase, sway.abs() * 0.15 * phase);
            let light = 0.62 + 0.30 * lift + 0.28 * offset.normal().dot(sketch.sun);
            (
                crown + offset + blow,
                dice.range(0.13, 0.36),
                light * dice.range(0.68, 1.22),
            )
        })
        .collect();
    leaves.sort_by(|a, b| sketch.view.depth(b.0).total_cmp(&sketch.view.depth(a.0)));
    for (middle, radius, light) in leaves {
        sketch.ball(middle, (radius, radius * 0.78), green.lit(light.max(0.3)));
    }
}

fn bag(sketch: &mut Sketch<'_>, place: Place) {
    let stand = Stand {
        place,
        heading: 0.5,
    };
    let slice = |z: f32, half: f32| (place + at(0.0, 0.0, z), half * 0.6, half);
    let cloth = tone(0.14, 0.17, 0.30);
    sketch.trunk(&stand, &[slice(0.56, 0.24), slice(0.03, 0.30)], cloth);
    let strap = |z: f32| (stand.at(0.0, -0.28, z), stand.at(0.0, 0.28, z));
    for z in [0.18, 0.40] {
        let (from, to) = strap(z);
        sketch.limb((from, 0.03), (to, 0.03), tone(0.62, 0.50, 0.30));
    }
    let top = place + at(0.0, 0.0, 0.70);
    for side in [-0.14, 0.14] {
        let foot = stand.at(0.0, side, 0.55);
        sketch.limb((foot, 0.02), (top, 0.02), tone(0.10, 0.10, 0.12));
    }
}

/// The leaf hangs on the post that is farther from the houses and opens along
/// the street, away from the camera.
fn gate(sketch: &mut Sketch<'_>, place: Place, is_open: bool) {
    const HALF_M: f32 = 1.0;
    let post = tone(0.30, 0.30, 0.32);
    let wood = tone(0.50, 0.33, 0.19);
    let hinge = place + at(0.0, HALF_M, 0.0);
    let other = place + at(0.0, -HALF_M, 0.0);
    let along = |part: f32, up: f32| {
        let reach = part * 2.0 * HALF_M;
        let (away, across) = if is_open { (reach, 0.0) } else { (0.0, -reach) };
        hinge + at(away, across, up)
    };
    for foot in [hinge, other] {
        sketch.limb((foot, 0.09), (foot + at(0.0, 0.0, 1.75), 0.09), post);
    }
    for board in 0..9_u8 {
        let part = (f32::from(board) + 0.6) / 9.2;
        let shade = if board % 2 == 0 { 1.0 } else { 0.86 };
        sketch.limb(
            (along(part, 0.12), 0.105),
            (along(part, 1.45), 0.105),
            wood.lit(shade),
        );
    }
    for up in [0.35, 1.2] {
        sketch.limb(
            (along(0.02, up), 0.05),
            (along(0.98, up), 0.05),
            wood.lit(0.6),
        );
    }
}

fn lamp(sketch: &mut Sketch<'_>, place: Place, arm: f32) {
    let grey = tone(0.36, 0.38, 0.40);
    let top = place + at(0.0, 0.0, 6.3);
    let end = top + at(0.0, arm * 1.3, 0.25);
    sketch.limb(
        (place, 0.10),
        (place + at(0.0, 0.0, 0.9), 0.09),
        grey.lit(0.8),
    );
    sketch.limb((place, 0.07), (top, 0.045), grey);
    sketch.limb((top, 0.045), (end, 0.035), grey);
    sketch.limb(
        (end, 0.08),
        (end + at(0.0, arm * 0.5, 0.02), 0.07),
        tone(0.62, 0.63, 0.62),
    );
}

/// Where a lamp over `place` shines from.
pub(crate) fn lamp_head(place: Place, arm: f32) -> Place {
    at(place.x, place.y + arm * 1.55, 6.4)
}
