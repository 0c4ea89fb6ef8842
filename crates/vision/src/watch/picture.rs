//! How good the picture is: covered, out of focus, turned, too dark, too
//! bright; with colour or without.
//!
//! In: decoded frames, tracks. Out: the state, with since when each problem
//! has been there. A problem is raised when its evidence has lasted, and
//! taken back when it has been gone; see [`RAISED_WITHIN`].
//!
//! - **Too dark, too bright** by the levels alone. While a picture is either,
//!   nothing else is judged: a lens covered with black is too dark.
//! - **Covered**: next to nothing looks as it used to, and there is little to
//!   see. **Turned**: the same, but there is much to see. **Defocused**: the
//!   view is there, without its fine detail.
//!
//! The look of the view is learnt for 10 s at the start and followed slowly;
//! one look with colour and one without, and a picture need only match one of
//! them. While a problem is there nothing is learnt, so it lasts until it is
//! put right or a person says that the view is meant to be so
//! ([`PictureWatch::relearn`]).
//!
//! Not here: the end of the video (`source`), rules about problems
//! (`programs`).

use std::time::Duration;

use types::{PictureProblem, PictureState, Timestamp, Track};

use super::RHYTHM;
use super::cells::{Cells, GREY, colourfulness, range, sharpness};
use super::health::HealthWatch;
use super::lasting::Lasting;
use super::look::{Likeness, Look};
use crate::decode::Image;

/// A problem is in the state this long after it began, at the latest.
pub const RAISED_WITHIN: Duration = Duration::from_secs(8);
/// A problem is no longer in the state this long after it ended, at the
/// latest.
pub const CLEARED_WITHIN: Duration = Duration::from_secs(7);

/// How long evidence must last: longer than a lorry takes to pass.
const RAISE: Duration = Duration::from_secs(5);
/// How long evidence must be gone.
const CLEAR: Duration = Duration::from_secs(3);
/// Without a picture for this long, evidence begins anew.
const INTERRUPTED: Duration = Duration::from_secs(5);

/// Pictures whose average is compared: rain and noise go.
const N_AVERAGED: usize = 3;

/// Too dark when 95 % of the picture lie below the first level, until 5 %
/// lie above the second.
const DARK: (f32, f32) = (24.0, 34.0);
/// Too bright when 95 % lie above the first, until 5 % lie below the second.
const BRIGHT: (f32, f32) = (228.0, 214.0);

/// Another view, or none: at most this share of the tiles is alike; a raised
/// problem ends above the second.
const OTHER_VIEW: (f32, f32) = (0.12, 0.3);
/// Little to see: at most this part of the usual edges.
const LITTLE: f32 = 0.3;
/// The same view: at least this share is alike.
const SAME_VIEW: f32 = 0.4;
/// Out of focus: at most this part of the usual crispness, until the second.
const BLURRED: (f32, f32) = (0.4, 0.6);

/// Watches the pictures of one camera.
#[derive(Debug, Default)]
pub struct PictureWatch {
    cells: Cells,
    /// The average of the last pictures, and these one after the other.
    now: Cells,
    recent: Vec<f32>,
    n_pictures: usize,
    /// Looks with colour, without.
    looks: [Look; 2],
    lasting: [Lasting; PictureProblem::ALL.len()],
    last_at: Option<Timestamp>,
    health: HealthWatch,
    state: PictureState,
}

impl PictureWatch {
    /// A watch that has not learnt anything yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the view: what the camera shows from now on is right.
    pub fn relearn(&mut self) {
        *self = Self::new();
    }

    /// Judges a picture; between two that are judged, the state stays.
    ///
    /// `tracks` as of the scene: what stands before the view does not make it
    /// another one.
    pub fn update(
        &mut self,
        image: &Image,
        captured_at: Timestamp,
        tracks: &[Track],
    ) -> PictureState {
        let elapsed = self.last_at.map(|last| captured_at.saturating_since(last));
        if image.is_damaged || elapsed.is_some_and(|elapsed| elapsed < RHYTHM) {
            return self.state.clone();
        }
        self.last_at = Some(captured_at);
        let elapsed = elapsed.unwrap_or_default();
        if self.cells.measure(&image.planes.y) {
            self.looks = Default::default();
            self.now = self.cells.clone();
            self.recent = self.cells.levels.repeat(N_AVERAGED);
        }
        self.average();
        if elapsed >= INTERRUPTED {
            self.lasting.iter_mut().for_each(Lasting::interrupt);
        }
        let elapsed = elapsed.min(INTERRUPTED);
        let crisp = self.judge(image, captured_at, elapsed, tracks);
        let elapsed_s = elapsed.as_secs_f32();
        self.state.health = self.health.update(&self.cells, crisp, tracks, elapsed_s);
        self.state.problems = PictureProblem::ALL
            .into_iter()
            .zip(&self.lasting)
            .filter_map(|(problem, lasting)| Some((problem, lasting.since()?)))
            .collect();
        self.state.clone()
    }

