//! Who is where at a time: people, riders and vehicles on their ways.
//!
//! Everything is computed from the seed and the time alone, so any moment can
//! be asked for, in any order. Each lap of a way brings somebody new.
//!
//! In: seed, how busy the street is, a time. Out: actors with their stands.
//!
//! Not here: what they look like on the picture.

use std::f32::consts::{FRAC_PI_2, PI};
use std::time::Duration;

use types::Class;

use crate::street::dice::Dice;
use crate::street::person::{Looks, Pose};
use crate::street::prop::Prop;
use crate::street::sketch::Stand;
use crate::street::town::{
    CROSSING_M, END_M, FAR_KERB_M, FAR_WALL_M, MIDDLE_M, PARKING_M, TRACK_EDGE_M, Town,
};
use crate::street::two_wheeler::Ride;
use crate::street::vehicle::Model;
use crate::street::view::{Place, at};

/// Something that stands or moves in the street.
#[derive(Clone, Debug)]
pub(crate) struct Actor {
    /// Identity while it is seen; 0 for what is no object.
    pub(crate) object_id: u32,
    pub(crate) stand: Stand,
    pub(crate) figure: Figure,
}

#[derive(Clone, Debug)]
pub(crate) enum Figure {
    Person(Looks, Pose),
    Ride(Ride),
    /// The model and its wheels' angle.
    Vehicle(Model, f32),
    Prop(Prop),
}

/// Ground covered: `x` from, until, `y` from, until, metres.
pub(crate) type Footprint = [f32; 4];

impl Actor {
    /// Length, width and height of a box around it, metres.
    pub(crate) fn size(&self) -> (f32, f32, f32) {
        match &self.figure {
            Figure::Person(looks, Pose::Walk(_)) => (1.5, 0.9, looks.height * 1.05),
            Figure::Person(looks, Pose::Ride { .. }) => (1.7, 1.0, looks.height * 1.08),
            Figure::Ride(ride) => (ride.length + 0.4, 0.8, ride.height + 0.1),
            Figure::Vehicle(model, _) => {
                (model.length + 0.2, model.width + 0.5, model.height + 0.1)
            }
            Figure::Prop(prop) => {
                let (width, height) = prop.size();
                (width, width, height)
            }
        }
    }

    /// What it is, if it is an object to be found.
    pub(crate) fn class(&self) -> Option<Class> {
        match &self.figure {
            Figure::Person(..) => Some(Class::Person),
            Figure::Ride(ride) => Some(ride.class),
            Figure::Vehicle(model, _) => Some(model.class),
            Figure::Prop(_) => None,
        }
    }

    pub(crate) fn footprint(&self) -> Footprint {
        let (length, width, _) = match &self.figure {
            Figure::Prop(prop) => (prop.footprint(), prop.footprint(), 0.0),
            Figure::Person(_, Pose::Walk(_)) => (0.5, 0.5, 0.0),
            Figure::Person(..) | Figure::Ride(_) | Figure::Vehicle(..) => self.size(),
        };
        let (sin, cos) = (
            self.stand.heading.sin().abs(),
            self.stand.heading.cos().abs(),
        );
        let (half_x, half_y) = (
            (length * cos + width * sin) / 2.0,
            (length * sin + width * cos) / 2.0,
        );
        let Place { x, y, .. } = self.stand.place;
        [x - half_x, x + half_x, y - half_y, y + half_y]
    }
}

/// How busy the street is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bustle {
    /// People on the pavements at most.
    pub(crate) n_people: u32,
    /// Share of places in the traffic that are taken, 0..=1.
    pub(crate) traffic: f32,
}

/// The crossing is kept free of traffic in this part of every cycle, seconds.
const CYCLE_S: f32 = 40.0;
const FREE_S: (f32, f32) = (29.0, 40.5);

