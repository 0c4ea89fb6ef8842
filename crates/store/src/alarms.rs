//! Alarms: how people handle each event, which incident it is part of, and
//! everything that was done with it.
//!
//! In: for each new event, in the transaction that stores it, how grave it is
//! and to which incident it belongs; later what somebody does. Out: rows, by
//! filters; incidents with all their alarms.
//!
//! What was done is only ever added to.
//!
//! Not here: what may follow on what, and what belongs together (`guard`),
//! removal with the event (`retention`).

use rusqlite::types::{Type, Value};
use rusqlite::{Connection, OptionalExtension as _, params, params_from_iter};
use types::{
    AlarmState, CameraId, CloseReason, Event, EventId, Handling, HandlingKind, RuleId, Severity,
    Standing, Timestamp, TrackId,
};

use crate::error::{During, Error, check_size};
use crate::events::{self, EventFilter, EventRow, MAX_PAGE};
use crate::fields::{Fields, event_key};
use crate::{Reader, Store};

/// Alarms that are shown to whoever says where a new one belongs.
pub(crate) const MAX_RECENT: u32 = 500;
/// How far these go back before the new one, microseconds: an hour.
const RECENT_US: i64 = 3_600_000_000;
/// Most alarms that are handled at once.
pub const MAX_HANDLED: usize = 500;
/// Most alarms of one incident that are listed.
pub const MAX_MEMBERS: u32 = 100;
/// Longest name of who handles, bytes.
const MAX_WHO_BYTES: usize = 256;
/// Longest text, bytes.
const MAX_TEXT_BYTES: usize = 16 * 1024;
/// Most entries of a history that are listed.
const MAX_HISTORY: u32 = 2_000;

/// What is said of an alarm when it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAlarm {
    /// How grave it is.
    pub severity: Severity,
    /// The event that began the incident; its own, if it began one.
    pub incident_id: EventId,
}

impl NewAlarm {
    /// As usual for its kind, and on its own.
    pub fn alone(event: &Event) -> Self {
        NewAlarm {
            severity: Severity::usual(event.kind),
            incident_id: event.event_id,
        }
    }
}

/// An alarm stored in the hour before a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecentAlarm {
    /// Its event.
    pub event_id: EventId,
    /// On which camera.
    pub camera_id: CameraId,
    /// Who caused it.
    pub track_id: Option<TrackId>,
    /// When it began.
    pub started_at: Timestamp,
    /// The event that began its incident.
    pub incident_id: EventId,
    /// Whether it is done with.
    pub is_closed: bool,
}

/// Says how grave a new alarm is and where it belongs; is shown the newest
/// 500 alarms of the hour before it, the newest first.
pub type Enlist<'a> = &'a dyn Fn(&Event, &[RecentAlarm]) -> NewAlarm;

/// How an alarm is handled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmRow {
    /// Its event.
    pub event_id: EventId,
    /// The event that began its incident.
    pub incident_id: EventId,
    /// How grave it is.
    pub severity: Severity,
    /// How its handling stands.
    pub standing: Standing,
    /// When something was last done with it; when it was stored, before that.
    pub changed_at: Timestamp,
}

/// An alarm with its event's newest step.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedAlarm {
    /// What happened.
    pub event: EventRow,
    /// How it is handled.
    pub alarm: AlarmRow,
}

/// One thing that was done with an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryRow {
    /// The revision that it made; of a note, the one it was written at.
    pub revision: u32,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// What.
    pub handling: Handling,
}

/// Which alarms to list. The default lists all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlarmFilter {
    /// Which events.
    pub events: EventFilter,
    /// Only of these states; all when empty.
    pub states: Vec<AlarmState>,
    /// Only so grave; all when empty.
    pub severities: Vec<Severity>,
    /// Only of the rule of this number, on whichever camera.
    pub rule_id: Option<RuleId>,
    /// Only given to this person.
    pub assignee: Option<String>,
    /// Only closed for this reason.
    pub reason: Option<CloseReason>,
}

const COLUMNS: &str = "a.event_id, a.incident_id, a.severity, a.state, a.assignee, a.reason, \
    a.revision, a.n_notes, a.changed_at";

