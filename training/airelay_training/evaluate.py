"""How good the student is on the validation split: the only figures by which anything is chosen.

In:  a `Detector`, pictures and indices. Out: AP50 and AP50-95 per group, as plain numbers.
Pictures are placed into a square of SIDE_PX, aspect kept, padded.
"""

from collections.abc import Callable

import numpy as np
import torch

from .augment import letterbox
from .data import Pictures
from .labels import Labels
from .metric import GROUPS, Found, Truth, average_precision, grouped
from .model import Detector, decode

SIDE_PX = 320
NMS_IOU = 0.5  # the best of 0.4, 0.5 and 0.6 on the validation split
SCORE_FLOOR = 0.01


def truth_of(labels: Labels, group: tuple[int, ...], height: int, width: int) -> Truth:
    mine = np.isin(labels.classes, group)
    hidden = labels.ignore_classes[:, list(group)].any(1)
    boxes = np.concatenate([labels.boxes[mine], labels.ignore[hidden]]) * np.array([width, height] * 2, np.float32)
    return Truth(boxes, np.arange(len(boxes)) >= mine.sum())


@torch.no_grad()
def detect(
    model: Detector, rgb: np.ndarray, height: int, width: int, device: torch.device
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes [n, 4] in picture pixels and scores [n, 6]."""
    canvas, scale = letterbox(rgb, height, width)
    image = torch.from_numpy(canvas)[None].permute(0, 3, 1, 2).float().to(device)
    boxes, logits = decode(model(image))
    return boxes[0].cpu().numpy() / scale, logits[0].sigmoid().cpu().numpy()


Raw = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # picture -> boxes [n, 4], scores [n, 6]
Founds = dict[str, list[Found]]
Truths = dict[str, list[Truth]]


def finds(raw: Raw, pictures: Pictures, indices: list[int]) -> tuple[Founds, Truths]:
    """Per group, what a detector finds on the pictures and what is there."""
    founds: Founds = {name: [] for name in GROUPS}
    truths: Truths = {name: [] for name in GROUPS}
    for index in indices:
        item = pictures.items[index]
        boxes, scores = raw(np.asarray(pictures.pixels(index)))
        for name, group in GROUPS.items():
            founds[name].append(grouped(boxes, scores, group, NMS_IOU, SCORE_FLOOR))
            truths[name].append(truth_of(item.labels, group, item.height, item.width))
    return founds, truths


def figures_of(founds: Founds, truths: Truths) -> dict[str, float]:
    """AP50 per group, and the means over groups, in points."""
    results = {name: average_precision(founds[name], truths[name]) for name in founds}
    figures = {f"ap50_{name}": round(100 * r.ap50, 2) for name, r in results.items()}
    figures["ap50"] = round(float(np.mean(list(figures.values()))), 2)
    figures["ap50_95"] = round(100 * float(np.mean([r.ap50_95 for r in results.values()])), 2)
    return figures


def validate(model: Detector, pictures: Pictures, indices: list[int], device: torch.device) -> dict[str, float]:
    return figures_of(*finds(lambda rgb: detect(model, rgb, SIDE_PX, SIDE_PX, device), pictures, indices))
