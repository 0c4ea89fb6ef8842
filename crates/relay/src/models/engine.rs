//! What runs a network: ONNX Runtime where it can be loaded, else rten.

use vision::detect::{Backend, OrtBackend, RtenBackend};

use super::ModelFiles;
use crate::pipeline::EngineFactory;

/// An engine for a network: ONNX Runtime where it can be loaded, else rten.
///
/// # Errors
/// The engine refuses the network.
pub(crate) fn backend_for(bytes: &[u8], input_name: &str) -> anyhow::Result<Box<dyn Backend>> {
    Ok(match runtime::onnx_runtime() {
        Ok(runtime) => Box::new(OrtBackend::from_bytes(
            bytes,
            runtime.environment(),
            input_name,
        )?),
        Err(_) => Box::new(RtenBackend::from_bytes(bytes, input_name)?),
    })
}

/// Engines for this model: ONNX Runtime where it can be loaded, else rten.
/// The second value says why it is not ONNX Runtime.
pub fn engine_factory(model: ModelFiles) -> (EngineFactory, Option<String>) {
    match runtime::onnx_runtime() {
        Ok(onnx_runtime) => {
            let input_name = model.manifest.input.name.clone();
            let make = move |bytes: &[u8]| {
                let environment = onnx_runtime.environment();
                let backend = OrtBackend::from_bytes(bytes, environment, &input_name)?;
                Ok(Box::new(backend) as Box<dyn Backend>)
            };
            let factory = EngineFactory::with_model(
                model.manifest,
                model.bytes,
                "ONNX Runtime",
                Box::new(make),
            );
            (factory, None)
        }
        Err(error) => {
            let note = format!("using the slower rten engine: {error}");
            (rten_factory(model), Some(note))
        }
    }
}

/// Engines that run this model with rten.
pub fn rten_factory(model: ModelFiles) -> EngineFactory {
    let input_name = model.manifest.input.name.clone();
    let make = move |bytes: &[u8]| {
        let backend = RtenBackend::from_bytes(bytes, &input_name)?;
        Ok(Box::new(backend) as Box<dyn Backend>)
    };
    EngineFactory::with_model(model.manifest, model.bytes, "rten", Box::new(make))
}
