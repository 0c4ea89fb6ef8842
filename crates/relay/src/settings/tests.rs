//! Documents as typed, and what becomes of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use programs::site::Anchor;
use programs::vmd::{What, min_score};
use serde_json::{Value, json};
use types::{CameraId, Class, RuleId};

use super::*;

/// What is drawn on the test's camera.
fn drawn() -> Value {
    let square = json!([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]]);
    json!({
        "zones": [{"id": 1, "name": "Yard", "points": square},
            {"id": 2, "name": "Gate", "points": square}],
        "lines": [{"id": 7, "name": "Kerb", "points": [[0.0, 0.5], [1.0, 0.5]]}],
    })
}

fn link() -> Value {
    json!({"protocol": "http", "host": "10.0.0.7", "port": null, "path": "/cgi-bin/mjpeg",
        "user": "", "sealed_password": null, "mode": "automatic", "channel": 1,
        "fingerprint": null, "one_shot_fps": 5.0})
}

fn resolved(change: impl FnOnce(&mut Value)) -> Result<Arc<CameraSettings>, FieldErrors> {
    let mut document = drawn();
    change(&mut document);
    let document: AnalysisDocument =
        serde_json::from_value(document).expect("the form is right, only values may be wrong");
    document.resolve(&CameraId::new("gate").unwrap())
}

/// A rule with what every kind needs, and `more`.
fn rule(kind: &str, more: &Value) -> Value {
    let mut rule = json!({
        "id": 1, "name": "Rule", "kind": kind, "classes": ["person"],
        "zone_id": 1, "to_zone_id": 2, "line_id": 7,
    });
    for (field, value) in more.as_object().unwrap() {
        rule[field] = value.clone();
    }
    rule
}

fn rules_of(rule: &Value) -> Result<Vec<programs::vmd::Rule>, BTreeSet<String>> {
    resolved(|document| document["rules"] = json!([rule]))
        .map(|settings| settings.analysis.vmd.wanted.clone().unwrap())
        .map_err(|errors| errors.into_map().into_keys().collect())
}

/// The field that a document with this change is refused for.
fn refused(change: impl FnOnce(&mut Value)) -> String {
    let errors = resolved(change).expect_err("a wrong value").into_map();
    let fields: Vec<&String> = errors.keys().collect();
    assert_eq!(fields.len(), 1, "{errors:?}");
    fields[0].clone()
}

const KINDS: [&str; 15] = [
    "intruder",
    "loitering",
    "direction",
    "wrong_way",
    "u_turn",
    "cross_line",
    "enter",
    "exit",
    "stopped",
    "object_left",
    "object_removed",
    "count_over_limit",
    "zone_sequence",
    "picture_problem",
    "signal_lost",
];

#[test]
fn every_kind_is_read_with_both_forms_of_classes() {
    let forms = [
        json!(["person", "truck"]),
        json!({"person": {"threshold": null}, "truck": {"threshold": 0.8}, "car": null}),
    ];
    for kind in KINDS {
        for classes in &forms {
            let rules = rules_of(&rule(kind, &json!({"classes": classes})));
            let rules = rules.unwrap_or_else(|fields| panic!("{kind}: {fields:?}"));
            assert_eq!(rules[0].what.kind().name(), kind);
            let thresholds = rules[0].filter.thresholds;
            assert_eq!(thresholds[Class::Person as usize], min_score(5));
            assert_eq!(thresholds[Class::Car as usize], None);
            let of_truck = thresholds[Class::Truck as usize];
            let expected = if classes.is_array() {
                min_score(5)
            } else {
                Some(0.8)
            };
            assert_eq!(of_truck, expected);
        }
    }
}

#[test]
fn only_kinds_about_objects_need_classes() {
    for kind in KINDS {
        let needs_none = matches!(
            kind,
            "object_left" | "object_removed" | "picture_problem" | "signal_lost"
        );
        for none in [json!([]), json!({}), json!({"person": null})] {
            let told = rules_of(&rule(kind, &json!({"classes": none})));
            match told {
                Ok(_) => assert!(needs_none, "{kind} without classes is taken"),
                Err(fields) => {
                    assert!(!needs_none, "{kind}: {fields:?}");
                    assert!(fields.contains("rules.0.classes"), "{kind}: {fields:?}");
                }
            }
        }
    }
}

