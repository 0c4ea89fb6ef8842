//! Whether a track has moved, as opposed to a box that jumps about.

use std::time::Duration;

use types::{Class, Detection, MotionSummary, Moved, NormBox, Scene, Timestamp, Track, TrackId};

use super::super::{Tracker, TrackerConfig};
use crate::detect::Sight;

/// Boxes of `width` at these left edges, one detection a frame at 5 frames a
/// second; what else moves in the picture is told by `motion`.
fn follow(left_edges: &[f32], motion: impl Fn(usize, NormBox) -> MotionSummary) -> Vec<Scene> {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    (0_u32..)
        .zip(left_edges)
        .map(|(idx, &x)| {
            let bbox = NormBox::from_xyxy(x, 0.4, x + 0.05, 0.46);
            let detection = Detection {
                bbox,
                class: Class::Car,
                score: 0.8,
            };
            let at = Timestamp::from_secs(1_000).saturating_add(Duration::from_millis(200) * idx);
            let motion = motion(idx as usize, bbox);
            let sight = Sight::of_everything(vec![detection]);
            tracker.update(at, idx.into(), Some(&sight), &motion)
        })
        .collect()
}

fn has_moved(scenes: &[Scene]) -> bool {
    let tracks = scenes.iter().flat_map(|scene| &scene.tracks);
    tracks.into_iter().any(|track| track.moved == Moved::Surely)
}

fn at(boxes: Vec<NormBox>) -> MotionSummary {
    MotionSummary {
        boxes,
        changed_share: 0.01,
        is_global: false,
    }
}

fn still(_: usize, _: NormBox) -> MotionSummary {
    MotionSummary::default()
}

/// From 0.2 rightward, by a third of the box each frame.
fn driving() -> Vec<f32> {
    (0_u8..12).map(|n| 0.2 + 0.015 * f32::from(n)).collect()
}

#[test]
fn car_that_drives_has_moved() {
    let scenes = follow(&driving(), |_, bbox| at(vec![bbox]));
    assert!(has_moved(&scenes));
    let first = scenes
        .iter()
        .position(|scene| scene.tracks[0].moved == Moved::Surely);
    assert!(first.is_some_and(|idx| idx <= 5), "{first:?}");
}

#[test]
fn box_that_wanders_from_one_parked_car_to_the_next_has_not_moved() {
    assert!(!has_moved(&follow(&driving(), still)));
}

#[test]
fn what_moves_elsewhere_moves_nobody_here() {
    let far = NormBox::from_xyxy(0.8, 0.8, 0.9, 0.9);
    assert!(!has_moved(&follow(&driving(), |_, _| at(vec![far]))));
}

#[test]
fn jump_while_the_whole_picture_changes_is_no_move_but_driving_on_is() {
    let light_at_3 = |idx: usize, bbox: NormBox| match idx {
        3 => MotionSummary {
            boxes: Vec::new(),
            changed_share: 0.9,
            is_global: true,
        },
        _ if idx > 8 => at(vec![bbox]),
        _ => MotionSummary::default(),
    };
    let mut edges = vec![0.2, 0.2, 0.2, 0.23, 0.23, 0.23, 0.23, 0.23, 0.23];
    assert!(!has_moved(&follow(&edges, light_at_3)));
    edges.extend(driving().iter().map(|x| x + 0.03));
    assert!(has_moved(&follow(&edges, light_at_3)));
}

#[test]
fn box_that_trembles_under_moving_shadows_has_not_moved() {
    let trembling: Vec<f32> = (0..20)
        .map(|n| if n % 2 == 0 { 0.2 } else { 0.21 })
        .collect();
    assert!(!has_moved(&follow(&trembling, |_, bbox| at(vec![bbox]))));
}

/// Four cars side by side, of which one drives, while something moves at all
/// of them.
#[test]
fn who_stands_has_not_moved_while_the_camera_shakes_and_who_drives_has() {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let mut has_driven_in_shake = false;
    let mut stood_in_shake = true;
    for idx in 0_u8..30 {
        let x = |car: u8| match car {
            0 => 0.1 + 0.008 * f32::from(idx),
            _ => 0.5 + 0.1 * f32::from(car),
        };
        let boxes: Vec<NormBox> = (0..4)
            .map(|car| NormBox::from_xyxy(x(car), 0.4, x(car) + 0.05, 0.46))
            .collect();
        let detections = boxes.iter().map(|&bbox| Detection {
            bbox,
            class: Class::Car,
            score: 0.8,
        });
        let sight = Sight::of_everything(detections.collect());
        let is_shaking = idx < 20;
        let moving = if is_shaking { &boxes[..] } else { &boxes[..1] };
        let at = Timestamp::from_millis(200 * i64::from(idx));
        let scene = tracker.update(at, idx.into(), Some(&sight), &self::at(moving.to_vec()));
        if is_shaking {
            let moved = |track: &Track| track.moved == Moved::Surely;
            has_driven_in_shake |= scene.tracks.first().is_some_and(moved);
            stood_in_shake &= !scene.tracks.iter().skip(1).any(moved);
        }
        if idx == 29 {
            let moved: Vec<bool> = scene
                .tracks
                .iter()
                .map(|track| track.moved == Moved::Surely)
                .collect();
            assert_eq!(moved, [true, false, false, false]);
        }
    }
    assert!(has_driven_in_shake);
    assert!(stood_in_shake);
}

#[test]
fn car_half_hidden_has_not_moved_and_one_that_comes_nearer_has() {
    let see = |size: &dyn Fn(f32) -> NormBox| {
        let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
        let scenes = (0_u8..12).map(|idx| {
            let bbox = size(f32::from(idx) / 11.0);
            let sight = Sight::of_everything(vec![Detection {
                bbox,
                class: Class::Car,
                score: 0.8,
            }]);
            let at = Timestamp::from_millis(200 * i64::from(idx));
            tracker.update(at, idx.into(), Some(&sight), &self::at(vec![bbox]))
        });
        has_moved(&scenes.collect::<Vec<_>>())
    };
    // Its right side is hidden more and more.
    assert!(!see(&|part| NormBox::from_xyxy(
        0.3,
        0.4,
        0.5 - 0.12 * part,
        0.5
    )));
    let nearer = |part: f32| 1.0 + part;
    assert!(see(&|part| NormBox::from_xyxy(
        0.4 - 0.05 * nearer(part),
        0.5 - 0.05 * nearer(part),
        0.4 + 0.05 * nearer(part),
        0.5 + 0.05 * nearer(part),
    )));
}

#[test]
fn car_under_moving_pixels_may_have_moved_and_one_in_a_still_picture_has_not() {
    let newest = |scenes: &[Scene]| scenes.last().map(|scene| scene.tracks[0].moved);
    let place = [0.2; 2];
    assert_eq!(
        newest(&follow(&place, |_, bbox| at(vec![bbox]))),
        Some(Moved::Perhaps)
    );
    assert_eq!(newest(&follow(&[0.2; 9], still)), Some(Moved::No));
    // One frame of a shake tells nothing.
    let once = |idx: usize, bbox| {
        if idx == 4 {
            at(vec![bbox])
        } else {
            still(idx, bbox)
        }
    };
    assert_eq!(newest(&follow(&[0.2; 9], once)), Some(Moved::No));
}
