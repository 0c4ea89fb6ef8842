//! A network's answers to boxes, one file per layout.
//!
//! In: output tensors, and the input size they belong to. Out: candidates in
//! input pixels with one of our classes each, before overlaps are removed.
//!
//! A network is not trusted: shapes are checked, the number of boxes has a
//! bound, and a score or corner that is no finite number drops the box.
//!
//! Not here: overlaps (`nms`), the way back to the picture (`placement`).

mod boxes_scores;
mod distances;
mod grid;
mod nanodet_plus;
mod picodet;
mod yolov8;
mod yolox;

use thiserror::Error;
use types::Class;

use super::backend::Output;
use super::manifest::{ClassSpec, OutputLayout};
use super::placement::InputSize;

/// Most boxes a network may give for one input; the largest of the shared
/// networks gives 25,935.
pub const MAX_BOXES: usize = 200_000;

/// A box as the network sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Candidate {
    /// Left, top, right, bottom in input pixels; finite and in order.
    pub(crate) xyxy: [f32; 4],
    pub(crate) class: Class,
    /// 0..=1, at least the lowest score asked for.
    pub(crate) score: f32,
}

/// Answers that do not fit the layout in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OutputError {
    /// Fewer outputs than the layout has.
    #[error(
        "read detector output as {layout}: expected {expected}, the model has {actual:?}; check output.layout in the manifest"
    )]
    Missing {
        /// Layout in the manifest.
        layout: OutputLayout,
        /// What the layout needs.
        expected: &'static str,
        /// Names of the model's outputs.
        actual: Vec<String>,
    },
    /// An output of another shape.
    #[error(
        "read detector output {name:?} as {layout}: expected shape {expected}, got {actual:?}; check output.layout and classes in the manifest"
    )]
    WrongShape {
        /// Name of the output.
        name: String,
        /// Layout in the manifest.
        layout: OutputLayout,
        /// What the layout needs, in words.
        expected: String,
        /// Length of each axis.
        actual: Vec<usize>,
    },
    /// A class index beyond the model's scores.
    #[error(
        "read detector output {name:?}: the manifest uses class index {index}, the model has {n_classes} classes (0 is the first)"
    )]
    NoSuchClass {
        /// Name of the output.
        name: String,
        /// Largest index in the manifest.
        index: usize,
        /// Scores per box.
        n_classes: usize,
    },
}

/// What all layouts need to know.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) layout: OutputLayout,
    pub(crate) input: InputSize,
    pub(crate) classes: &'a [ClassSpec],
    /// Lower scores are dropped.
    pub(crate) min_score: f32,
}

