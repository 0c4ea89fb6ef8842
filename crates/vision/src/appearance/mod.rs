//! What an object looks like, as far as one crop tells it.
//!
//! In: a crop, the object's box in it, its class, and the light of the
//! picture it was cut from. Out: an [`Appearance`]: colours in words, and
//! vectors to compare objects by. `docs/appearance.md` has the attributes, the
//! formulas and what they were measured to be worth.
//!
//! Nothing is guessed: in grey pictures, in the dark, in crops too small and
//! where a colour is not clear, its attribute is left out.
//!
//! Costs about a millisecond per crop without models: meant for best shots,
//! not for every frame.
//!
//! Not here: choosing crops (`best_shot`), comparing and searching (`guard`),
//! who may see what.

mod lab;
mod light;
mod patch;
mod names;
mod colours;
mod classic;
mod vocabulary;
mod manifest;
mod attribute_manifest;
mod network;
mod embedder;
mod attribute_model;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jpeg::RgbImage;
use types::{Appearance, Attribute, Class, ClassGroup, Embedding, NormBox};

pub use self::attribute_manifest::{AttributeManifest, AttributeSpec, Reading, Scaling};
pub use self::attribute_model::AttributeModel;
pub use self::classic::CLASSIC_MAKER;
use self::classic::Cut;
use self::colours::Part;
pub use self::colours::PartColour;
pub use self::embedder::Embedder;
pub use self::lab::Lab;
pub use self::light::Light;
pub use self::manifest::{EmbedManifest, MAX_DIMS};
pub use self::names::ColourName;
pub use self::network::LooksError;
use self::patch::Patch;
pub use self::vocabulary::{AttributeName, VOCABULARY, attribute_name};

/// Attributes of less belief are left out.
pub const MIN_LIKELIHOOD: f32 = 0.4;
/// A second colour is told from this share of the part on.
const SECOND_SHARE: f32 = 0.3;
/// Width over height up to which a person stands, so that the lower half of
/// the box is legs.
const STANDING_ASPECT: f32 = 0.75;

/// One object in one crop.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    /// The pixels.
    pub crop: &'a RgbImage,
    /// The object's box, in parts of the crop.
    pub bbox: NormBox,
    /// What it is.
    pub class: Class,
    /// Belief in the class, 0..=1.
    pub score: f32,
    /// Whether the picture's lower edge cuts the object.
    pub is_cut_below: bool,
    /// The light of the picture.
    pub light: Light,
}

/// Tells what objects look like. Clones share their models and counts, so
/// that all cameras can use one.
#[derive(Clone, Debug)]
pub struct Describer {
    classic: Arc<str>,
    embedders: Vec<Arc<Mutex<Embedder>>>,
    attribute_models: Vec<Arc<Mutex<AttributeModel>>>,
    /// Attributes of models that are wanted; no other is told, or even asked.
    wanted: BTreeSet<&'static str>,
    n_failed: Arc<AtomicU64>,
}

impl Default for Describer {
    fn default() -> Self {
        Describer::new()
    }
}

impl Describer {
    /// Colours and the classical descriptor; no models.
    pub fn new() -> Self {
        Describer {
            classic: Arc::from(CLASSIC_MAKER),
            embedders: Vec::new(),
            attribute_models: Vec::new(),
            wanted: BTreeSet::new(),
            n_failed: Arc::default(),
        }
    }

    /// Asks `embedder` as well, for the classes it knows.
    #[must_use]
    pub fn with_embedder(mut self, embedder: Embedder) -> Self {
        self.embedders.push(Arc::new(Mutex::new(embedder)));
        self
    }

    /// Asks `model` as well, for the classes it knows and the attributes that
    /// are [`wanted`](Self::telling).
    #[must_use]
    pub fn with_attribute_model(mut self, model: AttributeModel) -> Self {
        self.attribute_models.push(Arc::new(Mutex::new(model)));
        self
    }

    /// Tells these attributes of its models, and no others; at first none. An
    /// attribute of a model takes the place of ours of the same name.
    #[must_use]
    pub fn telling(mut self, names: impl IntoIterator<Item = &'static str>) -> Self {
        self.wanted = names.into_iter().collect();
        self
    }

    /// Vectors or attributes that a model should have given and did not, so far.
    pub fn n_failed(&self) -> u64 {
        self.n_failed.load(Ordering::Relaxed)
    }

    /// All colours of each part, named as its attribute, with shares and the
    /// colours themselves: for those who want numbers instead of words.
    pub fn colours(&self, shown: &Shown<'_>) -> Vec<(&'static str, Vec<PartColour>)> {
        let Some(patch) = Patch::cut(shown.crop, shown.bbox, &shown.light) else {
            return Vec::new();
        };
        parts(shown, &patch)
            .into_iter()
            .map(|(name, part)| (name, colours::colours(&patch, part)))
            .collect()
    }

