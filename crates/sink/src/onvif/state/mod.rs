//! What is true now, for everything that has a state, and what changes it.
//!
//! In: which rules there are, event steps in order, counts, lost and found
//! video, scenes. Out: the notifications that each brings, and at any time
//! all states as `Initialized`.
//!
//! Bounded: as many cameras and rules as settings allow, and for each rule so
//! many open events.

mod rule;

use std::collections::BTreeMap;

use types::{
    CameraId, Class, ClassSet, EventKind, Phase, PictureProblem, RuleId, Scene, Timestamp,
    TrackState,
};

use self::rule::{Open, Rule};
pub use self::rule::{Reports, RuleSetup};
use super::notification::{Notification, Operation, Value};
use super::scene::{ObjectImage, SceneObject, class_name};
use super::topic::Topic;
use crate::Message;

/// States of all cameras.
#[derive(Debug, Default)]
pub struct DeviceState {
    cameras: BTreeMap<CameraId, Camera>,
}

#[derive(Debug, Default)]
struct Camera {
    rules: BTreeMap<RuleId, Rule>,
    is_signal_lost: bool,
    classes: ClassSet,
}

/// Topics about a camera's picture as a whole, each with what raises it.
const PICTURE_TOPICS: [(Topic, PictureProblem); 5] = [
    (Topic::ImageTooBlurry, PictureProblem::Defocused),
    (Topic::ImageTooDark, PictureProblem::TooDark),
    (Topic::ImageTooBright, PictureProblem::TooBright),
    (Topic::GlobalSceneChange, PictureProblem::Turned),
    (Topic::ImpairedVisibility, PictureProblem::Covered),
];

/// Name of the rule that tells which classes are in view.
pub fn objects_rule_name(camera_id: &CameraId) -> String {
    format!("{camera_id}_objects")
}

/// Name of the rule that tells of objects that are gone.
pub fn tracks_rule_name(camera_id: &CameraId) -> String {
    format!("{camera_id}_tracks")
}

/// ONVIF's names of one camera's rules: the camera's id in front, since some
/// clients tell rules apart by name alone, and a number behind where people
/// used a name twice.
pub fn rule_names<'a>(
    camera_id: &CameraId,
    rules: impl Iterator<Item = (RuleId, &'a str)>,
) -> BTreeMap<RuleId, String> {
    let mut taken = vec![objects_rule_name(camera_id), tracks_rule_name(camera_id)];
    rules
        .map(|(rule_id, name)| {
            let mut unique = format!("{camera_id}_{name}");
            if taken.contains(&unique) {
                unique = format!("{unique} ({})", rule_id.0);
            }
            taken.push(unique.clone());
            (rule_id, unique)
        })
        .collect()
}

impl DeviceState {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over a camera's rules. Tells of states that are new, and of those
    /// that are gone.
    pub fn set_rules(
        &mut self,
        camera_id: &CameraId,
        rules: Vec<RuleSetup>,
        at: Timestamp,
    ) -> Vec<Notification> {
        let is_new = !self.cameras.contains_key(camera_id);
        let camera = self.cameras.entry(camera_id.clone()).or_default();
        let mut told = Vec::new();
        if is_new {
            told.extend(camera.picture_states(camera_id, at));
        }
        let mut before = std::mem::take(&mut camera.rules);
        for setup in rules {
            let rule = match before.remove(&setup.rule_id) {
                Some(rule) if *rule.setup() == setup => rule,
                other => {
                    told.extend(other.and_then(|rule| rule.deleted(camera_id, at)));
                    let rule = Rule::new(setup);
                    told.extend(rule.state(camera_id, at));
                    rule
                }
            };
            camera.rules.insert(rule.setup().rule_id, rule);
        }
        told.extend(
            before
                .values()
                .filter_map(|rule| rule.deleted(camera_id, at)),
        );
        told
    }

