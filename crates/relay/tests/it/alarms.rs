//! Alarms handled from outside: states, two people at once, roles, incidents,
//! live changes, settings.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use store::{Batch, NewAlarm, Store};
use types::{
    BestShot, CameraId, Class, Event, EventDetail, EventId, EventKind, Gate, GateOutcome, NormBox,
    Phase, ProgramKind, RuleId, ShotQuality, ShotStage, Timestamp, TrackId, ZoneId,
};

use crate::support::{Api, Program, Reply, link, soon, start_sim, still};

const PASSWORD: &str = "a password for them";

/// An hour before the test, in whole seconds.
pub(crate) fn an_hour_ago() -> Timestamp {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap();
    Timestamp::from_secs(i64::try_from(now.as_secs()).unwrap() - 3_600)
}

/// Event `number` of camera "gate", so many seconds after `start`.
pub(crate) fn event(start: Timestamp, number: u64, second: u64, rule_id: u32) -> Event {
    let at = start.saturating_add(Duration::from_secs(second));
    let millis = u128::try_from(at.as_millis()).unwrap();
    Event {
        event_id: EventId::from_bits(millis << 80 | u128::from(number)),
        camera_id: CameraId::new("gate").unwrap(),
        program: ProgramKind::Vmd,
        rule_id: RuleId(rule_id),
        rule_name: format!("Rule {rule_id}"),
        kind: EventKind::Intruder,
        zone_id: Some(ZoneId(1)),
        phase: Phase::Begin,
        step: 0,
        at,
        started_at: at,
        ended_at: None,
        track_id: Some(TrackId(number)),
        class: Some(Class::Person),
        score: 0.61,
        bbox: Some(NormBox::from_xyxy(0.4, 0.3, 0.5, 0.6)),
        detail: EventDetail::default(),
        why: vec![Gate {
            name: "score",
            outcome: GateOutcome::Reached {
                actual: 0.61,
                needed: 0.5,
            },
        }],
    }
}

/// Its picture.
pub(crate) fn shot(of: &Event, jpeg: &[u8]) -> BestShot {
    BestShot {
        track_id: of.track_id.unwrap(),
        stage: ShotStage::Final,
        captured_at: of.at,
        bbox: of.bbox.unwrap(),
        class: Class::Person,
        score: 0.61,
        quality: ShotQuality::default(),
        jpeg: jpeg.into(),
        width_px: 16,
        height_px: 16,
        appearance: types::Appearance::default(),
    }
}

/// Stores events as an earlier run of airelay would have; all of one incident
/// where `together`.
pub(crate) fn put_events(data: &Path, events: &[Event], together: bool) {
    let mut store = Store::open(data).unwrap();
    let batch = Batch {
        camera_id: CameraId::new("gate").unwrap(),
        events: events.to_vec(),
        best_shots: events
            .iter()
            .map(|event| shot(event, b"\xff\xd8picture\xff\xd9"))
            .collect(),
        now: events[0].at,
    };
    let enlist = |event: &Event, recent: &[store::RecentAlarm]| match recent.first() {
        Some(known) if together => NewAlarm {
            incident_id: known.incident_id,
            ..NewAlarm::alone(event)
        },
        _ => NewAlarm::alone(event),
    };
    store.append_enlisting(&batch, &enlist).unwrap();
}

pub(crate) async fn add_account(api: &Api, name: &str, role: &str) {
    let body = json!({"name": name, "role": role, "password": PASSWORD});
    api.post("/api/v1/accounts", &body).await.ok();
}

pub(crate) async fn sign_in_as(program: &Program, name: &str) -> Api {
    Api::sign_in_as(program, name, PASSWORD).await
}

/// Alarms as listed, with their revisions.
pub(crate) fn seen(alarms: &Value) -> Value {
    let alarms = alarms.as_array().unwrap().iter();
    let seen =
        alarms.map(|alarm| json!({"id": alarm["id"], "revision": alarm["alarm"]["revision"]}));
    Value::Array(seen.collect())
}

pub(crate) async fn handle(api: &Api, alarms: &Value, more: Value) -> Reply {
    let mut body = more;
    body["alarms"] = seen(alarms);
    api.post("/api/v1/alarms/handle", &body).await
}

