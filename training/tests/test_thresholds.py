"""The choice of a score threshold. Needs NumPy only."""

import numpy as np

from airelay_training.metric import Curve, Found, Truth
from airelay_training.thresholds import choose, from_curve


def curve(scores: list[float], hits: list[int], n_true: int) -> Curve:
    found = np.cumsum(hits)
    return Curve(np.array(scores), found / np.arange(1, len(hits) + 1), found / n_true, n_true)


def test_threshold_sits_where_f_score_is_best() -> None:
    choice = from_curve(curve([0.7, 0.6, 0.5, 0.4, 0.3], [1, 1, 1, 0, 0], 3), "person")
    assert (choice.threshold, choice.precision, choice.recall) == (0.5, 1.0, 1.0)


def test_precision_goes_before_recall() -> None:
    hits = [1, 1, *[0] * 9, 1, 1, 1, 1]  # recall is best at the end, where two of five finds are true
    choice = from_curve(curve(list(np.linspace(0.7, 0.3, 15)), hits, 6), "person")
    assert (choice.precision, choice.recall) == (1.0, 2 / 6)


def test_group_never_found_keeps_the_plain_default() -> None:
    assert from_curve(curve([0.05], [0], 4), "bicycle").threshold == 0.35


def test_group_with_few_objects_takes_the_threshold_of_all() -> None:
    box = np.array([[0.0, 0.0, 10.0, 10.0]])
    nothing = Found(np.zeros((0, 4)), np.zeros(0)), Truth(np.zeros((0, 4)), np.zeros(0, bool))
    pairs = {
        "person": [(Found(box, np.array([0.6])), Truth(box, np.zeros(1, bool)))] * 60,
        "bicycle": [(Found(box, np.array([0.3])), Truth(box, np.zeros(1, bool)))] * 2,
        "vehicle": [nothing],
    }
    founds, truths = ({name: [p[k] for p in value] for name, value in pairs.items()} for k in (0, 1))
    choices = choose(founds, truths)
    assert (choices["bicycle"].group, choices["person"].group) == ("all", "person")
    assert choices["bicycle"].n_true == 62
