//! Sees what cameras see, for a broker: scenes as they come, states when they
//! change.
//!
//! Each second all cameras are looked at; in between, each analysed frame of
//! each camera. A frame that comes while the one before is looked at is
//! skipped, as for a slow viewer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use serde_json::Value;
use sink::mqtt::home_assistant::{Group, OFFLINE, ONLINE, counter_state, on_off, rule_state};
use sink::mqtt::scene_publication;
use sink::onvif::scene::Cadence;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use types::{CameraId, Timestamp, TrackState};

use super::super::couriers::lock;
use super::link::BrokerLink;
use super::rules::home_camera;
use crate::onvif::rule_setups;
use crate::settings::CameraSettings;
use crate::supervise::{CameraRuntime, LiveRecord, SourceState};

const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Motion is told for so long after the last that was seen: else a sensor
/// would flicker with every pause.
const MOTION_HOLD: Duration = Duration::from_secs(5);

/// The live frames of one camera, and which camera.
type Live = (CameraId, watch::Receiver<Option<LiveRecord>>);

/// Watches until it is dropped.
pub(super) async fn watch(link: Arc<BrokerLink>) {
    let mut watcher = Watcher {
        link,
        cameras: BTreeMap::new(),
        known: Vec::new(),
        n_changes: 0,
    };
    let mut ticks = interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut frames: FuturesUnordered<BoxFuture<'static, Option<Live>>> = FuturesUnordered::new();
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                for live in watcher.look().await {
                    frames.push(Box::pin(next_frame(live)));
                }
            }
            Some(frame) = frames.next() => {
                if let Some((camera_id, mut live)) = frame {
                    let record = live.borrow_and_update().clone();
                    if let Some(record) = record {
                        watcher.see(&camera_id, &record);
                    }
                    frames.push(Box::pin(next_frame((camera_id, live))));
                }
            }
        }
    }
}

/// Waits for a camera's next frame; `None` when the camera is gone.
async fn next_frame((camera_id, mut live): Live) -> Option<Live> {
    live.changed().await.ok()?;
    Some((camera_id, live))
}

struct Watcher {
    link: Arc<BrokerLink>,
    cameras: BTreeMap<CameraId, Watched>,
    /// Settings of all cameras as of the last look.
    known: Vec<Arc<CameraSettings>>,
    /// Changes of the ONVIF device's settings as of then: they name rules.
    n_changes: u64,
}

/// What is remembered of a camera.
struct Watched {
    runtime: Arc<CameraRuntime>,
    /// Which scenes are worth sending.
    cadence: Cadence,
    moved_at: Option<Timestamp>,
}

impl Watcher {
    /// Looks at all cameras; returns those that are new.
    async fn look(&mut self) -> Vec<Live> {
        let now = self.link.parts.clock.now();
        let runtimes = self.link.parts.fleet.all();
        let settings: Vec<_> = runtimes.iter().map(|r| r.current_settings()).collect();
        let n_changes = self.link.parts.onvif.n_changes();
        let is_same = settings.len() == self.known.len()
            && n_changes == self.n_changes
            && settings
                .iter()
                .zip(&self.known)
                .all(|(new, known)| Arc::ptr_eq(new, known));
        if !is_same {
            self.known = settings;
            self.n_changes = n_changes;
            self.take_rules(now);
            let wanted = self.wanted(now);
            self.link.expect(wanted).await;
        }
        let present: BTreeSet<&CameraId> = runtimes.iter().map(|r| &r.camera_id).collect();
        self.cameras
            .retain(|camera_id, _| present.contains(camera_id));
        let mut new = Vec::new();
        for runtime in &runtimes {
            let is_known = self
                .cameras
                .get(&runtime.camera_id)
                .is_some_and(|watched| Arc::ptr_eq(&watched.runtime, runtime));
            if !is_known {
                new.push((runtime.camera_id.clone(), runtime.live.subscribe()));
                let watched = Watched {
                    runtime: Arc::clone(runtime),
                    cadence: Cadence::default(),
                    moved_at: None,
                };
                self.cameras.insert(runtime.camera_id.clone(), watched);
            }
        }
        for watched in self.cameras.values() {
            self.tell_camera(watched, now);
        }
        new
    }

    /// Lets the states follow the settings of all cameras.
    fn take_rules(&self, now: Timestamp) {
        let document = self.link.parts.onvif.present();
        let mut state = lock(&self.link.state);
        let known: BTreeSet<&CameraId> = self.known.iter().map(|s| &s.camera_id).collect();
        let gone: Vec<CameraId> = state
            .camera_ids()
            .filter(|camera_id| !known.contains(camera_id))
            .cloned()
            .collect();
        for camera_id in gone {
            state.remove_camera(&camera_id, now);
        }
        for settings in &self.known {
            let rules = rule_setups(settings, &document);
            state.set_rules(&settings.camera_id, rules, now);
        }
    }

