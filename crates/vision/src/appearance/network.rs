//! A network that looks at one object cut from a crop.
//!
//! In: a crop and the object's box in it. Out: the network's outputs as they
//! are.
//!
//! Not here: what the numbers mean (`embedder`, `attribute_model`).

use std::sync::Arc;

use jpeg::RgbImage;
use thiserror::Error;
use types::NormBox;

use crate::detect::{Backend, BackendError, InputError, InputMaker, InputSpec, Output};

/// Why a model tells nothing of a crop.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LooksError {
    /// The crop cannot be turned into an input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The engine failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The model gives something else than its manifest says.
    #[error("read output of {maker}: {message}")]
    Output {
        /// Name and version of the model.
        maker: Arc<str>,
        /// What it gave and what it should.
        message: String,
    },
}

/// A network with its engine, and its name for errors.
#[derive(Debug)]
pub(super) struct CropNetwork {
    pub(super) maker: Arc<str>,
    backend: Box<dyn Backend>,
    inputs: InputMaker,
}

impl CropNetwork {
    pub(super) fn new(maker: String, input: InputSpec, backend: Box<dyn Backend>) -> Self {
        CropNetwork {
            maker: Arc::from(maker),
            inputs: InputMaker::new(input),
            backend,
        }
    }

    /// All outputs for the object in `bbox` (parts of the crop).
    pub(super) fn run(
        &mut self,
        crop: &RgbImage,
        bbox: NormBox,
    ) -> Result<Vec<Output>, LooksError> {
        let placement = self.inputs.make_from_rgb(&cut(crop, bbox))?;
        let shape = [1, 3, placement.input.height_px, placement.input.width_px];
        Ok(self.backend.run(self.inputs.tensor(), shape)?)
    }

    /// The numbers of the output `name`.
    pub(super) fn numbers<'a>(
        &self,
        outputs: &'a [Output],
        name: &str,
    ) -> Result<&'a [f32], LooksError> {
        let output = outputs.iter().find(|output| output.name == name);
        let output = output.ok_or_else(|| self.refuse(format!("it has no output {name:?}")))?;
        Ok(&output.data)
    }

    pub(super) fn refuse(&self, message: String) -> LooksError {
        LooksError::Output {
            maker: Arc::clone(&self.maker),
            message,
        }
    }
}

/// The pixels of `bbox`; an empty picture when the crop is broken.
fn cut(crop: &RgbImage, bbox: NormBox) -> RgbImage {
    let (width, height) = (crop.width_px as usize, crop.height_px as usize);
    let (left, right) = span(bbox.x1(), bbox.x2(), crop.width_px);
    let (top, bottom) = span(bbox.y1(), bbox.y2(), crop.height_px);
    if width == 0 || height == 0 || crop.data.len() / 3 / width < height {
        return RgbImage::default();
    }
    let mut part = RgbImage::new(right - left, bottom - top);
    let row_bytes = 3 * part.width_px as usize;
    let rows = crop.data.chunks_exact(3 * width).skip(top as usize);
    for (row, to) in rows.zip(part.data.chunks_exact_mut(row_bytes)) {
        to.copy_from_slice(&row[3 * left as usize..][..row_bytes]);
    }
    part
}

/// Pixels that cover `from..to` (0..=1) of `len_px`; at least one.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "parts of a length, limited to it"
)]
fn span(from: f32, to: f32, len_px: u32) -> (u32, u32) {
    let at = |part: f32| (part.clamp(0.0, 1.0) * len_px as f32).round() as u32;
    let first = at(from).min(len_px.saturating_sub(1));
    (first, at(to).clamp((first + 1).min(len_px), len_px))
}
