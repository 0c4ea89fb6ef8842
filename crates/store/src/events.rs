//! Events: appended with their best shots and outbox rows in one transaction,
//! listed by filters.
//!
//! In: what one camera's pipeline decided since its last batch. Out: rows;
//! lists page backwards by event id, which is time order.
//!
//! A step is known by `(event_id, step)`: appending it again changes nothing,
//! so a caller that does not know whether its batch arrived may repeat it.
//!
//! Not here: delivery (`outbox`), the pictures (`shots`).

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};
use types::{
    BestShot, CameraId, Class, Event, EventDetail, EventId, EventKind, NormBox, Phase, ProgramKind,
    RuleId, Timestamp, TrackId, ZoneId,
};

use crate::alarms::{self, Enlist, NewAlarm};
use crate::detail;
use crate::error::{During, Error, check_size};
use crate::fields::{Fields, event_key, to_i64};
use crate::gates::{self, StoredGate};
use crate::outbox::{self, OutboxId};
use crate::shots::{self, ShotId, ShotRow};
use crate::{Reader, Store};

/// Most events, and most best shots, in one [`Batch`].
pub const MAX_EVENTS_PER_BATCH: usize = 1_000;
/// Most rows that one list call returns.
pub const MAX_PAGE: u32 = 500;
/// Longest rule name, bytes.
const MAX_RULE_NAME_BYTES: usize = 1_024;
/// Longest text of an event's gates, bytes.
const MAX_WHY_BYTES: usize = 64 * 1024;

/// What one camera's pipeline decided, to be stored together.
#[derive(Clone, Debug)]
pub struct Batch {
    /// On which camera; all events must be of it.
    pub camera_id: CameraId,
    /// Steps of events, in the order in which they were decided; at most
    /// [`MAX_EVENTS_PER_BATCH`].
    pub events: Vec<Event>,
    /// New best shots of this camera's tracks, with or without an event; at
    /// most [`MAX_EVENTS_PER_BATCH`].
    pub best_shots: Vec<BestShot>,
    /// The present: from when outbox rows wait.
    pub now: Timestamp,
}

/// What an append changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    /// Steps that were new, in the batch's order.
    pub new_steps: Vec<(EventId, u32)>,
    /// Shots that are new or replaced an earlier one of their track.
    pub new_shots: Vec<ShotId>,
    /// Rows that now wait for the sinks.
    pub outbox_ids: Vec<OutboxId>,
    /// Waiting steps of overfull sinks that were given up, the oldest first;
    /// also counted in [`crate::SinkState::n_dropped`]. Say it loudly.
    pub n_dropped: u64,
}

/// One step of an event, and its track's best shot as of now.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// Identity of the event.
    pub event_id: EventId,
    /// On which camera.
    pub camera_id: CameraId,
    /// Which program's rule.
    pub program: ProgramKind,
    /// Which rule.
    pub rule_id: RuleId,
    /// The rule's name when it decided.
    pub rule_name: String,
    /// What happened.
    pub kind: EventKind,
    /// Where, if the rule has a zone.
    pub zone_id: Option<ZoneId>,
    /// Which step this is.
    pub phase: Phase,
    /// Zero-based number of the step.
    pub step: u32,
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
    /// What more is known, by kind.
    pub detail: EventDetail,
    /// The gates that were asked.
    pub why: Vec<StoredGate>,
    /// The best shot of `track_id`, if there is one by now.
    pub shot: Option<ShotRow>,
}

/// Which events to list. The default lists the newest [`MAX_PAGE`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventFilter {
    /// Only of this camera.
    pub camera_id: Option<CameraId>,
    /// Only of these kinds; all when empty.
    pub kinds: Vec<EventKind>,
    /// Only of these classes; all when empty.
    pub classes: Vec<Class>,
    /// Only raised at or after this time (the time in the event id,
    /// milliseconds).
    pub from: Option<Timestamp>,
    /// Only raised before this time.
    pub until: Option<Timestamp>,
    /// Only older than this event: the last one of the page before.
    pub before: Option<EventId>,
    /// Most rows, limited to [`MAX_PAGE`].
    pub limit: u32,
}

