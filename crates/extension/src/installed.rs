//! The folder with installed packages and trusted publishers.
//!
//! In: a folder, and the bytes of packages. Out: what is installed. The
//! folder belongs to one process at a time.
//!
//! ```text
//! publishers                one line each: public key, space, name
//! <id>/current.ext          what is installed
//! <id>/previous.ext         what was installed before, for going back
//! ```
//!
//! Every change is a whole file written beside, brought to the disk and then
//! renamed: after a power cut the old or the new file is there, never a half.
//!
//! Not here: who may do it and its record (`relay`), running programs.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::host::{Extension, Host, LoadError};
use crate::key::{KeyError, PublicKey};
use crate::manifest::{Manifest, is_id, is_line, shorten};
use crate::package::{MAX_PACKAGE_BYTES, Package, PackageError};

const CURRENT: &str = "current.ext";
const PREVIOUS: &str = "previous.ext";
const PUBLISHERS: &str = "publishers";
/// Ending of files that are not complete; removed when the folder is opened.
const PARTIAL: &str = "partial";
/// Most installed programs.
const MAX_PROGRAMS: usize = 64;
/// Most trusted publishers.
const MAX_PUBLISHERS: usize = 64;
/// Longest file of publishers, bytes.
const MAX_PUBLISHERS_BYTES: usize = 64 << 10;

/// The folder with installed packages and trusted publishers.
#[derive(Debug)]
pub struct Installed {
    folder: PathBuf,
    publishers: Vec<(PublicKey, String)>,
}

/// One installed program.
#[derive(Clone, Debug, PartialEq)]
pub struct Installation {
    /// What its package says of itself.
    pub manifest: Manifest,
    /// Whose signature it carries.
    pub publisher_key: PublicKey,
    /// The picture of its package, PNG.
    pub icon: Option<Vec<u8>>,
    /// The licence text of its package.
    pub licence: Option<String>,
    /// Both versions on the disk together, bytes.
    pub storage_bytes: usize,
    /// The version that [`Installed::roll_back`] would bring back.
    pub previous_version: Option<String>,
}

/// One row of what is installed.
#[derive(Debug)]
pub struct Listed {
    /// Which program.
    pub id: String,
    /// What is known of it, or why its package cannot be read any more.
    pub installation: Result<Installation, InstallError>,
}

/// A program made ready to run.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The compiled program.
    pub extension: Extension,
    /// What was wrong with the installed version, when the one before it was
    /// brought back instead.
    pub rolled_back: Option<String>,
}

/// Why nothing was changed.
#[derive(Debug, Error)]
pub enum InstallError {
    /// No package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// Its code cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The key is not among the accepted ones.
    #[error(
        "install {name:?}: its publisher {publisher:?} with key {fingerprint} is not trusted: compare the key with the publisher's and accept it first"
    )]
    Untrusted {
        /// Name of the program.
        name: String,
        /// Name by the package, which anybody can write.
        publisher: String,
        /// [`PublicKey::fingerprint`].
        fingerprint: String,
        /// The key, to be accepted by [`Installed::trust`].
        key: PublicKey,
    },
    /// Another publisher's program has this id.
    #[error(
        "install {id:?}: the installed one is signed with key {installed}, this one with {found}: uninstall the installed one first"
    )]
    OtherPublisher {
        /// Of both.
        id: String,
        /// Fingerprint of the installed one.
        installed: String,
        /// Fingerprint of the new one.
        found: String,
    },
    /// The folder is full.
    #[error("install {id:?}: {MAX_PROGRAMS} programs are installed: uninstall one first")]
    TooMany {
        /// Of the new one.
        id: String,
    },
    /// There is no such program, or no such version of it.
    #[error("find {what}: it is not installed")]
    Missing {
        /// What was looked for.
        what: String,
    },
    /// A publisher's key or name is wrong, or there are too many.
    #[error("accept a publisher: {text}")]
    Publisher {
        /// What is wrong.
        text: String,
    },
    /// The disk.
    #[error("{what} {path}: {text}")]
    Disk {
        /// What was tried.
        what: &'static str,
        /// On which file or folder.
        path: String,
        /// What the system said.
        text: String,
    },
}

impl From<KeyError> for InstallError {
    fn from(error: KeyError) -> Self {
        InstallError::Publisher {
            text: error.to_string(),
        }
    }
}

impl Installed {
    /// Opens the folder; makes it if need be, removes what a power cut left.
    ///
    /// # Errors
    /// The folder cannot be read or written, or the publishers are no list.
    pub fn open(folder: &Path) -> Result<Self, InstallError> {
        fs::create_dir_all(folder).map_err(|error| disk("make", folder, &error))?;
        let mut installed = Installed {
            folder: folder.to_owned(),
            publishers: Vec::new(),
        };
        remove_partial(folder)?;
        for id in installed.ids()? {
            remove_partial(&folder.join(id))?;
        }
        let path = folder.join(PUBLISHERS);
        if let Some(bytes) = read_limited(&path, MAX_PUBLISHERS_BYTES)? {
            installed.publishers = parse_publishers(&String::from_utf8_lossy(&bytes))?;
        }
        Ok(installed)
    }

