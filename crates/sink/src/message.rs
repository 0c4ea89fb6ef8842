//! One step of an event as every sink receives it.
//!
//! In: a step from the store, or straight from a program, with the names
//! people gave to camera and zone. Out: the same facts for any wire format.

use std::sync::Arc;

use types::{
    CameraId, Class, Event, EventDetail, EventId, EventKind, NormBox, Phase, ProgramKind, RuleId,
    Severity, ShotQuality, ShotStage, Timestamp, TrackId, ZoneId,
};

/// One step of an event, to be delivered.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Identity of the event, the same in all its steps.
    pub event_id: EventId,
    /// Zero-based number of the step.
    pub step: u32,
    /// Which step this is.
    pub phase: Phase,
    /// On which camera.
    pub camera_id: CameraId,
    /// The camera as people call it.
    pub camera_name: String,
    /// Which program's rule.
    pub program: ProgramKind,
    /// Which rule.
    pub rule_id: RuleId,
    /// The rule's name when it decided.
    pub rule_name: String,
    /// What happened.
    pub kind: EventKind,
    /// How grave it is by its rule.
    pub severity: Severity,
    /// Where, if the rule has a zone.
    pub zone_id: Option<ZoneId>,
    /// The zone as people call it.
    pub zone_name: Option<String>,
    /// When this step was decided.
    pub at: Timestamp,
    /// When the event began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Who caused it.
    pub track_id: Option<TrackId>,
    /// What it is.
    pub class: Option<Class>,
    /// Highest score so far, 0..=1.
    pub score: f32,
    /// Where it is.
    pub bbox: Option<NormBox>,
    /// What only some kinds know, such as which way a line was crossed.
    pub detail: EventDetail,
    /// The line of `detail` as people call it.
    pub line_name: Option<String>,
    /// The zone before of `detail` as people call it.
    pub from_zone_name: Option<String>,
    /// The detector and the state of `detail` as people call them.
    pub detector_name: Option<String>,
    /// See `detector_name`.
    pub state_name: Option<String>,
    /// The gates that were asked.
    pub why: Vec<Why>,
    /// The best shot, if there is one by now.
    pub picture: Option<Picture>,
    /// Sent by a person's press on "Test": nothing happened.
    pub is_test: bool,
}

/// One gate in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What was asked.
    pub gate: String,
    /// Whether the condition held.
    pub passed: bool,
    /// What came back, such as `2.2 s of 2.0 s`.
    pub text: String,
}

/// The best shot of an event's object.
#[derive(Clone, PartialEq)]
pub struct Picture {
    /// Path and query on our own web server, such as
    /// `/api/v1/events/01J.../shot.jpg`.
    pub path: String,
    /// First or last choice.
    pub stage: ShotStage,
    /// Frame it was cut from.
    pub captured_at: Timestamp,
    /// Width, pixels.
    pub width_px: u32,
    /// Height, pixels.
    pub height_px: u32,
    /// Why it won.
    pub quality: ShotQuality,
    /// The picture itself, for sinks that carry it.
    pub jpeg: Option<Arc<[u8]>>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture")
            .field("path", &self.path)
            .field("stage", &self.stage)
            .field("len_bytes", &self.jpeg.as_ref().map(|jpeg| jpeg.len()))
            .finish_non_exhaustive()
    }
}

impl Message {
    /// The message of `event`, without names, picture or test mark.
    pub fn from_event(event: &Event) -> Self {
        Message {
            event_id: event.event_id,
            step: event.step,
            phase: event.phase,
            camera_id: event.camera_id.clone(),
            camera_name: event.camera_id.to_string(),
            program: event.program,
            rule_id: event.rule_id,
            rule_name: event.rule_name.clone(),
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
                .iter()
                .map(|gate| Why {
                    gate: gate.name.to_owned(),
                    passed: gate.outcome.passed(),
                    text: gate.outcome.to_string(),
                })
                .collect(),
            picture: None,
            is_test: false,
        }
    }

    /// What a receiver can tell a repeated delivery by: the same for every
    /// attempt at this step.
    pub fn idempotency_key(&self) -> String {
        format!("{}-{}", self.event_id, self.step)
    }
}
