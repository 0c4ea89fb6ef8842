//! Which parts of the picture are worth a closer look.
//!
//! In: per frame what the motion gate saw and the tracks of the scene before.
//! Out: what the detector looks at: the whole picture (from the planes that
//! are decoded anyway), or areas that are decoded again at half or full size.
//!
//! Policy, in order of precedence within a frame:
//! 1. The whole picture at the start, when the gate opens, and when the
//!    picture is stable again after a global change (somebody switched that
//!    light on). While it keeps changing as a whole: every 2 s.
//! 2. A closer look that has been due for over a second.
//! 3. The whole picture every 400 ms while the gate is open and anything that
//!    moves or is followed is large enough for it, else every 2 s; when the
//!    gate is closed but there are large tracks, every 2 s (all of them
//!    stationary: ever more rarely, see 4), so that a track lives on exactly as
//!    long as its object can be seen.
//! 4. Closer looks that are due, longest due first: small motion that no
//!    fresh track explains (0.6 s apart), larger motion that whole looks have
//!    left unexplained for a second (2 s), small tracks (0.6 s; tentative ones
//!    0.2 s), doubtful tracks while something moves (1 s). A stationary track
//!    over which nothing moves is looked at after a quarter of its age, every 5
//!    s at most and every 60 s at least; when something moves over it, every 2 s.
//!    "Small" is what would have under 24 pixels in a whole look: 111 pixels
//!    of 1080p at an input of 416x256. One look serves all places in it.
//! 5. With nothing due, the whole picture again, at most every 180 ms: large
//!    and fast objects get the full frame rate.
//! 6. Nothing moves: every 10 s one part of a sweep, the whole picture and
//!    then tiles of it at half size, for who stands still.
//!
//! At most [`RegionConfig::max_regions`] per frame, and no more looks than
//! [`RegionConfig::budget_ms_per_s`] pays for; unspent time lasts one second.
//! Who is not served waits in a queue and is served in turn (`wants`).
//!
//! Time comes only from `captured_at`; same input, same plan.
//!
//! Not here: cutting out and looking (`relay` calls `jpeg` and `detect`).

mod area;
mod wants;

use std::time::Duration;

use jpeg::Scale;
use types::{NormBox, Timestamp, Track, TrackState};

use self::area::Sizes;
use self::wants::{Demand, Wants};
use crate::decode::Image;
use crate::detect::LookedAt;
use crate::motion::Motion;

/// Rhythm of whole looks while something moves.
const WHOLE_OPEN: Duration = Duration::from_millis(400);
/// Least time between whole looks: every frame at 5 fps.
const WHOLE_SPARE: Duration = Duration::from_millis(180);
/// Rhythm of looks at a picture that changes as a whole.
const WHOLE_GLOBAL: Duration = Duration::from_secs(2);
/// Rhythm of looks at tracks while nothing moves.
const KEEP_MOVING: Duration = Duration::from_secs(2);
/// The same for stationary tracks, at most and at least; between, a quarter of
/// their age: what has stood for minutes will stand for some seconds more, and
/// motion over it is seen at once.
const STATIONARY_SOONEST: Duration = Duration::from_secs(5);
const STATIONARY_LATEST: Duration = Duration::from_secs(60);
/// Rhythm of the sweep.
const SWEEP: Duration = Duration::from_secs(10);
/// Closer looks at small motion and small tracks.
const SMALL: Duration = Duration::from_millis(600);
/// Closer looks at small tracks that are not yet confirmed.
const SMALL_TENTATIVE: Duration = Duration::from_millis(200);
/// Closer looks at large motion without a track.
const LARGE_UNEXPLAINED: Duration = Duration::from_secs(2);
/// Closer looks at large tracks with a low score.
const DOUBTFUL: Duration = Duration::from_secs(1);
/// How long whole looks may try first.
const PATIENCE: Duration = Duration::from_secs(1);
/// Due for so long, a closer look goes before the whole picture.
const OVERDUE: Duration = Duration::from_secs(1);
/// A track explains motion only if it was seen within this time.
const FRESH: Duration = Duration::from_millis(1_500);
/// A track explains a motion box if it covers this part of it.
const EXPLAINED_SHARE: f32 = 0.3;
/// A track below this score is doubtful.
const DOUBTFUL_SCORE: f32 = 0.45;
/// Most tracks that may ask for closer looks; those seen longest ago first.
const MAX_TRACK_DEMANDS: usize = wants::MAX_WANTS - crate::motion::MAX_BOXES;

