"""Turns hand boxes and teacher boxes of one picture into what the loss needs. No torch here.

In:  one line of `labels.jsonl` (coordinates 0..1 of the picture).
Out: `Labels`: targets (box, class, weight) and ignore boxes (box, class mask), still 0..1.

Rules. A hand box is a target of weight 1; a crowd box is ignored. For a class that is not completely labelled by
hand, a teacher box of score >= TARGET_SCORE is a target whose weight grows with the score, one of score >=
IGNORE_SCORE hides its region from the loss (neither object nor background), a weaker one is background.
Near-duplicates of confusable classes are merged first; the strongest wins.
"""

from dataclasses import dataclass

import numpy as np

from . import CONFUSABLE

TARGET_SCORE = 0.36
IGNORE_SCORE = 0.18
FULL_SCORE = 0.65  # from this teacher score on, a teacher box counts like a hand box
MERGE_IOU = 0.6
PART_OVERLAP = 0.85  # a weaker box lying that far inside a stronger one of its class is perhaps only a part


@dataclass
class Labels:
    boxes: np.ndarray  # [n, 4] x1 y1 x2 y2, 0..1
    classes: np.ndarray  # [n] int64
    weights: np.ndarray  # [n] 0..1
    ignore: np.ndarray  # [m, 4]
    ignore_classes: np.ndarray  # [m, 6] bool: for which classes the region is hidden


def area(box: np.ndarray) -> np.ndarray:
    return np.clip(box[..., 2] - box[..., 0], 0, None) * np.clip(box[..., 3] - box[..., 1], 0, None)


def intersection(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """[n, 4] and [m, 4] -> [n, m] intersection areas."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    return np.clip(high - low, 0, None).prod(-1)


def iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    inter = intersection(a, b)
    return inter / np.maximum(area(a)[:, None] + area(b)[None, :] - inter, 1e-9)


def merge(teacher: np.ndarray) -> np.ndarray:
    """Drops boxes [n, 6: class score x1 y1 x2 y2] that repeat a stronger box of a confusable class."""
    kept: list[np.ndarray] = []
    for row in teacher[np.argsort(-teacher[:, 1])]:
        rivals = [k for k in kept if int(k[0]) in CONFUSABLE[int(row[0])]]
        if not rivals or iou(row[None, 2:], np.stack(rivals)[:, 2:]).max() < MERGE_IOU:
            kept.append(row)
    return np.stack(kept) if kept else np.zeros((0, 6), np.float32)


def resolve(line: dict, class_names: tuple[str, ...]) -> Labels:
    """What one picture teaches; see the rules above."""
    hand = np.array(line.get("hand", []), np.float32).reshape(-1, 6)
    teacher = merge(np.array(line.get("teacher", []), np.float32).reshape(-1, 6))
    complete = complete_classes(line, class_names)
    n_classes = len(class_names)

    targets: list[tuple[np.ndarray, int, float]] = []
    hidden: list[tuple[np.ndarray, np.ndarray]] = []

    def hide(box: np.ndarray, class_id: int) -> None:
        mask = np.zeros(n_classes, bool)
        mask[list(CONFUSABLE[class_id])] = True
        hidden.append((box, mask & ~_settled(mask, complete, class_id)))

    for class_id, crowd, *box in hand:
        if crowd:
            mask = np.zeros(n_classes, bool)
            mask[list(CONFUSABLE[int(class_id)])] = True
            hidden.append((np.array(box, np.float32), mask))
        else:
            targets.append((np.array(box, np.float32), int(class_id), 1.0))

    by_hand = list(targets)
    strong: list[np.ndarray] = []
    for class_id_f, score, *xyxy in teacher:
        class_id, box = int(class_id_f), np.array(xyxy, np.float32)
        if class_id in complete or score < IGNORE_SCORE:
            continue
        rivals = [b for b, c, _ in by_hand if c in CONFUSABLE[class_id]]
        if rivals and iou(box[None], np.stack(rivals)).max() > 0.5:
            continue
        same = [b for b in strong if int(b[0]) == class_id]
        is_part = bool(same) and (
            intersection(box[None], np.stack(same)[:, 1:])[0].max() > PART_OVERLAP * max(float(area(box)), 1e-9)
        )
        if score >= TARGET_SCORE and not is_part:
            weight = 0.4 + 0.6 * min(1.0, (score - TARGET_SCORE) / (FULL_SCORE - TARGET_SCORE))
            targets.append((box, class_id, float(weight)))
            strong.append(np.array([class_id, *box], np.float32))
        else:
            hide(box, class_id)

    return Labels(
        boxes=np.array([t[0] for t in targets], np.float32).reshape(-1, 4),
        classes=np.array([t[1] for t in targets], np.int64),
        weights=np.array([t[2] for t in targets], np.float32),
        ignore=np.array([h[0] for h in hidden], np.float32).reshape(-1, 4),
        ignore_classes=np.array([h[1] for h in hidden], bool).reshape(-1, n_classes),
    )


def complete_classes(line: dict, class_names: tuple[str, ...]) -> set[int]:
    """Classes labelled completely by hand; a line may give names or numbers."""
    given = line.get("hand_complete_for", [])
    return {value if isinstance(value, int) else class_names.index(value) for value in given}


def _settled(mask: np.ndarray, complete: set[int], class_id: int) -> np.ndarray:
    """Classes that hand labels settle completely, so that an uncertain teacher box says nothing about them."""
    settled = np.zeros_like(mask)
    settled[[c for c in complete if c != class_id]] = True
    return settled
