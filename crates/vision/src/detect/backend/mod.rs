//! Engines that run a network, behind one trait.
//!
//! In: an input tensor. Out: the network's output tensors, copied.
//!
//! `ort` is the usual engine; `rten` needs no native library and serves
//! where there is none. Either may be left out of a build by its feature.
//!
//! Not here: what the numbers mean (`post`); loading ONNX Runtime itself,
//! which touches files and is the program's business.

#[cfg(feature = "ort")]
mod ort;
#[cfg(feature = "rten")]
mod rten;

use std::fmt;

use thiserror::Error;

#[cfg(feature = "ort")]
pub use self::ort::OrtBackend;
#[cfg(feature = "rten")]
pub use self::rten::RtenBackend;

/// Most values of one output; twice what a YOLOX with 80 classes gives for
/// the largest allowed input.
pub const MAX_OUTPUT_VALUES: usize = 16 << 20;
/// Most outputs of a network.
pub const MAX_OUTPUTS: usize = 64;

/// Runs one network, one input at a time.
pub trait Backend: Send + fmt::Debug {
    /// Name of the engine, for people: `onnxruntime`, `rten`.
    fn name(&self) -> &'static str;

    /// Runs the network on `input` of `shape` `[1, 3, height_px, width_px]`.
    /// Outputs come in the model's own order.
    ///
    /// # Errors
    /// The engine refuses the input or fails, or an output is not of f32 or
    /// too large.
    fn run(&mut self, input: &[f32], shape: [usize; 4]) -> Result<Vec<Output>, BackendError>;
}

/// One output tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Name in the model.
    pub name: String,
    /// Length of each axis.
    pub shape: Vec<usize>,
    /// Values, last axis fastest; as many as the product of `shape`.
    pub data: Vec<f32>,
}

/// Why an engine could not do its work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BackendError {
    /// The bytes are no model that this engine can run.
    #[error("load model in {engine}: {reason}")]
    Load {
        /// Name of the engine.
        engine: &'static str,
        /// What the engine says.
        reason: String,
    },
    /// The model has another input than the manifest says.
    #[error("load model in {engine}: it has no input {expected:?}; it has {actual:?}")]
    NoSuchInput {
        /// Name of the engine.
        engine: &'static str,
        /// `input.name` of the manifest.
        expected: String,
        /// Names of all inputs of the model.
        actual: Vec<String>,
    },
    /// The model does not give what a detector must.
    #[error("run model in {engine}: {reason}")]
    Run {
        /// Name of the engine.
        engine: &'static str,
        /// What the engine says, or what is wrong with an output.
        reason: String,
    },
}

/// Checks a model's inputs against the manifest's one.
#[cfg(any(feature = "ort", feature = "rten"))]
fn check_inputs(
    engine: &'static str,
    expected: &str,
    actual: Vec<String>,
) -> Result<(), BackendError> {
    if actual.len() == 1 && actual[0] == expected {
        return Ok(());
    }
    Err(BackendError::NoSuchInput {
        engine,
        expected: expected.to_owned(),
        actual,
    })
}

/// An output within bounds.
#[cfg(any(feature = "ort", feature = "rten"))]
fn output(
    engine: &'static str,
    name: &str,
    shape: Vec<usize>,
    data: Vec<f32>,
) -> Result<Output, BackendError> {
    if data.len() > MAX_OUTPUT_VALUES {
        let reason =
            format!("output {name:?} of {shape:?} has more than {MAX_OUTPUT_VALUES} values");
        return Err(BackendError::Run { engine, reason });
    }
    Ok(Output {
        name: name.to_owned(),
        shape,
        data,
    })
}
