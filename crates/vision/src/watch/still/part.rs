//! Parts of changed cells, and what each of them is.
//!
//! In: marked cells, the scene now and before. Out: [`Part`]s; for each, a
//! thing left, a thing removed, or neither.

use types::{NormBox, StillChangeKind};

use super::super::cells::Cells;
use super::super::light::Light;
use super::Mark;

/// Fewest cells of a part.
const MIN_CELLS: usize = 3;
/// Largest part, as share of the picture.
const MAX_SHARE: f32 = 0.1;
/// Least that the difference must drop over two cells at the border, in parts
/// of the difference inside: light fades out more slowly.
const MIN_DROP: f32 = 0.45;
/// How much stronger the border must be now than before, or before than now.
const MIN_RATIO: f32 = 1.5;
/// The same, as difference, grey levels.
const MIN_BORDER: f32 = 4.0;
/// Fewest cells whose brightness tells a shadow or patch of light.
const MIN_LIT_CELLS: usize = 12;
/// Light dims and brightens all cells alike, within this share.
const LIT_SPREAD: f32 = 0.07;
/// Shadows leave, and patches of light add, no more than this.
const LIT: std::ops::Range<f32> = 0.45..2.0;

/// Neighbouring changed cells.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Indices, in no order.
    pub(super) cells: Vec<usize>,
    first: (usize, usize),
    last: (usize, usize),
}

impl Part {
    /// Whether both cover one place: their boxes share most of the smaller.
    pub(super) fn meets(&self, other: &Part) -> bool {
        let overlap =
            |a: (usize, usize), b: (usize, usize)| (a.1.min(b.1) + 1).saturating_sub(a.0.max(b.0));
        let common = overlap((self.first.0, self.last.0), (other.first.0, other.last.0))
            * overlap((self.first.1, self.last.1), (other.first.1, other.last.1));
        common * 2 > self.area().min(other.area())
    }

    fn area(&self) -> usize {
        (self.last.0 + 1 - self.first.0) * (self.last.1 + 1 - self.first.1)
    }

    /// How long it has been still: the middle of its cells, seconds.
    pub(super) fn still_s(&self, still_s: &[f32]) -> f32 {
        let mut all: Vec<f32> = self.cells.iter().map(|idx| still_s[*idx]).collect();
        let middle = all.len() / 2;
        *all.select_nth_unstable_by(middle, f32::total_cmp).1
    }

    /// Share of its cells with such a mark.
    pub(super) fn share(&self, marks: &[Mark], is_such: impl Fn(Mark) -> bool) -> f32 {
        let n = self
            .cells
            .iter()
            .filter(|idx| is_such(marks[**idx]))
            .count();
        n as f32 / self.cells.len() as f32
    }
}

/// What is compared.
#[derive(Debug)]
pub(super) struct Scenes<'a> {
    pub(super) n_columns: usize,
    pub(super) n_rows: usize,
    pub(super) now: &'a [f32],
    pub(super) before: &'a [f32],
    pub(super) light: Light,
}

impl Scenes<'_> {
    pub(super) fn norm_box(&self, part: &Part) -> NormBox {
        let along = |cell: usize, n: usize| cell as f32 / n as f32;
        NormBox::from_xyxy(
            along(part.first.0, self.n_columns),
            along(part.first.1, self.n_rows),
            along(part.last.0 + 1, self.n_columns),
            along(part.last.1 + 1, self.n_rows),
        )
    }
}

/// The parts of a picture that are neither too small or thin nor too large,
/// largest first.
pub(super) fn find(cells: &Cells, marks: &[Mark]) -> Vec<Part> {
    let (n_columns, n_rows) = (cells.n_columns, cells.n_rows);
    let mut is_taken: Vec<bool> = marks.iter().map(|mark| *mark != Mark::Changed).collect();
    let mut parts = Vec::new();
    for start in 0..marks.len() {
        if is_taken[start] {
            continue;
        }
        is_taken[start] = true;
        let mut part = Part {
            cells: vec![start],
            first: (n_columns, n_rows),
            last: (0, 0),
        };
        let mut n_seen = 0;
        while let Some(&idx) = part.cells.get(n_seen) {
            n_seen += 1;
            let (column, row) = (idx % n_columns, idx / n_columns);
            part.first = (part.first.0.min(column), part.first.1.min(row));
            part.last = (part.last.0.max(column), part.last.1.max(row));
            for row in row.saturating_sub(1)..(row + 2).min(n_rows) {
                for column in column.saturating_sub(1)..(column + 2).min(n_columns) {
                    let near = row * n_columns + column;
                    if !is_taken[near] {
                        is_taken[near] = true;
                        part.cells.push(near);
                    }
                }
            }
        }
        let is_too_large = part.cells.len() as f32 > MAX_SHARE * marks.len() as f32;
        if part.cells.len() >= MIN_CELLS && !is_too_large && is_thick(&part, n_columns, marks) {
            parts.push(part);
        }
    }
    parts.sort_by_key(|part| std::cmp::Reverse(part.cells.len()));
    parts
}

