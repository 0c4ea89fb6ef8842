//! A drawn street: people, riders and vehicles with exact ground truth.
//!
//! Pure: the picture at a time depends on nothing but seed, options and that
//! time, so frames may be asked for in any order and tests can compare bytes.
//!
//! In: a seed, [`StreetOptions`], a time since the start. Out: packed RGB and
//! one [`TruthBox`] for each object of which anything is seen.
//!
//! Not here: JPEG, pacing, clients (`server`).

mod dice;
mod view;
mod paint;
mod town;
mod backdrop;
mod sketch;
mod person;
mod vehicle;
mod two_wheeler;
mod prop;
mod script;
mod lights;
mod nuisance;
mod layering;
mod sensor;

use std::time::Duration;

use jpeg::RgbImage;
use types::{Class, NormBox, StillChangeKind};

pub use crate::street::nuisance::{Incident, Nuisance, Nuisances, Staged};

use crate::street::layering::{Ready, in_order, is_behind, make_ready, merged, put_shadow};
use crate::street::nuisance::{lens, weather};
use crate::street::paint::{Area, Canvas, Cover};
use crate::street::script::{Actor, BAG, Bustle, Figure};
use crate::street::sensor::{Exposure, Sensor};
use crate::street::town::Town;

/// By what light the street is seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Light {
    /// Sun and blue sky.
    #[default]
    Day,
    /// Street lamps, lit windows and headlights.
    Night,
    /// The camera's own infrared lamp: grey, bright only nearby.
    Infrared,
}

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreetOptions {
    /// Picture width, pixels, 64..=4096.
    pub width_px: u32,
    /// Picture height, pixels, 64..=4096.
    pub height_px: u32,
    /// Light.
    pub light: Light,
    /// Walkers on the pavements, 0..=64; one in three has company.
    pub n_people: u32,
    /// Share of places in the traffic that are taken, 0..=1.
    pub traffic: f32,
    /// Standard deviation of the sensor's noise, steps of 1/255.
    pub noise: f32,
    /// How much the camera's place differs from seed to seed, 0..=1.
    pub view_spread: f32,
    /// Weather and other trouble.
    pub nuisances: Nuisances,
    /// What somebody does, and when.
    pub incident: Option<Staged>,
}

impl Default for StreetOptions {
    fn default() -> Self {
        StreetOptions {
            width_px: 1920,
            height_px: 1080,
            light: Light::Day,
            n_people: 12,
            traffic: 0.6,
            noise: 1.2,
            view_spread: 0.0,
            nuisances: Nuisances::NONE,
            incident: None,
        }
    }
}

/// Where one object really is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TruthBox {
    /// Same for the same object in all frames, used for no other.
    pub object_id: u32,
    /// What it is. Riders are persons, apart from what they ride.
    pub class: Class,
    /// Box around the pixels that can be seen.
    pub bbox: NormBox,
    /// Share of the object inside the picture that others hide, 0..=1.
    pub occluded_share: f32,
    /// Never moves: a parked car.
    pub is_parked: bool,
}

impl TruthBox {
    /// Whether most of the object is hidden.
    pub fn is_occluded(&self) -> bool {
        self.occluded_share > 0.5
    }
}

/// What a thing left or taken away really changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TruthChange {
    /// Box around the thing, there or not, without shake.
    pub bbox: NormBox,
    /// Whether it came or went.
    pub kind: StillChangeKind,
    /// When, since the start.
    pub since: Duration,
}

/// Smallest and largest side of a picture, pixels.
const SIDE_PX: (u32, u32) = (64, 4096);

/// A street and the camera that watches it.
#[derive(Debug)]
pub struct Street {
    options: StreetOptions,
    town: Town,
    backdrop: Canvas,
    canvas: Canvas,
    /// What differs between `canvas` and `backdrop`.
    changed: Vec<Area>,
    fixtures: Vec<Fixture>,
    trees: Vec<Actor>,
    sensor: Sensor,
    bag_box: Option<NormBox>,
    /// The same street by infrared light, if the camera goes over to that.
    infrared: Option<Box<Street>>,
    /// What the camera sees once it was turned, if it is going to be.
    turned: Option<Box<Street>>,
}

/// How far a camera is turned aside, radians.
const TURN: f32 = 0.9;

/// Something on the backdrop that others may pass behind.
#[derive(Debug)]
struct Fixture {
    ready: Ready,
    cover: Cover,
}

impl Street {
    /// The street of this seed. Draws the backdrop, which takes about as long
    /// as fifty frames; sizes and shares outside their range are limited.
    pub fn new(seed: u64, options: StreetOptions) -> Self {
        let mut street = Self::by_one_light(seed, options, 0.0);
        if options.nuisances.has(Nuisance::InfraredSwitch) {
            let infrared = StreetOptions {
                light: Light::Infrared,
                ..options
            };
            street.infrared = Some(Box::new(Self::by_one_light(seed, infrared, 0.0)));
        }
        if options
            .incident
            .is_some_and(|staged| staged.incident == Incident::Turn)
        {
            street.turned = Some(Box::new(Self::by_one_light(seed, options, TURN)));
        }
        street
    }

