//! The picture as a grid of 8x8 luma blocks.
//!
//! In: luma of a scaled-down frame. Out: the mean of each block, and which
//! blocks a person has masked.
//!
//! Averaging 64 pixels leaves an eighth of the sensor's noise, while a person
//! 15 pixels high still covers a good part of two blocks.

use jpeg::Plane;
use types::{NormBox, NormPoint, Polygon};

/// Side of a block, pixels.
pub(super) const BLOCK_PX: u32 = 8;

/// How a picture is cut into blocks; those at the right and bottom edge may
/// be smaller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Grid {
    width_px: u32,
    height_px: u32,
    pub(super) n_columns: usize,
    pub(super) n_rows: usize,
}

impl Grid {
    pub(super) fn of(luma: &Plane) -> Self {
        Grid {
            width_px: luma.width_px,
            height_px: luma.height_px,
            n_columns: luma.width_px.div_ceil(BLOCK_PX) as usize,
            n_rows: luma.height_px.div_ceil(BLOCK_PX) as usize,
        }
    }

    pub(super) fn len(self) -> usize {
        self.n_columns * self.n_rows
    }

    /// The part of the picture from block `first` to block `last`, both
    /// included, each as (column, row).
    pub(super) fn norm_box(self, first: (usize, usize), last: (usize, usize)) -> NormBox {
        let part = |block: usize, of_px: u32| block as f32 * BLOCK_PX as f32 / of_px as f32;
        NormBox::from_xyxy(
            part(first.0, self.width_px),
            part(first.1, self.height_px),
            part(last.0 + 1, self.width_px),
            part(last.1 + 1, self.height_px),
        )
    }

    /// For each block whether at least half of it lies in one of `masks`.
    pub(super) fn masked(self, masks: &[Polygon]) -> Vec<bool> {
        let mut masked = Vec::with_capacity(self.len());
        for row in 0..self.n_rows {
            for column in 0..self.n_columns {
                let block = self.norm_box((column, row), (column, row));
                let n_inside = quarter_centres(block)
                    .into_iter()
                    .filter(|point| masks.iter().any(|mask| mask.contains(*point)))
                    .count();
                masked.push(n_inside >= 2);
            }
        }
        masked
    }
}

fn quarter_centres(block: NormBox) -> [NormPoint; 4] {
    let at = |x_part: f32, y_part: f32| {
        NormPoint::new(
            block.x1() + x_part * block.width(),
            block.y1() + y_part * block.height(),
        )
    };
    [
        at(0.25, 0.25),
        at(0.75, 0.25),
        at(0.25, 0.75),
        at(0.75, 0.75),
    ]
}

/// Writes the mean of each block, 0..=255, row by row. `sums` is scratch.
pub(super) fn means(luma: &Plane, grid: Grid, sums: &mut Vec<u16>, means: &mut Vec<f32>) {
    means.clear();
    for first_y in (0..luma.height_px).step_by(BLOCK_PX as usize) {
        let end_y = (first_y + BLOCK_PX).min(luma.height_px);
        sums.clear();
        sums.resize(luma.width_px as usize, 0);
        for y in first_y..end_y {
            for (sum, sample) in sums.iter_mut().zip(luma.row(y)) {
                *sum += u16::from(*sample);
            }
        }
        for columns in sums.chunks(BLOCK_PX as usize) {
            let sum: u16 = columns.iter().sum();
            let n_pixels = columns.len() * (end_y - first_y) as usize;
            means.push(f32::from(sum) / n_pixels as f32);
        }
    }
    assert!(means.len() == grid.len(), "grid is of this plane");
}

/// Rows of blocks that a cut file lacks: those of one colour at the bottom,
/// which is what a decoder fills in, and the one where the cut lies.
pub(super) fn n_missing_rows(luma: &Plane, grid: Grid) -> usize {
    let n_flat_pixel_rows = (0..luma.height_px)
        .rev()
        .take_while(|&y| {
            let row = luma.row(y);
            row.iter().all(|sample| *sample == row[0])
        })
        .count();
    if n_flat_pixel_rows == 0 {
        return 0;
    }
    let n_whole_px = luma.height_px as usize - n_flat_pixel_rows;
    let block_px = BLOCK_PX as usize;
    grid.n_rows - n_whole_px.saturating_sub(block_px) / block_px
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(width_px: u32, height_px: u32, at: impl Fn(u32, u32) -> u8) -> Plane {
        let mut data = Vec::new();
        for y in 0..height_px {
            data.extend((0..width_px).map(|x| at(x, y)));
        }
        Plane {
            width_px,
            height_px,
            stride: width_px as usize,
            data,
        }
    }

    #[test]
    fn means_are_of_whole_and_of_cut_blocks() {
        let luma = plane(20, 11, |x, y| if x < 8 && y < 8 { 255 } else { 10 });
        let grid = Grid::of(&luma);
        let mut actual = Vec::new();
        means(&luma, grid, &mut Vec::new(), &mut actual);
        assert_eq!((grid.n_columns, grid.n_rows), (3, 2));
        assert_eq!(actual, [255.0, 10.0, 10.0, 10.0, 10.0, 10.0]);
    }

    #[test]
    fn block_at_the_edge_ends_with_the_picture() {
        let grid = Grid::of(&plane(20, 11, |_, _| 0));
        let actual = grid.norm_box((1, 0), (2, 1));
        assert_eq!(actual, NormBox::from_xyxy(0.4, 0.0, 1.0, 1.0));
    }

    #[test]
    fn mask_takes_blocks_of_which_it_holds_half() {
        let grid = Grid::of(&plane(32, 8, |_, _| 0));
        let mask = Polygon::new(
            [(0.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.0, 1.0)]
                .map(|(x, y)| NormPoint::new(x, y))
                .to_vec(),
        )
        .unwrap();
        assert_eq!(grid.masked(&[mask]), [true, true, false, false]);
    }

    #[test]
    fn missing_rows_are_the_flat_ones_and_the_one_above() {
        let cut_at = |height_px| {
            move |x: u32, y: u32| {
                if y < height_px {
                    u8::try_from(x).unwrap()
                } else {
                    128
                }
            }
        };
        for (height_px, expected) in [(32, 0), (31, 2), (24, 2), (20, 3), (16, 3), (0, 4)] {
            let luma = plane(16, 32, cut_at(height_px));
            let actual = n_missing_rows(&luma, Grid::of(&luma));
            assert_eq!(actual, expected, "{height_px} rows of picture");
        }
    }
}
