//! The detectors of the shared test data, run as the product runs them.
//!
//! In: models and labelled photographs of the shared test data; without the
//! data these tests do nothing, except under `CI=true`, where they fail.

use std::collections::BTreeMap;
use std::path::Path;

use jpeg::{Decoder, Limits, Planes, Scale};
use types::{Class, ClassGroup, Detection, NormBox};
use vision::detect::{Backend, Detector, Manifest, OrtBackend, RtenBackend};

/// Photographs looked at, the first by name that have an object in them.
const N_PICTURES: usize = 25;
/// Sides of objects counted, parts of the picture: what 416 pixels can show.
const MIN_SIDE: f32 = 0.12;

/// A photograph and the objects in it.
struct Labelled {
    planes: Planes,
    truth: Vec<(ClassGroup, NormBox)>,
}

#[derive(Clone, Copy, Debug)]
enum Engine {
    Ort,
    Rten,
}

fn detector(name: &str, engine: Engine) -> Option<Detector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/manifests");
    let text = std::fs::read_to_string(folder.join(format!("{name}.toml"))).expect("manifest");
    let manifest = Manifest::parse(&text).expect("good manifest");
    let path = testkit::shared_data(&format!("models/{}", manifest.file))?;
    let model = std::fs::read(path).expect("model is readable");
    manifest.check_model(&model).expect("model of the manifest");
    let input = &manifest.input.name;
    let backend: Box<dyn Backend> = match engine {
        Engine::Ort => match runtime::onnx_runtime() {
            Ok(ort) => {
                let loaded = OrtBackend::from_bytes(&model, ort.environment(), input);
                Box::new(loaded.expect("model loads"))
            }
            Err(error) => {
                let is_ci = std::env::var("CI").is_ok_and(|value| value == "true");
                assert!(!is_ci, "{error}");
                return None;
            }
        },
        Engine::Rten => Box::new(RtenBackend::from_bytes(&model, input).expect("model loads")),
    };
    Some(Detector::new(manifest, backend))
}

/// Photographs with an object that is not tiny.
#[expect(
    clippy::cast_possible_truncation,
    reason = "pixel positions, exact in f32"
)]
fn photographs(n_pictures: usize) -> Option<Vec<Labelled>> {
    let folder = testkit::shared_data("eval/coco_val400")?;
    let text = std::fs::read_to_string(folder.join("annotations.json")).expect("annotations");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let mut objects: BTreeMap<i64, Vec<(ClassGroup, [f64; 4])>> = BTreeMap::new();
    for entry in json["annotations"].as_array().expect("list") {
        let group = match entry["category_id"].as_i64().expect("number") {
            1 => ClassGroup::Person,
            2 | 4 => ClassGroup::TwoWheeler,
            _ => ClassGroup::Vehicle,
        };
        let bbox = [0, 1, 2, 3].map(|i| entry["bbox"][i].as_f64().expect("number"));
        if entry["iscrowd"] == 0 {
            let image_id = entry["image_id"].as_i64().expect("number");
            objects.entry(image_id).or_default().push((group, bbox));
        }
    }
    let mut decoder = Decoder::new(Limits::default()).expect("decoder");
    let mut pictures = Vec::new();
    for image in json["images"].as_array().expect("list") {
        let size = ["width", "height"].map(|side| image[side].as_f64().expect("number") as f32);
        let boxes = objects.get(&image["id"].as_i64().expect("number"));
        let truth: Vec<_> = boxes
            .into_iter()
            .flatten()
            .map(|(group, [x, y, w, h])| {
                let [x1, y1, x2, y2] = [*x, *y, x + w, y + h].map(|value| value as f32);
                let bbox =
                    NormBox::from_xyxy(x1 / size[0], y1 / size[1], x2 / size[0], y2 / size[1]);
                (*group, bbox)
            })
            .filter(|(_, bbox)| bbox.width() >= MIN_SIDE && bbox.height() >= MIN_SIDE)
            .collect();
        if truth.is_empty() {
            continue;
        }
        let file = folder
            .join("images")
            .join(image["file_name"].as_str().expect("name"));
        let mut planes = Planes::default();
        let bytes = std::fs::read(file).expect("picture is readable");
        decoder
            .planes(&bytes, Scale::Full, &mut planes)
            .expect("picture decodes");
        pictures.push(Labelled { planes, truth });
        if pictures.len() == n_pictures {
            break;
        }
    }
    Some(pictures)
}

