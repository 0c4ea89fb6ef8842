//! The life of one track: seen, missed, resting, lost, over.
//!
//! In: its detections, and what else is known about the moments between them.
//! Out: its state, its box, and when it is over.
//!
//! Not here: which detection is its own (`mod`).

use std::time::Duration;

use types::{ClassGroup, MotionSummary, Moved, NormBox, Timestamp, Track, TrackId, TrackState};

use super::TrackerConfig;
use super::motion_model::{BoxFilter, CxCyWh};
use super::votes::Votes;
use crate::detect::Sight;
use crate::motion::MAX_BOXES;

/// A hidden object is expected where its velocity brings it for this long;
/// after that it waits where it is.
const COAST: Duration = Duration::from_secs(2);
/// A moving track missed for longer than this, and in so many looks, is called
/// lost: two frames at 5 frames a second.
const LOST_AFTER: Duration = Duration::from_millis(500);
const LOST_LOOKS: u32 = 2;
/// A moving track nobody has looked at for this long is called lost as well.
const LOST_UNLOOKED: Duration = Duration::from_secs(2);
/// A moving track is not over before so many looks have missed it ...
const OVER_LOOKS: u32 = 3;
/// ... unless nobody has looked for this long.
const OVER_UNLOOKED: Duration = Duration::from_secs(6);
/// The same for a resting one, unless something moved over it.
const LOST_AFTER_AT_REST: Duration = Duration::from_secs(5);
/// A tentative track without a second detection for this long is over, even
/// when the detector does not look.
const TENTATIVE_KEEP: Duration = Duration::from_secs(2);
/// A pause between frames beyond this tells nothing about what moved in it.
const LONGEST_STEP: Duration = Duration::from_secs(1);
/// A resting object has gone away or been hidden when motion covers this share
/// of its box; less is somebody who passes in front.
const DISTURBING_SHARE: f32 = 0.5;
/// How near to an object motion must be to have moved it, in longer sides.
const STIR_MARGIN: f32 = 0.25;
/// Farther than this from where it came to rest, in longer sides, is moving.
const REST_RADIUS: f32 = 0.15;
/// The same for one that rests already, so that jitter does not wake it.
const WAKE_RADIUS: f32 = 0.35;
/// So many detections beyond [`WAKE_RADIUS`] in a row wake a resting track.
const WAKE_HITS: u32 = 2;
/// It has moved when its middle is this far from where it was, in longer sides
/// of its box, ...
const MOVED: f32 = 0.25;
/// ... and its box shares less than this with the one of then (intersection
/// over union).
const MOVED_OVERLAP: f32 = 0.5;
/// So far, in longer sides, no shake carries a box, nor do three detections in
/// which it takes its neighbours in a row of parked cars for itself.
const FAR: f32 = 2.0;
/// So many detections in a row must have seen something move there: a camera
/// that shakes moves the edges of what stands for one or two.
const MOVED_HITS: u32 = 3;
/// After so many it may have moved.
const STIRRED_HITS: u32 = 2;
/// It has come nearer, or gone away, when both sides are so many times as long,
/// or short.
const APPROACHED: f32 = 1.5;
/// A missed track with less than this share of its box in the picture has left.
const LEFT_PICTURE_SHARE: f32 = 0.25;

/// What is known about the time since the frame before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) at: Timestamp,
    pub(super) dt: Duration,
    pub(super) motion: &'a MotionSummary,
    /// Where the detector looked, and what it saw.
    pub(super) sight: Option<&'a Sight>,
}

#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) track_id: TrackId,
    pub(super) state: TrackState,
    pub(super) filter: BoxFilter,
    /// How long it has been missed although it should have been seen; zero
    /// after each detection. Not the same as time since the last detection: a
    /// detector that does not look misses nothing.
    pub(super) unseen: Duration,
    /// Looks in a row that should have found it and did not.
    n_missed: u32,
    /// The detector looked at its place in this frame, finely enough.
    is_looked: bool,
    /// When the detector last did.
    looked_at: Timestamp,
    /// How long it has lain on another track of its group.
    pub(super) covered: Duration,
    votes: Votes,
    rest: Rest,
    first_seen_at: Timestamp,
    last_seen_at: Timestamp,
    n_hits: u32,
    n_looks: u32,
    /// Motion covered it since its last detection.
    is_disturbed: bool,
    /// Something moved in or right beside its box since its last detection.
    is_touched: bool,
    /// What moved since its last detection is not known.
    is_unsure: bool,
    /// Something moves there in this frame.
    is_touched_now: bool,
    /// The picture trembled since its last detection.
    is_shaken: bool,
    /// The whole picture changed since its last detection.
    is_overthrown: bool,
    /// Where it was when it last was surely at one place.
    origin: CxCyWh,
    /// Detections in a row, up to the newest, with which something moved there.
    n_touched: u32,
    moved: Moved,
}

