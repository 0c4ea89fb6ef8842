//! Which parts of the picture changed, and whether that matters.
//!
//! In: decoded frames of one camera; only their luma is looked at, as 8x8
//! blocks of the scaled-down picture. Out: boxes around changed parts, and a
//! gate: open while something moves that may be an object.
//!
//! What keeps the gate from standing open for ever:
//! - each block learns how restless it is (`background`), so noise, leaves,
//!   rain and snow open it at first and then no more;
//! - what most blocks have in common is light (`light`), and is taken over;
//! - a change of most of the picture at once (light switch, infrared filter,
//!   exposure jump, knocked camera) is global: no motion of objects. The
//!   background is learned anew within [`SETTLE_S`];
//! - a single block never opens it, and a weak part must last two frames;
//! - what stops becomes background after 15 s; tracks keep it alive otherwise.
//!
//! The first frame, and the first of another size, is background. Of a cut
//! frame the missing rows are not judged; a damaged frame that differs as a
//! whole is passed over, unless damage goes on.
//!
//! Time comes only from `captured_at`.
//!
//! Not here: what moved (`detect`), where to look (`regions`).

mod background;
mod blocks;
mod components;
mod light;

use types::{MotionSummary, Polygon, Timestamp};

use self::background::{Background, Comparison};
use self::blocks::Grid;
use self::components::{Component, Labeller};
use crate::decode::Image;

/// Most boxes that are reported, the largest.
pub const MAX_BOXES: usize = 16;

/// How long the gate stays open after the last motion, seconds: a walker who
/// pauses, and time for the tracker to see that an object stands still.
const HOLD_S: f32 = 1.0;

/// How long the picture must be calm after a global change, seconds.
pub const SETTLE_S: f32 = 1.0;

/// Longest time after a global change in which a smaller one still belongs to
/// it, seconds: exposure that is being adjusted.
const MAX_SETTLE_S: f32 = 3.0;

/// Changed share of the picture from which a change is global.
const GLOBAL_SHARE: f32 = 0.6;

/// Changed share from which a change is global if it comes at once, all over
/// the picture.
const SUDDEN_SHARE: f32 = 0.3;

/// Changed share below which a picture is calm.
const CALM_SHARE: f32 = 0.1;

/// Tiles of the picture, of 16, that a sudden global change must reach.
const SUDDEN_TILES: usize = 12;

/// Part of a tile that must have changed for it to count.
const TILE_SHARE: f32 = 0.15;

/// A part this strong (sum of its blocks' changes in thresholds) counts at
/// once; a weaker one must have been near in the frame before.
const STRONG_ENERGY: f32 = 4.0;

/// Fewest blocks of a part that counts: 15 pixels of a person always touch
/// two, a raindrop or a broken pixel touches one.
const MIN_PART_BLOCKS: usize = 2;

/// How far a weak part may have moved since the last frame, blocks.
const NEAR_BLOCKS: usize = 3;

/// Damaged frames in a row that are passed over when they differ as a whole.
const MAX_PASSED_OVER: u32 = 3;

/// Longest step of time that is learned from at once, seconds.
const MAX_ELAPSED_S: f32 = 2.0;

/// What a person sets.
#[derive(Clone, Debug, PartialEq)]
pub struct MotionConfig {
    /// 1 (only strong contrast) to 10 (faintest); others are limited to that.
    pub sensitivity: u8,
    /// Where pixels are ignored.
    pub masks: Vec<Polygon>,
}

impl Default for MotionConfig {
    /// Sensitivity 5, no masks.
    fn default() -> Self {
        MotionConfig {
            sensitivity: 5,
            masks: Vec::new(),
        }
    }
}

impl MotionConfig {
    /// Least change of a block's mean that counts, grey levels: 4 at
    /// sensitivity 5, a quarter more or less per step.
    fn floor(&self) -> f32 {
        let steps = 5 - i32::from(self.sensitivity.clamp(1, 10));
        4.0 * 1.25_f32.powi(steps)
    }
}

/// What the gate saw in one frame.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Motion {
    /// For the scene: boxes, changed share, global or not.
    pub summary: MotionSummary,
    /// Something moves, or moved within the last second.
    pub is_open: bool,
    /// The background holds: no start, no global change within the last
    /// second. A picture that became stable is worth one look as a whole.
    pub is_stable: bool,
}

