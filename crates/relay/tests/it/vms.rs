//! A VMS that fails in every way, and an airelay that is killed meanwhile:
//! each alarm arrives, in order, and a repeated one carries the same id.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::{
    Api, Program, eventually, install_detector, link, start_sim, street, whole_picture,
};

/// Answers by turns: out of order, taken but not said in time, taken.
struct Moody {
    n_asked: Mutex<u32>,
}

impl Respond for Moody {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let mut n_asked = self.n_asked.lock().expect("no holder of this lock panics");
        *n_asked += 1;
        match *n_asked % 4 {
            1 => ResponseTemplate::new(500),
            2 => ResponseTemplate::new(200).set_delay(Duration::from_secs(3)),
            _ => ResponseTemplate::new(200),
        }
    }
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).expect("the element is there");
    rest.split_once(after).expect("and closed").0
}

fn xprotect(port: u16) -> Value {
    json!({
        "name": "XProtect",
        "is_enabled": true,
        "host": "127.0.0.1",
        "port": port,
        "is_tls": false,
        "user": "relay",
        "password": "geheim",
        "timeout_s": 1,
        "has_ends": true,
        "system": {"type": "milestone", "notification_port": port},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_alarm_arrives_in_order_through_faults_and_kills() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = install_detector(folder.path()) else {
        return;
    };
    let model = model.to_str().unwrap();
    let data_dir = folder.path().join("data");
    let camera = start_sim(street(960, 544)).await;
    let vms = MockServer::start().await;
    let moody = Moody {
        n_asked: Mutex::new(0),
    };
    Mock::given(any()).respond_with(moody).mount(&vms).await;
    let mut program = Program::start(&data_dir, &["--model", model]);
    let mut api = Api::set_up(&program).await;
    let server = xprotect(vms.address().port());
    let saved = api.post("/api/v1/vms", &server).await.ok();
    assert!(!saved.to_string().contains("geheim"));
    let names: Vec<&str> = saved["to_define"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(names.contains(&"airelay Intruder ended"), "{names:?}");
    let id = api
        .add_camera("street", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |camera| {
        let document = whole_picture(&["person", "car", "bicycle", "motorcycle", "bus", "truck"]);
        camera["zones"] = document["zones"].clone();
        camera["rules"] = document["rules"].clone();
    })
    .await;
    let patience = Duration::from_secs(120);
    for n_events in [2, 4] {
        eventually("events to wait for the VMS", patience, async || {
            (api.events().await.len() >= n_events).then_some(())
        })
        .await;
        program.kill_at_once().await;
        program = Program::start(&data_dir, &["--model", model]);
        api = Api::sign_in(&program).await;
    }
    let switch = format!("/api/v1/cameras/{id}/enabled");
    api.post(&switch, &json!({"is_enabled": false})).await.ok();
    let requests = eventually("all that waits to arrive", patience, async || {
        let servers = api.get("/api/v1/vms").await.ok();
        let is_empty = servers["servers"][0]["queue"] == 0;
        let has_ended = |event: &Value| event["phase"] == "end";
        let all_ended = api.events().await.iter().all(has_ended);
        if !(is_empty && all_ended) {
            return None;
        }
        vms.received_requests().await
    })
    .await;

    // By the id that XProtect sees: when, and which step.
    let mut steps: BTreeMap<String, String> = BTreeMap::new();
    let mut last_at = String::new();
    for request in &requests {
        let body = String::from_utf8(request.body.clone()).unwrap();
        let key = between(&body, "<CustomTag>", "</CustomTag>").to_owned();
        let guid = between(&body, "<ID>", "</ID>").to_owned();
        let at = between(&body, "<Timestamp>", "</Timestamp>").to_owned();
        assert!(last_at <= at, "out of order: {at} after {last_at}");
        last_at = at;
        let before = steps.insert(guid, key.clone());
        assert!(
            before.is_none_or(|before| before == key),
            "two steps, one id"
        );
    }
    let told: Vec<&String> = steps.values().collect();
    for event in api.events().await {
        let event_id = event["id"].as_str().unwrap();
        let begin = format!("{event_id}-0");
        assert!(
            told.iter().any(|key| **key == begin),
            "no begin of {event_id}"
        );
        let n_steps = told.iter().filter(|key| key.starts_with(event_id)).count();
        assert_eq!(n_steps, 2, "begin and end of {event_id}");
    }
    let last = api.get("/api/v1/vms").await.ok();
    assert_eq!(last["servers"][0]["dead"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn dropped_events_are_kept_and_sent_again_once_the_vms_knows_their_name() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    let vms = MockServer::start().await;
    Mock::given(any())
        .respond_with(
            ResponseTemplate::new(200).set_body_string("Warning: Event message not known"),
        )
        .mount(&vms)
        .await;
    let server = xprotect(vms.address().port());
    // The gateway's answer is none: the first step says so, nothing is saved.
    let tried = api
        .post("/api/v1/vms_test", &json!({"vms": server}))
        .await
        .ok();
    assert_eq!(tried["is_ok"], false);
    assert_eq!(tried["steps"].as_array().unwrap().len(), 1, "{tried}");
    assert!(!tried.to_string().contains("geheim"));
    let none = api.get("/api/v1/vms").await.ok();
    assert_eq!(none["servers"], json!([]));

    api.post("/api/v1/vms", &server).await.ok();
    let camera = start_sim(street(640, 360)).await;
    let id = api
        .add_camera("street", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |camera| {
        camera["rules"] = json!([{"id": 1, "name": "No picture", "kind": "signal_lost", "is_enabled": true,
            "after_s": 5.0}]);
    })
    .await;
    api.wait_for_state(&id, "receiving").await;
    drop(camera);
    let dead = eventually("a dead letter", Duration::from_secs(60), async || {
        let servers = api.get("/api/v1/vms").await.ok();
        let server = servers["servers"][0].clone();
        (server["dead"].as_u64() >= Some(1)).then_some(server)
    })
    .await;
    let error = dead["last_error"].as_str().unwrap();
    assert!(error.contains("airelay Signal lost"), "{error}");

    vms.reset().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200))
        .mount(&vms)
        .await;
    let replayed = api.post("/api/v1/vms/1/replay", &json!({})).await.ok();
    assert!(replayed["replayed"].as_u64() >= Some(1));
    eventually("it to arrive", Duration::from_secs(30), async || {
        let servers = api.get("/api/v1/vms").await.ok();
        let server = &servers["servers"][0];
        (server["dead"] == 0 && server["queue"] == 0 && server["delivered"].as_u64() >= Some(1))
            .then_some(())
    })
    .await;
}
