//! Detections in, identities that last out.
//!
//! In: per frame the detections (or the news that the detector did not look)
//! and what the motion gate saw. Out: a [`Scene`] with all tracks of that
//! moment; a track that ended is in exactly one scene, its last.
//!
//! Built for about 5 frames a second and irregular times: between two frames a
//! walking person moves by half a width, a car by its length, so tracks are
//! compared with where they are expected, not with where they were. The parts:
//! `motion_model` expects, `assign` pairs tracks with detections, `votes`
//! decides the class, `live` keeps the states.
//!
//! Pairing has three stages: confirmed and lost tracks with good detections;
//! those left over with weak detections, which are never reason enough for a
//! new track (Zhang et al., ByteTrack, 2022); tentative tracks with the good
//! detections nobody took. What remains of the good ones starts tracks.
//!
//! Time comes only from `captured_at`; the same calls give the same scenes.
//!
//! Not here: pixels, appearance, zones.

mod assign;
mod live;
mod motion_model;
mod votes;
#[cfg(test)]
mod tests;

use std::time::Duration;

use types::{ClassGroup, Detection, MotionSummary, Scene, Timestamp, TrackId, TrackState};

use self::assign::{Pair, assign};
use self::live::{Live, Step};
use self::motion_model::CxCyWh;
use self::votes::Votes;
use crate::detect::Sight;

/// How a [`Tracker`] judges. The default suits 5 frames a second.
#[derive(Clone, Debug, PartialEq)]
pub struct TrackerConfig {
    /// Width over height of the picture, until
    /// [`Tracker::set_picture_px`] tells it.
    pub picture_aspect: f32,
    /// A detection of at least this score may start a track, 0..=1.
    pub new_track_score: f32,
    /// A detection of at least this score may continue a confirmed track,
    /// 0..=1; weaker ones are not looked at.
    pub low_score: f32,
    /// So many detections confirm a track ...
    pub confirm_hits: u32,
    /// ... within so many looks from its first; else it ends.
    pub confirm_looks: u32,
    /// One detection of this score confirms at once.
    pub instant_score: f32,
    /// A moving object missed for longer than half its age, but at least this
    /// long, is gone.
    pub lost_keep_min: Duration,
    /// ... and at most this long.
    pub lost_keep_max: Duration,
    /// Staying in one place this long makes a track stationary.
    pub stationary_after: Duration,
    /// A person at rest over whom nothing moved is kept while missed for this
    /// long. Only time in which the detector looked counts.
    pub standing_keep: Duration,
    /// The same for vehicles and two-wheelers: light may hide a parked car
    /// from the detector for minutes.
    pub parked_keep: Duration,
    /// The same for a vehicle or two-wheeler over which something did move;
    /// half of it for a person.
    pub disturbed_keep: Duration,
    /// Most tracks at one time.
    pub max_tracks: usize,
}

impl Default for TrackerConfig {
    fn default() -> Self {
        TrackerConfig {
            picture_aspect: 16.0 / 9.0,
            new_track_score: 0.35,
            low_score: 0.1,
            confirm_hits: 2,
            confirm_looks: 3,
            instant_score: 0.9,
            lost_keep_min: Duration::from_secs(3),
            lost_keep_max: Duration::from_secs(5),
            stationary_after: Duration::from_secs(3),
            standing_keep: Duration::from_secs(60),
            parked_keep: Duration::from_secs(600),
            disturbed_keep: Duration::from_secs(10),
            max_tracks: 128,
        }
    }
}

/// Most detections of one frame that are looked at, best first.
const MAX_DETECTIONS: usize = 256;
/// Sides below this, in picture heights, are no object.
const MIN_SIDE: f32 = 1e-3;
/// Two boxes of one group that overlap more than this show one object.
const SAME_OBJECT_IOU: f32 = 0.7;
/// A box nobody expected is no new object when it overlaps one of its group
/// that is in sight by more than this ...
const SECOND_BOX_IOU: f32 = 0.5;
/// ... or lies inside it by more than this share: a piece of it. Who really
/// stands there is found when he steps out.
const SECOND_BOX_SHARE: f32 = 0.8;
/// So many objects must seem to stand before what moves at them tells that the
/// picture trembles.
const MIN_STANDING: usize = 3;
/// For how long two tracks must lie on each other to be one.
const COVERED_FOR: Duration = Duration::from_millis(1_500);

/// Follows the objects of one camera.
#[derive(Debug)]
pub struct Tracker {
    config: TrackerConfig,
    /// In order of identity, which is the order of birth.
    tracks: Vec<Live>,
    next_track_id: TrackId,
    last_at: Option<Timestamp>,
    last_frame_seq: u64,
    n_dropped: u64,
}

