//! How a node does, for people and metrics.
//!
//! In: words from the node's task. Out: one [`NodeNotes`] at a time.

use std::sync::{Mutex, MutexGuard};

use types::Timestamp;

use super::wire::CameraStateView;

/// Where the link to a node stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NodeLink {
    /// Switched off by a person.
    #[default]
    Off,
    /// Asked for the first time since the start.
    Connecting,
    /// Everything is here.
    Following,
    /// Fetching what came while the link was down, or what was there before.
    CatchingUp,
    /// Failed; tries again after a pause.
    Waiting,
    /// Failed; waits for a person.
    Failed,
}

impl NodeLink {
    /// Lower-case name, as in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            NodeLink::Off => "off",
            NodeLink::Connecting => "connecting",
            NodeLink::Following => "following",
            NodeLink::CatchingUp => "catching_up",
            NodeLink::Waiting => "waiting",
            NodeLink::Failed => "failed",
        }
    }
}

/// How a node does at one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeNotes {
    /// Where the link stands.
    pub link: NodeLink,
    /// What is wrong, and what to do.
    pub error: Option<String>,
    /// Something else that a person should know.
    pub notice: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// When it last answered.
    pub heard_at: Option<Timestamp>,
    /// As of when everything since the registration is here.
    pub complete_at: Option<Timestamp>,
    /// About how many changes still have to be fetched.
    pub n_behind: u64,
    /// Whether what was there before the registration is still being fetched.
    pub has_history_left: bool,
    /// Steps of events that were fetched since the start.
    pub n_steps: u64,
    /// Pictures that were fetched since the start.
    pub n_pictures: u64,
    /// Times that fetching failed since the start.
    pub n_failures: u64,
}

/// One node's notes; shared by its task and readers.
#[derive(Debug)]
pub(crate) struct NodeState {
    notes: Mutex<NodeNotes>,
    cameras: Mutex<Vec<CameraStateView>>,
}

impl NodeState {
    /// Nothing is known yet.
    pub(super) fn new(is_enabled: bool) -> Self {
        let link = match is_enabled {
            true => NodeLink::Connecting,
            false => NodeLink::Off,
        };
        NodeState {
            notes: Mutex::new(NodeNotes {
                link,
                ..NodeNotes::default()
            }),
            cameras: Mutex::default(),
        }
    }

    /// As it is now.
    pub(super) fn notes(&self) -> NodeNotes {
        lock(&self.notes).clone()
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut NodeNotes)) {
        change(&mut lock(&self.notes));
    }

    pub(super) fn put_cameras(&self, cameras: Vec<CameraStateView>) {
        *lock(&self.cameras) = cameras;
    }

    /// What a camera does, by its id at the node; nothing where the node is not
    /// heard.
    pub(super) fn camera(&self, own_id: &str) -> Option<CameraStateView> {
        let link = lock(&self.notes).link;
        if ![NodeLink::Following, NodeLink::CatchingUp].contains(&link) {
            return None;
        }
        let cameras = lock(&self.cameras);
        cameras.iter().find(|camera| camera.id == own_id).cloned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}
