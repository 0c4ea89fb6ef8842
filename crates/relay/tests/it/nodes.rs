//! Two airelays: one pulls cameras, the other guards it. Whatever happens to the
//! link or to either program, in the end both know the same, once.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use store::Store;
use types::{CameraId, Count, Metric, RuleId, Timestamp};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{
    Api, Fault, FaultyLink, Program, eventually, install_detector, link, soon, start_sim, still,
    street, whole_picture,
};

const PATIENCE: Duration = Duration::from_secs(120);

/// Registers the airelay behind `link` at `guard`.
async fn register(guard: &Api, link: &FaultyLink) -> Value {
    let body = json!({
        "name": "West gate",
        "address": {"host": "127.0.0.1", "port": link.port},
        "user": "installer",
        "password": "correct horse battery",
    });
    guard.post("/api/v1/nodes", &body).await.ok()
}

/// The node as the guard lists it.
async fn node(guard: &Api) -> Value {
    let list = guard.get("/api/v1/nodes").await.ok();
    list["nodes"][1].clone()
}

async fn link_street(api: &Api, port: u16) -> String {
    let id = api
        .add_camera("street", &link(port, "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |camera| {
        let document = whole_picture(&["person", "car", "bicycle", "motorcycle", "bus", "truck"]);
        camera["zones"] = document["zones"].clone();
        camera["rules"] = document["rules"].clone();
        camera["rules"][0]["severity"] = json!("critical");
        camera["programs"]["people"]["is_enabled"] = json!(true);
        camera["programs"]["vehicle"]["is_enabled"] = json!(true);
    })
    .await;
    id
}

/// Every event with all its steps, by id, as both airelays should tell it.
async fn events(api: &Api) -> BTreeMap<String, Value> {
    let mut told = BTreeMap::new();
    for event in api.events().await {
        let id = event["id"].as_str().unwrap().to_owned();
        let mut detail = api.get(&format!("/api/v1/events/{id}")).await.ok();
        same_names(&mut detail);
        told.insert(id, detail);
    }
    told
}

/// Without what an airelay numbers by itself, and the node's id before the
/// camera's.
fn same_names(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(id)) = fields.get_mut("camera_id") {
                *id = id.rsplit('.').next().unwrap_or_default().to_owned();
            }
            if let Some(Value::Object(shot)) = fields.get_mut("shot") {
                shot.remove("id");
            }
            fields.values_mut().for_each(same_names);
        }
        Value::Array(items) => items.iter_mut().for_each(same_names),
        _ => {}
    }
}

/// The pictures of these events, as bytes.
async fn pictures(api: &Api, events: &BTreeMap<String, Value>) -> BTreeMap<String, Vec<u8>> {
    let mut pictures = BTreeMap::new();
    for (id, event) in events {
        if event["shot"].is_object() {
            let reply = api.get(&format!("/api/v1/events/{id}/shot.jpg")).await;
            assert_eq!(reply.status, 200, "picture of {id}");
            pictures.insert(id.clone(), reply.bytes);
        }
    }
    pictures
}

/// People and vehicles by camera, program and object.
async fn sightings(api: &Api) -> Vec<String> {
    let list = api.get("/api/v1/sightings?limit=500").await.ok();
    let mut told: Vec<String> = list["sightings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|sighting| {
            let mut sighting = sighting.clone();
            same_names(&mut sighting);
            let fields = sighting.as_object_mut().unwrap();
            for own in ["id", "shot", "shot_url", "url"] {
                fields.remove(own);
            }
            sighting.to_string()
        })
        .collect();
    told.sort();
    told
}

fn minute_counts(camera: &str, minute: i64) -> Vec<Count> {
    let from = Timestamp::from_secs(1_790_000_040 + 60 * minute);
    [1.0, 2.5, 1.0 / 3.0]
        .iter()
        .zip([Metric::In, Metric::Out, Metric::Mean])
        .map(|(value, metric)| Count {
            camera_id: CameraId::new(camera).unwrap(),
            rule_id: RuleId(10_001),
            metric,
            class: None,
            from,
            until: from.saturating_add(Duration::from_mins(1)),
            value: value * 7.0 + f64::from(i32::try_from(minute).unwrap()),
        })
        .collect()
}

