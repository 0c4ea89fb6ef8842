//! The drawn streets: each nuisance in its light, and streets in which rules
//! must fire.
//!
//! In: seed and time. Out: frames with the truth about them.

use std::time::Duration;

use sim::street::{Incident, Light, Nuisance, Nuisances, Staged, StreetOptions};

/// Pictures a second.
pub(crate) const FPS: u32 = 5;

/// When what is staged in a control begins and ends, seconds.
const STAGED_S: (u64, u64) = (30, 150);
/// The part of that in which a silent camera sends nothing.
const SILENT_S: std::ops::Range<u64> = 60..110;

/// A street.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    light: Light,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Nobody walks, nothing drives.
    Still(Option<Nuisance>),
    /// People and traffic.
    Busy,
    Staged(Incident),
    /// No pictures for a while.
    Silent,
}

impl Scene {
    /// Every alarm of a control is wanted; elsewhere none is.
    pub(crate) fn is_control(self) -> bool {
        !matches!(self.kind, Kind::Still(_))
    }

    /// Whether no picture comes at `time`.
    pub(crate) fn is_silent(self, time: Duration) -> bool {
        matches!(self.kind, Kind::Silent) && SILENT_S.contains(&time.as_secs())
    }

    pub(crate) fn options(self, (width_px, height_px): (u32, u32)) -> StreetOptions {
        let nuisance = match self.kind {
            Kind::Still(nuisance) => nuisance,
            _ => None,
        };
        let incident = match self.kind {
            Kind::Staged(incident) => Some(Staged {
                incident,
                from: Duration::from_secs(STAGED_S.0),
                until: Duration::from_secs(STAGED_S.1),
            }),
            _ => None,
        };
        let (n_people, traffic) = match self.kind {
            Kind::Busy => (8, 0.4),
            _ => (0, 0.0),
        };
        StreetOptions {
            width_px,
            height_px,
            light: self.light,
            n_people,
            traffic,
            nuisances: nuisance.into_iter().collect::<Nuisances>(),
            incident,
            ..StreetOptions::default()
        }
    }
}

/// Streets without and with each nuisance, then the controls.
pub(crate) const SCENES: [Scene; 17] = [
    still("none", None, Light::Day),
    still("none by night", None, Light::Night),
    still("rain", Some(Nuisance::Rain), Light::Day),
    still("snow", Some(Nuisance::Snow), Light::Day),
    still("swaying leaves", Some(Nuisance::Wind), Light::Day),
    still(
        "headlight sweep",
        Some(Nuisance::HeadlightSweep),
        Light::Night,
    ),
    still("light off and on", Some(Nuisance::LightSwitch), Light::Day),
    still(
        "colour to infrared",
        Some(Nuisance::InfraredSwitch),
        Light::Night,
    ),
    still("camera shake", Some(Nuisance::Shake), Light::Day),
    still("insects by night", Some(Nuisance::Insects), Light::Infrared),
    still("cloud shadow", Some(Nuisance::CloudShadow), Light::Day),
    still("spider web", Some(Nuisance::SpiderWeb), Light::Infrared),
    control("busy street", Kind::Busy),
    control("bag left", Kind::Staged(Incident::BagLeft)),
    control("bag removed", Kind::Staged(Incident::BagRemoved)),
    control("lens covered", Kind::Staged(Incident::Cover)),
    control("camera silent", Kind::Silent),
];

const fn still(name: &'static str, nuisance: Option<Nuisance>, light: Light) -> Scene {
    Scene {
        name,
        light,
        kind: Kind::Still(nuisance),
    }
}

const fn control(name: &'static str, kind: Kind) -> Scene {
    Scene {
        name,
        light: Light::Day,
        kind,
    }
}
