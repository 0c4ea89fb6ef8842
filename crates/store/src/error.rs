//! What can go wrong with a data folder, and what to do about it.
//!
//! In: errors of SQLite and of the file system, with what was being done.
//! Out: [`Error`], whose text an operator understands and whose
//! [`Error::reaction`] the caller acts on.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use thiserror::Error as ThisError;

/// Why the store could not do what it was asked.
#[derive(Debug, ThisError)]
pub enum Error {
    /// A file or folder operation failed.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// With which file or folder.
        path: PathBuf,
        /// What came back.
        source: std::io::Error,
    },
    /// Another process has this data folder open.
    #[error(
        "open data folder {}: another airelay is using it; stop that one or choose another folder",
        path.display()
    )]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The database was written by a newer airelay.
    #[error(
        "open {}: it was written by a newer airelay (format {found}, this one knows up to {known}); \
         install the newer version or restore a backup made before the update",
        path.display()
    )]
    NewerFormat {
        /// The database.
        path: PathBuf,
        /// Format number in the file.
        found: u32,
        /// Newest format number this program knows.
        known: u32,
    },
    /// The database belongs to another program.
    #[error("open {}: this is a database of another program", path.display())]
    NotOurs {
        /// The database.
        path: PathBuf,
    },
    /// The disk has no room left. Nothing of the operation was stored.
    #[error(
        "{what}: the disk is full; nothing was stored, free some space or keep data for fewer days"
    )]
    DiskFull {
        /// What was tried.
        what: &'static str,
    },
    /// The disk did not do what it was told: over its quota, at its limit of
    /// a file's size, gone or broken.
    #[error(
        "{what}: the disk failed ({detail}); it may be full, over its quota or broken: \
         check it, nothing was stored"
    )]
    DiskFailed {
        /// What was tried.
        what: &'static str,
        /// What SQLite says.
        detail: String,
    },
    /// The file or disk may not be written to.
    #[error("{what}: the data folder is read-only")]
    ReadOnly {
        /// What was tried.
        what: &'static str,
    },
    /// Another program holds the database itself.
    #[error("{what}: another program has locked the database")]
    Locked {
        /// What was tried.
        what: &'static str,
    },
    /// The file's content makes no sense.
    #[error("{what}: the database is damaged ({detail}); restore a backup")]
    Corrupt {
        /// What was tried.
        what: &'static str,
        /// What SQLite, or the reading code, found.
        detail: String,
    },
    /// The document was changed by somebody else in the meantime.
    #[error("save settings {key:?}: expected {expected}, found revision {found}; load them again")]
    Conflict {
        /// Which document.
        key: String,
        /// What the caller had seen.
        expected: String,
        /// Newest revision; 0 when there is none.
        found: u64,
    },
    /// Something of that name exists already.
    #[error("{what} {name:?}: the name is taken")]
    Taken {
        /// What was tried.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Nothing of that name exists.
    #[error("{what} {name:?}: there is none of that name")]
    NotFound {
        /// What was tried.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Nobody with this role would be left.
    #[error("{what}: no {role} would be left; make another one first")]
    LastOfRole {
        /// What was tried.
        what: &'static str,
        /// The role.
        role: String,
    },
    /// A setup token is wrong, used or too old, or a user exists already.
    #[error("set up first user: {reason}")]
    SetupRefused {
        /// Why.
        reason: &'static str,
    },
    /// A value exceeds its bound.
    #[error("{what}: {len} exceeds the limit of {max}")]
    TooLarge {
        /// What was tried, and which value it is about.
        what: &'static str,
        /// Size given.
        len: usize,
        /// Largest accepted.
        max: usize,
    },
    /// A value cannot be meant.
    #[error("{what}: {reason}")]
    Invalid {
        /// What was tried.
        what: &'static str,
        /// Why it is refused.
        reason: String,
    },
    /// SQLite failed in a way that none of the above describes.
    #[error("{what}: {source}")]
    Sqlite {
        /// What was tried.
        what: &'static str,
        /// What came back.
        source: rusqlite::Error,
    },
}

/// What the caller should do about an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// Keep the data and try again: the trouble may pass by itself.
    Retry,
    /// A person must act (free the folder, restore, update).
    AwaitPerson,
    /// The request is wrong; tell whoever made it.
    Refuse,
    /// Our own mistake.
    Bug,
}

impl Error {
    /// The reaction this error asks for.
    pub fn reaction(&self) -> Reaction {
        match self {
            Error::DiskFull { .. } | Error::DiskFailed { .. } | Error::Locked { .. } => {
                Reaction::Retry
            }
            Error::File { .. }
            | Error::InUse { .. }
            | Error::NewerFormat { .. }
            | Error::NotOurs { .. }
            | Error::ReadOnly { .. }
            | Error::Corrupt { .. } => Reaction::AwaitPerson,
            Error::Conflict { .. }
            | Error::Taken { .. }
            | Error::NotFound { .. }
            | Error::LastOfRole { .. }
            | Error::SetupRefused { .. }
            | Error::TooLarge { .. }
            | Error::Invalid { .. } => Reaction::Refuse,
            Error::Sqlite { .. } => Reaction::Bug,
        }
    }

    /// The error of a file operation.
    pub(crate) fn file(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        Error::File {
            what,
            path: path.to_path_buf(),
            source,
        }
    }

    /// `source` in the store's words.
    pub(crate) fn sqlite(what: &'static str, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::DiskFull { what },
            Some(ErrorCode::SystemIoFailure) => Error::DiskFailed {
                what,
                detail: source.to_string(),
            },
            Some(ErrorCode::ReadOnly) => Error::ReadOnly { what },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked { what },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Error::Corrupt {
                what,
                detail: source.to_string(),
            },
            _ => match source {
                // A row that the reading code cannot understand.
                rusqlite::Error::FromSqlConversionFailure(_, _, detail) => Error::Corrupt {
                    what,
                    detail: detail.to_string(),
                },
                source => Error::Sqlite { what, source },
            },
        }
    }
}

/// Says what was tried when SQLite fails.
pub(crate) trait During<T> {
    /// The value, or the failure of `what`.
    fn during(self, what: &'static str) -> Result<T, Error>;
}

impl<T> During<T> for rusqlite::Result<T> {
    fn during(self, what: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::sqlite(what, source))
    }
}

/// Refuses a value whose size exceeds its bound.
pub(crate) fn check_size(what: &'static str, len: usize, max: usize) -> Result<(), Error> {
    if len > max {
        return Err(Error::TooLarge { what, len, max });
    }
    Ok(())
}
