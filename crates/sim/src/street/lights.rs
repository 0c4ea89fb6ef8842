//! Lamps of street and vehicles by night.
//!
//! In: the canvas, who is where. Out: light added to it, and which part of
//! the picture changed.
//!
//! Not here: how much light falls on things (`town`).

use crate::street::paint::{Area, Canvas, Tone, tone};
use crate::street::prop;
use crate::street::script::{Actor, Figure};
use crate::street::town::{MIDDLE_M, Town};
use crate::street::view::Place;

const WARM: Tone = tone(1.0, 0.90, 0.70);

/// The glow of street lamps.
pub(super) fn shine_lamps(canvas: &mut Canvas, town: &Town) {
    for lamp in &town.lamps {
        let arm = if lamp.y > MIDDLE_M { -1.0 } else { 1.0 };
        let head = prop::lamp_head(*lamp, arm);
        if let Some(seen) = town.view.project(head) {
            let scale = town.view.scale(head);
            canvas.glow(seen, scale * 1.5, WARM, 0.55);
            canvas.glow(seen, scale * 0.35, tone(1.0, 0.97, 0.88), 1.0);
        }
    }
}

/// Headlights on the road; returns what changed.
pub(super) fn beam(canvas: &mut Canvas, town: &Town, actor: &Actor) -> Option<Area> {
    if !matches!(actor.figure, Figure::Vehicle(..) | Figure::Ride(_)) {
        return None;
    }
    let half = actor.size().0 / 2.0;
    let mut changed: Option<Area> = None;
    for ring in 1..=16_u8 {
        let share = f32::from(ring) / 16.0;
        let shape: Vec<_> = (0..24_u8)
            .filter_map(|turn| {
                let (sin, cos) = (f32::from(turn) * std::f32::consts::TAU / 24.0).sin_cos();
                town.view.project(actor.stand.at(
                    half + 5.5 + 5.2 * share * cos,
                    1.9 * share * sin,
                    0.0,
                ))
            })
            .collect();
        if shape.len() == 24 {
            canvas.add_light(&shape, WARM, 0.024);
            changed = Area::around(&shape, 2.0, (town.view.width_px, town.view.height_px));
        }
    }
    changed
}

/// Lamps of a vehicle as they dazzle; returns what changed.
pub(super) fn glare(canvas: &mut Canvas, town: &Town, actor: &Actor) -> Vec<Area> {
    let lamps: Vec<(Place, bool)> = match &actor.figure {
        Figure::Vehicle(model, _) => {
            let [front, rear] = model.lamps(&actor.stand);
            front
                .into_iter()
                .map(|place| (place, true))
                .chain(rear.into_iter().map(|place| (place, false)))
                .collect()
        }
        Figure::Ride(ride) => {
            let [front, rear] = ride.lamps(&actor.stand);
            vec![(front, true), (rear, false)]
        }
        Figure::Person(..) | Figure::Prop(_) => Vec::new(),
    };
    let mut changed = Vec::new();
    for (place, is_front) in lamps {
        let outward = if is_front {
            actor.stand.forward()
        } else {
            actor.stand.forward() * -1.0
        };
        let turned = outward.dot((town.view.eye - place).normal());
        let Some(seen) = town
            .view
            .project(place)
            .filter(|seen| turned > 0.1 && canvas.shows(*seen, actor.object_id))
        else {
            continue;
        };
        let scale = town.view.scale(place);
        let (colour, reach) = if is_front {
            (WARM, 0.55 + 0.8 * turned)
        } else {
            (tone(1.0, 0.12, 0.10), 0.35)
        };
        canvas.glow(seen, scale * reach, colour, 0.75);
        canvas.glow(
            seen,
            scale * 0.14,
            colour.towards(tone(1.0, 1.0, 1.0), 0.6),
            1.0,
        );
        changed.extend(Area::around(
            &[seen],
            scale * reach + 2.0,
            (town.view.width_px, town.view.height_px),
        ));
    }
    changed
}
