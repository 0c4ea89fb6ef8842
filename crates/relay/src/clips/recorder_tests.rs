use std::sync::Arc;

use expect_test::{Expect, expect};
use types::{
    CameraId, EventDetail, EventKind, NormBox, ProgramKind, RuleId, Track, TrackId, TrackState,
};

use super::*;

fn settings() -> ClipSettings {
    ClipSettings {
        is_on: true,
        before: Duration::from_secs(5),
        after: Duration::from_secs(10),
        interval: Duration::from_millis(100),
        quota_bytes: 1 << 30,
        keep: Duration::from_hours(24),
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_000 + second)
}

fn frame(captured_at: Timestamp) -> EncodedFrame {
    EncodedFrame {
        seq: 0,
        captured_at,
        jpeg: Arc::from([0; 10]),
    }
}

fn scene(captured_at: Timestamp) -> Scene {
    Scene {
        captured_at,
        ..Scene::default()
    }
}

fn event(number: u128, phase: Phase, second: i64) -> Event {
    Event {
        event_id: EventId::from_bits(number),
        camera_id: CameraId::new("gate").unwrap(),
        program: ProgramKind::Vmd,
        rule_id: RuleId(1),
        rule_name: String::new(),
        kind: EventKind::Intruder,
        zone_id: None,
        phase,
        step: u32::from(phase != Phase::Begin),
        at: at(second),
        started_at: at(0),
        ended_at: (phase == Phase::End).then(|| at(second)),
        track_id: None,
        class: None,
        score: 1.0,
        bbox: None,
        detail: EventDetail::default(),
        why: Vec::new(),
    }
}

/// A camera with one picture a second.
struct Camera {
    recorder: Recorder,
    settings: ClipSettings,
    max_bytes: usize,
    /// What was written, in words.
    written: Vec<String>,
}

impl Camera {
    fn new() -> Self {
        Camera {
            recorder: Recorder::default(),
            settings: settings(),
            max_bytes: 1_000_000,
            written: Vec::new(),
        }
    }

    fn take(&mut self, items: Vec<Item>) {
        let second = |at: Timestamp| at.as_millis() / 1_000 - 1_000;
        self.written
            .extend(items.into_iter().map(|item| match item {
                Item::Picture(frame) => second(frame.captured_at).to_string(),
                Item::Tracks(tracks) => format!("boxes of {}", second(tracks.captured_at)),
                Item::Pause => "pause".to_owned(),
            }));
    }

    fn frames(&mut self, seconds: std::ops::RangeInclusive<i64>) {
        for second in seconds {
            let mut items = Vec::new();
            self.recorder.frame(
                frame(at(second)),
                &self.settings,
                self.max_bytes,
                &mut items,
            );
            self.take(items);
        }
    }

    fn scene(&mut self, second: i64) {
        let mut items = Vec::new();
        self.recorder.scene(&scene(at(second)), &mut items);
        self.take(items);
    }

    /// The stretches that the event claims.
    fn note(&mut self, event: Event) -> String {
        let mut items = Vec::new();
        let clips = self.recorder.note(&[event], &self.settings, &mut items);
        self.take(items);
        let second = |at: Timestamp| at.as_millis() / 1_000 - 1_000;
        let stretch = |(from, until)| format!("{}..{}", second(from), second(until));
        let words = clips.iter().map(|clip| {
            let end = clip.end.map(stretch).unwrap_or_default();
            format!("{} {end}", stretch(clip.begin)).trim().to_owned()
        });
        words.collect::<Vec<_>>().join(", ")
    }

    #[track_caller]
    fn check(&self, expected: &Expect) {
        expected.assert_eq(&self.written.join(" "));
    }
}

#[test]
fn nothing_is_written_without_an_alarm() {
    let mut camera = Camera::new();
    camera.frames(0..=100);
    camera.check(&expect![""]);
    assert!(camera.recorder.pictures.len() <= 8);
}

#[test]
fn alarm_keeps_the_seconds_before_and_after() {
    let mut camera = Camera::new();
    camera.frames(0..=20);
    assert_eq!(camera.note(event(1, Phase::Begin, 20)), "15..75");
    camera.frames(21..=23);
    assert_eq!(camera.note(event(1, Phase::End, 22)), "15..32");
    camera.frames(24..=40);
    camera.check(&expect![
        "15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 pause"
    ]);
}

#[test]
fn two_alarms_at_once_write_a_picture_once() {
    let mut camera = Camera::new();
    camera.frames(0..=20);
    camera.note(event(1, Phase::Begin, 20));
    camera.frames(21..=22);
    assert_eq!(camera.note(event(2, Phase::Begin, 22)), "17..77");
    camera.note(event(1, Phase::End, 22));
    camera.frames(23..=24);
    assert_eq!(camera.note(event(2, Phase::End, 24)), "17..34");
    camera.frames(25..=36);
    camera.check(&expect![
        "15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 pause"
    ]);
}