/// Puts a new event on the list; nothing, if it is on it.
pub(crate) fn enlist(
    conn: &Connection,
    event: &Event,
    now: Timestamp,
    decide: Enlist<'_>,
) -> Result<(), Error> {
    let what = "store alarm";
    let key = event_key(event.event_id);
    let is_known: bool = conn
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM alarm WHERE event_id = ?1)")
        .and_then(|mut select| select.query_row([key], |row| row.get(0)))
        .during(what)?;
    if is_known {
        return Ok(());
    }
    let recent = recent(conn, event.started_at).during(what)?;
    let new = decide(event, &recent);
    conn.prepare_cached("INSERT INTO alarm VALUES (?1, ?2, ?3, 'new', NULL, NULL, 0, 0, ?4)")
        .and_then(|mut insert| {
            insert.execute(params![
                key,
                event_key(new.incident_id),
                new.severity as i64,
                now.as_micros()
            ])
        })
        .map(drop)
        .during(what)
}

/// Puts an event on the list as one that is done with, and says why: nobody was
/// there to be told of it.
pub(crate) fn enlist_closed(
    conn: &Connection,
    event: &Event,
    now: Timestamp,
    why: &str,
) -> Result<(), Error> {
    let what = "store alarm of the past";
    let key = event_key(event.event_id);
    let n_new = conn
        .prepare_cached(
            "INSERT INTO alarm VALUES (?1, ?1, ?2, 'closed', NULL, 'other', 1, 0, ?3) \
             ON CONFLICT (event_id) DO NOTHING",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                key,
                Severity::usual(event.kind) as i64,
                now.as_micros()
            ])
        })
        .during(what)?;
    if n_new == 0 {
        return Ok(());
    }
    conn.prepare_cached(
        "INSERT INTO alarm_history (event_id, revision, at, who, kind, assignee, reason, text) \
         VALUES (?1, 1, ?2, 'airelay', 'close', NULL, 'other', ?3)",
    )
    .and_then(|mut insert| insert.execute(params![key, now.as_micros(), why]))
    .map(drop)
    .during(what)
}

fn recent(conn: &Connection, at: Timestamp) -> rusqlite::Result<Vec<RecentAlarm>> {
    let from = Timestamp::from_micros(at.as_micros().saturating_sub(RECENT_US));
    conn.prepare_cached(
        "SELECT a.event_id, e.camera_id, e.track_id, e.started_at, a.incident_id, \
         a.state = 'closed' FROM alarm AS a JOIN event AS e ON e.event_id = a.event_id \
         WHERE a.event_id >= ?1 ORDER BY a.event_id DESC LIMIT ?2",
    )?
    .query_map(
        params![event_key(events::first_id_at(from)), MAX_RECENT],
        |row| {
            let mut fields = Fields::new(row);
            Ok(RecentAlarm {
                event_id: fields.event_id()?,
                camera_id: fields.camera_id()?,
                track_id: fields.opt_track_id()?,
                started_at: fields.time()?,
                incident_id: fields.event_id()?,
                is_closed: fields.next()?,
            })
        },
    )?
    .collect()
}

impl Store {
    /// Does the same with several alarms, all in one transaction: for each,
    /// `decide` says how it stands afterwards; with `None` it is left alone.
    /// Alarms that retention removed are not asked about. Returns those that
    /// something was done with.
    ///
    /// # Errors
    /// A bound is exceeded, or storing failed; nothing was done then.
    pub fn handle_alarms(
        &mut self,
        event_ids: &[EventId],
        handling: &Handling,
        who: &str,
        now: Timestamp,
        mut decide: impl FnMut(EventId, &Standing) -> Option<Standing>,
    ) -> Result<Vec<AlarmRow>, Error> {
        let what = "handle alarms";
        check_size("handle alarms: how many", event_ids.len(), MAX_HANDLED)?;
        check_size("handle alarms: bytes of who", who.len(), MAX_WHO_BYTES)?;
        check_size(
            "handle alarms: bytes of text",
            handling.text.len(),
            MAX_TEXT_BYTES,
        )?;
        self.write(what, |transaction| {
            let mut handled = Vec::new();
            for &event_id in event_ids {
                let Some(mut row) = find(transaction, event_id).during(what)? else {
                    continue;
                };
                if let Some(standing) = decide(event_id, &row.standing) {
                    row.standing = standing;
                    row.changed_at = now;
                    put(transaction, &row, handling, who).during(what)?;
                    handled.push(row);
                }
            }
            Ok(handled)
        })
    }
}

