//! Accounts over REST: who may do what to whom, and when sessions end.

use serde_json::{Value, json};

use crate::support::{Api, Program, soon};

const FIRST_PASSWORD: &str = "correct horse battery";
const PASSWORD: &str = "a password for eve";

async fn add(api: &Api, name: &str, role: &str) -> String {
    let body = json!({"name": name, "role": role, "password": PASSWORD});
    let account = api.post("/api/v1/accounts", &body).await.ok();
    format!("/api/v1/accounts/{}", account["id"])
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_added_changed_and_removed_and_the_last_administrator_stays() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let anna = Api::set_up(&program).await;
    let eve_path = add(&anna, "eve", "viewer").await;
    let eve = Api::sign_in_as(&program, "Eve", PASSWORD).await;

    // A viewer looks at everything but accounts, and changes nothing.
    assert_eq!(eve.get("/api/v1/cameras").await.status, 200);
    for reply in [
        eve.get("/api/v1/accounts").await,
        eve.post(
            "/api/v1/accounts",
            &json!({"name": "x", "role": "viewer", "password": PASSWORD}),
        )
        .await,
        eve.put(&eve_path, &json!({"role": "administrator"})).await,
        eve.delete(&eve_path).await,
    ] {
        assert_eq!((reply.status, reply.code()), (403, "not_allowed"));
    }

    // A role takes effect in the session that is there.
    anna.put(&eve_path, &json!({"role": "administrator"}))
        .await
        .ok();
    let accounts = eve.get("/api/v1/accounts").await.ok()["accounts"].clone();
    let shown = accounts.to_string();
    assert!(
        !shown.contains("hash") && !shown.contains(PASSWORD),
        "{shown}"
    );
    let anna_path = format!("/api/v1/accounts/{}", accounts[1]["id"]);
    assert_eq!(
        (&accounts[0]["name"], &accounts[1]["name"]),
        (&json!("eve"), &json!("installer"))
    );

    // Nobody harms himself, and one administrator is always left.
    for reply in [
        anna.delete(&anna_path).await,
        anna.put(&anna_path, &json!({"role": "viewer"})).await,
        anna.put(&anna_path, &json!({"is_enabled": false})).await,
    ] {
        assert_eq!((reply.status, reply.code()), (409, "conflict"));
    }
    eve.put(&anna_path, &json!({"is_enabled": false}))
        .await
        .ok();
    assert_eq!(anna.get("/api/v1/cameras").await.status, 401);
    eve.put(&anna_path, &json!({"is_enabled": true})).await.ok();
    let anna = Api::sign_in(&program).await;
    anna.put(&eve_path, &json!({"role": "viewer"})).await.ok();

    // A new password from an administrator, and the end of the account.
    anna.put(&eve_path, &json!({"password": "another one for eve"}))
        .await
        .ok();
    assert_eq!(eve.get("/api/v1/cameras").await.status, 401);
    let eve = Api::sign_in_as(&program, "eve", "another one for eve").await;
    anna.delete(&eve_path).await.ok();
    assert_eq!(eve.get("/api/v1/cameras").await.status, 401);
    assert_eq!(anna.delete(&eve_path).await.status, 404);

    let audit = anna.get("/api/v1/audit").await.ok()["entries"].to_string();
    for what in [
        "added account eve",
        "changed account eve",
        "set a new password for account eve",
        "removed account eve",
    ] {
        assert!(audit.contains(what), "{what}: {audit}");
    }
    assert!(
        !audit.contains("argon2") && !audit.contains(PASSWORD),
        "{audit}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_makes_no_sense_is_refused_with_the_field() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let anna = Api::set_up(&program).await;
    add(&anna, "eve", "viewer").await;
    let new = |name: &str, role: &str, password: &str| json!({"name": name, "role": role, "password": password});
    for (body, field) in [
        (new("", "viewer", PASSWORD), "name"),
        (new("EVE", "viewer", PASSWORD), "name"),
        (new(&"x".repeat(65), "viewer", PASSWORD), "name"),
        (new("bob\u{7}", "viewer", PASSWORD), "name"),
        (new("bob", "king", PASSWORD), "role"),
        (new("bob", "viewer", "short"), "password"),
        (new("bob", "viewer", &"x".repeat(2_000)), "password"),
    ] {
        let reply = anna.post("/api/v1/accounts", &body).await;
        assert_eq!(
            (reply.status, reply.code()),
            (422, "invalid_fields"),
            "{body}"
        );
        assert!(
            reply.json["error"]["fields"][field].is_string(),
            "{}",
            reply.json
        );
    }
    for path in [
        "/api/v1/accounts/77",
        "/api/v1/accounts/none",
        "/api/v1/accounts/-1",
    ] {
        let reply = anna.delete(path).await;
        assert!(
            [400, 404].contains(&reply.status),
            "{path}: {}",
            reply.status
        );
    }
    let accounts = anna.get("/api/v1/accounts").await.ok()["accounts"].clone();
    assert_eq!(accounts.as_array().map(Vec::len), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn own_password_is_changed_with_the_present_one_and_ends_all_other_sessions() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let mut anna = Api::set_up(&program).await;
    let elsewhere = Api::sign_in(&program).await;
    let path = "/api/v1/session/password";
    let wanted = |present: &str, new: &str| -> Value { json!({"present": present, "new": new}) };
    let wrong = anna
        .put(path, &wanted("guess guess", "the new pass phrase"))
        .await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.json["error"]["fields"]["present"].is_string());
    let short = anna.put(path, &wanted(FIRST_PASSWORD, "short")).await;
    assert!(
        short.json["error"]["fields"]["new"].is_string(),
        "{}",
        short.json
    );

    let reply = anna
        .put(path, &wanted(FIRST_PASSWORD, "the new pass phrase"))
        .await;
    assert_eq!(reply.status, 200, "{}", reply.json);
    assert_eq!(
        anna.get("/api/v1/cameras").await.status,
        401,
        "the old cookie is worth nothing"
    );
    anna.keep_session(&reply);
    assert_eq!(anna.get("/api/v1/cameras").await.status, 200);
    assert_eq!(elsewhere.get("/api/v1/cameras").await.status, 401);
    Api::sign_in_as(&program, "installer", "the new pass phrase").await;
    // Guesses are counted as at sign-in.
    for _ in 0..5 {
        anna.put(path, &wanted("guess guess", "the new pass phrase"))
            .await;
    }
    let locked = anna
        .put(path, &wanted("the new pass phrase", "yet another one"))
        .await;
    assert_eq!((locked.status, locked.code()), (429, "locked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_answer_ends_soon_after_its_account_was_removed() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let anna = Api::set_up(&program).await;
    let eve_path = add(&anna, "eve", "viewer").await;
    let eve = Api::sign_in_as(&program, "eve", PASSWORD).await;
    let watching = tokio::spawn(async move { eve.get("/api/v1/changes").await.status });
    soon("eve to watch", async || {
        let text = String::from_utf8(anna.get("/metrics").await.bytes).unwrap();
        text.contains("relay_change_listeners 1").then_some(())
    })
    .await;
    anna.delete(&eve_path).await.ok();
    soon("the answer to end", async || {
        watching.is_finished().then_some(())
    })
    .await;
    assert_eq!(watching.await.unwrap(), 200);
}
