//! Brokers that ONVIF clients set, with a real broker.

use serde_json::json;

use crate::support::mosquitto::{Mosquitto, PASSWORD, USER};
use crate::support::onvif::OnvifClient;
use crate::support::{Api, Program, link, soon, start_sim, still, whole_picture};

const ACCOUNT: &str = "vms";
const ACCOUNT_PASSWORD: &str = "a password for vms";

/// AddEventBroker with these elements after the topics' prefix.
fn add(address: &str, more: &str) -> String {
    format!(
        "<tev:AddEventBroker><tev:EventBroker><tev:Address>{address}</tev:Address>\
         <tev:TopicPrefix>site-7</tev:TopicPrefix>{more}</tev:EventBroker></tev:AddEventBroker>"
    )
}

fn login(password: &str) -> String {
    format!("<tev:UserName>{USER}</tev:UserName><tev:Password>{password}</tev:Password>")
}

/// A program with an account of this level for ONVIF clients.
async fn program_for(data_dir: &std::path::Path, level: &str) -> (Program, Api, OnvifClient) {
    let program = Program::start(data_dir, &[]);
    let api = Api::set_up(&program).await;
    let body = json!({"level": level, "password": ACCOUNT_PASSWORD});
    api.put(&format!("/api/v1/device_accounts/{ACCOUNT}"), &body)
        .await
        .ok();
    let client = OnvifClient::new(&program.url, ACCOUNT, ACCOUNT_PASSWORD);
    (program, api, client)
}