    /// What can be told of an object. Crops too small or broken give nothing.
    pub fn describe(&self, shown: &Shown<'_>) -> Appearance {
        let Some(patch) = Patch::cut(shown.crop, shown.bbox, &shown.light) else {
            return Appearance::default();
        };
        let cut = match shown.class.group() {
            ClassGroup::Person => Cut::Person,
            ClassGroup::Vehicle | ClassGroup::TwoWheeler => Cut::Vehicle,
        };
        let mut embeddings = vec![Embedding {
            maker: Arc::clone(&self.classic),
            values: Arc::from(classic::describe(&patch, cut)),
        }];
        for embedder in &self.embedders {
            // What a panic of another camera left is used up with each call.
            let mut embedder = embedder.lock().unwrap_or_else(PoisonError::into_inner);
            if !embedder.knows(shown.class) {
                continue;
            }
            match embedder.embed(shown.crop, shown.bbox) {
                Ok(embedding) => embeddings.push(embedding),
                Err(error) => {
                    self.n_failed.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(maker = &*embedder.maker(), %error, "no vector");
                }
            }
        }
        let mut told = attributes(shown, &patch);
        for attribute in self.told_by_models(shown, patch.has_colour) {
            told.retain(|ours| ours.name != attribute.name);
            told.push(attribute);
        }
        Appearance {
            attributes: told,
            embeddings,
        }
    }

    fn told_by_models(&self, shown: &Shown<'_>, has_colour: bool) -> Vec<Attribute> {
        // No model knows colours of a grey picture, whatever it says.
        let is_wanted =
            |name: &str| self.wanted.contains(name) && (has_colour || !name.ends_with("_colour"));
        let mut told: Vec<Attribute> = Vec::new();
        for model in &self.attribute_models {
            let mut model = model.lock().unwrap_or_else(PoisonError::into_inner);
            let mut specs = model.manifest().attributes.iter();
            if !model.knows(shown.class) || !specs.any(|spec| is_wanted(spec.name)) {
                continue;
            }
            match model.tell(shown.crop, shown.bbox, is_wanted) {
                Ok(attributes) => told.extend(attributes),
                Err(error) => {
                    self.n_failed.fetch_add(1, Ordering::Relaxed);
                    tracing::debug!(maker = &*model.maker(), %error, "no attributes");
                }
            }
        }
        told
    }
}

/// Where `bbox` lies in a crop that covers `area`, both in parts of the
/// picture.
pub fn box_in_crop(bbox: NormBox, area: NormBox) -> NormBox {
    let (width, height) = (
        area.width().max(f32::MIN_POSITIVE),
        area.height().max(f32::MIN_POSITIVE),
    );
    NormBox::from_xyxy(
        (bbox.x1() - area.x1()) / width,
        (bbox.y1() - area.y1()) / height,
        (bbox.x2() - area.x1()) / width,
        (bbox.y2() - area.y1()) / height,
    )
}

fn attributes(shown: &Shown<'_>, patch: &Patch) -> Vec<Attribute> {
    let mut attributes = Vec::new();
    for (name, part) in parts(shown, patch) {
        let mut colours = colours::colours(patch, part);
        colours.truncate(2);
        for (at, colour) in colours.iter().enumerate() {
            let likelihood = colour.likelihood();
            let is_told = likelihood >= MIN_LIKELIHOOD && (at == 0 || colour.share >= SECOND_SHARE);
            if is_told {
                attributes.push(Attribute {
                    name,
                    value: Arc::from(colour.name.name()),
                    likelihood,
                });
            }
        }
    }
    if shown.class != Class::Person {
        attributes.push(Attribute {
            name: "vehicle_type",
            value: Arc::from(shown.class.name()),
            likelihood: shown.score.clamp(0.0, 1.0),
        });
    }
    attributes
}

/// The parts of an object whose colours can be told.
fn parts(shown: &Shown<'_>, patch: &Patch) -> Vec<(&'static str, Part)> {
    if !patch.has_colour {
        return Vec::new();
    }
    match shown.class.group() {
        ClassGroup::Person if patch.aspect > STANDING_ASPECT || shown.is_cut_below => {
            vec![("upper_colour", Part::Upper)]
        }
        ClassGroup::Person => vec![("upper_colour", Part::Upper), ("lower_colour", Part::Lower)],
        ClassGroup::Vehicle => vec![("vehicle_colour", Part::Body)],
        // A frame of tubes: what is seen is the road and the rider.
        ClassGroup::TwoWheeler => Vec::new(),
    }
}
