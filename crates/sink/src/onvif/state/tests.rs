use std::fmt::Write as _;

use expect_test::{Expect, expect};
use types::{EventDetail, NormBox, Track, TrackId};

use super::*;
use crate::onvif::document::RootName;
use crate::onvif::document::event_document;
use crate::onvif::topic::Naming;
use crate::testing::{message, picture};

fn camera() -> CameraId {
    message().camera_id
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_secs(second)
}

fn url(path: &str) -> String {
    format!("http://relay.example{path}")
}

fn rule(id: u32, reports: Reports) -> RuleSetup {
    RuleSetup {
        rule_id: RuleId(id),
        name: format!("cam_rule {id}"),
        reports,
    }
}

/// One line each: operation, topic, items.
fn told(notifications: &[Notification]) -> String {
    let mut text = String::new();
    for notification in notifications {
        let operation = notification.operation.map_or("-", Operation::name);
        let path = notification.topic.spec().path;
        write!(text, "{operation} {path}").unwrap();
        for item in notification.source.iter().skip(2).chain(&notification.data) {
            write!(text, " {}={:?}", item.spec.name, item.value.to_text()).unwrap();
        }
        text.push('\n');
    }
    text
}

#[track_caller]
fn check(notifications: &[Notification], expected: &Expect) {
    expected.assert_eq(&told(notifications));
}

fn step(kind: EventKind, event: u128, track: u64, phase: Phase, second: i64) -> Message {
    Message {
        event_id: types::EventId::from_bits(event),
        rule_id: RuleId(1),
        kind,
        phase,
        at: at(second),
        started_at: at(second),
        track_id: Some(TrackId(track)),
        class: Some(Class::Person),
        picture: None,
        ..message()
    }
}

