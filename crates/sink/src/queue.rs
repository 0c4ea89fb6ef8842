//! Which steps of one sink may go now, and when a failed one goes again.
//!
//! In: steps that wait in the outbox, results of deliveries, the present.
//! Out: the next step, or when to look again; for a failure, when to retry or
//! that the step is dead.
//!
//! Order is kept per camera: a camera's steps go one after the other, and a
//! failed one holds back those behind it. Cameras do not wait for each other;
//! sinks do not either, since each has a queue of its own.
//!
//! Decisions only. Time comes from the caller; the jitter follows from the
//! seed, so that a test sees the same delays each time.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use types::{CameraId, Timestamp};

use crate::Reaction;

/// Longest wait that a receiver's `Retry-After` can ask of us.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(1);

/// When to try again, and when to give up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Wait after the first failure; doubles with each further one.
    pub first_delay: Duration,
    /// Longest wait.
    pub max_delay: Duration,
    /// A step that waits longer than this becomes a dead letter when it fails
    /// again.
    pub give_up_after: Duration,
    /// Deliveries at the same time, each of another camera.
    pub max_in_flight: usize,
}

impl Default for RetryPolicy {
    /// 1 s doubling to 5 minutes, for three days: a weekend and a Monday.
    fn default() -> Self {
        RetryPolicy {
            first_delay: Duration::from_secs(1),
            max_delay: Duration::from_mins(5),
            give_up_after: Duration::from_hours(72),
            max_in_flight: 4,
        }
    }
}

/// One waiting step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its number in the outbox, which grows with time.
    pub outbox_id: i64,
    /// Whose order it belongs to.
    pub camera_id: CameraId,
    /// Since when it waits.
    pub queued_at: Timestamp,
    /// Failed attempts so far.
    pub n_attempts: u32,
}

/// What a queue wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Deliver this step, and report [`DeliveryQueue::delivered`] or
    /// [`DeliveryQueue::failed`].
    Deliver(Item),
    /// Nothing before this time, unless a delivery ends or a step is added.
    WaitUntil(Timestamp),
    /// Nothing until a delivery ends or a step is added.
    Wait,
}

/// What becomes of a step whose delivery failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes again at this time; note it in the outbox.
    RetryAt(Timestamp),
    /// It never goes again by itself; note it as a dead letter.
    Dead,
}

/// The waiting steps of one sink. Holds what it was given, so its caller
/// bounds it by giving a page at a time.
#[derive(Clone, Debug)]
pub struct DeliveryQueue {
    policy: RetryPolicy,
    jitter: u64,
    lanes: BTreeMap<CameraId, Lane>,
    /// Cameras take turns: the next search starts behind this one.
    last_served: Option<CameraId>,
    n_in_flight: usize,
}

/// The steps of one camera.
#[derive(Clone, Debug, Default)]
struct Lane {
    items: VecDeque<Item>,
    is_in_flight: bool,
    retry_at: Option<Timestamp>,
}

impl DeliveryQueue {
    /// An empty queue; `seed` spreads the retries of several sinks.
    pub fn new(policy: RetryPolicy, seed: u64) -> Self {
        DeliveryQueue {
            policy,
            jitter: seed,
            lanes: BTreeMap::new(),
            last_served: None,
            n_in_flight: 0,
        }
    }

    /// Steps held, those in flight included.
    pub fn len(&self) -> usize {
        self.lanes.values().map(|lane| lane.items.len()).sum()
    }

    /// Whether no step is held.
    pub fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    /// Adds steps as the outbox gives them. One that is held already is
    /// ignored, so that the same page may be given again.
    pub fn add(&mut self, items: impl IntoIterator<Item = Item>) {
        for item in items {
            let lane = self.lanes.entry(item.camera_id.clone()).or_default();
            match lane
                .items
                .binary_search_by_key(&item.outbox_id, |held| held.outbox_id)
            {
                Ok(_) => {}
                // A replayed dead letter is older than what waits, but never
                // overtakes the step in flight.
                Err(0) if lane.is_in_flight => lane.items.insert(1, item),
                Err(item_idx) => lane.items.insert(item_idx, item),
            }
        }
    }