impl Default for EventFilter {
    fn default() -> Self {
        EventFilter {
            camera_id: None,
            kinds: Vec::new(),
            classes: Vec::new(),
            from: None,
            until: None,
            before: None,
            limit: MAX_PAGE,
        }
    }
}

/// Columns of `event` and of `event_step`, as [`read`] wants them.
const COLUMNS: &str = "e.event_id, e.camera_id, e.program, e.rule_id, e.rule_name, e.kind, \
    e.zone_id, e.phase, e.step, e.at, e.started_at, e.ended_at, e.track_id, e.class, e.score, \
    e.x1, e.y1, e.x2, e.y2, e.why, e.detail";
const N_COLUMNS: usize = 21;

const INSERT_STEP: &str = "INSERT INTO event_step VALUES \
    (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21) \
    ON CONFLICT (event_id, step) DO NOTHING";
const UPSERT_EVENT: &str = "INSERT INTO event SELECT * FROM event_step \
    WHERE event_id = ?1 AND step = ?2 \
    ON CONFLICT (event_id) DO UPDATE SET \
        rule_name = excluded.rule_name, zone_id = excluded.zone_id, phase = excluded.phase, \
        step = excluded.step, at = excluded.at, started_at = excluded.started_at, \
        ended_at = excluded.ended_at, track_id = excluded.track_id, class = excluded.class, \
        score = excluded.score, x1 = excluded.x1, y1 = excluded.y1, x2 = excluded.x2, \
        y2 = excluded.y2, why = excluded.why, detail = excluded.detail \
    WHERE excluded.step > event.step";

impl Store {
    /// Stores a batch: every step, the newest state of each event, the best
    /// shots, and one outbox row per new step and enabled sink. All or nothing.
    ///
    /// # Errors
    /// A bound is exceeded, an event is of another camera, or storing failed;
    /// nothing was stored then. After [`Error::DiskFull`] the same batch can be
    /// appended again when there is room.
    pub fn append(&mut self, batch: &Batch) -> Result<Appended, Error> {
        self.append_enlisting(batch, &|event, _| NewAlarm::alone(event))
    }

    /// As [`Store::append`]; `enlist` says how grave each new event is and to
    /// which incident it belongs.
    ///
    /// # Errors
    /// As [`Store::append`].
    pub fn append_enlisting(
        &mut self,
        batch: &Batch,
        enlist: Enlist<'_>,
    ) -> Result<Appended, Error> {
        let what = "store events";
        check_size(
            "store events: events in a batch",
            batch.events.len(),
            MAX_EVENTS_PER_BATCH,
        )?;
        check_size(
            "store events: best shots in a batch",
            batch.best_shots.len(),
            MAX_EVENTS_PER_BATCH,
        )?;
        if let Some(stray) = batch
            .events
            .iter()
            .find(|event| event.camera_id != batch.camera_id)
        {
            return Err(Error::Invalid {
                what,
                reason: format!(
                    "event {} is of camera {}, the batch of {}",
                    stray.event_id, stray.camera_id, batch.camera_id
                ),
            });
        }
        let limits = self.limits;
        self.write(what, |transaction| {
            let mut appended = Appended::default();
            for shot in &batch.best_shots {
                let stored = shots::put(transaction, &batch.camera_id, shot)?;
                appended.new_shots.extend(stored);
            }
            for event in &batch.events {
                if insert_step(transaction, event, &gates::to_json(&event.why))? {
                    alarms::enlist(transaction, event, batch.now, enlist)?;
                    appended.new_steps.push((event.event_id, event.step));
                    outbox::queue(transaction, event, batch.now, &mut appended.outbox_ids)
                        .during(what)?;
                }
            }
            if !appended.outbox_ids.is_empty() {
                appended.n_dropped = outbox::drop_excess(transaction, &limits).during(what)?;
            }
            Ok(appended)
        })
    }
}

