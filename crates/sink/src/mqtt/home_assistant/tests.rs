use std::collections::BTreeSet;

use expect_test::expect_file;

use super::*;
use crate::testing::message;

fn home() -> HomeAssistant {
    HomeAssistant {
        instance: "1a2b3c4d".to_owned(),
        discovery_prefix: "homeassistant".to_owned(),
        topics: Topics::new("site-7"),
        public_url: "https://relay.example:8092".to_owned(),
    }
}

fn camera() -> HomeCamera {
    HomeCamera {
        camera_id: CameraId::new("gate-2").unwrap(),
        name: "Gate 2".to_owned(),
        rules: vec![
            HomeRule {
                rule_id: RuleId(1),
                name: "Nobody at the gate".to_owned(),
                kind: EventKind::Intruder,
            },
            HomeRule {
                rule_id: RuleId(2),
                name: "Lens covered".to_owned(),
                kind: EventKind::PictureProblem,
            },
        ],
        counters: vec![(RuleId(10_001), "Door".to_owned())],
        areas: vec![(RuleId(20_001), "Hall".to_owned())],
    }
}

#[test]
fn documents_of_a_camera_are_as_committed() {
    let documents: Map<String, Value> = home().discovery(&camera()).into_iter().collect();
    let text = serde_json::to_string_pretty(&documents).unwrap();
    expect_file!["../../../tests/home_assistant.json"].assert_eq(&text);
}

/// Keys that Home Assistant documents for each platform
/// (home-assistant.io, `source/_integrations/{binary_sensor,sensor,image}.mqtt.markdown`)
/// and for a device and the origin (`mqtt.markdown`), as far as we use them.
const COMMON: &[&str] = &[
    "availability",
    "availability_mode",
    "device",
    "entity_category",
    "icon",
    "json_attributes_topic",
    "name",
    "origin",
    "unique_id",
];
const OWN: &[(&str, &[&str])] = &[
    (
        "binary_sensor",
        &[
            "device_class",
            "payload_off",
            "payload_on",
            "qos",
            "state_topic",
            "value_template",
        ],
    ),
    (
        "sensor",
        &["qos", "state_class", "state_topic", "value_template"],
    ),
    ("image", &["content_type", "image_topic"]),
];
const DEVICE: &[&str] = &[
    "configuration_url",
    "identifiers",
    "manufacturer",
    "model",
    "name",
    "sw_version",
];

#[test]
fn only_documented_keys_are_sent_and_each_entity_has_its_own_id() {
    let mut ids = BTreeSet::new();
    for (topic, document) in home().discovery(&camera()) {
        let parts: Vec<&str> = topic.split('/').collect();
        let [prefix, platform, object_id, "config"] = parts[..] else {
            panic!("{topic}");
        };
        assert_eq!(prefix, "homeassistant");
        // Home Assistant ignores topics with other characters in the id.
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        assert!(object_id.chars().all(is_plain), "{topic}");
        assert_eq!(document["unique_id"], object_id);
        assert!(ids.insert(object_id.to_owned()), "{object_id} twice");
        let (_, own) = OWN.iter().find(|(name, _)| *name == platform).unwrap();
        for key in document.as_object().unwrap().keys() {
            let key = key.as_str();
            assert!(
                COMMON.contains(&key) || own.contains(&key),
                "{topic}: {key}"
            );
        }
        for key in document["device"].as_object().unwrap().keys() {
            assert!(DEVICE.contains(&key.as_str()), "{topic}: device.{key}");
        }
    }
    assert_eq!(ids.len(), 3 + 6 + 2 + 2 + 1);
}

#[test]
fn rule_tells_its_newest_event() {
    let state = rule_state(true, Some(&message()));
    assert_eq!(state["state"], "ON");
    assert_eq!(state["object"], "person");
    assert_eq!(state["score"], 0.87);
    assert_eq!(rule_state(false, None), json!({ "state": "OFF" }));
}
