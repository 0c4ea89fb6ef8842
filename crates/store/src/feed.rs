//! Feed: what is new here, in order, for airelays that guard this one.
//!
//! In: nothing; triggers of the database number every change of a camera, an
//! event, a best shot, a sighting or a count in the transaction that makes it
//! (`migrations/0011_nodes.sql`). Out: pages of changes, each as it is now, with
//! the cursor behind it.
//!
//! Each thing stands in the feed once, under the number of its newest change. So
//! whoever reads from the start gets everything that is kept, and whoever gets a
//! thing twice gets the same or a newer state of it.
//!
//! A cursor names the run of the program that gave it (its epoch) and a number.
//! A database that was set back to a backup goes on with numbers that were given
//! before: a cursor from after the backup is then found out and refused, since
//! its epoch is unknown or ended before its number.
//!
//! Cameras of other nodes are not in the feed: a node tells its own.
//!
//! Not here: taking a feed over (`node_feed`), its form on the wire (relay).

use std::fmt;

use rusqlite::{Connection, OptionalExtension as _, params};
use types::{Appearance, BestShot, CameraId, Count, Event, EventId, Gate, RuleId, Sighting};

use crate::error::{During, Error};
use crate::events::{self, EventRow};
use crate::fields::event_key;
use crate::{Reader, SightingId, SightingRow, Store, StoredAttribute, shots, sightings};

/// Most changes on one page.
pub const MAX_FEED_PAGE: u32 = 500;
/// Epochs that are remembered; a cursor of an older one starts over.
const MAX_EPOCHS: u32 = 1_000;
/// What one of the counts' entries covers, microseconds: `0011_nodes.sql` says
/// the same.
const COUNTS_US: i64 = 600_000_000;

const CAMERA: i64 = 1;
const STEP: i64 = 2;
const SHOT: i64 = 3;
const SIGHTING: i64 = 4;
const COUNTS: i64 = 5;

/// A place in the feed, between two changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedCursor {
    epoch: i64,
    feed_no: i64,
}

impl fmt::Display for FeedCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.epoch, self.feed_no)
    }
}

impl FeedCursor {
    /// Reads what [`Display`](fmt::Display) wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, feed_no) = text.split_once('-')?;
        let epoch = u64::from_str_radix(epoch, 16).ok()?;
        let feed_no: i64 = feed_no.parse().ok()?;
        (feed_no >= 0).then_some(FeedCursor {
            epoch: epoch.cast_signed(),
            feed_no,
        })
    }

    /// The place before everything, of the same run.
    #[must_use]
    pub fn at_start(self) -> Self {
        FeedCursor { feed_no: 0, ..self }
    }

    /// Whether the place is `other` or behind it; of one run's cursors, or of
    /// such that were accepted.
    pub fn reaches(&self, other: &FeedCursor) -> bool {
        self.feed_no >= other.feed_no
    }
}

/// From where to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeedStart {
    /// Everything that is kept.
    Beginning,
    /// Only what comes from now on.
    Now,
    /// What comes behind this place.
    After(FeedCursor),
}

/// Something that is new or became otherwise.
#[derive(Clone, Debug, PartialEq)]
pub enum FeedChange {
    /// A camera.
    Camera {
        /// Which.
        camera_id: CameraId,
        /// Its document as relay stored it; `None`: it was removed.
        document: Option<String>,
    },
    /// A step of an event.
    Step(FeedStep),
    /// A best shot with its picture.
    Shot(FeedShot),
    /// A sighting.
    Sighting(FeedSighting),
    /// All counts of one rule that start in the same ten minutes.
    Counts(Vec<Count>),
}

/// A step of an event.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedStep {
    /// The step, without its gates.
    pub event: Event,
    /// Its gates as the store keeps them.
    pub why: String,
}

/// A best shot.
#[derive(Clone, Debug)]
pub struct FeedShot {
    /// On which camera.
    pub camera_id: CameraId,
    /// The shot, without what it looks like.
    pub shot: BestShot,
}

