//! What a camera's occupancy program is told to do, checked.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use types::{ClassSet, LineId, RuleId, ZoneId};

use super::level::Limits;
use crate::counting::Interval;
use crate::site::Site;

/// Areas to be watched, and how numbers are told.
#[derive(Clone, Debug)]
pub struct OccupancyConfig {
    /// What is drawn on the picture.
    pub site: Arc<Site>,
    /// At most [`OccupancyConfig::MAX_AREAS`], each with an identity of its
    /// own.
    pub areas: Vec<Area>,
    /// Length of the told intervals, 1 s to 1 h in whole seconds.
    pub interval: Duration,
    /// Entries minus exits, if lines are chosen for it.
    pub balance: Option<BalanceConfig>,
    /// Who shows in the heat maps; with none, there are no maps.
    pub heat_classes: ClassSet,
}

/// One place whose people are counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Area {
    /// Identity of its events and rows; unlike that of any other rule of the
    /// camera.
    pub rule_id: RuleId,
    /// As people call it.
    pub name: String,
    /// Where.
    pub zone_id: ZoneId,
    /// Who counts; at least one class.
    pub classes: ClassSet,
    /// By [`types::Class::ALL`]: score from which an object is let in, 0..=1.
    pub min_scores: [f32; 6],
    /// When there are too many.
    pub limits: Limits,
    /// Added by a person to those who are seen, for who is never seen
    /// (negative: for what is always mistaken for somebody); at most
    /// [`Area::MAX_OFFSET`] either way.
    pub offset: i32,
}

/// Entries minus exits over lines.
#[derive(Clone, Debug, PartialEq)]
pub struct BalanceConfig {
    /// Identity of its rows; unlike that of any other rule of the camera.
    pub rule_id: RuleId,
    /// Lines whose left to right means in; at least one.
    pub line_ids: Vec<LineId>,
    /// Who counts; at least one class.
    pub classes: ClassSet,
    /// The zones that together are the place behind the lines, so that who is
    /// seen there may correct the difference; with none, nothing corrects it.
    pub zone_ids: Vec<ZoneId>,
}

/// Why settings make no program.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ConfigError {
    /// More areas than a camera may have.
    #[error("set up occupancy: {n_given} areas: at most {max} are possible")]
    TooMany {
        /// How many were given.
        n_given: usize,
        /// Most possible.
        max: usize,
    },
    /// Two areas, or an area and the in-minus-out count, with one identity.
    #[error("set up area {}: another one has the same number", .0.0)]
    Twice(RuleId),
    /// An area of a zone that does not exist.
    #[error("set up area {name:?}: zone {} does not exist", .zone_id.0)]
    UnknownZone {
        /// The area's name.
        name: String,
        /// The zone it names.
        zone_id: ZoneId,
    },
    /// A line that does not exist.
    #[error("set up in minus out: line {} does not exist", .0.0)]
    UnknownLine(LineId),
    /// A zone of the place that does not exist.
    #[error("set up in minus out: zone {} does not exist", .0.0)]
    UnknownPlace(ZoneId),
    /// Nobody can count.
    #[error("set up {what}: choose at least one {of}")]
    Nothing {
        /// Which part.
        what: String,
        /// `class` or `line`.
        of: &'static str,
    },
    /// A number is outside its range.
    #[error("set up {what}: {number} must be {range}")]
    OutOfRange {
        /// Which part.
        what: String,
        /// Which number.
        number: &'static str,
        /// What is allowed.
        range: &'static str,
    },
}

impl OccupancyConfig {
    /// Most areas of one camera.
    pub const MAX_AREAS: usize = 32;
    /// Usual length of an interval.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);

