//! What tests of several sinks share.

use std::time::Duration;

use types::{
    CameraId, Class, Event, EventId, EventKind, Gate, GateOutcome, NormBox, Phase, ProgramKind,
    RuleId, ShotQuality, ShotStage, Timestamp, TrackId, ZoneId,
};

use crate::{Message, Picture};

/// A step as a program would decide it.
pub(crate) fn message() -> Message {
    let at = Timestamp::parse_rfc3339("2026-07-01T09:30:02.2Z").unwrap();
    let event = Event {
        event_id: EventId::parse("01JZ3M0G9CB5XJ8Q0V2N3W4K7T").unwrap(),
        camera_id: CameraId::new("gate-2").unwrap(),
        program: ProgramKind::Vmd,
        rule_id: RuleId(1),
        rule_name: "Nobody at the gate".to_owned(),
        kind: EventKind::Intruder,
        zone_id: Some(ZoneId(3)),
        phase: Phase::Begin,
        step: 0,
        at,
        started_at: at.saturating_sub(Duration::from_millis(2_200)),
        ended_at: None,
        track_id: Some(TrackId(41)),
        class: Some(Class::Person),
        score: 0.87,
        bbox: Some(NormBox::from_xyxy(0.1, 0.25, 0.2, 0.75)),
        detail: types::EventDetail::default(),
        why: vec![
            Gate {
                name: "class",
                outcome: GateOutcome::Passed("person".to_owned()),
            },
            Gate {
                name: "dwell",
                outcome: GateOutcome::Lasted {
                    actual: Duration::from_millis(2_200),
                    needed: Duration::from_secs(2),
                },
            },
        ],
    };
    Message {
        camera_name: "Gate 2".to_owned(),
        zone_name: Some("Gate".to_owned()),
        ..Message::from_event(&event)
    }
}

/// The picture of [`message`].
pub(crate) fn picture() -> Picture {
    Picture {
        path: "/api/v1/events/01JZ3M0G9CB5XJ8Q0V2N3W4K7T/shot.jpg".to_owned(),
        stage: ShotStage::Early,
        captured_at: Timestamp::parse_rfc3339("2026-07-01T09:30:01Z").unwrap(),
        width_px: 120,
        height_px: 260,
        quality: ShotQuality {
            total: 0.71,
            ..ShotQuality::default()
        },
        jpeg: Some(b"\xff\xd8 a picture \xff\xd9".as_slice().into()),
    }
}
