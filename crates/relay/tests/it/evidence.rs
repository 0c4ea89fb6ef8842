//! Evidence of alarms from outside: taken out, checked here and elsewhere.

use serde_json::json;

use crate::alarms::{add_account, an_hour_ago, event, put_events, sign_in_as};
use crate::support::{Api, Program, airelay};

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_taken_out_and_one_changed_byte_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let start = an_hour_ago();
    put_events(&data, &[event(start, 1, 0, 1)], false);
    let relay = Program::start(&data, &[]);
    let anna = Api::set_up(&relay).await;
    add_account(&anna, "eve", "viewer").await;
    let eve = sign_in_as(&relay, "eve").await;
    let alarms = anna.get("/api/v1/alarms?state=new").await.ok()["alarms"].clone();
    let id = alarms[0]["id"].as_str().unwrap();

    let wanted = json!({ "alarms": [id] });
    let refused = eve.post("/api/v1/alarms/evidence", &wanted).await;
    assert_eq!((refused.status, refused.code()), (403, "not_allowed"));
    let none = json!({ "alarms": [] });
    let refused = anna.post("/api/v1/alarms/evidence", &none).await;
    assert_eq!(refused.status, 400, "{}", refused.json);
    let taken = anna.post("/api/v1/alarms/evidence", &wanted).await;
    assert_eq!(taken.status, 200, "{}", taken.json);
    let zip = taken.bytes;
    let detail = anna.get(&format!("/api/v1/alarms/{id}")).await.ok();
    assert_eq!(detail["history"][0]["kind"], "export");

    // A viewer may check it; so may whoever has the program and the key.
    let verdict = eve
        .post_bytes("/api/v1/evidence/verify", zip.clone())
        .await
        .ok();
    assert_eq!(verdict["is_genuine"], true, "{verdict}");
    assert_eq!(verdict["signed_by"], "us");
    assert_eq!(verdict["made_by"], "installer");
    let key = eve.get("/api/v1/evidence/key").await.ok();
    let key = key["public_key"].as_str().unwrap().to_owned();
    let file = folder.path().join("evidence.zip");
    let elsewhere = folder.path().join("elsewhere");
    let verify = |keys: &[&str]| {
        let mut command = airelay(&elsewhere);
        let output = command
            .arg("verify")
            .arg(&file)
            .args(keys)
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.success(), text)
    };
    std::fs::write(&file, &zip).unwrap();
    let (is_genuine, text) = verify(&[]);
    assert!(!is_genuine && text.contains("not known here"), "{text}");
    let (is_genuine, text) = verify(&["--key", &key]);
    assert!(is_genuine, "{text}");

    // One bit of the picture, which lies in the file as it is.
    let mut changed = zip;
    let at = changed
        .windows(9)
        .position(|bytes| bytes == b"\xff\xd8picture");
    changed[at.unwrap() + 2] ^= 1;
    std::fs::write(&file, &changed).unwrap();
    let (is_genuine, text) = verify(&["--key", &key]);
    assert!(!is_genuine, "{text}");
    assert!(text.contains("picture.jpg"), "{text}");
    let verdict = anna
        .post_bytes("/api/v1/evidence/verify", changed)
        .await
        .ok();
    assert_eq!(verdict["is_genuine"], false, "{verdict}");
}
