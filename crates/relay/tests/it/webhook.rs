//! Receivers of webhooks: one that comes late, and one that takes and denies it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use sim::{CameraConfig, Tls};

use crate::support::{
    Api, Program, eventually, free_port, install_detector, link, start_sim, still, street,
    whole_picture,
};

fn document(request: &Request) -> Value {
    serde_json::from_slice(&request.body).expect("a webhook carries JSON")
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    let value = request.headers.get(name).expect("the header is there");
    value.to_str().expect("headers are text")
}

#[tokio::test(flavor = "multi_thread")]
async fn receiver_that_comes_late_gets_every_step_once_in_order_with_its_picture() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = install_detector(folder.path()) else {
        return;
    };
    let data_dir = folder.path().join("data");
    let camera = start_sim(street(960, 544)).await;
    let program = Program::start(&data_dir, &["--model", model.to_str().unwrap()]);
    let api = Api::set_up(&program).await;
    let port = free_port();
    let hook = json!({
        "name": "late",
        "url": format!("http://127.0.0.1:{port}/alarms"),
        "is_enabled": true,
        "secret": "a shared secret",
    });
    let hook = api.post("/api/v1/webhooks", &hook).await.ok();
    let id = api
        .add_camera("street", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |camera| {
        let document = whole_picture(&["person", "car", "bicycle", "motorcycle", "bus", "truck"]);
        camera["zones"] = document["zones"].clone();
        camera["rules"] = document["rules"].clone();
    })
    .await;
    let patience = Duration::from_secs(90);
    let waiting = eventually("deliveries to fail and wait", patience, async || {
        let hooks = api.get("/api/v1/webhooks").await.ok();
        let hook = hooks["webhooks"][0].clone();
        let is_waiting = hook["queue"].as_u64() >= Some(2) && hook["last_error"].is_string();
        // An alarm begins a moment before its picture is chosen.
        let events = api.events().await;
        let has_picture = events.iter().any(|event| event["shot"].is_object());
        (is_waiting && has_picture).then_some(hook)
    })
    .await;
    assert_eq!(waiting["id"], hook["id"]);
    assert_eq!(waiting["last_delivered_at"], json!(null), "{waiting}");

    let listener = TcpListener::bind(("127.0.0.1", port)).expect("nobody took the port");
    let receiver = MockServer::builder().listener(listener).start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(204))
        .mount(&receiver)
        .await;
    // No more events: what waits shall arrive, and nothing else.
    let switch = format!("/api/v1/cameras/{id}/enabled");
    api.post(&switch, &json!({"is_enabled": false})).await.ok();
    let requests = eventually("all that waits to arrive", patience, async || {
        let hooks = api.get("/api/v1/webhooks").await.ok();
        let is_empty = hooks["webhooks"][0]["queue"] == 0;
        let all_ended = api
            .events()
            .await
            .iter()
            .all(|event| event["phase"] == "end");
        if !(is_empty && all_ended) {
            return None;
        }
        receiver.received_requests().await
    })
    .await;

    let mut steps: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut keys = BTreeSet::new();
    let mut last_at = String::new();
    let mut n_pictures = 0;
    for request in &requests {
        let document = document(request);
        let event_id = document["event_id"].as_str().unwrap().to_owned();
        let step = document["step"].as_u64().unwrap();
        let key = header(request, "idempotency-key");
        assert_eq!(key, format!("{event_id}-{step}"));
        assert!(keys.insert(key.to_owned()), "sent twice: {key}");
        assert!(request.headers.contains_key("x-airelay-signature"));
        let at = document["at"].as_str().unwrap().to_owned();
        assert!(last_at <= at, "out of order: {at} after {last_at}");
        last_at = at;
        if document["phase"] == "begin" {
            n_pictures += usize::from(picture_opens(&program, &document).await);
        }
        steps.entry(event_id).or_default().push(step);
    }
    for (event_id, steps) in &steps {
        let numbers: Vec<u64> = (0..).take(steps.len()).collect();
        assert_eq!(*steps, numbers, "steps of {event_id}");
    }
    let stored: BTreeSet<String> = api
        .events()
        .await
        .iter()
        .map(|event| event["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(steps.into_keys().collect::<BTreeSet<_>>(), stored);
    assert!(n_pictures > 0, "no alarm had a picture");
}

/// Whether the document links a picture; if so, it must open without sign-in.
async fn picture_opens(program: &Program, document: &Value) -> bool {
    let Some(url) = document["picture"]["url"].as_str() else {
        return false;
    };
    let path = url
        .strip_prefix(&program.url)
        .unwrap_or_else(|| panic!("{url} does not lead to {}", program.url));
    let nobody = Api::anonymous(program);
    let picture = nobody.get(path).await;
    assert!(
        picture.bytes.starts_with(&[0xFF, 0xD8]),
        "{}",
        picture.status
    );
    let (unsigned, _) = path.split_once("?key=").expect("a signed link");
    assert_eq!(nobody.get(unsigned).await.status, 401);
    true
}

/// Takes each step only at its third attempt: first it answers 500 although it
/// has it, then nothing in time.
struct Forgetful;

impl Respond for Forgetful {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let key = header(request, "idempotency-key").to_owned();
        let mut seen = SEEN.lock().expect("no holder of this lock panics");
        let n_before = seen.entry(key).or_insert(0_u32);
        *n_before += 1;
        match *n_before {
            1 => ResponseTemplate::new(500),
            2 => ResponseTemplate::new(204).set_delay(Duration::from_secs(3)),
            _ => ResponseTemplate::new(204),
        }
    }
}

