//! People: a skeleton that walks, stands or rides, and what it wears.
//!
//! In: where, which way, how far through a step. Out: strokes on a sketch.
//!
//! Not here: where people go (`script`).

use std::f32::consts::PI;

use crate::street::dice::Dice;
use crate::street::paint::{Tone, tone};
use crate::street::sketch::{Sketch, Stand};
use crate::street::view::{Place, at};

/// What a person looks like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Looks {
    /// Metres.
    pub(crate) height: f32,
    skin: Tone,
    hair: Tone,
    top: Tone,
    legs: Tone,
    shoes: Tone,
    bag: Option<Tone>,
    girth: f32,
    has_bare_arms: bool,
    has_coat: bool,
    has_skirt: bool,
    has_long_hair: bool,
    has_hat: bool,
}

/// What a person does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pose {
    /// Walks; radians through the double step.
    Walk(f32),
    /// Rides: seat and hand heights above ground, how far hands are ahead,
    /// pedals' angle.
    Ride {
        seat: Place,
        hands: Place,
        feet: [Place; 2],
        has_helmet: bool,
    },
}

const SKINS: [Tone; 5] = [
    tone(0.86, 0.68, 0.58),
    tone(0.78, 0.58, 0.46),
    tone(0.60, 0.42, 0.31),
    tone(0.42, 0.28, 0.20),
    tone(0.90, 0.74, 0.64),
];
const HAIRS: [Tone; 5] = [
    tone(0.12, 0.09, 0.07),
    tone(0.26, 0.17, 0.10),
    tone(0.48, 0.34, 0.18),
    tone(0.60, 0.58, 0.55),
    tone(0.08, 0.07, 0.07),
];
const TOPS: [Tone; 14] = [
    tone(0.66, 0.13, 0.14),
    tone(0.14, 0.22, 0.44),
    tone(0.13, 0.13, 0.15),
    tone(0.86, 0.85, 0.82),
    tone(0.30, 0.42, 0.28),
    tone(0.82, 0.64, 0.18),
    tone(0.48, 0.50, 0.53),
    tone(0.30, 0.20, 0.15),
    tone(0.25, 0.50, 0.64),
    tone(0.75, 0.42, 0.48),
    tone(0.62, 0.54, 0.42),
    tone(0.40, 0.20, 0.42),
    tone(0.88, 0.44, 0.16),
    tone(0.20, 0.28, 0.30),
];
const LEGS: [Tone; 7] = [
    tone(0.15, 0.19, 0.30),
    tone(0.11, 0.11, 0.13),
    tone(0.26, 0.33, 0.46),
    tone(0.42, 0.37, 0.29),
    tone(0.30, 0.30, 0.32),
    tone(0.55, 0.50, 0.42),
    tone(0.20, 0.16, 0.14),
];
const SHOES: [Tone; 4] = [
    tone(0.08, 0.08, 0.08),
    tone(0.25, 0.16, 0.10),
    tone(0.80, 0.80, 0.78),
    tone(0.18, 0.18, 0.22),
];
const BAGS: [Tone; 4] = [
    tone(0.15, 0.15, 0.17),
    tone(0.45, 0.26, 0.14),
    tone(0.20, 0.30, 0.42),
    tone(0.55, 0.14, 0.14),
];

impl Looks {
    /// Somebody.
    pub(crate) fn roll(dice: &mut Dice) -> Self {
        let has_coat = dice.chance(0.35);
        Looks {
            height: dice.range(1.56, 1.90),
            skin: dice.pick(&SKINS),
            hair: dice.pick(&HAIRS),
            top: dice.pick(&TOPS).lit(dice.range(0.9, 1.1)),
            legs: dice.pick(&LEGS).lit(dice.range(0.9, 1.1)),
            shoes: dice.pick(&SHOES),
            bag: dice.chance(0.4).then(|| dice.pick(&BAGS)),
            girth: dice.range(0.92, 1.16),
            has_bare_arms: !has_coat && dice.chance(0.4),
            has_coat,
            has_skirt: !has_coat && dice.chance(0.15),
            has_long_hair: dice.chance(0.4),
            has_hat: dice.chance(0.15),
        }
    }
}

/// The joints of one figure.
struct Joints {
    hips: Place,
    shoulders: Place,
    head: Place,
    /// Hip, knee, ankle, toe; left and right.
    legs: [[Place; 4]; 2],
    /// Shoulder, elbow, hand; left and right.
    arms: [[Place; 3]; 2],
}

