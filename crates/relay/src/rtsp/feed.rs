//! One camera's pictures made ready to be sent, once for all its viewers, and
//! only while there are any.
//!
//! JPEG: the newest picture, taken apart, or encoded anew where RFC 2435
//! cannot carry it. H.264: all pictures in order, since each needs the ones
//! before it; who misses one waits for the next that needs none.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use sink::rtsp::{JpegParts, PictureFacts, Unsuited, Video, parameter_sets, split_stream};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tracing::{debug, info, warn};
use transcode::{H264Encoder, PlainEncoder};
use types::{CameraId, EncodedFrame, Timestamp};

use super::limits::{MAX_H264, WAITING_UNITS};
use crate::supervise::CameraRuntime;

/// Largest side of a picture that is encoded anew as JPEG, pixels: what RFC
/// 2435 itself can say.
const MAX_PLAIN_SIDE_PX: u32 = sink::rtsp::MAX_JPEG_SIDE_PX as u32;
/// Lower priority of the threads that encode: analysis goes first.
const NICENESS: i32 = 5;

/// A JPEG, taken apart.
#[derive(Debug)]
pub(super) struct JpegPicture {
    /// Number of the camera's frame.
    pub(super) seq: u64,
    pub(super) captured_at: Timestamp,
    pub(super) jpeg: Arc<[u8]>,
    pub(super) parts: JpegParts,
}

/// An H.264 picture.
#[derive(Debug)]
pub(super) struct H264Picture {
    pub(super) captured_at: Timestamp,
    /// With start codes.
    pub(super) bytes: Vec<u8>,
    pub(super) is_key: bool,
}

/// Where viewers take pictures from.
#[derive(Debug)]
pub(super) enum Outflow {
    Jpeg(watch::Sender<Option<Arc<JpegPicture>>>),
    H264(broadcast::Sender<Arc<H264Picture>>),
}

/// The pictures of one camera in one form. Ends when the last viewer drops it.
#[derive(Debug)]
pub(super) struct Feed {
    camera: Arc<CameraRuntime>,
    pub(super) outflow: Outflow,
    facts: watch::Sender<PictureFacts>,
    wants_key: AtomicBool,
    _end: DropGuard,
}

/// All feeds that somebody watches.
#[derive(Debug, Default)]
pub(super) struct Feeds {
    open: Mutex<HashMap<(CameraId, Video), Weak<Feed>>>,
}

/// Why there is no feed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FeedError {
    #[error("{MAX_H264} cameras are encoded as H.264 already, the most at once: watch JPEG")]
    TooMany,
    #[error("start to encode: {0}")]
    Thread(#[from] io::Error),
}

impl Feeds {
    /// The feed of a camera; started when nobody watches it yet.
    pub(super) fn get(
        &self,
        camera: &Arc<CameraRuntime>,
        video: Video,
    ) -> Result<Option<Arc<Feed>>, FeedError> {
        if video == Video::None {
            return Ok(None);
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|_, feed| feed.strong_count() > 0);
        let key = (camera.camera_id.clone(), video);
        if let Some(feed) = open.get(&key).and_then(Weak::upgrade) {
            // A camera that was removed and added again is another one.
            if Arc::ptr_eq(&feed.camera, camera) {
                return Ok(Some(feed));
            }
        }
        let n_h264 = open
            .keys()
            .filter(|(_, video)| *video == Video::H264)
            .count();
        if video == Video::H264 && n_h264 >= MAX_H264 {
            return Err(FeedError::TooMany);
        }
        let feed = Feed::start(camera, video)?;
        open.insert(key, Arc::downgrade(&feed));
        Ok(Some(feed))
    }

    /// Makes the next H.264 picture of a camera need no other.
    pub(super) fn want_key(&self, camera_id: &CameraId) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let feed = open.get(&(camera_id.clone(), Video::H264));
        if let Some(feed) = feed.and_then(Weak::upgrade) {
            feed.want_key();
        }
    }
}

impl Feed {
    fn start(camera: &Arc<CameraRuntime>, video: Video) -> Result<Arc<Feed>, FeedError> {
        let end = CancellationToken::new();
        let outflow = match video {
            Video::H264 => Outflow::H264(broadcast::Sender::new(WAITING_UNITS)),
            Video::Jpeg | Video::None => Outflow::Jpeg(watch::Sender::new(None)),
        };
        let feed = Arc::new(Feed {
            camera: Arc::clone(camera),
            outflow,
            facts: watch::Sender::default(),
            wants_key: AtomicBool::new(true),
            _end: end.clone().drop_guard(),
        });
        let weak = Arc::downgrade(&feed);
        let frames = camera.newest_frame.subscribe();
        let span = tracing::info_span!("camera", id = %camera.camera_id);
        if video == Video::H264 {
            let runtime = Handle::current();
            let work = move || {
                let _entered = span.entered();
                yield_to_analysis();
                encode_h264(&weak, frames, &runtime, &end);
            };
            std::thread::Builder::new()
                .name("h264".to_owned())
                .spawn(work)?;
        } else {
            use tracing::Instrument as _;
            tokio::spawn(take_apart(weak, frames, end).instrument(span));
        }
        Ok(feed)
    }

    /// What is known of the pictures; waits for the first one at most
    /// `patience`.
    pub(super) async fn facts(&self, patience: Duration) -> PictureFacts {
        let mut facts = self.facts.subscribe();
        let known = facts.wait_for(|facts| facts.size_px.is_some());
        drop(tokio::time::timeout(patience, known).await);
        facts.borrow().clone()
    }