    /// Forgets a camera.
    pub fn remove_camera(&mut self, camera_id: &CameraId, at: Timestamp) -> Vec<Notification> {
        let Some(camera) = self.cameras.remove(camera_id) else {
            return Vec::new();
        };
        let states = camera.states(camera_id, at);
        states
            .into_iter()
            .map(|state| state.with(Operation::Deleted))
            .collect()
    }

    /// Cameras known.
    pub fn camera_ids(&self) -> impl Iterator<Item = &CameraId> {
        self.cameras.keys()
    }

    /// Takes one step of an event.
    ///
    /// `url_of` makes the address of a picture from its path, where clients
    /// can reach us.
    pub fn step(
        &mut self,
        message: &Message,
        url_of: &dyn Fn(&str) -> String,
    ) -> Vec<Notification> {
        let camera_id = &message.camera_id;
        let camera = self.cameras.entry(camera_id.clone()).or_default();
        let was_alarm = camera.is_alarm();
        let problems_before = camera.problems();
        let rule = camera
            .rules
            .entry(message.rule_id)
            .or_insert_with(|| Rule::new(RuleSetup::of_message(message)));
        let picture = message.picture.as_ref();
        let open = Open::of(message, picture.map(|picture| url_of(&picture.path)));
        let mut told: Vec<Notification> =
            rule.step(camera_id, message, &open).into_iter().collect();
        if camera.is_alarm() != was_alarm {
            told.push(video(Topic::MotionAlarm, camera_id, message.at, !was_alarm));
        }
        for (topic, problem) in PICTURE_TOPICS {
            let (was, is) = (
                problems_before.contains(&problem),
                camera.problems().contains(&problem),
            );
            if was != is {
                told.push(video(topic, camera_id, message.at, is));
            }
        }
        told
    }

    /// Takes the present number of a counter or of a place; `None` when it
    /// did not change or there is no such rule.
    pub fn count(
        &mut self,
        camera_id: &CameraId,
        rule_id: RuleId,
        count: u64,
        at: Timestamp,
    ) -> Option<Notification> {
        let rule = self.cameras.get_mut(camera_id)?.rules.get_mut(&rule_id)?;
        // xs:int ends there; no counter of a day comes near.
        let count = i32::try_from(count).unwrap_or(i32::MAX);
        rule.count(camera_id, count, at)
    }

    /// Takes whether a camera delivers video; `None` when that is no news.
    pub fn signal(
        &mut self,
        camera_id: &CameraId,
        is_lost: bool,
        at: Timestamp,
    ) -> Option<Notification> {
        let camera = self.cameras.get_mut(camera_id)?;
        if std::mem::replace(&mut camera.is_signal_lost, is_lost) == is_lost {
            return None;
        }
        Some(video(Topic::SignalLoss, camera_id, at, is_lost))
    }

    /// Takes a scene; tells when other classes are in view than before.
    pub fn scene(&mut self, camera_id: &CameraId, scene: &Scene) -> Option<Notification> {
        let camera = self.cameras.get_mut(camera_id)?;
        let classes: ClassSet = scene
            .tracks
            .iter()
            .filter(|track| matches!(track.state, TrackState::Confirmed | TrackState::Lost))
            .map(|track| track.class)
            .collect();
        if std::mem::replace(&mut camera.classes, classes) == classes {
            return None;
        }
        let mut names: Vec<String> = classes.iter().map(class_name).map(str::to_owned).collect();
        names.dedup();
        let source = rule_source(camera_id, &objects_rule_name(camera_id));
        Some(Notification::new(
            Topic::ObjectDetection,
            Some(camera_id),
            scene.captured_at,
            &source,
            &[("ClassTypes", Value::TextList(names))],
        ))
    }

    /// All states of all cameras, as `Initialized`.
    pub fn all(&self, at: Timestamp) -> Vec<Notification> {
        let cameras = self.cameras.iter();
        cameras
            .flat_map(|(camera_id, camera)| camera.states(camera_id, at))
            .map(|state| state.with(Operation::Initialized))
            .collect()
    }

