//! What nuisances bring the cameras' analysis to say, where it should be
//! silent: drawn streets in which nothing happens but one nuisance.
//!
//! `cargo run --release -p vision --example nuisance -- help` says how.
//!
//! In: how long, which nuisances, which detectors. Out: Markdown tables;
//! `docs/nuisance.md` holds the newest ones. Same arguments, same tables.
//!
//! Not here: asserting anything (tests do).

mod analysis;
mod tally;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use jpeg::Encoder;
use sim::street::{Light, Nuisance, Nuisances, Street, StreetOptions};
use types::{EncodedFrame, Timestamp};
use vision::detect::{Detector, Manifest, OrtBackend};

use crate::analysis::Analysis;

const USAGE: &str = "\
nuisance [--minutes 10] [--seed 1] [--only NAME,NAME] [--people N] [--size 1280x720]
         [--model MANIFEST]...
    Streets without walkers and traffic (or with N walkers), at 5 frames a
    second. Parked cars stand in them. Without --model, only the picture is
    watched and the motion gate asked; `none` is a street without nuisance.
";

const FPS: u32 = 5;
const MINUTE_FRAMES: u32 = 60 * FPS;

fn main() -> anyhow::Result<()> {
    let Some(arguments) = Arguments::parse(std::env::args().skip(1))? else {
        return Ok(write!(std::io::stdout().lock(), "{USAGE}")?);
    };
    let mut out = std::io::stdout().lock();
    let mut rows: Vec<Vec<String>> = vec![Vec::new(); arguments.models.len().max(1)];
    for scene in SCENES {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|name| name == scene.name) {
            continue;
        }
        for (rows, row) in rows.iter_mut().zip(replay(&arguments, scene)?) {
            writeln!(out, "{row}")?;
            out.flush()?;
            rows.push(row);
        }
    }
    for (model_idx, rows) in rows.iter().enumerate() {
        let name = arguments.models.get(model_idx);
        let name = name.map_or("no detector".into(), |file| file.display().to_string());
        writeln!(out, "\n{name}\n\n{}\n{}", tally::HEADING, rows.join("\n"))?;
    }
    Ok(())
}

/// A street in which one thing troubles the camera.
#[derive(Clone, Copy, Debug)]
struct SceneKind {
    name: &'static str,
    nuisance: Option<Nuisance>,
    light: Light,
}

/// Each nuisance by the light in which it comes.
const SCENES: [SceneKind; 12] = [
    scene("none", None, Light::Day),
    scene("none by night", None, Light::Night),
    scene("rain", Some(Nuisance::Rain), Light::Day),
    scene("snow", Some(Nuisance::Snow), Light::Day),
    scene("swaying leaves", Some(Nuisance::Wind), Light::Day),
    scene(
        "headlight sweep",
        Some(Nuisance::HeadlightSweep),
        Light::Night,
    ),
    scene("light off and on", Some(Nuisance::LightSwitch), Light::Day),
    scene(
        "colour to infrared",
        Some(Nuisance::InfraredSwitch),
        Light::Night,
    ),
    scene("camera shake", Some(Nuisance::Shake), Light::Day),
    scene("insects by night", Some(Nuisance::Insects), Light::Infrared),
    scene("cloud shadow", Some(Nuisance::CloudShadow), Light::Day),
    scene("spider web", Some(Nuisance::SpiderWeb), Light::Infrared),
];

const fn scene(name: &'static str, nuisance: Option<Nuisance>, light: Light) -> SceneKind {
    SceneKind {
        name,
        nuisance,
        light,
    }
}

/// One row for each model.
fn replay(arguments: &Arguments, scene: SceneKind) -> anyhow::Result<Vec<String>> {
    let options = StreetOptions {
        width_px: arguments.size_px.0,
        height_px: arguments.size_px.1,
        light: scene.light,
        n_people: arguments.n_people,
        traffic: 0.0,
        nuisances: scene.nuisance.into_iter().collect::<Nuisances>(),
        ..StreetOptions::default()
    };
    let mut street = Street::new(arguments.seed, options);
    let mut encoder = Encoder::new()?;
    let mut analyses = if arguments.models.is_empty() {
        vec![Analysis::new(None)?]
    } else {
        arguments
            .models
            .iter()
            .map(|file| Analysis::new(Some(open_detector(file)?)))
            .collect::<anyhow::Result<_>>()?
    };
    for idx in 0..arguments.minutes * MINUTE_FRAMES {
        let time = Duration::from_secs(idx.into()) / FPS;
        let (image, truth) = street.frame(time);
        let frame = EncodedFrame {
            seq: idx.into(),
            captured_at: Timestamp::from_secs(1_000).saturating_add(time),
            jpeg: encoder.rgb(&image, 80)?.into(),
        };
        for analysis in &mut analyses {
            analysis.step(&frame, &truth)?;
        }
    }
    Ok(analyses
        .iter()
        .map(|analysis| analysis.tally.row(scene.name, arguments.minutes))
        .collect())
}

/// What was asked for.
#[derive(Debug)]
struct Arguments {
    minutes: u32,
    seed: u64,
    only: Vec<String>,
    n_people: u32,
    size_px: (u32, u32),
    models: Vec<PathBuf>,
}

impl Arguments {
    /// `None` when help is wanted.
    fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Option<Self>> {
        let mut arguments = Arguments {
            minutes: 10,
            seed: 1,
            only: Vec::new(),
            n_people: 0,
            size_px: (1280, 720),
            models: Vec::new(),
        };
        while let Some(word) = words.next() {
            if word == "help" {
                return Ok(None);
            }
            let value = words
                .next()
                .with_context(|| format!("{word}: a value is missing"))?;
            match word.as_str() {
                "--minutes" => arguments.minutes = value.parse().context("--minutes")?,
                "--seed" => arguments.seed = value.parse().context("--seed")?,
                "--people" => arguments.n_people = value.parse().context("--people")?,
                "--only" => arguments.only = value.split(',').map(str::to_owned).collect(),
                "--model" => arguments.models.push(value.into()),
                "--size" => {
                    let (width, height) = value.split_once('x').context("--size: as 1280x720")?;
                    arguments.size_px = (width.parse()?, height.parse()?);
                }
                _ => bail!("{word}: unknown\n{USAGE}"),
            }
        }
        Ok(Some(arguments))
    }
}

/// The detector of a manifest, run by ONNX Runtime on one thread.
fn open_detector(manifest_file: &Path) -> anyhow::Result<Detector> {
    let text = std::fs::read_to_string(manifest_file)
        .with_context(|| format!("read {}", manifest_file.display()))?;
    let manifest = Manifest::parse(&text)?;
    let model_file = manifest_file.with_file_name(&manifest.file);
    let model =
        std::fs::read(&model_file).with_context(|| format!("read {}", model_file.display()))?;
    manifest.check_model(&model)?;
    let runtime = runtime::onnx_runtime().map_err(|error| anyhow::anyhow!("{error}"))?;
    let backend = OrtBackend::from_bytes(&model, runtime.environment(), &manifest.input.name)?;
    Ok(Detector::new(manifest, Box::new(backend)))
}
