//! The models folder: what is installed, chosen and in use.
//!
//! Not here: what is in a model's files (`files`).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

use super::files::{open_any, read_manifest};
use super::{AnyManifest, BUILT_IN, MAX_LOOKS, ModelFiles, ModelKind, NONE, built_in, open_files};

/// File in the models folder that names the chosen model.
const CHOSEN: &str = "chosen";

/// File in the models folder that names the models for looks in use, one a line.
const LOOKS: &str = "looks";

/// The models folder of a data folder.
#[derive(Clone, Debug)]
pub(crate) struct ModelFolder {
    folder: PathBuf,
}

impl ModelFolder {
    /// The models folder of `data_dir`; need not exist.
    pub(crate) fn new(data_dir: &Path) -> Self {
        ModelFolder {
            folder: data_dir.join("models"),
        }
    }

    /// Installed detectors by name, without their networks.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn list(&self) -> anyhow::Result<Vec<String>> {
        self.list_of(|kind| kind == ModelKind::Detector)
    }

    /// Installed models for looks by name, without their networks.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub(crate) fn list_looks(&self) -> anyhow::Result<Vec<String>> {
        self.list_of(|kind| kind != ModelKind::Detector)
    }

    fn list_of(&self, is_wanted: impl Fn(ModelKind) -> bool) -> anyhow::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error).with_context(|| format!("read {}", self.folder.display()));
            }
        };
        let mut names: Vec<String> = entries
            .filter_map(Result::ok)
            .filter(|entry| {
                let manifest = entry.path().join("manifest.toml");
                // One that cannot be read counts as a detector.
                manifest.is_file()
                    && is_wanted(
                        read_manifest(&manifest)
                            .map_or(ModelKind::Detector, |text| ModelKind::of(&text)),
                    )
            })
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| is_plain_name(name))
            .collect();
        names.sort();
        Ok(names)
    }

    /// Names of the models for looks in use.
    pub(crate) fn looks(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.join(LOOKS)).unwrap_or_default();
        let names = text
            .lines()
            .map(str::trim)
            .filter(|name| is_plain_name(name));
        names.take(MAX_LOOKS).map(str::to_owned).collect()
    }

    /// Lets an installed model for looks be used, or not.
    ///
    /// # Errors
    /// There is no such model, too many are in use, or the folder cannot be
    /// written.
    pub(crate) fn use_looks(&self, name: &str, is_used: bool) -> anyhow::Result<()> {
        let known = self.list_looks()?;
        if is_used && !known.iter().any(|known| known == name) {
            bail!("no model for looks {name:?}: installed are {known:?}");
        }
        let mut names = self.looks();
        names.retain(|used| used != name);
        if is_used {
            if names.len() >= MAX_LOOKS {
                bail!("{MAX_LOOKS} models for looks are in use: leave one first");
            }
            names.push(name.to_owned());
        }
        let file = self.folder.join(LOOKS);
        fs::write(&file, names.join("\n")).with_context(|| format!("write {}", file.display()))
    }

    /// The files of an installed model for looks.
    ///
    /// # Errors
    /// They cannot be read or do not fit each other.
    pub(crate) fn open_looks(&self, name: &str) -> anyhow::Result<(AnyManifest, Vec<u8>)> {
        open_any(&self.manifest_file(name))
    }

    /// Where the manifest of an installed model is.
    pub(super) fn manifest_file(&self, name: &str) -> PathBuf {
        self.folder.join(name).join("manifest.toml")
    }

    /// The manifest of an installed model.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn manifest(&self, name: &str) -> anyhow::Result<AnyManifest> {
        let file = self.manifest_file(name);
        let text = read_manifest(&file)?;
        AnyManifest::parse(&text).with_context(|| format!("read manifest {}", file.display()))
    }

    /// Name of the model chosen; [`BUILT_IN`] where nobody chose.
    pub(crate) fn chosen(&self) -> String {
        let name = fs::read_to_string(self.folder.join(CHOSEN)).unwrap_or_default();
        match name.trim() {
            "" => BUILT_IN.to_owned(),
            name => name.to_owned(),
        }
    }

    /// Chooses an installed model, [`BUILT_IN`] or [`NONE`].
    ///
    /// # Errors
    /// There is no such model, or the folder cannot be written.
    pub(crate) fn choose(&self, name: &str) -> anyhow::Result<()> {
        self.check_name(name)?;
        fs::create_dir_all(&self.folder)
            .and_then(|()| fs::write(self.folder.join(CHOSEN), name))
            .with_context(|| format!("write {}", self.folder.join(CHOSEN).display()))
    }

    /// Whether there is a model of this name, or it means something else.
    ///
    /// # Errors
    /// There is none; says which there are.
    pub(crate) fn check_name(&self, name: &str) -> anyhow::Result<()> {
        let known = self.list()?;
        if name != BUILT_IN && name != NONE && !known.iter().any(|known| known == name) {
            bail!("no model {name:?}: there are {BUILT_IN}, {NONE} and installed {known:?}");
        }
        Ok(())
    }

    /// Copies the model of `manifest_file` into the folder; returns its name
    /// and kind.
    ///
    /// # Errors
    /// The files cannot be read, do not fit each other, or the model is
    /// installed already.
    pub(crate) fn add(&self, manifest_file: &Path) -> anyhow::Result<(String, ModelKind)> {
        let text = read_manifest(manifest_file)?;
        let (_, bytes) = open_any(manifest_file)?;
        self.install(&text, &bytes)
    }

    /// Puts a model into the folder; returns its name and kind.
    ///
    /// # Errors
    /// Manifest and network do not fit each other, or the model is installed
    /// already.
    pub(crate) fn install(&self, text: &str, bytes: &[u8]) -> anyhow::Result<(String, ModelKind)> {
        let manifest = AnyManifest::parse(text).context("read the manifest")?;
        manifest.check_model(bytes)?;
        let name = manifest.name().to_owned();
        let is_taken = [BUILT_IN, NONE, CHOSEN, LOOKS].contains(&&*name);
        if is_taken || !is_plain_name(&name) || !is_plain_name(manifest.file()) {
            bail!(
                "model {name:?}: name and file may hold only letters, digits, - _ and ., and \
                 not be a word of airelay's own"
            );
        }
        let target = self.folder.join(&name);
        if target.exists() {
            bail!("model {name:?} is installed already: remove it first");
        }
        // A folder that is renamed into place is there wholly or not at all.
        let partial = self.folder.join(format!(".{name}.partial"));
        let write = || {
            if partial.exists() {
                fs::remove_dir_all(&partial)?;
            }
            fs::create_dir_all(&partial)?;
            fs::write(partial.join("manifest.toml"), text)?;
            fs::write(partial.join(manifest.file()), bytes)?;
            fs::rename(&partial, &target)
        };
        write().with_context(|| format!("install model into {}", target.display()))?;
        Ok((name, manifest.kind()))
    }

    /// Removes an installed model.
    ///
    /// # Errors
    /// There is none, it is in use, or the folder cannot be written.
    pub(crate) fn remove(&self, name: &str) -> anyhow::Result<()> {
        let target = self.folder.join(name);
        if !is_plain_name(name) || !target.join("manifest.toml").is_file() {
            bail!("no model {name:?} is installed");
        }
        if self.chosen() == name || self.looks().iter().any(|used| used == name) {
            bail!("model {name:?} is in use: choose another one or leave it first");
        }
        fs::remove_dir_all(&target).with_context(|| format!("remove {}", target.display()))
    }

    /// The model that shall run: of the `named` manifest file, else the chosen
    /// one; `None` when people chose motion only.
    ///
    /// # Errors
    /// The named or chosen model cannot be used.
    pub(crate) fn open(&self, named: Option<&Path>) -> anyhow::Result<Option<ModelFiles>> {
        if let Some(manifest_file) = named {
            return open_files(manifest_file).map(Some);
        }
        self.open_named(&self.chosen())
    }

    /// An installed model, the built-in one, or none.
    ///
    /// # Errors
    /// It cannot be used.
    pub(crate) fn open_named(&self, name: &str) -> anyhow::Result<Option<ModelFiles>> {
        match name {
            NONE => Ok(None),
            BUILT_IN => built_in().map(Some),
            name => open_files(&self.manifest_file(name)).map(Some),
        }
    }
}

