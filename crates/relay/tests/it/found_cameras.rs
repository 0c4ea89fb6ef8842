//! A found camera is read by ONVIF, and linked by what it said. The camera is
//! another airelay.

use serde_json::{Value, json};

use crate::support::{Api, Program, airelay, link, soon, start_sim, still};

const USER: &str = "installer";
const PASSWORD: &str = "a password for it";
const VARIABLE: &str = "AIRELAY_TEST_CAMERA_PASSWORD";

/// An airelay with one camera, and an account for those who read it.
async fn device(data_dir: &std::path::Path) -> (Program, Api, sim::SimCamera) {
    let program = Program::start(data_dir, &[]);
    let api = Api::set_up(&program).await;
    let body = json!({"level": "User", "password": PASSWORD});
    api.put(&format!("/api/v1/device_accounts/{USER}"), &body)
        .await
        .ok();
    let camera = start_sim(still()).await;
    let id = api
        .add_camera("Gate", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.wait_for_state(&id, "receiving").await;
    // Only a picture that was opened has a size.
    soon("the size of the pictures", async || {
        let status = api.camera(&id).await["status"].clone();
        status["resolution"].is_object().then_some(())
    })
    .await;
    (program, api, camera)
}

fn question(address: &str, user: &str, password: &str) -> Value {
    json!({"addresses": [address], "user": user, "password": password})
}

#[tokio::test(flavor = "multi_thread")]
async fn found_camera_tells_where_its_pictures_are_and_is_linked_by_that() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (other, _, camera) = device(&folder.path().join("other")).await;
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    let address = format!("{}/onvif/device_service", other.url);
    let path = "/api/v1/discover/camera";
    let found = api
        .post(path, &question(&address, USER, PASSWORD))
        .await
        .ok();
    assert_eq!(found["manufacturer"], "airelay", "{found}");
    let profiles = found["profiles"].as_array().expect("a list");
    let encodings: Vec<&Value> = profiles
        .iter()
        .map(|profile| &profile["encoding"])
        .collect();
    assert_eq!(encodings, ["JPEG", "H264"]);
    assert_eq!(
        (&profiles[0]["width_px"], &profiles[0]["height_px"]),
        (&json!(320), &json!(192))
    );
    let stream = profiles[0]["stream"].as_str().expect("an address");
    assert!(stream.starts_with("rtsp://127.0.0.1:"), "{stream}");
    let picture = &profiles[0]["snapshot"];
    assert_eq!(picture["told_host"], json!(null));
    assert!(!found.to_string().contains(PASSWORD), "{found}");

    // The fields as they are make a camera.
    let link = json!({
        "protocol": picture["protocol"], "host": picture["host"], "port": picture["port"],
        "path": picture["path"], "mode": "one_shot", "user": USER, "password": PASSWORD,
    });
    let id = api.add_camera("Gate, again", &link).await;
    api.wait_for_state(&id, "receiving").await;

    for (user, password, said) in [
        ("", "", "it wants a user name and password"),
        (USER, "wrong", "it refuses this user name and password"),
    ] {
        let refused = api.post(path, &question(&address, user, password)).await;
        assert_eq!(refused.status, 422);
        let text = refused.json["error"]["fields"]["user"].as_str();
        assert!(
            text.is_some_and(|text| text.contains(said)),
            "{}",
            refused.json
        );
    }
    for (address, said) in [
        ("http://169.254.169.254/onvif/device_service", "link-local"),
        (
            &*format!("{}/api/v1/nothing", other.url),
            "no ONVIF came back",
        ),
    ] {
        let refused = api.post(path, &question(address, USER, PASSWORD)).await;
        assert_eq!((refused.status, refused.code()), (422, "camera_not_read"));
        let text = refused.json["error"]["message"].as_str();
        assert!(
            text.is_some_and(|text| text.contains(said)),
            "{}",
            refused.json
        );
    }
    // Who only looks may not have others asked.
    let nobody = Api::anonymous(&program);
    let refused = nobody.post(path, &question(&address, USER, PASSWORD)).await;
    assert_eq!(refused.status, 401);
    program.terminate().await;
    other.terminate().await;
    camera.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn command_line_prints_what_a_camera_says() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (other, _, camera) = device(&folder.path().join("other")).await;
    let address = format!("{}/onvif/device_service", other.url);
    let discover = |password: &str| {
        let mut command = airelay(&folder.path().join("data"));
        command
            .args(["discover", "--device", &address, "--user", USER])
            .args(["--password-from", VARIABLE])
            .env(VARIABLE, password)
            .stderr(std::process::Stdio::piped());
        tokio::task::spawn_blocking(move || command.output().expect("it can be started"))
    };
    let output = discover(PASSWORD).await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let line = text.lines().next().expect("a line for each profile");
    let picture = format!("picture {}/onvif/snapshot/gate", other.url);
    for part in ["gate (JPEG)", "JPEG 320x192", &picture, "stream rtsp://"] {
        assert!(line.contains(part), "{part}: {text}");
    }
    assert_eq!(text.lines().count(), 2);
    let output = discover("wrong").await.unwrap();
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        text.contains("refuses this user name and password"),
        "{text}"
    );
    other.terminate().await;
    camera.stop().await;
}
