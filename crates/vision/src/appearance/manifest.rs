//! Manifest of a re-identification model: the text beside it that says how to
//! feed it and what it gives.
//!
//! In: TOML text (the format is in `testdata/appearance/README.md`). Out: a
//! checked [`EmbedManifest`], or an error that names the field and says what
//! is allowed. The input is described as for detectors.
//!
//! Not here: reading files; running the model (`embedder`).

use serde::Deserialize;
use types::Class;

use crate::detect::manifest::{
    RawInput, check_file, check_licence, check_model, check_name, check_sha256, field, one_of,
    syntax,
};
use crate::detect::{InputSpec, MAX_TEXT_BYTES, ManifestError};

/// Most numbers of a vector.
pub const MAX_DIMS: usize = 1024;
/// Fewest numbers that can tell objects apart.
const MIN_DIMS: usize = 8;

/// A re-identification model, described and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct EmbedManifest {
    /// Name for people: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Version, in the same letters: vectors of two versions are never
    /// compared.
    pub version: String,
    /// Name of the model file, in the manifest's folder.
    pub file: String,
    /// SHA-256 of the model file, 64 lower-case hex digits.
    pub sha256: String,
    /// Licence of the weights, for people.
    pub licence: String,
    /// How to feed the model.
    pub input: InputSpec,
    /// Name of the output that is the vector.
    pub output: String,
    /// Numbers in the vector, 8..=[`MAX_DIMS`].
    pub dims: usize,
    /// Similarity, -1..=1, from which two vectors are taken for the same
    /// object when visitors are counted; `None`: they are not compared then.
    pub same_from: Option<f32>,
    /// What it was trained to tell apart; at least one.
    pub classes: Vec<Class>,
}

impl EmbedManifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// The text is longer than [`MAX_TEXT_BYTES`] or not TOML, or a field is
    /// missing, unknown or out of range; the field is named.
    pub fn parse(text: &str) -> Result<EmbedManifest, ManifestError> {
        if text.len() > MAX_TEXT_BYTES {
            let message = format!("{} bytes: at most {MAX_TEXT_BYTES} allowed", text.len());
            return Err(field("length", message));
        }
        let raw: RawManifest = toml::from_str(text).map_err(|error| syntax(text, &error))?;
        raw.check()
    }

    /// Checks that `model` is the file that the manifest describes.
    ///
    /// # Errors
    /// Its SHA-256 differs.
    pub fn check_model(&self, model: &[u8]) -> Result<(), ManifestError> {
        check_model(&self.file, &self.sha256, model)
    }

    /// Who makes its vectors.
    pub fn maker(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }
}

/// The manifest as typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
    kind: String,
    name: String,
    version: String,
    file: String,
    sha256: String,
    licence: String,
    classes: Vec<String>,
    input: RawInput,
    output: RawOutput,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOutput {
    name: String,
    dims: usize,
    same_from: Option<f32>,
}

impl RawManifest {
    fn check(self) -> Result<EmbedManifest, ManifestError> {
        one_of("kind", &self.kind, [("embedding", ())])?;
        check_name("name", &self.name)?;
        check_name("version", &self.version)?;
        check_file(&self.file)?;
        check_licence(&self.licence)?;
        if !(1..=Class::ALL.len()).contains(&self.classes.len()) {
            let message = format!("{} entries: must be 1 to 6", self.classes.len());
            return Err(field("classes", message));
        }
        let names = Class::ALL.map(|class| (class.name(), class));
        let classes = self
            .classes
            .iter()
            .map(|class| one_of("classes", class, names))
            .collect::<Result<_, _>>()?;
        let input = self.input.check()?;
        if input.is_dynamic {
            let message = "true: vectors are made of pictures of one size".to_owned();
            return Err(field("input.dynamic", message));
        }
        if self.output.name.is_empty() {
            let message = "is empty: give the output's name in the model".to_owned();
            return Err(field("output.name", message));
        }
        if !(MIN_DIMS..=MAX_DIMS).contains(&self.output.dims) {
            let message = format!("{}: must be {MIN_DIMS} to {MAX_DIMS}", self.output.dims);
            return Err(field("output.dims", message));
        }
        if let Some(same_from) = self
            .output
            .same_from
            .filter(|from| !(-1.0..=1.0).contains(from))
        {
            let message = format!("{same_from}: must be -1 to 1");
            return Err(field("output.same_from", message));
        }
        Ok(EmbedManifest {
            same_from: self.output.same_from,
            sha256: check_sha256(&self.sha256)?,
            name: self.name,
            version: self.version,
            file: self.file,
            licence: self.licence,
            input,
            output: self.output.name,
            dims: self.output.dims,
            classes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = include_str!("../../testdata/appearance/person-reid-0288.toml");

    #[test]
    fn manifest_of_the_shared_model_is_read() {
        let manifest = EmbedManifest::parse(GOOD).unwrap();
        assert_eq!(manifest.maker(), "person-reid-0288/1");
        assert_eq!(manifest.dims, 256);
        assert_eq!(
            (manifest.input.width_px, manifest.input.height_px),
            (128, 256)
        );
        assert_eq!(manifest.classes, [Class::Person]);
    }

    #[test]
    fn faults_are_named_with_what_is_allowed() {
        for (from, to, expected) in [
            (
                "kind = \"embedding\"",
                "kind = \"detector\"",
                r#"kind: "detector" is not one of "embedding""#,
            ),
            (
                "dims = 256",
                "dims = 4096",
                "output.dims: 4096: must be 8 to 1024",
            ),
            ("[\"person\"]", "[]", "classes: 0 entries: must be 1 to 6"),
            (
                "[\"person\"]",
                "[\"dog\"]",
                "classes: \"dog\" is not one of",
            ),
            (
                "version = \"1\"",
                "version = \"a b\"",
                "version: \"a b\": must be 1 to 64 letters",
            ),
            (
                "dynamic = false",
                "dynamic = true",
                "input.dynamic: true: vectors are made",
            ),
            (
                "same_from = 0.7",
                "same_from = 2",
                "output.same_from: 2: must be -1 to 1",
            ),
            (
                "name = \"embedding\"",
                "name = \"\"",
                "output.name: is empty",
            ),
            (
                "sha256 = \"98",
                "sha256 = \"",
                "sha256: must be 64 hex digits",
            ),
            (
                "colour = \"bgr\"",
                "colour = \"grey\"",
                "input.colour: \"grey\" is not one of",
            ),
        ] {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD, "{from}");
            let error = EmbedManifest::parse(&text).unwrap_err().to_string();
            let expected = format!("read manifest: {expected}");
            assert!(error.starts_with(&expected), "{error}");
        }
        let error = EmbedManifest::parse("kind = 3").unwrap_err().to_string();
        assert!(error.starts_with("read manifest, line 1"), "{error}");
    }
}
