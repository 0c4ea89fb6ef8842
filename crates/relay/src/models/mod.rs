//! Which models run, and where their files are.
//!
//! Each model is a folder `models/NAME` of the data folder (`folder`) with a
//! manifest and a network (`files`). Of detectors one runs, in order of
//! preference: the manifest named in the settings file, the one chosen, the
//! built-in one. Of models that describe looks any number runs: those that the
//! file `looks` names. What runs a network is made in `engine`.

mod engine;
mod files;
mod folder;

pub(crate) use self::engine::backend_for;
pub use self::engine::{engine_factory, rten_factory};
pub(crate) use self::files::{AnyManifest, ModelKind, built_in, manifest_of};
pub use self::files::{ModelFiles, open_files};
pub(crate) use self::folder::ModelFolder;

/// Name by which the built-in detector is chosen.
pub(crate) const BUILT_IN: &str = "built-in";

/// Name by which no detector is chosen: motion only.
pub(crate) const NONE: &str = "none";

/// Most models for looks in use at one time: each costs time for each best shot.
pub(crate) const MAX_LOOKS: usize = 8;
