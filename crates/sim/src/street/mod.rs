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
mod weather;
mod lights;
mod sensor;

use std::time::Duration;

use jpeg::RgbImage;
use types::{Class, NormBox};

use crate::street::paint::{Air, Area, Canvas, Cover, Layer, Tone, tone};
use crate::street::script::{Actor, Bustle, Figure, Footprint};
use crate::street::sensor::{Exposure, Sensor};
use crate::street::sketch::Sketch;
use crate::street::town::Town;
use crate::street::view::at;

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
    /// Rain falls.
    pub is_raining: bool,
    /// Snow falls.
    pub is_snowing: bool,
    /// Trees sway.
    pub is_windy: bool,
    /// The light goes off and on every 20 s.
    pub switches_light: bool,
    /// Headlights of an unseen car glide over the street every 17 s.
    pub sweeps_headlight: bool,
    /// The camera trembles.
    pub shakes: bool,
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
            is_raining: false,
            is_snowing: false,
            is_windy: false,
            switches_light: false,
            sweeps_headlight: false,
            shakes: false,
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
}

/// Something on the backdrop that others may pass behind.
#[derive(Debug)]
struct Fixture {
    ready: Ready,
    cover: Cover,
}

/// One object, ready to be put on the canvas.
#[derive(Clone, Debug)]
struct Ready {
    object_id: u32,
    class: Option<Class>,
    footprint: Footprint,
    depth: f32,
    layer: Layer,
    air: Air,
    /// The part of the picture it is put on.
    clip: Area,
    /// The backdrop shows it already.
    is_fixture: bool,
}

