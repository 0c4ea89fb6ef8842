//! The learnt look of a camera's view, and how much of it is still there.
//!
//! In: cell levels. Out: a [`Likeness`].
//!
//! Views are compared by their edges, tile by tile: light changes how strong
//! an edge is, seldom where it lies and which side of it is brighter.

use types::{NormBox, Track, TrackState};

use super::cells::Cells;

/// Tiles of the picture in a row, and rows of them.
const TILES: (usize, usize) = (8, 6);
const N_TILES: usize = TILES.0 * TILES.1;

/// Edges below this do not make a tile worth comparing: root mean square of
/// the difference over two cells, grey levels.
const MIN_EDGE: f32 = 2.0;
/// Fewest tiles from which a view can be known again.
const MIN_TILES: usize = 8;
/// From this correlation on, a tile shows what it used to.
const ALIKE: f32 = 0.45;
/// A box larger than this share of the picture may be a hand before the lens
/// as well as a lorry: what it covers is compared all the same.
const MAX_BOX: f32 = 0.4;

/// How fast a new look is learnt, and from then on followed, seconds.
pub(super) const LEARN_S: f32 = 10.0;
const FOLLOW_S: f32 = 120.0;

/// What a view looks like in one kind of light.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    levels: Vec<f32>,
    /// Sharpness in parts of the edges' strength.
    crispness: f32,
    age_s: f32,
}

/// A picture compared with a look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Likeness {
    /// Share of the tiles that show what they used to, 0..=1.
    pub(super) alike: f32,
    /// Strength of all edges, in parts of what it used to be.
    pub(super) detail: f32,
    /// Crispness, in parts of what it used to be.
    pub(super) crisp: f32,
}

impl Look {
    pub(super) fn is_learnt(&self) -> bool {
        self.age_s >= LEARN_S
    }

    /// Learns from a picture, quickly while the look is new.
    pub(super) fn learn(&mut self, cells: &Cells, sharpness: f32, elapsed_s: f32) {
        let crispness = sharpness / strength(cells).max(0.5);
        if self.levels.is_empty() {
            self.levels.clone_from(&cells.levels);
            self.crispness = crispness;
        }
        let settle_s = FOLLOW_S.min(self.age_s + elapsed_s);
        let share = elapsed_s / settle_s.max(f32::MIN_POSITIVE);
        for (level, now) in self.levels.iter_mut().zip(&cells.levels) {
            *level += share * (now - *level);
        }
        self.crispness += share * (crispness - self.crispness);
        self.age_s += elapsed_s;
    }

    /// Compares a picture; `None` when the view has too few edges to tell.
    pub(super) fn likeness(
        &self,
        cells: &Cells,
        sharpness: f32,
        tracks: &[Track],
    ) -> Option<Likeness> {
        let mut tiles = [Tile::default(); N_TILES];
        let (n_columns, n_rows) = (cells.n_columns, cells.n_rows);
        let (now, before) = (&cells.levels, &self.levels);
        for row in 1..n_rows.saturating_sub(1) {
            let tile_row = row * TILES.1 / n_rows * TILES.0;
            for column in 1..n_columns - 1 {
                let idx = row * n_columns + column;
                let edge = |levels: &[f32]| {
                    (
                        levels[idx + 1] - levels[idx - 1],
                        levels[idx + n_columns] - levels[idx - n_columns],
                    )
                };
                let (now, before) = (edge(now), edge(before));
                let tile = &mut tiles[tile_row + column * TILES.0 / n_columns];
                tile.n += 1.0;
                tile.now += now.0 * now.0 + now.1 * now.1;
                tile.before += before.0 * before.0 + before.1 * before.1;
                tile.both += now.0 * before.0 + now.1 * before.1;
            }
        }
        let (mut n_tiles, mut n_alike, mut sum_now, mut sum_before) = (0_usize, 0, 0.0, 0.0);
        for (idx, tile) in tiles.iter().enumerate() {
            let is_flat = tile.before < MIN_EDGE * MIN_EDGE * tile.n;
            if is_flat || is_hidden(idx, tracks) {
                continue;
            }
            n_tiles += 1;
            let alike = tile.both / (tile.now * tile.before).sqrt().max(f32::MIN_POSITIVE);
            n_alike += usize::from(alike >= ALIKE);
            sum_now += (tile.now / tile.n).sqrt();
            sum_before += (tile.before / tile.n).sqrt();
        }
        let crispness = sharpness / strength(cells).max(0.5);
        (n_tiles >= MIN_TILES).then(|| Likeness {
            alike: n_alike as f32 / n_tiles as f32,
            detail: sum_now / sum_before,
            crisp: crispness / self.crispness.max(f32::MIN_POSITIVE),
        })
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Tile {
    n: f32,
    now: f32,
    before: f32,
    both: f32,
}

/// Whether an object stands before most of a tile.
fn is_hidden(tile_idx: usize, tracks: &[Track]) -> bool {
    let (column, row) = (tile_idx % TILES.0, tile_idx / TILES.0);
    let part = |idx: usize, of: usize| idx as f32 / of as f32;
    let tile = NormBox::from_xyxy(
        part(column, TILES.0),
        part(row, TILES.1),
        part(column + 1, TILES.0),
        part(row + 1, TILES.1),
    );
    tracks.iter().any(|track| {
        track.state != TrackState::Ended
            && track.bbox.area() <= MAX_BOX
            && track
                .bbox
                .intersection(tile)
                .is_some_and(|common| common.area() > 0.5 * tile.area())
    })
}

/// Strength of the edges: the difference over two cells along rows that 5 %
/// of the cells exceed, grey levels.
fn strength(cells: &Cells) -> f32 {
    let mut steps: Vec<f32> = cells
        .levels
        .chunks(cells.n_columns.max(1))
        .flat_map(|row| {
            row.windows(3)
                .step_by(2)
                .map(|three| (three[2] - three[0]).abs())
        })
        .collect();
    if steps.is_empty() {
        return 0.0;
    }
    let rank = steps.len() * 19 / 20;
    *steps.select_nth_unstable_by(rank, f32::total_cmp).1
}
