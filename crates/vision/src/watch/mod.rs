//! Whether the picture can be trusted, and what changed in it for good.
//!
//! In: decoded frames of one camera, at any rate, and the tracks of the scene.
//! Out: a [`types::PictureState`] ([`PictureWatch`]), with how healthy the scene
//! is, and the things left and
//! removed ([`StillChanges`]), as they go into the scene.
//!
//! Both look at the scaled-down luma in cells of 4x4 pixels, at most every
//! 400 ms, and pass over damaged frames. Time comes only from `captured_at`.
//!
//! Not here: what moves (`motion`), rules about it (`programs`).

mod cells;
mod health;
mod light;
mod lasting;
mod look;
mod picture;
mod still;

pub use self::picture::{CLEARED_WITHIN, PictureWatch, RAISED_WITHIN};
pub use self::still::{FOUND_WITHIN, MAX_CHANGES, StillChanges};

use std::time::Duration;

/// Least time between two pictures that are looked at.
const RHYTHM: Duration = Duration::from_millis(390);

#[cfg(test)]
mod tests;
