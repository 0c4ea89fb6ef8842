//! Appends events to the data folder of its first argument until somebody
//! kills it, and prints each event's id after the store said it is stored.
//!
//! Run by the tests, which compare what was printed with what is found.

use std::io::Write as _;
use std::path::Path;

use store::{Batch, Store};
use types::{
    BestShot, CameraId, Class, Event, EventId, EventKind, NormBox, Phase, ProgramKind, RuleId,
    ShotQuality, ShotStage, Timestamp,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("which folder?")?;
    let mut store = Store::open(Path::new(&folder))?;
    let camera_id = CameraId::new("gate-2")?;
    let now = Timestamp::from_secs(1_000_000);
    store.register_sink("hook", now)?;
    let mut stdout = std::io::stdout().lock();
    loop {
        let track_id = store.reserve_track_ids(&camera_id, 1)?.first;
        let event_id = EventId::from_bits(1_000_000_000 << 80 | u128::from(track_id.0));
        let begin = Event {
            event_id,
            camera_id: camera_id.clone(),
            program: ProgramKind::Vmd,
            rule_id: RuleId(1),
            rule_name: "back door".to_owned(),
            kind: EventKind::Intruder,
            zone_id: None,
            phase: Phase::Begin,
            step: 0,
            at: now,
            started_at: now,
            ended_at: None,
            track_id: Some(track_id),
            class: Some(Class::Person),
            score: 0.5,
            bbox: None,
            detail: types::EventDetail::default(),
            why: Vec::new(),
        };
        let end = Event {
            phase: Phase::End,
            step: 1,
            ended_at: Some(now),
            ..begin.clone()
        };
        let shot = BestShot {
            track_id,
            stage: ShotStage::Final,
            captured_at: now,
            bbox: NormBox::WHOLE,
            class: Class::Person,
            score: 0.5,
            quality: ShotQuality::default(),
            jpeg: vec![7; 30_000].into(),
            width_px: 1,
            height_px: 1,
            appearance: types::Appearance::default(),
        };
        store.append(&Batch {
            camera_id: camera_id.clone(),
            events: vec![begin, end],
            best_shots: vec![shot],
            now,
        })?;
        writeln!(stdout, "{event_id}")?;
        stdout.flush()?;
    }
}
