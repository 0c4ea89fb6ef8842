//! The control log: who did what to the programs, sealed row by row.
//!
//! In: entries, which nothing changes or removes. Out: rows, newest first,
//! and whether the chain is whole.
//!
//! The hash of a row is SHA-256 over the hash of the row before it (32 zero
//! bytes for the first) and over the row's own fields, each with its length
//! in front, so that no row can be changed, moved or taken out unnoticed.
//! Whoever can write the file could make a new chain: keep an exported hash
//! elsewhere to notice that, too.
//!
//! Not here: what is worth an entry (`relay`). Secrets are left out by the
//! caller.

use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};
use types::Timestamp;

use crate::audit::AuditEntry;
use crate::error::{During, Error, check_size};
use crate::events::MAX_PAGE;
use crate::fields::Fields;
use crate::{Reader, Store};

/// Longest who and what, bytes.
const MAX_TEXT_BYTES: usize = 512;
/// Longest before and after, bytes.
const MAX_STATE_BYTES: usize = 64 * 1024;

/// The seal of a row.
pub type ControlHash = [u8; 32];

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlRow {
    /// Number of the row; grows with time.
    pub log_id: i64,
    /// When.
    pub at: Timestamp,
    /// Who did what.
    pub entry: AuditEntry,
    /// Seal over this row and all before it.
    pub hash: ControlHash,
}

/// What a look over the whole chain found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlChain {
    /// Every seal fits.
    Whole {
        /// Rows looked at.
        n_rows: u64,
    },
    /// The first row whose seal does not fit.
    Broken {
        /// Its number.
        log_id: i64,
    },
}

/// What fails when an entry cannot be stored.
const DURING: &str = "store control log entry";

const COLUMNS: &str = "log_id, at, who, what, before, after, hash";

impl Store {
    /// Adds an entry and seals it; returns its number.
    ///
    /// # Errors
    /// A text is too long, or storing failed.
    pub fn append_control(&mut self, entry: &AuditEntry, now: Timestamp) -> Result<i64, Error> {
        self.write(DURING, |transaction| append(transaction, entry, now))
    }
}

/// Adds a sealed entry within a transaction that writes what it tells of.
pub(crate) fn append(
    transaction: &Connection,
    entry: &AuditEntry,
    now: Timestamp,
) -> Result<i64, Error> {
    for text in [&entry.who, &entry.what] {
        check_size(
            "store control log entry: bytes of who or what",
            text.len(),
            MAX_TEXT_BYTES,
        )?;
    }
    for state in [&entry.before, &entry.after].into_iter().flatten() {
        check_size(
            "store control log entry: bytes of before or after",
            state.len(),
            MAX_STATE_BYTES,
        )?;
    }
    let previous = last_hash(transaction).during(DURING)?;
    let hash = seal(&previous, now, entry);
    transaction
        .prepare_cached(
            "INSERT INTO control_log (at, who, what, before, after, hash) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING log_id",
        )
        .and_then(|mut insert| {
            insert.query_row(
                params![
                    now.as_micros(),
                    entry.who,
                    entry.what,
                    entry.before,
                    entry.after,
                    hash
                ],
                |row| row.get(0),
            )
        })
        .during(DURING)
}

impl Reader {
    /// Entries older than the row `before`, newest first; at most
    /// [`MAX_PAGE`].
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_control(&self, before: Option<i64>, limit: u32) -> Result<Vec<ControlRow>, Error> {
        self.conn
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM control_log WHERE log_id < ?1 ORDER BY log_id DESC LIMIT ?2"
            ))
            .and_then(|mut select| {
                select
                    .query_map(
                        params![before.unwrap_or(i64::MAX), limit.min(MAX_PAGE)],
                        read,
                    )?
                    .collect()
            })
            .during("list control log")
    }

    /// Recomputes every seal, first row to last.
    ///
    /// # Errors
    /// Reading failed.
    pub fn check_control(&self) -> Result<ControlChain, Error> {
        let what = "check control log";
        let sql = format!("SELECT {COLUMNS} FROM control_log ORDER BY log_id");
        let mut select = self.conn.prepare_cached(&sql).during(what)?;
        let mut previous = ControlHash::default();
        let mut n_rows = 0;
        for row in select.query_map([], read).during(what)? {
            let row = row.during(what)?;
            if seal(&previous, row.at, &row.entry) != row.hash {
                return Ok(ControlChain::Broken { log_id: row.log_id });
            }
            previous = row.hash;
            n_rows += 1;
        }
        Ok(ControlChain::Whole { n_rows })
    }
}

