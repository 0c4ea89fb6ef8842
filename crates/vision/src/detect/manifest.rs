//! Detector manifest: the text beside a model that says how to feed it and
//! how to read its answers.
//!
//! In: TOML text (the format is in `testdata/manifests/README.md`), and the
//! model's bytes. Out: a checked [`Manifest`], or an error that names the
//! field and says what is allowed.
//!
//! Not here: reading files; running the model (`backend`).

use std::fmt;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use thiserror::Error;
use types::Class;

/// Side lengths of a dynamic input are multiples of this: the coarsest
/// feature map of the networks we know divides the picture by 32.
pub const SIDE_STEP_PX: usize = 32;
/// Longest side of an input.
pub const MAX_SIDE_PX: usize = 4096;
/// Most pixels of an input; 4 MP is about 50 times a usual one.
pub const MAX_INPUT_PX: usize = 1 << 22;
/// Most `[[classes]]` entries.
pub const MAX_CLASSES: usize = 256;
/// Longest manifest text.
pub const MAX_TEXT_BYTES: usize = 64 * 1024;

/// A detector, described and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Manifest {
    /// Name for people and logs: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// Name of the model file, in the manifest's folder.
    pub file: String,
    /// SHA-256 of the model file, 64 lower-case hex digits.
    pub sha256: String,
    /// Licence of the weights, for people.
    pub licence: String,
    /// How to feed the model.
    pub input: InputSpec,
    /// Form of its answers.
    pub layout: OutputLayout,
    /// Two boxes of one class group that overlap more than this (IoU, 0..=1)
    /// are one object.
    pub nms_iou: f32,
    /// Which scores mean which of our classes; at least one.
    pub classes: Vec<ClassSpec>,
}

/// How to feed a model.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSpec {
    /// The input's name in the model.
    pub name: String,
    /// Width; where `is_dynamic`, width times height is the pixel budget.
    pub width_px: usize,
    /// Height.
    pub height_px: usize,
    /// Whether any multiple of [`SIDE_STEP_PX`] is accepted on both sides.
    pub is_dynamic: bool,
    /// Channel order.
    pub colour: Colour,
    /// Subtracted, per channel in the order of `colour`, 0..=255 scale.
    pub mean: [f32; 3],
    /// Divided by, after the mean, per channel in the order of `colour`.
    pub std: [f32; 3],
    /// How a picture of another shape is made to fit.
    pub fit: Fit,
    /// Value around a letterboxed picture, before `mean` and `std`, 0..=255.
    pub pad: f32,
}

/// Channel order of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

/// How a picture of another shape is made to fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Aspect kept, at the top-left corner, padded to the right or below.
    Letterbox,
    /// Each side scaled on its own.
    Stretch,
}

/// Form of a model's answers; `post` has one file for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputLayout {
    /// Decoded corners and final scores, two outputs.
    BoxesScores,
    /// YOLOX: raw centre, log size, objectness, class scores.
    Yolox,
    /// NanoDet-Plus: class logits and edge distance distributions.
    NanodetPlus,
    /// PicoDet: class scores and edge distance distributions per scale.
    Picodet,
    /// YOLOv8 and its kin: decoded centre, size, class scores, transposed.
    Yolov8,
}

/// One score of the model and the class it stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassSpec {
    /// Zero-based index among the model's class scores.
    pub index: usize,
    /// Our class. Several indexes may mean the same class.
    pub class: Class,
    /// Score from which a detection of this class is believed at once.
    pub threshold: f32,
}

impl OutputLayout {
    const ALL: [OutputLayout; 5] = [
        OutputLayout::BoxesScores,
        OutputLayout::Yolox,
        OutputLayout::NanodetPlus,
        OutputLayout::Picodet,
        OutputLayout::Yolov8,
    ];

    /// Name in manifests.
    pub const fn name(self) -> &'static str {
        match self {
            OutputLayout::BoxesScores => "boxes_scores",
            OutputLayout::Yolox => "yolox",
            OutputLayout::NanodetPlus => "nanodet_plus",
            OutputLayout::Picodet => "picodet",
            OutputLayout::Yolov8 => "yolov8",
        }
    }
}

