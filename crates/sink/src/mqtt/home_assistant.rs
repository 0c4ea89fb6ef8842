//! Home Assistant: each camera as a device with its sensors, by MQTT discovery.
//!
//! In: what cameras are called and which rules and counters they have. Out:
//! topics, the discovery documents that name them, and the payloads of states.
//!
//! Documents follow Home Assistant's own documentation of MQTT discovery and of
//! the platforms `binary_sensor`, `sensor` and `image`
//! (<https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery>). One
//! document per entity, retained; an empty one removes the entity.
//!
//! Not here: when a state changes (relay).

use serde_json::{Map, Value, json};
use types::{CameraId, Class, EventKind, RuleId};

/// Payload of a topic that says that something is there.
pub const ONLINE: &str = "online";
/// Payload of a topic that says that it is not.
pub const OFFLINE: &str = "offline";
const ON: &str = "ON";
const OFF: &str = "OFF";

/// Topics below a broker's prefix that are ours and not ONVIF's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topics {
    base: String,
}

/// What is counted in view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// People.
    People,
    /// Cars, buses, trucks.
    Vehicles,
    /// Bicycles and motorcycles.
    TwoWheelers,
}

impl Group {
    /// All groups.
    pub const ALL: [Group; 3] = [Group::People, Group::Vehicles, Group::TwoWheelers];

    /// Whether objects of this class belong to it.
    pub const fn has(self, class: Class) -> bool {
        matches!(
            (self, class),
            (Group::People, Class::Person)
                | (Group::Vehicles, Class::Car | Class::Bus | Class::Truck)
                | (Group::TwoWheelers, Class::Bicycle | Class::Motorcycle)
        )
    }

    const fn id(self) -> &'static str {
        match self {
            Group::People => "people",
            Group::Vehicles => "vehicles",
            Group::TwoWheelers => "two_wheelers",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Group::People => "People",
            Group::Vehicles => "Vehicles",
            Group::TwoWheelers => "Two-wheelers",
        }
    }

    const fn icon(self) -> &'static str {
        match self {
            Group::People => "mdi:account-group",
            Group::Vehicles => "mdi:car-multiple",
            Group::TwoWheelers => "mdi:bike",
        }
    }
}

impl Topics {
    /// Topics below `prefix`.
    pub fn new(prefix: &str) -> Self {
        Topics {
            base: prefix.to_owned(),
        }
    }

    /// `online` while we are connected; the broker says `offline` for us.
    pub fn status(&self) -> String {
        format!("{}/status", self.base)
    }

    /// What "Test" publishes.
    pub fn test(&self) -> String {
        format!("{}/test", self.base)
    }

    /// `online` while the camera delivers pictures.
    pub fn camera_status(&self, camera_id: &CameraId) -> String {
        format!("{}/cameras/{camera_id}/status", self.base)
    }

    /// `ON` while objects or anything else move.
    pub fn motion(&self, camera_id: &CameraId) -> String {
        format!("{}/cameras/{camera_id}/motion", self.base)
    }

    /// How many of a group are in view.
    pub fn group(&self, camera_id: &CameraId, group: Group) -> String {
        format!("{}/cameras/{camera_id}/{}", self.base, group.id())
    }

    /// What a rule says: see [`rule_state`].
    pub fn rule(&self, camera_id: &CameraId, rule_id: RuleId) -> String {
        format!("{}/cameras/{camera_id}/rule/{}", self.base, rule_id.0)
    }

    /// What a counter counts: see [`counter_state`].
    pub fn counter(&self, camera_id: &CameraId, rule_id: RuleId) -> String {
        format!("{}/cameras/{camera_id}/counter/{}", self.base, rule_id.0)
    }

    /// How many are in an area.
    pub fn area(&self, camera_id: &CameraId, rule_id: RuleId) -> String {
        format!("{}/cameras/{camera_id}/area/{}", self.base, rule_id.0)
    }

    /// The newest alarm's best picture, JPEG.
    pub fn picture(&self, camera_id: &CameraId) -> String {
        format!("{}/cameras/{camera_id}/picture", self.base)
    }
}

