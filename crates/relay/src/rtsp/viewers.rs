//! Who watches, for people: pages, metrics, the log.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use types::{CameraId, Timestamp};

use super::limits::MAX_VIEWERS;

/// How a viewer is sent what it watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// RTP in datagrams.
    Udp,
    /// RTP within the RTSP connection.
    Tcp,
    /// RTP within a tunnel through HTTP.
    Http,
    /// RTP within a WebSocket.
    WebSocket,
    /// JPEGs within an HTTP answer.
    Mjpeg,
}

impl Way {
    /// Lower-case name, as in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Way::Udp => "udp",
            Way::Tcp => "tcp",
            Way::Http => "http",
            Way::WebSocket => "websocket",
            Way::Mjpeg => "mjpeg",
        }
    }
}

/// Who watches what.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    /// Which camera.
    pub(crate) camera_id: CameraId,
    /// Kind of video: jpeg, h264, metadata (none).
    pub(crate) video: &'static str,
    /// How.
    pub(crate) way: Way,
    /// Address of the viewer.
    pub(crate) peer: SocketAddr,
    /// Device account.
    pub(crate) account: String,
    /// What the program calls itself; may be empty.
    pub(crate) agent: String,
    /// When it began.
    pub(crate) since: Timestamp,
}

/// A viewer and what it was sent.
#[derive(Clone, Debug)]
pub(crate) struct ViewerFacts {
    /// Number since the start of the program.
    pub(crate) id: u64,
    /// Who, what and how.
    pub(crate) watch: Watch,
    /// Pictures sent.
    pub(crate) n_pictures: u64,
    /// Metadata documents sent.
    pub(crate) n_documents: u64,
    /// Bytes of both.
    pub(crate) n_bytes: u64,
    /// Pictures and documents that it was too slow for.
    pub(crate) n_lost: u64,
    /// Packets that did not arrive, by its own count.
    pub(crate) n_lost_on_the_way: u64,
}

/// Everybody who watches.
#[derive(Clone, Debug, Default)]
pub(super) struct Viewers {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    next_id: u64,
    watching: BTreeMap<u64, (Watch, Arc<Sums>)>,
    /// Of viewers that are gone.
    n_lost: BTreeMap<CameraId, u64>,
}

#[derive(Debug, Default)]
struct Sums {
    pictures: AtomicU64,
    documents: AtomicU64,
    bytes: AtomicU64,
    lost: AtomicU64,
    lost_on_the_way: AtomicU64,
}

/// One viewer's entry; leaves the list when dropped.
#[derive(Debug)]
pub(crate) struct Viewer {
    id: u64,
    sums: Arc<Sums>,
    viewers: Viewers,
}

impl Viewers {
    /// Puts a viewer on the list; `None` when there are too many.
    pub(super) fn enter(&self, watch: Watch) -> Option<Viewer> {
        let mut inner = self.lock();
        if inner.watching.len() >= MAX_VIEWERS {
            return None;
        }
        let id = inner.next_id;
        inner.next_id += 1;
        let sums = Arc::<Sums>::default();
        inner.watching.insert(id, (watch, Arc::clone(&sums)));
        Some(Viewer {
            id,
            sums,
            viewers: self.clone(),
        })
    }

    /// Everybody, in the order in which they came.
    pub(super) fn list(&self) -> Vec<ViewerFacts> {
        let inner = self.lock();
        let watching = inner.watching.iter();
        watching
            .map(|(id, (watch, sums))| {
                let get = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
                ViewerFacts {
                    id: *id,
                    watch: watch.clone(),
                    n_pictures: get(&sums.pictures),
                    n_documents: get(&sums.documents),
                    n_bytes: get(&sums.bytes),
                    n_lost: get(&sums.lost),
                    n_lost_on_the_way: get(&sums.lost_on_the_way),
                }
            })
            .collect()
    }

    /// What viewers lost since the start, by camera.
    pub(super) fn n_lost(&self) -> BTreeMap<CameraId, u64> {
        let inner = self.lock();
        let mut n_lost = inner.n_lost.clone();
        for (watch, sums) in inner.watching.values() {
            *n_lost.entry(watch.camera_id.clone()).or_default() +=
                sums.lost.load(Ordering::Relaxed);
        }
        n_lost
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Viewer {
    /// A picture was sent.
    pub(crate) fn sent_picture(&self, len_bytes: usize) {
        self.sums.pictures.fetch_add(1, Ordering::Relaxed);
        self.sums
            .bytes
            .fetch_add(len_bytes as u64, Ordering::Relaxed);
    }

    /// A document was sent.
    pub(crate) fn sent_document(&self, len_bytes: usize) {
        self.sums.documents.fetch_add(1, Ordering::Relaxed);
        self.sums
            .bytes
            .fetch_add(len_bytes as u64, Ordering::Relaxed);
    }

    /// It was too slow for so many.
    pub(crate) fn lost(&self, count: u64) {
        self.sums.lost.fetch_add(count, Ordering::Relaxed);
    }

    /// It counts so many lost packets by now.
    pub(super) fn lost_on_the_way(&self, count: u32) {
        let count = u64::from(count);
        self.sums
            .lost_on_the_way
            .fetch_max(count, Ordering::Relaxed);
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        let mut inner = self.viewers.lock();
        if let Some((watch, sums)) = inner.watching.remove(&self.id) {
            let n_lost = sums.lost.load(Ordering::Relaxed);
            *inner.n_lost.entry(watch.camera_id).or_default() += n_lost;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(camera_id: &str) -> Watch {
        Watch {
            camera_id: CameraId::new(camera_id).unwrap(),
            video: "jpeg",
            way: Way::Tcp,
            peer: ([192, 0, 2, 1], 5_000).into(),
            account: "vms".to_owned(),
            agent: String::new(),
            since: Timestamp::default(),
        }
    }

    #[test]
    fn what_was_lost_is_still_told_when_the_viewer_is_gone() {
        let viewers = Viewers::default();
        let gate = viewers.enter(watch("gate")).unwrap();
        let yard = viewers.enter(watch("yard")).unwrap();
        gate.sent_picture(10);
        gate.lost(3);
        yard.lost(1);
        assert_eq!(viewers.list().len(), 2);
        assert_eq!(viewers.list()[0].n_pictures, 1);
        drop(gate);
        assert_eq!(viewers.list().len(), 1);
        let lost: Vec<u64> = viewers.n_lost().into_values().collect();
        assert_eq!(lost, [3, 1]);
    }

    #[test]
    fn more_than_the_bound_are_refused() {
        let viewers = Viewers::default();
        let all: Vec<_> = (0..MAX_VIEWERS)
            .map(|_| viewers.enter(watch("gate")).expect("there is room"))
            .collect();
        assert!(viewers.enter(watch("gate")).is_none());
        drop(all);
        assert!(viewers.enter(watch("gate")).is_some());
    }
}
