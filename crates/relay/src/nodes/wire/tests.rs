//! What is sent comes back as it was, and what makes no sense does not.

use super::*;

fn name(id: &str) -> Option<CameraId> {
    CameraId::new(&format!("west.{id}")).ok()
}

fn step() -> FeedStep {
    FeedStep {
        event: Event {
            event_id: EventId::from_bits(77),
            camera_id: CameraId::new("gate").unwrap(),
            program: ProgramKind::Vmd,
            rule_id: RuleId(3),
            rule_name: "Back door".to_owned(),
            kind: EventKind::CrossLine,
            zone_id: Some(ZoneId(2)),
            phase: Phase::End,
            step: 4,
            at: Timestamp::from_micros(1_000_001),
            started_at: Timestamp::from_micros(999_999),
            ended_at: Some(Timestamp::from_micros(1_000_000)),
            track_id: Some(TrackId(9)),
            class: Some(Class::Person),
            score: 0.1 + 0.2,
            bbox: Some(NormBox::from_xyxy(0.1, 0.2, 1.0 / 3.0, 0.7)),
            detail: EventDetail {
                line_id: Some(LineId(5)),
                heading_deg: Some(12.3),
                ..EventDetail::default()
            },
            why: Vec::new(),
        },
        why: r#"[["class",{"passed":"person"}]]"#.to_owned(),
    }
}

#[test]
fn step_comes_back_to_the_last_digit_on_the_guards_camera() {
    let json = serde_json::to_string(&ChangeView::new(FeedChange::Step(step()))).unwrap();
    let back: ChangeView = serde_json::from_str(&json).unwrap();
    let mut expected = step();
    expected.event.camera_id = CameraId::new("west.gate").unwrap();
    assert_eq!(
        back.read(name).unwrap(),
        Some(FeedChange::Step(expected)),
        "{json}"
    );
}

#[test]
fn password_and_user_of_a_camera_stay_at_the_node() {
    let document = r#"{"name":"Gate","link":{"host":"10.0.0.7","user":"root",
        "sealed_password":"v1.secret"}}"#;
    let change = FeedChange::Camera {
        camera_id: CameraId::new("gate").unwrap(),
        document: Some(document.to_owned()),
    };
    let json = serde_json::to_string(&ChangeView::new(change)).unwrap();
    assert!(json.contains("10.0.0.7"), "{json}");
    assert!(!json.contains("secret") && !json.contains("root"), "{json}");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_name() {
    let good = serde_json::to_value(ChangeView::new(FeedChange::Step(step()))).unwrap();
    for (field, value) in [
        ("kind", serde_json::json!("earthquake")),
        ("id", serde_json::json!("not a ulid")),
        ("detail", serde_json::json!("{\"odd\":1}")),
        ("why", serde_json::json!("no json")),
        ("camera", serde_json::json!("UPPER")),
        ("class", serde_json::json!("dragon")),
    ] {
        let mut bad = good.clone();
        bad["step"][field] = value;
        let view: ChangeView = serde_json::from_value(bad).unwrap();
        assert!(view.read(name).is_err(), "{field}");
    }
}