    /// All topics that exist by the settings.
    fn wanted(&self, now: Timestamp) -> BTreeMap<String, Option<Bytes>> {
        let states = lock(&self.link.state).all(now);
        let mut wanted: BTreeMap<String, Option<Bytes>> = states
            .iter()
            .filter_map(|state| self.link.event(state))
            .map(|publication| (publication.topic, Some(publication.payload)))
            .collect();
        let Some(home) = &self.link.plan.home else {
            return wanted;
        };
        for settings in &self.known {
            let camera = home_camera(settings);
            let id = &camera.camera_id;
            let mut add = |topic: String, first: Option<Bytes>| wanted.insert(topic, first);
            for (topic, document) in home.discovery(&camera) {
                add(topic, Some(text(&document)));
            }
            let topics = &home.topics;
            for rule in &camera.rules {
                let off = text(&rule_state(false, None));
                add(topics.rule(id, rule.rule_id), Some(off));
            }
            for (rule_id, _) in &camera.counters {
                add(topics.counter(id, *rule_id), None);
            }
            for (rule_id, _) in &camera.areas {
                add(topics.area(id, *rule_id), None);
            }
            for group in Group::ALL {
                add(topics.group(id, group), Some(Bytes::from_static(b"0")));
            }
            add(topics.motion(id), Some(Bytes::from(on_off(false))));
            add(topics.camera_status(id), Some(Bytes::from(OFFLINE)));
            add(topics.picture(id), None);
        }
        wanted
    }

    fn tell_camera(&self, watched: &Watched, now: Timestamp) {
        let (link, runtime) = (&self.link, &watched.runtime);
        let id = &runtime.camera_id;
        let status = link.parts.fleet.status(runtime);
        let is_there = status.state == SourceState::Receiving;
        // A camera that is switched off, or on the way, has lost nothing yet.
        let is_lost = matches!(status.state, SourceState::Waiting | SourceState::Failed);
        let told = lock(&link.state).signal(id, is_lost, now);
        if let Some(notification) = told {
            link.tell(&notification);
        }
        let Some(home) = &link.plan.home else {
            return;
        };
        let payload = if is_there { ONLINE } else { OFFLINE };
        link.set(&home.topics.camera_status(id), payload);
        let is_moving = watched
            .moved_at
            .is_some_and(|at| now.saturating_since(at) < MOTION_HOLD);
        link.set(&home.topics.motion(id), on_off(is_moving && is_there));
        if !is_there {
            for group in Group::ALL {
                link.set(&home.topics.group(id, group), "0");
            }
        }
    }

    /// A camera's frame was analysed.
    fn see(&mut self, camera_id: &CameraId, record: &LiveRecord) {
        let Some(watched) = self.cameras.get_mut(camera_id) else {
            return;
        };
        let (link, scene) = (&self.link, &*record.scene);
        if link.plan.sends_scenes && watched.cadence.wants(scene) {
            let session = link.session.borrow().clone();
            let publication = scene_publication(&link.plan.prefix, camera_id, scene);
            if let (Some(session), Some(publication)) = (session, publication) {
                link.note_scene(session.offer(publication));
            }
        }
        tell_numbers(link, camera_id, record);
        let Some(home) = &link.plan.home else {
            return;
        };
        let topics = &home.topics;
        if !scene.motion.boxes.is_empty() && !scene.motion.is_global {
            watched.moved_at = Some(scene.captured_at);
            link.set(&topics.motion(camera_id), on_off(true));
        }
        for group in Group::ALL {
            let is_in = |state| matches!(state, TrackState::Confirmed | TrackState::Lost);
            let tracks = scene.tracks.iter();
            let n_in_view = tracks
                .filter(|track| is_in(track.state) && group.has(track.class))
                .count();
            link.set(&topics.group(camera_id, group), n_in_view.to_string());
        }
        for counter in &record.programs.counters {
            let state = counter_state(counter.n_entered(), counter.n_left());
            link.set(&topics.counter(camera_id, counter.rule_id), text(&state));
        }
        for area in record
            .programs
            .occupancy
            .iter()
            .flat_map(|live| &live.areas)
        {
            link.set(
                &topics.area(camera_id, area.rule_id),
                area.n_present.to_string(),
            );
        }
    }
}

/// Counters, places and classes in view, as ONVIF tells them.
fn tell_numbers(link: &BrokerLink, camera_id: &CameraId, record: &LiveRecord) {
    let scene = &*record.scene;
    let at = scene.captured_at;
    let mut told = Vec::new();
    {
        let mut state = lock(&link.state);
        told.extend(state.scene(camera_id, scene));
        for counter in &record.programs.counters {
            let n_crossed = counter.n_entered() + counter.n_left();
            told.extend(state.count(camera_id, counter.rule_id, n_crossed, at));
        }
        for area in record
            .programs
            .occupancy
            .iter()
            .flat_map(|live| &live.areas)
        {
            told.extend(state.count(camera_id, area.rule_id, area.n_present.into(), at));
        }
    }
    for notification in &told {
        link.tell(notification);
    }
}

fn text(json: &Value) -> Bytes {
    Bytes::from(json.to_string())
}
