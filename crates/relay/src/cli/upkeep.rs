//! `airelay backup`, `airelay check` and `airelay licences`.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use store::ReaderOpener;

use super::say;
use crate::config::Config;
use crate::models::ModelFolder;

#[derive(Debug, Args)]
pub(super) struct BackupArgs {
    /// File to write; must not exist
    to: PathBuf,
}

pub(super) fn backup(config: &Config, args: &BackupArgs) -> anyhow::Result<()> {
    // A copy that goes on: nobody can stop it but by ending the command.
    let reader = ReaderOpener::of_folder(&config.data_dir).open()?;
    reader.backup(&args.to, |_, _| true)?;
    let n_bytes = std::fs::metadata(&args.to)?.len();
    say(&format!(
        "{n_bytes} bytes written to {}; keep {} with it (without it camera passwords must be entered again)",
        args.to.display(),
        config.data_dir.join("secret.key").display()
    ));
    Ok(())
}

/// Prints the licences of all that the binary contains.
pub(super) fn licences() {
    say(crate::licences::all().trim_end());
}

/// Says what is there and what is missing, in plain words.
pub(super) fn check(config: &Config) -> anyhow::Result<()> {
    say(&format!("airelay {}", env!("CARGO_PKG_VERSION")));
    say(&format!(
        "settings: listen on {}, TLS {}, {} workers, data in {}",
        config.listen,
        if config.tls { "on" } else { "off" },
        config.workers,
        config.data_dir.display()
    ));
    match runtime::onnx_runtime() {
        Ok(onnx_runtime) => say(&format!(
            "inference: ONNX Runtime, {:?}",
            onnx_runtime.origin()
        )),
        Err(error) => say(&format!("inference: the slower rten engine ({error})")),
    }
    match ModelFolder::new(&config.data_dir).open(config.model.as_deref()) {
        Ok(Some(model)) => say(&format!(
            "detector: {} ({}, {} bytes)",
            model.manifest.name,
            model.origin,
            model.bytes.len()
        )),
        Ok(None) => say("detector: none, motion only"),
        Err(error) => say(&format!("detector: cannot be used: {error:#}")),
    }
    match std::process::Command::new("ffmpeg")
        .arg("-version")
        .output()
    {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            say(&format!(
                "clips: {}",
                text.lines().next().unwrap_or("ffmpeg")
            ));
        }
        Err(_) => say(
            "clips: ffmpeg is not installed; only folders of JPEGs and MJPEG files can be replayed",
        ),
    }
    let listener = std::net::TcpListener::bind(config.listen).with_context(|| {
        format!(
            "address {} cannot be used (is airelay running?)",
            config.listen
        )
    })?;
    drop(listener);
    say("all checked");
    Ok(())
}
