//! The software manager from outside: REST, CGI with curl, and programs that
//! are installed, exchanged and stopped while cameras run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use extension::SecretKey;
use serde_json::{Value, json};

use crate::guest::{Guest, HEALTHY, pack};
use crate::support::{Api, Program, is_installed, link, soon, start_sim, still};

/// Never comes to an end.
const ENDLESS: Guest = Guest {
    update: "(loop (br 0))",
    ..HEALTHY
};

const SOFTWARE: &str = "/api/v1/software";

/// What `/software` says of a program.
async fn program(api: &Api, id: &str) -> Value {
    let software = api.get(SOFTWARE).await.ok();
    let programs = software["programs"].as_array().expect("a list");
    let found = programs.iter().find(|program| program["id"] == id);
    found.cloned().unwrap_or_default()
}

async fn wait_for_status(api: &Api, id: &str, status: &str) -> Value {
    soon(&format!("{id} to be {status}"), async || {
        let program = program(api, id).await;
        (program["status"] == status).then_some(program)
    })
    .await
}

/// What was done, newest first, each as "who: what"; the chain must be whole.
async fn control_log(api: &Api) -> Vec<String> {
    let log = api.get("/api/v1/control_log").await.ok();
    assert_eq!(log["is_chain_intact"], true, "{log}");
    let rows = log["rows"].as_array().expect("a list").iter();
    rows.map(|row| {
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        format!("{}: {}", text("who"), text("what"))
    })
    .collect()
}

