//! What a camera's VMD program is told to do, checked.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use types::{RuleId, ZoneId};

use crate::filter::ObjectFilter;
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
    /// objects.
    pub filter: ObjectFilter,
    /// Longest absence that still belongs to the same visit, 0 to 600 s.
    pub grace: Duration,
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
}

impl Rule {
    /// Longest dwell of [`What::Intruder`].
    pub const MAX_DWELL: Duration = Duration::from_secs(600);
    /// Longest [`grace`](Self::grace).
    pub const MAX_GRACE: Duration = Duration::from_secs(600);
    /// The [`grace`](Self::grace) of a new rule.
    pub const DEFAULT_GRACE: Duration = Duration::from_secs(3);
}

/// Why settings make no program.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ConfigError {
    /// More zones or rules than a camera may have.
    #[error("set up rules: {n_given} {what}: at most {max} are possible")]
    TooMany {
        /// `zones` or `rules`.
        what: &'static str,
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
    /// A rule that nothing can trigger.
    #[error("set up rule {name:?}: choose at least one class")]
    NoClass {
        /// The rule's name.
        name: String,
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
                what: "rules",
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
    fn check(&self, site: &Site) -> Result<(), ConfigError> {
        let name = || self.name.clone();
        let in_range = |holds: bool, what, range| {
            if holds {
                Ok(())
            } else {
                Err(ConfigError::OutOfRange {
                    name: name(),
                    what,
                    range,
                })
            }
        };
        let What::Intruder { zone_id, dwell } = self.what;
        if site.place(zone_id).is_none() {
            return Err(ConfigError::UnknownZone {
                name: name(),
                zone_id,
            });
        }
        if self.filter.classes().is_empty() {
            return Err(ConfigError::NoClass { name: name() });
        }
        in_range(dwell <= Self::MAX_DWELL, "dwell", "0 to 600 s")?;
        in_range(self.grace <= Self::MAX_GRACE, "grace", "0 to 600 s")?;
        self.filter
            .check()
            .or_else(|(what, range)| in_range(false, what, range))
    }
}
