//! Events as ONVIF publishes them to brokers: topic and JSON.
//!
//! `<prefix>/onvif-ej/<topic>/&<source value>/<source value>`, retained for
//! properties; a property that is gone is an empty payload. The form is that
//! of the Core specification, section "Event Broker".

use bytes::Bytes;

use super::json::{Json, of_element};
use super::{Publication, Qos};
use crate::onvif::document::utc;
use crate::onvif::namespace as ns;
use crate::onvif::notification::{Item, Notification, Operation, Value};
use crate::onvif::scene::{SceneObject, write_object};
use crate::onvif::topic::{Naming, TOPICS, TopicSpec};
use crate::onvif::xml::{Limits, XmlWriter, read};

/// What precedes the topics of events.
const PAYLOAD_PREFIX: &str = "onvif-ej";
/// Largest object of an event, bytes of XML: its picture is a link.
const MAX_OBJECT_BYTES: usize = 512 * 1024;

/// The publication of a notification.
pub fn event_publication(
    prefix: &str,
    notification: &Notification,
    naming: Naming,
    qos: Qos,
) -> Publication {
    let spec = notification.topic.spec();
    let payload = match notification.operation {
        Some(Operation::Deleted) => Bytes::new(),
        _ => Bytes::from(payload(notification, naming).to_string()),
    };
    Publication {
        topic: topic(prefix, spec, &notification.source),
        payload,
        is_retained: spec.is_property,
        qos,
    }
}

fn topic(prefix: &str, spec: &TopicSpec, source: &[Item]) -> String {
    // The namespace of ONVIF is the default one.
    let mut topic = match spec.prefix {
        "tns1" => format!("{prefix}/{PAYLOAD_PREFIX}/{}", spec.path),
        alias => format!("{prefix}/{PAYLOAD_PREFIX}/{alias}:{}", spec.path),
    };
    for (idx, item) in source.iter().enumerate() {
        topic.push_str(if idx == 0 { "/&" } else { "/" });
        topic.extend(item.value.to_text().chars().filter(|c| is_plain(*c)));
    }
    topic
}

/// What a topic may carry: no wildcards, and nothing that MQTT forbids.
pub(super) fn is_plain(c: char) -> bool {
    !matches!(c, '#' | '+') && !c.is_control()
}

fn payload(notification: &Notification, naming: Naming) -> Json {
    Json::Object(vec![
        ("UtcTime".to_owned(), Json::text(utc(notification.at))),
        ("Source".to_owned(), items(&notification.source, naming)),
        ("Data".to_owned(), items(&notification.data, naming)),
    ])
}

/// Simple items are text, as the grammar has it; elements by their own rules.
fn items(items: &[Item], naming: Naming) -> Json {
    let members = items.iter().map(|item| {
        let value = match &item.value {
            Value::Object(scene_object) => object(scene_object),
            value => Json::text(value.to_text()),
        };
        (item.spec.name_by(naming).to_owned(), value)
    });
    Json::Object(members.collect())
}

/// `{"Object": {...}}`, as an element item holds its element.
fn object(object: &SceneObject) -> Json {
    let mut xml = XmlWriter::new();
    xml.within_with("tt:Item", &[("xmlns:tt", ns::TT)], |xml| {
        write_object(xml, object);
    });
    let limits = Limits {
        max_bytes: MAX_OBJECT_BYTES,
        ..Limits::REQUEST
    };
    // We wrote it a line above; an object that is too large is left out.
    read(xml.finish().as_bytes(), limits).map_or(Json::Object(Vec::new()), |item| of_element(&item))
}

/// Which events are wanted: topics as ONVIF writes them in filters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Paths with their prefix, and whether all below is meant; all topics if
    /// there is none.
    paths: Vec<(String, bool)>,
}

impl EventFilter {
    /// Reads `tns1:RuleEngine//.|tns1:VideoSource/MotionAlarm`.
    ///
    /// # Errors
    /// Says which part means no topic of ours.
    pub fn parse(text: &str) -> Result<Self, String> {
        let paths = text.split('|').map(|part| {
            let part = part.trim();
            let (path, is_tree) = match part.strip_suffix("//.") {
                Some(path) => (path, true),
                None => (part, false),
            };
            let filter = EventFilter {
                paths: vec![(path.to_owned(), is_tree)],
            };
            match TOPICS.iter().any(|spec| filter.wants(spec)) {
                true => Ok((path.to_owned(), is_tree)),
                false => Err(format!(
                    "{part:?} is no topic of airelay; write it as tns1:RuleEngine//. or \
                     tns1:VideoSource/MotionAlarm, several with a vertical bar between"
                )),
            }
        });
        Ok(EventFilter {
            paths: paths.collect::<Result<_, _>>()?,
        })
    }

    /// Whether a topic's events are wanted.
    pub fn wants(&self, spec: &TopicSpec) -> bool {
        let expression = spec.expression();
        let is_meant =
            |(path, is_tree): &(String, bool)| match expression.strip_prefix(path.as_str()) {
                Some("") => true,
                Some(rest) => *is_tree && rest.starts_with('/'),
                None => false,
            };
        self.paths.is_empty() || self.paths.iter().any(is_meant)
    }
}

#[cfg(test)]
mod tests;
