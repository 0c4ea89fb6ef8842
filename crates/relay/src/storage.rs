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

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use programs::occupancy::HeatMap;
use store::{
    Appended, Batch, Clip, Kept, NewAlarm, NewStatePicture, NodeApplied, NodePage, Reader,
    ReaderOpener, RecentAlarm, Store,
};
use tokio::sync::{oneshot, watch};
use types::{
    CameraId, Clock, Count, Event, HealthMinute, Scene, ScoreCount, Sighting, StateChange,
    Timestamp,
};

/// Most writes that may wait; at 5 fps and 16 cameras this is minutes.
const MAX_WAITING: usize = 4_096;

/// Most bytes of pictures that may wait for a disk that is full.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

/// Pause before a failed append is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

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
        let writer = Writer {
            store,
            receiver,
            shared: Arc::clone(&storage.shared),
            pending: Pending::default(),
            retry_at: Duration::ZERO,
            clock,
            on_stored,
            enlist,
        };
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

/// Parcels in order of arrival that are not stored yet.
#[derive(Debug, Default)]
struct Pending {
    parcels: VecDeque<Parcel>,
    /// Bytes of their pictures.
    len_bytes: usize,
}

impl Pending {
    /// Keeps a parcel, without its pictures and scenes when those would be too
    /// many; or gives it back. The second value counts pictures given up.
    fn keep(&mut self, mut parcel: Parcel) -> (Option<Parcel>, u64) {
        if self.parcels.len() >= MAX_WAITING {
            return (Some(parcel), 0);
        }
        let batch = &mut parcel.batch;
        let mut n_given_up = 0;
        if self.len_bytes + picture_bytes(batch) > MAX_WAITING_BYTES {
            n_given_up = batch.best_shots.len() as u64;
            batch.best_shots.clear();
            parcel.records.scenes = None;
        }
        let is_empty = batch.events.is_empty() && batch.best_shots.is_empty();
        if is_empty && parcel.records.is_empty() {
            return (None, n_given_up);
        }
        self.len_bytes += picture_bytes(&parcel.batch);
        self.parcels.push_back(parcel);
        (None, n_given_up)
    }

    fn stored(&mut self) {
        if let Some(parcel) = self.parcels.pop_front() {
            self.len_bytes -= picture_bytes(&parcel.batch);
        }
    }
}

fn picture_bytes(batch: &Batch) -> usize {
    batch.best_shots.iter().map(|shot| shot.jpeg.len()).sum()
}

struct Writer {
    store: Store,
    receiver: Receiver<Message>,
    shared: Arc<Shared>,
    pending: Pending,
    /// When the first of them is tried again, on the monotonic clock.
    retry_at: Duration,
    clock: Arc<dyn Clock>,
    on_stored: OnStored,
    enlist: Enlist,
}