/// Judges the frames of one camera, one after the other.
#[derive(Debug)]
pub struct MotionGate {
    config: MotionConfig,
    grid: Grid,
    is_masked: Vec<bool>,
    background: Background,
    last_at: Timestamp,
    last_motion_at: Option<Timestamp>,
    /// When the picture last was seen to change as a whole, or started.
    unstable_at: Timestamp,
    is_stable: bool,
    /// When the present global change began, until the picture is stable.
    settling_since: Option<Timestamp>,
    last_share: f32,
    n_passed_over: u32,
    /// Blocks that were above their threshold in the last frame.
    was_changed: Vec<bool>,
    labeller: Labeller,
    sums: Vec<u16>,
    means: Vec<f32>,
    is_judged: Vec<bool>,
    changes: Vec<f32>,
    components: Vec<Component>,
}

impl MotionGate {
    /// A gate without a background.
    pub fn new(config: MotionConfig) -> Self {
        MotionGate {
            config,
            grid: Grid::default(),
            is_masked: Vec::new(),
            background: Background::default(),
            last_at: Timestamp::default(),
            last_motion_at: None,
            unstable_at: Timestamp::default(),
            is_stable: false,
            settling_since: None,
            last_share: 0.0,
            n_passed_over: 0,
            was_changed: Vec::new(),
            labeller: Labeller::default(),
            sums: Vec::new(),
            means: Vec::new(),
            is_judged: Vec::new(),
            changes: Vec::new(),
            components: Vec::new(),
        }
    }

    /// Judges a frame and learns from it.
    pub fn update(&mut self, image: &Image, captured_at: Timestamp) -> Motion {
        let luma = &image.planes.y;
        let grid = Grid::of(luma);
        blocks::means(luma, grid, &mut self.sums, &mut self.means);
        if grid != self.grid {
            self.start(grid, captured_at);
            return Motion::default();
        }
        let elapsed_s = seconds(self.last_at, captured_at);
        self.last_at = captured_at;
        self.choose_judged(image);
        let floor = self.config.floor();
        let comparison =
            self.background
                .compare(&self.means, &self.is_judged, floor, &mut self.changes);
        let share = self.changed_share();
        let is_global = self.is_global(share, captured_at);
        if image.is_damaged && is_global && self.n_passed_over < MAX_PASSED_OVER {
            self.n_passed_over += 1;
            return self.without_boxes(share, false, captured_at);
        }
        self.n_passed_over = if image.is_damaged {
            self.n_passed_over
        } else {
            0
        };
        if is_global {
            self.background.replace(&self.means);
            self.unstable_at = captured_at;
            self.settling_since.get_or_insert(captured_at);
            self.is_stable = false;
            self.last_motion_at = None;
            self.remember(share);
            return self.without_boxes(share, true, captured_at);
        }
        if self.settling_since.is_some() && seconds(self.unstable_at, captured_at) < SETTLE_S {
            self.background.replace(&self.means);
            self.remember(share);
            return self.without_boxes(share, false, captured_at);
        }
        let motion = self.judge(share, captured_at);
        self.learn(comparison, elapsed_s.min(MAX_ELAPSED_S));
        self.remember(share);
        motion
    }

    fn start(&mut self, grid: Grid, captured_at: Timestamp) {
        self.grid = grid;
        self.is_masked = grid.masked(&self.config.masks);
        self.background.start(&self.means, grid.n_columns);
        self.last_at = captured_at;
        self.last_motion_at = None;
        self.unstable_at = captured_at;
        self.is_stable = false;
        self.settling_since = None;
        self.last_share = 0.0;
        self.n_passed_over = 0;
        self.was_changed.clear();
        self.was_changed.resize(grid.len(), false);
    }

    /// Blocks that can be judged: not masked, not missing.
    fn choose_judged(&mut self, image: &Image) {
        self.is_judged.clear();
        self.is_judged
            .extend(self.is_masked.iter().map(|is_masked| !is_masked));
        if image.is_damaged {
            let n_missing = blocks::n_missing_rows(&image.planes.y, self.grid);
            let first_missing = (self.grid.n_rows - n_missing) * self.grid.n_columns;
            self.is_judged[first_missing..].fill(false);
        }
    }

    /// Share of the judged blocks that are above their threshold, 0..=1.
    fn changed_share(&self) -> f32 {
        let n_judged = self.is_judged.iter().filter(|judged| **judged).count();
        let n_changed = self.changes.iter().filter(|change| **change >= 1.0).count();
        n_changed as f32 / n_judged.max(1) as f32
    }

