//! `rten` as an engine: pure Rust, no native library, 2 to 5 times slower
//! than ONNX Runtime on our networks.
//!
//! Each backend owns a pool of one thread of the engine's making, so that a
//! session costs one core, as in the other engine.

use std::fmt;
use std::sync::Arc;

use ::rten::{
    Model, ModelOptions, NodeId, RunOptions, ThreadPool, TryFromValueError, Value, ValueView,
};

use super::{Backend, BackendError, MAX_OUTPUTS, Output, check_inputs, output};

const ENGINE: &str = "rten";

/// A network in rten.
pub struct RtenBackend {
    model: Model,
    input: NodeId,
    /// Their names, and how many axes they have, where the model says so.
    outputs: Vec<(NodeId, String, Option<usize>)>,
    pool: Arc<ThreadPool>,
}

impl RtenBackend {
    /// Loads a model (ONNX bytes) whose one input is named `input_name`.
    ///
    /// # Errors
    /// The bytes are no ONNX model, use unknown operators, or have other
    /// inputs.
    pub fn from_bytes(model: &[u8], input_name: &str) -> Result<RtenBackend, BackendError> {
        let load_error = |reason: String| BackendError::Load {
            engine: ENGINE,
            reason: reason.replace('\n', " "),
        };
        let model = ModelOptions::with_all_ops()
            .load(model.to_vec())
            .map_err(|error| load_error(error.to_string()))?;
        let name_of = |id: NodeId| {
            let info = model.node_info(id);
            info.and_then(|info| info.name().map(str::to_owned))
                .unwrap_or_default()
        };
        let names = model.input_ids().iter().map(|id| name_of(*id)).collect();
        check_inputs(ENGINE, input_name, names)?;
        let outputs: Vec<_> = model
            .output_ids()
            .iter()
            .map(|id| {
                let shape = model.node_info(*id).and_then(|info| info.shape());
                (*id, name_of(*id), shape.map(|shape| shape.len()))
            })
            .collect();
        if outputs.len() > MAX_OUTPUTS {
            return Err(load_error(format!("more than {MAX_OUTPUTS} outputs")));
        }
        Ok(RtenBackend {
            input: model.input_ids()[0],
            outputs,
            model,
            pool: Arc::new(ThreadPool::with_num_threads(1)),
        })
    }
}

impl Backend for RtenBackend {
    fn name(&self) -> &'static str {
        ENGINE
    }

    fn run(&mut self, input: &[f32], shape: [usize; 4]) -> Result<Vec<Output>, BackendError> {
        let run_error = |reason: String| BackendError::Run {
            engine: ENGINE,
            reason: reason.replace('\n', " "),
        };
        let view =
            ValueView::from_shape(shape, input).map_err(|error| run_error(error.to_string()))?;
        let options = RunOptions::default().with_thread_pool(Some(Arc::clone(&self.pool)));
        let ids: Vec<NodeId> = self.outputs.iter().map(|(id, _, _)| *id).collect();
        let values = self
            .model
            .run(vec![(self.input, view.into())], &ids, Some(options))
            .map_err(|error| run_error(error.to_string()))?;
        values
            .into_iter()
            .zip(&self.outputs)
            .map(|(value, (_, name, n_axes))| {
                let (shape, data) = shape_and_values(value, *n_axes)
                    .map_err(|error| run_error(format!("output {name:?}: {error}")))?;
                output(ENGINE, name, shape, data)
            })
            .collect()
    }
}

/// Detectors give three axes; vectors of re-identification have two, or four
/// of which some are 1.
fn shape_and_values(
    value: Value,
    n_axes: Option<usize>,
) -> Result<(Vec<usize>, Vec<f32>), TryFromValueError> {
    fn of<const N: usize>(found: ([usize; N], Vec<f32>)) -> (Vec<usize>, Vec<f32>) {
        (found.0.to_vec(), found.1)
    }
    match n_axes.unwrap_or(3) {
        2 => value.into_shape_vec::<f32, 2>().map(of),
        4 => value.into_shape_vec::<f32, 4>().map(of),
        _ => value.into_shape_vec::<f32, 3>().map(of),
    }
}

impl fmt::Debug for RtenBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RtenBackend")
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}
