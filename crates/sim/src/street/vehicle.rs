//! Cars, vans, buses and lorries: a side outline pulled across their width.
//!
//! In: a model, where it stands and how far its wheels have turned. Out:
//! faces on a sketch, and where its lamps are.
//!
//! Not here: where vehicles drive (`script`).

mod body;

use types::Class;

use crate::street::dice::Dice;
use crate::street::paint::{Tone, tone};
use crate::street::sketch::{Sketch, Stand};
use crate::street::vehicle::body::Strip::{Glass, Nose, Sheet, Tail};
use crate::street::vehicle::body::{BUS, Body, HATCHBACK, LORRY, OFFROADER, SALOON, Strip, VAN};
use crate::street::view::{Place, at};

/// A vehicle as built.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) class: Class,
    pub(crate) length: f32,
    pub(crate) width: f32,
    pub(crate) height: f32,
    body: &'static Body,
    paint: Tone,
    load: Option<Tone>,
}

const PAINTS: [Tone; 12] = [
    tone(0.82, 0.83, 0.84),
    tone(0.66, 0.67, 0.69),
    tone(0.34, 0.35, 0.38),
    tone(0.13, 0.13, 0.15),
    tone(0.60, 0.11, 0.12),
    tone(0.15, 0.27, 0.52),
    tone(0.88, 0.88, 0.86),
    tone(0.22, 0.36, 0.30),
    tone(0.50, 0.44, 0.36),
    tone(0.80, 0.58, 0.14),
    tone(0.32, 0.45, 0.58),
    tone(0.46, 0.14, 0.20),
];

const BUSES: [Tone; 4] = [
    tone(0.74, 0.14, 0.14),
    tone(0.85, 0.66, 0.18),
    tone(0.20, 0.40, 0.62),
    tone(0.86, 0.86, 0.84),
];

const RUBBER: Tone = tone(0.07, 0.07, 0.075);
const PLASTIC: Tone = tone(0.11, 0.11, 0.12);

impl Model {
    /// Some vehicle, mostly cars.
    pub(crate) fn roll(dice: &mut Dice) -> Self {
        let kind = dice.unit();
        let body = match kind {
            kind if kind < 0.27 => &SALOON,
            kind if kind < 0.52 => &HATCHBACK,
            kind if kind < 0.72 => &OFFROADER,
            kind if kind < 0.83 => &VAN,
            kind if kind < 0.91 => &BUS,
            _ => &LORRY,
        };
        Self::of(body, dice)
    }

    /// Some passenger car.
    pub(crate) fn roll_car(dice: &mut Dice) -> Self {
        let body = [&SALOON, &HATCHBACK, &OFFROADER]
            [usize::from(dice.chance(0.6)) + usize::from(dice.chance(0.4))];
        Self::of(body, dice)
    }

    fn of(body: &'static Body, dice: &mut Dice) -> Self {
        let paint = if body.class == Class::Bus {
            dice.pick(&BUSES)
        } else {
            dice.pick(&PAINTS)
        };
        let high = body
            .outline
            .iter()
            .fold(0.0_f32, |high, point| high.max(point.1));
        let load = dice.pick(&[
            tone(0.84, 0.84, 0.82),
            tone(0.30, 0.42, 0.56),
            tone(0.72, 0.55, 0.28),
        ]);
        let is_lorry = body.class == Class::Truck;
        Model {
            class: body.class,
            length: if is_lorry {
                7.4
            } else {
                body.outline[1].0 * 2.0 + 0.02
            },
            width: body.width,
            height: if is_lorry { LOAD_TOP_M } else { high },
            body,
            paint: paint.lit(dice.range(0.92, 1.05)),
            load: is_lorry.then_some(load),
        }
    }

    /// Lamps in front, then behind, as places on the vehicle.
    pub(crate) fn lamps(&self, stand: &Stand) -> [[Place; 2]; 2] {
        let half = self.width / 2.0 - 0.25;
        let z = self.body.lamp_height;
        let front = self.body.outline[1].0;
        [front, -self.length / 2.0].map(|x| [stand.at(x, -half, z), stand.at(x, half, z)])
    }