/// Draws a person.
pub(crate) fn draw(sketch: &mut Sketch<'_>, stand: &Stand, looks: &Looks, pose: Pose) {
    let joints = match pose {
        Pose::Walk(phase) => walking(stand, looks.height, phase),
        Pose::Ride {
            seat, hands, feet, ..
        } => riding(stand, looks.height, seat, hands, feet),
    };
    let is_right_near =
        sketch.view.depth(stand.at(0.0, 1.0, 0.0)) < sketch.view.depth(stand.at(0.0, -1.0, 0.0));
    let (far, near) = if is_right_near { (0, 1) } else { (1, 0) };
    let faces_here = stand.forward().dot(sketch.view.forward) < 0.1;
    arm(sketch, looks, &joints.arms[far], 0.85);
    if let (Some(bag), true) = (looks.bag, faces_here) {
        backpack(sketch, stand, looks, &joints, bag);
    }
    leg(sketch, looks, &joints.legs[far], 0.82);
    leg(sketch, looks, &joints.legs[near], 1.0);
    torso(sketch, stand, looks, &joints);
    if let (Some(bag), false) = (looks.bag, faces_here) {
        backpack(sketch, stand, looks, &joints, bag);
    }
    let has_helmet = matches!(
        pose,
        Pose::Ride {
            has_helmet: true,
            ..
        }
    );
    head(sketch, stand, looks, &joints, has_helmet);
    arm(sketch, looks, &joints.arms[near], 1.0);
}

fn walking(stand: &Stand, height: f32, phase: f32) -> Joints {
    let forward = stand.forward();
    let reach = |angle: f32, length: f32| {
        forward * (angle.sin() * length) + at(0.0, 0.0, -angle.cos() * length)
    };
    let bone = 0.243 * height;
    let mut legs = [[Place::default(); 4]; 2];
    for (side, leg) in [-1.0_f32, 1.0].into_iter().zip(&mut legs) {
        let phase = if side < 0.0 { phase } else { phase + PI };
        let thigh = 0.40 * phase.sin() + 0.06;
        let flex = 0.08 + 0.80 * phase.cos().max(0.0).powi(2);
        let hip = stand.at(0.0, side * 0.075 * height, 0.0);
        let knee = hip + reach(thigh, bone);
        let ankle = knee + reach(thigh - flex, bone);
        let toe = ankle
            + forward * (0.105 * height)
            + at(0.0, 0.0, -0.022 * height - 0.03 * flex * height);
        *leg = [hip, knee, ankle, toe];
    }
    // The lower foot stands on the ground; that makes the walk bob.
    let lowest = legs[0][2].z.min(legs[1][2].z);
    let lift = at(0.0, 0.0, 0.045 * height - lowest);
    for joint in legs.as_flattened_mut() {
        *joint = *joint + lift;
    }
    let hips = at(stand.place.x, stand.place.y, legs[0][0].z);
    let shoulders = hips + forward * (0.025 * height) + at(0.0, 0.0, 0.295 * height);
    let mut arms = [[Place::default(); 3]; 2];
    for (side, arm) in [-1.0_f32, 1.0].into_iter().zip(&mut arms) {
        let phase = if side < 0.0 { phase + PI } else { phase };
        let swing = 0.42 * phase.sin();
        let shoulder =
            shoulders + stand.side() * (side * 0.104 * height) - at(0.0, 0.0, 0.028 * height);
        let elbow =
            shoulder + reach(swing - 0.05, 0.178 * height) + stand.side() * (side * 0.02 * height);
        let hand = elbow + reach(swing + 0.28 + 0.18 * phase.sin(), 0.172 * height);
        *arm = [shoulder, elbow, hand];
    }
    Joints {
        hips,
        shoulders,
        head: shoulders + forward * (0.018 * height) + at(0.0, 0.0, 0.112 * height),
        legs,
        arms,
    }
}

fn riding(stand: &Stand, height: f32, seat: Place, hands: Place, feet: [Place; 2]) -> Joints {
    let forward = stand.forward();
    let hips = stand.at(seat.x, 0.0, seat.z + 0.03);
    let hands = stand.at(hands.x, 0.0, hands.z);
    let lean = (hands - hips).normal() + at(0.0, 0.0, 1.1);
    let shoulders = hips + lean.normal() * (0.29 * height);
    let mut legs = [[Place::default(); 4]; 2];
    let mut arms = [[Place::default(); 3]; 2];
    for (idx, side) in [-1.0_f32, 1.0].into_iter().enumerate() {
        let apart = stand.side() * (side * 0.08 * height);
        let hip = hips + apart;
        let ankle = stand.at(feet[idx].x, side * 0.13, feet[idx].z + 0.06);
        let knee = bend(hip, ankle, 0.245 * height, forward + at(0.0, 0.0, 0.6));
        legs[idx] = [
            hip,
            knee,
            ankle,
            ankle + forward * 0.17 + at(0.0, 0.0, -0.03),
        ];
        let shoulder =
            shoulders + stand.side() * (side * 0.104 * height) - at(0.0, 0.0, 0.02 * height);
        let hand = hands + stand.side() * (side * 0.27);
        let elbow = bend(
            shoulder,
            hand,
            0.178 * height,
            stand.side() * side - at(0.0, 0.0, 1.0),
        );
        arms[idx] = [shoulder, elbow, hand];
    }
    Joints {
        hips,
        shoulders,
        head: shoulders + forward * (0.04 * height) + at(0.0, 0.0, 0.110 * height),
        legs,
        arms,
    }
}

