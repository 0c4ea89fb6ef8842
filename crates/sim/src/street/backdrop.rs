//! What never moves: sky, houses, road and pavements, drawn once per street.
//!
//! Every pixel follows its ray to the first thing it meets and asks what
//! colour is there; four rays per pixel and band-limited patterns keep the
//! distance calm.
//!
//! In: the plan of the street. Out: one opaque picture.
//!
//! Not here: trees, lamps and parked cars (`prop`): people walk behind those.

use tiny_skia::Pixmap;

use crate::street::Light;
use crate::street::dice::{cell, smooth};
use crate::street::paint::{Tone, tone};
use crate::street::town::{
    CROSSING_M, END_M, FAR_KERB_M, FAR_WALL_M, House, MIDDLE_M, NEAR_KERB_M, NEAR_WALL_M,
    PARKING_M, TRACK_EDGE_M, Town,
};
use crate::street::view::{Place, dot};

/// Draws the backdrop; `None` only for a picture without pixels.
pub(crate) fn draw(town: &Town) -> Option<Pixmap> {
    let view = &town.view;
    let mut pixmap = Pixmap::new(view.width_px, view.height_px)?;
    let width = usize::try_from(view.width_px).ok()?;
    for (y, row) in pixmap.data_mut().chunks_exact_mut(width * 4).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let mut sum = tone(0.0, 0.0, 0.0);
            for (dx, dy) in [(0.25, 0.3), (0.75, 0.2), (0.2, 0.75), (0.8, 0.7)] {
                let seen = colour(town, view.ray(dot(x as f32 + dx, y as f32 + dy)));
                sum = tone(sum.r + seen.r, sum.g + seen.g, sum.b + seen.b);
            }
            let [r, g, b] = sum.lit(0.25).bytes();
            pixel.copy_from_slice(&[r, g, b, 255]);
        }
    }
    Some(pixmap)
}

/// Where a ray ends and how much ground one pixel covers there, metres.
struct Hit {
    place: Place,
    distance: f32,
    step: f32,
}

fn hit(town: &Town, ray: Place, distance: f32) -> Hit {
    Hit {
        place: town.view.eye + ray * distance,
        distance,
        step: distance / town.view.focal_px,
    }
}

fn colour(town: &Town, ray: Place) -> Tone {
    let eye = town.view.eye;
    let wall = if ray.y > 0.0 {
        (FAR_WALL_M - eye.y) / ray.y
    } else {
        (NEAR_WALL_M - eye.y) / ray.y.min(-1e-6)
    };
    let ground = if ray.z < 0.0 {
        -eye.z / ray.z
    } else {
        f32::MAX
    };
    let end = if ray.x > 0.0 {
        (END_M - eye.x) / ray.x
    } else {
        f32::MAX
    };
    let nearest = wall.min(ground);
    if nearest > end {
        return sky(town, ray);
    }
    let hit = hit(town, ray, nearest);
    let plain = if ground <= wall {
        Some(ground_tone(town, &hit))
    } else {
        let houses = if ray.y > 0.0 {
            &town.far_houses
        } else {
            &town.near_houses
        };
        let shade = if ray.y > 0.0 { 1.0 } else { 0.72 };
        facade(town, houses, &hit).map(|(tone, glow)| (tone.lit(shade), glow))
    };
    let Some((plain, glow)) = plain else {
        return sky(town, ray);
    };
    let air = town.air(hit.place);
    let lit = plain.under(air.light);
    let lit = tone(lit.r + glow.r, lit.g + glow.g, lit.b + glow.b);
    lit.towards(air.haze, air.haze_share)
}