impl fmt::Display for OutputLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is wrong with a manifest, or with the model it describes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ManifestError {
    /// Not TOML, a field is missing, unknown, or of another type.
    #[error("read manifest, line {line_number} ({line:?}): {message}")]
    Syntax {
        /// One-based.
        line_number: usize,
        /// The text of that line.
        line: String,
        /// What the TOML reader says.
        message: String,
    },
    /// A field has a value that cannot work.
    #[error("read manifest: {field}: {message}")]
    Field {
        /// Path of the field, such as `input.width_px`.
        field: String,
        /// What it holds and what is allowed.
        message: String,
    },
    /// The model's bytes are not those the manifest was made for.
    #[error(
        "check model {file}: its SHA-256 is {actual}, the manifest says {expected}; copy the file again, or correct the manifest if it is meant to differ"
    )]
    WrongModel {
        /// As in the manifest.
        file: String,
        /// 64 hex digits.
        actual: String,
        /// As in the manifest.
        expected: String,
    },
}

impl Manifest {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    /// The text is longer than [`MAX_TEXT_BYTES`] or not TOML, or a field is
    /// missing, unknown or out of range; the field is named.
    pub fn parse(text: &str) -> Result<Manifest, ManifestError> {
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

    /// The lowest threshold of `class`, or `None` for a class that the model
    /// does not know.
    pub fn threshold(&self, class: Class) -> Option<f32> {
        self.classes
            .iter()
            .filter(|entry| entry.class == class)
            .map(|entry| entry.threshold)
            .min_by(f32::total_cmp)
    }
}

/// The manifest as typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawManifest {
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
    fn check(self) -> Result<Manifest, ManifestError> {
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

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    const GOOD: &str = r#"
name = "airelay-n"
file = "airelay-n.onnx"
sha256 = "BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
licence = "Apache-2.0"
[input]
name = "image"
width_px = 416
height_px = 256
dynamic = true
colour = "rgb"
layout = "nchw"
mean = [0.0, 0.0, 0.0]
std = [1.0, 1.0, 1.0]
fit = "letterbox"
pad = 114.0
[output]
layout = "boxes_scores"
nms_iou = 0.6
[[classes]]
index = 0
class = "person"
threshold = 0.35
[[classes]]
index = 2
class = "car"
threshold = 0.4
[[classes]]
index = 7
class = "car"
threshold = 0.3
"#;

    /// Replaces `from` in the good manifest and compares the error.
    #[track_caller]
    fn check(from: &str, to: &str, expected: &Expect) {
        assert!(GOOD.contains(from));
        let error = Manifest::parse(&GOOD.replacen(from, to, 1)).unwrap_err();
        expected.assert_eq(&error.to_string());
    }

    #[test]
    fn good_manifest_is_read_whole() {
        let manifest = Manifest::parse(GOOD).unwrap();
        assert_eq!(manifest.name, "airelay-n");
        assert_eq!(
            (manifest.input.width_px, manifest.input.height_px),
            (416, 256)
        );
        assert_eq!(manifest.layout, OutputLayout::BoxesScores);
        assert_eq!(manifest.classes.len(), 3);
        assert_eq!(manifest.threshold(Class::Car), Some(0.3));
        assert_eq!(manifest.threshold(Class::Bus), None);
    }

    #[test]
    fn unreadable_manifest_is_refused_with_the_line() {
        check(
            "width_px = 416",
            "width_px = \"416\"",
            &expect![[
                r#"read manifest, line 8 ("width_px = \"416\""): invalid type: string "416", expected usize"#
            ]],
        );
        check(
            "width_px = 416",
            "width_px = -1",
            &expect![[
                r#"read manifest, line 8 ("width_px = -1"): invalid value: integer `-1`, expected usize"#
            ]],
        );
        check(
            "width_px = 416\n",
            "",
            &expect![[r#"read manifest, line 6 ("[input]"): missing field `width_px`"#]],
        );
        check(
            "pad = 114.0",
            "padding = 114.0",
            &expect![[
                r#"read manifest, line 16 ("padding = 114.0"): unknown field `padding`, expected one of `name`, `width_px`, `height_px`, `dynamic`, `colour`, `layout`, `mean`, `std`, `fit`, `pad`"#
            ]],
        );
        check(
            "mean = [0.0, 0.0, 0.0]",
            "mean = [0.0, 0.0]",
            &expect![[
                r#"read manifest, line 13 ("mean = [0.0, 0.0]"): invalid length 2, expected an array of length 3"#
            ]],
        );
        check(
            "pad = 114.0",
            "pad = ",
            &expect![[
                r#"read manifest, line 16 ("pad = "): string values must be quoted, expected literal string"#
            ]],
        );
    }

    #[test]
    fn value_out_of_range_is_refused_with_the_field() {
        check(
            "\"airelay-n\"",
            "\"a b\"",
            &expect![[
                r#"read manifest: name: "a b": must be 1 to 64 letters, digits, '.', '_' or '-'"#
            ]],
        );
        check(
            "airelay-n.onnx",
            "../airelay-n.onnx",
            &expect![[
                r#"read manifest: file: "../airelay-n.onnx": must be the bare name of a file beside the manifest"#
            ]],
        );
        check(
            "BA7816",
            "ba78",
            &expect!["read manifest: sha256: must be 64 hex digits"],
        );
        check(
            "Apache-2.0",
            " ",
            &expect!["read manifest: licence: is empty: name the licence of the weights"],
        );
        check(
            "height_px = 256",
            "height_px = 250",
            &expect!["read manifest: input.height_px: 250: a dynamic input needs multiples of 32"],
        );
        check(
            "height_px = 256",
            "height_px = 0",
            &expect!["read manifest: input.height_px: 0: must be 32 to 4096"],
        );
        check(
            "\"rgb\"",
            "\"yuv\"",
            &expect![[r#"read manifest: input.colour: "yuv" is not one of "rgb", "bgr""#]],
        );
        check(
            "\"nchw\"",
            "\"nhwc\"",
            &expect![[r#"read manifest: input.layout: "nhwc" is not one of "nchw""#]],
        );
        check(
            "std = [1.0, 1.0,",
            "std = [1.0, 0.0,",
            &expect!["read manifest: input.std: 0: must be 0.001 to 1000"],
        );
        check(
            "pad = 114.0",
            "pad = nan",
            &expect!["read manifest: input.pad: NaN: must be 0 to 255"],
        );
        check(
            "boxes_scores",
            "yolov5",
            &expect![[
                r#"read manifest: output.layout: "yolov5" is not one of "boxes_scores", "yolox", "nanodet_plus", "picodet", "yolov8""#
            ]],
        );
        check(
            "nms_iou = 0.6",
            "nms_iou = 0.0",
            &expect!["read manifest: output.nms_iou: 0: must be 0.05 to 1"],
        );
        check(
            "\"person\"",
            "\"pedestrian\"",
            &expect![[
                r#"read manifest: classes[0].class: "pedestrian" is not one of "person", "bicycle", "car", "motorcycle", "bus", "truck""#
            ]],
        );
        check(
            "threshold = 0.35",
            "threshold = 1.5",
            &expect!["read manifest: classes[0].threshold: 1.5: must be 0 to 1"],
        );
        check(
            "index = 7",
            "index = 2",
            &expect!["read manifest: classes[2].index: 2 is used twice"],
        );
    }

    #[test]
    fn endless_manifest_is_refused_unread() {
        let text = "#".repeat(MAX_TEXT_BYTES + 1);
        let error = Manifest::parse(&text).unwrap_err().to_string();
        assert_eq!(
            error,
            "read manifest: length: 65537 bytes: at most 65536 allowed"
        );
    }

    #[test]
    fn model_is_accepted_by_its_checksum_only() {
        let manifest = Manifest::parse(GOOD).unwrap();
        assert_eq!(manifest.check_model(b"abc"), Ok(()));
        let error = manifest.check_model(b"abd").unwrap_err().to_string();
        assert!(error.starts_with("check model airelay-n.onnx: its SHA-256 is a52d159f"));
    }
}
