//! The program is killed while it writes events; nothing shown is lost.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sim::SimCamera;

use crate::support::{
    Api, Program, eventually, install_detector, link, start_sim, street, whole_picture,
};

/// Kills, each after new events were shown.
const N_KILLS: usize = 3;

async fn link_busy_street(api: &Api, camera: &SimCamera) -> String {
    let link = link(camera.addr().port(), "/cgi-bin/mjpeg");
    let id = api.add_camera("street", &link).await;
    api.change_camera(&id, |camera| {
        let document = whole_picture(&["person", "car", "bicycle", "motorcycle", "bus", "truck"]);
        camera["zones"] = document["zones"].clone();
        camera["rules"] = document["rules"].clone();
    })
    .await;
    id
}

fn text(event: &Value, field: &str) -> String {
    event[field].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_were_shown_outlive_kills_and_open_ones_are_ended() {
    let folder = tempfile::tempdir().unwrap();
    let Some(model) = install_detector(folder.path()) else {
        return;
    };
    let model = ["--model", model.to_str().unwrap()];
    let data_dir = folder.path().join("data");
    let camera = start_sim(street(960, 544)).await;
    let mut program = Program::start(&data_dir, &model);
    let mut api = Api::set_up(&program).await;
    link_busy_street(&api, &camera).await;
    // Events by id, as last shown.
    let mut shown: BTreeMap<String, Value> = BTreeMap::new();
    for _ in 0..N_KILLS {
        let n_known = shown.len();
        let patience = std::time::Duration::from_secs(90);
        let events = eventually("new events", patience, async || {
            let events = api.events().await;
            (events.len() > n_known).then_some(events)
        })
        .await;
        for event in events {
            shown.insert(text(&event, "id"), event);
        }
        program.kill_at_once().await;

        program = Program::start(&data_dir, &model);
        api = Api::sign_in(&program).await;
        let events = api.events().await;
        let ids: BTreeSet<String> = events.iter().map(|event| text(event, "id")).collect();
        assert_eq!(ids.len(), events.len(), "an id stands twice");
        let mut visits = BTreeSet::new();
        for event in &events {
            let visit = (text(event, "started_at"), event["track_id"].to_string());
            assert!(visits.insert(visit), "doubled: {event}");
        }
        for (id, before) in &shown {
            let after = events.iter().find(|event| text(event, "id") == *id);
            let after = after.unwrap_or_else(|| panic!("lost: {before}"));
            assert_eq!(after["started_at"], before["started_at"]);
            assert_eq!(after["track_id"], before["track_id"]);
            assert_eq!(after["phase"], "end", "still open after a kill: {after}");
            assert!(after["ended_at"].is_string(), "{after}");
        }
    }
    let is_open = |event: &&Value| event["phase"] != "end";
    assert!(
        shown.values().filter(is_open).count() > 0,
        "no event was open at any kill, so nothing was shown about ending"
    );
}
