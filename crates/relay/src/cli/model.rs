//! `airelay model`: install, choose, list and measure detectors; install and
//! switch models that describe looks.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use clap::Subcommand;
use types::{Clock as _, NormBox};

use super::say;
use crate::SystemClock;
use crate::config::Config;
use crate::detector::try_detector;
use crate::looks::try_looks;
use crate::models::{
    BUILT_IN, ModelFiles, ModelFolder, ModelKind, NONE, built_in, engine_factory, rten_factory,
};
use crate::pipeline::EngineFactory;

#[derive(Debug, Subcommand)]
pub(super) enum ModelCommand {
    /// Install the model of a manifest and use it, also in an airelay that runs
    Add {
        /// Manifest; the network lies beside it
        manifest: PathBuf,
    },
    /// Choose an installed detector, `built-in`, or `none` (motion only), or switch a model for looks
    /// on, also in an airelay that runs
    Use {
        /// Name of the model
        name: String,
    },
    /// Switch a model for looks off, also in an airelay that runs
    Leave {
        /// Name of the model
        name: String,
    },
    /// Remove an installed model that is not in use
    Remove {
        /// Name of the model
        name: String,
    },
    /// List installed models
    List,
    /// Measure one look of the model in use on this machine
    Bench {
        /// Looks to measure
        #[arg(long, default_value_t = 40)]
        looks: u32,
    },
}

pub(super) fn run(config: &Config, command: ModelCommand) -> anyhow::Result<()> {
    let folder = ModelFolder::new(&config.data_dir);
    match command {
        ModelCommand::Add { manifest } => add(&folder, &manifest)?,
        ModelCommand::Use { name } => {
            if folder.list_looks()?.contains(&name) {
                try_looks(&folder, &name).with_context(|| format!("try model {name}"))?;
                folder.use_looks(&name, true)?;
            } else {
                folder.choose(&name)?;
            }
            say(&format!("{name} is used from now on"));
        }
        ModelCommand::Leave { name } => {
            folder.use_looks(&name, false)?;
            say(&format!("{name} is not used any more"));
        }
        ModelCommand::Remove { name } => {
            folder.remove(&name)?;
            say(&format!("{name} is removed"));
        }
        ModelCommand::List => list(&folder)?,
        ModelCommand::Bench { looks } => bench(config, &folder, looks.clamp(1, 10_000))?,
    }
    Ok(())
}

/// Installs a model and uses it; one that does not run here is removed again.
fn add(folder: &ModelFolder, manifest: &std::path::Path) -> anyhow::Result<()> {
    let (name, kind) = folder.add(manifest)?;
    let tried = match kind {
        ModelKind::Detector => try_detector(folder, &name),
        ModelKind::Embedding | ModelKind::Attributes => try_looks(folder, &name),
    };
    if let Err(error) = tried {
        folder.remove(&name)?;
        return Err(error.context(format!("try model {name}: nothing was installed")));
    }
    match kind {
        ModelKind::Detector => folder.choose(&name)?,
        ModelKind::Embedding | ModelKind::Attributes => folder.use_looks(&name, true)?,
    }
    say(&format!("installed {name}; it is used from now on"));
    if kind == ModelKind::Attributes {
        say("choose on each camera's page Programs which of its attributes are told");
    }
    Ok(())
}

fn list(folder: &ModelFolder) -> anyhow::Result<()> {
    let chosen = folder.chosen();
    let mark = |name: &str| if chosen == name { "* " } else { "  " };
    let model = built_in()?;
    say(&format!(
        "{}{BUILT_IN}\t{}\t{} bytes\t{}",
        mark(BUILT_IN),
        model.manifest.name,
        model.bytes.len(),
        model.manifest.licence
    ));
    for name in folder.list()? {
        say(&format!("{}{name}", mark(&name)));
    }
    say(&format!("{}{NONE}\tmotion only", mark(NONE)));
    let used = folder.looks();
    for name in folder.list_looks()? {
        let mark = if used.contains(&name) { "+ " } else { "  " };
        say(&format!("{mark}{name}\tdescribes looks"));
    }
    Ok(())
}

fn bench(config: &Config, folder: &ModelFolder, n_looks: u32) -> anyhow::Result<()> {
    let open = || -> anyhow::Result<ModelFiles> {
        folder
            .open(config.model.as_deref())?
            .context("no model to measure: install one with `airelay model add`")
    };
    let (factory, note) = engine_factory(open()?);
    if let Some(note) = note {
        say(&note);
    } else {
        measure(&factory, n_looks)?;
    }
    measure(&rten_factory(open()?), n_looks.min(20))
}

/// Prints the median and the slowest of `n_looks` looks at a grey picture of
/// 480x270, one thread.
fn measure(factory: &EngineFactory, n_looks: u32) -> anyhow::Result<()> {
    let clock = SystemClock::new();
    let mut engine = factory.make()?;
    let facts = factory.facts().context("engine without a detector")?;
    let detector = engine
        .detector
        .as_mut()
        .context("engine without a detector")?;
    let picture = jpeg::RgbImage {
        width_px: 480,
        height_px: 270,
        data: vec![114; 480 * 270 * 3],
    };
    let mut times: Vec<Duration> = Vec::new();
    // The first looks allocate and are left out.
    for look in 0..n_looks + 3 {
        let started = clock.monotonic();
        detector.detail(&picture, NormBox::WHOLE)?;
        if look >= 3 {
            times.push(clock.monotonic() - started);
        }
    }
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    say(&format!(
        "{} on {}: median {:.1} ms, slowest {:.1} ms of {n_looks} looks (one thread)",
        facts.name,
        facts.backend,
        ms(times[times.len() / 2]),
        ms(times[times.len() - 1]),
    ));
    Ok(())
}
