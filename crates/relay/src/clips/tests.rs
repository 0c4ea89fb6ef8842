use std::time::Duration;

use testkit::SimClock;
use types::{EventDetail, EventKind, Phase, ProgramKind, RuleId};

use super::*;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_000_000_000 + millis)
}

fn camera() -> CameraId {
    CameraId::new("gate").unwrap()
}

fn settings() -> ClipSettings {
    ClipSettings {
        is_on: true,
        before: Duration::from_secs(5),
        after: Duration::from_secs(10),
        interval: Duration::from_millis(50),
        quota_bytes: 1 << 30,
        keep: Duration::from_hours(24),
    }
}

/// The picture of this millisecond: no two are alike.
fn jpeg(millis: i64) -> Vec<u8> {
    let mut jpeg = b"\xff\xd8".to_vec();
    jpeg.extend(millis.to_be_bytes());
    jpeg.extend(b"\xff\xd9");
    jpeg
}

fn event(phase: Phase, millis: i64) -> Event {
    Event {
        event_id: EventId::from_bits(7),
        camera_id: camera(),
        program: ProgramKind::Vmd,
        rule_id: RuleId(1),
        rule_name: String::new(),
        kind: EventKind::Intruder,
        zone_id: None,
        phase,
        step: u32::from(phase == Phase::End),
        at: at(millis),
        started_at: at(millis),
        ended_at: (phase == Phase::End).then(|| at(millis)),
        track_id: None,
        class: None,
        score: 1.0,
        bbox: None,
        detail: EventDetail::default(),
        why: Vec::new(),
    }
}

fn open(folder: &Path) -> ClipDesk {
    let clock = Arc::new(SimClock::new(at(0)));
    ClipDesk::open(folder, 1 << 40, clock).unwrap()
}

fn frames(clips: &CameraClips, seconds: std::ops::Range<i64>) {
    for millis in (seconds.start * 1_000..seconds.end * 1_000).step_by(200) {
        let frame = EncodedFrame {
            seq: 0,
            captured_at: at(millis),
            jpeg: jpeg(millis).into(),
        };
        clips.frame(&frame, &settings());
        let scene = Scene {
            captured_at: at(millis),
            ..Scene::default()
        };
        clips.scene(&scene);
    }
}

/// Records one alarm from second 20 to 25 and stops.
fn record(folder: &Path) -> (Clip, ClipSums) {
    let desk = open(folder);
    let clips = desk.camera(&camera());
    frames(&clips, 0..20);
    clips.note(&[event(Phase::Begin, 20_000)], &settings());
    frames(&clips, 20..25);
    let clip = clips
        .note(&[event(Phase::End, 25_000)], &settings())
        .remove(0);
    frames(&clips, 25..60);
    desk.stop();
    (clip, clips.sums())
}

#[test]
fn clip_outlives_a_restart_with_the_cameras_own_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (clip, sums) = record(folder.path());
    assert_eq!((sums.n_written, sums.n_lost), (101, 0));

    let desk = open(folder.path());
    let contents = desk.contents(&clip).unwrap();
    let times: Vec<_> = contents
        .pictures
        .iter()
        .map(|picture| picture.captured_at)
        .collect();
    let expected: Vec<_> = (15_000..=35_000).step_by(200).map(at).collect();
    assert_eq!(times, expected);
    for (picture, millis) in contents.pictures.iter().zip((15_000..).step_by(200)) {
        assert_eq!(desk.jpeg(&contents, picture).unwrap(), jpeg(millis));
        assert!(!picture.is_between, "it was analysed");
    }
    desk.stop();
}

#[test]
fn clip_is_read_while_it_is_written_and_again_when_it_grew() {
    let folder = tempfile::tempdir().unwrap();
    let desk = open(folder.path());
    let clips = desk.camera(&camera());
    frames(&clips, 0..20);
    let clip = clips
        .note(&[event(Phase::Begin, 20_000)], &settings())
        .remove(0);
    let n_pictures = |n_wanted: usize| {
        // The writer has a thread of its own: tries enough for a busy machine.
        for _ in 0..200_000 {
            let n_found = desk.contents(&clip).unwrap().pictures.len();
            if n_found >= n_wanted {
                return n_found;
            }
            std::thread::yield_now();
        }
        panic!("no {n_wanted} pictures are found");
    };
    assert_eq!(n_pictures(25), 25);
    frames(&clips, 20..22);
    assert_eq!(n_pictures(35), 35);
    desk.stop();
}

#[test]
fn clip_that_nobody_claims_is_removed_and_others_stay() {
    let folder = tempfile::tempdir().unwrap();
    let (clip, _) = record(folder.path());
    let desk = open(folder.path());
    let allowance = |_: &CameraId| Allowance {
        keep: Duration::from_hours(24),
        max_bytes: 1 << 30,
    };
    let now = at(3_600_000);
    assert!(
        desk.tidy(now, std::slice::from_ref(&clip), allowance)
            .is_empty()
    );
    assert_eq!(desk.contents(&clip).unwrap().pictures.len(), 101);
    desk.tidy(now, &[], allowance);
    assert!(desk.contents(&clip).unwrap().pictures.is_empty());
    assert_eq!(desk.bytes()[&camera()], 0);
    desk.stop();
}

#[test]
fn disk_that_refuses_loses_pictures_counts_them_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    // A file stands where the folder should be made.
    std::fs::create_dir(folder.path().join("clips")).unwrap();
    std::fs::write(folder.path().join("clips/gate"), "in the way").unwrap();
    let desk = open(folder.path());
    let clips = desk.camera(&camera());
    frames(&clips, 0..20);
    clips.note(&[event(Phase::Begin, 20_000)], &settings());
    frames(&clips, 20..22);
    desk.stop();
    let trouble = desk.trouble().unwrap();
    assert!(trouble.contains("make folder"), "{trouble}");
    assert_eq!(clips.sums().n_lost, 35);
    assert_eq!(clips.sums().n_written, 0);
}
