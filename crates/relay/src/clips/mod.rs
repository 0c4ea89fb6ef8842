//! Clips of alarms: the camera's own pictures from before, during and after.
//!
//! In: frames and scenes of running cameras, steps of events. Out: claims for
//! the store, files in `clips` in the data folder, and what is in them.
//!
//! A frame's way is never held up: who hands over a picture waits for nothing,
//! and what the disk cannot take in time is lost and counted.
//!
//! Not here: how files look (`clip`), which claim an alarm has (`store`).

mod book;
mod contents;
mod keep;
mod recorder;
mod writer;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use anyhow::Context as _;
use store::{Clip, ClipGone, Stretch};
use tokio::sync::Semaphore;
use types::{CameraId, Clock, EncodedFrame, Event, EventId, Scene, Timestamp};

use self::book::Book;
pub(crate) use self::contents::{Contents, Picture};
pub(crate) use self::keep::Allowance;
use self::recorder::{Item, Recorder};
use self::writer::{Message, Writer};
use crate::settings::ClipSettings;

/// Most pictures and boxes that wait to be written.
const MAX_QUEUED: usize = 32_768;
/// Most bytes of them.
const MAX_QUEUED_BYTES: usize = 256 * 1024 * 1024;
/// Most bytes of pictures from before an alarm, all cameras together.
const MAX_WAITING_BYTES: usize = 512 * 1024 * 1024;
/// Most of one camera.
const MAX_CAMERA_BYTES: usize = 64 * 1024 * 1024;
/// Clips that are encoded at once.
const MAX_ENCODING: usize = 2;
/// Clips that were looked at last, kept so that each picture need not be looked
/// for anew.
const N_REMEMBERED: usize = 8;

/// All clips; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct ClipDesk {
    shared: Arc<Shared>,
}

/// One camera's part; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct CameraClips {
    camera_id: CameraId,
    recorder: Arc<Mutex<Recorder>>,
    tally: Arc<Tally>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    book: Book,
    sender: SyncSender<Message>,
    n_queued_bytes: AtomicUsize,
    n_cameras: AtomicUsize,
    trouble: Mutex<Option<String>>,
    remembered: Mutex<VecDeque<(EventId, Arc<Contents>)>>,
    max_total_bytes: u64,
    encoding: Arc<Semaphore>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// Sums of one camera.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    n_written: AtomicU64,
    n_bytes: AtomicU64,
    n_lost: AtomicU64,
}

/// Sums of one camera since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct ClipSums {
    /// Pictures written.
    pub(crate) n_written: u64,
    /// Their bytes.
    pub(crate) n_bytes: u64,
    /// Pictures that should have been written and were not.
    pub(crate) n_lost: u64,
}

impl ClipDesk {
    /// Reads what there is in the data folder and starts the thread that
    /// writes.
    ///
    /// # Errors
    /// The system gives no thread.
    pub(crate) fn open(
        data_dir: &Path,
        max_total_bytes: u64,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let book = Book::open(data_dir.join("clips"));
        let (sender, receiver) = sync_channel(MAX_QUEUED);
        let shared = Arc::new(Shared {
            book,
            sender,
            n_queued_bytes: AtomicUsize::new(0),
            n_cameras: AtomicUsize::new(0),
            trouble: Mutex::default(),
            remembered: Mutex::default(),
            max_total_bytes,
            encoding: Arc::new(Semaphore::new(MAX_ENCODING)),
            thread: Mutex::default(),
        });
        let writer = Writer::new(Arc::clone(&shared), receiver, clock);
        let thread = std::thread::Builder::new()
            .name("clips".to_owned())
            .spawn(move || writer.run())
            .context("start the thread that writes clips")?;
        *lock(&shared.thread) = Some(thread);
        Ok(ClipDesk { shared })
    }

    /// The part of a camera that starts.
    pub(crate) fn camera(&self, camera_id: &CameraId) -> CameraClips {
        CameraClips {
            camera_id: camera_id.clone(),
            recorder: Arc::default(),
            tally: Arc::default(),
            shared: Arc::clone(&self.shared),
        }
    }

    /// How many cameras there are: they share the memory for what comes before
    /// an alarm.
    pub(crate) fn share_among(&self, n_cameras: usize) {
        self.shared.n_cameras.store(n_cameras, Ordering::Relaxed);
    }

    /// What is in a clip. Reads files.
    ///
    /// # Errors
    /// A file cannot be read.
    pub(crate) fn contents(&self, clip: &Clip) -> io::Result<Arc<Contents>> {
        let stretches: Vec<Stretch> = std::iter::once(clip.begin).chain(clip.end).collect();
        let book = &self.shared.book;
        let segments = book.find(&clip.camera_id, &contents::with_boxes(&stretches));
        let mut remembered = lock(&self.shared.remembered);
        let known = remembered.iter().find(|(event_id, contents)| {
            *event_id == clip.event_id && contents.is_of(&stretches, &segments)
        });
        if let Some((_, contents)) = known {
            return Ok(Arc::clone(contents));
        }
        remembered.retain(|(event_id, _)| *event_id != clip.event_id);
        drop(remembered);
        let contents = Contents::read(book, &clip.camera_id, stretches, segments)?;
        let contents = Arc::new(contents);
        let mut remembered = lock(&self.shared.remembered);
        remembered.push_back((clip.event_id, Arc::clone(&contents)));
        if remembered.len() > N_REMEMBERED {
            remembered.pop_front();
        }
        Ok(contents)
    }

