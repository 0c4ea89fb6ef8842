//! The thread's work: what waits for the disk, in order, and storing it.
//!
//! In: messages of [`Storage`](super::Storage)'s clones. Out: stored rows, and
//! a word to those who wait for new ones.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use store::{Batch, Kept, NodeApplied, NodePage, Store};
use types::Clock;

use super::{Enlist, MAX_WAITING, Message, OnStored, Parcel, Records, Shared, lock};

/// Most bytes of pictures that may wait for a disk that is full.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

/// Pause before a failed append is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

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

pub(super) struct Writer {
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
    pub(super) fn new(
        store: Store,
        receiver: Receiver<Message>,
        shared: Arc<Shared>,
        clock: Arc<dyn Clock>,
        on_stored: OnStored,
        enlist: Enlist,
    ) -> Self {
        Writer {
            store,
            receiver,
            shared,
            pending: Pending::default(),
            retry_at: Duration::ZERO,
            clock,
            on_stored,
            enlist,
        }
    }

    pub(super) fn run(mut self) {
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
