//! The example program, built from its source, on drawn scenes.

use std::path::PathBuf;
use std::process::Command;

use expect_test::expect;
use extension::{
    CameraSetup, Extension, ExtensionProgram, Host, Limits, Package, SecretKey, StartError,
    Unsigned, Value, Values,
};
use programs::Program;
use types::{
    CameraLine, Class, Line, LineId, NormBox, NormPoint, Scene, Timestamp, Track, TrackId,
    TrackState,
};

use crate::guest;

/// Set where the compiler's WebAssembly target cannot be had: the tests of
/// the example are then left out, on the word of whoever sets it.
const WITHOUT: &str = "AIRELAY_WITHOUT_EXAMPLE";

/// The example, built and packed as its page says; `None` only where the
/// environment asks to leave it out.
fn tailgating() -> Option<Extension> {
    if std::env::var_os(WITHOUT).is_some() {
        println!("NOT TESTED: the example program, because {WITHOUT} is set");
        return None;
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/tailgating");
    // Under the workspace's own target folder, so that it is built once.
    let target_folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tailgating");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--quiet"])
        .args(["--target", "wasm32-wasip2", "--target-dir"])
        .arg(&target_folder)
        .current_dir(&folder)
        .env_remove("CARGO_TARGET_DIR")
        .output()
        .expect("cargo runs, it runs this test");
    assert!(
        output.status.success(),
        "build examples/tailgating: {}\nrun `rustup target add wasm32-wasip2`, or set {WITHOUT}=1 to leave it out",
        String::from_utf8_lossy(&output.stderr)
    );
    let component = target_folder.join("wasm32-wasip2/release/tailgating.wasm");
    let component = std::fs::read(component).expect("cargo wrote it");
    let manifest = std::fs::read_to_string(folder.join("manifest.toml")).expect("it is there");
    let bytes = Unsigned {
        manifest: &manifest,
        component: &component,
        ..Unsigned::default()
    }
    .sign(&SecretKey::generate().expect("there is randomness"))
    .expect("manifest and component are right");
    let package = Package::read(&bytes).expect("just signed");
    Some(Host::new().unwrap().load(&package).expect("it fits"))
}

/// A door across the middle of the picture, drawn upwards: its right is the
/// right half.
fn camera() -> CameraSetup {
    let points = vec![NormPoint::new(0.5, 1.0), NormPoint::new(0.5, 0.0)];
    CameraSetup {
        lines: vec![CameraLine {
            line_id: LineId(4),
            name: "Door".to_owned(),
            line: Line::new(points).expect("a right line"),
        }],
        ..guest::camera(1)
    }
}

fn start(extension: &Extension) -> ExtensionProgram {
    let values = Values::from([("door".to_owned(), Value::Line(Some(LineId(4))))]);
    extension
        .start(camera(), &values, Limits::default())
        .expect("a door is chosen")
}

/// A scene at `millis` with people standing at the given places.
fn scene(millis: i64, people: &[(u64, f32)]) -> Scene {
    let captured_at = Timestamp::from_millis(millis);
    let track = |&(track_id, x): &(u64, f32)| Track {
        track_id: TrackId(track_id),
        state: TrackState::Confirmed,
        bbox: NormBox::from_xyxy(x - 0.02, 0.3, x + 0.02, 0.6),
        class: Class::Person,
        score: 0.8,
        first_seen_at: captured_at,
        last_seen_at: captured_at,
        velocity: (0.0, 0.0),
        is_stationary: false,
        moved: types::Moved::Surely,
    };
    Scene {
        captured_at,
        tracks: people.iter().map(track).collect(),
        ..Scene::default()
    }
}

#[test]
fn second_person_through_the_door_raises_one_alarm() {
    let Some(extension) = tailgating() else {
        return;
    };
    let mut program = start(&extension);
    let mut text = String::new();
    // Two people walk to the right, 1.2 s apart; then nobody is there.
    for step in 0..400_u16 {
        let x = |behind: f32| 0.3 + 0.025 * (f32::from(step) - behind);
        let people = match step {
            0..20 => vec![(1, x(0.0)), (2, x(6.0))],
            _ => Vec::new(),
        };
        let scene = scene(200 * i64::from(step), &people);
        let output = program.update(&scene, &[]);
        for event in output.events {
            text.push_str(&format!(
                "{:.1} s: {} {} line {} track {}",
                event.at.as_millis() as f64 / 1e3,
                event.rule_name,
                event.phase.name(),
                event.detail.line_id.map_or(0, |line_id| line_id.0),
                event.track_id.map_or(0, |track_id| track_id.0),
            ));
            for gate in event.why {
                text.push_str(&format!(", {}", gate.outcome));
            }
            text.push('\n');
        }
        for count in output.counts {
            text.push_str(&format!(
                "{}: {} {}\n",
                count.until,
                count.metric.name(),
                count.value
            ));
        }
    }
    assert_eq!(program.fault(), None);
    expect![[r#"
        2.8 s: Tailgating begin line 4 track 2, 2 went left to right, 1.2 s after 1
        7.8 s: Tailgating end line 4 track 2
        1970-01-01T00:01:00.000Z: in 2
        1970-01-01T00:01:00.000Z: out 0
    "#]]
    .assert_eq(&text);
}

#[test]
fn example_without_a_door_asks_for_one() {
    let Some(extension) = tailgating() else {
        return;
    };
    let refused = extension.start(camera(), &Values::new(), Limits::default());
    assert_eq!(
        refused.unwrap_err(),
        StartError::Refused {
            text: "choose the line that is drawn across the door".to_owned()
        }
    );
}

#[test]
fn example_needs_few_instructions_for_fifty_people() {
    let Some(extension) = tailgating() else {
        return;
    };
    let mut program = start(&extension);
    let people: Vec<(u64, f32)> = (0..50).map(|track_id| (track_id, 0.3)).collect();
    for step in 0..20 {
        program.update(&scene(200 * step, &people), &[]);
    }
    let usage = program.usage();
    println!("{usage:?}");
    assert!(usage.max_instructions < 100_000, "{usage:?}");
    assert!(usage.memory_bytes <= 4 << 20, "{usage:?}");
}
