//! What a people or vehicle program is told to do, checked.

use std::sync::Arc;

use thiserror::Error;
use types::{RuleId, ZoneId};

use super::VisitorsConfig;
use crate::counting::{self, Counter, CounterError};
use crate::site::Site;

/// Whom to tell of, and what to count.
#[derive(Clone, Debug)]
pub struct FollowConfig {
    /// What is drawn on the picture.
    pub site: Arc<Site>,
    /// Only objects that were in one of these; with none, all.
    pub zone_ids: Vec<ZoneId>,
    /// Only objects at least so tall, parts of the picture's height, 0..=1.
    pub min_height: f32,
    /// Whether what they look like is told in words.
    pub has_attributes: bool,
    /// Counters over lines; see [`counting::check`].
    pub counters: Vec<Counter>,
    /// How different objects are counted, if they are.
    pub visitors: Option<VisitorsConfig>,
}

/// Why settings make no program.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ConfigError {
    /// A zone that does not exist.
    #[error("choose zones: zone {} does not exist", .0.0)]
    UnknownZone(ZoneId),
    /// A number is outside its range.
    #[error("set up {what}: {number} must be {range}")]
    OutOfRange {
        /// Which part.
        what: &'static str,
        /// Which number.
        number: &'static str,
        /// What is allowed.
        range: &'static str,
    },
    /// A counter and the count of visitors with one identity.
    #[error("set up visitors: counter {} has the same number", .0.0)]
    Twice(RuleId),
    /// A counter cannot work.
    #[error(transparent)]
    Counter(#[from] CounterError),
}

impl FollowConfig {
    /// Checks all settings.
    ///
    /// # Errors
    /// The first thing that cannot work.
    pub fn check(&self) -> Result<(), ConfigError> {
        let unknown = |zone_id: &&ZoneId| self.site.place(**zone_id).is_none();
        if let Some(zone_id) = self.zone_ids.iter().find(unknown) {
            return Err(ConfigError::UnknownZone(*zone_id));
        }
        let out_of_range = |what, (number, range)| ConfigError::OutOfRange {
            what,
            number,
            range,
        };
        if !(0.0..=1.0).contains(&self.min_height) {
            let least = ("least height", "0 to 1 of the picture");
            return Err(out_of_range("objects", least));
        }
        counting::check(&self.counters, &self.site)?;
        if let Some(visitors) = &self.visitors {
            let is_same = |counter: &Counter| counter.rule_id == visitors.rule_id;
            if self.counters.iter().any(is_same) {
                return Err(ConfigError::Twice(visitors.rule_id));
            }
            visitors
                .check()
                .map_err(|problem| out_of_range("visitors", problem))?;
        }
        Ok(())
    }
}
