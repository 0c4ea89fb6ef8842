//! YOLOv8 and its kin, exported with decoding and without overlap removal.
//!
//! One output `[1, 4 + n_classes, n]`: rows of centre x, centre y, width and
//! height in input pixels, then one row of scores (0..=1) per class.

use super::super::backend::Output;
use super::{Candidate, MAX_BOXES, OutputError, Reader};

pub(super) fn read(reader: &Reader<'_>, outputs: &[Output]) -> Result<Vec<Candidate>, OutputError> {
    let output = reader.only(outputs)?;
    let (n_rows, n_boxes) = reader.rows_and_columns(output)?;
    // More rows than boxes: exported the other way round.
    if n_rows < 5 || n_rows > n_boxes {
        let expected = format!("[1, 4 + n_classes, n] with n up to {MAX_BOXES}");
        return Err(reader.wrong_shape(output, expected));
    }
    reader.check_classes(output, n_rows - 4)?;
    let mut candidates = Vec::new();
    for box_idx in 0..n_boxes {
        let value = |row: usize| output.data[row * n_boxes + box_idx];
        let xyxy = || {
            let (x, y, half_w, half_h) = (value(0), value(1), value(2) / 2.0, value(3) / 2.0);
            [x - half_w, y - half_h, x + half_w, y + half_h]
        };
        reader.push(|index| value(4 + index), xyxy, &mut candidates);
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::super::manifest::OutputLayout;
    use super::super::testing::{check, output, reader};

    #[test]
    fn columns_are_boxes() {
        let mut data = vec![0.0; 7 * 9];
        for (row, value) in [20.0, 10.0, 8.0, 4.0, 0.05, 0.6, 0.5]
            .into_iter()
            .enumerate()
        {
            data[row * 9 + 5] = value;
        }
        check(
            &reader(OutputLayout::Yolov8, 64, 32),
            &[output("output0", &[1, 7, 9], data)],
            &expect![[r#"
                car 0.60 16.0,8.0 24.0,12.0
            "#]],
        );
    }

    #[test]
    fn transposed_output_is_refused() {
        let reader = reader(OutputLayout::Yolov8, 64, 32);
        check(
            &reader,
            &[output("output0", &[1, 9, 7], vec![0.0; 63])],
            &expect![[r#"
                read detector output "output0" as yolov8: expected shape [1, 4 + n_classes, n] with n up to 200000, got [1, 9, 7]; check output.layout and classes in the manifest
            "#]],
        );
        check(
            &reader,
            &[output("output0", &[1, 6, 9], vec![0.0; 54])],
            &expect![[r#"
                read detector output "output0": the manifest uses class index 2, the model has 2 classes (0 is the first)
            "#]],
        );
    }
}
