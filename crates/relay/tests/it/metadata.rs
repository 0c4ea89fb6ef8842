//! Events in the metadata track, and what clients set for it.

use std::time::Duration;

use serde_json::json;

use crate::support::onvif::{OnvifClient, notifications};
use crate::support::watched::{PASSWORD, USER, Watched, documents, read_by, words};
use crate::support::{Api, Program, install_detector, is_installed, soon, whole_picture};

const PULL: &str = "<tev:PullMessages><tev:Timeout>PT1S</tev:Timeout>\
                    <tev:MessageLimit>100</tev:MessageLimit></tev:PullMessages>";

/// A street with a rule that everybody in it breaks; `None` without detector
/// or ffmpeg.
async fn watched_street() -> Option<(Watched, OnvifClient)> {
    let folder = tempfile::tempdir().expect("the system has a temporary folder");
    let model = install_detector(folder.path()).filter(|_| is_installed("ffmpeg"))?;
    let model = ["--model", model.to_str().expect("a plain path")];
    let watched = Watched::start_in(folder, &model, 1_280, 720).await;
    watched
        .api
        .change_camera(&watched.camera, |document| {
            let drawn = whole_picture(&["person", "car"]);
            document["zones"] = drawn["zones"].clone();
            document["rules"] = drawn["rules"].clone();
        })
        .await;
    soon("an alarm", async || {
        (!watched.api.events().await.is_empty()).then_some(())
    })
    .await;
    let client = OnvifClient::new(&watched.program.url, USER, PASSWORD);
    Some((watched, client))
}

/// The documents that a viewer is sent within so many seconds.
async fn metadata(watched: &Watched, seconds: u32) -> Vec<String> {
    let mut arguments = words("-v error -nostdin -rtsp_transport tcp -i");
    arguments.push(watched.url("jpeg"));
    arguments.extend(words("-map 0:d -c copy -copy_unknown -t"));
    arguments.push(seconds.to_string());
    arguments.extend(words("-f data -"));
    let stream = read_by("ffmpeg", arguments)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    documents(&String::from_utf8(stream).expect("documents are text"))
}

/// What happened, of all that is told: states come as of each one's beginning.
fn happened(told: &[String]) -> Vec<&String> {
    let is_state = |text: &str| text.contains("PropertyOperation=\"Initialized\"");
    told.iter().filter(|text| !is_state(text)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_track_tells_what_pull_points_tell_and_holds_to_the_schema() {
    let Some((watched, client)) = watched_street().await else {
        return;
    };
    let properties = client
        .ask("event_service", "<tev:GetEventProperties/>")
        .await;
    let created = client
        .ask("event_service", "<tev:CreatePullPointSubscription/>")
        .await;
    let (_, address) = created.split_once("<wsa:Address>").expect("an address");
    let address = address.split('<').next().expect("it ends");
    let mut pulled = Vec::new();
    let pulling = async {
        loop {
            pulled.extend(notifications(&client.ask(address, PULL).await));
        }
    };
    let synchronising = async {
        tokio::time::sleep(Duration::from_secs(6)).await;
        let wish = format!(
            "<trt:SetSynchronizationPoint><trt:ProfileToken>{}.jpeg</trt:ProfileToken>\
             </trt:SetSynchronizationPoint>",
            watched.camera
        );
        client.ask("media_service", &wish).await;
        std::future::pending::<()>().await;
    };
    let documents = tokio::select! {
        documents = metadata(&watched, 14) => documents,
        () = pulling => unreachable!("it does not end by itself"),
        () = synchronising => unreachable!("it does not end by itself"),
    };
    pulled.extend(notifications(&client.ask(address, PULL).await));
    let told: Vec<String> = documents
        .iter()
        .flat_map(|text| notifications(text))
        .collect();

    let n_states = |topic: &str| {
        let is_it = |text: &&String| text.contains(topic) && text.contains("\"Initialized\"");
        told.iter().filter(is_it).count()
    };
    for topic in ["VideoSource/SignalLoss", "FieldDetector/ObjectsInside"] {
        assert_eq!(
            n_states(topic),
            2,
            "at the start and when asked for: {topic}"
        );
    }
    let (seen, pulled) = (happened(&told), happened(&pulled));
    assert!(
        seen.iter()
            .any(|text| text.contains("FieldDetector/ObjectsInside")),
        "{seen:#?}"
    );
    // The viewer came later and went earlier: what the client alone was told
    // lies at its ends.
    let first = pulled.iter().position(|text| *text == seen[0]);
    let first = first.expect("the client was told it too");
    assert_eq!(
        seen,
        pulled[first..][..seen.len()],
        "the same, in this order"
    );

    let mut named = vec![("properties".to_owned(), properties)];
    named.extend((0..).zip(documents).map(|(number, text): (u32, String)| {
        let name = format!("document {number}");
        (name, text)
    }));
    if let Some(complaints) = testkit::onvif_complaints(&named) {
        assert_eq!(complaints, "");
    } else {
        println!("NOT TESTED: schemas or scripts/onvif-tools are missing");
    }
    watched.program.terminate().await;
}

fn configure(camera: &str, has_events: bool, has_analytics: bool) -> String {
    let events = if has_events { "<tt:Events/>" } else { "" };
    format!(
        "<tr2:SetMetadataConfiguration><tr2:Configuration token=\"{camera}\"><tt:Name>x</tt:Name>\
         <tt:UseCount>1</tt:UseCount><tt:PTZStatus><tt:Status>true</tt:Status>\
         <tt:Position>true</tt:Position></tt:PTZStatus>{events}<tt:Analytics>{has_analytics}\
         </tt:Analytics></tr2:Configuration></tr2:SetMetadataConfiguration>"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_track_carries_what_clients_set_at_once_and_after_a_restart() {
    let Some((watched, client)) = watched_street().await else {
        return;
    };
    let camera = watched.camera.clone();
    let set = async |has_events, has_analytics| {
        let wish = configure(&camera, has_events, has_analytics);
        client.ask("media2_service", &wish).await;
    };
    let n_with = |documents: &[String], part: &str| {
        let with = documents.iter().filter(|text| text.contains(part));
        with.count()
    };
    set(false, true).await;
    let documents = metadata(&watched, 4).await;
    assert_eq!(n_with(&documents, "<tt:Event>"), 0, "{documents:#?}");
    assert!(n_with(&documents, "<tt:VideoAnalytics>") > 2);

    // Switched on while somebody watches: the states are told first.
    let later = async {
        tokio::time::sleep(Duration::from_secs(4)).await;
        set(true, false).await;
    };
    let (documents, ()) = tokio::join!(metadata(&watched, 10), later);
    let first = documents
        .iter()
        .position(|text| text.contains("<tt:Event>"));
    let (before, after) = documents.split_at(first.expect("events are told"));
    assert!(n_with(before, "<tt:VideoAnalytics>") > 2);
    assert!(after[0].contains("\"Initialized\""), "{}", after[0]);
    assert_eq!(n_with(&after[1..], "<tt:VideoAnalytics>"), 0, "{after:#?}");

    let data_dir = watched.folder.path().join("data");
    watched.program.terminate().await;
    let program = Program::start(&data_dir, &[]);
    let api = Api::sign_in(&program).await;
    assert_eq!(api.camera(&camera).await["id"], json!(camera));
    let client = OnvifClient::new(&program.url, USER, PASSWORD);
    let kept = client
        .ask("media_service", "<trt:GetMetadataConfigurations/>")
        .await;
    assert!(
        kept.contains("</tt:Events><tt:Analytics>false</tt:Analytics>"),
        "{kept}"
    );
}