/// Whether it rests, and where.
#[derive(Clone, Debug)]
struct Rest {
    place: CxCyWh,
    since: Timestamp,
    is_resting: bool,
    n_away: u32,
}

impl Live {
    pub(super) fn new(
        track_id: TrackId,
        at: Timestamp,
        seen: CxCyWh,
        votes: Votes,
        motion: &MotionSummary,
        config: &TrackerConfig,
    ) -> Self {
        let is_touched = is_touched(seen.to_norm(config.picture_aspect), motion);
        let mut live = Live {
            track_id,
            state: TrackState::Tentative,
            filter: BoxFilter::new(seen),
            unseen: Duration::ZERO,
            n_missed: 0,
            is_looked: true,
            looked_at: at,
            covered: Duration::ZERO,
            votes,
            rest: Rest {
                place: seen,
                since: at,
                is_resting: false,
                n_away: 0,
            },
            first_seen_at: at,
            last_seen_at: at,
            n_hits: 1,
            n_looks: 1,
            is_disturbed: false,
            is_touched: false,
            is_unsure: false,
            is_touched_now: false,
            is_shaken: false,
            is_overthrown: false,
            origin: seen,
            n_touched: u32::from(is_touched),
            moved: Moved::No,
        };
        live.confirm(live.votes.score(), config);
        live
    }

    pub(super) fn group(&self) -> ClassGroup {
        self.votes.group()
    }

    pub(super) fn score(&self) -> f32 {
        self.votes.score()
    }

    /// Rested until the last detection, which was elsewhere.
    pub(super) fn is_setting_off(&self) -> bool {
        self.rest.is_resting && self.rest.n_away > 0
    }

    /// Rested until now, so that its velocity says nothing about how far it
    /// may have gone.
    pub(super) fn is_resting(&self) -> bool {
        self.rest.is_resting
    }

    /// May be elsewhere than before: pixels changed where it is. Where none
    /// did, another place of its box is jitter, or another object.
    pub(super) fn may_have_moved(&self) -> bool {
        self.is_touched || self.is_unsure
    }

    /// Not in sight for longer than a flicker of the detector.
    pub(super) fn is_hidden(&self) -> bool {
        self.unseen > LOST_AFTER
    }

    /// All lengths to the side become `factor` times what they were.
    pub(super) fn widen(&mut self, factor: f32) {
        self.filter.widen(factor);
        self.rest.place.cx *= factor;
        self.rest.place.w *= factor;
        self.origin.cx *= factor;
        self.origin.w *= factor;
    }

    /// Expects where it is at `step`, before the detections are known.
    pub(super) fn predict(&mut self, step: Step<'_>, aspect: f32) {
        let bbox = self.filter.shape().to_norm(aspect);
        let moved = covered_share(bbox, step.motion);
        self.is_touched_now = is_touched(bbox, step.motion);
        self.is_touched |= self.is_touched_now;
        self.is_overthrown |= step.motion.is_global;
        // A change of the whole picture, or a pause, may hide any motion.
        self.is_unsure |= step.motion.is_global || step.dt > LONGEST_STEP;
        self.is_looked = step.sight.is_some_and(|sight| sight.can_see(bbox));
        if self.rest.is_resting {
            self.is_disturbed |= moved >= DISTURBING_SHARE;
        }
        // Nothing changed at its place and the last look found it: it stands.
        let stands = self.rest.is_resting
            || (!self.is_looked
                && self.unseen.is_zero()
                && moved <= 0.0
                && step.dt <= LONGEST_STEP);
        let dt_s = step.dt.min(COAST).as_secs_f32();
        if stands || self.unseen >= COAST {
            self.filter.rest(dt_s);
        } else {
            self.filter.predict(dt_s);
        }
        if !self.is_looked && !stands {
            self.unseen = self.unseen.saturating_add(step.dt);
        }
    }

    /// Takes its detection.
    pub(super) fn hit(
        &mut self,
        step: Step<'_>,
        seen: CxCyWh,
        class: types::Class,
        score: f32,
        config: &TrackerConfig,
    ) {
        let at = step.at;
        self.filter.correct(seen);
        self.note_move(step.motion, config.picture_aspect);
        let is_good = score >= config.new_track_score;
        self.votes.add(class, score, is_good);
        self.last_seen_at = at;
        self.n_hits += 1;
        self.n_looks += 1;
        self.unseen = Duration::ZERO;
        self.n_missed = 0;
        self.looked_at = at;
        self.is_disturbed = false;
        self.is_touched = false;
        self.is_unsure = false;
        self.is_shaken = false;
        self.is_overthrown = false;
        self.rest_or_wake(at, seen);
        self.confirm(score, config);
    }

