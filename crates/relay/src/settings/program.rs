//! What a camera's programs are told to do, as typed.
//!
//! Rules of AI-VMD stand in `rule`; here are the switches of all programs, and
//! what people, vehicle and occupancy count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use types::RuleId;
use utoipa::ToSchema;

use super::{ClassesDocument, StatesDocument};

/// Counters, areas and estimates store their numbers under rule ids of their
/// own, above those of rules.
const FIRST_COUNTER_ID: u32 = 10_000;
const FIRST_AREA_ID: u32 = 20_000;
/// Highest id that people may give to a rule, counter or area.
pub(super) const MAX_ID: u32 = 9_999;

/// All programs of one camera.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProgramsDocument {
    /// AI motion detection: the camera's rules.
    pub vmd: SwitchDocument,
    /// People: best shots, attributes.
    pub people: SightingsDocument,
    /// Vehicles: best shots, attributes.
    pub vehicle: SightingsDocument,
    /// How many are where.
    pub occupancy: OccupancyDocument,
    /// Learnt states of parts of the scene.
    pub state: StatesDocument,
    /// How many cross which line.
    pub counters: Vec<CounterDocument>,
    /// Installed programs by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub extensions: BTreeMap<String, ExtensionDocument>,
}

/// A program that has nothing but a switch here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SwitchDocument {
    /// Whether it runs.
    pub is_enabled: bool,
    /// Schedule that says when it runs; always when absent.
    pub schedule_id: Option<String>,
}

impl Default for SwitchDocument {
    fn default() -> Self {
        SwitchDocument {
            is_enabled: true,
            schedule_id: None,
        }
    }
}

/// The people or the vehicle program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SightingsDocument {
    /// Whether it runs.
    pub is_enabled: bool,
    /// Schedule that says when it runs; always when absent.
    pub schedule_id: Option<String>,
    /// Zones in which objects are looked at; the whole picture when empty.
    pub zone_ids: Vec<u32>,
    /// Least height of an object, pixels of the camera's picture, 0 to 2,160.
    pub min_height_px: u32,
    /// Whether looks are described: colours and what similar ones are found
    /// by.
    pub attributes: bool,
    /// Further attributes, of models that somebody installed, by name: none
    /// is told that is not named here.
    pub further: Vec<String>,
    /// How long somebody is remembered when different visitors are counted,
    /// 60 to 86,400 s.
    pub visitors_window_s: u32,
}

impl Default for SightingsDocument {
    fn default() -> Self {
        SightingsDocument {
            is_enabled: false,
            schedule_id: None,
            zone_ids: Vec::new(),
            min_height_px: 24,
            attributes: true,
            further: Vec::new(),
            visitors_window_s: 1_800,
        }
    }
}

/// The occupancy program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OccupancyDocument {
    /// Whether it runs.
    pub is_enabled: bool,
    /// Schedule that says when it runs; always when absent.
    pub schedule_id: Option<String>,
    /// Length of the reported intervals, 1 to 3,600 s.
    pub interval_s: u32,
    /// Places whose objects are counted, at most 32.
    pub areas: Vec<AreaDocument>,
    /// Lines whose crossings from left to right lead in: presence is compared
    /// with them.
    pub in_line_ids: Vec<u32>,
}

impl Default for OccupancyDocument {
    fn default() -> Self {
        OccupancyDocument {
            is_enabled: false,
            schedule_id: None,
            interval_s: 60,
            areas: Vec::new(),
            in_line_ids: Vec::new(),
        }
    }
}

/// A place whose objects are counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AreaDocument {
    /// Identity within the program, 1 to 9,999.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Zone it counts in.
    pub zone_id: u32,
    /// Classes that are counted.
    #[schema(value_type = Object)]
    pub classes: ClassesDocument,
    /// 1 (counts only what is sure) to 10 (misses least); classes may have
    /// thresholds of their own.
    #[serde(default = "default_sensitivity")]
    pub sensitivity: u8,
    /// From so many on: a warning, 1 to 500; none when absent.
    #[serde(default)]
    pub warning: Option<u32>,
    /// From so many on: an alarm, 1 to 500.
    pub threshold: u32,
    /// Seconds a level must be reached before it counts, 0 to 3,600.
    #[serde(default = "default_rise_s")]
    pub rise_s: f32,
    /// Seconds a level must be left before it ends, 0 to 3,600.
    #[serde(default = "default_fall_s")]
    pub fall_s: f32,
    /// How many fewer end a level, 0 to 100.
    #[serde(default = "default_hysteresis")]
    pub hysteresis: u32,
    /// Added by hand to those who are seen: for who is never seen, or, below
    /// 0, for what is always mistaken for somebody; -500 to 500.
    #[serde(default)]
    pub offset: i32,
    /// Where its numbers are stored; ignored when sent.
    #[serde(default)]
    pub rule_id: u32,
}

/// Counts who crosses a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CounterDocument {
    /// Identity within the camera's counters, 1 to 9,999.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// Line that is crossed; from its left to its right is "in".
    pub line_id: u32,
    /// Classes that are counted.
    #[schema(value_type = Object)]
    pub classes: ClassesDocument,
    /// When totals start anew each day, such as `06:00`; never when empty.
    #[serde(default)]
    pub resets: Vec<String>,
    /// Time zone of the resets, such as `Europe/Berlin`.
    #[serde(default = "default_time_zone")]
    pub time_zone: String,
    /// Length of the reported intervals, 1 to 3,600 s.
    #[serde(default = "default_interval_s")]
    pub interval_s: u32,
    /// Where its numbers are stored; ignored when sent.
    #[serde(default)]
    pub rule_id: u32,
}

/// An installed program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ExtensionDocument {
    /// Whether it runs.
    pub is_enabled: bool,
    /// Schedule that says when it runs; always when absent.
    pub schedule_id: Option<String>,
    /// Its settings by name, as its package describes them.
    #[schema(value_type = Object)]
    pub settings: serde_json::Map<String, serde_json::Value>,
}

impl Default for ExtensionDocument {
    fn default() -> Self {
        ExtensionDocument {
            is_enabled: false,
            schedule_id: None,
            settings: serde_json::Map::new(),
        }
    }
}

impl ProgramsDocument {
    /// The document with the numbers under which counters and areas store.
    #[must_use]
    pub fn shown(mut self) -> Self {
        for area in &mut self.occupancy.areas {
            area.rule_id = area.stored_as().0;
        }
        for counter in &mut self.counters {
            counter.rule_id = counter.stored_as().0;
        }
        for detector in &mut self.state.detectors {
            for rule in &mut detector.rules {
                rule.rule_id = rule.stored_as().0;
            }
        }
        self
    }
}

impl AreaDocument {
    /// Where its numbers are stored.
    pub fn stored_as(&self) -> RuleId {
        RuleId(FIRST_AREA_ID + self.id.min(MAX_ID))
    }
}

impl CounterDocument {
    /// Where its numbers are stored.
    pub fn stored_as(&self) -> RuleId {
        RuleId(FIRST_COUNTER_ID + self.id.min(MAX_ID))
    }
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}
fn default_sensitivity() -> u8 {
    programs::vmd::DEFAULT_SENSITIVITY
}
fn default_rise_s() -> f32 {
    5.0
}
fn default_fall_s() -> f32 {
    10.0
}
fn default_hysteresis() -> u32 {
    1
}
fn default_interval_s() -> u32 {
    60
}
