//! Detector manifest: the text beside a model that says how to feed it and
//! how to read its answers.
//!
//! In: TOML text (the format is in `testdata/manifests/README.md`), and the
//! model's bytes. Out: a checked [`Manifest`], or an error that names the
//! field and says what is allowed.
//!
//! Not here: what each field may hold (`check`); reading files; running the
//! model (`backend`).

mod check;

use std::fmt;

use thiserror::Error;
use types::Class;

use self::check::RawManifest;
pub(crate) use self::check::{
    RawInput, check_file, check_licence, check_model, check_name, check_sha256, field, one_of,
    syntax,
};

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

#[cfg(test)]
mod tests;
