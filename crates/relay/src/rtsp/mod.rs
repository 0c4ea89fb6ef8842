//! The RTSP server: who watches which camera, and what they are sent.
//!
//! In: connections on the RTSP port, and those that the web server hands over
//! (tunnels through HTTP, WebSockets). Out: pictures and metadata of running
//! cameras to whoever proves a device account's password.
//!
//! ```text
//! listen ── wire ── conversation ── player ── outlet     one of each per viewer
//!            │                         │
//!          tunnel                    feed                 one per watched camera
//!                                                         and kind of video
//! ```
//!
//! Bounds: [`limits`]. A viewer that is too slow loses pictures, which is
//! counted and shown; nobody waits for it.
//!
//! Not here: the protocol itself (`sink::rtsp`), encoding (`transcode`).

mod limits;
mod listen;
mod wire;
mod tunnel;
mod websocket;
mod conversation;
mod player;
mod outlet;
mod documents;
mod events;
mod alarms;
mod feed;
mod viewers;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use sink::access::Account;
use sink::rtsp::{CameraName, Target};
use tokio::runtime::Handle;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::{CameraId, Clock};

use self::alarms::Alarms;
use self::feed::Feeds;
use self::limits::WAITING_WISHES;
use self::tunnel::Tunnels;
use self::viewers::Viewers;
use crate::device_accounts::DeviceAccounts;
use crate::onvif::OnvifDesk;
use crate::storage::Storage;
use crate::supervise::{CameraRuntime, Fleet};

pub(crate) use self::tunnel::Sniffed;
pub(crate) use self::viewers::{Viewer, ViewerFacts, Watch, Way};
pub(crate) use self::websocket::{MAX_MESSAGE_BYTES, SUBPROTOCOLS};

/// The RTSP server; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Rtsp {
    shared: Arc<Shared>,
}

/// What the server is built from.
#[derive(Clone, Debug)]
pub(crate) struct RtspParts {
    /// Running cameras.
    pub fleet: Arc<Fleet>,
    /// Who may watch.
    pub accounts: DeviceAccounts,
    /// Events, and what metadata tracks carry.
    pub onvif: OnvifDesk,
    /// Pictures of alarms.
    pub storage: Storage,
    /// Where tasks run that the store's thread starts.
    pub runtime: Handle,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where its tasks are waited for.
    pub tasks: TaskTracker,
    /// Cancelled when the program stops.
    pub stop: CancellationToken,
}

#[derive(Debug)]
struct Shared {
    parts: RtspParts,
    viewers: Viewers,
    feeds: Feeds,
    tunnels: Tunnels,
    alarms: Alarms,
    /// Cameras whose viewers shall be told everything anew.
    synchronise: broadcast::Sender<CameraId>,
    state: Mutex<ListenState>,
}

/// Whether the port is open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ListenState {
    /// Where viewers connect, once that works.
    pub addr: Option<SocketAddr>,
    /// Why it does not.
    pub error: Option<String>,
}

impl Rtsp {
    /// A server that does not listen yet.
    pub(crate) fn new(parts: RtspParts) -> Self {
        Rtsp {
            shared: Arc::new(Shared {
                parts,
                viewers: Viewers::default(),
                feeds: Feeds::default(),
                tunnels: Tunnels::default(),
                alarms: Alarms::default(),
                synchronise: broadcast::Sender::new(WAITING_WISHES),
                state: Mutex::default(),
            }),
        }
    }

    /// Listens on `addr` from now on; tries again while the address is taken.
    pub(crate) fn listen(&self, addr: SocketAddr) {
        let parts = &self.shared.parts;
        parts.tasks.spawn(listen::serve(self.clone(), addr));
    }

    /// Whether the port is open, and which it is.
    pub(crate) fn state(&self) -> ListenState {
        let state = self.shared.state.lock();
        state.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_state(&self, state: ListenState) {
        let slot = self.shared.state.lock();
        *slot.unwrap_or_else(PoisonError::into_inner) = state;
    }

    /// Everybody who is being sent something.
    pub(crate) fn viewers(&self) -> Vec<ViewerFacts> {
        self.shared.viewers.list()
    }

    /// Puts a viewer on the list who is served elsewhere; `None` when there are
    /// too many.
    pub(crate) fn enter(&self, watch: Watch) -> Option<Viewer> {
        self.shared.viewers.enter(watch)
    }

    /// Pictures and documents that slow viewers lost, by camera.
    pub(crate) fn n_lost(&self) -> std::collections::BTreeMap<CameraId, u64> {
        self.shared.viewers.n_lost()
    }

    /// Makes the next picture of a camera's streams need no other, and sends
    /// all states anew: ONVIF's synchronisation point.
    pub(crate) fn synchronise(&self, camera_id: &CameraId) {
        self.shared.feeds.want_key(camera_id);
        // Fails when nobody watches.
        drop(self.shared.synchronise.send(camera_id.clone()));
    }

    fn clock(&self) -> &dyn Clock {
        &*self.shared.parts.clock
    }

    fn stop(&self) -> &CancellationToken {
        &self.shared.parts.stop
    }

    /// The running camera that a stream is of.
    fn camera(&self, target: &Target) -> Option<Arc<CameraRuntime>> {
        let fleet = &self.shared.parts.fleet;
        match &target.camera {
            CameraName::Id(id) => fleet.get(&CameraId::new(id).ok()?),
            CameraName::Number(number) => {
                let mut cameras = fleet.all();
                let idx = number.checked_sub(1)?;
                (idx < cameras.len()).then(|| cameras.swap_remove(idx))
            }
        }
    }

    /// Whether this very camera still runs; one that was removed and added
    /// again is another.
    fn is_running(&self, camera: &Arc<CameraRuntime>) -> bool {
        let found = self.shared.parts.fleet.get(&camera.camera_id);
        found.is_some_and(|found| Arc::ptr_eq(&found, camera))
    }

    /// Whether an account is as it was when its password was proven.
    fn is_still_allowed(&self, account: &Account) -> bool {
        let found = self.shared.parts.accounts.find(&account.name);
        found.as_ref() == Some(account)
    }
}
