//! Finding the same object again.
//!
//! In: crops, labelled with who is in them. Out: rank-1 and rank-5 of each
//! maker of vectors, and of a plain colour histogram.
//!
//! Each crop of a known object asks for it among the others' crops and its own
//! of at least [`APART_MS`] earlier or later; strangers from photographs stand
//! beside them. Rank n: it is among the n most similar objects. The second
//! column pair alters the asking crop as a second camera might see it.
//!
//! Not here: tracks (their labels were checked by eye).

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use jpeg::RgbImage;
use types::{ClassGroup, NormBox};
use vision::appearance::{Describer, EmbedManifest, Embedder, Light};
use vision::detect::OrtBackend;

use crate::crops::Crop;

/// Crops of one object nearer in time are nearly the same picture.
const APART_MS: u64 = 2_000;
const PLAIN: &str = "plain histogram of the box, 8x8x8 RGB";

type Vectors = BTreeMap<String, Vec<f32>>;

pub(crate) fn measure(
    crops: &[Crop],
    models: &[PathBuf],
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut describer = Describer::new();
    for model in models {
        describer = describer.with_embedder(open_embedder(model)?);
    }
    writeln!(
        out,
        "| objects | maker | questions | objects asked for | strangers | rank-1 | rank-5 | as another camera: rank-1 | rank-5 |\n\
         |---|---|---|---|---|---|---|---|---|"
    )?;
    for group in [ClassGroup::Person, ClassGroup::Vehicle] {
        let crops: Vec<&Crop> = crops
            .iter()
            .filter(|crop| crop.label.class.group() == group)
            .collect();
        let plain: Vec<Vectors> = crops.iter().map(|crop| vectors(&describer, crop)).collect();
        let altered: Vec<Vectors> = crops
            .iter()
            .map(|crop| vectors(&describer, &as_another_camera(crop)))
            .collect();
        let makers: BTreeSet<&String> = plain.iter().flat_map(BTreeMap::keys).collect();
        for maker in makers {
            let same = Ranks::count(&crops, &plain, &plain, maker);
            let other = Ranks::count(&crops, &plain, &altered, maker);
            let objects: BTreeSet<_> = crops.iter().filter_map(|c| c.label.who.as_ref()).collect();
            let n_strangers = crops.iter().filter(|c| c.label.who.is_none()).count();
            writeln!(
                out,
                "| {} | {maker} | {} | {} | {n_strangers} | {:.1} % | {:.1} % | {:.1} % | {:.1} % |",
                group.name(),
                same.n,
                objects.len(),
                same.percent(same.first),
                same.percent(same.fifth),
                other.percent(other.first),
                other.percent(other.fifth),
            )?;
        }
    }
    Ok(())
}

#[derive(Default)]
struct Ranks {
    n: u32,
    first: u32,
    fifth: u32,
}

impl Ranks {
    fn count(crops: &[&Crop], gallery: &[Vectors], asked: &[Vectors], maker: &str) -> Ranks {
        let mut ranks = Ranks::default();
        for (at, crop) in crops.iter().enumerate() {
            let (Some(who), Some(vector)) = (&crop.label.who, asked[at].get(maker)) else {
                continue;
            };
            // Similarity of each object's most similar crop.
            let mut best: BTreeMap<String, f32> = BTreeMap::new();
            for (other_at, other) in crops.iter().enumerate() {
                let is_own = other.label.who.as_ref() == Some(who);
                let is_near = other.label.at_ms.abs_diff(crop.label.at_ms) < APART_MS;
                let Some(theirs) = gallery[other_at].get(maker) else {
                    continue;
                };
                if is_own && is_near {
                    continue;
                }
                let name = match &other.label.who {
                    Some(name) => name.clone(),
                    None => format!("stranger {other_at}"),
                };
                let similar: f32 = vector.iter().zip(theirs).map(|(a, b)| a * b).sum();
                let known = best.entry(name).or_insert(f32::NEG_INFINITY);
                *known = known.max(similar);
            }
            let Some(own) = best.get(who).copied() else {
                continue;
            };
            let n_better = best.values().filter(|similar| **similar > own).count();
            ranks.n += 1;
            ranks.first += u32::from(n_better == 0);
            ranks.fifth += u32::from(n_better < 5);
        }
        ranks
    }