impl PartialEq for FeedShot {
    fn eq(&self, other: &Self) -> bool {
        let key = |of: &FeedShot| (of.camera_id.clone(), of.shot.track_id, of.shot.stage);
        key(self) == key(other)
            && self.shot.captured_at == other.shot.captured_at
            && self.shot.jpeg == other.shot.jpeg
    }
}

/// A sighting.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedSighting {
    /// The sighting, without what it looks like.
    pub sighting: Sighting,
    /// What can be said of its looks.
    pub attributes: Vec<StoredAttribute>,
    /// Makers and vectors, 4-byte floats, lowest byte first.
    pub embeddings: Vec<(String, Vec<u8>)>,
}

/// Some changes in order.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedPage {
    /// Which database this is, for its whole life.
    pub database_id: [u8; 16],
    /// What is new.
    pub changes: Vec<FeedChange>,
    /// The place behind them.
    pub cursor: FeedCursor,
    /// The place behind everything that there is.
    pub newest: FeedCursor,
    /// Numbers between the two: about how many changes still follow.
    pub n_behind: u64,
    /// The cursor was not one of this database as it is now, so the page
    /// begins at the beginning.
    pub is_restart: bool,
    /// Something behind the cursor was removed before it was fetched.
    pub has_gap: bool,
}

/// Bounds of one page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeedLimits {
    /// Most changes, at most [`MAX_FEED_PAGE`].
    pub max_changes: u32,
    /// Bytes of pictures after which a page ends.
    pub max_picture_bytes: usize,
    /// Do not read past this place.
    pub until: Option<FeedCursor>,
}

impl Store {
    /// Begins the epoch of this run.
    pub(crate) fn begin_epoch(&mut self) -> Result<(), Error> {
        let what = "begin a run of the feed";
        self.write(what, |transaction| {
            let newest = newest_no(transaction).during(what)?;
            transaction
                .execute(
                    "INSERT INTO feed_epoch (epoch, from_no) VALUES (random(), ?1)",
                    [newest],
                )
                .during(what)?;
            transaction
                .execute(
                    "DELETE FROM feed_epoch WHERE epoch_no <= \
                     (SELECT max(epoch_no) FROM feed_epoch) - ?1",
                    [MAX_EPOCHS],
                )
                .map(drop)
                .during(what)
        })
    }
}

impl Reader {
    /// Which database this is.
    ///
    /// # Errors
    /// Reading failed.
    pub fn database_id(&self) -> Result<[u8; 16], Error> {
        self.conn
            .query_row("SELECT id FROM database_id", [], |row| row.get(0))
            .during("read which database this is")
    }

    /// The number of the newest change; grows with every one.
    ///
    /// # Errors
    /// Reading failed.
    pub fn newest_feed_no(&self) -> Result<i64, Error> {
        newest_no(&self.conn).during("read the feed")
    }

    /// The next changes, as they are at this moment.
    ///
    /// # Errors
    /// Reading failed.
    pub fn feed(&self, start: FeedStart, limits: &FeedLimits) -> Result<FeedPage, Error> {
        let what = "read the feed";
        // One moment for all tables.
        let moment = self.conn.unchecked_transaction().during(what)?;
        let epoch: i64 = moment
            .query_row(
                "SELECT epoch FROM feed_epoch ORDER BY epoch_no DESC LIMIT 1",
                [],
                |row| row.get(0),
            )
            .during(what)?;
        let newest_no = newest_no(&moment).during(what)?;
        let (after_no, is_restart) = match start {
            FeedStart::Beginning => (0, false),
            FeedStart::Now => (newest_no, false),
            FeedStart::After(cursor) => match is_known(&moment, cursor, newest_no).during(what)? {
                true => (cursor.feed_no, false),
                false => (0, true),
            },
        };
        let until_no = limits.until.map_or(newest_no, |until| until.feed_no);
        let gone_no: i64 = moment
            .query_row("SELECT until_no FROM feed_gone", [], |row| row.get(0))
            .during(what)?;
        let limit = limits.max_changes.clamp(1, MAX_FEED_PAGE);
        let entries = entries(&moment, after_no, until_no, limit).during(what)?;
        let mut is_cut = entries.len() >= limit as usize;
        let mut last_no = after_no;
        let (mut changes, mut n_bytes) = (Vec::new(), 0);
        for (feed_no, kind, key, sub) in entries {
            last_no = feed_no;
            let change = self.change(kind, &key, sub)?;
            if let Some(FeedChange::Shot(shot)) = &change {
                n_bytes += shot.shot.jpeg.len();
            }
            changes.extend(change);
            if n_bytes >= limits.max_picture_bytes {
                is_cut = true;
                break;
            }
        }
        let reached_no = match is_cut {
            true => last_no,
            false => after_no.max(until_no.min(newest_no)),
        };
        let place = |feed_no| FeedCursor { epoch, feed_no };
        Ok(FeedPage {
            database_id: self.database_id()?,
            changes,
            cursor: place(reached_no),
            newest: place(newest_no),
            n_behind: u64::try_from(newest_no - reached_no).unwrap_or(0),
            is_restart,
            has_gap: after_no > 0 && gone_no > after_no,
        })
    }

