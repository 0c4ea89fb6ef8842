//! How people handle what a rule decided: how grave it is, how far its
//! handling is, and what was done.

use crate::EventKind;

/// How grave an alarm is; the gravest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth a line in the list.
    Info,
    /// May wait.
    Low,
    /// Somebody should look soon.
    Medium,
    /// Somebody should look now.
    High,
    /// Somebody must act now.
    Critical,
}

impl Severity {
    /// All of them, the least grave first.
    pub const ALL: [Severity; 5] = [
        Severity::Info,
        Severity::Low,
        Severity::Medium,
        Severity::High,
        Severity::Critical,
    ];

    /// Lower-case name, as in JSON and the store.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }

    /// The severity with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.name() == name)
    }

    /// Of a rule of this kind that says nothing else. Nothing is critical
    /// before somebody says so.
    pub const fn usual(kind: EventKind) -> Self {
        match kind {
            EventKind::Intruder
            | EventKind::WrongWay
            | EventKind::ObjectLeft
            | EventKind::ObjectRemoved
            | EventKind::PictureProblem
            | EventKind::SignalLost
            | EventKind::WatchList => Severity::High,
            EventKind::Loitering
            | EventKind::Direction
            | EventKind::CrossLine
            | EventKind::Stopped
            | EventKind::CountOverLimit
            | EventKind::ZoneSequence
            | EventKind::Occupancy
            | EventKind::State
            | EventKind::Program => Severity::Medium,
            EventKind::UTurn | EventKind::Enter | EventKind::Exit => Severity::Low,
        }
    }
}

/// How far the handling of an alarm is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlarmState {
    /// Nobody has taken note of it.
    New,
    /// Somebody has seen it.
    Acknowledged,
    /// Somebody is to look after it.
    Assigned,
    /// It is done with, for a reason.
    Closed,
}

impl AlarmState {
    /// All of them, in their order.
    pub const ALL: [AlarmState; 4] = [
        AlarmState::New,
        AlarmState::Acknowledged,
        AlarmState::Assigned,
        AlarmState::Closed,
    ];

    /// Lower-case name, as in JSON and the store.
    pub const fn name(self) -> &'static str {
        match self {
            AlarmState::New => "new",
            AlarmState::Acknowledged => "acknowledged",
            AlarmState::Assigned => "assigned",
            AlarmState::Closed => "closed",
        }
    }

    /// The state with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What an alarm turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CloseReason {
    /// It was what the rule looks for.
    Real,
    /// It was something else, or nothing.
    FalseAlarm,
    /// Somebody tried whether it works.
    Test,
    /// It was somebody who may be there.
    Authorised,
    /// The text says what.
    Other,
}

impl CloseReason {
    /// All of them, in the order in which pages list them.
    pub const ALL: [CloseReason; 5] = [
        CloseReason::Real,
        CloseReason::FalseAlarm,
        CloseReason::Test,
        CloseReason::Authorised,
        CloseReason::Other,
    ];

    /// Lower-case name, as in JSON and the store.
    pub const fn name(self) -> &'static str {
        match self {
            CloseReason::Real => "real",
            CloseReason::FalseAlarm => "false_alarm",
            CloseReason::Test => "test",
            CloseReason::Authorised => "authorised",
            CloseReason::Other => "other",
        }
    }

    /// The reason with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// Which kind of thing was done with an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HandlingKind {
    /// Took note of it.
    Acknowledge,
    /// Gave it to somebody.
    Assign,
    /// Took it from whom it was given to.
    Release,
    /// Said what it was.
    Close,
    /// Took that back.
    Reopen,
    /// Wrote something down.
    Note,
    /// Took its evidence out.
    Export,
}

impl HandlingKind {
    /// All of them.
    pub const ALL: [HandlingKind; 7] = [
        HandlingKind::Acknowledge,
        HandlingKind::Assign,
        HandlingKind::Release,
        HandlingKind::Close,
        HandlingKind::Reopen,
        HandlingKind::Note,
        HandlingKind::Export,
    ];

    /// Lower-case name, as in JSON and the store.
    pub const fn name(self) -> &'static str {
        match self {
            HandlingKind::Acknowledge => "acknowledge",
            HandlingKind::Assign => "assign",
            HandlingKind::Release => "release",
            HandlingKind::Close => "close",
            HandlingKind::Reopen => "reopen",
            HandlingKind::Note => "note",
            HandlingKind::Export => "export",
        }
    }

    /// The kind with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// One thing that is done with an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handling {
    /// Which kind of thing.
    pub kind: HandlingKind,
    /// To whom it is given; only of [`HandlingKind::Assign`].
    pub assignee: Option<String>,
    /// What it was; only of [`HandlingKind::Close`].
    pub reason: Option<CloseReason>,
    /// What was written with it; may be empty.
    pub text: String,
}

/// How the handling of an alarm stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How far it is.
    pub state: AlarmState,
    /// Who is to look after it; only of [`AlarmState::Assigned`].
    pub assignee: Option<String>,
    /// What it was; only of [`AlarmState::Closed`].
    pub reason: Option<CloseReason>,
    /// Counts changes of the three above, from 0.
    pub revision: u32,
    /// Notes written so far.
    pub n_notes: u32,
}

impl Standing {
    /// Of an alarm that was just raised.
    pub const NEW: Standing = Standing {
        state: AlarmState::New,
        assignee: None,
        reason: None,
        revision: 0,
        n_notes: 0,
    };
}