    /// Draws the vehicle; `turn` is the wheels' angle.
    pub(crate) fn draw(&self, sketch: &mut Sketch<'_>, stand: &Stand, turn: f32) {
        if sketch.is_shadow() {
            return self.silhouette(sketch, stand);
        }
        let floor = [
            stand.at(self.length / 2.0 - 0.15, self.width / 2.0, 0.30),
            stand.at(self.length / 2.0 - 0.15, -self.width / 2.0, 0.30),
            stand.at(-self.length / 2.0 + 0.15, -self.width / 2.0, 0.30),
            stand.at(-self.length / 2.0 + 0.15, self.width / 2.0, 0.30),
        ];
        sketch.face(&floor, tone(0.04, 0.04, 0.045));
        let side = if sketch.looks_here(stand.side(), stand.at(0.0, self.width / 2.0, 0.0)) {
            1.0
        } else {
            -1.0
        };
        self.wheels(sketch, stand, -side, turn);
        let Some(load) = self.load else {
            self.shell(sketch, stand, side);
            self.wheels(sketch, stand, side, turn);
            return;
        };
        let is_front_near = sketch.looks_here(stand.forward(), stand.place);
        if is_front_near {
            self.load_box(sketch, stand, side, load);
            self.shell(sketch, stand, side);
        } else {
            self.shell(sketch, stand, side);
            self.load_box(sketch, stand, side, load);
        }
        self.wheels(sketch, stand, side, turn);
    }

    /// All that counts for the shadow: both sides and what joins them.
    fn silhouette(&self, sketch: &mut Sketch<'_>, stand: &Stand) {
        let outline = self.body.outline;
        let corner = |point: (f32, f32), side: f32| {
            stand.at(point.0, self.half_width(point.1) * side, point.1)
        };
        for side in [-1.0, 1.0] {
            let flank: Vec<Place> = outline.iter().map(|point| corner(*point, side)).collect();
            sketch.face(&flank, PLASTIC);
        }
        for pair in outline.windows(2) {
            let strip = [
                corner(pair[0], 1.0),
                corner(pair[1], 1.0),
                corner(pair[1], -1.0),
                corner(pair[0], -1.0),
            ];
            sketch.face(&strip, PLASTIC);
        }
        if let Some(load) = self.load {
            for side in [-1.0, 1.0] {
                self.load_box(sketch, stand, side, load);
            }
        }
    }

    fn half_width(&self, z: f32) -> f32 {
        let body = self.body;
        let top = body
            .outline
            .iter()
            .fold(0.0_f32, |high, point| high.max(point.1));
        let share = ((z - body.belt) / (top - body.belt)).clamp(0.0, 1.0);
        self.width / 2.0 - body.lean * share - 0.05 * ((0.4 - z) / 0.2).clamp(0.0, 1.0)
    }

    /// Strips from the farthest to the nearest, then the side that is seen.
    fn shell(&self, sketch: &mut Sketch<'_>, stand: &Stand, side: f32) {
        let mut strips: Vec<_> = self
            .body
            .outline
            .windows(2)
            .zip(self.body.strips)
            .map(|(pair, strip)| {
                let middle = stand.at(
                    f32::midpoint(pair[0].0, pair[1].0),
                    0.0,
                    f32::midpoint(pair[0].1, pair[1].1),
                );
                (sketch.view.depth(middle), *strip, [pair[0], pair[1]])
            })
            .collect();
        strips.sort_by(|a, b| b.0.total_cmp(&a.0));
        for (_, strip, pair) in strips {
            self.strip(sketch, stand, strip, pair);
        }
        self.flank(sketch, stand, side);
    }

