//! What a track is, by the votes of its detections, and how sure that is.
//!
//! In: class and score of each detection. Out: one class that does not
//! flicker, and the mean of the recent good scores. A weak detection says
//! where the object is, not that it became less of one: a person who turns
//! away or is half hidden is the person he was.
//!
//! A track never leaves the group it was born in: a car may turn out to be a
//! truck, a person never becomes a vehicle. The tracker sees to that by giving
//! a track only detections of its group.

use types::{Class, ClassGroup};

/// How many recent scores the mean is taken over: 1.6 s at 5 frames a second.
const N_RECENT: usize = 8;
/// What is left of old votes with each new one: about the last 15 count.
const VOTE_DECAY: f32 = 0.93;
/// A class must have this many times the votes of the present one to replace
/// it.
const CHANGE_FACTOR: f32 = 1.2;

#[derive(Clone, Debug)]
pub(super) struct Votes {
    class: Class,
    /// Indexed as [`Class::ALL`]; sums of scores, decayed.
    by_class: [f32; Class::ALL.len()],
    recent: [f32; N_RECENT],
    n_seen: usize,
}

impl Votes {
    pub(super) fn new(class: Class, score: f32) -> Self {
        let mut votes = Votes {
            class,
            by_class: [0.0; Class::ALL.len()],
            recent: [0.0; N_RECENT],
            n_seen: 0,
        };
        votes.add(class, score, true);
        votes
    }

    /// Counts a detection; `is_good`: it alone could have started a track.
    pub(super) fn add(&mut self, class: Class, score: f32, is_good: bool) {
        for votes in &mut self.by_class {
            *votes *= VOTE_DECAY;
        }
        self.by_class[class as usize] += score;
        if is_good {
            self.recent[self.n_seen % N_RECENT] = score;
            self.n_seen += 1;
        }
        let needed = self.by_class[self.class as usize] * CHANGE_FACTOR;
        let rival = Class::ALL
            .into_iter()
            .filter(|rival| rival.group() == self.class.group())
            .max_by(|a, b| self.by_class[*a as usize].total_cmp(&self.by_class[*b as usize]));
        if let Some(rival) = rival
            && self.by_class[rival as usize] > needed
        {
            self.class = rival;
        }
    }

    /// Another box of this moment shows the same object with this score.
    pub(super) fn see_again(&mut self, score: f32) {
        let newest = &mut self.recent[(self.n_seen - 1) % N_RECENT];
        *newest = newest.max(score);
    }

    pub(super) fn class(&self) -> Class {
        self.class
    }

    pub(super) fn group(&self) -> ClassGroup {
        self.class.group()
    }

    /// Mean of the recent good scores, 0..=1.
    pub(super) fn score(&self) -> f32 {
        let recent = &self.recent[..self.n_seen.min(N_RECENT)];
        let n_recent = u8::try_from(recent.len()).expect("a handful");
        recent.iter().sum::<f32>() / f32::from(n_recent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_follows_the_majority_and_does_not_flicker() {
        let mut votes = Votes::new(Class::Car, 0.5);
        votes.add(Class::Truck, 0.55, true);
        assert_eq!(votes.class(), Class::Car);
        for _ in 0..3 {
            votes.add(Class::Truck, 0.6, true);
        }
        assert_eq!(votes.class(), Class::Truck);
        let changes = (0..40)
            .filter(|step| {
                let before = votes.class();
                let class = if step % 2 == 0 {
                    Class::Car
                } else {
                    Class::Truck
                };
                votes.add(class, 0.6, true);
                votes.class() != before
            })
            .count();
        assert_eq!(changes, 0);
    }

    #[test]
    fn votes_of_another_group_never_change_the_class() {
        let mut votes = Votes::new(Class::Person, 0.4);
        for _ in 0..20 {
            votes.add(Class::Car, 0.9, true);
        }
        assert_eq!(votes.class(), Class::Person);
    }

    #[test]
    fn score_is_the_mean_of_the_recent_detections() {
        let mut votes = Votes::new(Class::Person, 0.1);
        assert!((votes.score() - 0.1).abs() < 1e-6);
        votes.add(Class::Person, 0.3, true);
        assert!((votes.score() - 0.2).abs() < 1e-6);
        for _ in 0..N_RECENT {
            votes.add(Class::Person, 0.8, true);
        }
        assert!((votes.score() - 0.8).abs() < 1e-6);
    }

    #[test]
    fn weak_detections_do_not_lower_the_score_and_second_boxes_may_raise_it() {
        let mut votes = Votes::new(Class::Person, 0.6);
        for _ in 0..20 {
            votes.add(Class::Person, 0.15, false);
        }
        assert!((votes.score() - 0.6).abs() < 1e-6);
        votes.see_again(0.5);
        assert!((votes.score() - 0.6).abs() < 1e-6);
        votes.see_again(0.8);
        assert!((votes.score() - 0.8).abs() < 1e-6);
    }
}