/// Objects found with IoU 0.5 at the manifest's thresholds, of all objects of
/// the groups that the detector knows.
fn recall(detector: &mut Detector, pictures: &[Labelled], groups: &[ClassGroup]) -> f32 {
    let thresholds = detector.thresholds();
    let (mut n_found, mut n_objects) = (0_u16, 0_u16);
    for picture in pictures {
        let seen = detector
            .planes(&picture.planes)
            .expect("picture is searched");
        let believed = |one: &&Detection| {
            let class_idx = Class::ALL.iter().position(|class| *class == one.class);
            one.score >= thresholds[class_idx.expect("known class")]
        };
        for (group, bbox) in &picture.truth {
            if !groups.contains(group) {
                continue;
            }
            n_objects += 1;
            let is_it = |one: &Detection| one.class.group() == *group && one.bbox.iou(*bbox) >= 0.5;
            if seen.iter().filter(believed).any(is_it) {
                n_found += 1;
            }
        }
    }
    assert!(n_objects > 40, "only {n_objects} objects");
    f32::from(n_found) / f32::from(n_objects)
}

/// Floors are 0.05 below what was measured when the test was written.
#[test]
fn every_shared_detector_finds_most_larger_objects() {
    use ClassGroup::{Person, TwoWheeler, Vehicle};
    let Some(pictures) = photographs(N_PICTURES) else {
        return;
    };
    let all: &[ClassGroup] = &[Person, TwoWheeler, Vehicle];
    // Its two-wheelers include the rider, unlike the labels.
    let without_two_wheelers: &[ClassGroup] = &[Person, Vehicle];
    for (name, groups, floor) in [
        ("yolox-nano-416", all, 0.80),
        ("yolox-nano", all, 0.80),
        ("nanodet-plus-m", all, 0.80),
        ("picodet-s-416", all, 0.88),
        ("person-vehicle-bike-2003", without_two_wheelers, 0.40),
    ] {
        let Some(mut detector) = detector(name, Engine::Ort) else {
            return;
        };
        let recall = recall(&mut detector, &pictures, groups);
        println!("{name}: recall {recall:.3}");
        assert!(recall >= floor, "{name}: recall {recall:.3} below {floor}");
    }
}

#[test]
fn both_engines_see_the_same() {
    let Some(pictures) = photographs(2) else {
        return;
    };
    for name in [
        "yolox-nano-416",
        "yolox-nano",
        "nanodet-plus-m",
        "picodet-s-416",
        "person-vehicle-bike-2003",
    ] {
        let (Some(mut ort), Some(mut rten)) =
            (detector(name, Engine::Ort), detector(name, Engine::Rten))
        else {
            return;
        };
        for (picture_idx, picture) in pictures.iter().enumerate() {
            let expected = ort.planes(&picture.planes).expect("ort");
            let actual = rten.planes(&picture.planes).expect("rten");
            // Boxes near the lowest score may fall on either side of it.
            for one in expected.iter().filter(|one| one.score > 0.15) {
                let is_same = |other: &&Detection| {
                    other.class == one.class
                        && (other.score - one.score).abs() < 0.005
                        && other.bbox.iou(one.bbox) > 0.97
                };
                assert!(
                    actual.iter().any(|other| is_same(&other)),
                    "{name}, picture {picture_idx}: {one:?} not in {actual:?}"
                );
            }
        }
    }
}

#[test]
fn model_with_another_input_name_is_refused_by_both_engines() {
    let Some(path) = testkit::shared_data("models/yolox_nano_416.onnx") else {
        return;
    };
    let model = std::fs::read(path).expect("model is readable");
    let error = RtenBackend::from_bytes(&model, "image").unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"load model in rten: it has no input "image"; it has ["images"]"#
    );
    if let Ok(ort) = runtime::onnx_runtime() {
        let error = OrtBackend::from_bytes(&model, ort.environment(), "image").unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"load model in onnxruntime: it has no input "image"; it has ["images"]"#
        );
    }
}

#[test]
fn bytes_that_are_no_model_are_refused_by_both_engines() {
    let junk = b"GIF89a";
    let error = RtenBackend::from_bytes(junk, "image")
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("load model in rten: "), "{error}");
    if let Ok(ort) = runtime::onnx_runtime() {
        let loaded = OrtBackend::from_bytes(junk, ort.environment(), "image");
        let error = loaded.unwrap_err().to_string();
        assert!(error.starts_with("load model in onnxruntime: "), "{error}");
    }
}
