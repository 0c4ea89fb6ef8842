//! ONNX Runtime as an engine.
//!
//! One session with one thread: two threads in one session cost nearly twice
//! the CPU time for the same picture, so a pool of sessions scales better.
//! Memory plans are off because input sizes differ between looks, and they
//! would be kept for each size.

use ::ort::environment::Environment;
use ::ort::session::Session;
use ::ort::session::builder::SessionBuilder;
use ::ort::value::TensorRef;

use super::{Backend, BackendError, MAX_OUTPUTS, Output, check_inputs, output};

const ENGINE: &str = "onnxruntime";

/// A network in ONNX Runtime.
#[derive(Debug)]
pub struct OrtBackend {
    session: Session,
}

impl OrtBackend {
    /// Loads a model (ONNX bytes) whose one input is named `input_name`.
    ///
    /// # Errors
    /// The bytes are no ONNX model, use unknown operators, or have other
    /// inputs.
    pub fn from_bytes(
        model: &[u8],
        environment: &Environment,
        input_name: &str,
    ) -> Result<OrtBackend, BackendError> {
        let session = options(environment)
            .and_then(|mut builder| builder.commit_from_memory(model))
            .map_err(|error| BackendError::Load {
                engine: ENGINE,
                reason: one_line(&error),
            })?;
        let inputs = session.inputs();
        let names = inputs.iter().map(|input| input.name().to_owned()).collect();
        check_inputs(ENGINE, input_name, names)?;
        if session.outputs().len() > MAX_OUTPUTS {
            return Err(BackendError::Load {
                engine: ENGINE,
                reason: format!("more than {MAX_OUTPUTS} outputs"),
            });
        }
        Ok(OrtBackend { session })
    }
}

fn options(environment: &Environment) -> ::ort::Result<SessionBuilder> {
    let builder = Session::builder(environment)?
        .with_intra_threads(1)?
        .with_parallel_execution(false)?
        .with_memory_pattern(false)?
        .with_intra_op_spinning(false)?;
    Ok(builder)
}

impl Backend for OrtBackend {
    fn name(&self) -> &'static str {
        ENGINE
    }

    fn run(&mut self, input: &[f32], shape: [usize; 4]) -> Result<Vec<Output>, BackendError> {
        let tensor =
            TensorRef::from_array_view((shape, input)).map_err(|error| run_error(&error))?;
        let outputs = self
            .session
            .run(::ort::inputs![tensor])
            .map_err(|error| run_error(&error))?;
        outputs
            .iter()
            .map(|(name, value)| {
                let (shape, data) = value
                    .try_extract_tensor::<f32>()
                    .map_err(|error| run_error(&error))?;
                let lengths = shape
                    .iter()
                    .map(|&length| usize::try_from(length).unwrap_or_default())
                    .collect();
                output(ENGINE, name, lengths, data.to_vec())
            })
            .collect()
    }
}

fn run_error(error: &::ort::Error) -> BackendError {
    BackendError::Run {
        engine: ENGINE,
        reason: one_line(error),
    }
}

fn one_line(error: &::ort::Error) -> String {
    error.to_string().replace('\n', " ")
}
