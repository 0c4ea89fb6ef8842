//! Vectors of a re-identification model.
//!
//! In: a crop and the object's box in it. Out: an [`Embedding`] of unit
//! length, its maker being the manifest's name and version.
//!
//! Not here: what a vector is compared with.

use std::sync::Arc;

use jpeg::RgbImage;
use thiserror::Error;
use types::{Class, Embedding, NormBox};

use super::manifest::EmbedManifest;
use crate::detect::{Backend, BackendError, InputError, InputMaker};

/// Why there is no vector.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EmbedError {
    /// The crop cannot be turned into an input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The engine failed.
    #[error(transparent)]
    Backend(#[from] BackendError),
    /// The model gives something else than its manifest says.
    #[error("read vector of {maker}: {message}")]
    Output {
        /// Name and version.
        maker: Arc<str>,
        /// What it gave and what it should.
        message: String,
    },
}

/// A re-identification model with its engine.
#[derive(Debug)]
pub struct Embedder {
    manifest: EmbedManifest,
    maker: Arc<str>,
    backend: Box<dyn Backend>,
    inputs: InputMaker,
}

impl Embedder {
    /// Joins a manifest and the engine that holds its model.
    pub fn new(manifest: EmbedManifest, backend: Box<dyn Backend>) -> Embedder {
        Embedder {
            maker: Arc::from(manifest.maker()),
            inputs: InputMaker::new(manifest.input.clone()),
            manifest,
            backend,
        }
    }

    /// Who makes the vectors: name and version.
    pub fn maker(&self) -> Arc<str> {
        Arc::clone(&self.maker)
    }

    /// What it is made of.
    pub fn manifest(&self) -> &EmbedManifest {
        &self.manifest
    }

    /// Whether it was trained for objects of `class`.
    pub fn knows(&self, class: Class) -> bool {
        self.manifest.classes.contains(&class)
    }

    /// The vector of the object in `bbox` (parts of the crop).
    ///
    /// # Errors
    /// The crop is broken, the engine fails, or the model's answer does not
    /// fit its manifest.
    pub fn embed(&mut self, crop: &RgbImage, bbox: NormBox) -> Result<Embedding, EmbedError> {
        let placement = self.inputs.make_from_rgb(&cut(crop, bbox))?;
        let shape = [1, 3, placement.input.height_px, placement.input.width_px];
        let outputs = self.backend.run(self.inputs.tensor(), shape)?;
        let name = &self.manifest.output;
        let output = outputs.into_iter().find(|output| output.name == *name);
        let mut values = match output {
            Some(output) if output.data.len() == self.manifest.dims => output.data,
            Some(output) => {
                let dims = self.manifest.dims;
                return Err(self.refuse(format!("{} numbers, not {dims}", output.data.len())));
            }
            None => return Err(self.refuse(format!("it has no output {name:?}"))),
        };
        let length = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        if !length.is_normal() {
            return Err(self.refuse(format!("its length is {length}")));
        }
        for value in &mut values {
            *value /= length;
        }
        Ok(Embedding {
            maker: self.maker(),
            values: Arc::from(values),
        })
    }

    fn refuse(&self, message: String) -> EmbedError {
        EmbedError::Output {
            maker: self.maker(),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::Output;

    /// Gives the mean of each third of its input rows, and knows its fate.
    #[derive(Debug)]
    struct Scripted(fn(&[f32]) -> Vec<Output>);

    impl Backend for Scripted {
        fn name(&self) -> &'static str {
            "scripted"
        }

        fn run(&mut self, input: &[f32], shape: [usize; 4]) -> Result<Vec<Output>, BackendError> {
            assert_eq!(shape, [1, 3, 256, 128]);
            Ok((self.0)(input))
        }
    }

    fn embedder(answer: fn(&[f32]) -> Vec<Output>) -> Embedder {
        let text = include_str!("../../testdata/appearance/person-reid-0288.toml");
        let text = text.replace("dims = 256", "dims = 8");
        let manifest = EmbedManifest::parse(&text).unwrap();
        Embedder::new(manifest, Box::new(Scripted(answer)))
    }

    fn output(name: &str, data: Vec<f32>) -> Vec<Output> {
        vec![Output {
            name: name.to_owned(),
            shape: vec![1, data.len()],
            data,
        }]
    }

    #[test]
    fn vector_is_of_the_box_alone_and_of_unit_length() {
        let mut crop = RgbImage::new(40, 80);
        for y in 20..60 {
            for x in 10..30 {
                crop.data[3 * (y * 40 + x)] = 200;
            }
        }
        // Red is the third plane of a model that wants blue first.
        let mut embedder = embedder(|input| {
            let n = 256 * 128;
            let mean = |from: usize| input[from..from + n].iter().sum::<f32>() / n as f32;
            let mut data = vec![0.0; 8];
            data[0] = mean(0);
            data[1] = 1.5 * mean(2 * n);
            output("embedding", data)
        });
        let bbox = NormBox::from_xyxy(0.25, 0.25, 0.75, 0.75);
        let embedding = embedder.embed(&crop, bbox).unwrap();
        assert_eq!(*embedding.maker, *"person-reid-0288/1");
        assert_eq!(embedding.values[..2], [0.0, 1.0]);
        assert!(embedder.knows(Class::Person) && !embedder.knows(Class::Car));
    }

    #[test]
    fn answers_that_do_not_fit_are_refused() {
        let crop = RgbImage::new(40, 80);
        for (answer, expected) in [
            (
                (|_| output("embedding", vec![1.0; 7])) as fn(&[f32]) -> Vec<Output>,
                "read vector of person-reid-0288/1: 7 numbers, not 8",
            ),
            (
                |_| output("other", vec![1.0; 8]),
                "read vector of person-reid-0288/1: it has no output \"embedding\"",
            ),
            (
                |_| output("embedding", vec![0.0; 8]),
                "read vector of person-reid-0288/1: its length is 0",
            ),
            (
                |_| output("embedding", vec![f32::NAN; 8]),
                "read vector of person-reid-0288/1: its length is NaN",
            ),
        ] {
            let error = embedder(answer).embed(&crop, NormBox::WHOLE).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn broken_crop_is_an_error_not_a_panic() {
        let mut embedder = embedder(|_| output("embedding", vec![1.0; 8]));
        for (width_px, height_px, n_bytes) in [(0, 0, 0), (10, 10, 299), (0, 10, 30)] {
            let crop = RgbImage {
                width_px,
                height_px,
                data: vec![0; n_bytes],
            };
            let error = embedder.embed(&crop, NormBox::WHOLE).unwrap_err();
            assert!(matches!(error, EmbedError::Input(_)), "{error}");
        }
    }
}
