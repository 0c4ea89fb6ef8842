//! What a live viewer sees: a frame and the scene found in it, together.

use std::collections::BTreeMap;
use std::sync::Arc;

use types::{Crossing, EncodedFrame, Event, EventId, EventKind, Phase, Scene, TrackId, ZoneId};

use crate::pipeline::ProgramsLive;

/// One analysed frame. Viewers get the newest; slow ones skip.
#[derive(Clone, Debug)]
pub(crate) struct LiveRecord {
    /// Number among the analysed frames: a gap tells what was skipped.
    pub number: u64,
    /// The picture as received.
    pub frame: EncodedFrame,
    /// What was observed in it.
    pub scene: Arc<Scene>,
    /// Zones in which an event is open.
    pub active_zones: Vec<ZoneId>,
    /// Events that are open.
    pub open_events: Arc<[OpenEvent]>,
    /// What the programs show.
    pub programs: Arc<ProgramsLive>,
}

/// An event that has begun and not ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpenEvent {
    /// What happened.
    pub kind: EventKind,
    /// Where.
    pub zone_id: Option<ZoneId>,
    /// Who caused it.
    pub track_id: Option<TrackId>,
    /// Heading in degrees clockwise from up, where the kind has one.
    pub heading_deg: Option<f32>,
    /// Which way a line was crossed.
    pub crossing: Option<Crossing>,
}

/// The open events of one camera, as its steps tell them.
#[derive(Debug, Default)]
pub(super) struct OpenEvents {
    open: BTreeMap<EventId, OpenEvent>,
    /// The same, shared until it changes.
    shared: Arc<[OpenEvent]>,
}

impl OpenEvents {
    /// Takes over steps of events.
    pub(super) fn update(&mut self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        for event in events {
            let open = OpenEvent {
                kind: event.kind,
                zone_id: event.zone_id,
                track_id: event.track_id,
                heading_deg: event.detail.heading_deg,
                crossing: event.detail.crossing,
            };
            match event.phase {
                Phase::Begin | Phase::Update => self.open.insert(event.event_id, open),
                Phase::End => self.open.remove(&event.event_id),
            };
        }
        self.shared = self.open.values().cloned().collect();
    }

    /// Those that are open now.
    pub(super) fn shared(&self) -> Arc<[OpenEvent]> {
        Arc::clone(&self.shared)
    }
}
