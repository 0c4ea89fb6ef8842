//! The ONVIF device: what it remembers, and who is told what.
//!
//! In: stored steps of events, a look at the cameras each second, requests.
//! Out: notifications to pull points, consumers and whoever else listens.
//!
//! Not here: the wire form (`sink::onvif`), HTTP and logins (`web::onvif`).

mod book;
mod feed;
mod view;
mod edit;
mod push;
mod discovery;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use sha2::{Digest as _, Sha256};
use sink::onvif::device::Identity;
use sink::onvif::notification::Notification;
use sink::onvif::soap::NonceBook;
use sink::onvif::state::DeviceState;
use sink::onvif::subscription::Hub;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::{CameraId, Clock, Timestamp};

pub(crate) use self::book::{OnvifBook, OnvifDocument};
pub(crate) use self::discovery::{find_devices, start as start_discovery};
pub(crate) use self::edit::{create_rules, delete_rules, modify_rules, rule_ids};
pub(crate) use self::push::push;
pub(crate) use self::view::{device, names_of, rule_setups};

use crate::secrets::{Vault, random_token};

/// Notifications that wait for a listener; beyond, it loses some and is told so.
/// Those of objects hold a picture.
const MAX_BEHIND: usize = 256;

/// What the ONVIF device remembers; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct OnvifDesk {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    book: OnvifBook,
    clock: Arc<dyn Clock>,
    vault: Arc<Vault>,
    /// Precedes the path of pictures in notifications.
    public_url: String,
    rtsp_port: Option<u16>,
    state: Mutex<DeviceState>,
    /// Revision of each camera's settings that `state` knows, and of our own.
    seen: Mutex<BTreeMap<CameraId, (u64, u64)>>,
    /// Held while anything is told, so that who begins to listen under it
    /// misses nothing.
    hub: Mutex<Hub>,
    told: broadcast::Sender<Arc<Notification>>,
    nonces: Mutex<NonceBook>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// What a desk is made of.
#[derive(Debug)]
pub(crate) struct DeskParts {
    /// Its settings.
    pub book: OnvifBook,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Signs the links of pictures.
    pub vault: Arc<Vault>,
    /// Precedes the path of pictures in notifications.
    pub public_url: String,
    /// Port of the RTSP server, where there is one.
    pub rtsp_port: Option<u16>,
    /// Where tasks of consumers run.
    pub tasks: TaskTracker,
    /// Ends them.
    pub stop: CancellationToken,
}

impl OnvifDesk {
    /// A desk that knows no camera yet.
    pub(crate) fn new(parts: DeskParts) -> Self {
        OnvifDesk {
            shared: Arc::new(Shared {
                book: parts.book,
                clock: parts.clock,
                vault: parts.vault,
                public_url: parts.public_url,
                rtsp_port: parts.rtsp_port,
                state: Mutex::default(),
                seen: Mutex::default(),
                hub: Mutex::default(),
                told: broadcast::Sender::new(MAX_BEHIND),
                nonces: Mutex::default(),
                tasks: parts.tasks,
                stop: parts.stop,
            }),
        }
    }

    /// Its settings.
    pub(crate) fn book(&self) -> &OnvifBook {
        &self.shared.book
    }

    /// All subscriptions.
    pub(crate) fn hub(&self) -> MutexGuard<'_, Hub> {
        lock(&self.shared.hub)
    }

    /// Nonces of logins.
    pub(crate) fn nonces(&self) -> MutexGuard<'_, NonceBook> {
        lock(&self.shared.nonces)
    }

    /// All states as of now. Who begins to listen asks for them while it holds
    /// the [`hub`](Self::hub): then nothing happens unheard in between.
    pub(crate) fn all_states(&self, now: Timestamp) -> Vec<Arc<Notification>> {
        let states = lock(&self.shared.state).all(now);
        states.into_iter().map(Arc::new).collect()
    }

    /// All states of a camera as of now.
    pub(crate) fn states_of(&self, camera_id: &CameraId) -> Vec<Arc<Notification>> {
        let now = self.shared.clock.now();
        let states = lock(&self.shared.state).of_camera(camera_id, now);
        states.into_iter().map(Arc::new).collect()
    }

    /// All states of a camera, and everything that is told from then on, of
    /// whatever camera.
    pub(crate) fn follow(
        &self,
        camera_id: &CameraId,
    ) -> (
        Vec<Arc<Notification>>,
        broadcast::Receiver<Arc<Notification>>,
    ) {
        let _nothing_is_told = self.hub();
        let told = self.shared.told.subscribe();
        (self.states_of(camera_id), told)
    }

    /// Port of the RTSP server, where there is one.
    pub(crate) fn rtsp_port(&self) -> Option<u16> {
        self.shared.rtsp_port
    }

    /// Tells everybody who wants to know.
    pub(crate) fn publish(&self, notifications: Vec<Notification>) {
        if notifications.is_empty() {
            return;
        }
        let notifications: Vec<_> = notifications.into_iter().map(Arc::new).collect();
        let mut hub = self.hub();
        hub.publish(&notifications);
        for notification in notifications {
            // Fails when nobody follows.
            drop(self.shared.told.send(notification));
        }
    }

    /// A name for a new subscription that nobody can guess.
    ///
    /// # Errors
    /// The system gives no random numbers.
    pub(crate) fn new_subscription_id(&self) -> anyhow::Result<String> {
        Ok(random_token()?
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(32)
            .collect())
    }

    /// Who the device is: made of the installation's key, so that it is the
    /// same after every start.
    pub(crate) fn identity(&self) -> Identity {
        let hash = Sha256::digest(self.shared.vault.sign("onvif device").as_bytes());
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        Identity {
            // Version 8: made by a rule of our own (RFC 9562).
            uuid: format!(
                "{}-{}-8{}-a{}-{}",
                part(0, 8),
                part(8, 12),
                part(13, 16),
                part(17, 20),
                part(20, 32)
            ),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            serial_number: part(32, 44).to_owned(),
            hostname: hostname(),
            mac: format!(
                "02:{}:{}:{}:{}:{}",
                part(44, 46),
                part(46, 48),
                part(48, 50),
                part(50, 52),
                part(52, 54)
            ),
        }
    }
}

/// Name of this machine.
fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().take(63).collect();
    match name.is_empty() {
        true => "airelay".to_owned(),
        false => name,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}
