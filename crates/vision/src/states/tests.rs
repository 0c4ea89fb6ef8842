use jpeg::{Decoder, Encoder, Limits, Planes, RgbImage, Scale};
use proptest::prelude::*;
use types::{Class, Look, Moved, NormPoint, PictureProblem, TrackId};

use super::*;

/// A wall with a door in it, 480x270, shut or standing open.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to what the type holds"
)]
fn picture(is_open: bool, shift_px: i32, gain: f32, offset: f32) -> Planes {
    let mut image = RgbImage::new(480, 270);
    for (idx, pixel) in image.data.chunks_exact_mut(3).enumerate() {
        let x = i32::try_from(idx % 480).unwrap() - shift_px;
        let y = i32::try_from(idx / 480).unwrap() - shift_px;
        let is_door = (200..260).contains(&x) && (80..220).contains(&y);
        let rgb = if is_door && is_open {
            if (215..220).contains(&x) {
                [70, 66, 60]
            } else {
                [28, 26, 30]
            }
        } else if is_door {
            // Panels and a handle.
            let is_line = (x - 200) % 28 < 3 || (y - 80) % 46 < 3;
            if is_line { [92, 60, 40] } else { [140, 96, 66] }
        } else {
            let brick = if (x / 16 + y / 8) % 2 == 0 { 150 } else { 138 };
            [brick, brick - 10, brick - 24]
        };
        for (value, colour) in pixel.iter_mut().zip(rgb) {
            let noise = (idx * 7_919 % 13) as f32 / 3.0 - 2.0;
            let lit = f32::from(u8::try_from(colour).unwrap()) * gain + offset + noise;
            *value = lit.clamp(0.0, 255.0) as u8;
        }
    }
    let jpeg = Encoder::new().unwrap().rgb(&image, 70).unwrap();
    let mut planes = Planes::default();
    let mut decoder = Decoder::new(Limits::default()).unwrap();
    decoder.planes(&jpeg, Scale::Full, &mut planes).unwrap();
    planes
}

fn polygon(x1: f32, y1: f32, x2: f32, y2: f32) -> Polygon {
    let corners = [(x1, y1), (x2, y1), (x2, y2), (x1, y2)];
    Polygon::new(corners.map(|(x, y)| NormPoint { x, y }).to_vec()).unwrap()
}

fn door() -> Polygon {
    polygon(0.4, 0.28, 0.56, 0.84)
}

/// Root mean square of the differences of all numbers.
fn difference(a: &Look, b: &Look) -> f32 {
    let sum: f32 = a
        .numbers()
        .iter()
        .zip(b.numbers())
        .map(|(a, b)| (f32::from(*a) - f32::from(*b)).powi(2))
        .sum();
    (sum / Look::LEN as f32).sqrt()
}

#[test]
fn light_shake_and_noise_change_a_look_far_less_than_another_state_does() {
    let region = Region::new(&door());
    let look =
        |is_open, shift, gain, offset| region.describe(&picture(is_open, shift, gain, offset));
    let (shut, open) = (look(false, 0, 1.0, 0.0), look(true, 0, 1.0, 0.0));
    let apart = difference(&shut, &open);
    for (shift, gain, offset) in [
        (0, 1.3, 0.0),
        (0, 0.6, 0.0),
        (0, 0.8, 30.0),
        (1, 1.0, 0.0),
        (-1, 1.1, -10.0),
    ] {
        for (is_open, own) in [(false, &shut), (true, &open)] {
            let changed = difference(own, &look(is_open, shift, gain, offset));
            assert!(
                changed * 2.5 < apart,
                "{is_open} {shift} {gain} {offset}: {changed} of {apart}"
            );
        }
    }
}

#[test]
fn same_planes_give_the_same_numbers_at_every_size_of_region() {
    let planes = picture(true, 0, 1.0, 0.0);
    for corners in [
        (0.0, 0.0, 1.0, 1.0),
        (0.0, 0.0, 0.01, 0.01),
        (0.99, 0.99, 1.0, 1.0),
        (0.4, 0.3, 0.41, 0.9),
    ] {
        let region = Region::new(&polygon(corners.0, corners.1, corners.2, corners.3));
        let look = region.describe(&planes);
        assert_eq!(look, region.describe(&planes), "{corners:?}");
        assert!(
            look.numbers().iter().any(|number| *number != 0),
            "{corners:?}"
        );
    }
}

#[test]
fn grey_picture_has_a_look_without_colours() {
    let planes = Planes {
        chroma: None,
        ..picture(false, 0, 1.0, 0.0)
    };
    let look = Region::new(&door()).describe(&planes);
    assert!(look.parts().2.iter().all(|number| *number == 0));
}

