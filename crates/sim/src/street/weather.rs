//! What troubles motion detection: rain, snow, wind, light and shake.
//!
//! In: the weather wanted, the time. Out: strokes on the canvas, and numbers
//! for trees (sway) and sensor (gain, shake).
//!
//! Not here: noise (`sensor`), headlights of cars that are seen (`street`).

use std::time::Duration;

use crate::street::StreetOptions;
use crate::street::dice::Dice;
use crate::street::paint::{Canvas, tone};
use crate::street::town::{FAR_WALL_M, MIDDLE_M, Town};
use crate::street::view::{Dot, at, dot};

/// How far treetops bend, metres.
pub(crate) fn sway(options: &StreetOptions, time: Duration) -> f32 {
    if !options.is_windy {
        return 0.0;
    }
    let t = time.as_secs_f32();
    0.30 * (t * 1.7).sin() + 0.22 * (t * 4.1 + 1.0).sin() + 0.10 * (t * 9.7).sin()
}

/// Brightness, 256 = as painted: the light goes off and on every 20 s.
pub(crate) fn gain(options: &StreetOptions, time: Duration) -> u32 {
    if options.switches_light && (time.as_secs() / 20) % 2 == 1 {
        140
    } else {
        256
    }
}

/// Pixels the picture moves right and down on a trembling pole.
pub(crate) fn shake(options: &StreetOptions, time: Duration) -> (i32, i32) {
    if !options.shakes {
        return (0, 0);
    }
    let t = time.as_secs_f32();
    let reach = options.width_px as f32 / 480.0;
    let right = ((t * 5.3).sin() + 0.6 * (t * 11.9).sin()) * reach;
    let down = ((t * 6.7 + 2.0).sin() + 0.6 * (t * 13.3).sin()) * reach * 0.7;
    (
        crate::street::paint::whole(right.round()),
        crate::street::paint::whole(down.round()),
    )
}

/// Paints light and water; true when any pixel of the picture may differ.
pub(crate) fn paint(
    canvas: &mut Canvas,
    town: &Town,
    options: &StreetOptions,
    time: Duration,
) -> bool {
    let sweeps = options.sweeps_headlight && sweep(canvas, town, time);
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let size = (options.width_px as f32, options.height_px as f32);
    if options.is_raining {
        let mut dice = Dice::new(town.seed, 600, millis);
        let streaks: Vec<[Dot; 2]> = (0..700_u16)
            .map(|_| {
                let near = dice.unit();
                let from = dot(dice.range(0.0, size.0), dice.range(-0.05, 1.0) * size.1);
                let length = size.1 * (0.015 + 0.05 * near * near);
                [from, dot(from.x - length * 0.16, from.y + length)]
            })
            .collect();
        canvas.streaks(&streaks, size.1 / 900.0, tone(0.80, 0.83, 0.87), 0.30);
    }
    if options.is_snowing {
        let t = time.as_secs_f32();
        let flakes: Vec<[Dot; 2]> = (0..900_u16)
            .map(|idx| {
                let mut dice = Dice::new(town.seed, 601, u64::from(idx));
                let near = dice.unit();
                let fall = dice.unit() + t * (0.10 + 0.25 * near);
                let drift = dice.unit()
                    + 0.03 * (t * dice.range(0.5, 1.5) + dice.range(0.0, 6.0)).sin()
                    + t * 0.03;
                let from = dot(drift.fract() * size.0, fall.fract() * size.1);
                [
                    from,
                    dot(from.x + 0.5, from.y + size.1 / 900.0 * (1.0 + 2.0 * near)),
                ]
            })
            .collect();
        canvas.streaks(&flakes, size.1 / 360.0, tone(0.93, 0.94, 0.96), 0.75);
    }
    options.is_raining || options.is_snowing || sweeps
}

/// Light of a car that is not in the picture glides over road and walls.
fn sweep(canvas: &mut Canvas, town: &Town, time: Duration) -> bool {
    let phase = time.as_secs_f32() % 17.0;
    if phase > 3.5 {
        return false;
    }
    let x = 55.0 - 52.0 * phase / 3.5;
    let warm = tone(1.0, 0.95, 0.82);
    for ring in 1..=16_u8 {
        let share = f32::from(ring) / 16.0;
        let around = |turn: u8| (f32::from(turn) * std::f32::consts::TAU / 24.0).sin_cos();
        let ground: Option<Vec<Dot>> = (0..24_u8)
            .map(|turn| {
                let (sin, cos) = around(turn);
                town.view.project(at(
                    (x + 8.0 * share * cos).max(1.0),
                    MIDDLE_M + 3.0 * share * sin,
                    0.0,
                ))
            })
            .collect();
        let wall: Option<Vec<Dot>> = (0..24_u8)
            .map(|turn| {
                let (sin, cos) = around(turn);
                town.view.project(at(
                    (x + 5.0 * share * cos).max(1.0),
                    FAR_WALL_M,
                    1.9 + 1.8 * share * sin,
                ))
            })
            .collect();
        for shape in [ground, wall].into_iter().flatten() {
            canvas.add_light(&shape, warm, 0.026);
        }
    }
    true
}
