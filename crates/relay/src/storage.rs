//! The thread that owns the store's writer, and readers for everybody else.
//!
//! In: batches of events from workers, and writes of the web API. Out: stored
//! rows, and a word to those who wait for new ones.
//!
//! A batch that cannot be stored (disk full) is kept and tried again, in
//! order; web writes meanwhile fail with the reason. What waits is bounded in
//! number and in bytes: beyond the bytes, pictures are given up before events;
//! beyond the number, the newest events. Both are counted, logged and shown.
//!
//! Time (when to try again) comes from the clock that [`Storage::start`] gets.

mod writer;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use anyhow::Context as _;
use programs::occupancy::HeatMap;
use store::{
    Appended, Batch, Clip, NewAlarm, NewStatePicture, NodeApplied, NodePage, Reader, ReaderOpener,
    RecentAlarm, Store,
};
use tokio::sync::{oneshot, watch};
use types::{
    CameraId, Clock, Count, Event, HealthMinute, Scene, ScoreCount, Sighting, StateChange,
    Timestamp,
};

use self::writer::Writer;

/// Most writes that may wait; at 5 fps and 16 cameras this is minutes.
const MAX_WAITING: usize = 4_096;

/// Most idle reader connections kept open.
const MAX_IDLE_READERS: usize = 4;

type WriteJob = Box<dyn FnOnce(&mut Store) + Send>;

/// Called on the writer's thread after a batch was stored.
pub(crate) type OnStored = Box<dyn Fn(&Reader, &Batch, &Appended) + Send>;

/// Called on the writer's thread for each new event, before it is stored.
pub(crate) type Enlist = Box<dyn Fn(&Event, &[RecentAlarm]) -> NewAlarm + Send>;

/// What programs found out besides events: kept until it can be stored.
#[derive(Debug, Default)]
pub(crate) struct Records {
    /// Numbers of intervals.
    pub counts: Vec<Count>,
    /// What is known of followed objects.
    pub sightings: Vec<Sighting>,
    /// Heat maps of one camera.
    pub heat_maps: Vec<(CameraId, HeatMap)>,
    /// How sure the detector was of one camera's objects, as of this time.
    pub scores: Option<(CameraId, Timestamp, Vec<ScoreCount>)>,
    /// How healthy the scene of one camera was in a minute.
    pub health: Option<(CameraId, HealthMinute)>,
    /// Learnt states of one camera that became others.
    pub states: Option<(CameraId, Vec<StateChange>)>,
    /// Pictures for labelling.
    pub candidates: Vec<NewStatePicture>,
    /// What alarms keep of their cameras' pictures.
    pub clips: Vec<Clip>,
    /// Scenes of one camera.
    pub scenes: Option<(CameraId, Vec<Scene>)>,
}

impl Records {
    /// Whether there is nothing to store.
    pub(crate) fn is_empty(&self) -> bool {
        self.counts.is_empty()
            && self.sightings.is_empty()
            && self.heat_maps.is_empty()
            && self.health.is_none()
            && self.scores.is_none()
            && self.states.is_none()
            && self.candidates.is_empty()
            && self.clips.is_empty()
            && self.scenes.is_none()
    }
}

/// What one step brought; stored as a whole and in order.
#[derive(Debug)]
struct Parcel {
    batch: Batch,
    records: Records,
}

enum Message {
    Append(Box<Parcel>),
    Node(
        Box<NodePage>,
        oneshot::Sender<Result<NodeApplied, store::Error>>,
    ),
    Write(WriteJob),
    Stop,
}

/// Handle to the store; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Storage {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    sender: SyncSender<Message>,
    opener: ReaderOpener,
    readers: Mutex<Vec<Reader>>,
    n_lost_events: AtomicU64,
    n_lost_pictures: AtomicU64,
    n_waiting_events: AtomicU64,
    n_failed_appends: AtomicU64,
    append_error: Mutex<Option<String>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    /// Counts what was stored.
    news: watch::Sender<u64>,
}