#[test]
fn long_alarm_keeps_its_begin_and_its_end() {
    let mut camera = Camera::new();
    camera.frames(0..=20);
    camera.note(event(1, Phase::Begin, 20));
    camera.frames(21..=200);
    assert_eq!(camera.note(event(1, Phase::End, 199)), "15..75 194..209");
    camera.frames(201..=215);
    let written = camera.written.join(" ");
    assert!(written.contains(" 74 75 pause 194 195 "), "{written}");
    assert!(written.ends_with(" 208 209 pause"), "{written}");
}

#[test]
fn alarm_of_a_silent_camera_keeps_the_last_pictures() {
    let mut camera = Camera::new();
    camera.frames(0..=20);
    assert_eq!(camera.note(event(1, Phase::Begin, 50)), "15..75");
    camera.check(&expect!["15 16 17 18 19 20"]);
}

#[test]
fn event_that_begins_and_ends_at_once_claims_once() {
    let mut camera = Camera::new();
    camera.frames(0..=20);
    let events = [event(1, Phase::Begin, 20), event(1, Phase::End, 20)];
    let clips = camera
        .recorder
        .note(&events, &camera.settings, &mut Vec::new());
    assert_eq!(clips.len(), 1);
    assert_eq!(clips[0].begin, (at(15), at(30)));
    assert!(!clips[0].is_open);
}

#[test]
fn busy_camera_that_never_pauses_forgets_alarms_that_are_over() {
    let mut camera = Camera::new();
    camera.frames(0..=20);
    for number in 0..2_000 {
        let second = 20 + number;
        let number = u128::try_from(number).unwrap();
        assert_ne!(
            camera.note(event(number, Phase::Begin, second)),
            "",
            "{number}"
        );
        camera.note(event(number, Phase::End, second));
        camera.frames(second + 1..=second + 1);
    }
    assert!(!camera.written.contains(&"pause".to_owned()));
    assert!(camera.recorder.claims.len() < 20);
}

#[test]
fn boxes_go_where_their_pictures_go() {
    let mut camera = Camera::new();
    camera.frames(0..=19);
    camera.scene(3);
    camera.scene(18);
    camera.frames(20..=20);
    camera.note(event(1, Phase::Begin, 18));
    camera.frames(21..=21);
    camera.scene(20);
    camera.check(&expect![
        "13 14 15 16 17 18 19 20 boxes of 18 21 boxes of 20"
    ]);
}

#[test]
fn doubtful_and_gone_tracks_are_left_out_of_the_boxes() {
    let track = |id, state| Track {
        track_id: TrackId(id),
        state,
        bbox: NormBox::from_xyxy(0.1, 0.2, 0.3, 0.4),
        class: types::Class::Person,
        score: 0.5,
        first_seen_at: at(0),
        last_seen_at: at(0),
        velocity: (0.0, 0.0),
        is_stationary: false,
        moved: types::Moved::Surely,
    };
    let scene = Scene {
        tracks: [
            TrackState::Tentative,
            TrackState::Confirmed,
            TrackState::Lost,
            TrackState::Ended,
        ]
        .into_iter()
        .zip(1..)
        .map(|(state, id)| track(id, state))
        .collect(),
        ..Scene::default()
    };
    let ids: Vec<u64> = TracksAt::of_scene(&scene)
        .tracks
        .iter()
        .map(|track| track.id)
        .collect();
    assert_eq!(ids, [2, 3]);
}

#[test]
fn faster_camera_is_thinned_out_evenly() {
    let mut recorder = Recorder::default();
    let settings = ClipSettings {
        before: Duration::from_secs(10),
        ..settings()
    };
    // 25 pictures a second for ten seconds, of which 10 a second are kept.
    for number in 0..250 {
        let at = Timestamp::from_millis(1_000_000 + 40 * number);
        recorder.frame(frame(at), &settings, 1_000_000, &mut Vec::new());
    }
    let n_kept = recorder.pictures.len();
    assert!((95..=105).contains(&n_kept), "{n_kept}");
    let times = recorder.pictures.iter().map(|frame| frame.captured_at);
    let times: Vec<Timestamp> = times.collect();
    let longest = times
        .windows(2)
        .map(|pair| pair[1].saturating_since(pair[0]))
        .max();
    assert!(longest <= Some(Duration::from_millis(120)), "{longest:?}");
}

#[test]
fn memory_is_bounded_in_bytes() {
    let mut camera = Camera::new();
    camera.max_bytes = 35;
    camera.frames(0..=20);
    assert_eq!(camera.recorder.pictures_bytes, 30);
    camera.note(event(1, Phase::Begin, 20));
    camera.check(&expect!["18 19 20"]);
}

#[test]
fn clock_that_is_set_back_stops_the_recording() {
    let mut camera = Camera::new();
    camera.frames(100..=120);
    camera.note(event(1, Phase::Begin, 120));
    camera.written.clear();
    camera.frames(0..=10);
    camera.check(&expect!["pause"]);
    assert_eq!(camera.note(event(1, Phase::End, 10)), "");
}

#[test]
fn switched_off_nothing_waits_and_nothing_is_claimed() {
    let mut camera = Camera::new();
    camera.frames(0..=20);
    camera.settings.is_on = false;
    camera.frames(21..=22);
    assert!(camera.recorder.pictures.is_empty());
    assert_eq!(camera.note(event(1, Phase::Begin, 22)), "");
}
