//! What a camera's VMD program is told to do, checked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use types::{Crossing, EventKind, LineId, PictureProblem, RuleId, ZoneId};

use crate::filter::ObjectFilter;
use crate::health::HealthWish;
use crate::schedule::Schedule;
use crate::site::Site;

/// The drawn picture and the rules about it.
#[derive(Clone, Debug, PartialEq)]
pub struct VmdConfig {
    /// Zones, lines and masks.
    pub site: Arc<Site>,
    /// At most [`VmdConfig::MAX_RULES`], each with an identity of its own.
    pub rules: Vec<Rule>,
}

/// Raises events when something happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Identity within the camera.
    pub rule_id: RuleId,
    /// As people call it.
    pub name: String,
    /// What must happen.
    pub what: What,
    /// Which objects count; at least one class where the rule is about
    /// objects. Things left or removed have no class: only sizes and anchor
    /// are asked.
    pub filter: ObjectFilter,
    /// Longest absence that still belongs to the same visit or breach, 0 to
    /// 600 s.
    pub grace: Duration,
    /// After an event began or ended, no other begins for so long, 0 to 24 h.
    pub cool_down: Duration,
    /// When the rule is on; always, if there is none.
    pub schedule: Option<Arc<Schedule>>,
    /// What it does while the scene is not healthy.
    pub health: HealthWish,
}

/// What must happen for an event.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// An object stays in a zone.
    Intruder {
        /// Where.
        zone_id: ZoneId,
        /// Stay needed before the event begins, 0 to 600 s.
        dwell: Duration,
    },
    /// An object stays in a zone for long.
    Loitering {
        /// Where.
        zone_id: ZoneId,
        /// Stay needed, 1 s to 24 h.
        stay: Duration,
        /// All stays of the object are added up, as long as it is followed;
        /// else one stay must be long enough.
        is_in_total: bool,
    },
    /// An object moves in one direction.
    Direction {
        /// Where; everywhere, if nowhere in particular.
        zone_id: Option<ZoneId>,
        /// The direction in the picture, degrees clockwise from up, 0..360.
        heading_deg: f32,
        /// How far off it may be, 5 to 180 degrees.
        tolerance_deg: f32,
        /// Way that must be made in it, picture heights, 0.01 to 2.
        min_travel: f32,
        /// `heading_deg` is the allowed direction, and the event is about
        /// movement against it.
        is_wrong_way: bool,
    },
    /// An object turns round.
    UTurn {
        /// Where; everywhere, if nowhere in particular.
        zone_id: Option<ZoneId>,
        /// How far off the way back may be, 5 to 90 degrees.
        tolerance_deg: f32,
        /// Least way there, and back, picture heights, 0.01 to 2.
        min_travel: f32,
    },
    /// An object crosses a line.
    CrossLine {
        /// Which.
        line_id: LineId,
        /// Which way.
        ways: Ways,
    },
    /// An object comes into a zone.
    Enter {
        /// Where.
        zone_id: ZoneId,
    },
    /// An object leaves a zone.
    Exit {
        /// Where.
        zone_id: ZoneId,
    },
    /// An object that moved stands still in a zone.
    Stopped {
        /// Where.
        zone_id: ZoneId,
        /// For how long, 1 s to 24 h.
        still_for: Duration,
    },
    /// A thing was put down in a zone.
    ObjectLeft {
        /// Where.
        zone_id: ZoneId,
        /// For how long it must lie there, 1 s to 24 h.
        still_for: Duration,
    },
    /// A thing is gone from a zone.
    ObjectRemoved {
        /// Where.
        zone_id: ZoneId,
        /// For how long it must be gone, 1 s to 24 h.
        still_for: Duration,
    },
    /// More objects than allowed are in a zone.
    CountOver {
        /// Where.
        zone_id: ZoneId,
        /// Most that are allowed, 0 to 500.
        limit: u32,
        /// For how long it must be exceeded, 0 to 3,600 s.
        lasting: Duration,
        /// Only who has been there for so long counts, 0 to 3,600 s: a queue.
        waiting: Duration,
    },
    /// An object comes from one zone into another.
    Sequence {
        /// The zone it must have been in.
        first: ZoneId,
        /// The zone it comes to.
        second: ZoneId,
        /// Longest way from one to the other, 1 s to 24 h.
        within: Duration,
    },
    /// The picture itself is bad.
    Picture {
        /// Which problems count; at least one.
        problems: Vec<PictureProblem>,
        /// For how long one must last, 0 to 3,600 s.
        lasting: Duration,
    },
    /// No picture comes.
    SignalLost {
        /// For so long, 5 s to 3,600 s.
        after: Duration,
    },
}

/// Which crossings of a line count, seen walking from its first point to its
/// last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ways {
    /// Only from the walker's left to the right.
    LeftToRight,
    /// Only from right to left.
    RightToLeft,
    /// Both.
    Both,
}

