//! Live changes for browsers, as server-sent events.
//!
//! Bounded and lossy: a browser that reads too slowly is told `reload` and
//! fetches the lists again.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use futures_util::{StreamExt as _, stream};
use serde::Serialize;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::App;
use super::session::Watcher;

/// Changes kept for a slow browser before it must reload.
const MAX_WAITING: usize = 256;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Spreads changes to all listening browsers.
#[derive(Clone, Debug)]
pub(crate) struct Changes {
    sender: broadcast::Sender<Change>,
}

/// One change, already written as JSON.
#[derive(Clone, Debug)]
struct Change {
    name: &'static str,
    json: Arc<str>,
}

impl Default for Changes {
    fn default() -> Self {
        Changes {
            sender: broadcast::Sender::new(MAX_WAITING),
        }
    }
}

impl Changes {
    /// Tells everybody that listens; nobody listening is fine.
    pub(crate) fn tell(&self, name: &'static str, data: &impl Serialize) {
        if self.sender.receiver_count() == 0 {
            return;
        }
        match serde_json::to_string(data) {
            Ok(json) => {
                // No receiver left since the check: nobody to tell.
                drop(self.sender.send(Change {
                    name,
                    json: json.into(),
                }));
            }
            Err(error) => tracing::error!(%error, name, "cannot write change as JSON"),
        }
    }

    /// Browsers listening at present.
    pub(crate) fn n_listeners(&self) -> usize {
        self.sender.receiver_count()
    }
}

/// Live changes: `camera`, `event`, `shot`, `alarm`, `handled`, `settings`,
/// `examples`, `reload`.
#[utoipa::path(get, path = "/api/v1/changes", tag = "live",
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream")))]
pub(super) async fn changes(watcher: Watcher, State(app): State<App>) -> impl IntoResponse {
    let receiver = app.changes.sender.subscribe();
    let stop = app.stop.clone();
    let events = stream::unfold((receiver, stop), |(mut receiver, stop)| async move {
        let change = tokio::select! {
            () = stop.cancelled() => return None,
            change = receiver.recv() => change,
        };
        let event = match change {
            Ok(change) => SseEvent::default().event(change.name).data(&*change.json),
            Err(RecvError::Lagged(_)) => SseEvent::default().event("reload").data("{}"),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok::<_, Infallible>(event), (receiver, stop)))
    });
    let events = events.take_until(Box::pin(watcher.ended()));
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}
