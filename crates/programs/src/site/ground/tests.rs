use proptest::prelude::*;

use super::*;

/// What a camera `height_m` above the ground sees of `(east, north)` when
/// it looks north, `pitch` rad below level, with a focal length of one
/// picture height.
fn seen(height_m: f64, pitch: f64, (east, north): (f64, f64)) -> Option<NormPoint> {
    let depth = north * pitch.cos() + height_m * pitch.sin();
    let down = height_m * pitch.cos() - north * pitch.sin();
    let x = 0.5 + east / depth * 9.0 / 16.0;
    let y = 0.5 + down / depth;
    let is_in = depth > 0.0 && (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y);
    #[expect(clippy::cast_possible_truncation, reason = "picture coordinates")]
    is_in.then_some(NormPoint::new(x as f32, y as f32))
}

const YARD: [(f64, f64); 4] = [(-4.0, 8.0), (4.0, 8.0), (5.0, 20.0), (-5.0, 20.0)];

fn yard() -> [GroundPoint; 4] {
    YARD.map(|(east_m, north_m)| GroundPoint {
        picture: seen(6.0, 0.5, (east_m, north_m)).unwrap(),
        east_m,
        north_m,
    })
}

#[test]
fn distance_and_speed_are_those_of_the_ground() {
    let ground = Ground::new(yard()).unwrap();
    let at = |place| seen(6.0, 0.5, place).unwrap();
    for (a, b, metres) in [
        ((0.0, 8.0), (0.0, 20.0), 12.0),
        ((-3.0, 12.0), (3.0, 12.0), 6.0),
        ((0.0, 25.0), (3.0, 29.0), 5.0),
    ] {
        let way = ground.distance(at(a), at(b), 0.003).unwrap();
        assert!((way.value - metres).abs() < 0.01, "{way:?}");
        assert!((0.01..1.5).contains(&way.error), "{way:?}");
        let time = Duration::from_secs(4);
        let speed = ground.speed(at(a), at(b), time, 0.003).unwrap();
        assert!((speed.value - metres / 4.0).abs() < 0.01, "{speed:?}");
    }
    assert!((0.01..0.3).contains(&ground.error_m()), "{ground:?}");
    assert!((0.001..0.1).contains(&ground.scale_error()), "{ground:?}");
}

#[test]
fn error_grows_with_distance_and_with_jitter() {
    let ground = Ground::new(yard()).unwrap();
    let at = |place| seen(6.0, 0.5, place).unwrap();
    let error = |north, jitter| {
        let way = ground.distance(at((0.0, north)), at((1.0, north)), jitter);
        way.unwrap().error
    };
    assert!(error(30.0, 0.003) > 3.0 * error(8.0, 0.003));
    assert!(error(8.0, 0.01) > 2.0 * error(8.0, 0.003));
}

#[test]
fn nothing_stands_in_the_sky_or_goes_at_no_time_or_like_a_bullet() {
    let ground = Ground::new(yard()).unwrap();
    let (near, far) = (NormPoint::new(0.5, 0.9), NormPoint::new(0.5, 0.3));
    assert_eq!(ground.locate(NormPoint::new(0.5, 0.0)), None);
    assert!(ground.locate(near).is_some());
    assert_eq!(ground.speed(near, far, Duration::ZERO, 0.003), None);
    let blink = Duration::from_millis(10);
    assert_eq!(ground.speed(near, far, blink, 0.003), None);
}

#[test]
fn points_that_make_no_ground_are_refused_with_the_reason() {
    let with = |change: fn(&mut [GroundPoint; 4])| {
        let mut points = yard();
        change(&mut points);
        Ground::new(points).unwrap_err().to_string()
    };
    for (actual, expected) in [
        (
            with(|p| p[2].north_m = f64::NAN),
            "calibrate ground: point 3: metres must be -1000000 to 1000000",
        ),
        (
            with(|p| {
                for point in p {
                    point.east_m /= 100.0;
                    point.north_m /= 100.0;
                }
            }),
            "calibrate ground: the points span 0.15 m: expected 0.5 to 2000 m",
        ),
        (
            with(|p| p[2].picture = p[1].picture),
            "calibrate ground: points 1, 2 and 3 lie nearly on one line in the picture: choose four corners of a wide area",
        ),
        (
            with(|p| (p[3].east_m, p[3].north_m) = (0.0, 8.1)),
            "calibrate ground: points 1, 2 and 4 lie nearly on one line on the ground: choose four corners of a wide area",
        ),
        (
            with(|p| (p[0].picture, p[1].picture) = (p[1].picture, p[0].picture)),
            "calibrate ground: no camera above the ground sees these points so: check their order, and that east and north are not exchanged",
        ),
        (
            with(|p| {
                for point in p {
                    point.east_m = -point.east_m;
                }
            }),
            "calibrate ground: no camera above the ground sees these points so: check their order, and that east and north are not exchanged",
        ),
        (
            with(|p| {
                for point in p {
                    let y = 0.5 + (point.picture.y - 0.5) * 0.02;
                    point.picture.y = y;
                }
            }),
            "calibrate ground: lengths would be wrong by 143 %: choose points farther apart in the picture",
        ),
    ] {
        assert_eq!(actual, expected);
    }
}

proptest! {
    #[test]
    fn every_place_a_camera_sees_is_found_again(
        height_m in 3.0_f64..12.0,
        pitch in 0.35_f64..1.0,
        east in -5.0_f64..5.0,
        north in 0.5_f64..1.5,
    ) {
        // Four points round where the camera looks.
        let ahead = height_m / pitch.tan();
        let corners = [(-2.0, 0.7), (2.0, 0.7), (2.5, 1.4), (-2.5, 1.4)];
        let points = corners.map(|(east_m, times)| {
            let north_m = times * ahead;
            seen(height_m, pitch, (east_m, north_m))
                .map(|picture| GroundPoint { picture, east_m, north_m })
        });
        let place = (east, north * ahead);
        if let [Some(a), Some(b), Some(c), Some(d)] = points
            && let Some(point) = seen(height_m, pitch, place)
        {
            let ground = Ground::new([a, b, c, d]).unwrap();
            let found = ground.locate(point).unwrap();
            prop_assert!(distance(found, place) < 0.02, "{:?} {:?}", found, place);
        }
    }

    #[test]
    fn any_numbers_are_taken_or_refused_without_harm(
        numbers in proptest::array::uniform16(proptest::num::f64::ANY),
    ) {
        #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
        let point = |n: usize| GroundPoint {
            picture: NormPoint::new(numbers[n] as f32, numbers[n + 1] as f32),
            east_m: numbers[n + 2],
            north_m: numbers[n + 3],
        };
        if let Ok(ground) = Ground::new([point(0), point(4), point(8), point(12)]) {
            prop_assert!(ground.error_m().is_finite());
        }
    }
}