    /// A picture's JPEG, as the camera sent it. Reads a file.
    ///
    /// # Errors
    /// It was removed meanwhile, or is damaged.
    pub(crate) fn jpeg(&self, contents: &Contents, picture: &Picture) -> io::Result<Vec<u8>> {
        contents.jpeg(&self.shared.book, picture)
    }

    /// Who encodes a clip holds a permit of these.
    pub(crate) fn encoding(&self) -> Arc<Semaphore> {
        Arc::clone(&self.shared.encoding)
    }

    /// Bytes on the disk, by camera.
    pub(crate) fn bytes(&self) -> BTreeMap<CameraId, u64> {
        self.shared.book.bytes()
    }

    /// Most bytes of all cameras together.
    pub(crate) fn max_total_bytes(&self) -> u64 {
        self.shared.max_total_bytes
    }

    /// Room left on the disk, where the system says so.
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        let root = self.shared.book.root();
        writer::free_bytes(root).or_else(|| writer::free_bytes(root.parent()?))
    }

    /// Why pictures are lost at present.
    pub(crate) fn trouble(&self) -> Option<String> {
        lock(&self.shared.trouble).clone()
    }

    /// Which claims have to end, and removes what nobody wants. Touches files.
    pub(crate) fn tidy(
        &self,
        now: Timestamp,
        clips: &[Clip],
        allowance: impl Fn(&CameraId) -> Allowance,
    ) -> Vec<(EventId, ClipGone)> {
        let book = &self.shared.book;
        let plan = keep::plan(now, clips, &book.all(), allowance, self.max_total_bytes());
        for (camera_id, from) in &plan.unwanted {
            if let Err(error) = book.remove(camera_id, *from) {
                tracing::warn!(camera = %camera_id, %error, "remove old clips");
            }
        }
        plan.gone
    }

    /// Writes what waits, then ends the thread. Blocks.
    pub(crate) fn stop(&self) {
        if self.shared.sender.send(Message::Stop).is_err() {
            tracing::warn!("the thread that writes clips had stopped before");
        }
        if let Some(thread) = lock(&self.shared.thread).take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that writes clips ended by a panic");
        }
    }
}

impl CameraClips {
    /// A picture came.
    pub(crate) fn frame(&self, frame: &EncodedFrame, settings: &ClipSettings) {
        let n_cameras = self.shared.n_cameras.load(Ordering::Relaxed).max(1);
        let max_bytes = (MAX_WAITING_BYTES / n_cameras).min(MAX_CAMERA_BYTES);
        self.with(|recorder, out| recorder.frame(frame.clone(), settings, max_bytes, out));
    }

    /// A picture was analysed.
    pub(crate) fn scene(&self, scene: &Scene) {
        self.with(|recorder, out| recorder.scene(scene, out));
    }

    /// Events took steps; what they claim from now on.
    pub(crate) fn note(&self, events: &[Event], settings: &ClipSettings) -> Vec<Clip> {
        if events.is_empty() {
            return Vec::new();
        }
        self.with(|recorder, out| recorder.note(events, settings, out))
    }

    /// Sums since the start.
    pub(crate) fn sums(&self) -> ClipSums {
        ClipSums {
            n_written: self.tally.n_written.load(Ordering::Relaxed),
            n_bytes: self.tally.n_bytes.load(Ordering::Relaxed),
            n_lost: self.tally.n_lost.load(Ordering::Relaxed),
        }
    }

    /// What is to be written is handed over before anybody else's turn, so that
    /// it stays in order.
    fn with<T>(&self, work: impl FnOnce(&mut Recorder, &mut Vec<Item>) -> T) -> T {
        let mut recorder = lock(&self.recorder);
        let mut items = Vec::new();
        let answer = work(&mut recorder, &mut items);
        for item in items {
            self.hand_over(item);
        }
        answer
    }

    fn hand_over(&self, item: Item) {
        let (is_picture, len_bytes) = (matches!(item, Item::Picture(_)), item.len_bytes());
        let shared = &self.shared;
        let n_queued = shared
            .n_queued_bytes
            .fetch_add(len_bytes, Ordering::Relaxed);
        let message = Message::Item(self.camera_id.clone(), Arc::clone(&self.tally), item);
        let has_room = n_queued + len_bytes <= MAX_QUEUED_BYTES;
        if has_room && shared.sender.try_send(message).is_ok() {
            return;
        }
        shared
            .n_queued_bytes
            .fetch_sub(len_bytes, Ordering::Relaxed);
        if is_picture {
            self.tally.lose();
            shared.tell_trouble(Some("the disk is too slow".to_owned()));
        }
    }
}

impl Tally {
    fn lose(&self) {
        self.n_lost.fetch_add(1, Ordering::Relaxed);
    }
}

impl Shared {
    /// Pictures are lost for this reason, or no longer.
    fn tell_trouble(&self, text: Option<String>) {
        let mut trouble = lock(&self.trouble);
        if *trouble == text {
            return;
        }
        match &text {
            Some(text) => tracing::error!(reason = text, "pictures of clips are lost"),
            None => tracing::info!("clips can be written again"),
        }
        *trouble = text;
    }
}

impl Item {
    /// What it holds in memory, bytes.
    fn len_bytes(&self) -> usize {
        match self {
            Item::Picture(frame) => frame.jpeg.len(),
            Item::Tracks(tracks) => 64 * tracks.tracks.len(),
            Item::Pause => 0,
        }
    }
}

/// A recorder whose holder panicked is as good as before: it holds pictures.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
