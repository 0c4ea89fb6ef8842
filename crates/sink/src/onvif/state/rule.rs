//! One rule's state: its open events, or its number.

use std::collections::BTreeMap;

use types::{
    CameraId, Class, EventId, EventKind, Phase, PictureProblem, RuleId, Timestamp, TrackId,
};

use super::{class_names, event_object, is_begin, rule_source};
use crate::Message;
use crate::onvif::notification::{Notification, Operation, Value};
use crate::onvif::scene::SceneObject;
use crate::onvif::topic::Topic;

/// Most open events that are followed for one rule; beyond, the oldest is
/// taken as over.
const MAX_OPEN: usize = 512;

/// What ONVIF clients are told of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleSetup {
    /// Which rule.
    pub rule_id: RuleId,
    /// ONVIF's name of it, unique on all cameras.
    pub name: String,
    /// What it tells.
    pub reports: Reports,
}

/// What a rule tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reports {
    /// Events of this kind.
    Events(EventKind),
    /// How many crossed a line.
    Crossings,
    /// How many are in a place.
    Presence,
}

/// One open event.
#[derive(Clone, Debug)]
pub(super) struct Open {
    pub(super) kind: EventKind,
    pub(super) problem: Option<PictureProblem>,
    track_id: Option<TrackId>,
    class: Option<Class>,
    started_at: Timestamp,
    zone_name: Option<String>,
    state_name: Option<String>,
    likelihood: f32,
    count: Option<u32>,
    object: Option<SceneObject>,
}

/// A rule and its state.
#[derive(Debug)]
pub(super) struct Rule {
    setup: RuleSetup,
    open: BTreeMap<EventId, Open>,
    count: i32,
}

impl RuleSetup {
    /// A rule that nobody has told us of, by its first event.
    pub(super) fn of_message(message: &Message) -> Self {
        RuleSetup {
            rule_id: message.rule_id,
            name: format!("{}_{}", message.camera_id, message.rule_name),
            reports: Reports::Events(message.kind),
        }
    }

    fn topic(&self) -> Option<Topic> {
        Some(match self.reports {
            Reports::Crossings => Topic::Counter,
            Reports::Presence => Topic::OccupancyCounter,
            Reports::Events(kind) => topic_of(kind)?,
        })
    }
}

/// The topic of a kind of event that tells its rule; `None` where only the
/// camera's topics tell it.
pub(super) fn topic_of(kind: EventKind) -> Option<Topic> {
    Some(match kind {
        EventKind::Intruder => Topic::ObjectsInside,
        EventKind::Loitering => Topic::Loitering,
        EventKind::Direction => Topic::Direction,
        EventKind::WrongWay => Topic::WrongWay,
        EventKind::UTurn => Topic::UTurn,
        EventKind::CrossLine => Topic::LineCrossed,
        EventKind::Enter => Topic::Enter,
        EventKind::Exit => Topic::Exit,
        EventKind::Stopped => Topic::Stopped,
        EventKind::ObjectLeft => Topic::ObjectAbandoned,
        EventKind::ObjectRemoved => Topic::ObjectRemoved,
        EventKind::CountOverLimit => Topic::CountOverLimit,
        EventKind::ZoneSequence => Topic::ZoneSequence,
        EventKind::PictureProblem => return None,
        EventKind::SignalLost => Topic::VideoLost,
        EventKind::Occupancy => Topic::OccupancyOverThreshold,
        EventKind::State => Topic::LearntState,
        EventKind::Program | EventKind::WatchList => Topic::Program,
    })
}

impl Open {
    pub(super) fn of(message: &Message, url: Option<String>) -> Self {
        Open {
            kind: message.kind,
            problem: message.detail.problem,
            track_id: message.track_id,
            class: message.class,
            started_at: message.started_at,
            zone_name: message.zone_name.clone(),
            state_name: message.state_name.clone(),
            likelihood: message.score,
            count: message.detail.count,
            object: event_object(message, url),
        }
    }
}

impl Rule {
    pub(super) fn new(setup: RuleSetup) -> Self {
        Rule {
            setup,
            open: BTreeMap::new(),
            count: 0,
        }
    }

    pub(super) fn setup(&self) -> &RuleSetup {
        &self.setup
    }

    pub(super) fn open_events(&self) -> impl Iterator<Item = &Open> {
        self.open.values()
    }