impl Reader<'_> {
    /// All boxes of at least the lowest score, in no particular order.
    pub(crate) fn read(&self, outputs: &[Output]) -> Result<Vec<Candidate>, OutputError> {
        match self.layout {
            OutputLayout::BoxesScores => boxes_scores::read(self, outputs),
            OutputLayout::Yolox => yolox::read(self, outputs),
            OutputLayout::NanodetPlus => nanodet_plus::read(self, outputs),
            OutputLayout::Picodet => picodet::read(self, outputs),
            OutputLayout::Yolov8 => yolov8::read(self, outputs),
        }
    }

    /// The only output, of shape `[1, n_rows, n_columns]`.
    fn only<'o>(&self, outputs: &'o [Output]) -> Result<&'o Output, OutputError> {
        match outputs {
            [output] => Ok(output),
            _ => Err(self.missing("one output", outputs)),
        }
    }

    fn missing(&self, expected: &'static str, outputs: &[Output]) -> OutputError {
        OutputError::Missing {
            layout: self.layout,
            expected,
            actual: outputs.iter().map(|output| output.name.clone()).collect(),
        }
    }

    fn wrong_shape(&self, output: &Output, expected: String) -> OutputError {
        OutputError::WrongShape {
            name: output.name.clone(),
            layout: self.layout,
            expected,
            actual: output.shape.clone(),
        }
    }

    /// Rows and columns of an output of shape `[1, n_rows, n_columns]` that
    /// holds as many values as it says.
    fn rows_and_columns(&self, output: &Output) -> Result<(usize, usize), OutputError> {
        match output.shape[..] {
            [1, n_rows, n_columns]
                if n_columns > 0
                    && n_rows.max(n_columns) <= MAX_BOXES
                    && n_rows * n_columns == output.data.len() =>
            {
                Ok((n_rows, n_columns))
            }
            _ => {
                let expected = format!("[1, n, m] with at most {MAX_BOXES} boxes");
                Err(self.wrong_shape(output, expected))
            }
        }
    }

    /// Checks that the manifest asks only for scores that the model gives.
    fn check_classes(&self, output: &Output, n_classes: usize) -> Result<(), OutputError> {
        let largest = self.classes.iter().map(|class| class.index).max();
        match largest {
            Some(index) if index >= n_classes => Err(OutputError::NoSuchClass {
                name: output.name.clone(),
                index,
                n_classes,
            }),
            _ => Ok(()),
        }
    }

    /// Adds the best class of each class group, where its score suffices: a
    /// rider may be a person and a bicycle, never a car and a bus.
    fn push(
        &self,
        score_of: impl Fn(usize) -> f32,
        xyxy: impl Fn() -> [f32; 4],
        candidates: &mut Vec<Candidate>,
    ) {
        let mut best: [Option<(Class, f32)>; 3] = [None; 3];
        for spec in self.classes {
            let score = score_of(spec.index);
            // Not a number fails the comparison as well.
            let is_enough = score >= self.min_score && score.is_finite();
            let slot = &mut best[spec.class.group() as usize];
            if is_enough && slot.is_none_or(|(_, highest)| score > highest) {
                *slot = Some((spec.class, score));
            }
        }
        if best.iter().all(Option::is_none) {
            return;
        }
        let xyxy = xyxy();
        let is_finite = xyxy.iter().all(|value| value.is_finite());
        if !is_finite || xyxy[0] >= xyxy[2] || xyxy[1] >= xyxy[3] {
            return;
        }
        for (class, score) in best.into_iter().flatten() {
            candidates.push(Candidate {
                xyxy,
                class,
                score: score.min(1.0),
            });
        }
    }
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod testing {
    //! Hand-made tensors, and candidates as text.

    use std::fmt::Write as _;

    use expect_test::Expect;

    use super::*;

    pub(super) const CLASSES: [ClassSpec; 3] = [
        ClassSpec {
            index: 0,
            class: Class::Person,
            threshold: 0.5,
        },
        ClassSpec {
            index: 1,
            class: Class::Car,
            threshold: 0.5,
        },
        ClassSpec {
            index: 2,
            class: Class::Bus,
            threshold: 0.5,
        },
    ];

    pub(super) fn reader(
        layout: OutputLayout,
        width_px: usize,
        height_px: usize,
    ) -> Reader<'static> {
        Reader {
            layout,
            input: InputSize {
                width_px,
                height_px,
            },
            classes: &CLASSES,
            min_score: 0.1,
        }
    }

    pub(super) fn output(name: &str, shape: &[usize], data: Vec<f32>) -> Output {
        Output {
            name: name.to_owned(),
            shape: shape.to_vec(),
            data,
        }
    }

    #[track_caller]
    pub(super) fn check(reader: &Reader<'_>, outputs: &[Output], expected: &Expect) {
        let mut text = String::new();
        match reader.read(outputs) {
            Ok(candidates) => {
                for Candidate { xyxy, class, score } in candidates {
                    let [x1, y1, x2, y2] = xyxy;
                    writeln!(text, "{class} {score:.2} {x1:.1},{y1:.1} {x2:.1},{y2:.1}").unwrap();
                }
            }
            Err(error) => writeln!(text, "{error}").unwrap(),
        }
        expected.assert_eq(&text);
    }
}