    /// Judges the picture; returns how crisp it is, in parts of the usual, where
    /// that can be told.
    fn judge(
        &mut self,
        image: &Image,
        at: Timestamp,
        elapsed: Duration,
        tracks: &[Track],
    ) -> Option<f32> {
        let elapsed_s = elapsed.as_secs_f32();
        let (low, high) = range(&self.cells.levels);
        let is_dark = high < self.limit(PictureProblem::TooDark, DARK);
        let is_bright = low > self.limit(PictureProblem::TooBright, BRIGHT);
        self.note(PictureProblem::TooDark, at, is_dark);
        self.note(PictureProblem::TooBright, at, is_bright);
        if is_dark || is_bright {
            return None;
        }
        let colours = colourfulness(&image.planes);
        let grey = if self.state.is_grey { GREY.1 } else { GREY.0 };
        let sharpness = sharpness(&image.planes.y);
        let likeness = self.likeness(sharpness, tracks);
        let is_other = likeness.is_some_and(|likeness| self.is_other_view(likeness));
        let is_little = likeness.is_some_and(|likeness| likeness.detail < LITTLE);
        // A hand before the lens may be grey: no reason to learn it.
        self.state.is_grey = if is_other && is_little {
            self.state.is_grey
        } else {
            colours < grey
        };
        let look_idx = usize::from(self.state.is_grey);
        let is_new = !self.looks[look_idx].is_learnt();
        let is_first_change = is_new && self.looks[1 - look_idx].is_learnt() && !is_little;
        let has_other = is_other && !is_first_change;
        let limit = self.limit(PictureProblem::Defocused, BLURRED);
        let is_blurred =
            likeness.is_some_and(|likeness| likeness.alike >= SAME_VIEW && likeness.crisp < limit);
        self.note(PictureProblem::Covered, at, has_other && is_little);
        self.note(PictureProblem::Turned, at, has_other && !is_little);
        self.note(PictureProblem::Defocused, at, is_blurred);
        let is_doubtful = self.lasting.iter().any(Lasting::has_evidence);
        if !is_doubtful || is_first_change {
            self.looks[look_idx].learn(&self.now, sharpness, elapsed_s);
        }
        likeness.map(|likeness| likeness.crisp)
    }

    /// Replaces the oldest of the recent pictures by the newest.
    fn average(&mut self) {
        let n = self.cells.levels.len();
        let oldest = self.n_pictures % N_AVERAGED * n;
        self.n_pictures += 1;
        self.recent[oldest..oldest + n].copy_from_slice(&self.cells.levels);
        self.now.levels.fill(0.0);
        for picture in self.recent.chunks_exact(n.max(1)) {
            for (sum, level) in self.now.levels.iter_mut().zip(picture) {
                *sum += level / N_AVERAGED as f32;
            }
        }
    }

    /// The best likeness to a learnt look.
    fn likeness(&self, sharpness: f32, tracks: &[Track]) -> Option<Likeness> {
        let looks = self.looks.iter().filter(|look| look.is_learnt());
        looks
            .filter_map(|look| look.likeness(&self.now, sharpness, tracks))
            .max_by(|a, b| a.alike.total_cmp(&b.alike))
    }

    fn is_other_view(&self, likeness: Likeness) -> bool {
        let is_raised = [PictureProblem::Covered, PictureProblem::Turned]
            .into_iter()
            .any(|problem| self.is_raised(problem));
        likeness.alike
            < if is_raised {
                OTHER_VIEW.1
            } else {
                OTHER_VIEW.0
            }
    }

    /// The limit at which a problem begins, or ends.
    fn limit(&self, problem: PictureProblem, (begins, ends): (f32, f32)) -> f32 {
        if self.is_raised(problem) {
            ends
        } else {
            begins
        }
    }

    fn is_raised(&self, problem: PictureProblem) -> bool {
        self.lasting[problem as usize].since().is_some()
    }

    fn note(&mut self, problem: PictureProblem, at: Timestamp, has_evidence: bool) {
        self.lasting[problem as usize].update(at, has_evidence, (RAISE, CLEAR));
    }
}