#[test]
fn every_value_out_of_range_is_named() {
    let cases = [
        ("intruder", "id", json!(10_000)),
        ("intruder", "name", json!(" ")),
        ("intruder", "kind", json!("occupancy")),
        ("intruder", "kind", json!("nonsense")),
        ("intruder", "zone_id", json!(3)),
        ("intruder", "zone_id", json!(null)),
        ("intruder", "classes", json!(["dog"])),
        ("intruder", "classes", json!({"person": {}, "dog": null})),
        ("intruder", "classes", json!({"person": {"threshold": 1.1}})),
        ("intruder", "sensitivity", json!(0)),
        ("intruder", "sensitivity", json!(11)),
        ("intruder", "min_score", json!(1.1)),
        ("intruder", "hold_score", json!(0.6)),
        ("intruder", "min_aspect", json!(0.01)),
        ("intruder", "max_aspect", json!(21)),
        ("intruder", "min_speed_kmh", json!(5)),
        ("intruder", "max_speed_kmh", json!(50)),
        ("intruder", "anchor", json!("head")),
        ("intruder", "grace_s", json!(601)),
        ("intruder", "cool_down_s", json!(-1)),
        ("intruder", "cool_down_s", json!(86_401)),
        ("intruder", "schedule_id", json!("nights")),
        ("intruder", "min_size", json!({"at": []})),
        (
            "intruder",
            "max_size",
            json!({"at": [{"y": 0.5, "width": 0.0, "height": 2.0}]}),
        ),
        ("intruder", "dwell_s", json!(601)),
        ("loitering", "stay_s", json!(0.5)),
        ("loitering", "stay_s", json!(86_401)),
        ("direction", "heading_deg", json!(361)),
        ("direction", "tolerance_deg", json!(4)),
        ("wrong_way", "min_travel", json!(0)),
        ("u_turn", "tolerance_deg", json!(91)),
        ("count_over_limit", "wait_s", json!(3_601)),
        ("wrong_way", "zone_id", json!(9)),
        ("cross_line", "line_id", json!(8)),
        ("cross_line", "line_id", json!(null)),
        ("cross_line", "ways", json!("up")),
        ("stopped", "still_s", json!(0)),
        ("object_left", "still_s", json!(90_000)),
        ("count_over_limit", "limit", json!(501)),
        ("count_over_limit", "for_s", json!(3_601)),
        ("zone_sequence", "to_zone_id", json!(null)),
        ("zone_sequence", "within_s", json!(0)),
        ("picture_problem", "problems", json!(["rain"])),
        ("signal_lost", "after_s", json!(4)),
    ];
    for (kind, field, value) in cases {
        let told = rules_of(&rule(kind, &json!({field: value})));
        let fields = told.expect_err(&format!("{kind} with {field} = {value} is taken"));
        let expected = BTreeSet::from([format!("rules.0.{field}")]);
        assert_eq!(fields, expected, "{kind} with {field} = {value}");
    }
    let overlap = rule("intruder", &json!({"anchor": "overlap", "overlap": 0.01}));
    assert!(rules_of(&overlap).unwrap_err().contains("rules.0.overlap"));
}

#[test]
fn scores_shape_and_speed_reach_the_rule() {
    let square =
        |x, y, east_m, north_m| json!({"x": x, "y": y, "east_m": east_m, "north_m": north_m});
    let with_ground = |more: Value| {
        resolved(|document| {
            document["ground"] = json!({"points": [square(0.1, 0.9, 0, 0), square(0.9, 0.9, 4, 0),
                square(0.7, 0.4, 4, 12), square(0.3, 0.4, 0, 12)]});
            document["rules"] = json!([rule("intruder", &more)]);
        })
    };
    let settings = with_ground(
        json!({"min_score": 0.6, "hold_score": 0.3, "max_aspect": 0.8,
        "min_speed_kmh": 18, "max_speed_kmh": 36}),
    );
    let rules = settings.unwrap().analysis.vmd.wanted.clone().unwrap();
    let filter = &rules[0].filter;
    assert_eq!(filter.thresholds[Class::Person as usize], Some(0.6));
    assert_eq!(filter.hold_score, Some(0.3));
    assert_eq!(filter.aspect, Some(0.0..=0.8));
    assert_eq!(filter.speed_mps, Some(5.0..=10.0));
    let contrary = with_ground(json!({"min_speed_kmh": 36, "max_speed_kmh": 18}));
    let fields = contrary.unwrap_err().into_map();
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["rules.0.min_speed_kmh"]);
}

