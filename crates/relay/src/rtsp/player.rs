//! Sends the tracks of one session, from PLAY to PAUSE or the end.

use std::sync::Arc;

use sink::access::Account;
use sink::rtsp::{
    Content, Fragment, TrackKind, document_fragments, h264_fragments, jpeg_fragments, split_stream,
};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use types::Timestamp;

use super::Rtsp;
use super::documents::Documents;
use super::feed::{Feed, H264Picture, JpegPicture, Outflow};
use super::limits::{MAX_PAYLOAD_BYTES, REPORT_EVERY};
use super::outlet::{Gone, Outlet};
use super::viewers::Viewer;
use crate::supervise::CameraRuntime;

/// What is sent to whom.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) rtsp: Rtsp,
    pub(super) camera: Arc<CameraRuntime>,
    pub(super) account: Account,
    pub(super) viewer: Arc<Viewer>,
    pub(super) feed: Option<Arc<Feed>>,
    pub(super) content: Content,
    pub(super) outlets: Vec<Outlet>,
}

impl Player {
    /// Sends until `stop`, or until the viewer is gone, the camera is removed
    /// or switched off, or the account is changed. Gives the outlets back, for
    /// another PLAY.
    pub(super) async fn run(mut self, stop: CancellationToken) -> Vec<Outlet> {
        tokio::select! {
            () = stop.cancelled() => {}
            // Only says who is gone.
            _gone = self.send_all() => {}
        }
        let now = self.rtsp.clock().now();
        for outlet in &mut self.outlets {
            outlet.say_goodbye(now).await;
        }
        self.outlets
    }

    async fn send_all(&mut self) -> Gone {
        let is_set_up = |track| self.outlets.iter().any(|outlet| outlet.track == track);
        let feed = self.feed.clone().filter(|_| is_set_up(TrackKind::Video));
        let mut pictures = Pictures::of(feed.as_deref());
        let mut documents = is_set_up(TrackKind::Metadata)
            .then(|| Documents::new(&self.rtsp, &self.camera, self.content));
        let mut reports = interval(REPORT_EVERY);
        reports.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let sent = tokio::select! {
                picture = pictures.next(&self.viewer) => match picture {
                    Some(picture) => self.send_picture(&picture).await,
                    None => Err(Gone),
                },
                document = next_document(&mut documents, &self.viewer) => match document {
                    Some((text, at)) => self.send_document(&text, at).await,
                    None => Err(Gone),
                },
                _ = reports.tick() => self.look().await,
            };
            if let Err(gone) = sent {
                pictures.count_missed(&self.viewer);
                return gone;
            }
        }
    }

    async fn send_picture(&mut self, picture: &Picture) -> Result<(), Gone> {
        let (units, fragments, at);
        match picture {
            Picture::Jpeg(picture) => {
                fragments = jpeg_fragments(&picture.jpeg, &picture.parts, MAX_PAYLOAD_BYTES);
                at = picture.captured_at;
            }
            Picture::H264(picture) => {
                units = split_stream(&picture.bytes);
                fragments = h264_fragments(&units, MAX_PAYLOAD_BYTES);
                at = picture.captured_at;
            }
        }
        let n_bytes = self.send(TrackKind::Video, &fragments, at).await?;
        self.viewer.sent_picture(n_bytes);
        Ok(())
    }

    async fn send_document(&mut self, text: &str, at: Timestamp) -> Result<(), Gone> {
        let fragments = document_fragments(text, MAX_PAYLOAD_BYTES);
        let n_bytes = self.send(TrackKind::Metadata, &fragments, at).await?;
        self.viewer.sent_document(n_bytes);
        Ok(())
    }

    async fn send(
        &mut self,
        track: TrackKind,
        fragments: &[Fragment<'_>],
        at: Timestamp,
    ) -> Result<usize, Gone> {
        let now = self.rtsp.clock().now();
        let mut outlets = self.outlets.iter_mut();
        let outlet = outlets.find(|outlet| outlet.track == track).ok_or(Gone)?;
        let n_bytes = outlet.send(fragments, at).await?;
        // A receiver that is to fit tracks together need not wait for long.
        outlet.report_once(now).await?;
        Ok(n_bytes)
    }

    /// Reports, and ends what may not go on.
    async fn look(&mut self) -> Result<(), Gone> {
        let may_go_on = self.rtsp.is_running(&self.camera)
            && self.camera.current_settings().is_enabled
            && self.rtsp.is_still_allowed(&self.account);
        if !may_go_on {
            return Err(Gone);
        }
        let now = self.rtsp.clock().now();
        for outlet in &mut self.outlets {
            outlet.report(now).await?;
        }
        Ok(())
    }
}

