"""Where boxes land. Needs NumPy only."""

import numpy as np

from airelay_training.geometry import joined, place, warp_matrix
from airelay_training.labels import Labels

SIZE = (100, 200)  # height, width of the picture


def labels(*boxes: list[float]) -> Labels:
    n = len(boxes)
    return Labels(
        np.array(boxes, np.float32).reshape(-1, 4), np.zeros(n, np.int64), np.ones(n, np.float32),
        np.zeros((0, 4), np.float32), np.zeros((0, 6), bool),
    )  # fmt: skip


def test_flip_mirrors_the_box_and_keeps_its_order() -> None:
    flip = np.array([[-1, 0, 200], [0, 1, 0]], np.float32)
    out = place(labels([0.1, 0.2, 0.3, 0.6]), flip, SIZE, (0, 0, 200, 100))
    assert np.allclose(out.boxes, [[140, 20, 180, 60]])


def test_box_cut_to_a_sliver_is_ignored_instead_of_learnt() -> None:
    shift = np.array([[1, 0, -70], [0, 1, 0]], np.float32)
    out = place(labels([0.1, 0.2, 0.4, 0.8]), shift, SIZE, (0, 0, 200, 100))
    assert len(out.boxes) == 0
    assert np.allclose(out.ignore, [[0, 20, 10, 80]])
    assert out.ignore_classes[0].tolist() == [True] + [False] * 5


def test_box_outside_the_window_is_gone() -> None:
    shift = np.array([[1, 0, -150], [0, 1, 0]], np.float32)
    out = place(labels([0.1, 0.2, 0.4, 0.8]), shift, SIZE, (0, 0, 200, 100))
    assert len(out.boxes) == 0 and len(out.ignore) == 0


def test_tiny_box_is_ignored() -> None:
    small = np.array([[0.1, 0, 0], [0, 0.1, 0]], np.float32)
    out = place(labels([0.1, 0.2, 0.3, 0.8]), small, SIZE, (0, 0, 200, 100))
    assert len(out.boxes) == 0 and len(out.ignore) == 1


def test_random_warp_keeps_the_whole_picture_consistent() -> None:
    rng = np.random.default_rng(3)
    for _ in range(50):
        m = warp_matrix(SIZE, (0, 0, 320, 192), rng, (0.7, 1.9))
        xs = np.sort([m[0, 2], m[0, 0] * 200 + m[0, 2]])
        low, high = min(0, 320 - (xs[1] - xs[0])), max(0, 320 - (xs[1] - xs[0]))
        assert low - 1e-3 <= xs[0] <= high + 1e-3


def test_joined_keeps_all_boxes() -> None:
    both = joined([labels([0, 0, 1, 1]), labels([0, 0, 0.5, 0.5], [0, 0, 0.2, 0.2])])
    assert both.boxes.shape == (3, 4) and both.ignore_classes.shape == (0, 6)
