//! One healthy camera beside one of each kind of ill ones.

use std::time::Duration;

use serde_json::{Value, json};
use sim::{Auth, CameraConfig, Fault, Scheme, SimCamera, Tls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{Api, Program, link, soon, start_sim, still, street};

/// How an ill camera shows.
#[derive(Clone, Copy, Debug)]
enum Sign {
    /// No pictures, for this reason.
    Cause(&'static str),
    /// Pictures come, but cannot be decoded.
    DecodeErrors,
    /// Pictures come all the same.
    Receiving,
}

const CASES: [(Fault, Sign); 8] = [
    (Fault::TruncatedJpeg, Sign::Receiving),
    (Fault::GarbagePart, Sign::Receiving),
    // The length is not believed: pictures are found by their markers.
    (Fault::HugeLength, Sign::Receiving),
    (Fault::EndlessHeader, Sign::Cause("broken_stream")),
    (Fault::Stall, Sign::Cause("stalled")),
    (Fault::HangUp, Sign::Cause("hung_up")),
    (Fault::Flood, Sign::Receiving),
    (Fault::HugePicture, Sign::DecodeErrors),
];

/// How much memory faults may cost in all: far below the gibibyte that one of
/// them asks for, and the 384 MB of one picture of 16000x16000.
const MAX_GROWTH_BYTES: u64 = 250 << 20;

async fn add(api: &Api, name: &str, camera: &SimCamera) -> String {
    let link = link(camera.addr().port(), "/cgi-bin/mjpeg");
    api.add_camera(name, &link).await
}

#[tokio::test(flavor = "multi_thread")]
async fn ill_cameras_say_why_and_recover_while_the_healthy_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    let healthy = start_sim(street(640, 384)).await;
    let healthy_id = add(&api, "healthy", &healthy).await;
    let mut ill = Vec::new();
    for (fault, sign) in CASES {
        let camera = start_sim(still()).await;
        let id = add(&api, fault.name(), &camera).await;
        ill.push((fault, sign, camera, id));
    }
    for id in ill.iter().map(|(_, _, _, id)| id).chain([&healthy_id]) {
        api.wait_for_state(id, "receiving").await;
    }
    let (before_bytes, _) = program.memory();
    let analysed_before = api.metric("relay_frames_analysed_total", &healthy_id).await;

    for (fault, _, camera, _) in &ill {
        camera.set_faults(&[*fault]);
    }
    for (fault, sign, _, id) in &ill {
        let what = format!("{fault:?} to show as {sign:?}");
        soon(&what, async || {
            let status = &api.camera(id).await["status"];
            shows(status, *sign).then_some(())
        })
        .await;
    }
    // All of them stay ill for a while: the stalled one needs ten seconds.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let status = &api.camera(&healthy_id).await["status"];
    assert_eq!(status["state"], "receiving", "{status}");
    let analysed = api.metric("relay_frames_analysed_total", &healthy_id).await;
    assert!(
        analysed >= analysed_before + 20,
        "only {} frames of the healthy camera were analysed",
        analysed - analysed_before
    );
    let (_, peak_bytes) = program.memory();
    assert!(
        peak_bytes < before_bytes + MAX_GROWTH_BYTES,
        "{before_bytes} bytes before, {peak_bytes} at most"
    );

    for (_, _, camera, _) in &ill {
        camera.set_faults(&[]);
    }
    for (fault, _, _, id) in &ill {
        let (decode_errors, what) = (
            api.metric("relay_decode_errors_total", id).await,
            format!("{fault:?} to be over"),
        );
        soon(&what, async || {
            let status = &api.camera(id).await["status"];
            let is_well = status["state"] == "receiving" && status["cause"] == json!(null);
            let is_fresh = status["frame_age_s"].as_f64().is_some_and(|age| age < 5.0);
            let is_decoded = status["decode_errors"].as_u64() <= Some(decode_errors + 5);
            (is_well && is_fresh && is_decoded).then_some(())
        })
        .await;
    }
    assert_eq!(
        api.metric("relay_pipeline_panics_total", &healthy_id).await,
        0
    );
    assert_eq!(program.terminate().await, Some(0));
}

fn shows(status: &Value, sign: Sign) -> bool {
    match sign {
        Sign::Cause(code) => status["cause"]["code"] == code,
        Sign::DecodeErrors => status["decode_errors"].as_u64() > Some(3),
        Sign::Receiving => {
            status["state"] == "receiving"
                && status["frame_age_s"].as_f64().is_some_and(|age| age < 5.0)
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flood_is_seen_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    let camera = start_sim(CameraConfig {
        faults: vec![Fault::Flood],
        ..still()
    })
    .await;
    let id = add(&api, "flood", &camera).await;
    soon(
        "more than 12 pictures a second, and advice on it",
        async || {
            let status = api.camera(&id).await["status"].clone();
            let is_fast = status["fps"].as_f64().is_some_and(|fps| fps > 12.0);
            let is_told = status["advice"].to_string().contains("high_fps");
            (is_fast && is_told).then_some(())
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn camera_with_a_wrong_password_is_asked_once_and_works_after_the_right_one() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    for scheme in [Scheme::Basic, Scheme::DIGEST] {
        let camera = start_sim(CameraConfig {
            auth: Auth::new("admin", "right", scheme),
            ..still()
        })
        .await;
        let mut link = link(camera.addr().port(), "/cgi-bin/mjpeg");
        link["user"] = json!("admin");
        link["password"] = json!("wrong-secret");
        let id = api.add_camera("locked", &link).await;
        let status = soon("the wrong password to show", async || {
            let status = api.camera(&id).await["status"].clone();
            status["cause"].is_object().then_some(status)
        })
        .await;
        assert_eq!(status["cause"]["code"], "wrong_password", "{scheme:?}");
        assert!(!status.to_string().contains("wrong-secret"), "{status}");
        // Long enough for several retries, were it to hammer.
        tokio::time::sleep(Duration::from_secs(5)).await;
        let counters = camera.counters();
        assert_eq!(counters.auth_failures, 1, "{scheme:?}: {counters:?}");
        assert!(counters.requests <= 2, "{scheme:?}: {counters:?}");
        api.change_camera(&id, |camera| camera["link"]["password"] = json!("right"))
            .await;
        api.wait_for_state(&id, "receiving").await;
        assert_eq!(camera.counters().auth_failures, 1, "{scheme:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_certificate_stops_the_camera_until_it_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    let camera = start_sim(CameraConfig {
        tls: Some(Tls::default()),
        ..still()
    })
    .await;
    let mut link = link(camera.addr().port(), "/cgi-bin/mjpeg");
    link["protocol"] = json!("https");
    let id = api.add_camera("tls", &link).await;
    let status = soon("the certificate to be refused", async || {
        let status = api.camera(&id).await["status"].clone();
        status["cause"].is_object().then_some(status)
    })
    .await;
    assert_eq!(status["cause"]["code"], "certificate_untrusted");
    assert_eq!(status["certificate_sha256"], fingerprint(&camera));
    trust(&api, &id, &fingerprint(&camera)).await;
    api.wait_for_state(&id, "receiving").await;

    camera.renew_certificate().unwrap();
    camera.set_faults(&[Fault::Reboot]);
    let status = api.wait_for_state(&id, "failed").await;
    assert_eq!(status["cause"]["code"], "certificate_changed");
    assert_eq!(camera.counters().streams, 1, "nothing was asked of it");
    trust(&api, &id, &fingerprint(&camera)).await;
    api.wait_for_state(&id, "receiving").await;
}

async fn trust(api: &Api, id: &str, fingerprint: &str) {
    api.change_camera(id, |camera| {
        camera["link"]["fingerprint"] = json!(fingerprint);
    })
    .await;
}

fn fingerprint(camera: &SimCamera) -> String {
    let hash = camera.certificate_sha256().expect("it speaks TLS");
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Three pictures within a second, then a reset (RST) in place of an end.
async fn reset_after_a_second(mut client: TcpStream, jpeg: &[u8]) -> std::io::Result<()> {
    let mut request = [0; 4_096];
    let _n_read = client.read(&mut request).await?;
    let head = "HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n";
    client.write_all(head.as_bytes()).await?;
    for _ in 0..3 {
        let part = format!(
            "--x\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            jpeg.len()
        );
        client.write_all(part.as_bytes()).await?;
        client.write_all(jpeg).await?;
        client.write_all(b"\r\n").await?;
        tokio::time::sleep(Duration::from_millis(333)).await;
    }
    client.set_zero_linger()
}

#[tokio::test(flavor = "multi_thread")]
async fn camera_that_resets_the_connection_each_second_is_opened_again_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&folder.path().join("data"), &[]);
    let api = Api::set_up(&program).await;
    let grey = jpeg::RgbImage {
        width_px: 64,
        height_px: 48,
        data: vec![114; 64 * 48 * 3],
    };
    let jpeg = jpeg::Encoder::new().unwrap().rgb(&grey, 70).unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // Whoever hangs up first is no matter here.
            drop(reset_after_a_second(client, &jpeg).await);
        }
    });
    let id = api.add_camera("resets", &link(port, "/feed")).await;
    let status = soon("the reset to show", async || {
        let status = api.camera(&id).await["status"].clone();
        (status["cause"]["code"] == "hung_up").then_some(status)
    })
    .await;
    let message = status["cause"]["message"].as_str().unwrap();
    assert!(message.contains("reset"), "{message}");
    soon("it to be opened again", async || {
        let opened = api.metric("relay_connections_opened_total", &id).await;
        let received = api.metric("relay_frames_received_total", &id).await;
        (opened >= 3 && received >= 7).then_some(())
    })
    .await;
    assert_eq!(api.metric("relay_pipeline_panics_total", &id).await, 0);
    server.abort();
}
