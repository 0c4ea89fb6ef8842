//! A line made ready for many questions, and who crosses it.
//!
//! In: tracks, each in every scene in which it appears, oldest first. Out: at
//! most one crossing per track and scene.
//!
//! A walk is followed from one sighting to the next, and each step over the
//! line is kept as a balance. It becomes a crossing only once the object is
//! *clear* of the line: so far beyond it that its box cannot have jittered
//! there. Whatever happened on the line before (swaying, waiting, turning
//! round) has then cancelled out, so that for every walk crossings one way
//! minus crossings the other way say on which side it came out.
//!
//! - A predicted box never crosses; a track that was lost and is found beyond
//!   the line has crossed.
//! - A tentative track crosses as soon as it is confirmed.
//! - A track that ends, or rests, at half the clear distance beyond the line
//!   has crossed: it went through a door, or stopped behind the line.
//! - A new track that appears where exactly one other was expected goes on
//!   with that one's walk.
//!
//! Time comes only from the scenes.
//!
//! Not here: counting (`counting`), alarms (`vmd`).

use std::time::Duration;

use types::{
    CameraLine, ClassGroup, Crossing, NormBox, NormPoint, Timestamp, Track, TrackId, TrackState,
};

/// Most walks of one line at one time; more are refused and counted. The
/// tracker follows half as many objects.
const MAX_WALKS: usize = 256;
/// Clear of the line is who is so far from it, in sizes of the box: its height
/// jitters by a few per cent, its width by more, as legs swing.
const CLEAR: (f32, f32) = (0.15, 0.08);
/// The same at least, in parts of the picture.
const MIN_CLEAR: f32 = 0.004;
/// Share of the clear distance from which a side is known.
const KNOWN: f32 = 0.5;
/// Rest beyond the line, at [`KNOWN`] or farther, that makes a crossing.
const REST: Duration = Duration::from_secs(2);
/// A walk without sightings is forgotten after this long: no tracker in use
/// keeps lost tracks longer.
const FORGET_AFTER: Duration = Duration::from_secs(30);
/// Longest gap over which a new track may go on with another's walk.
const TAKE_OVER_WITHIN: Duration = Duration::from_secs(2);
/// How far from where a track was expected its successor may appear, in sizes
/// of the larger box, per axis.
const TAKE_OVER_REACH: f32 = 0.75;
/// How much larger one of both boxes may be, by its longer side.
const TAKE_OVER_GROWTH: f32 = 1.6;

/// A line made ready for many questions.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    line: CameraLine,
    /// Around the line: most tracks of a scene are far from most lines.
    bounds: NormBox,
}

impl Path {
    /// Makes `line` ready.
    pub fn new(line: CameraLine) -> Self {
        let points = line.line.points();
        let at = |point: &NormPoint| NormBox::from_xyxy(point.x, point.y, point.x, point.y);
        let bounds = points
            .iter()
            .fold(at(&points[0]), |bounds, point| bounds.union(at(point)));
        Path { line, bounds }
    }

    /// The line as drawn.
    pub fn line(&self) -> &CameraLine {
        &self.line
    }

    /// How far `point` is from the line where `reach` per axis counts as 1;
    /// only known to be above 1 for points that are farther than that from
    /// the box around the line.
    fn distance(&self, point: NormPoint, reach: (f32, f32)) -> f32 {
        let outside = |value: f32, low: f32, high: f32| (low - value).max(value - high).max(0.0);
        let far_x = outside(point.x, self.bounds.x1(), self.bounds.x2()) / reach.0;
        let far_y = outside(point.y, self.bounds.y1(), self.bounds.y2()) / reach.1;
        if far_x > 1.0 || far_y > 1.0 {
            return far_x.max(far_y);
        }
        let relative = |corner: NormPoint| {
            let (dx, dy) = (corner.x - point.x, corner.y - point.y);
            (dx / reach.0, dy / reach.1)
        };
        self.line
            .line
            .points()
            .windows(2)
            .map(|pair| distance_to_origin(relative(pair[0]), relative(pair[1])))
            .fold(f32::INFINITY, f32::min)
    }

