//! How the data folder is doing: its size, the disk's room, its soundness.

use std::path::Path;

use crate::error::{During, Error};
use crate::{Reader, Store};

/// Most faults that one check reports.
const MAX_FAULTS: u32 = 100;

/// Size and content of a data folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The database with its write-ahead log, bytes.
    pub size_bytes: u64,
    /// Room left on its disk for us, bytes; `None` where the system does not
    /// say.
    pub free_bytes: Option<u64>,
    /// Pages of the database.
    pub n_pages: u64,
    /// Those of them that are free for use again.
    pub n_free_pages: u64,
    /// Events stored.
    pub n_events: u64,
    /// Best shots stored.
    pub n_shots: u64,
}

impl Reader {
    /// Size and content, as of now. Counts rows, so ask it every few seconds
    /// at most.
    ///
    /// # Errors
    /// Reading failed.
    pub fn health(&self) -> Result<Health, Error> {
        let what = "read size of the database";
        let number = |sql: &str| -> Result<u64, Error> {
            let value: i64 = self
                .conn
                .query_row(sql, [], |row| row.get(0))
                .during(what)?;
            Ok(u64::try_from(value).unwrap_or(0))
        };
        let database = self.conn.path().unwrap_or_default().to_owned();
        let len_bytes = |path: &str| std::fs::metadata(path).map_or(0, |file| file.len());
        Ok(Health {
            size_bytes: len_bytes(&database) + len_bytes(&format!("{database}-wal")),
            free_bytes: free_bytes(Path::new(&database)),
            n_pages: number("PRAGMA page_count")?,
            n_free_pages: number("PRAGMA freelist_count")?,
            n_events: number("SELECT count(*) FROM event")?,
            n_shots: number("SELECT count(*) FROM shot")?,
        })
    }

    /// Reads the whole database and lists what is wrong with it; nothing when
    /// it is sound. Takes seconds per gigabyte.
    ///
    /// # Errors
    /// The database cannot be read at all.
    pub fn check(&self) -> Result<Vec<String>, Error> {
        let mut faults: Vec<String> = self
            .conn
            .prepare(&format!("PRAGMA integrity_check({MAX_FAULTS})"))
            .and_then(|mut check| check.query_map([], |row| row.get(0))?.collect())
            .during("check the database")?;
        faults.retain(|fault| fault != "ok");
        Ok(faults)
    }
}

impl Store {
    /// Refuses growth beyond `n_pages` pages, as a full disk does. For tests.
    #[doc(hidden)]
    pub fn limit_pages_for_test(&mut self, n_pages: u64) {
        self.reader
            .conn
            .pragma_update_and_check(None, "max_page_count", n_pages.cast_signed(), |_| Ok(()))
            .expect("a pragma of an open database");
    }
}

#[cfg(unix)]
fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

#[cfg(not(unix))]
fn free_bytes(_path: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use types::ShotStage;

    use crate::testing::{append, begin, open, shot};

    #[test]
    fn health_counts_what_is_stored() {
        let (mut store, _folder) = open();
        let before = store.health().unwrap();
        append(
            &mut store,
            &[begin(1, 1)],
            &[shot(1, ShotStage::Final, 1, &[0; 500_000])],
        );
        let after = store.health().unwrap();
        assert_eq!((after.n_events, after.n_shots), (1, 1));
        assert!(after.size_bytes >= before.size_bytes + 500_000);
        assert!(after.n_pages > before.n_pages);
        assert_eq!(after.free_bytes.is_some(), cfg!(unix));
    }
}
