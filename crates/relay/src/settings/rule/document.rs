//! One rule of AI-VMD, as typed.
//!
//! Not here: what of it can be used (`resolve`).

use std::collections::BTreeMap;

use programs::vmd::Rule;
use serde::{Deserialize, Serialize};
use types::{Class, ClassSet, EventKind};
use utoipa::ToSchema;

use super::super::place::{resolve_classes, unknown_class};
use super::super::{FieldErrors, default_true};

/// One rule. Which fields count depends on its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleDocument {
    /// Identity within the camera, from 1.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// intruder, loitering, direction, wrong_way, u_turn, cross_line, enter, exit,
    /// stopped, object_left, object_removed, count_over_limit, zone_sequence,
    /// picture_problem or signal_lost.
    pub kind: String,
    /// Whether it may raise alarms.
    #[serde(default = "default_true")]
    pub is_enabled: bool,
    /// Zone it watches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone_id: Option<u32>,
    /// Zone that must follow, for zone_sequence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_zone_id: Option<u32>,
    /// Line it watches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line_id: Option<u32>,
    /// Classes it looks for, by names or with a threshold each.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub classes: ClassesDocument,
    /// 1 (few false alarms) to 10 (misses least).
    #[serde(default = "default_sensitivity")]
    pub sensitivity: u8,
    /// Score an object must reach, 0 to 1, in the place of that of the
    /// sensitivity; classes may have thresholds of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_score: Option<f32>,
    /// Score down to which an object that was accepted stays so, 0 to the
    /// lowest threshold; 0.15 below its threshold when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold_score: Option<f32>,
    /// Which part of its box says where an object is: foot, centre, whole_box
    /// or overlap.
    #[serde(default = "default_anchor")]
    pub anchor: String,
    /// Share of the box that must lie inside, for overlap, 0.05 to 1.
    #[serde(default = "default_overlap")]
    pub overlap: f32,
    /// Smaller objects do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_size: Option<SizeDocument>,
    /// Larger objects do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_size: Option<SizeDocument>,
    /// Narrower objects do not count: width over height, 0.05 to 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_aspect: Option<f32>,
    /// Wider objects do not count: width over height, 0.05 to 20.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_aspect: Option<f32>,
    /// Slower objects do not count, km/h, 0 to 300; needs calibrated ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_speed_kmh: Option<f32>,
    /// Faster objects do not count, km/h, 0 to 300; needs calibrated ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_speed_kmh: Option<f32>,
    /// Objects at rest do not count.
    #[serde(default)]
    pub ignores_stationary: bool,
    /// Vehicles and two-wheelers that nobody has seen move do not count; when
    /// absent, they do not for intruder and loitering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ignores_parked: Option<bool>,
    /// Seconds an object may be away and still be on the same visit, 0 to 600.
    #[serde(default = "default_grace_s")]
    pub grace_s: f32,
    /// Seconds without a further alarm after one began, 0 to 86,400.
    #[serde(default)]
    pub cool_down_s: f32,
    /// Schedule that says when the rule is on; always when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_id: Option<String>,
    /// How grave its alarms are: info, low, medium, high or critical; as usual
    /// for its kind when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// What it does while the scene is not healthy: any (the same as always),
    /// marked (its alarms are told as doubtful) or healthy (no alarm).
    #[serde(default = "default_health")]
    pub health: String,
    /// Seconds in the zone before an intruder alarm, 0 to 600.
    #[serde(default)]
    pub dwell_s: f32,
    /// Seconds in the zone before a loitering alarm, 1 to 86,400.
    #[serde(default = "default_stay_s")]
    pub stay_s: f32,
    /// Whether several stays are added up for loitering.
    #[serde(default)]
    pub is_in_total: bool,
    /// Direction in degrees clockwise from up in the picture, 0 to 360.
    #[serde(default)]
    pub heading_deg: f32,
    /// How far off the direction still counts, 5 to 180 degrees; of a u_turn,
    /// how far off the way back may be, 5 to 90.
    #[serde(default = "default_tolerance_deg")]
    pub tolerance_deg: f32,
    /// Least way, in heights of the picture, 0.01 to 2.
    #[serde(default = "default_min_travel")]
    pub min_travel: f32,
    /// Which ways over the line count: both, left_to_right or right_to_left.
    #[serde(default = "default_ways")]
    pub ways: String,
    /// Seconds at rest before an alarm, 1 to 86,400.
    #[serde(default = "default_still_s")]
    pub still_s: f32,
    /// Most objects allowed in the zone, 0 to 500.
    #[serde(default)]
    pub limit: u32,
    /// Seconds the condition must last, 0 to 3,600.
    #[serde(default)]
    pub for_s: f32,
    /// Seconds that an object must have been in the zone to count, 0 to 3,600,
    /// for count_over_limit: a queue.
    #[serde(default)]
    pub wait_s: f32,
    /// Seconds from one zone to the other, 1 to 86,400.
    #[serde(default = "default_within_s")]
    pub within_s: f32,
    /// Which problems raise an alarm: covered, defocused, turned, too_dark,
    /// too_bright; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
    /// Seconds without video before an alarm, 5 to 3,600.
    #[serde(default = "default_after_s")]
    pub after_s: f32,
}

