//! What one worker thread owns: a detector session, a JPEG decoder and an
//! encoder, shared in turn by all cameras that it serves.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::Context as _;
use vision::detect::{Backend, Detector, Manifest};

/// Tools of one worker.
#[derive(Debug)]
pub struct Engine {
    /// Finds objects; `None` when no model is installed (motion only).
    pub detector: Option<Detector>,
    /// Decodes frames and crops.
    pub jpeg_decoder: jpeg::Decoder,
    /// Encodes best shots.
    pub jpeg_encoder: jpeg::Encoder,
    /// Number of the factory's model that it was made with.
    model_number: u64,
}

/// What people may know about the detector in use.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorFacts {
    /// Name in its manifest.
    pub name: String,
    /// Library that runs it.
    pub backend: &'static str,
    /// Size of the model file.
    pub file_bytes: u64,
    /// Width and height of its input in a whole look, pixels.
    pub input_px: (u32, u32),
    /// Licence in its manifest.
    pub licence: String,
}

type MakeBackend = dyn Fn(&[u8]) -> anyhow::Result<Box<dyn Backend>> + Send + Sync;

/// Makes one [`Engine`] per worker, all with the same model, which can be
/// exchanged while they work; clones share it.
#[derive(Clone)]
pub struct EngineFactory {
    chosen: Arc<Mutex<Chosen>>,
}

#[derive(Clone)]
struct Chosen {
    /// Counts the exchanges.
    number: u64,
    /// `None`: motion only.
    model: Option<Arc<Model>>,
}

struct Model {
    manifest: Manifest,
    bytes: Vec<u8>,
    make_backend: Box<MakeBackend>,
    facts: DetectorFacts,
}

impl fmt::Debug for EngineFactory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineFactory")
            .field("detector", &self.facts())
            .finish()
    }
}

impl EngineFactory {
    /// Engines that see motion only.
    pub fn motion_only() -> Self {
        Self::new(None)
    }

    /// Engines with this detector.
    pub fn with_model(
        manifest: Manifest,
        bytes: Vec<u8>,
        backend: &'static str,
        make_backend: Box<MakeBackend>,
    ) -> Self {
        let facts = DetectorFacts {
            name: manifest.name.clone(),
            backend,
            file_bytes: bytes.len() as u64,
            input_px: (
                u32::try_from(manifest.input.width_px).unwrap_or(u32::MAX),
                u32::try_from(manifest.input.height_px).unwrap_or(u32::MAX),
            ),
            licence: manifest.licence.clone(),
        };
        Self::new(Some(Arc::new(Model {
            manifest,
            bytes,
            make_backend,
            facts,
        })))
    }

    fn new(model: Option<Arc<Model>>) -> Self {
        let chosen = Chosen { number: 0, model };
        EngineFactory {
            chosen: Arc::new(Mutex::new(chosen)),
        }
    }

    /// Takes over the model of `other`: engines made so far are not current
    /// any more.
    pub fn exchange(&self, other: &EngineFactory) {
        let model = other.lock().model.clone();
        let mut chosen = self.lock();
        chosen.number += 1;
        chosen.model = model;
    }

    /// Whether `engine` has the model that is chosen now.
    pub fn is_current(&self, engine: &Engine) -> bool {
        self.lock().number == engine.model_number
    }

    /// Facts of the detector; `None` when motion only.
    pub fn facts(&self) -> Option<DetectorFacts> {
        let chosen = self.lock();
        chosen.model.as_ref().map(|model| model.facts.clone())
    }

    /// Width and height of the detector's input; `None` when motion only.
    pub fn input_px(&self) -> Option<(u32, u32)> {
        let chosen = self.lock();
        chosen.model.as_ref().map(|model| model.facts.input_px)
    }

    /// A new engine, for one thread.
    ///
    /// # Errors
    /// The model cannot be loaded, or libjpeg-turbo gives no memory.
    pub fn make(&self) -> anyhow::Result<Engine> {
        let Chosen { number, model } = self.lock().clone();
        let detector = match &model {
            Some(model) => {
                let backend = (model.make_backend)(&model.bytes)
                    .with_context(|| format!("load model {}", model.facts.name))?;
                Some(Detector::new(model.manifest.clone(), backend))
            }
            None => None,
        };
        Ok(Engine {
            detector,
            jpeg_decoder: jpeg::Decoder::new(jpeg::Limits::default())
                .context("make JPEG decoder")?,
            jpeg_encoder: jpeg::Encoder::new().context("make JPEG encoder")?,
            model_number: number,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Chosen> {
        self.chosen.lock().expect("no holder of this lock panics")
    }
}
