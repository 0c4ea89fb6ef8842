//! Objects as layers: drawn one by one, then put on the canvas in the order in
//! which they hide each other, shadows first.
//!
//! In: actors. Out: layers with what is needed to put them, and areas changed.
//!
//! Not here: what an actor looks like, when each layer is put (`street`).

use types::Class;

use crate::street::paint::{Air, Area, Canvas, Layer, Tone, tone};
use crate::street::script::{Actor, Figure, Footprint};
use crate::street::sketch::Sketch;
use crate::street::town::Town;
use crate::street::view::at;
use crate::street::{Light, person};

/// One object, ready to be put on the canvas.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) object_id: u32,
    pub(super) class: Option<Class>,
    pub(super) footprint: Footprint,
    pub(super) depth: f32,
    pub(super) layer: Layer,
    pub(super) air: Air,
    /// The part of the picture it is put on.
    pub(super) clip: Area,
    /// The backdrop shows it already.
    pub(super) is_fixture: bool,
}

/// Draws an actor into a layer of its own.
pub(super) fn make_ready(town: &Town, actor: &Actor, sway: f32) -> Option<Ready> {
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
pub(super) fn put_shadow(
    canvas: &mut Canvas,
    town: &Town,
    actor: &Actor,
    sway: f32,
) -> Option<Area> {
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
pub(super) fn in_order(mut things: Vec<Ready>) -> Vec<Ready> {
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

pub(super) fn is_behind(one: &Ready, other: &Ready, came_first: bool) -> bool {
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

/// The same pixels and some around them, as areas that do not overlap.
pub(super) fn merged(areas: &[Area], whole: Area) -> Vec<Area> {
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
