//! Which events a VMS, or people by mail, are told.

use std::collections::BTreeSet;

use types::{EventKind, Phase};

use crate::Message;

/// Kinds of events, and whether their ends are told too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindFilter {
    /// Kinds that are told.
    pub kinds: BTreeSet<EventKind>,
    /// Whether the end of an event is told as well as its begin.
    pub has_ends: bool,
}

impl Default for KindFilter {
    /// All kinds but installed programs', begins only.
    fn default() -> Self {
        KindFilter {
            kinds: EventKind::ALL
                .into_iter()
                .filter(|&kind| kind != EventKind::Program)
                .collect(),
            has_ends: false,
        }
    }
}

impl KindFilter {
    /// Whether `message` is told.
    pub fn takes(&self, message: &Message) -> bool {
        let is_told_phase = match message.phase {
            Phase::Begin => true,
            Phase::Update => false,
            Phase::End => self.has_ends,
        };
        is_told_phase && self.kinds.contains(&message.kind)
    }
}