    /// Makes the next H.264 picture need no other.
    pub(super) fn want_key(&self) {
        self.wants_key.store(true, Ordering::Relaxed);
    }
}

/// The next frame; `None` when nobody watches any more.
async fn next_frame(
    frames: &mut watch::Receiver<Option<EncodedFrame>>,
    end: &CancellationToken,
) -> Option<EncodedFrame> {
    loop {
        tokio::select! {
            () = end.cancelled() => return None,
            changed = frames.changed() => changed.ok()?,
        }
        if let Some(frame) = frames.borrow_and_update().clone() {
            return Some(frame);
        }
    }
}

async fn take_apart(
    feed: Weak<Feed>,
    mut frames: watch::Receiver<Option<EncodedFrame>>,
    end: CancellationToken,
) {
    let mut encoder = None;
    let mut told = None;
    // A first viewer need not wait for the next picture.
    frames.mark_changed();
    while let Some(frame) = next_frame(&mut frames, &end).await {
        let (jpeg, parts) = match JpegParts::find(&frame.jpeg) {
            Ok(parts) => (frame.jpeg, parts),
            Err(Unsuited::Broken) => {
                debug!(seq = frame.seq, "broken picture left out of RTSP");
                continue;
            }
            Err(why) => {
                if told.replace(why) != Some(why) {
                    info!(%why, "pictures are encoded anew for RTSP");
                }
                match encode_plain(&mut encoder, frame.jpeg).await {
                    Some(found) => found,
                    None => continue,
                }
            }
        };
        let Some(feed) = feed.upgrade() else {
            return;
        };
        let size_px = (u32::from(parts.width_px), u32::from(parts.height_px));
        tell(&feed.facts, Some(size_px), None);
        if let Outflow::Jpeg(outflow) = &feed.outflow {
            outflow.send_replace(Some(Arc::new(JpegPicture {
                seq: frame.seq,
                captured_at: frame.captured_at,
                jpeg,
                parts,
            })));
        }
    }
}

/// The picture as RFC 2435 can carry it; `None` when it cannot be decoded.
async fn encode_plain(
    encoder: &mut Option<PlainEncoder>,
    jpeg: Arc<[u8]>,
) -> Option<(Arc<[u8]>, JpegParts)> {
    let taken = encoder.take();
    let work = move || {
        let mut encoder = match taken {
            Some(encoder) => encoder,
            None => PlainEncoder::new()?,
        };
        let plain = encoder.encode(&jpeg, MAX_PLAIN_SIDE_PX);
        Ok::<_, transcode::Error>((encoder, plain))
    };
    let (kept, plain) = match tokio::task::spawn_blocking(work).await {
        Ok(Ok(done)) => done,
        Ok(Err(error)) => {
            warn!(%error, "encode picture for RTSP");
            return None;
        }
        Err(error) => {
            warn!(%error, "encode picture for RTSP");
            return None;
        }
    };
    *encoder = Some(kept);
    let plain = plain
        .inspect_err(|error| debug!(%error, "picture left out of RTSP"))
        .ok()?;
    let parts = JpegParts::find(&plain).ok()?;
    Some((plain.into(), parts))
}

fn encode_h264(
    feed: &Weak<Feed>,
    mut frames: watch::Receiver<Option<EncodedFrame>>,
    runtime: &Handle,
    end: &CancellationToken,
) {
    let mut encoder = match H264Encoder::new() {
        Ok(encoder) => encoder,
        Err(error) => {
            warn!(%error, "start H.264 encoder");
            return;
        }
    };
    info!("somebody watches: pictures are encoded as H.264");
    frames.mark_changed();
    while let Some(frame) = runtime.block_on(next_frame(&mut frames, end)) {
        let Some(feed) = feed.upgrade() else {
            break;
        };
        let wants_key = feed.wants_key.swap(false, Ordering::Relaxed);
        let unit = match encoder.encode(&frame.jpeg, frame.captured_at, wants_key) {
            Ok(unit) => unit,
            Err(error) => {
                debug!(%error, seq = frame.seq, "picture left out of H.264");
                feed.want_key();
                continue;
            }
        };
        if unit.is_key {
            let sets = parameter_sets(&split_stream(&unit.bytes))
                .map(|(sequence, picture)| (sequence.to_vec(), picture.to_vec()));
            tell(&feed.facts, Some(unit.size_px), sets);
        }
        if let Outflow::H264(outflow) = &feed.outflow {
            // Nobody may be listening between description and play.
            drop(outflow.send(Arc::new(H264Picture {
                captured_at: frame.captured_at,
                bytes: unit.bytes,
                is_key: unit.is_key,
            })));
        }
    }
    info!("nobody watches: H.264 is off");
}

fn tell(
    facts: &watch::Sender<PictureFacts>,
    size_px: Option<(u32, u32)>,
    parameter_sets: Option<(Vec<u8>, Vec<u8>)>,
) {
    facts.send_if_modified(|facts| {
        let is_new = facts.size_px != size_px || facts.parameter_sets != parameter_sets;
        if is_new {
            facts.size_px = size_px;
            facts.parameter_sets = parameter_sets;
        }
        is_new
    });
}

/// Lets the threads that analyse go first.
fn yield_to_analysis() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICENESS) {
        debug!(%error, "lower the priority of encoding");
    }
}
