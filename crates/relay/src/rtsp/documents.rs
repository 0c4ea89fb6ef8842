//! The metadata track: what one viewer is told of one camera.
//!
//! In: scenes and events of the camera. Out: documents, as far as the camera's
//! metadata configuration has scenes and events; a viewer that asked for
//! i-PRO's form gets what it asked for.

use std::sync::Arc;
use std::time::Duration;

use sink::onvif::document::{MODULE, RootName, event_document, frame_document};
use sink::onvif::notification::Notification;
use sink::onvif::scene::{Cadence, FrameOptions};
use sink::rtsp::Content;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use types::{CameraId, Scene, Timestamp};

use super::Rtsp;
use super::alarms::Alarm;
use super::events::Events;
use super::viewers::Viewer;
use crate::onvif::OnvifDesk;
use crate::supervise::CameraRuntime;

/// A scene told longer ago than this says nothing about what time it is on the
/// track; analysis takes less.
const IS_LIVE: Duration = Duration::from_secs(2);

/// Documents for one viewer.
#[derive(Debug)]
pub(super) struct Documents {
    camera_id: CameraId,
    desk: OnvifDesk,
    content: Content,
    cadence: Cadence,
    /// What was observed before the viewer came: what it begins with.
    newest: Option<Arc<Scene>>,
    /// Time of the scene told last.
    told_at: Option<Timestamp>,
    /// Until when the track was told.
    until: Option<Timestamp>,
    scenes: Option<broadcast::Receiver<Arc<Scene>>>,
    events: Option<Events>,
    alarms: Option<broadcast::Receiver<Arc<Alarm>>>,
    synchronise: broadcast::Receiver<CameraId>,
}

impl Documents {
    /// What happens on `camera` from now on.
    pub(super) fn new(rtsp: &Rtsp, camera: &CameraRuntime, content: Content) -> Self {
        // In this order none is missed between the two.
        let scenes = content.has_scenes.then(|| camera.scenes.subscribe());
        let newest = camera.live.borrow();
        let newest = newest.as_ref().map(|record| Arc::clone(&record.scene));
        let desk = &rtsp.shared.parts.onvif;
        let wants = |is_ipro| content.has_events && content.is_ipro == is_ipro;
        Documents {
            camera_id: camera.camera_id.clone(),
            desk: desk.clone(),
            content,
            cadence: Cadence::default(),
            newest: newest.filter(|_| content.has_scenes),
            told_at: None,
            until: None,
            scenes,
            events: wants(false).then(|| Events::new(desk, &camera.camera_id)),
            alarms: wants(true).then(|| rtsp.shared.alarms.subscribe()),
            synchronise: rtsp.shared.synchronise.subscribe(),
        }
    }

    /// The next document and the time that it is about; `None` when the camera
    /// is gone.
    pub(super) async fn next(&mut self, viewer: &Viewer) -> Option<(String, Timestamp)> {
        if let Some(scene) = self.newest.take().filter(|_| self.wants_scenes()) {
            self.cadence.wants(&scene);
            self.told_at = Some(scene.captured_at);
            return Some(self.frame(&scene));
        }
        loop {
            tokio::select! {
                scene = next_of(&mut self.scenes, viewer) => {
                    let scene = scene?;
                    let is_new = self.told_at.take() != Some(scene.captured_at);
                    if is_new && self.wants_scenes() && self.cadence.wants(&scene) {
                        return Some(self.frame(&scene));
                    }
                }
                told = next_events(&mut self.events, viewer) => {
                    return Some(self.event(&told?));
                }
                alarm = next_of(&mut self.alarms, viewer) => {
                    let alarm = alarm?;
                    if alarm.camera_id == self.camera_id {
                        return Some((alarm.document.clone(), alarm.at));
                    }
                }
                meant = self.synchronise.recv() => match meant {
                    Ok(camera_id) if camera_id != self.camera_id => {}
                    // Too many to tell whether one of them was for this camera.
                    Ok(_) | Err(RecvError::Lagged(_)) => self.begin_anew(),
                    Err(RecvError::Closed) => return None,
                },
            }
        }
    }

    /// All states, and the next scene whatever it is.
    fn begin_anew(&mut self) {
        self.cadence = Cadence::default();
        if let Some(events) = &mut self.events {
            events.restate();
        }
    }

    fn wants_scenes(&self) -> bool {
        let document = self.desk.book().present();
        self.content.is_ipro || document.metadata(&self.camera_id).has_analytics
    }

    fn frame(&mut self, scene: &Scene) -> (String, Timestamp) {
        let options = FrameOptions::plain(MODULE);
        let at = scene.captured_at;
        self.until = Some(at);
        (frame_document(self.root(), scene, &options), at)
    }

    /// Events stand at the time of the newest scene, since the track's clock
    /// must not run backwards; their own time is in them.
    fn event(&mut self, told: &[Arc<Notification>]) -> (String, Timestamp) {
        let newest = told.iter().map(|notification| notification.at).max();
        let at = match (self.until, newest) {
            (Some(until), Some(newest)) if newest > until.saturating_add(IS_LIVE) => newest,
            (Some(until), _) => until,
            (None, newest) => newest.unwrap_or_default(),
        };
        self.until = Some(at);
        let naming = self.desk.book().present().naming();
        let told = told.iter().map(|notification| &**notification);
        (event_document(self.root(), told, naming), at)
    }

    fn root(&self) -> RootName {
        match self.content.is_ipro {
            true => RootName::Prose,
            false => RootName::Schema,
        }
    }
}

async fn next_events(
    events: &mut Option<Events>,
    viewer: &Viewer,
) -> Option<Vec<Arc<Notification>>> {
    match events {
        Some(events) => events.next(viewer).await,
        None => std::future::pending().await,
    }
}

/// The next of what was asked for; what the viewer was too slow for is counted.
async fn next_of<T>(
    receiver: &mut Option<broadcast::Receiver<Arc<T>>>,
    viewer: &Viewer,
) -> Option<Arc<T>>
where
    T: Send + Sync + 'static,
{
    let Some(receiver) = receiver else {
        return std::future::pending().await;
    };
    loop {
        match receiver.recv().await {
            Ok(next) => return Some(next),
            Err(RecvError::Lagged(count)) => viewer.lost(count),
            Err(RecvError::Closed) => return None,
        }
    }
}
