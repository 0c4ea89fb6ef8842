//! PicoDet without decoding in the graph.
//!
//! Eight outputs, by order: class scores `[1, n, n_classes]`, 0..=1, of
//! strides 8, 16, 32, 64, then edge distance distributions `[1, n, 32]` of the
//! same. The reference point is the middle of the cell.

use super::super::backend::Output;
use super::grid::{cells, n_cells};
use super::{Candidate, OutputError, Reader, distances};

const STRIDES: [usize; 4] = [8, 16, 32, 64];

pub(super) fn read(reader: &Reader<'_>, outputs: &[Output]) -> Result<Vec<Candidate>, OutputError> {
    if outputs.len() != 2 * STRIDES.len() {
        let expected = "eight outputs, scores of four strides, then distances of the same";
        return Err(reader.missing(expected, outputs));
    }
    let (scores, edges) = outputs.split_at(STRIDES.len());
    let mut candidates = Vec::new();
    for ((stride, scores), edges) in STRIDES.into_iter().zip(scores).zip(edges) {
        let n_expected = n_cells(reader.input, stride);
        let (n_rows, n_classes) = reader.rows_and_columns(scores)?;
        if n_rows != n_expected {
            return Err(reader.wrong_shape(scores, format!("[1, {n_expected}, n_classes]")));
        }
        if reader.rows_and_columns(edges)? != (n_expected, distances::N_VALUES) {
            let expected = format!("[1, {n_expected}, {}]", distances::N_VALUES);
            return Err(reader.wrong_shape(edges, expected));
        }
        reader.check_classes(scores, n_classes)?;
        let rows = scores.data.chunks_exact(n_classes);
        let edges = edges.data.chunks_exact(distances::N_VALUES);
        for ((row, edges), cell) in rows.zip(edges).zip(cells(reader.input, &[stride])) {
            let xyxy = || distances::xyxy(edges, cell, 0.5);
            reader.push(|index| row[index], xyxy, &mut candidates);
        }
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::super::backend::Output;
    use super::super::super::manifest::OutputLayout;
    use super::super::testing::{check, output, reader};

    /// Empty answers for an input of 64x64: 64, 16, 4 and 1 cells.
    fn outputs() -> Vec<Output> {
        let cells = [64, 16, 4, 1];
        let scores = cells.map(|n| output(&format!("scores{n}"), &[1, n, 3], vec![0.0; n * 3]));
        let edges = cells.map(|n| output(&format!("edges{n}"), &[1, n, 32], vec![-9.0; n * 32]));
        scores.into_iter().chain(edges).collect()
    }

    #[test]
    fn distances_reach_from_the_middle_of_the_cell() {
        let mut outputs = outputs();
        // Stride 32, column 1, row 1: one cell to each side.
        outputs[2].data[3 * 3 + 2] = 0.75;
        for edge in 0..4 {
            outputs[6].data[3 * 32 + edge * 8 + 1] = 90.0;
        }
        check(
            &reader(OutputLayout::Picodet, 64, 64),
            &outputs,
            &expect![[r#"
                bus 0.75 16.0,16.0 80.0,80.0
            "#]],
        );
    }

    #[test]
    fn outputs_in_another_order_are_refused() {
        let reader = reader(OutputLayout::Picodet, 64, 64);
        let mut swapped = outputs();
        swapped.swap(0, 1);
        check(
            &reader,
            &swapped,
            &expect![[r#"
            read detector output "scores16" as picodet: expected shape [1, 64, n_classes], got [1, 16, 3]; check output.layout and classes in the manifest
        "#]],
        );
        let mut swapped = outputs();
        swapped.swap(0, 4);
        check(
            &reader,
            &swapped,
            &expect![[r#"
            read detector output "scores64" as picodet: expected shape [1, 64, 32], got [1, 64, 3]; check output.layout and classes in the manifest
        "#]],
        );
        check(
            &reader,
            &outputs()[..7],
            &expect![[r#"
            read detector output as picodet: expected eight outputs, scores of four strides, then distances of the same, the model has ["scores64", "scores16", "scores4", "scores1", "edges64", "edges16", "edges4"]; check output.layout in the manifest
        "#]],
        );
    }
}