    fn percent(&self, n: u32) -> f64 {
        100.0 * f64::from(n) / f64::from(self.n.max(1))
    }
}

fn vectors(describer: &Describer, crop: &Crop) -> Vectors {
    let embeddings = describer.describe(&crop.shown()).embeddings;
    let mut vectors: Vectors = embeddings
        .into_iter()
        .map(|embedding| (embedding.maker.to_string(), embedding.values.to_vec()))
        .collect();
    vectors.insert(PLAIN.to_owned(), plain_histogram(&crop.image, crop.bbox));
    vectors
}

/// What a descriptor must beat: colours of the whole box, nothing else.
fn plain_histogram(image: &RgbImage, bbox: NormBox) -> Vec<f32> {
    let mut bins = vec![0.0_f32; 512];
    for y in 0..image.height_px {
        for x in 0..image.width_px {
            let place = types::NormPoint::new(
                (x as f32 + 0.5) / image.width_px as f32,
                (y as f32 + 0.5) / image.height_px as f32,
            );
            if bbox.contains(place) {
                let [r, g, b] = image.pixel(x, y).map(|value| usize::from(value / 32));
                bins[64 * r + 8 * g + b] += 1.0;
            }
        }
    }
    let length = bins.iter().map(|bin| bin * bin).sum::<f32>().sqrt();
    for bin in &mut bins {
        *bin /= length.max(f32::MIN_POSITIVE);
    }
    bins
}

/// The crop mirrored, at half the size, darker, and in warmer light.
fn as_another_camera(crop: &Crop) -> Crop {
    const GAINS: [f32; 3] = [0.85, 0.75, 0.66];
    let (width, height) = (crop.image.width_px / 2, crop.image.height_px / 2);
    let mut image = RgbImage::new(width, height);
    for y in 0..height {
        for x in 0..width {
            let from_x = 2 * (width - 1 - x);
            let start = 3 * (y * width + x) as usize;
            for channel in 0..3 {
                let value = |dx, dy| f32::from(crop.image.pixel(from_x + dx, 2 * y + dy)[channel]);
                let mean = (value(0, 0) + value(1, 0) + value(0, 1) + value(1, 1)) / 4.0;
                image.data[start + channel] = to_byte(mean * GAINS[channel]);
            }
        }
    }
    let bbox = crop.bbox;
    Crop {
        label: crop.label.clone(),
        image,
        bbox: NormBox::from_xyxy(1.0 - bbox.x2(), bbox.y1(), 1.0 - bbox.x1(), bbox.y2()),
        // A person would see the tint in the whole picture; here nobody does.
        light: Light::default(),
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to a byte before"
)]
fn to_byte(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

fn open_embedder(manifest_file: &Path) -> anyhow::Result<Embedder> {
    let text = std::fs::read_to_string(manifest_file)
        .with_context(|| format!("read {}", manifest_file.display()))?;
    let manifest = EmbedManifest::parse(&text)?;
    let beside = manifest_file.with_file_name(&manifest.file);
    let shared = testkit::shared_data(&format!("models/{}", manifest.file));
    let model_file = if beside.exists() {
        beside
    } else {
        shared.context("the model is neither beside its manifest nor in the shared test data")?
    };
    let model =
        std::fs::read(&model_file).with_context(|| format!("read {}", model_file.display()))?;
    manifest.check_model(&model)?;
    let runtime = runtime::onnx_runtime().map_err(|error| anyhow::anyhow!("{error}"))?;
    let backend = OrtBackend::from_bytes(&model, runtime.environment(), &manifest.input.name)?;
    Ok(Embedder::new(manifest, Box::new(backend)))
}
