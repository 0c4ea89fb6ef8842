use wiremock::matchers::{body_string_contains, header_exists, method};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::*;
use crate::access::{Account, Level};
use crate::onvif::soap::{Envelope, NonceBook};

const NOW: Timestamp = Timestamp::from_secs(1_782_898_200);

/// What a camera answers to an operation.
fn envelope(body: &str) -> ResponseTemplate {
    let document = format!(
        "<e:Envelope xmlns:e=\"{}\" xmlns:d=\"{}\" xmlns:m=\"{}\" xmlns:t=\"{}\">\
         <e:Body>{body}</e:Body></e:Envelope>",
        ns::SOAP,
        ns::TDS,
        ns::TRT,
        ns::TT,
    );
    ResponseTemplate::new(200).set_body_string(document)
}

fn fault(code: &str) -> ResponseTemplate {
    envelope(&format!(
        "<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>ter:{code}</e:Value>\
         </e:Subcode></e:Code><e:Reason><e:Text>no</e:Text></e:Reason></e:Fault>"
    ))
}

async fn answer(camera: &MockServer, operation: &str, response: ResponseTemplate) {
    Mock::given(method("POST"))
        .and(body_string_contains(format!(":{operation}")))
        .respond_with(response)
        .mount(camera)
        .await;
}

fn uri(operation: &str, uri: &str) -> ResponseTemplate {
    envelope(&format!(
        "<m:{operation}Response><m:MediaUri><t:Uri>{uri}</t:Uri></m:MediaUri></m:{operation}Response>"
    ))
}

fn profiles(count: usize) -> ResponseTemplate {
    let profiles: String = (0..count)
        .map(|idx| {
            format!(
                "<m:Profiles token=\"p{idx}\"><t:Name>Main\n</t:Name>\
                 <t:VideoEncoderConfiguration><t:Encoding>H264</t:Encoding><t:Resolution>\
                 <t:Width>1920</t:Width><t:Height>1080</t:Height></t:Resolution>\
                 </t:VideoEncoderConfiguration></m:Profiles>"
            )
        })
        .collect();
    envelope(&format!(
        "<m:GetProfilesResponse>{profiles}</m:GetProfilesResponse>"
    ))
}

/// A camera that tells the time only, and that its media service is at another
/// host: it is the year 2020 there.
async fn bare_camera() -> MockServer {
    let camera = MockServer::start().await;
    let time = "<d:GetSystemDateAndTimeResponse><d:SystemDateAndTime><t:UTCDateTime>\
                <t:Time><t:Hour>6</t:Hour><t:Minute>7</t:Minute><t:Second>8</t:Second></t:Time>\
                <t:Date><t:Year>2020</t:Year><t:Month>1</t:Month><t:Day>2</t:Day></t:Date>\
                </t:UTCDateTime></d:SystemDateAndTime></d:GetSystemDateAndTimeResponse>";
    answer(&camera, "GetSystemDateAndTime", envelope(time)).await;
    let services = format!(
        "<d:GetServicesResponse><d:Service><d:Namespace>{}</d:Namespace>\
         <d:XAddr>http://192.0.2.1:{}/media</d:XAddr></d:Service></d:GetServicesResponse>",
        ns::TRT,
        camera.address().port()
    );
    answer(&camera, "GetServices", envelope(&services)).await;
    camera
}

/// A camera that tells everything.
async fn camera() -> MockServer {
    let camera = bare_camera().await;
    answer(&camera, "GetProfiles", profiles(1)).await;
    let stream = uri("GetStreamUri", "rtsp://10.9.8.7/live");
    answer(&camera, "GetStreamUri", stream).await;
    let snapshot = "http://user:pw@192.0.2.1/snap.jpg?a=1&amp;b=2";
    answer(&camera, "GetSnapshotUri", uri("GetSnapshotUri", snapshot)).await;
    answer(
        &camera,
        "GetDeviceInformation",
        envelope("<d:GetDeviceInformationResponse><d:Manufacturer>Acme</d:Manufacturer></d:GetDeviceInformationResponse>"),
    )
    .await;
    camera
}

async fn read_from(
    camera: &MockServer,
    login: Option<&CameraLogin>,
) -> Result<FoundCamera, FoundError> {
    let address = format!("{}/onvif/device_service", camera.uri());
    read_camera(&[address], login, NOW).await
}

fn login() -> CameraLogin {
    CameraLogin {
        user: "vms".to_owned(),
        password: "secret".to_owned(),
    }
}

async fn requests(camera: &MockServer) -> Vec<Request> {
    camera.received_requests().await.unwrap()
}

#[tokio::test]
async fn services_and_pictures_are_taken_at_the_reached_host_whatever_the_camera_names() {
    let camera = camera().await;
    let found = read_from(&camera, None).await.unwrap();
    assert_eq!(found.manufacturer.as_deref(), Some("Acme"));
    let profile = &found.profiles[0];
    assert_eq!(
        (profile.name.as_str(), profile.size_px),
        ("Main", Some((1_920, 1_080)))
    );
    assert_eq!(profile.stream.as_deref(), Some("rtsp://10.9.8.7/live"));
    let snapshot = profile.snapshot.as_ref().unwrap();
    assert_eq!(snapshot.url(), "http://127.0.0.1/snap.jpg?a=1&b=2");
    assert_eq!(snapshot.told_host.as_deref(), Some("192.0.2.1"));
}

