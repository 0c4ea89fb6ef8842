//! Settings, events, best shots, counts, outbox, accounts, audit: one data
//! folder, and the only SQL.
//!
//! In: what relay wants kept, as plain values. Out: rows, in plain structs of
//! this crate's own.
//!
//! One [`Store`] writes; any number of [`Reader`]s read beside it and neither
//! waits for the other (SQLite's write-ahead log). What a call of the store
//! returned `Ok` for survives a kill and a power cut: commits are synchronous
//! (`synchronous = FULL`). Events are rare, so this costs nothing that matters.
//! A call that failed stored nothing of what it was given.
//!
//! Time comes from the caller.
//!
//! Not here: threads (relay gives the writer one), what settings documents
//! mean, password hashing, who reads events and why.

use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

mod error;
mod fields;
mod schema;
mod settings;
mod gates;
mod detail;
mod events;
mod alarms;
mod alarm_counts;
mod shots;
mod sightings;
mod looks;
mod scenes;
mod clips;
mod scene_health;
mod scores;
mod states;
mod counts;
mod statistics;
mod heat;
mod tracks;
mod sinks;
mod outbox;
mod feed;
mod node_feed;
mod users;
mod sessions;
mod tokens;
mod audit;
mod control_log;
mod retention;
mod backup;
mod health;

use crate::error::During;

pub use crate::alarm_counts::RuleAlarms;
pub use crate::alarms::{
    AlarmFilter, AlarmRow, Enlist, HistoryRow, ListedAlarm, MAX_HANDLED, MAX_MEMBERS, NewAlarm,
    RecentAlarm,
};
pub use crate::audit::{AuditEntry, AuditRow};
pub use crate::clips::{Clip, ClipGone, MAX_CLIPS, Stretch};
pub use crate::control_log::{ControlChain, ControlHash, ControlRow};
pub use crate::detail::{from_json as detail_from_json, to_json as detail_to_json};
pub use crate::error::{Error, Reaction};
pub use crate::events::{Appended, Batch, EventFilter, EventRow, MAX_EVENTS_PER_BATCH, MAX_PAGE};
pub use crate::feed::{
    FeedChange, FeedCursor, FeedLimits, FeedPage, FeedShot, FeedSighting, FeedStart, FeedStep,
    MAX_FEED_PAGE,
};
pub use crate::gates::{StoredGate, is_gates};
pub use crate::health::Health;
pub use crate::looks::{ChangeSpan, LooksRow, MAX_LOOKS, SightingChanges};
pub use crate::node_feed::{NodeApplied, NodePage, NodeProgress};
pub use crate::outbox::{DeadLetter, Delivery, OutboxId};
pub use crate::retention::{PruneReport, Retention};
pub use crate::scene_health::MAX_MINUTES;
pub use crate::scenes::{MAX_SCENES_PER_CHUNK, MAX_SCENES_READ};
pub use crate::scores::ScoreSums;
pub use crate::sessions::{LockoutPolicy, LoginState, NewSession, Session};
pub use crate::settings::{Expected, MAX_DOCUMENT_BYTES, Settings};
pub use crate::shots::{MAX_SHOT_BYTES, ShotFilter, ShotId, ShotRow};
pub use crate::sightings::{SightingFilter, SightingId, SightingRow, StoredAttribute};
pub use crate::sinks::SinkState;
pub use crate::states::{
    Kept, Label, MAX_CAMERA_PICTURE_BYTES, MAX_CANDIDATES, MAX_EXAMPLES, MAX_STATE_CHANGES,
    MAX_STATE_PICTURE_BYTES, NewStatePicture, StatePicture, StatePictureId, StateVersion,
    VersionKind,
};
pub use crate::statistics::{MAX_STATISTICS, Split, Statistic, StatisticsFilter, Step};
pub use crate::tokens::{MAX_TOKENS, NewToken, TokenId, TokenRow};
pub use crate::tracks::TrackIdBlock;
pub use crate::users::{UserChange, UserId, UserRow};

/// The database within the data folder.
const DATABASE: &str = "airelay.db";
/// Held locked while a [`Store`] is open.
const LOCK: &str = "airelay.lock";
/// How long a statement waits for a lock that another connection of this
/// process holds for moments (a checkpoint, a backup's last page).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Size to which the write-ahead log is cut back after a burst, bytes.
const WAL_KEPT_BYTES: i64 = 16 * 1024 * 1024;

/// Bounds of the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps waiting per sink; beyond it the oldest are dropped and counted.
    pub max_waiting_per_sink: u32,
    /// Dead letters kept per sink; beyond it the oldest are dropped and counted.
    pub max_dead_per_sink: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_waiting_per_sink: 100_000,
            max_dead_per_sink: 10_000,
        }
    }
}

/// The one writer of a data folder. Reads as a [`Reader`] does, too.
pub struct Store {
    reader: Reader,
    limits: Limits,
    folder: PathBuf,
    /// Locked for as long as the store lives; `None` beside another program.
    lock: Option<File>,
}

