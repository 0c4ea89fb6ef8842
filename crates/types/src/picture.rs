//! How good a camera's picture is, and what changed in it for good.

use crate::{NormBox, Timestamp};

/// The picture as a whole, as of one frame. The default is a good picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PictureState {
    /// What is wrong with it, and since when; one entry for each problem.
    pub problems: Vec<(PictureProblem, Timestamp)>,
    /// No colour in it: night mode with infrared light, or a grey camera.
    pub is_grey: bool,
    /// How healthy the scene is; `None` while that is not known.
    pub health: Option<Health>,
}

/// How well a scene can be seen, part by part, over the last seconds: 1 is as
/// good as can be, 0 of no use.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Health(
    /// By [`HealthPart::ALL`], each 0..=1.
    pub [f32; 5],
);

impl Health {
    /// One part, 0..=1.
    pub const fn part(self, part: HealthPart) -> f32 {
        self.0[part as usize]
    }

    /// The part that is worst.
    pub fn worst(self) -> (HealthPart, f32) {
        HealthPart::ALL
            .map(|part| (part, self.part(part)))
            .into_iter()
            .min_by(|a, b| a.1.total_cmp(&b.1))
            .unwrap_or((HealthPart::Sharpness, 1.0))
    }
}

/// How healthy a scene was over one minute of the clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HealthMinute {
    /// Start of the minute.
    pub minute_at: Timestamp,
    /// Means of the parts.
    pub mean: Health,
    /// The lowest that each part was.
    pub lowest: Health,
}

/// What a scene can suffer from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HealthPart {
    /// Fine detail, against what the view used to have.
    Sharpness,
    /// Distance of dark and bright.
    Contrast,
    /// Not too much is black or white.
    Exposure,
    /// The camera does not shake.
    Steadiness,
    /// Little flickers that is no object: rain, snow, insects, leaves, noise.
    Calm,
}

impl HealthPart {
    /// All parts.
    pub const ALL: [HealthPart; 5] = [
        HealthPart::Sharpness,
        HealthPart::Contrast,
        HealthPart::Exposure,
        HealthPart::Steadiness,
        HealthPart::Calm,
    ];

    /// Lower-case name, as in JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            HealthPart::Sharpness => "sharpness",
            HealthPart::Contrast => "contrast",
            HealthPart::Exposure => "exposure",
            HealthPart::Steadiness => "steadiness",
            HealthPart::Calm => "calm",
        }
    }

    /// The part with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    /// What is wrong with a scene in which this part is bad.
    pub const fn complaint(self) -> &'static str {
        match self {
            HealthPart::Sharpness => "blurred",
            HealthPart::Contrast => "without contrast",
            HealthPart::Exposure => "badly exposed",
            HealthPart::Steadiness => "shaking",
            HealthPart::Calm => "restless: rain, snow, insects, leaves or noise",
        }
    }
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
