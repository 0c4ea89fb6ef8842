//! A clock that stands still until it is told to move.
//!
//! In: steps. Out: the time, to whoever asks.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use types::{Clock, Timestamp};

/// A clock for tests; share it in an `Arc`.
#[derive(Debug)]
pub struct SimClock {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    now: Timestamp,
    monotonic: Duration,
}

impl SimClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        SimClock {
            state: Mutex::new(State {
                now: start,
                monotonic: Duration::ZERO,
            }),
        }
    }

    /// Lets time pass.
    pub fn advance(&self, duration: Duration) {
        let mut state = self.state();
        state.now = state.now.saturating_add(duration);
        state.monotonic = state.monotonic.saturating_add(duration);
    }

    /// Corrects the time of day, forwards or back; no time passes.
    pub fn set(&self, now: Timestamp) {
        self.state().now = now;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.state().now
    }

    fn monotonic(&self) -> Duration {
        self.state().monotonic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correcting_the_time_of_day_lets_no_time_pass() {
        let clock = SimClock::new(Timestamp::from_secs(100));
        clock.advance(Duration::from_secs(5));
        clock.set(Timestamp::from_secs(50));
        assert_eq!(clock.now(), Timestamp::from_secs(50));
        assert_eq!(clock.monotonic(), Duration::from_secs(5));
    }
}
