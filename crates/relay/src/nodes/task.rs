//! The task that follows one node's feed.
//!
//! In: pages of the node's feed, by long poll. Out: pages in the store, each
//! with its cursor; notes on how the node does.
//!
//! What is new goes first; what was there before the registration is fetched
//! while nothing is new. After a failure it waits, doubling up to a minute.
//!
//! Time comes from the clock of [`NodeParts`]; pauses are tokio's.

use std::sync::Arc;
use std::time::Duration;

use source::{Backoff, Reaction};
use store::{FeedChange, NodeApplied, NodePage, NodeProgress};
use tokio_util::sync::CancellationToken;
use types::CameraId;

use super::camera::{RelayedCamera, understand};
use super::client::{FeedQuery, NodeClient};
use super::error::NodeError;
use super::state::{NodeLink, NodeState};
use super::wire::{CameraChangeView, ChangeView, FeedView};
use super::{NodeParts, NodeRecord, cursor_of};
use crate::secrets::random_seed;

/// How long a node waits for news before it answers, seconds; so old are the
/// states of its cameras at most.
const WAIT_S: u32 = 5;
/// How often the states of a node's cameras are asked for.
const STATES_EVERY: Duration = Duration::from_secs(5);

/// Tells browsers that a camera is new, became otherwise, or went.
pub(super) fn tell_settings(parts: &NodeParts, camera_id: &CameraId) {
    let change = serde_json::json!({"camera_id": camera_id.as_str()});
    parts.changes.tell("settings", &change);
}

/// Follows one node.
pub(super) struct NodeTask {
    parts: NodeParts,
    node_id: String,
    node_name: String,
    state: Arc<NodeState>,
}

/// Why a page was not taken over.
enum Failure {
    Node(NodeError),
    Own(anyhow::Error),
}

impl From<NodeError> for Failure {
    fn from(error: NodeError) -> Self {
        Failure::Node(error)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Failure::Own(error)
    }
}

impl NodeTask {
    pub(super) fn new(parts: NodeParts, record: &NodeRecord, state: Arc<NodeState>) -> Self {
        NodeTask {
            parts,
            node_id: record.id.clone(),
            node_name: record.document.name.clone(),
            state,
        }
    }

    /// Says that nothing can be fetched before a person does something.
    pub(super) fn fail(&self, text: &str) {
        self.state.change(|notes| {
            notes.link = NodeLink::Failed;
            notes.error = Some(text.to_owned());
        });
    }

    /// Takes the node's cameras out of the store, for names.
    pub(super) async fn know_cameras(&self) -> anyhow::Result<()> {
        let node_id = self.node_id.clone();
        let (stored, progress) = self
            .parts
            .storage
            .read(move |reader| {
                Ok((
                    reader.node_cameras(Some(&node_id))?,
                    reader.node_progress(&node_id)?,
                ))
            })
            .await?;
        let quiet_before = progress.map(|progress| progress.quiet_before);
        let cameras = stored.into_iter().filter_map(|(camera_id, json)| {
            let understood = understand(&camera_id, &json, &self.parts.vault);
            if understood.is_none() {
                tracing::warn!(camera = %camera_id, "settings of a node's camera are not understood");
            }
            let (document, settings) = understood?;
            Some(RelayedCamera {
                node_id: self.node_id.clone(),
                node_name: self.node_name.clone(),
                document,
                settings: Arc::new(settings),
                quiet_before: quiet_before?,
            })
        });
        self.parts.relayed.replace(&self.node_id, cameras.collect());
        Ok(())
    }

    /// Follows the node until `stop`.
    pub(super) async fn follow(self, client: NodeClient, token: String, stop: CancellationToken) {
        let mut backoff = Backoff::new(random_seed().unwrap_or_default());
        let mut states_at = tokio::time::Instant::now();
        let mut has_cameras = false;
        loop {
            let asks_states = tokio::time::Instant::now() >= states_at;
            let round = self.round(&client, &token, &mut has_cameras, asks_states);
            let done = tokio::select! {
                () = stop.cancelled() => return,
                done = round => done,
            };
            let Err(failure) = done else {
                backoff = Backoff::new(random_seed().unwrap_or_default());
                if asks_states {
                    states_at = tokio::time::Instant::now() + STATES_EVERY;
                }
                continue;
            };
            let needs_person = self.note_failure(failure);
            // Who needs a person is still asked now and then: the person may
            // mend it at the node.
            let delay = backoff.next_delay(Reaction::Retry).unwrap_or_default();
            let delay = match needs_person {
                true => delay.max(Duration::from_secs(10)),
                false => delay,
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(delay) => {}
            }
        }
    }