/// A start on a still camera that sends pictures.
async fn with_camera(program: &Program) -> (Api, String, sim::SimCamera) {
    let api = Api::set_up(program).await;
    let camera = start_sim(still()).await;
    let id = api
        .add_camera("Gate", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.wait_for_state(&id, "receiving").await;
    (api, id, camera)
}

#[tokio::test(flavor = "multi_thread")]
async fn start_and_stop_show_in_software_and_in_the_control_log() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Program::start(&folder.path().join("data"), &[]);
    let (api, id, camera) = with_camera(&relay).await;
    let vmd = wait_for_status(&api, "vmd", "operable").await;
    assert_eq!(vmd["cameras"][0]["status"], "operable", "{vmd}");
    assert_eq!(program(&api, "people").await["status"], "stopped");

    let stop = json!({"camera_id": id});
    assert_eq!(
        api.post("/api/v1/software/vmd/stop", &stop).await.status,
        204
    );
    wait_for_status(&api, "vmd", "stopped").await;
    assert_eq!(
        api.camera(&id).await["programs"]["vmd"]["is_enabled"],
        false
    );
    assert_eq!(
        api.post("/api/v1/software/vmd/start", &json!({}))
            .await
            .status,
        204
    );
    wait_for_status(&api, "vmd", "operable").await;
    assert_eq!(
        control_log(&api).await,
        [
            format!("installer: start vmd on camera {id}"),
            format!("installer: stop vmd on camera {id}")
        ]
    );
    let unknown = api.post("/api/v1/software/none/start", &json!({})).await;
    assert_eq!((unknown.status, unknown.code()), (404, "not_found"));
    let software = api.get(SOFTWARE).await.ok();
    let device_id = software["device_id"].as_str().unwrap();
    assert!(
        device_id.len() == 19 && device_id.matches('-').count() == 3,
        "{device_id}"
    );
    assert!(software["memory"]["total_bytes"].as_u64().unwrap() > 0);
    assert!(software["storage"]["free_bytes"].as_u64().unwrap() > 0);
    camera.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn program_that_would_overload_the_machine_is_refused_by_how_much() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.toml");
    // Less than the camera alone takes.
    std::fs::write(&settings, "budget_ms_per_second = 1\n").unwrap();
    let settings = settings.display().to_string();
    let relay = Program::start(&folder.path().join("data"), &["--config", &settings]);
    let (api, id, camera) = with_camera(&relay).await;
    let mut programs = api.camera(&id).await["programs"].clone();
    programs["occupancy"]["is_enabled"] = true.into();
    let cost = soon("the camera's work to be measured", async || {
        let path = format!("/api/v1/cameras/{id}/cost");
        let cost = api.post(&path, &json!({"programs": programs})).await.ok();
        (cost["ms_per_second_now"].as_f64()? > 1.0).then_some(cost)
    })
    .await;
    assert_eq!(cost["is_refused"], true, "{cost}");
    assert!(cost["ms_per_second_then"].as_f64() >= cost["ms_per_second_now"].as_f64());
    let refused = api
        .post(
            "/api/v1/software/occupancy/start",
            &json!({"camera_id": id}),
        )
        .await;
    assert_eq!((refused.status, refused.code()), (409, "overloaded"));
    let text = refused.json["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(text.contains("more than the 1 ms it may take"), "{text}");
    assert_eq!(program(&api, "occupancy").await["status"], "stopped");
    assert!(control_log(&api).await.is_empty());
    // What takes less is allowed at all times.
    let stop = api.post("/api/v1/software/vmd/stop", &json!({})).await;
    assert_eq!(stop.status, 204);
    camera.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn program_installed_live_raises_events_and_a_hostile_one_stops_alone() {
    let folder = tempfile::tempdir().unwrap();
    let relay = Program::start(&folder.path().join("data"), &[]);
    let (api, id, camera) = with_camera(&relay).await;
    let secret_key = SecretKey::generate().unwrap();
    let healthy = pack("healthy", "1.0.0", &HEALTHY.component(), &secret_key);
    let untrusted = api.post_bytes(SOFTWARE, healthy.clone()).await;
    assert_eq!(
        (untrusted.status, untrusted.code()),
        (422, "package_refused")
    );
    let key = secret_key.public_key().to_string();
    assert!(
        untrusted.json.to_string().contains(&key),
        "{}",
        untrusted.json
    );
    let publisher = json!({"key": key, "name": "Tests"});
    assert_eq!(api.post("/api/v1/publishers", &publisher).await.status, 201);
    let mut broken = healthy.clone();
    broken[200] ^= 1;
    assert_eq!(api.post_bytes(SOFTWARE, broken).await.status, 422);
    assert_eq!(program(&api, "healthy").await, Value::Null);

    let hostile = pack("hostile", "1.0.0", &ENDLESS.component(), &secret_key);
    for (package, id_of) in [(healthy, "healthy"), (hostile, "hostile")] {
        let installed = api.post_bytes(SOFTWARE, package).await;
        assert_eq!(installed.status, 201, "{}", installed.json);
        assert_eq!(installed.json["status"], "stopped");
        let start = json!({"camera_id": id});
        let path = format!("/api/v1/software/{id_of}/start");
        assert_eq!(api.post(&path, &start).await.status, 204);
    }
    let event = soon("an event of the installed program", async || {
        let events = api.events().await;
        events
            .into_iter()
            .find(|event| event["program"] == "extension")
    })
    .await;
    assert_eq!(event["kind"], "program", "{event}");
    let stopped = wait_for_status(&api, "hostile", "faulted").await;
    let cause = stopped["status_text"].as_str().unwrap();
    assert!(cause.contains("did not finish within"), "{cause}");
    let log = soon("the fault in the control log", async || {
        let log = control_log(&api).await;
        let row = format!("airelay: stopped program hostile on camera {id}");
        log.contains(&row).then_some(log)
    })
    .await;
    assert!(
        log.contains(&"installer: install healthy".to_owned()),
        "{log:?}"
    );
    assert_eq!(program(&api, "vmd").await["status"], "operable");
    assert_eq!(program(&api, "healthy").await["status"], "operable");

    let newer = pack("healthy", "1.1.0", &HEALTHY.component(), &secret_key);
    assert_eq!(api.post_bytes(SOFTWARE, newer).await.status, 201);
    assert_eq!(program(&api, "healthy").await["previous_version"], "1.0.0");
    let back = api
        .post("/api/v1/software/healthy/roll_back", &json!({}))
        .await;
    assert_eq!(back.status, 204);
    assert_eq!(program(&api, "healthy").await["version"], "1.0.0");
    camera.stop().await;
}

/// The answer of `curl`: its status, and the body.
fn curl(user: &str, arguments: &[&str], url: &str) -> (u16, String) {
    let Output { stdout, stderr, .. } = Command::new("curl")
        .args(["-sS", "-g", "--digest", "-u", user, "-w", "\n%{http_code}"])
        .args(arguments)
        .arg(url)
        .output()
        .expect("curl can be started");
    let text = String::from_utf8_lossy(&stdout).into_owned();
    let (body, status) = text
        .rsplit_once('\n')
        .unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&stderr)));
    (status.parse().unwrap(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_of_the_reference_product_are_served_with_digest_and_levels() {
    if !is_installed("curl") {
        println!("NOT TESTED: curl is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let relay = Program::start(&folder.path().join("data"), &[]);
    let (api, id, camera) = with_camera(&relay).await;
    for (name, level) in [
        ("looks", "User"),
        ("runs", "Operator"),
        ("owns", "Administrator"),
    ] {
        let account = json!({"level": level, "password": "long enough 1"});
        let path = format!("/api/v1/device_accounts/{name}");
        assert_eq!(api.put(&path, &account).await.status, 201);
    }
    let (looks, runs, owns) = (
        "looks:long enough 1",
        "runs:long enough 1",
        "owns:long enough 1",
    );
    let url = relay.url.clone();
    let adam = |query: &str| format!("{url}/cgi-bin/adam.cgi?{query}");

    let list = adam("methodName=getApplicationList");
    assert_eq!(curl("looks:wrong password", &[], &list).0, 401);
    let (status, body) = curl(looks, &[], &list);
    assert_eq!(status, 200, "{body}");
    let body: Value = serde_json::from_str(&body).unwrap();
    let first = &body["appList"][0]["appInfo"];
    assert_eq!(first["installId"], 1);
    assert_eq!(first["appNameList"][0]["name"], "AI-VMD");

    let stop = adam("methodName=stopApplication&installId=1");
    let (status, body) = curl(looks, &[], &stop);
    assert_eq!(status, 403);
    assert!(
        body.contains("faultCode") && body.contains("Operator"),
        "{body}"
    );
    assert_eq!(curl(runs, &[], &stop).0, 204);
    wait_for_status(&api, "vmd", "stopped").await;
    let start = adam("methodName=startApplication&installId=1");
    assert_eq!(curl(runs, &[], &start).0, 204);
    wait_for_status(&api, "vmd", "operable").await;
    let by_cgi = format!("runs (CGI): stop vmd on camera {id}");
    assert!(control_log(&api).await.contains(&by_cgi));

    let one_shot = adam(
        "methodName=setApplicationPreference&appName=AiEncoderApp&prefType=Integer&prefName=OneShot&value=1",
    );
    assert_eq!(curl(runs, &[], &one_shot).0, 204);
    assert_eq!(api.camera(&id).await["link"]["mode"], "one_shot");
    let (status, body) = curl(runs, &[], &format!("{one_shot}&channel=2"));
    assert_eq!(status, 400, "{body}");

    // {"is_enabled": true, "interval_s": 5}
    let data = "eyJpc19lbmFibGVkIjogdHJ1ZSwgImludGVydmFsX3MiOiA1fQ==";
    let send = adam(&format!(
        "methodName=sendDataToAdamApplication&appName=AI-Occupancy&s_appDataType=0&s_appData={data}"
    ));
    let (status, body) = curl(runs, &[], &send);
    assert_eq!(status, 200, "{body}");
    let occupancy = api.camera(&id).await["programs"]["occupancy"].clone();
    assert_eq!(
        (&occupancy["is_enabled"], &occupancy["interval_s"]),
        (&json!(true), &json!(5))
    );

    let secret_key = SecretKey::generate().unwrap();
    let publisher = json!({"key": secret_key.public_key().to_string(), "name": "Tests"});
    assert_eq!(api.post("/api/v1/publishers", &publisher).await.status, 201);
    let package = folder.path().join("queue.ext");
    std::fs::write(
        &package,
        pack("queue", "1.0.0", &HEALTHY.component(), &secret_key),
    )
    .unwrap();
    let part = format!("applicationPackage=@{}", package.display());
    let form = ["-F", "methodName=installApplication", "-F", &part];
    let install = format!("{url}/cgi-bin/adam_install.cgi");
    assert_eq!(curl(runs, &form, &install).0, 403);
    let (status, body) = curl(owns, &form, &install);
    assert_eq!(status, 204, "{body}");
    let (_, info) = curl(looks, &[], &format!("{url}/cgi-bin/getinfo?FILE=1"));
    assert!(
        info.contains("EXTAPP1=AI-VMD\r\n") && info.contains("=queue\r\n"),
        "{info}"
    );
    let (_, cameras) = curl(looks, &[], &format!("{url}/cgi-bin/cameralist"));
    let cameras: Value = serde_json::from_str(&cameras).unwrap();
    let expected = json!([{
        "ID": "gate", "CameraName": "Gate", "Model": "airelay",
        "IPAddress": "127.0.0.1", "CameraChannel": 1,
    }]);
    assert_eq!(cameras, expected);
    let uninstall = adam("methodName=uninstallApplication&appName=queue");
    assert_eq!(curl(owns, &["-X", "POST"], &uninstall).0, 204);
    assert_eq!(program(&api, "queue").await, Value::Null);
    let log = control_log(&api).await;
    for what in ["install queue", "uninstall queue"] {
        assert!(log.contains(&format!("owns (CGI): {what}")), "{log:?}");
    }
    camera.stop().await;
}

/// `airelay ext`; what it prints.
fn ext(data_dir: &Path, arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_airelay"))
        .arg("--data-dir")
        .arg(data_dir)
        .arg("ext")
        .args(arguments)
        .output()
        .expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn program_packed_signed_and_installed_by_command_runs_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let relay = Program::start(&data_dir, &[]);
    let api = Api::set_up(&relay).await;
    let file = |name: &str| -> PathBuf { folder.path().join(name) };
    let text = |path: PathBuf| path.display().to_string();
    let (key, package) = (text(file("my.key")), text(file("queue.ext")));
    let (manifest, code) = (text(file("manifest.toml")), text(file("code.wasm")));
    std::fs::write(&code, HEALTHY.component()).unwrap();
    let fields = "id = \"queue\"\nname = \"Queue\"\nversion = \"2.0.0\"\ntarget = \"wasm-component\"\n\
        interface = \"airelay:program@1.0\"\npublisher = \"Tests\"\nmemory_mib = 4\n";
    std::fs::write(&manifest, fields).unwrap();
    let public_key = ext(&data_dir, &["keygen", &key]);
    let public_key = public_key.lines().next().unwrap();
    ext(
        &data_dir,
        &["pack", &manifest, &code, "--key", &key, "--out", &package],
    );
    assert!(ext(&data_dir, &["verify", &package]).contains(public_key));
    ext(&data_dir, &["trust", public_key, "Tests"]);
    ext(&data_dir, &["install", &package]);
    assert!(ext(&data_dir, &["list"]).starts_with("queue\t2.0.0"));
    soon("the relay to see the program", async || {
        (program(&api, "queue").await["version"] == "2.0.0").then_some(())
    })
    .await;
    ext(&data_dir, &["remove", "queue"]);
    soon("the relay to miss the program", async || {
        program(&api, "queue").await.is_null().then_some(())
    })
    .await;
}
