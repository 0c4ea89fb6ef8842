//! Models that describe looks: which are used, and how others take their place
//! while cameras run.
//!
//! In: models that a person installed and switched on, on the settings page or
//! with `airelay model`. Out: the shelf from which cameras take them with their
//! next picture.
//!
//! The file that names the used models is the one truth: whoever writes it,
//! [`LooksDesk::follow`] sees it. A model is tried before it is used; one that
//! does not run changes nothing.
//!
//! Calls read files and load networks: not for async threads.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Context as _;
use jpeg::RgbImage;
use tracing::{error, info};
use types::NormBox;
use vision::appearance::{AttributeModel, AttributeName, Describer, Embedder, attribute_name};

use crate::models::{AnyManifest, ModelFolder, ModelKind, backend_for};
use crate::pipeline::{LooksShelf, SameFrom};

/// Models that describe looks; clones share them.
#[derive(Clone, Debug)]
pub(crate) struct LooksDesk {
    folder: ModelFolder,
    shelf: LooksShelf,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// Names that were last taken or refused.
    seen: Vec<String>,
    /// Those of them that cannot be used, and why.
    problems: Vec<(String, String)>,
}

/// A model for looks that is installed.
#[derive(Clone, Debug)]
pub(crate) struct LooksChoice {
    /// By which it is switched on.
    pub name: String,
    /// What it is for.
    pub kind: ModelKind,
    /// Licence in its manifest.
    pub licence: String,
    /// Classes of objects that it knows.
    pub classes: Vec<types::Class>,
    /// What it can tell; none of a model that makes vectors.
    pub attributes: Vec<AttributeName>,
    /// Whether it is switched on.
    pub is_used: bool,
    /// Why it cannot be used.
    pub problem: Option<String>,
}

impl LooksDesk {
    /// Loads the models that are switched on. One that does not work is left
    /// out and told.
    pub(crate) fn open(data_dir: &Path) -> Self {
        let desk = LooksDesk {
            folder: ModelFolder::new(data_dir),
            shelf: LooksShelf::default(),
            state: Arc::default(),
        };
        desk.take(desk.folder.looks());
        desk
    }

    /// From which cameras take what describes looks.
    pub(crate) fn shelf(&self) -> &LooksShelf {
        &self.shelf
    }

    /// What is installed, by name.
    ///
    /// # Errors
    /// The models folder cannot be read.
    pub(crate) fn choices(&self) -> anyhow::Result<Vec<LooksChoice>> {
        let used = self.folder.looks();
        let state = self.lock();
        let problem_of = |name: &str| {
            let found = state.problems.iter().find(|(known, _)| known == name);
            found.map(|(_, problem)| problem.clone())
        };
        let names = self.folder.list_looks()?.into_iter();
        Ok(names
            .map(|name| {
                let manifest = self.folder.manifest(&name);
                let problem = manifest.as_ref().err().map(|error| format!("{error:#}"));
                let manifest = manifest.ok();
                LooksChoice {
                    kind: manifest
                        .as_ref()
                        .map_or(ModelKind::Embedding, AnyManifest::kind),
                    licence: manifest
                        .as_ref()
                        .map_or_else(String::new, |manifest| manifest.licence().to_owned()),
                    classes: manifest.as_ref().map_or_else(Vec::new, classes_of),
                    attributes: manifest.as_ref().map_or_else(Vec::new, attributes_of),
                    is_used: used.contains(&name),
                    problem: problem.or_else(|| problem_of(&name)),
                    name,
                }
            })
            .collect())
    }

    /// Uses an installed model from now on, or no longer.
    ///
    /// # Errors
    /// There is no such model, or it does not run here; nothing is changed.
    pub(crate) fn switch(&self, name: &str, is_used: bool) -> anyhow::Result<()> {
        if is_used && !self.folder.looks().iter().any(|used| used == name) {
            self.folder
                .list_looks()?
                .iter()
                .find(|known| *known == name)
                .with_context(|| format!("no model for looks {name:?} is installed"))?;
            load(&self.folder, name)?;
        }
        self.folder.use_looks(name, is_used)?;
        self.take(self.folder.looks());
        Ok(())
    }

    /// Uses the models that somebody switched on meanwhile. Returns whether
    /// anything changed.
    pub(crate) fn follow(&self) -> bool {
        let names = self.folder.looks();
        if names == self.lock().seen {
            return false;
        }
        self.take(names);
        true
    }

