//! Drawn walks: what the tracker says about objects whose way is known.
//!
//! One character is one frame of one object: `#` the detector sees it well,
//! `+` weakly, `.` not at all. Frames are 200 ms apart unless said otherwise.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;
use types::{Class, NormBox};

use super::*;
use crate::detect::LookedAt;

/// A scripted object on a straight way at constant speed.
#[derive(Clone, Debug)]
struct Walk {
    class: Class,
    /// Centre at time zero, parts of the picture.
    from: (f32, f32),
    /// Parts of the picture per second.
    speed: (f32, f32),
    /// Width and height, parts of the picture.
    size: (f32, f32),
    /// One character per frame; frames beyond the end are `.`.
    seen: String,
}

impl Walk {
    fn person(from: (f32, f32), speed: (f32, f32), seen: &str) -> Self {
        Walk {
            class: Class::Person,
            from,
            speed,
            size: (0.06, 0.3),
            seen: seen.into(),
        }
    }

    fn car(from: (f32, f32), speed: (f32, f32), seen: &str) -> Self {
        Walk {
            class: Class::Car,
            size: (0.12, 0.1),
            ..Walk::person(from, speed, seen)
        }
    }

    fn bbox(&self, time_s: f32, jitter: f32) -> NormBox {
        let (w, h) = self.size;
        let cx = self.from.0 + self.speed.0 * time_s + jitter * w;
        let cy = self.from.1 + self.speed.1 * time_s - jitter * h;
        NormBox::from_xyxy(cx - w / 2.0, cy - h / 2.0, cx + w / 2.0, cy + h / 2.0)
    }

    fn detection(&self, frame: usize, time_s: f32) -> Option<Detection> {
        let score = match self.seen.chars().nth(frame) {
            Some('#') => 0.7,
            Some('+') => 0.2,
            _ => return None,
        };
        // A detector's jitter of up to 3 %, the same in each run.
        let jitter = [0.0, 0.03, -0.02, 0.01, -0.03, 0.02, -0.01][frame % 7];
        let bbox = self.bbox(time_s, jitter);
        (bbox.area() > 1e-4).then_some(Detection {
            bbox,
            class: self.class,
            score,
        })
    }
}

/// A frame in which the detector looked at everything and nothing is global.
fn quiet() -> MotionSummary {
    MotionSummary::default()
}

/// Pixels change where somebody walks, seen or not.
fn motion_of(walks: &[Walk], time_s: f32) -> MotionSummary {
    MotionSummary {
        boxes: walks
            .iter()
            .filter(|walk| walk.speed != (0.0, 0.0))
            .map(|walk| walk.bbox(time_s, 0.0))
            .collect(),
        ..quiet()
    }
}

fn at_ms(millis: u32) -> Timestamp {
    Timestamp::from_millis(1_000_000 + i64::from(millis))
}

fn seconds(millis: u32) -> f32 {
    Duration::from_millis(u64::from(millis)).as_secs_f32()
}

/// Runs a tracker over frames at `times_ms` and ends it.
fn run_at(walks: &[Walk], times_ms: &[u32]) -> Vec<Scene> {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let mut scenes = Vec::new();
    for (frame, &millis) in times_ms.iter().enumerate() {
        let mut detections: Vec<Detection> = walks
            .iter()
            .filter_map(|walk| walk.detection(frame, seconds(millis)))
            .collect();
        // The order of the detections must not tell who is who.
        if frame % 2 == 1 {
            detections.reverse();
        }
        scenes.push(tracker.update(
            at_ms(millis),
            frame as u64,
            Some(&Sight::of_everything(detections)),
            &motion_of(walks, seconds(millis)),
        ));
    }
    scenes.push(tracker.finish(at_ms(times_ms.last().map_or(0, |last| last + 200))));
    scenes
}

