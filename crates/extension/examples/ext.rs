//! Keys, packages and a folder of installed programs, by hand.
//!
//! In: arguments, see `USAGE`. Out: files, and a line about each.
//!
//! Not here: the relay's own commands and pages, which do the same.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use extension::{Host, Installed, Listed, Package, PublicKey, SecretKey, Unsigned};

const USAGE: &str = "usage:
  ext keygen SECRET-KEY-FILE
  ext pack MANIFEST COMPONENT SECRET-KEY-FILE PACKAGE [LICENCE [ICON]]
  ext verify PACKAGE
  ext trust FOLDER PUBLIC-KEY NAME
  ext install FOLDER PACKAGE
  ext rollback FOLDER ID
  ext uninstall FOLDER ID
  ext list FOLDER";

type Outcome = Result<String, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(text) => {
            let written = writeln!(std::io::stdout(), "{text}");
            ExitCode::from(u8::from(written.is_err()))
        }
        Err(error) => {
            let written = writeln!(std::io::stderr(), "{error}");
            ExitCode::from(1 + u8::from(written.is_err()))
        }
    }
}

fn run(arguments: &[&str]) -> Outcome {
    match arguments {
        ["keygen", file] => keygen(Path::new(file)),
        ["pack", manifest, component, key, package, rest @ ..] if rest.len() <= 2 => {
            pack(manifest, component, key, package, rest)
        }
        ["verify", package] => verify(package),
        ["trust", folder, key, name] => {
            open(folder)?.trust(PublicKey::parse(key)?, name)?;
            Ok(format!("packages of {name} are accepted"))
        }
        ["install", folder, package] => {
            let extension = open(folder)?.install(&fs::read(package)?, &Host::new()?)?;
            let manifest = extension.manifest();
            Ok(format!("{} {} is installed", manifest.id, manifest.version))
        }
        ["rollback", folder, id] => {
            let extension = open(folder)?.roll_back(id, &Host::new()?)?;
            Ok(format!("{id} {} is back", extension.manifest().version))
        }
        ["uninstall", folder, id] => {
            open(folder)?.uninstall(id)?;
            Ok(format!("{id} is removed"))
        }
        ["list", folder] => list(folder),
        _ => Err(USAGE.into()),
    }
}

/// Writes a new secret key where nothing is yet, readable by its owner only.
fn keygen(file: &Path) -> Outcome {
    let secret_key = SecretKey::generate()?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(file)
        .and_then(|mut out| writeln!(out, "{}", secret_key.to_text()))
        .map_err(|error| format!("write {}: {error}", file.display()))?;
    Ok(format!(
        "{} (fingerprint {})",
        secret_key.public_key(),
        secret_key.public_key().fingerprint()
    ))
}

fn pack(manifest: &str, component: &str, key: &str, package: &str, rest: &[&str]) -> Outcome {
    let manifest = fs::read_to_string(manifest)?;
    let component = fs::read(component)?;
    let licence = rest.first().map(fs::read_to_string).transpose()?;
    let icon = rest.get(1).map(fs::read).transpose()?;
    let secret_key = SecretKey::parse(&fs::read_to_string(key)?)?;
    let bytes = Unsigned {
        manifest: &manifest,
        component: &component,
        icon: icon.as_deref().unwrap_or_default(),
        licence: licence.as_deref().unwrap_or_default(),
    }
    .sign(&secret_key)?;
    fs::write(package, &bytes)?;
    Ok(format!("{package}: {} bytes", bytes.len()))
}

/// Reads, compiles and links a package; trust is not asked.
fn verify(package: &str) -> Outcome {
    let package = Package::read(&fs::read(package)?)?;
    Host::new()?.load(&package)?;
    let manifest = &package.manifest;
    Ok(format!(
        "{} {} for {} fits; signed with {}",
        manifest.id, manifest.version, manifest.interface, package.publisher_key
    ))
}

fn list(folder: &str) -> Outcome {
    let lines: Vec<String> = open(folder)?
        .list()?
        .into_iter()
        .map(|Listed { id, installation }| match installation {
            Ok(row) => format!(
                "{id} {} (before: {}), {} bytes, key {}",
                row.manifest.version,
                row.previous_version.as_deref().unwrap_or("none"),
                row.storage_bytes,
                row.publisher_key.fingerprint()
            ),
            Err(error) => format!("{id}: {error}"),
        })
        .collect();
    Ok(lines.join("\n"))
}

fn open(folder: &str) -> Result<Installed, extension::InstallError> {
    Installed::open(Path::new(folder))
}