proptest! {
    #[test]
    fn any_region_of_any_picture_has_a_look(
        (x1, y1) in (0.0_f32..0.99, 0.0_f32..0.99), (w, h) in (0.001_f32..1.0, 0.001_f32..1.0),
        (width_px, height_px) in (1_u32..70, 1_u32..70), grey in 0_u8..=255,
    ) {
        let plane = jpeg::Plane {
            width_px,
            height_px,
            stride: width_px as usize + 1,
            data: vec![grey; (width_px as usize + 1) * height_px as usize],
        };
        let planes = Planes { width_px, height_px, y: plane.clone(), chroma: Some((plane.clone(), plane)) };
        let region = Region::new(&polygon(x1, y1, (x1 + w).min(1.0), (y1 + h).min(1.0)));
        prop_assert_eq!(region.describe(&planes).numbers().len(), Look::LEN);
    }
}

/// A scene `millis` after the start.
fn scene(millis: i64) -> Scene {
    Scene {
        captured_at: Timestamp::from_millis(millis),
        ..Scene::default()
    }
}

fn watch() -> (RegionWatch, Image) {
    let mut watch = RegionWatch::new();
    watch.set_regions([(DetectorId(4), &door())].into_iter());
    let image = Image {
        full_width_px: 1920,
        full_height_px: 1080,
        planes: picture(false, 0, 1.0, 0.0),
        ..Image::default()
    };
    (watch, image)
}

fn track(bbox: NormBox, is_stationary: bool) -> Track {
    Track {
        track_id: TrackId(1),
        state: TrackState::Confirmed,
        bbox,
        class: Class::Person,
        score: 0.8,
        first_seen_at: Timestamp::default(),
        last_seen_at: Timestamp::default(),
        velocity: (0.0, 0.0),
        is_stationary,
        moved: Moved::Surely,
    }
}

/// What the only look at `scene` says.
#[track_caller]
fn check(change: impl FnOnce(&mut Scene), expected: Option<HiddenBy>) {
    let (mut watch, image) = watch();
    let mut scene = scene(0);
    change(&mut scene);
    let looks = watch.update(&image, &scene);
    let hidden = match &looks[..] {
        [
            RegionLook {
                sight: RegionSight::Hidden(hidden),
                ..
            },
        ] => Some(*hidden),
        [
            RegionLook {
                sight: RegionSight::Seen(_),
                ..
            },
        ] => None,
        other => panic!("{other:?}"),
    };
    assert_eq!(hidden, expected);
}

#[test]
fn region_is_hidden_by_who_moves_before_it_and_not_by_what_rests_there() {
    let before = NormBox::from_xyxy(0.4, 0.4, 0.5, 0.9);
    check(
        |scene| scene.tracks.push(track(before, false)),
        Some(HiddenBy::Objects),
    );
    check(|scene| scene.tracks.push(track(before, true)), None);
    let beside = NormBox::from_xyxy(0.1, 0.4, 0.41, 0.9);
    check(|scene| scene.tracks.push(track(beside, false)), None);
}

#[test]
fn picture_with_a_problem_or_another_light_is_not_looked_at() {
    check(
        |scene| {
            scene
                .picture
                .problems
                .push((PictureProblem::Covered, Timestamp::default()));
        },
        Some(HiddenBy::Picture),
    );
    check(
        |scene| scene.motion.is_global = true,
        Some(HiddenBy::Change),
    );
}

#[test]
fn region_is_looked_at_once_a_second_and_again_two_seconds_after_another_light() {
    let (mut watch, image) = watch();
    let mut seen = Vec::new();
    for idx in 0..30 {
        let mut scene = scene(idx * 200);
        scene.motion.is_global = idx == 10;
        for look in watch.update(&image, &scene) {
            let is_seen = matches!(look.sight, RegionSight::Seen(_));
            seen.push((scene.captured_at.as_millis(), is_seen));
        }
    }
    assert_eq!(
        seen,
        [
            (0, true),
            (1_000, true),
            (2_000, false),
            (3_000, false),
            (4_000, true),
            (5_000, true)
        ]
    );
}

#[test]
fn damaged_frame_is_passed_over() {
    let (mut watch, mut image) = watch();
    image.is_damaged = true;
    assert!(watch.update(&image, &scene(0)).is_empty());
    image.is_damaged = false;
    assert_eq!(watch.update(&image, &scene(0)).len(), 1);
}
