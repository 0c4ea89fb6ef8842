//! What people draw on a camera's picture, made ready for questions.
//!
//! Shared by all programs of the camera.

pub mod path;
