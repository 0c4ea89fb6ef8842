"""Labels thousands of unlabelled pictures at once: the ensemble of `label` in batches, on an accelerator.

In:  a data folder; rows of `labels.jsonl` that have neither hand nor teacher boxes are labelled.
Out: the same rows with `teacher` boxes, fused from three detectors on the picture and its mirror image.

The three are those whose 80 classes agree: YOLOX-nano, NanoDet-Plus and PicoDet-S at 640x640. Pictures travel small,
so they are enlarged here; what is too small to be seen then is too small for the student, too.
"""

import json
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .augment import PAD
from .data import Pictures
from .label import SCORE_FLOOR, fuse
from .metric import nms
from .onnx_torch import OnnxInTorch
from .paths import testdata
from .teacher import COCO_INDEX

SIDE_PX = 640
BATCH = 64
MOST_BOXES = 200  # per detector and view
NMS_IOU = 0.6

Found = tuple[np.ndarray, np.ndarray]  # boxes [n, 4] 0..1 of the square, scores [n, 6]


def grid(side: int, stride: int, half: float, device: torch.device) -> Tensor:
    """[cells, 2] x y in pixels"""
    steps = torch.arange(-(-side // stride), device=device, dtype=torch.float32) + half
    return torch.stack(torch.meshgrid(steps, steps, indexing="ij")[::-1], -1).reshape(-1, 2) * stride


def sides(points: Tensor, logits: Tensor, strides: Tensor) -> Tensor:
    """Boxes from four distributions over 0..7 strides: logits [batch, n, 32]."""
    reach = logits.reshape(*logits.shape[:2], 4, 8).softmax(-1) @ torch.arange(8.0, device=logits.device)
    reach = reach * strides
    return torch.cat((points - reach[..., :2], points + reach[..., 2:]), -1)


def normalised(rgb: Tensor, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """Colours in the order of `mean` must be those of `rgb`."""
    view = (1, 3, 1, 1)
    return (rgb - torch.tensor(mean, device=rgb.device).view(view)) / torch.tensor(std, device=rgb.device).view(view)


def pick(scores: Tensor) -> Tensor:
    return torch.stack([scores[..., k] for k in COCO_INDEX], -1)


def levels(side: int, strides: tuple[int, ...], half: float, device: torch.device) -> tuple[Tensor, Tensor]:
    points = [grid(side, s, half, device) for s in strides]
    return torch.cat(points), torch.cat([torch.full_like(p[:, :1], s) for p, s in zip(points, strides, strict=True)])


def yolox(device: torch.device) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    net = OnnxInTorch(testdata("models", "yolox_nano_dyn.onnx"), [], device)
    points, strides = levels(SIDE_PX, (8, 16, 32), 0.0, device)

    def run(rgb: Tensor) -> tuple[Tensor, Tensor]:
        raw = net(rgb.flip(1))["output"].float()
        centre, half = raw[..., :2] * strides + points, raw[..., 2:4].exp() * strides / 2
        return torch.cat((centre - half, centre + half), -1), raw[..., 4:5] * pick(raw[..., 5:])

    return run


def nanodet(device: torch.device) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    net = OnnxInTorch(testdata("models", "nanodet_plus_m_dyn.onnx"), [], device)
    points, strides = levels(SIDE_PX, (8, 16, 32, 64), 0.0, device)

    def run(rgb: Tensor) -> tuple[Tensor, Tensor]:
        raw = net(normalised(rgb.flip(1), (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)))["output"].float()
        return sides(points, raw[..., 80:], strides), pick(raw[..., :80]).sigmoid()

    return run


def picodet(device: torch.device) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    net = OnnxInTorch(testdata("models", "picodet_s_640.onnx"), [], device)
    points, strides = levels(SIDE_PX, (8, 16, 32, 64), 0.5, device)

    def run(rgb: Tensor) -> tuple[Tensor, Tensor]:
        out = list(net(normalised(rgb, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))).values())
        return sides(points, torch.cat(out[4:], 1).float(), strides), pick(torch.cat(out[:4], 1).float())

    return run


@torch.no_grad()
def strongest(boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """The MOST_BOXES best of each picture; boxes become 0..1 of the square."""
    best = scores.amax(-1).topk(MOST_BOXES, 1).indices[..., None]
    return boxes.gather(1, best.expand(-1, -1, 4)) / SIDE_PX, scores.gather(1, best.expand(-1, -1, scores.shape[-1]))


@torch.no_grad()
def seen_by_all(detectors: list, square: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Every detector on the squares [batch, 3, side, side] 0..255 and on their mirror images."""
    views = []
    for detector in detectors:
        views.append(strongest(*detector(square)))
        boxes, scores = strongest(*detector(square.flip(3)))
        views.append((torch.stack((1 - boxes[..., 2], boxes[..., 1], 1 - boxes[..., 0], boxes[..., 3]), -1), scores))
    return views


def fused_rows(job: tuple[list[Found], float, float]) -> list[list[float]]:
    """Rows class, score, x1, y1, x2, y2; boxes leave the square for the picture, `wide` x `high` of the square."""
    views, wide, high = job
    size = np.array([wide, high] * 2, np.float32)
    found: list[list[tuple[float, np.ndarray]]] = [[] for _ in range(6)]
    for boxes, scores in views:
        for class_id in range(6):
            strong = np.flatnonzero(scores[:, class_id] > SCORE_FLOOR / 2)
            kept = strong[nms(boxes[strong], scores[strong, class_id], NMS_IOU)]
            found[class_id] += [(float(scores[k, class_id]), np.clip(boxes[k] / size, 0, 1)) for k in kept]
    return [row for class_id in range(6) for row in fuse(class_id, found[class_id], len(views))]


def squared(rgb: np.ndarray) -> tuple[np.ndarray, tuple[float, float]]:
    """The picture at the top left of a square of its own longer side, and what part of it it fills."""
    side = max(rgb.shape[:2])
    canvas = np.full((side, side, 3), PAD, np.uint8)
    canvas[: rgb.shape[0], : rgb.shape[1]] = rgb
    return canvas, (rgb.shape[1] / side, rgb.shape[0] / side)


def enlarged(pixels: Sequence[np.ndarray], device: torch.device) -> Tensor:
    """[batch, 3, SIDE_PX, SIDE_PX] float 0..255"""
    return torch.cat([
        functional.interpolate(
            torch.from_numpy(p).to(device).permute(2, 0, 1)[None].float(), (SIDE_PX, SIDE_PX), mode="bilinear"
        )
        for p in pixels
    ])  # fmt: skip


def label_folder(folder: Path, device: torch.device, processes: int) -> int:
    """Rewrites `labels.jsonl`; how many pictures were labelled."""
    rows = [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines() if line.strip()]
    pictures = Pictures([folder])
    todo = [k for k, row in enumerate(rows) if not row.get("hand") and not row.get("teacher")]
    detectors = [make(device) for make in (yolox, nanodet, picodet)]
    results: list = []
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for start in range(0, len(todo), BATCH):
            pixels, parts = zip(*(squared(pictures.pixels(k)) for k in todo[start : start + BATCH]), strict=True)
            views = [(b.cpu().numpy(), s.cpu().numpy()) for b, s in seen_by_all(detectors, enlarged(pixels, device))]
            jobs = [([(b[k], s[k]) for b, s in views], *part) for k, part in enumerate(parts)]
            results += [pool.submit(fused_rows, job) for job in jobs]
        for k, result in zip(todo, results, strict=True):
            rows[k]["teacher"] = result.result()
    (folder / "labels.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return len(todo)