/// Whether `name` cannot leave the folder it is put into.
fn is_plain_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_folder_are_not_plain() {
        for name in ["yolox_nano", "a.onnx", "A-1"] {
            assert!(is_plain_name(name), "{name}");
        }
        for name in ["", ".", "..", "../x", "a/b", "a\\b", ".hidden", "a b"] {
            assert!(!is_plain_name(name), "{name}");
        }
    }

    #[test]
    fn motion_only_can_be_chosen_and_taken_back() {
        let data = tempfile::tempdir().unwrap();
        let folder = ModelFolder::new(data.path());
        folder.choose(NONE).unwrap();
        assert!(folder.open(None).unwrap().is_none());
        folder.choose(BUILT_IN).unwrap();
        assert!(folder.open(None).unwrap().is_some());
    }

    #[test]
    fn models_of_each_kind_are_told_apart_and_removed_only_while_unused() {
        let data = tempfile::tempdir().unwrap();
        let folder = ModelFolder::new(data.path());
        let network = b"no network, but that is not asked here";
        let sum: String = {
            use sha2::Digest as _;
            let digest = sha2::Sha256::digest(network);
            digest.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let text = include_str!("../../../vision/testdata/appearance/person-reid-0288.toml");
        let at = text.find("98a8").expect("the checksum is there");
        let text = text.replace(text.get(at..at + 64).unwrap(), &sum);
        let (name, kind) = folder.install(&text, network).unwrap();
        assert_eq!((&*name, kind), ("person-reid-0288", ModelKind::Embedding));
        assert!(folder.install(&text, network).is_err(), "installed already");
        assert!(
            folder.install(&text, b"other bytes").is_err(),
            "wrong network"
        );
        assert!(folder.list().unwrap().is_empty(), "it is no detector");
        assert!(folder.check_name(&name).is_err(), "it finds no objects");
        assert_eq!(folder.list_looks().unwrap(), [&*name]);
        assert!(folder.looks().is_empty(), "installed is not used");
        folder.use_looks(&name, true).unwrap();
        folder.use_looks(&name, true).unwrap();
        assert_eq!(folder.looks(), [&*name]);
        assert!(folder.remove(&name).is_err(), "in use");
        folder.use_looks(&name, false).unwrap();
        folder.remove(&name).unwrap();
        assert!(folder.list_looks().unwrap().is_empty());
        assert!(folder.use_looks(&name, true).is_err(), "gone");
        assert!(folder.remove("../models").is_err());
    }

    #[test]
    fn folder_without_models_has_none_and_refuses_unknown_ones() {
        let data = tempfile::tempdir().unwrap();
        let folder = ModelFolder::new(data.path());
        assert!(folder.list().unwrap().is_empty());
        assert_eq!(folder.chosen(), BUILT_IN);
        let error = folder.choose("x").unwrap_err().to_string();
        assert!(error.contains("no model \"x\""), "{error}");
    }
}
