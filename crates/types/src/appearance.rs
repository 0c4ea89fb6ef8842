//! What an object looks like: attributes in words, and a vector to compare by.

use std::sync::Arc;

/// Looks of one object in one crop.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Appearance {
    /// What can be said in words; an attribute that could not be told is left
    /// out, never guessed.
    pub attributes: Vec<Attribute>,
    /// What it is compared by, one for each descriptor in use.
    pub embeddings: Vec<Embedding>,
}

/// One attribute in ONVIF's vocabulary.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// Which, such as `upper_colour`, `lower_colour`, `vehicle_colour`,
    /// `vehicle_type`.
    pub name: &'static str,
    /// Its value, such as `red`, lower-case.
    pub value: Arc<str>,
    /// Belief in the value, 0..=1.
    pub likelihood: f32,
}

/// A vector of unit length; the scalar product of two is their similarity,
/// -1..=1.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// Which descriptor or model made it, with its version: only vectors of
    /// one maker may be compared.
    pub maker: Arc<str>,
    /// The vector, at most 1,024 numbers.
    pub values: Arc<[f32]>,
}