/// A detection worth a look.
#[derive(Clone, Copy, Debug)]
struct Seen {
    shape: CxCyWh,
    detection: Detection,
}

impl Tracker {
    /// A tracker without tracks, whose first will be called `first_track_id`.
    pub fn new(config: TrackerConfig, first_track_id: TrackId) -> Self {
        Tracker {
            config,
            tracks: Vec::new(),
            next_track_id: first_track_id,
            last_at: None,
            last_frame_seq: 0,
            n_dropped: 0,
        }
    }

    /// Takes over the size of the pictures to come, pixels. Tracks stay where
    /// they are in parts of the picture.
    pub fn set_picture_px(&mut self, (width_px, height_px): (u32, u32)) {
        let aspect = width_px.max(1) as f32 / height_px.max(1) as f32;
        let factor = aspect / self.config.picture_aspect;
        if (factor - 1.0).abs() > f32::EPSILON {
            self.config.picture_aspect = aspect;
            for track in &mut self.tracks {
                track.widen(factor);
            }
        }
    }

    /// Advances to the frame captured at `captured_at`.
    ///
    /// `sight` is `None` when the detector did not look (nothing moved, or
    /// there was no time). Only a track at whose place it looked, finely enough
    /// for its size, can be missed; the others, when nothing moved over them,
    /// stay as they are for as long as that lasts.
    pub fn update(
        &mut self,
        captured_at: Timestamp,
        frame_seq: u64,
        sight: Option<&Sight>,
        motion: &MotionSummary,
    ) -> Scene {
        let last_at = self.last_at.unwrap_or(captured_at);
        let step = Step {
            at: captured_at,
            dt: captured_at.saturating_since(last_at),
            motion,
            sight,
        };
        self.last_at = Some(captured_at.max(last_at));
        self.last_frame_seq = frame_seq;
        for track in &mut self.tracks {
            track.predict(step, self.config.picture_aspect);
        }
        if self.is_picture_trembling() {
            self.tracks.iter_mut().for_each(Live::shake);
        }
        if let Some(sight) = sight {
            self.look(step, &sight.detections);
        }
        for track in &mut self.tracks {
            track.settle(captured_at, &self.config, self.config.picture_aspect);
        }
        self.end_doubles(step.dt);
        self.scene(captured_at, frame_seq, motion.clone(), sight.is_some())
    }

    /// Ends all tracks.
    pub fn finish(&mut self, at: Timestamp) -> Scene {
        for track in &mut self.tracks {
            track.state = TrackState::Ended;
        }
        self.scene(at, self.last_frame_seq, MotionSummary::default(), false)
    }

    /// The identity the next new track will get.
    pub fn next_track_id(&self) -> TrackId {
        self.next_track_id
    }

    /// Detections and tracks given up so far because there were too many.
    pub fn n_dropped(&self) -> u64 {
        self.n_dropped
    }

    /// Whether something moves at most of the objects that seem to stand, as
    /// when the camera shakes or light sweeps over them.
    fn is_picture_trembling(&self) -> bool {
        let standing = self.tracks.iter().filter_map(Live::trembles);
        let (n_trembling, n_standing) = standing.fold((0, 0), |(n_trembling, n), trembles| {
            (n_trembling + usize::from(trembles), n + 1)
        });
        n_standing >= MIN_STANDING && 3 * n_trembling > n_standing
    }

    /// Gives each track its detection and starts new tracks.
    fn look(&mut self, step: Step<'_>, detections: &[Detection]) {
        let seen = self.worth_a_look(detections);
        let mut is_taken = vec![false; seen.len()];
        let mut is_hit = vec![false; self.tracks.len()];
        let n_good = seen.partition_point(|one| one.detection.score >= self.config.new_track_score);
        let is_known = |track: &Live| track.state != TrackState::Tentative;
        let is_tentative = |track: &Live| track.state == TrackState::Tentative;

        let mut pair_up = |tracks: &mut [Live], range: std::ops::Range<usize>, stage: Stage<'_>| {
            let rows: Vec<usize> = (0..tracks.len())
                .filter(|&row| !is_hit[row] && (stage.takes)(&tracks[row]))
                .collect();
            let cols: Vec<usize> = range.filter(|&col| !is_taken[col]).collect();
            for (row, col) in best_pairs(tracks, &rows, &seen, &cols, step.dt, stage.is_strict) {
                (is_hit[row], is_taken[col]) = (true, true);
                let Detection { class, score, .. } = seen[col].detection;
                tracks[row].hit(step, seen[col].shape, class, score, &self.config);
            }
        };
        let good = |takes| Stage {
            takes,
            is_strict: false,
        };
        let weak = |takes| Stage {
            takes,
            is_strict: true,
        };
        pair_up(&mut self.tracks, 0..n_good, good(&is_known));
        pair_up(&mut self.tracks, n_good..seen.len(), weak(&is_known));
        pair_up(&mut self.tracks, 0..n_good, good(&is_tentative));

