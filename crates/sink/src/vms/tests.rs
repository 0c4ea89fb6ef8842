use std::time::Duration;

use types::{EventDetail, EventKind, Phase};
use wiremock::matchers::{body_string_contains, header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::genetec::GenetecConfig;
use super::milestone::{MilestoneConfig, Way};
use super::*;
use crate::testing::{message, picture};
use crate::{Message, Reaction, Trust};

const CAMERA: &str = "0a1b2c3d-0000-0000-0000-000000000001";

fn server(port: u16) -> ServerConfig {
    ServerConfig {
        host: "127.0.0.1".to_owned(),
        port,
        is_tls: false,
        trust: Trust::Verify,
        user: "relay".to_owned(),
        password: "se;cret&".to_owned(),
        timeout: Duration::from_secs(5),
    }
}

fn place() -> Place {
    Place {
        address: "192.0.2.21,2".to_owned(),
        camera_id: Some(CAMERA.to_owned()),
    }
}

fn milestone(gateway: &MockServer, notifications: &MockServer, way: Way) -> Milestone {
    Milestone::new(MilestoneConfig {
        server: server(gateway.address().port()),
        notification_port: notifications.address().port(),
        way,
        event_name: EventName::default(),
        priority: 2,
        filter: KindFilter::default(),
    })
    .unwrap()
}

fn genetec(sdk: &MockServer) -> Genetec {
    Genetec::new(GenetecConfig {
        server: server(sdk.address().port()),
        base_path: "WebSdk".to_owned(),
        application_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        first_event_number: 5_000,
        alarm_id: None,
        has_bookmarks: false,
        filter: KindFilter::default(),
    })
    .unwrap()
}

/// Answers every request with `answer`.
async fn answering(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(answer)
        .mount(&server)
        .await;
    server
}

async fn bodies(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    let body = |request: wiremock::Request| String::from_utf8(request.body).unwrap();
    requests.into_iter().map(body).collect()
}

/// A step of each kind, with all that steps may carry.
fn messages() -> Vec<Message> {
    let step = |(number, kind): (u32, EventKind)| Message {
        kind,
        step: number,
        zone_name: Some("Gate <1> & \"yard\"\u{1}".to_owned()),
        phase: if number % 3 == 2 {
            Phase::End
        } else {
            Phase::Begin
        },
        ended_at: (number % 3 == 2).then(|| message().at),
        picture: (number % 2 == 0).then(picture),
        track_id: message().track_id.filter(|_| number % 4 != 3),
        bbox: message().bbox.filter(|_| number % 5 != 4),
        detail: EventDetail {
            count: (number % 2 == 1).then_some(number),
            ..EventDetail::default()
        },
        ..message()
    };
    (0..).zip(EventKind::ALL).map(step).collect()
}

#[tokio::test]
async fn every_analytics_event_keeps_to_milestones_schema() {
    let notifications = answering(ResponseTemplate::new(200)).await;
    let mut milestone = milestone(&notifications, &notifications, Way::AnalyticsEvents);
    milestone.filter_for_tests(KindFilter {
        kinds: EventKind::ALL.into(),
        has_ends: true,
    });
    for message in messages() {
        milestone.deliver(&message, &place()).await.unwrap();
    }
    let sent = bodies(&notifications).await;
    assert_eq!(sent.len(), EventKind::ALL.len());
    assert!(sent.iter().any(|body| body.contains("<Image>")));
    let named: Vec<(String, String)> = (0..).map(|n: u32| n.to_string()).zip(sent).collect();
    let schema = "specs/milestone/AnalyticsEvent.xsd";
    if let Some(complaints) = testkit::schema_complaints(schema, &named) {
        assert_eq!(complaints, "");
        let broken = [(
            "broken".to_owned(),
            named[0]
                .1
                .replace("<Message>", "<Massage>")
                .replace("</Message>", "</Massage>"),
        )];
        let found = testkit::schema_complaints(schema, &broken).unwrap();
        assert!(found.contains("Massage"), "the check sees faults: {found}");
    }
}

#[tokio::test]
async fn repeated_step_carries_the_same_id_and_the_next_another() {
    let notifications = answering(ResponseTemplate::new(200)).await;
    let milestone = milestone(&notifications, &notifications, Way::AnalyticsEvents);
    let second = Message {
        step: 1,
        ..message()
    };
    for message in [&message(), &message(), &second] {
        milestone.deliver(message, &place()).await.unwrap();
    }
    let ids: Vec<String> = bodies(&notifications)
        .await
        .iter()
        .map(|body| {
            let (_, rest) = body.split_once("<ID>").unwrap();
            rest.split_once("</ID>").unwrap().0.to_owned()
        })
        .collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[0], ids[2]);
}