    /// One page of what is new, or of what was there before.
    async fn round(
        &self,
        client: &NodeClient,
        token: &str,
        has_cameras: &mut bool,
        asks_states: bool,
    ) -> Result<(), Failure> {
        if !*has_cameras {
            // All at once, so that names are there before the events.
            let cameras = client.cameras(token).await?;
            self.take_cameras(cameras).await?;
            *has_cameras = true;
        }
        let before = self.progress().await?;
        let query = FeedQuery {
            after: before.cursor.to_string(),
            until: None,
            wait_s: if before.history.is_some() { 0 } else { WAIT_S },
            has_cameras: asks_states,
        };
        let mut view = client.feed(&query, token).await?;
        if view.database_id != before.database_id {
            return Err(Failure::Node(NodeError::person(
                "read what is new",
                "another airelay answers there, or its data folder was made anew",
                "remove this node and register that one",
            )));
        }
        if let Some(cameras) = view.cameras.take() {
            self.state.put_cameras(cameras);
        }
        self.note_heard(&view, before.history.is_some());
        if view.is_restart {
            return self.start_over(&before, &view).await;
        }
        let is_behind = view.n_behind > 0;
        let mut after = before.clone();
        after.cursor = cursor_of(&view.cursor)?;
        if after != before {
            self.take_page(before.clone(), after, view).await?;
        }
        if is_behind || before.history.is_none() {
            return Ok(());
        }
        self.history(client, token).await
    }

    /// One page of what was there before the registration.
    async fn history(&self, client: &NodeClient, token: &str) -> Result<(), Failure> {
        let before = self.progress().await?;
        let Some((cursor, until)) = before.history else {
            return Ok(());
        };
        let query = FeedQuery {
            after: cursor.to_string(),
            until: Some(until.to_string()),
            wait_s: 0,
            has_cameras: false,
        };
        let view = client.feed(&query, token).await?;
        if view.is_restart {
            return self.start_over(&before, &view).await;
        }
        let cursor = cursor_of(&view.cursor)?;
        let mut after = before.clone();
        after.history = (!cursor.reaches(&until)).then_some((cursor, until));
        self.take_page(before, after, view).await
    }

    /// The node does not know our cursor: it was set back to a backup. What is
    /// there already is not taken twice.
    async fn start_over(&self, before: &NodeProgress, view: &FeedView) -> Result<(), Failure> {
        let newest = cursor_of(&view.newest)?;
        let progress = NodeProgress {
            cursor: newest,
            history: Some((newest.at_start(), newest)),
            ..before.clone()
        };
        tracing::warn!(
            node = self.node_id,
            "its database was set back; its feed is read anew"
        );
        self.parts
            .storage
            .write(move |store| store.put_node_progress(&progress))
            .await?;
        self.state.change(|notes| {
            notes.notice = Some(
                "its database was set back to a backup, so everything there was compared again"
                    .to_owned(),
            );
        });
        Ok(())
    }

    async fn progress(&self) -> anyhow::Result<NodeProgress> {
        let node_id = self.node_id.clone();
        let progress = self
            .parts
            .storage
            .read(move |reader| reader.node_progress(&node_id))
            .await?;
        progress.ok_or_else(|| anyhow::anyhow!("nothing is noted of this node: register it again"))
    }

    async fn take_page(
        &self,
        before: NodeProgress,
        after: NodeProgress,
        view: FeedView,
    ) -> Result<(), Failure> {
        let mut changes = Vec::new();
        for change in view.changes {
            changes.extend(self.read(change)?);
        }
        let is_live = before.cursor != after.cursor;
        let page = NodePage {
            before,
            after,
            changes,
            now: self.parts.clock.now(),
        };
        let has_history_left = page.after.history.is_some();
        let applied = self.parts.storage.apply_node_page(page).await?;
        self.note_applied(&applied, view.n_behind, is_live, has_history_left);
        if !applied.cameras.is_empty() {
            self.know_cameras().await?;
            for camera_id in &applied.cameras {
                tell_settings(&self.parts, camera_id);
            }
        }
        Ok(())
    }