        for (track, is_hit) in self.tracks.iter_mut().zip(is_hit) {
            if !is_hit {
                track.miss(step);
            }
        }
        for (one, is_taken) in seen[..n_good].iter().zip(is_taken) {
            if !is_taken {
                self.start(step, *one);
            }
        }
    }

    /// The detections that can be objects, best first.
    fn worth_a_look(&mut self, detections: &[Detection]) -> Vec<Seen> {
        let mut seen: Vec<Seen> = detections
            .iter()
            .filter(|detection| detection.score >= self.config.low_score)
            .map(|&detection| Seen {
                shape: CxCyWh::from_norm(detection.bbox, self.config.picture_aspect),
                detection,
            })
            .filter(|one| one.shape.w >= MIN_SIDE && one.shape.h >= MIN_SIDE)
            .collect();
        seen.sort_by(|a, b| b.detection.score.total_cmp(&a.detection.score));
        if seen.len() > MAX_DETECTIONS {
            self.n_dropped += (seen.len() - MAX_DETECTIONS) as u64;
            seen.truncate(MAX_DETECTIONS);
        }
        seen
    }

    /// Starts a track, unless the object has one or there is no room.
    fn start(&mut self, step: Step<'_>, one: Seen) {
        let group = one.detection.class.group();
        let has_track = |track: &Live| {
            let shape = track.filter.shape();
            track.group() == group
                && track.state != TrackState::Ended
                && !track.is_hidden()
                && (shape.iou(one.shape) > SECOND_BOX_IOU
                    || one.shape.share_in(shape) > SECOND_BOX_SHARE)
        };
        if let Some(track) = self.tracks.iter_mut().find(|track| has_track(track)) {
            track.see_again(step.at, one.detection.score);
            return;
        }
        let is_over = |track: &&Live| track.state == TrackState::Ended;
        let n_over = self.tracks.iter().filter(is_over).count();
        if self.tracks.len() - n_over >= self.config.max_tracks {
            self.n_dropped += 1;
            if !self.make_room(one.detection.score) {
                return;
            }
        }
        let track_id = self.next_track_id;
        self.next_track_id = TrackId(track_id.0 + 1);
        let votes = Votes::new(one.detection.class, one.detection.score);
        let (at, motion) = (step.at, step.motion);
        let live = Live::new(track_id, at, one.shape, votes, motion, &self.config);
        self.tracks.push(live);
    }

    /// Ends the least valuable track that was never confirmed, if it is worth
    /// less than `score`: nobody has acted on it yet.
    fn make_room(&mut self, score: f32) -> bool {
        let weakest = (0..self.tracks.len())
            .filter(|&idx| self.tracks[idx].state == TrackState::Tentative)
            .min_by(|&a, &b| self.tracks[a].score().total_cmp(&self.tracks[b].score()));
        match weakest {
            Some(idx) if self.tracks[idx].score() < score => {
                self.tracks[idx].state = TrackState::Ended;
                true
            }
            _ => false,
        }
    }

    /// Of two tracks that lie on one object for long, ends the one without
    /// detections of its own; of two with detections, the younger. A moving
    /// object that is hidden may well walk behind another.
    fn end_doubles(&mut self, dt: Duration) {
        for idx in 0..self.tracks.len() {
            let double = &self.tracks[idx];
            let is_covered = self.tracks.iter().enumerate().any(|(other_idx, other)| {
                let gives_way = (double.unseen, idx) > (other.unseen, other_idx);
                gives_way
                    && (double.is_resting() || !double.is_hidden())
                    && other_idx != idx
                    && other.state == TrackState::Confirmed
                    && other.group() == double.group()
                    && other.filter.shape().iou(double.filter.shape()) > SAME_OBJECT_IOU
            });
            let double = &mut self.tracks[idx];
            double.covered = if is_covered {
                double.covered.saturating_add(dt)
            } else {
                Duration::ZERO
            };
            if double.covered >= COVERED_FOR {
                double.state = TrackState::Ended;
            }
        }
    }

    /// What is to be seen now; forgets the tracks that ended.
    fn scene(
        &mut self,
        captured_at: Timestamp,
        frame_seq: u64,
        motion: MotionSummary,
        is_detected: bool,
    ) -> Scene {
        let aspect = self.config.picture_aspect;
        let tracks = self
            .tracks
            .iter()
            .map(|track| track.track(aspect))
            .collect();
        self.tracks.retain(|track| track.state != TrackState::Ended);
        Scene {
            captured_at,
            frame_seq,
            tracks,
            motion,
            is_detected,
            ..Scene::default()
        }
    }
}