impl Writer {
    fn run(mut self) {
        loop {
            let message = if self.pending.parcels.is_empty() {
                self.receiver
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                let wait = self.retry_at.saturating_sub(self.clock.monotonic());
                self.receiver.recv_timeout(wait)
            };
            match message {
                Ok(Message::Append(parcel)) => {
                    let is_first = self.pending.parcels.is_empty();
                    self.keep(*parcel);
                    if is_first {
                        self.store_pending();
                    }
                }
                Ok(Message::Write(job)) => {
                    job(&mut self.store);
                    self.shared.tell_news();
                }
                Ok(Message::Node(page, answer)) => {
                    let applied = self.apply_node_page(&page);
                    // Whoever asked may have gone.
                    drop(answer.send(applied));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
            // Also while others keep us busy.
            if !self.pending.parcels.is_empty() && self.clock.monotonic() >= self.retry_at {
                self.store_pending();
            }
        }
        self.store_pending();
        if !self.pending.parcels.is_empty() {
            let n_parcels = self.pending.parcels.len();
            tracing::error!(n_parcels, "events lost at stop");
        }
    }

    fn apply_node_page(&mut self, page: &NodePage) -> Result<NodeApplied, store::Error> {
        let applied = self.store.apply_node_page(page, &self.enlist)?;
        for (camera_id, appended) in &applied.appended {
            let batch = Batch {
                camera_id: camera_id.clone(),
                events: Vec::new(),
                best_shots: Vec::new(),
                now: page.now,
            };
            (self.on_stored)(&self.store, &batch, appended);
        }
        Ok(applied)
    }

    fn keep(&mut self, parcel: Parcel) {
        let n_events = parcel.batch.events.len() as u64;
        let (refused, n_given_up) = self.pending.keep(parcel);
        let shared = &self.shared;
        shared
            .n_lost_pictures
            .fetch_add(n_given_up, Ordering::Relaxed);
        match refused {
            Some(parcel) => shared.lose(&parcel.batch),
            None => {
                shared
                    .n_waiting_events
                    .fetch_add(n_events, Ordering::Relaxed);
            }
        }
    }

    fn store_pending(&mut self) {
        while let Some(parcel) = self.pending.parcels.front() {
            let batch = &parcel.batch;
            // Whatever of a parcel was stored before an error is the same when
            // it is stored again.
            let appended = self.store.append_enlisting(batch, &self.enlist);
            let stored = appended.and_then(|appended| {
                (self.on_stored)(&self.store, batch, &appended);
                put_records(&mut self.store, &parcel.records)
            });
            match stored {
                Ok(()) => {
                    let n_events = batch.events.len() as u64;
                    self.shared
                        .n_waiting_events
                        .fetch_sub(n_events, Ordering::Relaxed);
                    self.pending.stored();
                    self.shared.tell_news();
                    let was = lock(&self.shared.append_error).take();
                    if was.is_some() {
                        tracing::info!("events can be stored again");
                    }
                }
                Err(error) => {
                    self.retry_at = self.clock.monotonic() + RETRY_AFTER;
                    self.shared.n_failed_appends.fetch_add(1, Ordering::Relaxed);
                    let text = error.to_string();
                    let mut shown = lock(&self.shared.append_error);
                    if shown.as_deref() != Some(&text) {
                        tracing::error!(error = text, "events wait: cannot store them");
                        *shown = Some(text);
                    }
                    return;
                }
            }
        }
    }
}

/// Stores records; storing them again replaces what is there already.
fn put_records(store: &mut Store, records: &Records) -> Result<(), store::Error> {
    if !records.counts.is_empty() {
        store.put_counts(&records.counts)?;
    }
    if !records.sightings.is_empty() {
        store.put_sightings(&records.sightings)?;
    }
    for (camera_id, map) in &records.heat_maps {
        store.put_heat(camera_id, map.kind.name(), map.from, map.until, &map.cells)?;
    }
    if let Some((camera_id, at, scores)) = &records.scores {
        store.add_scores(camera_id, *at, scores)?;
    }
    if let Some((camera_id, minute)) = &records.health {
        store.put_scene_health(camera_id, minute)?;
    }
    if let Some((camera_id, changes)) = &records.states {
        store.put_state_changes(camera_id, changes)?;
    }
    for picture in &records.candidates {
        let kept = store.add_state_picture(picture, None)?;
        if !matches!(kept, Kept::Yes(_)) {
            tracing::debug!(?kept, "picture for labelling not kept");
        }
    }
    for clip in &records.clips {
        store.put_clip(clip)?;
    }
    if let Some((camera_id, scenes)) = &records.scenes {
        store.put_scenes(camera_id, scenes)?;
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}

#[cfg(test)]
mod tests {
    use types::{BestShot, CameraId, Class, NormBox, ShotQuality, ShotStage, Timestamp, TrackId};

    use super::*;

    fn parcel(len_bytes: usize) -> Parcel {
        let shot = BestShot {
            track_id: TrackId(1),
            stage: ShotStage::Final,
            captured_at: Timestamp::from_secs(1),
            bbox: NormBox::WHOLE,
            class: Class::Person,
            score: 0.5,
            quality: ShotQuality::default(),
            jpeg: vec![7; len_bytes].into(),
            width_px: 1,
            height_px: 1,
            appearance: types::Appearance::default(),
        };
        Parcel {
            batch: Batch {
                camera_id: CameraId::new("gate").unwrap(),
                events: Vec::new(),
                best_shots: vec![shot],
                now: Timestamp::from_secs(1),
            },
            records: Records::default(),
        }
    }

    #[test]
    fn pictures_beyond_the_bound_are_given_up_and_counted() {
        let mut pending = Pending::default();
        let half = MAX_WAITING_BYTES / 2;
        for (len_bytes, n_given_up) in [(half, 0), (half, 0), (1, 1)] {
            let (refused, given_up) = pending.keep(parcel(len_bytes));
            assert!(refused.is_none());
            assert_eq!(given_up, n_given_up);
        }
        assert_eq!(pending.parcels.len(), 2);
        pending.stored();
        assert!(matches!(pending.keep(parcel(half)), (None, 0)));
        assert_eq!(pending.len_bytes, MAX_WAITING_BYTES);
    }

    #[test]
    fn parcel_beyond_the_bound_is_given_back() {
        let mut pending = Pending::default();
        for _ in 0..MAX_WAITING {
            assert!(pending.keep(parcel(1)).0.is_none());
        }
        assert!(pending.keep(parcel(1)).0.is_some());
    }
}
