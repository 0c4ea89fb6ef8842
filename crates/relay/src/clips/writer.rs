//! The thread that writes clips.
//!
//! In: pictures and boxes of all cameras, in the order of each. Out: segments of
//! some seconds in files. Time (of idleness, and of another try) comes from the
//! clock that it gets.
//!
//! A disk that is full, or nearly, loses pictures of clips, never an alarm: what
//! cannot be written is counted and told.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use anyhow::Context as _;
use clip::segment::{self, Kind};
use types::{CameraId, Clock, Timestamp};

use super::book::Segment;
use super::recorder::Item;
use super::{Shared, Tally};

/// Pictures of one segment: what is removed or kept as a whole.
const SEGMENT: Duration = Duration::from_secs(5);
/// Largest segment, apart from its last picture.
const MAX_SEGMENT_BYTES: u64 = 64 * 1024 * 1024;
/// A camera that sends nothing for so long gets its segment closed.
const IDLE: Duration = Duration::from_secs(10);
/// Pause after the disk refused something.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// Room that clips leave on the disk for everything else.
pub(super) const MIN_FREE_BYTES: u64 = 1_000_000_000;

/// What the thread is told.
#[derive(Debug)]
pub(super) enum Message {
    /// Something of a camera.
    Item(CameraId, Arc<Tally>, Item),
    /// Close everything and end.
    Stop,
}

/// What the thread works with.
pub(super) struct Writer {
    shared: Arc<Shared>,
    receiver: Receiver<Message>,
    clock: Arc<dyn Clock>,
    open: BTreeMap<CameraId, OpenSegment>,
    /// No file is opened before, on the monotonic clock.
    retry_at: Duration,
}

struct OpenSegment {
    file: File,
    segment: Segment,
    written_at: Duration,
}

impl Writer {
    pub(super) fn new(
        shared: Arc<Shared>,
        receiver: Receiver<Message>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Writer {
            shared,
            receiver,
            clock,
            open: BTreeMap::new(),
            retry_at: Duration::ZERO,
        }
    }

