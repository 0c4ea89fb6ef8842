//! Watch lists: whether somebody who was just seen looks like one of a few
//! who are waited for.
//!
//! In: lists with examples, each with vectors by maker; the vectors of a
//! sighting. Out: the best match of each list that reaches its threshold.
//!
//! Vectors are compared with their like only. Where both have vectors by a
//! model, the classical descriptor is not asked: it would only guess more often.
//!
//! Not here: who may keep a list, for how long, and what an alarm is.

use std::sync::Arc;

use types::{CameraId, ProgramKind, Timestamp};

use crate::search::similarity;

/// A list that can be compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchList {
    /// Its number.
    pub list_id: u32,
    /// What people call it.
    pub name: String,
    /// Whom it waits for.
    pub program: ProgramKind,
    /// Only before these cameras; all when empty.
    pub cameras: Vec<CameraId>,
    /// From this similarity on it is a match, 0..=1.
    pub threshold: f32,
    /// From then on it waits for nobody.
    pub expires_at: Timestamp,
    /// Who is waited for.
    pub examples: Vec<WatchExample>,
}

/// One who is waited for.
#[derive(Clone, Debug, PartialEq)]
pub struct WatchExample {
    /// Its number within the list.
    pub example_id: u32,
    /// What it is compared by: maker, vector of unit length.
    pub vectors: Vec<(Arc<str>, Vec<f32>)>,
}

/// Somebody who was seen.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// On which camera.
    pub camera_id: &'a CameraId,
    /// By which program.
    pub program: ProgramKind,
    /// By maker.
    pub vectors: &'a [(String, Vec<f32>)],
}

/// Somebody who was waited for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Match {
    /// The example that is most alike.
    pub example_id: u32,
    /// How much, at most 1.
    pub similarity: f32,
}

impl WatchList {
    /// The best match, if there is one at `now`. `classic` is the maker that
    /// needs no model.
    pub fn check(&self, seen: &Seen<'_>, now: Timestamp, classic: &str) -> Option<Match> {
        let is_watched = now < self.expires_at
            && seen.program == self.program
            && (self.cameras.is_empty() || self.cameras.contains(seen.camera_id));
        if !is_watched {
            return None;
        }
        let matches = self.examples.iter().filter_map(|example| {
            let similarity = example.similarity(seen.vectors, classic)?;
            (similarity >= self.threshold).then_some(Match {
                example_id: example.example_id,
                similarity,
            })
        });
        matches.max_by(|a, b| a.similarity.total_cmp(&b.similarity))
    }
}

impl WatchExample {
    /// The greatest similarity by a model that both have, or else by the
    /// classical descriptor; `None` where they have no maker in common.
    fn similarity(&self, vectors: &[(String, Vec<f32>)], classic: &str) -> Option<f32> {
        let by = |is_wanted: &dyn Fn(&str) -> bool| {
            let pairs = self.vectors.iter().filter(|(maker, _)| is_wanted(maker));
            let alike = pairs.filter_map(|(maker, ours)| {
                let mut theirs = vectors.iter();
                let (_, theirs) = theirs.find(|(other, _)| **other == **maker)?;
                (theirs.len() == ours.len()).then(|| similarity(ours, theirs))
            });
            alike.max_by(f32::total_cmp)
        };
        by(&|maker| maker != classic).or_else(|| by(&|maker| maker == classic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSIC: &str = "classic/1";

    fn list() -> WatchList {
        let example = |example_id, vectors: &[(&str, [f32; 2])]| WatchExample {
            example_id,
            vectors: vectors
                .iter()
                .map(|(maker, vector)| (Arc::from(*maker), vector.to_vec()))
                .collect(),
        };
        WatchList {
            list_id: 1,
            name: "Barred".to_owned(),
            program: ProgramKind::People,
            cameras: Vec::new(),
            threshold: 0.9,
            expires_at: Timestamp::from_secs(100),
            examples: vec![
                example(1, &[("model/1", [1.0, 0.0]), (CLASSIC, [1.0, 0.0])]),
                example(2, &[(CLASSIC, [0.0, 1.0])]),
            ],
        }
    }

    /// Somebody with these vectors, seen by `camera` at `second`.
    fn check(
        list: &WatchList,
        camera: &str,
        second: i64,
        vectors: &[(&str, [f32; 2])],
    ) -> Option<(u32, f32)> {
        let vectors: Vec<(String, Vec<f32>)> = vectors
            .iter()
            .map(|(maker, vector)| ((*maker).to_owned(), vector.to_vec()))
            .collect();
        let seen = Seen {
            camera_id: &CameraId::new(camera).unwrap(),
            program: ProgramKind::People,
            vectors: &vectors,
        };
        let found = list.check(&seen, Timestamp::from_secs(second), CLASSIC)?;
        Some((found.example_id, found.similarity))
    }

    #[test]
    fn best_example_that_reaches_the_threshold_matches() {
        let list = list();
        assert_eq!(
            check(&list, "gate", 1, &[(CLASSIC, [0.0, 1.0])]),
            Some((2, 1.0))
        );
        assert_eq!(check(&list, "gate", 1, &[(CLASSIC, [0.8, 0.6])]), None);
        assert_eq!(check(&list, "gate", 1, &[("other/1", [1.0, 0.0])]), None);
        let lower = WatchList {
            threshold: 0.8,
            ..list
        };
        assert_eq!(
            check(&lower, "gate", 1, &[(CLASSIC, [0.8, 0.6])]),
            Some((1, 0.8))
        );
    }

    #[test]
    fn model_decides_alone_where_both_have_its_vector() {
        let unlike = [("model/1", [0.0, 1.0]), (CLASSIC, [1.0, 0.0])];
        assert_eq!(check(&list(), "gate", 1, &unlike), None);
        let alike = [("model/1", [1.0, 0.0]), (CLASSIC, [0.6, 0.8])];
        assert_eq!(check(&list(), "gate", 1, &alike), Some((1, 1.0)));
    }

    #[test]
    fn list_waits_at_its_cameras_for_its_kind_until_it_expires() {
        let vectors = [(CLASSIC, [1.0, 0.0])];
        assert!(check(&list(), "gate", 99, &vectors).is_some());
        assert_eq!(check(&list(), "gate", 100, &vectors), None);
        let elsewhere = WatchList {
            cameras: vec![CameraId::new("yard").unwrap()],
            ..list()
        };
        assert_eq!(check(&elsewhere, "gate", 1, &vectors), None);
        assert!(check(&elsewhere, "yard", 1, &vectors).is_some());
        let vehicles = WatchList {
            program: ProgramKind::Vehicle,
            ..list()
        };
        assert_eq!(check(&vehicles, "gate", 1, &vectors), None);
    }
}
