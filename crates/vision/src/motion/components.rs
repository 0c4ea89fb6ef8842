//! Changed blocks, gathered into connected parts.
//!
//! In: by how much each block changed, relative to its own threshold. Out:
//! parts that hold at least one block above the threshold, with all
//! neighbouring blocks above a lower one, so that an object is not torn apart
//! where it happens to match what is behind it.

use super::blocks::Grid;

/// From this part of its threshold on a block belongs to a part that another
/// block has started.
const GROWTH: f32 = 0.6;

/// How far apart two blocks of one part may be, blocks: one quiet block
/// between them does not separate head from legs.
const REACH: usize = 2;

/// One connected part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Component {
    /// Column and row of the top left block of the box around it.
    pub(super) first: (usize, usize),
    /// Column and row of the bottom right block, included.
    pub(super) last: (usize, usize),
    pub(super) n_blocks: usize,
    /// Sum of the change of its blocks, in thresholds.
    pub(super) energy: f32,
}

impl Component {
    fn add(&mut self, column: usize, row: usize, change: f32) {
        self.first = (self.first.0.min(column), self.first.1.min(row));
        self.last = (self.last.0.max(column), self.last.1.max(row));
        self.n_blocks += 1;
        self.energy += change;
    }

    /// Area of the box around it, blocks.
    pub(super) fn area(&self) -> usize {
        (self.last.0 - self.first.0 + 1) * (self.last.1 - self.first.1 + 1)
    }
}

/// Finds the parts of one frame; keeps its working memory.
#[derive(Debug, Default)]
pub(super) struct Labeller {
    is_taken: Vec<bool>,
    to_visit: Vec<usize>,
}

impl Labeller {
    /// Writes the parts of `changes` (thresholds, one per block) in reading
    /// order of their first block above the threshold.
    pub(super) fn find(&mut self, grid: Grid, changes: &[f32], found: &mut Vec<Component>) {
        found.clear();
        self.is_taken.clear();
        self.is_taken.resize(grid.len(), false);
        for seed in 0..grid.len() {
            if changes[seed] >= 1.0 && !self.is_taken[seed] {
                found.push(self.grow(grid, changes, seed));
            }
        }
    }

    fn grow(&mut self, grid: Grid, changes: &[f32], seed: usize) -> Component {
        let at = |block: usize| (block % grid.n_columns, block / grid.n_columns);
        let mut component = Component {
            first: at(seed),
            last: at(seed),
            n_blocks: 0,
            energy: 0.0,
        };
        self.is_taken[seed] = true;
        self.to_visit.push(seed);
        while let Some(block) = self.to_visit.pop() {
            let (column, row) = at(block);
            component.add(column, row, changes[block]);
            let rows = row.saturating_sub(REACH)..=(row + REACH).min(grid.n_rows - 1);
            for near_row in rows {
                let first = column.saturating_sub(REACH);
                let last = (column + REACH).min(grid.n_columns - 1);
                for near_column in first..=last {
                    let near = near_row * grid.n_columns + near_column;
                    if !self.is_taken[near] && changes[near] >= GROWTH {
                        self.is_taken[near] = true;
                        self.to_visit.push(near);
                    }
                }
            }
        }
        component
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};
    use jpeg::Plane;

    use super::*;

    /// `#` above the threshold, `+` above the lower one, `.` quiet.
    #[track_caller]
    fn check(picture: &[&str], expected: &Expect) {
        let changes: Vec<f32> = picture
            .iter()
            .flat_map(|row| row.bytes())
            .map(|mark| match mark {
                b'#' => 1.5,
                b'+' => 0.7,
                _ => 0.2,
            })
            .collect();
        let grid = Grid::of(&Plane {
            width_px: 8 * u32::try_from(picture[0].len()).unwrap(),
            height_px: 8 * u32::try_from(picture.len()).unwrap(),
            ..Plane::default()
        });
        let mut found = Vec::new();
        Labeller::default().find(grid, &changes, &mut found);
        let mut actual = String::new();
        for part in found {
            let Component {
                first,
                last,
                n_blocks,
                energy,
            } = part;
            writeln!(
                actual,
                "{first:?} to {last:?}: {n_blocks} blocks, {energy:.1}"
            )
            .unwrap();
        }
        expected.assert_eq(&actual);
    }

    #[test]
    fn weak_blocks_join_but_do_not_start_a_part() {
        check(
            &[
                "+.........",
                "..........",
                "....#.....",
                "....+....+",
                "....#....+",
            ],
            &expect![[r#"
                (4, 2) to (4, 4): 3 blocks, 3.7
            "#]],
        );
    }

    #[test]
    fn one_quiet_block_does_not_separate_but_two_do() {
        check(
            &[
                "#.#...#...",
                "..........",
                "..........",
                "#.........",
                "##........",
            ],
            &expect![[r#"
                (0, 0) to (2, 0): 2 blocks, 3.0
                (6, 0) to (6, 0): 1 blocks, 1.5
                (0, 3) to (1, 4): 3 blocks, 4.5
            "#]],
        );
    }

    #[test]
    fn parts_at_the_edges_stay_in_the_picture() {
        check(
            &["#........#", "..........", "..........", "#........#"],
            &expect![[r#"
                (0, 0) to (0, 0): 1 blocks, 1.5
                (9, 0) to (9, 0): 1 blocks, 1.5
                (0, 3) to (0, 3): 1 blocks, 1.5
                (9, 3) to (9, 3): 1 blocks, 1.5
            "#]],
        );
    }
}
