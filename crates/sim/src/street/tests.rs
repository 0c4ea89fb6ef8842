//! The street as a whole: it repeats, and its truth is true.

use super::*;

/// Small and without noise, so that pictures can be compared pixel by pixel.
fn options() -> StreetOptions {
    StreetOptions {
        width_px: 480,
        height_px: 270,
        noise: 0.0,
        n_people: 16,
        ..StreetOptions::default()
    }
}

fn at_s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn same_seed_gives_the_same_bytes_whatever_was_drawn_before() {
    let noisy = StreetOptions {
        noise: 1.5,
        nuisances: Nuisances::NONE.with(Nuisance::Wind),
        ..options()
    };
    let mut one = Street::new(7, noisy);
    let mut other = Street::new(7, noisy);
    for seconds in [3, 90, 4] {
        one.frame(at_s(seconds));
    }
    let (first, first_truth) = one.frame(at_s(5));
    let (second, second_truth) = other.frame(at_s(5));
    assert!(first.data == second.data);
    assert_eq!(first_truth, second_truth);
}

#[test]
fn other_seed_or_time_gives_another_picture() {
    let mut street = Street::new(7, options());
    let (now, _) = street.frame(at_s(5));
    let (later, _) = street.frame(at_s(6));
    let (elsewhere, _) = Street::new(8, options()).frame(at_s(5));
    assert!(now.data != later.data);
    assert!(now.data != elsewhere.data);
}

#[test]
fn empty_street_differs_from_frame_to_frame_by_noise_only() {
    let still = StreetOptions {
        n_people: 0,
        traffic: 0.0,
        noise: 1.0,
        ..options()
    };
    let mut street = Street::new(7, still);
    let (now, truth) = street.frame(at_s(5));
    let (later, _) = street.frame(at_s(6));
    assert!(truth.iter().all(|object| object.is_parked));
    let largest = now
        .data
        .iter()
        .zip(&later.data)
        .map(|(a, b)| a.abs_diff(*b))
        .max();
    assert!(
        largest.is_some_and(|largest| (1..=12).contains(&largest)),
        "{largest:?}"
    );
}

/// Box around the pixels that differ between two pictures.
fn difference(one: &RgbImage, other: &RgbImage) -> Option<Area> {
    let width = usize::try_from(one.width_px).unwrap();
    let mut found: Option<Area> = None;
    let pixels = one.data.chunks_exact(3).zip(other.data.chunks_exact(3));
    for (idx, _) in pixels
        .enumerate()
        .filter(|(_, (a, b))| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > 3))
    {
        let (x, y) = (
            i32::try_from(idx % width).unwrap(),
            i32::try_from(idx / width).unwrap(),
        );
        let pixel = Area {
            x1: x,
            y1: y,
            x2: x + 1,
            y2: y + 1,
        };
        found = Some(found.map_or(pixel, |found| found.union(pixel)));
    }
    found
}

#[test]
fn truth_boxes_hold_exactly_the_pixels_an_object_changes() {
    let large = StreetOptions {
        width_px: 960,
        height_px: 540,
        ..options()
    };
    let mut street = Street::new(3, large);
    let mut n_checked = 0;
    for seconds in [20, 47] {
        let (with, truth) = street.draw(at_s(seconds), None);
        for object in truth.iter().filter(|object| !object.is_parked) {
            let (without, rest) = street.draw(at_s(seconds), Some(object.object_id));
            assert!(rest.iter().all(|other| other.object_id != object.object_id));
            let Some(changed) = difference(&with, &without) else {
                assert!(object.bbox.area() < 3e-4, "{object:?} changes nothing");
                continue;
            };
            if object.occluded_share > 0.02 {
                // Behind others, soft edges may show through on their far
                // side: changed, but nobody's. The box must not be larger.
                assert!(
                    object.bbox.x1() * 960.0 >= changed.x1 as f32 - 3.0,
                    "{object:?}"
                );
                assert!(
                    object.bbox.x2() * 960.0 <= changed.x2 as f32 + 3.0,
                    "{object:?}"
                );
                assert!(
                    object.bbox.y1() * 540.0 >= changed.y1 as f32 - 3.0,
                    "{object:?}"
                );
                assert!(
                    object.bbox.y2() * 540.0 <= changed.y2 as f32 + 3.0,
                    "{object:?}"
                );
                continue;
            }
            let bbox = object.bbox;
            let said = [
                bbox.x1() * 960.0,
                bbox.y1() * 540.0,
                bbox.x2() * 960.0,
                bbox.y2() * 540.0,
            ];
            let really = [changed.x1, changed.y1, changed.x2, changed.y2];
            for (said, really) in said.into_iter().zip(really) {
                // Soft edges may reach a pixel further; a thin or pale part
                // may be too much like what is behind it to differ.
                assert!(
                    (said - really as f32).abs() <= 3.0,
                    "{object:?}: changed {changed:?}"
                );
            }
            n_checked += 1;
        }
    }
    assert!(n_checked > 12, "only {n_checked} objects");
}

#[test]
fn hidden_share_grows_when_somebody_stands_in_front() {
    let mut street = Street::new(3, options());
    let mut n_hidden = 0;
    for seconds in 20..40 {
        for object in street.frame(at_s(seconds)).1 {
            assert!((0.0..=1.0).contains(&object.occluded_share), "{object:?}");
            n_hidden += usize::from(object.is_occluded());
        }
    }
    assert!(n_hidden > 0);
}

#[test]
fn shaken_camera_moves_the_truth_with_the_picture() {
    let calm = options();
    let shaken = StreetOptions {
        nuisances: Nuisances::NONE.with(Nuisance::Shake),
        ..calm
    };
    let time = Duration::from_millis(20_200);
    let (dx, dy) = weather::shake(&shaken, time);
    assert_ne!((dx, dy), (0, 0));
    let (_, before) = Street::new(3, calm).frame(time);
    let (_, after) = Street::new(3, shaken).frame(time);
    let inner = |object: &&TruthBox| {
        object.bbox.x1() > 0.1 && object.bbox.x2() < 0.9 && object.bbox.y2() < 0.9
    };
    let one = before.iter().find(inner).unwrap();
    let moved = after
        .iter()
        .find(|object| object.object_id == one.object_id)
        .unwrap();
    assert!(((moved.bbox.x1() - one.bbox.x1()) * 480.0 - dx as f32).abs() < 0.01);
    assert!(((moved.bbox.y1() - one.bbox.y1()) * 270.0 - dy as f32).abs() < 0.01);
}

#[test]
fn every_light_and_weather_can_be_drawn() {
    for light in [Light::Day, Light::Night, Light::Infrared] {
        let stormy = StreetOptions {
            width_px: 160,
            height_px: 90,
            light,
            nuisances: Nuisance::ALL
                .into_iter()
                .filter(|one| *one != Nuisance::InfraredSwitch)
                .collect(),
            ..options()
        };
        let (image, _) = Street::new(5, stormy).frame(at_s(21));
        let is_grey = image
            .data
            .chunks_exact(3)
            .all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
        assert_eq!(is_grey, light == Light::Infrared);
    }
}

#[test]
fn sizes_outside_the_range_are_limited() {
    let tiny = StreetOptions {
        width_px: 0,
        height_px: 1,
        ..options()
    };
    let (image, _) = Street::new(5, tiny).frame(at_s(1));
    assert_eq!((image.width_px, image.height_px), (64, 64));
}
