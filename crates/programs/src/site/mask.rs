//! Places where objects of some classes are ignored: a mannequin, a poster, a
//! row of parked cars.
//!
//! Not here: masks for motion, which keep the detector from looking (`vision`).

use types::{ClassSet, Polygon, Track};

/// A polygon in which objects of some classes do not exist for the rules.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassMask {
    /// As people call it.
    pub name: String,
    /// Where.
    pub polygon: Polygon,
    /// Which classes.
    pub classes: ClassSet,
}

impl ClassMask {
    /// Whether `track` is to be ignored: of a masked class, with the middle of
    /// its box inside. Not its foot: the thing that was mistaken for an object
    /// is what people draw round.
    pub(crate) fn covers(&self, track: &Track) -> bool {
        self.classes.contains(track.class) && self.polygon.contains(track.bbox.centre())
    }
}
