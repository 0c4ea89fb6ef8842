//! The manifest as typed, and what each of its fields may hold.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use types::Class;

use super::{
    ClassSpec, Colour, Fit, InputSpec, MAX_CLASSES, MAX_INPUT_PX, MAX_SIDE_PX, Manifest,
    ManifestError, OutputLayout, SIDE_STEP_PX,
};

/// The manifest as typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawManifest {
    name: String,
    file: String,
    sha256: String,
    licence: String,
    input: RawInput,
    output: RawOutput,
    classes: Vec<RawClass>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawInput {
    name: String,
    width_px: usize,
    height_px: usize,
    dynamic: bool,
    colour: String,
    layout: String,
    mean: [f32; 3],
    std: [f32; 3],
    fit: String,
    pad: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawOutput {
    layout: String,
    nms_iou: f32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClass {
    index: usize,
    class: String,
    threshold: f32,
}

impl RawManifest {
    pub(super) fn check(self) -> Result<Manifest, ManifestError> {
        check_name("name", &self.name)?;
        check_file(&self.file)?;
        let sha256 = check_sha256(&self.sha256)?;
        check_licence(&self.licence)?;
        let input = self.input.check()?;
        let layout = one_of(
            "output.layout",
            &self.output.layout,
            OutputLayout::ALL.map(|layout| (layout.name(), layout)),
        )?;
        if layout == OutputLayout::Yolox {
            check_sides(&input, "layout yolox needs")?;
        }
        let nms_iou = in_range("output.nms_iou", self.output.nms_iou, 0.05, 1.0)?;
        Ok(Manifest {
            name: self.name,
            file: self.file,
            sha256,
            licence: self.licence,
            input,
            layout,
            nms_iou,
            classes: check_classes(&self.classes)?,
        })
    }
}

impl RawInput {
    pub(crate) fn check(self) -> Result<InputSpec, ManifestError> {
        if self.name.is_empty() {
            let message = "is empty: give the input's name in the model".to_owned();
            return Err(field("input.name", message));
        }
        for (name, side) in [("width_px", self.width_px), ("height_px", self.height_px)] {
            if !(SIDE_STEP_PX..=MAX_SIDE_PX).contains(&side) {
                let message = format!("{side}: must be {SIDE_STEP_PX} to {MAX_SIDE_PX}");
                return Err(field(&format!("input.{name}"), message));
            }
        }
        let n_pixels = self.width_px * self.height_px;
        if n_pixels > MAX_INPUT_PX {
            let message = format!("{n_pixels} pixels in all: at most {MAX_INPUT_PX} allowed");
            return Err(field("input.height_px", message));
        }
        one_of("input.layout", &self.layout, [("nchw", ())])?;
        for channel in 0..3 {
            in_range("input.mean", self.mean[channel], 0.0, 255.0)?;
            in_range("input.std", self.std[channel], 0.001, 1000.0)?;
        }
        let colours = [("rgb", Colour::Rgb), ("bgr", Colour::Bgr)];
        let fits = [("letterbox", Fit::Letterbox), ("stretch", Fit::Stretch)];
        let input = InputSpec {
            colour: one_of("input.colour", &self.colour, colours)?,
            fit: one_of("input.fit", &self.fit, fits)?,
            pad: in_range("input.pad", self.pad, 0.0, 255.0)?,
            name: self.name,
            width_px: self.width_px,
            height_px: self.height_px,
            is_dynamic: self.dynamic,
            mean: self.mean,
            std: self.std,
        };
        if input.is_dynamic {
            check_sides(&input, "a dynamic input needs")?;
        }
        Ok(input)
    }
}

pub(crate) fn check_name(path: &str, name: &str) -> Result<(), ManifestError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=64).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
    let message = format!("{name:?}: must be 1 to 64 letters, digits, '.', '_' or '-'");
    Err(field(path, message))
}

/// The checksum in lower case.
pub(crate) fn check_sha256(sha256: &str) -> Result<String, ManifestError> {
    if sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(sha256.to_ascii_lowercase());
    }
    Err(field("sha256", "must be 64 hex digits".to_owned()))
}

