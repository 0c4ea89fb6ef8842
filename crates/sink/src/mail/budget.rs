//! At most so many mails an hour, so that a noisy rule does not flood a
//! mailbox; what is held back is told in the next mail.
//!
//! In: each mail that is due, and the present. Out: whether it goes, and what
//! it tells of those that did not. Time comes from the caller.
//!
//! Kept in memory: a restart of the program forgets what was held back.

use std::collections::VecDeque;
use std::time::Duration;

use types::Timestamp;

/// How far back mails are counted.
const WINDOW: Duration = Duration::from_hours(1);

/// Alarms that were not mailed one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// How many.
    pub n_alarms: u64,
    /// When the first of them was decided.
    pub since: Timestamp,
}

/// What becomes of a mail that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It goes, and tells what was held back before it.
    Goes(Option<Held>),
    /// It is held back.
    HeldBack,
}

/// The mails of the last hour.
#[derive(Debug, Default)]
pub struct Budget {
    /// When each was let go; at most as many as the limit.
    sent: VecDeque<Timestamp>,
    held: Option<Held>,
}

impl Budget {
    /// What is held back at present.
    pub fn held(&self) -> Option<Held> {
        self.held
    }

    /// Asks for a mail about something decided at `decided_at`.
    pub(super) fn admit(
        &mut self,
        max_per_hour: usize,
        decided_at: Timestamp,
        now: Timestamp,
    ) -> Admission {
        // Also those of a future that a clock put right has taken back.
        self.sent
            .retain(|&at| at <= now && now.saturating_since(at) < WINDOW);
        if self.sent.len() < max_per_hour {
            self.sent.push_back(now);
            return Admission::Goes(self.held.take());
        }
        let one = Held {
            n_alarms: 1,
            since: decided_at,
        };
        self.hold(one);
        Admission::HeldBack
    }

    /// A mail that was let go at `now` did not arrive.
    pub(super) fn give_back(&mut self, now: Timestamp, held: Option<Held>) {
        if let Some(sent_idx) = self.sent.iter().position(|&at| at == now) {
            self.sent.remove(sent_idx);
        }
        if let Some(held) = held {
            self.hold(held);
        }
    }

    fn hold(&mut self, more: Held) {
        let before = self.held.map_or(0, |held| held.n_alarms);
        self.held = Some(Held {
            n_alarms: before.saturating_add(more.n_alarms),
            since: self
                .held
                .map_or(more.since, |held| held.since.min(more.since)),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn mails_beyond_the_limit_are_held_back_and_told_by_the_next() {
        let mut budget = Budget::default();
        let mut ask = |secs| budget.admit(2, at(secs), at(secs));
        assert_eq!(ask(0), Admission::Goes(None));
        assert_eq!(ask(10), Admission::Goes(None));
        assert_eq!(ask(20), Admission::HeldBack);
        assert_eq!(ask(3_599), Admission::HeldBack);
        let held = Held {
            n_alarms: 2,
            since: at(20),
        };
        assert_eq!(ask(3_600), Admission::Goes(Some(held)));
        assert_eq!(ask(3_610), Admission::Goes(None));
        assert_eq!(ask(3_611), Admission::HeldBack);
    }

    #[test]
    fn a_mail_that_did_not_arrive_costs_nothing_and_is_told_again() {
        let mut budget = Budget::default();
        assert_eq!(budget.admit(1, at(0), at(0)), Admission::Goes(None));
        assert_eq!(budget.admit(1, at(5), at(5)), Admission::HeldBack);
        let held = Some(Held {
            n_alarms: 1,
            since: at(5),
        });
        assert_eq!(budget.admit(1, at(3_600), at(3_600)), Admission::Goes(held));
        budget.give_back(at(3_600), held);
        assert_eq!(budget.held(), held);
        assert_eq!(budget.admit(1, at(3_601), at(3_601)), Admission::Goes(held));
    }

    #[test]
    fn a_clock_that_is_put_back_does_not_hold_mails_for_long() {
        let mut budget = Budget::default();
        assert_eq!(
            budget.admit(1, at(90_000), at(90_000)),
            Admission::Goes(None)
        );
        assert_eq!(budget.admit(1, at(0), at(0)), Admission::Goes(None));
    }
}
