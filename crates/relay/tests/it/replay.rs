//! `airelay replay` on shared clips: the same twice, and what is found.

use std::path::Path;
use std::process::{Command, Stdio};

use expect_test::{Expect, expect};
use serde_json::Value;

use crate::support::{install_detector, is_installed, whole_picture};

/// Runs a replay with one rule for `classes` over the whole picture; what it
/// printed, or `None` without shared test data or ffmpeg.
pub(crate) fn replayed(folder: &Path, clip: &Path, classes: &[&str]) -> Option<String> {
    let model = install_detector(folder)?;
    if !is_installed("ffmpeg") {
        return None;
    }
    let settings = folder.join("settings.json");
    let text = whole_picture(classes).to_string();
    std::fs::write(&settings, text).expect("the temporary folder can be written");
    let output = Command::new(env!("CARGO_BIN_EXE_airelay"))
        .arg("replay")
        .arg(clip)
        .arg("--settings")
        .arg(settings)
        .arg("--model")
        .arg(model)
        .arg("--data-dir")
        .arg(folder.join("data"))
        .stdin(Stdio::null())
        .output()
        .expect("the program can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Some(String::from_utf8(output.stdout).expect("JSON lines are text"))
}

/// The events in what a replay printed.
pub(crate) fn events(printed: &str) -> Vec<Value> {
    lines(printed)
        .filter_map(|mut line| line.get_mut("event").map(Value::take))
        .collect()
}

fn lines(printed: &str) -> impl Iterator<Item = Value> {
    let parse = |line| serde_json::from_str(line).expect("each line is JSON");
    printed.lines().map(parse)
}

/// The summary and one line per alarm: when, who, how long.
fn digest(printed: &str) -> String {
    let mut digest = String::new();
    for event in events(printed)
        .iter()
        .filter(|event| event["phase"] == "end")
    {
        let time = |field: &str| {
            event[field]
                .as_str()
                .unwrap_or_default()
                .replace("2026-01-01T00:", "")
        };
        digest += &format!(
            "{} to {} {} track {}\n",
            time("started_at"),
            time("ended_at"),
            event["class"].as_str().unwrap_or_default(),
            event["track"]
        );
    }
    let summary = lines(printed).last().expect("there is a summary");
    for field in ["frames", "decode_errors", "tracks", "events"] {
        digest += &format!("{field}: {}\n", summary["summary"][field]);
    }
    digest
}

fn check(clip: &str, classes: &[&str], expected: &Expect) {
    let Some(clip) = testkit::shared_data(&format!("media/{clip}")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    if let Some(printed) = replayed(folder.path(), &clip, classes) {
        expected.assert_eq(&digest(&printed));
    }
}

#[test]
fn same_clip_and_settings_give_the_same_lines_to_the_byte() {
    let Some(clip) = testkit::shared_data("media/person-bicycle-car-detection.mp4") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let run = || replayed(folder.path(), &clip, &["person", "car", "bicycle"]);
    let (Some(first), Some(second)) = (run(), run()) else {
        return;
    };
    assert_eq!(first, second);
    assert!(!events(&first).is_empty());
}

/// Seven persons cross a hall, up to three at once: one alarm each.
#[test]
fn persons_crossing_a_hall_raise_alarms() {
    check(
        "people-detection.264",
        &["person"],
        &expect![[r#"
            00:01.800Z to 00:06.200Z person track 1
            00:15.200Z to 00:19.800Z person track 4
            00:15.200Z to 00:20.600Z person track 3
            00:28.600Z to 00:33.000Z person track 6
            00:29.600Z to 00:33.200Z person track 7
            00:28.400Z to 00:33.200Z person track 5
            00:43.800Z to 00:46.400Z person track 8
            frames: 248
            decode_errors: 0
            tracks: {"person":7}
            events: {"intruder":7}
        "#]],
    );
}

/// Six persons enter, wait and leave, one after another: one alarm each.
#[test]
fn six_visits_one_after_another_raise_alarms() {
    check(
        "one-by-one-person-detection.mp4",
        &["person"],
        &expect![[r#"
            00:06.600Z to 00:19.600Z person track 1
            00:23.000Z to 00:44.600Z person track 2
            00:50.800Z to 01:09.600Z person track 3
            01:14.800Z to 01:26.600Z person track 4
            01:33.200Z to 01:59.600Z person track 5
            02:04.000Z to 02:15.800Z person track 6
            frames: 697
            decode_errors: 0
            tracks: {"person":6}
            events: {"intruder":6}
        "#]],
    );
}

/// A car park: two cars, two riders with their bicycles, one walker.
#[test]
fn car_park_raises_alarms_by_class() {
    check(
        "person-bicycle-car-detection.mp4",
        &["person", "bicycle", "car"],
        &expect![[r#"
            00:02.000Z to 00:03.400Z car track 1
            00:12.400Z to 00:13.400Z person track 2
            00:13.200Z to 00:13.200Z bicycle track 6
            00:25.000Z to 00:29.400Z person track 7
            00:33.600Z to 00:33.600Z person track 10
            00:31.800Z to 00:33.200Z car track 9
            00:33.600Z to 00:33.600Z bicycle track 11
            frames: 192
            decode_errors: 0
            tracks: {"bicycle":2,"car":2,"person":3}
            events: {"intruder":7}
        "#]],
    );
}
