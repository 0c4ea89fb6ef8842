"""Labels pictures that nobody labelled: frames of clips or a folder, by the ensemble of shared detectors.

In:  a clip or a folder of pictures. Out: a folder with `images/` and `labels.jsonl` that `data` reads like any other.
Boxes of several detectors are fused: the weighted mean of boxes of one class that overlap, its score lowered when
detectors disagree (weighted box fusion, Solovyev et al., 2021).
"""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from . import BICYCLE
from .detectors import SHARED, OnnxDetector
from .labels import iou
from .metric import nms
from .paths import testdata

ENSEMBLE = ("YOLOX-nano 640", "NanoDet-Plus-m 640", "PicoDet-S 640", "person-vehicle-bike 2003")
FUSE_IOU = 0.6
SCORE_FLOOR = 0.1
SAVED_SIDE_PX = 480


def ensemble() -> list[OnnxDetector]:
    return [
        OnnxDetector(testdata("models", file), height, width, kind, nms_iou)
        for file, height, width, kind, nms_iou in (SHARED[name] for name in ENSEMBLE)
    ]


def fused(detectors: list[OnnxDetector], rgb: np.ndarray) -> list[list[float]]:
    """Rows class, score, x1, y1, x2, y2 (0..1 of the picture)."""
    size = np.array([rgb.shape[1], rgb.shape[0]] * 2, np.float32)
    found: list[list[tuple[float, np.ndarray]]] = [[] for _ in range(6)]
    for detector in detectors:
        boxes, scores = detector(rgb)
        for class_id in range(6):
            if detector.kind == "crossroad" and class_id == BICYCLE:
                continue  # its two-wheeler includes the rider
            strong = np.flatnonzero(scores[:, class_id] > SCORE_FLOOR / 2)
            kept = strong[nms(boxes[strong], scores[strong, class_id], detector.nms_iou)]
            found[class_id] += [(float(scores[k, class_id]), np.clip(boxes[k] / size, 0, 1)) for k in kept]
    return [row for class_id in range(6) for row in fuse(class_id, found[class_id], len(detectors))]


def fuse(class_id: int, found: list[tuple[float, np.ndarray]], n_detectors: int) -> list[list[float]]:
    clusters: list[list[tuple[float, np.ndarray]]] = []
    means: list[np.ndarray] = []
    for score, box in sorted(found, key=lambda f: -f[0]):
        overlap = iou(box[None], np.stack(means))[0] if means else np.zeros(1)
        best = int(overlap.argmax())
        if overlap[best] > FUSE_IOU:
            clusters[best].append((score, box))
            weights = np.array([s for s, _ in clusters[best]])
            means[best] = (np.stack([b for _, b in clusters[best]]) * weights[:, None]).sum(0) / weights.sum()
        else:
            clusters.append([(score, box)])
            means.append(box)
    rows = []
    for cluster, box in zip(clusters, means, strict=True):
        score = np.mean([s for s, _ in cluster]) * min(len(cluster), n_detectors) / n_detectors
        if score > SCORE_FLOOR:
            rows.append([class_id, round(float(score), 3), *(round(float(v), 4) for v in box)])
    return rows


def frames(clip: Path, every: int) -> Iterator[tuple[str, np.ndarray]]:
    video, index = cv2.VideoCapture(str(clip)), 0
    while True:
        ok, bgr = video.read()
        if not ok:
            return
        if index % every == 0:
            yield f"{clip.stem}-{index:05d}.jpg", bgr[..., ::-1]
        index += 1


def folder(path: Path) -> Iterator[tuple[str, np.ndarray]]:
    for file in sorted(path.rglob("*.jpg")):
        with Image.open(file) as picture:
            yield f"{path.name}-{file.stem}.jpg", np.asarray(picture.convert("RGB"))


def label(source: Path, out: Path, every: int) -> int:
    """Number of pictures labelled."""
    detectors, count = ensemble(), 0
    (out / "images").mkdir(parents=True, exist_ok=True)
    with (out / "labels.jsonl").open("a") as lines:
        for name, rgb in folder(source) if source.is_dir() else frames(source, every):
            row = {
                "file": name,
                "source": source.stem,
                "hand": [],
                "hand_complete_for": [],
                "teacher": fused(detectors, rgb),
            }
            picture = Image.fromarray(np.ascontiguousarray(rgb))
            picture.thumbnail((SAVED_SIDE_PX, SAVED_SIDE_PX))
            picture.save(out / "images" / name, quality=85)
            lines.write(json.dumps(row) + "\n")
            count += 1
    return count