impl Ways {
    /// Whether `crossing` counts.
    pub fn contains(self, crossing: Crossing) -> bool {
        match self {
            Ways::Both => true,
            Ways::LeftToRight => crossing == Crossing::LeftToRight,
            Ways::RightToLeft => crossing == Crossing::RightToLeft,
        }
    }
}

impl What {
    /// The kind of the events.
    pub fn kind(&self) -> EventKind {
        match self {
            What::Intruder { .. } => EventKind::Intruder,
            What::Loitering { .. } => EventKind::Loitering,
            What::Direction { is_wrong_way, .. } => match is_wrong_way {
                true => EventKind::WrongWay,
                false => EventKind::Direction,
            },
            What::UTurn { .. } => EventKind::UTurn,
            What::CrossLine { .. } => EventKind::CrossLine,
            What::Enter { .. } => EventKind::Enter,
            What::Exit { .. } => EventKind::Exit,
            What::Stopped { .. } => EventKind::Stopped,
            What::ObjectLeft { .. } => EventKind::ObjectLeft,
            What::ObjectRemoved { .. } => EventKind::ObjectRemoved,
            What::CountOver { .. } => EventKind::CountOverLimit,
            What::Sequence { .. } => EventKind::ZoneSequence,
            What::Picture { .. } => EventKind::PictureProblem,
            What::SignalLost { .. } => EventKind::SignalLost,
        }
    }

    /// The zone in which it happens; of a sequence, the second.
    pub fn zone_id(&self) -> Option<ZoneId> {
        match *self {
            What::Intruder { zone_id, .. }
            | What::Loitering { zone_id, .. }
            | What::Enter { zone_id }
            | What::Exit { zone_id }
            | What::Stopped { zone_id, .. }
            | What::ObjectLeft { zone_id, .. }
            | What::ObjectRemoved { zone_id, .. }
            | What::CountOver { zone_id, .. }
            | What::Sequence {
                second: zone_id, ..
            } => Some(zone_id),
            What::Direction { zone_id, .. } | What::UTurn { zone_id, .. } => zone_id,
            What::CrossLine { .. } | What::Picture { .. } | What::SignalLost { .. } => None,
        }
    }

    /// The zone that must be visited before.
    pub fn first_zone_id(&self) -> Option<ZoneId> {
        match *self {
            What::Sequence { first, .. } => Some(first),
            _ => None,
        }
    }

    /// The line on which it happens.
    pub fn line_id(&self) -> Option<LineId> {
        match *self {
            What::CrossLine { line_id, .. } => Some(line_id),
            _ => None,
        }
    }

    /// Whether it is about objects that have a class.
    pub fn is_about_objects(&self) -> bool {
        !matches!(
            self,
            What::ObjectLeft { .. }
                | What::ObjectRemoved { .. }
                | What::Picture { .. }
                | What::SignalLost { .. }
        )
    }
}

/// Why settings make no program.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ConfigError {
    /// More rules than a camera may have.
    #[error("set up rules: {n_given} rules: at most {max} are possible")]
    TooMany {
        /// How many were given.
        n_given: usize,
        /// Most possible.
        max: usize,
    },
    /// Two rules with one identity.
    #[error("set up rule {}: another rule has the same number", .0.0)]
    RuleTwice(RuleId),
    /// A rule about a zone that does not exist.
    #[error("set up rule {name:?}: zone {} does not exist", .zone_id.0)]
    UnknownZone {
        /// The rule's name.
        name: String,
        /// The zone it names.
        zone_id: ZoneId,
    },
    /// A rule about a line that does not exist.
    #[error("set up rule {name:?}: line {} does not exist", .line_id.0)]
    UnknownLine {
        /// The rule's name.
        name: String,
        /// The line it names.
        line_id: LineId,
    },
    /// A sequence from a zone to itself.
    #[error("set up rule {name:?}: choose two different zones")]
    SameZone {
        /// The rule's name.
        name: String,
    },
    /// A rule that nothing can trigger.
    #[error("set up rule {name:?}: choose at least one {what}")]
    Nothing {
        /// The rule's name.
        name: String,
        /// `class` or `problem`.
        what: &'static str,
    },
    /// A number of a rule is outside its range.
    #[error("set up rule {name:?}: {what} must be {range}")]
    OutOfRange {
        /// The rule's name.
        name: String,
        /// Which number.
        what: &'static str,
        /// What is allowed.
        range: &'static str,
    },
}

impl VmdConfig {
    /// Most rules of one camera.
    pub const MAX_RULES: usize = 256;

    /// Whether the rules fit the site and are within their ranges.
    ///
    /// # Errors
    /// Names the first rule that cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.rules.len() > Self::MAX_RULES {
            return Err(ConfigError::TooMany {
                n_given: self.rules.len(),
                max: Self::MAX_RULES,
            });
        }
        let mut rule_ids = BTreeSet::new();
        for rule in &self.rules {
            if !rule_ids.insert(rule.rule_id) {
                return Err(ConfigError::RuleTwice(rule.rule_id));
            }
            rule.check(&self.site)?;
        }
        Ok(())
    }
}