#[tokio::test]
async fn token_proves_the_password_at_the_cameras_own_time_and_once() {
    let camera = camera().await;
    read_from(&camera, Some(&login())).await.unwrap();
    let there = Timestamp::parse_rfc3339("2020-01-02T06:07:08Z").unwrap();
    let mut nonces = NonceBook::default();
    let mut n_signed = 0;
    for request in requests(&camera).await {
        assert!(!String::from_utf8_lossy(&request.body).contains("secret"));
        let envelope = Envelope::read(&request.body).unwrap();
        if envelope.operation.name.local == "GetSystemDateAndTime" {
            assert!(envelope.token.is_none());
            continue;
        }
        let token = envelope.token.expect("it signs in");
        let checked = token.check(there, &mut nonces, |name| {
            (name == "vms").then(|| Account {
                name: name.to_owned(),
                password: "secret".to_owned(),
                level: Level::User,
            })
        });
        assert!(checked.is_ok(), "{checked:?}");
        n_signed += 1;
    }
    assert_eq!(n_signed, 5);
}

#[tokio::test]
async fn camera_that_asks_for_digest_gets_that_and_no_token() {
    let camera = bare_camera().await;
    let challenge = "Digest realm=\"camera\", nonce=\"abc\", qop=\"auth\", algorithm=MD5";
    Mock::given(method("POST"))
        .and(header_exists("authorization"))
        .and(body_string_contains(":GetProfiles"))
        .respond_with(profiles(1))
        .mount(&camera)
        .await;
    answer(
        &camera,
        "GetProfiles",
        ResponseTemplate::new(401).insert_header("WWW-Authenticate", challenge),
    )
    .await;
    let found = read_from(&camera, Some(&login())).await.unwrap();
    assert_eq!(found.profiles.len(), 1);
    let all = requests(&camera).await;
    let signed: Vec<&Request> = all
        .iter()
        .filter(|request| request.headers.contains_key("authorization"))
        .collect();
    for (idx, request) in signed.iter().enumerate() {
        let header = request.headers["authorization"].to_str().unwrap();
        assert!(header.contains("username=\"vms\"") && !header.contains("secret"));
        assert!(
            header.contains(&format!("nc={:08x}", idx + 1)),
            "each proof counts: {header}"
        );
        assert!(Envelope::read(&request.body).unwrap().token.is_none());
    }
    assert!(signed.len() >= 3);
}

#[tokio::test]
async fn refused_login_is_told_from_a_missing_one() {
    for response in [fault("NotAuthorized"), ResponseTemplate::new(401)] {
        let camera = bare_camera().await;
        answer(&camera, "GetProfiles", response).await;
        let nobody = read_from(&camera, None).await;
        assert!(
            matches!(nobody, Err(FoundError::LoginWanted(_))),
            "{nobody:?}"
        );
        let wrong = read_from(&camera, Some(&login())).await;
        assert!(
            matches!(wrong, Err(FoundError::LoginRefused(_))),
            "{wrong:?}"
        );
    }
}

#[tokio::test]
async fn camera_without_single_pictures_is_read_nevertheless() {
    let camera = bare_camera().await;
    answer(&camera, "GetProfiles", profiles(1)).await;
    let stream = uri("GetStreamUri", "rtsp://10.9.8.7/live");
    answer(&camera, "GetStreamUri", stream).await;
    let refusal = fault("ActionNotSupported");
    answer(&camera, "GetSnapshotUri", refusal).await;
    let found = read_from(&camera, None).await.unwrap();
    assert!(found.profiles[0].stream.is_some());
    assert_eq!(found.profiles[0].snapshot, None);
    assert_eq!(found.manufacturer, None);
}

#[tokio::test]
async fn many_profiles_long_answers_and_redirects_are_bounded() {
    let many = bare_camera().await;
    answer(&many, "GetProfiles", profiles(500)).await;
    let found = read_from(&many, None).await.unwrap();
    assert_eq!(found.profiles.len(), MAX_PROFILES);
    assert!(requests(&many).await.len() <= 4 + 2 * MAX_PROFILES);

    let long = bare_camera().await;
    let endless = ResponseTemplate::new(200).set_body_string(" ".repeat(2 << 20));
    answer(&long, "GetProfiles", endless).await;
    let refused = read_from(&long, None).await.unwrap_err();
    assert!(
        refused.to_string().contains("exceeds the limit"),
        "{refused}"
    );

    let elsewhere = camera().await;
    let leading = bare_camera().await;
    let lead = ResponseTemplate::new(307).insert_header("Location", elsewhere.uri());
    answer(&leading, "GetProfiles", lead).await;
    let refused = read_from(&leading, None).await.unwrap_err();
    assert!(refused.to_string().contains("HTTP 307"), "{refused}");
    assert!(requests(&elsewhere).await.is_empty());
}

#[tokio::test]
async fn addresses_that_could_be_abused_are_not_asked() {
    for address in [
        "ftp://10.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/",
        "http://user:secret@10.0.0.1/",
        "file:///etc/passwd",
        "not an address",
        "",
    ] {
        let refused = read_camera(&[address.to_owned()], None, NOW).await;
        assert!(matches!(refused, Err(FoundError::Address(_))), "{address}");
    }
    let none = read_camera(&[], None, NOW).await;
    assert!(matches!(none, Err(FoundError::Address(_))));
}

#[test]
fn service_stays_secure_where_the_camera_was_reached_so() {
    let device = Url::parse("https://camera:8443/onvif/device_service").unwrap();
    for (told, expected) in [
        (
            "https://10.0.0.1:444/media",
            Some("https://camera:444/media"),
        ),
        (
            "http://10.0.0.1:80/media?a",
            Some("https://camera:8443/media?a"),
        ),
        ("ftp://10.0.0.1/media", None),
        ("/media", None),
    ] {
        let url = ask::at_reached_host(told, &device);
        assert_eq!(url.as_ref().map(Url::as_str), expected, "{told}");
    }
}
