//! A real broker that refuses, dies, comes back and forgets.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::mosquitto::{MUTE, Mosquitto, PASSWORD, USER};
use crate::support::{
    Api, Program, eventually, free_port, install_detector, link, soon, start_sim, still, street,
    whole_picture,
};

fn broker(address: &str) -> Value {
    json!({
        "name": "Home",
        "address": address,
        "is_enabled": true,
        "topic_prefix": "site-7",
        "user": USER,
        "password": PASSWORD,
    })
}

/// Tries settings without saving them; the steps as `step verdict`, and all of
/// the answer.
async fn walk(api: &Api, broker: &Value) -> (Vec<String>, Value) {
    let answer = api
        .post("/api/v1/broker_test", &json!({ "broker": broker }))
        .await
        .ok();
    let steps = answer["steps"].as_array().expect("steps are a list");
    let steps = steps
        .iter()
        .map(|step| {
            let name = |field: &str| step[field].as_str().unwrap().to_owned();
            format!("{} {}", name("step"), name("verdict"))
        })
        .collect();
    (steps, answer)
}

/// What the last step said.
fn last_text(answer: &Value) -> String {
    let steps = answer["steps"].as_array().unwrap();
    let last = steps.last().expect("a test has steps");
    format!(
        "{} | {}",
        last["text"].as_str().unwrap(),
        last["advice"].as_str().unwrap_or_default()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn test_walks_every_step_and_says_what_came_back() {
    let Some(mosquitto) = Mosquitto::start().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;

    let plain = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    let (steps, _) = walk(&api, &broker(&plain)).await;
    let all_well = [
        "connect passed",
        "sign_in passed",
        "publish passed",
        "read_back passed",
    ];
    assert_eq!(steps, all_well, "{}", mosquitto.log());

    let by_name = format!("mqtt://localhost:{}", mosquitto.port);
    let (steps, _) = walk(&api, &broker(&by_name)).await;
    assert_eq!(steps[0], "find passed");

    let websocket = format!("ws://127.0.0.1:{}/mqtt", mosquitto.ws_port);
    let (steps, answer) = walk(&api, &broker(&websocket)).await;
    assert_eq!(steps[1], "websocket passed", "{answer}");
    assert_eq!(answer["is_ok"], true, "{answer}");

    let mut wrong = broker(&plain);
    wrong["password"] = json!("wrong");
    let (steps, answer) = walk(&api, &wrong).await;
    assert_eq!(steps, ["connect passed", "sign_in failed"]);
    let text = last_text(&answer);
    assert!(text.contains("user name"), "{text}");
    assert!(!text.contains("wrong"), "no password is repeated: {text}");

    let mut mute = broker(&plain);
    mute["user"] = json!(MUTE);
    // At times mosquitto hangs up instead of refusing the message: also a
    // failure of this step, but the refusal itself must be told.
    soon("the broker's refusal in words", async || {
        let (steps, answer) = walk(&api, &mute).await;
        let log = mosquitto.log();
        assert_eq!(steps.last().unwrap(), "publish failed", "{answer} {log}");
        last_text(&answer).contains("not authorized").then_some(())
    })
    .await;

    let nobody = format!("mqtt://127.0.0.1:{}", free_port());
    let (steps, answer) = walk(&api, &broker(&nobody)).await;
    assert_eq!(steps, ["connect failed"]);
    assert!(last_text(&answer).contains("nothing listens"), "{answer}");

    let unknown = "mqtt://no-such-host.invalid:1883";
    let (steps, answer) = walk(&api, &broker(unknown)).await;
    assert_eq!(steps, ["find failed"], "{answer}");

    // A web server is there, and is no broker.
    let address = program.url.trim_start_matches("http://");
    let (steps, answer) = walk(&api, &broker(&format!("mqtt://{address}"))).await;
    assert_eq!(steps.last().unwrap(), "sign_in failed", "{answer}");
    let (_, answer) = walk(&api, &broker(&format!("ws://{address}/mqtt"))).await;
    assert!(
        last_text(&answer).contains("instead of a WebSocket"),
        "{answer}"
    );

    // Each kind of port spoken to as if it were the other.
    let tls_as_plain = format!("mqtt://127.0.0.1:{}", mosquitto.tls_port);
    let (_, answer) = walk(&api, &broker(&tls_as_plain)).await;
    assert!(last_text(&answer).contains("mqtts://"), "{answer}");
    let plain_as_tls = format!("mqtts://127.0.0.1:{}", mosquitto.port);
    let (steps, answer) = walk(&api, &broker(&plain_as_tls)).await;
    assert_eq!(steps.last().unwrap(), "secure failed", "{answer}");
    assert!(last_text(&answer).contains("mqtt://"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn certificates_of_both_sides_are_checked_and_explained() {
    let Some(mosquitto) = Mosquitto::start().await else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;

    let mut secure = broker(&format!("mqtts://127.0.0.1:{}", mosquitto.tls_port));
    let (steps, answer) = walk(&api, &secure).await;
    assert_eq!(steps.last().unwrap(), "secure failed");
    assert!(
        last_text(&answer).contains("no known authority"),
        "{answer}"
    );
    let shown = answer["certificate_sha256"].as_str().expect("it is shown");
    secure["fingerprint"] = json!(shown);
    let (_, answer) = walk(&api, &secure).await;
    assert_eq!(answer["is_ok"], true, "{answer}");
    let mut other = secure.clone();
    other["fingerprint"] = json!("00".repeat(32));
    let (_, answer) = walk(&api, &other).await;
    assert!(
        last_text(&answer).contains("not the trusted one"),
        "{answer}"
    );

    // A port that wants to see our certificate instead of a password.
    let address = format!("mqtts://127.0.0.1:{}", mosquitto.certificate_port);
    let mut ours = broker(&address);
    ours["fingerprint"] = json!(shown);
    ours["user"] = json!(null);
    let (_, answer) = walk(&api, &ours).await;
    assert_eq!(answer["is_ok"], false);
    assert!(last_text(&answer).contains("our certificate"), "{answer}");
    let (certificate, key) = &mosquitto.client;
    ours["certificate"] = json!(certificate);
    ours["key"] = json!(key);
    let (steps, answer) = walk(&api, &ours).await;
    assert_eq!(answer["is_ok"], true, "{answer}");
    assert!(steps.contains(&"sign_in passed".to_owned()));

    ours["key"] = json!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    let draft = json!({ "broker": ours });
    let refused = api.post("/api/v1/broker_test", &draft).await;
    assert_eq!(refused.status, 422);
    assert!(refused.json["error"]["fields"]["certificate"].is_string());
    ours["certificate"] = json!("no PEM at all");
    let refused = api
        .post("/api/v1/broker_test", &json!({ "broker": ours }))
        .await;
    let text = refused.json["error"]["fields"]["certificate"].as_str();
    assert!(text.unwrap().contains("BEGIN CERTIFICATE"), "{text:?}");

    // Saved secrets are neither shown nor lost by a change.
    ours["certificate"] = json!(certificate);
    ours["key"] = json!(key);
    let saved = api.post("/api/v1/brokers", &ours).await;
    assert!(!String::from_utf8_lossy(&saved.bytes).contains("PRIVATE"));
    let saved = saved.ok();
    assert_eq!(saved["has_certificate"], true);
    let mut change = ours.clone();
    for secret in ["certificate", "key", "password"] {
        change.as_object_mut().unwrap().remove(secret);
    }
    change["name"] = json!("Plant");
    let path = format!("/api/v1/brokers/{}", saved["id"].as_str().unwrap());
    assert_eq!(api.put(&path, &change).await.ok()["has_certificate"], true);
    let test = api.post(&format!("{path}/test"), &json!({})).await.ok();
    assert_eq!(test["is_ok"], true, "{test}");
    // The same address twice would tell everything twice.
    let twice = api.post("/api/v1/brokers", &ours).await;
    assert_eq!(twice.status, 422);
    assert!(twice.json["error"]["fields"]["address"].is_string());
}

/// The only broker as the list shows it.
async fn only_broker(api: &Api) -> Value {
    api.get("/api/v1/brokers").await.ok()["brokers"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_that_dies_for_a_while_gets_every_step_once_and_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = install_detector(folder.path()) else {
        return;
    };
    let Some(mut mosquitto) = Mosquitto::start().await else {
        return;
    };
    let mut listener = mosquitto.listen().await;
    let data_dir = folder.path().join("data");
    let camera = start_sim(street(960, 544)).await;
    let program = Program::start(&data_dir, &["--model", model.to_str().unwrap()]);
    let api = Api::set_up(&program).await;
    let mut secure = broker(&format!("mqtts://127.0.0.1:{}", mosquitto.tls_port));
    let (_, answer) = walk(&api, &secure).await;
    secure["fingerprint"] = answer["certificate_sha256"].clone();
    secure["has_home_assistant"] = json!(true);
    api.post("/api/v1/brokers", &secure).await.ok();
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
    eventually("the first event to arrive", patience, async || {
        (only_broker(&api).await["delivered"].as_u64() >= Some(1)).then_some(())
    })
    .await;

    mosquitto.stop().await;
    eventually("events to wait", patience, async || {
        let broker = only_broker(&api).await;
        let is_waiting = broker["queue"].as_u64() >= Some(3) && broker["state"] == "waiting";
        is_waiting.then_some(())
    })
    .await;
    let down = only_broker(&api).await;
    assert!(down["last_error"].is_string(), "{down}");
    assert_eq!(down["connected_since"], json!(null));
    mosquitto.run().await;
    // No more events: what waits shall arrive, and nothing else.
    let switch = format!("/api/v1/cameras/{id}/enabled");
    api.post(&switch, &json!({"is_enabled": false})).await.ok();
    eventually("all that waits to arrive", patience, async || {
        let broker = only_broker(&api).await;
        let all_ended = api
            .events()
            .await
            .iter()
            .all(|event| event["phase"] == "end");
        (broker["queue"] == 0 && all_ended).then_some(())
    })
    .await;
    let up = only_broker(&api).await;
    assert_eq!(up["state"], "connected", "{up}");
    assert_eq!(up["last_error"], json!(null), "{up}");
    assert_eq!(up["dead"], 0);
    assert!(listener.is_running());

    // What was heard of the rule, against what was decided. A step whose
    // acknowledgement died with the broker may come twice, in its place; after
    // each connection the newest state is told anew.
    let expected = decided(&api).await;
    let topic = format!("site-7/cameras/{id}/rule/1");
    let heard = soon("the last step to be heard", async || {
        let heard = rule_states(&listener, &topic);
        let told: BTreeSet<(String, u64)> = heard.iter().map(step_of).collect();
        (told.len() >= expected.len()).then_some(heard)
    })
    .await;
    let mut told: Vec<(String, u64)> = heard.iter().map(step_of).collect();
    told.dedup();
    let at = |step: &(String, u64)| expected.get(step).expect("nothing is invented");
    assert!(told.is_sorted_by_key(at), "out of order: {told:?}");
    let once: BTreeSet<&(String, u64)> = told.iter().collect();
    assert_eq!(once.len(), told.len(), "told twice: {told:?}");
    assert_eq!(once, expected.keys().collect(), "{}", mosquitto.log());
    let n_repeated = heard.len() - told.len();
    assert!(n_repeated <= 3, "{n_repeated} repeated");
    // The same through ONVIF's JSON: each begin and end is told once, in order.
    let events = listener.on("site-7/onvif-ej/RuleEngine/FieldDetector/ObjectsInside/");
    let mut times: Vec<String> = events
        .iter()
        .map(|heard| {
            assert!(heard.topic.ends_with(&format!("/&{id}/{id}/{id}_Anybody")));
            let event: Value = serde_json::from_str(&heard.payload).expect("events are JSON");
            event["UtcTime"].as_str().unwrap().to_owned()
        })
        .collect();
    let first = times.remove(0);
    assert!(times.is_sorted(), "{first} {times:?}");
    let n_objects: usize = expected.keys().filter(|(_, step)| *step == 0).count();
    assert!(
        times.len() >= 2 * n_objects,
        "{} of {n_objects}",
        times.len()
    );
    assert_eq!(heard.last().unwrap()["state"], "OFF");
    let pictures = listener.on(&format!("site-7/cameras/{id}/picture"));
    assert!(!pictures.is_empty(), "no picture of an alarm");
    assert_eq!(
        last(&listener, &format!("site-7/cameras/{id}/status")),
        "offline"
    );

    // A stop says goodbye: nobody has to wait for the broker to notice.
    assert_eq!(program.terminate().await, Some(0));
    soon("the goodbye to be heard", async || {
        (last(&listener, "site-7/status") == "offline").then_some(())
    })
    .await;
}

fn last(listener: &crate::support::mosquitto::Listener, topic: &str) -> String {
    let heard = listener.on(topic);
    heard
        .last()
        .map_or_else(String::new, |heard| heard.payload.clone())
}

/// What a rule's topic told of events, in order.
fn rule_states(listener: &crate::support::mosquitto::Listener, topic: &str) -> Vec<Value> {
    listener
        .on(topic)
        .iter()
        .map(|heard| serde_json::from_str(&heard.payload).expect("a rule tells JSON"))
        .filter(|state: &Value| state["event_id"].is_string())
        .collect()
}

fn step_of(state: &Value) -> (String, u64) {
    let id = state["event_id"].as_str().unwrap().to_owned();
    (id, state["step"].as_u64().unwrap())
}

/// All steps of events, with when they were decided. What was decided in one
/// moment has no order that could be asked for.
async fn decided(api: &Api) -> BTreeMap<(String, u64), String> {
    let mut steps = BTreeMap::new();
    for event in api.events().await {
        let id = event["id"].as_str().unwrap();
        let detail = api.get(&format!("/api/v1/events/{id}")).await.ok();
        for step in detail["steps"].as_array().unwrap() {
            let at = step["at"].as_str().unwrap().to_owned();
            steps.insert((id.to_owned(), step["step"].as_u64().unwrap()), at);
        }
    }
    steps
}

#[tokio::test(flavor = "multi_thread")]
async fn home_assistant_is_told_what_there_is_and_what_is_gone() {
    let Some(mut mosquitto) = Mosquitto::start().await else {
        return;
    };
    let listener = mosquitto.listen().await;
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let camera = start_sim(still()).await;
    let program = Program::start(&data_dir, &[]);
    let api = Api::set_up(&program).await;
    let id = api
        .add_camera("gate", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |camera| {
        let document = whole_picture(&["person"]);
        camera["zones"] = document["zones"].clone();
        camera["rules"] = document["rules"].clone();
    })
    .await;
    let mut home = broker(&format!("mqtt://127.0.0.1:{}", mosquitto.port));
    home["has_home_assistant"] = json!(true);
    api.post("/api/v1/brokers", &home).await.ok();
    let rule_topic = format!("site-7/cameras/{id}/rule/1");
    soon("the states to be told", async || {
        let is_told = last(&listener, &format!("site-7/cameras/{id}/status")) == "online"
            && last(&listener, &rule_topic) == r#"{"state":"OFF"}"#
            && last(&listener, "site-7/status") == "online";
        is_told.then_some(())
    })
    .await;
    let documents = documents(&listener);
    let rule = documents
        .iter()
        .find(|(topic, _)| topic.ends_with("_rule_1/config"))
        .map(|(_, document)| serde_json::from_str::<Value>(document).unwrap())
        .expect("the rule has a document");
    assert_eq!(rule["state_topic"], json!(rule_topic));
    assert_eq!(rule["name"], "Anybody");
    assert_eq!(rule["device"]["name"], "gate");
    assert_eq!(documents.len(), 3 + 6 + 1, "{documents:?}");

    // The broker forgets everything: all is told anew.
    let n_before = listener.heard().len();
    mosquitto.lose().await;
    mosquitto.run().await;
    let again = mosquitto.listen().await;
    soon("all to be told anew", async || {
        let is_told = self::documents(&again).len() == 10 && !last(&again, &rule_topic).is_empty();
        is_told.then_some(())
    })
    .await;
    assert!(n_before > 10);

    // A rule that is gone takes its entity with it, also while airelay is down
    // at the time of the change.
    api.change_camera(&id, |camera| camera["rules"] = json!([]))
        .await;
    soon("the rule to be taken back", async || {
        let is_gone = last(&again, &rule_topic).is_empty() && self::documents(&again).len() == 9;
        is_gone.then_some(())
    })
    .await;
    // A new subscriber finds nothing of it.
    let newcomer = mosquitto.listen().await;
    soon("a newcomer to be told", async || {
        (self::documents(&newcomer).len() == 9).then_some(())
    })
    .await;
    assert!(newcomer.on(&rule_topic).is_empty());
    assert!(newcomer.heard().iter().any(|heard| heard.is_retained));

    // Without the broker in the settings, nothing stays behind there.
    api.delete("/api/v1/brokers/1").await.ok();
    soon("everything to be taken back", async || {
        self::documents(&again).is_empty().then_some(())
    })
    .await;
    let late = mosquitto.listen().await;
    let left: Vec<String> = late
        .heard()
        .into_iter()
        .filter(|heard| heard.is_retained)
        .map(|heard| heard.topic)
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    assert_eq!(program.terminate().await, Some(0));
}

/// The newest discovery documents that were heard and not taken back.
fn documents(listener: &crate::support::mosquitto::Listener) -> BTreeMap<String, String> {
    let mut documents = BTreeMap::new();
    for heard in listener.on("homeassistant/") {
        if heard.payload.is_empty() {
            documents.remove(&heard.topic);
        } else {
            documents.insert(heard.topic, heard.payload);
        }
    }
    documents
}
