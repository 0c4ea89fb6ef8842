"""Average precision against cases worked out by hand. Needs NumPy only."""

import numpy as np
import pytest

from airelay_training.metric import Found, Truth, average_precision, grouped, nms

A, B, FAR = [0, 0, 100, 100], [200, 0, 300, 100], [500, 500, 600, 600]


def found(*rows: tuple[list, float]) -> Found:
    return Found(np.array([r[0] for r in rows], np.float32).reshape(-1, 4), np.array([r[1] for r in rows]))


def truth(*boxes: list, ignored: tuple[bool, ...] = ()) -> Truth:
    flags = np.array(ignored or [False] * len(boxes), bool)
    return Truth(np.array(boxes, np.float32).reshape(-1, 4), flags)


def test_all_found_gives_one() -> None:
    result = average_precision([found((A, 0.9), (B, 0.8))], [truth(A, B)])
    assert result.ap50 == pytest.approx(1.0)
    assert result.ap50_95 == pytest.approx(1.0)


def test_half_found_gives_the_51_points_up_to_half_recall() -> None:
    result = average_precision([found((A, 0.9))], [truth(A, B)])
    assert result.ap50 == pytest.approx(51 / 101)


def test_stronger_false_find_halves_precision() -> None:
    result = average_precision([found((FAR, 0.95), (A, 0.9))], [truth(A)])
    assert result.ap50 == pytest.approx(0.5)


def test_second_find_of_one_object_is_false() -> None:
    result = average_precision([found((A, 0.9), (A, 0.8), (B, 0.7))], [truth(A, B)])
    assert result.ap50 == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_loose_box_counts_only_up_to_its_iou() -> None:
    loose = [0, 0, 100, 62]  # IoU 0.62: good at 0.5, 0.55, 0.6
    assert average_precision([found((loose, 0.9))], [truth(A)]).ap50_95 == pytest.approx(0.3)


def test_find_in_a_crowd_counts_neither_way() -> None:
    result = average_precision([found((FAR, 0.95), (A, 0.9))], [truth(A, FAR, ignored=(False, True))])
    assert result.ap50 == pytest.approx(1.0)


def test_height_range_leaves_other_objects_out() -> None:
    low = [0, 200, 30, 230]
    result = average_precision([found((A, 0.9))], [truth(A, low)], height_range=(64, 128))
    assert result.ap50 == pytest.approx(1.0)
    assert average_precision([found((A, 0.9))], [truth(A, low)], height_range=(0, 64)).ap50 == 0.0


def test_nms_keeps_the_best_of_overlapping_boxes() -> None:
    boxes = np.array([A, [5, 5, 105, 105], B], np.float32)
    assert nms(boxes, np.array([0.5, 0.9, 0.3]), 0.6).tolist() == [1, 2]


def test_group_takes_the_best_class_of_each_box() -> None:
    scores = np.zeros((2, 6), np.float32)
    scores[0, 2], scores[0, 5], scores[1, 0] = 0.4, 0.6, 0.9
    result = grouped(np.array([A, B], np.float32), scores, (2, 3, 4, 5), 0.6, 0.01)
    assert result.scores.tolist() == pytest.approx([0.6])