impl Storage {
    /// Takes over an opened store and starts its thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(
        store: Store,
        on_stored: OnStored,
        enlist: Enlist,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let (sender, receiver) = sync_channel(MAX_WAITING);
        let storage = Storage {
            shared: Arc::new(Shared {
                sender,
                opener: store.reader_opener(),
                readers: Mutex::default(),
                n_lost_events: AtomicU64::new(0),
                n_lost_pictures: AtomicU64::new(0),
                n_waiting_events: AtomicU64::new(0),
                n_failed_appends: AtomicU64::new(0),
                append_error: Mutex::default(),
                thread: Mutex::default(),
                news: watch::Sender::default(),
            }),
        };
        let shared = Arc::clone(&storage.shared);
        let writer = Writer::new(store, receiver, shared, clock, on_stored, enlist);
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run())
            .context("start store thread")?;
        *lock(&storage.shared.thread) = Some(thread);
        Ok(storage)
    }

    /// Hands over what one step brought to be stored; never waits.
    pub(crate) fn append(&self, batch: Batch, records: Records) {
        let parcel = Box::new(Parcel { batch, records });
        if let Err(
            TrySendError::Full(Message::Append(parcel))
            | TrySendError::Disconnected(Message::Append(parcel)),
        ) = self.shared.sender.try_send(Message::Append(parcel))
        {
            self.shared.lose(&parcel.batch);
        }
    }

    /// Stores a page of another airelay's feed, like own events: with their
    /// place among the alarms, and a word to everybody who waits for news.
    ///
    /// # Errors
    /// What the store answers, or that it is busy or stopped; nothing of the
    /// page is stored then.
    pub(crate) async fn apply_node_page(&self, page: NodePage) -> anyhow::Result<NodeApplied> {
        let (answer, receiver) = oneshot::channel();
        self.shared
            .sender
            .try_send(Message::Node(Box::new(page), answer))
            .map_err(|_| anyhow::anyhow!("write to the store: its queue is full"))?;
        Ok(receiver.await.context("write to the store: it stopped")??)
    }

    /// Tells whenever something may have been stored.
    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.shared.news.subscribe()
    }

    /// Runs `write` on the store's thread and waits for its answer.
    ///
    /// # Errors
    /// What `write` answers, or that the store is busy or stopped.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Store) -> Result<T, store::Error> + Send + 'static,
    ) -> anyhow::Result<T> {
        let receiver = self.ask(write)?;
        let answer = receiver.await.context("write to the store: it stopped")?;
        Ok(answer?)
    }

    fn ask<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Store) -> Result<T, store::Error> + Send + 'static,
    ) -> anyhow::Result<oneshot::Receiver<Result<T, store::Error>>> {
        let (answer, receiver) = oneshot::channel();
        let job: WriteJob = Box::new(move |store| {
            // Whoever asked may have gone.
            drop(answer.send(write(store)));
        });
        self.shared
            .sender
            .try_send(Message::Write(job))
            .map_err(|_| anyhow::anyhow!("write to the store: its queue is full; try again"))?;
        Ok(receiver)
    }

    /// Like [`write`](Self::write), for threads of our own; waits.
    ///
    /// # Errors
    /// What `write` answers, or that the store is busy or stopped.
    pub(crate) fn write_blocking<T: Send + 'static>(
        &self,
        write: impl FnOnce(&mut Store) -> Result<T, store::Error> + Send + 'static,
    ) -> anyhow::Result<T> {
        let receiver = self.ask(write)?;
        let answer = receiver
            .blocking_recv()
            .context("write to the store: it stopped")?;
        Ok(answer?)
    }

    /// Like [`read`](Self::read), for threads of our own; waits.
    ///
    /// # Errors
    /// What `read` answers, or that no reader can be opened.
    pub(crate) fn read_blocking<T>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, store::Error>,
    ) -> anyhow::Result<T> {
        self.shared.read(read)
    }

    /// Runs `read` on a reader connection, off the async threads.
    ///
    /// # Errors
    /// What `read` answers, or that no reader can be opened.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, store::Error> + Send + 'static,
    ) -> anyhow::Result<T> {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || shared.read(read))
            .await
            .context("read from the store")?
    }

    /// Steps of events lost because nothing could be stored for too long.
    pub(crate) fn n_lost_events(&self) -> u64 {
        self.shared.n_lost_events.load(Ordering::Relaxed)
    }

    /// Pictures given up so that events can wait.
    pub(crate) fn n_lost_pictures(&self) -> u64 {
        self.shared.n_lost_pictures.load(Ordering::Relaxed)
    }

    /// Steps of events that wait for the disk.
    pub(crate) fn n_waiting_events(&self) -> u64 {
        self.shared.n_waiting_events.load(Ordering::Relaxed)
    }

    /// Appends that failed and were or will be tried again.
    pub(crate) fn n_failed_appends(&self) -> u64 {
        self.shared.n_failed_appends.load(Ordering::Relaxed)
    }

    /// Why events cannot be stored at present.
    pub(crate) fn append_error(&self) -> Option<String> {
        lock(&self.shared.append_error).clone()
    }

    /// Stores what waits, then ends the thread. Blocks.
    pub(crate) fn stop(&self) {
        if self.shared.sender.send(Message::Stop).is_err() {
            tracing::warn!("store thread had stopped before");
        }
        if let Some(thread) = lock(&self.shared.thread).take()
            && thread.join().is_err()
        {
            tracing::error!("store thread ended by a panic");
        }
    }
}

impl Shared {
    fn tell_news(&self) {
        self.news.send_modify(|n_stored| *n_stored += 1);
    }

    fn lose(&self, batch: &Batch) {
        let n_events = batch.events.len() as u64;
        let n_pictures = batch.best_shots.len() as u64;
        let n_lost = self.n_lost_events.fetch_add(n_events, Ordering::Relaxed) + n_events;
        self.n_lost_pictures
            .fetch_add(n_pictures, Ordering::Relaxed);
        tracing::error!(n_lost, "too much waits to be stored: newest events lost");
    }

    fn read<T>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, store::Error>,
    ) -> anyhow::Result<T> {
        let idle = lock(&self.readers).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => self.opener.open()?,
        };
        let answer = read(&mut reader);
        let mut readers = lock(&self.readers);
        if answer.is_ok() && readers.len() < MAX_IDLE_READERS {
            readers.push(reader);
        }
        Ok(answer?)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}