    /// Net steps over the line on the way `from` -> `to`: 1 to its right, -1
    /// to its left.
    fn balance(&self, from: NormPoint, to: NormPoint) -> i32 {
        let beside = from.x.max(to.x) < self.bounds.x1()
            || from.x.min(to.x) > self.bounds.x2()
            || from.y.max(to.y) < self.bounds.y1()
            || from.y.min(to.y) > self.bounds.y2();
        if beside {
            return 0;
        }
        match self.line.line.crossing(from, to) {
            Some(Crossing::LeftToRight) => 1,
            Some(Crossing::RightToLeft) => -1,
            None => 0,
        }
    }
}

/// Who crosses one line.
#[derive(Debug)]
pub struct Crossings {
    path: Path,
    /// By identity of the track.
    walks: Vec<Walk>,
    last_at: Option<Timestamp>,
    n_refused: u64,
}

/// One object's way so far.
#[derive(Clone, Copy, Debug)]
struct Walk {
    track_id: TrackId,
    group: ClassGroup,
    /// Where it was last seen.
    point: NormPoint,
    bbox: NormBox,
    velocity: (f32, f32),
    seen_at: Timestamp,
    /// Whether it was once far enough from the line for its side to be known.
    is_placed: bool,
    /// Net steps over the line that are not yet told.
    balance: i32,
    /// Since when it has been beyond the line, far enough to be known there.
    beyond_since: Option<Timestamp>,
}

impl Crossings {
    /// Nobody has been seen near `path` yet.
    pub fn new(path: Path) -> Self {
        Crossings {
            path,
            walks: Vec::new(),
            last_at: None,
            n_refused: 0,
        }
    }

    /// The line.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Walks not followed so far because there were too many.
    pub fn n_refused(&self) -> u64 {
        self.n_refused
    }

    /// Advances to `track` in the scene captured `at`, by the middle of its
    /// lower edge; says whether it has now crossed. Call it for every track of
    /// a scene in order, also the lost and the ended.
    pub fn step(&mut self, track: &Track, at: Timestamp) -> Option<Crossing> {
        self.step_at(track, track.bbox.bottom_centre(), at)
    }

    /// As [`step`](Self::step), by another `anchor` point.
    pub fn step_at(&mut self, track: &Track, anchor: NormPoint, at: Timestamp) -> Option<Crossing> {
        if self.last_at != Some(at) {
            self.last_at = Some(at);
            self.walks
                .retain(|walk| at.saturating_since(walk.seen_at) <= FORGET_AFTER);
        }
        let is_seen = track.last_seen_at >= at && track.state != TrackState::Lost;
        let found = self.find(track.track_id);
        let idx = match (found, track.state) {
            (Ok(idx), _) => idx,
            // Nobody who comes to be seen: nothing to follow.
            (Err(_), TrackState::Lost | TrackState::Ended) => return None,
            (Err(_), TrackState::Tentative | TrackState::Confirmed) => {
                self.admit(track, anchor, at)?
            }
        };
        let walk = &mut self.walks[idx];
        match track.state {
            TrackState::Ended => {
                // Kept for a successor; what it had on the line is settled.
                walk.tell(walk.beyond_since.is_some())
            }
            _ if !is_seen => None,
            _ => {
                walk.go(&self.path, track, anchor, at);
                let is_told = track.state == TrackState::Confirmed && walk.is_over(&self.path, at);
                walk.tell(is_told)
            }
        }
    }

    fn find(&self, track_id: TrackId) -> Result<usize, usize> {
        self.walks
            .binary_search_by_key(&track_id, |walk| walk.track_id)
    }

    /// Begins to follow `track`, or goes on with the walk it takes over;
    /// `None` when there is no room.
    fn admit(&mut self, track: &Track, anchor: NormPoint, at: Timestamp) -> Option<usize> {
        let mut walk = match self.predecessor(track, at) {
            Some(idx) => self.walks.remove(idx),
            None if self.walks.len() >= MAX_WALKS => {
                self.n_refused += 1;
                return None;
            }
            None => Walk::new(track, anchor),
        };
        walk.track_id = track.track_id;
        let (Ok(idx) | Err(idx)) = self.find(track.track_id);
        self.walks.insert(idx, walk);
        Some(idx)
    }

