//! Counts corrected by hand: beside what was counted, in the control log, over
//! a restart; and masks that are switched off without being deleted.

use serde_json::{Value, json};

use crate::support::{Api, Program, Reply, link, soon, start_sim, still};

/// A counter over a line that nobody crosses, and in minus out over it.
fn counting(document: &mut Value) {
    document["zones"] = json!([{"id": 1, "name": "Yard",
        "points": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]}]);
    document["lines"] = json!([{"id": 1, "name": "Gate", "points": [[0.5, 0.0], [0.5, 1.0]]}]);
    document["programs"]["counters"] = json!([{"id": 1, "name": "Gate", "line_id": 1,
        "classes": ["person"], "interval_s": 60}]);
    // No zone's people correct the difference: nobody is in the picture.
    document["programs"]["occupancy"] = json!({"is_enabled": true, "in_line_ids": [1], "areas": [
        {"id": 1, "name": "Yard", "zone_id": 1, "classes": ["person"], "threshold": 5,
            "offset": 2}]});
}

async fn correct(api: &Api, id: &str, correction: Value) -> Reply {
    let path = format!("/api/v1/cameras/{id}/counts/corrections");
    api.post(&path, &correction).await
}

async fn stored(api: &Api, id: &str, rule_id: u32, metric: &str) -> f64 {
    let path = format!(
        "/api/v1/cameras/{id}/counts?rule_id={rule_id}&metric={metric}&interval=day\
         &from=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z"
    );
    let rows = api.get(&path).await.ok()["rows"].clone();
    let values = rows.as_array().expect("rows").iter();
    values.filter_map(|row| row["value"].as_f64()).sum()
}

async fn live_counter(api: &Api, id: &str) -> Option<Value> {
    let path = format!("/api/v1/cameras/{id}/programs/live");
    api.first_live(&path).await?["lines"].get(0).cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn correction_stands_beside_the_count_in_the_log_and_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let relay = Program::start(&data, &[]);
    let api = Api::set_up(&relay).await;
    let camera = start_sim(still()).await;
    let id = api
        .add_camera("Gate", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, counting).await;
    soon("the counter to run", async || {
        live_counter(&api, &id).await?["since"].as_str().map(drop)
    })
    .await;

    let more = json!({"rule_id": 10_001, "way": "in", "by": 5, "note": "recount by hand"});
    let answer = correct(&api, &id, more).await.ok();
    assert_eq!(
        (answer["before"].as_u64(), answer["after"].as_u64()),
        (Some(0), Some(5))
    );
    let shown = soon("the correction to be live", async || {
        let counter = live_counter(&api, &id).await?;
        (counter["in"] == 5).then_some(counter)
    })
    .await;
    assert_eq!(
        (&shown["in_by_hand"], &shown["out"]),
        (&json!(5), &json!(0))
    );
    let inside = json!({"rule_id": 30_000, "n_inside": 4});
    assert_eq!(correct(&api, &id, inside).await.ok()["before"], 0);

    for (correction, field) in [
        (json!({"rule_id": 10_001, "way": "in", "by": -6}), "by"),
        (json!({"rule_id": 10_001, "way": "in", "by": 0}), "by"),
        (json!({"rule_id": 10_001, "way": "up", "by": 1}), "way"),
        (
            json!({"rule_id": 10_001, "way": "in", "by": 1, "at": "2100-01-01T00:00:00Z"}),
            "at",
        ),
        (json!({"rule_id": 10_002, "way": "in", "by": 1}), "rule_id"),
        (json!({"rule_id": 20_001, "n_inside": 1}), "rule_id"),
        (
            json!({"rule_id": 10_001, "way": "in", "by": 1, "note": "x".repeat(201)}),
            "note",
        ),
    ] {
        let refused = correct(&api, &id, correction.clone()).await;
        assert_eq!(refused.status, 422, "{correction}");
        assert!(
            refused.json["error"]["fields"][field].is_string(),
            "{correction}"
        );
    }

    // What was counted stays as it was.
    soon("the interval to be stored", async || {
        (stored(&api, &id, 10_001, "in_by_hand").await > 4.0).then_some(())
    })
    .await;
    assert!(stored(&api, &id, 10_001, "in").await < 0.5);
    assert!((stored(&api, &id, 30_000, "in_by_hand").await - 4.0).abs() < 0.5);
    let log = api.get("/api/v1/control_log").await.ok();
    let whats: Vec<&str> = log["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|row| row["what"].as_str())
        .filter(|what| what.starts_with("corrected"))
        .collect();
    assert_eq!(
        whats,
        [
            "corrected in minus out on camera gate",
            "corrected in of counter \"Gate\" on camera gate"
        ]
    );
    assert_eq!(log["is_chain_intact"], true);
    assert!(log.to_string().contains("recount by hand"), "{log}");

    relay.terminate().await;
    let relay = Program::start(&data, &[]);
    let api = Api::sign_in(&relay).await;
    let again = soon("the correction to be live again", async || {
        let counter = live_counter(&api, &id).await?;
        counter["since"].is_string().then_some(counter)
    })
    .await;
    assert_eq!((&again["in"], &again["in_by_hand"]), (&json!(5), &json!(5)));
    let less = json!({"rule_id": 10_001, "way": "in", "by": -2});
    let answer = correct(&api, &id, less).await.ok();
    assert_eq!(
        (answer["before"].as_u64(), answer["after"].as_u64()),
        (Some(5), Some(3))
    );
    // The area tells its offset with each row.
    soon("a row of the area", async || {
        (stored(&api, &id, 20_001, "offset").await > 1.5).then_some(())
    })
    .await;
    relay.terminate().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn masks_have_a_switch_and_those_of_before_are_on() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&relay).await;
    let camera = start_sim(still()).await;
    let id = api
        .add_camera("Gate", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    let corners = json!([[0.1, 0.1], [0.3, 0.1], [0.3, 0.3]]);
    api.change_camera(&id, |document| {
        document["masks"] = json!([{"id": 1, "name": "Tree", "points": corners}]);
        document["object_masks"] = json!([{"id": 1, "name": "Poster", "points": corners,
            "classes": ["person"], "is_enabled": false}]);
    })
    .await;
    let shown = api.camera(&id).await;
    assert_eq!(shown["masks"][0]["is_enabled"], true, "{shown}");
    assert_eq!(shown["object_masks"][0]["is_enabled"], false, "{shown}");
    relay.terminate().await;
}
