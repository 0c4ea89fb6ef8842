//! Steps of the outbox as messages for sinks.

use sink::{Message, Picture, Why};
use store::{Delivery, EventRow};
use types::{
    CameraId, Class, EventDetail, EventId, EventKind, NormBox, Phase, ProgramKind, RuleId,
    Severity, Timestamp,
};

use crate::secrets::Vault;
use crate::supervise::Fleet;

/// The message of a step, with the names that people gave to things.
pub(super) fn message_of(delivery: Delivery, vault: &Vault, fleet: &Fleet) -> Message {
    let event = delivery.event;
    let path = picture_path(vault, event.event_id);
    let mut message = to_message(event, &path);
    if let Some(settings) = fleet.settings(&message.camera_id) {
        message.zone_name = message
            .zone_id
            .and_then(|zone_id| settings.zone_name(zone_id))
            .map(str::to_owned);
        let detail = &message.detail;
        message.line_name = detail
            .line_id
            .and_then(|line_id| settings.line_name(line_id))
            .map(str::to_owned);
        message.from_zone_name = detail
            .from_zone_id
            .and_then(|zone_id| settings.zone_name(zone_id))
            .map(str::to_owned);
        if let Some((detector, state)) = detail.state.and_then(|state| settings.state_name(state)) {
            message.detector_name = Some(detector.to_owned());
            message.state_name = Some(state.to_owned());
        }
        message.camera_name.clone_from(&settings.name);
        if let Some(severity) = settings.severity(message.rule_id) {
            message.severity = severity;
        }
    }
    message
}

/// Path of an event's picture that needs no sign-in: the key in it opens this
/// one picture.
pub(crate) fn picture_path(vault: &Vault, event_id: EventId) -> String {
    let key = vault.sign(&picture_claim(event_id));
    format!("/api/v1/events/{event_id}/shot.jpg?key={key}")
}

/// What the key of a picture link is made from.
pub(crate) fn picture_claim(event_id: EventId) -> String {
    format!("picture of {event_id}")
}

fn to_message(event: EventRow, picture_path: &str) -> Message {
    Message {
        event_id: event.event_id,
        step: event.step,
        phase: event.phase,
        camera_name: event.camera_id.to_string(),
        camera_id: event.camera_id,
        program: event.program,
        rule_id: event.rule_id,
        rule_name: event.rule_name,
        kind: event.kind,
        severity: Severity::usual(event.kind),
        zone_id: event.zone_id,
        zone_name: None,
        at: event.at,
        started_at: event.started_at,
        ended_at: event.ended_at,
        track_id: event.track_id,
        class: event.class,
        score: event.score,
        bbox: event.bbox,
        detail: event.detail,
        line_name: None,
        from_zone_name: None,
        detector_name: None,
        state_name: None,
        why: event
            .why
            .into_iter()
            .map(|gate| Why {
                passed: gate.outcome.passed(),
                text: gate.outcome.to_string(),
                gate: gate.name,
            })
            .collect(),
        picture: event.shot.map(|shot| Picture {
            path: picture_path.to_owned(),
            stage: shot.stage,
            captured_at: shot.captured_at,
            width_px: shot.width_px,
            height_px: shot.height_px,
            quality: shot.quality,
            jpeg: None,
        }),
        is_test: false,
    }
}

/// What "Test" sends: marked as a test, of no camera.
pub(super) fn test_message(now: Timestamp) -> Message {
    Message {
        event_id: EventId::from_bits(0),
        step: 0,
        phase: Phase::Begin,
        camera_id: CameraId::new("test").expect("a plain id"),
        camera_name: "Test".to_owned(),
        program: ProgramKind::Vmd,
        rule_id: RuleId(0),
        rule_name: "Test of this webhook".to_owned(),
        kind: EventKind::Intruder,
        severity: Severity::usual(EventKind::Intruder),
        zone_id: None,
        zone_name: None,
        at: now,
        started_at: now,
        ended_at: None,
        track_id: None,
        class: Some(Class::Person),
        score: 1.0,
        bbox: Some(NormBox::WHOLE),
        detail: EventDetail::default(),
        line_name: None,
        from_zone_name: None,
        detector_name: None,
        state_name: None,
        why: Vec::new(),
        picture: None,
        is_test: true,
    }
}