impl RuleDocument {
    /// An intruder rule about one class, all else as usual.
    pub fn intruder(id: u32, name: &str, zone_id: u32, class: Class) -> Self {
        RuleDocument {
            id,
            name: name.to_owned(),
            kind: EventKind::Intruder.name().to_owned(),
            is_enabled: true,
            zone_id: Some(zone_id),
            to_zone_id: None,
            line_id: None,
            classes: ClassesDocument::Names(vec![class.name().to_owned()]),
            sensitivity: default_sensitivity(),
            min_score: None,
            hold_score: None,
            anchor: default_anchor(),
            overlap: default_overlap(),
            min_size: None,
            max_size: None,
            min_aspect: None,
            max_aspect: None,
            min_speed_kmh: None,
            max_speed_kmh: None,
            ignores_stationary: false,
            ignores_parked: None,
            grace_s: default_grace_s(),
            cool_down_s: 0.0,
            schedule_id: None,
            severity: None,
            health: default_health(),
            dwell_s: 0.0,
            stay_s: default_stay_s(),
            is_in_total: false,
            heading_deg: 0.0,
            tolerance_deg: default_tolerance_deg(),
            min_travel: default_min_travel(),
            ways: default_ways(),
            still_s: default_still_s(),
            limit: 0,
            for_s: 0.0,
            wait_s: 0.0,
            within_s: default_within_s(),
            problems: Vec::new(),
            after_s: default_after_s(),
        }
    }
}

/// Classes by their names, or each with a score of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ClassesDocument {
    /// These, by the rule's sensitivity.
    Names(Vec<String>),
    /// Each by name: `null` is not wanted, a threshold of `null` goes by the
    /// sensitivity.
    Each(BTreeMap<String, Option<ClassChoice>>),
}

/// One class that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClassChoice {
    /// Score it must reach, 0 to 1; by the sensitivity when absent.
    #[serde(default)]
    pub threshold: Option<f32>,
}

impl ClassesDocument {
    /// The threshold that `class` has of its own.
    pub(crate) fn threshold(&self, class: Class) -> Option<f32> {
        match self {
            ClassesDocument::Names(_) => None,
            ClassesDocument::Each(choices) => choices.get(class.name()).copied()??.threshold,
        }
    }

    /// The wanted classes, whatever their thresholds; at least one.
    pub(in crate::settings) fn resolve(&self, field: &str, errors: &mut FieldErrors) -> ClassSet {
        match self {
            ClassesDocument::Names(names) => resolve_classes(field, names, errors),
            ClassesDocument::Each(choices) => {
                for name in choices
                    .keys()
                    .filter(|name| Class::from_name(name).is_none())
                {
                    errors.add(field, unknown_class(name));
                }
                let wanted = choices.iter().filter(|(_, choice)| choice.is_some());
                let names: Vec<String> = wanted.map(|(name, _)| name.clone()).collect();
                resolve_classes(field, &names, errors)
            }
        }
    }
}

impl Default for ClassesDocument {
    fn default() -> Self {
        ClassesDocument::Names(Vec::new())
    }
}

/// A size at one or two heights of the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeDocument {
    /// One for the whole picture, two for near and far.
    pub at: Vec<SizeReferenceDocument>,
}

/// How large an object is that stands at `y`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeReferenceDocument {
    /// Where its foot is, parts of the picture's height from the top.
    pub y: f32,
    /// Width, parts of the picture's width.
    pub width: f32,
    /// Height, parts of the picture's height.
    pub height: f32,
}

fn default_sensitivity() -> u8 {
    programs::vmd::DEFAULT_SENSITIVITY
}
fn default_anchor() -> String {
    "foot".to_owned()
}
fn default_overlap() -> f32 {
    0.5
}
fn default_grace_s() -> f32 {
    Rule::DEFAULT_GRACE.as_secs_f32()
}
fn default_stay_s() -> f32 {
    30.0
}
fn default_tolerance_deg() -> f32 {
    45.0
}
fn default_min_travel() -> f32 {
    0.1
}
fn default_ways() -> String {
    "both".to_owned()
}
fn default_still_s() -> f32 {
    60.0
}
fn default_within_s() -> f32 {
    60.0
}
fn default_health() -> String {
    "any".to_owned()
}
fn default_after_s() -> f32 {
    30.0
}