const PEOPLE: u32 = 1 << 20;
const CROSSERS: u32 = 2 << 20;
const LANES: u32 = 4 << 20;
const PARKED: u32 = 16 << 20;
/// The bag.
pub(crate) const BAG: u32 = 17 << 20;
/// The gate.
pub(crate) const GATE: u32 = 18 << 20;

/// A bag on the near pavement.
pub(crate) fn bag() -> Actor {
    Actor {
        object_id: BAG,
        stand: Stand {
            place: at(9.6, 3.3, 0.0),
            heading: 0.0,
        },
        figure: Figure::Prop(Prop::Bag),
    }
}

/// A gate on the near pavement.
pub(crate) fn gate(is_open: bool) -> Actor {
    Actor {
        object_id: GATE,
        stand: Stand {
            place: at(9.6, 3.1, 0.0),
            heading: 0.0,
        },
        figure: Figure::Prop(Prop::Gate(is_open)),
    }
}

/// Everybody in the street at `time`.
pub(crate) fn actors(seed: u64, bustle: Bustle, time: Duration) -> Vec<Actor> {
    // Before the start there were earlier laps: the street is never empty.
    let time = time.as_secs_f64() + 400.0;
    let mut actors = Vec::new();
    walkers(seed, bustle, time, &mut actors);
    if bustle.n_people > 0 {
        crossers(seed, time, &mut actors);
    }
    for lane in LANE_PLANS {
        drivers(seed, bustle, lane, time, &mut actors);
    }
    actors
}

/// The whole and the fractional part of a time in laps.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "laps are few and not negative; a float cast saturates"
)]
fn lap_of(laps: f64) -> (u32, f32) {
    (laps.floor() as u32, (laps - laps.floor()) as f32)
}

fn walkers(seed: u64, bustle: Bustle, time: f64, actors: &mut Vec<Actor>) {
    for idx in 0..bustle.n_people.min(MAX_PEOPLE) {
        let mut fixed = Dice::new(seed, 100, u64::from(idx));
        let is_near = idx % 2 == 0;
        let speed = fixed.range(1.05, 1.55);
        let (from, until) = if is_near { (2.0, 62.0) } else { (3.0, 78.0) };
        let length: f32 = until - from;
        let (lap, share) =
            lap_of(time * f64::from(speed / length) + f64::from(fixed.unit()) * 16.0);
        let mut dice = Dice::new(seed, 101 + u64::from(idx), u64::from(lap));
        let goes_away = dice.chance(0.5);
        let way = share * length;
        let x = if goes_away { from + way } else { until - way };
        let y = if is_near {
            dice.range(1.3, 4.1)
        } else {
            dice.range(FAR_KERB_M + 1.1, FAR_WALL_M - 0.6)
        };
        let n_walkers = 1 + u32::from(dice.chance(0.3));
        for companion in 0..n_walkers {
            let looks = Looks::roll(&mut dice);
            let beside = 0.7 * companion as f32;
            let phase = way * 2.0 * PI / (0.86 * looks.height) + dice.range(0.0, 6.0);
            let sideways = y + 0.12 * (way * 0.3).sin();
            let y = if is_near {
                sideways - beside * (y - 1.2).signum()
            } else {
                sideways - beside * (y - 17.2).signum()
            };
            actors.push(Actor {
                object_id: PEOPLE + (lap * MAX_PEOPLE + idx) * 2 + companion,
                stand: Stand {
                    place: at(x, y, 0.0),
                    heading: if goes_away { 0.0 } else { PI },
                },
                figure: Figure::Person(looks, Pose::Walk(phase)),
            });
        }
    }
}

/// Most walkers one street holds.
pub(crate) const MAX_PEOPLE: u32 = 64;

