"""Average precision in the way of COCO, per group of classes and by object height. NumPy only.

In:  per picture, found boxes with scores and true boxes, of one group. Out: AP per IoU, recall, precision curves.
As in COCO: 101 recall points, at most 100 boxes per picture, crowd boxes and objects outside the asked height range
are ignored (a find on them counts neither way). `tests/test_metric.py` has cases worked out by hand; the published
figures of the shared detectors are reproduced by `scorecard`.
"""

from dataclasses import dataclass

import numpy as np

from .labels import area, intersection

IOUS = np.arange(0.5, 0.96, 0.05)
RECALL_POINTS = np.linspace(0, 1, 101)
MAX_FOUND = 100
GROUPS = {"person": (0,), "bicycle": (1,), "vehicle": (2, 3, 4, 5)}


@dataclass
class Found:
    boxes: np.ndarray  # [n, 4]
    scores: np.ndarray  # [n]


@dataclass
class Truth:
    boxes: np.ndarray  # [m, 4]
    ignored: np.ndarray  # [m] bool


@dataclass
class Curve:
    """One group at one IoU: finds in order of score."""

    scores: np.ndarray
    precision: np.ndarray
    recall: np.ndarray
    n_true: int


@dataclass
class Result:
    ap: np.ndarray  # per IoU of IOUS; NaN where nothing is to be found
    recall: np.ndarray  # per IoU, of all finds
    curve: Curve  # at IoU 0.5

    @property
    def ap50(self) -> float:
        return float(self.ap[0])

    @property
    def ap50_95(self) -> float:
        return float(self.ap.mean())


def nms(boxes: np.ndarray, scores: np.ndarray, limit_iou: float) -> np.ndarray:
    """Indices kept, best first."""
    order, kept = np.argsort(-scores, kind="stable"), []
    areas = area(boxes)
    while len(order):
        best, rest = order[0], order[1:]
        kept.append(best)
        inter = intersection(boxes[best][None], boxes[rest])[0]
        order = rest[inter <= limit_iou * np.maximum(areas[best] + areas[rest] - inter, 1e-9)]
    return np.array(kept, np.int64)


def match(found: Found, truth: Truth) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores [n], hit [ious, n] and ignored [ious, n] of the picture's best finds."""
    order = np.argsort(-found.scores, kind="stable")[:MAX_FOUND]
    boxes = found.boxes[order]
    truth_order = np.argsort(truth.ignored, kind="stable")  # real objects first
    t_boxes, t_ignored = truth.boxes[truth_order], truth.ignored[truth_order]
    inter = intersection(boxes, t_boxes)
    union = area(boxes)[:, None] + area(t_boxes)[None] - inter
    overlap = inter / np.maximum(np.where(t_ignored[None], area(boxes)[:, None], union), 1e-9)
    hit, ignored = (np.zeros((len(IOUS), len(boxes)), bool) for _ in range(2))
    for k, limit in enumerate(IOUS):
        taken = np.zeros(len(t_boxes), bool)
        for d in range(len(boxes)):
            best, best_overlap = -1, min(limit, 1 - 1e-10)
            for t in range(len(t_boxes)):
                if (taken[t] and not t_ignored[t]) or (best >= 0 and not t_ignored[best] and t_ignored[t]):
                    continue
                if overlap[d, t] >= best_overlap:
                    best, best_overlap = t, overlap[d, t]
            if best >= 0:
                taken[best] = True
                ignored[k, d] = t_ignored[best]
                hit[k, d] = not t_ignored[best]
    return found.scores[order], hit, ignored


def average_precision(
    founds: list[Found], truths: list[Truth], height_range: tuple[float, float] | None = None
) -> Result:
    """Over all pictures. With `height_range` (low, high) only objects of that height count."""
    scores, hits, ignoreds, n_true = [], [], [], 0
    for found, truth in zip(founds, truths, strict=True):
        wanted = truth
        if height_range is not None:
            wanted = Truth(truth.boxes, truth.ignored | ~_within(truth.boxes, height_range))
        s, hit, ignored = match(found, wanted)
        if height_range is not None:
            outside = ~_within(found.boxes[np.argsort(-found.scores, kind="stable")[:MAX_FOUND]], height_range)
            ignored = ignored | (~hit & outside[None])
        scores.append(s)
        hits.append(hit)
        ignoreds.append(ignored)
        n_true += int((~wanted.ignored).sum())
    order = np.argsort(-np.concatenate(scores), kind="stable")
    ranked = np.concatenate(scores)[order]
    hit, ignored = np.concatenate(hits, 1)[:, order], np.concatenate(ignoreds, 1)[:, order]
    aps, recalls = [], []
    first: Curve | None = None
    for k in range(len(IOUS)):
        counted = ~ignored[k]
        good = hit[k][counted]
        true_found, n = np.cumsum(good), np.arange(1, len(good) + 1)
        recall, precision = true_found / max(n_true, 1), true_found / n
        if first is None:
            first = Curve(ranked[counted], precision, recall, n_true)
        envelope = np.maximum.accumulate(precision[::-1])[::-1]
        at = np.searchsorted(recall, RECALL_POINTS, side="left")
        padded = np.append(envelope, 0.0)
        aps.append(padded[np.minimum(at, len(envelope))].mean() if n_true else np.nan)
        recalls.append(recall[-1] if len(recall) else 0.0)
    return Result(np.array(aps), np.array(recalls), first)


def _within(boxes: np.ndarray, height_range: tuple[float, float]) -> np.ndarray:
    heights = boxes[:, 3] - boxes[:, 1]
    return (heights >= height_range[0]) & (heights < height_range[1])


def grouped(boxes: np.ndarray, scores: np.ndarray, group: tuple[int, ...], nms_iou: float, floor: float) -> Found:
    """A detector's raw output (boxes [n, 4], scores [n, 6]) as finds of one group."""
    best = scores[:, list(group)].max(1)
    strong = np.flatnonzero(best > floor)
    strong = strong[np.argsort(-best[strong], kind="stable")][:1000]
    kept = strong[nms(boxes[strong], best[strong], nms_iou)][:MAX_FOUND]
    return Found(boxes[kept], best[kept])
