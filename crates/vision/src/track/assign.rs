//! Which detection belongs to which track: the assignment of lowest total
//! cost.
//!
//! In: the pairs that are possible at all, each with a cost in 0..1. Out: at
//! most one pair per row and per column. Leaving a row alone costs 1, so a
//! possible pair always beats none.
//!
//! Rows and columns that share no possible pair cannot influence each other,
//! so each connected group is solved alone; in real scenes most groups are one
//! track and one detection.
//!
//! Not here: what a cost means (`mod`).

/// A possible pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    pub(super) row: usize,
    pub(super) col: usize,
    /// 0 (certain) to below 1 (barely possible).
    pub(super) cost: f32,
}

/// Chooses among `pairs`, whose rows are below `n_rows` and columns below
/// `n_cols`. The result is ordered by row.
pub(super) fn assign(n_rows: usize, n_cols: usize, pairs: &[Pair]) -> Vec<(usize, usize)> {
    let mut groups = Groups::new(n_rows + n_cols);
    for pair in pairs {
        groups.join(pair.row, n_rows + pair.col);
    }
    let mut by_group: Vec<Vec<Pair>> = vec![Vec::new(); n_rows + n_cols];
    for pair in pairs {
        by_group[groups.root(pair.row)].push(*pair);
    }
    let mut chosen = Vec::new();
    for group in &by_group {
        match group.as_slice() {
            [] => {}
            [only] => chosen.push((only.row, only.col)),
            several => chosen.extend(solve_group(several)),
        }
    }
    chosen.sort_unstable();
    chosen
}

/// Solves one connected group as a small full matrix.
fn solve_group(pairs: &[Pair]) -> Vec<(usize, usize)> {
    let rows = distinct(pairs.iter().map(|pair| pair.row));
    let cols = distinct(pairs.iter().map(|pair| pair.col));
    // One spare column per row: choosing it means "no partner".
    let n_cols = cols.len() + rows.len();
    let mut costs = vec![IMPOSSIBLE; rows.len() * n_cols];
    for (row_idx, row_costs) in costs.chunks_exact_mut(n_cols).enumerate() {
        row_costs[cols.len() + row_idx] = ALONE;
    }
    for pair in pairs {
        let row_idx = rows.partition_point(|&row| row < pair.row);
        let col_idx = cols.partition_point(|&col| col < pair.col);
        costs[row_idx * n_cols + col_idx] = f64::from(pair.cost);
    }
    let partner_of_col = lowest_total(rows.len(), n_cols, &costs);
    cols.iter()
        .zip(&partner_of_col)
        .filter_map(|(&col, &row_idx)| Some((rows[row_idx?], col)))
        .collect()
}

/// Cost of leaving a row without partner.
const ALONE: f64 = 1.0;
/// Cost of a pair that is not possible: above any chain of real choices that
/// avoids it.
const IMPOSSIBLE: f64 = 1e6;

/// The Hungarian method in its shortest-path form (Kuhn 1955, Munkres 1957,
/// potentials after Edmonds and Karp): `n_rows <= n_cols`, `costs` row by row.
/// Returns the row of each column.
fn lowest_total(n_rows: usize, n_cols: usize, costs: &[f64]) -> Vec<Option<usize>> {
    // Index 0 of columns and rows is a helper; real ones count from 1.
    let mut row_potential = vec![0.0; n_rows + 1];
    let mut col_potential = vec![0.0; n_cols + 1];
    let mut row_of_col = vec![0_usize; n_cols + 1];
    let mut came_from = vec![0_usize; n_cols + 1];
    for row in 1..=n_rows {
        row_of_col[0] = row;
        let mut col = 0;
        let mut shortest = vec![f64::INFINITY; n_cols + 1];
        let mut is_done = vec![false; n_cols + 1];
        while row_of_col[col] != 0 {
            is_done[col] = true;
            let from_row = row_of_col[col];
            let (mut step, mut next_col) = (f64::INFINITY, 0);
            for to_col in 1..=n_cols {
                if is_done[to_col] {
                    continue;
                }
                let reduced = costs[(from_row - 1) * n_cols + to_col - 1]
                    - row_potential[from_row]
                    - col_potential[to_col];
                if reduced < shortest[to_col] {
                    shortest[to_col] = reduced;
                    came_from[to_col] = col;
                }
                if shortest[to_col] < step {
                    step = shortest[to_col];
                    next_col = to_col;
                }
            }
            for any_col in 0..=n_cols {
                if is_done[any_col] {
                    row_potential[row_of_col[any_col]] += step;
                    col_potential[any_col] -= step;
                } else {
                    shortest[any_col] -= step;
                }
            }
            col = next_col;
        }
        while col != 0 {
            let before = came_from[col];
            row_of_col[col] = row_of_col[before];
            col = before;
        }
    }
    row_of_col[1..]
        .iter()
        .map(|row| row.checked_sub(1))
        .collect()
}