fn put(conn: &Connection, row: &AlarmRow, handling: &Handling, who: &str) -> rusqlite::Result<()> {
    let key = event_key(row.event_id);
    let standing = &row.standing;
    conn.prepare_cached(
        "UPDATE alarm SET state = ?2, assignee = ?3, reason = ?4, revision = ?5, n_notes = ?6, \
         changed_at = ?7 WHERE event_id = ?1",
    )?
    .execute(params![
        key,
        standing.state.name(),
        standing.assignee,
        standing.reason.map(CloseReason::name),
        standing.revision,
        standing.n_notes,
        row.changed_at.as_micros()
    ])?;
    conn.prepare_cached(
        "INSERT INTO alarm_history (event_id, revision, at, who, kind, assignee, reason, text) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?
    .execute(params![
        key,
        standing.revision,
        row.changed_at.as_micros(),
        who,
        handling.kind.name(),
        handling.assignee,
        handling.reason.map(CloseReason::name),
        handling.text
    ])?;
    Ok(())
}

fn find(conn: &Connection, event_id: EventId) -> rusqlite::Result<Option<AlarmRow>> {
    conn.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM alarm AS a WHERE event_id = ?1"
    ))?
    .query_row([event_key(event_id)], |row| read(&mut Fields::new(row)))
    .optional()
}

impl Reader {
    /// One alarm.
    ///
    /// # Errors
    /// Reading failed.
    pub fn alarm(&self, event_id: EventId) -> Result<Option<ListedAlarm>, Error> {
        let key = Value::Blob(event_key(event_id).to_vec());
        Ok(self
            .alarms_where("a.event_id = ?", vec![key], "e.event_id", 1)?
            .pop())
    }

    /// Alarms, newest first; at most [`MAX_PAGE`].
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_alarms(&self, filter: &AlarmFilter) -> Result<Vec<ListedAlarm>, Error> {
        let (condition, values) = condition(filter);
        self.alarms_where(
            &condition,
            values,
            "e.event_id DESC",
            filter.events.limit.min(MAX_PAGE),
        )
    }

    /// Incidents of which an alarm is asked for, with all their alarms (at most
    /// [`MAX_MEMBERS`] each): the incident that began last comes first, its
    /// alarms as they came. `before` is the incident that ended the page
    /// before; the filter's own is left out.
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_incidents(
        &self,
        filter: &AlarmFilter,
        before: Option<EventId>,
        limit: u32,
    ) -> Result<Vec<Vec<ListedAlarm>>, Error> {
        let (mut condition, mut values) = condition(filter);
        if let Some(before) = before {
            condition.push_str(" AND a.incident_id < ?");
            values.push(Value::Blob(event_key(before).to_vec()));
        }
        let sql = format!(
            "SELECT DISTINCT a.incident_id FROM alarm AS a CROSS JOIN event AS e \
             ON e.event_id = a.event_id WHERE {condition} \
             ORDER BY a.incident_id DESC LIMIT {}",
            limit.min(MAX_PAGE)
        );
        let incident_ids: Vec<EventId> = self
            .conn
            .prepare_cached(&sql)
            .and_then(|mut select| {
                select
                    .query_map(params_from_iter(values), |row| Fields::new(row).event_id())?
                    .collect()
            })
            .during("list incidents")?;
        let incidents = incident_ids.into_iter().map(|id| self.incident(id));
        incidents.collect()
    }

    /// The alarms of one incident as they came, at most [`MAX_MEMBERS`]; none
    /// if there is no such incident.
    ///
    /// # Errors
    /// Reading failed.
    pub fn incident(&self, incident_id: EventId) -> Result<Vec<ListedAlarm>, Error> {
        let key = Value::Blob(event_key(incident_id).to_vec());
        self.alarms_where("a.incident_id = ?", vec![key], "e.event_id", MAX_MEMBERS)
    }

    /// What was done with one alarm, as it was done.
    ///
    /// # Errors
    /// Reading failed.
    pub fn alarm_history(&self, event_id: EventId) -> Result<Vec<HistoryRow>, Error> {
        self.conn
            .prepare_cached(
                "SELECT revision, at, who, kind, assignee, reason, text FROM alarm_history \
                 WHERE event_id = ?1 ORDER BY history_id LIMIT ?2",
            )
            .and_then(|mut select| {
                select
                    .query_map(params![event_key(event_id), MAX_HISTORY], read_history)?
                    .collect()
            })
            .during("read what was done with an alarm")
    }