/// Whether it is two cells thick anywhere: an edge that moved a little, on a
/// trembling camera, is thinner.
fn is_thick(part: &Part, n_columns: usize, marks: &[Mark]) -> bool {
    let is_changed = |idx: usize| marks.get(idx) == Some(&Mark::Changed);
    part.cells.iter().any(|&idx| {
        idx % n_columns + 1 < n_columns
            && [idx + 1, idx + n_columns, idx + n_columns + 1]
                .into_iter()
                .all(is_changed)
    })
}

/// What a part is; `None` for light, and for what cannot be told.
pub(super) fn kind(part: &Part, scenes: &Scenes<'_>) -> Option<StillChangeKind> {
    if is_light(part, scenes) {
        return None;
    }
    let border = Border::of(part, scenes)?;
    if border.drop < MIN_DROP {
        return None;
    }
    if border.now > MIN_RATIO * border.before + MIN_BORDER {
        return Some(StillChangeKind::Left);
    }
    (border.before > MIN_RATIO * border.now + MIN_BORDER).then_some(StillChangeKind::Removed)
}

/// Whether all cells became brighter or darker alike.
fn is_light(part: &Part, scenes: &Scenes<'_>) -> bool {
    if part.cells.len() < MIN_LIT_CELLS {
        return false;
    }
    let ratios: Vec<f32> = part
        .cells
        .iter()
        .map(|idx| scenes.now[*idx] / scenes.light.of(scenes.before[*idx]).max(1.0))
        .collect();
    let n = ratios.len() as f32;
    let mean = ratios.iter().sum::<f32>() / n;
    let spread = (ratios
        .iter()
        .map(|ratio| (ratio - mean).powi(2))
        .sum::<f32>()
        / n)
        .sqrt();
    LIT.contains(&mean) && spread < LIT_SPREAD * mean
}

/// How a part stands out, averaged along its border.
#[derive(Clone, Copy, Debug)]
struct Border {
    /// Difference of inside and outside, grey levels.
    now: f32,
    before: f32,
    /// How much of the difference between the scenes ends there, 0..=1.
    drop: f32,
}

impl Border {
    /// `None` when the part has no border inside the picture.
    fn of(part: &Part, scenes: &Scenes<'_>) -> Option<Self> {
        let mut cells = part.cells.clone();
        cells.sort_unstable();
        let is_inside = |idx: usize| cells.binary_search(&idx).is_ok();
        let (n_columns, n_rows) = (scenes.n_columns, scenes.n_rows);
        let before = |idx: usize| scenes.light.of(scenes.before[idx]);
        let (mut sum_now, mut sum_before, mut sum_drop, mut sum_inside, mut n) =
            (0.0, 0.0, 0.0, 0.0, 0.0);
        for &idx in &cells {
            let (column, row) = (idx % n_columns, idx / n_columns);
            // Two cells away: the next one is often half covered.
            let beside = [
                (column >= 2).then(|| (idx - 1, idx - 2)),
                (column + 2 < n_columns).then(|| (idx + 1, idx + 2)),
                (row >= 2).then(|| (idx - n_columns, idx - 2 * n_columns)),
                (row + 2 < n_rows).then(|| (idx + n_columns, idx + 2 * n_columns)),
            ];
            for (next, outside) in beside.into_iter().flatten() {
                if is_inside(next) || is_inside(outside) {
                    continue;
                }
                let inside_change = scenes.now[idx] - before(idx);
                let outside_change = scenes.now[outside] - before(outside);
                sum_now += (scenes.now[idx] - scenes.now[outside]).abs();
                sum_before += (before(idx) - before(outside)).abs();
                sum_drop += (inside_change - outside_change).abs();
                sum_inside += inside_change.abs();
                n += 1.0;
            }
        }
        let whole: f32 = cells
            .iter()
            .map(|idx| (scenes.now[*idx] - before(*idx)).abs())
            .sum::<f32>()
            / cells.len() as f32;
        (n > 0.0 && sum_inside > 0.0).then(|| Border {
            now: sum_now / n,
            before: sum_before / n,
            drop: sum_drop / n / whole,
        })
    }
}
