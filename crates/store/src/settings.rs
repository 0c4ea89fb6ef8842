//! Settings: documents by key, of which every revision is kept.
//!
//! In: documents as text whose meaning only relay knows, with who saves them
//! and what revision he had seen. Out: the newest, or any older revision.
//!
//! Revisions of a key count on over a deletion, so that a number never means
//! two things.
//!
//! Not here: what a document holds; removal of very old revisions
//! (`retention`).

use rusqlite::{Connection, OptionalExtension as _, params};
use types::Timestamp;

use crate::error::{During, Error, check_size};
use crate::fields::{Fields, to_i64};
use crate::{Reader, Store};

/// Longest key, bytes.
const MAX_KEY_BYTES: usize = 160;
/// Longest name of who saved, bytes.
const MAX_NAME_BYTES: usize = 256;
/// Longest document, bytes.
pub const MAX_DOCUMENT_BYTES: usize = 1024 * 1024;
/// Most keys that one listing returns: far more than cameras on a machine.
const MAX_LISTED: u32 = 10_000;

/// One revision of one document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Which document, such as `camera/gate-2`.
    pub key: String,
    /// Its revision, from 1.
    pub revision: u64,
    /// The text as it was saved; `None` if this revision deleted it.
    pub document: Option<String>,
    /// Who saved it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// What whoever saves a document believes to replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Whatever there is.
    Any,
    /// Nothing: the document is new, or was deleted.
    Absent,
    /// This revision.
    Revision(u64),
}

impl Store {
    /// Saves a new revision of `key` and returns its number.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the newest revision is not the `expected` one;
    /// a bound is exceeded; storing failed.
    pub fn put_settings(
        &mut self,
        key: &str,
        document: &str,
        expected: Expected,
        by: &str,
        now: Timestamp,
    ) -> Result<u64, Error> {
        check_size(
            "save settings: document bytes",
            document.len(),
            MAX_DOCUMENT_BYTES,
        )?;
        self.add_revision("save settings", key, Some(document), expected, by, now)
    }

    /// Deletes the document `key`; its revisions stay readable.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Conflict`], or storing failed.
    pub fn delete_settings(
        &mut self,
        key: &str,
        expected: Expected,
        by: &str,
        now: Timestamp,
    ) -> Result<u64, Error> {
        self.add_revision("delete settings", key, None, expected, by, now)
    }

    fn add_revision(
        &mut self,
        what: &'static str,
        key: &str,
        document: Option<&str>,
        expected: Expected,
        by: &str,
        now: Timestamp,
    ) -> Result<u64, Error> {
        check_size("save settings: key bytes", key.len(), MAX_KEY_BYTES)?;
        check_size("save settings: bytes of who", by.len(), MAX_NAME_BYTES)?;
        if key.is_empty() {
            return Err(Error::Invalid {
                what,
                reason: "the key is empty".to_owned(),
            });
        }
        self.write(what, |transaction| {
            let newest = newest(transaction, key).during(what)?;
            let found = newest.as_ref().map_or(0, |settings| settings.revision);
            let exists = newest.is_some_and(|settings| settings.document.is_some());
            let as_expected = match expected {
                Expected::Any => true,
                Expected::Absent => !exists,
                Expected::Revision(revision) => exists && revision == found,
            };
            if !exists && document.is_none() {
                return Err(Error::NotFound {
                    what,
                    name: key.to_owned(),
                });
            }
            if !as_expected {
                return Err(Error::Conflict {
                    key: key.to_owned(),
                    expected: match expected {
                        Expected::Revision(revision) => format!("revision {revision}"),
                        Expected::Any | Expected::Absent => "none".to_owned(),
                    },
                    found,
                });
            }
            let revision = found + 1;
            transaction
                .prepare_cached(
                    "INSERT INTO settings (key, revision, document, by_whom, at) \
                     VALUES (?1, ?2, ?3, ?4, ?5)",
                )
                .and_then(|mut insert| {
                    insert.execute(params![
                        key,
                        i64::try_from(revision).expect("counted from 1"),
                        document,
                        by,
                        now.as_micros()
                    ])
                })
                .during(what)?;
            Ok(revision)
        })
    }
}

impl Reader {
    /// The newest revision of `key`, unless there is none or it is deleted.
    ///
    /// # Errors
    /// Reading failed.
    pub fn settings(&self, key: &str) -> Result<Option<Settings>, Error> {
        let newest = newest(&self.conn, key).during("read settings")?;
        Ok(newest.filter(|settings| settings.document.is_some()))
    }

    /// The revision `revision` of `key`, also one that deleted it.
    ///
    /// # Errors
    /// Reading failed.
    pub fn settings_revision(&self, key: &str, revision: u64) -> Result<Option<Settings>, Error> {
        let what = "read settings revision";
        let revision = to_i64(what, revision)?;
        self.conn
            .prepare_cached(
                "SELECT key, revision, document, by_whom, at FROM settings \
                 WHERE key = ?1 AND revision = ?2",
            )
            .and_then(|mut select| select.query_row(params![key, revision], read).optional())
            .during(what)
    }

