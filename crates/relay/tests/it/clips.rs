//! Clips of alarms from outside: the camera's own bytes, kept over a kill, and
//! the files that players open.

use std::io::{Cursor, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use sim::{CameraConfig, Content, FeedConfig, SimCamera};

use crate::support::{Api, Program, is_installed, link, soon, start_sim};

/// Pictures of the camera: so many different ones.
const N_PICTURES: u8 = 12;

/// A folder of pictures, no two alike.
fn pictures(folder: &Path) -> PathBuf {
    let folder = folder.join("pictures");
    std::fs::create_dir(&folder).unwrap();
    let mut encoder = jpeg::Encoder::new().unwrap();
    for number in 0..N_PICTURES {
        let mut image = jpeg::RgbImage::new(160, 96);
        for (idx, value) in image.data.iter_mut().enumerate() {
            *value = u8::try_from(idx % 199).unwrap() ^ (number * 16);
        }
        let bytes = encoder.rgb(&image, 80).unwrap();
        std::fs::write(folder.join(format!("{number:02}.jpg")), bytes).unwrap();
    }
    folder
}

/// A camera that shows them, and an alarm since it sends nothing any more.
struct Alarmed {
    api: Api,
    program: Program,
    data_dir: PathBuf,
    folder: PathBuf,
    camera: String,
    alarm: String,
    _folder: tempfile::TempDir,
}

impl Alarmed {
    async fn start() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let folder = pictures(temporary.path());
        let data_dir = temporary.path().join("data");
        let program = Program::start(&data_dir, &[]);
        let api = Api::set_up(&program).await;
        let sim: SimCamera = start_sim(CameraConfig {
            feed: FeedConfig {
                content: Content::Folder(folder.clone()),
                fps: 10.0,
                ..FeedConfig::default()
            },
            ..CameraConfig::default()
        })
        .await;
        let camera = api
            .add_camera("Gate", &link(sim.addr().port(), "/stream"))
            .await;
        api.change_camera(&camera, |document| {
            document["rules"] = json!([{"id": 1, "name": "No picture", "kind": "signal_lost",
                "is_enabled": true, "after_s": 5}]);
            document["clips"]["before_s"] = json!(3);
        })
        .await;
        soon("pictures of more than the seconds before", async || {
            (api.metric("relay_frames_received_total", &camera).await > 50).then_some(())
        })
        .await;
        sim.stop().await;
        let alarm = soon("an alarm", async || {
            let alarms = api.get("/api/v1/alarms").await.ok();
            Some(alarms["alarms"][0]["id"].as_str()?.to_owned())
        })
        .await;
        Alarmed {
            api,
            program,
            data_dir,
            folder,
            camera,
            alarm,
            _folder: temporary,
        }
    }

    fn path(&self, more: &str) -> String {
        format!("/api/v1/alarms/{}/clip{more}", self.alarm)
    }

    /// The clip, once its pictures are written.
    async fn clip(&self) -> Value {
        soon("the clip's pictures", async || {
            let clip = self.api.get(&self.path("")).await.ok();
            (clip["frames"].as_array()?.len() >= 20).then_some(clip)
        })
        .await
    }

    fn sent(&self) -> Vec<Vec<u8>> {
        (0..N_PICTURES)
            .map(|number| std::fs::read(self.folder.join(format!("{number:02}.jpg"))).unwrap())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clip_has_the_cameras_own_bytes_and_outlives_a_kill() {
    let mut alarmed = Alarmed::start().await;
    let clip = alarmed.clip().await;
    assert_eq!(clip["state"], "recording", "the alarm goes on");
    let frames = clip["frames"].as_array().unwrap();
    let times: Vec<&str> = frames
        .iter()
        .map(|frame| frame["at"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    let sent = alarmed.sent();
    for number in [0, frames.len() - 1] {
        let path = alarmed.path(&format!("/frames/{number}.jpg"));
        let got = alarmed.api.get(&path).await;
        assert_eq!(got.status, 200);
        assert!(sent.contains(&got.bytes), "picture {number} is no camera's");
    }
    for (more, status) in [
        ("/frames/9999.jpg", 404),
        ("/frames/x.jpg", 404),
        ("/frames/0", 404),
    ] {
        assert_eq!(
            alarmed.api.get(&alarmed.path(more)).await.status,
            status,
            "{more}"
        );
    }
    let stranger = Api::anonymous(&alarmed.program);
    assert_eq!(stranger.get(&alarmed.path("")).await.status, 401);

    let usage = alarmed.api.get("/api/v1/clips").await.ok();
    let on_disk = usage["cameras"][0]["len_bytes"].as_u64().unwrap();
    assert!(on_disk > clip["len_bytes"].as_u64().unwrap(), "{usage}");
    let written = alarmed
        .api
        .metric("relay_clip_pictures_total", &alarmed.camera)
        .await;
    assert!(written >= frames.len() as u64);

    alarmed.program.kill_at_once().await;
    alarmed.program = Program::start(&alarmed.data_dir, &[]);
    alarmed.api = Api::sign_in(&alarmed.program).await;
    let after = alarmed.api.get(&alarmed.path("")).await.ok();
    assert_eq!(after["frames"], clip["frames"]);
    assert_eq!(after["state"], "kept");
    let last = alarmed.path(&format!("/frames/{}.jpg", frames.len() - 1));
    assert!(sent.contains(&alarmed.api.get(&last).await.bytes));
}

#[tokio::test(flavor = "multi_thread")]
async fn clips_that_are_off_are_not_recorded_and_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let program = Program::start(&data_dir, &[]);
    let api = Api::set_up(&program).await;
    let camera = api.add_camera("Gate", &link(9, "/stream")).await;
    api.change_camera(&camera, |document| {
        document["rules"] = json!([{"id": 1, "name": "No picture", "kind": "signal_lost",
            "is_enabled": true, "after_s": 5}]);
        document["clips"]["is_on"] = json!(false);
    })
    .await;
    let alarm = soon("an alarm", async || {
        let alarms = api.get("/api/v1/alarms").await.ok();
        Some(alarms["alarms"][0]["id"].as_str()?.to_owned())
    })
    .await;
    let zip = api
        .post("/api/v1/alarms/evidence", &json!({"alarms": [alarm]}))
        .await;
    let mut zip = zip::ZipArchive::new(Cursor::new(zip.bytes)).unwrap();
    let mut why = String::new();
    let name = format!("{alarm}/clip.txt");
    zip.by_name(&name)
        .unwrap()
        .read_to_string(&mut why)
        .unwrap();
    assert_eq!(why, "Clips are switched off for this camera.\r\n");
    let clip = api.get(&format!("/api/v1/alarms/{alarm}/clip")).await.ok();
    assert_eq!(
        (&clip["state"], &clip["reason"]),
        (&json!("none"), &json!("off"))
    );
    assert_eq!(clip["message"], "Clips are switched off for this camera.");

    let mut document = api.camera(&camera).await;
    document["clips"]["quota_mb"] = json!(1);
    document.as_object_mut().unwrap().remove("status");
    let refused = api
        .put(&format!("/api/v1/cameras/{camera}"), &document)
        .await;
    assert_eq!(refused.status, 422);
    assert!(
        refused.json["error"]["fields"]["clips.quota_mb"].is_string(),
        "{}",
        refused.json
    );
}

/// What `ffprobe` prints about the pictures of a file.
fn probe(file: &Path, fields: &str) -> Vec<String> {
    let output = Command::new("ffprobe")
        .args([
            "-v",
            "error",
            "-select_streams",
            "v:0",
            "-show_entries",
            fields,
        ])
        .args(["-of", "csv=p=0"])
        .arg(file)
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && errors.is_empty(), "{errors}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text
        .lines()
        .map(|line| line.trim_end_matches(',').to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}

/// When pictures are, in milliseconds from the first.
fn millis(times: &[String]) -> Vec<i64> {
    let seconds = times.iter().map(|time| time.parse::<f64>().unwrap());
    #[expect(clippy::cast_possible_truncation, reason = "some seconds")]
    let millis: Vec<i64> = seconds
        .map(|seconds| (seconds * 1_000.0).round() as i64)
        .collect();
    millis.iter().map(|at| at - millis[0]).collect()
}

/// The same of the frames as listed.
fn listed_millis(clip: &Value) -> Vec<i64> {
    let frames = clip["frames"].as_array().unwrap().iter();
    let times = frames.map(|frame| {
        types::Timestamp::parse_rfc3339(frame["at"].as_str().unwrap())
            .unwrap()
            .as_millis()
    });
    let times: Vec<i64> = times.collect();
    times.iter().map(|at| at - times[0]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn clip_files_have_every_picture_at_its_time_and_matroska_its_very_bytes() {
    if !is_installed("ffprobe") || !is_installed("ffmpeg") {
        return;
    }
    let alarmed = Alarmed::start().await;
    let clip = alarmed.clip().await;
    let listed = listed_millis(&clip);
    let folder = tempfile::tempdir().unwrap();
    let base = format!("/api/v1/alarms/{}", alarmed.alarm);

    let mkv = folder.path().join("clip.mkv");
    let answer = alarmed.api.get(&format!("{base}/clip.mkv")).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    std::fs::write(&mkv, &answer.bytes).unwrap();
    assert_eq!(millis(&probe(&mkv, "packet=pts_time")), listed);
    let stream = probe(&mkv, "stream=codec_name,width,height");
    assert_eq!(stream, ["mjpeg,160,96"]);
    // Taken apart by somebody else: each picture as the camera sent it.
    let out = folder.path().join("%04d.jpg");
    let split = Command::new("ffmpeg")
        .args(["-v", "error", "-i"])
        .arg(&mkv)
        .args(["-c", "copy", "-f", "image2"])
        .arg(&out)
        .status()
        .unwrap();
    assert!(split.success());
    for number in 0..listed.len() {
        let path = alarmed.path(&format!("/frames/{number}.jpg"));
        let sent = alarmed.api.get(&path).await.bytes;
        let file = folder.path().join(format!("{:04}.jpg", number + 1));
        assert_eq!(std::fs::read(file).unwrap(), sent, "picture {number}");
    }

    let mp4 = folder.path().join("clip.mp4");
    let answer = alarmed.api.get(&format!("{base}/clip.mp4")).await;
    assert_eq!(answer.status, 200, "{}", answer.json);
    std::fs::write(&mp4, &answer.bytes).unwrap();
    // Its times are in microseconds, those of the list are cut to milliseconds.
    let times = millis(&probe(&mp4, "packet=pts_time"));
    assert_eq!(times.len(), listed.len());
    let is_close = |(at, listed): (&i64, &i64)| (at - listed).abs() <= 1;
    assert!(
        times.iter().zip(&listed).all(is_close),
        "{times:?} {listed:?}"
    );
    let stream = probe(&mp4, "stream=codec_name,width,height");
    assert_eq!(stream, ["h264,160,96"]);
    // Each of them can be decoded.
    assert_eq!(probe(&mp4, "frame=pict_type").len(), listed.len());

    // Evidence of the alarm has the same file.
    let body = json!({"alarms": [alarmed.alarm]});
    let zip = alarmed.api.post("/api/v1/alarms/evidence", &body).await;
    assert_eq!(zip.status, 200, "{}", zip.json);
    let mut zip = zip::ZipArchive::new(Cursor::new(zip.bytes)).unwrap();
    let mut inside = Vec::new();
    let name = format!("{}/clip.mkv", alarmed.alarm);
    zip.by_name(&name)
        .unwrap()
        .read_to_end(&mut inside)
        .unwrap();
    assert!(
        inside == std::fs::read(&mkv).unwrap(),
        "another clip than the .mkv"
    );

    let audit = alarmed.api.get("/api/v1/audit").await.ok();
    let text = audit.to_string();
    assert!(
        text.contains("out as Matroska") && text.contains("out as MP4"),
        "{text}"
    );
}
