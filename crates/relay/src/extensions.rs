//! Installed programs: the folder, and what of it is ready to run.
//!
//! In: packages that an administrator sends, or that `airelay ext` puts into
//! the folder beside us. Out: programs on the shelf, from which cameras take
//! them with their next picture.
//!
//! Calls read files and compile: not for async threads.
//!
//! Not here: what a package must be (`extension`), cameras (`pipeline`).

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use extension::{
    Extension, Host, InstallError, Installation, Installed, LoadError, PublicKey, Setting,
};
use tracing::{error, info, warn};

use crate::pipeline::ExtensionShelf;
use crate::settings::{FieldErrors, ProgramsDocument, extension_values};

/// Folder of installed programs below the data folder.
const FOLDER: &str = "extensions";

/// Installed programs; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct ExtensionDesk {
    shelf: ExtensionShelf,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    folder: PathBuf,
    /// Or why no program can run here.
    host: Result<Host, LoadError>,
    installed: Installed,
    facts: Vec<ExtensionFacts>,
    /// The folder as it was last read.
    stamp: Stamp,
}

/// Files of the folder with their lengths and times.
type Stamp = Vec<(PathBuf, u64, Option<SystemTime>)>;

/// What people may know of an installed program.
#[derive(Clone, Debug)]
pub(crate) struct ExtensionFacts {
    /// By which it is called.
    pub id: String,
    /// What its package says; `None` when it cannot be read any more.
    pub installation: Option<Installation>,
    /// Why it, or its newest version, cannot run.
    pub problem: Option<String>,
}

/// Folder of installed programs.
pub(crate) fn folder_in(data_dir: &Path) -> PathBuf {
    data_dir.join(FOLDER)
}

