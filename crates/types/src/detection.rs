//! What the detector saw in one frame.

use crate::{Class, NormBox};

/// One box, class and score in one frame, without identity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Detection {
    /// Where, relative to the whole picture.
    pub bbox: NormBox,
    /// What.
    pub class: Class,
    /// Belief in the class, 0..=1.
    pub score: f32,
}
