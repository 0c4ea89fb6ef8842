//! Backup: a copy of the database as of one moment, made while others write.
//!
//! In: a path where nothing is yet. Out: a database that opens like the
//! original.
//!
//! The copy is made under another name and gets its own when it is whole, so
//! that a backup that broke off is never taken for one. Writers do not wait.

use std::fs::File;
use std::path::Path;

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

use crate::Reader;
use crate::error::{During, Error};

/// Pages copied between two looks at `keep_on`: 8 MiB.
const PAGES_PER_STEP: i32 = 2_048;

impl Reader {
    /// Copies the database to `path`, as of now. `keep_on` is asked every few
    /// megabytes with pages copied and pages in all; `false` stops the copy.
    ///
    /// # Errors
    /// There is something at `path` already, `keep_on` said no, or reading or
    /// writing failed; no file is left behind then.
    pub fn backup(
        &self,
        path: &Path,
        mut keep_on: impl FnMut(u64, u64) -> bool,
    ) -> Result<(), Error> {
        let taken = |path: &Path| Error::Taken {
            what: "write backup",
            name: path.display().to_string(),
        };
        if path.exists() {
            return Err(taken(path));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = Path::new(&part);
        File::options()
            .write(true)
            .create_new(true)
            .open(part)
            .map_err(|source| match source.kind() {
                std::io::ErrorKind::AlreadyExists => taken(part),
                _ => Error::file("write backup", part, source),
            })?;
        let copied = self.copy_to(part, &mut keep_on).and_then(|()| {
            if path.exists() {
                return Err(taken(path));
            }
            std::fs::rename(part, path).map_err(|source| Error::file("name backup", path, source))
        });
        if copied.is_err() {
            // The first error tells; what is left of the copy is of no use.
            drop(std::fs::remove_file(part));
        }
        copied
    }

    fn copy_to(
        &self,
        part: &Path,
        keep_on: &mut impl FnMut(u64, u64) -> bool,
    ) -> Result<(), Error> {
        let what = "copy the database";
        let mut copy = Connection::open(part).during("open backup")?;
        // A read transaction holds the moment: writers go on beside it, and
        // the copy never has to start over.
        let moment = self.conn.unchecked_transaction().during(what)?;
        let _: i64 = moment
            .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
            .during(what)?;
        {
            let backup = Backup::new(&self.conn, &mut copy).during(what)?;
            while backup.step(PAGES_PER_STEP).during(what)? != StepResult::Done {
                let progress = backup.progress();
                let n_pages = u64::try_from(progress.pagecount).unwrap_or(0);
                let n_left = u64::try_from(progress.remaining).unwrap_or(0);
                if !keep_on(n_pages.saturating_sub(n_left), n_pages) {
                    return Err(Error::Invalid {
                        what,
                        reason: "it was stopped".to_owned(),
                    });
                }
            }
        }
        moment.finish().during(what)?;
        // One file without a log beside it: easier to carry away.
        let _mode: String = copy
            .pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get(0))
            .during("finish backup")?;
        copy.close()
            .map_err(|(_, source)| Error::sqlite("finish backup", source))?;
        File::open(part)
            .and_then(|file| file.sync_all())
            .map_err(|source| Error::file("finish backup", part, source))
    }
}

#[cfg(test)]
mod tests {
    use types::ShotStage;

    use super::*;
    use crate::testing::{append, at, begin, event_id, open, shot};
    use crate::{DATABASE, EventFilter, Store};

    #[test]
    fn backup_holds_its_moment_while_others_write_and_opens_as_a_store() {
        let (mut store, folder) = open();
        for number in 0..200 {
            append(
                &mut store,
                &[begin(1, number)],
                &[shot(number, ShotStage::Final, 1, &[7; 60_000])],
            );
        }
        let restored = folder.path().join("restored");
        std::fs::create_dir(&restored).unwrap();
        let path = restored.join(DATABASE);
        let reader = store.reader_opener().open().unwrap();
        let mut n_looks = 0;
        reader
            .backup(&path, |_, _| {
                n_looks += 1;
                append(&mut store, &[begin(2, 1_000 + n_looks)], &[]);
                true
            })
            .unwrap();
        assert!(n_looks >= 1);
        let files: Vec<_> = std::fs::read_dir(&restored).unwrap().collect();
        assert_eq!(files.len(), 1);
        let copy = Store::open(&restored).unwrap();
        assert_eq!(copy.check().unwrap(), Vec::<String>::new());
        assert_eq!(copy.health().unwrap().n_events, 200);
        let shot = copy.event_shot(event_id(1, 199)).unwrap().unwrap();
        assert_eq!(copy.shot_jpeg(shot.shot_id).unwrap().unwrap(), [7; 60_000]);
    }

    #[test]
    fn backup_never_overwrites() {
        let (store, folder) = open();
        let path = folder.path().join("there.db");
        for taken in [path.clone(), folder.path().join("there.db.part")] {
            std::fs::write(&taken, "precious").unwrap();
            let error = store.backup(&path, |_, _| true).unwrap_err();
            assert!(matches!(error, Error::Taken { .. }), "{error}");
            assert_eq!(std::fs::read(&taken).unwrap(), b"precious");
            std::fs::remove_file(&taken).unwrap();
        }
        store.backup(&path, |_, _| true).unwrap();
    }

    #[test]
    fn stopped_backup_leaves_nothing() {
        let (mut store, folder) = open();
        for number in 0..200 {
            append(
                &mut store,
                &[],
                &[shot(number, ShotStage::Final, 1, &[7; 60_000])],
            );
        }
        let path = folder.path().join("copy.db");
        assert!(store.backup(&path, |_, _| false).is_err());
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("copy"))
            .collect();
        assert_eq!(names, Vec::<String>::new());
        let now = store.list_events(&EventFilter::default());
        assert!(now.is_ok());
        append(&mut store, &[begin(1, 1)], &[]);
        assert_eq!(store.event(event_id(1, 1)).unwrap().unwrap().at, at(1));
    }
}