/// A camera as Home Assistant is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeCamera {
    /// Which.
    pub camera_id: CameraId,
    /// As people call it.
    pub name: String,
    /// Rules that raise events.
    pub rules: Vec<HomeRule>,
    /// Counters over lines, with their names.
    pub counters: Vec<(RuleId, String)>,
    /// Areas of which the number present is known, with their names.
    pub areas: Vec<(RuleId, String)>,
}

/// A rule as Home Assistant is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HomeRule {
    /// Which.
    pub rule_id: RuleId,
    /// As people call it.
    pub name: String,
    /// What it looks for.
    pub kind: EventKind,
}

/// This airelay as Home Assistant is told of it.
#[derive(Clone, Debug)]
pub struct HomeAssistant {
    /// Tells several airelays apart; letters and digits only.
    pub instance: String,
    /// Where Home Assistant looks for documents: `homeassistant`.
    pub discovery_prefix: String,
    /// Topics of the states.
    pub topics: Topics,
    /// Address of the web pages, `http://` or `https://`.
    pub public_url: String,
}

/// A kind of entity, as in the topic of its document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Platform {
    BinarySensor,
    Sensor,
    Image,
}

impl Platform {
    const fn name(self) -> &'static str {
        match self {
            Platform::BinarySensor => "binary_sensor",
            Platform::Sensor => "sensor",
            Platform::Image => "image",
        }
    }
}

impl HomeAssistant {
    /// The documents of a camera's entities, by topic.
    pub fn discovery(&self, camera: &HomeCamera) -> Vec<(String, Value)> {
        let id = &camera.camera_id;
        let topics = &self.topics;
        let mut documents = vec![
            self.entity(
                camera,
                Platform::BinarySensor,
                "connection",
                json!({
                    "name": "Connection",
                    "state_topic": topics.camera_status(id),
                    "payload_on": ONLINE,
                    "payload_off": OFFLINE,
                    "device_class": "connectivity",
                    "entity_category": "diagnostic",
                }),
            ),
            self.entity(
                camera,
                Platform::BinarySensor,
                "motion",
                json!({
                    "name": "Motion",
                    "state_topic": topics.motion(id),
                    "device_class": "motion",
                }),
            ),
            self.entity(
                camera,
                Platform::Image,
                "picture",
                json!({
                    "name": "Newest alarm",
                    "image_topic": topics.picture(id),
                    "content_type": "image/jpeg",
                }),
            ),
        ];
        for group in Group::ALL {
            let (title, topic) = (group.title(), topics.group(id, group));
            documents.push(self.entity(
                camera,
                Platform::BinarySensor,
                group.id(),
                json!({
                    "name": title,
                    "state_topic": topic,
                    "value_template": "{{ 'ON' if value | int(0) > 0 else 'OFF' }}",
                    "device_class": "occupancy",
                    "icon": group.icon(),
                }),
            ));
            documents.push(self.entity(
                camera,
                Platform::Sensor,
                &format!("{}_count", group.id()),
                json!({
                    "name": format!("{title} in view"),
                    "state_topic": topic,
                    "state_class": "measurement",
                    "icon": group.icon(),
                }),
            ));
        }
        for rule in &camera.rules {
            let topic = topics.rule(id, rule.rule_id);
            documents.push(self.entity(
                camera,
                Platform::BinarySensor,
                &format!("rule_{}", rule.rule_id.0),
                json!({
                    "name": rule.name,
                    "state_topic": topic,
                    "value_template": "{{ value_json.state }}",
                    "json_attributes_topic": topic,
                    "device_class": device_class(rule.kind),
                }),
            ));
        }
        for (rule_id, name) in &camera.counters {
            let topic = topics.counter(id, *rule_id);
            for (way, title) in [("in", "in"), ("out", "out")] {
                documents.push(self.entity(
                    camera,
                    Platform::Sensor,
                    &format!("counter_{}_{way}", rule_id.0),
                    json!({
                        "name": format!("{name} {title}"),
                        "state_topic": topic,
                        "value_template": format!("{{{{ value_json.{way} }}}}"),
                        "state_class": "total_increasing",
                        "icon": "mdi:counter",
                    }),
                ));
            }
        }
        for (rule_id, name) in &camera.areas {
            documents.push(self.entity(
                camera,
                Platform::Sensor,
                &format!("area_{}", rule_id.0),
                json!({
                    "name": name,
                    "state_topic": topics.area(id, *rule_id),
                    "state_class": "measurement",
                    "icon": "mdi:account-multiple-check",
                }),
            ));
        }
        documents
    }

