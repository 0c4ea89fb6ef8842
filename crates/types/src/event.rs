//! What a rule decided.

use std::fmt;
use std::time::Duration;

use crate::{CameraId, Class, EventId, NormBox, RuleId, Timestamp, TrackId, ZoneId};

/// One step in the life of an event: its begin, an update, or its end.
///
/// All steps of one event carry the same `event_id`; each repeats all that is
/// known, so that a receiver may act on any one of them alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Identity of the event, the same in all its steps.
    pub event_id: EventId,
    /// On which camera.
    pub camera_id: CameraId,
    /// Which program's rule.
    pub program: ProgramKind,
    /// Which rule.
    pub rule_id: RuleId,
    /// The rule's name when it decided.
    pub rule_name: String,
    /// What happened.
    pub kind: EventKind,
    /// Where, if the rule has a zone.
    pub zone_id: Option<ZoneId>,
    /// Which step this is.
    pub phase: Phase,
    /// Zero-based number of the step within the event.
    pub step: u32,
    /// When this step was decided: the scene's `captured_at`, or the tick.
    pub at: Timestamp,
    /// When the event began.
    pub started_at: Timestamp,
    /// When it ended; only in [`Phase::End`].
    pub ended_at: Option<Timestamp>,
    /// Who caused it, if one object did.
    pub track_id: Option<TrackId>,
    /// What it is, as of this step.
    pub class: Option<Class>,
    /// Highest score of the object during the event so far, 0..=1.
    pub score: f32,
    /// Where it is, as of this step.
    pub bbox: Option<NormBox>,
    /// The gates that were asked, in order, with what each found.
    pub why: Vec<Gate>,
}

/// An analytics program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProgramKind {
    /// AI motion detection: zones and lines.
    Vmd,
    /// People: best shots, attributes, counts.
    People,
    /// Vehicles: best shots, attributes, counts.
    Vehicle,
    /// How many are in a place.
    Occupancy,
}

impl ProgramKind {
    /// Lower-case name, as in JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            ProgramKind::Vmd => "vmd",
            ProgramKind::People => "people",
            ProgramKind::Vehicle => "vehicle",
            ProgramKind::Occupancy => "occupancy",
        }
    }

    /// The program with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Vmd, Self::People, Self::Vehicle, Self::Occupancy]
            .into_iter()
            .find(|program| program.name() == name)
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// An object of a chosen class is inside a zone.
    Intruder,
}

impl EventKind {
    /// Lower-case name, as in JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::Intruder => "intruder",
        }
    }

    /// The kind with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Intruder]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// Which step of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// It starts; exactly one, always first.
    Begin,
    /// It goes on and something worth telling changed.
    Update,
    /// It is over; exactly one, always last.
    End,
}

impl Phase {
    /// Lower-case name, as in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Phase::Begin => "begin",
            Phase::Update => "update",
            Phase::End => "end",
        }
    }

    /// The phase with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Begin, Self::Update, Self::End]
            .into_iter()
            .find(|phase| phase.name() == name)
    }
}

/// One condition a rule asked on the way to its decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// What was asked.
    pub name: &'static str,
    /// What came back.
    pub outcome: GateOutcome,
}

/// What one gate found.
#[derive(Clone, Debug, PartialEq)]
pub enum GateOutcome {
    /// The condition held; the text says by what, such as `person`.
    Passed(String),
    /// The condition did not hold; the text says why.
    Stopped(String),
    /// A measured number against the number it must reach.
    Reached {
        /// Measured.
        actual: f32,
        /// Needed.
        needed: f32,
    },
    /// A measured time against the time it must reach.
    Lasted {
        /// Measured.
        actual: Duration,
        /// Needed.
        needed: Duration,
    },
}

impl fmt::Display for GateOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GateOutcome::Passed(text) | GateOutcome::Stopped(text) => f.write_str(text),
            GateOutcome::Reached { actual, needed } => write!(f, "{actual:.2} of {needed:.2}"),
            GateOutcome::Lasted { actual, needed } => write!(
                f,
                "{:.1} s of {:.1} s",
                actual.as_secs_f32(),
                needed.as_secs_f32()
            ),
        }
    }
}

impl GateOutcome {
    /// Whether the condition held.
    pub fn passed(&self) -> bool {
        match self {
            GateOutcome::Passed(_) => true,
            GateOutcome::Stopped(_) => false,
            GateOutcome::Reached { actual, needed } => actual >= needed,
            GateOutcome::Lasted { actual, needed } => actual >= needed,
        }
    }
}
