//! Similarity search: people and vehicles that look alike.

mod quantised;

pub use self::quantised::{Quantised, quantise};
