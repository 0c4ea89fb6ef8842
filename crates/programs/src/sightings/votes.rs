//! What an object looks like, by all its best shots together.
//!
//! In: shots with their quality. Out: attributes by vote, each shot weighed by
//! its quality; an attribute that most of the weight could not tell, or that
//! ends with little belief, is left out. The vectors are those of the best
//! shot that has them.

use std::sync::Arc;

use types::{Appearance, Attribute, BestShot, Embedding};

/// Values with less belief after the vote are left out.
const MIN_LIKELIHOOD: f32 = 0.3;
/// An attribute must have been told by this share of the weight.
const MIN_TOLD: f32 = 0.34;
/// Most values of one attribute: clothes and cars of two colours.
const MAX_VALUES: usize = 2;
/// Most different values remembered.
const MAX_VOTES: usize = 32;
/// A shot of no quality counts a little.
const MIN_WEIGHT: f32 = 0.01;

/// The votes of one object's shots.
#[derive(Debug, Default)]
pub(super) struct Votes {
    weight: f32,
    votes: Vec<Vote>,
    embeddings: Vec<(f32, Embedding)>,
}

#[derive(Debug)]
struct Vote {
    name: &'static str,
    value: Arc<str>,
    /// Sum of weight times likelihood.
    support: f32,
    /// Weight of the shots that told this attribute with any value; the same
    /// in all votes of one name.
    told: f32,
}

impl Votes {
    /// Whether there was any shot.
    pub(super) fn has_shot(&self) -> bool {
        self.weight > 0.0
    }

    /// The vectors of the best shots so far.
    pub(super) fn embeddings(&self) -> impl Iterator<Item = &Embedding> {
        self.embeddings.iter().map(|(_, embedding)| embedding)
    }

    /// Takes what `shot` says.
    pub(super) fn add(&mut self, shot: &BestShot) {
        let weight = shot.quality.total.max(MIN_WEIGHT);
        self.weight += weight;
        let attributes = &shot.appearance.attributes;
        for (idx, attribute) in attributes.iter().enumerate() {
            self.support(attribute, weight);
            let is_first = !attributes[..idx].iter().any(|a| a.name == attribute.name);
            if is_first {
                let told = self.told(attribute.name) + weight;
                let same = self.votes.iter_mut();
                for vote in same.filter(|vote| vote.name == attribute.name) {
                    vote.told = told;
                }
            }
        }
        for embedding in &shot.appearance.embeddings {
            let known = self
                .embeddings
                .iter_mut()
                .find(|(_, known)| known.maker == embedding.maker);
            match known {
                Some(known) if known.0 >= weight => {}
                Some(known) => *known = (weight, embedding.clone()),
                None => self.embeddings.push((weight, embedding.clone())),
            }
        }
    }

    /// What the votes say.
    pub(super) fn appearance(&self, has_attributes: bool) -> Appearance {
        let mut attributes: Vec<Attribute> = Vec::new();
        let mut votes: Vec<&Vote> = self.votes.iter().collect();
        // Most support first; names in the order in which they were told.
        votes.sort_by(|a, b| b.support.total_cmp(&a.support));
        for vote in votes {
            let likelihood = (vote.support / vote.told.max(f32::MIN_POSITIVE)).min(1.0);
            let n_values = attributes.iter().filter(|a| a.name == vote.name).count();
            let is_told = vote.told >= MIN_TOLD * self.weight && likelihood >= MIN_LIKELIHOOD;
            if has_attributes && is_told && n_values < MAX_VALUES {
                attributes.push(Attribute {
                    name: vote.name,
                    value: Arc::clone(&vote.value),
                    likelihood,
                });
            }
        }
        Appearance {
            attributes,
            embeddings: self.embeddings().cloned().collect(),
        }
    }

