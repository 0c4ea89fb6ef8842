//! What each block looks like when nothing happens, and how restless it is.
//!
//! In: block means. Out: how much each block differs from its background, in
//! units of its own threshold.
//!
//! Each block has a background level, a restlessness (mean absolute
//! difference from the background), a spike (the largest recent difference
//! that was gone a frame later) and a candidate (the level it has kept since
//! it changed). Noise and leaves raise the restlessness, snow and rain the
//! spikes, and these the threshold; both are cut off, so that passers-by do
//! not blind a block. An object that stops becomes background once its level
//! has lasted.
//!
//! Time comes from the caller, as seconds since the last frame.

use super::light::{LightChange, median};

/// How fast a quiet block follows slow changes, seconds.
const FOLLOW_S: f32 = 4.0;

/// How fast restlessness is learned and forgotten, seconds.
const RESTLESS_S: f32 = 15.0;

/// Restlessness that a new block is given, grey levels.
const NEW_RESTLESSNESS: f32 = 1.0;

/// Largest single difference that counts into restlessness, grey levels. It
/// bounds the threshold: no block ever goes blind for strong contrast.
const MAX_RESTLESS_STEP: f32 = 7.0;

/// Restlessness counts this much into a threshold. For Gaussian noise three
/// mean absolute differences are 2.4 standard deviations, on top of the floor.
const RESTLESS_WEIGHT: f32 = 3.0;

/// How fast spikes are forgotten, seconds.
const SPIKE_S: f32 = 30.0;

/// Largest difference that counts as spike, grey levels.
const MAX_SPIKE: f32 = 14.0;

/// Spikes count this much into a threshold: the next one may be larger.
const SPIKE_WEIGHT: f32 = 1.2;

/// Most by which noise that rises everywhere counts at once, grey levels.
const MAX_COMMON: f32 = 2.0;

/// Mean absolute difference over median absolute difference of Gaussian noise
/// (0.798 / 0.674).
const MEAN_OVER_MEDIAN: f32 = 1.18;

/// How long a changed block must keep its level to become background, s.
const ABSORB_S: f32 = 15.0;

/// Share of a threshold within which a level counts as kept.
const KEPT: f32 = 0.5;

/// Part of a common light change that the background takes over per frame.
const LIGHT_STEP: f32 = 0.5;

/// One camera's background.
#[derive(Debug, Default)]
pub(super) struct Background {
    n_columns: usize,
    level: Vec<f32>,
    restlessness: Vec<f32>,
    spike: Vec<f32>,
    /// Differences in this frame, the last, and the one before, grey levels.
    differences: [Vec<f32>; 3],
    candidate: Vec<f32>,
    /// Since when the candidate level has been kept, seconds.
    candidate_s: Vec<f32>,
    /// Learned for, seconds; decides how fast restlessness settles.
    age_s: f32,
    pairs: Vec<(f32, f32)>,
    scratch: Vec<f32>,
}

/// What one frame's comparison found besides the changes themselves.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comparison {
    pub(super) light: LightChange,
}

impl Background {
    /// Takes `means` as the background of a picture never seen before.
    ///
    /// `n_columns`: blocks in a row of the picture.
    pub(super) fn start(&mut self, means: &[f32], n_columns: usize) {
        self.n_columns = n_columns;
        self.level = means.to_vec();
        self.restlessness = vec![NEW_RESTLESSNESS; means.len()];
        self.spike = vec![0.0; means.len()];
        self.differences = std::array::from_fn(|_| vec![0.0; means.len()]);
        self.candidate = means.to_vec();
        self.candidate_s = vec![0.0; means.len()];
        self.age_s = 0.0;
    }

    /// Takes `means` as background after the picture changed as a whole. How
    /// restless a block is does not depend on the light, so it stays.
    pub(super) fn replace(&mut self, means: &[f32]) {
        self.level.copy_from_slice(means);
        self.candidate_s.fill(0.0);
        for differences in &mut self.differences {
            differences.fill(0.0);
        }
    }

