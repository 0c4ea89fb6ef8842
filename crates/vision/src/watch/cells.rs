//! The picture as cells of 4x4 pixels of the scaled-down frame, and what can
//! be measured on its pixels.
//!
//! In: planes. Out: cell means; shares of the levels; sharpness; colour.

use jpeg::{Plane, Planes};

/// Side of a cell, pixels of the scaled-down picture.
const CELL_PX: usize = 4;

/// Brightness of each cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Cells {
    pub(super) n_columns: usize,
    pub(super) n_rows: usize,
    /// Mean luma, 0..=255, row by row. Pixels beyond the last whole cell at
    /// the right and bottom are left out.
    pub(super) levels: Vec<f32>,
    sums: Vec<u16>,
}

impl Cells {
    /// Measures `luma`; true when the size is not that of the picture before.
    pub(super) fn measure(&mut self, luma: &Plane) -> bool {
        let size = (
            luma.width_px as usize / CELL_PX,
            luma.height_px as usize / CELL_PX,
        );
        let is_new = size != (self.n_columns, self.n_rows);
        (self.n_columns, self.n_rows) = size;
        self.levels.clear();
        self.sums.resize(size.0 * CELL_PX, 0);
        for first_y in (0..size.1 * CELL_PX).step_by(CELL_PX) {
            self.sums.fill(0);
            for row in luma.data[first_y * luma.stride..]
                .chunks(luma.stride)
                .take(CELL_PX)
            {
                for (sum, sample) in self.sums.iter_mut().zip(row) {
                    *sum += u16::from(*sample);
                }
            }
            let n_pixels = (CELL_PX * CELL_PX) as f32;
            self.levels
                .extend(self.sums.chunks_exact(CELL_PX).map(|four| {
                    let sum: u16 = four.iter().sum();
                    f32::from(sum) / n_pixels
                }));
        }
        is_new
    }
}

/// Rows of pixels from one that is looked at closely to the next.
const SHARP_STEP: usize = 3;

/// How strong the finest detail is beyond noise, grey levels: the second
/// difference along rows that 2 % of the pixels exceed, less what noise
/// alone would give (which half of the pixels exceed).
pub(super) fn sharpness(luma: &Plane) -> f32 {
    // Neighbours often fall into one bin: two tables keep them apart.
    let mut tables = [[0_u32; 256]; 2];
    let rows = luma.data.chunks(luma.stride).take(luma.height_px as usize);
    for row in rows.step_by(SHARP_STEP) {
        let row = &row[..luma.width_px as usize];
        for (idx, three) in row.windows(3).enumerate() {
            let [left, middle, right] = [three[0], three[1], three[2]].map(i16::from);
            let bend = (2 * middle - left - right).unsigned_abs().min(255);
            tables[idx & 1][usize::from(bend)] += 1;
        }
    }
    let [one, other] = tables;
    let counts: Vec<u32> = one.iter().zip(other).map(|(a, b)| a + b).collect();
    let strong = exceeded_by(&counts, 0.02);
    let typical = exceeded_by(&counts, 0.5);
    // Of Gaussian noise 2 % exceed 3.45 times what half of it exceeds.
    (strong - 3.45 * typical).max(0.0)
}

/// The value that this share of all exceeds.
fn exceeded_by(counts: &[u32], share: f32) -> f32 {
    let n_all: u32 = counts.iter().sum();
    let mut n_left = n_all as f32 * share;
    for (value, count) in counts.iter().enumerate().rev() {
        let count = *count as f32;
        if count > n_left {
            return value as f32 + 1.0 - n_left / count;
        }
        n_left -= count;
    }
    0.0
}

/// The levels that 5 % of the cells stay below, and that 5 % exceed.
pub(super) fn range(levels: &[f32]) -> (f32, f32) {
    let mut counts = [0_u32; 256];
    for level in levels {
        counts[whole(*level)] += 1;
    }
    (exceeded_by(&counts, 0.95), exceeded_by(&counts, 0.05))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "limited to 0..=255 before"
)]
fn whole(level: f32) -> usize {
    level.clamp(0.0, 255.0) as usize
}

/// Grey below the first mean distance from grey, colour above the second,
/// steps of chroma.
pub(super) const GREY: (f32, f32) = (1.0, 1.8);

/// Chroma samples from one that is looked at to the next, both ways.
const CHROMA_STEP: usize = 4;

/// How far the colours lie from grey on average, steps of chroma; 0 for a
/// picture without chroma.
pub(super) fn colourfulness(planes: &Planes) -> f32 {
    let Some((cb, cr)) = &planes.chroma else {
        return 0.0;
    };
    let (mut sum, mut n) = (0_u32, 0_u32);
    for plane in [cb, cr] {
        let rows = plane.data.chunks(plane.stride.max(1));
        for row in rows.take(plane.height_px as usize).step_by(CHROMA_STEP) {
            for sample in row[..plane.width_px as usize].iter().step_by(CHROMA_STEP) {
                sum += u32::from(sample.abs_diff(128));
                n += 1;
            }
        }
    }
    sum as f32 / n.max(1) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(width_px: u32, height_px: u32, at: impl Fn(u32, u32) -> u8) -> Plane {
        let stride = width_px as usize + 3;
        let mut data = Vec::new();
        for y in 0..height_px {
            data.extend((0..width_px).map(|x| at(x, y)));
            data.extend([255; 3]);
        }
        Plane {
            width_px,
            height_px,
            stride,
            data,
        }
    }

    #[test]
    fn cells_are_means_of_whole_ones_only() {
        let mut cells = Cells::default();
        let luma = plane(10, 9, |x, y| if x < 4 && y < 4 { 200 } else { 10 });
        assert!(cells.measure(&luma));
        assert!(!cells.measure(&luma));
        assert_eq!((cells.n_columns, cells.n_rows), (2, 2));
        assert_eq!(cells.levels, [200.0, 10.0, 10.0, 10.0]);
    }

    #[test]
    fn sharpness_is_of_edges_and_not_of_noise() {
        let noise = |x: u32, y: u32| {
            let mut bits = x.wrapping_mul(0x9E37_79B9) ^ y.wrapping_mul(0x85EB_CA6B);
            bits = (bits ^ (bits >> 15)).wrapping_mul(0x2C1B_3C6D);
            // A sum of four is nearly Gaussian.
            bits.to_le_bytes()
                .iter()
                .map(|byte| u32::from(byte % 8))
                .sum::<u32>()
        };
        let level = |value: u32| u8::try_from(value).unwrap();
        let edges = plane(300, 300, |x, _| if x / 20 % 2 == 0 { 40 } else { 160 });
        let soft = plane(300, 300, |x, _| level(100 + (x % 60).abs_diff(30)));
        let noisy = plane(300, 300, |x, y| level(100 + noise(x, y)));
        assert!(sharpness(&edges) > 100.0);
        assert!(sharpness(&soft) < 3.0, "{}", sharpness(&soft));
        assert!(sharpness(&noisy) < 5.0, "{}", sharpness(&noisy));
    }

    #[test]
    fn range_leaves_a_twentieth_at_each_end() {
        let levels: Vec<f32> = (0..200).map(|idx| idx as f32).collect();
        let (low, high) = range(&levels);
        assert!((low - 10.0).abs() < 1.5, "{low}");
        assert!((high - 190.0).abs() < 1.5, "{high}");
    }
}
