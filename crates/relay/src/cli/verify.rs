//! `airelay verify`: whether evidence is as it was given out.

use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail};
use clap::Args;
use extension::PublicKey;

use super::say;
use crate::config::Config;
use crate::evidence::{EvidenceKey, MAX_EVIDENCE_BYTES, verify};

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Evidence, a zip file
    file: PathBuf,
    /// Public key of the airelay it comes from, as that airelay shows it; may be given several times
    #[arg(long = "key", value_name = "KEY")]
    keys: Vec<String>,
}

pub(super) fn run(config: &Config, args: &VerifyArgs) -> anyhow::Result<()> {
    let mut named = Vec::new();
    for key in &args.keys {
        named.push(PublicKey::parse(key)?);
    }
    let us = EvidenceKey::of_folder(&config.data_dir).public()?;
    let path = args.file.display();
    let mut bytes = Vec::new();
    File::open(&args.file)
        .and_then(|file| {
            // One byte more tells that it is too large.
            file.take(MAX_EVIDENCE_BYTES as u64 + 1)
                .read_to_end(&mut bytes)
        })
        .with_context(|| format!("read {path}"))?;
    let verdict = verify(&bytes, us, &named);
    if let Some(about) = &verdict.about {
        say(&format!(
            "{} alarm(s), taken out by {} on {} with airelay {}",
            about.alarms.len(),
            about.made_by,
            about.made_at,
            about.airelay_version
        ));
    }
    say(&format!("{} file(s) as given out", verdict.n_intact));
    for problem in &verdict.problems {
        say(&format!("WRONG: {problem}"));
    }
    say(&verdict.signed_by.to_string());
    if !verdict.is_genuine() {
        bail!("{path} is not proven to be as it was given out");
    }
    say("genuine: nothing was changed, added or taken away");
    Ok(())
}
