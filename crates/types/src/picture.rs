//! How good a camera's picture is, and what changed in it for good.

use crate::{NormBox, Timestamp};

/// The picture as a whole, as of one frame. The default is a good picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PictureState {
    /// What is wrong with it, and since when; one entry for each problem.
    pub problems: Vec<(PictureProblem, Timestamp)>,
    /// No colour in it: night mode with infrared light, or a grey camera.
    pub is_grey: bool,
}

/// A reason not to trust a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PictureProblem {
    /// Something stands before the lens, or it was sprayed.
    Covered,
    /// The scene has lost its detail.
    Defocused,
    /// The camera looks elsewhere than it used to.
    Turned,
    /// Too dark to see by.
    TooDark,
    /// Too bright to see by.
    TooBright,
}

impl PictureProblem {
    /// All problems.
    pub const ALL: [PictureProblem; 5] = [
        PictureProblem::Covered,
        PictureProblem::Defocused,
        PictureProblem::Turned,
        PictureProblem::TooDark,
        PictureProblem::TooBright,
    ];

    /// Lower-case name, as in JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            PictureProblem::Covered => "covered",
            PictureProblem::Defocused => "defocused",
            PictureProblem::Turned => "turned",
            PictureProblem::TooDark => "too_dark",
            PictureProblem::TooBright => "too_bright",
        }
    }

    /// The problem with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|problem| problem.name() == name)
    }
}

/// A part of the scene that changed and then stayed as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct StillChange {
    /// Number of the change on its camera, kept while it lasts.
    pub change_id: u64,
    /// Where.
    pub bbox: NormBox,
    /// Since when the part looks as it does now.
    pub since: Timestamp,
    /// Whether a thing appeared or vanished.
    pub kind: StillChangeKind,
}

/// Which of both happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StillChangeKind {
    /// A thing stands where there was none.
    Left,
    /// A thing is gone, and what was behind it is seen.
    Removed,
}