fn crossers(seed: u64, time: f64, actors: &mut Vec<Actor>) {
    let (cycle, share) = lap_of(time / f64::from(CYCLE_S));
    // Those of the cycle before may still be on the pavement.
    for back in 0..=1_u32 {
        let cycle = cycle.saturating_sub(back);
        let now = (share + back as f32) * CYCLE_S;
        for idx in 0..3_u32 {
            let mut dice = Dice::new(seed, 200 + u64::from(idx), u64::from(cycle));
            let way = (now - 26.5 - dice.range(0.0, 3.0)) * dice.range(1.35, 1.6);
            let width = FAR_WALL_M - 0.8;
            if !dice.chance(0.75) || way < 0.0 || way > width {
                continue;
            }
            let goes_away = dice.chance(0.5);
            let y = if goes_away {
                0.5 + way
            } else {
                FAR_WALL_M - 0.3 - way
            };
            let x = CROSSING_M.0 + 0.7 + 0.9 * idx as f32;
            let looks = Looks::roll(&mut dice);
            actors.push(Actor {
                object_id: CROSSERS + cycle * 4 + idx,
                stand: Stand {
                    place: at(x, y, 0.0),
                    heading: if goes_away { FRAC_PI_2 } else { -FRAC_PI_2 },
                },
                figure: Figure::Person(looks, Pose::Walk(way * 2.0 * PI / (0.86 * looks.height))),
            });
        }
    }
}

/// A stream of traffic; one lane, one speed.
#[derive(Clone, Copy)]
struct Lane {
    number: u32,
    y: f32,
    /// +1 along the street, -1 against it.
    direction: f32,
    speed: f32,
    /// Time between two places in the stream, seconds.
    gap_s: f32,
    is_track: bool,
}

const LANE_PLANS: [Lane; 3] = [
    Lane {
        number: 0,
        y: (NEAR_TRACK_M + TRACK_EDGE_M) / 2.0,
        direction: -1.0,
        speed: 4.6,
        gap_s: 7.0,
        is_track: true,
    },
    Lane {
        number: 1,
        y: (TRACK_EDGE_M + MIDDLE_M) / 2.0,
        direction: -1.0,
        speed: 8.5,
        gap_s: 4.4,
        is_track: false,
    },
    Lane {
        number: 2,
        y: (MIDDLE_M + PARKING_M) / 2.0,
        direction: 1.0,
        speed: 9.5,
        gap_s: 4.0,
        is_track: false,
    },
];

const NEAR_TRACK_M: f32 = crate::street::town::NEAR_KERB_M;

fn drivers(seed: u64, bustle: Bustle, lane: Lane, time: f64, actors: &mut Vec<Actor>) {
    let stream = 300 + u64::from(lane.number);
    let reach_s = f64::from(END_M / lane.speed);
    let gap_s = f64::from(lane.gap_s);
    let (first, _) = lap_of(((time - reach_s) / gap_s).max(0.0));
    let (last, _) = lap_of((time + reach_s) / gap_s);
    for slot in first..=last {
        let mut dice = Dice::new(seed, stream, u64::from(slot));
        let arrives = f64::from(slot) * gap_s + f64::from(dice.range(0.0, lane.gap_s * 0.3));
        let (_, share) = lap_of(arrives / f64::from(CYCLE_S));
        let is_free = (FREE_S.0..FREE_S.1).contains(&(share * CYCLE_S));
        if is_free || !dice.chance(bustle.traffic) {
            continue;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "within reach_s, so a few hundred metres"
        )]
        let way = (time - arrives) as f32 * lane.speed;
        let x = CROSSING_M.0 + lane.direction * way;
        if !(-14.0..END_M - 25.0).contains(&x) {
            continue;
        }
        let stand = Stand {
            place: at(x, lane.y + dice.range(-0.2, 0.2), 0.0),
            heading: if lane.direction > 0.0 { 0.0 } else { PI },
        };
        let object_id = LANES + ((slot * 4 + lane.number) * 2);
        let two_wheeler = if lane.is_track {
            Some(Class::Bicycle)
        } else {
            dice.chance(0.12).then_some(Class::Motorcycle)
        };
        if let Some(class) = two_wheeler {
            let ride = Ride::roll(&mut dice, class);
            let looks = Looks::roll(&mut dice);
            let pose = ride.pose(way);
            actors.push(Actor {
                object_id,
                stand,
                figure: Figure::Ride(ride),
            });
            actors.push(Actor {
                object_id: object_id + 1,
                stand,
                figure: Figure::Person(looks, pose),
            });
        } else {
            let model = Model::roll(&mut dice);
            actors.push(Actor {
                object_id,
                stand,
                figure: Figure::Vehicle(model, -way / 0.33),
            });
        }
    }
}

