//! Watch lists from outside: who looks like an example raises an event, once,
//! until the list expires; every change stands in the audit trail.

use serde_json::{Value, json};
use store::Store;

use crate::search::{five, person, ready};
use crate::support::{Api, Program, soon};

async fn watch_events(api: &Api) -> Vec<Value> {
    let mut events = api.events().await;
    events.retain(|event| event["kind"] == "watch_list");
    events
}

/// In RFC 3339, so many seconds from now.
fn from_now(seconds: i64) -> String {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    types::Timestamp::from_secs(i64::try_from(now).unwrap() + seconds).to_string()
}

fn barred() -> Value {
    json!({"name": "Barred", "purpose": "House ban", "owner": "Ann", "program": "people",
        "expires_at": from_now(86_400), "threshold": 0.95})
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looks_like_an_example_raises_one_event_until_the_list_expires() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    five(&data);
    let relay = Program::start(&data, &[]);
    let api = Api::set_up(&relay).await;
    ready(&api, 5).await;

    for (field, odd) in [
        ("purpose", json!("")),
        ("owner", json!(" ")),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
        ("threshold", json!(0.1)),
    ] {
        let mut list = barred();
        list[field] = odd;
        let refused = api.post("/api/v1/watch_lists", &list).await;
        assert_eq!(refused.status, 422, "{}", refused.json);
        assert!(
            refused.json["error"]["fields"][field].is_string(),
            "{}",
            refused.json
        );
    }
    let list = api.post("/api/v1/watch_lists", &barred()).await.ok();
    assert_eq!(list["state"], "empty");
    // Only who has a picture can be an example: people must see whom they wait for.
    let without = json!({"sighting_id": 1});
    let refused = api.post("/api/v1/watch_lists/1/examples", &without).await;
    assert_eq!(refused.status, 400, "{}", refused.json);
    let list = api
        .post("/api/v1/watch_lists/1/examples", &json!({"sighting_id": 3}))
        .await
        .ok();
    assert_eq!(
        (&list["state"], &list["examples"][0]["makers"]),
        (&json!("active"), &json!(["test/1"]))
    );
    let picture = api.get(list["examples"][0]["url"].as_str().unwrap()).await;
    assert!(picture.bytes.starts_with(&[0xFF, 0xD8]));

    // Sighting 3 points to 80 degrees.
    let mut store = Store::open_beside(&data).unwrap();
    let mut early = person("yard", 7, 600, 83.0, "red");
    early.is_final = false;
    store
        .put_sightings(&[early, person("yard", 8, 610, 20.0, "red")])
        .unwrap();
    let event = soon("the match to raise an event", async || {
        watch_events(&api).await.first().cloned()
    })
    .await;
    assert_eq!(event["rule_name"], "Barred");
    assert_eq!(
        (&event["track_id"], &event["phase"]),
        (&json!(7), &json!("end"))
    );
    let watch = &event["watch"];
    assert_eq!(
        (&watch["list_id"], &watch["example_id"]),
        (&json!(1), &json!(1))
    );
    assert!(
        (watch["similarity"].as_f64().unwrap() - 0.9986).abs() < 0.001,
        "{event}"
    );
    store
        .put_sightings(&[person("yard", 7, 600, 82.0, "red")])
        .unwrap();
    store
        .put_sightings(&[person("yard", 9, 620, 20.0, "red")])
        .unwrap();
    ready(&api, 8).await;
    assert_eq!(
        watch_events(&api).await.len(),
        1,
        "the final sighting is the same object"
    );

    let mut change = barred();
    change["expires_at"] = json!(from_now(3));
    change["revision"] = json!(1);
    let refused = api.put("/api/v1/watch_lists/1", &change).await;
    assert_eq!((refused.status, refused.code()), (409, "conflict"));
    change["revision"] = list["revision"].clone();
    api.put("/api/v1/watch_lists/1", &change).await.ok();
    soon("the audit trail to say that the list expired", async || {
        let audit = api.get("/api/v1/audit").await.ok().to_string();
        audit.contains("watch list 1 expired").then_some(())
    })
    .await;
    let lists = api.get("/api/v1/watch_lists").await.ok();
    assert_eq!(lists["watch_lists"][0]["state"], "expired");
    store
        .put_sightings(&[person("yard", 10, 700, 80.0, "red")])
        .unwrap();
    ready(&api, 9).await;
    assert_eq!(
        watch_events(&api).await.len(),
        1,
        "an expired list raises nothing"
    );

    assert_eq!(api.delete("/api/v1/watch_lists/1").await.status, 204);
    assert_eq!(api.delete("/api/v1/watch_lists/1").await.status, 404);
    let audit = api.get("/api/v1/audit").await.ok().to_string();
    for what in [
        "add watch list 1",
        "add example 1 to",
        "change watch list 1",
        "remove watch list 1",
    ] {
        assert!(audit.contains(what), "{what} is missing");
    }
    assert!(
        audit.contains("House ban") && !audit.contains("vectors"),
        "{audit}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_see_and_change_watch_lists() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&relay).await;
    let account = json!({"name": "viewer", "role": "viewer", "password": "another long phrase"});
    api.post("/api/v1/accounts", &account).await.ok();
    let viewer = Api::sign_in_as(&relay, "viewer", "another long phrase").await;
    assert_eq!(viewer.get("/api/v1/watch_lists").await.status, 403);
    let refused = viewer.post("/api/v1/watch_lists", &barred()).await;
    assert_eq!(refused.status, 403);
}