fn sky(town: &Town, ray: Place) -> Tone {
    let ray = ray.normal();
    let height = ray.z.clamp(0.0, 1.0);
    let (u, v) = (ray.x / (height + 0.12), ray.y / (height + 0.12));
    let cloud = 0.55 * smooth(town.seed ^ 5, u * 1.1, v * 1.1)
        + 0.28 * smooth(town.seed ^ 6, u * 2.6, v * 2.6)
        + 0.17 * smooth(town.seed ^ 7, u * 6.1, v * 6.1);
    let cover = ((cloud - 0.46) * 3.2).clamp(0.0, 1.0);
    match town.light {
        Light::Day => {
            let clear =
                tone(0.78, 0.86, 0.93).towards(tone(0.40, 0.61, 0.86), (height * 2.4).min(1.0));
            clear.towards(tone(0.95, 0.95, 0.95), cover * 0.85)
        }
        Light::Night => tone(0.10, 0.10, 0.13)
            .towards(tone(0.035, 0.04, 0.075), (height * 2.5).min(1.0))
            .towards(tone(0.11, 0.10, 0.11), cover * 0.5),
        Light::Infrared => tone(0.03, 0.03, 0.03),
    }
}

/// Share of a pixel covered by lines of `width` that repeat each `period`.
fn lines(value: f32, period: f32, width: f32, pixel: f32) -> f32 {
    let total =
        |x: f32| (x / period).floor() * width + (x - (x / period).floor() * period).min(width);
    let half = pixel.max(1e-4) / 2.0;
    ((total(value + half) - total(value - half)) / (2.0 * half)).clamp(0.0, 1.0)
}

/// Share of a pixel between two borders.
fn between(value: f32, low: f32, high: f32, pixel: f32) -> f32 {
    let half = pixel.max(1e-4) / 2.0;
    let (from, until) = ((value - half).max(low), (value + half).min(high));
    ((until - from) / (2.0 * half)).clamp(0.0, 1.0)
}

/// How much of a pattern of `size` survives at this pixel size, 0..=1.
fn detail(size: f32, pixel: f32) -> f32 {
    (1.4 - pixel / size).clamp(0.0, 1.0)
}

const PAINTED: Tone = tone(0.86, 0.86, 0.83);

fn ground_tone(town: &Town, hit: &Hit) -> (Tone, Tone) {
    let (x, y) = (hit.place.x, hit.place.y);
    // One pixel covers far more of the ground along the line of sight.
    let along = hit.step * (hit.distance / town.view.eye.z).clamp(1.0, 60.0);
    let across = hit.step * (1.0 + 0.4 * hit.distance / town.view.eye.z);
    let seed = town.seed;
    let patchy =
        smooth(seed ^ 11, x * 0.35, y * 0.35) * 0.6 + smooth(seed ^ 12, x * 1.3, y * 1.3) * 0.4;
    let grain = cell(seed ^ 13, x * 60.0, y * 60.0) - 0.5;
    let grain = grain * detail(0.05, along);
    let mut tone = if (NEAR_KERB_M..=FAR_KERB_M).contains(&y) {
        road(seed, (x, y), (along, across), patchy)
    } else {
        pavement(seed, (x, y), (along, across), patchy)
    };
    tone = tone.lit(1.0 + grain * 0.16);
    for kerb in [NEAR_KERB_M, FAR_KERB_M] {
        let stone = between(y, kerb - 0.16, kerb + 0.02, across);
        let joints = lines(x, 1.0, 0.03, along) * 0.25;
        tone = tone.towards(self::tone(0.70, 0.69, 0.66).lit(1.0 - joints), stone);
        let gutter = between(y, kerb - 0.20, kerb + 0.24, across) - stone;
        tone = tone.lit(1.0 - 0.3 * gutter.max(0.0));
    }
    // Corners are darker: less sky reaches them.
    let corner = (y - NEAR_WALL_M).min(FAR_WALL_M - y).max(0.0);
    (
        tone.lit(1.0 - 0.38 * (-corner / 0.7).exp()),
        self::tone(0.0, 0.0, 0.0),
    )
}

