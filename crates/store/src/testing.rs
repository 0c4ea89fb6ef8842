//! What this crate's tests share: a store in a folder of its own, and events
//! and shots to put into it.

use std::time::Duration;

use tempfile::TempDir;
use types::{
    BestShot, CameraId, Class, Event, EventId, EventKind, Gate, GateOutcome, NormBox, Phase,
    ProgramKind, RuleId, ShotQuality, ShotStage, Timestamp, TrackId, ZoneId,
};

use crate::{Appended, Batch, Limits, Store};

/// A store in a new folder, which goes when the second value does.
pub(crate) fn open() -> (Store, TempDir) {
    open_with(Limits::default())
}

/// As [`open`], with other bounds.
pub(crate) fn open_with(limits: Limits) -> (Store, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_with(folder.path(), limits).unwrap();
    (store, folder)
}

/// A second of the tests' time.
pub(crate) fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(1_000_000 + second)
}

/// The camera of most tests.
pub(crate) fn camera() -> CameraId {
    CameraId::new("gate-2").unwrap()
}

/// The id of the `number`-th event raised in `second`.
pub(crate) fn event_id(second: i64, number: u64) -> EventId {
    let millis = u128::try_from(at(second).as_millis()).unwrap();
    EventId::from_bits(millis << 80 | u128::from(number))
}

/// Step `step` of event `number`, raised in `second` by the track of the same
/// number.
pub(crate) fn step(second: i64, number: u64, step: u32, phase: Phase) -> Event {
    Event {
        event_id: event_id(second, number),
        camera_id: camera(),
        program: ProgramKind::Vmd,
        rule_id: RuleId(1),
        rule_name: "back door".to_owned(),
        kind: EventKind::Intruder,
        zone_id: Some(ZoneId(3)),
        phase,
        step,
        at: at(second + i64::from(step)),
        started_at: at(second),
        ended_at: (phase == Phase::End).then(|| at(second + i64::from(step))),
        track_id: Some(TrackId(number)),
        class: Some(Class::Person),
        score: 0.75,
        bbox: Some(NormBox::from_xyxy(0.1, 0.2, 0.3, 0.4)),
        detail: types::EventDetail::default(),
        why: vec![Gate {
            name: "dwell",
            outcome: GateOutcome::Lasted {
                actual: Duration::from_millis(2_200),
                needed: Duration::from_secs(2),
            },
        }],
    }
}

/// The begin of event `number`, raised in `second`.
pub(crate) fn begin(second: i64, number: u64) -> Event {
    step(second, number, 0, Phase::Begin)
}

/// `event` on another camera.
pub(crate) fn on_camera(mut event: Event, camera_id: &str) -> Event {
    event.camera_id = CameraId::new(camera_id).unwrap();
    event
}

/// A shot of track `track_id`.
pub(crate) fn shot(track_id: u64, stage: ShotStage, second: i64, jpeg: &[u8]) -> BestShot {
    BestShot {
        track_id: TrackId(track_id),
        stage,
        captured_at: at(second),
        bbox: NormBox::from_xyxy(0.1, 0.2, 0.3, 0.4),
        class: Class::Person,
        score: 0.8,
        quality: ShotQuality {
            total: 0.5,
            ..ShotQuality::default()
        },
        jpeg: jpeg.into(),
        width_px: 100,
        height_px: 200,
        appearance: types::Appearance::default(),
    }
}

/// Appends to the camera of the first event, or of most tests.
pub(crate) fn append(store: &mut Store, events: &[Event], best_shots: &[BestShot]) -> Appended {
    let camera_id = events
        .first()
        .map_or_else(camera, |event| event.camera_id.clone());
    let batch = Batch {
        camera_id,
        events: events.to_vec(),
        best_shots: best_shots.to_vec(),
        now: at(0),
    };
    store.append(&batch).unwrap()
}
