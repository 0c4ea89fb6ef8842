//! Entries minus exits, reconciled with who is seen.
//!
//! In: crossings of the chosen lines, and how many are seen in the zones of
//! the place in each scene. Out: how many should be in the place.
//!
//! Each missed crossing would stay in the difference for ever. So, where
//! zones say what the place is:
//!
//! - if more are present than the difference says for 10 s, those who are
//!   seen are there: the difference becomes their number;
//! - if nobody is present for 60 s, with a good picture and no track that is
//!   expected back, nobody is there: the difference becomes 0;
//! - it never falls below 0.
//!
//! Nothing is corrected in between: people hide behind each other, and then
//! the difference knows better. Each correction is counted.
//!
//! Not here: what a crossing is (`site::path`), rows (`gauge`).

use std::time::Duration;

use types::{Crossing, Timestamp};

/// More are seen than the difference says for so long: it is raised.
pub(super) const MORE_FOR: Duration = Duration::from_secs(10);
/// Nobody is seen for so long: it becomes 0.
pub(super) const EMPTY_FOR: Duration = Duration::from_secs(60);
/// A pause of the video after which both times start anew.
const PAUSE: Duration = Duration::from_secs(10);
/// Largest difference; more do not fit before a camera.
const MAX_INSIDE: u32 = 100_000;

/// Entries minus exits of one place.
#[derive(Debug, Default)]
pub(super) struct Balance {
    n_inside: u32,
    more_since: Option<Timestamp>,
    empty_since: Option<Timestamp>,
    last_at: Option<Timestamp>,
    n_corrected: u64,
}

/// What is seen in one scene.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// How many are present, flicker removed.
    pub(super) n_present: u32,
    /// Nobody at all: no track, not even one expected back, in a good picture.
    pub(super) is_surely_empty: bool,
}

impl Balance {
    /// How many should be in the place.
    pub(super) fn n_inside(&self) -> u32 {
        self.n_inside
    }

    /// By how many it was corrected so far, both ways together.
    pub(super) fn n_corrected(&self) -> u64 {
        self.n_corrected
    }

    /// Takes one crossing; from left to right is in.
    pub(super) fn cross(&mut self, way: Crossing) {
        match way {
            Crossing::LeftToRight => self.n_inside = (self.n_inside + 1).min(MAX_INSIDE),
            Crossing::RightToLeft if self.n_inside == 0 => self.n_corrected += 1,
            Crossing::RightToLeft => self.n_inside -= 1,
        }
    }

    /// Reconciles with what is seen in the scene captured `at`.
    pub(super) fn reconcile(&mut self, at: Timestamp, seen: Seen) {
        let gap = at.saturating_since(self.last_at.unwrap_or(at));
        self.last_at = Some(at);
        if gap > PAUSE {
            (self.more_since, self.empty_since) = (None, None);
        }
        let is_more = seen.n_present > self.n_inside;
        let is_empty = seen.is_surely_empty && seen.n_present == 0;
        if lasts(&mut self.more_since, is_more, at, MORE_FOR) {
            self.correct(seen.n_present);
        }
        if lasts(&mut self.empty_since, is_empty, at, EMPTY_FOR) {
            self.correct(0);
        }
    }

    /// Takes a number from outside: a stored one, or a person's.
    pub(super) fn set(&mut self, n_inside: u32) {
        self.n_inside = n_inside.min(MAX_INSIDE);
    }

    fn correct(&mut self, n_inside: u32) {
        self.n_corrected += u64::from(self.n_inside.abs_diff(n_inside));
        self.n_inside = n_inside;
        self.more_since = None;
    }
}

/// Whether a condition that `holds` now has held for `time`.
fn lasts(since: &mut Option<Timestamp>, holds: bool, at: Timestamp, time: Duration) -> bool {
    if !holds {
        *since = None;
        return false;
    }
    at.saturating_since(*since.get_or_insert(at)) >= time
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs(second)
    }

    fn seen(n_present: u32) -> Seen {
        Seen {
            n_present,
            is_surely_empty: n_present == 0,
        }
    }

    #[test]
    fn those_who_are_seen_are_inside_after_ten_seconds() {
        let mut balance = Balance::default();
        balance.cross(Crossing::LeftToRight);
        for second in 0..10 {
            balance.reconcile(at(second), seen(3));
            assert_eq!(balance.n_inside(), 1, "{second}");
        }
        balance.reconcile(at(10), seen(3));
        assert_eq!((balance.n_inside(), balance.n_corrected()), (3, 2));
        // Fewer are seen than are inside: some are hidden.
        for second in 11..200 {
            balance.reconcile(at(second), seen(1));
        }
        assert_eq!(balance.n_inside(), 3);
    }

    #[test]
    fn drift_ends_when_surely_nobody_is_there() {
        let mut balance = Balance::default();
        balance.set(2);
        let hidden = Seen {
            n_present: 0,
            is_surely_empty: false,
        };
        for second in 0..100 {
            balance.reconcile(at(second), hidden);
        }
        assert_eq!(balance.n_inside(), 2);
        for second in 100..160 {
            balance.reconcile(at(second), seen(0));
        }
        assert_eq!(balance.n_inside(), 2);
        balance.reconcile(at(160), seen(0));
        assert_eq!((balance.n_inside(), balance.n_corrected()), (0, 2));
    }

    #[test]
    fn pause_of_the_video_is_no_proof_of_emptiness() {
        let mut balance = Balance::default();
        balance.set(2);
        balance.reconcile(at(0), seen(0));
        balance.reconcile(at(100), seen(0));
        assert_eq!(balance.n_inside(), 2);
    }

    #[test]
    fn nobody_leaves_an_empty_place() {
        let mut balance = Balance::default();
        balance.cross(Crossing::RightToLeft);
        assert_eq!((balance.n_inside(), balance.n_corrected()), (0, 1));
    }

    proptest! {
        #[test]
        fn in_minus_out_is_who_is_inside(walks in proptest::collection::vec(any::<bool>(), 0..200)) {
            let (mut balance, mut truth) = (Balance::default(), 0_u32);
            for wants_in in walks {
                // Who is not inside cannot leave.
                let is_in = wants_in || truth == 0;
                truth = if is_in { truth + 1 } else { truth - 1 };
                balance.cross(if is_in { Crossing::LeftToRight } else { Crossing::RightToLeft });
                prop_assert_eq!(balance.n_inside(), truth);
            }
            prop_assert_eq!(balance.n_corrected(), 0);
        }
    }
}