/// The middle joint of two equal bones between two places.
fn bend(from: Place, to: Place, bone: f32, towards: Place) -> Place {
    let span = to - from;
    let half = span.dot(span).sqrt() / 2.0;
    let out = (bone * bone - half * half).max(0.0).sqrt();
    let axis = span.normal();
    let away = (towards - axis * towards.dot(axis)).normal();
    from + span * 0.5 + away * out
}

fn leg(sketch: &mut Sketch<'_>, looks: &Looks, joints: &[Place; 4], light: f32) {
    let [hip, knee, ankle, toe] = *joints;
    let (h, g) = (looks.height, looks.girth);
    let is_bare = looks.has_skirt;
    let colour = if is_bare { looks.skin } else { looks.legs }.lit(light);
    sketch.limb((ankle, 0.026 * h), (toe, 0.020 * h), looks.shoes.lit(light));
    sketch.limb((knee, 0.043 * h * g), (ankle, 0.031 * h), colour);
    sketch.limb((hip, 0.062 * h * g), (knee, 0.046 * h * g), colour);
}

fn arm(sketch: &mut Sketch<'_>, looks: &Looks, joints: &[Place; 3], light: f32) {
    let [shoulder, elbow, hand] = *joints;
    let h = looks.height;
    let sleeve = looks.top.lit(0.94 * light);
    let lower = if looks.has_bare_arms {
        looks.skin.lit(light)
    } else {
        sleeve
    };
    let wide = if looks.has_coat { 1.2 } else { 1.0 };
    sketch.ball(
        hand + (hand - elbow) * 0.14,
        (0.026 * h, 0.030 * h),
        looks.skin.lit(light),
    );
    sketch.limb((elbow, 0.030 * h * wide), (hand, 0.023 * h * wide), lower);
    sketch.limb(
        (shoulder, 0.036 * h * wide),
        (elbow, 0.030 * h * wide),
        sleeve,
    );
}

fn torso(sketch: &mut Sketch<'_>, stand: &Stand, looks: &Looks, joints: &Joints) {
    let (h, g) = (looks.height, looks.girth);
    let (hips, shoulders) = (joints.hips, joints.shoulders);
    let spine = |share: f32| hips + (shoulders - hips) * share;
    let slice = |share: f32, width: f32, depth: f32| (spine(share), width * h * g, depth * h * g);
    if looks.has_skirt {
        let hem = (joints.legs[0][1] + joints.legs[1][1]) * 0.5;
        let stride = (joints.legs[0][1] - joints.legs[1][1])
            .dot(stand.forward())
            .abs()
            / 2.0;
        let skirt = [
            slice(0.2, 0.085, 0.062),
            slice(-0.05, 0.105, 0.080),
            (hem, 0.125 * h, 0.085 * h + stride),
        ];
        sketch.trunk(stand, &skirt, looks.legs.towards(looks.top, 0.35));
    }
    let hem = if looks.has_coat { -0.55 } else { -0.10 };
    let bulk = if looks.has_coat { 1.12 } else { 1.0 };
    let slices = [
        slice(1.16, 0.040, 0.036),
        slice(1.08, 0.080 * bulk, 0.045),
        slice(1.02, 0.122 * bulk, 0.058),
        slice(0.82, 0.124 * bulk, 0.078 * bulk),
        slice(0.55, 0.112 * bulk, 0.074 * bulk),
        slice(0.25, 0.104 * bulk, 0.070 * bulk),
        slice(0.02, 0.108 * bulk, 0.076 * bulk),
        slice(hem, 0.106 * bulk, 0.078 * bulk),
    ];
    if !looks.has_coat && !looks.has_skirt {
        sketch.trunk(
            stand,
            &[slice(0.1, 0.100, 0.068), slice(-0.2, 0.098, 0.072)],
            looks.legs,
        );
    }
    sketch.trunk(stand, &slices, looks.top);
    // Folds, a front seam and a belt line break up the flat cloth.
    let front = stand.forward() * (0.07 * h);
    let faces_here = stand.forward().dot(sketch.view.forward) < 0.0;
    if faces_here {
        let seam = [spine(1.0) + front, spine(hem + 0.05) + front];
        sketch.mark(&seam, 0.012, looks.top.lit(0.5), 0.7);
        let collar = [
            spine(1.0) + stand.side() * (0.035 * h) + front,
            spine(0.86) + front,
            spine(1.0) - stand.side() * (0.035 * h) + front,
        ];
        sketch.face(&collar, looks.skin.lit(0.85));
    }
    for (low, high, side) in [
        (0.15, 0.35, 0.05_f32),
        (0.4, 0.52, -0.06),
        (0.05, 0.2, -0.03),
    ] {
        let fold = [
            spine(low) + stand.side() * (side * h),
            spine(high) + stand.side() * (side * 1.5 * h),
        ];
        sketch.mark(&fold, 0.018, looks.top.lit(0.6), 0.35);
    }
}