static SEEN: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

#[tokio::test(flavor = "multi_thread")]
async fn step_taken_without_a_word_comes_again_with_the_same_key_and_keeps_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = install_detector(folder.path()) else {
        return;
    };
    let camera = start_sim(street(960, 544)).await;
    let data_dir = folder.path().join("data");
    let program = Program::start(&data_dir, &["--model", model.to_str().unwrap()]);
    let api = Api::set_up(&program).await;
    let receiver = MockServer::start().await;
    Mock::given(any())
        .respond_with(Forgetful)
        .mount(&receiver)
        .await;
    let hook = json!({
        "name": "forgetful",
        "url": format!("{}/alarms", receiver.uri()),
        "is_enabled": true,
        "headers": [{"name": "X-Api-Key", "value": "k-123"}],
        "has_picture_inside": true,
        "timeout_s": 1,
    });
    let hook = api.post("/api/v1/webhooks", &hook).await.ok();
    assert_eq!(hook["headers"], json!([{"name": "X-Api-Key"}]), "no value");
    let id = api
        .add_camera("street", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |camera| {
        let document = whole_picture(&["person"]);
        camera["zones"] = document["zones"].clone();
        camera["rules"] = document["rules"].clone();
    })
    .await;
    let patience = Duration::from_secs(120);
    eventually("some events and a picture", patience, async || {
        let events = api.events().await;
        let has_picture = events.iter().any(|event| event["shot"].is_object());
        (events.len() >= 2 && has_picture).then_some(())
    })
    .await;
    let switch = format!("/api/v1/cameras/{id}/enabled");
    api.post(&switch, &json!({"is_enabled": false})).await.ok();
    let requests = eventually("some steps to be taken", patience, async || {
        let hooks = api.get("/api/v1/webhooks").await.ok();
        let requests = receiver.received_requests().await?;
        let is_delivered = hooks["webhooks"][0]["last_delivered_at"].is_string();
        let keys: BTreeSet<&str> = requests
            .iter()
            .map(|r| header(r, "idempotency-key"))
            .collect();
        (is_delivered && keys.len() >= 4).then_some(requests)
    })
    .await;

    // Attempts at one step stand together, and steps in the order they were
    // decided: nobody overtakes one that is tried again.
    let mut attempts: Vec<(String, u32)> = Vec::new();
    let mut last_at = String::new();
    let mut n_pictures = 0;
    for request in &requests {
        let key = header(request, "idempotency-key").to_owned();
        let document = document(request);
        assert_eq!(header(request, "x-api-key"), "k-123");
        n_pictures += u32::from(document["picture"]["base64"].is_string());
        let at = document["at"].as_str().unwrap().to_owned();
        assert!(last_at <= at, "out of order: {at} after {last_at}");
        last_at = at;
        match attempts.last_mut() {
            Some((newest, n)) if *newest == key => *n += 1,
            _ => attempts.push((key, 1)),
        }
    }
    let keys: BTreeSet<&String> = attempts.iter().map(|(key, _)| key).collect();
    assert_eq!(
        keys.len(),
        attempts.len(),
        "a step came again later: {attempts:?}"
    );
    let (_newest, done) = attempts.split_last().unwrap();
    for (key, n) in done {
        assert_eq!(*n, 3, "{key}");
    }
    assert!(n_pictures > 0, "no message had its picture inside");
    let metrics = String::from_utf8(api.get("/metrics").await.bytes).unwrap();
    let number = |name: &str| -> u64 {
        let start = format!("{name}{{webhook=\"1\"}} ");
        let line = metrics.lines().find_map(|line| line.strip_prefix(&start));
        line.unwrap_or_else(|| panic!("no {name} in {metrics}"))
            .parse()
            .unwrap()
    };
    let n_delivered = number("relay_webhook_delivered_total");
    assert!(n_delivered >= 1);
    assert!(number("relay_webhook_failed_attempts_total") >= 2 * n_delivered);
    assert_eq!(number("relay_webhook_dead"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn own_certificate_of_a_receiver_is_shown_and_then_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    // A camera is no receiver, but it speaks TLS: what matters is how far we get.
    let receiver = start_sim(CameraConfig {
        tls: Some(Tls::default()),
        ..still()
    })
    .await;
    let mut hook = json!({
        "name": "own certificate",
        "url": receiver.url("/alarms"),
        "is_enabled": true,
    });
    api.post("/api/v1/webhooks", &hook).await.ok();
    let refused = api.post("/api/v1/webhooks/1/test", &json!({})).await.ok();
    assert_eq!(refused["is_ok"], false);
    let shown = refused["certificate_sha256"].as_str().expect("it is shown");
    let hash = receiver.certificate_sha256().expect("it speaks TLS");
    let expected: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(shown, expected);

    hook["fingerprint"] = json!(shown);
    api.put("/api/v1/webhooks/1", &hook).await.ok();
    let answer = api.post("/api/v1/webhooks/1/test", &json!({})).await.ok();
    assert_eq!(answer["certificate_sha256"], json!(null));
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains("HTTP 4"), "it answers as HTTP: {message}");
    hook["fingerprint"] = json!("12:34");
    let short = api.put("/api/v1/webhooks/1", &hook).await;
    assert_eq!(short.status, 422);
    assert!(short.json["error"]["fields"]["fingerprint"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_refused_for_good_go_again_when_somebody_asks() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = install_detector(folder.path()) else {
        return;
    };
    let camera = start_sim(street(960, 544)).await;
    let data_dir = folder.path().join("data");
    let program = Program::start(&data_dir, &["--model", model.to_str().unwrap()]);
    let api = Api::set_up(&program).await;
    let receiver = MockServer::start().await;
    let answer = |status: u16| Mock::given(any()).respond_with(ResponseTemplate::new(status));
    answer(404).mount(&receiver).await;
    let hook = json!({"name": "closed", "url": receiver.uri(), "is_enabled": true});
    let hook = api.post("/api/v1/webhooks", &hook).await.ok();
    let id = api
        .add_camera("street", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |camera| {
        let document = whole_picture(&["person", "car"]);
        camera["zones"] = document["zones"].clone();
        camera["rules"] = document["rules"].clone();
    })
    .await;
    let patience = Duration::from_secs(90);
    let hook_now = async || api.get("/api/v1/webhooks").await.ok()["webhooks"][0].clone();
    eventually("a dead letter", patience, async || {
        (hook_now().await["dead"].as_u64() >= Some(1)).then_some(())
    })
    .await;
    let switch = format!("/api/v1/cameras/{id}/enabled");
    api.post(&switch, &json!({"is_enabled": false})).await.ok();
    let refused = eventually("every step to be refused", patience, async || {
        let hook = hook_now().await;
        let events = api.events().await;
        let all_ended = events.iter().all(|event| event["phase"] == "end");
        (hook["queue"] == 0 && all_ended).then_some(hook)
    })
    .await;
    assert_eq!(refused["delivered"], 0);

    receiver.reset().await;
    answer(204).mount(&receiver).await;
    let path = format!("/api/v1/webhooks/{}/replay", hook["id"].as_str().unwrap());
    let replayed = api.post(&path, &json!({})).await.ok();
    assert_eq!(replayed["replayed"], refused["dead"]);
    let delivered = eventually("all of them to be taken", patience, async || {
        let hook = hook_now().await;
        (hook["queue"] == 0 && hook["dead"] == 0).then_some(hook)
    })
    .await;
    assert_eq!(delivered["delivered"], refused["dead"]);
    let unknown = api.post("/api/v1/webhooks/77/replay", &json!({})).await;
    assert_eq!((unknown.status, unknown.code()), (404, "not_found"));
    program.terminate().await;
    camera.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn form_of_ones_own_is_tested_and_no_password_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    let receiver = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(204))
        .mount(&receiver)
        .await;
    let address = receiver.address();
    let form = |url: &str, body: &str, method: &str| {
        json!({
            "name": "panel", "url": url, "is_enabled": true,
            "template": {"method": method, "content_type": "text/xml", "body": body},
        })
    };
    let url = format!("http://ann:pass-word@{address}/alarm/{{kind_id}}?at={{unix}}");
    let sent = form(&url, "<a>{text}</a>", "PUT");
    let added = api.post("/api/v1/webhooks", &sent).await.ok();
    let listed = api.get("/api/v1/webhooks").await.ok();
    let audit = api.get("/api/v1/audit").await.ok();
    for shown in [&added, &listed, &audit] {
        let text = shown.to_string();
        assert!(!text.contains("pass-word"), "{text}");
    }
    assert_eq!(added["user"], "ann");
    assert_eq!(added["has_password"], true);
    let bare = format!("http://{address}/alarm/{{kind_id}}?at={{unix}}");
    assert_eq!(added["url"], bare.as_str());

    let id = added["id"].as_str().unwrap();
    let test = api
        .post(&format!("/api/v1/webhooks/{id}/test"), &json!({}))
        .await
        .ok();
    assert_eq!(test["is_ok"], true, "{test}");
    let requests = receiver.received_requests().await.unwrap();
    let request = &requests[0];
    assert_eq!(request.method.as_str(), "PUT");
    assert!(request.url.path() == "/alarm/intruder", "{}", request.url);
    assert_eq!(
        header(request, "authorization"),
        "Basic YW5uOnBhc3Mtd29yZA=="
    );
    let body = String::from_utf8_lossy(&request.body);
    assert!(
        body.starts_with("<a>TEST, nothing happened: Intruder"),
        "{body}"
    );

    for (field, document) in [
        ("url", form("http://h/{camara}", "", "POST")),
        ("url", form("http://{camera}/", "", "POST")),
        ("body", form("http://h/", "{nobody}", "POST")),
        ("method", form("http://h/", "", "DELETE")),
    ] {
        let refused = api.post("/api/v1/webhooks", &document).await;
        assert_eq!(refused.status, 422, "{field}");
        let fields = &refused.json["error"]["fields"];
        assert!(fields[field].is_string(), "{field}: {}", refused.json);
    }
    program.terminate().await;
}
