//! How long to wait before a camera is tried again.
//!
//! In: a seed, and the reaction to the latest error. Out: a delay.
//!
//! Time: none here; the caller waits.

use std::time::Duration;

use crate::error::Reaction;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// Cameras that lock an account after wrong passwords mostly do so after three
/// to five attempts within a few minutes.
const FIRST_SLOW: Duration = Duration::from_secs(5 * 60);
const LONGEST_SLOW: Duration = Duration::from_secs(30 * 60);

/// Delays that double up to a bound, with up to a quarter of jitter on top so
/// that many cameras behind one switch do not come back in the same moment.
#[derive(Clone, Debug)]
pub struct Backoff {
    n_retries: u32,
    n_slow: u32,
    random: u64,
}

impl Backoff {
    /// Starts at the shortest delay. The same `seed` gives the same jitter.
    pub fn new(seed: u64) -> Self {
        Backoff {
            n_retries: 0,
            n_slow: 0,
            random: seed,
        }
    }

    /// How long to wait after an error with this reaction: 1 s doubling to
    /// 60 s for `Retry`, 5 min doubling to 30 min for `RetrySlowly`, 60 s for
    /// `Bug`, each plus jitter. `None`: wait until the settings change.
    pub fn next_delay(&mut self, reaction: Reaction) -> Option<Duration> {
        let delay = match reaction {
            Reaction::Retry => {
                let delay = doubled(FIRST, self.n_retries, LONGEST);
                self.n_retries = self.n_retries.saturating_add(1);
                delay
            }
            Reaction::RetrySlowly => {
                let delay = doubled(FIRST_SLOW, self.n_slow, LONGEST_SLOW);
                self.n_slow = self.n_slow.saturating_add(1);
                delay
            }
            Reaction::Bug => LONGEST,
            Reaction::AwaitConfig => return None,
        };
        let jitter = delay / 4;
        let permille = u32::try_from(self.draw() % 1_000).unwrap_or(0);
        Some(delay + jitter * permille / 1_000)
    }

    /// Starts again at the shortest delay: frames have been arriving for a
    /// while, or a person has changed the settings.
    pub fn reset(&mut self) {
        self.n_retries = 0;
        self.n_slow = 0;
    }

    /// The next number of SplitMix64 (Steele, Lea, Flood 2014).
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

fn doubled(first: Duration, n_times: u32, longest: Duration) -> Duration {
    first.saturating_mul(1 << n_times.min(16)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole seconds of the delays without jitter lie in `base ..= base * 1.25`.
    #[track_caller]
    fn check(reaction: Reaction, bases_s: &[u64]) {
        for seed in 0..50 {
            let mut backoff = Backoff::new(seed);
            for &base_s in bases_s {
                let base = Duration::from_secs(base_s);
                let delay = backoff.next_delay(reaction).unwrap();
                assert!(base <= delay && delay <= base + base / 4, "{delay:?}");
            }
        }
    }

    #[test]
    fn delay_doubles_up_to_a_minute() {
        check(Reaction::Retry, &[1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }

    #[test]
    fn wrong_password_waits_at_least_five_minutes() {
        check(Reaction::RetrySlowly, &[300, 600, 1_200, 1_800, 1_800]);
    }

    #[test]
    fn config_error_waits_for_a_person() {
        assert_eq!(Backoff::new(1).next_delay(Reaction::AwaitConfig), None);
    }

    #[test]
    fn reset_starts_over_and_seeds_differ() {
        let mut backoff = Backoff::new(1);
        for _ in 0..100 {
            backoff.next_delay(Reaction::Retry);
        }
        backoff.reset();
        assert!(backoff.next_delay(Reaction::Retry) < Some(Duration::from_secs(2)));
        let first = |seed| Backoff::new(seed).next_delay(Reaction::Retry);
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
    }
}