fn head(sketch: &mut Sketch<'_>, stand: &Stand, looks: &Looks, joints: &Joints, has_helmet: bool) {
    let h = looks.height;
    let facing = -stand.forward().dot(sketch.view.forward);
    let forward = stand.forward();
    let head = joints.head;
    sketch.limb(
        (joints.shoulders + at(0.0, 0.0, 0.02 * h), 0.034 * h),
        (head, 0.034 * h),
        looks.skin.lit(0.78),
    );
    if has_helmet {
        sketch.ball(
            head,
            (0.066 * h, 0.074 * h),
            looks.top.lit(0.9).towards(tone(0.1, 0.1, 0.1), 0.4),
        );
        if facing > -0.3 {
            let visor = head + forward * (0.045 * h);
            sketch.ball(visor, (0.046 * h, 0.026 * h), tone(0.10, 0.11, 0.13));
        }
        return;
    }
    if looks.has_long_hair {
        sketch.ball(
            head - forward * (0.03 * h) - at(0.0, 0.0, 0.045 * h),
            (0.060 * h, 0.085 * h),
            looks.hair.lit(0.9),
        );
    }
    sketch.ball(head, (0.054 * h, 0.068 * h), looks.skin);
    let lift = if facing > 0.0 {
        0.026 + 0.012 * facing
    } else {
        0.020
    };
    let back = forward * (-0.026 * h * (1.0 - facing.abs() * 0.3));
    sketch.ball(
        head + back + at(0.0, 0.0, lift * h),
        (0.056 * h, 0.050 * h),
        looks.hair,
    );
    if facing < -0.35 {
        sketch.ball(
            head + back * 0.3 + at(0.0, 0.0, 0.006 * h),
            (0.054 * h, 0.060 * h),
            looks.hair,
        );
    } else {
        let face = head + forward * (0.045 * h);
        for side in [-0.02, 0.02] {
            let eye = face + stand.side() * (side * h) + at(0.0, 0.0, 0.004 * h);
            sketch.mark(
                &[eye, eye + at(0.0, 0.0, 0.002)],
                0.022,
                looks.hair.lit(0.7),
                0.6,
            );
        }
        let chin = face - at(0.0, 0.0, 0.038 * h);
        sketch.mark(
            &[
                chin - stand.side() * (0.012 * h),
                chin + stand.side() * (0.012 * h),
            ],
            0.012,
            looks.skin.lit(0.6),
            0.6,
        );
    }
    if looks.has_hat {
        let hat = looks.legs.towards(looks.top, 0.5);
        sketch.ball(head + at(0.0, 0.0, 0.045 * h), (0.060 * h, 0.036 * h), hat);
        let brim = head + at(0.0, 0.0, 0.030 * h);
        sketch.limb(
            (brim, 0.012 * h),
            (brim + forward * (0.085 * h), 0.008 * h),
            hat.lit(0.8),
        );
    }
}

fn backpack(sketch: &mut Sketch<'_>, stand: &Stand, looks: &Looks, joints: &Joints, colour: Tone) {
    let h = looks.height;
    let back = stand.forward() * (-0.10 * h);
    let top = joints.shoulders + back - at(0.0, 0.0, 0.02 * h);
    let bottom = joints.hips + back + at(0.0, 0.0, 0.08 * h);
    let middle = (top + bottom) * 0.5;
    let slices = [
        (top, 0.06 * h, 0.04 * h),
        (middle, 0.082 * h, 0.07 * h),
        (bottom, 0.076 * h, 0.065 * h),
    ];
    sketch.trunk(stand, &slices, colour);
}
