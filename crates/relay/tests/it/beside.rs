//! Changes that need no restart: of the command line beside a running program,
//! of the detector, and who made them.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::support::{Api, Program, airelay, install_detector, link, soon, start_sim, still};

/// Runs a command on the program's data folder; what it printed.
fn command(data_dir: &Path, args: &[&str], input: &str) -> String {
    let mut child = airelay(data_dir)
        .args(args)
        .stdin(Stdio::piped())
        .spawn()
        .expect("it can be started");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    let log = std::fs::read_to_string(data_dir.with_extension("log")).unwrap_or_default();
    assert!(output.status.success(), "{args:?}: {log}");
    String::from_utf8(output.stdout).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn camera_and_account_of_the_command_line_work_in_the_running_program() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let program = Program::start(&data_dir, &[]);
    let api = Api::set_up(&program).await;
    let camera = start_sim(still()).await;
    let url = camera.url("/cgi-bin/mjpeg");
    let said = command(&data_dir, &["camera", "add", "Yard", &url], "");
    assert!(said.contains("linked yard"), "{said}");
    soon("the new camera to run", async || {
        let reply = api.get("/api/v1/cameras/yard").await;
        (reply.json["status"]["state"] == "receiving").then_some(())
    })
    .await;
    let listed = command(&data_dir, &["camera", "list"], "");
    assert!(listed.starts_with("yard\ton\tYard\t"), "{listed}");

    let args = ["user", "add", "bob", "--role", "viewer"];
    command(&data_dir, &args, "bobs long password\n");
    let nobody = Api::anonymous(&program);
    let sign_in = json!({"name": "bob", "password": "bobs long password"});
    assert_eq!(nobody.post("/api/v1/session", &sign_in).await.status, 200);
    command(&data_dir, &["user", "remove", "bob"], "");
    assert_eq!(nobody.post("/api/v1/session", &sign_in).await.status, 401);
    // Both write in turn: ours goes on working.
    api.change_camera("yard", |camera| camera["name"] = json!("Yard 2"))
        .await;

    let entries = api.get("/api/v1/audit").await.ok()["entries"].clone();
    let entries: Vec<&Value> = entries.as_array().unwrap().iter().collect();
    let rows: Vec<(&str, &str)> = entries
        .iter()
        .map(|entry| {
            (
                entry["who"].as_str().unwrap(),
                entry["what"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("installer", "changed camera yard"),
            ("command line", "removed account bob"),
            ("command line", "added account bob"),
            ("command line", "added camera yard"),
            ("installer", "made the first account installer"),
        ]
    );
    assert_eq!(entries[0]["before"], json!({"name": "Yard"}));
    assert_eq!(entries[0]["after"], json!({"name": "Yard 2"}));
    assert_eq!(program.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn detector_is_exchanged_while_the_camera_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let program = Program::start(&data_dir, &[]);
    let api = Api::set_up(&program).await;
    let camera = start_sim(still()).await;
    let id = api
        .add_camera("still", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.wait_for_state(&id, "receiving").await;
    let built_in = api.get("/api/v1/system").await.ok()["detector"]["name"].clone();
    assert!(built_in.is_string());

    let none = json!({"name": "none"});
    api.put("/api/v1/models/chosen", &none).await.ok();
    let system = api.get("/api/v1/system").await.ok();
    assert_eq!(system["is_motion_only"], true, "{system}");
    let unknown = api
        .put("/api/v1/models/chosen", &json!({"name": "nobody"}))
        .await;
    assert_eq!((unknown.status, unknown.code()), (409, "model_refused"));

    let mut name = json!("built-in");
    let mut shown = built_in;
    if let Some(manifest) = install_detector(folder.path()) {
        // Installing chooses it, in the running program, too.
        command(&data_dir, &["model", "add", manifest.to_str().unwrap()], "");
        name = json!("yolox-nano");
        shown = name.clone();
    } else {
        command(&data_dir, &["model", "use", "built-in"], "");
    }
    soon("the detector of the command line", async || {
        let system = api.get("/api/v1/system").await.ok();
        (system["detector"]["name"] == shown).then_some(())
    })
    .await;
    let models = api.get("/api/v1/models").await.ok()["models"].clone();
    let is_chosen = |model: &&Value| model["is_chosen"] == true;
    let chosen: Vec<&Value> = models
        .as_array()
        .unwrap()
        .iter()
        .filter(is_chosen)
        .collect();
    assert_eq!((chosen.len(), &chosen[0]["name"]), (1, &name));
    let looks_before = api.metric("relay_detector_looks_total", &id).await;
    soon("the new detector to look", async || {
        let looks = api.metric("relay_detector_looks_total", &id).await;
        (looks > looks_before).then_some(())
    })
    .await;
    let status = api.camera(&id).await["status"].clone();
    assert_eq!(
        (&status["reconnects"], &status["detect_errors"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(camera.counters().streams, 1, "the camera noticed nothing");
    let audit = api.get("/api/v1/audit").await.ok()["entries"].clone();
    assert!(audit.to_string().contains("chose the detector"), "{audit}");
    assert_eq!(program.terminate().await, Some(0));
}
