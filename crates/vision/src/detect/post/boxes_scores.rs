//! Decoded corners and final scores: the built-in detector, and networks
//! whose box decoding is part of the graph.
//!
//! Outputs `boxes` `[1, n, 4]`: left, top, right, bottom in input pixels, and
//! `scores` `[1, n, n_classes]`, 0..=1. Found by these names, else by order.

use super::super::backend::Output;
use super::{Candidate, OutputError, Reader};

pub(super) fn read(reader: &Reader<'_>, outputs: &[Output]) -> Result<Vec<Candidate>, OutputError> {
    let named = |name: &str| outputs.iter().find(|output| output.name == name);
    let pair = match (named("boxes"), named("scores"), outputs) {
        (Some(boxes), Some(scores), _) | (_, _, [boxes, scores]) => Some((boxes, scores)),
        _ => None,
    };
    let (boxes, scores) =
        pair.ok_or_else(|| reader.missing("two outputs, \"boxes\" and \"scores\"", outputs))?;
    let (n_boxes, n_corners) = reader.rows_and_columns(boxes)?;
    let (n_rows, n_classes) = reader.rows_and_columns(scores)?;
    if n_corners != 4 {
        return Err(reader.wrong_shape(boxes, "[1, n, 4]".to_owned()));
    }
    if n_rows != n_boxes {
        return Err(reader.wrong_shape(scores, format!("[1, {n_boxes}, n_classes]")));
    }
    reader.check_classes(scores, n_classes)?;
    let mut candidates = Vec::new();
    let corners = boxes.data.chunks_exact(4);
    for (xyxy, row) in corners.zip(scores.data.chunks_exact(n_classes)) {
        let xyxy = || [xyxy[0], xyxy[1], xyxy[2], xyxy[3]];
        reader.push(|index| row[index], xyxy, &mut candidates);
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::super::manifest::OutputLayout;
    use super::super::testing::{check, output, reader};

    const NAN: f32 = f32::NAN;
    const INF: f32 = f32::INFINITY;

    #[test]
    fn box_gives_the_best_class_of_each_group() {
        let boxes = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let scores = vec![0.9, 0.3, 0.4, 0.05, 0.0, 1.5];
        check(
            &reader(OutputLayout::BoxesScores, 32, 32),
            // The names decide, not the order.
            &[
                output("scores", &[1, 2, 3], scores),
                output("boxes", &[1, 2, 4], boxes),
            ],
            &expect![[r#"
                person 0.90 1.0,2.0 3.0,4.0
                bus 0.40 1.0,2.0 3.0,4.0
                bus 1.00 5.0,6.0 7.0,8.0
            "#]],
        );
    }

    #[test]
    fn box_or_score_that_is_no_number_is_dropped() {
        #[rustfmt::skip]
        let boxes = vec![
            NAN, 0.0, 9.0, 9.0,   0.0, 0.0, INF, 9.0,   0.0, 0.0, 9.0, 9.0,
            9.0, 0.0, 0.0, 9.0,   0.0, 4.0, 9.0, 4.0,   1.0, 1.0, 2.0, 2.0,
        ];
        #[rustfmt::skip]
        let scores = vec![
            0.9, 0.0, 0.0,   0.9, 0.0, 0.0,   NAN, INF, -INF,
            0.9, 0.0, 0.0,   0.9, 0.0, 0.0,   0.2, NAN, 0.0,
        ];
        check(
            &reader(OutputLayout::BoxesScores, 32, 32),
            &[
                output("a", &[1, 6, 4], boxes),
                output("b", &[1, 6, 3], scores),
            ],
            &expect![[r#"
                person 0.20 1.0,1.0 2.0,2.0
            "#]],
        );
    }

    #[test]
    fn outputs_of_another_shape_are_refused() {
        let reader = reader(OutputLayout::BoxesScores, 32, 32);
        let boxes = |shape: &[usize]| output("boxes", shape, vec![0.0; shape.iter().product()]);
        let scores = |shape: &[usize]| output("scores", shape, vec![0.0; shape.iter().product()]);
        check(
            &reader,
            &[boxes(&[1, 2, 4])],
            &expect![[r#"
            read detector output as boxes_scores: expected two outputs, "boxes" and "scores", the model has ["boxes"]; check output.layout in the manifest
        "#]],
        );
        check(
            &reader,
            &[boxes(&[2, 4]), scores(&[1, 2, 3])],
            &expect![[r#"
            read detector output "boxes" as boxes_scores: expected shape [1, n, m] with at most 200000 boxes, got [2, 4]; check output.layout and classes in the manifest
        "#]],
        );
        check(
            &reader,
            &[boxes(&[1, 2, 5]), scores(&[1, 2, 3])],
            &expect![[r#"
                read detector output "boxes" as boxes_scores: expected shape [1, n, 4], got [1, 2, 5]; check output.layout and classes in the manifest
            "#]],
        );
        check(
            &reader,
            &[boxes(&[1, 2, 4]), scores(&[1, 3, 3])],
            &expect![[r#"
                read detector output "scores" as boxes_scores: expected shape [1, 2, n_classes], got [1, 3, 3]; check output.layout and classes in the manifest
            "#]],
        );
        check(
            &reader,
            &[boxes(&[1, 2, 4]), scores(&[1, 2, 2])],
            &expect![[r#"
                read detector output "scores": the manifest uses class index 2, the model has 2 classes (0 is the first)
            "#]],
        );
        let lying = output("scores", &[1, 2, 3], vec![0.0; 5]);
        check(
            &reader,
            &[boxes(&[1, 2, 4]), lying],
            &expect![[r#"
            read detector output "scores" as boxes_scores: expected shape [1, n, m] with at most 200000 boxes, got [1, 2, 3]; check output.layout and classes in the manifest
        "#]],
        );
    }
}