/// What looks cost and how many are allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RegionConfig {
    /// Width of the network's input, pixels.
    pub input_width_px: u32,
    /// Height of the network's input, pixels.
    pub input_height_px: u32,
    /// Most looks per frame, the whole picture included; at least 1.
    pub max_regions: usize,
    /// CPU time that looks may take per second of the camera, ms.
    pub budget_ms_per_s: f32,
    /// CPU time of a whole look, ms.
    pub whole_cost_ms: f32,
    /// CPU time of a closer look with its decoding, ms.
    pub detail_cost_ms: f32,
}

impl Default for RegionConfig {
    /// 416x256, 2 looks per frame, 50 ms/s at 8.5 and 14 ms: with 22 ms/s for
    /// decoding and motion at 5 fps and 10 for the rest, a busy 1080p camera
    /// stays at about 80 ms/s.
    /// Costs are those of a nano-size network on one 2-GHz-class core.
    fn default() -> Self {
        RegionConfig {
            input_width_px: 416,
            input_height_px: 256,
            max_regions: 2,
            budget_ms_per_s: 50.0,
            whole_cost_ms: 8.5,
            detail_cost_ms: 14.0,
        }
    }
}

impl RegionConfig {
    /// The default for a network with another input size, pixels.
    pub fn for_input(input_width_px: u32, input_height_px: u32) -> Self {
        RegionConfig {
            input_width_px,
            input_height_px,
            ..Self::default()
        }
    }
}

/// One look of the detector.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Region {
    /// The whole picture, from the image's own planes.
    Whole,
    /// A part, decoded again.
    Detail {
        /// Which part of the picture.
        area: NormBox,
        /// At which scale to decode it.
        scale: Scale,
    },
}

impl Region {
    /// Where a network with an input of `input_px` looks, and how finely.
    pub fn looked_at(&self, image: &Image, input_px: (usize, usize)) -> LookedAt {
        let (width_px, height_px) = (image.full_width_px as f32, image.full_height_px as f32);
        let (area, decoded) = match self {
            Region::Whole => (NormBox::WHOLE, image.scale),
            Region::Detail { area, scale } => (*area, *scale),
        };
        let shrink = |input_px: usize, part: f32| input_px as f32 / part.max(1.0);
        let scale = shrink(input_px.0, area.width() * width_px)
            .min(shrink(input_px.1, area.height() * height_px))
            .min(1.0 / decoded.divisor() as f32);
        LookedAt {
            area,
            picture_px: (width_px * scale, height_px * scale),
        }
    }
}

/// Plans the looks of one camera.
#[derive(Debug)]
pub struct RegionPlanner {
    config: RegionConfig,
    wants: Wants,
    size_px: (u32, u32),
    last_at: Option<Timestamp>,
    /// Time that may be spent now, ms.
    credit_ms: f32,
    whole_at: Option<Timestamp>,
    sweep_at: Timestamp,
    sweep_idx: usize,
    was_open: bool,
    was_global: bool,
    /// A whole look is owed, whatever else is due.
    owes_whole: bool,
}

impl RegionPlanner {
    /// A planner that has seen nothing yet.
    pub fn new(config: RegionConfig) -> Self {
        RegionPlanner {
            config,
            wants: Wants::default(),
            size_px: (0, 0),
            last_at: None,
            credit_ms: 0.0,
            whole_at: None,
            sweep_at: Timestamp::default(),
            sweep_idx: 0,
            was_open: false,
            was_global: false,
            owes_whole: false,
        }
    }

    /// What the detector looks at in this frame; often nothing.
    ///
    /// `tracks`: those of the last scene.
    pub fn plan(
        &mut self,
        captured_at: Timestamp,
        image: &Image,
        motion: &Motion,
        tracks: &[Track],
    ) -> Vec<Region> {
        let size_px = (image.full_width_px, image.full_height_px);
        let sizes = Sizes::new(size_px, image.scale, &self.config);
        if size_px != self.size_px {
            self.start(captured_at, size_px);
        }
        self.earn(captured_at);
        self.notice(captured_at, motion);
        self.wants
            .update(captured_at, &demands(&sizes, captured_at, motion, tracks));
        let mut plan = Plan {
            at: captured_at,
            regions: Vec::new(),
        };
        if self.owes_whole {
            self.look_whole(&mut plan);
        }
        self.look_closer(&mut plan, &sizes, OVERDUE);
        if self.is_whole_due(&sizes, captured_at, motion, tracks) {
            self.look_whole(&mut plan);
        }
        self.look_closer(&mut plan, &sizes, Duration::ZERO);
        // What is due and cannot be paid for yet is saved for.
        let is_spare = plan.regions.is_empty()
            && motion.is_open
            && self.wants.due(captured_at).next().is_none()
            && whole_interval(&sizes, motion, tracks) == WHOLE_OPEN;
        if is_spare && self.since_whole(captured_at) >= WHOLE_SPARE {
            self.look_whole(&mut plan);
        }
        if !motion.is_open && plan.regions.is_empty() {
            self.sweep(&mut plan, &sizes);
        }
        plan.regions
    }

