//! The detector in use, and how another takes its place while cameras run.
//!
//! In: the model that a person chose, on the settings page or with `airelay
//! model use`. Out: the workers' engines follow with their next job; tracks and
//! open events live on.
//!
//! The file that names the chosen model is the one truth: whoever writes it,
//! [`DetectorDesk::follow`] sees it. A model is tried before it takes the old
//! one's place; one that does not run changes nothing.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use anyhow::Context as _;
use tracing::{error, info, warn};

use crate::config::Config;
use crate::models::{BUILT_IN, ModelFiles, ModelFolder, NONE, engine_factory, manifest_of};
use crate::pipeline::{DetectorFacts, EngineFactory};

/// Said where nothing but motion is seen.
const MOTION_ONLY: &str = "no detector was chosen: motion only";

/// The detector in use.
#[derive(Debug)]
pub(crate) struct DetectorDesk {
    folder: ModelFolder,
    /// Manifest named in the settings file or on the command line: it stays.
    named: Option<PathBuf>,
    engines: EngineFactory,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Name of the model that was last taken or refused.
    seen: String,
    /// Why there is no detector, or a slower engine, or not the chosen one.
    note: Option<String>,
}

/// A model that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelChoice {
    /// By which it is chosen.
    pub name: String,
    /// As it calls itself.
    pub title: String,
    /// Licence in its manifest; empty for none.
    pub licence: String,
    /// Whether it is the chosen one.
    pub is_chosen: bool,
}

impl DetectorDesk {
    /// Loads the model that shall run.
    ///
    /// # Errors
    /// It cannot be used.
    pub(crate) fn open(config: &Config) -> anyhow::Result<Self> {
        let folder = ModelFolder::new(&config.data_dir);
        let model = folder.open(config.model.as_deref())?;
        let (engines, note) = make_engines(model);
        let seen = folder.chosen();
        Ok(DetectorDesk {
            folder,
            named: config.model.clone(),
            engines,
            state: Mutex::new(State { seen, note }),
        })
    }

    /// Makes the workers' engines.
    pub(crate) fn engines(&self) -> &EngineFactory {
        &self.engines
    }

    /// Facts of the detector in use; `None` when motion only.
    pub(crate) fn facts(&self) -> Option<DetectorFacts> {
        self.engines.facts()
    }

    /// Why there is none, or a slower engine runs it, or it is not the chosen
    /// one.
    pub(crate) fn note(&self) -> Option<String> {
        self.lock().note.clone()
    }

    /// Manifest that is named in the settings, so that nothing can be chosen.
    pub(crate) fn named(&self) -> Option<&PathBuf> {
        self.named.as_ref()
    }

    /// What can be chosen.
    ///
    /// # Errors
    /// The models folder cannot be read.
    pub(crate) fn choices(&self) -> anyhow::Result<Vec<ModelChoice>> {
        let chosen = self.folder.chosen();
        let mut choices = Vec::new();
        for name in std::iter::once(BUILT_IN.to_owned()).chain(self.folder.list()?) {
            // One that cannot be read is named all the same.
            let manifest = manifest_of(&self.folder, &name).ok();
            choices.push(ModelChoice {
                is_chosen: name == chosen,
                title: manifest.as_ref().map_or(name.clone(), |m| m.name.clone()),
                licence: manifest.map(|m| m.licence).unwrap_or_default(),
                name,
            });
        }
        choices.push(ModelChoice {
            name: NONE.to_owned(),
            title: "None: motion only".to_owned(),
            licence: String::new(),
            is_chosen: chosen == NONE,
        });
        Ok(choices)
    }

    /// Chooses a model and uses it from now on. Takes a second or more.
    ///
    /// # Errors
    /// There is no such model, it does not run here, or a manifest is named in
    /// the settings; the old one stays in use.
    pub(crate) fn choose(&self, name: &str) -> anyhow::Result<()> {
        if let Some(named) = &self.named {
            anyhow::bail!(
                "the settings name the detector {}: take that out and start airelay again",
                named.display()
            );
        }
        self.folder.check_name(name)?;
        let (engines, note) = self.try_model(name)?;
        self.folder.choose(name)?;
        self.take(name, &engines, note);
        Ok(())
    }