#[test]
fn thresholds_by_class_count_in_areas_and_are_refused_for_counters() {
    let area = json!({"id": 1, "name": "Hall", "zone_id": 1, "threshold": 3, "sensitivity": 3,
        "classes": {"person": {"threshold": 0.7}, "car": {"threshold": null}}});
    let settings = resolved(|document| {
        document["programs"] = json!({"occupancy": {"is_enabled": true, "areas": [area]}});
    });
    let settings = settings.unwrap();
    let area = &settings.analysis.occupancy.wanted.as_ref().unwrap().areas[0];
    assert_eq!(Some(area.min_scores[Class::Person as usize]), Some(0.7));
    assert_eq!(Some(area.min_scores[Class::Car as usize]), min_score(3));
    let field = refused(|document| {
        document["programs"] = json!({"counters": [{"id": 1, "name": "Kerb", "line_id": 7,
            "classes": {"person": {"threshold": 0.7}}}]});
    });
    assert_eq!(field, "programs.counters.0.classes");
}

#[test]
fn further_attributes_are_of_the_vocabulary_and_visitors_are_remembered_for_a_day_at_most() {
    let settings = resolved(|document| {
        document["programs"] = json!({"people": {"is_enabled": true, "further": ["bag", "bag", "hat"],
            "visitors_window_s": 60}});
    });
    let settings = settings.unwrap();
    let people = settings.analysis.people.wanted.as_ref().unwrap();
    assert_eq!(people.further, ["bag", "hat"]);
    assert_eq!(people.visitors_window.as_secs(), 60);
    for (field, value) in [
        ("further", json!(["complexion"])),
        ("visitors_window_s", json!(59)),
    ] {
        let named = refused(|document| document["programs"] = json!({"people": {field: value}}));
        assert_eq!(named, format!("programs.people.{field}"));
    }
}

#[test]
fn wrong_rules_are_named_also_while_the_program_is_off() {
    let field = refused(|document| {
        document["programs"] = json!({"vmd": {"is_enabled": false}});
        document["rules"] = json!([rule("intruder", &json!({"dwell_s": 700}))]);
    });
    assert_eq!(field, "rules.0.dwell_s");
}

#[test]
fn values_of_a_kind_reach_the_rule() {
    let direction = json!({"heading_deg": 360, "tolerance_deg": 30, "zone_id": null});
    let rules = rules_of(&rule("wrong_way", &direction)).unwrap();
    assert!(matches!(
        rules[0].what,
        What::Direction { zone_id: None, heading_deg, tolerance_deg, is_wrong_way: true, .. }
            if heading_deg.abs() < 1e-6 && (tolerance_deg - 30.0).abs() < 1e-6
    ));
    let part = json!({"anchor": "overlap", "overlap": 0.25, "grace_s": 7});
    let rules = rules_of(&rule("enter", &part)).unwrap();
    assert_eq!(rules[0].filter.anchor, Anchor::Overlap(0.25));
    assert_eq!(rules[0].grace.as_secs(), 7);
    let depth = json!({"min_size": {"at": [
        {"y": 0.9, "width": 0.1, "height": 0.4}, {"y": 0.3, "width": 0.02, "height": 0.1}]}});
    let rules = rules_of(&rule("enter", &depth)).unwrap();
    assert!(rules[0].filter.min_size.is_some() && rules[0].filter.max_size.is_none());
}

