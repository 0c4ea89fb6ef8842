//! YOLOX without decoding in the graph.
//!
//! One output `[1, n, 5 + n_classes]` over strides 8, 16, 32: centre in cells
//! relative to the cell's corner, logarithm of the size in cells, objectness
//! and class scores (both 0..=1 already). The score is their product.

use super::super::backend::Output;
use super::grid::{cells, n_cells};
use super::{Candidate, OutputError, Reader};

const STRIDES: [usize; 3] = [8, 16, 32];

pub(super) fn read(reader: &Reader<'_>, outputs: &[Output]) -> Result<Vec<Candidate>, OutputError> {
    let output = reader.only(outputs)?;
    let (n_rows, n_columns) = reader.rows_and_columns(output)?;
    let n_expected: usize = STRIDES
        .map(|stride| n_cells(reader.input, stride))
        .iter()
        .sum();
    if n_rows != n_expected || n_columns < 6 {
        let expected = format!("[1, {n_expected}, 5 + n_classes]");
        return Err(reader.wrong_shape(output, expected));
    }
    reader.check_classes(output, n_columns - 5)?;
    let mut candidates = Vec::new();
    for (row, cell) in output
        .data
        .chunks_exact(n_columns)
        .zip(cells(reader.input, &STRIDES))
    {
        let objectness = row[4];
        if objectness < reader.min_score {
            continue;
        }
        let xyxy = || {
            let (x, y) = (
                (row[0] + cell.column) * cell.stride,
                (row[1] + cell.row) * cell.stride,
            );
            let (half_w, half_h) = (
                row[2].exp() * cell.stride / 2.0,
                row[3].exp() * cell.stride / 2.0,
            );
            [x - half_w, y - half_h, x + half_w, y + half_h]
        };
        reader.push(|index| objectness * row[5 + index], xyxy, &mut candidates);
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::super::manifest::OutputLayout;
    use super::super::testing::{check, output, reader};

    #[test]
    fn raw_box_is_decoded_in_the_cell_of_its_stride() {
        // 64x32 has 8x4 + 4x2 + 2x1 = 42 cells.
        let mut data = vec![0.0; 42 * 8];
        // Stride 8, second row, third column.
        data[10 * 8..11 * 8].copy_from_slice(&[0.5, 0.5, 0.0, 0.0, 0.9, 0.5, 0.1, 0.2]);
        // Stride 32, second column.
        data[41 * 8..].copy_from_slice(&[-0.5, 0.5, 2_f32.ln(), 0.0, 1.0, 0.0, 0.3, 0.8]);
        check(
            &reader(OutputLayout::Yolox, 64, 32),
            &[output("output", &[1, 42, 8], data)],
            &expect![[r#"
                person 0.45 16.0,8.0 24.0,16.0
                bus 0.18 16.0,8.0 24.0,16.0
                bus 0.80 -16.0,0.0 48.0,32.0
            "#]],
        );
    }

    #[test]
    fn overflowing_size_and_missing_objectness_are_dropped() {
        let mut data = vec![0.0; 42 * 8];
        data[..8].copy_from_slice(&[0.0, 0.0, 500.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        data[8..16].copy_from_slice(&[0.0, 0.0, 0.0, 0.0, 0.09, 1.0, 0.0, 0.0]);
        data[16..24].copy_from_slice(&[0.0, 0.0, 0.0, 0.0, f32::NAN, 1.0, 0.0, 0.0]);
        check(
            &reader(OutputLayout::Yolox, 64, 32),
            &[output("output", &[1, 42, 8], data)],
            &expect![""],
        );
    }

    #[test]
    fn wrong_number_of_cells_is_refused() {
        let reader = reader(OutputLayout::Yolox, 64, 32);
        check(
            &reader,
            &[output("output", &[1, 41, 8], vec![0.0; 328])],
            &expect![[r#"
                read detector output "output" as yolox: expected shape [1, 42, 5 + n_classes], got [1, 41, 8]; check output.layout and classes in the manifest
            "#]],
        );
        check(
            &reader,
            &[output("output", &[1, 42, 5], vec![0.0; 210])],
            &expect![[r#"
                read detector output "output" as yolox: expected shape [1, 42, 5 + n_classes], got [1, 42, 5]; check output.layout and classes in the manifest
            "#]],
        );
        check(
            &reader,
            &[output("output", &[1, 42, 7], vec![0.0; 294])],
            &expect![[r#"
                read detector output "output": the manifest uses class index 2, the model has 2 classes (0 is the first)
            "#]],
        );
        check(
            &reader,
            &[],
            &expect![[r#"
            read detector output as yolox: expected one output, the model has []; check output.layout in the manifest
        "#]],
        );
    }
}
