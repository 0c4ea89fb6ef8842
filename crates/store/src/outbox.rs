//! Outbox: the steps that each sink still has to deliver.
//!
//! In: one row per new step and enabled sink, written by the append's own
//! transaction; what became of each delivery. Out: the next deliveries of a
//! sink, how long its queue is, dead letters and their replay.
//!
//! Order is kept per sink and camera: while the oldest row of a camera waits
//! for its retry, no younger row of that camera is given out. Sinks, and
//! cameras within a sink, never wait for each other.
//!
//! Delivery is at least once: a kill between the receiver's answer and
//! [`Store::mark_delivered`] delivers again, with the same event id and step.
//!
//! Bounds: [`Limits`]. A full queue gives up its oldest rows and counts them,
//! since the newest alarm is worth most.
//!
//! Not here: which sinks there are (`sinks`), how to deliver, when to retry
//! (crate `sink` decides).

use rusqlite::{Connection, OptionalExtension as _, params};
use types::{CameraId, Event, EventId, Timestamp};

use crate::error::{During, Error};
use crate::events::{self, EventRow, MAX_PAGE};
use crate::fields::{Fields, event_key};
use crate::sinks::count_dropped;
use crate::{Limits, Reader, Store};

/// Most rows of one camera in one answer, so that a camera with a long queue
/// leaves room for the others.
const MAX_PER_CAMERA: u32 = 16;
/// Errors are kept up to this length, characters.
const MAX_ERROR_CHARS: usize = 500;

/// Identity of one row of the outbox; grows with time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutboxId(pub i64);

/// One step to be delivered to one sink.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// By which it is reported delivered, failed or dead.
    pub outbox_id: OutboxId,
    /// Since when it waits.
    pub queued_at: Timestamp,
    /// Failed attempts so far.
    pub n_attempts: u32,
    /// The step as it was decided, with the track's best shot as of now.
    pub event: EventRow,
}

/// A step that a sink refused for good, or could not deliver for too long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// By which it can be replayed.
    pub outbox_id: OutboxId,
    /// On which camera.
    pub camera_id: CameraId,
    /// Of which event.
    pub event_id: EventId,
    /// Which step of it.
    pub step: u32,
    /// When it was queued.
    pub queued_at: Timestamp,
    /// Attempts made.
    pub n_attempts: u32,
    /// What the last attempt met.
    pub error: String,
}

impl Store {
    /// Notes that a step arrived: its row is deleted. Returns whether it was
    /// still waiting.
    ///
    /// # Errors
    /// Storing failed.
    pub fn mark_delivered(
        &mut self,
        sink: &str,
        outbox_id: OutboxId,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let what = "note delivery";
        self.write(what, |transaction| {
            let n_deleted = transaction
                .execute(
                    "DELETE FROM outbox WHERE outbox_id = ?1 AND sink = ?2",
                    params![outbox_id.0, sink],
                )
                .during(what)?;
            if n_deleted > 0 {
                transaction
                    .execute(
                        "UPDATE sink SET n_delivered = n_delivered + 1, last_delivered_at = ?2, \
                         last_error = NULL WHERE name = ?1",
                        params![sink, now.as_micros()],
                    )
                    .during(what)?;
            }
            Ok(n_deleted > 0)
        })
    }

    /// Notes a failed attempt; the step, and the camera's steps behind it, wait
    /// until `retry_at`. Returns whether it was still waiting.
    ///
    /// # Errors
    /// Storing failed.
    pub fn mark_failed(
        &mut self,
        sink: &str,
        outbox_id: OutboxId,
        error: &str,
        retry_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.note_failure(sink, outbox_id, error, Some(retry_at), now)
    }

    /// Moves a step to the dead letters, so that those behind it go on.
    /// Returns whether it was still waiting.
    ///
    /// # Errors
    /// Storing failed.
    pub fn mark_dead(
        &mut self,
        sink: &str,
        outbox_id: OutboxId,
        error: &str,
        now: Timestamp,
    ) -> Result<bool, Error> {
        self.note_failure(sink, outbox_id, error, None, now)
    }

