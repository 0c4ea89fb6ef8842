use super::*;
use crate::link::{Link, LinkText};

#[test]
fn page_for_installers_has_exactly_these_presets() {
    let page = include_str!("../../../../docs/cameras.md");
    let rows: String = all()
        .iter()
        .map(|preset| {
            let path = command(preset, &PresetInput::default()).unwrap();
            let mode = match preset.mode {
                Mode::OneShot => "one shot",
                Mode::Stream | Mode::Automatic => "stream",
            };
            format!(
                "| {} | {mode} | `{path}` | {} |\n",
                preset.label, preset.note
            )
        })
        .collect();
    let table = "| camera | mode | URL after the address | note |\n|---|---|---|---|\n";
    assert!(
        page.contains(&format!("{table}{rows}\n")),
        "docs/cameras.md should hold:\n{table}{rows}"
    );
}

#[test]
fn choices_are_written_where_the_maker_wants_them() {
    let input = PresetInput {
        width_px: 1280,
        height_px: 720,
        fps: 4,
        stream: 2,
        channel: 3,
    };
    for (id, expected) in [
        ("ipro_mjpeg", "/cgi-bin/mjpeg?stream=2&frame=4"),
        (
            "axis_mjpeg",
            "/axis-cgi/mjpg/video.cgi?resolution=1280x720&fps=4&camera=3",
        ),
        ("vivotek_mjpeg", "/video3s2.mjpg"),
        ("avigilon_one_shot", "/media/cam2/still.jpg"),
        ("bosch_one_shot", "/snap.jpg"),
    ] {
        assert_eq!(command(find(id).unwrap(), &input).unwrap(), expected);
    }
}

#[test]
fn impossible_choices_are_refused_in_words() {
    let axis = find("axis_mjpeg").unwrap();
    for (input, expected) in [
        (
            PresetInput {
                width_px: 1000,
                ..PresetInput::default()
            },
            "1000x1080 is not possible here: choose one of 1920x1080, 1280x720, 640x360",
        ),
        (
            PresetInput {
                fps: 0,
                ..PresetInput::default()
            },
            "fps is 0: choose a number from 1 to 60",
        ),
        (
            PresetInput {
                channel: 5,
                ..PresetInput::default()
            },
            "channel is 5: choose a number from 1 to 4",
        ),
    ] {
        assert_eq!(command(axis, &input).unwrap_err().to_string(), expected);
    }
}

#[test]
fn every_preset_writes_a_path_that_the_link_takes() {
    for preset in all() {
        let path = command(preset, &PresetInput::default()).unwrap();
        assert!(!path.contains('{'), "{path}");
        let text = LinkText {
            host: "camera".to_owned(),
            path: path.clone(),
            ..LinkText::default()
        };
        assert_eq!(Link::parse(&text).unwrap().path(), path);
    }
}

#[test]
fn known_streams_have_a_path_for_single_pictures() {
    for (stream, expected) in [
        (
            "/cgi-bin/mjpeg?stream=2&frame=5",
            Some("/cgi-bin/camera?stream=2"),
        ),
        (
            "/axis-cgi/mjpg/video.cgi?resolution=1280x720&fps=5",
            Some("/axis-cgi/jpg/image.cgi?resolution=1280x720"),
        ),
        ("/nphMotionJpeg", Some("/SnapshotJPEG")),
        ("/video1s1.mjpg", None),
    ] {
        assert_eq!(one_shot_path(stream).as_deref(), expected);
    }
}
