//! What was taken over from other airelays, and how far.
//!
//! In: pages of a node's feed with the cursor behind them, camera ids already
//! made unique (`node.camera`). Out: the page's rows and its cursor, stored in
//! one transaction: after a kill, a page is there with its cursor or not at all.
//! A page that comes twice changes nothing the second time.
//!
//! Events of a node get their alarm, their place in an incident and their rows
//! in the outbox like own ones. Those that began before the node was registered
//! are history: nobody is told of them and nobody has to close them.
//!
//! Not here: reading a feed (`feed`), fetching it and naming cameras (relay).

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use types::{CameraId, Timestamp};

use crate::alarms::{self, Enlist};
use crate::error::{During, Error, check_size};
use crate::feed::{FeedChange, FeedCursor, MAX_FEED_PAGE};
use crate::fields::Fields;
use crate::{Appended, Reader, Store, counts, events, outbox, shots, sightings};

/// Longest id of a node, bytes.
const MAX_ID_BYTES: usize = 64;
/// Longest document of a camera, bytes.
const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;

/// How far a node's feed was taken over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeProgress {
    /// Which node.
    pub node_id: String,
    /// Its database, as hexadecimal digits.
    pub database_id: String,
    /// Behind everything since the registration that was taken over.
    pub cursor: FeedCursor,
    /// What was there before: how far it was taken over, and until where;
    /// `None` when all of it was.
    pub history: Option<(FeedCursor, FeedCursor)>,
    /// Events that began earlier, by the node's clock, are history.
    pub quiet_before: Timestamp,
}

/// A page to be taken over.
#[derive(Debug)]
pub struct NodePage {
    /// What is stored of the node now; another value in the store is a
    /// conflict.
    pub before: NodeProgress,
    /// What is stored of it afterwards.
    pub after: NodeProgress,
    /// The changes, at most [`MAX_FEED_PAGE`].
    pub changes: Vec<FeedChange>,
    /// The present: from when outbox rows wait.
    pub now: Timestamp,
}

/// What a page changed.
#[derive(Debug, Default)]
pub struct NodeApplied {
    /// News by camera; history is not among it.
    pub appended: BTreeMap<CameraId, Appended>,
    /// Cameras that are new, became otherwise or went.
    pub cameras: Vec<CameraId>,
    /// Steps of events that were new, with history.
    pub n_steps: u64,
    /// Pictures that were new or better.
    pub n_pictures: u64,
}

impl Store {
    /// Notes where the feed of a node begins, or begins anew.
    ///
    /// # Errors
    /// The id is too long, or storing failed.
    pub fn put_node_progress(&mut self, progress: &NodeProgress) -> Result<(), Error> {
        let what = "note how far a node's feed was taken over";
        check_size(
            "note a node: bytes of its id",
            progress.node_id.len(),
            MAX_ID_BYTES,
        )?;
        self.write(what, |transaction| {
            put_progress(transaction, progress).during(what)
        })
    }

    /// Takes a page over, with its cursor: all of it or nothing.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the store knows another progress of the node; a
    /// bound is exceeded; storing failed.
    pub fn apply_node_page(
        &mut self,
        page: &NodePage,
        enlist: Enlist<'_>,
    ) -> Result<NodeApplied, Error> {
        let what = "store what a node sent";
        check_size(
            "store what a node sent: changes",
            page.changes.len(),
            MAX_FEED_PAGE as usize,
        )?;
        let limits = self.limits;
        self.write(what, |transaction| {
            let node_id = &page.before.node_id;
            let found = progress(transaction, node_id).during(what)?;
            if found.as_ref() != Some(&page.before) || page.after.node_id != *node_id {
                return Err(Error::Conflict {
                    key: format!("node {node_id}"),
                    expected: page.before.cursor.to_string(),
                    found: 0,
                });
            }
            let mut applied = NodeApplied::default();
            for change in &page.changes {
                apply(transaction, page, change, enlist, &mut applied)?;
            }
            let has_rows = |appended: &Appended| !appended.outbox_ids.is_empty();
            if applied.appended.values().any(has_rows) {
                let n_dropped = outbox::drop_excess(transaction, &limits).during(what)?;
                if let Some(first) = applied.appended.values_mut().next() {
                    first.n_dropped = n_dropped;
                }
            }
            put_progress(transaction, &page.after).during(what)?;
            Ok(applied)
        })
    }

    /// Forgets a node's cameras; what they raised stays until retention takes
    /// it, and how far the node was followed stays for its next registration.
    ///
    /// # Errors
    /// Storing failed.
    pub fn forget_node_cameras(&mut self, node_id: &str) -> Result<(), Error> {
        let what = "forget a node's cameras";
        self.write(what, |transaction| {
            transaction
                .execute("DELETE FROM node_camera WHERE node_id = ?1", [node_id])
                .map(drop)
                .during(what)
        })
    }
}

impl Reader {
    /// How far a node's feed was taken over; `None` for a node that is not
    /// known.
    ///
    /// # Errors
    /// Reading failed.
    pub fn node_progress(&self, node_id: &str) -> Result<Option<NodeProgress>, Error> {
        progress(&self.conn, node_id).during("read how far a node's feed was taken over")
    }

