//! Scores, shape and speed of objects, as rules ask them.

use types::{Moved, Phase};

use super::*;
use crate::site::ground::{Ground, GroundPoint};

/// The drawn picture, each tenth of it two metres wide where people walk.
fn measured() -> Drawing {
    let corners = [
        (0.0, 1.0, 0.0, 0.0),
        (1.0, 1.0, 20.0, 0.0),
        (1.0, 0.5, 20.0, 10.0),
        (0.0, 0.5, 0.0, 10.0),
    ];
    let ground = Ground::new(corners.map(|(x, y, east_m, north_m)| GroundPoint {
        picture: NormPoint::new(x, y),
        east_m,
        north_m,
    }));
    Drawing {
        ground: Some(ground.unwrap()),
        ..drawn()
    }
}

fn intruder(change: impl FnOnce(&mut ObjectFilter)) -> Rule {
    let mut rule = rule_of(What::Intruder {
        zone_id: ZoneId(1),
        dwell: Duration::ZERO,
    });
    change(&mut rule.filter);
    rule
}

/// How many alarms begin when somebody walks, and why the last was none.
fn n_begun(drawing: Drawing, rule: Rule, walk: &str) -> usize {
    let mut program = program(drawing, vec![rule]);
    let events = play(&mut program, &scenes(&[walk], 1_000));
    let begun = events.iter().filter(|event| event.phase == Phase::Begin);
    begun.count()
}

#[test]
fn only_who_is_fast_enough_counts_and_nobody_where_speeds_are_unknown() {
    let faster_than = |mps: f32| intruder(|filter| filter.speed_mps = Some(mps..=f32::INFINITY));
    // Two metres a second.
    let walk = "0123456789x";
    assert_eq!(n_begun(measured(), faster_than(1.5), walk), 1);
    assert_eq!(n_begun(measured(), faster_than(2.5), walk), 0);
    assert_eq!(n_begun(drawn(), faster_than(1.5), walk), 0);
    // Who runs in and stands still has been fast: the alarm goes on.
    assert_eq!(n_begun(measured(), faster_than(1.5), "0246666666666x"), 1);
    let slower = intruder(|filter| filter.speed_mps = Some(0.0..=1.0));
    assert_eq!(n_begun(measured(), slower, walk), 0);
}

#[test]
fn only_objects_of_the_shape_count() {
    // Walkers are half as wide as high in a square picture.
    let shaped = |from: f32, to: f32| intruder(|filter| filter.aspect = Some(from..=to));
    let walk = "0123456789x";
    assert_eq!(n_begun(drawn(), shaped(0.4, 0.6), walk), 1);
    assert_eq!(n_begun(drawn(), shaped(0.0, 0.4), walk), 0);
    assert_eq!(n_begun(drawn(), shaped(0.6, f32::INFINITY), walk), 0);
}

#[test]
fn why_names_shape_and_speed_with_what_was_wanted() {
    let rule = intruder(|filter| {
        filter.aspect = Some(0.0..=0.4);
        filter.speed_mps = Some(5.0..=10.0);
    });
    let mut program = program(measured(), vec![rule]);
    play(&mut program, &scenes(&["01234567"], 1_000));
    let told = program.explain(at_ms(7_000));
    let gates = told[0].objects[0].gates.iter();
    let text: Vec<String> = gates
        .filter(|gate| ["shape", "speed"].contains(&gate.name))
        .map(|gate| format!("{}: {}", gate.name, gate.outcome))
        .collect();
    assert_eq!(
        text,
        [
            "shape: width 0.50 of the height, at most 0.40 wanted",
            "speed: 7 km/h, 18.00 to 36.00 km/h wanted"
        ]
    );
}

