//! What the command line changes beside us takes effect without a restart.
//!
//! In: writes of `airelay camera add` to the same database, and the model that
//! `airelay model use` chose, and programs that `airelay ext` installed. Out:
//! cameras started or changed, models or programs exchanged. Accounts need
//! nothing: they are read at each sign-in.

use std::sync::Arc;

use tracing::{error, info, warn};

use crate::web::{App, tell_settings};

/// Remembers what was seen.
#[derive(Debug)]
pub(super) struct Follower {
    app: App,
    /// Number that changes with each write of another process.
    seen_writes: Option<i64>,
}

impl Follower {
    /// Has seen nothing yet.
    pub(super) fn new(app: App) -> Self {
        Follower {
            app,
            seen_writes: None,
        }
    }

    /// Follows what changed since the last look.
    pub(super) async fn look(&mut self) {
        let desk = Arc::clone(&self.app.detector);
        match tokio::task::spawn_blocking(move || desk.follow()).await {
            Ok(true) => self.app.changes.tell("system", &serde_json::json!({})),
            Ok(false) => {}
            Err(error) => warn!(%error, "look for another detector"),
        }
        let desk = self.app.looks.clone();
        match tokio::task::spawn_blocking(move || desk.follow()).await {
            Ok(true) => self.app.changes.tell("system", &serde_json::json!({})),
            Ok(false) => {}
            Err(error) => warn!(%error, "look for models that describe looks"),
        }
        let desk = self.app.extensions.clone();
        match tokio::task::spawn_blocking(move || desk.follow()).await {
            Ok(true) => self.app.changes.tell("system", &serde_json::json!({})),
            Ok(false) => {}
            Err(error) => warn!(%error, "look for installed programs"),
        }
        let writes = self.app.storage.write(|store| store.foreign_writes()).await;
        match writes {
            Ok(writes) if self.seen_writes.replace(writes) == Some(writes) => {}
            Ok(_) => {
                if let Err(error) = self.take_cameras().await {
                    warn!(error = %format!("{error:#}"), "look for changes of the command line");
                    self.seen_writes = None;
                }
            }
            Err(error) => {
                warn!(error = %format!("{error:#}"), "look for changes of the command line");
            }
        }
    }

    async fn take_cameras(&self) -> anyhow::Result<()> {
        let app = &self.app;
        let _changing = app.changing.lock().await;
        for record in app.cameras.list().await? {
            let running = app.fleet.get(&record.camera_id);
            if running.is_some_and(|camera| camera.current_settings().revision >= record.revision) {
                continue;
            }
            match record.document.resolve(
                &record.camera_id,
                record.revision,
                &app.schedules.ready(),
                &app.vault,
            ) {
                Ok(settings) => {
                    info!(camera = %record.camera_id, "changed on the command line");
                    app.fleet.put(settings);
                    tell_settings(app, &record.camera_id);
                }
                Err(errors) => error!(camera = %record.camera_id, %errors, "camera not started"),
            }
        }
        Ok(())
    }
}
