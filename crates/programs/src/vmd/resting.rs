//! Where objects stand or stood still: a car that parks is no thing left
//! behind, and one that drives away no thing removed.
//!
//! In: every scene. Out: whether a change of the scene is the shape of such an
//! object.

use std::time::Duration;

use types::{NormBox, Timestamp, TrackId};

use crate::view::View;

/// Most places; the one not seen for longest is forgotten.
const MAX_PLACES: usize = 256;
/// A place is remembered for so long after the object was last seen there:
/// longer than a change takes to be noticed.
const KEEP: Duration = Duration::from_secs(600);
/// A change whose box overlaps that of an object at rest by so much (area in
/// common over area of both) is the object.
const SAME_IOU: f32 = 0.4;

#[derive(Debug, Default)]
pub(super) struct RestingPlaces {
    places: Vec<(TrackId, NormBox, Timestamp)>,
}

impl RestingPlaces {
    pub(super) fn update(&mut self, view: &View<'_>) {
        let at = view.at();
        self.places
            .retain(|(_, _, last)| at.saturating_since(*last) <= KEEP);
        for track in view.tracks.iter().filter(|track| track.is_stationary) {
            let known = self.places.iter_mut().find(|(track_id, bbox, _)| {
                *track_id == track.track_id && bbox.iou(track.bbox) >= SAME_IOU
            });
            match known {
                Some((_, bbox, last)) => (*bbox, *last) = (track.bbox, at),
                None => self.places.push((track.track_id, track.bbox, at)),
            }
        }
        let n_over = self.places.len().saturating_sub(MAX_PLACES);
        if n_over > 0 {
            self.places.sort_by_key(|(_, _, last)| *last);
            self.places.drain(..n_over);
        }
    }

    /// Whether an object rests or rested in `bbox`, and hardly beyond it.
    pub(super) fn is_one_in(&self, bbox: NormBox) -> bool {
        self.places
            .iter()
            .any(|(_, place, _)| place.iou(bbox) >= SAME_IOU)
    }
}
