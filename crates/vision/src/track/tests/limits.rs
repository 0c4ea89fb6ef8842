//! Closed gates, crowds, worthless detections, looks at parts.

use expect_test::expect;

use super::*;
use crate::detect::LookedAt;
#[test]
fn person_who_stops_as_the_gate_closes_is_kept_and_becomes_stationary() {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let walk = Walk::person((0.3, 0.5), (0.05, 0.0), "#####");
    let mut last = Scene::default();
    for frame in 0..100_u32 {
        let millis = frame * 200;
        let seen = walk.detection(frame as usize, seconds(millis));
        let sight = seen.map(|seen| Sight::of_everything(vec![seen]));
        last = tracker.update(at_ms(millis), u64::from(frame), sight.as_ref(), &quiet());
    }
    let track = &last.tracks[0];
    assert_eq!(track.state, TrackState::Confirmed);
    assert!(track.is_stationary);
    assert!(
        track.bbox.iou(walk.bbox(0.8, 0.0)) > 0.7,
        "{:?}",
        track.bbox
    );
}

#[test]
fn moving_object_without_looks_ends_although_nobody_missed_it() {
    // Motion at its place and no detector: overload, not a still scene.
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let walk = Walk::person((0.3, 0.5), (0.05, 0.0), "#####");
    let mut scenes = Vec::new();
    for frame in 0..40_u32 {
        let millis = frame * 200;
        let seen = walk.detection(frame as usize, seconds(millis));
        let sight = seen.map(|seen| Sight::of_everything(vec![seen]));
        let motion = motion_at(NormBox::WHOLE);
        scenes.push(tracker.update(at_ms(millis), u64::from(frame), sight.as_ref(), &motion));
    }
    assert!(
        scenes.last().unwrap().tracks.is_empty(),
        "{}",
        story(&scenes)
    );
}

#[test]
fn too_many_objects_keep_the_best_and_are_counted() {
    let config = TrackerConfig {
        max_tracks: 4,
        ..TrackerConfig::default()
    };
    let mut tracker = Tracker::new(config, TrackId(1));
    let at_column = |column: u8, score: f32| Detection {
        bbox: NormBox::from_xyxy(
            f32::from(column) * 0.1,
            0.4,
            f32::from(column) * 0.1 + 0.05,
            0.6,
        ),
        class: Class::Person,
        score,
    };
    let weak: Vec<_> = (0..6).map(|column| at_column(column, 0.4)).collect();
    let scene = tracker.update(at_ms(0), 0, Some(&Sight::of_everything(weak)), &quiet());
    assert_eq!((scene.tracks.len(), tracker.n_dropped()), (4, 2));
    let strong = [at_column(9, 0.8)];
    let scene = tracker.update(
        at_ms(200),
        1,
        Some(&Sight::of_everything(strong.to_vec())),
        &quiet(),
    );
    let n_ended = scene
        .tracks
        .iter()
        .filter(|track| track.state == TrackState::Ended)
        .count();
    assert_eq!((scene.tracks.len(), n_ended), (5, 1));
    assert_eq!(tracker.next_track_id(), TrackId(6));
}

#[test]
fn worthless_detections_are_passed_over() {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let worthless = [
        Detection {
            bbox: NormBox::WHOLE,
            class: Class::Car,
            score: f32::NAN,
        },
        Detection {
            bbox: NormBox::default(),
            class: Class::Car,
            score: 0.9,
        },
    ];
    let scene = tracker.update(
        at_ms(0),
        0,
        Some(&Sight::of_everything(worthless.to_vec())),
        &quiet(),
    );
    assert_eq!(scene.tracks, []);
}