    fn start(&mut self, captured_at: Timestamp, size_px: (u32, u32)) {
        self.size_px = size_px;
        self.wants.clear();
        self.last_at = None;
        self.credit_ms = self.config.budget_ms_per_s;
        self.whole_at = None;
        self.sweep_at = captured_at;
        // The whole look that is owed is the sweep's first step.
        self.sweep_idx = 1;
        self.owes_whole = true;
    }

    /// Adds the time that the budget allows since the last frame.
    fn earn(&mut self, captured_at: Timestamp) {
        if let Some(last_at) = self.last_at {
            let elapsed_s = captured_at.saturating_since(last_at).as_secs_f32();
            let budget_ms = self.config.budget_ms_per_s;
            // A budget below one look still allows that look, more rarely.
            let most_ms = budget_ms
                .max(self.config.whole_cost_ms)
                .max(self.config.detail_cost_ms);
            self.credit_ms = (self.credit_ms + elapsed_s * budget_ms).min(most_ms);
        }
        self.last_at = Some(captured_at);
    }

    /// Notes turns of the gate that ask for a whole look.
    fn notice(&mut self, captured_at: Timestamp, motion: &Motion) {
        let has_opened = motion.is_open && !self.was_open;
        let is_global = motion.summary.is_global;
        let has_settled = self.was_global && motion.is_stable;
        if has_opened || has_settled {
            self.owes_whole = true;
        }
        if is_global && self.since_whole(captured_at) >= WHOLE_GLOBAL {
            self.owes_whole = true;
        }
        self.was_open = motion.is_open;
        self.was_global = is_global || (self.was_global && !motion.is_stable);
    }

    fn is_whole_due(
        &self,
        sizes: &Sizes,
        at: Timestamp,
        motion: &Motion,
        tracks: &[Track],
    ) -> bool {
        let since = self.since_whole(at);
        if motion.is_open {
            return since >= whole_interval(sizes, motion, tracks);
        }
        tracks
            .iter()
            .filter(|track| is_live(track) && !sizes.is_small(track.bbox))
            .any(|track| {
                since
                    >= if track.is_stationary {
                        stationary_interval(at, motion, track)
                    } else {
                        KEEP_MOVING
                    }
            })
    }

    fn since_whole(&self, at: Timestamp) -> Duration {
        self.whole_at
            .map_or(Duration::MAX, |whole_at| at.saturating_since(whole_at))
    }

    fn look_whole(&mut self, plan: &mut Plan) {
        let is_planned = plan.regions.contains(&Region::Whole);
        if !is_planned && self.pay(plan, self.config.whole_cost_ms) {
            self.owes_whole = false;
            self.whole_at = Some(plan.at);
            plan.regions.push(Region::Whole);
        }
    }

    /// Looks at what has been due for at least `overdue`, while it can be
    /// paid for.
    fn look_closer(&mut self, plan: &mut Plan, sizes: &Sizes, overdue: Duration) {
        // Bounded by the number of regions: each round adds one or ends.
        while let Some(region) = self.next_closer(plan.at, sizes, overdue) {
            let Region::Detail { area, .. } = region else {
                return;
            };
            if !self.pay(plan, self.config.detail_cost_ms) {
                return;
            }
            self.wants
                .serve(plan.at, |bbox| area::is_inside(bbox, area));
            plan.regions.push(region);
        }
    }

    /// The region for the place that has waited longest, and for as many
    /// others as fit beside it.
    fn next_closer(&self, at: Timestamp, sizes: &Sizes, overdue: Duration) -> Option<Region> {
        let mut due = self.wants.due(at);
        let first = due
            .next()
            .filter(|want| at.saturating_since(want.due_at) >= overdue)?;
        let mut together = first.bbox;
        let mut scale = sizes.scale_for(first.bbox);
        if !sizes.fits(together, scale) {
            scale = Scale::Half;
        }
        for want in due {
            let both = together.union(want.bbox);
            let is_fine_enough = sizes.scale_for(want.bbox) == scale || scale == Scale::Full;
            if is_fine_enough && sizes.fits(both, scale) {
                together = both;
            }
        }
        Some(Region::Detail {
            area: sizes.region(together, scale),
            scale,
        })
    }