impl Street {
    /// The street of this seed. Draws the backdrop, which takes about as long
    /// as fifty frames; sizes and shares outside their range are limited.
    pub fn new(seed: u64, options: StreetOptions) -> Self {
        let options = StreetOptions {
            width_px: options.width_px.clamp(SIDE_PX.0, SIDE_PX.1),
            height_px: options.height_px.clamp(SIDE_PX.0, SIDE_PX.1),
            traffic: options.traffic.clamp(0.0, 1.0),
            noise: options.noise.clamp(0.0, 30.0),
            ..options
        };
        let town = Town::new(seed, &options);
        let picture = backdrop::draw(&town).expect("sides are limited to what a picture can have");
        let mut backdrop = Canvas::new(picture);
        let all = script::fixtures(&town);
        let (trees, still): (Vec<Actor>, Vec<Actor>) = all.into_iter().partition(|actor| {
            options.is_windy && matches!(actor.figure, Figure::Prop(prop::Prop::Tree(..)))
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
        }
    }

    /// The picture `time` after the start, and who is on it.
    pub fn frame(&mut self, time: Duration) -> (RgbImage, Vec<TruthBox>) {
        self.draw(time, None)
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
        let image = RgbImage {
            width_px: self.options.width_px,
            height_px: self.options.height_px,
            data: self.sensor.expose(&self.canvas, &self.changed, exposure),
        };
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

/// The same pixels and some around them, as areas that do not overlap.
fn merged(areas: &[Area], whole: Area) -> Vec<Area> {
    const CELL_PX: i32 = 32;
    let mut merged = Vec::new();
    for top in (0..whole.y2).step_by(32) {
        let bottom = (top + CELL_PX).min(whole.y2);
        let row: Vec<Area> = areas
            .iter()
            .copied()
            .filter(|area| area.y1 < bottom && top < area.y2)
            .collect();
        let mut run: Option<Area> = None;
        for left in (0..whole.x2).step_by(32) {
            let cell = Area {
                x1: left,
                y1: top,
                x2: (left + CELL_PX).min(whole.x2),
                y2: bottom,
            };
            if row.iter().any(|area| area.meets(cell)) {
                run = Some(run.map_or(cell, |run| run.union(cell)));
            } else {
                merged.extend(run.take());
            }
        }
        merged.extend(run);
    }
    merged
}

fn make_ready(town: &Town, actor: &Actor, sway: f32) -> Option<Ready> {
    let (length, width, height) = actor.size();
    let corners = actor.stand.corners(length, width, height);
    let mut sketch = Sketch::object(&town.view, town.sun(), &corners)?;
    draw_figure(&mut sketch, actor, sway);
    Some(Ready {
        object_id: actor.object_id,
        class: actor.class(),
        footprint: actor.footprint(),
        depth: town.view.depth(actor.stand.place),
        air: town.air(actor.stand.place + at(0.0, 0.0, 0.9)),
        clip: sketch.layer.area(),
        is_fixture: false,
        layer: sketch.layer,
    })
}

fn draw_figure(sketch: &mut Sketch<'_>, actor: &Actor, sway: f32) {
    match &actor.figure {
        Figure::Person(looks, pose) => person::draw(sketch, &actor.stand, looks, *pose),
        Figure::Ride(ride) => ride.draw(sketch, &actor.stand),
        Figure::Vehicle(model, turn) => model.draw(sketch, &actor.stand, *turn),
        Figure::Prop(prop) => prop.draw(sketch, actor.stand.place, sway),
    }
}

/// Draws the shadow that an actor throws; returns what changed.
fn put_shadow(canvas: &mut Canvas, town: &Town, actor: &Actor, sway: f32) -> Option<Area> {
    let (length, width, height) = actor.size();
    let scale = town.view.scale(actor.stand.place);
    if scale > 0.0 && scale < FAINT_PX {
        return None;
    }
    let corners = actor.stand.corners(length, width, height);
    let mut sketch = Sketch::shadow(&town.view, town.sun(), &corners)?;
    draw_figure(&mut sketch, actor, sway);
    // Where it meets the ground, no light gets in from any side.
    let [x1, x2, y1, y2] = actor.footprint();
    let is_vehicle = matches!(actor.figure, Figure::Vehicle(..));
    if is_vehicle {
        sketch.face(
            &[
                at(x1, y1, 0.0),
                at(x2, y1, 0.0),
                at(x2, y2, 0.0),
                at(x1, y2, 0.0),
            ],
            BLACK,
        );
    }
    sketch
        .layer
        .blur(crate::street::paint::n_pixels(scale * if is_vehicle { 0.09 } else { 0.045 }).min(9));
    let strength = match town.light {
        Light::Day => 0.46,
        Light::Night => 0.40,
        Light::Infrared => 0.22,
    };
    let air = Air {
        light: BLACK,
        haze: town.haze(),
        haze_share: town.air(actor.stand.place).haze_share,
        strength,
    };
    let area = sketch.layer.area();
    canvas.put(&sketch.layer, air, None);
    Some(area)
}

/// Pixels per metre below which a shadow cannot be seen.
const FAINT_PX: f32 = 20.0;
const BLACK: Tone = tone(0.0, 0.0, 0.0);

/// Farthest first. One thing is behind another when it lies beyond it across
/// the street, or beyond it along the street where both share the width.
fn in_order(mut things: Vec<Ready>) -> Vec<Ready> {
    let mut ordered = Vec::with_capacity(things.len());
    while !things.is_empty() {
        let free = (0..things.len()).find(|idx| {
            things.iter().enumerate().all(|(other, thing)| {
                other == *idx || !is_behind(thing, &things[*idx], other < *idx)
            })
        });
        let farthest = || {
            (0..things.len())
                .max_by(|a, b| things[*a].depth.total_cmp(&things[*b].depth))
                .unwrap_or(0)
        };
        let next = free.unwrap_or_else(farthest);
        ordered.push(things.remove(next));
    }
    ordered
}

fn is_behind(one: &Ready, other: &Ready, came_first: bool) -> bool {
    let ([ax1, ax2, ay1, ay2], [bx1, bx2, by1, by2]) = (one.footprint, other.footprint);
    if ay1 >= by2 || ay2 <= by1 {
        return ay1 >= by2;
    }
    if ax1 >= bx2 || ax2 <= bx1 {
        return ax1 >= bx2;
    }
    let nearer = one.depth - other.depth;
    if nearer.abs() < 1e-3 {
        came_first
    } else {
        nearer > 0.0
    }
}

#[cfg(test)]
mod tests;