    fn note_failure(
        &mut self,
        sink: &str,
        outbox_id: OutboxId,
        error: &str,
        retry_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let what = "note failed delivery";
        let error: String = error.chars().take(MAX_ERROR_CHARS).collect();
        let limits = self.limits;
        self.write(what, |transaction| {
            let n_changed = transaction
                .execute(
                    "UPDATE outbox SET n_attempts = n_attempts + 1, last_error = ?3, \
                     retry_at = ?4, is_dead = ?4 IS NULL \
                     WHERE outbox_id = ?1 AND sink = ?2 AND is_dead = 0",
                    params![outbox_id.0, sink, error, retry_at.map(Timestamp::as_micros)],
                )
                .during(what)?;
            if n_changed > 0 {
                transaction
                    .execute(
                        "UPDATE sink SET last_error = ?2, last_error_at = ?3 WHERE name = ?1",
                        params![sink, error, now.as_micros()],
                    )
                    .during(what)?;
                drop_excess(transaction, &limits).during(what)?;
            }
            Ok(n_changed > 0)
        })
    }

    /// Queues dead letters again: one, or all of the sink. They keep their
    /// place, so they go before younger steps of their camera. Returns how
    /// many.
    ///
    /// # Errors
    /// Storing failed.
    pub fn replay_dead(&mut self, sink: &str, only: Option<OutboxId>) -> Result<usize, Error> {
        let what = "replay dead letters";
        self.write(what, |transaction| {
            transaction
                .execute(
                    "UPDATE outbox SET is_dead = 0, n_attempts = 0, retry_at = NULL \
                     WHERE sink = ?1 AND is_dead = 1 AND (?2 IS NULL OR outbox_id = ?2)",
                    params![sink, only.map(|outbox_id| outbox_id.0)],
                )
                .during(what)
        })
    }
}