    /// All states of one camera, as `Initialized`.
    pub fn of_camera(&self, camera_id: &CameraId, at: Timestamp) -> Vec<Notification> {
        let camera = self.cameras.get(camera_id);
        let states = camera.map(|camera| camera.states(camera_id, at));
        states
            .unwrap_or_default()
            .into_iter()
            .map(|state| state.with(Operation::Initialized))
            .collect()
    }
}

/// An object that is gone, with its best picture.
pub fn track_aggregation(
    camera_id: &CameraId,
    object: SceneObject,
    started_at: Timestamp,
    ended_at: Timestamp,
) -> Notification {
    Notification::new(
        Topic::TrackAggregation,
        Some(camera_id),
        ended_at,
        &rule_source(camera_id, &tracks_rule_name(camera_id)),
        &[
            ("AggregationStart", Value::Time(started_at)),
            ("Final", Value::Boolean(true)),
            ("Object", Value::Object(Box::new(object))),
        ],
    )
}

impl Camera {
    fn states(&self, camera_id: &CameraId, at: Timestamp) -> Vec<Notification> {
        let rules = self.rules.values();
        let rules = rules.filter_map(|rule| rule.state(camera_id, at));
        self.picture_states(camera_id, at).chain(rules).collect()
    }

    fn picture_states(
        &self,
        camera_id: &CameraId,
        at: Timestamp,
    ) -> impl Iterator<Item = Notification> + use<> {
        let problems = self.problems();
        let pictures = PICTURE_TOPICS
            .map(|(topic, problem)| video(topic, camera_id, at, problems.contains(&problem)));
        [
            video(Topic::MotionAlarm, camera_id, at, self.is_alarm()),
            video(Topic::SignalLoss, camera_id, at, self.is_signal_lost),
        ]
        .into_iter()
        .chain(pictures)
        .map(|state| state.with(Operation::Initialized))
    }

    /// Whether a rule about objects has an open event.
    fn is_alarm(&self) -> bool {
        let is_about_picture =
            |kind| matches!(kind, EventKind::PictureProblem | EventKind::SignalLost);
        let mut open = self.rules.values().flat_map(Rule::open_events);
        open.any(|open| !is_about_picture(open.kind))
    }

    fn problems(&self) -> Vec<PictureProblem> {
        let open = self.rules.values().flat_map(Rule::open_events);
        open.filter_map(|open| open.problem).collect()
    }
}

fn video(topic: Topic, camera_id: &CameraId, at: Timestamp, state: bool) -> Notification {
    Notification::new(
        topic,
        Some(camera_id),
        at,
        &[("Source", Value::Token(camera_id.to_string()))],
        &[("State", Value::Boolean(state))],
    )
}

fn rule_source(camera_id: &CameraId, rule: &str) -> [(&'static str, Value); 3] {
    [
        ("VideoSource", Value::Token(camera_id.to_string())),
        (
            "AnalyticsConfiguration",
            Value::Token(camera_id.to_string()),
        ),
        ("Rule", Value::Text(rule.to_owned())),
    ]
}

/// The object of an event's step.
fn event_object(message: &Message, url: Option<String>) -> Option<SceneObject> {
    (message.track_id.is_some() || message.bbox.is_some()).then(|| SceneObject {
        track_id: message.track_id,
        bbox: message.bbox,
        class: message.class,
        score: message.score,
        is_idle: false,
        image: url.map(ObjectImage::Reference),
    })
}

fn class_names<'a>(classes: impl Iterator<Item = Option<Class>> + 'a) -> Vec<String> {
    classes
        .map(|class| class.map_or("Other", class_name).to_owned())
        .collect()
}

/// Whether a step begins an event that so far nobody was told of.
fn is_begin(message: &Message) -> bool {
    message.phase == Phase::Begin
}

#[cfg(test)]
mod tests;
