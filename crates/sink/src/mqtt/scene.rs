//! Scenes as ONVIF publishes them to brokers: who is where, as JSON.
//!
//! `<prefix>/onvif-mj/VideoAnalytics/<profile>/<module>`, once or not at all:
//! the next scene is better than an old one. The form is that of the Analytics
//! specification, section "JSON over MQTT".

use bytes::Bytes;
use types::{CameraId, Scene};

use super::event::is_plain;
use super::json::of_element;
use super::{Publication, Qos};
use crate::onvif::document::{MODULE, RootName, frame_document};
use crate::onvif::scene::FrameOptions;
use crate::onvif::token::{Encoding, ProfileToken};
use crate::onvif::xml::{Limits, read};

/// What precedes the topics of scenes.
const PAYLOAD_PREFIX: &str = "onvif-mj/VideoAnalytics";
/// Limits of a scene: 1,000 objects have less.
const LIMITS: Limits = Limits {
    max_bytes: 2 * 1024 * 1024,
    max_depth: 32,
    max_elements: 65_536,
    max_attributes: 64,
};

/// The publication of a scene; `None` where there is too much in it.
pub fn scene_publication(prefix: &str, camera_id: &CameraId, scene: &Scene) -> Option<Publication> {
    let xml = frame_document(RootName::Schema, scene, &FrameOptions::plain(MODULE));
    let stream = read(xml.as_bytes(), LIMITS).ok()?;
    let analytics = stream.children.first()?;
    Some(Publication {
        topic: topic(prefix, camera_id),
        payload: Bytes::from(of_element(analytics).to_string()),
        is_retained: false,
        qos: Qos::AtMostOnce,
    })
}

fn topic(prefix: &str, camera_id: &CameraId) -> String {
    let profile = ProfileToken {
        camera_id: camera_id.clone(),
        encoding: Encoding::Jpeg,
    };
    let profile = profile.to_string();
    let profile: String = profile
        .chars()
        .filter(|c| is_plain(*c) && *c != '/')
        .collect();
    format!("{prefix}/{PAYLOAD_PREFIX}/{profile}/{MODULE}")
}

#[cfg(test)]
mod tests {
    use expect_test::expect_file;
    use types::{Class, NormBox, Timestamp, Track, TrackId, TrackState};

    use super::*;

    fn scene() -> Scene {
        let at = Timestamp::parse_rfc3339("2026-07-01T09:30:00.2Z").unwrap();
        let track = |id: u64, class, state| Track {
            track_id: TrackId(id),
            state,
            bbox: NormBox::from_xyxy(0.1, 0.25, 0.2, 0.75),
            class,
            score: 0.87,
            first_seen_at: at,
            last_seen_at: at,
            velocity: (0.0, 0.0),
            is_stationary: class == Class::Car,
            moved: types::Moved::Surely,
        };
        Scene {
            captured_at: at,
            tracks: vec![
                track(41, Class::Person, TrackState::Confirmed),
                track(42, Class::Car, TrackState::Confirmed),
                track(43, Class::Person, TrackState::Ended),
            ],
            ..Scene::default()
        }
    }

    #[test]
    fn scene_is_published_as_committed_at_its_time_of_capture() {
        let camera_id = CameraId::new("gate-2").unwrap();
        let publication = scene_publication("relay7", &camera_id, &scene()).unwrap();
        assert_eq!(
            publication.topic,
            "relay7/onvif-mj/VideoAnalytics/gate-2.jpeg/airelay"
        );
        assert!(!publication.is_retained && publication.qos == Qos::AtMostOnce);
        let text = String::from_utf8(publication.payload.to_vec()).unwrap();
        assert!(text.starts_with(r#"{"Frame":[{"@UtcTime":"2026-07-01T09:30:00.200Z""#));
        expect_file!["../../tests/mqtt_scene.json"].assert_eq(&(text + "\n"));
    }

    #[test]
    fn scene_without_objects_is_a_frame_too() {
        let camera_id = CameraId::new("gate-2").unwrap();
        let empty = Scene::default();
        let publication = scene_publication("relay7", &camera_id, &empty).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&publication.payload).unwrap();
        assert_eq!(json["Frame"].as_array().unwrap().len(), 1);
        assert!(json["Frame"][0].get("Object").is_none());
    }
}