#[test]
fn rule_may_ask_for_health_unless_it_is_about_the_picture_itself() {
    use programs::health::HealthWish;
    for (kind, wish, expected) in [
        ("intruder", "any", HealthWish::Any),
        ("intruder", "marked", HealthWish::Marked),
        ("enter", "healthy", HealthWish::Healthy),
        ("picture_problem", "healthy", HealthWish::Any),
        ("signal_lost", "marked", HealthWish::Any),
    ] {
        let rules = rules_of(&rule(kind, &json!({"health": wish}))).unwrap();
        assert_eq!(rules[0].health, expected, "{kind} {wish}");
    }
    let refused = rules_of(&rule("intruder", &json!({"health": "good"}))).unwrap_err();
    assert!(refused.contains("rules.0.health"), "{refused:?}");
}

#[test]
fn document_of_the_first_release_is_read() {
    let old = json!({
        "name": "Gate", "is_enabled": true, "motion_sensitivity": 5,
        "link": link(),
        "zones": drawn()["zones"], "masks": [],
        "rules": [{"id": 1, "name": "Anybody", "kind": "intruder", "zone_id": 1,
            "classes": ["person", "car"], "dwell_s": 2.0, "sensitivity": 5, "is_enabled": true}],
    });
    let document: CameraDocument = serde_json::from_value(old).unwrap();
    let mut errors = FieldErrors::default();
    let (_, analysis) = document.parts().resolve(&Schedules::new(), &mut errors);
    assert!(errors.is_empty(), "{errors}");
    let rules = analysis.vmd.wanted.unwrap();
    assert!(matches!(rules[0].what, What::Intruder { dwell, .. } if dwell.as_secs() == 2));
    assert!(analysis.people.wanted.is_none() && analysis.occupancy.wanted.is_none());
}

#[test]
fn masks_that_are_off_stay_in_the_document_and_mask_nothing() {
    let corners = drawn()["zones"][0]["points"].clone();
    let masks = |is_enabled: bool| {
        let corners = corners.clone();
        move |document: &mut Value| {
            let mask = json!({"id": 1, "name": "Tree", "points": corners,
                "is_enabled": is_enabled});
            document["masks"] = json!([mask]);
            document["object_masks"] = json!([mask]);
            document["object_masks"][0]["classes"] = json!(["car"]);
        }
    };
    let n_working = |is_enabled| {
        let settings = resolved(masks(is_enabled)).unwrap();
        let of_classes = settings.analysis.drawing.masks.len();
        (settings.motion.masks.len(), of_classes)
    };
    assert_eq!(n_working(true), (1, 1));
    assert_eq!(n_working(false), (0, 0));
    // Switching one on must not fail: also those that are off are checked.
    for kind in ["masks", "object_masks"] {
        let field = refused(|document| {
            masks(false)(document);
            document[kind][0]["points"] = json!([[0.1, 0.1], [0.2, 0.2]]);
        });
        assert_eq!(field, format!("{kind}.0.points"));
    }
}

#[test]
fn document_comes_back_as_it_was_stored() {
    let mut all = drawn();
    all["name"] = json!("Gate");
    all["is_enabled"] = json!(true);
    all["link"] = link();
    all["rules"] = KINDS
        .map(|kind| rule(kind, &json!({"schedule_id": null})))
        .into();
    for (idx, rule) in all["rules"].as_array_mut().unwrap().iter_mut().enumerate() {
        rule["id"] = json!(idx + 1);
    }
    all["programs"] = programs();
    let document: CameraDocument = serde_json::from_value(all).unwrap();
    let shown = document.programs.clone().shown();
    let stored = serde_json::to_value(&document).unwrap();
    let again: CameraDocument = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(serde_json::to_value(&again).unwrap(), stored);
    // What REST adds may be sent back.
    let sent_back = serde_json::from_value(serde_json::to_value(shown).unwrap());
    let sent_back: ProgramsDocument = sent_back.unwrap();
    assert_eq!(sent_back.occupancy.areas[0].rule_id, 20_003);
    assert_eq!(sent_back.counters[0].rule_id, 10_004);
    let mut errors = FieldErrors::default();
    again.parts().resolve(&Schedules::new(), &mut errors);
    assert!(errors.is_empty(), "{errors}");
}