    /// Trusted publishers with their names, in the order of acceptance.
    pub fn publishers(&self) -> &[(PublicKey, String)] {
        &self.publishers
    }

    /// Accepts packages signed with `key` from now on; `name` is what people
    /// call the publisher.
    ///
    /// # Errors
    /// The name is no line of 1 to 64 characters, there are too many
    /// publishers, or the disk failed.
    pub fn trust(&mut self, key: PublicKey, name: &str) -> Result<(), InstallError> {
        if !is_line(name, 1, 64) {
            return Err(InstallError::Publisher {
                text: "its name must be one line of 1 to 64 characters".to_owned(),
            });
        }
        let mut publishers = self.publishers.clone();
        publishers.retain(|(known, _)| *known != key);
        if publishers.len() == MAX_PUBLISHERS {
            return Err(InstallError::Publisher {
                text: format!("{MAX_PUBLISHERS} are accepted: remove one first"),
            });
        }
        publishers.push((key, name.to_owned()));
        self.keep_publishers(publishers)
    }

    /// Accepts no more packages signed with `key`; what is installed stays.
    ///
    /// # Errors
    /// The publisher is not trusted, or the disk failed.
    pub fn distrust(&mut self, key: PublicKey) -> Result<(), InstallError> {
        let mut publishers = self.publishers.clone();
        publishers.retain(|(known, _)| *known != key);
        if publishers.len() == self.publishers.len() {
            return Err(InstallError::Missing {
                what: format!("the publisher's key {}", key.fingerprint()),
            });
        }
        self.keep_publishers(publishers)
    }

    /// What is installed, in order of id.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, InstallError> {
        let ids = self.ids()?;
        Ok(ids
            .into_iter()
            .map(|id| Listed {
                installation: self.get(&id),
                id,
            })
            .collect())
    }

    /// One installed program.
    ///
    /// # Errors
    /// It is not installed, or its package cannot be read any more.
    pub fn get(&self, id: &str) -> Result<Installation, InstallError> {
        let current = self.read(id, CURRENT)?;
        let previous = self.read(id, PREVIOUS).ok();
        let previous_bytes = previous.as_ref().map_or(0, |package| package.len_bytes);
        Ok(Installation {
            storage_bytes: current.len_bytes + previous_bytes,
            manifest: current.manifest,
            publisher_key: current.publisher_key,
            icon: current.icon,
            licence: current.licence,
            previous_version: previous.map(|package| package.manifest.version),
        })
    }

    /// Checks a package as [`install`](Self::install) would, changing nothing.
    ///
    /// # Errors
    /// What `install` would refuse.
    pub fn verify(&self, bytes: &[u8], host: &Host) -> Result<(Package, Extension), InstallError> {
        let package = Package::read(bytes)?;
        let key = package.publisher_key;
        if !self.publishers.iter().any(|(known, _)| *known == key) {
            return Err(InstallError::Untrusted {
                name: package.manifest.name,
                publisher: package.manifest.publisher,
                fingerprint: key.fingerprint(),
                key,
            });
        }
        let id = &package.manifest.id;
        match self.read(id, CURRENT) {
            Ok(current) if current.publisher_key != key => {
                return Err(InstallError::OtherPublisher {
                    id: id.clone(),
                    installed: current.publisher_key.fingerprint(),
                    found: key.fingerprint(),
                });
            }
            Err(InstallError::Missing { .. }) if self.ids()?.len() >= MAX_PROGRAMS => {
                return Err(InstallError::TooMany { id: id.clone() });
            }
            // A package that cannot be read any more may be replaced.
            Ok(_) | Err(_) => {}
        }
        let extension = host.load(&package)?;
        Ok((package, extension))
    }

    /// Installs a package, or replaces the version that is installed. All is
    /// checked and compiled before the first byte is written.
    ///
    /// # Errors
    /// The package is refused, or the disk failed; what was installed before
    /// still is.
    pub fn install(&self, bytes: &[u8], host: &Host) -> Result<Extension, InstallError> {
        let (package, extension) = self.verify(bytes, host)?;
        let folder = self.folder.join(&package.manifest.id);
        fs::create_dir_all(&folder).map_err(|error| disk("make", &folder, &error))?;
        // A version that cannot be read is not worth going back to.
        if self.read(&package.manifest.id, CURRENT).is_ok() {
            let current = self.bytes(&package.manifest.id, CURRENT)?;
            write_whole(&folder.join(PREVIOUS), &current)?;
        }
        write_whole(&folder.join(CURRENT), bytes)?;
        sync_folder(&self.folder)?;
        Ok(extension)
    }

    /// Makes an installed program ready to run. If it cannot be read or
    /// compiled any more, the version before it is brought back.
    ///
    /// # Errors
    /// It is not installed, or neither version works.
    pub fn load(&self, id: &str, host: &Host) -> Result<Loaded, InstallError> {
        let failed = match self.compile(id, CURRENT, host) {
            Ok(extension) => {
                return Ok(Loaded {
                    extension,
                    rolled_back: None,
                });
            }
            Err(failed) => failed,
        };
        let Ok(extension) = self.compile(id, PREVIOUS, host) else {
            return Err(failed);
        };
        let previous = self.bytes(id, PREVIOUS)?;
        write_whole(&self.folder.join(id).join(CURRENT), &previous)?;
        Ok(Loaded {
            extension,
            rolled_back: Some(failed.to_string()),
        })
    }

    /// Brings back the version before the installed one, and keeps the
    /// installed one for going forward again.
    ///
    /// # Errors
    /// There is none, or it does not work; then nothing is changed.
    pub fn roll_back(&self, id: &str, host: &Host) -> Result<Extension, InstallError> {
        let extension = self.compile(id, PREVIOUS, host)?;
        let folder = self.folder.join(id);
        let (current, previous) = (self.bytes(id, CURRENT)?, self.bytes(id, PREVIOUS)?);
        write_whole(&folder.join(CURRENT), &previous)?;
        write_whole(&folder.join(PREVIOUS), &current)?;
        Ok(extension)
    }

    /// Removes a program with both versions.
    ///
    /// # Errors
    /// It is not installed, or the disk failed.
    pub fn uninstall(&self, id: &str) -> Result<(), InstallError> {
        if !self.ids()?.iter().any(|known| known == id) {
            return Err(InstallError::Missing {
                what: format!("program {:?}", shorten(id, 40)),
            });
        }
        let folder = self.folder.join(id);
        for name in [CURRENT, PREVIOUS] {
            remove(&folder.join(name))?;
        }
        fs::remove_dir(&folder).map_err(|error| disk("remove", &folder, &error))?;
        sync_folder(&self.folder)
    }

    /// Installed programs, in order. A folder without a package is what a
    /// power cut left of an installation or a removal.
    fn ids(&self) -> Result<Vec<String>, InstallError> {
        let entries =
            fs::read_dir(&self.folder).map_err(|error| disk("list", &self.folder, &error))?;
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| disk("list", &self.folder, &error))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if is_id(&name) && entry.path().join(CURRENT).is_file() {
                ids.push(name);
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }

    fn compile(&self, id: &str, name: &str, host: &Host) -> Result<Extension, InstallError> {
        Ok(host.load(&self.read(id, name)?)?)
    }

    fn read(&self, id: &str, name: &str) -> Result<Package, InstallError> {
        Ok(Package::read(&self.bytes(id, name)?)?)
    }

    fn bytes(&self, id: &str, name: &str) -> Result<Vec<u8>, InstallError> {
        let missing = || InstallError::Missing {
            what: match name {
                PREVIOUS => format!("an earlier version of program {:?}", shorten(id, 40)),
                _ => format!("program {:?}", shorten(id, 40)),
            },
        };
        if !is_id(id) {
            return Err(missing());
        }
        let path = self.folder.join(id).join(name);
        read_limited(&path, MAX_PACKAGE_BYTES)?.ok_or_else(missing)
    }

    fn keep_publishers(
        &mut self,
        publishers: Vec<(PublicKey, String)>,
    ) -> Result<(), InstallError> {
        let lines: Vec<String> = publishers
            .iter()
            .map(|(key, name)| format!("{key} {name}\n"))
            .collect();
        write_whole(&self.folder.join(PUBLISHERS), lines.concat().as_bytes())?;
        self.publishers = publishers;
        Ok(())
    }
}