#[tokio::test]
async fn event_names_the_camera_as_the_vms_knows_it() {
    let notifications = answering(ResponseTemplate::new(200)).await;
    let milestone = milestone(&notifications, &notifications, Way::AnalyticsEvents);
    milestone.deliver(&message(), &place()).await.unwrap();
    let body = bodies(&notifications).await.remove(0);
    for part in [
        "<Name>192.0.2.21,2</Name>",
        &format!("<ObjectId>{CAMERA}</ObjectId>"),
        "<Message>airelay Intruder</Message>",
        "<Priority>2</Priority>",
        "<Timestamp>2026-07-01T09:30:02.200+00:00</Timestamp>",
        "<Top>0.2500</Top><Left>0.1000</Left><Bottom>0.7500</Bottom><Right>0.2000</Right>",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
}

#[tokio::test]
async fn warning_in_a_good_answer_is_a_failure_that_says_what_to_define() {
    let text = "Warning: Event message not known";
    let notifications = answering(ResponseTemplate::new(200).set_body_string(text)).await;
    let milestone = milestone(&notifications, &notifications, Way::AnalyticsEvents);
    let error = milestone.deliver(&message(), &place()).await.unwrap_err();
    assert_eq!(error.reaction(), Reaction::Refused);
    let shown = error.to_string();
    assert!(
        shown.contains(text) && shown.contains("\"airelay Intruder\""),
        "{shown}"
    );
}

#[tokio::test]
async fn milestones_answers_are_waited_out_or_given_up_by_what_they_mean() {
    for (status, waits) in [
        (500, true),
        (503, true),
        (403, true),
        (400, false),
        (302, false),
    ] {
        let notifications = answering(ResponseTemplate::new(status)).await;
        let milestone = milestone(&notifications, &notifications, Way::AnalyticsEvents);
        let error = milestone.deliver(&message(), &place()).await.unwrap_err();
        let is_retry = matches!(error.reaction(), Reaction::Retry { .. });
        assert_eq!(is_retry, waits, "{status}: {error}");
        assert!(error.to_string().contains(&status.to_string()), "{error}");
    }
}

#[tokio::test]
async fn nobody_at_the_address_waits() {
    let gateway = answering(ResponseTemplate::new(200)).await;
    let mut milestone = milestone(&gateway, &gateway, Way::AnalyticsEvents);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    milestone.ask_at_for_tests(port);
    let error = milestone.deliver(&message(), &place()).await.unwrap_err();
    assert!(
        matches!(error.reaction(), Reaction::Retry { .. }),
        "{error}"
    );
}

#[tokio::test]
async fn what_was_not_chosen_is_not_sent() {
    let notifications = answering(ResponseTemplate::new(200)).await;
    let milestone = milestone(&notifications, &notifications, Way::AnalyticsEvents);
    let end = Message {
        phase: Phase::End,
        ..message()
    };
    let update = Message {
        phase: Phase::Update,
        ..message()
    };
    let program = Message {
        kind: EventKind::Program,
        ..message()
    };
    for message in [end, update, program] {
        milestone.deliver(&message, &place()).await.unwrap();
    }
    assert_eq!(bodies(&notifications).await.len(), 0);
}

/// A gateway with `n_cameras` cameras behind one device; its token is `t1`
/// until `expire` requests came, then `t2`.
async fn gateway(n_cameras: usize) -> MockServer {
    let server = MockServer::start().await;
    let token = |text: &str| {
        ResponseTemplate::new(200).set_body_json(serde_json::json!({
            "access_token": text, "expires_in": 3600, "token_type": "Bearer"
        }))
    };
    Mock::given(method("POST"))
        .and(path("/API/IDP/connect/token"))
        .and(body_string_contains("grant_type=password&username=relay&password=se%3Bcret%26&client_id=GrantValidatorClient"))
        .respond_with(token("t1"))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(path("/API/IDP/connect/token"))
        .respond_with(token("t2"))
        .mount(&server)
        .await;
    let camera = |camera_idx: usize| {
        serde_json::json!({
            "id": format!("{camera_idx:032x}"), "name": format!("Camera {camera_idx}"), "channel": camera_idx,
            "relations": {"parent": {"type": "hardware", "id": "h"}}
        })
    };
    for page in 0..=n_cameras / 100 {
        let cameras: Vec<_> = (page * 100..n_cameras.min(page * 100 + 100))
            .map(camera)
            .collect();
        Mock::given(method("GET"))
            .and(path("/api/rest/v1/cameras"))
            .and(query_param("page", page.to_string()))
            .and(header("Authorization", "Bearer t1"))
            .respond_with(
                ResponseTemplate::new(200).set_body_json(serde_json::json!({"array": cameras})),
            )
            .mount(&server)
            .await;
    }
    Mock::given(method("GET"))
        .and(path("/api/rest/v1/hardware"))
        .respond_with(ResponseTemplate::new(200).set_body_json(serde_json::json!({
            "array": [{"id": "h", "name": "Device", "address": "http://192.0.2.21/"}]
        })))
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn all_pages_of_cameras_are_read_with_address_and_channel() {
    let gateway = gateway(130).await;
    let milestone = milestone(&gateway, &gateway, Way::AnalyticsEvents);
    let cameras = milestone.cameras().await.unwrap();
    assert_eq!(cameras.len(), 130);
    assert_eq!(cameras[1].address.as_deref(), Some("192.0.2.21"));
    assert_eq!(
        (cameras[1].channel, cameras[1].name.as_str()),
        (Some(2), "Camera 1")
    );
}

#[tokio::test]
async fn expired_token_is_renewed_once() {
    let gateway = gateway(1).await;
    Mock::given(method("POST"))
        .and(path("/api/rest/v1/alarms"))
        .and(header("Authorization", "Bearer t2"))
        .respond_with(
            ResponseTemplate::new(202).set_body_json(serde_json::json!({"data": {"id": "a1"}})),
        )
        .mount(&gateway)
        .await;
    Mock::given(path("/api/rest/v1/alarms"))
        .respond_with(ResponseTemplate::new(401))
        .mount(&gateway)
        .await;
    let milestone = milestone(&gateway, &gateway, Way::Alarms);
    milestone.cameras().await.unwrap();
    milestone.deliver(&message(), &place()).await.unwrap();
    let tokens = gateway.received_requests().await.unwrap();
    let tokens = tokens
        .iter()
        .filter(|request| request.url.path().ends_with("/token"));
    assert_eq!(tokens.count(), 2);
}

#[tokio::test]
async fn alarm_without_a_camera_says_what_to_choose() {
    let gateway = gateway(1).await;
    let milestone = milestone(&gateway, &gateway, Way::Alarms);
    let nowhere = Place {
        camera_id: None,
        ..place()
    };
    let error = milestone.deliver(&message(), &nowhere).await.unwrap_err();
    assert!(error.to_string().contains("\"Gate 2\""), "{error}");
}

#[tokio::test]
async fn test_walks_each_step_and_stops_where_it_fails() {
    let gateway = gateway(3).await;
    let notifications = answering(ResponseTemplate::new(200)).await;
    let vms = Vms::Milestone(milestone(&gateway, &notifications, Way::AnalyticsEvents));
    let walk = vms.test(&message(), &place()).await;
    assert!(walk.is_ok() && walk.steps.len() == 3, "{walk:?}");
    assert_eq!(walk.steps[1].result.as_deref(), Ok("3 cameras"));

    let stranger =
        answering(ResponseTemplate::new(400).set_body_string("{\"error\":\"invalid_grant\"}"))
            .await;
    let vms = Vms::Milestone(milestone(&stranger, &notifications, Way::AnalyticsEvents));
    let walk = vms.test(&message(), &place()).await;
    assert!(!walk.is_ok() && walk.steps.len() == 1, "{walk:?}");
    let text = walk.steps[0].result.clone().unwrap_err();
    assert!(
        text.contains("invalid_grant") && text.contains("basic user"),
        "{text}"
    );
    assert!(
        !format!("{walk:?}{vms:?}").contains("se;cret"),
        "no password is shown"
    );
}

fn rsp(result: &serde_json::Value) -> ResponseTemplate {
    ResponseTemplate::new(200)
        .set_body_json(serde_json::json!({"Rsp": {"Status": "Ok", "Result": result}}))
}

#[tokio::test]
async fn custom_event_is_raised_on_the_camera_with_the_published_request() {
    let sdk = answering(rsp(&serde_json::Value::Null)).await;
    let mut genetec = genetec(&sdk);
    genetec.config_for_tests().alarm_id = Some(CAMERA.to_owned());
    genetec.config_for_tests().has_bookmarks = true;
    genetec.deliver(&message(), &place()).await.unwrap();
    let requests = sdk.received_requests().await.unwrap();
    let asked: Vec<String> = requests
        .iter()
        .map(|request| {
            format!(
                "{} {}?{}",
                request.method,
                request.url.path(),
                request.url.query().unwrap_or("")
            )
        })
        .collect();
    let text = "Intruder%3A%20Human%20in%20Gate%2C%20Gate%202%20%28Nobody%20at%20the%20gate%29%20%5B01JZ3M0G9CB5XJ8Q0V2N3W4K7T-0%5D";
    assert_eq!(
        asked[0],
        format!("POST /WebSdk/events/RaiseCustomEvent/5000/{CAMERA}/{text}?")
    );
    assert_eq!(
        asked[1],
        format!("GET /WebSdk/alarm?q=TriggerAlarm%28{CAMERA}%2C{CAMERA}%29")
    );
    assert!(
        asked[2].starts_with("POST /WebSdk/action?q=AddCameraBookmark%28"),
        "{}",
        asked[2]
    );
    // Two brackets and two commas of the call; those of the text are escaped.
    assert!(asked[2].contains("Gate%5C%2C%20Gate%202"), "{}", asked[2]);
    // Basic of `relay;11111111-2222-3333-4444-555555555555:se;cret&`.
    let login = requests[0].headers.get("authorization").unwrap();
    assert_eq!(
        login.to_str().unwrap(),
        "Basic cmVsYXk7MTExMTExMTEtMjIyMi0zMzMzLTQ0NDQtNTU1NTU1NTU1NTU1OnNlO2NyZXQm"
    );
    assert_eq!(requests[0].headers.get("accept").unwrap(), "text/json");
}

#[tokio::test]
async fn failure_in_a_good_answer_is_a_failure() {
    let body = serde_json::json!({"Rsp": {"Status": "Fail", "Result": "no such event"}});
    let sdk = answering(ResponseTemplate::new(200).set_body_json(body)).await;
    let error = genetec(&sdk)
        .deliver(&message(), &place())
        .await
        .unwrap_err();
    assert_eq!(error.reaction(), Reaction::Refused);
    let shown = error.to_string();
    assert!(
        shown.contains("no such event") && shown.contains("5000"),
        "{shown}"
    );
}

#[tokio::test]
async fn genetecs_answers_are_waited_out_or_given_up_by_what_they_mean() {
    for (status, waits, word) in [
        (500, true, "500"),
        (401, true, "password"),
        (403, true, "application id"),
        (404, false, "base path"),
        (400, false, "400"),
        (200, false, "Web SDK"),
    ] {
        let sdk = answering(ResponseTemplate::new(status).set_body_string("<html>no</html>")).await;
        let error = genetec(&sdk)
            .deliver(&message(), &place())
            .await
            .unwrap_err();
        let is_retry = matches!(error.reaction(), Reaction::Retry { .. });
        assert_eq!(is_retry, waits, "{status}: {error}");
        assert!(error.to_string().contains(word), "{status}: {error}");
    }
}

#[tokio::test]
async fn cameras_are_read_by_identity_then_by_name() {
    let sdk = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/WebSdk/report/EntityConfiguration"))
        .and(query_param("q", "EntityTypes@Camera,Page=1,PageSize=1000"))
        .respond_with(rsp(&serde_json::json!([{"Guid": CAMERA}])))
        .mount(&sdk)
        .await;
    Mock::given(method("GET"))
        .and(path("/WebSdk/entity"))
        .and(query_param(
            "q",
            format!("entity={CAMERA},Guid,Name,EntityType"),
        ))
        .respond_with(rsp(
            &serde_json::json!({"Guid": CAMERA, "Name": "Gate", "EntityType": "Camera"}),
        ))
        .mount(&sdk)
        .await;
    let cameras = genetec(&sdk).cameras().await.unwrap();
    assert_eq!(
        (cameras[0].id.as_str(), cameras[0].name.as_str()),
        (CAMERA, "Gate")
    );
}

#[tokio::test]
async fn missing_custom_events_are_made_by_number_and_name() {
    let sdk = answering(rsp(&serde_json::Value::Null)).await;
    let mut genetec = genetec(&sdk);
    genetec.config_for_tests().filter.kinds = [EventKind::WrongWay, EventKind::Intruder].into();
    genetec.make_custom_events().await.unwrap();
    let requests = sdk.received_requests().await.unwrap();
    let query = |request: &wiremock::Request| {
        let pair = request.url.query_pairs().next().unwrap();
        pair.1.into_owned()
    };
    let asked: Vec<String> = requests.iter().map(query).collect();
    let system = "entity=00000000-0000-0000-0000-000000000007";
    assert_eq!(
        asked,
        [
            format!("{system},CustomEvents.Add(5000,airelay Intruder,Camera)"),
            format!("{system},CustomEvents.Add(5003,airelay Wrong way,Camera)"),
        ]
    );
}

#[test]
fn fields_that_cannot_be_meant_are_named() {
    let base = MilestoneConfig {
        server: server(80),
        notification_port: 9_090,
        way: Way::default(),
        event_name: EventName::default(),
        priority: 1,
        filter: KindFilter::default(),
    };
    let field = |change: fn(&mut MilestoneConfig)| {
        let mut config = base.clone();
        change(&mut config);
        Milestone::new(config).err().map(|error| error.field)
    };
    assert_eq!(field(|_| {}), None);
    assert_eq!(
        field(|config| config.server.host = "http://vms/".into()),
        Some("host")
    );
    assert_eq!(
        field(|config| config.server.host = "169.254.169.254".into()),
        Some("host")
    );
    assert_eq!(
        field(|config| config.server.host = String::new()),
        Some("host")
    );
    assert_eq!(field(|config| config.server.host = "::1".into()), None);
    assert_eq!(field(|config| config.server.port = 0), Some("port"));
    assert_eq!(
        field(|config| config.notification_port = 0),
        Some("notification_port")
    );
    assert_eq!(
        field(|config| config.server.user = String::new()),
        Some("user")
    );
    assert_eq!(
        field(|config| config.server.password = "a\nb".into()),
        Some("password")
    );
    assert_eq!(
        field(|config| config.server.timeout = Duration::ZERO),
        Some("timeout")
    );
}

#[test]
fn names_have_places_and_no_others() {
    let name = EventName::parse("{kind} {object} at {camera}").unwrap();
    let odd = Message {
        camera_name: "{kind}".to_owned(),
        ..message()
    };
    assert_eq!(name.of(&odd), "Intruder Human at {kind}");
    let end = Message {
        phase: Phase::End,
        ..message()
    };
    assert_eq!(EventName::default().of(&end), "airelay Intruder ended");
    assert_eq!(name.all([EventKind::Intruder], false), None);
    assert_eq!(
        EventName::default()
            .all([EventKind::Intruder, EventKind::Enter], true)
            .unwrap(),
        [
            "airelay Enter",
            "airelay Enter ended",
            "airelay Intruder",
            "airelay Intruder ended"
        ]
    );
    for text in ["", "{kind", "{other}", "a\nb", &"x".repeat(101)] {
        assert!(EventName::parse(text).is_err(), "{text:?}");
    }
}