    fn take(&self, names: Vec<String>) {
        let mut describer = Describer::new();
        let mut same_from = SameFrom::new();
        let mut problems = Vec::new();
        for name in &names {
            match load(&self.folder, name) {
                Ok(Loaded::Embedder(embedder)) => {
                    let from = embedder.manifest().same_from;
                    same_from.extend(from.map(|from| (embedder.maker(), from)));
                    describer = describer.with_embedder(embedder);
                    info!(model = name, "describes looks by vectors");
                }
                Ok(Loaded::Attributes(model)) => {
                    describer = describer.with_attribute_model(model);
                    info!(model = name, "tells attributes");
                }
                Err(error) => {
                    let text = format!("{error:#}");
                    error!(model = name, error = text, "model for looks is left out");
                    problems.push((name.clone(), text));
                }
            }
        }
        self.shelf.put(describer, same_from);
        *self.lock() = State {
            seen: names,
            problems,
        };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

/// Tries an installed model.
///
/// # Errors
/// It cannot be read or does not run here.
pub(crate) fn try_looks(folder: &ModelFolder, name: &str) -> anyhow::Result<()> {
    load(folder, name).map(|_| ())
}

enum Loaded {
    Embedder(Embedder),
    Attributes(AttributeModel),
}

/// Loads a model and lets it look at a picture once, so that outputs that do
/// not fit its manifest are found now.
fn load(folder: &ModelFolder, name: &str) -> anyhow::Result<Loaded> {
    let (manifest, bytes) = folder.open_looks(name)?;
    let picture = trial_picture();
    let loaded = match manifest {
        AnyManifest::Embedding(manifest) => {
            let backend = backend_for(&bytes, &manifest.input.name)?;
            let mut embedder = Embedder::new(manifest, backend);
            embedder.embed(&picture, NormBox::WHOLE)?;
            Loaded::Embedder(embedder)
        }
        AnyManifest::Attributes(manifest) => {
            let backend = backend_for(&bytes, &manifest.input.name)?;
            let mut model = AttributeModel::new(manifest, backend);
            model.tell(&picture, NormBox::WHOLE, |_| true)?;
            Loaded::Attributes(model)
        }
        AnyManifest::Detector(_) => anyhow::bail!("{name} is a detector, not a model for looks"),
    };
    Ok(loaded)
}

/// Every brightness once.
fn trial_picture() -> RgbImage {
    let mut picture = RgbImage::new(64, 128);
    for (value, byte) in (0..=255_u8).cycle().zip(&mut picture.data) {
        *byte = value;
    }
    picture
}

fn classes_of(manifest: &AnyManifest) -> Vec<types::Class> {
    match manifest {
        AnyManifest::Detector(_) => Vec::new(),
        AnyManifest::Embedding(manifest) => manifest.classes.clone(),
        AnyManifest::Attributes(manifest) => manifest.classes.clone(),
    }
}

fn attributes_of(manifest: &AnyManifest) -> Vec<AttributeName> {
    let AnyManifest::Attributes(manifest) = manifest else {
        return Vec::new();
    };
    let mut names: Vec<AttributeName> = Vec::new();
    for spec in &manifest.attributes {
        let name = attribute_name(spec.name);
        names.extend(name.filter(|name| !names.contains(name)));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_that_does_not_run_is_left_out_and_told() {
        let data = tempfile::tempdir().unwrap();
        let model = data.path().join("models/broken");
        std::fs::create_dir_all(&model).unwrap();
        std::fs::write(model.join("manifest.toml"), "kind = \"attributes\"").unwrap();
        std::fs::write(data.path().join("models/looks"), "broken\n").unwrap();
        let desk = LooksDesk::open(data.path());
        let choices = desk.choices().unwrap();
        assert_eq!(choices.len(), 1);
        assert!(
            choices[0].is_used && choices[0].problem.is_some(),
            "{choices:?}"
        );
        assert!(!desk.follow(), "nothing new");
        desk.switch("broken", false).unwrap();
        assert!(desk.switch("broken", true).is_err(), "tried first");
        assert!(!desk.choices().unwrap()[0].is_used);
        assert!(desk.switch("none-such", true).is_err());
        // From elsewhere, as `airelay model use` does.
        std::fs::write(data.path().join("models/looks"), "broken").unwrap();
        let number = desk.shelf().number();
        assert!(desk.follow());
        assert!(desk.shelf().number() > number);
    }
}
