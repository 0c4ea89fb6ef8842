//! How healthy the scene is: sharp, with contrast, well exposed, steady, calm.
//!
//! In: cells of the pictures that the watch looks at, one after the other,
//! with how crisp they are against what the view used to be. Out: a
//! [`Health`], each part 0..=1, smoothed over [`SMOOTH_S`] so that who passes
//! does not make it flicker.
//!
//! - **Sharpness**: crispness against the learnt look. What fades over hours
//!   becomes usual and is not seen; best shots tell that.
//! - **Contrast**: levels between the darkest and the brightest 5 %.
//! - **Exposure**: share of the picture that is black or white.
//! - **Steadiness**: how far the picture moved as a whole since the one
//!   before, by its gradients; only a move that explains most of the
//!   difference counts, so light and passing lorries do not.
//! - **Calm**: of the cells that belong to no followed object, the share that
//!   changed since the picture before and has hardly a changed neighbour
//!   (drops and flakes are small, people and cars are not), and the share that
//!   differed for one picture only. Not judged while the camera shakes.
//!
//! Not here: what is broken (`picture`).

use types::{Health, HealthPart, NormBox, Track, TrackState};

use super::cells::{Cells, range};

/// Time over which parts are smoothed, seconds.
pub(super) const SMOOTH_S: f32 = 8.0;
/// Pictures before anything is told.
const MIN_PICTURES: u32 = 5;

/// Contrast of nothing, and of all one can want, grey levels.
const CONTRAST: (f32, f32) = (12.0, 60.0);
/// Black below the first level, white above the second.
const CLIPPED: (f32, f32) = (12.0, 243.0);
/// Share that may be black or white, and share from which the picture is of
/// no use.
const EXPOSURE: (f32, f32) = (0.3, 0.9);
/// Crispness of no use, and as good as usual, in parts of the usual.
const SHARPNESS: (f32, f32) = (0.3, 0.9);
/// Way of the picture that is nothing, and that makes it useless, parts of
/// its height.
const SHAKE: (f32, f32) = (0.001, 0.012);
/// Share of lone changed cells that is nothing, and that is the worst. Of
/// drawn streets with wind, clouds or traffic that nobody follows 0.004 to
/// 0.01, in rain 0.037, in snow 0.064.
const LONE: (f32, f32) = (0.012, 0.035);
/// The same of cells that differed once. Of drawn streets with traffic that
/// nobody follows 0.01, with insects 0.006, in rain 0.017, in snow 0.029.
const ONCE: (f32, f32) = (0.005, 0.03);
/// Below this steadiness edges flicker everywhere: calm stays as it was.
const TOO_SHAKY: f32 = 0.8;

/// A change of a cell that counts, grey levels: above the noise of a mean of
/// 16 pixels, ...
const MIN_CHANGE: f32 = 3.0;
/// ... and this many times what half of the cells change by.
const TIMES_TYPICAL: f32 = 4.0;
/// More changed neighbours of eight make a cell part of something large.
const MAX_NEIGHBOURS: usize = 2;
/// A cell is back where it was within this part of a change that counts.
const BACK: f32 = 0.5;
/// A move must leave less than this part of the difference unexplained.
const UNEXPLAINED: f32 = 0.6;
/// Difference beyond which a cell is a moving object, not a moving camera.
const MAX_DIFFERENCE: f32 = 60.0;
/// Box around a followed object, in parts of its size: its shadow and its
/// place of the picture before.
const AROUND: f32 = 0.5;

/// Follows the health of one camera's scene.
#[derive(Debug, Default)]
pub(super) struct HealthWatch {
    /// Levels of the picture before, and of the one before that.
    before: Vec<f32>,
    long_before: Vec<f32>,
    is_object: Vec<bool>,
    changes: Vec<f32>,
    sorted: Vec<f32>,
    n_pictures: u32,
    health: Option<Health>,
}

