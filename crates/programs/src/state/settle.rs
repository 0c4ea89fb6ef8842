//! From verdicts to the state that counts.
//!
//! In: verdicts on looks, one after the other. Out: the settled state, and
//! since when.
//!
//! A new state counts once every sure look has said so for the settling time,
//! and at least two have. Unsure looks neither help nor hurt, until they have
//! lasted [`UNSURE_AFTER`]: then the state is not known. A hidden region keeps
//! its state for as long as it is hidden.

use std::time::Duration;

use types::{DetectorId, StateChange, StateId, Timestamp};

use super::Verdict;

/// How long looks may be unsure before the state is given up.
const UNSURE_AFTER: Duration = Duration::from_secs(60);
/// Fewest looks that make a state.
const MIN_LOOKS: u32 = 2;

/// The state that counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Settled {
    pub(super) state_id: StateId,
    pub(super) since: Timestamp,
    /// Highest belief in it so far.
    pub(super) likelihood: f32,
}

/// What is remembered between looks.
#[derive(Debug)]
pub(super) struct Settling {
    settle: Duration,
    settled: Option<Settled>,
    /// Since when it has been not known, for the row that says so.
    lost_at: Timestamp,
    next: Option<Next>,
    unsure_since: Option<Timestamp>,
}

/// The state that may be coming.
#[derive(Clone, Copy, Debug)]
struct Next {
    state: Settled,
    n_looks: u32,
}

impl Settling {
    pub(super) fn new(settle: Duration) -> Self {
        Settling {
            settle,
            settled: None,
            lost_at: Timestamp::default(),
            next: None,
            unsure_since: None,
        }
    }

    pub(super) fn set_settle(&mut self, settle: Duration) {
        self.settle = settle;
    }

    pub(super) fn settled(&self) -> Option<Settled> {
        self.settled
    }

    /// The present state as a change to it.
    pub(super) fn change(&self, detector_id: DetectorId) -> StateChange {
        StateChange {
            detector_id,
            state_id: self.settled.map(|settled| settled.state_id),
            at: self.settled.map_or(self.lost_at, |settled| settled.since),
            likelihood: self.settled.map_or(0.0, |settled| settled.likelihood),
        }
    }

    /// Takes a verdict; true when the settled state became another one.
    pub(super) fn see(&mut self, verdict: &Verdict, at: Timestamp) -> bool {
        let Some(state_id) = verdict.sure() else {
            let since = *self.unsure_since.get_or_insert(at);
            let is_over = at.saturating_since(since) >= UNSURE_AFTER;
            return is_over && self.forget(since);
        };
        self.unsure_since = None;
        let likelihood = verdict.likelihood();
        if let Some(settled) = &mut self.settled
            && settled.state_id == state_id
        {
            settled.likelihood = settled.likelihood.max(likelihood);
            self.next = None;
            return false;
        }
        let mut next = self
            .next
            .filter(|next| next.state.state_id == state_id)
            .unwrap_or(Next {
                state: Settled {
                    state_id,
                    since: at,
                    likelihood,
                },
                n_looks: 0,
            });
        next.n_looks += 1;
        next.state.likelihood = next.state.likelihood.max(likelihood);
        let has_lasted = at.saturating_since(next.state.since) >= self.settle;
        if has_lasted && next.n_looks >= MIN_LOOKS {
            self.settled = Some(next.state);
            self.next = None;
            return true;
        }
        self.next = Some(next);
        false
    }

    /// The region is hidden: what was coming may have gone meanwhile.
    pub(super) fn hide(&mut self) {
        self.next = None;
        self.unsure_since = None;
    }

    /// The state is not known from `at` on; true when it was.
    pub(super) fn forget(&mut self, at: Timestamp) -> bool {
        self.next = None;
        self.unsure_since = None;
        self.lost_at = at;
        self.settled.take().is_some()
    }
}