fn last_hash(conn: &Connection) -> rusqlite::Result<ControlHash> {
    let hash = conn
        .prepare_cached("SELECT hash FROM control_log ORDER BY log_id DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(hash.unwrap_or_default())
}

fn seal(previous: &ControlHash, at: Timestamp, entry: &AuditEntry) -> ControlHash {
    let mut hasher = Sha256::new();
    hasher.update(previous);
    hasher.update(at.as_micros().to_be_bytes());
    let fields = [
        Some(&entry.who),
        Some(&entry.what),
        entry.before.as_ref(),
        entry.after.as_ref(),
    ];
    for field in fields {
        // One more than the length: nothing and an empty text differ.
        let len = field.map_or(0, |text| text.len() as u64 + 1);
        hasher.update(len.to_be_bytes());
        hasher.update(field.map_or("", String::as_str));
    }
    hasher.finalize().into()
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<ControlRow> {
    let mut fields = Fields::new(row);
    Ok(ControlRow {
        log_id: fields.next()?,
        at: fields.time()?,
        entry: AuditEntry {
            who: fields.next()?,
            what: fields.next()?,
            before: fields.next()?,
            after: fields.next()?,
        },
        hash: fields.next()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, open};

    fn entry(what: &str, before: Option<&str>, after: Option<&str>) -> AuditEntry {
        AuditEntry {
            who: "ann".to_owned(),
            what: what.to_owned(),
            before: before.map(str::to_owned),
            after: after.map(str::to_owned),
        }
    }

    fn three_rows() -> (Store, tempfile::TempDir) {
        let (mut store, folder) = open();
        for (second, what) in [(1, "install"), (2, "start"), (3, "stop")] {
            store
                .append_control(&entry(what, None, Some("")), at(second))
                .unwrap();
        }
        (store, folder)
    }

    #[test]
    fn rows_come_newest_first_and_the_chain_is_whole() {
        let (store, _folder) = three_rows();
        let rows = store.list_control(None, 2).unwrap();
        let whats: Vec<&str> = rows.iter().map(|row| row.entry.what.as_str()).collect();
        assert_eq!(whats, ["stop", "start"]);
        let older = store.list_control(Some(rows[1].log_id), 2).unwrap();
        assert_eq!(older[0].entry, entry("install", None, Some("")));
        assert_eq!(
            store.check_control().unwrap(),
            ControlChain::Whole { n_rows: 3 }
        );
    }

    #[test]
    fn row_changed_or_taken_out_behind_our_back_breaks_the_chain() {
        for (sql, expected) in [
            ("UPDATE control_log SET who = 'bob' WHERE log_id = 2", 2),
            ("UPDATE control_log SET before = '' WHERE log_id = 3", 3),
            ("UPDATE control_log SET at = at + 1 WHERE log_id = 1", 1),
            ("DELETE FROM control_log WHERE log_id = 1", 2),
        ] {
            let (store, _folder) = three_rows();
            store
                .conn
                .execute_batch(
                    "DROP TRIGGER control_log_is_append_only; DROP TRIGGER control_log_is_kept;",
                )
                .unwrap();
            store.conn.execute_batch(sql).unwrap();
            assert_eq!(
                store.check_control().unwrap(),
                ControlChain::Broken { log_id: expected },
                "{sql}"
            );
        }
    }

    #[test]
    fn rows_cannot_be_changed_or_removed_by_sql() {
        let (store, _folder) = three_rows();
        for sql in [
            "UPDATE control_log SET who = 'bob'",
            "DELETE FROM control_log",
        ] {
            assert!(store.conn.execute_batch(sql).is_err(), "{sql}");
        }
    }
}
