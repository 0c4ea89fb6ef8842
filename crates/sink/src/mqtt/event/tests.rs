use expect_test::expect_file;
use types::{CameraId, EventKind, Phase, RuleId, Timestamp};

use super::*;
use crate::Message;
use crate::onvif::state::{DeviceState, Reports, RuleSetup};
use crate::onvif::topic::Topic;
use crate::testing::{message, picture};

fn at() -> Timestamp {
    Timestamp::parse_rfc3339("2026-07-01T09:30:00.2Z").unwrap()
}

fn camera_id() -> CameraId {
    CameraId::new("ch1").unwrap()
}

/// Every topic that rules and cameras can bring, begun and ended.
fn notifications() -> Vec<Notification> {
    let camera_id = camera_id();
    let mut state = DeviceState::new();
    let rules: Vec<RuleSetup> = (1..)
        .zip(EventKind::ALL)
        .map(|(id, kind)| (id, Reports::Events(kind)))
        .chain([(90, Reports::Crossings), (91, Reports::Presence)])
        .map(|(id, reports)| RuleSetup {
            rule_id: RuleId(id),
            name: format!("ch1_rule #{id}"),
            reports,
        })
        .collect();
    let mut all = state.set_rules(&camera_id, rules, at());
    for (id, kind) in (1..).zip(EventKind::ALL) {
        for phase in [Phase::Begin, Phase::End] {
            let message = Message {
                camera_id: camera_id.clone(),
                rule_id: RuleId(id),
                kind,
                phase,
                zone_name: Some("Yard \"A\"".to_owned()),
                picture: Some(picture()),
                at: at(),
                ..message()
            };
            all.extend(state.step(&message, &|path| format!("https://relay.example{path}")));
        }
    }
    all.extend(state.count(&camera_id, RuleId(90), 3, at()));
    all.extend(state.signal(&camera_id, true, at()));
    all.extend(state.remove_camera(&camera_id, at()));
    all
}

#[test]
fn events_are_published_as_committed() {
    let lines: Vec<String> = notifications()
        .iter()
        .map(|notification| {
            let publication =
                event_publication("relay7", notification, Naming::Modern, Qos::AtLeastOnce);
            let retained = if publication.is_retained {
                " (retained)"
            } else {
                ""
            };
            let payload = String::from_utf8_lossy(&publication.payload).into_owned();
            format!("{}{retained}\n    {payload}\n", publication.topic)
        })
        .collect();
    expect_file!["../../../tests/mqtt_events.txt"].assert_eq(&lines.concat());
}

/// The grammar of the Core specification, held against every event: order and
/// form of members, text values, no operation, nothing retained but
/// properties.
#[test]
fn every_event_follows_the_grammar() {
    let mut n_deleted = 0;
    for notification in notifications() {
        let publication =
            event_publication("relay7", &notification, Naming::Modern, Qos::AtLeastOnce);
        let spec = notification.topic.spec();
        let (topic, sources) = publication.topic.split_once("/&").unwrap();
        assert!(topic.starts_with("relay7/onvif-ej/"));
        assert!(!topic.contains("tns1"), "ONVIF's namespace is dropped");
        assert!(!publication.topic.contains(['#', '+']));
        assert_eq!(publication.is_retained, spec.is_property);
        if notification.operation == Some(Operation::Deleted) {
            assert!(publication.payload.is_empty() && publication.is_retained);
            n_deleted += 1;
            continue;
        }
        let text = std::str::from_utf8(&publication.payload).unwrap();
        assert!(text.starts_with(r#"{"UtcTime":"2026-07-01T09:30:00.200Z","Source":{"#));
        assert!(!text.contains("PropertyOperation"));
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let source = json["Source"].as_object().unwrap();
        assert_eq!(source.len(), spec.source.len());
        assert_eq!(sources.split('/').count(), spec.source.len());
        for item in spec.source {
            assert!(source[item.name].is_string());
        }
        for (name, value) in json["Data"].as_object().unwrap() {
            let item = spec.data.iter().find(|item| item.name == name);
            let is_element = item.expect("it is declared").item_type.is_element();
            assert!(value.is_object() == is_element && value.is_string() != is_element);
        }
    }
    assert!(n_deleted > 10);
}

#[test]
fn example_of_the_specification_is_met_by_name() {
    let notification = Notification::new(
        Topic::ObjectsInside,
        Some(&camera_id()),
        at(),
        &[
            ("VideoSource", Value::Token("vs1".to_owned())),
            ("AnalyticsConfiguration", Value::Token("vac1".to_owned())),
            ("Rule", Value::Text("ch1_intruder1".to_owned())),
        ],
        &[
            ("IsInside", Value::Boolean(true)),
            ("ObjectId", Value::TextList(vec!["41".to_owned()])),
            ("ClassTypes", Value::TextList(vec!["Human".to_owned()])),
        ],
    );
    let publication = event_publication("relay7", &notification, Naming::Modern, Qos::AtLeastOnce);
    assert_eq!(
        publication.topic,
        "relay7/onvif-ej/RuleEngine/FieldDetector/ObjectsInside/&vs1/vac1/ch1_intruder1"
    );
    assert_eq!(
        publication.payload,
        r#"{"UtcTime":"2026-07-01T09:30:00.200Z","Source":{"VideoSource":"vs1","AnalyticsConfiguration":"vac1","Rule":"ch1_intruder1"},"Data":{"IsInside":"true","ObjectId":"41","ClassTypes":"Human"}}"#
    );
    let legacy = event_publication("relay7", &notification, Naming::Legacy, Qos::AtLeastOnce);
    let payload = String::from_utf8(legacy.payload.to_vec()).unwrap();
    assert!(
        payload.contains(r#""VideoSourceConfigurationToken":"vs1""#),
        "{payload}"
    );
}

#[test]
fn filters_choose_trees_and_single_topics() {
    let wanted =
        |filter: &str, topic: Topic| EventFilter::parse(filter).unwrap().wants(topic.spec());
    let rules = "tns1:RuleEngine//.";
    assert!(wanted(rules, Topic::ObjectsInside) && !wanted(rules, Topic::MotionAlarm));
    let two = "tns1:VideoSource/MotionAlarm | airelay:Rule//.";
    assert!(wanted(two, Topic::MotionAlarm) && wanted(two, Topic::Enter));
    assert!(!wanted(two, Topic::SignalLoss));
    assert!(EventFilter::default().wants(Topic::Counter.spec()));
    // A tree ends at names, not within them, and one topic is not its tree.
    for wrong in [
        "tns1:Rule//.",
        "tns1:RuleEngine",
        "",
        "tns1:VideoSource//.|",
        "x",
    ] {
        let error = EventFilter::parse(wrong).unwrap_err();
        assert!(error.contains("is no topic"), "{wrong}: {error}");
    }
}
