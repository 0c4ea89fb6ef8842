//! What curl and ffmpeg make of our logins, streams and certificates.

use std::process::{Command, Output};

use sim::{Algorithm, Auth, CameraConfig, Qop, Quirk, Scheme, Spelling, Tls};

use crate::{small, start};

/// Runs a program; `None` when it is not installed (in CI, that fails).
async fn run(program: &'static str, args: Vec<String>) -> Option<Output> {
    let output = tokio::task::spawn_blocking(move || Command::new(program).args(args).output())
        .await
        .expect("starting a program does not panic");
    if output.is_err() {
        assert!(std::env::var("CI").is_err(), "{program} is not installed");
    }
    output.ok()
}

fn args(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// curl's status code for one snapshot.
async fn status(url: &str, more: &[&str]) -> Option<String> {
    let mut words = args(&["-s", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}"]);
    words.extend(args(more));
    words.push(url.to_owned());
    let output = run("curl", words).await?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

const DIGESTS: [(Algorithm, Qop); 5] = [
    (Algorithm::Md5, Qop::Auth),
    (Algorithm::Md5, Qop::None),
    (Algorithm::Md5Sess, Qop::Auth),
    (Algorithm::Sha256, Qop::Auth),
    (Algorithm::Sha256, Qop::None),
];

#[tokio::test]
async fn curl_logs_in_by_every_digest_and_wrong_passwords_are_counted() {
    for (algorithm, qop) in DIGESTS {
        let scheme = Scheme::Digest {
            algorithm,
            qop,
            spelling: Spelling::Usual,
        };
        let camera = start(CameraConfig {
            auth: Auth::new("admin", "a:b \"c\"", scheme),
            ..small()
        })
        .await;
        let url = camera.url("/cgi-bin/camera?stream=1&channel=2");
        let Some(right) = status(&url, &["--digest", "-u", "admin:a:b \"c\""]).await else {
            return;
        };
        assert_eq!(right, "200", "{algorithm:?} {qop:?}");
        let wrong = status(&url, &["--digest", "-u", "admin:guess"]).await;
        assert_eq!(wrong.as_deref(), Some("401"), "{algorithm:?} {qop:?}");
        let counters = camera.counters();
        assert_eq!(
            (counters.auth_failures, counters.snapshots),
            (1, 1),
            "{algorithm:?} {qop:?}"
        );
        camera.stop().await;
    }
}

#[tokio::test]
async fn locked_camera_refuses_the_right_password_until_unlocked() {
    let auth = Auth {
        lock_after: Some(2),
        ..Auth::new("admin", "secret", Scheme::Basic)
    };
    let camera = start(CameraConfig { auth, ..small() }).await;
    let url = camera.url("/snap.jpg");
    for expected in ["401", "401", "403"] {
        let Some(status) = status(&url, &["-u", "admin:guess"]).await else {
            return;
        };
        assert_eq!(status, expected);
    }
    assert_eq!(
        status(&url, &["-u", "admin:secret"]).await.as_deref(),
        Some("403")
    );
    camera.unlock();
    assert_eq!(
        status(&url, &["-u", "admin:secret"]).await.as_deref(),
        Some("200")
    );
    assert_eq!(camera.counters().locked_out, 2);
    camera.stop().await;
}

#[tokio::test]
async fn ffmpeg_reads_the_stream_plain_and_with_quirks_it_bears() {
    let bearable = [
        None,
        Some(Quirk::DashesInBoundary),
        Some(Quirk::QuotedBoundary),
        Some(Quirk::NoLength),
        Some(Quirk::LowerCaseHeaders),
        Some(Quirk::Http10),
        Some(Quirk::VendorData),
    ];
    for quirk in bearable {
        let camera = start(CameraConfig {
            quirks: quirk.into_iter().collect(),
            ..small()
        })
        .await;
        let url = camera.url("/cgi-bin/mjpeg?stream=1");
        let words = args(&[
            "-v",
            "error",
            "-f",
            "mpjpeg",
            "-i",
            &url,
            "-frames:v",
            "5",
            "-f",
            "framemd5",
            "-",
        ]);
        let Some(output) = run("ffmpeg", words).await else {
            return;
        };
        let text = String::from_utf8_lossy(&output.stdout);
        let n_frames = text.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(
            n_frames,
            5,
            "{quirk:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        camera.stop().await;
    }
}

#[tokio::test]
async fn curl_trusts_our_certificate_only_when_told_and_sees_a_new_one() {
    let camera = start(CameraConfig {
        tls: Some(Tls::default()),
        ..small()
    })
    .await;
    let url = camera.url("/snap.jpg");
    let Some(blind) = status(&url, &["-k"]).await else {
        return;
    };
    assert_eq!(blind, "200");
    assert_eq!(status(&url, &[]).await.as_deref(), Some("000"));
    let before = camera.certificate_sha256();
    camera.renew_certificate().expect("a key can be made");
    assert_ne!(camera.certificate_sha256(), before);
    assert_eq!(status(&url, &["-k"]).await.as_deref(), Some("200"));
    assert_eq!(camera.counters().failed_handshakes, 1);
    camera.stop().await;
}
