//! Messages on which a broker hangs up.
//!
//! Some brokers end the connection instead of refusing a message. Such a
//! message would be sent again for days, and each time take the connection
//! from all others. So one that was lost more than once is sent alone, right
//! after the broker has taken another: if the connection ends then, it ends
//! because of this message. After some of that it is given up.
//!
//! Not here: when a message is sent again (`sink::queue`).

use std::collections::BTreeMap;

/// Losses in company, after which a message is sent alone.
const SUSPECT_AFTER: u32 = 2;
/// Losses alone, after which a message is given up.
pub(super) const GIVE_UP_AFTER: u32 = 3;
/// Most messages that are remembered; those in flight are far fewer.
const MAX_KNOWN: usize = 4_096;

/// What is remembered of messages that were lost.
#[derive(Debug, Default)]
pub(super) struct HangUps {
    known: BTreeMap<String, Losses>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Losses {
    n_together: u32,
    n_alone: u32,
}

impl HangUps {
    /// Whether this message is to be sent alone.
    pub(super) fn is_suspect(&self, key: &str) -> bool {
        let losses = self.known.get(key);
        losses.is_some_and(|losses| losses.n_together >= SUSPECT_AFTER)
    }

    /// It was lost; whether it is to be given up.
    pub(super) fn lost(&mut self, key: &str, is_alone: bool) -> bool {
        if self.known.len() >= MAX_KNOWN && !self.known.contains_key(key) {
            self.known.pop_first();
        }
        let losses = self.known.entry(key.to_owned()).or_default();
        match is_alone {
            true => losses.n_alone += 1,
            false => losses.n_together += 1,
        }
        losses.n_alone >= GIVE_UP_AFTER
    }

    /// It arrived, or goes no more.
    pub(super) fn over(&mut self, key: &str) {
        self.known.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_given_up_only_after_losses_alone() {
        let mut hang_ups = HangUps::default();
        for _ in 0..10 {
            assert!(!hang_ups.lost("a", false));
        }
        assert!(hang_ups.is_suspect("a") && !hang_ups.is_suspect("b"));
        for n_alone in 1..=GIVE_UP_AFTER {
            assert_eq!(hang_ups.lost("a", true), n_alone == GIVE_UP_AFTER);
        }
        hang_ups.over("a");
        assert!(!hang_ups.is_suspect("a") && !hang_ups.lost("a", true));
    }

    #[test]
    fn one_loss_is_no_suspicion_and_memory_is_bounded() {
        let mut hang_ups = HangUps::default();
        hang_ups.lost("a", false);
        assert!(!hang_ups.is_suspect("a"));
        for number in 0..2 * MAX_KNOWN {
            hang_ups.lost(&number.to_string(), false);
        }
        assert_eq!(hang_ups.known.len(), MAX_KNOWN);
    }
}