    /// The street as it is without change of light or view; the camera is
    /// turned aside by `turn` radians.
    fn by_one_light(seed: u64, options: StreetOptions, turn: f32) -> Self {
        let options = StreetOptions {
            width_px: options.width_px.clamp(SIDE_PX.0, SIDE_PX.1),
            height_px: options.height_px.clamp(SIDE_PX.0, SIDE_PX.1),
            traffic: options.traffic.clamp(0.0, 1.0),
            noise: options.noise.clamp(0.0, 30.0),
            ..options
        };
        let town = Town::new(seed, &options, turn);
        let picture = backdrop::draw(&town).expect("sides are limited to what a picture can have");
        let mut backdrop = Canvas::new(picture);
        let all = script::fixtures(&town, options.nuisances.has(Nuisance::HeadlightSweep));
        let (trees, still): (Vec<Actor>, Vec<Actor>) = all.into_iter().partition(|actor| {
            options.nuisances.has(Nuisance::Wind)
                && matches!(actor.figure, Figure::Prop(prop::Prop::Tree(..)))
        });
        for actor in &still {
            put_shadow(&mut backdrop, &town, actor, 0.0);
        }
        let ready = still
            .iter()
            .filter_map(|actor| make_ready(&town, actor, 0.0))
            .collect();
        let fixtures = in_order(ready)
            .into_iter()
            .map(|ready: Ready| Fixture {
                cover: backdrop.put(&ready.layer, ready.air, Some(ready.object_id)),
                ready,
            })
            .collect();
        if town.light == Light::Night {
            lights::shine_lamps(&mut backdrop, &town);
        }
        let canvas = backdrop.clone();
        let has_bag = options
            .incident
            .is_some_and(|staged| staged.incident.has_bag());
        let bag_box = has_bag
            .then(|| box_of(&town, &script::bag(), BAG))
            .flatten();
        let sensor = Sensor::new(&backdrop, town.is_grey, options.noise, seed);
        Street {
            options,
            town,
            backdrop,
            canvas,
            changed: Vec::new(),
            fixtures,
            trees,
            sensor,
            bag_box,
            infrared: None,
            turned: None,
        }
    }

    /// The picture `time` after the start, and who is on it.
    pub fn frame(&mut self, time: Duration) -> (RgbImage, Vec<TruthBox>) {
        if Staged::is_now(self.options.incident, Incident::Turn, time)
            && let Some(turned) = &mut self.turned
        {
            return turned.draw(time, None);
        }
        if nuisance::is_infrared(self.options.nuisances, time)
            && let Some(infrared) = &mut self.infrared
        {
            return infrared.draw(time, None);
        }
        self.draw(time, None)
    }

    /// What was left or taken away as of `time`.
    pub fn change(&self, time: Duration) -> Option<TruthChange> {
        let staged = self.options.incident.filter(|staged| staged.is_on(time))?;
        let kind = match staged.incident {
            Incident::BagLeft => StillChangeKind::Left,
            Incident::BagRemoved => StillChangeKind::Removed,
            _ => return None,
        };
        Some(TruthChange {
            bbox: self.bag_box?,
            kind,
            since: staged.from,
        })
    }

    /// Box around the gate, open or closed, without shake; `None` where there
    /// is none.
    pub fn gate_box(&self) -> Option<NormBox> {
        let has_gate = self.options.incident?.incident == Incident::GateOpen;
        let boxes =
            [false, true].map(|is_open| box_of(&self.town, &script::gate(is_open), script::GATE));
        let [closed, open] = boxes;
        has_gate.then(|| Some(closed?.union(open?))).flatten()
    }