    /// The newest revisions of all documents whose key starts with `prefix`,
    /// by key; at most 10,000.
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_settings(&self, prefix: &str) -> Result<Vec<Settings>, Error> {
        self.conn
            .prepare_cached(
                "SELECT key, revision, document, by_whom, at FROM settings AS s \
                 WHERE key >= ?1 AND substr(key, 1, length(?1)) = ?1 \
                 AND key < ?1 || char(0x10FFFF) \
                 AND revision = (SELECT max(revision) FROM settings WHERE key = s.key) \
                 AND document IS NOT NULL \
                 ORDER BY key LIMIT ?2",
            )
            .and_then(|mut select| {
                select
                    .query_map(params![prefix, MAX_LISTED], read)?
                    .collect()
            })
            .during("list settings")
    }

    /// The revisions of `key`, newest first, at most `limit`.
    ///
    /// # Errors
    /// Reading failed.
    pub fn settings_history(&self, key: &str, limit: u32) -> Result<Vec<Settings>, Error> {
        self.conn
            .prepare_cached(
                "SELECT key, revision, document, by_whom, at FROM settings \
                 WHERE key = ?1 ORDER BY revision DESC LIMIT ?2",
            )
            .and_then(|mut select| select.query_map(params![key, limit], read)?.collect())
            .during("list settings revisions")
    }
}

fn newest(conn: &Connection, key: &str) -> rusqlite::Result<Option<Settings>> {
    conn.prepare_cached(
        "SELECT key, revision, document, by_whom, at FROM settings \
         WHERE key = ?1 ORDER BY revision DESC LIMIT 1",
    )?
    .query_row([key], read)
    .optional()
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Settings> {
    let mut fields = Fields::new(row);
    Ok(Settings {
        key: fields.next()?,
        revision: fields.u64()?,
        document: fields.next()?,
        by: fields.next()?,
        at: fields.time()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, open};

    #[test]
    fn newest_revision_is_read_and_older_ones_stay() {
        let (mut store, _folder) = open();
        let first = store.put_settings("camera/a", "{1}", Expected::Absent, "ann", at(1));
        assert_eq!(first.unwrap(), 1);
        let second = store.put_settings("camera/a", "{2}", Expected::Revision(1), "bob", at(2));
        assert_eq!(second.unwrap(), 2);
        let newest = store.settings("camera/a").unwrap().unwrap();
        assert_eq!(newest.document.as_deref(), Some("{2}"));
        assert_eq!((newest.by.as_str(), newest.at), ("bob", at(2)));
        let old = store.settings_revision("camera/a", 1).unwrap().unwrap();
        assert_eq!(old.document.as_deref(), Some("{1}"));
        assert_eq!(store.settings_history("camera/a", 9).unwrap().len(), 2);
    }

    #[test]
    fn save_over_an_unseen_revision_is_refused() {
        let (mut store, _folder) = open();
        for by in ["ann", "bob"] {
            store
                .put_settings("k", by, Expected::Any, by, at(1))
                .unwrap();
        }
        for expected in [
            Expected::Revision(1),
            Expected::Revision(3),
            Expected::Absent,
        ] {
            let error = store
                .put_settings("k", "x", expected, "eve", at(2))
                .unwrap_err();
            assert!(matches!(error, Error::Conflict { found: 2, .. }), "{error}");
        }
        assert_eq!(store.settings("k").unwrap().unwrap().revision, 2);
    }

    #[test]
    fn deleted_document_is_gone_and_its_revisions_count_on() {
        let (mut store, _folder) = open();
        store
            .put_settings("k", "x", Expected::Absent, "ann", at(1))
            .unwrap();
        store
            .delete_settings("k", Expected::Revision(1), "ann", at(2))
            .unwrap();
        assert_eq!(store.settings("k").unwrap(), None);
        assert_eq!(store.list_settings("").unwrap(), []);
        let error = store
            .delete_settings("k", Expected::Any, "ann", at(3))
            .unwrap_err();
        assert!(matches!(error, Error::NotFound { .. }), "{error}");
        let again = store.put_settings("k", "y", Expected::Absent, "ann", at(4));
        assert_eq!(again.unwrap(), 3);
    }

    #[test]
    fn list_holds_exactly_the_keys_with_the_prefix() {
        let (mut store, _folder) = open();
        for key in ["camera/a", "camera/ä", "camera", "camera0", "sink/a"] {
            store
                .put_settings(key, "x", Expected::Absent, "ann", at(1))
                .unwrap();
        }
        let keys = |prefix: &str| -> Vec<String> {
            let listed = store.list_settings(prefix).unwrap();
            listed.into_iter().map(|settings| settings.key).collect()
        };
        assert_eq!(keys("camera/"), ["camera/a", "camera/ä"]);
        assert_eq!(keys("").len(), 5);
        assert_eq!(keys("x").len(), 0);
    }

    #[test]
    fn oversized_document_is_refused() {
        let (mut store, _folder) = open();
        let long = "x".repeat(MAX_DOCUMENT_BYTES + 1);
        let error = store
            .put_settings("k", &long, Expected::Any, "ann", at(1))
            .unwrap_err();
        assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    }
}