#[tokio::test(flavor = "multi_thread")]
async fn broker_of_an_onvif_client_is_told_events_and_stands_on_the_web_page() {
    let Some(mosquitto) = Mosquitto::start().await else {
        return;
    };
    let listener = mosquitto.listen().await;
    let folder = tempfile::tempdir().unwrap();
    let (program, api, client) = program_for(&folder.path().join("data"), "Administrator").await;
    let camera = start_sim(still()).await;
    let id = api
        .add_camera("gate", &link(camera.addr().port(), "/cgi-bin/mjpeg"))
        .await;
    api.change_camera(&id, |camera| {
        let drawn = whole_picture(&["person"]);
        camera["zones"] = drawn["zones"].clone();
        camera["rules"] = drawn["rules"].clone();
    })
    .await;
    let mut documents = vec![(
        "capabilities".to_owned(),
        client
            .ask("event_service", "<tev:GetServiceCapabilities/>")
            .await,
    )];
    assert!(
        documents[0]
            .1
            .contains("EventBrokerProtocols=\"mqtt mqtts ws wss\" MaxEventBrokers=\"16\""),
        "{}",
        documents[0].1
    );
    let address = format!("mqtt://127.0.0.1:{}", mosquitto.port);
    let topics = "<tev:PublishFilter><wsnt:TopicExpression \
                  Dialect=\"http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet\">\
                  tns1:RuleEngine//.</wsnt:TopicExpression></tev:PublishFilter><tev:QoS>2</tev:QoS>";
    let added = client
        .ask(
            "event_service",
            &add(&address, &format!("{}{topics}", login(PASSWORD))),
        )
        .await;
    documents.push(("add".to_owned(), added));
    let rule_topic =
        format!("site-7/onvif-ej/RuleEngine/FieldDetector/ObjectsInside/&{id}/{id}/{id}_Anybody");
    soon("the rule's state to be told", async || {
        (!listener.on(&rule_topic).is_empty()).then_some(())
    })
    .await;
    let told = soon("the broker to be connected", async || {
        let told = client.ask("event_service", "<tev:GetEventBrokers/>").await;
        told.contains("<tev:Status>Connected<").then_some(told)
    })
    .await;
    assert!(
        told.contains(&format!("<tev:Address>{address}</tev:Address>")),
        "{told}"
    );
    assert!(
        told.contains(">tns1:RuleEngine//.<") && told.contains("<tev:QoS>2<"),
        "{told}"
    );
    assert!(!told.contains(PASSWORD), "{told}");
    documents.push(("get".to_owned(), told));
    // Topics that the filter leaves out are not told.
    let others: Vec<_> = listener.on("site-7/onvif-ej/VideoSource/");
    assert!(others.is_empty(), "{others:?}");
    let page = api.get("/api/v1/brokers").await.ok();
    assert_eq!(page["brokers"][0]["address"], json!(address), "{page}");
    assert_eq!(page["brokers"][0]["has_password"], true);

    // A rule that a client made is told by the client's name.
    let rule = format!(
        "<tan:CreateRules><tan:ConfigurationToken>{id}</tan:ConfigurationToken>\
         <tan:Rule Name=\"Night\" Type=\"tt:FieldDetector\"><tt:Parameters>\
         <tt:SimpleItem Name=\"ClassFilter\" Value=\"Human\"/><tt:ElementItem Name=\"Field\">\
         <tt:Polygon><tt:Point x=\"-1\" y=\"1\"/><tt:Point x=\"0\" y=\"1\"/><tt:Point x=\"0\" y=\"0\"/>\
         </tt:Polygon></tt:ElementItem></tt:Parameters></tan:Rule></tan:CreateRules>"
    );
    client.ask("analytics_service", &rule).await;
    let night = format!("site-7/onvif-ej/RuleEngine/FieldDetector/ObjectsInside/&{id}/{id}/Night");
    soon(
        "the rule of the client to be told by its name",
        async || (!listener.on(&night).is_empty()).then_some(()),
    )
    .await;
    let other = listener.on(&format!(
        "{}_Night",
        rule_topic.trim_end_matches("_Anybody")
    ));
    assert!(other.is_empty(), "by another name before: {other:?}");

    // The same address again changes it; the stored password stays.
    let user = format!("<tev:UserName>{USER}</tev:UserName>");
    client.ask("event_service", &add(&address, &user)).await;
    soon("the picture's states to be told", async || {
        let told = listener.on("site-7/onvif-ej/VideoSource/");
        (!told.is_empty()).then_some(())
    })
    .await;
    let page = api.get("/api/v1/brokers").await.ok();
    assert_eq!(page["brokers"].as_array().map(Vec::len), Some(1), "{page}");

    let wanted =
        format!("<tev:GetEventBrokers><tev:Address>{address}</tev:Address></tev:GetEventBrokers>");
    let one = client.ask("event_service", &wanted).await;
    assert_eq!(one.matches("<tev:EventBroker>").count(), 1, "{one}");
    let delete = format!(
        "<tev:DeleteEventBroker><tev:Address>{address}</tev:Address></tev:DeleteEventBroker>"
    );
    documents.push((
        "delete".to_owned(),
        client.ask("event_service", &delete).await,
    ));
    let (status, fault) = client.try_ask("event_service", &delete).await;
    assert_eq!(status, 400);
    assert!(fault.contains("ter:InvalidAddress"), "{fault}");
    documents.push(("fault".to_owned(), fault));
    let none = client.ask("event_service", "<tev:GetEventBrokers/>").await;
    assert!(!none.contains("<tev:EventBroker>"), "{none}");
    // Nothing is left behind at the broker.
    let late = mosquitto.listen().await;
    let left = late.on("site-7/");
    assert!(left.is_empty(), "left behind: {left:?}");
    if let Some(complaints) = testkit::onvif_complaints(&documents) {
        assert_eq!(complaints, "");
    } else {
        println!("NOT TESTED: schemas or scripts/onvif-tools are missing");
    }
    assert_eq!(program.terminate().await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_that_cannot_be_used_are_refused_by_onvifs_codes() {
    let folder = tempfile::tempdir().unwrap();
    let (program, api, client) = program_for(&folder.path().join("data"), "Administrator").await;
    let metadata = "<tev:MetadataFilter><wsnt:TopicExpression \
                    Dialect=\"http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete\">\
                    tns1:RuleEngine</wsnt:TopicExpression></tev:MetadataFilter>";
    let no_topic = "<tev:PublishFilter><wsnt:TopicExpression \
                    Dialect=\"http://docs.oasis-open.org/wsn/t-1/TopicExpression/Concrete\">\
                    tns1:Nothing</wsnt:TopicExpression></tev:PublishFilter>";
    for (operation, code) in [
        (add("amqp://10.0.0.1", ""), "ter:InvalidProtocol"),
        (add("mqtt://169.254.169.254", ""), "ter:InvalidAddress"),
        (add("mqtt://", ""), "ter:InvalidAddress"),
        (add("mqtt://10.0.0.1", no_topic), "ter:InvalidFilter"),
        (add("mqtt://10.0.0.1", metadata), "ter:InvalidFilter"),
        (
            add("mqtt://10.0.0.1", "").replace("site-7", "a/#"),
            "ter:InvalidArgVal",
        ),
    ] {
        let (status, text) = client.try_ask("event_service", &operation).await;
        assert_eq!(status, 400, "{operation}: {text}");
        assert!(
            text.contains(&format!("<s:Value>{code}</s:Value></s:Subcode>")),
            "{operation}: {text}"
        );
    }
    for number in 1..=16 {
        let address = format!("mqtt://127.0.0.1:{number}");
        client.ask("event_service", &add(&address, "")).await;
    }
    let (status, text) = client
        .try_ask("event_service", &add("mqtt://127.0.0.1:17", ""))
        .await;
    assert_eq!(status, 500);
    assert!(text.contains("ter:TooManyEventBrokers"), "{text}");

    // Whoever may look at events may not send them elsewhere.
    let body = json!({"level": "Operator"});
    api.put(&format!("/api/v1/device_accounts/{ACCOUNT}"), &body)
        .await
        .ok();
    let (status, text) = client
        .try_ask("event_service", &add("mqtt://127.0.0.1:1", ""))
        .await;
    assert_eq!(status, 400);
    assert!(text.contains("ter:NotAuthorized"), "{text}");
    client.ask("event_service", "<tev:GetEventBrokers/>").await;
    assert_eq!(program.terminate().await, Some(0));
}