pub(crate) fn check_licence(licence: &str) -> Result<(), ManifestError> {
    if licence.trim().is_empty() {
        let message = "is empty: name the licence of the weights".to_owned();
        return Err(field("licence", message));
    }
    Ok(())
}

/// Checks that `model` has the checksum `sha256`.
pub(crate) fn check_model(file: &str, sha256: &str, model: &[u8]) -> Result<(), ManifestError> {
    let actual: String = Sha256::digest(model)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    if actual == sha256 {
        return Ok(());
    }
    Err(ManifestError::WrongModel {
        file: file.to_owned(),
        actual,
        expected: sha256.to_owned(),
    })
}

pub(crate) fn check_file(file: &str) -> Result<(), ManifestError> {
    let is_bare = !file.is_empty() && !file.contains(['/', '\\', '\0']) && !file.starts_with('.');
    if is_bare && file.len() <= 255 {
        return Ok(());
    }
    let message = format!("{file:?}: must be the bare name of a file beside the manifest");
    Err(field("file", message))
}

fn check_sides(input: &InputSpec, who: &str) -> Result<(), ManifestError> {
    for (name, side) in [("width_px", input.width_px), ("height_px", input.height_px)] {
        if side % SIDE_STEP_PX != 0 {
            let message = format!("{side}: {who} multiples of {SIDE_STEP_PX}");
            return Err(field(&format!("input.{name}"), message));
        }
    }
    Ok(())
}

fn check_classes(raw: &[RawClass]) -> Result<Vec<ClassSpec>, ManifestError> {
    if !(1..=MAX_CLASSES).contains(&raw.len()) {
        let message = format!("{} entries: must be 1 to {MAX_CLASSES}", raw.len());
        return Err(field("classes", message));
    }
    let mut classes: Vec<ClassSpec> = Vec::with_capacity(raw.len());
    for (entry_idx, entry) in raw.iter().enumerate() {
        let path = |name: &str| format!("classes[{entry_idx}].{name}");
        if classes.iter().any(|known| known.index == entry.index) {
            let message = format!("{} is used twice", entry.index);
            return Err(field(&path("index"), message));
        }
        let names = Class::ALL.map(|class| (class.name(), class));
        classes.push(ClassSpec {
            index: entry.index,
            class: one_of(&path("class"), &entry.class, names)?,
            threshold: in_range(&path("threshold"), entry.threshold, 0.0, 1.0)?,
        });
    }
    Ok(classes)
}

/// The value that `text` names, or an error that lists all names.
pub(crate) fn one_of<T, const N: usize>(
    path: &str,
    text: &str,
    values: [(&str, T); N],
) -> Result<T, ManifestError> {
    let names: Vec<String> = values.iter().map(|(name, _)| format!("{name:?}")).collect();
    let found = values.into_iter().find(|(name, _)| *name == text);
    found
        .map(|(_, value)| value)
        .ok_or_else(|| field(path, format!("{text:?} is not one of {}", names.join(", "))))
}

fn in_range(path: &str, value: f32, min: f32, max: f32) -> Result<f32, ManifestError> {
    if (min..=max).contains(&value) {
        return Ok(value);
    }
    Err(field(path, format!("{value}: must be {min} to {max}")))
}

pub(crate) fn field(path: &str, message: String) -> ManifestError {
    ManifestError::Field {
        field: path.to_owned(),
        message,
    }
}

/// Shows the line that the TOML reader objects to: it holds the field's name.
pub(crate) fn syntax(text: &str, error: &toml::de::Error) -> ManifestError {
    let start = error.span().map_or(0, |span| span.start);
    let before = text.as_bytes().get(..start).unwrap_or_default();
    let line_idx = before.iter().filter(|byte| **byte == b'\n').count();
    ManifestError::Syntax {
        line_number: line_idx + 1,
        line: text.lines().nth(line_idx).unwrap_or_default().to_owned(),
        message: error.message().replace('\n', ", "),
    }
}
