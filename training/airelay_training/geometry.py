"""Where boxes go when a picture is flipped, scaled, moved and cut. NumPy only.

In:  `Labels` with boxes 0..1 of a picture, a 2x3 matrix without rotation, a window of the canvas.
Out: `Labels` with boxes in canvas pixels.
"""

import numpy as np

from .labels import Labels, area

MIN_SIDE_PX = 6.0  # smaller objects are neither object nor background
MIN_VISIBLE = 0.35  # of an object's area; less is neither object nor background


def place(labels: Labels, matrix: np.ndarray, size: tuple[int, int], window: tuple[int, int, int, int]) -> Labels:
    """Maps boxes (0..1 of a picture of `size` = height, width) by a 2x3 matrix and cuts them to the window x1 y1 x2 y2.

    What is cut or shrunk too far moves from the targets to the ignored regions.
    """
    height, width = size
    low, high = np.array(window[:2], np.float32), np.array(window[2:], np.float32)

    def mapped(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        corners = boxes.reshape(-1, 2, 2) * np.array([width, height], np.float32)
        corners = corners * matrix[[0, 1], [0, 1]] + matrix[:, 2]
        corners = np.sort(corners, axis=1).astype(np.float32)  # a flip swaps left and right
        return corners.reshape(-1, 4), np.clip(corners, low, high).reshape(-1, 4)

    full, cut = mapped(labels.boxes)
    sides = np.minimum(cut[:, 2] - cut[:, 0], cut[:, 3] - cut[:, 1])
    seen = area(cut) / np.maximum(area(full), 1e-6)
    good = (sides >= MIN_SIDE_PX) & (seen >= MIN_VISIBLE)
    hidden = ~good & (area(cut) > 0)
    _, ignored = mapped(labels.ignore)
    present = area(ignored) > 0
    n_classes = labels.ignore_classes.shape[1]
    return Labels(
        cut[good],
        labels.classes[good],
        labels.weights[good],
        np.concatenate([ignored[present], cut[hidden]]),
        np.concatenate([labels.ignore_classes[present], np.eye(n_classes, dtype=bool)[labels.classes[hidden]]]),
    )


def joined(parts: list[Labels]) -> Labels:
    return Labels(*(np.concatenate([getattr(p, name) for p in parts]) for name in Labels.__dataclass_fields__))


def warp_matrix(
    size: tuple[int, int], window: tuple[int, int, int, int], rng: np.random.Generator, scale_range: tuple[float, float]
) -> np.ndarray:
    """Random flip, scale, aspect and position that puts a picture of `size` somewhere over the window."""
    height, width = size
    x1, y1, x2, y2 = window
    ratios = ((x2 - x1) / width, (y2 - y1) / height)  # to fit and to cover the window, or the other way round
    scale = np.sqrt(ratios[0] * ratios[1]) * np.exp(rng.uniform(*np.log(scale_range)))
    aspect = np.exp(rng.normal(0, 0.08))
    sx, sy = scale * aspect, scale / aspect
    flip = rng.random() < 0.5
    free_x, free_y = (x2 - x1) - width * sx, (y2 - y1) - height * sy
    tx, ty = x1 + rng.uniform(0, 1) * free_x, y1 + rng.uniform(0, 1) * free_y
    if flip:
        return np.array([[-sx, 0, tx + width * sx], [0, sy, ty]], np.float32)
    return np.array([[sx, 0, tx], [0, sy, ty]], np.float32)
