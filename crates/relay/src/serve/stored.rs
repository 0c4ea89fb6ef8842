//! What happens when rows were stored: browsers hear of it, deliveries wake.
//!
//! Also ends, at start, the events that a crash left open.

use std::sync::Arc;

use serde::Serialize;
use store::{Appended, Batch, EventFilter, EventRow, NewAlarm, Reader};
use types::{Event, Gate, Phase};

use super::Later;
use crate::alarms::enlist;
use crate::storage::{Enlist, OnStored, Records};
use crate::web::{AlarmView, App, EventView};

/// Events searched for one that a new best shot belongs to.
const RECENT_EVENTS: u32 = 50;

/// Connects the store's thread to the rest, which is made later.
#[derive(Debug, Default)]
pub(super) struct Teller {
    app: Later<App>,
}

/// A picture of an event is new or better.
#[derive(Debug, Serialize)]
struct ShotChange {
    event_id: String,
    url: Option<String>,
}

impl Teller {
    /// What the store's thread calls.
    pub(super) fn callback(&self) -> OnStored {
        let app = Arc::clone(&self.app);
        Box::new(move |reader, batch, appended| {
            if let Some(app) = app.get() {
                tell(app, reader, batch, appended);
            }
        })
    }

    /// What the store's thread asks about each new event.
    pub(super) fn enlister(&self) -> Enlist {
        let app = Arc::clone(&self.app);
        Box::new(move |event, recent| match app.get() {
            Some(app) => enlist(event, recent, &app.fleet, &app.alarms),
            None => NewAlarm::alone(event),
        })
    }

    /// From now on rows are told to `app`.
    pub(super) fn connect(&self, app: App) {
        // Called once; a second call would change nothing.
        drop(self.app.set(app));
    }
}

fn tell(app: &App, reader: &Reader, batch: &Batch, appended: &Appended) {
    app.deliveries.wake();
    let new_steps = appended.new_steps.iter().map(|(event_id, _)| *event_id);
    if let Err(error) = app.rtsp.take_stored(reader, new_steps) {
        tracing::warn!(%error, "viewers of metadata not told of new rows");
    }
    app.onvif.stored(&app.fleet, reader, batch, appended);
    if app.changes.n_listeners() == 0 {
        return;
    }
    let told =
        tell_events(app, reader, appended).and_then(|()| tell_shots(app, reader, batch, appended));
    if let Err(error) = told {
        tracing::warn!(%error, "browsers not told of new rows");
    }
}

fn tell_events(app: &App, reader: &Reader, appended: &Appended) -> Result<(), store::Error> {
    for (event_id, step) in &appended.new_steps {
        if let Some(row) = reader.event(*event_id)? {
            app.changes.tell("event", &EventView::new(app, row));
        }
        if *step > 0 {
            continue;
        }
        if let Some(alarm) = reader.alarm(*event_id)? {
            app.changes.tell("alarm", &AlarmView::new(app, alarm));
        }
    }
    Ok(())
}

fn tell_shots(
    app: &App,
    reader: &Reader,
    batch: &Batch,
    appended: &Appended,
) -> Result<(), store::Error> {
    if appended.new_shots.is_empty() {
        return Ok(());
    }
    let recent = reader.list_events(&EventFilter {
        camera_id: Some(batch.camera_id.clone()),
        limit: RECENT_EVENTS,
        ..EventFilter::default()
    })?;
    let is_of_new_shot = |row: &EventRow| {
        let shot_id = row.shot.as_ref().map(|shot| shot.shot_id);
        shot_id.is_some_and(|shot_id| appended.new_shots.contains(&shot_id))
    };
    for row in recent.into_iter().filter(is_of_new_shot) {
        let view = EventView::new(app, row);
        app.changes.tell(
            "shot",
            &ShotChange {
                event_id: view.id,
                url: view.shot.map(|shot| shot.url),
            },
        );
    }
    Ok(())
}

/// Ends events that were open when the program last died: their objects are
/// not followed any more, and receivers wait for the end.
pub(super) async fn end_events_of_last_run(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    for record in app.cameras.list().await? {
        let camera_id = record.camera_id.clone();
        let open = app
            .storage
            .read(move |reader| reader.open_events(&camera_id))
            .await?;
        if open.is_empty() {
            continue;
        }
        tracing::info!(camera = %record.camera_id, n_events = open.len(), "ending events of the last run");
        let batch = Batch {
            camera_id: record.camera_id,
            events: open.into_iter().map(|row| end_of(row, now)).collect(),
            best_shots: Vec::new(),
            now,
        };
        app.storage.append(batch, Records::default());
    }
    Ok(())
}

/// The end step of an open event: it ended when it was last heard of.
fn end_of(row: EventRow, now: types::Timestamp) -> Event {
    Event {
        event_id: row.event_id,
        camera_id: row.camera_id,
        program: row.program,
        rule_id: row.rule_id,
        rule_name: row.rule_name,
        kind: row.kind,
        zone_id: row.zone_id,
        phase: Phase::End,
        step: row.step + 1,
        at: now,
        started_at: row.started_at,
        ended_at: Some(row.at),
        track_id: row.track_id,
        class: row.class,
        score: row.score,
        bbox: row.bbox,
        detail: types::EventDetail::default(),
        why: vec![Gate {
            name: "end",
            outcome: types::GateOutcome::Passed("airelay was stopped without notice".to_owned()),
        }],
    }
}