impl ExtensionDesk {
    /// Opens the folder and makes its programs ready. One that does not work
    /// is left out and told; the version before it is used where it works.
    ///
    /// # Errors
    /// The folder cannot be read or written.
    pub(crate) fn open(data_dir: &Path) -> anyhow::Result<Self> {
        let folder = folder_in(data_dir);
        let installed = Installed::open(&folder)?;
        let host = Host::new();
        if let Err(error) = &host {
            warn!(%error, "no program can be installed");
        }
        let mut state = State {
            stamp: stamp(&folder),
            folder,
            host,
            installed,
            facts: Vec::new(),
        };
        let shelf = ExtensionShelf::default();
        state.load_all(&shelf, |_| true)?;
        Ok(ExtensionDesk {
            shelf,
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// From which cameras take programs.
    pub(crate) fn shelf(&self) -> &ExtensionShelf {
        &self.shelf
    }

    /// What is installed, by id.
    pub(crate) fn list(&self) -> Vec<ExtensionFacts> {
        self.lock().facts.clone()
    }

    /// Installs or updates a program; cameras use it from their next picture
    /// on.
    ///
    /// # Errors
    /// The package is refused; nothing is changed.
    pub(crate) fn install(&self, bytes: &[u8]) -> Result<ExtensionFacts, InstallError> {
        let mut state = self.lock();
        let extension = state.installed.install(bytes, state.host()?)?;
        let id = extension.manifest().id.clone();
        info!(
            program = id,
            version = extension.manifest().version,
            "installed"
        );
        Ok(state.take(&self.shelf, &id, Ok(extension), None))
    }

    /// Brings back the version before the present one.
    ///
    /// # Errors
    /// There is none, or it does not work; nothing is changed.
    pub(crate) fn roll_back(&self, id: &str) -> Result<ExtensionFacts, InstallError> {
        let mut state = self.lock();
        let extension = state.installed.roll_back(id, state.host()?)?;
        Ok(state.take(&self.shelf, id, Ok(extension), None))
    }

    /// Removes a program; cameras stop it with their next picture.
    ///
    /// # Errors
    /// It is not installed, or the disk failed.
    pub(crate) fn uninstall(&self, id: &str) -> Result<(), InstallError> {
        let mut state = self.lock();
        state.installed.uninstall(id)?;
        self.shelf.remove(id);
        state.facts.retain(|facts| facts.id != id);
        state.stamp = stamp(&state.folder);
        info!(program = id, "uninstalled");
        Ok(())
    }

    /// Publishers whose packages are accepted, with the names given to them.
    pub(crate) fn publishers(&self) -> Vec<(PublicKey, String)> {
        self.lock().installed.publishers().to_vec()
    }

    /// Accepts packages signed with this key.
    ///
    /// # Errors
    /// It is no key, its name is no name, there are too many, or the disk
    /// failed.
    pub(crate) fn trust(&self, key: &str, name: &str) -> Result<PublicKey, InstallError> {
        let key = PublicKey::parse(key)?;
        let mut state = self.lock();
        state.installed.trust(key, name)?;
        state.stamp = stamp(&state.folder);
        Ok(key)
    }

    /// Accepts no more packages of the publisher with this fingerprint.
    ///
    /// # Errors
    /// There is none, or the disk failed.
    pub(crate) fn distrust(&self, fingerprint: &str) -> Result<String, InstallError> {
        let mut state = self.lock();
        let mut known = state.installed.publishers().iter();
        let found = known
            .find(|(key, _)| key.fingerprint() == fingerprint)
            .cloned();
        let (key, name) = found.ok_or_else(|| InstallError::Missing {
            what: "a publisher with this fingerprint".to_owned(),
        })?;
        state.installed.distrust(key)?;
        state.stamp = stamp(&state.folder);
        Ok(name)
    }

    /// Checks what a camera wants of installed programs.
    pub(crate) fn check(&self, programs: &ProgramsDocument) -> FieldErrors {
        let mut errors = FieldErrors::default();
        for (id, document) in &programs.extensions {
            let field = format!("programs.extensions.{id}");
            match self.shelf.find(id) {
                Some(Ok(extension)) => {
                    let schema = &extension.manifest().settings;
                    if let Err(text) = extension_values(schema, &document.settings) {
                        errors.add(format!("{field}.settings"), text);
                    }
                }
                // What does not work at present may be repaired meanwhile.
                Some(Err(_)) => {}
                None if document.is_enabled => {
                    errors.add(field, "it is not installed: install it first");
                }
                None => {}
            }
        }
        errors
    }

    /// What its settings are, for a page that shows them.
    pub(crate) fn settings(&self, id: &str) -> Vec<Setting> {
        match self.shelf.find(id) {
            Some(Ok(extension)) => extension.manifest().settings.clone(),
            _ => Vec::new(),
        }
    }

    /// Takes over what the command line changed in the folder. Returns
    /// whether anything did.
    pub(crate) fn follow(&self) -> bool {
        let mut state = self.lock();
        let now = stamp(&state.folder);
        if now == state.stamp {
            return false;
        }
        let before = std::mem::replace(&mut state.stamp, now.clone());
        let files = |stamp: &Stamp, id: &str| -> Stamp {
            let files = stamp.iter();
            let of_it = files.filter(|(path, ..)| path.parent().is_some_and(|p| p.ends_with(id)));
            of_it.cloned().collect()
        };
        let is_changed = |id: &str| files(&before, id) != files(&now, id);
        let reopened = Installed::open(&state.folder);
        match reopened.map(|installed| state.installed = installed) {
            Ok(()) => {
                if let Err(error) = state.load_all(&self.shelf, is_changed) {
                    error!(%error, "installed programs stay as they were");
                }
            }
            Err(error) => error!(%error, "installed programs stay as they were"),
        }
        true
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl State {
    fn host(&self) -> Result<&Host, InstallError> {
        self.host.as_ref().map_err(|error| error.clone().into())
    }

    /// Makes ready what is new or different; takes away what is gone.
    fn load_all(
        &mut self,
        shelf: &ExtensionShelf,
        is_changed: impl Fn(&str) -> bool,
    ) -> Result<(), InstallError> {
        let before = std::mem::take(&mut self.facts);
        let listed = self.installed.list()?;
        for gone in &before {
            if !listed.iter().any(|row| row.id == gone.id) {
                shelf.remove(&gone.id);
            }
        }
        for row in listed {
            let known = before.iter().find(|facts| facts.id == row.id);
            if let Some(known) = known.filter(|_| !is_changed(&row.id)) {
                self.facts.push(known.clone());
                continue;
            }
            let loaded = match self.host() {
                Ok(host) => self.installed.load(&row.id, host),
                Err(error) => Err(error),
            };
            let (extension, problem) = match loaded {
                Ok(loaded) => (Ok(loaded.extension), loaded.rolled_back),
                Err(error) => (Err(error.to_string()), Some(error.to_string())),
            };
            if let Some(problem) = &problem {
                error!(program = row.id, problem, "installed program");
            }
            self.take(shelf, &row.id, extension, problem);
        }
        Ok(())
    }

    fn take(
        &mut self,
        shelf: &ExtensionShelf,
        id: &str,
        extension: Result<Extension, String>,
        problem: Option<String>,
    ) -> ExtensionFacts {
        shelf.put(id, extension);
        let facts = ExtensionFacts {
            id: id.to_owned(),
            installation: self.installed.get(id).ok(),
            problem,
        };
        self.facts.retain(|known| known.id != id);
        self.facts.push(facts.clone());
        self.facts.sort_by(|a, b| a.id.cmp(&b.id));
        self.stamp = stamp(&self.folder);
        facts
    }
}

/// What can be seen of the folder without reading packages; files that vanish
/// meanwhile are left out.
fn stamp(folder: &Path) -> Stamp {
    let entries = |folder: &Path| {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect::<Vec<PathBuf>>()
    };
    let mut files: Vec<PathBuf> = entries(folder);
    let below: Vec<PathBuf> = files.iter().flat_map(|path| entries(path)).collect();
    files.extend(below);
    files.sort();
    files
        .into_iter()
        .filter_map(|path| {
            let facts = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
            Some((path, facts.len(), facts.modified().ok()))
        })
        .collect()
}