fn every_200_ms(walks: &[Walk]) -> Vec<u32> {
    let n_frames = walks.iter().map(|walk| walk.seen.len()).max().unwrap_or(0);
    (0..u32::try_from(n_frames).unwrap())
        .map(|frame| frame * 200)
        .collect()
}

/// One line per change of a track's state.
fn story(scenes: &[Scene]) -> String {
    let mut known: Vec<(TrackId, TrackState, bool)> = Vec::new();
    let mut text = String::new();
    for scene in scenes {
        let time_s = scene.captured_at.saturating_since(at_ms(0)).as_secs_f32();
        for track in &scene.tracks {
            let now = (track.track_id, track.state, track.is_stationary);
            let before = known.iter_mut().find(|before| before.0 == track.track_id);
            if before.as_deref() == Some(&now) {
                continue;
            }
            let rest = if track.is_stationary {
                ", stationary"
            } else {
                ""
            };
            writeln!(
                text,
                "{time_s:.1}s {} {}: {:?}{rest}",
                track.class, track.track_id, track.state
            )
            .unwrap();
            match before {
                Some(before) => *before = now,
                None => known.push(now),
            }
        }
    }
    text
}

#[track_caller]
fn check(walks: &[Walk], expected: &Expect) {
    expected.assert_eq(&story(&run_at(walks, &every_200_ms(walks))));
}

/// The confirmed tracks' identities, from left to right, in the last scene
/// before the end.
fn last_from_left(scenes: &[Scene]) -> Vec<u64> {
    let mut tracks: Vec<_> = scenes[scenes.len() - 2].tracks.clone();
    tracks.retain(|track| track.state == TrackState::Confirmed);
    tracks.sort_by(|a, b| a.bbox.x1().total_cmp(&b.bbox.x1()));
    tracks.iter().map(|track| track.track_id.0).collect()
}

#[test]
fn walking_person_is_confirmed_by_the_second_detection_and_ends_once() {
    check(
        &[Walk::person(
            (0.1, 0.5),
            (0.08, 0.0),
            "####################",
        )],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            4.0s person 1: Ended
        "#]],
    );
}

