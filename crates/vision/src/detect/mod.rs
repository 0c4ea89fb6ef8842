//! Planes or crops in, boxes with class and score out.
//!
//! A [`Manifest`] says how to feed a network and how to read its answers, a
//! [`Backend`] runs it, a [`Detector`] joins both. Models come as bytes.
//!
//! In: [`Image`](crate::decode::Image) or packed RGB. Out:
//! [`Detection`](types::Detection).
//!
//! Not here: files, motion, identities.

pub(crate) mod manifest;
mod placement;
mod input;
mod backend;
mod post;
mod nms;
mod calibrate;
mod sight;
mod detector;

#[cfg(feature = "ort")]
pub use self::backend::OrtBackend;
#[cfg(feature = "rten")]
pub use self::backend::RtenBackend;
pub use self::backend::{Backend, BackendError, MAX_OUTPUT_VALUES, MAX_OUTPUTS, Output};
pub use self::calibrate::{BELIEVED, calibrate};
pub use self::detector::{Detector, Error, Facts, MIN_SCORE};
pub use self::input::{InputError, InputMaker};
pub use self::manifest::{
    ClassSpec, Colour, Fit, InputSpec, MAX_CLASSES, MAX_INPUT_PX, MAX_SIDE_PX, MAX_TEXT_BYTES,
    Manifest, ManifestError, OutputLayout, SIDE_STEP_PX,
};
pub use self::nms::{Look, MAX_CANDIDATES, MAX_DETECTIONS, merge, merge_looks};
pub use self::placement::{InputSize, Placement};
pub use self::post::{MAX_BOXES, OutputError};
pub use self::sight::{LookedAt, Sight};
