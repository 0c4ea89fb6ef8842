//! Documents against the official schemas.

use types::{
    CameraId, Class, EventKind, NormBox, RuleId, Scene, Timestamp, Track, TrackId, TrackState,
};

use super::document::{MODULE, RootName, event_document, frame_document};
use super::namespace as ns;
use super::notification::Notification;
use super::scene::{FrameOptions, ObjectImage, SceneObject};
use super::state::{DeviceState, Reports, RuleSetup, track_aggregation};
use super::topic::{Naming, write_topic_set};
use super::xml::write_document;
use crate::testing::{message, picture};

fn at() -> Timestamp {
    Timestamp::from_secs(1_782_898_200)
}

fn track(id: u64, class: Class, state: TrackState) -> Track {
    Track {
        track_id: TrackId(id),
        state,
        bbox: NormBox::from_xyxy(0.1, 0.25, 0.2, 0.75),
        class,
        score: 0.87,
        first_seen_at: at(),
        last_seen_at: at(),
        velocity: (0.0, 0.0),
        is_stationary: id.is_multiple_of(2),
        moved: types::Moved::Surely,
    }
}

fn scene() -> Scene {
    let mut tracks: Vec<Track> = (1..)
        .zip(Class::ALL)
        .map(|(id, class)| track(id, class, TrackState::Confirmed))
        .collect();
    tracks.push(track(7, Class::Person, TrackState::Tentative));
    tracks.push(track(8, Class::Person, TrackState::Ended));
    Scene {
        captured_at: at(),
        tracks,
        ..Scene::default()
    }
}

/// Every topic that rules can bring, with and without objects.
fn notifications(name: &str) -> Vec<Notification> {
    let camera_id = CameraId::new("gate-2").unwrap();
    let mut state = DeviceState::new();
    let mut rules: Vec<RuleSetup> = (1..)
        .zip(EventKind::ALL)
        .map(|(id, kind)| (id, Reports::Events(kind)))
        .chain([(90, Reports::Crossings), (91, Reports::Presence)])
        .map(|(id, reports)| RuleSetup {
            rule_id: RuleId(id),
            name: format!("{name} {id}"),
            reports,
        })
        .collect();
    rules.truncate(64);
    let mut all = state.set_rules(&camera_id, rules, at());
    for (id, kind) in (1..).zip(EventKind::ALL) {
        let message = crate::Message {
            rule_id: RuleId(id),
            kind,
            zone_name: Some(name.to_owned()),
            picture: Some(picture()),
            ..message()
        };
        all.extend(state.step(&message, &|path| format!("https://relay.example{path}")));
    }
    all.extend(state.count(&camera_id, RuleId(90), 3, at()));
    all.extend(state.count(&camera_id, RuleId(91), 4, at()));
    all.extend(state.signal(&camera_id, true, at()));
    all.extend(state.scene(&camera_id, &scene()));
    let object = SceneObject {
        image: Some(ObjectImage::Embedded(vec![0xff, 0xd8, 0xff].into())),
        ..SceneObject::of(&track(1, Class::Truck, TrackState::Ended))
    };
    all.push(track_aggregation(&camera_id, object, at(), at()));
    all
}

/// An answer to GetEventProperties as far as topics go.
fn properties(naming: Naming) -> String {
    write_document(|xml| {
        let namespaces = [
            ("xmlns:tev", ns::TEV),
            ("xmlns:wsnt", ns::WSNT),
            ("xmlns:wstop", ns::WSTOP),
            ("xmlns:tns1", ns::TNS1),
            ("xmlns:airelay", ns::AIRELAY),
            ("xmlns:tt", ns::TT),
            ("xmlns:xs", ns::XS),
        ];
        xml.within_with("tev:GetEventPropertiesResponse", &namespaces, |xml| {
            xml.leaf("tev:TopicNamespaceLocation", ns::TNS1);
            xml.leaf("wsnt:FixedTopicSet", "true");
            write_topic_set(xml, naming);
            xml.leaf("wsnt:TopicExpressionDialect", "urn:x");
            xml.leaf("tev:MessageContentFilterDialect", "urn:x");
            xml.leaf("tev:MessageContentSchemaLocation", "urn:x");
        });
    })
}

#[track_caller]
fn check(documents: &[(&str, String)]) {
    let documents: Vec<(String, String)> = documents
        .iter()
        .map(|(name, text)| ((*name).to_owned(), text.clone()))
        .collect();
    let complaints = testkit::onvif_complaints(&documents);
    assert_eq!(complaints.unwrap_or_default(), "");
}

#[test]
fn frames_and_notifications_are_valid_and_declared() {
    let nasty = "<Gate> & \"yard\" 'öß' \u{1}";
    let image = |_| {
        Some(ObjectImage::Reference(
            "https://relay.example/a?b=c&d".to_owned(),
        ))
    };
    let options = FrameOptions {
        module: MODULE,
        image_of: &image,
    };
    let empty = Scene::default();
    let modern = Naming::Modern;
    check(&[
        ("properties", properties(modern)),
        (
            "frame",
            frame_document(RootName::Schema, &scene(), &options),
        ),
        (
            "empty frame",
            frame_document(RootName::Schema, &empty, &FrameOptions::plain(MODULE)),
        ),
        (
            "events",
            event_document(RootName::Schema, &notifications("Gate"), modern),
        ),
        (
            "nasty names",
            event_document(RootName::Schema, &notifications(nasty), modern),
        ),
    ]);
}

#[test]
fn legacy_names_are_declared_where_they_are_sent() {
    let legacy = Naming::Legacy;
    check(&[
        ("properties", properties(legacy)),
        (
            "events",
            event_document(RootName::Schema, &notifications("Gate"), legacy),
        ),
    ]);
}

#[test]
fn boxes_agree_with_the_scene_to_a_thousandth_of_the_picture() {
    let text = frame_document(RootName::Schema, &scene(), &FrameOptions::plain(MODULE));
    assert!(
        text.contains(
            "<tt:BoundingBox left=\"-0.8\" top=\"0.5\" right=\"-0.6\" bottom=\"-0.5\"/>\
             <tt:CenterOfGravity x=\"-0.7\" y=\"0\"/>"
        ),
        "{text}"
    );
    assert!(text.contains("<tt:ObjectTree><tt:Delete ObjectId=\"8\"/></tt:ObjectTree>"));
    assert_eq!(
        text.matches("<tt:Object ").count(),
        6,
        "tentative ones stay out"
    );
}