    /// Uses the model that somebody chose meanwhile. Returns whether anything
    /// changed.
    pub(crate) fn follow(&self) -> bool {
        let chosen = self.folder.chosen();
        if self.named.is_some() || chosen == self.lock().seen {
            return false;
        }
        match self.try_model(&chosen) {
            Ok((engines, note)) => self.take(&chosen, &engines, note),
            Err(error) => {
                let text = format!("{chosen} cannot be used, the old detector stays: {error:#}");
                error!(error = text, "detector");
                *self.lock() = State {
                    seen: chosen,
                    note: Some(text),
                };
            }
        }
        true
    }

    fn try_model(&self, name: &str) -> anyhow::Result<(EngineFactory, Option<String>)> {
        let (engines, note) = make_engines(self.folder.open_named(name)?);
        engines
            .make()
            .with_context(|| format!("try model {name}"))?;
        Ok((engines, note))
    }

    fn take(&self, name: &str, engines: &EngineFactory, note: Option<String>) {
        self.engines.exchange(engines);
        *self.lock() = State {
            seen: name.to_owned(),
            note,
        };
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

/// Tries an installed detector.
///
/// # Errors
/// It cannot be read or does not run here.
pub(crate) fn try_detector(folder: &ModelFolder, name: &str) -> anyhow::Result<()> {
    let (engines, _) = make_engines(folder.open_named(name)?);
    engines.make().map(|_| ())
}

/// Engines with the model, and what to tell about it.
fn make_engines(model: Option<ModelFiles>) -> (EngineFactory, Option<String>) {
    let Some(model) = model else {
        warn!("{MOTION_ONLY}");
        return (EngineFactory::motion_only(), Some(MOTION_ONLY.to_owned()));
    };
    info!(
        model = model.manifest.name,
        origin = model.origin,
        "detector"
    );
    let (engines, note) = engine_factory(model);
    if let Some(note) = &note {
        warn!(note, "detector");
    }
    (engines, note)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Overrides;

    fn desk(data_dir: &std::path::Path) -> DetectorDesk {
        let overrides = Overrides {
            data_dir: Some(data_dir.to_path_buf()),
            ..Overrides::default()
        };
        DetectorDesk::open(&Config::load(None, overrides).unwrap()).unwrap()
    }

    #[test]
    fn chosen_model_takes_the_place_of_the_old_one_and_engines_notice() {
        let data = tempfile::tempdir().unwrap();
        let desk = desk(data.path());
        let engine = desk.engines().make().unwrap();
        assert!(engine.detector.is_some() && desk.engines().is_current(&engine));
        desk.choose(NONE).unwrap();
        assert!(!desk.engines().is_current(&engine));
        assert_eq!(desk.facts(), None);
        assert_eq!(desk.note().as_deref(), Some(MOTION_ONLY));
        // From elsewhere, as `airelay model use` does.
        ModelFolder::new(data.path()).choose(BUILT_IN).unwrap();
        assert!(desk.follow());
        assert!(desk.facts().is_some());
        assert!(!desk.follow(), "nothing new");
    }

    #[test]
    fn model_that_does_not_run_leaves_the_old_one_in_use() {
        let data = tempfile::tempdir().unwrap();
        let desk = desk(data.path());
        let before = desk.facts();
        assert!(desk.choose("none-of-this-name").is_err());
        let broken = data.path().join("models/broken");
        std::fs::create_dir_all(&broken).unwrap();
        std::fs::write(broken.join("manifest.toml"), "no manifest").unwrap();
        assert!(desk.choose("broken").is_err());
        ModelFolder::new(data.path()).choose("broken").unwrap();
        assert!(desk.follow());
        assert_eq!(desk.facts(), before);
        let note = desk.note().unwrap();
        assert!(note.starts_with("broken cannot be used"), "{note}");
        assert!(!desk.follow(), "tried once");
    }
}
