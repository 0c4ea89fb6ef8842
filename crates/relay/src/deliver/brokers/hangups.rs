//! Messages on which a broker hangs up.
//!
//! Some brokers end the connection instead of refusing a message. Such a
//! message would be sent again for days, and each time take the connection
//! from all others. So one that was lost more than once is sent alone, right
//! after the broker has taken another: if the connection ends then, it ends
//! because of this message. After some of that it is given up, and for a while
//! whatever goes to the same topic: it would fare no better.
//!
//! Not here: when a message is sent again (`sink::queue`).

use std::collections::BTreeMap;
use std::time::Duration;

use sink::mqtt::PublishError;
use types::Timestamp;

/// Losses in company, after which a message is sent alone.
const SUSPECT_AFTER: u32 = 2;
/// Losses alone, after which a message is given up.
const GIVE_UP_AFTER: u32 = 3;
/// How long nothing is sent to the topic of such a message.
const GIVEN_UP_FOR: Duration = Duration::from_secs(600);
/// Most messages that are remembered; those in flight are far fewer.
const MAX_KNOWN: usize = 4_096;

/// What is remembered of messages that were lost.
#[derive(Debug, Default)]
pub(super) struct HangUps {
    known: BTreeMap<String, Losses>,
    /// Topics that nothing is sent to, and until when.
    given_up: BTreeMap<String, Timestamp>,
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

    /// What a message to this topic meets without being sent.
    pub(super) fn refusal(&self, topic: &str, now: Timestamp) -> Option<PublishError> {
        let until = self.given_up.get(topic)?;
        (now < *until).then(|| hung_up(topic))
    }

    /// It was lost on its way to `topic`; the error if it is to be given up.
    pub(super) fn lost(
        &mut self,
        key: &str,
        topic: &str,
        is_alone: bool,
        now: Timestamp,
    ) -> Option<PublishError> {
        if !self.count(key, is_alone) {
            return None;
        }
        self.over(key);
        self.given_up.retain(|_, until| now < *until);
        if self.given_up.len() < MAX_KNOWN {
            let until = now.saturating_add(GIVEN_UP_FOR);
            self.given_up.insert(topic.to_owned(), until);
        }
        Some(hung_up(topic))
    }

    /// Counts a loss; whether there were enough.
    fn count(&mut self, key: &str, is_alone: bool) -> bool {
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

fn hung_up(topic: &str) -> PublishError {
    PublishError::HungUp {
        topic: topic.to_owned(),
        times: GIVE_UP_AFTER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_782_898_200);

    #[test]
    fn message_is_given_up_only_after_losses_alone_and_its_topic_for_a_while() {
        let mut hang_ups = HangUps::default();
        for _ in 0..10 {
            assert_eq!(hang_ups.lost("a", "t", false, NOW), None);
        }
        assert!(hang_ups.is_suspect("a") && !hang_ups.is_suspect("b"));
        for n_alone in 1..=GIVE_UP_AFTER {
            assert_eq!(hang_ups.refusal("t", NOW), None);
            let given_up = hang_ups.lost("a", "t", true, NOW);
            assert_eq!(given_up.is_some(), n_alone == GIVE_UP_AFTER);
        }
        assert!(!hang_ups.is_suspect("a"));
        let later = |seconds| NOW.saturating_add(Duration::from_secs(seconds));
        assert!(hang_ups.refusal("t", later(599)).is_some());
        assert_eq!(hang_ups.refusal("other", later(599)), None);
        assert_eq!(hang_ups.refusal("t", later(600)), None);
    }

    #[test]
    fn one_loss_is_no_suspicion_and_memory_is_bounded() {
        let mut hang_ups = HangUps::default();
        hang_ups.lost("a", "t", false, NOW);
        assert!(!hang_ups.is_suspect("a"));
        hang_ups.lost("a", "t", false, NOW);
        assert!(hang_ups.is_suspect("a"));
        hang_ups.over("a");
        assert!(!hang_ups.is_suspect("a"));
        for number in 0..2 * MAX_KNOWN {
            hang_ups.lost(&number.to_string(), "t", false, NOW);
        }
        assert_eq!(hang_ups.known.len(), MAX_KNOWN);
    }
}