impl Reader {
    /// Events by their newest step, newest event first.
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_events(&self, filter: &EventFilter) -> Result<Vec<EventRow>, Error> {
        let (condition, values) = condition(filter);
        let sql = format!(
            "SELECT {COLUMNS}, {} FROM event AS e {} WHERE {condition} \
             ORDER BY e.event_id DESC LIMIT {}",
            shots::COLUMNS,
            shots::JOIN,
            filter.limit.min(MAX_PAGE)
        );
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| {
                select
                    .query_map(params_from_iter(values), read_with_shot)?
                    .collect()
            })
            .during("list events")
    }

    /// The newest step of one event.
    ///
    /// # Errors
    /// Reading failed.
    pub fn event(&self, event_id: EventId) -> Result<Option<EventRow>, Error> {
        let sql = format!(
            "SELECT {COLUMNS}, {} FROM event AS e {} WHERE e.event_id = ?1",
            shots::COLUMNS,
            shots::JOIN
        );
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| {
                select
                    .query_row([event_key(event_id)], read_with_shot)
                    .optional()
            })
            .during("read event")
    }

    /// All steps of one event, first to last; at most [`MAX_PAGE`].
    ///
    /// # Errors
    /// Reading failed.
    pub fn event_steps(&self, event_id: EventId) -> Result<Vec<EventRow>, Error> {
        let sql = format!(
            "SELECT {COLUMNS}, {} FROM event_step AS e {} WHERE e.event_id = ?1 \
             ORDER BY e.step LIMIT {MAX_PAGE}",
            shots::COLUMNS,
            shots::JOIN
        );
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| {
                select
                    .query_map([event_key(event_id)], read_with_shot)?
                    .collect()
            })
            .during("read event steps")
    }

    /// Events of a camera that have no end, oldest first; at most
    /// [`MAX_PAGE`]. After a crash these must be ended.
    ///
    /// # Errors
    /// Reading failed.
    pub fn open_events(&self, camera_id: &CameraId) -> Result<Vec<EventRow>, Error> {
        let sql = format!(
            "SELECT {COLUMNS}, {} FROM event AS e {} \
             WHERE e.camera_id = ?1 AND e.phase <> 'end' ORDER BY e.event_id LIMIT {MAX_PAGE}",
            shots::COLUMNS,
            shots::JOIN
        );
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| {
                select
                    .query_map([camera_id.as_str()], read_with_shot)?
                    .collect()
            })
            .during("list open events")
    }
}

/// One step with its gates as they are stored.
pub(crate) fn step_with_why(
    conn: &Connection,
    event_key: &[u8; 16],
    step: i64,
) -> Result<Option<(EventRow, String)>, Error> {
    let sql =
        format!("SELECT {COLUMNS} FROM event_step AS e WHERE e.event_id = ?1 AND e.step = ?2");
    conn.prepare_cached(&sql)
        .and_then(|mut select| {
            select
                .query_row(params![event_key, step], |row| {
                    Ok((read(&mut Fields::new(row))?, row.get("why")?))
                })
                .optional()
        })
        .during("read step of an event")
}

/// Stores one step, with `why` for its gates, unless it is there already, and
/// makes it the event's state if it is the newest.
pub(crate) fn insert_step(conn: &Connection, event: &Event, why: &str) -> Result<bool, Error> {
    let what = "store event";
    check_size(
        "store event: bytes of the rule's name",
        event.rule_name.len(),
        MAX_RULE_NAME_BYTES,
    )?;
    check_size("store event: bytes of its gates", why.len(), MAX_WHY_BYTES)?;
    let track_id = event
        .track_id
        .map(|track_id| to_i64("store event: track id", track_id.0))
        .transpose()?;
    let key = event_key(event.event_id);
    let n_new = conn
        .prepare_cached(INSERT_STEP)
        .and_then(|mut insert| {
            insert.execute(params![
                key,
                event.camera_id.as_str(),
                event.program.name(),
                event.rule_id.0,
                event.rule_name,
                event.kind.name(),
                event.zone_id.map(|zone_id| zone_id.0),
                event.phase.name(),
                event.step,
                event.at.as_micros(),
                event.started_at.as_micros(),
                event.ended_at.map(Timestamp::as_micros),
                track_id,
                event.class.map(Class::name),
                finite(event.score),
                event.bbox.map(NormBox::x1),
                event.bbox.map(NormBox::y1),
                event.bbox.map(NormBox::x2),
                event.bbox.map(NormBox::y2),
                why,
                detail::to_json(&event.detail),
            ])
        })
        .during(what)?;
    if n_new == 0 {
        return Ok(false);
    }
    conn.prepare_cached(UPSERT_EVENT)
        .and_then(|mut upsert| upsert.execute(params![key, event.step]))
        .during(what)?;
    Ok(true)
}

