//! Attributes of a model that somebody installed.
//!
//! In: a crop and the object's box in it. Out: attributes with the model's
//! belief; what it does not believe enough is left out.
//!
//! Not here: which of them are wanted (`Describer`).

use std::sync::Arc;

use jpeg::RgbImage;
use types::{Attribute, Class, NormBox};

use super::attribute_manifest::{AttributeManifest, AttributeSpec, Reading, Scaling};
use super::network::{CropNetwork, LooksError};
use crate::detect::Backend;

/// A model that tells attributes, with its engine.
#[derive(Debug)]
pub struct AttributeModel {
    manifest: AttributeManifest,
    network: CropNetwork,
}

impl AttributeModel {
    /// Joins a manifest and the engine that holds its model.
    pub fn new(manifest: AttributeManifest, backend: Box<dyn Backend>) -> Self {
        AttributeModel {
            network: CropNetwork::new(manifest.maker(), manifest.input.clone(), backend),
            manifest,
        }
    }

    /// Name and version.
    pub fn maker(&self) -> Arc<str> {
        Arc::clone(&self.network.maker)
    }

    /// What it is made of.
    pub fn manifest(&self) -> &AttributeManifest {
        &self.manifest
    }

    /// Whether it was trained for objects of `class`.
    pub fn knows(&self, class: Class) -> bool {
        self.manifest.classes.contains(&class)
    }

    /// What it tells of the object in `bbox` (parts of the crop), of the
    /// attributes for which `is_wanted`.
    ///
    /// # Errors
    /// The crop is broken, the engine fails, or the model's answer does not
    /// fit its manifest.
    pub fn tell(
        &mut self,
        crop: &RgbImage,
        bbox: NormBox,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Attribute>, LooksError> {
        let outputs = self.network.run(crop, bbox)?;
        let mut told = Vec::new();
        for spec in self
            .manifest
            .attributes
            .iter()
            .filter(|spec| is_wanted(spec.name))
        {
            let numbers = self.network.numbers(&outputs, &spec.output)?;
            let numbers = numbers.get(spec.at..).unwrap_or_default();
            let n_needed = spec.n_numbers();
            let Some(numbers) = numbers.get(..n_needed) else {
                let message = format!(
                    "{:?} has {} numbers from {} on, not {n_needed}",
                    spec.output,
                    numbers.len(),
                    spec.at
                );
                return Err(self.network.refuse(message));
            };
            if numbers.iter().any(|number| !number.is_finite()) {
                let message = format!("{:?} has a number that is none", spec.output);
                return Err(self.network.refuse(message));
            }
            told.extend(spec.read(numbers));
        }
        Ok(told)
    }
}

impl AttributeSpec {
    fn n_numbers(&self) -> usize {
        match &self.reading {
            Reading::YesNo { .. } => 1,
            Reading::OneOf(values) => values.len(),
        }
    }

    /// The value that is believed, if any is.
    fn read(&self, numbers: &[f32]) -> Option<Attribute> {
        let beliefs = self.scale.beliefs(numbers);
        let (value, likelihood) = match &self.reading {
            Reading::YesNo { yes, no } => {
                let belief = *beliefs.first()?;
                if belief >= self.least {
                    (yes, belief)
                } else {
                    (no.as_ref()?, 1.0 - belief)
                }
            }
            Reading::OneOf(values) => {
                let best = beliefs.iter().enumerate();
                let (idx, belief) = best.max_by(|a, b| a.1.total_cmp(b.1))?;
                (values.get(idx)?.as_ref()?, *belief)
            }
        };
        (likelihood >= self.least).then(|| Attribute {
            name: self.name,
            value: Arc::clone(value),
            likelihood: likelihood.clamp(0.0, 1.0),
        })
    }
}

impl Scaling {
    fn beliefs(self, numbers: &[f32]) -> Vec<f32> {
        match self {
            Scaling::None => numbers.to_vec(),
            Scaling::Sigmoid => numbers.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect(),
            Scaling::Softmax => {
                let highest = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                let powers: Vec<f32> = numbers.iter().map(|x| (x - highest).exp()).collect();
                let sum: f32 = powers.iter().sum();
                powers.iter().map(|power| power / sum).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::{BackendError, Output};

    #[derive(Debug)]
    struct Scripted(Vec<f32>);

    impl Backend for Scripted {
        fn name(&self) -> &'static str {
            "scripted"
        }

        fn run(&mut self, _: &[f32], shape: [usize; 4]) -> Result<Vec<Output>, BackendError> {
            assert_eq!(shape, [1, 3, 160, 80]);
            Ok(vec![Output {
                name: "attributes".to_owned(),
                shape: vec![1, self.0.len(), 1, 1],
                data: self.0.clone(),
            }])
        }
    }

    /// What is told when the model gives `numbers`, as text.
    fn told(numbers: &[f32], wanted: &[&str]) -> String {
        let text = include_str!("../../testdata/appearance/person-attributes-0230.toml");
        let manifest = AttributeManifest::parse(text).unwrap();
        let mut model = AttributeModel::new(manifest, Box::new(Scripted(numbers.to_vec())));
        assert!(model.knows(Class::Person) && !model.knows(Class::Car));
        let crop = RgbImage::new(40, 80);
        let told = model.tell(&crop, NormBox::WHOLE, |name| wanted.contains(&name));
        match told {
            Ok(told) => told
                .iter()
                .map(|a| format!("{} {} {:.2}; ", a.name, a.value, a.likelihood))
                .collect(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn only_what_is_wanted_and_believed_is_told() {
        // is_male, has_bag, has_backpack, has_hat, long sleeves, long
        // trousers, long hair, coat.
        let numbers = [0.95, 0.1, 0.9, 0.6, 0.0, 0.0, 0.02, 0.0];
        assert_eq!(told(&numbers, &[]), "");
        assert_eq!(
            told(&numbers, &["gender", "bag", "hat", "hair_length"]),
            "gender male 0.95; bag backpack 0.90; hair_length short 0.98; "
        );
        let woman = [0.05, 0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0];
        assert_eq!(
            told(&woman, &["gender", "hair_length"]),
            "gender female 0.95; "
        );
    }

    #[test]
    fn answers_that_do_not_fit_are_refused() {
        assert_eq!(
            told(&[0.9], &["hair_length"]),
            "read output of person-attributes-0230/1: \"attributes\" has 0 numbers from 6 on, not 1"
        );
        assert_eq!(
            told(&[f32::NAN; 8], &["gender"]),
            "read output of person-attributes-0230/1: \"attributes\" has a number that is none"
        );
    }

    #[test]
    fn numbers_become_beliefs() {
        assert_eq!(Scaling::None.beliefs(&[0.2, 0.8]), [0.2, 0.8]);
        assert_eq!(Scaling::Sigmoid.beliefs(&[0.0]), [0.5]);
        let beliefs = Scaling::Softmax.beliefs(&[1_000.0, 1_000.0, 0.0]);
        assert_eq!(beliefs, [0.5, 0.5, 0.0]);
    }
}