/// A connection that only reads. Sees each committed change from its next
/// call on.
pub struct Reader {
    conn: Connection,
}

/// Opens [`Reader`]s of one data folder; cheap to clone and to send.
#[derive(Clone, Debug)]
pub struct ReaderOpener {
    database: PathBuf,
}

impl Store {
    /// Opens, or makes, the data folder at `folder` and brings its database to
    /// the newest format.
    ///
    /// # Errors
    /// The folder cannot be made, is in use, belongs to a newer airelay or to
    /// another program, is damaged, read-only, or the disk is full.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        Store::open_with(folder, Limits::default())
    }

    /// As [`Store::open`], with other bounds of the outbox.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn open_with(folder: &Path, limits: Limits) -> Result<Self, Error> {
        make_private_folder(folder)?;
        let lock = take_lock(folder)?;
        let mut store = Store::open_database(folder, limits, Some(lock))?;
        store.begin_epoch()?;
        Ok(store)
    }

    /// As [`Store::open`], but where another airelay uses the folder, writes
    /// beside it: for a change or two on the command line. SQLite lets them
    /// write in turn.
    ///
    /// # Errors
    /// As [`Store::open`]; [`Error::InUse`] where that airelay's database has
    /// another format than ours.
    pub fn open_beside(folder: &Path) -> Result<Self, Error> {
        match Store::open(folder) {
            Err(Error::InUse { path }) => {
                let reader = ReaderOpener::of_folder(folder).open()?;
                if !schema::is_newest(&reader.conn)? {
                    return Err(Error::InUse { path });
                }
                Store::open_database(folder, Limits::default(), None)
            }
            opened => opened,
        }
    }

    /// Whether another airelay uses the folder, too.
    pub fn is_beside(&self) -> bool {
        self.lock.is_none()
    }

    /// A number that changes whenever another connection writes.
    ///
    /// # Errors
    /// Reading failed.
    pub fn foreign_writes(&self) -> Result<i64, Error> {
        self.reader
            .conn
            .pragma_query_value(None, "data_version", |row| row.get(0))
            .during("read data version")
    }

    fn open_database(folder: &Path, limits: Limits, lock: Option<File>) -> Result<Self, Error> {
        let database = folder.join(DATABASE);
        let what = "open the database";
        let mut conn = Connection::open_with_flags(
            &database,
            OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .during(what)?;
        conn.busy_timeout(BUSY_TIMEOUT).during(what)?;
        // Only takes hold in a database without tables: pages that retention
        // frees can then be given back to the disk in small steps.
        conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")
            .during(what)?;
        let _mode: String = conn
            .pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))
            .during(what)?;
        // NORMAL would survive a kill, but a power cut could take the newest
        // events with it. One more fsync per commit is affordable: an append
        // happens when an event does, not when a frame does.
        conn.pragma_update(None, "synchronous", "FULL")
            .during(what)?;
        conn.pragma_update(None, "foreign_keys", true)
            .during(what)?;
        let _kept: i64 = conn
            .pragma_update_and_check(None, "journal_size_limit", WAL_KEPT_BYTES, |row| row.get(0))
            .during(what)?;
        schema::migrate(&mut conn, &database)?;
        Ok(Store {
            reader: Reader { conn },
            limits,
            folder: folder.to_path_buf(),
            lock,
        })
    }

    /// What opens readers of this store's folder.
    pub fn reader_opener(&self) -> ReaderOpener {
        ReaderOpener::of_folder(&self.folder)
    }

    /// Runs `body` in one transaction: all of it is stored, or nothing.
    fn write<T>(
        &mut self,
        what: &'static str,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let transaction = self
            .reader
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .during(what)?;
        let value = body(&transaction)?;
        transaction.commit().during(what)?;
        Ok(value)
    }
}

impl std::ops::Deref for Store {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.reader
    }
}

impl ReaderOpener {
    /// Opens readers of the data folder at `folder`, which another process may
    /// be writing.
    pub fn of_folder(folder: &Path) -> Self {
        ReaderOpener {
            database: folder.join(DATABASE),
        }
    }

    /// A new connection that only reads.
    ///
    /// # Errors
    /// The database is gone, or the process is out of file handles.
    pub fn open(&self) -> Result<Reader, Error> {
        let what = "open the database for reading";
        let conn = Connection::open_with_flags(
            &self.database,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )
        .during(what)?;
        conn.busy_timeout(BUSY_TIMEOUT).during(what)?;
        Ok(Reader { conn })
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store")
            .field("folder", &self.folder)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// Makes the folder, readable by its owner only: it holds password hashes and
/// pictures of people.
fn make_private_folder(folder: &Path) -> Result<(), Error> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|source| Error::file("make data folder", folder, source))
}

/// Takes the folder's lock, which the system releases when the process dies.
fn take_lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join(LOCK);
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| Error::file("open lock file", &path, source))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::InUse {
            path: folder.to_path_buf(),
        }),
        Err(TryLockError::Error(source)) => Err(Error::file("lock", &path, source)),
    }
}

#[cfg(test)]
mod testing;
