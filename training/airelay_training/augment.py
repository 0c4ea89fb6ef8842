"""Turns stored pictures into what an old network camera would show a detector. No torch here.

In:  uint8 RGB pictures with `Labels`, a canvas size, a numpy random generator.
Out: `Sample`: the canvas clean (for the teacher) and degraded (for the student), boxes in canvas pixels.

Geometry (`geometry`): one affine warp per picture at the scales of the pipeline's regions, or four pictures as a 2x2
mosaic. Degradation: colour, grey infrared, low light with noise, rain, haze, blur, JPEG.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .geometry import joined, place, warp_matrix
from .labels import Labels

PAD = 114
MOSAIC_PROBABILITY = 0.3

cv2.setNumThreads(0)


@dataclass
class Sample:
    clean: np.ndarray  # [height, width, 3] uint8 RGB
    degraded: np.ndarray  # same
    labels: Labels  # boxes in canvas pixels


def warp(canvas: np.ndarray, pixels: np.ndarray, matrix: np.ndarray, window: tuple[int, int, int, int]) -> None:
    x1, y1, x2, y2 = window
    local = matrix.copy()
    local[:, 2] -= (x1, y1)
    shrinks = abs(local[0, 0]) < 0.6
    source = pixels
    if shrinks:  # bilinear sampling of a small scale would drop pixels
        half = (max(1, pixels.shape[1] // 2), max(1, pixels.shape[0] // 2))
        source = cv2.resize(pixels, half, interpolation=cv2.INTER_AREA)
        local[:, :2] *= np.array([[pixels.shape[1] / half[0], pixels.shape[0] / half[1]]], np.float32)
    canvas[y1:y2, x1:x2] = cv2.warpAffine(
        source, local, (x2 - x1, y2 - y1), flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT, borderValue=(PAD, PAD, PAD),
    )  # fmt: skip


def compose(
    pictures: list[tuple[np.ndarray, Labels]], height: int, width: int, rng: np.random.Generator
) -> tuple[np.ndarray, Labels]:
    """One picture over the whole canvas, or four around a random cross."""
    canvas = np.full((height, width, 3), PAD, np.uint8)
    if len(pictures) == 1:
        windows, scales = [(0, 0, width, height)], (0.65, 1.9)
    else:
        cx, cy = int(width * rng.uniform(0.35, 0.65)), int(height * rng.uniform(0.35, 0.65))
        windows = [(0, 0, cx, cy), (cx, 0, width, cy), (0, cy, cx, height), (cx, cy, width, height)]
        scales = (0.9, 2.2)
    parts = []
    for (pixels, labels), window in zip(pictures, windows, strict=True):
        matrix = warp_matrix(pixels.shape[:2], window, rng, scales)
        warp(canvas, pixels, matrix, window)
        parts.append(place(labels, matrix, pixels.shape[:2], window))
    return canvas, joined(parts)


def degrade(clean: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Colour, light, weather, optics, sensor and compression, each with its own probability."""
    image = clean.astype(np.float32)
    grey = cv2.cvtColor(clean, cv2.COLOR_RGB2GRAY).astype(np.float32)[..., None]
    saturation = 0.0 if rng.random() < 0.15 else rng.uniform(0.4, 1.5)  # 0: infrared picture
    image = grey + (image - grey) * saturation
    if saturation > 0 and rng.random() < 0.5:
        image *= rng.uniform(0.8, 1.2, 3).astype(np.float32)
    image = (image - 128) * rng.uniform(0.7, 1.3) + 128 + rng.uniform(-25, 25)
    if rng.random() < 0.10:  # haze
        image = image * (amount := rng.uniform(0.35, 0.8)) + (1 - amount) * rng.uniform(140, 220)
    if rng.random() < 0.15:  # low light: dark, then gain and noise
        image = 255 * np.clip(image / 255, 0, 1) ** rng.uniform(1.2, 2.4) * rng.uniform(0.4, 0.9)
        image += _noise(image.shape, rng) * rng.uniform(3, 14)
    if rng.random() < 0.05:
        image = _rain(image, rng)
    image = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        image = _blur(image, rng)
    if rng.random() < 0.12:
        image = np.clip(image + _noise(image.shape, rng) * rng.uniform(2, 8), 0, 255).astype(np.uint8)
    if rng.random() < 0.35:
        ok, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 75))])
        image = cv2.imdecode(data, cv2.IMREAD_COLOR) if ok else image
    return image


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(shape, dtype=np.float32)


def _rain(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    height, width = image.shape[:2]
    drops = np.zeros((height, width), np.float32)
    drops[rng.integers(0, height, 120), rng.integers(0, width, 120)] = 255
    streak = np.zeros((9, 9), np.float32)
    cv2.line(streak, (4 + int(rng.integers(-3, 4)), 0), (4, 8), 1.0)
    return image + cv2.filter2D(drops, -1, streak)[..., None] * rng.uniform(0.2, 0.6)


def _blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    if rng.random() < 0.5:
        return cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.4))
    length = int(rng.integers(3, 7))
    kernel = np.zeros((length, length), np.float32)
    angle = rng.uniform(0, np.pi)
    centre, reach = (length - 1) / 2, (length - 1) / 2
    dx, dy = np.cos(angle) * reach, np.sin(angle) * reach
    cv2.line(kernel, (round(centre - dx), round(centre - dy)), (round(centre + dx), round(centre + dy)), 1.0)
    return cv2.filter2D(image, -1, kernel / max(kernel.sum(), 1.0))


def letterbox(rgb: np.ndarray, height: int, width: int) -> tuple[np.ndarray, float]:
    """The picture at the top left of a padded canvas, and the scale used."""
    scale = min(height / rgb.shape[0], width / rgb.shape[1])
    size = (min(width, round(rgb.shape[1] * scale)), min(height, round(rgb.shape[0] * scale)))
    canvas = np.full((height, width, 3), PAD, np.uint8)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas[: size[1], : size[0]] = cv2.resize(rgb, size, interpolation=method)
    return canvas, scale


def sample(
    draw,
    height: int,
    width: int,
    rng: np.random.Generator,
    degrading: bool = True,  # noqa: ANN001
) -> Sample:
    """`draw()` gives one random (pixels, labels)."""
    n = 4 if rng.random() < MOSAIC_PROBABILITY else 1
    clean, labels = compose([draw() for _ in range(n)], height, width, rng)
    return Sample(clean, degrade(clean, rng) if degrading else clean, labels)