fn pavement(seed: u64, (x, y): (f32, f32), (along, across): (f32, f32), patchy: f32) -> Tone {
    let row = (y / 0.6).floor();
    let shifted = x + 0.3 * row;
    let slab = cell(seed ^ 21, shifted / 0.6, y / 0.6) - 0.5;
    let joint = lines(shifted, 0.6, 0.02, along).max(lines(y, 0.6, 0.02, across));
    let stain = ((smooth(seed ^ 22, x * 0.8, y * 0.8) - 0.68) * 3.0).clamp(0.0, 1.0);
    tone(0.60, 0.585, 0.555)
        .lit(1.0 + 0.13 * slab * detail(0.6, along) + 0.12 * (patchy - 0.5))
        .lit(1.0 - 0.42 * joint)
        .lit(1.0 - 0.16 * stain)
}

fn road(seed: u64, (x, y): (f32, f32), (along, across): (f32, f32), patchy: f32) -> Tone {
    let asphalt = tone(0.345, 0.345, 0.355).lit(1.0 + 0.22 * (patchy - 0.5));
    let mut tone = asphalt;
    if y < TRACK_EDGE_M {
        tone = self::tone(0.50, 0.31, 0.27).lit(1.0 + 0.25 * (patchy - 0.5));
    } else if y > PARKING_M {
        let block = cell(seed ^ 31, x / 0.24, y / 0.12) - 0.5;
        let joint = lines(x, 0.24, 0.02, along).max(lines(y, 0.12, 0.015, across));
        tone = self::tone(0.43, 0.415, 0.40)
            .lit(1.0 + 0.2 * block * detail(0.2, along) + 0.1 * (patchy - 0.5))
            .lit(1.0 - 0.3 * joint * detail(0.24, along));
    } else {
        for lane in [TRACK_EDGE_M, MIDDLE_M] {
            for wheel in [0.9, 2.4] {
                let away = (y - lane - wheel) / 0.35;
                tone = tone.lit(1.0 - 0.10 * (-away * away).exp());
            }
        }
        let repair = cell(seed ^ 32, x / 7.0, y / 1.7);
        if repair > 0.86 {
            tone = tone.lit(0.84);
        }
        let seam = smooth(seed ^ 33, x * 0.15, y * 0.5) * 0.8;
        let crack = between(y + seam, MIDDLE_M + 0.55, MIDDLE_M + 0.58, across);
        tone = tone.lit(1.0 - 0.3 * crack);
    }
    let inside = x > CROSSING_M.0 - 1.5 && x < CROSSING_M.1 + 1.5;
    let mut painted = between(y, TRACK_EDGE_M - 0.06, TRACK_EDGE_M + 0.06, across);
    if !inside {
        let dash = lines(x, 9.0, 4.0, along);
        painted = painted.max(dash * between(y, MIDDLE_M - 0.07, MIDDLE_M + 0.07, across));
    }
    let parking = lines(x, 6.0, 0.1, along) * between(y, PARKING_M, FAR_KERB_M - 0.3, across);
    painted = painted.max(0.7 * parking);
    let stripes = lines(y - TRACK_EDGE_M - 0.15, 1.0, 0.5, across)
        * between(x, CROSSING_M.0, CROSSING_M.1, along)
        * between(y, TRACK_EDGE_M, PARKING_M, across);
    let stop = between(x, CROSSING_M.1 + 1.2, CROSSING_M.1 + 1.6, along)
        * between(y, TRACK_EDGE_M, MIDDLE_M, across)
        + between(x, CROSSING_M.0 - 1.6, CROSSING_M.0 - 1.2, along)
            * between(y, MIDDLE_M, PARKING_M, across);
    painted = painted.max(stripes).max(stop);
    let wear = 0.72 + 0.28 * smooth(seed ^ 34, x * 2.3, y * 2.3);
    tone = tone.towards(PAINTED, painted * wear);
    let (cover_x, cover_y) = (11.2, MIDDLE_M + 1.6);
    let away = ((x - cover_x).powi(2) + (y - cover_y).powi(2)).sqrt();
    tone.lit(1.0 - 0.45 * between(away, 0.0, 0.34, across))
}

