//! Average precision of a detector on the 400 labelled photographs of the
//! shared test data, as COCO computes it.
//!
//! In: a manifest, its model, and optionally `rten` instead of ONNX Runtime:
//! `cargo run -p vision --release --example eval_coco -- MANIFEST MODEL [rten]`.
//! Out: AP at IoU 0.50..=0.95 and at 0.50, per class and for their mean. The
//! classes are person, bicycle, and vehicle (car, motorcycle, bus, truck).
//!
//! A published figure reproduced here shows that input and output of the
//! model are handled rightly.

#![expect(clippy::print_stdout, reason = "a program that prints its findings")]

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use jpeg::{Decoder, Limits, Planes, Scale};
use types::{Class, Detection, NormBox};
use vision::detect::{Backend, Detector, Manifest, OrtBackend, RtenBackend};

/// COCO counts this many detections per picture and class.
const MAX_PER_PICTURE: usize = 100;
/// Low enough that lower scores no longer change the result visibly.
const MIN_SCORE: f32 = 0.005;
const NAMES: [&str; 3] = ["person", "bicycle", "vehicle"];

/// A labelled object.
#[derive(Clone, Copy)]
struct Truth {
    bbox: NormBox,
    /// A crowd: neither to be found nor a false alarm.
    is_crowd: bool,
}

/// A detection after matching at one IoU.
#[derive(Clone, Copy)]
struct Judged {
    score: f32,
    is_true: bool,
}

/// One class: detections and objects, picture by picture.
#[derive(Default)]
struct Collected {
    pictures: Vec<(Vec<Detection>, Vec<Truth>)>,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (manifest, model, engine) = match &arguments[..] {
        [manifest, model] => (manifest, model, "ort"),
        [manifest, model, engine] => (manifest, model, engine.as_str()),
        _ => anyhow::bail!("usage: eval_coco MANIFEST MODEL [ort|rten]"),
    };
    let mut detector = open(manifest, model, engine)?.with_min_score(MIN_SCORE);
    let folder = testkit::shared_data("eval/coco_val400").context("shared test data is missing")?;
    let classes = collect(&mut detector, &folder)?;

    let facts = detector.facts();
    println!("{} in {}", facts.name, facts.backend);
    let mut sums = [0.0; 2];
    for (name, class) in NAMES.iter().zip(&classes) {
        let at: Vec<f64> = (0_u8..10)
            .map(|step| class.average_precision(0.5 + 0.05 * f32::from(step)))
            .collect();
        let mean = at.iter().sum::<f64>() / 10.0;
        println!(
            "{name:8} AP {:5.1}  AP50 {:5.1}",
            100.0 * mean,
            100.0 * at[0]
        );
        sums[0] += 100.0 * mean / 3.0;
        sums[1] += 100.0 * at[0] / 3.0;
    }
    println!("mean     AP {:5.1}  AP50 {:5.1}", sums[0], sums[1]);
    Ok(())
}

fn open(manifest: &str, model: &str, engine: &str) -> anyhow::Result<Detector> {
    let manifest = Manifest::parse(&std::fs::read_to_string(manifest).context("read manifest")?)?;
    let model = std::fs::read(model).context("read model")?;
    manifest.check_model(&model)?;
    let input = &manifest.input.name;
    let backend: Box<dyn Backend> = match engine {
        "ort" => {
            let ort = runtime::onnx_runtime().map_err(|error| anyhow::anyhow!("{error}"))?;
            Box::new(OrtBackend::from_bytes(&model, ort.environment(), input)?)
        }
        "rten" => Box::new(RtenBackend::from_bytes(&model, input)?),
        other => anyhow::bail!("engine {other:?}: must be ort or rten"),
    };
    Ok(Detector::new(manifest, backend))
}

fn class_idx(class: Class) -> usize {
    match class {
        Class::Person => 0,
        Class::Bicycle => 1,
        Class::Car | Class::Motorcycle | Class::Bus | Class::Truck => 2,
    }
}

