//! Visits: who is inside one zone, and since when.
//!
//! In: one call per scene, with which of its tracks have their anchor inside.
//! Out: the visits that go on, each with what its rule remembers about it, and
//! those that are over.
//!
//! A visit begins when a confirmed track stands inside. It is not broken by
//! - a step over the edge by no more than the box jitters,
//! - an absence of up to `grace`,
//! - a track that is lost inside the zone, while the tracker expects it there,
//! - a change of identity: a new track of the same group that appears where
//!   one vanished takes over its visit,
//! - a pause of the video, if the track is still inside afterwards.
//!
//! Time comes only from the scenes.
//!
//! Not here: what a visit means (`vmd`), the zone's shape (`site`).

use std::time::Duration;

use types::{ClassGroup, NormBox, Timestamp, Track, TrackId, TrackState};

use crate::site::{Anchor, Place};
use crate::view::{Subset, View};

/// Most visits of one zone at one time; more are refused and counted. The
/// tracker follows half as many objects.
const MAX_VISITS: usize = 256;
/// How far from where a track vanished a new one may take over its visit, in
/// sizes of the larger box, per axis.
const TAKE_OVER_REACH: f32 = 1.5;

/// The visits to one zone. `S` is what the rule remembers about each.
#[derive(Debug)]
pub(crate) struct Visits<S> {
    grace: Duration,
    visits: Vec<Visit<S>>,
    n_refused: u64,
}

/// One stay in the zone.
#[derive(Debug)]
pub(crate) struct Visit<S> {
    /// Who it is; changes when another track takes over.
    pub(crate) track_id: TrackId,
    /// Where it is among the tracks of the newest scene.
    pub(crate) track_idx: Option<usize>,
    /// First scene inside.
    pub(crate) since: Timestamp,
    /// Newest detection inside.
    pub(crate) last_seen_inside: Timestamp,
    /// Box at [`last_seen_inside`](Self::last_seen_inside).
    pub(crate) bbox: NormBox,
    /// What the rule remembers.
    pub(crate) state: S,
    presence: Presence,
    /// Newest scene in which it was inside or expected there.
    last_inside: Timestamp,
    group: ClassGroup,
}

/// Where the visitor is as of the newest scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presence {
    /// Seen inside, or so shortly ago that it counts.
    Inside,
    /// Not seen, expected inside.
    Expected,
    /// Outside the zone.
    Left,
    /// No longer among the tracks.
    Vanished,
}

impl<S> Visit<S> {
    pub(crate) fn presence(&self) -> Presence {
        self.presence
    }

    fn is_absent(&self) -> bool {
        matches!(self.presence, Presence::Left | Presence::Vanished)
    }
}

impl<S: Default> Visits<S> {
    pub(crate) fn new(grace: Duration) -> Self {
        Visits {
            grace,
            visits: Vec::new(),
            n_refused: 0,
        }
    }

    /// Advances to the scene of `view`, of whose tracks those `inside` stand in
    /// `place` (with none: anywhere) by their `anchor`. Returns the visits that
    /// are over.
    pub(crate) fn update(
        &mut self,
        view: &View<'_>,
        place: Option<&Place>,
        anchor: Anchor,
        inside: &Subset,
    ) -> Vec<Visit<S>> {
        let at = view.at();
        // Before anybody is let in again: who was away too long comes anew.
        let mut over = self.take_expired(at);
        for visit in &mut over {
            visit.track_idx = view.idx_near(visit.track_idx, visit.track_id);
        }
        let mut known = Subset::none_of(view.tracks.len());
        for visit in &mut self.visits {
            let idx = view.idx_near(visit.track_idx, visit.track_id);
            visit.track_idx = idx;
            if let Some(idx) = idx {
                known.insert(idx);
            }
            visit.presence = idx.map_or(Presence::Vanished, |idx| {
                let track = &view.tracks[idx];
                let nearly = || place.is_none_or(|place| place.nearly_holds(track.bbox, anchor));
                presence(track, inside.contains(idx) || nearly())
            });
            if let (Presence::Inside | Presence::Expected, Some(idx)) = (visit.presence, idx) {
                visit.stay(at, &view.tracks[idx]);
            }
        }
        for idx in inside.iter_without(&known) {
            if view.tracks[idx].state == TrackState::Confirmed {
                self.let_in(at, idx, &view.tracks[idx]);
            }
        }
        over.extend(self.take_expired(at));
        over
    }

    /// The visit of the track `track_id`.
    pub(crate) fn of(&self, track_id: TrackId) -> Option<&Visit<S>> {
        self.visits.iter().find(|visit| visit.track_id == track_id)
    }

    /// The visits that go on.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Visit<S>> {
        self.visits.iter()
    }

    /// The visits that go on.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Visit<S>> {
        self.visits.iter_mut()
    }

    /// Visits not followed so far because there were too many.
    pub(crate) fn n_refused(&self) -> u64 {
        self.n_refused
    }

    /// Lets in `track`, the one at `idx`, which has no visit yet.
    fn let_in(&mut self, at: Timestamp, idx: usize, track: &Track) {
        if let Some(visit) = self.visits.iter_mut().find(|visit| visit.may_go_to(track)) {
            visit.track_id = track.track_id;
            visit.track_idx = Some(idx);
            visit.presence = Presence::Inside;
            visit.stay(at, track);
            return;
        }
        if self.visits.len() >= MAX_VISITS {
            self.n_refused += 1;
            return;
        }
        self.visits.push(Visit {
            track_id: track.track_id,
            track_idx: Some(idx),
            since: at,
            last_seen_inside: at,
            bbox: track.bbox,
            state: S::default(),
            presence: Presence::Inside,
            last_inside: at,
            group: track.class.group(),
        });
    }

    fn take_expired(&mut self, at: Timestamp) -> Vec<Visit<S>> {
        let grace = self.grace;
        let is_over = |visit: &mut Visit<S>| {
            visit.is_absent() && at.saturating_since(visit.last_inside) > grace
        };
        self.visits.extract_if(.., is_over).collect()
    }
}

impl<S> Visit<S> {
    fn stay(&mut self, at: Timestamp, track: &Track) {
        self.last_inside = at;
        if self.presence == Presence::Inside {
            self.last_seen_inside = track.last_seen_at.max(self.last_seen_inside);
            self.bbox = track.bbox;
        }
    }

    /// Whether `track` is probably this visitor under a new identity: it
    /// appeared near, after this one was last seen.
    fn may_go_to(&self, track: &Track) -> bool {
        let (old, new) = (self.bbox, track.bbox);
        let reach_x = TAKE_OVER_REACH * old.width().max(new.width());
        let reach_y = TAKE_OVER_REACH * old.height().max(new.height());
        matches!(self.presence, Presence::Expected | Presence::Vanished)
            && self.group == track.class.group()
            && track.first_seen_at >= self.last_seen_inside
            && (old.centre().x - new.centre().x).abs() <= reach_x
            && (old.centre().y - new.centre().y).abs() <= reach_y
    }
}

/// Where `track` is, who is in the zone or `nearly` so.
fn presence(track: &Track, nearly: bool) -> Presence {
    match track.state {
        TrackState::Ended => Presence::Vanished,
        _ if !nearly => Presence::Left,
        // What rests and is merely not recognised is believed to be there.
        TrackState::Lost if !track.is_stationary => Presence::Expected,
        TrackState::Lost | TrackState::Tentative | TrackState::Confirmed => Presence::Inside,
    }
}
