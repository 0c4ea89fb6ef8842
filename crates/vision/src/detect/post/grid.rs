//! Cells of feature maps: strides in order, rows from the top, columns from
//! the left.

use super::super::placement::InputSize;

/// One cell of a feature map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cell {
    /// Column and row, counted from 0.
    pub(super) column: f32,
    pub(super) row: f32,
    /// Input pixels to a cell.
    pub(super) stride: f32,
}

/// Cells of one map: as many as begin within the input.
pub(super) fn n_cells(input: InputSize, stride: usize) -> usize {
    input.width_px.div_ceil(stride) * input.height_px.div_ceil(stride)
}

/// All cells of the maps of these strides, in order.
pub(super) fn cells(input: InputSize, strides: &[usize]) -> impl Iterator<Item = Cell> {
    strides.iter().flat_map(move |&stride| {
        let n_columns = input.width_px.div_ceil(stride);
        (0..n_cells(input, stride)).map(move |cell_idx| Cell {
            column: (cell_idx % n_columns) as f32,
            row: (cell_idx / n_columns) as f32,
            stride: stride as f32,
        })
    })
}