/// Plain colour and own light of a house front; `None` above the roof.
fn facade(town: &Town, houses: &[House], hit: &Hit) -> Option<(Tone, Tone)> {
    let Place { x, z, .. } = hit.place;
    let house = houses
        .iter()
        .find(|house| house.from <= x && x < house.until)?;
    if z > house.ridge {
        return None;
    }
    let dark = tone(0.0, 0.0, 0.0);
    let along = hit.step * (1.0 + hit.distance / (FAR_WALL_M * 1.5));
    if z > house.eaves {
        let rows = lines(z, 0.28, 0.05, hit.step) * detail(0.28, hit.step);
        let patch = smooth(house.seed, x * 0.9, z * 1.4);
        let edge = between(z, house.eaves, house.eaves + 0.16, hit.step);
        let roof = house.roof.lit(0.9 + 0.25 * patch).lit(1.0 - 0.28 * rows);
        return Some((roof.towards(tone(0.72, 0.72, 0.70), edge * 0.8), dark));
    }
    let mut wall = house
        .wall
        .lit(0.94 + 0.12 * smooth(house.seed, x * 0.7, z * 0.5));
    if house.is_brick {
        let course = (z / 0.08).floor();
        let brick = cell(house.seed, (x + 0.12 * course) / 0.24, z / 0.08) - 0.5;
        let joint =
            lines(z, 0.08, 0.014, hit.step).max(lines(x + 0.12 * course, 0.24, 0.014, along));
        wall = wall.lit(1.0 + 0.22 * brick * detail(0.16, hit.step));
        wall = wall.towards(tone(0.72, 0.70, 0.66), 0.5 * joint * detail(0.08, hit.step));
    }
    let eave_shadow = (1.0 - (house.eaves - z) / 0.7).clamp(0.0, 1.0);
    wall = wall.lit(1.0 - 0.4 * eave_shadow);
    let downpipe = between(x, house.until - 0.22, house.until - 0.1, along);
    wall = wall.towards(tone(0.36, 0.36, 0.37), downpipe);
    let plinth = between(z, 0.0, 0.55, hit.step);
    wall = wall.towards(tone(0.42, 0.41, 0.40), plinth * 0.75);
    let bay = Bay::at(house, x, z);
    let (wall, glow) = bay.paint(town, house, hit, along, wall);
    Some((wall, glow))
}

/// One opening in a front: a window, a shop window or a door.
struct Bay {
    /// Place within the opening's cell, metres from its middle and its sill.
    u: f32,
    v: f32,
    width: f32,
    height: f32,
    kind: Kind,
    chance: f32,
}

#[derive(PartialEq)]
enum Kind {
    Window,
    Shop,
    Door,
}

impl Bay {
    fn at(house: &House, x: f32, z: f32) -> Bay {
        let n_bays = ((house.until - house.from) / 2.3).floor().max(1.0);
        let bay_width = (house.until - house.from) / n_bays;
        let column = ((x - house.from) / bay_width).floor();
        let floor = ((z - 0.4) / 3.0).floor().max(0.0);
        let u = x - house.from - (column + 0.5) * bay_width;
        let chance = cell(house.seed ^ 41, column, floor);
        let door = (cell(house.seed ^ 42, 0.0, 0.0) * n_bays).floor();
        let is_ground = floor < 0.5;
        if is_ground && (column - door).abs() < 0.5 {
            Bay {
                u,
                v: z,
                width: 1.05,
                height: 2.35,
                kind: Kind::Door,
                chance,
            }
        } else if is_ground && house.has_shop {
            Bay {
                u,
                v: z - 0.6,
                width: bay_width - 0.35,
                height: 2.0,
                kind: Kind::Shop,
                chance,
            }
        } else {
            Bay {
                u,
                v: z - 0.4 - floor * 3.0 - 0.95,
                width: 1.15,
                height: 1.55,
                kind: Kind::Window,
                chance,
            }
        }
    }