fn distinct(values: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut values: Vec<usize> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// Connected groups of nodes (union-find with path halving).
struct Groups {
    parents: Vec<usize>,
}

impl Groups {
    fn new(n_nodes: usize) -> Self {
        Groups {
            parents: (0..n_nodes).collect(),
        }
    }

    fn root(&mut self, mut node: usize) -> usize {
        while self.parents[node] != node {
            self.parents[node] = self.parents[self.parents[node]];
            node = self.parents[node];
        }
        node
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a] = b;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(triples: &[(usize, usize, f32)]) -> Vec<Pair> {
        triples
            .iter()
            .map(|&(row, col, cost)| Pair { row, col, cost })
            .collect()
    }

    #[test]
    fn nearest_first_is_given_up_where_the_total_is_lower() {
        // Row 0 likes column 0 best, but row 1 has nothing else.
        let pairs = pairs(&[(0, 0, 0.1), (0, 1, 0.3), (1, 0, 0.2)]);
        assert_eq!(assign(2, 2, &pairs), [(0, 1), (1, 0)]);
    }

    #[test]
    fn rows_and_columns_without_pairs_stay_alone() {
        assert_eq!(assign(3, 0, &[]), []);
        assert_eq!(assign(0, 2, &[]), []);
        assert_eq!(assign(2, 3, &pairs(&[(1, 2, 0.9)])), [(1, 2)]);
    }

    /// Total cost, with 1 for each row without a partner.
    fn total(n_rows: usize, chosen: &[(usize, usize)], pairs: &[Pair]) -> f32 {
        let cost_of = |&(row, col): &(usize, usize)| {
            pairs
                .iter()
                .find(|pair| (pair.row, pair.col) == (row, col))
                .map_or(1e6, |pair| pair.cost)
        };
        let n_alone = u16::try_from(n_rows - chosen.len()).unwrap();
        chosen.iter().map(cost_of).sum::<f32>() + f32::from(n_alone)
    }

    /// Lowest total by trying everything.
    fn lowest_by_trying(row: usize, n_rows: usize, used: &mut Vec<usize>, pairs: &[Pair]) -> f32 {
        if row == n_rows {
            return 0.0;
        }
        let mut best = 1.0 + lowest_by_trying(row + 1, n_rows, used, pairs);
        for pair in pairs.iter().filter(|pair| pair.row == row) {
            if !used.contains(&pair.col) {
                used.push(pair.col);
                best = best.min(pair.cost + lowest_by_trying(row + 1, n_rows, used, pairs));
                used.pop();
            }
        }
        best
    }

    proptest! {
        #[test]
        fn assignment_is_as_good_as_trying_everything(
            n_rows in 1_usize..6,
            n_cols in 1_usize..6,
            cells in proptest::collection::vec(proptest::option::of(0_u8..100), 36),
        ) {
            let mut pairs = Vec::new();
            for row in 0..n_rows {
                for col in 0..n_cols {
                    if let Some(percent) = cells[row * 6 + col] {
                        pairs.push(Pair { row, col, cost: f32::from(percent) / 100.0 });
                    }
                }
            }
            let chosen = assign(n_rows, n_cols, &pairs);
            let rows = distinct(chosen.iter().map(|pair| pair.0));
            let cols = distinct(chosen.iter().map(|pair| pair.1));
            prop_assert_eq!(rows.len(), chosen.len());
            prop_assert_eq!(cols.len(), chosen.len());
            let best = lowest_by_trying(0, n_rows, &mut Vec::new(), &pairs);
            prop_assert!((total(n_rows, &chosen, &pairs) - best).abs() < 1e-4);
        }
    }
}
