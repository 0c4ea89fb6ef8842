//! How well objects are recognised and described: clips and photographs of
//! the shared test data, labelled by eye.
//!
//! `cargo run --release -p vision --example appearance -- help` says how.
//!
//! In: what to measure. Out: Markdown tables; `docs/appearance.md` holds the
//! newest ones. Same arguments, same tables (but for the times).
//!
//! Not here: asserting anything (tests do).

mod collect;
mod colours;
mod crops;
mod identities;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

const USAGE: &str = "\
appearance colours
    Colour names against what people see, in the labelled crops.
appearance identities [--reid MANIFEST]...
    Rank-1 and rank-5 of the classical descriptor, of a plain colour histogram
    and of models, on the labelled persons and vehicles.
appearance collect --model MANIFEST
    Follows objects in the clips and lists crops to be labelled.
appearance sheet --out FOLDER
    Writes the labelled crops there as JPEG files, to look at.
Each but collect takes --labels FILE instead of the labels of the repository.
";

/// What people see in crops of the shared test data.
const LABELS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/testdata/appearance/labels.txt"
);

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    let mut out = std::io::stdout().lock();
    match arguments.what.as_str() {
        "colours" => colours::measure(&crops::read(&arguments.labels)?, &mut out),
        "identities" => identities::measure(
            &crops::read(&arguments.labels)?,
            &arguments.models,
            &mut out,
        ),
        "collect" => collect::list(&arguments.models, &mut out),
        "sheet" => crops::write_sheet(&crops::read(&arguments.labels)?, &arguments.out),
        _ => Ok(write!(out, "{USAGE}")?),
    }
}

/// What was asked for.
#[derive(Debug)]
struct Arguments {
    what: String,
    labels: PathBuf,
    models: Vec<PathBuf>,
    out: PathBuf,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut arguments = Arguments {
            what: words.next().unwrap_or_default(),
            labels: Path::new(LABELS).to_path_buf(),
            models: Vec::new(),
            out: PathBuf::new(),
        };
        while let Some(word) = words.next() {
            let value = words
                .next()
                .with_context(|| format!("{word}: a value is missing"))?;
            match word.as_str() {
                "--model" | "--reid" => arguments.models.push(value.into()),
                "--labels" => arguments.labels = value.into(),
                "--out" => arguments.out = value.into(),
                _ => bail!("{word}: unknown\n{USAGE}"),
            }
        }
        Ok(arguments)
    }
}
