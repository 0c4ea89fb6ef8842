//! Tracks against truth.
//!
//! In: scenes with the truth about each. Out: a [`Tally`].
//!
//! In each frame confirmed tracks and truth boxes of one class group are
//! paired: first the pair of the frame before while it still overlaps, then
//! the rest by overlap. An object counts when it could be seen well for 2 s.

use std::collections::{BTreeMap, BTreeSet};

use sim::street::TruthBox;
use types::{Class, Scene, TrackId, TrackState};

/// Least overlap of a track and its object.
const MIN_IOU: f32 = 0.3;
/// Least height at which an object is asked for, parts of the picture's: 30
/// pixels of 1080.
const MIN_HEIGHT: f32 = 30.0 / 1080.0;
/// Seen in at least so many frames, an object counts.
const MIN_VISIBLE: u32 = 10;
/// A track that lay on a second object for so many frames has passed to it.
const PASSED: u32 = 5;

/// What became of one object.
#[derive(Clone, Debug)]
pub(crate) struct ObjectNote {
    pub(crate) object_id: u32,
    pub(crate) class: Class,
    pub(crate) n_visible: u32,
    pub(crate) n_covered: u32,
    /// Frames by track.
    pub(crate) by_track: BTreeMap<TrackId, u32>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Scorer {
    objects: BTreeMap<u32, ObjectNote>,
    last_pairs: BTreeMap<u32, TrackId>,
    confirmed: BTreeSet<TrackId>,
    /// Of confirmed tracks: frames by object.
    by_track: BTreeMap<TrackId, BTreeMap<u32, u32>>,
}

/// The numbers of one run.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    pub(crate) n_objects: u32,
    pub(crate) n_found: u32,
    /// Tracks whose main object is a found one.
    pub(crate) n_ids: u32,
    /// Tracks that passed from one object to another.
    pub(crate) n_switches: u32,
    /// Confirmed tracks that never lay on anything.
    pub(crate) n_invented: u32,
}

impl Tally {
    pub(crate) fn ids_per_found(&self) -> f64 {
        f64::from(self.n_ids) / f64::from(self.n_found.max(1))
    }
}

impl Scorer {
    pub(crate) fn add(&mut self, scene: &Scene, truth: &[TruthBox]) {
        let tracks: Vec<_> = scene
            .tracks
            .iter()
            .filter(|track| track.state == TrackState::Confirmed)
            .collect();
        self.confirmed
            .extend(tracks.iter().map(|track| track.track_id));
        let mut pairs = Vec::new();
        for object in truth {
            for track in &tracks {
                let iou = object.bbox.iou(track.bbox);
                if iou >= MIN_IOU && object.class.group() == track.class.group() {
                    let was = self.last_pairs.get(&object.object_id) == Some(&track.track_id);
                    pairs.push((was, iou, object.object_id, track.track_id));
                }
            }
        }
        pairs.sort_by(|a, b| (b.0, b.1).partial_cmp(&(a.0, a.1)).expect("finite"));
        let mut now = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for (_, _, object_id, track_id) in pairs {
            if !now.contains_key(&object_id) && taken.insert(track_id) {
                now.insert(object_id, track_id);
            }
        }
        for object in truth {
            let note = self.objects.entry(object.object_id).or_insert(ObjectNote {
                object_id: object.object_id,
                class: object.class,
                n_visible: 0,
                n_covered: 0,
                by_track: BTreeMap::new(),
            });
            let is_visible = !object.is_occluded() && object.bbox.height() >= MIN_HEIGHT;
            note.n_visible += u32::from(is_visible);
            if let Some(&track_id) = now.get(&object.object_id) {
                note.n_covered += u32::from(is_visible);
                *note.by_track.entry(track_id).or_default() += 1;
                let by_object = self.by_track.entry(track_id).or_default();
                *by_object.entry(object.object_id).or_default() += 1;
            }
        }
        self.last_pairs = now;
    }

    pub(crate) fn objects(&self) -> impl Iterator<Item = &ObjectNote> {
        self.objects
            .values()
            .filter(|note| note.n_visible >= MIN_VISIBLE)
    }

    pub(crate) fn tally(&self) -> Tally {
        let found: BTreeSet<u32> = self
            .objects()
            .filter(|note| is_found(note))
            .map(|note| note.object_id)
            .collect();
        let mut tally = Tally {
            n_objects: u32::try_from(self.objects().count()).unwrap_or(u32::MAX),
            n_found: u32::try_from(found.len()).unwrap_or(u32::MAX),
            ..Tally::default()
        };
        for track_id in &self.confirmed {
            let Some(by_object) = self.by_track.get(track_id) else {
                tally.n_invented += 1;
                continue;
            };
            let main = by_object.iter().max_by_key(|(id, n)| (**n, **id));
            tally.n_ids += u32::from(main.is_some_and(|(id, _)| found.contains(id)));
            let n_held = by_object.values().filter(|n| **n >= PASSED).count();
            tally.n_switches += u32::from(n_held > 1);
        }
        tally
    }
}

pub(crate) fn is_found(note: &ObjectNote) -> bool {
    note.n_covered * 2 >= note.n_visible
}

#[cfg(test)]
mod tests {
    use types::{NormBox, Timestamp, Track};

    use super::*;

    fn truth(object_id: u32, x: f32) -> TruthBox {
        TruthBox {
            object_id,
            class: Class::Person,
            bbox: NormBox::from_xyxy(x, 0.4, x + 0.1, 0.7),
            occluded_share: 0.0,
            is_parked: false,
        }
    }

    fn scene(tracks: &[(u64, f32)]) -> Scene {
        let track = |&(id, x): &(u64, f32)| Track {
            track_id: TrackId(id),
            state: TrackState::Confirmed,
            bbox: truth(0, x).bbox,
            class: Class::Person,
            score: 0.5,
            first_seen_at: Timestamp::default(),
            last_seen_at: Timestamp::default(),
            velocity: (0.0, 0.0),
            is_stationary: false,
            moved: types::Moved::Surely,
        };
        Scene {
            tracks: tracks.iter().map(track).collect(),
            ..Scene::default()
        }
    }

    /// Truth, and tracks by identity and place.
    type Moment<'a> = (&'a [TruthBox], &'a [(u64, f32)]);

    fn tally(moments: &[Moment<'_>]) -> Tally {
        let mut scorer = Scorer::default();
        for (truth, tracks) in moments {
            for _ in 0..10 {
                scorer.add(&scene(tracks), truth);
            }
        }
        scorer.tally()
    }

    #[test]
    fn object_with_one_track_then_another_has_two_ids() {
        let object = [truth(1, 0.2)];
        let tally = tally(&[(&object, &[(5, 0.2)]), (&object, &[(6, 0.21)])]);
        let expected = Tally {
            n_objects: 1,
            n_found: 1,
            n_ids: 2,
            ..Tally::default()
        };
        assert_eq!(tally, expected);
    }

    #[test]
    fn track_that_goes_on_with_another_object_has_switched() {
        let tally = tally(&[
            (&[truth(1, 0.2)], &[(5, 0.2)]),
            (&[truth(2, 0.6)], &[(5, 0.6)]),
        ]);
        assert_eq!((tally.n_found, tally.n_ids, tally.n_switches), (2, 1, 1));
    }

    #[test]
    fn track_on_nothing_is_invented_and_object_without_track_is_missed() {
        let tally = tally(&[(&[truth(1, 0.2)], &[(5, 0.7)])]);
        assert_eq!(
            (tally.n_objects, tally.n_found, tally.n_invented),
            (1, 0, 1)
        );
    }
}