    fn strip(&self, sketch: &mut Sketch<'_>, stand: &Stand, strip: Strip, [a, b]: [(f32, f32); 2]) {
        let (wa, wb) = (self.half_width(a.1), self.half_width(b.1));
        let corner = |point: (f32, f32), side: f32| stand.at(point.0, side, point.1);
        let corners = [corner(a, wa), corner(b, wb), corner(b, -wb), corner(a, -wa)];
        let normal = (corners[1] - corners[0])
            .cross(corners[3] - corners[0])
            .normal();
        if !sketch.looks_here(normal, corners[0]) {
            return;
        }
        let light = sketch.shade(normal);
        // Flat sheet metal mirrors the sky.
        let sky = tone(0.74, 0.80, 0.88);
        let paint = self.paint.lit(light).towards(sky, 0.20 * normal.z.max(0.0));
        sketch.shaded_face(&corners, paint.lit(1.05), paint.lit(0.90));
        let inner = |share: f32, across: f32| {
            let point = (a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share);
            let reach = wa + (wb - wa) * share;
            stand.at(point.0, reach * across, point.1) + normal * 0.01
        };
        let patch = |low: f32, high: f32, left: f32, right: f32| {
            [
                inner(low, left),
                inner(high, left),
                inner(high, right),
                inner(low, right),
            ]
        };
        match strip {
            Sheet => {}
            Glass => {
                let dark = tone(0.10, 0.12, 0.14);
                let bright = tone(0.42, 0.49, 0.55);
                let is_front = normal.dot(stand.forward()) > 0.0;
                let (first, third) = if is_front {
                    (dark, bright)
                } else {
                    (bright, dark)
                };
                let pane = patch(0.06, 0.94, -0.92, 0.92);
                sketch.shaded_face(&[pane[0], pane[1], pane[2], pane[3]], first, third);
                sketch.glaze(
                    &patch(0.15, 0.85, -0.75, -0.35),
                    tone(0.9, 0.93, 0.96),
                    0.16,
                );
                if self.class == Class::Bus && is_front {
                    sketch.face(&patch(0.84, 0.98, -0.7, 0.7), tone(0.06, 0.06, 0.06));
                    sketch.face(&patch(0.87, 0.95, -0.45, 0.45), tone(0.95, 0.72, 0.22));
                }
            }
            Nose => {
                sketch.face(&patch(0.0, 0.30, -1.0, 1.0), PLASTIC.lit(light));
                sketch.face(&patch(0.42, 0.78, -0.52, 0.52), PLASTIC.lit(0.8 * light));
                sketch.face(
                    &patch(0.52, 0.58, -0.5, 0.5),
                    tone(0.6, 0.6, 0.62).lit(light),
                );
                sketch.face(
                    &patch(0.14, 0.36, -0.26, 0.26),
                    tone(0.90, 0.90, 0.84).lit(light),
                );
                for out in [-1.0_f32, 1.0] {
                    sketch.face(
                        &patch(0.58, 0.92, out * 0.58, out * 0.95),
                        tone(0.82, 0.85, 0.88).lit(light),
                    );
                    sketch.face(
                        &patch(0.66, 0.86, out * 0.66, out * 0.82),
                        tone(0.98, 0.98, 0.95),
                    );
                }
            }
            Tail => {
                let is_upper = a.1 > self.body.lamp_height;
                if is_upper {
                    for out in [-1.0_f32, 1.0] {
                        sketch.face(
                            &patch(0.10, 0.90, out * 0.70, out * 0.97),
                            tone(0.62, 0.05, 0.06).lit(light + 0.1),
                        );
                    }
                    if self.class != Class::Bus {
                        sketch.face(
                            &patch(0.25, 0.75, -0.26, 0.26),
                            tone(0.90, 0.88, 0.72).lit(light),
                        );
                    }
                } else {
                    sketch.face(&patch(0.45, 1.0, -1.0, 1.0), PLASTIC.lit(light));
                }
            }
        }
    }

