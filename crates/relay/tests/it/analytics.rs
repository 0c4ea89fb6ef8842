//! All programs on clips: what is counted and told against what is seen in
//! the clip by eye.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use sim::{CameraConfig, Content, FeedConfig};

use crate::support::{
    Api, Program, eventually, install_detector, is_installed, link, soon, start_sim,
};

/// Every person comes in from below and goes up the picture: one stood alone,
/// then two, three, one. By eye, in contact sheets of the clip.
const HALL: &str = "media/people-detection.264";
const N_PEOPLE: f64 = 7.0;
/// Four of them leave to the left, three to the right.
const N_LEFT: f64 = 4.0;
const N_RIGHT: f64 = 3.0;
/// Most at once.
const MOST: f64 = 3.0;

fn rule(id: u32, kind: &str, more: &Value) -> Value {
    let mut rule = json!({
        "id": id, "name": format!("Rule {kind}"), "kind": kind, "zone_id": 1,
        "classes": ["person"],
    });
    for (field, value) in more.as_object().expect("fields") {
        rule[field] = value.clone();
    }
    rule
}

fn counter(id: u32, line_id: u32) -> Value {
    json!({"id": id, "name": format!("Counter {id}"), "line_id": line_id, "classes": ["person"],
        "interval_s": 1})
}

/// Zones, lines and counters of the hall.
fn hall() -> Value {
    json!({
        "zones": [
            {"id": 1, "name": "Hall", "points": [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]},
            {"id": 2, "name": "Far", "points": [[0.2, 0.0], [0.78, 0.0], [0.78, 0.8], [0.2, 0.8]]},
        ],
        "lines": [
            {"id": 1, "name": "Way in", "points": [[1.0, 0.8], [0.0, 0.8]]},
            {"id": 2, "name": "To the left", "points": [[0.14, 0.0], [0.14, 1.0]]},
            {"id": 3, "name": "To the right", "points": [[0.82, 1.0], [0.82, 0.0]]},
        ],
        "programs": {
            "occupancy": {"is_enabled": true, "interval_s": 1, "areas": [{
                "id": 1, "name": "Hall", "zone_id": 1, "classes": ["person"], "threshold": 3,
                "rise_s": 0, "fall_s": 1}]},
            "counters": [counter(1, 1), counter(2, 2), counter(3, 3)],
        },
    })
}

/// Events by rule, counts by rule and metric, and sightings, of a replay.
struct Told {
    begun: BTreeMap<String, usize>,
    counts: Vec<Value>,
    sightings: Vec<Value>,
}

impl Told {
    fn sum(&self, rule_id: u32, metric: &str) -> f64 {
        self.values(rule_id, metric).sum()
    }

    fn highest(&self, rule_id: u32, metric: &str) -> f64 {
        self.values(rule_id, metric).fold(0.0, f64::max)
    }

    fn values(&self, rule_id: u32, metric: &str) -> impl Iterator<Item = f64> {
        self.counts
            .iter()
            .filter(move |count| {
                // All classes together; rows by class stand beside them.
                count["rule_id"] == rule_id && count["metric"] == metric && count["class"].is_null()
            })
            .filter_map(|count| count["value"].as_f64())
    }
}

fn replayed(clip: &str, settings: &Value) -> Option<Told> {
    let folder = tempfile::tempdir().unwrap();
    replayed_in(folder.path(), clip, settings)
}

