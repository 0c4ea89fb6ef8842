//! Sightings against watch lists: a match becomes an event, by the way that
//! all events go.
//!
//! The event's id follows from list and sighting: the early and the final
//! sighting of one object, and the same change read again after a kill, make
//! one event.

use guard::watch::{Match, Seen, WatchList};
use store::{Batch, LooksRow};
use types::{
    Event, EventDetail, EventIds, EventKind, Gate, GateOutcome, Phase, RuleId, Timestamp,
    WatchMatch,
};
use vision::appearance::CLASSIC_MAKER;

/// Lists have rule numbers from here on, so that none meets those of rules.
pub(crate) const FIRST_RULE_ID: u32 = 50_000;

/// The events of those rows that match, each with its camera.
pub(super) fn matches(rows: &[LooksRow], lists: &[WatchList], now: Timestamp) -> Vec<Batch> {
    let mut batches = Vec::new();
    for row in rows {
        let seen = Seen {
            camera_id: &row.camera_id,
            program: row.program,
            vectors: &row.vectors,
        };
        let events: Vec<Event> = lists
            .iter()
            .filter_map(|list| Some((list, list.check(&seen, now, CLASSIC_MAKER)?)))
            .flat_map(|(list, found)| steps(row, list, found, now))
            .collect();
        if !events.is_empty() {
            batches.push(Batch {
                camera_id: row.camera_id.clone(),
                events,
                best_shots: Vec::new(),
                now,
            });
        }
    }
    batches
}

/// It begins and ends at once: whoever matched may stay, the match does not.
fn steps(row: &LooksRow, list: &WatchList, found: Match, now: Timestamp) -> [Event; 2] {
    let seed = u64::from(list.list_id) << 48 ^ row.sighting_id.0.cast_unsigned();
    let begin = Event {
        event_id: EventIds::new(seed).next(row.first_seen_at),
        camera_id: row.camera_id.clone(),
        program: row.program,
        rule_id: RuleId(FIRST_RULE_ID + list.list_id),
        rule_name: list.name.clone(),
        kind: EventKind::WatchList,
        zone_id: None,
        phase: Phase::Begin,
        step: 0,
        at: now,
        started_at: row.first_seen_at,
        ended_at: None,
        track_id: Some(row.track_id),
        class: Some(row.class),
        score: row.score,
        bbox: None,
        detail: EventDetail {
            watch: Some(WatchMatch {
                list_id: list.list_id,
                example_id: found.example_id,
                similarity: found.similarity,
                sighting_id: row.sighting_id.0,
            }),
            ..EventDetail::default()
        },
        why: vec![Gate {
            name: "similarity",
            outcome: GateOutcome::Reached {
                actual: found.similarity,
                needed: list.threshold,
            },
        }],
    };
    let end = Event {
        phase: Phase::End,
        step: 1,
        ended_at: Some(row.last_seen_at.max(row.first_seen_at)),
        ..begin.clone()
    };
    [begin, end]
}