    fn support(&mut self, attribute: &Attribute, weight: f32) {
        let support = weight * attribute.likelihood.clamp(0.0, 1.0);
        let is_same = |vote: &Vote| vote.name == attribute.name && vote.value == attribute.value;
        if let Some(idx) = self.votes.iter().position(is_same) {
            self.votes[idx].support += support;
        } else if self.votes.len() < MAX_VOTES {
            let told = self.told(attribute.name);
            self.votes.push(Vote {
                name: attribute.name,
                value: Arc::clone(&attribute.value),
                support,
                told,
            });
        }
    }

    fn told(&self, name: &str) -> f32 {
        let same = self.votes.iter().find(|vote| vote.name == name);
        same.map_or(0.0, |vote| vote.told)
    }
}

#[cfg(test)]
mod tests {
    use types::{Class, NormBox, ShotQuality, ShotStage, Timestamp, TrackId};

    use super::*;

    fn shot(total: f32, attributes: &[(&'static str, &str, f32)], vector: &[f32]) -> BestShot {
        let attributes = attributes
            .iter()
            .map(|&(name, value, likelihood)| Attribute {
                name,
                value: value.into(),
                likelihood,
            });
        let embedding = Embedding {
            maker: "test/1".into(),
            values: vector.into(),
        };
        BestShot {
            track_id: TrackId(1),
            stage: ShotStage::Early,
            captured_at: Timestamp::default(),
            bbox: NormBox::default(),
            class: Class::Person,
            score: 0.8,
            quality: ShotQuality {
                total,
                ..ShotQuality::default()
            },
            jpeg: Arc::from([]),
            width_px: 1,
            height_px: 1,
            appearance: Appearance {
                attributes: attributes.collect(),
                embeddings: vec![embedding],
            },
        }
    }

    fn told(shots: &[BestShot]) -> Vec<String> {
        let mut votes = Votes::default();
        for shot in shots {
            votes.add(shot);
        }
        let attributes = votes.appearance(true).attributes;
        let told = attributes.iter();
        told.map(|a| format!("{} {} {:.2}", a.name, a.value, a.likelihood))
            .collect()
    }

    #[test]
    fn better_shot_outvotes_the_worse_and_doubt_is_left_out() {
        for (shots, expected) in [
            (
                vec![shot(0.8, &[("upper_colour", "red", 0.9)], &[])],
                vec!["upper_colour red 0.90"],
            ),
            (
                vec![
                    shot(0.2, &[("upper_colour", "black", 0.9)], &[]),
                    shot(0.8, &[("upper_colour", "red", 0.8)], &[]),
                ],
                vec!["upper_colour red 0.64"],
            ),
            // Told only by the much worse of two shots.
            (
                vec![
                    shot(0.2, &[("lower_colour", "black", 0.9)], &[]),
                    shot(0.8, &[("upper_colour", "red", 0.8)], &[]),
                ],
                vec!["upper_colour red 0.80"],
            ),
            // Two colours in one shot are both told.
            (
                vec![shot(
                    0.8,
                    &[("upper_colour", "red", 0.5), ("upper_colour", "white", 0.4)],
                    &[],
                )],
                vec!["upper_colour red 0.50", "upper_colour white 0.40"],
            ),
            (vec![shot(0.8, &[], &[])], vec![]),
        ] {
            assert_eq!(told(&shots), expected);
        }
    }

    #[test]
    fn vector_is_that_of_the_best_shot_and_stays_without_attributes() {
        let mut votes = Votes::default();
        assert!(!votes.has_shot());
        for (total, vector) in [(0.3, 1.0), (0.9, 2.0), (0.5, 3.0)] {
            votes.add(&shot(total, &[("upper_colour", "red", 0.9)], &[vector]));
        }
        let appearance = votes.appearance(false);
        assert_eq!(appearance.attributes, []);
        assert_eq!(&*appearance.embeddings[0].values, [2.0]);
        assert_eq!(appearance.embeddings.len(), 1);
    }
}
