//! ONVIF from outside, by a client that we did not write.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::onvif::OnvifClient;
use crate::support::{
    Api, Program, install_detector, link, soon, start_sim, still, street, whole_picture,
};

const USER: &str = "vms";
const PASSWORD: &str = "a password for vms";

/// What the client found, listening for `seconds`; `None` without its
/// environment.
async fn walk(program: &Program, seconds: u32) -> Option<Value> {
    run(program, "walk.py", seconds.to_string()).await
}

/// What a script of the client says; `None` without its environment.
async fn run(program: &Program, script: &str, argument: String) -> Option<Value> {
    let python = testkit::onvif_python()?;
    let script = format!("{}/tests/onvif/{script}", env!("CARGO_MANIFEST_DIR"));
    let authority = program.url.strip_prefix("http://").expect("no TLS here");
    let (host, port) = authority.split_once(':').expect("an address with a port");
    let mut command = Command::new(python);
    command
        .args([&script, host, port, USER, PASSWORD, &argument])
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .expect("starting a program does not panic")
        .expect("the interpreter can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    Some(serde_json::from_slice(&output.stdout).expect("the script writes JSON"))
}

async fn program_with_camera(folder: &std::path::Path) -> Option<(Program, Api, sim::SimCamera)> {
    let detector = install_detector(folder)?;
    let detector = detector.to_str().expect("a plain path").to_owned();
    let program = Program::start(&folder.join("data"), &["--model", &detector]);
    let api = Api::set_up(&program).await;
    let body = json!({"level": "Administrator", "password": PASSWORD});
    api.put(&format!("/api/v1/device_accounts/{USER}"), &body)
        .await
        .ok();
    let camera = start_sim(street(640, 360)).await;
    let id = api
        .add_camera("Gate", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |document| {
        let drawn = whole_picture(&["person", "car"]);
        document["zones"] = drawn["zones"].clone();
        document["rules"] = drawn["rules"].clone();
    })
    .await;
    Some((program, api, camera))
}

#[tokio::test]
async fn client_of_strangers_walks_all_services_and_two_pull_points_get_the_same_events() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some((program, api, camera)) = program_with_camera(folder.path()).await else {
        return;
    };
    soon("an alarm", async || {
        (!api.events().await.is_empty()).then_some(())
    })
    .await;
    let Some(found) = walk(&program, 20).await else {
        return;
    };
    assert_eq!(found["profiles"][0], "gate.jpeg");
    assert_eq!(found["services"].as_array().map(Vec::len), Some(7));
    assert_eq!(found["digest"], true);
    assert_eq!(found["snapshot_type"], "image/jpeg");
    let rules = found["rules"].to_string();
    assert!(rules.contains("gate_Anybody"), "{rules}");
    let told = |name: &str| -> Vec<String> {
        let list = found[name].as_array().expect("a list");
        let texts = list.iter().filter_map(|text| text.as_str());
        // States are told to each as of its own beginning.
        texts
            .filter(|text| !text.starts_with("Initialized"))
            .map(str::to_owned)
            .collect()
    };
    let (first, second) = (told("first"), told("second"));
    let topics = found["topics"].to_string();
    for topic in [
        "FieldDetector/ObjectsInside",
        "VideoSource/MotionAlarm",
        "VideoSource/SignalLoss",
    ] {
        assert!(topics.contains(topic), "{topics}");
    }
    // One began and ended a moment before the other: what one has alone lies
    // at its ends.
    let shared: Vec<&String> = first.iter().filter(|text| second.contains(text)).collect();
    let shared_too: Vec<&String> = second.iter().filter(|text| first.contains(text)).collect();
    assert_eq!(shared, shared_too, "the same, in the same order");
    assert!(
        shared.len() * 10 >= first.len().max(second.len()) * 7,
        "{first:#?}\n{second:#?}"
    );
    program.terminate().await;
    camera.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn client_of_strangers_makes_rules_sets_scopes_and_has_events_posted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    let body = json!({"level": "Administrator", "password": PASSWORD});
    api.put(&format!("/api/v1/device_accounts/{USER}"), &body)
        .await
        .ok();
    let camera = start_sim(still()).await;
    let id = api
        .add_camera("Gate", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.wait_for_state(&id, "receiving").await;
    let Some(schemas) = testkit::shared_data("specs/onvif") else {
        return;
    };
    let schemas = schemas.to_str().expect("a plain path").to_owned();
    let Some(found) = run(&program, "change.py", schemas).await else {
        return;
    };
    let rules = json!({
        "before": false, "created": "Human", "again": ["RuleAlreadyExistent"],
        "modified": "Vehicle", "after": false, "gone": ["RuleNotExistent"],
    });
    assert_eq!(found["rules"], rules);
    // The rule stands on the web page as if drawn there.
    let drawn = &api.camera(&id).await["rules"][0];
    assert_eq!(
        (&drawn["name"], &drawn["kind"], &drawn["stay_s"]),
        (&json!("Night"), &json!("loitering"), &json!(20.0))
    );
    let scopes = json!({
        "set": "Configurable", "added": "Configurable", "fixed": true, "removed": true,
        "remove fixed": ["FixedScope"], "remove unknown": ["NoScope"],
    });
    assert_eq!(found["scopes"], scopes);
    let posts = &found["posts"];
    assert_eq!(posts["states"], true, "{posts}");
    assert_eq!(posts["renewed for"], 600, "{posts}");
    assert_eq!(posts["told"], true, "{posts}");
    assert!(
        posts["gone"].is_array() && posts["renew in the past"].is_array(),
        "{posts}"
    );
    let posted = posts["posts"].as_array().expect("a list").iter();
    let posted: Vec<(String, String)> = (0..)
        .zip(posted)
        .map(|(number, text): (u32, &Value)| {
            let text = text.as_str().expect("posts are text").to_owned();
            (format!("post {number}"), text)
        })
        .collect();
    let complaints = testkit::onvif_complaints(&posted);
    assert_eq!(complaints.unwrap_or_default(), "");
    let media = &found["media2"];
    assert_eq!(media["profiles"][0], "gate.jpeg");
    let stream = media["stream"].as_str().unwrap_or_default();
    assert!(stream.ends_with("/cameras/gate/jpeg"), "{media}");
    for name in ["has events", "removed", "back"] {
        assert_eq!(media[name], true, "{name}: {media}");
    }
    assert_eq!(found["device_io"]["sources"], json!(["gate"]));
    program.terminate().await;

    // Scopes and the rule's name are kept.
    let program = Program::start(&folder.path().join("data"), &[]);
    let client = OnvifClient::new(&program.url, USER, PASSWORD);
    let kept = client.ask("device_service", "<tds:GetScopes/>").await;
    assert!(kept.contains("location/roof%20top"), "{kept}");
    let token = "<tan:ConfigurationToken>gate</tan:ConfigurationToken>";
    let ask = format!("<tan:GetRules>{token}</tan:GetRules>");
    let kept = client.ask("analytics_service", &ask).await;
    assert!(kept.contains("Name=\"Night\""), "{kept}");
    camera.stop().await;
}

#[tokio::test]
async fn large_slow_and_malicious_requests_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    let bomb = "<!DOCTYPE l [<!ENTITY a \"ha\">]><l>&a;</l>";
    let reply = api
        .post_bytes("/onvif/device_service", bomb.as_bytes().to_vec())
        .await;
    assert_eq!(reply.status, 400);
    assert!(String::from_utf8_lossy(&reply.bytes).contains("ter:WellFormed"));
    let before = program.memory().0;
    let huge = vec![b' '; 100 * 1024 * 1024];
    if let Some(reply) = api.try_post_bytes("/onvif/device_service", huge).await {
        assert_eq!(reply.status, 413);
    }
    let grown = program.memory().0.saturating_sub(before);
    assert!(grown < 32 * 1024 * 1024, "{grown} bytes more");
    let anonymous = soap("<tds:GetDeviceInformation/>");
    let reply = api.post_bytes("/onvif/device_service", anonymous).await;
    assert_eq!(reply.status, 401);
    let open = soap("<tds:GetSystemDateAndTime/>");
    let reply = api.post_bytes("/onvif/device_service", open).await;
    assert_eq!(reply.status, 200);
    tokio::time::timeout(Duration::from_secs(30), program.terminate())
        .await
        .expect("it stops");
}

fn soap(operation: &str) -> Vec<u8> {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\"><s:Body>{operation}</s:Body></s:Envelope>"
    )
    .into_bytes()
}