async fn list(api: &Api, query: &str) -> Value {
    api.get(&format!("/api/v1/alarms?{query}")).await.ok()["alarms"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn alarm_is_handled_by_two_people_and_its_history_tells_all() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = an_hour_ago();
    put_events(
        &data,
        &[event(start, 1, 0, 1), event(start, 2, 600, 2)],
        false,
    );
    let relay = Program::start(&data, &[]);
    let anna = Api::set_up(&relay).await;
    add_account(&anna, "Bob", "operator").await;
    add_account(&anna, "eve", "viewer").await;
    let bob = sign_in_as(&relay, "bob").await;
    let eve = sign_in_as(&relay, "eve").await;

    let alarms = list(&anna, "state=new").await;
    assert_eq!(alarms.as_array().unwrap().len(), 2);
    assert_eq!(alarms[0]["alarm"]["severity"], "high");
    let people = eve.get("/api/v1/alarms/people").await.ok();
    assert_eq!(people["names"], json!(["Bob", "installer"]));

    // A viewer looks at alarms and handles none; an operator handles alarms
    // and changes no settings.
    let refused = handle(&eve, &alarms, json!({"kind": "acknowledge"})).await;
    assert_eq!((refused.status, refused.code()), (403, "not_allowed"));
    let settings = json!({"together_s": 60, "revision": 0});
    let refused = bob.put("/api/v1/alarms/settings", &settings).await;
    assert_eq!((refused.status, refused.code()), (403, "not_allowed"));

    // Both have the same list open; Bob is quicker with the first.
    let first = json!([alarms[1]]);
    let done = handle(&bob, &first, json!({"kind": "assign", "assignee": "BOB"}))
        .await
        .ok();
    assert_eq!(done["handled"][0]["alarm"]["assignee"], "Bob");
    let close = json!({"kind": "close", "reason": "false_alarm", "text": "a cat"});
    let done = handle(&anna, &alarms, close).await.ok();
    assert_eq!(done["handled"][0]["id"], alarms[0]["id"]);
    assert_eq!(done["handled"][0]["alarm"]["reason"], "false_alarm");
    let conflict = &done["conflicts"][0];
    assert_eq!(conflict["id"], alarms[1]["id"]);
    assert_eq!(conflict["alarm"]["state"], "assigned");
    let words = conflict["message"].as_str().unwrap();
    assert!(words.starts_with("Bob assigned it to Bob at "), "{words}");
    assert_eq!(conflict["since"][0]["who"], "Bob");

    // A note needs no newest revision; what makes no sense is said.
    let note = json!({"kind": "note", "text": "seen at the fence"});
    let done = handle(&anna, &first, note).await.ok();
    assert_eq!(done["handled"][0]["alarm"]["n_notes"], 1);
    let closed = list(&anna, "state=closed&reason=false_alarm").await;
    let done = handle(&anna, &closed, json!({"kind": "acknowledge"}))
        .await
        .ok();
    assert_eq!(
        done["refused"][0]["message"],
        "it is closed: reopen it first"
    );
    handle(&anna, &closed, json!({"kind": "reopen"})).await.ok();

    let mine = list(&bob, "assignee=me").await;
    assert_eq!(mine[0]["id"], alarms[1]["id"]);
    let id = mine[0]["id"].as_str().unwrap();
    let detail = eve.get(&format!("/api/v1/alarms/{id}")).await.ok();
    let kinds: Vec<&str> = detail["history"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["assign", "note"]);
    assert_eq!(detail["history"][1]["text"], "seen at the fence");
    let open = eve.get("/api/v1/alarms/open").await.ok();
    assert_eq!(
        open["counts"],
        json!([{"state": "acknowledged", "severity": "high", "n_alarms": 1},
            {"state": "assigned", "severity": "high", "n_alarms": 1}])
    );

    for (body, field) in [
        (json!({"kind": "dance"}), "kind"),
        (json!({"kind": "close"}), "reason"),
        (json!({"kind": "close", "reason": "weather"}), "reason"),
        (json!({"kind": "close", "reason": "other"}), "text"),
        (json!({"kind": "assign", "assignee": "eve"}), "assignee"),
        (json!({"kind": "note", "text": "x".repeat(2_001)}), "text"),
    ] {
        let refused = handle(&anna, &first, body.clone()).await;
        assert_eq!(refused.status, 422, "{body}");
        assert!(refused.json["error"]["fields"][field].is_string(), "{body}");
    }
    for body in [
        json!({"kind": "acknowledge", "alarms": []}),
        json!({"kind": "acknowledge", "alarms": vec![json!({"id": id, "revision": 0}); 501]}),
    ] {
        assert_eq!(anna.post("/api/v1/alarms/handle", &body).await.status, 400);
    }
    for query in [
        "state=lost",
        "severity=grave",
        "limit=501",
        "camera=B!",
        "from=now",
    ] {
        let refused = anna.get(&format!("/api/v1/alarms?{query}")).await;
        assert_eq!(refused.status, 400, "{query}");
    }

    // It all survives a restart.
    relay.terminate().await;
    let relay = Program::start(&data, &[]);
    let anna = Api::sign_in(&relay).await;
    assert_eq!(list(&anna, "assignee=Bob").await, mine);
    relay.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alarms_of_neighbouring_cameras_are_one_incident_told_live_and_handled_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = an_hour_ago();
    let old = [event(start, 1, 0, 1), event(start, 2, 5, 2)];
    put_events(&data, &old, true);
    let relay = Program::start(&data, &[]);
    let api = Api::set_up(&relay).await;
    let (gate, yard) = (start_sim(still()).await, start_sim(still()).await);
    for (name, camera) in [("Gate", &gate), ("Yard", &yard)] {
        let id = api
            .add_camera(name, &link(camera.addr().port(), "/cgi-bin/mjpeg"))
            .await;
        api.change_camera(&id, |document| {
            document["rules"] = json!([{"id": 1, "name": "No picture", "kind": "signal_lost",
                "after_s": 5, "severity": if name == "Gate" { json!("critical") } else { json!(null) }}]);
        })
        .await;
    }
    let settings = json!({"together_s": 600, "revision": 0,
        "groups": [{"name": "Yard", "cameras": ["gate", "yard"]}]});
    let saved = api.put("/api/v1/alarms/settings", &settings).await.ok();
    assert_eq!(
        (&saved["revision"], &saved["loud_from"]),
        (&json!(1), &json!("critical"))
    );
    for (change, status) in [
        (json!({"together_s": 601, "revision": 1}), 422),
        (json!({"quiet_schedule_id": "9", "revision": 1}), 422),
        (
            json!({"groups": [{"name": "x", "cameras": ["gate", "gone"]}], "revision": 1}),
            422,
        ),
        (json!({"revision": 0}), 409),
    ] {
        let refused = api.put("/api/v1/alarms/settings", &change).await;
        assert_eq!(refused.status, status, "{change}");
    }

    for id in ["gate", "yard"] {
        api.wait_for_state(id, "receiving").await;
    }
    gate.stop().await;
    soon("the first alarm", async || {
        (list(&api, "state=new&kind=signal_lost").await[0]["camera_id"] == "gate").then_some(())
    })
    .await;
    yard.stop().await;
    let incident = soon("both alarms in one incident", async || {
        let page = api.get("/api/v1/incidents?kind=signal_lost").await.ok();
        let incidents = page["incidents"].as_array().unwrap().clone();
        (incidents.len() == 1 && incidents[0]["alarms"].as_array().unwrap().len() == 2)
            .then(|| incidents[0].clone())
    })
    .await;
    let severities = [0, 1].map(|idx| incident["alarms"][idx]["alarm"]["severity"].clone());
    assert_eq!(severities, ["critical", "high"]);

    let close = json!({"kind": "close", "reason": "test"});
    let done = handle(&api, &incident["alarms"], close).await.ok();
    assert_eq!(done["handled"].as_array().unwrap().len(), 2);
    let all = api.get("/api/v1/incidents?limit=1").await.ok();
    assert_eq!(all["incidents"][0]["id"], incident["id"]);
    assert_eq!(all["next_before"], incident["id"]);
    let before = incident["id"].as_str().unwrap();
    let path = format!("/api/v1/incidents?before={before}");
    let older = api.get(&path).await.ok()["incidents"].clone();
    assert_eq!(older[0]["alarms"].as_array().unwrap().len(), 2);
    assert_eq!(older[0]["id"], old[0].event_id.to_string());
    let path = format!("/api/v1/incidents/{}", old[0].event_id);
    assert_eq!(api.get(&path).await.ok(), older[0]);
    relay.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_hear_what_is_done_and_quiet_hours_make_no_sound() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    put_events(&data, &[event(an_hour_ago(), 1, 0, 1)], false);
    let relay = Program::start(&data, &[]);
    let api = Api::set_up(&relay).await;
    let always = json!({"name": "Always", "time_zone": "UTC",
        "week": vec![json!([{"from": "00:00", "until": "24:00"}]); 7]});
    let schedule = api.post("/api/v1/schedules", &always).await.ok();
    let alarms = list(&api, "").await;
    assert_eq!(alarms[0]["alarm"]["is_quiet"], false);
    let settings = json!({"quiet_schedule_id": schedule["id"], "revision": 0});
    let saved = api.put("/api/v1/alarms/settings", &settings).await.ok();
    assert_eq!(saved["is_quiet"], true);
    assert_eq!(list(&api, "").await[0]["alarm"]["is_quiet"], true);
    let loud = json!({"quiet_schedule_id": schedule["id"], "revision": 1, "loud_from": "high"});
    api.put("/api/v1/alarms/settings", &loud).await.ok();
    assert_eq!(list(&api, "").await[0]["alarm"]["is_quiet"], false);
    let path = format!("/api/v1/schedules/{}", schedule["id"].as_str().unwrap());
    assert_eq!(api.delete(&path).await.status, 409);

    // Whoever listens is told of what is done from now on; so it is done until
    // somebody heard it.
    let note = json!({"kind": "note", "text": "again"});
    let act = async {
        loop {
            handle(&api, &alarms, note.clone()).await.ok();
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    };
    let hear = soon("a change", async || api.first_live("/api/v1/changes").await);
    let heard: Value = tokio::select! {
        heard = hear => heard,
        () = act => unreachable!("it goes on until it is heard"),
    };
    assert_eq!(heard["alarms"][0]["id"], alarms[0]["id"]);
    relay.terminate().await;
}