fn collect(detector: &mut Detector, folder: &Path) -> anyhow::Result<[Collected; 3]> {
    let text = std::fs::read_to_string(folder.join("annotations.json"))?;
    let json: serde_json::Value = serde_json::from_str(&text)?;
    let list = |name: &str| json[name].as_array().context("annotations lack a list");
    let mut labels: BTreeMap<i64, Vec<&serde_json::Value>> = BTreeMap::new();
    for label in list("annotations")? {
        let image_id = label["image_id"].as_i64().context("image_id")?;
        labels.entry(image_id).or_default().push(label);
    }
    let mut decoder = Decoder::new(Limits::default())?;
    let mut planes = Planes::default();
    let mut classes: [Collected; 3] = Default::default();
    for image in list("images")? {
        let name = image["file_name"].as_str().context("file_name")?;
        let bytes = std::fs::read(folder.join("images").join(name))?;
        decoder.planes(&bytes, Scale::Full, &mut planes)?;
        let seen = detector.planes(&planes)?;
        let size = [planes.width_px as f32, planes.height_px as f32];
        let mut truth: [Vec<Truth>; 3] = Default::default();
        let image_id = image["id"].as_i64().context("id")?;
        for label in labels.get(&image_id).into_iter().flatten() {
            let class_idx = match label["category_id"].as_i64() {
                Some(1) => 0,
                Some(2) => 1,
                _ => 2,
            };
            truth[class_idx].push(read_truth(label, size)?);
        }
        for (idx, (class, truth)) in classes.iter_mut().zip(truth).enumerate() {
            let mine = seen.iter().filter(|one| class_idx(one.class) == idx);
            let best = mine.take(MAX_PER_PICTURE).copied().collect();
            class.pictures.push((best, truth));
        }
    }
    Ok(classes)
}

fn read_truth(label: &serde_json::Value, size: [f32; 2]) -> anyhow::Result<Truth> {
    let mut xywh = [0.0_f32; 4];
    for (i, value) in xywh.iter_mut().enumerate() {
        *value = serde_json::from_value(label["bbox"][i].clone())?;
    }
    let [x, y, w, h] = xywh;
    Ok(Truth {
        bbox: NormBox::from_xyxy(
            x / size[0],
            y / size[1],
            (x + w) / size[0],
            (y + h) / size[1],
        ),
        is_crowd: label["iscrowd"] == 1,
    })
}

impl Collected {
    /// Area under the precision envelope at 101 recalls, 0..=1.
    fn average_precision(&self, iou: f32) -> f64 {
        let mut judged: Vec<Judged> = Vec::new();
        let mut n_objects = 0_usize;
        for (seen, truth) in &self.pictures {
            n_objects += truth.iter().filter(|truth| !truth.is_crowd).count();
            judged.extend(judge(seen, truth, iou));
        }
        judged.sort_by(|a, b| b.score.total_cmp(&a.score));
        let (mut n_true, mut curve) = (0_usize, Vec::new());
        for (judged_idx, one) in judged.iter().enumerate() {
            n_true += usize::from(one.is_true);
            let recall = n_true as f64 / n_objects.max(1) as f64;
            curve.push((recall, n_true as f64 / (judged_idx + 1) as f64));
        }
        // Precision at a recall is the best at that recall or beyond.
        let mut best = 0.0_f64;
        for (_, precision) in curve.iter_mut().rev() {
            best = best.max(*precision);
            *precision = best;
        }
        let at = |step: u8| {
            let wanted = f64::from(step) / 100.0;
            let reached = curve.partition_point(|(recall, _)| *recall < wanted);
            curve.get(reached).map_or(0.0, |(_, precision)| *precision)
        };
        (0..=100).map(at).sum::<f64>() / 101.0
    }
}

/// Gives each detection, best first, the free object it overlaps most. What
/// falls on a crowd is not judged.
fn judge(seen: &[Detection], truth: &[Truth], iou: f32) -> Vec<Judged> {
    let mut is_taken = vec![false; truth.len()];
    let mut judged = Vec::new();
    for one in seen {
        let free = truth.iter().enumerate();
        let best = free
            .filter(|(idx, truth)| !truth.is_crowd && !is_taken[*idx])
            .map(|(idx, truth)| (idx, truth.bbox.iou(one.bbox)))
            .filter(|(_, overlap)| *overlap >= iou)
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let is_in_crowd = || {
            truth.iter().filter(|truth| truth.is_crowd).any(|crowd| {
                let common = crowd.bbox.intersection(one.bbox).map_or(0.0, NormBox::area);
                common >= iou * one.bbox.area()
            })
        };
        if let Some((idx, _)) = best {
            is_taken[idx] = true;
        } else if is_in_crowd() {
            continue;
        }
        judged.push(Judged {
            score: one.score,
            is_true: best.is_some(),
        });
    }
    judged
}
