//! How well objects are followed as one: drawn streets with exact truth, and
//! clips whose visitors were counted by eye.
//!
//! `cargo run --release -p vision --example tracking -- help` says how.
//!
//! In: what to measure. Out: Markdown tables; `docs/tracking.md` holds the
//! newest ones and says what the columns mean. Same arguments, same tables.
//!
//! Not here: asserting anything (tests do), events and their rules.

mod clips;
mod drawn;
mod road;
mod score;
mod scripted;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use vision::detect::{Detector, Manifest, OrtBackend};

const USAGE: &str = "\
tracking drawn [--seeds 1,2,3] [--minutes 3] [--model MANIFEST] [--keep FOLDER] [--objects]
    The drawn street by day and by night at 1920x1080 and 5 frames a second.
    Without --model a scripted detector looks: the truth with the faults of a
    real one. --keep stores the drawn frames there, or takes them from there.
tracking clips --model MANIFEST
    The clips of the shared test data, compared with how many objects each shows.
";

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let mut out = std::io::stdout().lock();
    match arguments.what.as_str() {
        "drawn" => drawn::measure(&arguments, &mut out),
        "clips" => clips::measure(&arguments, &mut out),
        _ => Ok(write!(out, "{USAGE}")?),
    }
}

/// What was asked for.
#[derive(Debug, Default)]
struct Arguments {
    what: String,
    seeds: Vec<u64>,
    minutes: f32,
    model: Option<PathBuf>,
    keep: Option<PathBuf>,
    /// Also list each object.
    lists_objects: bool,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut arguments = Arguments {
            what: words.next().unwrap_or_default(),
            seeds: vec![1, 2, 3],
            minutes: 3.0,
            ..Arguments::default()
        };
        while let Some(word) = words.next() {
            let mut value = || {
                words
                    .next()
                    .with_context(|| format!("{word}: a value is missing"))
            };
            match word.as_str() {
                "--seeds" => {
                    let parse = |seed: &str| seed.parse().context("--seeds: not a number");
                    arguments.seeds = value()?.split(',').map(parse).collect::<Result<_, _>>()?;
                }
                "--minutes" => arguments.minutes = value()?.parse().context("--minutes")?,
                "--model" => arguments.model = Some(value()?.into()),
                "--keep" => arguments.keep = Some(value()?.into()),
                "--objects" => arguments.lists_objects = true,
                _ => bail!("{word}: unknown\n{USAGE}"),
            }
        }
        Ok(arguments)
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