    /// Another box of this frame shows it as well.
    pub(super) fn see_again(&mut self, at: Timestamp, score: f32) {
        if self.last_seen_at == at {
            self.votes.see_again(score);
        }
    }

    /// The detector did not find it; if it looked there, that counts.
    pub(super) fn miss(&mut self, step: Step<'_>) {
        if !self.is_looked {
            return;
        }
        self.n_looks += 1;
        self.n_missed += 1;
        let dt = if self.rest.is_resting {
            let since_look = step.at.saturating_since(self.looked_at);
            since_look.min(LONGEST_STEP)
        } else {
            step.dt
        };
        self.looked_at = step.at;
        self.unseen = self.unseen.saturating_add(dt);
    }

    /// Brings the state up to date; call once per frame, after hit or miss.
    pub(super) fn settle(&mut self, at: Timestamp, config: &TrackerConfig, aspect: f32) {
        let is_old = at.saturating_since(self.rest.since) >= config.stationary_after;
        if is_old && self.unseen.is_zero() && self.state == TrackState::Confirmed {
            self.rest.is_resting = true;
        }
        if self.is_over(at, config, aspect) {
            self.state = TrackState::Ended;
            return;
        }
        let is_lost = if self.rest.is_resting && !self.is_disturbed {
            self.unseen >= LOST_AFTER_AT_REST
        } else {
            (self.unseen >= LOST_AFTER && self.n_missed >= LOST_LOOKS)
                || self.unseen >= LOST_UNLOOKED
        };
        if self.state == TrackState::Confirmed && is_lost {
            self.state = TrackState::Lost;
        }
    }

    /// As the rest of the program sees it.
    pub(super) fn track(&self, aspect: f32) -> Track {
        let (vx, vy) = self.filter.velocity();
        Track {
            track_id: self.track_id,
            state: self.state,
            bbox: self.filter.shape().to_norm(aspect),
            class: self.votes.class(),
            score: self.votes.score(),
            first_seen_at: self.first_seen_at,
            last_seen_at: self.last_seen_at,
            velocity: (vx / aspect, vy),
            is_stationary: self.rest.is_resting,
            moved: self.moved,
        }
    }

    /// Whether it has moved as of its newest detection. Where nothing changed,
    /// another place of its box is jitter, and counts as the same.
    fn note_move(&mut self, motion: &MotionSummary, aspect: f32) {
        let shape = self.filter.shape();
        let is_touched = self.is_touched || is_touched(shape.to_norm(aspect), motion);
        if !is_touched || self.is_overthrown {
            self.origin = shape;
            self.n_touched = 0;
            return;
        }
        self.n_touched = self.n_touched.saturating_add(1);
        let moved = match self.n_touched {
            // No shake carries a box so far: an intruder in a storm counts.
            MOVED_HITS.. if self.way() >= FAR => Moved::Surely,
            _ if self.is_shaken => Moved::No,
            MOVED_HITS.. if self.is_away() => Moved::Surely,
            STIRRED_HITS.. => Moved::Perhaps,
            _ => Moved::No,
        };
        self.moved = self.moved.max(moved);
    }

    /// Whether it is elsewhere than where it was at one place: both of its
    /// sides went the same way, or it became larger or smaller all round. A box
    /// of which a part was hidden has one side where it was.
    fn is_away(&self) -> bool {
        let (now, then) = (self.filter.shape(), self.origin);
        let has_gone = self.way() >= MOVED && now.iou(then) < MOVED_OVERLAP;
        let growth = (now.w / then.w, now.h / then.h);
        let is_grown = |by: f32| growth.0.min(growth.1) >= by;
        let is_shrunk = |by: f32| growth.0.max(growth.1) <= 1.0 / by;
        has_gone || is_grown(APPROACHED) || is_shrunk(APPROACHED)
    }

    /// How far both of its sides went the same way, in longer sides of its box.
    fn way(&self) -> f32 {
        let (now, then) = (self.filter.shape(), self.origin);
        let x = common_shift(now.cx - then.cx, now.w - then.w);
        let y = common_shift(now.cy - then.cy, now.h - then.h);
        x.hypot(y) / then.longer_side()
    }