/// What the node counted; written beside it, since a real minute takes one.
fn count_on(data_dir: &Path, minutes: std::ops::Range<i64>) {
    let mut store = Store::open_beside(data_dir).unwrap();
    for minute in minutes {
        store.put_counts(&minute_counts("street", minute)).unwrap();
    }
}

fn counted(data_dir: &Path, camera: &str) -> Vec<Count> {
    let store = Store::open_beside(data_dir).unwrap();
    let (from, until) = (Timestamp::from_secs(0), Timestamp::from_secs(2_000_000_000));
    let camera_id = CameraId::new(camera).unwrap();
    let counts = store.list_counts(&camera_id, RuleId(10_001), from, until);
    let own = CameraId::new("street").unwrap();
    counts
        .unwrap()
        .into_iter()
        .map(|count| Count {
            camera_id: own.clone(),
            ..count
        })
        .collect()
}

/// The present, as events write it.
fn now() -> String {
    let micros = std::time::UNIX_EPOCH.elapsed().unwrap().as_micros();
    Timestamp::from_micros(i64::try_from(micros).unwrap()).to_string()
}

fn started_at(event: &Value) -> String {
    event["started_at"].as_str().unwrap().to_owned()
}

/// Every step that a receiver was told, with how often.
async fn told(receiver: &MockServer) -> BTreeMap<(String, u64), usize> {
    let mut told = BTreeMap::new();
    for request in receiver.received_requests().await.unwrap_or_default() {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let id = body["event_id"].as_str().unwrap_or_default().to_owned();
        let key = (id, body["step"].as_u64().unwrap_or_default());
        *told.entry(key).or_default() += 1;
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_and_a_bad_link_lose_nothing_and_double_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = install_detector(folder.path()) else {
        return;
    };
    let model = ["--model", model.to_str().unwrap()];
    let (node_dir, guard_dir) = (folder.path().join("node"), folder.path().join("guard"));
    let camera = start_sim(street(960, 544)).await;
    let mut relay = Program::start(&node_dir, &model);
    let mut relay_api = Api::set_up(&relay).await;
    link_street(&relay_api, camera.addr().port()).await;
    // Something happened before anybody guarded it.
    eventually("a first event", PATIENCE, async || {
        (!relay_api.events().await.is_empty()).then_some(())
    })
    .await;
    count_on(&node_dir, 0..15);

    let mut guard = Program::start(&guard_dir, &[]);
    let mut api = Api::set_up(&guard).await;
    let receiver = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(204))
        .mount(&receiver)
        .await;
    let hook = json!({"name": "hook", "url": format!("{}/alarms", receiver.uri()),
        "is_enabled": true, "secret": "a shared secret"});
    api.post("/api/v1/webhooks", &hook).await.ok();
    let link = FaultyLink::to(&relay.url).await;
    let registering_at = now();
    let registered = register(&api, &link).await;
    assert_eq!(registered["id"], "west-gate");
    let registered_at = now();

    for (round, fault) in [
        Fault::Half(1),
        Fault::Cut,
        Fault::Half(40),
        Fault::Stall,
        Fault::Half(9),
    ]
    .into_iter()
    .enumerate()
    {
        link.set(fault);
        let n_known = relay_api.events().await.len();
        eventually("more events at the node", PATIENCE, async || {
            (relay_api.events().await.len() > n_known).then_some(())
        })
        .await;
        count_on(
            &node_dir,
            15 + 5 * i64::try_from(round).unwrap()..22 + 5 * i64::try_from(round).unwrap(),
        );
        if round % 2 == 0 {
            relay.kill_at_once().await;
            relay = Program::start(&node_dir, &model);
            relay_api = Api::sign_in(&relay).await;
            link.lead_to(&relay.url);
        } else {
            guard.kill_at_once().await;
            guard = Program::start(&guard_dir, &[]);
            api = Api::sign_in(&guard).await;
        }
        link.set(Fault::None);
        let n_known = relay_api.events().await.len();
        eventually("the guard to catch up", PATIENCE, async || {
            (api.events().await.len() >= n_known).then_some(())
        })
        .await;
    }
    assert!(
        link.n_cut() >= 3,
        "faults ended connections: {}",
        link.n_cut()
    );

    // Nothing more happens: what there is shall be the same.
    let off = json!({"is_enabled": false});
    relay_api
        .post("/api/v1/cameras/street/enabled", &off)
        .await
        .ok();
    let expected = soon("all events of the node to end", async || {
        let events = events(&relay_api).await;
        let is_done = |event: &Value| event["phase"] == "end";
        events.values().all(is_done).then_some(events)
    })
    .await;
    eventually("the guard to know the same events", PATIENCE, async || {
        (events(&api).await == expected).then_some(())
    })
    .await;
    let expected_pictures = pictures(&relay_api, &expected).await;
    assert!(!expected_pictures.is_empty());
    eventually(
        "the guard to have the same pictures",
        PATIENCE,
        async || (pictures(&api, &expected).await == expected_pictures).then_some(()),
    )
    .await;
    eventually("the guard to have counted the same", PATIENCE, async || {
        let same = counted(&node_dir, "street");
        (same.len() >= 3 * 40 && counted(&guard_dir, "west-gate.street") == same).then_some(())
    })
    .await;
    let seen = sightings(&relay_api).await;
    assert!(!seen.is_empty(), "people and vehicles were seen");
    eventually(
        "the guard to know the same sightings",
        PATIENCE,
        async || (sightings(&api).await == seen).then_some(()),
    )
    .await;

    // Each step since the registration was told to the receiver, once.
    let steps: BTreeMap<(String, u64), usize> = expected
        .iter()
        .filter(|(_, event)| started_at(event) > registered_at)
        .flat_map(|(id, event)| {
            let steps = event["steps"].as_array().unwrap().iter();
            let key = |step: &Value| (id.clone(), step["step"].as_u64().unwrap());
            steps.map(key).map(|key| (key, 1)).collect::<Vec<_>>()
        })
        .collect();
    assert!(!steps.is_empty());
    eventually("the receiver to be told", PATIENCE, async || {
        let told = told(&receiver).await;
        steps.keys().all(|key| told.contains_key(key)).then_some(())
    })
    .await;
    // A kill between an answer and its note may tell a step again; else once.
    let told = told(&receiver).await;
    let n_twice = told.values().filter(|n_times| **n_times > 1).count();
    assert!(
        n_twice <= 2,
        "told twice: {n_twice}, with two kills: {told:?}"
    );
    for (id, _) in told.keys() {
        assert!(
            expected.contains_key(id),
            "told of an event that the node does not know"
        );
    }

    // What was there before is history; what came is as grave as its rule says.
    let mut n_history = 0;
    for (id, event) in &expected {
        let alarm = api.get(&format!("/api/v1/alarms/{id}")).await.ok();
        let handling = &alarm["alarm"];
        if started_at(event) < registering_at {
            n_history += 1;
            assert_eq!(handling["state"], "closed", "{alarm}");
        } else if started_at(event) > registered_at {
            assert_eq!(handling["state"], "new", "{alarm}");
            assert_eq!(handling["severity"], "critical", "{alarm}");
        }
    }
    assert!(n_history > 0, "something happened before the registration");

    // Clips stay where they were recorded; the guard says so.
    let id = expected.keys().next().unwrap();
    let clip = api.get(&format!("/api/v1/alarms/{id}/clip")).await.ok();
    assert_eq!(clip["reason"], "elsewhere", "{clip}");
    assert!(
        clip["message"].as_str().unwrap().contains("West gate"),
        "{clip}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_is_checked_in_words_and_keeps_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Program::start(&folder.path().join("node"), &[]);
    let relay_api = Api::set_up(&relay).await;
    let camera = start_sim(still()).await;
    relay_api
        .add_camera("Gate", &link(camera.addr().port(), "/stream"))
        .await;
    let guard = Program::start(&folder.path().join("guard"), &[]);
    let api = Api::set_up(&guard).await;
    let link = FaultyLink::to(&relay.url).await;
    let login = |port: u16, user: &str, password: &str| json!({"address": {"host": "127.0.0.1", "port": port}, "user": user, "password": password});
    let check = async |body: Value| -> Value { api.post("/api/v1/nodes/check", &body).await.ok() };

    let good = check(login(link.port, "installer", "correct horse battery")).await;
    assert_eq!(good["is_ok"], true, "{good}");
    let steps: Vec<&str> = good["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["what"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["Reach it", "Sign in", "Version", "Cameras"]);
    assert_eq!(good["cameras"], json!([{"id": "gate", "name": "Gate"}]));
    for (body, step, words) in [
        (
            login(crate::support::free_port(), "x", "y"),
            "Reach it",
            "port",
        ),
        (
            login(camera.addr().port(), "x", "y"),
            "Reach it",
            "no airelay",
        ),
        (
            login(link.port, "installer", "guess guess guess"),
            "Sign in",
            "wrong name or password",
        ),
    ] {
        let bad = check(body).await;
        let last = bad["steps"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(
            (&bad["is_ok"], &last["what"]),
            (&json!(false), &json!(step))
        );
        let text = last["text"].as_str().unwrap();
        assert!(text.contains(words), "{text}");
    }
    let no_host = json!({"address": {"host": "http://x"}, "user": "a", "password": "b"});
    let refused = api.post("/api/v1/nodes/check", &no_host).await;
    assert!(
        refused.json["error"]["fields"]["host"].is_string(),
        "{}",
        refused.json
    );

    // Checking left no token behind; registering leaves one.
    let tokens = async || relay_api.get("/api/v1/tokens").await.ok()["tokens"].clone();
    assert_eq!(tokens().await, json!([]));
    register(&api, &link).await;
    assert_eq!(tokens().await[0]["scopes"], json!(["node"]));
    let again = json!({"address": {"host": "127.0.0.1", "port": link.port},
        "user": "installer", "password": "correct horse battery"});
    let again = api.post("/api/v1/nodes", &again).await;
    assert_eq!(
        (again.status, again.code()),
        (409, "conflict"),
        "{}",
        again.json
    );
    let own_port: u16 = guard.url.rsplit(':').next().unwrap().parse().unwrap();
    let itself = json!({"address": {"host": "127.0.0.1", "port": own_port},
        "user": "installer", "password": "correct horse battery"});
    let itself = api.post("/api/v1/nodes", &itself).await;
    assert_eq!(itself.status, 409, "{}", itself.json);
    for path in ["/api/v1/nodes", "/api/v1/audit"] {
        let shown = api.get(path).await.ok().to_string();
        assert!(
            !shown.contains("correct horse") && !shown.contains("airl_"),
            "{shown}"
        );
    }
    let files = std::fs::read_dir(folder.path().join("guard")).unwrap();
    for file in files {
        let bytes = std::fs::read(file.unwrap().path()).unwrap_or_default();
        let has = |what: &[u8]| bytes.windows(what.len()).any(|part| part == what);
        assert!(!has(b"correct horse battery") && !has(b"airl_"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cameras_of_a_node_come_change_and_go_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Program::start(&folder.path().join("node"), &[]);
    let relay_api = Api::set_up(&relay).await;
    let guard = Program::start(&folder.path().join("guard"), &[]);
    let api = Api::set_up(&guard).await;
    let own = api.get("/api/v1/nodes").await.ok();
    assert_eq!(
        (&own["nodes"][0]["id"], &own["nodes"][0]["is_own"]),
        (&json!("own"), &json!(true))
    );
    let link_to_node = FaultyLink::to(&relay.url).await;
    register(&api, &link_to_node).await;

    let camera = start_sim(still()).await;
    relay_api
        .add_camera("Gate", &link(camera.addr().port(), "/stream"))
        .await;
    let id = "west-gate.gate";
    let path = format!("/api/v1/cameras/{id}");
    let seen = soon("the camera to appear and be received", async || {
        let camera = api.get(&path).await;
        (camera.json["status"]["state"] == "receiving").then_some(camera.json)
    })
    .await;
    assert_eq!(
        (&seen["name"], &seen["relayed_by"]["name"]),
        (&json!("Gate"), &json!("West gate"))
    );
    assert_eq!(seen["link"]["port"], camera.addr().port());
    let list = node(&api).await;
    assert_eq!(list["cameras"][0]["id"], id);
    // Its pictures come through the guard.
    let frame = api.get(&format!("{path}/frame.jpg")).await;
    assert!(frame.bytes.starts_with(&[0xFF, 0xD8]), "{}", frame.status);
    let (_, scenes) = api
        .live_scenes(id, tokio::time::sleep(Duration::from_secs(2)))
        .await;
    assert!(!scenes.is_empty(), "live pictures pass");
    // It is changed at the node only.
    let off = api
        .post(&format!("{path}/enabled"), &json!({"is_enabled": false}))
        .await;
    assert_eq!((off.status, off.code()), (409, "conflict"), "{}", off.json);
    relay_api
        .change_camera("gate", |camera| camera["name"] = json!("Main gate"))
        .await;
    soon("the new name", async || {
        (api.get(&path).await.json["name"] == "Main gate").then_some(())
    })
    .await;
    relay_api.delete("/api/v1/cameras/gate").await.ok();
    soon("the camera to go", async || {
        (api.get(&path).await.status == 404).then_some(())
    })
    .await;

    // Switched off and on, and removed: the token is given back.
    let handle = json!({"ids": ["west-gate"], "do": "disable"});
    let nodes = api.post("/api/v1/nodes/handle", &handle).await.ok();
    assert_eq!(nodes["nodes"][1]["state"], "off");
    api.put("/api/v1/nodes/west-gate", &json!({"is_enabled": true}))
        .await
        .ok();
    soon("the node to be followed again", async || {
        (node(&api).await["state"] == "following").then_some(())
    })
    .await;
    api.delete("/api/v1/nodes/west-gate").await.ok();
    assert_eq!(node(&api).await, json!(null));
    soon("the token to be given back", async || {
        let tokens = relay_api.get("/api/v1/tokens").await.ok();
        (tokens["tokens"] == json!([])).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_token_is_told_in_words_and_mended_by_a_login() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Program::start(&folder.path().join("node"), &[]);
    let relay_api = Api::set_up(&relay).await;
    let guard = Program::start(&folder.path().join("guard"), &[]);
    let api = Api::set_up(&guard).await;
    let link = FaultyLink::to(&relay.url).await;
    register(&api, &link).await;
    soon("the node to be followed", async || {
        (node(&api).await["state"] == "following").then_some(())
    })
    .await;
    let tokens = relay_api.get("/api/v1/tokens").await.ok();
    let token = format!("/api/v1/tokens/{}", tokens["tokens"][0]["id"]);
    relay_api.delete(&token).await.ok();
    let failed = soon("the failure to be told", async || {
        let node = node(&api).await;
        (node["state"] == "failed").then_some(node)
    })
    .await;
    let error = failed["error"].as_str().unwrap();
    assert!(
        error.contains("does not know our token") && error.contains("log in again"),
        "{error}"
    );
    let login = json!({"user": "installer", "password": "correct horse battery"});
    api.post("/api/v1/nodes/west-gate/login", &login).await.ok();
    soon("the node to be followed again", async || {
        (node(&api).await["state"] == "following").then_some(())
    })
    .await;
    let metrics = String::from_utf8(api.get("/metrics").await.bytes).unwrap();
    assert!(
        metrics.contains("relay_node_lag_seconds{node=\"west-gate\"} 0"),
        "{metrics}"
    );
}