    fn sweep(&mut self, plan: &mut Plan, sizes: &Sizes) {
        if plan.at.saturating_since(self.sweep_at) < SWEEP {
            return;
        }
        let n_steps = 1 + area::n_tiles_of(sizes);
        if self.sweep_idx.is_multiple_of(n_steps) {
            self.look_whole(plan);
        } else if self.pay(plan, self.config.detail_cost_ms) {
            plan.regions.push(Region::Detail {
                area: area::tile(sizes, self.sweep_idx % n_steps - 1),
                scale: area::tile_scale(sizes),
            });
        }
        if !plan.regions.is_empty() {
            self.sweep_at = plan.at;
            self.sweep_idx += 1;
        }
    }

    /// Spends `cost_ms` unless the frame or the budget is full.
    fn pay(&mut self, plan: &Plan, cost_ms: f32) -> bool {
        let is_possible =
            plan.regions.len() < self.config.max_regions.max(1) && self.credit_ms >= cost_ms;
        if is_possible {
            self.credit_ms -= cost_ms;
        }
        is_possible
    }
}

/// The looks of one frame.
#[derive(Debug)]
struct Plan {
    at: Timestamp,
    regions: Vec<Region>,
}

fn is_live(track: &Track) -> bool {
    track.state != TrackState::Ended
}

/// What wants a closer look in this frame.
fn demands(sizes: &Sizes, at: Timestamp, motion: &Motion, tracks: &[Track]) -> Vec<Demand> {
    let mut demands = Vec::new();
    for &bbox in &motion.summary.boxes {
        if tracks.iter().any(|track| explains(track, bbox, at)) {
            continue;
        }
        let (first_after, interval) = if sizes.is_small(bbox) {
            (Duration::ZERO, SMALL)
        } else {
            (PATIENCE, LARGE_UNEXPLAINED)
        };
        demands.push(Demand {
            bbox,
            first_after,
            interval,
        });
    }
    let mut asking: Vec<&Track> = tracks.iter().filter(|track| is_live(track)).collect();
    asking.sort_by_key(|track| (track.last_seen_at, track.track_id));
    let of_tracks = asking.into_iter().filter_map(|track| {
        let interval = track_interval(sizes, at, motion, track)?;
        Some(Demand {
            bbox: track.bbox,
            first_after: Duration::ZERO,
            interval,
        })
    });
    demands.extend(of_tracks.take(MAX_TRACK_DEMANDS));
    demands
}

/// How often a track wants a closer look, if at all.
fn track_interval(
    sizes: &Sizes,
    at: Timestamp,
    motion: &Motion,
    track: &Track,
) -> Option<Duration> {
    if sizes.is_small(track.bbox) {
        return Some(if track.is_stationary {
            stationary_interval(at, motion, track)
        } else if track.state == TrackState::Tentative {
            SMALL_TENTATIVE
        } else if motion.is_open {
            SMALL
        } else {
            KEEP_MOVING
        });
    }
    let is_doubtful = track.state == TrackState::Tentative || track.score < DOUBTFUL_SCORE;
    (is_doubtful && motion.is_open && !track.is_stationary).then_some(DOUBTFUL)
}

/// How often a stationary track is looked at.
fn stationary_interval(at: Timestamp, motion: &Motion, track: &Track) -> Duration {
    let is_touched = |bbox: &NormBox| track.bbox.intersection(*bbox).is_some();
    if motion.summary.boxes.iter().any(is_touched) {
        return KEEP_MOVING;
    }
    let age = at.saturating_since(track.first_seen_at);
    (age / 4).clamp(STATIONARY_SOONEST, STATIONARY_LATEST)
}

/// How often the whole picture is looked at while the gate is open: rarely
/// when whole looks find nothing of what is there.
fn whole_interval(sizes: &Sizes, motion: &Motion, tracks: &[Track]) -> Duration {
    let followed = tracks
        .iter()
        .filter(|track| is_live(track) && !track.is_stationary);
    let mut boxes = followed
        .map(|track| &track.bbox)
        .chain(&motion.summary.boxes);
    if boxes.any(|bbox| !sizes.is_small(*bbox)) {
        WHOLE_OPEN
    } else {
        KEEP_MOVING
    }
}

/// Whether the motion in `bbox` is that of a track seen just now.
fn explains(track: &Track, bbox: NormBox, at: Timestamp) -> bool {
    let is_fresh = matches!(track.state, TrackState::Tentative | TrackState::Confirmed)
        && at.saturating_since(track.last_seen_at) <= FRESH;
    is_fresh
        && track
            .bbox
            .intersection(bbox)
            .is_some_and(|common| common.area() >= EXPLAINED_SHARE * bbox.area())
}

#[cfg(test)]
mod tests;