    pub(super) fn run(mut self) {
        loop {
            match self.receiver.recv_timeout(Duration::from_secs(1)) {
                Ok(Message::Item(camera_id, tally, item)) => {
                    let len_bytes = item.len_bytes();
                    self.take(&camera_id, &tally, &item);
                    self.shared
                        .n_queued_bytes
                        .fetch_sub(len_bytes, Ordering::Relaxed);
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.close_idle();
        }
        for (camera_id, open) in std::mem::take(&mut self.open) {
            self.close(&camera_id, &open);
        }
    }

    fn take(&mut self, camera_id: &CameraId, tally: &Tally, item: &Item) {
        match item {
            Item::Picture(frame) => {
                let at = frame.captured_at;
                self.turn_over(camera_id, at);
                match self.write(camera_id, Kind::Picture, at, &frame.jpeg) {
                    Ok(true) => {
                        tally.n_written.fetch_add(1, Ordering::Relaxed);
                        let len_bytes = frame.jpeg.len() as u64;
                        tally.n_bytes.fetch_add(len_bytes, Ordering::Relaxed);
                        self.shared.tell_trouble(None);
                    }
                    Ok(false) => tally.lose(),
                    Err(error) => {
                        tally.lose();
                        self.failed(camera_id, &error);
                    }
                }
            }
            Item::Tracks(tracks) => {
                // Boxes without their picture are of no use.
                if !self.open.contains_key(camera_id) {
                    return;
                }
                let body = tracks.to_body();
                if let Err(error) = self.write(camera_id, Kind::Tracks, tracks.captured_at, &body) {
                    self.failed(camera_id, &error);
                }
            }
            Item::Pause => {
                if let Some(open) = self.open.remove(camera_id) {
                    self.close(camera_id, &open);
                }
            }
        }
    }

    /// Closes a segment that is long enough, or that a picture of `at` cannot
    /// follow.
    fn turn_over(&mut self, camera_id: &CameraId, at: Timestamp) {
        let is_over = self.open.get(camera_id).is_some_and(|open| {
            let segment = &open.segment;
            at <= segment.until
                || at.saturating_since(segment.from) >= SEGMENT
                || segment.len_bytes >= MAX_SEGMENT_BYTES
        });
        if is_over && let Some(open) = self.open.remove(camera_id) {
            self.close(camera_id, &open);
        }
    }

    /// Writes a record; `false` while the disk is left alone.
    fn write(
        &mut self,
        camera_id: &CameraId,
        kind: Kind,
        at: Timestamp,
        body: &[u8],
    ) -> anyhow::Result<bool> {
        let now = self.clock.monotonic();
        let mut open = match self.open.remove(camera_id) {
            Some(open) => open,
            None if now < self.retry_at => return Ok(false),
            None => self.begin(camera_id, at)?,
        };
        let head = segment::head(kind, at, body).context("a picture larger than 16 MiB")?;
        let whole_bytes = open.segment.len_bytes;
        let written = open.file.write_all(&head);
        if let Err(error) = written.and_then(|()| open.file.write_all(body)) {
            // What was written of it is cut off; what was there stays.
            let cut = open.file.set_len(whole_bytes);
            self.close(camera_id, &open);
            cut?;
            return Err(error).context("write a clip");
        }
        let segment = &mut open.segment;
        segment.len_bytes += (head.len() + body.len()) as u64;
        if kind == Kind::Picture {
            segment.until = at;
        }
        open.written_at = now;
        self.shared.book.put(camera_id, *segment);
        self.open.insert(camera_id.clone(), open);
        Ok(true)
    }

    fn begin(&self, camera_id: &CameraId, at: Timestamp) -> anyhow::Result<OpenSegment> {
        let folder = self.shared.book.folder(camera_id);
        fs::create_dir_all(&folder).with_context(|| format!("make folder {}", folder.display()))?;
        if let Some(free_bytes) = free_bytes(&folder)
            && free_bytes < MIN_FREE_BYTES
        {
            anyhow::bail!(
                "the disk has {} MB left: clips leave the last {} MB to everything else",
                free_bytes / 1_000_000,
                MIN_FREE_BYTES / 1_000_000
            );
        }
        let segment = Segment {
            from: at,
            until: at,
            len_bytes: segment::FILE_HEAD.len() as u64,
            is_open: true,
        };
        let path = self.shared.book.path(camera_id, &segment);
        let mut file = File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .with_context(|| format!("make {}", path.display()))?;
        if let Err(error) = file.write_all(segment::FILE_HEAD) {
            drop(fs::remove_file(&path));
            return Err(error).context("write a clip");
        }
        Ok(OpenSegment {
            file,
            segment,
            written_at: self.clock.monotonic(),
        })
    }

    fn close(&self, camera_id: &CameraId, open: &OpenSegment) {
        // So that a power cut takes no more than what is being written.
        let synced = open.file.sync_data();
        let closed = self.shared.book.close(camera_id, open.segment);
        if let Err(error) = synced.and(closed) {
            self.shared
                .tell_trouble(Some(format!("close a clip: {error}")));
        }
    }

    fn close_idle(&mut self) {
        let now = self.clock.monotonic();
        let is_idle = |open: &OpenSegment| now.saturating_sub(open.written_at) >= IDLE;
        let idle: Vec<CameraId> = self
            .open
            .iter()
            .filter(|(_, open)| is_idle(open))
            .map(|(camera_id, _)| camera_id.clone())
            .collect();
        for camera_id in idle {
            if let Some(open) = self.open.remove(&camera_id) {
                self.close(&camera_id, &open);
            }
        }
    }

    fn failed(&mut self, camera_id: &CameraId, error: &anyhow::Error) {
        self.retry_at = self.clock.monotonic() + RETRY_AFTER;
        let text = match error.downcast_ref::<io::Error>() {
            Some(io) if io.kind() == io::ErrorKind::StorageFull => "the disk is full".to_owned(),
            _ => format!("{error:#}"),
        };
        tracing::debug!(camera = %camera_id, text, "picture of a clip lost");
        self.shared.tell_trouble(Some(text));
    }
}

/// Room left on the disk of a folder; `None` where the system does not say.
#[cfg(unix)]
pub(super) fn free_bytes(folder: &std::path::Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Room left on the disk of a folder; `None` where the system does not say.
#[cfg(not(unix))]
pub(super) fn free_bytes(_folder: &std::path::Path) -> Option<u64> {
    None
}