    fn paint(&self, town: &Town, house: &House, hit: &Hit, along: f32, wall: Tone) -> (Tone, Tone) {
        let (half, step) = (self.width / 2.0, hit.step);
        let inside = |margin: f32| {
            between(self.u, -half - margin, half + margin, along)
                * between(self.v, -margin, self.height + margin, step)
        };
        let white = tone(0.88, 0.87, 0.84);
        let frame_tone = if self.kind == Kind::Window {
            white
        } else {
            house.trim
        };
        let mut tone = wall.towards(frame_tone.lit(0.95), inside(0.07));
        if self.kind == Kind::Window {
            let sill = between(self.v, -0.2, -0.06, step)
                * between(self.u, -half - 0.15, half + 0.15, along);
            tone = tone.towards(self::tone(0.66, 0.65, 0.62), sill);
            let below = between(self.v, -0.42, -0.2, step)
                * between(self.u, -half - 0.15, half + 0.15, along);
            tone = tone.lit(1.0 - 0.22 * below);
        }
        if self.kind == Kind::Shop {
            let sign = between(self.v, self.height + 0.1, self.height + 0.62, step);
            tone = tone.towards(house.trim.lit(1.15), sign);
            let letters = sign
                * between(self.v, self.height + 0.24, self.height + 0.48, step)
                * between(self.u, -half * 0.6, half * 0.6, along)
                * lines(self.u, 0.34, 0.2, along);
            tone = tone.towards(white, letters * 0.85);
        }
        let pane = inside(-0.05);
        let mullion = match self.kind {
            Kind::Window => {
                between(self.u, -0.03, 0.03, along).max(between(self.v, 1.02, 1.08, step))
            }
            Kind::Shop => lines(self.u + 0.6, 1.2, 0.05, along),
            Kind::Door => 0.0,
        };
        if self.kind == Kind::Door {
            let upper = between(self.v, 1.25, 2.1, step) * between(self.u, -0.32, 0.32, along);
            let door = house
                .trim
                .lit(0.9)
                .towards(self::tone(0.16, 0.19, 0.23), upper);
            let shade = between(self.v, self.height - 0.12, self.height, step) * 0.5;
            return (
                tone.towards(door.lit(1.0 - shade), pane),
                self::tone(0.0, 0.0, 0.0),
            );
        }
        let share = (self.v / self.height).clamp(0.0, 1.0);
        let cloud = smooth(
            house.seed ^ 43,
            hit.place.x * 0.5 + self.chance * 9.0,
            hit.place.z * 0.5,
        );
        let mut glass = self::tone(0.12, 0.15, 0.18).towards(
            self::tone(0.50, 0.60, 0.68),
            (0.15 + 0.55 * share) * (0.3 + 0.7 * cloud),
        );
        if self.kind == Kind::Window && self.chance > 0.55 {
            let curtain = between(self.u.abs(), half - 0.32, half, along);
            glass = glass.towards(self::tone(0.66, 0.63, 0.58), curtain * 0.6);
        }
        let reveal = between(self.v, self.height - 0.14, self.height, step).max(between(
            self.u,
            -half,
            -half + 0.09,
            along,
        ));
        glass = glass.lit(1.0 - 0.5 * reveal);
        tone = tone.towards(glass, pane * (1.0 - mullion));
        let lit = town.light == Light::Night
            && (self.chance < 0.22 || (self.kind == Kind::Shop && self.chance < 0.7));
        let glow = if lit {
            let level = (0.5 + 0.35 * cloud) * pane * (1.0 - mullion);
            self::tone(0.95, 0.74, 0.45).lit(level)
        } else {
            self::tone(0.0, 0.0, 0.0)
        };
        (tone, glow)
    }
}
