//! Types of rules.

use crate::onvif::namespace as ns;
use crate::onvif::topic::Topic;
use crate::onvif::xml::Name;
use types::EventKind;

/// A type of rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleType {
    /// Objects in a field.
    FieldDetector,
    /// Objects that cross a line.
    LineDetector,
    /// Objects that stay for long.
    LoiteringDetector,
    /// Crossings of a line, counted.
    LineCounting,
    /// A thing was left.
    ObjectAbandoned,
    /// A thing is gone.
    ObjectRemoved,
    /// Which classes are in view; each camera has one.
    ObjectDetection,
    /// Objects that are gone, with their best pictures; each camera has one.
    ObjectTrackAggregation,
    /// Ours: how many are in a field.
    OccupancyArea,
    /// Ours, of a kind that ONVIF does not know.
    Ours(EventKind),
}

impl RuleType {
    /// All types.
    pub const ALL: [RuleType; 19] = [
        RuleType::FieldDetector,
        RuleType::LineDetector,
        RuleType::LoiteringDetector,
        RuleType::LineCounting,
        RuleType::ObjectAbandoned,
        RuleType::ObjectRemoved,
        RuleType::ObjectDetection,
        RuleType::ObjectTrackAggregation,
        RuleType::OccupancyArea,
        RuleType::Ours(EventKind::Direction),
        RuleType::Ours(EventKind::WrongWay),
        RuleType::Ours(EventKind::UTurn),
        RuleType::Ours(EventKind::Enter),
        RuleType::Ours(EventKind::Exit),
        RuleType::Ours(EventKind::Stopped),
        RuleType::Ours(EventKind::CountOverLimit),
        RuleType::Ours(EventKind::ZoneSequence),
        RuleType::Ours(EventKind::PictureProblem),
        RuleType::Ours(EventKind::SignalLost),
    ];

    /// The type of a rule of AI-VMD.
    pub const fn of_kind(kind: EventKind) -> Self {
        match kind {
            EventKind::Intruder => RuleType::FieldDetector,
            EventKind::CrossLine => RuleType::LineDetector,
            EventKind::Loitering => RuleType::LoiteringDetector,
            EventKind::ObjectLeft => RuleType::ObjectAbandoned,
            EventKind::ObjectRemoved => RuleType::ObjectRemoved,
            kind => RuleType::Ours(kind),
        }
    }

    /// Its name with prefix.
    pub const fn name(self) -> &'static str {
        match self {
            RuleType::FieldDetector => "tt:FieldDetector",
            RuleType::LineDetector => "tt:LineDetector",
            RuleType::LoiteringDetector => "tt:LoiteringDetector",
            RuleType::LineCounting => "tt:LineCounting",
            RuleType::ObjectAbandoned => "tt:ObjectAbandoned",
            RuleType::ObjectRemoved => "tt:ObjectRemoved",
            RuleType::ObjectDetection => "tt:ObjectDetection",
            RuleType::ObjectTrackAggregation => "tt:ObjectTrackAggregation",
            RuleType::OccupancyArea => "airelay:OccupancyArea",
            RuleType::Ours(kind) => match kind {
                EventKind::Direction => "airelay:Direction",
                EventKind::WrongWay => "airelay:WrongWay",
                EventKind::UTurn => "airelay:UTurn",
                EventKind::Enter => "airelay:Enter",
                EventKind::Exit => "airelay:Exit",
                EventKind::Stopped => "airelay:Stopped",
                EventKind::CountOverLimit => "airelay:CountOverLimit",
                EventKind::ZoneSequence => "airelay:ZoneSequence",
                EventKind::PictureProblem => "airelay:PictureProblem",
                EventKind::SignalLost => "airelay:VideoLost",
                _ => "airelay:Rule",
            },
        }
    }

    /// The type of this name.
    pub fn from_name(name: &Name) -> Option<Self> {
        Self::ALL.into_iter().find(|known| {
            let (prefix, local) = known.name().split_once(':').unwrap_or_default();
            let namespace = if prefix == "tt" { ns::TT } else { ns::AIRELAY };
            name.is(namespace, local)
        })
    }

    /// Whether clients can neither make nor remove such rules: what ONVIF has
    /// no parameters for is set up on our pages.
    pub const fn is_fixed(self) -> bool {
        !matches!(
            self,
            RuleType::FieldDetector
                | RuleType::LineDetector
                | RuleType::LoiteringDetector
                | RuleType::LineCounting
                | RuleType::ObjectAbandoned
                | RuleType::ObjectRemoved
        )
    }

    /// What it tells.
    pub const fn topic(self) -> Option<Topic> {
        Some(match self {
            RuleType::FieldDetector => Topic::ObjectsInside,
            RuleType::LineDetector => Topic::LineCrossed,
            RuleType::LoiteringDetector => Topic::Loitering,
            RuleType::LineCounting => Topic::Counter,
            RuleType::ObjectAbandoned => Topic::ObjectAbandoned,
            RuleType::ObjectRemoved => Topic::ObjectRemoved,
            RuleType::ObjectDetection => Topic::ObjectDetection,
            RuleType::ObjectTrackAggregation => Topic::TrackAggregation,
            RuleType::OccupancyArea => Topic::OccupancyCounter,
            RuleType::Ours(kind) => match kind {
                EventKind::Direction => Topic::Direction,
                EventKind::WrongWay => Topic::WrongWay,
                EventKind::UTurn => Topic::UTurn,
                EventKind::Enter => Topic::Enter,
                EventKind::Exit => Topic::Exit,
                EventKind::Stopped => Topic::Stopped,
                EventKind::CountOverLimit => Topic::CountOverLimit,
                EventKind::ZoneSequence => Topic::ZoneSequence,
                EventKind::PictureProblem => Topic::ImpairedVisibility,
                EventKind::SignalLost => Topic::VideoLost,
                _ => return None,
            },
        })
    }

    /// Whether it has a field.
    pub const fn has_field(self) -> bool {
        match self {
            RuleType::FieldDetector
            | RuleType::LoiteringDetector
            | RuleType::ObjectAbandoned
            | RuleType::ObjectRemoved
            | RuleType::OccupancyArea => true,
            RuleType::Ours(kind) => {
                !matches!(kind, EventKind::PictureProblem | EventKind::SignalLost)
            }
            _ => false,
        }
    }

    /// Whether it has a line.
    pub const fn has_line(self) -> bool {
        matches!(self, RuleType::LineDetector | RuleType::LineCounting)
    }

    /// Whether it chooses classes.
    pub const fn has_classes(self) -> bool {
        !matches!(
            self,
            RuleType::ObjectAbandoned
                | RuleType::ObjectRemoved
                | RuleType::Ours(EventKind::PictureProblem | EventKind::SignalLost)
        )
    }

    /// Whether it has a time threshold.
    pub const fn has_threshold(self) -> bool {
        matches!(
            self,
            RuleType::LoiteringDetector | RuleType::ObjectAbandoned | RuleType::ObjectRemoved
        )
    }
}