#[test]
fn single_detection_is_never_confirmed() {
    check(
        &[Walk::person((0.1, 0.5), (0.08, 0.0), "#.....")],
        &expect![[r#"
            0.0s person 1: Tentative
            0.4s person 1: Ended
        "#]],
    );
}

#[test]
fn very_sure_detection_is_confirmed_at_once() {
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let detection = Detection {
        bbox: NormBox::from_xyxy(0.4, 0.4, 0.5, 0.7),
        class: Class::Person,
        score: 0.95,
    };
    let scene = tracker.update(
        at_ms(0),
        0,
        Some(&Sight::of_everything(vec![detection])),
        &quiet(),
    );
    assert_eq!(scene.tracks[0].state, TrackState::Confirmed);
}

#[test]
fn flickering_detections_keep_one_identity() {
    check(
        &[Walk::person(
            (0.1, 0.5),
            (0.06, 0.0),
            "##.#..##.#.##..#.##..###.##",
        )],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            5.4s person 1: Ended
        "#]],
    );
}

#[test]
fn person_behind_a_pillar_for_a_second_and_a_half_keeps_the_identity() {
    check(
        &[Walk::person(
            (0.1, 0.5),
            (0.08, 0.0),
            "##########.......##########",
        )],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            2.4s person 1: Lost
            3.4s person 1: Confirmed
            5.4s person 1: Ended
        "#]],
    );
}

#[test]
fn person_gone_for_good_ends_after_three_seconds() {
    check(
        &[Walk::person(
            (0.3, 0.5),
            (0.05, 0.0),
            "##########.........................",
        )],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            2.4s person 1: Lost
            5.0s person 1: Ended
        "#]],
    );
}

#[test]
fn weak_detections_continue_a_track_but_never_start_one() {
    check(
        &[
            Walk::person((0.1, 0.5), (0.05, 0.0), "####++++++++++++++++++++"),
            Walk::person((0.7, 0.5), (0.0, 0.0), "++++++++++++++++++++++++"),
        ],
        &expect![[r#"
            0.0s person 1: Tentative
            0.2s person 1: Confirmed
            4.8s person 1: Ended
        "#]],
    );
}

#[test]
fn persons_who_cross_keep_their_identities() {
    // They meet in the middle at 2.5 s; the detector sees one of them there.
    let walks = [
        Walk::person((0.2, 0.5), (0.12, 0.0), "###########....###########"),
        Walk::person((0.8, 0.52), (-0.12, 0.0), "##########################"),
    ];
    let scenes = run_at(&walks, &every_200_ms(&walks));
    assert_eq!(last_from_left(&scenes), [2, 1], "{}", story(&scenes));
}

#[test]
fn persons_who_cross_while_both_are_seen_keep_their_identities() {
    let seen = "#".repeat(26);
    let walks = [
        Walk::person((0.2, 0.5), (0.12, 0.0), &seen),
        Walk::person((0.8, 0.56), (-0.12, 0.0), &seen),
    ];
    let scenes = run_at(&walks, &every_200_ms(&walks));
    assert_eq!(last_from_left(&scenes), [2, 1], "{}", story(&scenes));
}

#[test]
fn car_that_enters_at_speed_is_one_track() {
    // A quarter of the picture per second, first seen cut by the border.
    check(
        &[Walk::car((-0.02, 0.6), (0.25, 0.0), "####################")],
        &expect![[r#"
            0.0s car 1: Tentative
            0.2s car 1: Confirmed
            4.0s car 1: Ended
        "#]],
    );
}

#[test]
fn dropped_frames_and_irregular_times_keep_the_identity() {
    let walks = [
        Walk::person((0.05, 0.4), (0.1, 0.0), &"#".repeat(12)),
        Walk::car((0.95, 0.8), (-0.11, 0.0), &"#".repeat(12)),
    ];
    let times_ms = [
        0, 200, 350, 1_000, 1_100, 2_000, 2_180, 3_300, 3_500, 5_000, 5_200, 6_500,
    ];
    expect![[r#"
        0.0s person 1: Tentative
        0.0s car 2: Tentative
        0.2s person 1: Confirmed
        0.2s car 2: Confirmed
        6.7s person 1: Ended
        6.7s car 2: Ended
    "#]]
    .assert_eq(&story(&run_at(&walks, &times_ms)));
}

#[test]
fn object_that_leaves_the_picture_ends_soon() {
    check(
        &[Walk::car((0.8, 0.6), (0.25, 0.0), "#####.....")],
        &expect![[r#"
            0.0s car 1: Tentative
            0.2s car 1: Confirmed
            1.2s car 1: Ended
        "#]],
    );
}

#[test]
fn rider_and_bicycle_are_two_tracks_and_person_never_becomes_vehicle() {
    let seen = "#".repeat(10);
    let rider = Walk::person((0.2, 0.5), (0.1, 0.0), &seen);
    let bicycle = Walk {
        class: Class::Bicycle,
        ..rider.clone()
    };
    let car = Walk {
        class: Class::Car,
        ..rider.clone()
    };
    check(
        &[rider, bicycle, car],
        &expect![[r#"
            0.0s person 1: Tentative
            0.0s bicycle 2: Tentative
            0.0s car 3: Tentative
            0.2s person 1: Confirmed
            0.2s bicycle 2: Confirmed
            0.2s car 3: Confirmed
            2.0s person 1: Ended
            2.0s bicycle 2: Ended
            2.0s car 3: Ended
        "#]],
    );
}

#[test]
fn two_detections_of_one_object_are_one_track_in_the_end() {
    let seen = "#".repeat(15);
    let mut shadow = Walk::person((0.2, 0.5), (0.05, 0.0), &seen);
    shadow.from.0 += 0.006;
    let scenes = run_at(
        &[Walk::person((0.2, 0.5), (0.05, 0.0), &seen), shadow],
        &every_200_ms(&[Walk::person((0.2, 0.5), (0.05, 0.0), &seen)]),
    );
    assert_eq!(last_from_left(&scenes), [1], "{}", story(&scenes));
}

/// A parked car under a script of its own: per frame what the detector says
/// and what the motion gate says.
struct Lot {
    tracker: Tracker,
    millis: u32,
    scenes: Vec<Scene>,
}

const PARKED: (f32, f32, f32, f32) = (0.5, 0.5, 0.7, 0.65);

impl Lot {
    /// A car that has been parked for 5 s.
    fn with_parked_car() -> Self {
        let mut lot = Lot {
            tracker: Tracker::new(TrackerConfig::default(), TrackId(1)),
            millis: 0,
            scenes: Vec::new(),
        };
        lot.frames(25, Some(&[parked(0.0)]), &quiet());
        assert!(lot.last().tracks[0].is_stationary);
        lot
    }

    fn frames(&mut self, n: u32, detections: Option<&[Detection]>, motion: &MotionSummary) {
        for _ in 0..n {
            let at = at_ms(self.millis);
            let seq = self.scenes.len() as u64;
            let sight = detections.map(|seen| Sight::of_everything(seen.to_vec()));
            self.scenes
                .push(self.tracker.update(at, seq, sight.as_ref(), motion));
            self.millis += 200;
        }
    }

    fn last(&self) -> &Scene {
        self.scenes.last().unwrap()
    }

    #[track_caller]
    fn check(&self, expected: &Expect) {
        expected.assert_eq(&story(&self.scenes));
    }
}

/// The parked car, its box shifted by `off` of the picture's width.
fn parked(off: f32) -> Detection {
    let (x1, y1, x2, y2) = PARKED;
    Detection {
        bbox: NormBox::from_xyxy(x1 + off, y1, x2 + off, y2),
        class: Class::Car,
        score: 0.6,
    }
}

fn motion_at(bbox: NormBox) -> MotionSummary {
    MotionSummary {
        boxes: vec![bbox],
        changed_share: bbox.area(),
        is_global: false,
    }
}

#[test]
fn parked_car_keeps_its_identity_when_the_light_hides_it_for_minutes() {
    let mut lot = Lot::with_parked_car();
    let light = MotionSummary {
        is_global: true,
        ..motion_at(NormBox::WHOLE)
    };
    lot.frames(5, Some(&[]), &light);
    lot.frames(5 * 120, Some(&[]), &quiet());
    lot.frames(10, Some(&[parked(0.02)]), &quiet());
    lot.check(&expect![[r#"
        0.0s car 1: Tentative
        0.2s car 1: Confirmed
        3.0s car 1: Confirmed, stationary
        9.8s car 1: Lost, stationary
        126.0s car 1: Confirmed, stationary
    "#]]);
}

#[test]
fn parked_car_keeps_its_identity_while_the_gate_is_closed_for_an_hour() {
    let mut lot = Lot::with_parked_car();
    lot.frames(5 * 3_600, None, &quiet());
    lot.frames(2, Some(&[parked(-0.01)]), &quiet());
    lot.check(&expect![[r#"
        0.0s car 1: Tentative
        0.2s car 1: Confirmed
        3.0s car 1: Confirmed, stationary
    "#]]);
}

#[test]
fn parked_car_keeps_its_identity_over_an_hour_without_video() {
    let mut lot = Lot::with_parked_car();
    lot.millis += 3_600_000;
    lot.frames(2, Some(&[]), &quiet());
    lot.frames(2, Some(&[parked(-0.01)]), &quiet());
    assert_eq!(lot.last().tracks[0].track_id, TrackId(1));
    assert_eq!(lot.last().tracks.len(), 1);
}

#[test]
fn parked_car_that_was_taken_away_unseen_ends_soon() {
    let mut lot = Lot::with_parked_car();
    let (x1, y1, x2, y2) = PARKED;
    let leaving = motion_at(NormBox::from_xyxy(x1, y1, x2, y2));
    lot.frames(3, Some(&[]), &leaving);
    lot.frames(5 * 30, Some(&[]), &quiet());
    lot.check(&expect![[r#"
        0.0s car 1: Tentative
        0.2s car 1: Confirmed
        3.0s car 1: Confirmed, stationary
        5.4s car 1: Lost, stationary
        15.0s car 1: Ended, stationary
    "#]]);
}

#[test]
fn passer_by_in_front_of_a_parked_car_does_not_end_it() {
    let mut lot = Lot::with_parked_car();
    let passing = motion_at(NormBox::from_xyxy(0.52, 0.4, 0.58, 0.9));
    lot.frames(10, Some(&[]), &passing);
    lot.frames(5 * 30, Some(&[]), &quiet());
    lot.frames(2, Some(&[parked(0.0)]), &quiet());
    assert_eq!(lot.last().tracks[0].track_id, TrackId(1));
}

#[test]
fn parked_car_that_drives_off_wakes_and_keeps_its_identity() {
    let mut lot = Lot::with_parked_car();
    for off in [0.0, 0.01, 0.04, 0.08, 0.13, 0.18, 0.23] {
        lot.frames(1, Some(&[parked(off)]), &motion_at(parked(off).bbox));
    }
    let track = &lot.last().tracks[0];
    assert_eq!((track.track_id, track.is_stationary), (TrackId(1), false));
    assert!(track.velocity.0 > 0.15, "{:?}", track.velocity);
    assert_eq!(lot.last().tracks.len(), 1);
}

#[test]
fn neighbour_in_a_row_of_parked_cars_does_not_take_over_a_young_track() {
    // The detector sees one of two small cars twice, then only the other; no
    // pixel changes.
    let (first, second) = (parked(0.0), parked(0.11));
    let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(1));
    let mut scenes = Vec::new();
    for (frame, seen) in (0_u32..).zip([first, first, second, second]) {
        let sight = Sight::of_everything(vec![seen]);
        scenes.push(tracker.update(at_ms(frame * 200), frame.into(), Some(&sight), &quiet()));
    }
    let [one, other] = &scenes.last().unwrap().tracks[..] else {
        panic!("two tracks: {}", story(&scenes));
    };
    assert!(one.bbox.iou(first.bbox) > 0.9 && other.bbox.iou(second.bbox) > 0.9);
    assert_eq!((one.track_id, other.track_id), (TrackId(1), TrackId(2)));
}

#[test]
fn car_that_passes_a_parked_one_does_not_carry_its_track_away() {
    // The parked car is hidden in the frame in which the other one appears.
    let mut lot = Lot::with_parked_car();
    for off in [0.13, 0.26] {
        lot.frames(1, Some(&[parked(off)]), &motion_at(parked(off).bbox));
    }
    let both = [parked(0.0), parked(0.29)];
    lot.frames(1, Some(&both), &motion_at(parked(0.29).bbox));
    let [first, second] = &lot.last().tracks[..] else {
        panic!("two tracks: {}", story(&lot.scenes));
    };
    assert_eq!((first.track_id, first.is_stationary), (TrackId(1), true));
    assert!(first.bbox.iou(parked(0.0).bbox) > 0.9);
    assert_eq!(second.track_id, TrackId(2));
}

#[test]
fn jitter_does_not_wake_a_parked_car() {
    let mut lot = Lot::with_parked_car();
    for frame in 0..200_u8 {
        let off = [0.0, 0.02, -0.02, 0.03, -0.03][usize::from(frame % 5)];
        lot.frames(1, Some(&[parked(off)]), &quiet());
        assert!(lot.last().tracks[0].is_stationary);
    }
}

#[test]
fn parked_car_is_kept_while_the_detector_has_no_time() {
    let mut lot = Lot::with_parked_car();
    lot.frames(5 * 60, None, &motion_at(NormBox::WHOLE));
    let track = &lot.last().tracks[0];
    assert_eq!(track.state, TrackState::Confirmed);
    assert_eq!(track.track_id, TrackId(1));
}

#[test]
fn car_that_stays_on_the_place_of_a_vanished_one_replaces_it() {
    let mut lot = Lot::with_parked_car();
    for off in [-0.4, -0.34, -0.28, -0.22, -0.17, -0.13, -0.1, -0.07, -0.05] {
        lot.frames(1, Some(&[parked(off)]), &quiet());
    }
    assert_eq!(lot.last().tracks.len(), 2);
    lot.frames(12, Some(&[parked(-0.03)]), &quiet());
    let left = &lot.last().tracks;
    let left: Vec<u64> = left.iter().map(|track| track.track_id.0).collect();
    assert_eq!(left, [2], "{}", story(&lot.scenes));
}

#[test]
fn car_that_passes_over_a_hidden_parked_one_does_not_end_it() {
    let mut lot = Lot::with_parked_car();
    for step in -8..6_i8 {
        lot.frames(1, Some(&[parked(f32::from(step) * 0.06)]), &quiet());
    }
    lot.frames(5, Some(&[parked(0.0)]), &quiet());
    let parked = lot.last().tracks.iter().find(|track| track.is_stationary);
    assert_eq!(
        parked.unwrap().track_id,
        TrackId(1),
        "{}",
        story(&lot.scenes)
    );
}

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

fn any_detection() -> impl Strategy<Value = Detection> {
    (
        proptest::array::uniform4(0.0_f32..=1.0),
        0_usize..6,
        0.0_f32..=1.0,
    )
        .prop_map(|(c, class, score)| Detection {
            bbox: NormBox::from_xyxy(c[0], c[1], c[0] + c[2] * 0.3, c[1] + c[3] * 0.3),
            class: Class::ALL[class],
            score,
        })
}

proptest! {
    #[test]
    fn every_track_ends_exactly_once_and_identities_only_grow(
        frames in proptest::collection::vec(
            (
                proptest::option::weighted(
                    0.8,
                    proptest::collection::vec(any_detection(), 0..12),
                ),
                0_u32..3_000,
            ),
            1..40,
        )
    ) {
        let mut tracker = Tracker::new(TrackerConfig::default(), TrackId(7));
        let mut millis = 0;
        let mut scenes = Vec::new();
        for (seq, (detections, dt_ms)) in (0..).zip(&frames) {
            millis += dt_ms;
            let sight = detections.clone().map(Sight::of_everything);
            scenes.push(tracker.update(at_ms(millis), seq, sight.as_ref(), &quiet()));
        }
        scenes.push(tracker.finish(at_ms(millis)));
        let mut alive: Vec<TrackId> = Vec::new();
        let mut newest = TrackId(6);
        let mut n_ended = 0_u64;
        for scene in &scenes {
            prop_assert!(scene.tracks.windows(2).all(|pair| pair[0].track_id < pair[1].track_id));
            for track in &scene.tracks {
                if track.track_id > newest {
                    newest = track.track_id;
                    alive.push(newest);
                }
                prop_assert!(alive.contains(&track.track_id), "ended or skipped before");
                if track.state == TrackState::Ended {
                    alive.retain(|id| *id != track.track_id);
                    n_ended += 1;
                }
                prop_assert!((0.0..=1.0).contains(&track.score));
                prop_assert!(track.velocity.0.is_finite() && track.velocity.1.is_finite());
            }
            // A track that is alive is in every scene.
            let n_live = scene.tracks.iter().filter(|t| t.state != TrackState::Ended).count();
            prop_assert_eq!(n_live, alive.len());
        }
        prop_assert_eq!(alive, []);
        prop_assert_eq!(n_ended, tracker.next_track_id().0 - 7);
    }
}
