"""From which score on a detection is believed, per class, chosen from precision and recall on the validation split.

In:  finds and truths per group. Out: per class a threshold, with the precision and recall it gives.

The threshold is where F0.5 is highest (precision weighs twice as much as recall), but not where less than MIN_PRECISION
is reached, if it can be: a false alarm costs an operator more than a find one look later, and a tracker goes on with weaker
finds once it has a strong one. Classes share the threshold of their
group; a group with fewer than FEW_OBJECTS of its own takes that of all groups together. NumPy only.
"""

from dataclasses import dataclass

import numpy as np

from . import CLASSES
from .metric import GROUPS, Curve, Found, Truth, average_precision

BETA = 0.5
MIN_PRECISION = 0.5
FEW_OBJECTS = 50  # a curve on fewer says little
LOWEST, HIGHEST = 0.2, 0.8  # below, an early model puts several boxes on one object
GROUP_OF = {
    "person": "person",
    "bicycle": "bicycle",
    "motorcycle": "vehicle",
    "car": "vehicle",
    "bus": "vehicle",
    "truck": "vehicle",
}


@dataclass
class Choice:
    threshold: float
    precision: float
    recall: float
    group: str
    n_true: int


def choose(founds: dict[str, list[Found]], truths: dict[str, list[Truth]]) -> dict[str, Choice]:
    curves = {name: average_precision(founds[name], truths[name]).curve for name in GROUPS}
    pooled = average_precision([f for n in GROUPS for f in founds[n]], [t for n in GROUPS for t in truths[n]]).curve
    per_group = {
        name: from_curve(curve, name) if curve.n_true >= FEW_OBJECTS else from_curve(pooled, "all")
        for name, curve in curves.items()
    }
    return {name: per_group[GROUP_OF[name]] for name in CLASSES}


def from_curve(curve: Curve, group: str) -> Choice:
    inside = (curve.scores >= LOWEST) & (curve.scores <= HIGHEST)
    if not inside.any():
        return Choice(0.35, float("nan"), float("nan"), group, curve.n_true)
    weighed = BETA**2 * curve.precision + curve.recall
    f_beta = (1 + BETA**2) * curve.precision * curve.recall / np.maximum(weighed, 1e-9)
    precise = inside & (curve.precision >= MIN_PRECISION)
    allowed = precise if precise.any() else inside
    best = int(np.argmax(np.where(allowed, f_beta, -1)))
    threshold = round(float(np.floor(float(curve.scores[best]) * 100)) / 100, 2)
    return Choice(threshold, float(curve.precision[best]), float(curve.recall[best]), group, curve.n_true)