    /// Cameras as they are now, those that are gone among them.
    async fn take_cameras(&self, cameras: Vec<CameraChangeView>) -> Result<(), Failure> {
        let before = self.progress().await?;
        let mut changes = Vec::new();
        for camera in cameras {
            changes.extend(self.read(ChangeView::Camera(camera))?);
        }
        let node_id = self.node_id.clone();
        let known = self
            .parts
            .storage
            .read(move |reader| reader.node_cameras(Some(&node_id)))
            .await?;
        let is_there = |known: &CameraId| {
            changes.iter().any(|change| match change {
                FeedChange::Camera { camera_id, .. } => camera_id == known,
                _ => false,
            })
        };
        let gone: Vec<FeedChange> = known
            .into_iter()
            .filter(|(camera_id, _)| !is_there(camera_id))
            .map(|(camera_id, _)| FeedChange::Camera {
                camera_id,
                document: None,
            })
            .collect();
        changes.extend(gone);
        for changes in changes.chunks(store::MAX_FEED_PAGE as usize) {
            let page = NodePage {
                before: before.clone(),
                after: before.clone(),
                changes: changes.to_vec(),
                now: self.parts.clock.now(),
            };
            self.parts.storage.apply_node_page(page).await?;
        }
        self.know_cameras().await?;
        for change in &changes {
            if let FeedChange::Camera { camera_id, .. } = change {
                tell_settings(&self.parts, camera_id);
            }
        }
        Ok(())
    }

    fn read(&self, change: ChangeView) -> Result<Option<FeedChange>, Failure> {
        let name = |own: &str| {
            let own = CameraId::new(own).ok().filter(|own| own.node().is_none())?;
            CameraId::new(&format!("{}.{own}", self.node_id)).ok()
        };
        change.read(name).map_err(|error| {
            Failure::Node(NodeError::person(
                "understand what it sent",
                error.to_string(),
                "",
            ))
        })
    }

    fn note_heard(&self, view: &FeedView, has_history_left: bool) {
        let now = self.parts.clock.now();
        self.state.change(|notes| {
            notes.heard_at = Some(now);
            notes.error = None;
            notes.version = Some(view.version.clone());
            notes.has_history_left = has_history_left;
            if view.changes.is_empty() {
                notes.n_behind = 0;
                notes.complete_at = Some(now);
            }
            notes.link = match has_history_left || notes.n_behind > 0 {
                true => NodeLink::CatchingUp,
                false => NodeLink::Following,
            };
            if view.has_gap {
                notes.notice = Some(
                    "the link was down for longer than the node keeps its data: what its \
                     retention removed meanwhile is not here"
                        .to_owned(),
                );
            }
        });
    }

    fn note_applied(
        &self,
        applied: &NodeApplied,
        n_behind: u64,
        is_live: bool,
        has_history_left: bool,
    ) {
        let now = self.parts.clock.now();
        self.state.change(|notes| {
            notes.n_steps += applied.n_steps;
            notes.n_pictures += applied.n_pictures;
            notes.has_history_left = has_history_left;
            if is_live {
                notes.n_behind = n_behind;
                if n_behind == 0 {
                    notes.complete_at = Some(now);
                }
            }
            notes.link = match has_history_left || notes.n_behind > 0 {
                true => NodeLink::CatchingUp,
                false => NodeLink::Following,
            };
        });
    }

    /// Whether only a person can mend it.
    fn note_failure(&self, failure: Failure) -> bool {
        let (text, needs_person) = match failure {
            Failure::Node(error) => (error.to_string(), error.needs_person),
            Failure::Own(error) => (format!("{error:#}"), false),
        };
        let is_new = self.state.notes().error.as_deref() != Some(&text);
        if is_new {
            tracing::warn!(node = self.node_id, error = text, "node not followed");
        }
        self.state.change(|notes| {
            notes.n_failures += 1;
            notes.link = match needs_person {
                true => NodeLink::Failed,
                false => NodeLink::Waiting,
            };
            notes.error = Some(text);
        });
        needs_person
    }
}
