//! A scene made ready for many questions.
//!
//! In: a scene and the camera's site. Out: its tracks by identity, which of
//! them are masked, and which stand in a zone. Each is found once per scene,
//! however many rules ask.
//!
//! Not here: what happened before (`visits`).

use types::{NormPoint, Scene, Timestamp, Track, TrackId, TrackState};

use crate::site::{Anchor, Place, Site};

/// Most tracks of one scene that are looked at, oldest first. The tracker
/// follows far fewer.
pub(crate) const MAX_TRACKS: usize = 1_024;

/// One scene, ready for questions.
#[derive(Debug)]
pub(crate) struct View<'a> {
    pub(crate) scene: &'a Scene,
    pub(crate) site: &'a Site,
    /// At most [`MAX_TRACKS`] of the scene's.
    pub(crate) tracks: &'a [Track],
    by_id: Vec<(TrackId, usize)>,
    masked: Subset,
}

impl<'a> View<'a> {
    pub(crate) fn new(scene: &'a Scene, site: &'a Site) -> Self {
        let tracks = &scene.tracks[..scene.tracks.len().min(MAX_TRACKS)];
        let mut by_id: Vec<(TrackId, usize)> = tracks
            .iter()
            .enumerate()
            .map(|(idx, track)| (track.track_id, idx))
            .collect();
        // Nearly always in order already.
        by_id.sort_unstable();
        let is_masked = |track: &Track| site.masks().iter().any(|mask| mask.covers(track));
        let mut masked = Subset::default();
        masked.fill(tracks.iter().map(is_masked));
        View {
            scene,
            site,
            tracks,
            by_id,
            masked,
        }
    }

    /// When the scene was captured.
    pub(crate) fn at(&self) -> Timestamp {
        self.scene.captured_at
    }

    /// Where in [`tracks`](Self::tracks) the track `track_id` is.
    pub(crate) fn idx_of(&self, track_id: TrackId) -> Option<usize> {
        let found = self.by_id.binary_search_by_key(&track_id, |(id, _)| *id);
        found.ok().map(|position| self.by_id[position].1)
    }

    /// As [`idx_of`](Self::idx_of), of a track that was at `hint` in the scene
    /// before: most stay where they were.
    pub(crate) fn idx_near(&self, hint: Option<usize>, track_id: TrackId) -> Option<usize> {
        let is_there = |idx: &usize| {
            self.tracks
                .get(*idx)
                .is_some_and(|track| track.track_id == track_id)
        };
        hint.filter(is_there).or_else(|| self.idx_of(track_id))
    }

    /// The track `track_id`, unless this is its last scene.
    pub(crate) fn living(&self, track_id: TrackId) -> Option<&'a Track> {
        let track = &self.tracks[self.idx_of(track_id)?];
        (track.state != TrackState::Ended).then_some(track)
    }

    /// Whether the track at `idx` is in a mask for its class.
    pub(crate) fn is_masked(&self, idx: usize) -> bool {
        self.masked.contains(idx)
    }

    /// Puts into `subset` the tracks that stand in `place` by their `anchor`;
    /// with no place, all of the picture.
    pub(crate) fn inside(&self, place: Option<&Place>, anchor: Anchor, subset: &mut Subset) {
        subset.fill(self.tracks.iter().map(|track| {
            track.state != TrackState::Ended
                && place.is_none_or(|place| place.holds(track.bbox, anchor))
        }));
    }
}

/// Some tracks of one scene, by their positions in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subset {
    words: Vec<u64>,
}

impl Subset {
    /// Starts over with the positions for which `members` says yes.
    pub(crate) fn fill(&mut self, members: impl Iterator<Item = bool>) {
        self.words.clear();
        for (idx, is_member) in members.enumerate() {
            if idx % 64 == 0 {
                self.words.push(0);
            }
            if let Some(word) = self.words.last_mut() {
                *word |= u64::from(is_member) << (idx % 64);
            }
        }
    }

    /// None of `n_tracks`.
    pub(crate) fn none_of(n_tracks: usize) -> Self {
        Subset {
            words: vec![0; n_tracks.div_ceil(64)],
        }
    }

    /// Adds a position below the number of tracks.
    pub(crate) fn insert(&mut self, idx: usize) {
        if let Some(word) = self.words.get_mut(idx / 64) {
            *word |= 1 << (idx % 64);
        }
    }

    pub(crate) fn contains(&self, idx: usize) -> bool {
        self.words
            .get(idx / 64)
            .is_some_and(|word| word >> (idx % 64) & 1 == 1)
    }

    /// The positions, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words
            .iter()
            .enumerate()
            .flat_map(|(word_idx, word)| positions(word_idx, *word))
    }

    /// The positions that are not in `other`, in order.
    pub(crate) fn iter_without<'a>(
        &'a self,
        other: &'a Subset,
    ) -> impl Iterator<Item = usize> + 'a {
        self.words.iter().enumerate().flat_map(|(word_idx, word)| {
            let without = other.words.get(word_idx).copied().unwrap_or(0);
            positions(word_idx, word & !without)
        })
    }
}

/// The positions of the bits of the word at `word_idx`.
fn positions(word_idx: usize, word: u64) -> impl Iterator<Item = usize> {
    let mut left = word;
    std::iter::from_fn(move || {
        let bit = left.trailing_zeros();
        left &= left.checked_sub(1)?;
        Some(word_idx * 64 + bit as usize)
    })
}

/// How far from the picture's border a box counts as cut off by it, parts of
/// the picture.
const BORDER: f32 = 0.01;

/// Whether `track`'s box touches the border of the picture.
pub(crate) fn is_at_border(track: &Track) -> bool {
    let bbox = track.bbox;
    bbox.x1() <= BORDER
        || bbox.y1() <= BORDER
        || bbox.x2() >= 1.0 - BORDER
        || bbox.y2() >= 1.0 - BORDER
}

/// Distance between two points in picture heights.
pub(crate) fn distance_heights(a: NormPoint, b: NormPoint, aspect: f32) -> f32 {
    square_distance(a, b, aspect).sqrt()
}

/// Its square, for the many comparisons that need no root.
pub(crate) fn square_distance(a: NormPoint, b: NormPoint, aspect: f32) -> f32 {
    let (dx, dy) = ((a.x - b.x) * aspect, a.y - b.y);
    dx * dx + dy * dy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subset_gives_back_what_was_put_in() {
        let mut subset = Subset::default();
        let members = [0, 3, 63, 64, 129];
        subset.fill((0..130).map(|idx| members.contains(&idx)));
        assert_eq!(subset.iter().collect::<Vec<_>>(), members);
        assert!(subset.contains(64) && !subset.contains(65) && !subset.contains(1_000));
        let mut some = Subset::none_of(130);
        some.insert(63);
        some.insert(129);
        assert_eq!(subset.iter_without(&some).collect::<Vec<_>>(), [0, 3, 64]);
        subset.fill([false, true].into_iter());
        assert_eq!(subset.iter().collect::<Vec<_>>(), [1]);
    }
}
