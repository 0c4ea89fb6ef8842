//! The couriers: a task for each sink that is switched on.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use types::Clock;

use super::receiver::Receiver;
use super::task::CourierTask;
use crate::onvif::OnvifBook;
use crate::secrets::Vault;
use crate::storage::Storage;
use crate::supervise::Fleet;

/// What every sink needs of the rest of the program; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct SinkParts {
    /// Rows.
    pub storage: Storage,
    /// Opens passwords.
    pub vault: Arc<Vault>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// For the names people gave to cameras and zones, and for what is seen.
    pub fleet: Arc<Fleet>,
    /// Precedes the path of links that receivers follow.
    pub public_url: String,
    /// Names that ONVIF clients gave to rules.
    pub onvif: OnvifBook,
}

/// All couriers.
#[derive(Debug)]
pub(super) struct Couriers {
    pub(super) parts: SinkParts,
    running: Mutex<Option<Running>>,
    couriers: Mutex<BTreeMap<String, Courier>>,
    /// Attempts that failed, by sink; for `/metrics`.
    n_failed: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
}

#[derive(Clone, Debug)]
struct Running {
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// One sink's task.
#[derive(Debug)]
struct Courier {
    wake: Arc<Notify>,
    stop: CancellationToken,
}

/// Where further tasks of a sink may run, and until when.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) tasks: TaskTracker,
    pub(super) stop: CancellationToken,
}

impl Couriers {
    pub(super) fn new(parts: SinkParts) -> Self {
        Couriers {
            parts,
            running: Mutex::default(),
            couriers: Mutex::default(),
            n_failed: Mutex::default(),
        }
    }

    /// From now on tasks may run, until `stop`.
    pub(super) fn start(&self, tasks: &TaskTracker, stop: &CancellationToken) {
        *lock(&self.running) = Some(Running {
            tasks: tasks.clone(),
            stop: stop.clone(),
        });
    }

    /// Makes a sink known to the store, and switches it on or off there.
    ///
    /// # Errors
    /// The store cannot write.
    pub(super) async fn register(&self, sink: &str, is_enabled: bool) -> anyhow::Result<()> {
        let (sink, now) = (sink.to_owned(), self.parts.clock.now());
        self.parts
            .storage
            .write(move |store| {
                store.register_sink(&sink, now)?;
                store.set_sink_enabled(&sink, is_enabled)
            })
            .await
    }

    /// Stops a sink's courier and forgets what waits for it.
    ///
    /// # Errors
    /// The store cannot write.
    pub(super) async fn remove(&self, sink: &str) -> anyhow::Result<()> {
        self.halt(sink);
        lock(&self.n_failed).remove(sink);
        let sink = sink.to_owned();
        self.parts
            .storage
            .write(move |store| store.remove_sink(&sink))
            .await
    }

    /// Queues a sink's dead letters again; returns how many.
    ///
    /// # Errors
    /// The store cannot write.
    pub(super) async fn replay(&self, sink: &str) -> anyhow::Result<usize> {
        let sink = sink.to_owned();
        let n_replayed = self
            .parts
            .storage
            .write(move |store| store.replay_dead(&sink, None))
            .await?;
        self.wake();
        Ok(n_replayed)
    }

    /// Starts a sink's courier; `None` before [`start`](Self::start).
    pub(super) fn dispatch(&self, sink: &str, receiver: Receiver) -> Option<Ground> {
        let running = lock(&self.running).clone()?;
        let courier = Courier {
            wake: Arc::new(Notify::new()),
            stop: running.stop.child_token(),
        };
        let n_failed = Arc::clone(lock(&self.n_failed).entry(sink.to_owned()).or_default());
        let task = CourierTask {
            sink: sink.to_owned(),
            receiver,
            parts: self.parts.clone(),
            wake: Arc::clone(&courier.wake),
            n_failed,
        };
        let stop = courier.stop.clone();
        running.tasks.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = task.run() => {}
            }
        });
        let ground = Ground {
            tasks: running.tasks,
            stop: courier.stop.clone(),
        };
        lock(&self.couriers).insert(sink.to_owned(), courier);
        Some(ground)
    }

    /// Stops a sink's courier, and what else runs on its ground.
    pub(super) fn halt(&self, sink: &str) {
        if let Some(courier) = lock(&self.couriers).remove(sink) {
            courier.stop.cancel();
        }
    }

    /// New rows wait: whoever sleeps shall look.
    pub(super) fn wake(&self) {
        for courier in lock(&self.couriers).values() {
            courier.wake.notify_one();
        }
    }

    /// Attempts that failed since the start, by sink.
    pub(super) fn n_failed(&self) -> BTreeMap<String, u64> {
        let failed = lock(&self.n_failed);
        let count = |(id, n): (&String, &Arc<AtomicU64>)| (id.clone(), n.load(Ordering::Relaxed));
        failed.iter().map(count).collect()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}