impl HealthWatch {
    /// Advances to the next picture. `crisp` in parts of the usual, where the
    /// usual is known.
    pub(super) fn update(
        &mut self,
        cells: &Cells,
        crisp: Option<f32>,
        tracks: &[Track],
        elapsed_s: f32,
    ) -> Option<Health> {
        if self.before.len() != cells.levels.len() || cells.n_columns < 3 || cells.n_rows < 3 {
            self.before.clone_from(&cells.levels);
            self.long_before.clone_from(&cells.levels);
            self.n_pictures = 0;
            self.health = None;
            return None;
        }
        self.mark_objects(cells, tracks);
        let (way, flicker) = self.compare(cells);
        let steadiness = good_below(way / cells.n_rows as f32, SHAKE);
        let before = self.health.unwrap_or(Health([1.0; 5]));
        let is_shaky = steadiness.min(before.part(HealthPart::Steadiness)) < TOO_SHAKY;
        let calm = if is_shaky {
            before.part(HealthPart::Calm)
        } else {
            good_below(flicker.0, LONE).min(good_below(flicker.1, ONCE))
        };
        let (low, high) = range(&cells.levels);
        let is_clipped = |level: &&f32| !(CLIPPED.0..=CLIPPED.1).contains(*level);
        let n_clipped = cells.levels.iter().filter(is_clipped).count();
        let clipped = n_clipped as f32 / cells.levels.len() as f32;
        let now = Health([
            crisp.map_or(1.0, |crisp| good_above(crisp, SHARPNESS)),
            good_above(high - low, CONTRAST),
            good_below(clipped, EXPOSURE),
            steadiness,
            calm,
        ]);
        std::mem::swap(&mut self.before, &mut self.long_before);
        self.before.clone_from(&cells.levels);
        self.n_pictures = self.n_pictures.saturating_add(1);
        // The first pictures count alike, later ones by the time they stand for.
        let share = (elapsed_s / SMOOTH_S)
            .max(1.0 / self.n_pictures as f32)
            .min(1.0);
        let mut smooth = self.health.unwrap_or(now);
        for (part, now) in smooth.0.iter_mut().zip(now.0) {
            *part += share * (now - *part);
        }
        self.health = Some(smooth);
        self.health.filter(|_| self.n_pictures >= MIN_PICTURES)
    }

    fn mark_objects(&mut self, cells: &Cells, tracks: &[Track]) {
        self.is_object.clear();
        self.is_object.resize(cells.levels.len(), false);
        for track in tracks {
            if track.state == TrackState::Ended {
                continue;
            }
            let bbox = grown(track.bbox);
            let columns = span(bbox.x1(), bbox.x2(), cells.n_columns);
            for row in span(bbox.y1(), bbox.y2(), cells.n_rows) {
                let start = row * cells.n_columns;
                self.is_object[start + columns.start..start + columns.end].fill(true);
            }
        }
    }

    /// How far the picture moved, in cells, and the shares of its cells that
    /// changed alone and that differed once.
    fn compare(&mut self, cells: &Cells) -> (f32, (f32, f32)) {
        let now = &cells.levels;
        let light = light_between(&mut self.sorted, now, &self.before);
        let (move_x, move_y) = self.movement(cells, light);
        self.changes.clear();
        self.changes.resize(now.len(), 0.0);
        self.sorted.clear();
        for_inner(cells, |idx| {
            let (gx, gy) = slope(&self.before, cells.n_columns, idx);
            let moved = self.before[idx] - move_x * gx - move_y * gy;
            self.changes[idx] = (now[idx] - moved - light).abs();
            self.sorted.push(self.changes[idx]);
        });
        let limit = (TIMES_TYPICAL * median(&mut self.sorted)).max(MIN_CHANGE);
        let light_before = light_between(&mut self.sorted, &self.before, &self.long_before);
        let (mut n_lone, mut n_once, mut n_judged) = (0_usize, 0_usize, 0_usize);
        for_inner(cells, |idx| {
            if self.is_object[idx] {
                return;
            }
            n_judged += 1;
            if self.changes[idx] > limit {
                let n_neighbours = neighbours(cells.n_columns, idx)
                    .filter(|neighbour| self.changes[*neighbour] > limit)
                    .count();
                n_lone += usize::from(n_neighbours <= MAX_NEIGHBOURS);
            }
            let differed = self.before[idx] - self.long_before[idx] - light_before;
            let differs = now[idx] - self.long_before[idx] - light_before - light;
            n_once += usize::from(differed.abs() > limit && differs.abs() < BACK * limit);
        });
        let way = (move_x * move_x + move_y * move_y).sqrt();
        let share = |n: usize| n as f32 / n_judged.max(1) as f32;
        (way, (share(n_lone), share(n_once)))
    }

