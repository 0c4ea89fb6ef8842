//! The thread that owns the store's writer, and readers for everybody else.
//!
//! In: batches of events from workers, and writes of the web API. Out: stored
//! rows, and a word to those who wait for new ones.
//!
//! A batch that cannot be stored (disk full) is kept and tried again, in
//! order; web writes meanwhile fail with the reason. The queue is bounded: what
//! comes when it is full is counted as lost, logged and shown.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use store::{Appended, Batch, Reader, ReaderOpener, Store};
use tokio::sync::oneshot;

/// Most writes that may wait; at 5 fps and 16 cameras this is minutes.
const MAX_WAITING: usize = 4_096;

/// Pause before a failed append is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Most idle reader connections kept open.
const MAX_IDLE_READERS: usize = 4;

type WriteJob = Box<dyn FnOnce(&mut Store) + Send>;

/// Called on the writer's thread after a batch was stored.
pub(crate) type OnStored = Box<dyn Fn(&Reader, &Batch, &Appended) + Send>;

enum Message {
    Append(Batch),
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
    n_lost_batches: AtomicU64,
    n_failed_appends: AtomicU64,
    append_error: Mutex<Option<String>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Storage {
    /// Takes over an opened store and starts its thread.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn start(store: Store, on_stored: OnStored) -> anyhow::Result<Self> {
        let (sender, receiver) = sync_channel(MAX_WAITING);
        let storage = Storage {
            shared: Arc::new(Shared {
                sender,
                opener: store.reader_opener(),
                readers: Mutex::default(),
                n_lost_batches: AtomicU64::new(0),
                n_failed_appends: AtomicU64::new(0),
                append_error: Mutex::default(),
                thread: Mutex::default(),
            }),
        };
        let writer = Writer {
            store,
            receiver,
            shared: Arc::clone(&storage.shared),
            pending: VecDeque::new(),
            on_stored,
        };
        let thread = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run())
            .context("start store thread")?;
        *lock(&storage.shared.thread) = Some(thread);
        Ok(storage)
    }

    /// Hands over events and best shots to be stored; never waits.
    pub(crate) fn append(&self, batch: Batch) {
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) =
            self.shared.sender.try_send(Message::Append(batch))
        {
            let n_lost = self.shared.n_lost_batches.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::error!(n_lost, "store queue is full: events lost");
        }
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

    /// Batches lost because the queue was full.
    pub(crate) fn n_lost_batches(&self) -> u64 {
        self.shared.n_lost_batches.load(Ordering::Relaxed)
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

struct Writer {
    store: Store,
    receiver: Receiver<Message>,
    shared: Arc<Shared>,
    /// Batches in order of arrival that are not stored yet.
    pending: VecDeque<Batch>,
    on_stored: OnStored,
}

impl Writer {
    fn run(mut self) {
        loop {
            let message = if self.pending.is_empty() {
                self.receiver
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected)
            } else {
                self.receiver.recv_timeout(RETRY_AFTER)
            };
            match message {
                Ok(Message::Append(batch)) => {
                    let is_first = self.pending.is_empty();
                    self.keep(batch);
                    if is_first {
                        self.store_pending();
                    }
                }
                Ok(Message::Write(job)) => job(&mut self.store),
                Err(RecvTimeoutError::Timeout) => self.store_pending(),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.store_pending();
        if !self.pending.is_empty() {
            tracing::error!(n_batches = self.pending.len(), "events lost at stop");
        }
    }

    fn keep(&mut self, batch: Batch) {
        if self.pending.len() >= MAX_WAITING {
            let n_lost = self.shared.n_lost_batches.fetch_add(1, Ordering::Relaxed) + 1;
            tracing::error!(n_lost, "too many events wait for the disk: newest lost");
            return;
        }
        self.pending.push_back(batch);
    }

    fn store_pending(&mut self) {
        while let Some(batch) = self.pending.front() {
            match self.store.append(batch) {
                Ok(appended) => {
                    (self.on_stored)(&self.store, batch, &appended);
                    self.pending.pop_front();
                    *lock(&self.shared.append_error) = None;
                }
                Err(error) => {
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

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}
