//! NanoDet-Plus.
//!
//! One output `[1, n, n_classes + 32]` over strides 8, 16, 32, 64: class
//! logits, then four edge distance distributions. The reference point is the
//! cell's corner.

use super::super::backend::Output;
use super::grid::{cells, n_cells};
use super::{Candidate, OutputError, Reader, distances, sigmoid};

const STRIDES: [usize; 4] = [8, 16, 32, 64];

pub(super) fn read(reader: &Reader<'_>, outputs: &[Output]) -> Result<Vec<Candidate>, OutputError> {
    let output = reader.only(outputs)?;
    let (n_rows, n_columns) = reader.rows_and_columns(output)?;
    let n_expected: usize = STRIDES
        .map(|stride| n_cells(reader.input, stride))
        .iter()
        .sum();
    if n_rows != n_expected || n_columns <= distances::N_VALUES {
        let expected = format!("[1, {n_expected}, n_classes + {}]", distances::N_VALUES);
        return Err(reader.wrong_shape(output, expected));
    }
    let n_classes = n_columns - distances::N_VALUES;
    reader.check_classes(output, n_classes)?;
    let mut candidates = Vec::new();
    for (row, cell) in output
        .data
        .chunks_exact(n_columns)
        .zip(cells(reader.input, &STRIDES))
    {
        let (logits, edges) = row.split_at(n_classes);
        let xyxy = || distances::xyxy(edges, cell, 0.0);
        reader.push(|index| sigmoid(logits[index]), xyxy, &mut candidates);
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::super::manifest::OutputLayout;
    use super::super::testing::{check, output, reader};

    #[test]
    fn distances_reach_from_the_corner_of_the_cell() {
        // 96x32 has 12x4 + 6x2 + 3x1 + 2x1 = 65 cells of 3 + 32 values.
        let mut data = vec![-9.0; 65 * 35];
        let row = &mut data[49 * 35..50 * 35];
        row[1] = 3_f32.ln();
        // Stride 16, column 1, row 0: left 1, top 2, right 3, bottom 4 cells.
        for (edge, bin) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
            row[3 + edge * 8 + bin] = 90.0;
        }
        check(
            &reader(OutputLayout::NanodetPlus, 96, 32),
            &[output("output", &[1, 65, 35], data)],
            &expect![[r#"
                car 0.75 0.0,-32.0 64.0,64.0
            "#]],
        );
    }

    #[test]
    fn distribution_that_is_no_number_is_dropped() {
        let mut data = vec![-9.0; 65 * 35];
        data[0] = 5.0;
        data[3..35].fill(f32::NAN);
        data[35] = f32::NAN;
        check(
            &reader(OutputLayout::NanodetPlus, 96, 32),
            &[output("output", &[1, 65, 35], data)],
            &expect![""],
        );
    }

    #[test]
    fn wrong_number_of_values_is_refused() {
        let reader = reader(OutputLayout::NanodetPlus, 96, 32);
        check(
            &reader,
            &[output("output", &[1, 65, 32], vec![0.0; 2080])],
            &expect![[r#"
                read detector output "output" as nanodet_plus: expected shape [1, 65, n_classes + 32], got [1, 65, 32]; check output.layout and classes in the manifest
            "#]],
        );
        check(
            &reader,
            &[output("output", &[1, 65, 34], vec![0.0; 2210])],
            &expect![[r#"
                read detector output "output": the manifest uses class index 2, the model has 2 classes (0 is the first)
            "#]],
        );
    }
}