    /// Writes each block's change in thresholds; 0 where `is_judged` is false.
    ///
    /// `floor`: the least threshold, grey levels.
    pub(super) fn compare(
        &mut self,
        means: &[f32],
        is_judged: &[bool],
        floor: f32,
        changes: &mut Vec<f32>,
    ) -> Comparison {
        self.pairs.clear();
        for (idx, &mean) in means.iter().enumerate() {
            if is_judged[idx] {
                self.pairs.push((self.level[idx], mean - self.level[idx]));
            }
        }
        let light = LightChange::fit(&mut self.pairs, &mut self.scratch);
        changes.clear();
        for (idx, &mean) in means.iter().enumerate() {
            let level = self.level[idx];
            let difference = (mean - level - light.at(level)).abs();
            changes.push(if is_judged[idx] { difference } else { 0.0 });
        }
        // Noise that rises everywhere (gain at dusk) counts at once; a median
        // does not see objects that cover less than half of the picture.
        let judged = changes.iter().zip(is_judged).filter(|(_, judged)| **judged);
        let typical = median(&mut self.scratch, judged.map(|(change, _)| *change));
        let common = (MEAN_OVER_MEDIAN * typical).min(MAX_COMMON);
        for (idx, change) in changes.iter_mut().enumerate() {
            *change /= floor + self.unrest(idx, common);
        }
        Comparison { light }
    }

    /// By how much the threshold of a block exceeds the floor, grey levels.
    fn unrest(&self, idx: usize, common: f32) -> f32 {
        let restless = RESTLESS_WEIGHT * self.restlessness[idx].max(common);
        restless.max(SPIKE_WEIGHT * self.spike[idx])
    }

    /// Learns from a frame that has been compared.
    ///
    /// `changes` as [`compare`](Self::compare) wrote them. Blocks that are not
    /// judged keep what they know.
    pub(super) fn learn(
        &mut self,
        means: &[f32],
        is_judged: &[bool],
        floor: f32,
        changes: &[f32],
        comparison: Comparison,
        elapsed_s: f32,
    ) {
        let follow = elapsed_s / (elapsed_s + FOLLOW_S);
        let settle_s = RESTLESS_S.min(self.age_s + 1.0);
        let restless = elapsed_s / (elapsed_s + settle_s);
        let spike_left = SPIKE_S / (elapsed_s + SPIKE_S);
        self.age_s = (self.age_s + elapsed_s).min(RESTLESS_S);
        self.differences.rotate_right(1);
        self.differences[0].fill(0.0);
        for idx in 0..means.len() {
            if !is_judged[idx] {
                continue;
            }
            let light = comparison.light.at(self.level[idx]);
            self.level[idx] += LIGHT_STEP * light;
            let difference = means[idx] - self.level[idx] - (1.0 - LIGHT_STEP) * light;
            let step = difference.abs().min(MAX_RESTLESS_STEP);
            self.restlessness[idx] += restless * (step - self.restlessness[idx]);
            self.spike[idx] *= spike_left;
            self.differences[0][idx] = difference.abs();
            if changes[idx] < 1.0 {
                self.level[idx] += follow * difference;
                self.candidate_s[idx] = 0.0;
                self.candidate[idx] = means[idx];
            } else {
                self.absorb(idx, means[idx], floor, elapsed_s);
            }
        }
        for idx in 0..means.len() {
            if self.differences[1][idx] >= floor {
                self.note_spike(idx, floor);
            }
        }
    }

    /// Notes a difference of the last frame if it and its surroundings are
    /// quiet in this frame and were before: a flake, not a walker, who is in
    /// the next block by then. The next flake may fall beside this one, so
    /// the neighbours learn too.
    fn note_spike(&mut self, idx: usize, floor: f32) {
        let n_columns = self.n_columns;
        let (column, row) = (idx % n_columns, idx / n_columns);
        let last_row = self.spike.len() / n_columns - 1;
        let rows = row.saturating_sub(1)..=(row + 1).min(last_row);
        let around = rows.map(|row| {
            let start = row * n_columns;
            start + column.saturating_sub(1)..start + (column + 2).min(n_columns)
        });
        let [now, last, earlier] = &self.differences;
        let mut near = around.clone().flatten();
        if near.all(|block| now[block].max(earlier[block]) < floor) {
            let height = last[idx].min(MAX_SPIKE);
            for block in around.flatten() {
                self.spike[block] = self.spike[block].max(height);
            }
        }
    }

    /// Lets a changed block become background when its new level lasts.
    fn absorb(&mut self, idx: usize, mean: f32, floor: f32, elapsed_s: f32) {
        let tolerance = KEPT * (floor + self.unrest(idx, 0.0));
        if (mean - self.candidate[idx]).abs() > tolerance {
            self.candidate[idx] = mean;
            self.candidate_s[idx] = 0.0;
            return;
        }
        self.candidate[idx] = f32::midpoint(self.candidate[idx], mean);
        self.candidate_s[idx] += elapsed_s;
        if self.candidate_s[idx] >= ABSORB_S {
            self.level[idx] = self.candidate[idx];
            self.candidate_s[idx] = 0.0;
        }
    }
}
