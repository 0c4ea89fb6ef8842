//! A linked camera in, encoded frames out.
//!
//! In: a checked [`Link`] (from settings as typed, often written by a preset).
//! Out: one [`types::EncodedFrame`] per call of [`Source::next`], and errors
//! that name a [`Cause`] an installer understands.
//!
//! Time: `captured_at` comes from the [`types::Clock`] handed in; timeouts and
//! the pace of one-shot requests use tokio's timers, so tests can pause them.
//!
//! Passive: nothing here spawns a task or thread. Even the HTTP connection is
//! driven only while a caller awaits [`Source::open`] or [`Source::next`].
//!
//! Not here: pixels, rules, storage, and deciding when to reconnect (a
//! supervisor does, with [`Error::reaction`] and [`Backoff`]).

pub mod link;
pub mod presets;
mod limits;
mod error;
mod cause;
mod tls;
mod http;
pub mod mjpeg;
mod snapshot;
mod stream;
mod camera;
mod backoff;
mod meter;
mod advice;
pub mod replay;

pub use crate::advice::{Advice, advice};
pub use crate::backoff::Backoff;
pub use crate::camera::{Info, ModeInUse, Source};
pub use crate::cause::Cause;
pub use crate::error::{Error, Reaction};
pub use crate::http::auth::{AuthScheme, Login, LoginError};
pub use crate::limits::Limits;
pub use crate::link::{Credentials, FieldError, Link, LinkText, Mode, Protocol, Secret};
pub use crate::meter::{Meter, Reading};