    /// One entity's document: what is its own, and what all have.
    fn entity(
        &self,
        camera: &HomeCamera,
        platform: Platform,
        what: &str,
        own: Value,
    ) -> (String, Value) {
        let device_id = format!("airelay_{}_{}", self.instance, camera.camera_id);
        let unique_id = format!("{device_id}_{what}");
        let mut document: Map<String, Value> = match own {
            Value::Object(own) => own.into_iter().filter(|(_, v)| !v.is_null()).collect(),
            _ => Map::new(),
        };
        let mut availability = vec![json!({ "topic": self.topics.status() })];
        // Whether the camera is connected is known also while it is not.
        if what != "connection" {
            availability.push(json!({ "topic": self.topics.camera_status(&camera.camera_id) }));
        }
        let version = env!("CARGO_PKG_VERSION");
        let common = json!({
            "unique_id": unique_id,
            "availability": availability,
            "availability_mode": "all",
            "device": {
                "identifiers": [device_id],
                "name": camera.name,
                "manufacturer": "airelay",
                "model": "Linked camera",
                "sw_version": version,
                "configuration_url": self.public_url,
            },
            "origin": { "name": "airelay", "sw_version": version },
        });
        if let Value::Object(common) = common {
            document.extend(common);
        }
        if platform != Platform::Image {
            document.insert("qos".to_owned(), 1.into());
        }
        let topic = format!(
            "{}/{}/{unique_id}/config",
            self.discovery_prefix,
            platform.name()
        );
        (topic, Value::Object(document))
    }
}

/// Class of a rule's binary sensor, from Home Assistant's list.
fn device_class(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Intruder
        | EventKind::Loitering
        | EventKind::Stopped
        | EventKind::CountOverLimit
        | EventKind::Occupancy => "occupancy",
        EventKind::Direction
        | EventKind::WrongWay
        | EventKind::UTurn
        | EventKind::CrossLine
        | EventKind::Enter
        | EventKind::Exit
        | EventKind::ZoneSequence => "motion",
        EventKind::ObjectLeft
        | EventKind::ObjectRemoved
        | EventKind::PictureProblem
        | EventKind::SignalLost
        | EventKind::State
        | EventKind::Program
        | EventKind::WatchList => "problem",
    }
}

/// `ON` or `OFF`.
pub const fn on_off(is_on: bool) -> &'static str {
    if is_on { ON } else { OFF }
}

/// What a counter's topic says.
pub fn counter_state(entered: u64, left: u64) -> Value {
    json!({ "in": entered, "out": left })
}

/// What a rule's topic says: `state`, and of the newest event what is known.
pub fn rule_state(is_on: bool, newest: Option<&crate::Message>) -> Value {
    let mut state = json!({ "state": on_off(is_on) });
    if let (Some(message), Some(state)) = (newest, state.as_object_mut()) {
        let class = message.class.map(Class::name);
        for (name, value) in [
            ("event_id", json!(message.event_id.to_string())),
            ("step", json!(message.step)),
            ("kind", json!(message.kind.name())),
            ("started_at", json!(message.started_at.to_string())),
            ("object", json!(class)),
            (
                "score",
                json!((f64::from(message.score) * 100.0).round() / 100.0),
            ),
            ("zone", json!(message.zone_name)),
            ("line", json!(message.line_name)),
            ("count", json!(message.detail.count)),
            ("detector", json!(message.detector_name)),
            ("learnt_state", json!(message.state_name)),
        ] {
            if !value.is_null() {
                state.insert(name.to_owned(), value);
            }
        }
    }
    state
}

#[cfg(test)]
mod tests;
