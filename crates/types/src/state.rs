//! Learnt states of parts of the scene: a door that is open or closed.
//!
//! A *detector* watches one region of the picture; people name its states and
//! show examples of each. What a region looks like at a time is a [`Look`]:
//! numbers that stay about the same while light changes and the camera
//! trembles. Who computes it is `vision`, who judges it is `programs`.

use std::sync::Arc;

use crate::Timestamp;

/// Identity of a state detector within its camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DetectorId(pub u32);

/// Identity of a state within its detector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateId(pub u32);

/// What a region looks like: brightness, edges and colours, cell by cell, each
/// in parts of what surrounds it. Clones share the numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct Look(Arc<[i8]>);

impl Look {
    /// Brightness: 8x8 cells, row by row, in steps of 1/[`Self::LUMA_ONE`] of
    /// the contrast around.
    pub const N_LUMA: usize = 64;
    /// Edges: 4x4 cells of eight directions, square roots of shares, in steps
    /// of 1/[`Self::EDGE_ONE`].
    pub const N_EDGES: usize = 128;
    /// Colours: 4x4 cells of Cb and Cr, in steps of 1/[`Self::CHROMA_ONE`] of
    /// a strong colour; all 0 in a grey picture.
    pub const N_CHROMA: usize = 32;
    /// All numbers.
    pub const LEN: usize = Self::N_LUMA + Self::N_EDGES + Self::N_CHROMA;
    /// One in the numbers of brightness.
    pub const LUMA_ONE: f32 = 48.0;
    /// One in the numbers of edges.
    pub const EDGE_ONE: f32 = 127.0;
    /// One in the numbers of colours.
    pub const CHROMA_ONE: f32 = 60.0;

    /// Takes numbers in the order above; `None` when they are not
    /// [`LEN`](Self::LEN).
    pub fn new(numbers: &[i8]) -> Option<Self> {
        (numbers.len() == Self::LEN).then(|| Look(numbers.into()))
    }

    /// All numbers.
    pub fn numbers(&self) -> &[i8] {
        &self.0
    }

    /// Brightness, edges and colours.
    pub fn parts(&self) -> (&[i8], &[i8], &[i8]) {
        let (luma, rest) = self.0.split_at(Self::N_LUMA);
        let (edges, chroma) = rest.split_at(Self::N_EDGES);
        (luma, edges, chroma)
    }
}

impl std::fmt::Debug for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Look of {} numbers", self.0.len())
    }
}

/// How one region looked in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct RegionLook {
    /// Whose region.
    pub detector_id: DetectorId,
    /// What was seen of it.
    pub sight: RegionSight,
}

/// What was seen of a region.
#[derive(Clone, Debug, PartialEq)]
pub enum RegionSight {
    /// It was free to look at.
    Seen(Look),
    /// It was not, so nothing is known of it now.
    Hidden(HiddenBy),
}

/// What kept a region from being looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HiddenBy {
    /// Moving objects stand before it.
    Objects,
    /// The picture has a problem: covered, blurred, turned, too dark, too
    /// bright.
    Picture,
    /// The whole picture has just changed, as when the light is switched.
    Change,
}

impl HiddenBy {
    /// Lower-case name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            HiddenBy::Objects => "objects",
            HiddenBy::Picture => "picture",
            HiddenBy::Change => "change",
        }
    }

    /// The same in words that follow "not looked at:".
    pub const fn words(self) -> &'static str {
        match self {
            HiddenBy::Objects => "somebody or something that moves stands before it",
            HiddenBy::Picture => "the picture is covered, blurred, turned, too dark or too bright",
            HiddenBy::Change => "the whole picture has just changed",
        }
    }
}

/// A detector's state became another one.
#[derive(Clone, Debug, PartialEq)]
pub struct StateChange {
    /// Which detector.
    pub detector_id: DetectorId,
    /// The new state; `None`: not known from here on.
    pub state_id: Option<StateId>,
    /// Since when it has been so.
    pub at: Timestamp,
    /// Belief in it, 0..=1.
    pub likelihood: f32,
}