    /// Checks all settings.
    ///
    /// # Errors
    /// The first thing that cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.areas.len() > Self::MAX_AREAS {
            return Err(ConfigError::TooMany {
                n_given: self.areas.len(),
                max: Self::MAX_AREAS,
            });
        }
        if !Interval::is_length(self.interval) {
            return Err(out_of_range(
                "occupancy",
                "the interval",
                "1 to 3600 s, in whole seconds",
            ));
        }
        let mut rule_ids: Vec<RuleId> = self.areas.iter().map(|area| area.rule_id).collect();
        rule_ids.extend(self.balance.as_ref().map(|balance| balance.rule_id));
        for (idx, rule_id) in rule_ids.iter().enumerate() {
            if rule_ids[..idx].contains(rule_id) {
                return Err(ConfigError::Twice(*rule_id));
            }
        }
        for area in &self.areas {
            area.check(&self.site)?;
        }
        self.balance
            .as_ref()
            .map_or(Ok(()), |balance| balance.check(&self.site))
    }
}

impl Area {
    /// Highest threshold.
    pub const MAX_THRESHOLD: u32 = 500;
    /// Highest hysteresis.
    pub const MAX_HYSTERESIS: u32 = 100;
    /// Largest offset, either way.
    pub const MAX_OFFSET: i32 = 500;
    /// Longest rise and fall.
    pub const MAX_TIME: Duration = Duration::from_secs(3_600);

    fn check(&self, site: &Site) -> Result<(), ConfigError> {
        let what = format!("area {:?}", self.name);
        if site.place(self.zone_id).is_none() {
            return Err(ConfigError::UnknownZone {
                name: self.name.clone(),
                zone_id: self.zone_id,
            });
        }
        if self.classes.is_empty() {
            return Err(ConfigError::Nothing { what, of: "class" });
        }
        let limits = &self.limits;
        let thresholds = 1..=Self::MAX_THRESHOLD;
        let lowest = limits.warning.unwrap_or(limits.threshold);
        for (is_good, number, range) in [
            (
                self.min_scores
                    .iter()
                    .all(|score| (0.0..=1.0).contains(score)),
                "lowest score",
                "0 to 1",
            ),
            (
                thresholds.contains(&limits.threshold),
                "threshold",
                "1 to 500",
            ),
            (
                limits.warning.is_none_or(|warning| {
                    thresholds.contains(&warning) && warning < limits.threshold
                }),
                "warning",
                "1 to 500 and below the threshold",
            ),
            (
                self.offset.abs() <= Self::MAX_OFFSET,
                "offset",
                "-500 to 500",
            ),
            (limits.rise <= Self::MAX_TIME, "rise time", "0 to 3600 s"),
            (limits.fall <= Self::MAX_TIME, "fall time", "0 to 3600 s"),
            (
                limits.hysteresis <= Self::MAX_HYSTERESIS && limits.hysteresis <= lowest,
                "hysteresis",
                "0 to 100 and at most the lowest threshold",
            ),
        ] {
            if !is_good {
                return Err(out_of_range(&what, number, range));
            }
        }
        Ok(())
    }
}

impl BalanceConfig {
    fn check(&self, site: &Site) -> Result<(), ConfigError> {
        let what = || "in minus out".to_owned();
        if self.line_ids.is_empty() {
            let of = "line";
            return Err(ConfigError::Nothing { what: what(), of });
        }
        if self.classes.is_empty() {
            let of = "class";
            return Err(ConfigError::Nothing { what: what(), of });
        }
        let unknown = |line_id: &&LineId| site.path(**line_id).is_none();
        if let Some(line_id) = self.line_ids.iter().find(unknown) {
            return Err(ConfigError::UnknownLine(*line_id));
        }
        let unknown = |zone_id: &&ZoneId| site.place(**zone_id).is_none();
        match self.zone_ids.iter().find(unknown) {
            Some(zone_id) => Err(ConfigError::UnknownPlace(*zone_id)),
            None => Ok(()),
        }
    }
}

fn out_of_range(what: &str, number: &'static str, range: &'static str) -> ConfigError {
    ConfigError::OutOfRange {
        what: what.to_owned(),
        number,
        range,
    }
}
