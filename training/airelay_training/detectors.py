"""Every detector that can be compared or can teach, behind one call: picture in, boxes and six class scores out.

In:  uint8 RGB picture of any size. Out: boxes [n, 4] in picture pixels, scores [n, 6], before NMS.
Pre- and post-processing follow the notes beside the shared models; ONNX Runtime on one thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import onnxruntime

from . import BICYCLE, CAR, CLASSES, PERSON
from .augment import letterbox

COCO_INDEX = [0, 1, 2, 3, 5, 7]
Raw = tuple[np.ndarray, np.ndarray]


def session(path: Path, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


@dataclass
class OnnxDetector:
    path: Path
    height: int
    width: int
    kind: str  # a key of KINDS
    nms_iou: float

    def __post_init__(self) -> None:
        self.net = session(self.path)
        self.input = self.net.get_inputs()[0].name

    def __call__(self, rgb: np.ndarray) -> Raw:
        prepare, finish = KINDS[self.kind]
        tensor, scale = prepare(rgb, self.height, self.width)
        boxes, scores = finish(self.net.run(None, {self.input: tensor}), self.height, self.width)
        return boxes / scale, scores

    def tensor(self, rgb: np.ndarray) -> np.ndarray:
        return KINDS[self.kind][0](rgb, self.height, self.width)[0]


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def grid(height: int, width: int, stride: int, half: bool) -> np.ndarray:
    """[cells, 2] x y in pixels; sizes are rounded up."""
    y, x = np.mgrid[0 : -(-height // stride), 0 : -(-width // stride)]
    return (np.stack((x, y), -1).reshape(-1, 2) + (0.5 if half else 0.0)) * stride


def chw(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32)


def expected_distance(logits: np.ndarray) -> np.ndarray:
    """[n, 32] -> [n, 4]: the mean of each side's distribution over 0..7."""
    x = logits.reshape(-1, 4, 8)
    e = np.exp(x - x.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)) @ np.arange(8, dtype=np.float32)


def from_sides(points: np.ndarray, sides: np.ndarray) -> np.ndarray:
    return np.concatenate((points - sides[:, :2], points + sides[:, 2:]), 1)


def airelay_in(rgb: np.ndarray, height: int, width: int) -> tuple[np.ndarray, float]:
    canvas, scale = letterbox(rgb, height, width)
    return chw(canvas), scale


def airelay_out(out: list[np.ndarray], height: int, width: int) -> Raw:
    return out[0][0], out[1][0]


def yolox_in(rgb: np.ndarray, height: int, width: int) -> tuple[np.ndarray, float]:
    canvas, scale = letterbox(rgb, height, width)
    return chw(canvas[..., ::-1]), scale


def yolox_out(out: list[np.ndarray], height: int, width: int) -> Raw:
    raw = out[0][0]
    strides = np.concatenate([np.full(((height // s) * (width // s), 1), s) for s in (8, 16, 32)])
    centre = raw[:, :2] * strides + np.concatenate([grid(height, width, s, half=False) for s in (8, 16, 32)])
    half = np.exp(raw[:, 2:4]) * strides / 2
    return np.concatenate((centre - half, centre + half), 1), raw[:, 4:5] * raw[:, 5:][:, COCO_INDEX]


def nanodet_in(rgb: np.ndarray, height: int, width: int) -> tuple[np.ndarray, float]:
    canvas, scale = letterbox(rgb, height, width)
    bgr = canvas[..., ::-1].astype(np.float32)
    h, w = round(rgb.shape[0] * scale), round(rgb.shape[1] * scale)
    bgr[h:], bgr[:, w:] = 0, 0
    return chw((bgr - (103.53, 116.28, 123.675)) / (57.375, 57.12, 58.395)), scale


def nanodet_out(out: list[np.ndarray], height: int, width: int) -> Raw:
    raw, strides = out[0][0], (8, 16, 32, 64)
    points = np.concatenate([grid(height, width, s, half=False) for s in strides])
    scale = np.concatenate([np.full((len(grid(height, width, s, half=False)), 1), s) for s in strides])
    return from_sides(points, expected_distance(raw[:, 80:]) * scale), sigmoid(raw[:, :80])[:, COCO_INDEX]


def picodet_in(rgb: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
    scale = np.array([width / rgb.shape[1], height / rgb.shape[0]] * 2)
    return chw((small - (123.675, 116.28, 103.53)) / (58.395, 57.12, 57.375)), scale


def picodet_out(out: list[np.ndarray], height: int, width: int) -> Raw:
    boxes = [
        from_sides(grid(height, width, stride, half=True), expected_distance(sides[0]) * stride)
        for stride, sides in zip((8, 16, 32, 64), out[4:], strict=True)
    ]
    return np.concatenate(boxes), np.concatenate([s[0] for s in out[:4]])[:, COCO_INDEX]


def crossroad_in(rgb: np.ndarray, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    small = cv2.resize(rgb, (width, height), interpolation=cv2.INTER_LINEAR)
    scale = np.array([width / rgb.shape[1], height / rgb.shape[0]] * 2)
    return chw(small[..., ::-1]), scale


def crossroad_out(out: list[np.ndarray], height: int, width: int) -> Raw:
    """Its classes are vehicle, person, two-wheeler with rider."""
    scores = np.zeros((out[1].shape[1], len(CLASSES)), np.float32)
    scores[:, CAR], scores[:, PERSON], scores[:, BICYCLE] = out[1][0].T
    return out[0][0], scores


KINDS: dict[str, tuple[Callable, Callable]] = {
    "airelay": (airelay_in, airelay_out),
    "yolox": (yolox_in, yolox_out),
    "nanodet_plus": (nanodet_in, nanodet_out),
    "picodet": (picodet_in, picodet_out),
    "crossroad": (crossroad_in, crossroad_out),
}

# name -> (file, height, width, kind, NMS IoU)
SHARED = {
    "YOLOX-nano 416": ("yolox_nano_dyn.onnx", 416, 416, "yolox", 0.65),
    "YOLOX-nano 640": ("yolox_nano_dyn.onnx", 640, 640, "yolox", 0.65),
    "NanoDet-Plus-m 416": ("nanodet_plus_m_dyn.onnx", 416, 416, "nanodet_plus", 0.6),
    "NanoDet-Plus-m 640": ("nanodet_plus_m_dyn.onnx", 640, 640, "nanodet_plus", 0.6),
    "PicoDet-S 416": ("picodet_s_416.onnx", 416, 416, "picodet", 0.6),
    "PicoDet-S 640": ("picodet_s_640.onnx", 640, 640, "picodet", 0.6),
    "person-vehicle-bike 2003": ("person_vehicle_bike_2003.onnx", 480, 864, "crossroad", 0.6),
}