    fn flank(&self, sketch: &mut Sketch<'_>, stand: &Stand, side: f32) {
        let light = sketch.shade(stand.side() * side);
        let spot = |x: f32, z: f32| stand.at(x, (self.half_width(z) + 0.01) * side, z);
        let outline: Vec<Place> = self
            .body
            .outline
            .iter()
            .map(|(x, z)| spot(*x, *z))
            .collect();
        sketch.face(&outline, self.paint.lit(light));
        let (front, rear) = (
            self.body.outline[1].0,
            self.body.outline[self.body.outline.len() - 2].0,
        );
        // Darker below, a lighter edge along the belt: a rounded side.
        let low = |z: f32| spot(front - 0.05, z);
        let back = |z: f32| spot(rear + 0.05, z);
        let lower = self.body.outline[0].1;
        sketch.glaze(
            &[
                low(lower),
                low(lower + 0.25),
                back(lower + 0.25),
                back(lower),
            ],
            tone(0.02, 0.02, 0.02),
            0.45,
        );
        let belt = self
            .body
            .windows
            .first()
            .map_or(self.body.belt, |window| window[0].1)
            .max(0.9)
            - 0.07;
        sketch.mark(
            &[low(belt.min(self.body.belt)), back(belt)],
            0.04,
            self.paint.lit(light * 1.35),
            0.5,
        );
        if self.class == Class::Bus {
            let stripe = [low(0.72), low(1.08), back(1.08), back(0.72)];
            sketch.glaze(&stripe, tone(0.92, 0.92, 0.90), 0.55);
        }
        for window in self.body.windows {
            let corners: Vec<Place> = window.iter().map(|(x, z)| spot(*x, *z)).collect();
            sketch.shaded_face(
                &corners,
                tone(0.08, 0.09, 0.11).lit(light + 0.2),
                tone(0.34, 0.40, 0.45).lit(light + 0.2),
            );
            sketch.mark(
                &[corners[0], corners[1], corners[2], corners[3], corners[0]],
                0.025,
                PLASTIC,
                0.9,
            );
        }
        for (x, low, high) in self.body.joints {
            sketch.mark(
                &[spot(*x, *low), spot(*x, *high)],
                0.018,
                self.paint.lit(0.35),
                0.8,
            );
        }
        if self.body.belt < 1.5 && self.load.is_none() {
            for (x, _, _) in self.body.joints.iter().take(2) {
                let (from, until) = (spot(x - 0.85, belt - 0.06), spot(x - 0.68, belt - 0.06));
                sketch.mark(&[from, until], 0.035, self.paint.lit(light * 0.6), 0.9);
            }
            let mirror = stand.at(
                self.body.windows[0][0].0 - 0.05,
                (self.width / 2.0 + 0.10) * side,
                self.body.windows[0][0].1 + 0.05,
            );
            sketch.ball(mirror, (0.11, 0.075), self.paint.lit(light));
        }
        let lamp = self.body.lamp_height;
        let head = [
            spot(front - 0.03, lamp),
            spot(front - 0.08, lamp + 0.12),
            spot(front - 0.38, lamp + 0.12),
            spot(front - 0.30, lamp),
        ];
        sketch.face(&head, tone(0.85, 0.87, 0.88).lit(light));
        if self.load.is_none() {
            let tail = [
                spot(rear + 0.02, lamp + 0.05),
                spot(rear + 0.05, lamp + 0.28),
                spot(rear + 0.24, lamp + 0.28),
                spot(rear + 0.20, lamp + 0.05),
            ];
            sketch.face(&tail, tone(0.60, 0.06, 0.07).lit(light + 0.1));
        }
    }

