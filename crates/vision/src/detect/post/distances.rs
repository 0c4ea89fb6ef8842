//! Distances to the four edges of a box, each given as a distribution over
//! 0..=7 cells (generalised focal loss, as NanoDet-Plus and PicoDet have it).

use super::grid::Cell;

/// Steps of each distribution.
pub(super) const N_BINS: usize = 8;
/// Values to a box: left, top, right, bottom.
pub(super) const N_VALUES: usize = 4 * N_BINS;

/// The box around the reference point of `cell`, which lies `offset` of a
/// cell right of and below its corner. `logits` are [`N_VALUES`] long.
pub(super) fn xyxy(logits: &[f32], cell: Cell, offset: f32) -> [f32; 4] {
    let (x, y) = (
        (cell.column + offset) * cell.stride,
        (cell.row + offset) * cell.stride,
    );
    let distance = |edge: usize| {
        let bins = &logits[edge * N_BINS..(edge + 1) * N_BINS];
        expectation(bins) * cell.stride
    };
    [
        x - distance(0),
        y - distance(1),
        x + distance(2),
        y + distance(3),
    ]
}

/// Mean of 0, 1, 2, ... weighted by softmax.
fn expectation(logits: &[f32]) -> f32 {
    // Softmax does not change when all logits shift; so no exp overflows.
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut total, mut weighted) = (0.0_f32, 0.0_f32);
    for (step, logit) in logits.iter().enumerate() {
        let weight = (logit - highest).exp();
        total += weight;
        weighted += weight * step as f32;
    }
    weighted / total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectation_of_known_distributions() {
        for (logits, expected) in [
            ([0.0; N_BINS], 3.5),
            (
                [
                    -900.0, -900.0, -900.0, 900.0, -900.0, -900.0, -900.0, -900.0,
                ],
                3.0,
            ),
            ([1e4, 1e4, -1e4, -1e4, -1e4, -1e4, -1e4, -1e4], 0.5),
        ] {
            assert!((expectation(&logits) - expected).abs() < 1e-6, "{logits:?}");
        }
    }
}
