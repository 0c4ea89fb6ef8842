//! One box per object: overlap removal in one look, and across looks.
//!
//! In: detections with overlaps. Out: detections, best first, no two of one
//! class group overlapping more than allowed.
//!
//! Boxes compete within their class group: a car that also looks like a truck
//! stays one vehicle, while a rider and the bicycle stay two objects.

use types::{Detection, NormBox};

/// Boxes that enter overlap removal: the best of each look.
pub const MAX_CANDIDATES: usize = 1000;
/// Boxes that leave it.
pub const MAX_DETECTIONS: usize = 300;
/// A box this near to its look's border is cut by it, parts of the look's
/// side: one input pixel is 0.002 to 0.003.
const BORDER: f32 = 0.01;
/// A cut box that lies inside a better one by this part of its area is a
/// piece of the same object.
const PIECE: f32 = 0.6;

/// Detections of one look, and the part of the picture it saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// What the detector was shown.
    pub area: NormBox,
    /// What it found, in parts of the whole picture.
    pub detections: Vec<Detection>,
}

/// Removes overlaps above `iou` within each class group; best score first.
///
/// Of more than [`MAX_CANDIDATES`] boxes the best enter, at most
/// [`MAX_DETECTIONS`] are returned.
pub fn merge(mut detections: Vec<Detection>, iou: f32) -> Vec<Detection> {
    detections.sort_by(|a, b| b.score.total_cmp(&a.score));
    detections.truncate(MAX_CANDIDATES);
    let mut kept: Vec<Detection> = Vec::new();
    for detection in detections {
        if kept.len() == MAX_DETECTIONS {
            break;
        }
        let is_taken = |other: &Detection| {
            are_rivals(other, &detection) && other.bbox.iou(detection.bbox) > iou
        };
        if !kept.iter().any(is_taken) {
            kept.push(detection);
        }
    }
    kept
}

/// Removes overlaps between looks at parts of the same picture.
///
/// A box cut by the border of its look loses against a whole one: it is
/// dropped where a box of the same group covers most of it, whatever the
/// scores. The whole one then takes over the better score, if the classes
/// agree. Bounds are those of [`merge`].
pub fn merge_looks(looks: &[Look], iou: f32) -> Vec<Detection> {
    let all = || {
        let pairs = looks.iter().flat_map(|look| {
            let with_area = |detection: &Detection| (*detection, look.area);
            look.detections.iter().map(with_area)
        });
        pairs.map(|(detection, area)| (detection, is_cut(detection.bbox, area)))
    };
    let whole = all().filter(|(_, is_cut)| !is_cut);
    let mut kept = merge(whole.map(|(detection, _)| detection).collect(), iou);
    let mut cut: Vec<Detection> = all()
        .filter_map(|(detection, is_cut)| is_cut.then_some(detection))
        .collect();
    cut.sort_by(|a, b| b.score.total_cmp(&a.score));
    cut.truncate(MAX_CANDIDATES);
    for piece in cut {
        let owner = kept.iter_mut().find(|other| {
            are_rivals(other, &piece)
                && (other.bbox.iou(piece.bbox) > iou || covered(piece.bbox, other.bbox) > PIECE)
        });
        if let Some(owner) = owner {
            if owner.class == piece.class {
                owner.score = owner.score.max(piece.score);
            }
        } else if kept.len() < MAX_DETECTIONS {
            kept.push(piece);
        }
    }
    kept.sort_by(|a, b| b.score.total_cmp(&a.score));
    kept
}

fn are_rivals(a: &Detection, b: &Detection) -> bool {
    a.class.group() == b.class.group()
}

/// Whether a box ends at a border of `area` that is not the picture's own.
fn is_cut(bbox: NormBox, area: NormBox) -> bool {
    let (near_x, near_y) = (area.width() * BORDER, area.height() * BORDER);
    (area.x1() > 0.0 && bbox.x1() <= area.x1() + near_x)
        || (area.y1() > 0.0 && bbox.y1() <= area.y1() + near_y)
        || (area.x2() < 1.0 && bbox.x2() >= area.x2() - near_x)
        || (area.y2() < 1.0 && bbox.y2() >= area.y2() - near_y)
}