impl Rule {
    /// The [`grace`](Self::grace) of a new rule.
    pub const DEFAULT_GRACE: Duration = Duration::from_secs(3);

    fn check(&self, site: &Site) -> Result<(), ConfigError> {
        let name = || self.name.clone();
        for zone_id in [self.what.zone_id(), self.what.first_zone_id()] {
            match zone_id {
                Some(zone_id) if site.place(zone_id).is_none() => {
                    return Err(ConfigError::UnknownZone {
                        name: name(),
                        zone_id,
                    });
                }
                _ => {}
            }
        }
        match self.what.line_id() {
            Some(line_id) if site.path(line_id).is_none() => {
                return Err(ConfigError::UnknownLine {
                    name: name(),
                    line_id,
                });
            }
            _ => {}
        }
        if self.what.is_about_objects() && self.filter.classes().is_empty() {
            return Err(ConfigError::Nothing {
                name: name(),
                what: "class",
            });
        }
        self.check_what()?;
        self.in_range(secs(self.grace, 0, 600), "grace", "0 to 600 s")?;
        self.in_range(secs(self.cool_down, 0, DAY_S), "cool-down", "0 to 86400 s")?;
        self.filter
            .check()
            .or_else(|(what, range)| self.in_range(false, what, range))
    }

    fn check_what(&self) -> Result<(), ConfigError> {
        const LONG: &str = "1 to 86400 s";
        const HOUR: &str = "0 to 3600 s";
        match &self.what {
            What::Enter { .. } | What::Exit { .. } | What::CrossLine { .. } => Ok(()),
            What::Intruder { dwell, .. } => {
                self.in_range(secs(*dwell, 0, 600), "dwell", "0 to 600 s")
            }
            What::Loitering { stay, .. } => self.in_range(secs(*stay, 1, DAY_S), "stay", LONG),
            What::Direction {
                heading_deg,
                tolerance_deg,
                min_travel,
                ..
            } => {
                let is_heading = (0.0..360.0).contains(heading_deg);
                self.in_range(is_heading, "direction", "0 to below 360 degrees")?;
                let is_tolerance = (5.0..=180.0).contains(tolerance_deg);
                self.in_range(is_tolerance, "tolerance", "5 to 180 degrees")?;
                let is_travel = (0.01..=2.0).contains(min_travel);
                self.in_range(is_travel, "least way", "0.01 to 2 picture heights")
            }
            What::UTurn {
                tolerance_deg,
                min_travel,
                ..
            } => {
                let is_tolerance = (5.0..=90.0).contains(tolerance_deg);
                self.in_range(is_tolerance, "tolerance", "5 to 90 degrees")?;
                let is_travel = (0.01..=2.0).contains(min_travel);
                self.in_range(is_travel, "least way", "0.01 to 2 picture heights")
            }
            What::Stopped { still_for, .. }
            | What::ObjectLeft { still_for, .. }
            | What::ObjectRemoved { still_for, .. } => {
                self.in_range(secs(*still_for, 1, DAY_S), "time at rest", LONG)
            }
            What::CountOver {
                limit,
                lasting,
                waiting,
                ..
            } => {
                self.in_range(*limit <= 500, "limit", "0 to 500")?;
                self.in_range(secs(*waiting, 0, 3_600), "time of waiting", HOUR)?;
                self.in_range(secs(*lasting, 0, 3_600), "time over the limit", HOUR)
            }
            What::Sequence {
                first,
                second,
                within,
            } => {
                if first == second {
                    return Err(ConfigError::SameZone {
                        name: self.name.clone(),
                    });
                }
                self.in_range(secs(*within, 1, DAY_S), "time between the zones", LONG)
            }
            What::Picture { problems, lasting } => {
                if problems.is_empty() {
                    return Err(ConfigError::Nothing {
                        name: self.name.clone(),
                        what: "problem",
                    });
                }
                self.in_range(secs(*lasting, 0, 3_600), "time of the problem", HOUR)
            }
            What::SignalLost { after } => {
                self.in_range(secs(*after, 5, 3_600), "time without video", "5 to 3600 s")
            }
        }
    }

    fn in_range(
        &self,
        holds: bool,
        what: &'static str,
        range: &'static str,
    ) -> Result<(), ConfigError> {
        if holds {
            return Ok(());
        }
        Err(ConfigError::OutOfRange {
            name: self.name.clone(),
            what,
            range,
        })
    }
}

const DAY_S: u64 = 86_400;

fn secs(value: Duration, min: u64, max: u64) -> bool {
    (Duration::from_secs(min)..=Duration::from_secs(max)).contains(&value)
}
