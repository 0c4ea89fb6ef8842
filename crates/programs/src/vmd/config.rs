//! What a camera's VMD program is told to do, checked.

use std::collections::BTreeSet;
use std::time::Duration;

use thiserror::Error;
use types::{ClassSet, RuleId, Zone, ZoneId};

/// Zones and the rules about them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VmdConfig {
    /// At most [`VmdConfig::MAX_ZONES`], each with an identity of its own.
    pub zones: Vec<Zone>,
    /// At most [`VmdConfig::MAX_RULES`], each with an identity of its own.
    pub rules: Vec<IntruderRule>,
}

/// Raises an event when an object of a chosen class stays in a zone.
#[derive(Clone, Debug, PartialEq)]
pub struct IntruderRule {
    /// Identity within the camera.
    pub rule_id: RuleId,
    /// As people call it.
    pub name: String,
    /// Where.
    pub zone_id: ZoneId,
    /// Who counts; at least one class.
    pub classes: ClassSet,
    /// Stay needed before the event begins, 0 to 600 s.
    pub dwell: Duration,
    /// Score needed before the event begins, 0..=1; see
    /// [`min_score`](super::min_score).
    pub min_score: f32,
    /// Longest absence that still belongs to the same visit, 0 to 600 s.
    pub grace: Duration,
}

impl IntruderRule {
    /// Longest [`dwell`](Self::dwell).
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
    /// Two zones with one identity.
    #[error("set up zone {}: another zone has the same number", .0.0)]
    ZoneTwice(ZoneId),
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
    /// Most zones of one camera.
    pub const MAX_ZONES: usize = 64;
    /// Most rules of one camera.
    pub const MAX_RULES: usize = 256;

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        at_most("zones", self.zones.len(), Self::MAX_ZONES)?;
        at_most("rules", self.rules.len(), Self::MAX_RULES)?;
        let mut zone_ids = BTreeSet::new();
        for zone in &self.zones {
            if !zone_ids.insert(zone.zone_id) {
                return Err(ConfigError::ZoneTwice(zone.zone_id));
            }
        }
        let mut rule_ids = BTreeSet::new();
        for rule in &self.rules {
            if !rule_ids.insert(rule.rule_id) {
                return Err(ConfigError::RuleTwice(rule.rule_id));
            }
            rule.check(&zone_ids)?;
        }
        Ok(())
    }
}

impl IntruderRule {
    fn check(&self, zone_ids: &BTreeSet<ZoneId>) -> Result<(), ConfigError> {
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
        if !zone_ids.contains(&self.zone_id) {
            return Err(ConfigError::UnknownZone {
                name: name(),
                zone_id: self.zone_id,
            });
        }
        if self.classes.is_empty() {
            return Err(ConfigError::NoClass { name: name() });
        }
        in_range(self.dwell <= Self::MAX_DWELL, "dwell", "0 to 600 s")?;
        in_range(self.grace <= Self::MAX_GRACE, "grace", "0 to 600 s")?;
        let is_score = (0.0..=1.0).contains(&self.min_score);
        in_range(is_score, "lowest score", "0 to 1")
    }
}

fn at_most(what: &'static str, n_given: usize, max: usize) -> Result<(), ConfigError> {
    if n_given > max {
        return Err(ConfigError::TooMany { what, n_given, max });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use types::{NormPoint, Polygon};

    use super::*;

    fn zone(zone_id: u32) -> Zone {
        let corners = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)];
        let vertices = corners.map(|(x, y)| NormPoint::new(x, y)).to_vec();
        Zone {
            zone_id: ZoneId(zone_id),
            name: "yard".into(),
            polygon: Polygon::new(vertices).unwrap(),
        }
    }

    fn rule(rule_id: u32) -> IntruderRule {
        IntruderRule {
            rule_id: RuleId(rule_id),
            name: "yard at night".into(),
            zone_id: ZoneId(1),
            classes: ClassSet::ALL,
            dwell: Duration::ZERO,
            min_score: 0.5,
            grace: IntruderRule::DEFAULT_GRACE,
        }
    }

    #[test]
    fn settings_that_cannot_work_are_refused_with_the_reason() {
        let one_zone = || vec![zone(1)];
        let with_rule = |change: fn(&mut IntruderRule)| {
            let mut rule = rule(1);
            change(&mut rule);
            (one_zone(), vec![rule])
        };
        for ((zones, rules), expected) in [
            (
                (vec![zone(1), zone(1)], vec![]),
                "set up zone 1: another zone has the same number",
            ),
            (
                (one_zone(), vec![rule(7), rule(7)]),
                "set up rule 7: another rule has the same number",
            ),
            (
                ((0..65).map(zone).collect(), vec![]),
                "set up rules: 65 zones: at most 64 are possible",
            ),
            (
                (one_zone(), (0..257).map(rule).collect()),
                "set up rules: 257 rules: at most 256 are possible",
            ),
            (
                with_rule(|rule| rule.zone_id = ZoneId(2)),
                "set up rule \"yard at night\": zone 2 does not exist",
            ),
            (
                with_rule(|rule| rule.classes = ClassSet::EMPTY),
                "set up rule \"yard at night\": choose at least one class",
            ),
            (
                with_rule(|rule| rule.dwell = Duration::from_secs(601)),
                "set up rule \"yard at night\": dwell must be 0 to 600 s",
            ),
            (
                with_rule(|rule| rule.grace = Duration::from_secs(601)),
                "set up rule \"yard at night\": grace must be 0 to 600 s",
            ),
            (
                with_rule(|rule| rule.min_score = f32::NAN),
                "set up rule \"yard at night\": lowest score must be 0 to 1",
            ),
        ] {
            let error = VmdConfig { zones, rules }.check().unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let good = VmdConfig {
            zones: one_zone(),
            rules: vec![rule(1), rule(2)],
        };
        assert_eq!(good.check(), Ok(()));
    }
}
