//! Which pictures are worth showing to a person.
//!
//! In: looks. Out: whether one is to be kept: it differs from every example
//! and every kept picture, and has looked so for two looks, so that nothing
//! that merely passes is kept.

use std::collections::VecDeque;
use std::time::Duration;

use types::{Look, Timestamp};

use super::Examples;
use super::classify::distance;

/// From this distance on a look is another one.
const NEW_FROM: f32 = 0.16;

/// What is remembered between looks.
#[derive(Debug, Default)]
pub(super) struct Collector {
    /// When the last picture was kept.
    kept_at: Option<Timestamp>,
    /// Those kept since the start, newest last: also one that somebody did not
    /// want is not kept again.
    kept: VecDeque<(bool, Look)>,
    before: Option<Look>,
}

impl Collector {
    /// Whether `look` is to be kept.
    pub(super) fn wants(
        &mut self,
        look: &Look,
        is_grey: bool,
        examples: &Examples,
        every: Duration,
        at: Timestamp,
    ) -> bool {
        let before = self.before.replace(look.clone());
        let is_due = self
            .kept_at
            .is_none_or(|last| at.saturating_since(last) >= every);
        if !is_due {
            return false;
        }
        let is_steady = before.is_some_and(|before| distance(look, &before, !is_grey) < NEW_FROM);
        let is_new = examples.novelty(look, is_grey) >= NEW_FROM;
        let is_known = self.kept.iter().any(|(was_grey, kept)| {
            *was_grey == is_grey && distance(look, kept, !is_grey) < NEW_FROM
        });
        let is_wanted = is_steady && is_new && !is_known;
        if is_wanted {
            self.kept_at = Some(at);
            if self.kept.len() >= Examples::MAX_KEPT {
                self.kept.pop_front();
            }
            self.kept.push_back((is_grey, look.clone()));
        }
        is_wanted
    }
}
