//! What troubles a camera without anything happening, and what somebody does
//! to it or leaves before it.
//!
//! In: which [`Nuisance`]s and which [`Staged`] incident are wanted, the time.
//! Out: strokes, light, another view, a worse lens; where the bag stands.
//!
//! Everything follows from seed, options and time, so any of it goes with any
//! other, and with a street that is empty or full.
//!
//! Not here: people and traffic (`script`), noise (`sensor`).

pub(super) mod lens;
pub(super) mod weather;

use std::time::Duration;

/// Trouble for motion detection in which no object takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nuisance {
    /// Rain falls.
    Rain,
    /// Snow falls.
    Snow,
    /// Trees sway.
    Wind,
    /// Headlights of an unseen car glide over street, walls and a parked
    /// truck every 17 s.
    HeadlightSweep,
    /// The light goes off and on every 20 s.
    LightSwitch,
    /// The camera goes over to its infrared lamp and back every 20 s.
    InfraredSwitch,
    /// The camera trembles.
    Shake,
    /// Insects fly close to the lens, lit by its lamp.
    Insects,
    /// The shadow of a cloud passes.
    CloudShadow,
    /// A spider's web before the lens moves in the draught.
    SpiderWeb,
}

impl Nuisance {
    /// All of them.
    pub const ALL: [Nuisance; 10] = [
        Nuisance::Rain,
        Nuisance::Snow,
        Nuisance::Wind,
        Nuisance::HeadlightSweep,
        Nuisance::LightSwitch,
        Nuisance::InfraredSwitch,
        Nuisance::Shake,
        Nuisance::Insects,
        Nuisance::CloudShadow,
        Nuisance::SpiderWeb,
    ];

    /// Lower-case name, as on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Nuisance::Rain => "rain",
            Nuisance::Snow => "snow",
            Nuisance::Wind => "wind",
            Nuisance::HeadlightSweep => "headlight_sweep",
            Nuisance::LightSwitch => "light_switch",
            Nuisance::InfraredSwitch => "infrared_switch",
            Nuisance::Shake => "shake",
            Nuisance::Insects => "insects",
            Nuisance::CloudShadow => "cloud_shadow",
            Nuisance::SpiderWeb => "spider_web",
        }
    }

    /// The nuisance with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }
}

/// A set of nuisances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Nuisances(u16);

impl Nuisances {
    /// None of them.
    pub const NONE: Nuisances = Nuisances(0);

    /// The set with one more.
    #[must_use]
    pub const fn with(self, one: Nuisance) -> Self {
        Nuisances(self.0 | 1 << one as u16)
    }

    /// Whether `one` is in the set.
    pub const fn has(self, one: Nuisance) -> bool {
        self.0 & 1 << one as u16 != 0
    }
}

impl FromIterator<Nuisance> for Nuisances {
    fn from_iter<I: IntoIterator<Item = Nuisance>>(all: I) -> Self {
        all.into_iter().fold(Nuisances::NONE, Nuisances::with)
    }
}

/// Something that is done to the camera or to the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Incident {
    /// Something is held before the lens.
    Cover,
    /// The lens loses its focus.
    Defocus,
    /// The camera is turned aside.
    Turn,
    /// The light fails: hardly anything is seen.
    Darken,
    /// A lamp shines into the lens.
    Dazzle,
    /// A bag stands on the pavement meanwhile.
    BagLeft,
    /// The bag that stands on the pavement is away meanwhile.
    BagRemoved,
    /// The gate across the pavement stands open meanwhile.
    GateOpen,
}

impl Incident {
    /// All of them.
    pub const ALL: [Incident; 8] = [
        Incident::Cover,
        Incident::Defocus,
        Incident::Turn,
        Incident::Darken,
        Incident::Dazzle,
        Incident::BagLeft,
        Incident::BagRemoved,
        Incident::GateOpen,
    ];

    /// Lower-case name, as on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Incident::Cover => "cover",
            Incident::Defocus => "defocus",
            Incident::Turn => "turn",
            Incident::Darken => "darken",
            Incident::Dazzle => "dazzle",
            Incident::BagLeft => "bag_left",
            Incident::BagRemoved => "bag_removed",
            Incident::GateOpen => "gate_open",
        }
    }

    /// The incident with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// Whether the scene has a bag, there or away.
    pub(super) fn has_bag(self) -> bool {
        matches!(self, Incident::BagLeft | Incident::BagRemoved)
    }
}

/// An incident and when it lasts, since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staged {
    /// What.
    pub incident: Incident,
    /// First moment.
    pub from: Duration,
    /// First moment after it.
    pub until: Duration,
}

impl Staged {
    /// Whether it lasts at `time`.
    pub fn is_on(&self, time: Duration) -> bool {
        (self.from..self.until).contains(&time)
    }

    pub(super) fn is_now(staged: Option<Staged>, incident: Incident, time: Duration) -> bool {
        staged.is_some_and(|staged| staged.incident == incident && staged.is_on(time))
    }

    /// Whether the gate is open at `time`; `None` where there is none.
    pub(super) fn is_gate_open(&self, time: Duration) -> Option<bool> {
        (self.incident == Incident::GateOpen).then(|| self.is_on(time))
    }

    /// Whether the bag stands in the scene at `time`.
    pub(super) fn has_bag(&self, time: Duration) -> bool {
        self.incident.has_bag() && (self.incident == Incident::BagLeft) == self.is_on(time)
    }
}

/// How long each half of the change to infrared light and back lasts, s.
const INFRARED_S: u64 = 20;

/// Whether the camera uses its infrared lamp at `time`.
pub(super) fn is_infrared(nuisances: Nuisances, time: Duration) -> bool {
    nuisances.has(Nuisance::InfraredSwitch) && (time.as_secs() / INFRARED_S) % 2 == 1
}

#[cfg(test)]
mod tests;
