//! Learnt states from outside: a camera whose door is opened and closed by the
//! test, examples by REST, the alarm, history, versions, a restart.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};

use jpeg::{Encoder, RgbImage};
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::support::{Api, Program, soon};

/// A wall with a door in it, shut or standing open.
fn picture(is_open: bool) -> Vec<u8> {
    let mut image = RgbImage::new(480, 270);
    for (idx, pixel) in image.data.chunks_exact_mut(3).enumerate() {
        let (x, y) = (idx % 480, idx / 480);
        let is_door = (200..260).contains(&x) && (80..220).contains(&y);
        let is_line = (x - x.min(200)) % 28 < 3 || (y - y.min(80)) % 46 < 3;
        let brick = if (x / 16 + y / 8) % 2 == 0 { 150 } else { 134 };
        pixel.copy_from_slice(&match (is_door, is_open, is_line) {
            (true, true, _) => [26, 26, 30],
            (true, false, true) => [92, 60, 40],
            (true, false, false) => [140, 96, 66],
            (false, ..) => [brick, brick - 10, brick - 24],
        });
    }
    Encoder::new().unwrap().rgb(&image, 80).unwrap()
}

static PICTURES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| [picture(false), picture(true)]);

/// A camera of single pictures, and whether its door is open.
struct Door {
    server: MockServer,
    is_open: Arc<AtomicBool>,
}

struct Shot(Arc<AtomicBool>);

impl Respond for Shot {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let shot = &PICTURES[usize::from(self.0.load(Ordering::Acquire))];
        ResponseTemplate::new(200).set_body_raw(shot.clone(), "image/jpeg")
    }
}

impl Door {
    async fn start() -> Self {
        let is_open = Arc::new(AtomicBool::new(false));
        let server = MockServer::start().await;
        let shot = Mock::given(any()).respond_with(Shot(Arc::clone(&is_open)));
        shot.mount(&server).await;
        Door { server, is_open }
    }

    fn link(&self) -> Value {
        json!({"host": "127.0.0.1", "port": self.server.address().port(), "path": "/shot.jpg",
            "mode": "one_shot", "one_shot_fps": 5.0})
    }

    /// Opens or shuts it, and waits until a picture taken after that was
    /// looked at.
    async fn set(&self, api: &Api, id: &str, is_open: bool) {
        self.is_open.store(is_open, Ordering::Release);
        let mut seen = Vec::new();
        soon("three newer pictures", async || {
            let live = live(api, id).await?;
            let at = live["captured_at"].as_str()?.to_owned();
            if !seen.contains(&at) {
                seen.push(at);
            }
            (seen.len() > 3).then_some(())
        })
        .await;
    }
}

fn detector() -> Value {
    json!({"id": 1, "name": "Back door", "settle_s": 1.0,
        "points": [[0.4, 0.28], [0.56, 0.28], [0.56, 0.84], [0.4, 0.84]],
        "states": [{"id": 1, "name": "shut"}, {"id": 2, "name": "open"}],
        "rules": [{"id": 1, "name": "Door left open", "state_id": 2, "for_s": 2.0}]})
}

async fn watch(api: &Api, id: &str, detectors: Value) {
    api.change_camera(id, |document| {
        document["programs"]["state"] = json!({"is_enabled": true, "detectors": detectors});
    })
    .await;
}

async fn live(api: &Api, id: &str) -> Option<Value> {
    let path = format!("/api/v1/cameras/{id}/programs/live");
    api.first_live(&path).await
}

/// Waits until the detector's settled state is this one.
async fn wait_for(api: &Api, id: &str, state_id: Value) {
    let what = format!("state {state_id}");
    soon(&what, async || {
        let live = live(api, id).await?;
        (live["states"][0]["state_id"] == state_id).then_some(())
    })
    .await;
}

fn path(id: &str, rest: &str) -> String {
    format!("/api/v1/cameras/{id}/states/1/{rest}")
}

async fn examples(api: &Api, id: &str) -> Value {
    api.get(&path(id, "examples")).await.ok()
}

/// Labels of all pictures, oldest first.
fn labels(examples: &Value) -> Vec<Option<u64>> {
    let pictures = examples["pictures"].as_array().expect("a list").iter();
    pictures
        .map(|picture| picture["state_id"].as_u64())
        .collect()
}

