//! What a rule decided.

use std::fmt;
use std::time::Duration;

use crate::{
    CameraId, Class, Crossing, DetectorId, EventId, HealthPart, LineId, NormBox, PictureProblem,
    RuleId, StateId, Timestamp, TrackId, ZoneId,
};

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
    /// What more is known, by kind.
    pub detail: EventDetail,
    /// The gates that were asked, in order, with what each found.
    pub why: Vec<Gate>,
}

/// What only some kinds of events know.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EventDetail {
    /// Which line, if the rule has one.
    pub line_id: Option<LineId>,
    /// Which way the line was crossed.
    pub crossing: Option<Crossing>,
    /// Heading of the object in degrees clockwise from up in the picture,
    /// 0..360.
    pub heading_deg: Option<f32>,
    /// How many, for limits and occupancy.
    pub count: Option<u32>,
    /// The zone visited before, for a sequence of zones.
    pub from_zone_id: Option<ZoneId>,
    /// What is wrong with the picture.
    pub problem: Option<PictureProblem>,
    /// It began while the scene was not healthy, and its rule asked to be told
    /// that: in doubt. What was worst.
    pub doubt: Option<HealthPart>,
    /// Which state of which detector, for rules about learnt states.
    pub state: Option<(DetectorId, StateId)>,
    /// Who was recognised, by which watch list.
    pub watch: Option<WatchMatch>,
}

/// Somebody looks like one who is waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WatchMatch {
    /// Which watch list.
    pub list_id: u32,
    /// Which of its examples is most alike.
    pub example_id: u32,
    /// How much, -1..=1.
    pub similarity: f32,
    /// The sighting of who was seen.
    pub sighting_id: i64,
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
    /// Learnt states of the scene.
    State,
    /// Installed from a package.
    Extension,
}

impl ProgramKind {
    /// All programs.
    pub const ALL: [ProgramKind; 6] = [
        ProgramKind::Vmd,
        ProgramKind::People,
        ProgramKind::Vehicle,
        ProgramKind::Occupancy,
        ProgramKind::State,
        ProgramKind::Extension,
    ];

    /// Lower-case name, as in JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            ProgramKind::Vmd => "vmd",
            ProgramKind::People => "people",
            ProgramKind::Vehicle => "vehicle",
            ProgramKind::Occupancy => "occupancy",
            ProgramKind::State => "state",
            ProgramKind::Extension => "extension",
        }
    }

    /// The program with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|program| program.name() == name)
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// An object of a chosen class stays inside a zone.
    Intruder,
    /// An object stays in a zone for long.
    Loitering,
    /// An object moves in a chosen direction.
    Direction,
    /// An object moves against the allowed direction.
    WrongWay,
    /// An object turns round.
    UTurn,
    /// An object crosses a line.
    CrossLine,
    /// An object comes into a zone from outside.
    Enter,
    /// An object leaves a zone.
    Exit,
    /// An object that moved stands still in a zone.
    Stopped,
    /// A thing was put down and stays.
    ObjectLeft,
    /// A thing that belonged to the scene is gone.
    ObjectRemoved,
    /// More objects than allowed are in a zone.
    CountOverLimit,
    /// An object went from one zone to another.
    ZoneSequence,
    /// The camera was covered, defocused, turned, or is too dark or too bright.
    PictureProblem,
    /// The camera delivers no video.
    SignalLost,
    /// A zone holds more objects than its threshold.
    Occupancy,
    /// A part of the scene has been in a learnt state for long.
    State,
    /// An installed program decided; its rule name says what.
    Program,
    /// Somebody looks like one on a watch list.
    WatchList,
}

impl EventKind {
    /// All kinds, in the order in which pages list them.
    pub const ALL: [EventKind; 19] = [
        EventKind::Intruder,
        EventKind::Loitering,
        EventKind::Direction,
        EventKind::WrongWay,
        EventKind::UTurn,
        EventKind::CrossLine,
        EventKind::Enter,
        EventKind::Exit,
        EventKind::Stopped,
        EventKind::ObjectLeft,
        EventKind::ObjectRemoved,
        EventKind::CountOverLimit,
        EventKind::ZoneSequence,
        EventKind::PictureProblem,
        EventKind::SignalLost,
        EventKind::Occupancy,
        EventKind::State,
        EventKind::Program,
        EventKind::WatchList,
    ];

    /// Lower-case name, as in JSON and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::Intruder => "intruder",
            EventKind::Loitering => "loitering",
            EventKind::Direction => "direction",
            EventKind::WrongWay => "wrong_way",
            EventKind::UTurn => "u_turn",
            EventKind::CrossLine => "cross_line",
            EventKind::Enter => "enter",
            EventKind::Exit => "exit",
            EventKind::Stopped => "stopped",
            EventKind::ObjectLeft => "object_left",
            EventKind::ObjectRemoved => "object_removed",
            EventKind::CountOverLimit => "count_over_limit",
            EventKind::ZoneSequence => "zone_sequence",
            EventKind::PictureProblem => "picture_problem",
            EventKind::SignalLost => "signal_lost",
            EventKind::Occupancy => "occupancy",
            EventKind::State => "state",
            EventKind::Program => "program",
            EventKind::WatchList => "watch_list",
        }
    }

    /// The kind with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
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