    /// The walk that `track` probably goes on with, if it is exactly one.
    fn predecessor(&self, track: &Track, at: Timestamp) -> Option<usize> {
        let mut candidates =
            (0..self.walks.len()).filter(|&idx| self.walks[idx].may_go_to(track, at));
        let only = candidates.next()?;
        candidates.next().is_none().then_some(only)
    }
}

impl Walk {
    fn new(track: &Track, anchor: NormPoint) -> Self {
        Walk {
            track_id: track.track_id,
            group: track.class.group(),
            point: anchor,
            bbox: track.bbox,
            velocity: track.velocity,
            seen_at: track.last_seen_at,
            is_placed: false,
            balance: 0,
            beyond_since: None,
        }
    }

    /// Takes the next step, to `anchor`.
    fn go(&mut self, path: &Path, track: &Track, anchor: NormPoint, at: Timestamp) {
        if self.is_placed {
            self.balance += path.balance(self.point, anchor);
        }
        self.point = anchor;
        self.bbox = track.bbox;
        self.velocity = track.velocity;
        self.group = track.class.group();
        self.seen_at = at;
        let is_known = path.distance(anchor, reach(track.bbox)) >= KNOWN;
        self.is_placed |= is_known;
        if self.balance == 0 || !is_known {
            self.beyond_since = None;
        } else {
            self.beyond_since.get_or_insert(at);
        }
    }

    /// Whether it is beyond the line for good.
    fn is_over(&self, path: &Path, at: Timestamp) -> bool {
        self.beyond_since.is_some_and(|since| {
            at.saturating_since(since) >= REST || path.distance(self.point, reach(self.bbox)) >= 1.0
        })
    }

    /// Takes one step out of the balance if it `is_told`.
    fn tell(&mut self, is_told: bool) -> Option<Crossing> {
        if !is_told || self.balance == 0 {
            return None;
        }
        let way = self.balance.signum();
        self.balance -= way;
        if self.balance == 0 {
            self.beyond_since = None;
        }
        Some(if way > 0 {
            Crossing::LeftToRight
        } else {
            Crossing::RightToLeft
        })
    }

    /// Whether `track` is probably this object under a new identity: it
    /// appeared when this one was no longer seen, where it was expected.
    fn may_go_to(&self, track: &Track, at: Timestamp) -> bool {
        let gap = at.saturating_since(self.seen_at);
        let (old, new) = (self.bbox, track.bbox);
        let longer = |bbox: NormBox| bbox.width().max(bbox.height());
        let growth = longer(old).max(longer(new)) / longer(old).min(longer(new)).max(f32::EPSILON);
        let is_near = |was: f32, velocity: f32, is: f32, size: f32| {
            let expected = was + velocity * gap.as_secs_f32();
            (expected - is).abs() <= TAKE_OVER_REACH * size
        };
        self.group == track.class.group()
            && track.first_seen_at > self.seen_at
            && gap <= TAKE_OVER_WITHIN
            && growth <= TAKE_OVER_GROWTH
            && is_near(
                old.centre().x,
                self.velocity.0,
                new.centre().x,
                old.width().max(new.width()),
            )
            && is_near(
                old.centre().y,
                self.velocity.1,
                new.centre().y,
                old.height().max(new.height()),
            )
    }
}

/// The clear distance of an object, per axis, parts of the picture.
fn reach(bbox: NormBox) -> (f32, f32) {
    (
        (CLEAR.0 * bbox.width()).max(MIN_CLEAR),
        (CLEAR.1 * bbox.height()).max(MIN_CLEAR),
    )
}

/// Distance of the segment `a` to `b` from the origin.
fn distance_to_origin(a: (f32, f32), b: (f32, f32)) -> f32 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let along = -(a.0 * dx + a.1 * dy) / (dx * dx + dy * dy).max(f32::MIN_POSITIVE);
    let share = along.clamp(0.0, 1.0);
    (a.0 + share * dx).hypot(a.1 + share * dy)
}

#[cfg(test)]
mod tests;
