//! Events in ONVIF's own form: what pull points are told, for one viewer of
//! one camera.
//!
//! In: the ONVIF device's notifications. Out: those of the camera and those of
//! the whole device, all states first, as long as the camera's metadata
//! configuration has events. Who falls behind is told all states anew.

use std::collections::VecDeque;
use std::sync::Arc;

use sink::onvif::notification::{Notification, Operation};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use types::CameraId;

use super::viewers::Viewer;
use crate::onvif::OnvifDesk;

/// Most messages of one document.
const AT_ONCE: usize = 50;

/// Events for one viewer.
#[derive(Debug)]
pub(super) struct Events {
    desk: OnvifDesk,
    camera_id: CameraId,
    told: broadcast::Receiver<Arc<Notification>>,
    /// To be told, oldest first: at most all states of the camera and one
    /// document more.
    waiting: VecDeque<Arc<Notification>>,
    /// Whether the configuration had events when it was last looked at.
    is_wanted: bool,
}

impl Events {
    /// All states, then what happens from now on.
    pub(super) fn new(desk: &OnvifDesk, camera_id: &CameraId) -> Self {
        let (states, told) = desk.follow(camera_id);
        let mut events = Events {
            desk: desk.clone(),
            camera_id: camera_id.clone(),
            told,
            waiting: states.into(),
            is_wanted: true,
        };
        events.look();
        events
    }

    /// What is to be told next, in one document; `None` when there will be no
    /// more. May be dropped while it waits.
    pub(super) async fn next(&mut self, viewer: &Viewer) -> Option<Vec<Arc<Notification>>> {
        while self.waiting.is_empty() {
            match self.told.recv().await {
                Ok(notification) => self.take(notification),
                Err(RecvError::Lagged(count)) => self.catch_up(count, viewer),
                Err(RecvError::Closed) => return None,
            }
        }
        // What happened at the same time goes along.
        while self.waiting.len() < AT_ONCE {
            match self.told.try_recv() {
                Ok(notification) => self.take(notification),
                Err(TryRecvError::Lagged(count)) => self.catch_up(count, viewer),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let n_now = AT_ONCE.min(self.waiting.len());
        Some(self.waiting.drain(..n_now).collect())
    }

    /// All states are told anew.
    pub(super) fn restate(&mut self) {
        self.look();
        if self.is_wanted {
            self.add_states();
        }
    }

    /// What happened is told before; states not told yet are told once.
    fn add_states(&mut self) {
        let is_state =
            |notification: &Notification| notification.operation == Some(Operation::Initialized);
        self.waiting.retain(|waiting| !is_state(waiting));
        self.waiting.extend(self.desk.states_of(&self.camera_id));
    }

    fn take(&mut self, notification: Arc<Notification>) {
        let was_wanted = self.is_wanted;
        self.look();
        if !self.is_wanted {
            return;
        }
        if !was_wanted {
            // Switched on: whoever watches knows no state yet.
            self.add_states();
        }
        let camera_id = notification.camera_id.as_ref();
        if camera_id.is_none_or(|camera_id| *camera_id == self.camera_id) {
            self.waiting.push_back(notification);
        }
    }

    fn catch_up(&mut self, n_lost: u64, viewer: &Viewer) {
        if self.is_wanted {
            viewer.lost(n_lost);
        }
        self.restate();
    }

    /// Takes over what the configuration says now.
    fn look(&mut self) {
        let document = self.desk.book().present();
        self.is_wanted = document.metadata(&self.camera_id).has_events;
        if !self.is_wanted {
            self.waiting.clear();
        }
    }
}
