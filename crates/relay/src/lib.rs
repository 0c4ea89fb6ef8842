//! The program: settings, supervision, pipeline, web API, command line.
//!
//! The only crate that spawns threads and tasks and owns channels. It is a
//! library with a thin `main`, so that tests can wire the same parts.

mod clock;
mod config;
mod secrets;
pub mod settings;
mod alarms;
mod cameras;
mod schedules;
mod proposals;
mod evidence;
mod device_accounts;
mod storage;
mod clips;
mod models;
mod detector;
mod looks;
mod extensions;
mod watch_lists;
mod search;
pub mod pipeline;
mod supervise;
mod states;
mod deliver;
mod nodes;
mod rtsp;
mod onvif;
mod web;
mod event_brokers;
mod serve;
mod replay;
mod licences;
mod cli;

pub use crate::cli::run;
pub use crate::clock::SystemClock;
pub use crate::config::{Config, Overrides};
pub use crate::models::{ModelFiles, engine_factory, open_files, rten_factory};
pub use crate::replay::{ReplayInput, ReplaySummary, replay};
pub use crate::serve::{Relay, RelayOptions};
pub use crate::web::ApiDoc;
