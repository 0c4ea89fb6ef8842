//! The metadata track: what one viewer is told of one camera.

use std::sync::Arc;

use sink::onvif::document::{MODULE, RootName, frame_document};
use sink::onvif::scene::{Cadence, FrameOptions};
use sink::rtsp::Content;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use types::{CameraId, Scene, Timestamp};

use super::Rtsp;
use super::alarms::Alarm;
use super::viewers::Viewer;
use crate::supervise::CameraRuntime;

/// Documents for one viewer.
#[derive(Debug)]
pub(super) struct Documents {
    camera_id: CameraId,
    root: RootName,
    cadence: Cadence,
    /// What was observed before the viewer came: what it begins with.
    newest: Option<Arc<Scene>>,
    /// Time of the scene told last.
    told_at: Option<Timestamp>,
    scenes: Option<broadcast::Receiver<Arc<Scene>>>,
    alarms: Option<broadcast::Receiver<Arc<Alarm>>>,
}

impl Documents {
    /// What happens on `camera` from now on.
    pub(super) fn new(rtsp: &Rtsp, camera: &CameraRuntime, content: Content) -> Self {
        // In this order none is missed between the two.
        let scenes = content.has_scenes.then(|| camera.scenes.subscribe());
        let newest = camera.live.borrow();
        let newest = newest.as_ref().map(|record| Arc::clone(&record.scene));
        let wants_alarms = content.has_events && content.is_ipro;
        Documents {
            camera_id: camera.camera_id.clone(),
            root: match content.is_ipro {
                true => RootName::Prose,
                false => RootName::Schema,
            },
            cadence: Cadence::default(),
            newest: newest.filter(|_| content.has_scenes),
            told_at: None,
            scenes,
            alarms: wants_alarms.then(|| rtsp.shared.alarms.subscribe()),
        }
    }

    /// The next document and the time that it is about; `None` when the camera
    /// is gone.
    pub(super) async fn next(&mut self, viewer: &Viewer) -> Option<(String, Timestamp)> {
        if let Some(scene) = self.newest.take() {
            self.cadence.wants(&scene);
            self.told_at = Some(scene.captured_at);
            return Some(self.frame(&scene));
        }
        loop {
            tokio::select! {
                scene = next_of(&mut self.scenes, viewer) => {
                    let scene = scene?;
                    let is_new = self.told_at.take() != Some(scene.captured_at);
                    if is_new && self.cadence.wants(&scene) {
                        return Some(self.frame(&scene));
                    }
                }
                alarm = next_of(&mut self.alarms, viewer) => {
                    let alarm = alarm?;
                    if alarm.camera_id == self.camera_id {
                        return Some((alarm.document.clone(), alarm.at));
                    }
                }
            }
        }
    }
}

impl Documents {
    fn frame(&self, scene: &Scene) -> (String, Timestamp) {
        let options = FrameOptions::plain(MODULE);
        (
            frame_document(self.root, scene, &options),
            scene.captured_at,
        )
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
