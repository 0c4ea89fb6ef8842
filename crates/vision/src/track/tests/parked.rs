//! Parked cars: identities that last for as long as the car stands.

use expect_test::expect;

use super::*;
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