/// Part of `inner`'s area that lies in `outer`.
fn covered(inner: NormBox, outer: NormBox) -> f32 {
    let common = inner.intersection(outer).map_or(0.0, NormBox::area);
    common / inner.area().max(f32::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use expect_test::{Expect, expect};
    use proptest::prelude::*;
    use types::Class;

    use super::*;

    fn detection(class: Class, score: f32, xyxy: [f32; 4]) -> Detection {
        let [x1, y1, x2, y2] = xyxy;
        Detection {
            bbox: NormBox::from_xyxy(x1, y1, x2, y2),
            class,
            score,
        }
    }

    #[track_caller]
    fn check(actual: &[Detection], expected: &Expect) {
        let mut text = String::new();
        for Detection { bbox, class, score } in actual {
            let (x1, x2) = (bbox.x1(), bbox.x2());
            writeln!(text, "{class} {score:.2} x {x1:.2}..{x2:.2}").unwrap();
        }
        expected.assert_eq(&text);
    }

    #[test]
    fn car_and_truck_at_one_place_are_one_vehicle() {
        let place = [0.1, 0.1, 0.5, 0.5];
        let nearly = [0.12, 0.1, 0.52, 0.5];
        let detections = vec![
            detection(Class::Truck, 0.5, nearly),
            detection(Class::Car, 0.6, place),
            detection(Class::Car, 0.4, [0.5, 0.1, 0.9, 0.5]),
        ];
        check(
            &merge(detections, 0.6),
            &expect![[r#"
            car 0.60 x 0.10..0.50
            car 0.40 x 0.50..0.90
        "#]],
        );
    }

    #[test]
    fn rider_and_bicycle_at_one_place_are_two_objects() {
        let place = [0.1, 0.1, 0.5, 0.5];
        let detections = vec![
            detection(Class::Person, 0.6, place),
            detection(Class::Bicycle, 0.5, place),
        ];
        check(
            &merge(detections, 0.6),
            &expect![[r#"
            person 0.60 x 0.10..0.50
            bicycle 0.50 x 0.10..0.50
        "#]],
        );
    }

    #[test]
    fn box_cut_by_a_look_loses_against_the_whole_one() {
        let left_half = NormBox::from_xyxy(0.0, 0.0, 0.5, 1.0);
        let looks = [
            Look {
                area: NormBox::WHOLE,
                detections: vec![detection(Class::Car, 0.3, [0.3, 0.4, 0.7, 0.6])],
            },
            Look {
                area: left_half,
                detections: vec![
                    // The left half of the car above.
                    detection(Class::Car, 0.9, [0.3, 0.4, 0.5, 0.6]),
                    // A person that only this look sees, cut.
                    detection(Class::Person, 0.8, [0.45, 0.1, 0.5, 0.3]),
                    // At the picture's own border: nothing is cut.
                    detection(Class::Bus, 0.7, [0.0, 0.8, 0.2, 1.0]),
                ],
            },
        ];
        check(
            &merge_looks(&looks, 0.6),
            &expect![[r#"
            car 0.90 x 0.30..0.70
            person 0.80 x 0.45..0.50
            bus 0.70 x 0.00..0.20
        "#]],
        );
    }

    #[test]
    fn flood_of_boxes_is_cut_to_the_best() {
        let flood: Vec<Detection> = (0..2000_u16)
            .map(|i| {
                let (x, y) = (f32::from(i % 50) / 50.0, f32::from(i / 50) / 50.0);
                detection(
                    Class::Person,
                    f32::from(i) / 2000.0,
                    [x, y, x + 0.01, y + 0.01],
                )
            })
            .collect();
        let kept = merge(flood, 0.5);
        assert_eq!(kept.len(), MAX_DETECTIONS);
        assert!(kept.iter().all(|detection| detection.score > 0.8));
    }

    prop_compose! {
        fn any_detection()(
            c in proptest::array::uniform4(0.0_f32..=1.0),
            class_idx in 0_usize..6,
            score in 0.1_f32..=1.0,
        ) -> Detection {
            detection(Class::ALL[class_idx], score, c)
        }
    }

    proptest! {
        #[test]
        fn no_two_kept_boxes_of_a_group_overlap(
            detections in proptest::collection::vec(any_detection(), 0..60),
            iou in 0.1_f32..0.9,
        ) {
            let kept = merge(detections.clone(), iou);
            for (i, a) in kept.iter().enumerate() {
                prop_assert!(detections.contains(a));
                for b in &kept[i + 1..] {
                    prop_assert!(a.score >= b.score);
                    prop_assert!(a.class.group() != b.class.group() || a.bbox.iou(b.bbox) <= iou);
                }
            }
            // Whatever was removed is explained by a better kept box.
            for lost in detections.iter().filter(|detection| !kept.contains(detection)) {
                let is_better = |other: &&Detection| {
                    are_rivals(other, lost)
                        && other.score >= lost.score
                        && other.bbox.iou(lost.bbox) > iou
                };
                prop_assert!(kept.iter().find(is_better).is_some(), "{lost:?} lost");
            }
        }

        #[test]
        fn looks_at_the_whole_picture_merge_like_one(
            detections in proptest::collection::vec(any_detection(), 0..40),
        ) {
            let (first, second) = detections.split_at(detections.len() / 2);
            let looks = [first, second].map(|part| Look {
                area: NormBox::WHOLE,
                detections: part.to_vec(),
            });
            prop_assert_eq!(merge_looks(&looks, 0.5), merge(detections, 0.5));
        }
    }
}
