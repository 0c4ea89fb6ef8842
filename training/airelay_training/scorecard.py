"""Measures the shipped detector beside every shared one; `card` writes the figures down.

In:  `models/` and the shared test data. Out: one JSON file in the cache with all figures of the card.
Nothing here chooses anything: the evaluation pictures and clips are looked at once a model is finished.

Milliseconds are CPU time of one thread, network only, best of N_SPEED runs: other work on the machine disturbs them
least so.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from .cocoset import EvalPicture, read
from .detectors import SHARED, OnnxDetector
from .evaluate import NMS_IOU
from .metric import GROUPS, Found, average_precision, grouped, nms
from .paths import cache, testdata
from .thresholds import GROUP_OF

SCORE_FLOOR = 0.01
HEIGHTS_1080 = {"under 32": (0, 32), "32 to 64": (32, 64), "64 to 128": (64, 128), "over 128": (128, 1e9)}
OUR_SIZES = ((416, 416), (640, 640), (320, 320))
SPEED_SIZES = ((416, 416), (256, 416), (192, 320))
N_SPEED = 40

# Frames [from, to) of the evaluation clips, read off by eye: nobody and nothing there, or exactly one standing person.
EMPTY = {
    "person-bicycle-car-detection.mp4": ((50, 105), (180, 295), (412, 458)),
    "one-by-one-person-detection.mp4": ((0, 50), (470, 490), (885, 905)),
}
ONE_PERSON = {
    "one-by-one-person-detection.mp4": ((100, 190), (280, 430), (550, 670), (790, 850), (970, 1180), (1265, 1330)),
}
CLIP_EVERY = 2  # about 5 or 6 analysed pictures a second
CLIP_FPS = {"person-bicycle-car-detection.mp4": 12.0, "one-by-one-person-detection.mp4": 10.0}


def measure(models: Path, thresholds: dict[str, float]) -> dict:
    pictures = read()
    detectors = {
        f"{file.stem} {width}": OnnxDetector(file, height, width, "airelay", NMS_IOU)
        for file in sorted(models.glob("airelay-n*.onnx"))
        for height, width in (OUR_SIZES if file.stem == "airelay-n" else OUR_SIZES[:1])
    }
    detectors |= {
        name: OnnxDetector(testdata("models", file), height, width, kind, nms_iou)
        for name, (file, height, width, kind, nms_iou) in SHARED.items()
    }
    rows = [{"name": name} | remembered(name, detector, pictures) for name, detector in detectors.items()]
    for row, detector in zip(rows, detectors.values(), strict=True):  # speeds at one time, so that they compare
        row["ms"] = cpu_ms(detector, detector.tensor(pictures[0].pixels()))
    own = OnnxDetector(models / "airelay-n.onnx", 256, 416, "airelay", NMS_IOU)
    rival = testdata("models", "yolox_nano_dyn.onnx")
    return {
        "detectors": rows,
        "speed": [speed(file) for file in [*sorted(models.glob("airelay-n*.onnx")), rival]],
        "clips": clips(own, thresholds),
        "machine": machine(),
    }


def machine() -> dict:
    """What the milliseconds depend on: int8 is twice as fast where the processor multiplies bytes (VNNI)."""
    lines = dict(
        (part.strip() for part in line.split(":", 1))
        for line in Path("/proc/cpuinfo").read_text().splitlines() if ":" in line
    )  # fmt: skip
    flags = lines.get("flags", "").split()
    return {"name": lines.get("model name", "unknown"), "vnni": any("vnni" in flag for flag in flags)}


def remembered(name: str, detector: OnnxDetector, pictures: list[EvalPicture]) -> dict:
    """Accuracy is measured once per file and size; it cannot change."""
    key = hashlib.sha256(detector.path.read_bytes() + f"{name} {detector.nms_iou}".encode()).hexdigest()[:16]
    file = cache("scores", f"{key}.json")
    if not file.exists():
        file.write_text(json.dumps(accuracy(detector, pictures)))
    return json.loads(file.read_text())


def accuracy(detector: OnnxDetector, pictures: list[EvalPicture]) -> dict:
    founds: dict[str, list[Found]] = {group: [] for group in GROUPS}
    for picture in pictures:
        boxes, scores = detector(picture.pixels())
        for group, classes in GROUPS.items():
            founds[group].append(grouped(boxes, scores, classes, detector.nms_iou, SCORE_FLOOR))
    figures: dict = {"mb": round(detector.path.stat().st_size / 1e6, 1)}
    for group in GROUPS:
        truths = [p.truths[group] for p in pictures]
        result = average_precision(founds[group], truths)
        figures[group] = {"ap50": 100 * result.ap50, "ap50_95": 100 * result.ap50_95, "n_true": result.curve.n_true}
        figures[group]["heights"] = by_height(founds[group], pictures, group)
    figures["ap50"] = float(np.mean([figures[g]["ap50"] for g in GROUPS]))
    figures["ap50_95"] = float(np.mean([figures[g]["ap50_95"] for g in GROUPS]))
    return figures


def by_height(founds: list[Found], pictures: list[EvalPicture], group: str) -> dict:
    """Recall at IoU 0.5 (any score above the floor) and AP50, by the height an object would have in a 1080p picture."""
    scales = [1080 / p.height for p in pictures]
    scaled = [Found(f.boxes * s, f.scores) for f, s in zip(founds, scales, strict=True)]
    truths = [type(p.truths[group])(p.truths[group].boxes * s, p.truths[group].ignored)
              for p, s in zip(pictures, scales, strict=True)]  # fmt: skip
    out = {}
    for name, limits in HEIGHTS_1080.items():
        result = average_precision(scaled, truths, limits)
        out[name] = {"ap50": 100 * result.ap50, "recall": 100 * float(result.recall[0]), "n_true": result.curve.n_true}
    return out


def cpu_ms(detector: OnnxDetector, tensor: np.ndarray) -> float:
    times = []
    for _ in range(N_SPEED):
        before = time.process_time()
        detector.net.run(None, {detector.input: tensor})
        times.append(time.process_time() - before)
    return 1000 * min(times)


def speed(file: Path) -> dict:
    kind = "yolox" if "yolox" in file.name else "airelay"
    picture = np.random.default_rng(0).integers(0, 255, (432, 768, 3), dtype=np.uint8)
    out: dict = {"name": file.stem}
    for height, width in SPEED_SIZES:
        detector = OnnxDetector(file, height, width, kind, NMS_IOU)
        out[f"{width}x{height}"] = cpu_ms(detector, detector.tensor(picture))
    return out


def clips(detector: OnnxDetector, thresholds: dict[str, float]) -> dict:
    """False finds on empty frames and single persons found, whole picture, no tracking, default thresholds."""
    empty = {"frames": 0, "seconds": 0.0, "false_frames": 0, "false_visits": 0}
    for clip, spans in EMPTY.items():
        for span in spans:
            before: list[np.ndarray] = []
            for rgb in frames(clip, span):
                boxes = confident(detector, rgb, thresholds)
                empty["frames"] += 1
                empty["false_frames"] += bool(len(boxes))
                empty["false_visits"] += sum(not _seen(box, before) for box in boxes)
                before = list(boxes)
            empty["seconds"] += (span[1] - span[0]) / CLIP_FPS[clip]
    one = {"frames": 0, "found": 0, "extra": 0}
    for clip, spans in ONE_PERSON.items():
        for span in spans:
            for rgb in frames(clip, span):
                boxes = confident(detector, rgb, thresholds)
                one["frames"] += 1
                one["found"] += bool(len(boxes))
                one["extra"] += max(0, len(boxes) - 1)
    return {"empty": empty, "one_person": one}


def _seen(box: np.ndarray, before: list[np.ndarray]) -> bool:
    return bool(before) and len(nms(np.stack([box, *before]), np.arange(len(before) + 1, 0, -1.0), 0.3)) <= len(before)


def frames(clip: str, span: tuple[int, int]) -> Iterator[np.ndarray]:
    video = cv2.VideoCapture(str(testdata("media", clip)))
    for index in range(span[1]):
        ok, bgr = video.read()
        if not ok:
            return
        if index >= span[0] and (index - span[0]) % CLIP_EVERY == 0:
            yield bgr[..., ::-1]


def confident(detector: OnnxDetector, rgb: np.ndarray, thresholds: dict[str, float]) -> np.ndarray:
    """Boxes of all groups above the default thresholds."""
    boxes, scores = detector(rgb)
    kept = []
    for name, classes in GROUPS.items():
        threshold = min(t for c, t in thresholds.items() if GROUP_OF[c] == name)
        kept.append(grouped(boxes, scores, classes, detector.nms_iou, threshold).boxes)
    return np.concatenate(kept)
