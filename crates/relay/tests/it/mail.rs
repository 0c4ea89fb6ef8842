//! Alarms by e-mail, by the real program and a mail server that fails on
//! command: what was lost comes again as the same mail, in order per camera.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};
use store::{Batch, Store};
use types::{CameraId, Event, TrackId};

use crate::alarms::{an_hour_ago, event, shot};
use crate::support::smtp::{Mood, Responder, Way};
use crate::support::{Api, Program, soon};

const CAMERAS: [&str; 2] = ["dock", "gate"];

fn settings(server: &Responder) -> Value {
    json!({
        "name": "Guards",
        "is_enabled": true,
        "host": "127.0.0.1",
        "port": server.port(),
        "encryption": "none",
        "user": "relay",
        "password": "geheim",
        "from": "airelay@site.example",
        "to": ["guard@site.example"],
        "timeout_s": 5,
    })
}

/// Alarms that began while nobody delivered; their ids by camera, in order.
fn store_alarms(data_dir: &Path, n_each: u64) -> BTreeMap<&'static str, Vec<String>> {
    let mut store = Store::open(data_dir).unwrap();
    let start = an_hour_ago();
    let mut ids: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (camera, first) in CAMERAS.into_iter().zip([1, 1_001]) {
        let camera_id = CameraId::new(camera).unwrap();
        let events: Vec<Event> = (first..first + n_each)
            .map(|number| Event {
                camera_id: camera_id.clone(),
                track_id: Some(TrackId(number)),
                ..event(start, number, number - first, 1)
            })
            .collect();
        let of_camera = events.iter().map(|event| event.event_id.to_string());
        ids.insert(camera, of_camera.collect());
        let best_shots = events.iter();
        let batch = Batch {
            camera_id,
            best_shots: best_shots
                .map(|event| shot(event, b"\xff\xd8picture\xff\xd9"))
                .collect(),
            events,
            now: start,
        };
        store.append(&batch).unwrap();
    }
    ids
}

/// The event in a mail's `Message-ID`.
fn event_of(mail: &str) -> String {
    let (_, rest) = mail.split_once("Message-ID: <").expect("each mail has one");
    let (id, rest) = rest.split_once('-').expect("id, dash, step");
    assert!(rest.starts_with("0.airelay@site.example>"), "{rest}");
    id.to_owned()
}

async fn the_server(api: &Api) -> Value {
    api.get("/api/v1/mail").await.ok()["servers"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_whose_answer_was_lost_comes_again_with_the_same_id_in_order_per_camera() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let server = Responder::start(Way::Plain).await;
    let program = Program::start(&data_dir, &[]);
    let api = Api::set_up(&program).await;
    api.post("/api/v1/mail", &settings(&server)).await.ok();
    program.terminate().await;
    let ids = store_alarms(&data_dir, 6);

    server.be(Mood::TakesAndHangsUp);
    let program = Program::start(&data_dir, &[]);
    soon("answers to be lost", async || {
        (server.n_failed() >= 2).then_some(())
    })
    .await;
    server.be(Mood::Answers(451));
    let n_before = server.n_failed();
    soon("mails to be put off", async || {
        (server.n_failed() >= n_before + 2).then_some(())
    })
    .await;
    server.be(Mood::Well);
    let api = Api::sign_in(&program).await;
    let shown = soon("all mails to arrive", async || {
        let shown = the_server(&api).await;
        (shown["queue"] == 0).then_some(shown)
    })
    .await;

    assert_eq!(shown["dead"], 0, "{shown}");
    let taken = server.taken();
    let told: Vec<String> = taken.iter().map(|mail| event_of(mail)).collect();
    assert!(told.len() > 12, "none was repeated");
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), 12);
    for (camera, ids) in &ids {
        let mut of_camera: Vec<&String> = told.iter().filter(|id| ids.contains(id)).collect();
        // A repeated mail follows at once: no other of its camera is between.
        of_camera.dedup();
        assert_eq!(of_camera, ids.iter().collect::<Vec<_>>(), "{camera}");
    }
    assert!(
        taken
            .iter()
            .all(|mail| mail.contains("Content-Type: image/jpeg"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mail_server_is_tested_step_by_step_and_refused_mails_are_sent_again() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let server = Responder::start(Way::Plain).await;
    let program = Program::start(&data_dir, &[]);
    let api = Api::set_up(&program).await;
    let mut odd = settings(&server);
    odd["to"] = json!(["nobody"]);
    let refused = api.post("/api/v1/mail", &odd).await;
    assert_eq!(refused.status, 422);
    assert!(refused.json["error"]["fields"]["to"].is_string());
    let mut wrong = settings(&server);
    wrong["password"] = json!("falsch");
    let test = api
        .post("/api/v1/mail_test", &json!({"mail": wrong}))
        .await
        .ok();
    assert_eq!(test["is_ok"], false);
    let last = test["steps"].as_array().unwrap().last().unwrap();
    assert_eq!(last["what"], "Sign in");
    assert!(last["text"].as_str().unwrap().contains("535"), "{last}");
    let saved = api.post("/api/v1/mail", &settings(&server)).await.ok();
    assert!(!saved.to_string().contains("geheim"));
    // The stored password serves for a test that leaves it out.
    let mut draft = settings(&server);
    draft.as_object_mut().unwrap().remove("password");
    let test = json!({"id": saved["id"], "mail": draft});
    let test = api.post("/api/v1/mail_test", &test).await.ok();
    assert_eq!(test["is_ok"], true, "{test}");
    assert_eq!(server.taken().len(), 1);
    program.terminate().await;

    store_alarms(&data_dir, 2);
    server.be(Mood::Answers(554));
    let program = Program::start(&data_dir, &[]);
    let api = Api::sign_in(&program).await;
    let shown = soon("mails to be given up", async || {
        let shown = the_server(&api).await;
        (shown["dead"] != 0 && shown["queue"] == 0).then_some(shown)
    })
    .await;
    let text = shown["last_error"].as_str().unwrap_or_default();
    assert!(
        text.contains("554 not now; the server's log says more"),
        "{shown}"
    );
    assert_eq!(shown["dead"], 4, "{shown}");
    server.be(Mood::Well);
    draft["max_per_hour"] = json!(1);
    api.put("/api/v1/mail/1", &draft).await.ok();
    let replayed = api.post("/api/v1/mail/1/replay", &json!({})).await.ok();
    assert_eq!(replayed["replayed"], 4);
    let shown = soon("the rest to be held back", async || {
        let shown = the_server(&api).await;
        let is_done = shown["dead"] == 0 && shown["queue"] == 0;
        is_done.then_some(shown)
    })
    .await;
    assert_eq!(server.taken().len(), 2, "one test, then one mail an hour");
    assert_eq!(shown["held_back"], 3, "{shown}");
    let metrics = String::from_utf8(api.get("/metrics").await.bytes).unwrap();
    assert!(
        metrics.contains("relay_mail_delivered_total{mail=\"1\"} 4"),
        "{metrics}"
    );
    let audit = api.get("/api/v1/audit").await.ok()["entries"].to_string();
    assert!(audit.contains("changed mail server 1"), "{audit}");
    assert!(!audit.contains("geheim"));
    assert_eq!(api.delete("/api/v1/mail/1").await.status, 204);
    assert_eq!(api.get("/api/v1/mail").await.ok()["servers"], json!([]));
}