impl Reader {
    /// What a sink should deliver next: at most `limit` steps (and at most 16
    /// of one camera), oldest first within each camera. The caller delivers
    /// those of one camera one after the other and leaves the rest of them
    /// when one fails.
    ///
    /// # Errors
    /// Reading failed.
    pub fn next_deliveries(
        &self,
        sink: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, Error> {
        let what = "read outbox";
        let limit = limit.min(MAX_PAGE) as usize;
        let mut heads = self.camera_heads(sink).during(what)?;
        heads.retain(|head| head.retry_at.is_none_or(|retry_at| retry_at <= now));
        // Who waits longest comes first.
        heads.sort_by_key(|head| head.outbox_id);
        let mut deliveries = Vec::new();
        for head in heads {
            let room = u32::try_from(limit - deliveries.len()).expect("at most MAX_PAGE");
            if room == 0 {
                break;
            }
            let of_camera = self
                .camera_deliveries(sink, &head.camera_id, now, room.min(MAX_PER_CAMERA))
                .during(what)?;
            deliveries.extend(of_camera);
        }
        Ok(deliveries)
    }

    /// The oldest waiting row of each camera.
    fn camera_heads(&self, sink: &str) -> rusqlite::Result<Vec<Head>> {
        // Jumps from camera to camera in the index instead of reading a queue
        // of which most rows cannot be delivered yet.
        self.conn
            .prepare_cached(
                "WITH RECURSIVE camera (id) AS ( \
                     SELECT (SELECT min(camera_id) FROM outbox WHERE sink = ?1 AND is_dead = 0) \
                     UNION ALL \
                     SELECT (SELECT min(camera_id) FROM outbox \
                             WHERE sink = ?1 AND is_dead = 0 AND camera_id > camera.id) \
                     FROM camera WHERE camera.id IS NOT NULL) \
                 SELECT o.camera_id, o.outbox_id, o.retry_at FROM camera \
                 JOIN outbox AS o ON o.outbox_id = ( \
                     SELECT min(outbox_id) FROM outbox \
                     WHERE sink = ?1 AND is_dead = 0 AND camera_id = camera.id) \
                 WHERE camera.id IS NOT NULL",
            )?
            .query_map([sink], |row| {
                let mut fields = Fields::new(row);
                Ok(Head {
                    camera_id: fields.camera_id()?,
                    outbox_id: fields.next()?,
                    retry_at: fields.opt_time()?,
                })
            })?
            .collect()
    }

    fn camera_deliveries(
        &self,
        sink: &str,
        camera_id: &CameraId,
        now: Timestamp,
        limit: u32,
    ) -> rusqlite::Result<Vec<Delivery>> {
        let (columns, n_columns) = events::step_columns();
        let sql = format!(
            "SELECT {columns}, o.outbox_id, o.queued_at, o.n_attempts, o.retry_at \
             FROM outbox AS o \
             JOIN event_step AS e ON e.event_id = o.event_id AND e.step = o.step {} \
             WHERE o.sink = ?1 AND o.is_dead = 0 AND o.camera_id = ?2 \
             ORDER BY o.outbox_id LIMIT ?3",
            crate::shots::JOIN
        );
        let mut select = self.conn.prepare_cached(&sql)?;
        let mut rows = select.query(params![sink, camera_id.as_str(), limit])?;
        let mut deliveries = Vec::new();
        while let Some(row) = rows.next()? {
            let event = events::read_with_shot(row)?;
            let mut fields = Fields::new(row);
            fields.skip(n_columns);
            let delivery = Delivery {
                outbox_id: OutboxId(fields.next()?),
                queued_at: fields.time()?,
                n_attempts: fields.next()?,
                event,
            };
            // A row behind the head can wait too: one that was replayed in
            // front of it after it had failed.
            if fields.opt_time()?.is_some_and(|retry_at| retry_at > now) {
                break;
            }
            deliveries.push(delivery);
        }
        Ok(deliveries)
    }

    /// When the next step of a sink that waits for its retry becomes due;
    /// `None` when none waits.
    ///
    /// # Errors
    /// Reading failed.
    pub fn next_retry_at(&self, sink: &str) -> Result<Option<Timestamp>, Error> {
        let heads = self.camera_heads(sink).during("read outbox")?;
        Ok(heads.into_iter().filter_map(|head| head.retry_at).min())
    }

    /// Dead letters of a sink younger than `after`, oldest first.
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_dead_letters(
        &self,
        sink: &str,
        after: Option<OutboxId>,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, Error> {
        self.conn
            .prepare_cached(
                "SELECT outbox_id, camera_id, event_id, step, queued_at, n_attempts, last_error \
                 FROM outbox WHERE sink = ?1 AND is_dead = 1 AND outbox_id > ?2 \
                 ORDER BY outbox_id LIMIT ?3",
            )
            .and_then(|mut select| {
                select
                    .query_map(
                        params![sink, after.map_or(0, |id| id.0), limit.min(MAX_PAGE)],
                        read_dead,
                    )?
                    .collect()
            })
            .during("list dead letters")
    }
}

/// The oldest waiting row of one camera.
struct Head {
    camera_id: CameraId,
    outbox_id: i64,
    retry_at: Option<Timestamp>,
}

/// Queues one step for every enabled sink.
pub(crate) fn queue(
    conn: &Connection,
    event: &Event,
    now: Timestamp,
    outbox_ids: &mut Vec<OutboxId>,
) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(
        "INSERT INTO outbox (sink, camera_id, event_id, step, queued_at) \
         SELECT name, ?1, ?2, ?3, ?4 FROM sink WHERE is_enabled = 1 ORDER BY name \
         RETURNING outbox_id",
    )?;
    let queued = insert.query_map(
        params![
            event.camera_id.as_str(),
            event_key(event.event_id),
            event.step,
            now.as_micros()
        ],
        |row| row.get(0).map(OutboxId),
    )?;
    for outbox_id in queued {
        outbox_ids.push(outbox_id?);
    }
    Ok(())
}

/// Gives up the oldest rows of overfull queues, counts them with their sink,
/// and returns how many.
pub(crate) fn drop_excess(conn: &Connection, limits: &Limits) -> rusqlite::Result<u64> {
    let names: Vec<String> = conn
        .prepare_cached("SELECT name FROM sink")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut n_dropped = 0;
    for name in names {
        for (is_dead, max) in [
            (false, limits.max_waiting_per_sink),
            (true, limits.max_dead_per_sink),
        ] {
            // The youngest row that is too much, found from the young end.
            let last: Option<i64> = conn
                .prepare_cached(
                    "SELECT outbox_id FROM outbox WHERE sink = ?1 AND is_dead = ?2 \
                     ORDER BY outbox_id DESC LIMIT 1 OFFSET ?3",
                )?
                .query_row(params![name, is_dead, max], |row| row.get(0))
                .optional()?;
            let Some(last) = last else { continue };
            let n_deleted = conn.execute(
                "DELETE FROM outbox WHERE sink = ?1 AND is_dead = ?2 AND outbox_id <= ?3",
                params![name, is_dead, last],
            )?;
            n_dropped += count_dropped(conn, &name, n_deleted)?;
        }
    }
    Ok(n_dropped)
}

fn read_dead(row: &rusqlite::Row<'_>) -> rusqlite::Result<DeadLetter> {
    let mut fields = Fields::new(row);
    Ok(DeadLetter {
        outbox_id: OutboxId(fields.next()?),
        camera_id: fields.camera_id()?,
        event_id: fields.event_id()?,
        step: fields.next()?,
        queued_at: fields.time()?,
        n_attempts: fields.next()?,
        error: fields.next::<Option<String>>()?.unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests;