    /// How many alarms are not closed, by state and severity.
    ///
    /// # Errors
    /// Reading failed.
    pub fn open_alarms(&self) -> Result<Vec<(AlarmState, Severity, u64)>, Error> {
        self.conn
            .prepare_cached(
                "SELECT state, severity, count(*) FROM alarm WHERE state <> 'closed' \
                 GROUP BY state, severity ORDER BY state, severity",
            )
            .and_then(|mut select| {
                select
                    .query_map([], |row| {
                        let mut fields = Fields::new(row);
                        Ok((
                            fields.named(AlarmState::from_name)?,
                            read_severity(&mut fields)?,
                            fields.u64()?,
                        ))
                    })?
                    .collect()
            })
            .during("count open alarms")
    }

    fn alarms_where(
        &self,
        condition: &str,
        values: Vec<Value>,
        order: &str,
        limit: u32,
    ) -> Result<Vec<ListedAlarm>, Error> {
        let (columns, n_columns) = events::step_columns();
        let sql = format!(
            "SELECT {columns}, {COLUMNS} FROM event AS e \
             JOIN alarm AS a ON a.event_id = e.event_id {} \
             WHERE {condition} ORDER BY {order} LIMIT {limit}",
            crate::shots::JOIN
        );
        self.conn
            .prepare_cached(&sql)
            .and_then(|mut select| {
                select
                    .query_map(params_from_iter(values), |row| {
                        let event = events::read_with_shot(row)?;
                        let mut fields = Fields::new(row);
                        fields.skip(n_columns);
                        Ok(ListedAlarm {
                            event,
                            alarm: read(&mut fields)?,
                        })
                    })?
                    .collect()
            })
            .during("list alarms")
    }
}

fn condition(filter: &AlarmFilter) -> (String, Vec<Value>) {
    let (mut condition, mut values) = events::condition(&filter.events);
    let mut add = |text: &str, value: Value| {
        condition.push_str(" AND ");
        condition.push_str(text);
        values.push(value);
    };
    if let Some(rule_id) = filter.rule_id {
        add("e.rule_id = ?", Value::Integer(rule_id.0.into()));
    }
    if let Some(assignee) = &filter.assignee {
        add("a.assignee = ?", Value::Text(assignee.clone()));
    }
    if let Some(reason) = filter.reason {
        add("a.reason = ?", Value::Text(reason.name().to_owned()));
    }
    let mut add_any = |column: &str, any: Vec<Value>| {
        if !any.is_empty() {
            let marks = vec!["?"; any.len()].join(", ");
            condition.push_str(&format!(" AND {column} IN ({marks})"));
            values.extend(any);
        }
    };
    let states = filter.states.iter();
    add_any(
        "a.state",
        states
            .map(|state| Value::Text(state.name().to_owned()))
            .collect(),
    );
    let severities = filter.severities.iter();
    add_any(
        "a.severity",
        severities
            .map(|&severity| Value::Integer(severity as i64))
            .collect(),
    );
    (condition, values)
}

fn read(fields: &mut Fields<'_, '_>) -> rusqlite::Result<AlarmRow> {
    Ok(AlarmRow {
        event_id: fields.event_id()?,
        incident_id: fields.event_id()?,
        severity: read_severity(fields)?,
        standing: Standing {
            state: fields.named(AlarmState::from_name)?,
            assignee: fields.next()?,
            reason: fields.opt_named(CloseReason::from_name)?,
            revision: fields.next()?,
            n_notes: fields.next()?,
        },
        changed_at: fields.time()?,
    })
}

fn read_severity(fields: &mut Fields<'_, '_>) -> rusqlite::Result<Severity> {
    let number: u32 = fields.next()?;
    let severity = Severity::ALL.get(number as usize).copied();
    severity.ok_or_else(|| fields.bad(Type::Integer, &format!("{number} is no severity")))
}

fn read_history(row: &rusqlite::Row<'_>) -> rusqlite::Result<HistoryRow> {
    let mut fields = Fields::new(row);
    let (revision, at, who) = (fields.next()?, fields.time()?, fields.next()?);
    Ok(HistoryRow {
        revision,
        at,
        who,
        handling: Handling {
            kind: fields.named(HandlingKind::from_name)?,
            assignee: fields.next()?,
            reason: fields.opt_named(CloseReason::from_name)?,
            text: fields.next()?,
        },
    })
}

#[cfg(test)]
mod tests;
