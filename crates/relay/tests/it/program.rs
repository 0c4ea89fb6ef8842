//! First start, restart, and requests that make no sense.

use std::process::Command;

use serde_json::json;

use crate::support::{Api, Program, airelay, link, start_sim, still};

#[tokio::test(flavor = "multi_thread")]
async fn cameras_survive_a_restart_and_the_program_ends_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let camera = start_sim(still()).await;
    let program = Program::start(&data_dir, &[]);
    let api = Api::set_up(&program).await;
    let path = "cgi-bin/mjpeg?stream=1&frame=5";
    let id = api
        .add_camera("Gate 2", &link(camera.addr().port(), path))
        .await;
    let status = api.wait_for_state(&id, "receiving").await;
    assert_eq!(status["url"], camera.url(&format!("/{path}")));
    assert_eq!(status["cause"], json!(null));
    api.change_camera(&id, |camera| camera["name"] = json!("Gate 3"))
        .await;
    assert_eq!(program.terminate().await, Some(0));

    let program = Program::start(&data_dir, &[]);
    assert_eq!(program.setup_token, None, "there is an account already");
    let again = Api::sign_in(&program).await;
    again.wait_for_state(&id, "receiving").await;
    assert_eq!(again.camera(&id).await["name"], "Gate 3");
    let frame = again.get(&format!("/api/v1/cameras/{id}/frame.jpg")).await;
    assert!(frame.bytes.starts_with(&[0xFF, 0xD8]), "{}", frame.status);
    assert_eq!(program.terminate().await, Some(0));
    camera.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_folder_in_use_is_refused_in_plain_words() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let first = Program::start(&data_dir, &[]);
    let second = tokio::task::spawn_blocking(move || {
        let second: &mut Command = &mut airelay(&data_dir);
        second
            .args(["serve", "--no-demo", "--listen", "127.0.0.1:0"])
            .stderr(std::process::Stdio::piped())
            .output()
    });
    let second = second.await.unwrap().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(said.contains("another airelay is using it"), "{said}");
    let system = Api::set_up(&first).await.get("/api/v1/system").await;
    assert_eq!(system.status, 200, "the first one is not disturbed");
}

#[tokio::test(flavor = "multi_thread")]
async fn rubbish_requests_get_clear_errors_and_the_program_lives() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    let camera = json!({"name": "x", "link": {"host": "127.0.0.1", "path": "/x"}});
    let with_unknown_field = json!({"name": "x", "colour": 1, "link": camera["link"]});
    let with_wrong_values =
        json!({"name": "", "link": {"host": "a b", "path": "/x", "channel": 9}});
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(2 << 20));
    let cameras = "/api/v1/cameras";
    if let Some(reply) = api.try_post_bytes(cameras, huge.into_bytes()).await {
        assert_eq!((reply.status, reply.code()), (413, "too_large"));
    }
    let cases = [
        (
            "no JSON",
            api.post_bytes(cameras, b"{oops".to_vec()).await,
            400,
        ),
        (
            "no text",
            api.post_bytes(cameras, vec![0xFF; 64]).await,
            400,
        ),
        (
            "deep",
            api.post_bytes(cameras, deep.into_bytes()).await,
            422,
        ),
        ("field", api.post(cameras, &with_unknown_field).await, 422),
        ("values", api.post(cameras, &with_wrong_values).await, 422),
        (
            "no token",
            api.post_without_csrf_token(cameras, &camera).await,
            403,
        ),
        (
            "nobody",
            Api::anonymous(&program).post(cameras, &camera).await,
            401,
        ),
        ("no id", api.get("/api/v1/cameras/none").await, 404),
        ("no event", api.get("/api/v1/events/%00").await, 404),
        ("limit", api.get("/api/v1/events?limit=1000000").await, 400),
        ("query", api.get("/api/v1/events?limit=many").await, 400),
        ("path", api.get("/api/v1/none").await, 404),
    ];
    for (what, reply, status) in cases {
        let text = String::from_utf8_lossy(&reply.bytes);
        assert_eq!(reply.status, status, "{what}: {text}");
        assert!(!reply.code().is_empty(), "{what}: {text}");
        assert!(
            reply.json["error"]["message"]
                .as_str()
                .is_some_and(|text| text.len() > 5),
            "{what}: {text}"
        );
    }
    let fields = api.post(cameras, &with_wrong_values).await.json;
    for field in ["name", "link.host", "link.channel"] {
        assert!(
            fields["error"]["fields"][field].is_string(),
            "{field}: {fields}"
        );
    }
    assert_eq!(api.get(cameras).await.ok()["cameras"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn sixth_wrong_password_locks_the_name_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let signed_in = Api::set_up(&program).await;
    let nobody = Api::anonymous(&program);
    let guess = json!({"name": "installer", "password": "guess guess guess"});
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(nobody.post("/api/v1/session", &guess).await.status);
    }
    assert_eq!(statuses[..4], [401; 4]);
    assert_eq!(statuses[5], 429);
    let right = json!({"name": "installer", "password": "correct horse battery"});
    let locked = nobody.post("/api/v1/session", &right).await;
    assert_eq!((locked.status, locked.code()), (429, "locked"));
    let wait_s = locked.json["error"]["retry_after_s"].as_u64().unwrap();
    assert!((1..=60).contains(&wait_s), "{wait_s}");
    assert_eq!(signed_in.get("/api/v1/cameras").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn setup_link_works_once() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let token = program.setup_token.clone().unwrap();
    let nobody = Api::anonymous(&program);
    let account =
        |token: &str, password: &str| json!({"token": token, "name": "a", "password": password});
    let wrong = nobody
        .post("/api/v1/setup", &account("guess", "long enough 1"))
        .await;
    assert_eq!((wrong.status, wrong.code()), (403, "setup_refused"));
    let short = nobody
        .post("/api/v1/setup", &account(&token, "short"))
        .await;
    assert_eq!(short.status, 422);
    Api::set_up(&program).await;
    let again = nobody
        .post("/api/v1/setup", &account(&token, "long enough 1"))
        .await;
    assert_eq!((again.status, again.code()), (403, "setup_refused"));
}
