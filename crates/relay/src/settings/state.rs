//! Detectors of learnt states, as typed.
//!
//! In: regions, names of states, rules. Out: the program's settings, and the
//! regions that `vision` looks at. Examples are no settings: they are in
//! tables of their own.

use std::collections::BTreeSet;
use std::time::Duration;

use programs::state::{Detector, StateConfig, StateRule};
use serde::{Deserialize, Serialize};
use types::{DetectorId, NormPoint, Polygon, RuleId, StateId};
use utoipa::ToSchema;

use super::place::{check_count, check_unique};
use super::program::MAX_ID;
use super::{FieldErrors, Schedules, check_name};

/// Rules of detectors store their events under numbers of their own.
const FIRST_STATE_RULE_ID: u32 = 40_000;
/// Highest number of a detector and of a state.
const MAX_DETECTOR_ID: u32 = 999;

/// The program of learnt states.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StatesDocument {
    /// Whether it runs.
    pub is_enabled: bool,
    /// Schedule that says when it runs; always when absent.
    pub schedule_id: Option<String>,
    /// Regions whose states are learnt, at most 16.
    pub detectors: Vec<DetectorDocument>,
}

/// A region whose states are learnt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DetectorDocument {
    /// Identity within the camera, 1 to 999; never given to another one.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// 3 to 64 corners, `[x, y]` in parts of the picture, 0 to 1.
    pub points: Vec<[f32; 2]>,
    /// Two to eight.
    pub states: Vec<StateDocument>,
    /// Seconds a state must be seen before it counts, 0 to 600.
    #[serde(default = "default_settle_s")]
    pub settle_s: f32,
    /// Minutes between pictures that are kept for labelling, 1 to 60; none are
    /// kept when absent.
    #[serde(default)]
    pub collect_every_min: Option<u32>,
    /// What raises alarms, at most 16.
    #[serde(default)]
    pub rules: Vec<StateRuleDocument>,
}

/// One state of a region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StateDocument {
    /// Identity within the detector, 1 to 999; never given to another one.
    pub id: u32,
    /// As people call it, 1 to 32 characters.
    pub name: String,
}

/// Raises an alarm while a state lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StateRuleDocument {
    /// Identity within the camera's detectors, 1 to 9,999.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Which state.
    pub state_id: u32,
    /// The alarm is about every other state instead.
    #[serde(default)]
    pub is_not: bool,
    /// Seconds the state must have lasted, 0 to 86,400.
    #[serde(default = "default_for_s")]
    pub for_s: f32,
    /// Whether it is on.
    #[serde(default = "super::default_true")]
    pub is_enabled: bool,
    /// Schedule that says when it is on; always when absent.
    #[serde(default)]
    pub schedule_id: Option<String>,
    /// Where its events are stored; ignored when sent.
    #[serde(default)]
    pub rule_id: u32,
}

impl StateRuleDocument {
    /// Where its events are stored.
    pub fn stored_as(&self) -> RuleId {
        RuleId(FIRST_STATE_RULE_ID + self.id.min(MAX_ID))
    }
}

/// A checked detector and the region it looks at.
#[derive(Clone, Debug, PartialEq)]
pub struct DetectorPart {
    /// What the program is told.
    pub detector: Detector,
    /// Where it looks.
    pub polygon: Polygon,
}

impl StatesDocument {
    /// Checks every field; wrong detectors are left out and reported.
    pub(super) fn resolve(
        &self,
        schedules: &Schedules,
        errors: &mut FieldErrors,
    ) -> Vec<DetectorPart> {
        let field = "programs.state.detectors";
        let max = StateConfig::MAX_DETECTORS;
        check_count(field, self.detectors.len(), max, errors);
        check_unique(field, self.detectors.iter().map(|one| one.id), errors);
        let all_rules = self.detectors.iter().flat_map(|one| &one.rules);
        check_unique(
            "programs.state.detectors.rules",
            all_rules.map(|rule| rule.id),
            errors,
        );
        let parts: Vec<DetectorPart> = self
            .detectors
            .iter()
            .enumerate()
            .take(max)
            .filter_map(|(idx, one)| one.resolve(&format!("{field}.{idx}"), schedules, errors))
            .collect();
        let config = StateConfig {
            detectors: parts.iter().map(|part| part.detector.clone()).collect(),
        };
        // What was said of single fields is not said again of all of them.
        if errors.is_empty()
            && let Err(error) = config.check()
        {
            errors.add(field, error.to_string());
        }
        parts
    }
}

