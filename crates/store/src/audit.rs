//! Audit: who did what, when, and what it was before and after.
//!
//! In: entries, which nothing ever changes. Out: rows, newest first.
//!
//! The caller leaves secrets out of `before` and `after`.
//!
//! Not here: removal of old rows (`retention`).

use rusqlite::params;
use types::Timestamp;

use crate::error::{During, Error, check_size};
use crate::events::MAX_PAGE;
use crate::fields::Fields;
use crate::{Reader, Store};

/// Longest who and what, bytes.
const MAX_TEXT_BYTES: usize = 512;
/// Longest before and after, bytes.
const MAX_STATE_BYTES: usize = 64 * 1024;

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who: a user's name, or the part of the program that acted.
    pub who: String,
    /// What was done, and to what.
    pub what: String,
    /// How it was before.
    pub before: Option<String>,
    /// How it is now.
    pub after: Option<String>,
}

/// A stored entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Number of the row; grows with time.
    pub audit_id: i64,
    /// When.
    pub at: Timestamp,
    /// Who did what.
    pub entry: AuditEntry,
}

impl Store {
    /// Adds an entry.
    ///
    /// # Errors
    /// A text is too long, or storing failed.
    pub fn append_audit(&mut self, entry: &AuditEntry, now: Timestamp) -> Result<(), Error> {
        let what = "store audit entry";
        for text in [&entry.who, &entry.what] {
            check_size(
                "store audit entry: bytes of who or what",
                text.len(),
                MAX_TEXT_BYTES,
            )?;
        }
        for state in [&entry.before, &entry.after].into_iter().flatten() {
            check_size(
                "store audit entry: bytes of before or after",
                state.len(),
                MAX_STATE_BYTES,
            )?;
        }
        self.write(what, |transaction| {
            transaction
                .execute(
                    "INSERT INTO audit (at, who, what, before, after) VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![
                        now.as_micros(),
                        entry.who,
                        entry.what,
                        entry.before,
                        entry.after
                    ],
                )
                .map(drop)
                .during(what)
        })
    }
}

impl Reader {
    /// Entries older than the row `before`, newest first; at most
    /// [`MAX_PAGE`].
    ///
    /// # Errors
    /// Reading failed.
    pub fn list_audit(&self, before: Option<i64>, limit: u32) -> Result<Vec<AuditRow>, Error> {
        self.conn
            .prepare_cached(
                "SELECT audit_id, at, who, what, before, after FROM audit \
                 WHERE audit_id < ?1 ORDER BY audit_id DESC LIMIT ?2",
            )
            .and_then(|mut select| {
                select
                    .query_map(
                        params![before.unwrap_or(i64::MAX), limit.min(MAX_PAGE)],
                        |row| {
                            let mut fields = Fields::new(row);
                            Ok(AuditRow {
                                audit_id: fields.next()?,
                                at: fields.time()?,
                                entry: AuditEntry {
                                    who: fields.next()?,
                                    what: fields.next()?,
                                    before: fields.next()?,
                                    after: fields.next()?,
                                },
                            })
                        },
                    )?
                    .collect()
            })
            .during("list audit entries")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, open};

    fn entry(what: &str) -> AuditEntry {
        AuditEntry {
            who: "ann".to_owned(),
            what: what.to_owned(),
            before: None,
            after: Some("on".to_owned()),
        }
    }

    #[test]
    fn entries_are_listed_newest_first_in_pages() {
        let (mut store, _folder) = open();
        for what in ["a", "b", "c"] {
            store.append_audit(&entry(what), at(1)).unwrap();
        }
        let page = store.list_audit(None, 2).unwrap();
        assert_eq!((&page[0].entry, page[0].at), (&entry("c"), at(1)));
        let rest = store.list_audit(Some(page[1].audit_id), 2).unwrap();
        assert_eq!(rest.len(), 1);
        assert_eq!(rest[0].entry, entry("a"));
    }

    #[test]
    fn stored_entry_cannot_be_changed() {
        let (mut store, _folder) = open();
        store.append_audit(&entry("a"), at(1)).unwrap();
        let error = store
            .conn
            .execute("UPDATE audit SET who = 'eve'", [])
            .unwrap_err();
        assert!(error.to_string().contains("never changed"), "{error}");
    }
}
