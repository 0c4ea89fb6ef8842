//! One rule of AI-VMD, as typed.
//!
//! In: a rule's document; fields that its kind does not use are ignored. Out:
//! a checked [`Rule`], or what cannot be used, by field.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use programs::filter::ObjectFilter;
use programs::schedule::Schedule;
use programs::site::{Anchor, Site, SizeAt, SizeReference};
use programs::vmd::{Rule, Ways, What, min_score};
use serde::{Deserialize, Serialize};
use types::{Class, ClassSet, EventKind, LineId, PictureProblem, RuleId, ZoneId};
use utoipa::ToSchema;

use super::place::{resolve_classes, unknown_class};
use super::{FieldErrors, Schedules, check_name};

/// Kilometres per hour in a metre per second.
const KMH: f32 = 3.6;

/// One rule. Which fields count depends on its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleDocument {
    /// Identity within the camera, from 1.
    pub id: u32,
    /// As people call it, 1 to 64 characters.
    pub name: String,
    /// intruder, loitering, direction, wrong_way, cross_line, enter, exit,
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
    /// How far off the direction still counts, 5 to 180 degrees.
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
    pub(super) fn threshold(&self, class: Class) -> Option<f32> {
        match self {
            ClassesDocument::Names(_) => None,
            ClassesDocument::Each(choices) => choices.get(class.name()).copied()??.threshold,
        }
    }

    /// The wanted classes, whatever their thresholds; at least one.
    pub(super) fn resolve(&self, field: &str, errors: &mut FieldErrors) -> ClassSet {
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

fn default_true() -> bool {
    true
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
fn default_after_s() -> f32 {
    30.0
}

/// What rules may refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places<'a> {
    /// Zones and lines.
    pub site: &'a Site,
    /// Schedules by number.
    pub schedules: &'a Schedules,
}

/// The rule, unless a field of it cannot be used.
pub(super) fn resolve_rule(
    rule_idx: usize,
    document: &RuleDocument,
    places: Places<'_>,
    errors: &mut FieldErrors,
) -> Option<Rule> {
    let n_errors_before = errors.0.len();
    let mut reader = Reader {
        prefix: format!("rules.{rule_idx}"),
        document,
        places,
        errors,
    };
    let field = reader.field("name");
    check_name(&field, &document.name, reader.errors);
    let what = reader.what();
    let filter = reader.filter(what.as_ref());
    let grace = reader.seconds("grace_s", document.grace_s, 0.0, 600.0);
    let cool_down = reader.seconds("cool_down_s", document.cool_down_s, 0.0, 86_400.0);
    let schedule = reader.schedule();
    if errors.0.len() != n_errors_before {
        return None;
    }
    Some(Rule {
        rule_id: RuleId(document.id),
        name: document.name.clone(),
        what: what?,
        filter,
        grace,
        cool_down,
        schedule,
    })
}

/// Reads one document, collecting what is wrong with it.
struct Reader<'a> {
    prefix: String,
    document: &'a RuleDocument,
    places: Places<'a>,
    errors: &'a mut FieldErrors,
}

