//! Programs installed from signed packages, run as WebAssembly components.
//!
//! In: the bytes of a `.ext` file; then scenes, one by one. Out: events and
//! counts, checked, or a [`Fault`] that names what the program did wrong.
//!
//! A program of this kind has no rights: no file, socket, clock, thread or
//! randomness. What it may use up is limited by counting, not by the clock,
//! so that the same scenes give the same output on any machine.
//!
//! Modules stand in the order in which a package meets them.
//!
//! Not here: who may install (`relay`), when a program is on (`programs`),
//! when it is started again after a fault (the caller, by [`Restarts`]).

mod key;
mod setting;
mod manifest;
mod package;
mod installed;
mod limits;
mod fault;
mod host;
mod convert;
mod check;
mod program;

pub use crate::fault::{Cause, Fault, Restarts};
pub use crate::host::{Extension, Host, LoadError};
pub use crate::installed::{InstallError, Installation, Installed, Listed, Loaded};
pub use crate::key::{KeyError, PublicKey, SIGNATURE_BYTES, SecretKey};
pub use crate::limits::Limits;
pub use crate::manifest::{INTERFACE, Manifest, ManifestError, TARGET};
pub use crate::package::{MAX_PACKAGE_BYTES, Package, PackageError, Unsigned};
pub use crate::program::{CameraSetup, ExtensionProgram, StartError, Usage};
pub use crate::setting::{Setting, SettingError, SettingKind, Value, Values};
