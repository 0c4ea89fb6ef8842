//! Intruder: an object stays in a zone for the dwell, and the event lasts as
//! long as it stays.

use std::time::Duration;

use types::{Gate, GateOutcome};

use super::by_visit::{Ask, Stay};
use super::life::Verdict;
use crate::filter::gate;

#[derive(Debug)]
pub(super) struct Intruder {
    pub(super) dwell: Duration,
}

impl Ask for Intruder {
    type Memory = ();

    fn judge(&mut self, (): &mut (), stay: &Stay<'_>) -> Verdict {
        if stay.is_inside() && stay.lasted() >= self.dwell {
            Verdict::Holds
        } else {
            Verdict::Waits
        }
    }

    fn gates(&self, stay: Option<(&(), &Stay<'_>)>) -> Vec<Gate> {
        vec![lasted(
            "dwell",
            stay.map(|(_, stay)| stay.lasted()),
            self.dwell,
        )]
    }
}

/// A gate about a time; nothing has lasted no time at all.
pub(super) fn lasted(name: &'static str, actual: Option<Duration>, needed: Duration) -> Gate {
    match actual {
        None if needed.is_zero() => gate(name, GateOutcome::Stopped("not so far".to_owned())),
        actual => gate(
            name,
            GateOutcome::Lasted {
                actual: actual.unwrap_or_default(),
                needed,
            },
        ),
    }
}