#[test]
fn field_tells_each_change_of_who_is_inside() {
    let mut state = DeviceState::new();
    let rules = vec![rule(1, Reports::Events(EventKind::Intruder))];
    state.set_rules(&camera(), rules, at(0));
    let mut all = Vec::new();
    for (event, track, phase) in [
        (1, 41, Phase::Begin),
        (2, 42, Phase::Begin),
        (1, 41, Phase::Update),
        // A second visit of the same object changes nothing of who is inside.
        (3, 42, Phase::Begin),
        (3, 42, Phase::End),
        (1, 41, Phase::End),
        (2, 42, Phase::End),
    ] {
        let message = step(EventKind::Intruder, event, track, phase, 1);
        all.extend(state.step(&message, &url));
    }
    check(
        &all,
        &expect![[r#"
            Changed RuleEngine/FieldDetector/ObjectsInside Rule="cam_rule 1" IsInside="true" ObjectId="41" ClassTypes="Human" Object=""
            Changed VideoSource/MotionAlarm State="true"
            Changed RuleEngine/FieldDetector/ObjectsInside Rule="cam_rule 1" IsInside="true" ObjectId="41 42" ClassTypes="Human Human" Object=""
            Changed RuleEngine/FieldDetector/ObjectsInside Rule="cam_rule 1" IsInside="true" ObjectId="42" ClassTypes="Human" Object=""
            Changed RuleEngine/FieldDetector/ObjectsInside Rule="cam_rule 1" IsInside="false" ObjectId="" ClassTypes=""
            Changed VideoSource/MotionAlarm State="false"
        "#]],
    );
}

#[test]
fn every_kind_tells_its_topic() {
    let mut text = String::new();
    for kind in EventKind::ALL {
        let mut state = DeviceState::new();
        state.set_rules(&camera(), vec![rule(1, Reports::Events(kind))], at(0));
        let message = Message {
            detail: EventDetail {
                count: Some(3),
                problem: (kind == EventKind::PictureProblem).then_some(PictureProblem::Covered),
                ..EventDetail::default()
            },
            ..step(kind, 1, 7, Phase::Begin, 1)
        };
        text += &told(&state.step(&message, &url)[..1]);
    }
    expect![[r#"
        Changed RuleEngine/FieldDetector/ObjectsInside Rule="cam_rule 1" IsInside="true" ObjectId="7" ClassTypes="Human" Object=""
        Changed RuleEngine/LoiteringDetector/ObjectIsLoitering Rule="cam_rule 1" ObjectId="7" ClassTypes="Human" Since="1970-01-01T00:00:01.000Z" Object=""
        Changed Rule/Direction Rule="cam_rule 1" State="true" ObjectId="7" ClassTypes="Human" Zone="Gate" Object=""
        Changed Rule/WrongWay Rule="cam_rule 1" State="true" ObjectId="7" ClassTypes="Human" Zone="Gate" Object=""
        Changed Rule/UTurn Rule="cam_rule 1" State="true" ObjectId="7" ClassTypes="Human" Zone="Gate" Object=""
        - RuleEngine/LineDetector/Crossed Rule="cam_rule 1" ObjectId="7" ClassTypes="Human" Object=""
        Changed Rule/Enter Rule="cam_rule 1" State="true" ObjectId="7" ClassTypes="Human" Zone="Gate" Object=""
        Changed Rule/Exit Rule="cam_rule 1" State="true" ObjectId="7" ClassTypes="Human" Zone="Gate" Object=""
        Changed Rule/Stopped Rule="cam_rule 1" State="true" ObjectId="7" ClassTypes="Human" Zone="Gate" Object=""
        - RuleEngine/ObjectAbandoned Rule="cam_rule 1" ObjectId="7" Object=""
        - RuleEngine/ObjectRemoved Rule="cam_rule 1" ObjectId="7" Object=""
        Changed Rule/CountOverLimit Rule="cam_rule 1" State="true" Count="3" Zone="Gate"
        Changed Rule/ZoneSequence Rule="cam_rule 1" State="true" ObjectId="7" ClassTypes="Human" Zone="Gate" Object=""
        Changed VideoSource/ImpairedVisibility State="true"
        Changed Rule/VideoLost Rule="cam_rule 1" State="true"
        Changed Rule/OccupancyOverThreshold Rule="cam_rule 1" State="true" Count="3" Zone="Gate"
        Changed Rule/LearntState Rule="cam_rule 1" State="true" StateName="" Likelihood="0.87"
        Changed Rule/Program Rule="cam_rule 1" State="true" ObjectId="7" ClassTypes="Human" Zone="Gate" Object=""
        Changed Rule/Program Rule="cam_rule 1" State="true" ObjectId="7" ClassTypes="Human" Zone="Gate" Object=""
    "#]]
    .assert_eq(&text);
}

#[test]
fn counts_tell_only_changes() {
    let mut state = DeviceState::new();
    let rules = vec![rule(1, Reports::Crossings), rule(2, Reports::Presence)];
    state.set_rules(&camera(), rules, at(0));
    let mut all = Vec::new();
    for (id, count) in [(1, 0), (1, 1), (1, 1), (2, 4), (1, u64::MAX), (9, 1)] {
        all.extend(state.count(&camera(), RuleId(id), count, at(1)));
    }
    check(
        &all,
        &expect![[r#"
            Changed RuleEngine/CountAggregation/Counter Rule="cam_rule 1" Count="1"
            Changed RuleEngine/CountAggregation/OccupancyCounter Rule="cam_rule 2" Count="4"
            Changed RuleEngine/CountAggregation/Counter Rule="cam_rule 1" Count="2147483647"
        "#]],
    );
}

#[test]
fn rules_come_with_their_states_and_go_as_deleted() {
    let mut state = DeviceState::new();
    let inside = rule(1, Reports::Events(EventKind::Intruder));
    let first = state.set_rules(&camera(), vec![inside.clone()], at(0));
    check(
        &first,
        &expect![[r#"
            Initialized VideoSource/MotionAlarm State="false"
            Initialized VideoSource/SignalLoss State="false"
            Initialized VideoSource/ImageTooBlurry/AnalyticsService State="false"
            Initialized VideoSource/ImageTooDark/AnalyticsService State="false"
            Initialized VideoSource/ImageTooBright/AnalyticsService State="false"
            Initialized VideoSource/GlobalSceneChange/AnalyticsService State="false"
            Initialized VideoSource/ImpairedVisibility State="false"
            Initialized RuleEngine/FieldDetector/ObjectsInside Rule="cam_rule 1" IsInside="false" ObjectId="" ClassTypes=""
        "#]],
    );
    assert_eq!(told(&state.all(at(1))), told(&first));
    let line = rule(2, Reports::Events(EventKind::CrossLine));
    let renamed = RuleSetup {
        name: "cam_other".to_owned(),
        ..inside
    };
    check(
        &state.set_rules(&camera(), vec![renamed, line], at(2)),
        &expect![[r#"
            Deleted RuleEngine/FieldDetector/ObjectsInside Rule="cam_rule 1" IsInside="false" ObjectId="" ClassTypes=""
            Initialized RuleEngine/FieldDetector/ObjectsInside Rule="cam_other" IsInside="false" ObjectId="" ClassTypes=""
        "#]],
    );
    let gone = state.remove_camera(&camera(), at(3));
    assert_eq!(gone.len(), 8);
    assert!(
        gone.iter()
            .all(|state| state.operation == Some(Operation::Deleted))
    );
    assert!(state.all(at(4)).is_empty());
}

#[test]
fn lost_video_is_told_once() {
    let mut state = DeviceState::new();
    state.set_rules(&camera(), Vec::new(), at(0));
    let told: Vec<bool> = [false, true, true, false]
        .map(|is_lost| state.signal(&camera(), is_lost, at(1)).is_some())
        .to_vec();
    assert_eq!(told, [false, true, false, true]);
}

#[test]
fn classes_in_view_are_told_when_they_change_also_when_none_is_left() {
    let mut state = DeviceState::new();
    state.set_rules(&camera(), Vec::new(), at(0));
    let track = |class| Track {
        track_id: TrackId(1),
        state: TrackState::Confirmed,
        bbox: NormBox::WHOLE,
        class,
        score: 0.9,
        first_seen_at: at(0),
        last_seen_at: at(0),
        velocity: (0.0, 0.0),
        is_stationary: false,
        moved: types::Moved::Surely,
    };
    let mut all = Vec::new();
    for classes in [
        &[][..],
        &[Class::Car, Class::Bus],
        &[Class::Car, Class::Bus],
        &[],
    ] {
        let scene = Scene {
            captured_at: at(1),
            tracks: classes.iter().map(|class| track(*class)).collect(),
            ..Scene::default()
        };
        all.extend(state.scene(&camera(), &scene));
    }
    check(
        &all,
        &expect![[r#"
            - RuleEngine/ObjectDetection/Object Rule="gate-2_objects" ClassTypes="Vehicle"
            - RuleEngine/ObjectDetection/Object Rule="gate-2_objects" ClassTypes=""
        "#]],
    );
}

#[test]
fn names_are_unique_also_where_people_used_one_twice() {
    let rules = [(1, "Gate"), (2, "Gate"), (3, "objects")];
    let rules = rules.into_iter().map(|(id, name)| (RuleId(id), name));
    let names = rule_names(&CameraId::new("yard").unwrap(), rules);
    let names: Vec<_> = names.into_values().collect();
    assert_eq!(names, ["yard_Gate", "yard_Gate (2)", "yard_objects (3)"]);
}

#[test]
fn picture_of_an_event_is_referred_to_by_its_address() {
    let mut state = DeviceState::new();
    let message = Message {
        picture: Some(picture()),
        ..step(EventKind::Intruder, 1, 41, Phase::Begin, 1)
    };
    let told = state.step(&message, &url);
    let text = event_document(RootName::Schema, &told, Naming::Legacy);
    assert!(
        text.contains("<tt:ImageRef>http://relay.example/api/v1/events/"),
        "{text}"
    );
    assert!(
        text.contains("Name=\"VideoSourceConfigurationToken\""),
        "{text}"
    );
}