    fn load_box(&self, sketch: &mut Sketch<'_>, stand: &Stand, side: f32, paint: Tone) {
        let half = self.width / 2.0 + 0.05;
        let (front, rear, low) = (1.72, -self.length / 2.0, 0.95);
        let faces = [
            (
                at(0.0, 0.0, 1.0),
                [
                    (front, -half, LOAD_TOP_M),
                    (front, half, LOAD_TOP_M),
                    (rear, half, LOAD_TOP_M),
                    (rear, -half, LOAD_TOP_M),
                ],
            ),
            (
                stand.forward(),
                [
                    (front, -half, low),
                    (front, half, low),
                    (front, half, LOAD_TOP_M),
                    (front, -half, LOAD_TOP_M),
                ],
            ),
            (
                stand.forward() * -1.0,
                [
                    (rear, -half, low),
                    (rear, half, low),
                    (rear, half, LOAD_TOP_M),
                    (rear, -half, LOAD_TOP_M),
                ],
            ),
            (
                stand.side() * side,
                [
                    (front, half * side, low),
                    (rear, half * side, low),
                    (rear, half * side, LOAD_TOP_M),
                    (front, half * side, LOAD_TOP_M),
                ],
            ),
        ];
        let frame = [
            (front, half * side, 0.62),
            (rear, half * side, 0.62),
            (rear, half * side, low),
            (front, half * side, low),
        ];
        sketch.face(
            &frame.map(|(x, y, z)| stand.at(x, y, z)),
            tone(0.09, 0.09, 0.10),
        );
        for (normal, corners) in faces {
            let corners = corners.map(|(x, y, z)| stand.at(x, y, z));
            if sketch.looks_here(normal, corners[0]) {
                let light = sketch.shade(normal);
                sketch.shaded_face(&corners, paint.lit(light * 0.93), paint.lit(light));
            }
        }
        for share in 1..8_u8 {
            let x = front + (rear - front) * f32::from(share) / 8.0;
            sketch.mark(
                &[
                    stand.at(x, (half + 0.01) * side, low),
                    stand.at(x, (half + 0.01) * side, LOAD_TOP_M),
                ],
                0.03,
                paint.lit(0.6),
                0.5,
            );
        }
        if sketch.looks_here(stand.forward() * -1.0, stand.at(rear, 0.0, low)) {
            sketch.mark(
                &[stand.at(rear, 0.0, low), stand.at(rear, 0.0, LOAD_TOP_M)],
                0.05,
                paint.lit(0.4),
                0.8,
            );
            for y in [-half + 0.2, half - 0.2] {
                let lamp = [
                    stand.at(rear, y - 0.15, 0.80),
                    stand.at(rear, y + 0.15, 0.80),
                    stand.at(rear, y + 0.15, 0.93),
                    stand.at(rear, y - 0.15, 0.93),
                ];
                sketch.face(&lamp, tone(0.60, 0.06, 0.07));
            }
        }
    }

    fn wheels(&self, sketch: &mut Sketch<'_>, stand: &Stand, side: f32, turn: f32) {
        let radius = self.body.wheel_radius;
        for x in self.body.wheels {
            let y = (self.width / 2.0 - 0.04) * side;
            let arch = Sketch::wheel(stand, (*x, y + 0.05 * side, radius + 0.03), radius * 1.17);
            sketch.face(&arch, tone(0.035, 0.035, 0.04));
            sketch.face(
                &Sketch::wheel(stand, (*x, y + 0.06 * side, radius), radius),
                RUBBER,
            );
            let light = sketch.shade(stand.side() * side);
            let rim = Sketch::wheel(stand, (*x, y + 0.065 * side, radius), radius * 0.64);
            sketch.face(&rim, tone(0.56, 0.57, 0.59).lit(light));
            for spoke in 0..5_u8 {
                let (sin, cos) = (turn + f32::from(spoke) * std::f32::consts::TAU / 5.0).sin_cos();
                let end = stand.at(
                    x + cos * radius * 0.6,
                    y + 0.07 * side,
                    radius + sin * radius * 0.6,
                );
                let hub = stand.at(
                    x + cos * radius * 0.2,
                    y + 0.07 * side,
                    radius + sin * radius * 0.2,
                );
                sketch.mark(&[hub, end], 0.05, tone(0.22, 0.22, 0.24), 0.8);
            }
        }
    }
}

/// Top of a lorry's box.
const LOAD_TOP_M: f32 = 3.25;