    /// The thing that an entry names; `None` when it is gone.
    fn change(&self, kind: i64, key: &Key, sub: i64) -> Result<Option<FeedChange>, Error> {
        match (kind, key) {
            (CAMERA, Key::Text(id)) => {
                let Ok(camera_id) = CameraId::new(id) else {
                    return Ok(None);
                };
                let stored = self.settings(&format!("camera/{id}"))?;
                Ok(Some(FeedChange::Camera {
                    camera_id,
                    document: stored.and_then(|stored| stored.document),
                }))
            }
            (STEP, Key::Bytes(bytes)) => {
                let Ok(bytes) = <[u8; 16]>::try_from(bytes.as_slice()) else {
                    return Ok(None);
                };
                let event_id = EventId::from_bits(u128::from_be_bytes(bytes));
                self.feed_step(event_id, sub)
            }
            (SHOT, Key::Number(number)) => self.feed_shot(*number),
            (SIGHTING, Key::Number(number)) => self.feed_sighting(SightingId(*number)),
            (COUNTS, Key::Text(place)) => self.feed_counts(place, sub),
            _ => Ok(None),
        }
    }

    fn feed_step(&self, event_id: EventId, step: i64) -> Result<Option<FeedChange>, Error> {
        let found = events::step_with_why(&self.conn, &event_key(event_id), step)?;
        Ok(found.map(|(row, why)| {
            FeedChange::Step(FeedStep {
                event: without_gates(row),
                why,
            })
        }))
    }

    fn feed_shot(&self, shot_id: i64) -> Result<Option<FeedChange>, Error> {
        let shot_id = shots::ShotId(shot_id);
        let (Some(row), Some(jpeg)) = (self.shot(shot_id)?, self.shot_jpeg(shot_id)?) else {
            return Ok(None);
        };
        Ok(Some(FeedChange::Shot(FeedShot {
            camera_id: row.camera_id,
            shot: BestShot {
                track_id: row.track_id,
                stage: row.stage,
                captured_at: row.captured_at,
                bbox: row.bbox,
                class: row.class,
                score: row.score,
                quality: row.quality,
                jpeg: jpeg.into(),
                width_px: row.width_px,
                height_px: row.height_px,
                appearance: Appearance::default(),
            },
        })))
    }

