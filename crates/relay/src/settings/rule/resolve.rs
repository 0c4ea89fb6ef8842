//! A rule's document, checked.
//!
//! In: the document and the places it may refer to. Out: a checked [`Rule`], or
//! what cannot be used, by field.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use programs::filter::ObjectFilter;
use programs::health::HealthWish;
use programs::schedule::Schedule;
use programs::site::{Anchor, Site, SizeAt, SizeReference};
use programs::vmd::{Rule, Ways, What, min_score};
use types::{Class, EventKind, LineId, PictureProblem, RuleId, ZoneId};

use super::super::place::unknown_class;
use super::super::{FieldErrors, Schedules, check_name};
use super::{ClassesDocument, RuleDocument, SizeDocument};

/// Kilometres per hour in a metre per second.
const KMH: f32 = 3.6;

/// What rules may refer to.
#[derive(Clone, Copy, Debug)]
pub(in crate::settings) struct Places<'a> {
    /// Zones and lines.
    pub site: &'a Site,
    /// Schedules by number.
    pub schedules: &'a Schedules,
}

/// The rule, unless a field of it cannot be used.
pub(in crate::settings) fn resolve_rule(
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
    let health = reader.health(what.as_ref());
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
        health,
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
            EventKind::UTurn => What::UTurn {
                zone_id: self.optional_zone()?,
                tolerance_deg: self.number("tolerance_deg", document.tolerance_deg, 5.0, 90.0),
                min_travel: self.number("min_travel", document.min_travel, 0.01, 2.0),
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
                waiting: self.seconds("wait_s", document.wait_s, 0.0, 3_600.0),
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
            EventKind::Occupancy | EventKind::State | EventKind::Program | EventKind::WatchList => {
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

    /// Rules about the picture itself must speak when it is bad.
    fn health(&mut self, what: Option<&What>) -> HealthWish {
        let is_about_picture = matches!(what, Some(What::Picture { .. } | What::SignalLost { .. }));
        match self.document.health.as_str() {
            "any" => HealthWish::Any,
            "marked" | "healthy" if is_about_picture => HealthWish::Any,
            "marked" => HealthWish::Marked,
            "healthy" => HealthWish::Healthy,
            _ => {
                self.refuse("health", "use any, marked or healthy");
                HealthWish::Any
            }
        }
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