    /// The move of the whole picture since the one before, cells to the right
    /// and down; none where no move explains the difference.
    fn movement(&self, cells: &Cells, light: f32) -> (f32, f32) {
        let now = &cells.levels;
        let (mut xx, mut xy, mut yy, mut xt, mut yt) = (0.0_f32, 0.0, 0.0, 0.0, 0.0);
        let is_background =
            |idx: usize, difference: f32| !self.is_object[idx] && difference.abs() < MAX_DIFFERENCE;
        for_inner(cells, |idx| {
            let difference = now[idx] - self.before[idx] - light;
            if is_background(idx, difference) {
                let (gx, gy) = slope(&self.before, cells.n_columns, idx);
                xx += gx * gx;
                xy += gx * gy;
                yy += gy * gy;
                xt += gx * difference;
                yt += gy * difference;
            }
        });
        let determinant = xx * yy - xy * xy;
        if determinant <= f32::MIN_POSITIVE {
            return (0.0, 0.0);
        }
        let (x, y) = (
            (xy * yt - yy * xt) / determinant,
            (xy * xt - xx * yt) / determinant,
        );
        let (mut all, mut left) = (0.0_f32, 0.0);
        for_inner(cells, |idx| {
            let difference = now[idx] - self.before[idx] - light;
            if is_background(idx, difference) {
                let (gx, gy) = slope(&self.before, cells.n_columns, idx);
                let rest = difference + x * gx + y * gy;
                all += difference * difference;
                left += rest * rest;
            }
        });
        if left < UNEXPLAINED * all {
            (x, y)
        } else {
            (0.0, 0.0)
        }
    }
}

/// Calls for each cell that has all its neighbours.
fn for_inner(cells: &Cells, mut each: impl FnMut(usize)) {
    for row in 1..cells.n_rows - 1 {
        for column in 1..cells.n_columns - 1 {
            each(row * cells.n_columns + column);
        }
    }
}

/// Levels per cell to the right and down.
fn slope(levels: &[f32], n_columns: usize, idx: usize) -> (f32, f32) {
    (
        (levels[idx + 1] - levels[idx - 1]) / 2.0,
        (levels[idx + n_columns] - levels[idx - n_columns]) / 2.0,
    )
}

fn neighbours(n_columns: usize, idx: usize) -> impl Iterator<Item = usize> {
    let around = [idx - n_columns, idx, idx + n_columns];
    let all = around
        .into_iter()
        .flat_map(|middle| middle - 1..=middle + 1);
    all.filter(move |neighbour| *neighbour != idx)
}

/// What most cells have in common from `before` to `now`; `sorted` is working
/// memory.
fn light_between(sorted: &mut Vec<f32>, now: &[f32], before: &[f32]) -> f32 {
    sorted.clear();
    sorted.extend(now.iter().zip(before).map(|(now, before)| now - before));
    median(sorted)
}

fn median(values: &mut [f32]) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f32::total_cmp).1
}

/// The box with room around it.
fn grown(bbox: NormBox) -> NormBox {
    let (dx, dy) = (bbox.width() * AROUND, bbox.height() * AROUND);
    NormBox::from_xyxy(
        bbox.x1() - dx,
        bbox.y1() - dy,
        bbox.x2() + dx,
        bbox.y2() + dy,
    )
}

/// Cells from `start` to `end`, parts of the picture, of `n` in a row.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to 0..=n; not-a-number becomes 0"
)]
fn span(start: f32, end: f32, n: usize) -> std::ops::Range<usize> {
    let at = |part: f32| part.clamp(0.0, 1.0) * n as f32;
    let start = (at(start).floor() as usize).min(n);
    start..(at(end).ceil() as usize).clamp(start, n)
}

/// 0 at the first value, 1 at the second.
fn good_above(value: f32, (bad, good): (f32, f32)) -> f32 {
    ((value - bad) / (good - bad)).clamp(0.0, 1.0)
}

/// 1 up to the first value, 0 from the second.
fn good_below(value: f32, (good, bad): (f32, f32)) -> f32 {
    ((bad - value) / (bad - good)).clamp(0.0, 1.0)
}
