//! How many, where and when.

use crate::{CameraId, Class, RuleId, Timestamp};

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
}

impl Metric {
    /// All metrics.
    pub const ALL: [Metric; 6] = [
        Metric::In,
        Metric::Out,
        Metric::Mean,
        Metric::Peak,
        Metric::P95,
        Metric::Unique,
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
        }
    }

    /// The metric with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }
}
