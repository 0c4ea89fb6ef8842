//! Vectors of a re-identification model.
//!
//! In: a crop and the object's box in it. Out: an [`Embedding`] of unit
//! length, its maker being the manifest's name and version.
//!
//! Not here: what a vector is compared with.

use std::sync::Arc;

use jpeg::RgbImage;
use types::{Class, Embedding, NormBox};

use super::manifest::EmbedManifest;
use super::network::{CropNetwork, LooksError};
use crate::detect::Backend;

/// A re-identification model with its engine.
#[derive(Debug)]
pub struct Embedder {
    manifest: EmbedManifest,
    network: CropNetwork,
}

impl Embedder {
    /// Joins a manifest and the engine that holds its model.
    pub fn new(manifest: EmbedManifest, backend: Box<dyn Backend>) -> Embedder {
        Embedder {
            network: CropNetwork::new(manifest.maker(), manifest.input.clone(), backend),
            manifest,
        }
    }

    /// Who makes the vectors: name and version.
    pub fn maker(&self) -> Arc<str> {
        Arc::clone(&self.network.maker)
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
    pub fn embed(&mut self, crop: &RgbImage, bbox: NormBox) -> Result<Embedding, LooksError> {
        let outputs = self.network.run(crop, bbox)?;
        let numbers = self.network.numbers(&outputs, &self.manifest.output)?;
        let dims = self.manifest.dims;
        if numbers.len() != dims {
            let message = format!("{} numbers, not {dims}", numbers.len());
            return Err(self.network.refuse(message));
        }
        let length = numbers
            .iter()
            .map(|value| value * value)
            .sum::<f32>()
            .sqrt();
        if !length.is_normal() {
            return Err(self.network.refuse(format!("its length is {length}")));
        }
        Ok(Embedding {
            maker: self.maker(),
            values: numbers.iter().map(|value| value / length).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{BackendError, Output};

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
                "read output of person-reid-0288/1: 7 numbers, not 8",
            ),
            (
                |_| output("other", vec![1.0; 8]),
                "read output of person-reid-0288/1: it has no output \"embedding\"",
            ),
            (
                |_| output("embedding", vec![0.0; 8]),
                "read output of person-reid-0288/1: its length is 0",
            ),
            (
                |_| output("embedding", vec![f32::NAN; 8]),
                "read output of person-reid-0288/1: its length is NaN",
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
            assert!(matches!(error, LooksError::Input(_)), "{error}");
        }
    }
}