/// One picture in either form.
#[derive(Debug)]
enum Picture {
    Jpeg(Arc<JpegPicture>),
    H264(Arc<H264Picture>),
}

/// Where the pictures come from.
#[derive(Debug)]
enum Pictures<'a> {
    None,
    Jpeg {
        receiver: watch::Receiver<Option<Arc<JpegPicture>>>,
        last_seq: Option<u64>,
    },
    H264 {
        receiver: broadcast::Receiver<Arc<H264Picture>>,
        feed: &'a Feed,
        /// Only a picture that needs no other may come next.
        needs_key: bool,
    },
}

impl<'a> Pictures<'a> {
    fn of(feed: Option<&'a Feed>) -> Self {
        let Some(feed) = feed else {
            return Pictures::None;
        };
        match &feed.outflow {
            Outflow::Jpeg(outflow) => {
                let mut receiver = outflow.subscribe();
                receiver.mark_changed();
                Pictures::Jpeg {
                    receiver,
                    last_seq: None,
                }
            }
            Outflow::H264(outflow) => {
                feed.want_key();
                Pictures::H264 {
                    receiver: outflow.subscribe(),
                    feed,
                    needs_key: true,
                }
            }
        }
    }

    /// Counts what came while the viewer, now given up, took nothing.
    fn count_missed(&self, viewer: &Viewer) {
        match self {
            Pictures::None => {}
            Pictures::Jpeg { receiver, last_seq } => {
                let newest = receiver.borrow();
                let newest = newest.as_ref().map(|picture| picture.seq);
                if let (Some(newest), Some(last_seq)) = (newest, last_seq) {
                    viewer.lost(newest.saturating_sub(*last_seq));
                }
            }
            Pictures::H264 { receiver, .. } => viewer.lost(receiver.len() as u64),
        }
    }

    /// The next picture; what the viewer was too slow for is counted. `None`
    /// when there are no more.
    async fn next(&mut self, viewer: &Viewer) -> Option<Picture> {
        match self {
            Pictures::None => std::future::pending().await,
            Pictures::Jpeg { receiver, last_seq } => loop {
                receiver.changed().await.ok()?;
                let Some(picture) = receiver.borrow_and_update().clone() else {
                    continue;
                };
                if let Some(last_seq) = last_seq.replace(picture.seq) {
                    viewer.lost(picture.seq.saturating_sub(last_seq + 1));
                }
                return Some(Picture::Jpeg(picture));
            },
            Pictures::H264 {
                receiver,
                feed,
                needs_key,
            } => loop {
                match receiver.recv().await {
                    Ok(picture) if *needs_key && !picture.is_key => {}
                    Ok(picture) => {
                        *needs_key = false;
                        return Some(Picture::H264(picture));
                    }
                    Err(RecvError::Lagged(count)) => {
                        viewer.lost(count);
                        *needs_key = true;
                        feed.want_key();
                    }
                    Err(RecvError::Closed) => return None,
                }
            },
        }
    }
}

async fn next_document(
    documents: &mut Option<Documents>,
    viewer: &Viewer,
) -> Option<(String, Timestamp)> {
    match documents {
        Some(documents) => documents.next(viewer).await,
        None => std::future::pending().await,
    }
}