    fn feed_sighting(&self, sighting_id: SightingId) -> Result<Option<FeedChange>, Error> {
        let what = "read the feed";
        let rows = sightings::by_condition(
            &self.conn,
            "e.sighting_id = ?1",
            params![sighting_id.0],
            what,
        )?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let embeddings = self
            .conn
            .prepare_cached(
                "SELECT maker, vector FROM sighting_embedding WHERE sighting_id = ?1 \
                 ORDER BY maker",
            )
            .and_then(|mut select| {
                select
                    .query_map([sighting_id.0], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .during(what)?;
        let attributes = row.attributes.clone();
        Ok(Some(FeedChange::Sighting(FeedSighting {
            sighting: without_looks(row),
            attributes,
            embeddings,
        })))
    }

    fn feed_counts(&self, place: &str, from_at: i64) -> Result<Option<FeedChange>, Error> {
        let Some((camera_id, rule_id)) = place.rsplit_once('/') else {
            return Ok(None);
        };
        let (Ok(camera_id), Ok(rule_id)) = (CameraId::new(camera_id), rule_id.parse()) else {
            return Ok(None);
        };
        let from = types::Timestamp::from_micros(from_at);
        let until = types::Timestamp::from_micros(from_at.saturating_add(COUNTS_US));
        let counts = self.list_counts(&camera_id, RuleId(rule_id), from, until)?;
        Ok((!counts.is_empty()).then_some(FeedChange::Counts(counts)))
    }
}

/// Which thing changed.
enum Key {
    Text(String),
    Number(i64),
    Bytes(Vec<u8>),
}

fn entries(
    conn: &Connection,
    after_no: i64,
    until_no: i64,
    limit: u32,
) -> rusqlite::Result<Vec<(i64, i64, Key, i64)>> {
    conn.prepare_cached(
        "SELECT feed_no, kind, key, sub FROM feed WHERE feed_no > ?1 AND feed_no <= ?2 \
         ORDER BY feed_no LIMIT ?3",
    )?
    .query_map(params![after_no, until_no, limit], |row| {
        let key = match row.get_ref(2)? {
            rusqlite::types::ValueRef::Text(text) => {
                Key::Text(String::from_utf8_lossy(text).into_owned())
            }
            rusqlite::types::ValueRef::Blob(bytes) => Key::Bytes(bytes.to_vec()),
            other => Key::Number(other.as_i64()?),
        };
        Ok((row.get(0)?, row.get(1)?, key, row.get(3)?))
    })?
    .collect()
}

fn newest_no(conn: &Connection) -> rusqlite::Result<i64> {
    let newest: Option<i64> = conn
        .prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'feed'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(newest.unwrap_or(0))
}

/// Whether a cursor was given by this database as it is now.
fn is_known(conn: &Connection, cursor: FeedCursor, newest_no: i64) -> rusqlite::Result<bool> {
    let epoch_no: Option<i64> = conn
        .prepare_cached("SELECT epoch_no FROM feed_epoch WHERE epoch = ?1")?
        .query_row([cursor.epoch], |row| row.get(0))
        .optional()?;
    let Some(epoch_no) = epoch_no else {
        return Ok(false);
    };
    let ended_at: Option<i64> = conn
        .prepare_cached(
            "SELECT from_no FROM feed_epoch WHERE epoch_no > ?1 ORDER BY epoch_no LIMIT 1",
        )?
        .query_row([epoch_no], |row| row.get(0))
        .optional()?;
    Ok(cursor.feed_no <= ended_at.unwrap_or(newest_no))
}

fn without_gates(row: EventRow) -> Event {
    let why: Vec<Gate> = Vec::new();
    Event {
        event_id: row.event_id,
        camera_id: row.camera_id,
        program: row.program,
        rule_id: row.rule_id,
        rule_name: row.rule_name,
        kind: row.kind,
        zone_id: row.zone_id,
        phase: row.phase,
        step: row.step,
        at: row.at,
        started_at: row.started_at,
        ended_at: row.ended_at,
        track_id: row.track_id,
        class: row.class,
        score: row.score,
        bbox: row.bbox,
        detail: row.detail,
        why,
    }
}

fn without_looks(row: SightingRow) -> Sighting {
    Sighting {
        camera_id: row.camera_id,
        program: row.program,
        track_id: row.track_id,
        class: row.class,
        score: row.score,
        first_seen_at: row.first_seen_at,
        last_seen_at: row.last_seen_at,
        is_final: row.is_final,
        heading_deg: row.heading_deg,
        speed_mps: row.speed_mps,
        zone_ids: row.zone_ids,
        line_ids: row.line_ids,
        appearance: Appearance::default(),
    }
}

#[cfg(test)]
mod tests;