#[test]
fn object_is_not_missed_by_looks_elsewhere() {
    // A far person is looked at every 0.8 s; other looks are at the other half.
    let walk = Walk {
        size: (0.01, 0.05),
        ..Walk::person((0.1, 0.5), (0.02, 0.0), "#")
    };
    let look_at = |x1: f32, detections: Vec<Detection>| Sight {
        detections,
        looks: vec![LookedAt {
            area: NormBox::from_xyxy(x1, 0.0, x1 + 0.5, 1.0),
            picture_px: (1920.0, 1080.0),
        }],
    };
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let mut scenes = Vec::new();
    for frame in 0..40_u32 {
        let millis = frame * 200;
        let seen = Detection {
            bbox: walk.bbox(seconds(millis), 0.0),
            class: Class::Person,
            score: 0.6,
        };
        let sight = if frame < 2 || frame % 4 == 0 {
            look_at(0.0, vec![seen])
        } else {
            look_at(0.5, Vec::new())
        };
        let motion = motion_at(seen.bbox);
        scenes.push(tracker.update(at_ms(millis), u64::from(frame), Some(&sight), &motion));
    }
    expect![[r#"
        0.0s person 1: Tentative
        0.2s person 1: Confirmed
    "#]]
    .assert_eq(&story(&scenes));
}

#[test]
fn standing_person_who_walks_off_fast_stays_the_same() {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let stands = Walk::person((0.3, 0.5), (0.0, 0.0), &"#".repeat(30));
    let walks = Walk::person((0.3, 0.5), (0.25, 0.0), &"#".repeat(10));
    let mut scenes = Vec::new();
    for frame in 0..38_usize {
        let millis = u32::try_from(frame).unwrap() * 200;
        let seen = if frame < 30 {
            stands.detection(frame, 0.0)
        } else {
            walks.detection(frame - 30, seconds(millis) - 5.8)
        };
        let motion = match seen {
            Some(detection) if frame >= 30 => motion_at(detection.bbox),
            _ => quiet(),
        };
        let sight = Sight::of_everything(seen.into_iter().collect());
        scenes.push(tracker.update(at_ms(millis), frame as u64, Some(&sight), &motion));
    }
    expect![[r#"
        0.0s person 1: Tentative
        0.2s person 1: Confirmed
        3.0s person 1: Confirmed, stationary
        6.4s person 1: Confirmed
    "#]]
    .assert_eq(&story(&scenes));
}

#[test]
fn box_on_a_part_of_a_followed_object_starts_no_track() {
    let seen = "#".repeat(12);
    let whole = Walk::person((0.2, 0.5), (0.05, 0.0), &seen);
    let mut upper_half = whole.clone();
    upper_half.from.1 -= 0.075;
    upper_half.size.1 = 0.15;
    upper_half.seen = "...#########".into();
    check(
        &[whole, upper_half],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            2.4s person 1: Ended
        "#]],
    );
}

#[test]
fn person_whose_lower_half_is_hidden_at_times_stays_the_same() {
    // Behind parked cars: only head and shoulders are seen in the middle.
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let mut scenes = Vec::new();
    for frame in 0..30_u32 {
        let millis = frame * 200;
        let walk = Walk::person((0.1, 0.5), (0.1, 0.0), "");
        let bbox = walk.bbox(seconds(millis), 0.0);
        let is_hidden = (8..14).contains(&frame) || (18..22).contains(&frame);
        let bottom = if is_hidden { 0.45 } else { bbox.y2() };
        let seen = Detection {
            bbox: NormBox::from_xyxy(bbox.x1(), bbox.y1(), bbox.x2(), bottom),
            class: Class::Person,
            score: 0.6,
        };
        let sight = Sight::of_everything(vec![seen]);
        scenes.push(tracker.update(at_ms(millis), u64::from(frame), Some(&sight), &quiet()));
    }
    expect![[r#"
        0.0s person 1: Tentative
        0.2s person 1: Confirmed
    "#]]
    .assert_eq(&story(&scenes));
}

#[test]
fn pictures_of_another_shape_leave_tracks_where_they_are() {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let walk = Walk::person((0.3, 0.5), (0.1, 0.0), "");
    let mut last = Scene::default();
    for frame in 0..20_u32 {
        if frame == 10 {
            tracker.set_picture_px((640, 480));
        }
        let millis = frame * 200;
        let seen = Detection {
            bbox: walk.bbox(seconds(millis), 0.0),
            class: Class::Person,
            score: 0.6,
        };
        let sight = Sight::of_everything(vec![seen]);
        last = tracker.update(at_ms(millis), u64::from(frame), Some(&sight), &quiet());
        assert_eq!(last.tracks.len(), 1);
        let iou = last.tracks[0].bbox.iou(seen.bbox);
        assert!(iou > 0.85, "frame {frame}: {iou}");
    }
    let (vx, _) = last.tracks[0].velocity;
    assert!((vx - 0.1).abs() < 0.01, "{vx}");
}
