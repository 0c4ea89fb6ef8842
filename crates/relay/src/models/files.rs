//! A model's manifest and network, checked against each other.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde::Deserialize;
use vision::appearance::{AttributeManifest, EmbedManifest};
use vision::detect::{Manifest, ManifestError};

use super::{BUILT_IN, ModelFolder};

/// Manifest of the detector that ships with the program.
const BUILT_IN_MANIFEST: &str = include_str!("../../../../models/airelay-n.toml");

/// Its network.
const BUILT_IN_NETWORK: &[u8] = include_bytes!("../../../../models/airelay-n.onnx");

/// Largest network that is loaded.
const MAX_MODEL_BYTES: u64 = 512 * 1024 * 1024;

/// Largest manifest that is read.
const MAX_MANIFEST_BYTES: u64 = 64 * 1024;

/// A detector's files, checked against each other.
#[derive(Debug)]
pub struct ModelFiles {
    /// What the network expects and gives.
    pub manifest: Manifest,
    /// The network.
    pub bytes: Vec<u8>,
    /// Where it came from, for people.
    pub origin: String,
}

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ModelKind {
    /// Finds objects.
    Detector,
    /// Makes vectors to find an object again.
    Embedding,
    /// Tells attributes in words.
    Attributes,
}

impl ModelKind {
    /// By the field `kind`, which manifests of detectors do not have.
    pub(super) fn of(manifest: &str) -> ModelKind {
        #[derive(Deserialize)]
        struct Kind {
            kind: Option<String>,
        }
        let kind = toml::from_str::<Kind>(manifest).ok();
        match kind.and_then(|kind| kind.kind).as_deref() {
            Some("embedding") => ModelKind::Embedding,
            Some("attributes") => ModelKind::Attributes,
            _ => ModelKind::Detector,
        }
    }
}

/// A manifest of any kind of model.
#[derive(Clone, Debug)]
pub(crate) enum AnyManifest {
    Detector(Manifest),
    Embedding(EmbedManifest),
    Attributes(AttributeManifest),
}

impl AnyManifest {
    /// Reads a manifest of any kind.
    ///
    /// # Errors
    /// A field is missing, unknown or out of range; it is named.
    pub(crate) fn parse(text: &str) -> Result<Self, ManifestError> {
        Ok(match ModelKind::of(text) {
            ModelKind::Detector => AnyManifest::Detector(Manifest::parse(text)?),
            ModelKind::Embedding => AnyManifest::Embedding(EmbedManifest::parse(text)?),
            ModelKind::Attributes => AnyManifest::Attributes(AttributeManifest::parse(text)?),
        })
    }

    pub(crate) fn kind(&self) -> ModelKind {
        match self {
            AnyManifest::Detector(_) => ModelKind::Detector,
            AnyManifest::Embedding(_) => ModelKind::Embedding,
            AnyManifest::Attributes(_) => ModelKind::Attributes,
        }
    }

    pub(crate) fn name(&self) -> &str {
        match self {
            AnyManifest::Detector(manifest) => &manifest.name,
            AnyManifest::Embedding(manifest) => &manifest.name,
            AnyManifest::Attributes(manifest) => &manifest.name,
        }
    }

    pub(crate) fn licence(&self) -> &str {
        match self {
            AnyManifest::Detector(manifest) => &manifest.licence,
            AnyManifest::Embedding(manifest) => &manifest.licence,
            AnyManifest::Attributes(manifest) => &manifest.licence,
        }
    }

    pub(super) fn file(&self) -> &str {
        match self {
            AnyManifest::Detector(manifest) => &manifest.file,
            AnyManifest::Embedding(manifest) => &manifest.file,
            AnyManifest::Attributes(manifest) => &manifest.file,
        }
    }

    pub(super) fn check_model(&self, bytes: &[u8]) -> Result<(), ManifestError> {
        match self {
            AnyManifest::Detector(manifest) => manifest.check_model(bytes),
            AnyManifest::Embedding(manifest) => manifest.check_model(bytes),
            AnyManifest::Attributes(manifest) => manifest.check_model(bytes),
        }
    }
}

/// Reads a manifest of any kind and the network beside it.
pub(super) fn open_any(manifest_file: &Path) -> anyhow::Result<(AnyManifest, Vec<u8>)> {
    let text = read_manifest(manifest_file)?;
    let manifest = AnyManifest::parse(&text)
        .with_context(|| format!("read manifest {}", manifest_file.display()))?;
    let network_file = manifest_file.with_file_name(manifest.file());
    let bytes = read_bounded(&network_file, MAX_MODEL_BYTES)?;
    manifest
        .check_model(&bytes)
        .with_context(|| format!("check {}", network_file.display()))?;
    Ok((manifest, bytes))
}

/// What people may know of an installed model, from its manifest alone.
///
/// # Errors
/// The manifest cannot be read.
pub(crate) fn manifest_of(folder: &ModelFolder, name: &str) -> anyhow::Result<Manifest> {
    match name {
        BUILT_IN => Manifest::parse(BUILT_IN_MANIFEST).context("built-in manifest"),
        name => {
            let file = folder.manifest_file(name);
            let text = read_manifest(&file)?;
            Manifest::parse(&text).with_context(|| format!("read manifest {}", file.display()))
        }
    }
}

/// The built-in detector.
///
/// # Errors
/// Manifest and network do not fit: the build is broken.
pub(crate) fn built_in() -> anyhow::Result<ModelFiles> {
    let manifest = Manifest::parse(BUILT_IN_MANIFEST).context("built-in manifest")?;
    manifest
        .check_model(BUILT_IN_NETWORK)
        .context("built-in model")?;
    Ok(ModelFiles {
        manifest,
        bytes: BUILT_IN_NETWORK.to_vec(),
        origin: "built in".to_owned(),
    })
}

/// Reads a manifest and the network beside it.
///
/// # Errors
/// A file is missing, too large, or they do not fit each other.
pub fn open_files(manifest_file: &Path) -> anyhow::Result<ModelFiles> {
    let text = read_manifest(manifest_file)?;
    let manifest = Manifest::parse(&text)
        .with_context(|| format!("read manifest {}", manifest_file.display()))?;
    let network_file = manifest_file.with_file_name(&manifest.file);
    let bytes = read_bounded(&network_file, MAX_MODEL_BYTES)?;
    manifest
        .check_model(&bytes)
        .with_context(|| format!("check {}", network_file.display()))?;
    Ok(ModelFiles {
        manifest,
        bytes,
        origin: manifest_file.display().to_string(),
    })
}

pub(super) fn read_manifest(file: &Path) -> anyhow::Result<String> {
    let bytes = read_bounded(file, MAX_MANIFEST_BYTES)?;
    String::from_utf8(bytes).with_context(|| format!("read manifest {}", file.display()))
}

fn read_bounded(file: &Path, max_bytes: u64) -> anyhow::Result<Vec<u8>> {
    let len_bytes = fs::metadata(file)
        .with_context(|| format!("read {}", file.display()))?
        .len();
    if len_bytes > max_bytes {
        bail!(
            "read {}: {len_bytes} bytes exceeds the limit of {max_bytes}",
            file.display()
        );
    }
    fs::read(file).with_context(|| format!("read {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_model_fits_its_manifest() {
        let model = built_in().unwrap();
        assert_eq!(model.manifest.file, "airelay-n.onnx");
    }
}
