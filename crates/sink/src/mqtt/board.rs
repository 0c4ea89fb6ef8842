//! The states that a broker holds for us (retained messages): which there
//! should be, which it was told, which to take back.
//!
//! In: the topics that exist by the settings, with what to say while nothing
//! else is known; states as they change; connections that come and go. Out:
//! the next publication. Decisions only.
//!
//! A topic that no longer exists is deleted at the broker by an empty message,
//! also after a restart: whoever owns the board keeps [`Board::topics`].

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::Publication;

/// States of one broker.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// Topics that exist, with what they shall say; `None`: what the broker
    /// holds is known to it alone.
    states: BTreeMap<String, Option<Bytes>>,
    /// Those of `states` that this connection's broker was not told.
    untold: BTreeSet<String>,
    /// Topics that exist no more and may still be held.
    gone: BTreeSet<String>,
}

impl Board {
    /// The board of a run before, of which only the topics are known.
    pub fn of_topics(topics: impl IntoIterator<Item = String>) -> Self {
        Board {
            states: topics.into_iter().map(|topic| (topic, None)).collect(),
            ..Board::default()
        }
    }

    /// All topics that the broker may hold, to be kept for the next run.
    pub fn topics(&self) -> impl Iterator<Item = &str> {
        self.states.keys().chain(&self.gone).map(String::as_str)
    }

    /// From now on exactly these topics exist. One that is new gets its first
    /// state; one that is gone is deleted. Returns whether
    /// [`topics`](Self::topics) grew: keep them before publishing.
    pub fn expect(&mut self, wanted: BTreeMap<String, Option<Bytes>>) -> bool {
        let mut before = std::mem::take(&mut self.states);
        let mut has_grown = false;
        for (topic, first) in wanted {
            let known = before.remove(&topic);
            has_grown |= known.is_none() && !self.gone.remove(&topic);
            let state = match known.flatten() {
                Some(state) => Some(state),
                None => {
                    if first.is_some() {
                        self.untold.insert(topic.clone());
                    }
                    first
                }
            };
            self.states.insert(topic, state);
        }
        for topic in before.into_keys() {
            self.untold.remove(&topic);
            self.gone.insert(topic);
        }
        has_grown
    }

    /// A state changed, or not. Unknown topics are ignored.
    pub fn set(&mut self, topic: &str, payload: Bytes) {
        if let Some(state) = self.states.get_mut(topic)
            && state.as_ref() != Some(&payload)
        {
            *state = Some(payload);
            self.untold.insert(topic.to_owned());
        }
    }

    /// The broker was told this by another way: it is the state now.
    pub fn told(&mut self, topic: &str, payload: &Bytes) {
        if let Some(state) = self.states.get_mut(topic) {
            *state = Some(payload.clone());
            self.untold.remove(topic);
        }
    }

    /// The broker has what [`next`](Self::next) gave, or refused it for good.
    /// The state may have changed meanwhile: then it is told next.
    pub fn published(&mut self, publication: &Publication) {
        let topic = &publication.topic;
        if publication.payload.is_empty() {
            self.gone.remove(topic);
        } else if self.states.get(topic) == Some(&Some(publication.payload.clone())) {
            self.untold.remove(topic);
        }
    }

    /// A connection begins: the broker may have forgotten everything.
    pub fn connected(&mut self) {
        let known = self.states.iter().filter(|(_, state)| state.is_some());
        self.untold = known.map(|(topic, _)| topic.clone()).collect();
    }

    /// Whether topics are still to be deleted.
    pub fn has_gone(&self) -> bool {
        !self.gone.is_empty()
    }

    /// What to publish next: deletions first.
    pub fn next(&self) -> Option<Publication> {
        if let Some(topic) = self.gone.first() {
            return Some(Publication::state(topic, Bytes::new()));
        }
        let topic = self.untold.first()?;
        let state = self.states.get(topic)?.as_ref()?;
        Some(Publication::state(topic, state.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(topics: &[(&str, &str)]) -> BTreeMap<String, Option<Bytes>> {
        let entry = |&(topic, first): &(&str, &str)| {
            let first = (!first.is_empty()).then(|| Bytes::from(first.to_owned()));
            (topic.to_owned(), first)
        };
        topics.iter().map(entry).collect()
    }

    /// All that is published until nothing is left, as `topic=payload`.
    fn drain(board: &mut Board) -> Vec<String> {
        let mut published = Vec::new();
        while let Some(next) = board.next() {
            published.push(format!(
                "{}={}",
                next.topic,
                String::from_utf8_lossy(&next.payload)
            ));
            board.published(&next);
        }
        published
    }

    #[test]
    fn first_states_are_told_once_and_changes_again() {
        let mut board = Board::default();
        assert!(board.expect(wanted(&[("a", "off"), ("b", "off")])));
        assert_eq!(drain(&mut board), ["a=off", "b=off"]);
        assert!(!board.expect(wanted(&[("a", "off"), ("b", "off")])));
        board.set("a", "on".into());
        board.set("b", "off".into());
        board.set("unknown", "on".into());
        assert_eq!(drain(&mut board), ["a=on"]);
    }

    #[test]
    fn state_that_changes_while_it_is_published_is_told_again() {
        let mut board = Board::default();
        board.expect(wanted(&[("a", "off")]));
        let under_way = board.next().unwrap();
        board.set("a", "on".into());
        board.published(&under_way);
        assert_eq!(drain(&mut board), ["a=on"]);
    }

    #[test]
    fn state_told_by_another_way_is_repeated_only_to_the_next_connection() {
        let mut board = Board::default();
        board.expect(wanted(&[("a", "off")]));
        board.told("a", &"on".into());
        assert_eq!(drain(&mut board), [""; 0]);
        board.connected();
        assert_eq!(drain(&mut board), ["a=on"]);
    }

    #[test]
    fn topic_that_is_gone_is_deleted_also_after_a_restart() {
        let mut board = Board::default();
        board.expect(wanted(&[("a", "off"), ("b", "off")]));
        drain(&mut board);
        let kept: Vec<String> = board.topics().map(str::to_owned).collect();
        let mut board = Board::of_topics(kept);
        board.connected();
        board.expect(wanted(&[("a", "off")]));
        assert_eq!(drain(&mut board), ["b=", "a=off"]);
        assert_eq!(board.topics().collect::<Vec<_>>(), ["a"]);
        assert_eq!(drain(&mut board), [""; 0]);
    }

    #[test]
    fn topic_whose_state_only_the_broker_knows_is_left_alone_until_it_is_gone() {
        let mut board = Board::default();
        board.expect(wanted(&[("picture", "")]));
        board.connected();
        assert_eq!(drain(&mut board), [""; 0]);
        board.expect(wanted(&[]));
        assert_eq!(drain(&mut board), ["picture="]);
    }
}
