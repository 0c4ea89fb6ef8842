//! A receiver of webhooks that comes late.

use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::support::{
    Api, Program, eventually, free_port, install_detector, link, start_sim, street, whole_picture,
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
        is_waiting.then_some(hook)
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
