//! What the program is told to watch, checked.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use types::{DetectorId, NormBox, RuleId, StateId};

use crate::schedule::Schedule;

/// All detectors of one camera.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StateConfig {
    /// At most [`Self::MAX_DETECTORS`].
    pub detectors: Vec<Detector>,
}

/// One region whose states are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Detector {
    /// Identity within the camera.
    pub detector_id: DetectorId,
    /// As people call it.
    pub name: String,
    /// Box around its region.
    pub bbox: NormBox,
    /// Its states and what people call them, two to [`Self::MAX_STATES`].
    pub states: Vec<(StateId, String)>,
    /// How long a state must be seen before it counts, up to
    /// [`Self::MAX_SETTLE`].
    pub settle: Duration,
    /// How often a picture may be kept for labelling; `None`: never.
    pub collect_every: Option<Duration>,
    /// What raises alarms, at most [`Self::MAX_RULES`].
    pub rules: Vec<StateRule>,
}

/// Raises an event while a state lasts.
#[derive(Clone, Debug, PartialEq)]
pub struct StateRule {
    /// Identity within the camera.
    pub rule_id: RuleId,
    /// As people call it.
    pub name: String,
    /// Which state.
    pub state_id: StateId,
    /// The rule is about every other state instead.
    pub is_not: bool,
    /// How long it must have lasted, up to a day.
    pub lasting: Duration,
    /// When the rule is on; always, if there is none.
    pub schedule: Option<Arc<Schedule>>,
}

/// Why settings make no program.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ConfigError {
    /// More of something than possible, or fewer.
    #[error("set up {what}: {n_given} {of}: use {range}")]
    Count {
        /// Which part.
        what: String,
        /// `detectors`, `states` or `rules`.
        of: &'static str,
        /// How many were given.
        n_given: usize,
        /// How many are possible.
        range: &'static str,
    },
    /// Two things with one number.
    #[error("set up {what}: another one has the same number")]
    Twice {
        /// Which part.
        what: String,
    },
    /// A rule about a state that does not exist.
    #[error("set up rule {name:?}: {detector:?} has no state {}", .state_id.0)]
    UnknownState {
        /// The rule's name.
        name: String,
        /// The detector's name.
        detector: String,
        /// The state it names.
        state_id: StateId,
    },
    /// A time is outside its range.
    #[error("set up {what}: {time} must be {range}")]
    OutOfRange {
        /// Which part.
        what: String,
        /// Which time.
        time: &'static str,
        /// What is allowed.
        range: &'static str,
    },
}

impl StateConfig {
    /// Most detectors of one camera.
    pub const MAX_DETECTORS: usize = 16;

    /// Checks all settings.
    ///
    /// # Errors
    /// The first thing that cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        let count = |of, n_given, range| ConfigError::Count {
            what: "states".to_owned(),
            of,
            n_given,
            range,
        };
        if self.detectors.len() > Self::MAX_DETECTORS {
            return Err(count("detectors", self.detectors.len(), "at most 16"));
        }
        let mut rule_ids = Vec::new();
        for (idx, detector) in self.detectors.iter().enumerate() {
            let what = format!("detector {:?}", detector.name);
            let before = &self.detectors[..idx];
            if before
                .iter()
                .any(|other| other.detector_id == detector.detector_id)
            {
                return Err(ConfigError::Twice { what });
            }
            detector.check(&what)?;
            for rule in &detector.rules {
                if rule_ids.contains(&rule.rule_id) {
                    let what = format!("rule {:?}", rule.name);
                    return Err(ConfigError::Twice { what });
                }
                rule_ids.push(rule.rule_id);
            }
        }
        Ok(())
    }
}

impl Detector {
    /// Most states of one detector.
    pub const MAX_STATES: usize = 8;
    /// Most rules of one detector.
    pub const MAX_RULES: usize = 16;
    /// Longest settling time.
    pub const MAX_SETTLE: Duration = Duration::from_secs(600);
    /// Least and most time between two pictures for labelling.
    pub const COLLECT_EVERY: (Duration, Duration) =
        (Duration::from_secs(60), Duration::from_secs(3_600));

    /// What people call a state.
    pub fn state_name(&self, state_id: StateId) -> Option<&str> {
        let mut states = self.states.iter();
        let (_, name) = states.find(|(known, _)| *known == state_id)?;
        Some(name)
    }

    fn check(&self, what: &str) -> Result<(), ConfigError> {
        let count = |of, n_given, range| ConfigError::Count {
            what: what.to_owned(),
            of,
            n_given,
            range,
        };
        let out_of_range = |time, range| ConfigError::OutOfRange {
            what: what.to_owned(),
            time,
            range,
        };
        let n_states = self.states.len();
        if !(2..=Self::MAX_STATES).contains(&n_states) {
            return Err(count("states", n_states, "2 to 8"));
        }
        for (idx, (state_id, name)) in self.states.iter().enumerate() {
            if self.states[..idx]
                .iter()
                .any(|(other, _)| other == state_id)
            {
                return Err(ConfigError::Twice {
                    what: format!("state {name:?}"),
                });
            }
        }
        if self.settle > Self::MAX_SETTLE {
            return Err(out_of_range("the settling time", "0 to 600 s"));
        }
        let (least, most) = Self::COLLECT_EVERY;
        if self
            .collect_every
            .is_some_and(|every| !(least..=most).contains(&every))
        {
            return Err(out_of_range("the time between pictures", "1 to 60 min"));
        }
        if self.rules.len() > Self::MAX_RULES {
            return Err(count("rules", self.rules.len(), "at most 16"));
        }
        self.rules.iter().try_for_each(|rule| rule.check(self))
    }
}

impl StateRule {
    /// Longest time a state must have lasted.
    pub const MAX_LASTING: Duration = Duration::from_secs(86_400);

    fn check(&self, detector: &Detector) -> Result<(), ConfigError> {
        if detector.state_name(self.state_id).is_none() {
            return Err(ConfigError::UnknownState {
                name: self.name.clone(),
                detector: detector.name.clone(),
                state_id: self.state_id,
            });
        }
        if self.lasting > Self::MAX_LASTING {
            return Err(ConfigError::OutOfRange {
                what: format!("rule {:?}", self.name),
                time: "the time",
                range: "0 to 86400 s",
            });
        }
        Ok(())
    }
}