/// With the models that are installed in `folder`/data.
fn replayed_in(folder: &Path, clip: &str, settings: &Value) -> Option<Told> {
    let clip = testkit::shared_data(clip)?;
    let model = install_detector(folder)?;
    if !is_installed("ffmpeg") {
        return None;
    }
    let file = folder.join("settings.json");
    std::fs::write(&file, settings.to_string()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_airelay"))
        .arg("replay")
        .arg(clip)
        .arg("--settings")
        .arg(file)
        .arg("--model")
        .arg(model)
        .arg("--data-dir")
        .arg(folder.join("data"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let printed = String::from_utf8(output.stdout).unwrap();
    let mut told = Told {
        begun: BTreeMap::new(),
        counts: Vec::new(),
        sightings: Vec::new(),
    };
    for line in printed.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if line["event"]["phase"] == "begin" {
            let rule = line["event"]["rule"].as_str().unwrap().to_owned();
            *told.begun.entry(rule).or_default() += 1;
        }
        if line["count"].is_object() {
            told.counts.push(line["count"].clone());
        }
        if line["sighting"].is_object() {
            told.sightings.push(line["sighting"].clone());
        }
    }
    Some(told)
}

#[test]
fn rules_and_counters_on_a_clip_tell_what_is_seen_by_eye() {
    let mut settings = hall();
    settings["rules"] = json!([
        rule(1, "intruder", &json!({})),
        rule(2, "loitering", &json!({"stay_s": 2})),
        rule(
            3,
            "cross_line",
            &json!({"line_id": 1, "ways": "left_to_right"})
        ),
        rule(4, "enter", &json!({"zone_id": 2})),
        rule(5, "exit", &json!({"zone_id": 2})),
        rule(6, "count_over_limit", &json!({"limit": 2})),
        rule(
            7,
            "direction",
            &json!({"heading_deg": 0, "tolerance_deg": 80})
        ),
        rule(
            8,
            "wrong_way",
            &json!({"heading_deg": 0, "tolerance_deg": 100})
        ),
        rule(
            9,
            "intruder",
            &json!({"name": "Never", "classes": ["truck"]})
        ),
    ]);
    let Some(told) = replayed(HALL, &settings) else {
        return;
    };
    let begun = |kind: &str| {
        told.begun
            .get(&format!("Rule {kind}"))
            .copied()
            .unwrap_or(0)
    };
    assert_eq!(begun("intruder"), 7, "{:?}", told.begun);
    assert_eq!(begun("cross_line"), 7, "{:?}", told.begun);
    assert_eq!(begun("enter"), 7, "{:?}", told.begun);
    assert_eq!(begun("exit"), 7, "{:?}", told.begun);
    assert_eq!(begun("count_over_limit"), 1, "{:?}", told.begun);
    assert!((5..=7).contains(&begun("loitering")), "{:?}", told.begun);
    assert!((6..=8).contains(&begun("direction")), "{:?}", told.begun);
    assert!((6..=8).contains(&begun("wrong_way")), "{:?}", told.begun);
    assert_eq!(told.begun.get("Right way"), None, "{:?}", told.begun);
    assert_eq!(told.begun.get("Never"), None);
    // Way in, left and right; nobody comes back.
    let counts = [(10_001, N_PEOPLE), (10_002, N_LEFT), (10_003, N_RIGHT)];
    for (rule_id, seen) in counts {
        let told = (told.sum(rule_id, "in"), told.sum(rule_id, "out"));
        assert_eq!(told, (seen, 0.0), "counter {rule_id}");
    }
    let peak = told.highest(20_001, "peak");
    assert!((peak - MOST).abs() < 0.5, "{peak}");
}

/// `airelay model` with these arguments, in `folder`/data.
fn model(folder: &Path, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_airelay"))
        .arg("model")
        .args(arguments)
        .arg("--data-dir")
        .arg(folder.join("data"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    )
}

/// Copies a model for looks and its manifest into `folder`; the manifest's
/// path, or `None` without the shared test data.
fn copy_looks(folder: &Path, manifest: &str, network: &str) -> Option<String> {
    let network_from = testkit::shared_data(&format!("models/{network}"))?;
    let manifest_from = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../vision/testdata/appearance")
        .join(manifest);
    let target = folder.join(manifest);
    std::fs::write(folder.join(network), std::fs::read(network_from).unwrap()).unwrap();
    std::fs::write(&target, std::fs::read(manifest_from).unwrap()).unwrap();
    Some(target.display().to_string())
}

#[test]
fn installed_models_tell_what_was_switched_on_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let reid = copy_looks(
        folder.path(),
        "person-reid-0288.toml",
        "person_reid_0288.onnx",
    );
    let words = copy_looks(
        folder.path(),
        "person-attributes-0230.toml",
        "person_attributes_0230.onnx",
    );
    let (Some(reid), Some(words)) = (reid, words) else {
        return;
    };
    for manifest in [&reid, &words] {
        let (is_ok, said) = model(folder.path(), &["add", manifest]);
        assert!(is_ok, "{said}");
    }
    let (is_ok, _) = model(folder.path(), &["remove", "person-reid-0288"]);
    assert!(!is_ok, "it is in use");
    let (_, list) = model(folder.path(), &["list"]);
    assert!(list.contains("+ person-reid-0288"), "{list}");

    let settings = |further: &Value| {
        let mut settings = hall();
        settings["programs"]["people"] = json!({"is_enabled": true, "further": further});
        settings
    };
    let wanted = json!(["gender", "bag", "hair_length"]);
    let Some(told) = replayed_in(folder.path(), HALL, &settings(&wanted)) else {
        return;
    };
    let names = |told: &Told| -> BTreeSet<String> {
        let attributes = told.sightings.iter().flat_map(|sighting| {
            let attributes = sighting["attributes"].as_array().cloned();
            attributes.unwrap_or_default()
        });
        attributes
            .map(|attribute| attribute["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let with_both = json!(["airelay-classic/1", "person-reid-0288/1"]);
    assert!(told.sightings.len() >= 7, "{}", told.sightings.len());
    let described = told.sightings.iter();
    let n_compared = described
        .filter(|sighting| sighting["vectors_of"] == with_both)
        .count();
    assert!(n_compared >= 7, "{:?}", told.sightings);
    let named = names(&told);
    assert!(
        named.contains("gender") && !named.contains("hat"),
        "{named:?}"
    );

    model(folder.path(), &["leave", "person-reid-0288"]);
    let told = replayed_in(folder.path(), HALL, &settings(&json!([]))).unwrap();
    let named = names(&told);
    let ours = BTreeSet::from(["upper_colour", "lower_colour"].map(str::to_owned));
    assert!(named.is_subset(&ours), "{named:?}");
    let mut others = told.sightings.iter();
    assert!(others.all(|sighting| sighting["vectors_of"] != with_both));
}

/// Settings of the live test.
fn live(schedule_id: &str) -> Value {
    let mut settings = hall();
    let too_large = json!({"at": [{"y": 0.5, "width": 0.9, "height": 0.95}]});
    settings["rules"] = json!([
        rule(1, "intruder", &json!({})),
        rule(
            2,
            "intruder",
            &json!({"name": "Off hours", "schedule_id": schedule_id})
        ),
        rule(
            3,
            "intruder",
            &json!({"name": "Giants", "min_size": too_large})
        ),
        rule(4, "signal_lost", &json!({"after_s": 5})),
    ]);
    settings["programs"]["people"] = json!({"is_enabled": true});
    settings["programs"]["vehicle"] = json!({"is_enabled": true, "schedule_id": schedule_id});
    settings
}

async fn in_total(api: &Api, id: &str) -> Option<f64> {
    let live = api
        .first_live(&format!("/api/v1/cameras/{id}/programs/live"))
        .await?;
    let lines = live["lines"].as_array()?;
    lines.iter().find(|line| line["rule_id"] == 10_001)?["in"].as_f64()
}

async fn counted(api: &Api, id: &str, rule_id: u32, metric: &str) -> Vec<f64> {
    let path = format!(
        "/api/v1/cameras/{id}/counts?rule_id={rule_id}&metric={metric}\
         &from=2020-01-01T00:00:00Z&until=2100-01-01T00:00:00Z"
    );
    let rows = api.get(&path).await.ok()["rows"].clone();
    let values = rows.as_array().unwrap().iter();
    let of_all = values.filter(|row| row["class"].is_null());
    of_all.filter_map(|row| row["value"].as_f64()).collect()
}

/// The first gate that did not pass, of the rule itself or of any object.
fn stopped_by(why: &Value, rule_id: u32) -> Option<String> {
    let rules = why["rules"].as_array()?;
    let rule = rules.iter().find(|rule| rule["rule_id"] == rule_id)?;
    let of_rule = rule["gates"].as_array()?.iter();
    let of_objects = rule["objects"].as_array()?.iter();
    let of_objects = of_objects.filter_map(|object| object["gates"].as_array());
    let gate = of_rule
        .chain(of_objects.flatten())
        .find(|gate| gate["is_passed"] == false)?;
    Some(gate["name"].as_str()?.to_owned())
}

/// One camera's day in a minute: everything the programs tell is asked for
/// over REST, before and after a restart.
#[tokio::test(flavor = "multi_thread")]
async fn programs_of_a_camera_tell_count_explain_and_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(clip), Some(model)) = (testkit::shared_data(HALL), install_detector(folder.path()))
    else {
        return;
    };
    if !is_installed("ffmpeg") {
        return;
    }
    let camera = start_sim(CameraConfig {
        feed: FeedConfig {
            content: Content::Clip(clip),
            width_px: 768,
            height_px: 432,
            fps: 5.0,
            quality: 85,
        },
        ..CameraConfig::default()
    })
    .await;
    let data_dir = folder.path().join("data");
    let more = ["--model", model.to_str().unwrap()];
    let program = Program::start(&data_dir, &more);
    let api = Api::set_up(&program).await;
    let never = json!({"name": "Never", "time_zone": "UTC", "week": [[], [], [], [], [], [], []]});
    let never = api.post("/api/v1/schedules", &never).await.ok();
    let never = never["id"].as_str().unwrap();
    let path = "cgi-bin/mjpeg?stream=1&frame=5";
    let id = api
        .add_camera("Hall", &link(camera.addr().port(), path))
        .await;
    api.change_camera(&id, |document| {
        for (field, value) in live(never).as_object().unwrap() {
            document[field] = value.clone();
        }
    })
    .await;

    let patience = Duration::from_secs(120);
    eventually("somebody to come in", patience, async || {
        (in_total(&api, &id).await? >= 1.0).then_some(())
    })
    .await;
    let why = soon("the reason why no giant was seen", async || {
        let why = api.get(&format!("/api/v1/cameras/{id}/why")).await.ok();
        (stopped_by(&why, 3)? == "size").then_some(why)
    })
    .await;
    let asked_at = why["at"].as_str().unwrap().to_owned();
    assert_eq!(stopped_by(&why, 2).as_deref(), Some("schedule"), "{why}");

    let state = api
        .first_live(&format!("/api/v1/cameras/{id}/programs/live"))
        .await
        .unwrap();
    let status = |program: &str| {
        let programs = state["programs"].as_array().unwrap().iter();
        let mut of = programs.filter(|row| row["program"] == program);
        of.next().unwrap()["status"].clone()
    };
    assert_eq!(status("people"), "operable", "{state}");
    assert_eq!(status("vehicle"), "off_by_schedule", "{state}");

    let sighting = soon("a sighting with picture and colours", async || {
        let page = api.get("/api/v1/sightings?program=people").await.ok();
        let rows = page["sightings"].as_array()?;
        let described = |row: &&Value| {
            row["shot"].is_object() && !row["attributes"].as_array().is_none_or(Vec::is_empty)
        };
        rows.iter().find(described).cloned()
    })
    .await;
    let shot = api.get(sighting["shot"]["url"].as_str().unwrap()).await;
    assert!(shot.bytes.starts_with(&[0xFF, 0xD8]), "{}", shot.status);

    let refused = api.delete(&format!("/api/v1/schedules/{never}")).await;
    assert_eq!((refused.status, refused.code()), (409, "conflict"));
    let before = in_total(&api, &id).await.unwrap();
    assert_eq!(program.terminate().await, Some(0));

    let program = Program::start(&data_dir, &more);
    let api = Api::sign_in(&program).await;
    api.wait_for_state(&id, "receiving").await;
    soon("counters to go on where they were", async || {
        let live = in_total(&api, &id).await?;
        let rows: f64 = counted(&api, &id, 10_001, "in").await.iter().sum();
        // A crossing of this second is not stored yet: then ask again.
        (live >= before && (live - rows).abs() < 0.5).then_some(())
    })
    .await;
    let peaks = counted(&api, &id, 20_001, "peak").await;
    let peak = peaks.iter().copied().fold(0.0, f64::max);
    assert!((1.0..=MOST).contains(&peak), "{peaks:?}");

    let heat = format!(
        "/api/v1/cameras/{id}/heatmap?kind=dwell&from=2020-01-01T00:00:00Z\
         &until=2100-01-01T00:00:00Z"
    );
    let heat = api.get(&heat).await.ok();
    let values = heat["values"].as_array().unwrap().iter();
    let total_s: f64 = values.filter_map(Value::as_f64).sum();
    assert!(total_s > 0.5, "nobody warmed the hall: {total_s}");

    // From stored scenes: the same moment again, and what a draft would do.
    let past = api
        .get(&format!("/api/v1/cameras/{id}/why?at={asked_at}"))
        .await
        .ok();
    assert_eq!(stopped_by(&past, 3).as_deref(), Some("size"), "{past}");
    assert_eq!(stopped_by(&past, 2).as_deref(), Some("schedule"), "{past}");
    let mut draft = api.camera(&id).await;
    draft.as_object_mut().unwrap().remove("status");
    draft["rules"] = json!([rule(3, "intruder", &json!({"name": "Giants"}))]);
    let day = asked_at.split('T').next().unwrap();
    let tried = api
        .post(
            &format!("/api/v1/cameras/{id}/try"),
            &json!({"document": draft, "from": format!("{day}T00:00:00Z"),
                "until": format!("{day}T23:59:59Z")}),
        )
        .await
        .ok();
    assert!(tried["n_scenes"].as_u64().unwrap() >= 3, "{tried}");
    let n_draft = tried["draft"]["n_events"].as_u64().unwrap();
    assert!(n_draft >= 1, "{tried}");
    assert_eq!(
        tried["only_draft"].as_array().unwrap().len() as u64,
        n_draft
    );
    let n_present = tried["present"]["n_events"].as_u64().unwrap();
    assert_eq!(
        tried["only_present"].as_array().unwrap().len() as u64,
        n_present
    );

    camera.stop().await;
    let events = soon("the lost signal to be told", async || {
        let events = api.events().await;
        let is_lost = |event: &Value| event["kind"] == "signal_lost";
        events.iter().any(is_lost).then_some(events)
    })
    .await;
    let by_rule = |rule_id: u32| {
        events
            .iter()
            .filter(|event| event["rule_id"] == rule_id)
            .count()
    };
    assert!(by_rule(1) >= 1, "{events:?}");
    assert_eq!((by_rule(2), by_rule(3)), (0, 0), "{events:?}");

    let log = api.get("/api/v1/control_log").await.ok();
    assert_eq!(log["is_chain_intact"], true);
    assert!(!log["rows"].as_array().unwrap().is_empty(), "{log}");
}
