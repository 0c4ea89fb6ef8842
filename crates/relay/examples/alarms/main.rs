//! How many alarms every kind of rule raises under each nuisance, where it
//! should raise none, and on streets where it must raise some.
//!
//! `cargo run --release -p relay --example alarms -- help` says how.
//!
//! In: how long, which streets, which detectors. Out: Markdown tables;
//! `docs/nuisance.md` holds the newest ones. Same arguments, same tables.
//!
//! Not here: asserting anything (tests do), what was before the rules (the
//! example `nuisance` of the crate `vision`).

mod streets;
mod tally;

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use jpeg::Encoder;
use relay::pipeline::{CameraPipeline, Engine, EngineFactory};
use relay::settings::{AnalysisDocument, CameraSettings, RuleDocument};
use relay::{engine_factory, open_files};
use sim::street::{Street, TruthBox};
use types::{CameraId, EncodedFrame, Timestamp, TrackId};

use crate::streets::{FPS, SCENES, Scene};
use crate::tally::Tally;

const USAGE: &str = "\
alarms [--minutes 3] [--seed 1] [--only NAME,NAME] [--size 1280x720] [--model MANIFEST]... [--tell]
    Alarms per hour of each rule in rules.toml, at 5 frames a second. Parked
    cars stand in every street. Without --model, motion only. --tell writes each unwanted alarm.
";

const RULES: &str = include_str!("rules.toml");

fn main() -> anyhow::Result<()> {
    let Some(arguments) = Arguments::parse(std::env::args().skip(1))? else {
        return Ok(write!(std::io::stdout().lock(), "{USAGE}")?);
    };
    let document = AnalysisDocument::parse(RULES)?;
    let settings = document.resolve(&CameraId::new("street")?)?;
    let models = arguments
        .models
        .iter()
        .map(|file| Ok(engine_factory(open_files(file)?).0))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let models = if models.is_empty() {
        vec![EngineFactory::motion_only()]
    } else {
        models
    };
    let mut out = std::io::stdout().lock();
    let mut rows: Vec<Vec<String>> = vec![Vec::new(); models.len()];
    for scene in SCENES {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|name| name == scene.name) {
            continue;
        }
        let mut cameras = models
            .iter()
            .map(|model| Camera::new(model, &settings, scene, arguments.is_told))
            .collect::<anyhow::Result<Vec<_>>>()?;
        replay(&arguments, scene, &document.rules, &mut cameras)?;
        for (rows, camera) in rows.iter_mut().zip(&cameras) {
            let row = camera
                .tally
                .row(scene.name, arguments.minutes, &document.rules);
            writeln!(out, "{row}")?;
            out.flush()?;
            rows.push(row);
        }
    }
    for (model, rows) in models.iter().zip(&rows) {
        let name = model.facts().map_or("motion only".into(), |one| one.name);
        let heading = Tally::heading(&document.rules);
        writeln!(out, "\n{name}\n\n{heading}\n{}", rows.join("\n"))?;
    }
    Ok(())
}

/// One detector's view of a street.
struct Camera {
    pipeline: CameraPipeline,
    engine: Engine,
    tally: Tally,
}

impl Camera {
    fn new(
        model: &EngineFactory,
        settings: &Arc<CameraSettings>,
        scene: Scene,
        is_told: bool,
    ) -> anyhow::Result<Self> {
        Ok(Camera {
            pipeline: CameraPipeline::new(Arc::clone(settings), model.input_px(), TrackId(1), 0),
            engine: model.make()?,
            tally: Tally::new(scene.is_control(), is_told),
        })
    }

    fn see(
        &mut self,
        frame: &EncodedFrame,
        rules: &[RuleDocument],
        truth: &[TruthBox],
    ) -> anyhow::Result<()> {
        let step = self.pipeline.step(frame, &mut self.engine);
        let error = step.detect_error.as_ref().or(step.decode_error.as_ref());
        if let Some(error) = error {
            bail!("analyse frame {}: {error}", frame.seq);
        }
        self.tally.add(&step, frame.captured_at, rules, truth);
        Ok(())
    }

    fn wait(&mut self, now: Timestamp, rules: &[RuleDocument]) {
        let step = self.pipeline.tick(now);
        self.tally.add(&step, now, rules, &[]);
    }
}

fn replay(
    arguments: &Arguments,
    scene: Scene,
    rules: &[RuleDocument],
    cameras: &mut [Camera],
) -> anyhow::Result<()> {
    let mut street = Street::new(arguments.seed, scene.options(arguments.size_px));
    let mut encoder = Encoder::new()?;
    for idx in 0..arguments.minutes * 60 * FPS {
        let time = Duration::from_secs(idx.into()) / FPS;
        let at = Timestamp::from_secs(1_000).saturating_add(time);
        if scene.is_silent(time) {
            cameras.iter_mut().for_each(|camera| camera.wait(at, rules));
            continue;
        }
        let (image, truth) = street.frame(time);
        let frame = EncodedFrame {
            seq: idx.into(),
            captured_at: at,
            jpeg: encoder.rgb(&image, 80)?.into(),
        };
        for camera in cameras.iter_mut() {
            camera.see(&frame, rules, &truth)?;
        }
    }
    Ok(())
}

/// What was asked for.
#[derive(Debug)]
struct Arguments {
    minutes: u32,
    seed: u64,
    only: Vec<String>,
    size_px: (u32, u32),
    models: Vec<PathBuf>,
    /// Whether each unwanted alarm is written to standard error.
    is_told: bool,
}

impl Arguments {
    /// `None` when help is wanted.
    fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Option<Self>> {
        let mut arguments = Arguments {
            minutes: 3,
            seed: 1,
            only: Vec::new(),
            size_px: (1280, 720),
            models: Vec::new(),
            is_told: false,
        };
        while let Some(word) = words.next() {
            if word == "help" {
                return Ok(None);
            }
            if word == "--tell" {
                arguments.is_told = true;
                continue;
            }
            let value = words
                .next()
                .with_context(|| format!("{word}: a value is missing"))?;
            match word.as_str() {
                "--minutes" => arguments.minutes = value.parse().context("--minutes")?,
                "--seed" => arguments.seed = value.parse().context("--seed")?,
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
