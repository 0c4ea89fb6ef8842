//! Rain, snow, wind, insects, webs, light and shake.
//!
//! In: the nuisances wanted, the time. Out: strokes on the canvas, and numbers
//! for trees (sway) and sensor (gain, shake).
//!
//! Not here: noise (`sensor`), headlights of cars that are seen (`lights`).

use std::f32::consts::TAU;
use std::time::Duration;

use crate::street::StreetOptions;
use crate::street::dice::Dice;
use crate::street::nuisance::Nuisance;
use crate::street::paint::{Canvas, tone};
use crate::street::town::{FAR_WALL_M, MIDDLE_M, Town};
use crate::street::view::{Dot, at, dot};

/// How far treetops bend, metres.
pub(crate) fn sway(options: &StreetOptions, time: Duration) -> f32 {
    if !options.nuisances.has(Nuisance::Wind) {
        return 0.0;
    }
    let t = time.as_secs_f32();
    0.30 * (t * 1.7).sin() + 0.22 * (t * 4.1 + 1.0).sin() + 0.10 * (t * 9.7).sin()
}

/// Brightness, 256 = as painted: the light goes off and on every 20 s, and
/// exposure needs a moment after each change to infrared light and back.
pub(crate) fn gain(options: &StreetOptions, time: Duration) -> u32 {
    let since_switch_ms = u32::try_from(time.as_millis() % 20_000).unwrap_or(0);
    if options.nuisances.has(Nuisance::InfraredSwitch) && since_switch_ms < 1_000 {
        256 + (1_000 - since_switch_ms) / 5
    } else if options.nuisances.has(Nuisance::LightSwitch) && (time.as_secs() / 20) % 2 == 1 {
        140
    } else {
        256
    }
}

/// Pixels the picture moves right and down on a trembling pole.
pub(crate) fn shake(options: &StreetOptions, time: Duration) -> (i32, i32) {
    if !options.nuisances.has(Nuisance::Shake) {
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
    let sweeps = options.nuisances.has(Nuisance::HeadlightSweep) && sweep(canvas, town, time);
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let size = (options.width_px as f32, options.height_px as f32);
    if options.nuisances.has(Nuisance::Rain) {
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
    if options.nuisances.has(Nuisance::Snow) {
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
    if options.nuisances.has(Nuisance::Insects) {
        insects(canvas, town.seed, size, time);
    }
    if options.nuisances.has(Nuisance::SpiderWeb) {
        web(canvas, town.seed, size, time);
    }
    let everywhere = [
        Nuisance::Rain,
        Nuisance::Snow,
        Nuisance::Insects,
        Nuisance::SpiderWeb,
    ];
    sweeps || everywhere.iter().any(|one| options.nuisances.has(*one))
}

/// How long one insect stays before the lens, seconds.
const INSECT_S: f32 = 1.6;

/// Bright soft blobs on curved ways, too close to be sharp.
fn insects(canvas: &mut Canvas, seed: u64, size: (f32, f32), time: Duration) {
    let t = time.as_secs_f32();
    for slot in 0..4_u16 {
        let laps = t / INSECT_S + f32::from(slot) * 0.37;
        let lap = u64::try_from(crate::street::paint::whole(laps)).unwrap_or(0);
        let mut dice = Dice::new(seed, 620 + u64::from(slot), lap);
        if dice.chance(0.45) {
            continue;
        }
        let (turn, curve) = (dice.range(0.0, TAU), dice.range(-3.0, 3.0));
        let middle = (dice.range(0.1, 0.9), dice.range(0.1, 0.9));
        let along = (laps.fract() - 0.5) * dice.range(0.6, 1.3);
        let (sin, cos) = (turn + curve * along).sin_cos();
        let flutter = 0.012 * (t * dice.range(20.0, 40.0)).sin();
        let radius = dice.range(0.008, 0.035) * size.0;
        let seen = dot(
            (middle.0 + along * cos - flutter * sin) * size.0,
            (middle.1 + along * sin + flutter * cos) * size.1,
        );
        canvas.glow(seen, radius, tone(0.95, 0.97, 1.0), 0.9);
        canvas.glow(seen, radius * 0.5, tone(0.95, 0.97, 1.0), 0.6);
    }
}

/// Threads across one corner, too close to be sharp, that move in the draught.
fn web(canvas: &mut Canvas, seed: u64, size: (f32, f32), time: Duration) {
    let t = time.as_secs_f32();
    let mut dice = Dice::new(seed, 640, 0);
    let draught = (0.5 + 0.5 * (t * 0.31).sin()) * ((t * 2.3).sin() + 0.4 * (t * 5.1).sin());
    let hub = dot(
        size.0 * (0.80 + 0.004 * draught),
        size.1 * (0.26 + 0.006 * draught),
    );
    let mut threads: Vec<[Dot; 2]> = Vec::new();
    let mut last_ring: Vec<Dot> = Vec::new();
    for spoke in 0..9_u8 {
        let turn = f32::from(spoke) * TAU / 9.0 + dice.range(-0.15, 0.15);
        let reach = dice.range(0.22, 0.34) * size.0;
        let sway = draught * dice.range(0.5, 1.5) * 0.004 * size.0;
        let on = |share: f32| {
            dot(
                hub.x + turn.cos() * reach * share + sway * share * (1.0 - share) * 4.0,
                hub.y + turn.sin() * reach * share,
            )
        };
        threads.push([hub, on(1.0)]);
        let ring: Vec<Dot> = [0.25, 0.45, 0.65].into_iter().map(on).collect();
        threads.extend(last_ring.iter().zip(&ring).map(|(a, b)| [*a, *b]));
        last_ring = ring;
    }
    // Several strokes upon each other make a soft one.
    for width in [0.0075, 0.005, 0.0025] {
        canvas.streaks(&threads, width * size.0, tone(0.75, 0.77, 0.80), 0.16);
    }
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
        let around = |turn: u8| (f32::from(turn) * TAU / 24.0).sin_cos();
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