    /// Whether something moves at a track that seems to stand; `None` if it
    /// does not seem to.
    pub(super) fn trembles(&self) -> Option<bool> {
        let stands = self.moved != Moved::Surely && self.unseen.is_zero() && !self.is_away();
        stands.then_some(self.is_touched_now)
    }

    /// The picture trembles: what moves at this track is not its own motion.
    pub(super) fn shake(&mut self) {
        self.is_shaken = true;
    }

    fn confirm(&mut self, score: f32, config: &TrackerConfig) {
        let is_believed = self.n_hits >= config.confirm_hits || score >= config.instant_score;
        if self.state == TrackState::Lost || (self.state == TrackState::Tentative && is_believed) {
            self.state = TrackState::Confirmed;
        }
    }

    fn rest_or_wake(&mut self, at: Timestamp, seen: CxCyWh) {
        let place = self.rest.place;
        let away = |shape: CxCyWh| {
            let grown = (shape.h - place.h).abs() / place.h;
            (shape.distance(place) / place.longer_side()).max(grown)
        };
        if !self.rest.is_resting {
            if away(self.filter.shape()) > REST_RADIUS {
                self.rest.place = self.filter.shape();
                self.rest.since = at;
            }
            return;
        }
        self.rest.n_away = if away(seen) > WAKE_RADIUS {
            self.rest.n_away + 1
        } else {
            0
        };
        if self.rest.n_away >= WAKE_HITS {
            self.filter = BoxFilter::new(seen);
            self.rest = Rest {
                place: seen,
                since: at,
                is_resting: false,
                n_away: 0,
            };
        }
    }

    fn is_over(&self, at: Timestamp, config: &TrackerConfig, aspect: f32) -> bool {
        if self.state == TrackState::Tentative {
            return self.n_looks >= config.confirm_looks
                || at.saturating_since(self.last_seen_at) > TENTATIVE_KEEP;
        }
        let has_left = !self.unseen.is_zero() && self.share_in_picture(aspect) < LEFT_PICTURE_SHARE;
        let is_missed = self.unseen > self.keep(config)
            && (self.rest.is_resting || self.n_missed >= OVER_LOOKS);
        let is_forgotten = !self.rest.is_resting && self.unseen > OVER_UNLOOKED;
        has_left || is_missed || is_forgotten
    }

    /// How long it may be missed before it is over.
    fn keep(&self, config: &TrackerConfig) -> Duration {
        if !self.rest.is_resting {
            let age = self.last_seen_at.saturating_since(self.first_seen_at);
            return (age / 2).clamp(config.lost_keep_min, config.lost_keep_max);
        }
        match self.group() {
            ClassGroup::Person if self.is_disturbed => config.disturbed_keep / 2,
            _ if self.is_disturbed => config.disturbed_keep,
            ClassGroup::Person => config.standing_keep,
            ClassGroup::Vehicle | ClassGroup::TwoWheeler => config.parked_keep,
        }
    }

    fn share_in_picture(&self, aspect: f32) -> f32 {
        let shape = self.filter.shape();
        let inside = shape.to_norm(aspect);
        inside.area() * aspect / (shape.w * shape.h).max(f32::MIN_POSITIVE)
    }
}

/// How far both ends of a line went the same way, by how far its middle went and
/// how much longer it became.
fn common_shift(middle: f32, longer: f32) -> f32 {
    let (first, second) = (middle - longer / 2.0, middle + longer / 2.0);
    match first.signum() == second.signum() {
        true => first.abs().min(second.abs()),
        false => 0.0,
    }
}

/// Whether something moved in `bbox` or within [`STIR_MARGIN`] of it. Where so
/// much moves that not all of it is told, something may.
fn is_touched(bbox: NormBox, motion: &MotionSummary) -> bool {
    if motion.boxes.len() >= MAX_BOXES {
        return true;
    }
    let margin = STIR_MARGIN * bbox.width().max(bbox.height());
    let near = NormBox::from_xyxy(
        bbox.x1() - margin,
        bbox.y1() - margin,
        bbox.x2() + margin,
        bbox.y2() + margin,
    );
    motion
        .boxes
        .iter()
        .any(|moving| near.intersection(*moving).is_some())
}

/// The largest share of `bbox` that one moving part covers; 0 when the whole
/// picture changed, because that tells nothing about objects.
fn covered_share(bbox: NormBox, motion: &MotionSummary) -> f32 {
    if motion.is_global || bbox.area() <= 0.0 {
        return 0.0;
    }
    motion
        .boxes
        .iter()
        .filter_map(|moving| bbox.intersection(*moving))
        .map(|common| common.area() / bbox.area())
        .fold(0.0, f32::max)
}

#[cfg(test)]
mod tests;