fn programs() -> Value {
    json!({
        "people": {"is_enabled": true, "zone_ids": [1]},
        "occupancy": {"is_enabled": true, "interval_s": 30, "in_line_ids": [7], "areas": [
            {"id": 3, "name": "Yard", "zone_id": 1, "classes": ["person"], "threshold": 5}]},
        "counters": [{"id": 4, "name": "Kerb", "line_id": 7, "classes": {"person": {}},
            "resets": ["06:00"]}],
    })
}

#[test]
fn programs_become_settings_under_ids_of_their_own() {
    let settings = resolved(|document| document["programs"] = programs()).unwrap();
    let occupancy = settings.analysis.occupancy.wanted.as_ref().unwrap();
    assert_eq!(occupancy.areas[0].rule_id, RuleId(20_003));
    assert!(occupancy.balance.is_some());
    assert_eq!(settings.analysis.counters[0].rule_id, RuleId(10_004));
    assert!(settings.analysis.people.wanted.is_some());
    assert!(settings.analysis.vehicle.wanted.is_none());
}

#[test]
fn wrong_values_of_programs_are_named() {
    let with = |path: &'static str, value: Value| {
        refused(|document| {
            document["programs"] = programs();
            *document["programs"]
                .pointer_mut(path)
                .expect("a field of the test's document") = value;
        })
    };
    let cases = [
        ("/people/zone_ids", json!([9]), "people.zone_ids"),
        (
            "/people",
            json!({"min_height_px": 2_161}),
            "people.min_height_px",
        ),
        (
            "/people",
            json!({"schedule_id": "nights"}),
            "people.schedule_id",
        ),
        ("/occupancy/interval_s", json!(0), "occupancy.interval_s"),
        (
            "/occupancy/in_line_ids",
            json!([8]),
            "occupancy.in_line_ids",
        ),
        (
            "/occupancy/areas/0/id",
            json!(10_000),
            "occupancy.areas.0.id",
        ),
        (
            "/occupancy/areas/0/name",
            json!(""),
            "occupancy.areas.0.name",
        ),
        (
            "/occupancy/areas/0/zone_id",
            json!(9),
            "occupancy.areas.0.zone_id",
        ),
        (
            "/occupancy/areas/0/classes",
            json!([]),
            "occupancy.areas.0.classes",
        ),
        ("/occupancy/areas/0/threshold", json!(0), "occupancy.areas"),
        ("/counters/0/id", json!(10_000), "counters.0.id"),
        ("/counters/0/line_id", json!(8), "counters.0.line_id"),
        ("/counters/0/classes", json!({}), "counters.0.classes"),
        ("/counters/0/resets", json!(["25:00"]), "counters.0.resets"),
    ];
    for (path, value, field) in cases {
        assert_eq!(with(path, value), format!("programs.{field}"), "{path}");
    }
}

#[test]
fn rule_with_a_schedule_finds_it_by_its_number() {
    let document = AnalysisDocument::parse(
        &json!({
            "zones": drawn()["zones"],
            "rules": [rule("intruder", &json!({"schedule_id": "3", "line_id": null}))],
        })
        .to_string(),
    )
    .unwrap();
    let schedule = ScheduleDocument {
        name: "Never".to_owned(),
        time_zone: "UTC".to_owned(),
        latitude: None,
        longitude: None,
        week: vec![Vec::new(); 7],
        exceptions: Vec::new(),
    };
    let schedules = Schedules::from([("3".to_owned(), Arc::new(schedule.resolve().unwrap()))]);
    let camera = CameraDocument {
        zones: document.zones,
        rules: document.rules,
        ..CameraDocument::new("Gate".to_owned(), serde_json::from_value(link()).unwrap())
    };
    let mut errors = FieldErrors::default();
    let (_, analysis) = camera.parts().resolve(&schedules, &mut errors);
    assert!(errors.is_empty(), "{errors}");
    assert!(analysis.vmd.wanted.unwrap()[0].schedule.is_some());
    assert!(camera.uses_schedule("3") && !camera.uses_schedule("4"));
}