fn parse_publishers(text: &str) -> Result<Vec<(PublicKey, String)>, InstallError> {
    text.lines()
        .take(MAX_PUBLISHERS)
        .map(|line| {
            let (key, name) = line.split_once(' ').unwrap_or((line, ""));
            Ok((PublicKey::parse(key)?, shorten(name, 64)))
        })
        .collect()
}

/// The bytes of a file, `None` when there is none.
fn read_limited(path: &Path, max_bytes: usize) -> Result<Option<Vec<u8>>, InstallError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(disk("open", path, &error)),
    };
    let mut bytes = Vec::new();
    // One more than allowed, so that the reader of the bytes sees it.
    file.take(max_bytes as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| disk("read", path, &error))?;
    Ok(Some(bytes))
}

/// Replaces the file as a whole, or leaves it as it was.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), InstallError> {
    let partial = path.with_extension(PARTIAL);
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    });
    if let Err(error) = written {
        // The reason to report is the first one.
        drop(fs::remove_file(&partial));
        return Err(disk("write", path, &error));
    }
    match path.parent() {
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> Result<(), InstallError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| disk("bring to the disk", folder, &error))
}

fn remove_partial(folder: &Path) -> Result<(), InstallError> {
    let entries = fs::read_dir(folder).map_err(|error| disk("list", folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| disk("list", folder, &error))?.path();
        if path.extension().is_some_and(|ending| ending == PARTIAL) {
            remove(&path)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<(), InstallError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(disk("remove", path, &error)),
        _ => Ok(()),
    }
}

fn disk(what: &'static str, path: &Path, error: &io::Error) -> InstallError {
    InstallError::Disk {
        what,
        path: path.display().to_string(),
        text: error.to_string(),
    }
}