impl DetectorDocument {
    fn resolve(
        &self,
        field: &str,
        schedules: &Schedules,
        errors: &mut FieldErrors,
    ) -> Option<DetectorPart> {
        check_name(&format!("{field}.name"), &self.name, errors);
        if self.id > MAX_DETECTOR_ID {
            let message = format!("{}: use 1 to {MAX_DETECTOR_ID}", self.id);
            errors.add(format!("{field}.id"), message);
        }
        let points = self.points.iter().map(|&[x, y]| NormPoint { x, y });
        let polygon = Polygon::new(points.collect())
            .map_err(|error| errors.add(format!("{field}.points"), error.to_string()))
            .ok()?;
        let states = self.resolve_states(field, errors);
        if !(0.0..=600.0).contains(&self.settle_s) {
            let message = format!("{} s: use 0 to 600 seconds", self.settle_s);
            errors.add(format!("{field}.settle_s"), message);
            return None;
        }
        let every = self.collect_every_min;
        if every.is_some_and(|minutes| !(1..=60).contains(&minutes)) {
            let message = "use 1 to 60 minutes, or nothing to keep no pictures";
            errors.add(format!("{field}.collect_every_min"), message);
            return None;
        }
        let max = Detector::MAX_RULES;
        check_count(&format!("{field}.rules"), self.rules.len(), max, errors);
        let rules = self.rules.iter().enumerate().take(max);
        let rules = rules
            .filter_map(|(idx, rule)| {
                let field = format!("{field}.rules.{idx}");
                rule.resolve(&field, &states, schedules, errors)
            })
            .collect();
        Some(DetectorPart {
            detector: Detector {
                detector_id: DetectorId(self.id),
                name: self.name.clone(),
                bbox: polygon.bounds(),
                states,
                settle: Duration::from_secs_f32(self.settle_s),
                collect_every: every.map(|minutes| Duration::from_secs(u64::from(minutes) * 60)),
                rules,
            },
            polygon,
        })
    }

    fn resolve_states(&self, field: &str, errors: &mut FieldErrors) -> Vec<(StateId, String)> {
        let field = format!("{field}.states");
        let n_states = self.states.len();
        if !(2..=Detector::MAX_STATES).contains(&n_states) {
            let max = Detector::MAX_STATES;
            errors.add(&field, format!("{n_states} of them: use 2 to {max}"));
        }
        check_unique(&field, self.states.iter().map(|state| state.id), errors);
        let mut names = BTreeSet::new();
        for (idx, state) in self.states.iter().enumerate() {
            let name_field = format!("{field}.{idx}.name");
            check_name(&name_field, &state.name, errors);
            if state.name.chars().count() > 32 {
                errors.add(&name_field, "use at most 32 characters");
            }
            if state.id > MAX_DETECTOR_ID {
                let message = format!("{}: use 1 to {MAX_DETECTOR_ID}", state.id);
                errors.add(format!("{field}.{idx}.id"), message);
            }
            if !names.insert(state.name.trim().to_lowercase()) {
                errors.add(&name_field, "another state has this name");
            }
        }
        let states = self.states.iter().take(Detector::MAX_STATES);
        states
            .map(|state| (StateId(state.id), state.name.clone()))
            .collect()
    }
}

impl StateRuleDocument {
    /// The rule, if it is on. One that is off is checked as well: switching it
    /// on must not fail.
    fn resolve(
        &self,
        field: &str,
        states: &[(StateId, String)],
        schedules: &Schedules,
        errors: &mut FieldErrors,
    ) -> Option<StateRule> {
        check_name(&format!("{field}.name"), &self.name, errors);
        if self.id > MAX_ID {
            let message = format!("{}: use 1 to {MAX_ID}", self.id);
            errors.add(format!("{field}.id"), message);
        }
        let state_id = StateId(self.state_id);
        if !states.iter().any(|(known, _)| *known == state_id) {
            let message = format!("no state {}: choose one of this detector", self.state_id);
            errors.add(format!("{field}.state_id"), message);
            return None;
        }
        if !(0.0..=86_400.0).contains(&self.for_s) {
            let message = format!("{} s: use 0 to 86400 seconds", self.for_s);
            errors.add(format!("{field}.for_s"), message);
            return None;
        }
        let schedule = match &self.schedule_id {
            Some(schedule_id) => match schedules.get(schedule_id) {
                Some(schedule) => Some(schedule.clone()),
                None => {
                    let message = "no such schedule: choose another one";
                    errors.add(format!("{field}.schedule_id"), message);
                    None
                }
            },
            None => None,
        };
        self.is_enabled.then(|| StateRule {
            rule_id: self.stored_as(),
            name: self.name.clone(),
            state_id,
            is_not: self.is_not,
            lasting: Duration::from_secs_f32(self.for_s),
            schedule,
        })
    }
}

fn default_settle_s() -> f32 {
    3.0
}

fn default_for_s() -> f32 {
    60.0
}