/// Shows two examples of each state.
async fn teach(api: &Api, id: &str, door: &Door) {
    for _ in 0..2 {
        for (state_id, is_open) in [(1, false), (2, true)] {
            door.set(api, id, is_open).await;
            let shown = json!({"state_id": state_id, "anyway": true});
            let added = api.post(&path(id, "examples"), &shown).await;
            assert_eq!(added.status, 201, "{:?}", added.json);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn door_left_open_is_told_once_and_its_history_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let relay = Program::start(&data, &[]);
    let api = Api::set_up(&relay).await;
    let door = Door::start().await;
    let id = api.add_camera("Yard", &door.link()).await;
    watch(&api, &id, json!([detector()])).await;
    soon("a first look", async || {
        let live = live(&api, &id).await?;
        (live["states"][0]["verdict"]["outcome"] == "untaught").then_some(())
    })
    .await;
    teach(&api, &id, &door).await;
    let known = examples(&api, &id).await;
    assert_eq!(labels(&known), [Some(1), Some(2), Some(1), Some(2)]);
    assert_eq!(
        (&known["n_right"], &known["n_wrong"]),
        (&json!(4), &json!(0)),
        "{known}"
    );
    assert!(
        known["advice"]
            .as_str()
            .unwrap()
            .starts_with("Show “shut” again")
    );

    wait_for(&api, &id, json!(2)).await;
    let alarm = soon("the alarm", async || {
        let events = api.events().await;
        events.into_iter().find(|event| event["kind"] == "state")
    })
    .await;
    assert_eq!(
        (
            &alarm["program"],
            &alarm["detector_name"],
            &alarm["state_name"]
        ),
        (&json!("state"), &json!("Back door"), &json!("open"))
    );
    assert!(alarm["score"].as_f64().unwrap() > 0.6, "{alarm}");
    assert_eq!(alarm["rule_name"], "Door left open");

    door.set(&api, &id, false).await;
    wait_for(&api, &id, json!(1)).await;
    let ended = soon("its end", async || {
        let events = api.events().await;
        let ended = |event: &Value| event["kind"] == "state" && !event["ended_at"].is_null();
        events.into_iter().find(ended)
    })
    .await;
    assert_eq!(ended["id"], alarm["id"]);
    let history = api
        .get(&path(
            &id,
            "history?from=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z",
        ))
        .await
        .ok();
    let states: Vec<&Value> = history["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|change| &change["state_id"])
        .collect();
    assert_eq!(
        states[states.len() - 2..],
        [&json!(2), &json!(1)],
        "{history}"
    );
    let why = api.get(&format!("/api/v1/cameras/{id}/why")).await.ok();
    let rule = why["rules"]
        .as_array()
        .unwrap()
        .iter()
        .find(|rule| rule["kind"] == "state")
        .expect("the rule explains itself");
    let gates: Vec<&Value> = rule["gates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|gate| &gate["name"])
        .collect();
    assert_eq!(
        gates,
        ["received", "state", "sure", "lasting", "schedule"],
        "{rule}"
    );

    // What was taught is known again after a restart.
    assert_eq!(relay.terminate().await, Some(0));
    let relay = Program::start(&data, &[]);
    let api = Api::sign_in(&relay).await;
    wait_for(&api, &id, json!(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn examples_are_relabelled_removed_rolled_back_and_follow_their_region() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&relay).await;
    let door = Door::start().await;
    let id = api.add_camera("Yard", &door.link()).await;
    watch(&api, &id, json!([detector()])).await;
    soon("a first look", async || {
        let live = live(&api, &id).await?;
        live["states"][0]["verdict"].as_object().map(drop)
    })
    .await;
    teach(&api, &id, &door).await;
    let known = examples(&api, &id).await;
    let picture = |idx: usize| known["pictures"][idx]["id"].as_i64().expect("ids");
    let shot = api
        .get(&path(&id, &format!("examples/{}/picture.jpg", picture(0))))
        .await;
    assert_eq!((shot.status, &shot.bytes[..2]), (200, &[0xff, 0xd8][..]));

    // The first one gets the wrong label: it is told, and versions undo it.
    let first = path(&id, &format!("examples/{}", picture(0)));
    assert_eq!(api.put(&first, &json!({"state_id": 2})).await.status, 204);
    assert_eq!(examples(&api, &id).await["n_wrong"], 1);
    let second = path(&id, &format!("examples/{}", picture(1)));
    assert_eq!(api.delete(&second).await.status, 204);
    assert_eq!(
        labels(&examples(&api, &id).await),
        [Some(2), Some(1), Some(2)]
    );
    let back = api
        .post(&path(&id, "roll_back"), &json!({"version": 4}))
        .await;
    assert_eq!(back.status, 204);
    let again = examples(&api, &id).await;
    assert_eq!(labels(&again), [Some(1), Some(2), Some(1), Some(2)]);
    assert_eq!(again["versions"][0]["what"], "roll_back");

    // A region drawn anew: its pictures are looked at anew.
    let mut moved = detector();
    moved["points"] = json!([[0.38, 0.25], [0.57, 0.25], [0.57, 0.85], [0.38, 0.85]]);
    watch(&api, &id, json!([moved])).await;
    let after = examples(&api, &id).await;
    assert_eq!(
        (&after["n_right"], labels(&after).len()),
        (&json!(4), 4),
        "{after}"
    );
    wait_for(&api, &id, json!(2)).await;

    for (reply, status) in [
        (api.put(&first, &json!({"state_id": 9})).await, 404),
        (
            api.put(&path(&id, "examples/99999"), &json!({"state_id": 1}))
                .await,
            404,
        ),
        (api.delete(&path(&id, "examples/99999")).await, 404),
        (
            api.post(&path(&id, "examples"), &json!({"state_id": 9}))
                .await,
            404,
        ),
        (
            api.post(&path(&id, "roll_back"), &json!({"version": 77}))
                .await,
            404,
        ),
        (
            api.post(&path(&id, "examples"), &json!({"state": 1})).await,
            422,
        ),
    ] {
        assert_eq!(reply.status, status, "{:?}", reply.json);
    }
    // A detector that is gone takes its examples with it.
    watch(&api, &id, json!([])).await;
    assert_eq!(api.get(&path(&id, "examples")).await.status, 404);
    watch(&api, &id, json!([detector()])).await;
    assert!(labels(&examples(&api, &id).await).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_detectors_are_refused_field_by_field() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&relay).await;
    let door = Door::start().await;
    let id = api.add_camera("Yard", &door.link()).await;
    let refused = async |change: fn(&mut Value), field: &str| {
        let mut wrong = detector();
        change(&mut wrong);
        let mut camera = api.camera(&id).await;
        camera["programs"]["state"] = json!({"is_enabled": false, "detectors": [wrong]});
        let reply = api.put(&format!("/api/v1/cameras/{id}"), &camera).await;
        assert_eq!(reply.status, 422, "{field}");
        let fields = &reply.json["error"]["fields"];
        let name = format!("programs.state.detectors.{field}");
        assert!(fields[&name].is_string(), "{name} in {fields}");
    };
    refused(|one| one["name"] = json!(""), "0.name").await;
    refused(
        |one| one["points"] = json!([[0.1, 0.1], [0.2, 0.2]]),
        "0.points",
    )
    .await;
    refused(
        |one| one["states"] = json!([{"id": 1, "name": "shut"}]),
        "0.states",
    )
    .await;
    refused(
        |one| one["states"][1]["name"] = json!("SHUT"),
        "0.states.1.name",
    )
    .await;
    refused(|one| one["settle_s"] = json!(700.0), "0.settle_s").await;
    refused(
        |one| one["collect_every_min"] = json!(0),
        "0.collect_every_min",
    )
    .await;
    refused(
        |one| one["rules"][0]["state_id"] = json!(5),
        "0.rules.0.state_id",
    )
    .await;
    refused(
        |one| one["rules"][0]["for_s"] = json!(-1.0),
        "0.rules.0.for_s",
    )
    .await;
    refused(
        |one| one["rules"][0]["schedule_id"] = json!("none"),
        "0.rules.0.schedule_id",
    )
    .await;
}