    /// What to do now.
    pub fn next(&mut self, now: Timestamp) -> Next {
        if self.n_in_flight >= self.policy.max_in_flight {
            return Next::Wait;
        }
        let is_ready = |lane: &Lane| !lane.is_in_flight && lane.retry_at.is_none_or(|at| at <= now);
        let mut ready = self
            .lanes
            .iter()
            .filter(|(_, lane)| is_ready(lane))
            .map(|(camera_id, _)| camera_id);
        let first = ready.clone().next();
        let behind_last = ready.find(|&camera_id| Some(camera_id) > self.last_served.as_ref());
        let Some(camera_id) = behind_last.or(first).cloned() else {
            let waiting = self.lanes.values().filter(|lane| !lane.is_in_flight);
            let soonest = waiting.filter_map(|lane| lane.retry_at).min();
            return soonest.map_or(Next::Wait, Next::WaitUntil);
        };
        let Some(lane) = self.lanes.get_mut(&camera_id) else {
            return Next::Wait;
        };
        let Some(item) = lane.items.front().cloned() else {
            return Next::Wait;
        };
        lane.is_in_flight = true;
        lane.retry_at = None;
        self.n_in_flight += 1;
        self.last_served = Some(camera_id);
        Next::Deliver(item)
    }

    /// A step arrived: the camera's next one may go.
    pub fn delivered(&mut self, item: &Item) {
        self.finish(item, true);
    }

    /// A step did not arrive: says what becomes of it.
    pub fn failed(&mut self, item: &Item, reaction: Reaction, now: Timestamp) -> Outcome {
        let waited = now.saturating_since(item.queued_at);
        let after = match reaction {
            Reaction::Retry { after } if waited < self.policy.give_up_after => after,
            Reaction::Retry { .. } | Reaction::Refused => {
                self.finish(item, true);
                return Outcome::Dead;
            }
        };
        let delay = match after {
            Some(after) => after.clamp(self.policy.first_delay, MAX_RETRY_AFTER),
            None => self.delay(item.n_attempts),
        };
        let retry_at = now.saturating_add(delay);
        self.finish(item, false);
        if let Some(lane) = self.lanes.get_mut(&item.camera_id) {
            lane.retry_at = Some(retry_at);
            if let Some(front) = lane.items.front_mut() {
                front.n_attempts = front.n_attempts.saturating_add(1);
            }
        }
        Outcome::RetryAt(retry_at)
    }

    fn finish(&mut self, item: &Item, is_over: bool) {
        let Some(lane) = self.lanes.get_mut(&item.camera_id) else {
            return;
        };
        let is_front = lane
            .items
            .front()
            .is_some_and(|front| front.outbox_id == item.outbox_id);
        if !lane.is_in_flight || !is_front {
            return;
        }
        lane.is_in_flight = false;
        self.n_in_flight -= 1;
        if is_over {
            lane.items.pop_front();
            if lane.items.is_empty() {
                self.lanes.remove(&item.camera_id);
            }
        }
    }

    /// The wait after `n_attempts` earlier failures: doubled for each, then
    /// between three quarters and five quarters of it.
    fn delay(&mut self, n_attempts: u32) -> Duration {
        let doubled = self
            .policy
            .first_delay
            .saturating_mul(1 << n_attempts.min(20));
        let delay = doubled.min(self.policy.max_delay);
        // SplitMix64 (Steele, Lea, Flood 2014).
        self.jitter = self.jitter.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.jitter;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        let percent = u32::try_from(75 + mixed % 51).expect("at most 125");
        delay.saturating_mul(percent) / 100
    }
}

#[cfg(test)]
mod tests;