/// What stays in its place: parked cars, trees, lamps; on request a truck
/// where else two cars may stand.
pub(crate) fn fixtures(town: &Town, has_truck: bool) -> Vec<Actor> {
    let mut fixtures = Vec::new();
    if has_truck {
        fixtures.extend(parked_truck(town.seed));
    }
    let prop = |place: Place, prop: Prop| Actor {
        object_id: 0,
        stand: Stand {
            place,
            heading: 0.0,
        },
        figure: Figure::Prop(prop),
    };
    for bay in 0..20_u32 {
        let mut dice = Dice::new(town.seed, 400, u64::from(bay));
        let x = 3.0 + 6.0 * bay as f32;
        let is_kept_free = x > CROSSING_M.0 - 4.5 && x < CROSSING_M.1 + 4.5;
        let is_for_truck = has_truck && (x - TRUCK_X_M).abs() < 7.5;
        if is_kept_free || is_for_truck || !dice.chance(0.7) {
            continue;
        }
        let heading = if dice.chance(0.85) { 0.0 } else { PI };
        fixtures.push(Actor {
            object_id: PARKED + bay,
            stand: Stand {
                place: at(x + dice.range(-0.4, 0.4), 14.35, 0.0),
                heading,
            },
            figure: Figure::Vehicle(Model::roll_car(&mut dice), dice.range(0.0, 6.0)),
        });
    }
    for idx in 0..7_u32 {
        let mut dice = Dice::new(town.seed, 401, u64::from(idx));
        let x = 4.0 + 17.0 * idx as f32 + dice.range(-1.5, 1.5);
        let height = dice.range(5.6, 7.6);
        fixtures.push(prop(
            at(x, FAR_KERB_M + 0.6, 0.0),
            Prop::Tree(dice.bits(), height),
        ));
        if idx > 1 {
            let near = at(x + 6.0, 4.2, 0.0);
            fixtures.push(prop(near, Prop::Tree(dice.bits(), height * 0.8)));
        }
    }
    for lamp in &town.lamps {
        let is_far = lamp.y > MIDDLE_M;
        let arm = if is_far { -1.0 } else { 1.0 };
        fixtures.push(prop(at(lamp.x, lamp.y, 0.0), Prop::Lamp(arm)));
    }
    fixtures.push(prop(at(12.4, FAR_KERB_M + 0.7, 0.0), Prop::Bin));
    fixtures.push(prop(at(13.2, 4.4, 0.0), Prop::Bin));
    for x in [CROSSING_M.0 - 0.4, CROSSING_M.1 + 0.4] {
        fixtures.push(prop(at(x, FAR_KERB_M + 0.35, 0.0), Prop::Bollard));
        fixtures.push(prop(at(x, 4.6, 0.0), Prop::Bollard));
    }
    fixtures
}

/// Middle of the truck, metres along the street.
const TRUCK_X_M: f32 = 29.5;

fn parked_truck(seed: u64) -> Option<Actor> {
    let mut dice = Dice::new(seed, 402, 0);
    // One in eleven vehicles is a truck.
    let model = (0..400)
        .map(|_| Model::roll(&mut dice))
        .find(|model| model.class == Class::Truck)?;
    Some(Actor {
        object_id: PARKED + 64,
        stand: Stand {
            place: at(TRUCK_X_M, 14.3, 0.0),
            heading: 0.0,
        },
        figure: Figure::Vehicle(model, 0.0),
    })
}
