//! `airelay ext`: keys, packages, installed programs.
//!
//! What is installed or removed here takes effect within seconds, also in an
//! airelay that runs.

use std::fs::{self, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use extension::{
    Host, InstallError, Installed, MAX_PACKAGE_BYTES, Package, PublicKey, SecretKey, Unsigned,
};

use super::say;
use crate::config::Config;
use crate::extensions::folder_in;

#[derive(Debug, Subcommand)]
pub(super) enum ExtCommand {
    /// Make a publisher's secret key; prints the public one
    Keygen {
        /// File to write; there must be none yet
        secret_key: PathBuf,
    },
    /// Pack and sign a program
    Pack {
        /// Its manifest (TOML)
        manifest: PathBuf,
        /// Its code, a WebAssembly component
        component: PathBuf,
        /// Secret key of the publisher
        #[arg(long)]
        key: PathBuf,
        /// Package to write, ending in .ext
        #[arg(long)]
        out: PathBuf,
        /// Text of its licence
        #[arg(long)]
        licence: Option<PathBuf>,
        /// Its picture (PNG)
        #[arg(long)]
        icon: Option<PathBuf>,
    },
    /// Sign a package with another key
    Sign {
        /// Package to read
        package: PathBuf,
        /// Secret key
        #[arg(long)]
        key: PathBuf,
        /// Package to write
        #[arg(long)]
        out: PathBuf,
        /// Manifest of the package; a signature covers its text
        #[arg(long)]
        manifest: PathBuf,
    },
    /// Read, compile and link a package, changing nothing
    Verify {
        /// Package
        package: PathBuf,
    },
    /// Accept packages of a publisher
    Trust {
        /// `airelay-public-key:` and 64 digits
        key: String,
        /// As you call the publisher
        name: String,
    },
    /// Accept no more packages of a publisher
    Distrust {
        /// `airelay-public-key:` and 64 digits
        key: String,
    },
    /// Install or update a program
    Install {
        /// Package
        package: PathBuf,
    },
    /// Bring back the version before the installed one
    Rollback {
        /// Which program
        id: String,
    },
    /// List installed programs and accepted publishers
    List,
    /// Remove a program
    Remove {
        /// Which program
        id: String,
    },
}

pub(super) fn run(config: &Config, command: ExtCommand) -> anyhow::Result<()> {
    let open = || Installed::open(&folder_in(&config.data_dir));
    match command {
        ExtCommand::Keygen { secret_key } => keygen(&secret_key)?,
        ExtCommand::Pack {
            manifest,
            component,
            key,
            out,
            licence,
            icon,
        } => {
            let component = read(&component)?;
            let icon = icon.as_deref().map(read).transpose()?;
            let licence = licence.as_deref().map(text).transpose()?;
            let unsigned = Unsigned {
                manifest: &text(&manifest)?,
                component: &component,
                icon: icon.as_deref().unwrap_or_default(),
                licence: licence.as_deref().unwrap_or_default(),
            };
            pack(&unsigned, &key, &out)?;
        }
        ExtCommand::Sign {
            package,
            key,
            out,
            manifest,
        } => {
            let package = Package::read(&read(&package)?)?;
            let unsigned = Unsigned {
                manifest: &text(&manifest)?,
                component: &package.component,
                icon: package.icon.as_deref().unwrap_or_default(),
                licence: package.licence.as_deref().unwrap_or_default(),
            };
            pack(&unsigned, &key, &out)?;
        }
        ExtCommand::Verify { package } => {
            let package = Package::read(&read(&package)?)?;
            Host::new()?.load(&package)?;
            let manifest = &package.manifest;
            say(&format!(
                "{} {} fits {}; signed with {}",
                manifest.id, manifest.version, manifest.interface, package.publisher_key
            ));
        }
        ExtCommand::Trust { key, name } => {
            let key = PublicKey::parse(&key)?;
            open()?.trust(key, &name)?;
            say(&format!(
                "packages of {name} ({}) are accepted",
                key.fingerprint()
            ));
        }
        ExtCommand::Distrust { key } => {
            open()?.distrust(PublicKey::parse(&key)?)?;
            say("its packages are not accepted any more; what is installed stays");
        }
        ExtCommand::Install { package } => {
            let extension = open()?
                .install(&read(&package)?, &Host::new()?)
                .map_err(|error| match &error {
                    InstallError::Untrusted { key, .. } => {
                        let advice = format!("airelay ext trust {key} \"its name\"");
                        anyhow::anyhow!("{error}: {advice}")
                    }
                    _ => error.into(),
                })?;
            let manifest = extension.manifest();
            say(&format!("installed {} {}", manifest.id, manifest.version));
        }
        ExtCommand::Rollback { id } => {
            let extension = open()?.roll_back(&id, &Host::new()?)?;
            say(&format!("{id} {} is back", extension.manifest().version));
        }
        ExtCommand::List => list(&open()?)?,
        ExtCommand::Remove { id } => {
            open()?.uninstall(&id)?;
            say(&format!("removed {id}"));
        }
    }
    Ok(())
}

fn list(installed: &Installed) -> anyhow::Result<()> {
    for row in installed.list()? {
        match row.installation {
            Ok(found) => say(&format!(
                "{}\t{}\t{} bytes\tkey {}{}",
                row.id,
                found.manifest.version,
                found.storage_bytes,
                found.publisher_key.fingerprint(),
                found
                    .previous_version
                    .map_or_else(String::new, |version| format!("\tbefore: {version}"))
            )),
            Err(error) => say(&format!("{}\t{error}", row.id)),
        }
    }
    for (key, name) in installed.publishers() {
        say(&format!("publisher\t{name}\t{key}"));
    }
    Ok(())
}

/// Writes a new secret key where nothing is yet, readable by its owner only.
fn keygen(file: &Path) -> anyhow::Result<()> {
    let secret_key = SecretKey::generate()?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(file)
        .and_then(|mut out| writeln!(out, "{}", secret_key.to_text()))
        .with_context(|| format!("write key {}", file.display()))?;
    let public_key = secret_key.public_key();
    say(&format!(
        "{public_key}\nfingerprint {}",
        public_key.fingerprint()
    ));
    Ok(())
}

fn pack(unsigned: &Unsigned<'_>, key: &Path, out: &Path) -> anyhow::Result<()> {
    let bytes = unsigned.sign(&SecretKey::parse(&text(key)?)?)?;
    fs::write(out, &bytes).with_context(|| format!("write package {}", out.display()))?;
    say(&format!("{}: {} bytes", out.display(), bytes.len()));
    Ok(())
}

/// A file, no longer than any part of a package may be.
fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(file)
        .and_then(|file| {
            file.take(MAX_PACKAGE_BYTES as u64 + 1)
                .read_to_end(&mut bytes)
        })
        .with_context(|| format!("read {}", file.display()))?;
    Ok(bytes)
}

fn text(file: &Path) -> anyhow::Result<String> {
    String::from_utf8(read(file)?)
        .with_context(|| format!("read {}: it is no text", file.display()))
}
