//! Real servers as cameras: ffmpeg, and the surveillance program `motion`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use relay::SystemClock;
use serde_json::{Value, json};
use types::{Clock as _, Timestamp};

use crate::replay::{events, replayed};
use crate::support::{
    Api, Guarded, Program, free_port, install_detector, is_installed, link, soon, whole_picture,
};

/// Part of the shared clip that is played: three persons enter in it, the
/// last of them well before its end.
const SECONDS: &str = "18";

/// The clip as `options` make it, in `folder`.
fn make_clip(folder: &Path, name: &str, options: &[&str]) -> Option<PathBuf> {
    let clip = testkit::shared_data("media/people-detection.264")?;
    if !is_installed("ffmpeg") {
        return None;
    }
    let made = folder.join(name);
    let status = ffmpeg()
        .args(["-framerate", "12", "-i"])
        .arg(clip)
        .args(["-t", SECONDS])
        .args(options)
        .arg(&made)
        .status()
        .expect("it is installed");
    assert!(status.success());
    Some(made)
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command
        .args(["-v", "error", "-nostdin"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// What an alarm is: what, who, where, and seconds after the first picture.
type Alarm = (String, String, u64, f64);

#[tokio::test(flavor = "multi_thread")]
async fn clip_through_ffmpeg_and_http_gives_the_events_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let as_pictures = ["-r", "5", "-c:v", "mjpeg", "-q:v", "3", "-f", "mjpeg"];
    let Some(clip) = make_clip(folder, "clip.mjpeg", &as_pictures) else {
        return;
    };
    let Some(printed) = replayed(folder, &clip, &["person"]) else {
        return;
    };
    let start = Timestamp::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
    let is_begin = |event: &&Value| event["phase"] == "begin";
    let mut expected: Vec<Alarm> = events(&printed)
        .iter()
        .filter(is_begin)
        .map(|event| alarm(event, &event["zone"], start))
        .collect();
    assert!(!expected.is_empty(), "{printed}");

    let model = install_detector(folder).expect("it was there a moment ago");
    let data_dir = folder.join("data");
    let program = Program::start(&data_dir, &["--model", model.to_str().unwrap()]);
    let api = Api::set_up(&program).await;
    let port = free_port();
    let id = api.add_camera("ffmpeg", &link(port, "/feed")).await;
    set_rules(&api, &id).await;
    // It serves one client, once: the clip starts when airelay connects.
    let _server = Guarded::spawn(
        ffmpeg()
            .args(["-re", "-f", "mjpeg", "-framerate", "5", "-i"])
            .arg(&clip)
            .args(["-c", "copy", "-f", "mpjpeg", "-listen", "1"])
            .arg(format!("http://127.0.0.1:{port}/feed")),
    );
    let first_picture_at = soon("the first picture", async || {
        let age_s = api.camera(&id).await["status"]["frame_age_s"].as_f64()?;
        let now = SystemClock::new().now();
        let n_received = api.metric("relay_frames_received_total", &id).await;
        // The age is of the newest picture; they come five times a second.
        let since_first_s = age_s + 0.2 * f64::from(u32::try_from(n_received).ok()?) - 0.2;
        Some(now.saturating_sub(std::time::Duration::from_secs_f64(since_first_s.max(0.0))))
    })
    .await;
    let n_frames = u64::from(SECONDS.parse::<u32>().unwrap() * 5);
    soon("the clip to end", async || {
        let n_received = api.metric("relay_frames_received_total", &id).await;
        (n_received >= n_frames - 1).then_some(())
    })
    .await;
    let mut actual: Vec<Alarm> = soon("the events to be stored", async || {
        let stored = api.events().await;
        (stored.len() >= expected.len()).then_some(stored)
    })
    .await
    .iter()
    .map(|event| alarm(event, &event["zone_id"], first_picture_at))
    .collect();
    expected.sort_by(|a, b| a.3.total_cmp(&b.3));
    actual.sort_by(|a, b| a.3.total_cmp(&b.3));
    assert_eq!(actual.len(), expected.len(), "{actual:?} {expected:?}");
    for (actual, expected) in actual.iter().zip(&expected) {
        assert_eq!(
            (&actual.0, &actual.1, actual.2),
            (&expected.0, &expected.1, expected.2)
        );
        let off_s = (actual.3 - expected.3).abs();
        assert!(off_s < 1.0, "{off_s} s apart: {actual:?} {expected:?}");
    }
}

fn alarm(event: &Value, zone: &Value, start: Timestamp) -> Alarm {
    let text = |field: &str| event[field].as_str().expect("a text").to_owned();
    let started_at = Timestamp::parse_rfc3339(&text("started_at")).expect("a time");
    (
        text("kind"),
        text("class"),
        zone.as_u64().expect("a zone"),
        started_at.saturating_since(start).as_secs_f64(),
    )
}

async fn set_rules(api: &Api, id: &str) {
    api.change_camera(id, |camera| {
        let document = whole_picture(&["person"]);
        camera["zones"] = document["zones"].clone();
        camera["rules"] = document["rules"].clone();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn motion_with_digest_login_is_a_camera_like_any_other() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Some(clip) = make_clip(folder, "clip.mp4", &["-c", "copy"]) else {
        return;
    };
    if !is_installed("motion") {
        return;
    }
    let port = free_port();
    let config = folder.join("motion.conf");
    std::fs::write(&config, motion_config(folder, &clip, port)).unwrap();
    let _server = Guarded::spawn(
        Command::new("motion")
            .arg("-n")
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    let program = Program::start(&folder.join("data"), &[]);
    let api = Api::set_up(&program).await;
    let mut link = link(port, "/stream");
    link["user"] = json!("viewer");
    link["password"] = json!("secret");
    let id = api.add_camera("motion", &link).await;
    let status = api.wait_for_state(&id, "receiving").await;
    assert_eq!(status["http_status"], 200, "{status}");
    assert_eq!(status["auth_scheme"], "Digest MD5", "{status}");
    soon("pictures to be analysed", async || {
        let n_analysed = api.metric("relay_frames_analysed_total", &id).await;
        (n_analysed >= 10).then_some(())
    })
    .await;
    let status = &api.camera(&id).await["status"];
    let size = json!({"width_px": 768, "height_px": 432});
    assert_eq!(status["resolution"], size, "{status}");
    assert_eq!(status["decode_errors"], 0, "{status}");
}

fn motion_config(folder: &Path, clip: &Path, port: u16) -> String {
    format!(
        "daemon off\n\
         setup_mode off\n\
         log_file {folder}/motion.log\n\
         target_dir {folder}\n\
         netcam_url file://{clip}\n\
         width 768\n\
         height 432\n\
         framerate 5\n\
         movie_output off\n\
         picture_output off\n\
         webcontrol_port 0\n\
         stream_port {port}\n\
         stream_localhost on\n\
         stream_auth_method 2\n\
         stream_authentication viewer:secret\n\
         stream_maxrate 5\n",
        folder = folder.display(),
        clip = clip.display(),
    )
}