    fn is_global(&self, share: f32, captured_at: Timestamp) -> bool {
        let is_settling = self
            .settling_since
            .is_some_and(|since| seconds(since, captured_at) < MAX_SETTLE_S);
        share >= GLOBAL_SHARE
            || (is_settling && share >= CALM_SHARE)
            || (share >= SUDDEN_SHARE
                && self.last_share < CALM_SHARE
                && self.n_changed_tiles() >= SUDDEN_TILES)
    }

    /// How many of the picture's 4x4 tiles have changed in good part.
    fn n_changed_tiles(&self) -> usize {
        let (n_columns, n_rows) = (self.grid.n_columns, self.grid.n_rows);
        let mut n_blocks = [0_u32; 16];
        let mut n_changed = [0_u32; 16];
        for (block, change) in self.changes.iter().enumerate() {
            let (column, row) = (block % n_columns, block / n_columns);
            let tile = row * 4 / n_rows * 4 + column * 4 / n_columns;
            n_blocks[tile] += 1;
            n_changed[tile] += u32::from(*change >= 1.0);
        }
        n_changed
            .iter()
            .zip(n_blocks)
            .filter(|(changed, all)| **changed > 0 && **changed as f32 >= TILE_SHARE * *all as f32)
            .count()
    }

    /// Boxes and gate of a frame that is not global.
    fn judge(&mut self, share: f32, captured_at: Timestamp) -> Motion {
        self.labeller
            .find(self.grid, &self.changes, &mut self.components);
        let mut parts = std::mem::take(&mut self.components);
        parts.retain(|part| self.counts(part));
        parts.sort_by_key(|part| std::cmp::Reverse(part.area()));
        parts.truncate(MAX_BOXES);
        let boxes: Vec<_> = parts
            .iter()
            .map(|part| self.grid.norm_box(part.first, part.last))
            .collect();
        self.components = parts;
        if !boxes.is_empty() {
            self.last_motion_at = Some(captured_at);
        }
        if seconds(self.unstable_at, captured_at) >= SETTLE_S {
            self.is_stable = true;
            self.settling_since = None;
        }
        Motion {
            summary: MotionSummary {
                boxes,
                changed_share: share,
                is_global: false,
            },
            is_open: self.is_open(captured_at),
            is_stable: self.is_stable,
        }
    }

    fn is_open(&self, captured_at: Timestamp) -> bool {
        self.last_motion_at
            .is_some_and(|at| seconds(at, captured_at) < HOLD_S)
    }

    /// Whether a part may be an object.
    fn counts(&self, part: &Component) -> bool {
        part.n_blocks >= MIN_PART_BLOCKS && (part.energy >= STRONG_ENERGY || self.was_near(part))
    }

    fn was_near(&self, part: &Component) -> bool {
        let first_row = part.first.1.saturating_sub(NEAR_BLOCKS);
        let last_row = (part.last.1 + NEAR_BLOCKS).min(self.grid.n_rows - 1);
        let first = part.first.0.saturating_sub(NEAR_BLOCKS);
        let last = (part.last.0 + NEAR_BLOCKS).min(self.grid.n_columns - 1);
        (first_row..=last_row).any(|row| {
            let start = row * self.grid.n_columns;
            self.was_changed[start + first..=start + last].contains(&true)
        })
    }

    /// The answer for a frame in which no object can be told.
    fn without_boxes(&self, share: f32, is_global: bool, captured_at: Timestamp) -> Motion {
        Motion {
            summary: MotionSummary {
                boxes: Vec::new(),
                changed_share: share,
                is_global,
            },
            is_open: self.is_open(captured_at),
            is_stable: self.is_stable,
        }
    }

    fn learn(&mut self, comparison: Comparison, elapsed_s: f32) {
        self.background.learn(
            &self.means,
            &self.is_judged,
            self.config.floor(),
            &self.changes,
            comparison,
            elapsed_s,
        );
    }

    fn remember(&mut self, share: f32) {
        self.last_share = share;
        self.was_changed.clear();
        self.was_changed
            .extend(self.changes.iter().map(|change| *change >= 1.0));
    }
}

/// Seconds from `earlier` to `later`, 0 when the clock was set back.
fn seconds(earlier: Timestamp, later: Timestamp) -> f32 {
    later.saturating_since(earlier).as_secs_f32()
}

#[cfg(test)]
mod tests;