    /// As [`frame`](Self::frame); `hidden` keeps its shadow but is not drawn.
    fn draw(&mut self, time: Duration, hidden: Option<u32>) -> (RgbImage, Vec<TruthBox>) {
        for area in self.changed.drain(..) {
            self.canvas.restore(&self.backdrop, area);
        }
        let sway = weather::sway(&self.options, time);
        let bustle = Bustle {
            n_people: self.options.n_people,
            traffic: self.options.traffic,
        };
        let mut actors = script::actors(self.town.seed, bustle, time);
        if self
            .options
            .incident
            .is_some_and(|staged| staged.has_bag(time))
        {
            actors.push(script::bag());
        }
        let incident = self.options.incident;
        let gate = incident.and_then(|staged| staged.is_gate_open(time));
        actors.extend(gate.map(script::gate));
        for actor in actors.iter().chain(&self.trees) {
            self.changed
                .extend(put_shadow(&mut self.canvas, &self.town, actor, sway));
        }
        if self.town.light == Light::Night {
            for actor in &actors {
                self.changed
                    .extend(lights::beam(&mut self.canvas, &self.town, actor));
            }
        }
        actors.retain(|actor| Some(actor.object_id) != hidden);
        let mut covers = self.put_actors(&actors, sway);
        if self.town.light == Light::Night {
            for actor in &actors {
                self.changed
                    .extend(lights::glare(&mut self.canvas, &self.town, actor));
            }
        }
        if weather::paint(&mut self.canvas, &self.town, &self.options, time) {
            self.changed = vec![self.whole()];
        }
        self.changed = merged(&self.changed, self.whole());
        for fixture in &self.fixtures {
            if let Some(class) = fixture.ready.class {
                covers.push((fixture.ready.object_id, class, fixture.cover, true));
            }
        }
        let exposure = Exposure {
            noise_seed: self.town.seed ^ u64::try_from(time.as_millis()).unwrap_or(0),
            gain: weather::gain(&self.options, time),
            shake: weather::shake(&self.options, time),
        };
        let mut image = RgbImage {
            width_px: self.options.width_px,
            height_px: self.options.height_px,
            data: self.sensor.gather(&self.canvas, &self.changed, exposure),
        };
        lens::apply(&mut image, self.town.seed, &self.options, time);
        self.sensor.expose(&mut image.data, exposure);
        (image, self.truth(&covers, exposure.shake))
    }

    /// Puts everybody on the canvas, farthest first, and again those fixtures
    /// that somebody passed behind.
    fn put_actors(&mut self, actors: &[Actor], sway: f32) -> Vec<(u32, Class, Cover, bool)> {
        let mut ready: Vec<Ready> = actors
            .iter()
            .chain(&self.trees)
            .filter_map(|actor| make_ready(&self.town, actor, sway))
            .collect();
        let shadows = self.changed.clone();
        self.changed.extend(ready.iter().map(|ready| ready.clip));
        // Nearest last, so that a fixture put again may call for the next.
        for fixture in &self.fixtures {
            let fixed = &fixture.ready;
            let behind = ready
                .iter()
                .filter(|other| is_behind(other, fixed, true))
                .map(|other| other.clip);
            let Some(clip) = shadows
                .iter()
                .copied()
                .chain(behind)
                .filter_map(|area| area.common(fixed.layer.area()))
                .reduce(Area::union)
            else {
                continue;
            };
            ready.push(Ready {
                clip,
                is_fixture: true,
                ..fixed.clone()
            });
            self.changed.push(clip);
        }
        let mut covers = Vec::new();
        for ready in in_order(ready) {
            let owner = ready.object_id;
            if ready.is_fixture {
                self.canvas
                    .put_again(&ready.layer, ready.air, owner, ready.clip, &self.backdrop);
                continue;
            }
            let cover = self.canvas.put(&ready.layer, ready.air, Some(owner));
            if let Some(class) = ready.class {
                covers.push((owner, class, cover, false));
            }
        }
        covers
    }

    fn truth(&self, covers: &[(u32, Class, Cover, bool)], shake: (i32, i32)) -> Vec<TruthBox> {
        let size = (self.options.width_px as f32, self.options.height_px as f32);
        covers
            .iter()
            .filter_map(|(object_id, class, cover, is_parked)| {
                let (n_pixels, area) = self.canvas.visible(*object_id, cover.area)?;
                let [x1, x2] = [area.x1, area.x2].map(|x| (x + shake.0) as f32 / size.0);
                let [y1, y2] = [area.y1, area.y2].map(|y| (y + shake.1) as f32 / size.1);
                let bbox = NormBox::from_xyxy(x1, y1, x2, y2);
                (bbox.area() > 0.0).then(|| TruthBox {
                    object_id: *object_id,
                    class: *class,
                    bbox,
                    occluded_share: 1.0 - n_pixels as f32 / cover.n_pixels.max(1) as f32,
                    is_parked: *is_parked,
                })
            })
            .collect()
    }

    fn whole(&self) -> Area {
        Area {
            x1: 0,
            y1: 0,
            x2: self.options.width_px.cast_signed(),
            y2: self.options.height_px.cast_signed(),
        }
    }
}

/// Box around what an actor covers when nobody stands before it.
fn box_of(town: &Town, actor: &Actor, object_id: u32) -> Option<NormBox> {
    let (width_px, height_px) = (town.view.width_px, town.view.height_px);
    let ready = make_ready(town, actor, 0.0)?;
    let mut alone = Canvas::new(tiny_skia::Pixmap::new(width_px, height_px)?);
    let cover = alone.put(&ready.layer, ready.air, Some(object_id));
    let (_, area) = alone.visible(object_id, cover.area)?;
    Some(NormBox::from_xyxy(
        area.x1 as f32 / width_px as f32,
        area.y1 as f32 / height_px as f32,
        area.x2 as f32 / width_px as f32,
        area.y2 as f32 / height_px as f32,
    ))
}

#[cfg(test)]
mod tests;
