//! How many, where and when.

use crate::{CameraId, Class, RuleId, Timestamp, ZoneId};

/// A number counted by one rule over one interval.
#[derive(Clone, Debug, PartialEq)]
pub struct Count {
    /// On which camera.
    pub camera_id: CameraId,
    /// By which rule.
    pub rule_id: RuleId,
    /// What the number says.
    pub metric: Metric,
    /// What was counted; `None` for all classes together.
    pub class: Option<Class>,
    /// Start of the interval.
    pub from: Timestamp,
    /// End of the interval.
    pub until: Timestamp,
    /// How many. Means and percentiles keep their fractions.
    pub value: f64,
}

/// How sure the detector was of the objects of one class that were in a zone:
/// how many reached which score at best.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreCount {
    /// Where; anywhere, if nowhere in particular.
    pub zone_id: Option<ZoneId>,
    /// What they were.
    pub class: Class,
    /// Objects whose best score was from n to n + 1 hundredths.
    pub bins: [u32; ScoreCount::N_BINS],
}

impl ScoreCount {
    /// Steps of the score.
    pub const N_BINS: usize = 100;
}

/// What a [`Count`] says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// Crossings of the line from its left to its right, or entries.
    In,
    /// Crossings from right to left, or exits.
    Out,
    /// Mean number present.
    Mean,
    /// Highest number present.
    Peak,
    /// Number present that was exceeded 5 % of the time.
    P95,
    /// Different objects seen, an estimate.
    Unique,
    /// Stays in an area that ended.
    Stays,
    /// Seconds that those stays lasted, all together.
    StaySum,
    /// Seconds of the longest of them.
    StayMax,
    /// By how much a person corrected [`In`](Metric::In); beside it, not in
    /// it. Negative where too many were counted.
    InByHand,
    /// By how much a person corrected [`Out`](Metric::Out).
    OutByHand,
    /// How many of those told as present a person has added; negative where
    /// some are taken off.
    Offset,
}

impl Metric {
    /// All metrics.
    pub const ALL: [Metric; 12] = [
        Metric::In,
        Metric::Out,
        Metric::Mean,
        Metric::Peak,
        Metric::P95,
        Metric::Unique,
        Metric::Stays,
        Metric::StaySum,
        Metric::StayMax,
        Metric::InByHand,
        Metric::OutByHand,
        Metric::Offset,
    ];

    /// Lower-case name, as in JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Metric::In => "in",
            Metric::Out => "out",
            Metric::Mean => "mean",
            Metric::Peak => "peak",
            Metric::P95 => "p95",
            Metric::Unique => "unique",
            Metric::Stays => "stays",
            Metric::StaySum => "stay_sum",
            Metric::StayMax => "stay_max",
            Metric::InByHand => "in_by_hand",
            Metric::OutByHand => "out_by_hand",
            Metric::Offset => "offset",
        }
    }

    /// The metric with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }
}