    /// Takes a step; tells it, unless it is no news to anybody.
    pub(super) fn step(
        &mut self,
        camera_id: &CameraId,
        message: &Message,
        open: &Open,
    ) -> Option<Notification> {
        let topic = topic_of(message.kind);
        let before = topic.map(|topic| (self.open.is_empty(), self.told_data(topic, message.at)));
        match message.phase {
            Phase::Begin | Phase::Update => {
                self.open.insert(message.event_id, open.clone());
                if self.open.len() > MAX_OPEN {
                    self.open.pop_first();
                }
            }
            Phase::End => {
                self.open.remove(&message.event_id);
            }
        }
        let topic = topic?;
        if !topic.spec().is_property {
            let data = data_of(topic, std::slice::from_ref(&open), message.at);
            return is_begin(message).then(|| self.tell(topic, camera_id, message.at, &data));
        }
        // No news: the end of an object's second visit of which the first is
        // open, or another picture of the same object.
        let data = self.told_data(topic, message.at);
        let without_picture = |data: &[(&'static str, Value)]| -> Vec<(&'static str, Value)> {
            let told = data.iter().filter(|(name, _)| *name != "Object");
            told.cloned().collect()
        };
        let is_news = before.is_none_or(|(was_empty, before)| {
            was_empty != self.open.is_empty() || without_picture(&before) != without_picture(&data)
        });
        is_news.then(|| self.tell(topic, camera_id, message.at, &data))
    }

    /// What is told of the events that are open.
    fn told_data(&self, topic: Topic, at: Timestamp) -> Vec<(&'static str, Value)> {
        data_of(topic, &self.open.values().collect::<Vec<_>>(), at)
    }

    pub(super) fn count(
        &mut self,
        camera_id: &CameraId,
        count: i32,
        at: Timestamp,
    ) -> Option<Notification> {
        let is_counted = !matches!(self.setup.reports, Reports::Events(_));
        if !is_counted || std::mem::replace(&mut self.count, count) == count {
            return None;
        }
        let state = self.state(camera_id, at)?;
        Some(state.with(Operation::Changed))
    }

    /// Its state, if it has one, as `Initialized`.
    pub(super) fn state(&self, camera_id: &CameraId, at: Timestamp) -> Option<Notification> {
        let topic = self.setup.topic()?;
        if !topic.spec().is_property {
            return None;
        }
        let data = match self.setup.reports {
            Reports::Crossings | Reports::Presence => vec![("Count", Value::Int(self.count))],
            Reports::Events(_) => self.told_data(topic, at),
        };
        let state = self.tell(topic, camera_id, at, &data);
        Some(state.with(Operation::Initialized))
    }

    /// That its state is gone.
    pub(super) fn deleted(&self, camera_id: &CameraId, at: Timestamp) -> Option<Notification> {
        let state = self.state(camera_id, at)?;
        Some(state.with(Operation::Deleted))
    }

    fn tell(
        &self,
        topic: Topic,
        camera_id: &CameraId,
        at: Timestamp,
        data: &[(&str, Value)],
    ) -> Notification {
        let source = rule_source(camera_id, &self.setup.name);
        Notification::new(topic, Some(camera_id), at, &source, data)
    }
}

/// What is told while these events are open.
fn data_of(topic: Topic, open: &[&Open], at: Timestamp) -> Vec<(&'static str, Value)> {
    // An object may have more than one open event of a rule, such as a second
    // visit while the first is not quite over: it is told once.
    let mut objects: Vec<(TrackId, Option<Class>)> = Vec::new();
    for event in open {
        if let Some(track_id) = event.track_id
            && !objects.iter().any(|(known, _)| *known == track_id)
        {
            objects.push((track_id, event.class));
        }
    }
    let ids = || {
        let ids = objects.iter().map(|(track_id, _)| track_id.to_string());
        Value::TextList(ids.collect())
    };
    let classes = || {
        let classes = objects.iter().map(|(_, class)| *class);
        Value::TextList(class_names(classes))
    };
    // The one that came last: its picture is what people want to see.
    let newest = open.iter().max_by_key(|open| open.started_at);
    let object = newest
        .and_then(|open| open.object.clone())
        .map(|object| ("Object", Value::Object(Box::new(object))));
    let zone = newest
        .and_then(|open| open.zone_name.clone())
        .map(|name| ("Zone", Value::Text(name)));
    let is_open = Value::Boolean(!open.is_empty());
    match topic {
        Topic::ObjectsInside => [
            ("IsInside", is_open),
            ("ObjectId", ids()),
            ("ClassTypes", classes()),
        ]
        .into_iter()
        .chain(object)
        .collect(),
        Topic::LineCrossed => [("ObjectId", ids()), ("ClassTypes", classes())]
            .into_iter()
            .chain(object)
            .collect(),
        Topic::Loitering => {
            let since = open.iter().map(|open| open.started_at).min();
            [
                ("ObjectId", ids()),
                ("ClassTypes", classes()),
                ("Since", Value::Time(since.unwrap_or(at))),
            ]
            .into_iter()
            .chain(object)
            .collect()
        }
        Topic::ObjectAbandoned | Topic::ObjectRemoved => {
            [("ObjectId", ids())].into_iter().chain(object).collect()
        }
        Topic::CountOverLimit | Topic::OccupancyOverThreshold => {
            let count = newest.and_then(|open| open.count);
            let count = i32::try_from(count.unwrap_or(0)).unwrap_or(i32::MAX);
            [("State", is_open), ("Count", Value::Int(count))]
                .into_iter()
                .chain(zone)
                .collect()
        }
        Topic::VideoLost => vec![("State", is_open)],
        Topic::LearntState => {
            let name = newest.and_then(|open| open.state_name.clone());
            let likelihood = newest.map_or(0.0, |open| open.likelihood);
            vec![
                ("State", is_open),
                ("StateName", Value::Text(name.unwrap_or_default())),
                ("Likelihood", Value::Float(likelihood)),
            ]
        }
        // All others of ours; the camera's topics are not told by rules.
        _ => [
            ("State", is_open),
            ("ObjectId", ids()),
            ("ClassTypes", classes()),
        ]
        .into_iter()
        .chain(zone)
        .chain(object)
        .collect(),
    }
}