/// Which tracks take part in one stage of the pairing, and how near a
/// detection must be.
struct Stage<'a> {
    takes: &'a dyn Fn(&Live) -> bool,
    is_strict: bool,
}

/// Pairs of (track, detection) with the lowest total cost.
fn best_pairs(
    tracks: &[Live],
    rows: &[usize],
    seen: &[Seen],
    cols: &[usize],
    dt: Duration,
    is_strict: bool,
) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (row, &track_idx) in rows.iter().enumerate() {
        for (col, &seen_idx) in cols.iter().enumerate() {
            if let Some(cost) = cost(&tracks[track_idx], &seen[seen_idx], dt, is_strict) {
                pairs.push(Pair { row, col, cost });
            }
        }
    }
    assign(rows.len(), cols.len(), &pairs)
        .into_iter()
        .map(|(row, col)| (rows[row], cols[col]))
        .collect()
}

/// Overlap at which nothing else is asked.
const SURE_IOU: f32 = 0.3;
/// How near to the expected centre a weak detection must be that overlaps by
/// less, in longer sides.
const WEAK_REACH: f32 = 0.35;
/// Squared standard deviations of the centre that 99.7 % of true detections
/// stay within (chi-squared, two degrees of freedom).
const MAX_SURPRISE: f32 = 11.6;
/// How far from the expected centre a detection may be in any case, in longer
/// sides: at once, and more for each second without one.
const REACH: f32 = 0.6;
const REACH_PER_S: f32 = 1.5;
const MAX_REACH: f32 = 2.5;
/// How far an object may be found from where it was when no pixel near it has
/// changed since: the box jitters, above all between looks at different scales.
/// Beyond that it is its neighbour in a row of parked cars.
const JITTER_REACH: f32 = 0.35;
/// How far one who rested may be in his first step, in longer sides.
const SET_OFF_REACH: f32 = 0.8;
/// Most times one box may be as large as the other, per side.
const MAX_GROWTH: f32 = 2.5;
/// What overlap, distance and likeness of size weigh in the cost.
const WEIGHTS: [f32; 3] = [0.4, 0.4, 0.2];

/// What it costs to say that `seen` is `track`, 0..1; `None` if it cannot be.
fn cost(track: &Live, seen: &Seen, dt: Duration, is_strict: bool) -> Option<f32> {
    if track.group() != seen.detection.class.group() {
        return None;
    }
    let expected = track.filter.shape();
    let side = expected.longer_side().max(seen.shape.longer_side());
    let distance = expected.top_distance(seen.shape) / side;
    let waited_s = (track.unseen + dt).as_secs_f32();
    let reach = (REACH + REACH_PER_S * waited_s).min(MAX_REACH);
    // The cheap test first: most pairs of a busy scene are far apart.
    if distance >= reach || (distance > JITTER_REACH && !track.may_have_moved()) {
        return None;
    }
    let iou = expected.iou(seen.shape);
    let growth = |a: f32, b: f32| (a / b).max(b / a);
    let taller = growth(expected.h, seen.shape.h);
    let fits = growth(expected.w, seen.shape.w) <= MAX_GROWTH && taller <= MAX_GROWTH;
    // The filter of an object that sets off still believes that it rests. A
    // person may be most of his height away at once; a parked car that is far
    // away in the next frame is another one.
    let may_set_off = track.is_resting()
        && (track.is_setting_off()
            || (track.group() != ClassGroup::Vehicle && distance <= SET_OFF_REACH));
    let is_expected = may_set_off || track.filter.surprise(seen.shape) <= MAX_SURPRISE;
    let is_near = !is_strict || distance <= WEAK_REACH;
    if iou < SURE_IOU && !(fits && is_expected && is_near) {
        return None;
    }
    let unlike = (taller.ln() / MAX_GROWTH.ln()).min(1.0);
    let cost = WEIGHTS[0] * (1.0 - iou) + WEIGHTS[1] * distance / reach + WEIGHTS[2] * unlike;
    // Below 1: whoever can be paired is better paired than not.
    Some(cost.min(0.999))
}