/// A score SQLite can keep: it turns not-a-number into NULL.
pub(crate) fn finite(score: f32) -> f32 {
    if score.is_finite() { score } else { 0.0 }
}

/// The first id that an event raised at `at` can have.
pub(crate) fn first_id_at(at: Timestamp) -> EventId {
    // Rounded up: a time within a millisecond starts with the next one.
    let millis = at.as_micros().saturating_add(999).div_euclid(1_000);
    let millis = u128::from(u64::try_from(millis).unwrap_or(0)).min((1 << 48) - 1);
    EventId::from_bits(millis << 80)
}

/// What of `filter` stands behind WHERE, of the table `e`.
pub(crate) fn condition(filter: &EventFilter) -> (String, Vec<Value>) {
    let mut conditions = vec!["1".to_owned()];
    let mut values = Vec::new();
    let mut add = |condition: &str, value: Value| {
        conditions.push(condition.to_owned());
        values.push(value);
    };
    if let Some(camera_id) = &filter.camera_id {
        add(
            "e.camera_id = ?",
            Value::Text(camera_id.as_str().to_owned()),
        );
    }
    let key = |event_id: EventId| Value::Blob(event_key(event_id).to_vec());
    if let Some(from) = filter.from {
        add("e.event_id >= ?", key(first_id_at(from)));
    }
    if let Some(until) = filter.until {
        add("e.event_id < ?", key(first_id_at(until)));
    }
    if let Some(before) = filter.before {
        add("e.event_id < ?", key(before));
    }
    let mut add_names = |column: &str, names: &[&str]| {
        if !names.is_empty() {
            let marks = vec!["?"; names.len()].join(", ");
            conditions.push(format!("{column} IN ({marks})"));
            values.extend(names.iter().map(|&name| Value::Text(name.to_owned())));
        }
    };
    let kinds: Vec<&str> = filter.kinds.iter().map(|kind| kind.name()).collect();
    add_names("e.kind", &kinds);
    let classes: Vec<&str> = filter.classes.iter().map(|class| class.name()).collect();
    add_names("e.class", &classes);
    (conditions.join(" AND "), values)
}

/// Reads [`COLUMNS`] and behind them the columns of the track's shot.
pub(crate) fn read_with_shot(row: &rusqlite::Row<'_>) -> rusqlite::Result<EventRow> {
    let mut fields = Fields::new(row);
    let mut event = read(&mut fields)?;
    event.shot = shots::read_joined(&mut fields)?;
    Ok(event)
}

/// Columns of a step and of its shot, for `outbox`'s own join.
pub(crate) fn step_columns() -> (String, usize) {
    (
        format!("{COLUMNS}, {}", shots::COLUMNS),
        N_COLUMNS + shots::N_COLUMNS,
    )
}

fn read(fields: &mut Fields<'_, '_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        event_id: fields.event_id()?,
        camera_id: fields.camera_id()?,
        program: fields.named(ProgramKind::from_name)?,
        rule_id: RuleId(fields.next()?),
        rule_name: fields.next()?,
        kind: fields.named(EventKind::from_name)?,
        zone_id: fields.next::<Option<u32>>()?.map(ZoneId),
        phase: fields.named(Phase::from_name)?,
        step: fields.next()?,
        at: fields.time()?,
        started_at: fields.time()?,
        ended_at: fields.opt_time()?,
        track_id: fields.opt_track_id()?,
        class: fields.opt_named(Class::from_name)?,
        score: fields.next()?,
        bbox: fields.opt_bbox()?,
        why: {
            let json: String = fields.next()?;
            gates::from_json(&json)
                .map_err(|error| fields.bad(rusqlite::types::Type::Text, &error.to_string()))?
        },
        detail: fields.named(detail::from_json)?,
        shot: None,
    })
}

#[cfg(test)]
mod tests;
