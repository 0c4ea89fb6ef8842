//! Tokens of programs over REST: what each may do, and when it ends.

use serde_json::{Value, json};

use crate::support::{Api, Program};

async fn make(api: &Api, name: &str, scopes: &[&str]) -> (String, i64) {
    let body = json!({"name": name, "scopes": scopes, "expires_in_days": 30});
    let made = api.post("/api/v1/tokens", &body).await.ok();
    let token = made["token"].as_str().unwrap().to_owned();
    (token, made["view"]["id"].as_i64().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn token_may_do_what_its_scopes_say_until_it_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let anna = Api::set_up(&program).await;
    let (reads, read_id) = make(&anna, "dashboard", &["read"]).await;
    let (admin, _) = make(&anna, "deployment", &["admin"]).await;
    assert!(reads.starts_with("airl_") && reads.len() == 48, "{reads}");
    let reader = Api::with_token(&program, &reads);
    let deployer = Api::with_token(&program, &admin);

    // A reader sees, and changes nothing.
    assert_eq!(reader.get("/api/v1/cameras").await.status, 200);
    let switch = json!({"name": "x", "link": {"host": "127.0.0.1", "path": "/x"}});
    let refused = reader.post("/api/v1/cameras", &switch).await;
    assert_eq!((refused.status, refused.code()), (403, "not_allowed"));
    let said = refused.json["error"]["message"].to_string();
    assert!(
        said.contains("has the scope read, this needs admin"),
        "{said}"
    );
    assert_eq!(reader.get("/api/v1/accounts").await.status, 403);
    assert_eq!(reader.get("/api/v1/audit").await.status, 403);

    // An administrator's token changes settings, without a CSRF token.
    let added = deployer
        .post_without_csrf_token("/api/v1/cameras", &switch)
        .await;
    assert_eq!(added.status, 201, "{}", added.json);
    // But neither accounts nor tokens.
    let account = json!({"name": "eve", "role": "viewer", "password": "a password for eve"});
    let token = json!({"name": "more", "scopes": ["admin"]});
    for reply in [
        deployer.post("/api/v1/accounts", &account).await,
        deployer.post("/api/v1/tokens", &token).await,
        deployer.delete(&format!("/api/v1/tokens/{read_id}")).await,
    ] {
        assert_eq!((reply.status, reply.code()), (403, "not_allowed"));
    }

    // What is listed is no token, and says who uses it.
    let list = anna.get("/api/v1/tokens").await.ok();
    assert!(!list.to_string().contains("airl_"), "{list}");
    let row = |id: i64| -> Value {
        let tokens = list["tokens"].as_array().unwrap();
        tokens.iter().find(|row| row["id"] == id).unwrap().clone()
    };
    assert_eq!(row(read_id)["created_by"], "installer");
    assert!(row(read_id)["last_used_at"].is_string(), "{list}");

    // Removed: worth nothing.
    anna.delete(&format!("/api/v1/tokens/{read_id}")).await.ok();
    let gone = reader.get("/api/v1/cameras").await;
    assert_eq!((gone.status, gone.code()), (401, "bad_token"));
    // A program that is done removes its own.
    assert_eq!(deployer.delete("/api/v1/tokens/own").await.status, 204);
    assert_eq!(deployer.get("/api/v1/cameras").await.status, 401);
    let audit = anna.get("/api/v1/audit").await.ok()["entries"].to_string();
    for what in [
        "made token dashboard",
        "removed token dashboard",
        "token deployment",
        "removed token deployment",
    ] {
        assert!(audit.contains(what), "{what}: {audit}");
    }
    assert!(!audit.contains("airl_"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_administrators_make_tokens_and_rubbish_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let anna = Api::set_up(&program).await;
    let account = json!({"name": "eve", "role": "operator", "password": "a password for eve"});
    anna.post("/api/v1/accounts", &account).await.ok();
    let eve = Api::sign_in_as(&program, "eve", "a password for eve").await;
    let body = json!({"name": "x", "scopes": ["read"]});
    assert_eq!(eve.post("/api/v1/tokens", &body).await.status, 403);
    assert_eq!(eve.get("/api/v1/tokens").await.status, 403);
    for (body, field) in [
        (json!({"name": "", "scopes": ["read"]}), "name"),
        (json!({"name": "x", "scopes": ["all"]}), "scopes"),
    ] {
        let reply = anna.post("/api/v1/tokens", &body).await;
        assert_eq!(reply.code(), "invalid_fields");
        assert!(reply.json["error"]["fields"][field].is_string());
    }
    let long = "x".repeat(5_000);
    for token in ["", "airl_", "airl_guess", &long] {
        let reply = Api::with_token(&program, token)
            .get("/api/v1/cameras")
            .await;
        assert_eq!(reply.status, 401, "{token}");
    }
}