impl Reader<'_> {
    fn field(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    fn refuse(&mut self, name: &str, message: impl Into<String>) {
        let field = self.field(name);
        self.errors.add(field, message);
    }

    fn what(&mut self) -> Option<What> {
        let document = self.document;
        let Some(kind) = EventKind::from_name(&document.kind) else {
            let kind: String = document.kind.chars().take(40).collect();
            self.refuse("kind", format!("{kind:?} is no kind of rule"));
            return None;
        };
        Some(match kind {
            EventKind::Intruder => What::Intruder {
                zone_id: self.zone()?,
                dwell: self.seconds("dwell_s", document.dwell_s, 0.0, 600.0),
            },
            EventKind::Loitering => What::Loitering {
                zone_id: self.zone()?,
                stay: self.seconds("stay_s", document.stay_s, 1.0, 86_400.0),
                is_in_total: document.is_in_total,
            },
            EventKind::Direction | EventKind::WrongWay => What::Direction {
                zone_id: self.optional_zone()?,
                heading_deg: self.number("heading_deg", document.heading_deg, 0.0, 360.0) % 360.0,
                tolerance_deg: self.number("tolerance_deg", document.tolerance_deg, 5.0, 180.0),
                min_travel: self.number("min_travel", document.min_travel, 0.01, 2.0),
                is_wrong_way: kind == EventKind::WrongWay,
            },
            EventKind::CrossLine => What::CrossLine {
                line_id: self.line()?,
                ways: self.ways()?,
            },
            EventKind::Enter => What::Enter {
                zone_id: self.zone()?,
            },
            EventKind::Exit => What::Exit {
                zone_id: self.zone()?,
            },
            EventKind::Stopped => What::Stopped {
                zone_id: self.zone()?,
                still_for: self.still_for(),
            },
            EventKind::ObjectLeft => What::ObjectLeft {
                zone_id: self.zone()?,
                still_for: self.still_for(),
            },
            EventKind::ObjectRemoved => What::ObjectRemoved {
                zone_id: self.zone()?,
                still_for: self.still_for(),
            },
            EventKind::CountOverLimit => What::CountOver {
                zone_id: self.zone()?,
                limit: self.limit(),
                lasting: self.seconds("for_s", document.for_s, 0.0, 3_600.0),
            },
            EventKind::ZoneSequence => What::Sequence {
                first: self.zone()?,
                second: self.named_zone("to_zone_id", document.to_zone_id)?,
                within: self.seconds("within_s", document.within_s, 1.0, 86_400.0),
            },
            EventKind::PictureProblem => What::Picture {
                problems: self.problems(),
                lasting: self.seconds("for_s", document.for_s, 0.0, 3_600.0),
            },
            EventKind::SignalLost => What::SignalLost {
                after: self.seconds("after_s", document.after_s, 5.0, 3_600.0),
            },
            EventKind::Occupancy | EventKind::Program => {
                self.refuse("kind", "this kind belongs to another program");
                return None;
            }
        })
    }

    fn filter(&mut self, what: Option<&What>) -> ObjectFilter {
        let document = self.document;
        let by_sensitivity = min_score(document.sensitivity).unwrap_or_else(|| {
            self.refuse(
                "sensitivity",
                format!("{}: use 1 to 10", document.sensitivity),
            );
            1.0
        });
        let by_sensitivity = match document.min_score {
            Some(score) => self.number("min_score", score, 0.0, 1.0),
            None => by_sensitivity,
        };
        let mut thresholds = [None; 6];
        match &document.classes {
            ClassesDocument::Names(names) => {
                for name in names {
                    self.want(&mut thresholds, name, by_sensitivity);
                }
            }
            ClassesDocument::Each(choices) => {
                for (name, choice) in choices {
                    if Class::from_name(name).is_none() {
                        self.refuse("classes", unknown_class(name));
                    } else if let Some(choice) = choice {
                        let threshold = choice.threshold.unwrap_or(by_sensitivity);
                        let threshold = self.number("classes", threshold, 0.0, 1.0);
                        self.want(&mut thresholds, name, threshold);
                    }
                }
            }
        }
        let is_about_objects = what.is_some_and(What::is_about_objects);
        if is_about_objects && thresholds == [None; 6] {
            self.refuse("classes", "choose at least one");
        }
        let lowest = thresholds.iter().flatten().copied().fold(1.0, f32::min);
        let hold_score = document
            .hold_score
            .map(|score| self.number("hold_score", score, 0.0, lowest));
        let aspect = (document.min_aspect, document.max_aspect);
        let speed = (document.min_speed_kmh, document.max_speed_kmh);
        if speed != (None, None) && self.places.site.ground().is_none() {
            let name = match speed.0 {
                Some(_) => "min_speed_kmh",
                None => "max_speed_kmh",
            };
            self.refuse(
                name,
                "speeds are not known here: calibrate the ground first",
            );
        }
        let speed = self.range(("min_speed_kmh", "max_speed_kmh"), speed, (0.0, 300.0));
        ObjectFilter {
            hold_score,
            aspect: self.range(("min_aspect", "max_aspect"), aspect, (0.05, 20.0)),
            speed_mps: speed.map(|range| range.start() / KMH..=range.end() / KMH),
            thresholds,
            anchor: self.anchor(),
            min_size: self.size("min_size", document.min_size.as_ref()),
            max_size: self.size("max_size", document.max_size.as_ref()),
            ignores_stationary: document.ignores_stationary,
            ignores_parked: document
                .ignores_parked
                .unwrap_or_else(|| ["intruder", "loitering"].contains(&document.kind.as_str())),
        }
    }

    fn want(&mut self, thresholds: &mut [Option<f32>; 6], name: &str, threshold: f32) {
        match Class::from_name(name) {
            Some(class) => thresholds[class as usize] = Some(threshold),
            None => self.refuse("classes", unknown_class(name)),
        }
    }

    /// From a smallest value to a largest one, either of which may be absent.
    fn range(
        &mut self,
        names: (&str, &str),
        (least, most): (Option<f32>, Option<f32>),
        bounds: (f32, f32),
    ) -> Option<RangeInclusive<f32>> {
        if least.is_none() && most.is_none() {
            return None;
        }
        let mut end = |name: &str, value: Option<f32>, usual: f32| {
            value.map_or(usual, |value| self.number(name, value, bounds.0, bounds.1))
        };
        let start = end(names.0, least, 0.0);
        let end = end(names.1, most, f32::INFINITY);
        if start > end {
            self.refuse(names.0, format!("{start} is more than the largest, {end}"));
        }
        Some(start..=end)
    }

    fn anchor(&mut self) -> Anchor {
        match self.document.anchor.as_str() {
            "foot" => Anchor::Foot,
            "centre" => Anchor::Centre,
            "whole_box" => Anchor::WholeBox,
            "overlap" => Anchor::Overlap(self.number("overlap", self.document.overlap, 0.05, 1.0)),
            _ => {
                self.refuse("anchor", "use foot, centre, whole_box or overlap");
                Anchor::Foot
            }
        }
    }

    fn size(&mut self, name: &str, document: Option<&SizeDocument>) -> Option<SizeAt> {
        let references: Vec<SizeReference> = document?
            .at
            .iter()
            .map(|reference| SizeReference {
                y: reference.y,
                width: reference.width,
                height: reference.height,
            })
            .collect();
        let size = match references[..] {
            [reference] => SizeAt::same(reference),
            [near, far] => SizeAt::with_depth(near, far),
            _ => {
                self.refuse(name, "draw one size, or two for near and far");
                return None;
            }
        };
        size.map_err(|error| self.refuse(name, error.to_string()))
            .ok()
    }

    fn schedule(&mut self) -> Option<Arc<Schedule>> {
        let schedule_id = self.document.schedule_id.as_deref()?;
        let schedule = self.places.schedules.get(schedule_id).cloned();
        if schedule.is_none() {
            self.refuse("schedule_id", "no such schedule: choose another one");
        }
        schedule
    }

    fn zone(&mut self) -> Option<ZoneId> {
        self.named_zone("zone_id", self.document.zone_id)
    }

    /// `Some(None)`: the whole picture.
    #[expect(
        clippy::option_option,
        reason = "no zone chosen and no usable zone are different answers"
    )]
    fn optional_zone(&mut self) -> Option<Option<ZoneId>> {
        match self.document.zone_id {
            None => Some(None),
            given => self.named_zone("zone_id", given).map(Some),
        }
    }

    fn named_zone(&mut self, name: &str, given: Option<u32>) -> Option<ZoneId> {
        let zone_id = given.map(ZoneId);
        let known = zone_id.filter(|&zone_id| self.places.site.place(zone_id).is_some());
        if known.is_none() {
            let message = match given {
                Some(zone_id) => {
                    format!("no zone {zone_id} on this camera: draw or choose one")
                }
                None => "choose a zone".to_owned(),
            };
            self.refuse(name, message);
        }
        known
    }

    fn line(&mut self) -> Option<LineId> {
        let given = self.document.line_id;
        let known = given
            .map(LineId)
            .filter(|&line_id| self.places.site.path(line_id).is_some());
        if known.is_none() {
            let message = match given {
                Some(line_id) => {
                    format!("no line {line_id} on this camera: draw or choose one")
                }
                None => "choose a line".to_owned(),
            };
            self.refuse("line_id", message);
        }
        known
    }

    fn ways(&mut self) -> Option<Ways> {
        let ways = match self.document.ways.as_str() {
            "both" => Some(Ways::Both),
            "left_to_right" => Some(Ways::LeftToRight),
            "right_to_left" => Some(Ways::RightToLeft),
            _ => None,
        };
        if ways.is_none() {
            self.refuse("ways", "use both, left_to_right or right_to_left");
        }
        ways
    }

    fn limit(&mut self) -> u32 {
        let limit = self.document.limit;
        if limit > 500 {
            self.refuse("limit", format!("{limit}: use 0 to 500"));
        }
        limit
    }

    fn still_for(&mut self) -> Duration {
        self.seconds("still_s", self.document.still_s, 1.0, 86_400.0)
    }

    fn problems(&mut self) -> Vec<PictureProblem> {
        let names = &self.document.problems;
        if names.is_empty() {
            return PictureProblem::ALL.to_vec();
        }
        let mut problems = Vec::new();
        for name in names {
            match PictureProblem::from_name(name) {
                Some(problem) => problems.push(problem),
                None => {
                    let known = PictureProblem::ALL.map(PictureProblem::name).join(", ");
                    let name: String = name.chars().take(40).collect();
                    self.refuse("problems", format!("{name:?} is none of {known}"));
                }
            }
        }
        problems
    }

    fn seconds(&mut self, name: &str, value: f32, min: f32, max: f32) -> Duration {
        if (min..=max).contains(&value) {
            Duration::from_secs_f32(value)
        } else {
            self.refuse(name, format!("{value} s: use {min} to {max} seconds"));
            Duration::ZERO
        }
    }

    fn number(&mut self, name: &str, value: f32, min: f32, max: f32) -> f32 {
        if (min..=max).contains(&value) {
            value
        } else {
            self.refuse(name, format!("{value}: use {min} to {max}"));
            min
        }
    }
}
