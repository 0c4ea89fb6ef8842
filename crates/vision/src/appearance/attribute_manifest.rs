//! Manifest of a model that tells attributes: the text beside it that says how
//! to feed it and what its numbers mean.
//!
//! In: TOML text (the format is in `testdata/appearance/README.md`). Out: a
//! checked [`AttributeManifest`], or an error that names the field and says
//! what is allowed. The input is described as for detectors.
//!
//! Not here: reading files; running the model (`attribute_model`).

use std::sync::Arc;

use serde::Deserialize;
use types::Class;

use super::vocabulary::{VOCABULARY, attribute_name};
use crate::detect::manifest::{
    RawInput, check_file, check_licence, check_model, check_name, check_sha256, field, one_of,
    syntax,
};
use crate::detect::{InputSpec, MAX_TEXT_BYTES, ManifestError};

/// Most attributes of one model.
const MAX_ATTRIBUTES: usize = 32;
/// Most values of one attribute.
const MAX_VALUES: usize = 256;
/// Longest word for a value.
const MAX_WORD_BYTES: usize = 32;
/// Least belief from which a value is told, where the manifest does not say.
const USUAL_LEAST: f32 = 0.7;

/// A model that tells attributes, described and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeManifest {
    /// Name for people: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Version, in the same letters.
    pub version: String,
    /// Name of the model file, in the manifest's folder.
    pub file: String,
    /// SHA-256 of the model file, 64 lower-case hex digits.
    pub sha256: String,
    /// Licence of the weights, for people.
    pub licence: String,
    /// How to feed the model.
    pub input: InputSpec,
    /// What it was trained to look at; at least one.
    pub classes: Vec<Class>,
    /// What it tells; 1 to 32.
    pub attributes: Vec<AttributeSpec>,
}

/// One attribute and where its numbers are.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributeSpec {
    /// Which, of the vocabulary.
    pub name: &'static str,
    /// Name of the output in the model.
    pub output: String,
    /// Position of the first number in the output.
    pub at: usize,
    /// How numbers become beliefs.
    pub scale: Scaling,
    /// Belief from which a value is told, 0.5..=1 for [`Reading::YesNo`],
    /// 0..=1 else.
    pub least: f32,
    /// What the numbers mean.
    pub reading: Reading,
}

/// How numbers become beliefs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scaling {
    /// They are beliefs already.
    None,
    /// Each by itself.
    Sigmoid,
    /// All values of the attribute together.
    Softmax,
}

/// What the numbers of an attribute mean.
#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    /// One number: belief in `yes`; `no` is told where there is a word for it.
    YesNo {
        /// Value from the least belief on.
        yes: Arc<str>,
        /// Value when the belief is as much below one half.
        no: Option<Arc<str>>,
    },
    /// One number for each value; those without a word are not told.
    OneOf(Vec<Option<Arc<str>>>),
}

impl AttributeManifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// The text is longer than [`MAX_TEXT_BYTES`] or not TOML, or a field is
    /// missing, unknown or out of range; the field is named.
    pub fn parse(text: &str) -> Result<AttributeManifest, ManifestError> {
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

    /// Name and version.
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
    attributes: Vec<RawAttribute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAttribute {
    name: String,
    output: String,
    #[serde(default)]
    at: usize,
    scale: Option<String>,
    least: Option<f32>,
    yes: Option<String>,
    no: Option<String>,
    values: Option<Vec<String>>,
}

impl RawManifest {
    fn check(self) -> Result<AttributeManifest, ManifestError> {
        one_of("kind", &self.kind, [("attributes", ())])?;
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
            let message = "true: attributes are told of pictures of one size".to_owned();
            return Err(field("input.dynamic", message));
        }
        let n_attributes = self.attributes.len();
        if !(1..=MAX_ATTRIBUTES).contains(&n_attributes) {
            let message = format!("{n_attributes} entries: must be 1 to {MAX_ATTRIBUTES}");
            return Err(field("attributes", message));
        }
        let attributes = self.attributes.into_iter().enumerate();
        Ok(AttributeManifest {
            sha256: check_sha256(&self.sha256)?,
            name: self.name,
            version: self.version,
            file: self.file,
            licence: self.licence,
            input,
            classes,
            attributes: attributes
                .map(|(idx, raw)| raw.check(idx))
                .collect::<Result<_, _>>()?,
        })
    }
}