    /// Every node that was ever followed, by id.
    ///
    /// # Errors
    /// Reading failed.
    pub fn node_progresses(&self) -> Result<Vec<NodeProgress>, Error> {
        self.conn
            .prepare_cached(&format!("{SELECT} ORDER BY node_id"))
            .and_then(|mut select| select.query_map([], read)?.collect())
            .during("list nodes")
    }

    /// Cameras of all nodes, or of one, by id, with their documents.
    ///
    /// # Errors
    /// Reading failed.
    pub fn node_cameras(&self, node_id: Option<&str>) -> Result<Vec<(CameraId, String)>, Error> {
        self.conn
            .prepare_cached(
                "SELECT camera_id, document FROM node_camera \
                 WHERE ?1 IS NULL OR node_id = ?1 ORDER BY camera_id",
            )
            .and_then(|mut select| {
                select
                    .query_map([node_id], |row| {
                        let mut fields = Fields::new(row);
                        Ok((fields.camera_id()?, fields.next()?))
                    })?
                    .collect()
            })
            .during("list cameras of nodes")
    }
}

fn apply(
    conn: &Connection,
    page: &NodePage,
    change: &FeedChange,
    enlist: Enlist<'_>,
    applied: &mut NodeApplied,
) -> Result<(), Error> {
    let what = "store what a node sent";
    match change {
        FeedChange::Camera {
            camera_id,
            document,
        } => {
            put_camera(conn, &page.before.node_id, camera_id, document.as_deref())?;
            applied.cameras.push(camera_id.clone());
        }
        FeedChange::Shot(shot) => {
            let stored = shots::put(conn, &shot.camera_id, &shot.shot)?;
            applied.n_pictures += u64::from(stored.is_some());
            let appended = applied.appended.entry(shot.camera_id.clone()).or_default();
            appended.new_shots.extend(stored);
        }
        FeedChange::Step(step) => {
            let event = &step.event;
            if !events::insert_step(conn, event, &step.why)? {
                return Ok(());
            }
            applied.n_steps += 1;
            if event.started_at < page.before.quiet_before {
                return alarms::enlist_closed(
                    conn,
                    event,
                    page.now,
                    "raised before this airelay guarded its camera",
                );
            }
            alarms::enlist(conn, event, page.now, enlist)?;
            let appended = applied.appended.entry(event.camera_id.clone()).or_default();
            appended.new_steps.push((event.event_id, event.step));
            outbox::queue(conn, event, page.now, &mut appended.outbox_ids).during(what)?;
        }
        FeedChange::Sighting(sighting) => sightings::put_stored(conn, sighting)?,
        FeedChange::Counts(counts) => counts::put(conn, counts)?,
    }
    Ok(())
}

fn put_camera(
    conn: &Connection,
    node_id: &str,
    camera_id: &CameraId,
    document: Option<&str>,
) -> Result<(), Error> {
    let what = "store a node's camera";
    match document {
        Some(document) => {
            check_size(
                "store a node's camera: bytes of its document",
                document.len(),
                MAX_DOCUMENT_BYTES,
            )?;
            conn.prepare_cached(
                "INSERT INTO node_camera VALUES (?1, ?2, ?3) ON CONFLICT (camera_id) DO UPDATE \
                 SET node_id = excluded.node_id, document = excluded.document",
            )
            .and_then(|mut put| put.execute(params![camera_id.as_str(), node_id, document]))
            .map(drop)
            .during(what)
        }
        None => conn
            .prepare_cached("DELETE FROM node_camera WHERE camera_id = ?1")
            .and_then(|mut delete| delete.execute([camera_id.as_str()]))
            .map(drop)
            .during(what),
    }
}

fn put_progress(conn: &Connection, progress: &NodeProgress) -> rusqlite::Result<()> {
    let (history, until) = progress.history.unzip();
    let text = |cursor: Option<FeedCursor>| cursor.map(|cursor| cursor.to_string());
    conn.prepare_cached(
        "INSERT INTO node_feed VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (node_id) DO UPDATE SET \
         database_id = excluded.database_id, cursor = excluded.cursor, \
         history_cursor = excluded.history_cursor, history_until = excluded.history_until, \
         quiet_before = excluded.quiet_before",
    )?
    .execute(params![
        progress.node_id,
        progress.database_id,
        progress.cursor.to_string(),
        text(history),
        text(until),
        progress.quiet_before.as_micros(),
    ])?;
    Ok(())
}

const SELECT: &str = "SELECT node_id, database_id, cursor, history_cursor, history_until, \
    quiet_before FROM node_feed";

fn progress(conn: &Connection, node_id: &str) -> rusqlite::Result<Option<NodeProgress>> {
    conn.prepare_cached(&format!("{SELECT} WHERE node_id = ?1"))?
        .query_row([node_id], read)
        .optional()
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<NodeProgress> {
    let mut fields = Fields::new(row);
    Ok(NodeProgress {
        node_id: fields.next()?,
        database_id: fields.next()?,
        cursor: fields.named(FeedCursor::parse)?,
        history: fields
            .opt_named(FeedCursor::parse)?
            .zip(fields.opt_named(FeedCursor::parse)?),
        quiet_before: fields.time()?,
    })
}

#[cfg(test)]
mod tests;
