//! What happens, as notifications.
//!
//! In: batches as they are stored, and each second a look at the cameras. Out:
//! notifications, in order.

use std::collections::BTreeSet;

use sink::onvif::scene::{ObjectImage, SceneObject};
use sink::onvif::state::track_aggregation;
use sink::{Message, Picture};
use store::{Appended, Batch, EventRow, Reader};
use types::{BestShot, CameraId, ShotStage};

use super::view::rule_setups;
use super::{OnvifDesk, lock};
use crate::deliver::picture_path;
use crate::settings::CameraSettings;
use crate::supervise::{CameraRuntime, Fleet, SourceState};

impl OnvifDesk {
    /// Tells what a batch brought. Called on the store's thread.
    pub(crate) fn stored(
        &self,
        fleet: &Fleet,
        reader: &Reader,
        batch: &Batch,
        appended: &Appended,
    ) {
        let camera = fleet.get(&batch.camera_id);
        let settings = camera.map(|camera| camera.current_settings());
        let url_of = |path: &str| self.url_of(path);
        let mut told = Vec::new();
        for event in &batch.events {
            if !appended.new_steps.contains(&(event.event_id, event.step)) {
                continue;
            }
            let row = reader.event(event.event_id).unwrap_or_default();
            let mut message = Message::from_event(event);
            self.name(&mut message, settings.as_deref(), row.as_ref());
            told.extend(lock(&self.shared.state).step(&message, &url_of));
        }
        let finals = batch.best_shots.iter();
        let finals = finals.filter(|shot| shot.stage == ShotStage::Final);
        told.extend(finals.map(|shot| aggregation(&batch.camera_id, shot, batch.now)));
        self.publish(told);
    }

    /// Looks at all cameras: other rules, numbers, lost video, other classes
    /// in view. Also ends subscriptions whose time is over.
    pub(crate) fn look(&self, fleet: &Fleet) {
        let now = self.shared.clock.now();
        let mut told = Vec::new();
        let mut present = BTreeSet::new();
        for camera in fleet.all() {
            let settings = camera.current_settings();
            if !settings.is_enabled {
                continue;
            }
            present.insert(settings.camera_id.clone());
            let as_known = (settings.revision, self.book().n_changes());
            let before = lock(&self.shared.seen).insert(settings.camera_id.clone(), as_known);
            let mut state = lock(&self.shared.state);
            if before != Some(as_known) {
                let rules = rule_setups(&settings, &self.book().present());
                told.extend(state.set_rules(&settings.camera_id, rules, now));
            }
            let is_lost = fleet.status(&camera).state != SourceState::Receiving;
            told.extend(state.signal(&settings.camera_id, is_lost, now));
            drop(state);
            told.extend(self.numbers(&camera));
        }
        let mut state = lock(&self.shared.state);
        let known = state.camera_ids().cloned();
        let gone: Vec<CameraId> = known.filter(|id| !present.contains(id)).collect();
        for camera_id in gone {
            told.extend(state.remove_camera(&camera_id, now));
            lock(&self.shared.seen).remove(&camera_id);
        }
        drop(state);
        self.publish(told);
        self.hub().expire(now);
    }

    /// What a camera's programs and scene say now.
    fn numbers(&self, camera: &CameraRuntime) -> Vec<sink::onvif::notification::Notification> {
        let Some(record) = camera.live.borrow().clone() else {
            return Vec::new();
        };
        let (camera_id, at) = (&camera.camera_id, record.scene.captured_at);
        let counters = record.programs.counters.iter();
        let counters =
            counters.map(|counter| (counter.rule_id, counter.n_entered() + counter.n_left()));
        let areas = record.programs.occupancy.iter();
        let areas = areas
            .flat_map(|occupancy| &occupancy.areas)
            .map(|area| (area.rule_id, u64::from(area.n_present)));
        let mut state = lock(&self.shared.state);
        let mut told = Vec::new();
        for (rule_id, count) in counters.chain(areas) {
            told.extend(state.count(camera_id, rule_id, count, at));
        }
        told.extend(state.scene(camera_id, &record.scene));
        told
    }

    /// Names that people gave, and the picture so far.
    fn name(
        &self,
        message: &mut Message,
        settings: Option<&CameraSettings>,
        row: Option<&EventRow>,
    ) {
        if let Some(settings) = settings {
            message.camera_name.clone_from(&settings.name);
            let zone_name = message.zone_id.and_then(|id| settings.zone_name(id));
            message.zone_name = zone_name.map(str::to_owned);
        }
        let shot = row.and_then(|row| row.shot.as_ref());
        message.picture = shot.map(|shot| Picture {
            path: picture_path(&self.shared.vault, message.event_id),
            stage: shot.stage,
            captured_at: shot.captured_at,
            width_px: shot.width_px,
            height_px: shot.height_px,
            quality: shot.quality,
            jpeg: None,
        });
    }

    fn url_of(&self, path: &str) -> String {
        format!("{}{path}", self.shared.public_url)
    }
}

/// The end of an object's stay with its best picture.
fn aggregation(
    camera_id: &CameraId,
    shot: &BestShot,
    now: types::Timestamp,
) -> sink::onvif::notification::Notification {
    let object = SceneObject {
        track_id: Some(shot.track_id),
        bbox: Some(shot.bbox),
        class: Some(shot.class),
        score: shot.score,
        is_idle: false,
        image: Some(ObjectImage::Embedded(shot.jpeg.clone())),
    };
    track_aggregation(camera_id, object, shot.captured_at, now)
}