impl RawAttribute {
    fn check(self, idx: usize) -> Result<AttributeSpec, ManifestError> {
        let path = |name: &str| format!("attributes[{idx}].{name}");
        let known = attribute_name(&self.name).ok_or_else(|| {
            let names = VOCABULARY.map(|known| known.name).join(", ");
            field(&path("name"), format!("{:?} is none of {names}", self.name))
        })?;
        if self.output.is_empty() {
            let message = "is empty: give the output's name in the model".to_owned();
            return Err(field(&path("output"), message));
        }
        let scales = [
            ("none", Scaling::None),
            ("sigmoid", Scaling::Sigmoid),
            ("softmax", Scaling::Softmax),
        ];
        let scale = self.scale.as_deref().unwrap_or("none");
        let scale = one_of(&path("scale"), scale, scales)?;
        let reading = match (self.yes, self.values) {
            (Some(yes), None) => Reading::YesNo {
                yes: word(&path("yes"), &yes)?,
                no: self.no.map(|no| word(&path("no"), &no)).transpose()?,
            },
            (None, Some(values)) if self.no.is_none() => {
                if !(2..=MAX_VALUES).contains(&values.len()) {
                    let message = format!("{} entries: must be 2 to {MAX_VALUES}", values.len());
                    return Err(field(&path("values"), message));
                }
                let words = values.iter().map(|value| match value.is_empty() {
                    true => Ok(None),
                    false => word(&path("values"), value).map(Some),
                });
                Reading::OneOf(words.collect::<Result<_, _>>()?)
            }
            _ => {
                let message = "give either yes (and no, if it shall be told) or values".to_owned();
                return Err(field(&path("yes"), message));
            }
        };
        if scale == Scaling::Softmax && matches!(reading, Reading::YesNo { .. }) {
            let message = "softmax is for values; use sigmoid or none".to_owned();
            return Err(field(&path("scale"), message));
        }
        let least = self.least.unwrap_or(USUAL_LEAST);
        let lowest = match reading {
            Reading::YesNo { .. } => 0.5,
            Reading::OneOf(_) => 0.0,
        };
        if !(lowest..=1.0).contains(&least) {
            let message = format!("{least}: must be {lowest} to 1");
            return Err(field(&path("least"), message));
        }
        Ok(AttributeSpec {
            name: known.name,
            output: self.output,
            at: self.at.min(crate::detect::MAX_OUTPUT_VALUES),
            scale,
            least,
            reading,
        })
    }
}

/// A value as it is stored and searched.
fn word(path: &str, text: &str) -> Result<Arc<str>, ManifestError> {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-+".contains(&byte);
    if (1..=MAX_WORD_BYTES).contains(&text.len()) && text.bytes().all(is_plain) {
        return Ok(Arc::from(text));
    }
    let message = format!("{text:?}: must be 1 to {MAX_WORD_BYTES} of a-z, 0-9, '_', '-' and '+'");
    Err(field(path, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERSON: &str = include_str!("../../testdata/appearance/person-attributes-0230.toml");
    const VEHICLE: &str = include_str!("../../testdata/appearance/vehicle-attributes-0039.toml");

    #[test]
    fn manifests_of_the_shared_models_are_read() {
        let person = AttributeManifest::parse(PERSON).unwrap();
        assert_eq!(person.maker(), "person-attributes-0230/1");
        assert_eq!(person.classes, [Class::Person]);
        assert_eq!(person.attributes[0].name, "gender");
        let vehicle = AttributeManifest::parse(VEHICLE).unwrap();
        let Reading::OneOf(types) = &vehicle.attributes[0].reading else {
            panic!("types are one of several");
        };
        assert_eq!(types.len(), 4);
    }

    #[test]
    fn faults_are_named_with_what_is_allowed() {
        for (from, to, expected) in [
            (
                "kind = \"attributes\"",
                "kind = \"embedding\"",
                r#"kind: "embedding" is not one of "attributes""#,
            ),
            (
                "name = \"gender\"",
                "name = \"complexion\"",
                "attributes[0].name: \"complexion\" is none of gender, age_band",
            ),
            (
                "yes = \"male\"",
                "yes = \"Male!\"",
                "attributes[0].yes: \"Male!\": must be 1 to 32 of a-z",
            ),
            (
                "least = 0.8",
                "least = 0.4",
                "attributes[0].least: 0.4: must be 0.5 to 1",
            ),
            (
                "yes = \"male\"",
                "values = [\"male\", \"female\"]",
                "attributes[0].yes: give either yes",
            ),
            (
                "output = \"attributes\"",
                "output = \"\"",
                "attributes[0].output: is empty",
            ),
        ] {
            let text = PERSON.replacen(from, to, 1);
            assert_ne!(text, PERSON, "{from} is there");
            let error = AttributeManifest::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