#[test]
fn accepted_object_stays_so_down_to_the_score_to_hold() {
    let seen = |score: f32, second: usize| {
        let mut track = walker("66666666", second, 1, at_ms(1_000 * second as u64), 1_000).unwrap();
        track.score = score;
        Ok(scene_of(second, 1_000, vec![track]))
    };
    // Accepted once, then doubtful for longer than the grace.
    let scores = [0.6, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.6];
    let scenes: Vec<_> = (0..scores.len()).map(|n| seen(scores[n], n)).collect();
    let n_steps = |hold_score: Option<f32>| {
        let rule = intruder(|filter| filter.hold_score = hold_score);
        let events = play(&mut program(drawn(), vec![rule]), &scenes);
        events
            .iter()
            .filter(|event| event.phase != types::Phase::Update)
            .count()
    };
    assert_eq!(n_steps(Some(0.2)), 1, "one alarm that lasts");
    assert_eq!(n_steps(Some(0.5)), n_steps(None), "0.25 is below both");
    let wrong = intruder(|filter| filter.hold_score = Some(0.6));
    let config = VmdConfig {
        site: site(vec![yard(1)]),
        rules: vec![wrong],
    };
    let made = Vmd::new(CameraId::new("gate").unwrap(), config, EventIds::new(1));
    assert!(made.is_err(), "more than the score to begin");
}

/// A car of twice its height, its middle `offset` heights to the right of
/// where it parked, and so many times as large.
fn car(second: usize, offset: f32, size: f32) -> Result<Scene, Timestamp> {
    let at = at_ms(1_000 * second as u64);
    let mut track = walker("66666666666666666666", second, 1, at, 1_000).unwrap();
    let (x, y) = (0.75 + 0.1 * offset, 0.5);
    let (half_width, half_height) = (0.1 * size, 0.05 * size);
    track.bbox = NormBox::from_xyxy(
        x - half_width,
        y - half_height,
        x + half_width,
        y + half_height,
    );
    track.class = Class::Car;
    track.is_stationary = false;
    Ok(scene_of(second, 1_000, vec![track]))
}

#[test]
fn parked_car_that_shakes_or_looks_larger_has_not_moved_and_one_that_drives_has() {
    let moving = || intruder(|filter| filter.ignores_stationary = true);
    let n_begun = |scenes: &[Result<Scene, Timestamp>]| {
        let events = play(&mut program(drawn(), vec![moving()]), scenes);
        let begun = events.iter().filter(|event| event.phase == Phase::Begin);
        begun.count()
    };
    let shaken: Vec<_> = (0..12)
        .map(|n| car(n, [0.0, 0.35, -0.3][n % 3], 1.0 + 0.05 * (n % 4) as f32))
        .collect();
    assert_eq!(n_begun(&shaken), 0);
    let with_its_shadow: Vec<_> = (0..12)
        .map(|n| {
            car(
                n,
                if n < 4 { 0.0 } else { 0.3 },
                if n < 4 { 1.0 } else { 1.15 },
            )
        })
        .collect();
    assert_eq!(n_begun(&with_its_shadow), 0);
    let driven: Vec<_> = (0..12).map(|n| car(n, -0.2 * n as f32, 1.0)).collect();
    assert_eq!(n_begun(&driven), 1);
}

#[test]
fn parked_vehicle_counts_once_it_was_seen_to_move_and_people_always_count() {
    let left_out = || intruder(|filter| filter.ignores_parked = true);
    let begun = |scenes: &[Result<Scene, Timestamp>]| {
        let events = play(&mut program(drawn(), vec![left_out()]), scenes);
        let begun = events.iter().find(|event| event.phase == Phase::Begin);
        begun.map(|event| event.at)
    };
    let seen = |class: Class, moved_from: usize| -> Vec<_> {
        let mark = |(second, scene): (usize, Result<Scene, Timestamp>)| {
            scene.map(|mut scene| {
                scene.tracks[0].class = class;
                scene.tracks[0].moved = match second >= moved_from {
                    true => Moved::Perhaps,
                    false => Moved::No,
                };
                scene
            })
        };
        (0..12).map(|n| (n, car(n, 0.0, 1.0))).map(mark).collect()
    };
    assert_eq!(begun(&seen(Class::Car, 99)), None);
    let from_6 = begun(&seen(Class::Car, 6)).expect("it moved");
    assert!(from_6 >= at_ms(6_000), "{from_6}");
    assert!(begun(&seen(Class::Person, 99)).is_some_and(|at| at < from_6));
}
