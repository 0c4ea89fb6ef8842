"""Augmented batches made on the accelerator itself: all pictures lie in its memory, a few cores cannot hold it up.

In:  `Pictures`, indices. Out: `Batch` on the device, drawn like those of `batches`: the same scales, mosaic, rules for
     cut boxes (`geometry`) and kinds of degradation (`old_camera`), but every step is one tensor operation for the
     whole batch. Works on a CPU, too, only slower.

Nothing here waits for the device: sizes of tensors never depend on values.
"""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from . import CLASSES
from .assign import Targets
from .augment import PAD
from .batches import Batch
from .data import Pictures
from .geometry import MIN_SIDE_PX, MIN_VISIBLE
from .old_camera import degrade

# (height, width) and how often: the evaluation's and the pipeline's inputs, and smaller ones for speed of learning.
SHAPES = ((416, 416), (256, 416), (320, 320), (192, 320), (256, 256))
SHAPE_ODDS = (0.30, 0.20, 0.25, 0.15, 0.10)
MOST_OBJECTS = 64  # per picture, and per canvas
MOST_IGNORED = 48
UPLOAD = 1024  # pictures that go to the device at once
SINGLE_SCALES = (0.65, 1.9)
MOSAIC_SCALES = (0.9, 2.2)
SHRINKS = 0.6  # below this scale the half-size copy is sampled
ASPECT_SPREAD = 0.08
STRETCHED_SPREAD = 0.25  # of pictures whose true aspect is not known


class Resident:
    """Pictures of `indices` and their labels as tensors on `device`."""

    def __init__(self, pictures: Pictures, indices: list[int], device: torch.device, side_px: int = 320) -> None:
        n = len(indices)
        self.device, self.side = device, side_px
        self.pixels = torch.empty((n, 3, side_px, side_px), dtype=torch.uint8, device=device)
        sizes = np.zeros((n, 2), np.float32)  # width, height in texture pixels
        boxes, ignore = np.zeros((n, MOST_OBJECTS, 4), np.float32), np.zeros((n, MOST_IGNORED, 4), np.float32)
        classes, weights = np.zeros((n, MOST_OBJECTS), np.int64), np.zeros((n, MOST_OBJECTS), np.float32)
        ignore_classes = np.zeros((n, MOST_IGNORED, len(CLASSES)), bool)
        spread = np.full(n, ASPECT_SPREAD, np.float32)
        for start in range(0, n, UPLOAD):
            some = indices[start : start + UPLOAD]
            textures = np.full((len(some), side_px, side_px, 3), PAD, np.uint8)
            for row, index in enumerate(some):
                picture = fitted(pictures.pixels(index), side_px)
                textures[row, : picture.shape[0], : picture.shape[1]] = picture
                sizes[start + row] = picture.shape[1], picture.shape[0]
            self.pixels[start : start + len(some)] = torch.from_numpy(textures).to(device).permute(0, 3, 1, 2)
        for row, index in enumerate(indices):
            item = pictures.items[index]
            labels = item.labels
            large = np.argsort(-np.prod(labels.boxes[:, 2:] - labels.boxes[:, :2], axis=1))[:MOST_OBJECTS]
            k, m = len(large), min(len(labels.ignore), MOST_IGNORED)
            boxes[row, :k], classes[row, :k], weights[row, :k] = (
                labels.boxes[large], labels.classes[large], labels.weights[large],
            )  # fmt: skip
            ignore[row, :m], ignore_classes[row, :m] = labels.ignore[:m], labels.ignore_classes[:m]
            if item.stretched:
                spread[row] = STRETCHED_SPREAD
        self.boxes, self.classes, self.weights, self.ignore, self.ignore_classes, self.spread, self.size = (
            torch.from_numpy(a).to(device) for a in (boxes, classes, weights, ignore, ignore_classes, spread, sizes)
        )
        self.odds = torch.from_numpy(pictures.weights(indices)).float().to(device)

    def make(self, pixels_per_batch: int, mosaic_share: float, rng: np.random.Generator) -> Batch:
        height, width = SHAPES[rng.choice(len(SHAPES), p=SHAPE_ODDS)]
        count = max(2, round(pixels_per_batch / (height * width)))
        n_mosaic = round(count * mosaic_share)
        parts = []
        if n_mosaic < count:
            parts.append(self._placed(whole_windows(count - n_mosaic, height, width, self.device), 1, height, width))
        if n_mosaic:
            parts.append(self._placed(crossed_windows(n_mosaic, height, width, self.device), 4, height, width))
        clean, targets = torch.cat([canvas for canvas, _ in parts]), joined([t for _, t in parts])
        clean = clean.round().clamp(0, 255)
        return Batch(as_bytes(clean), as_bytes(degrade(clean)), targets)

    def _placed(self, windows: Tensor, parts: int, height: int, width: int) -> tuple[Tensor, Targets]:
        """`parts` pictures per canvas, each behind its window [n, 4] x1 y1 x2 y2."""
        n = windows.shape[0]
        chosen = torch.multinomial(self.odds, n, replacement=True)
        size = self.size[chosen]
        scale, shift = random_maps(size, windows, SINGLE_SCALES if parts == 1 else MOSAIC_SCALES, self.spread[chosen])
        drawn = self._drawn(chosen, size, scale, shift, height, width)
        if parts > 1:
            x, y = (torch.arange(k, device=self.device) + 0.5 for k in (width, height))
            inside = ((x > windows[:, 0:1]) & (x < windows[:, 2:3]))[:, None, :] & (
                (y > windows[:, 1:2]) & (y < windows[:, 3:4])
            )[:, :, None]
            drawn = (drawn * inside[:, None]).view(n // parts, parts, 3, height, width).sum(1)
        return drawn, self._targets(chosen, size, scale, shift, windows, parts)

    def _drawn(self, chosen: Tensor, size: Tensor, scale: Tensor, shift: Tensor, height: int, width: int) -> Tensor:
        """[n, 3, height, width] float, PAD where no picture is."""
        x, y = (torch.arange(k, device=self.device) + 0.5 for k in (width, height))
        source_x = (x[None] - shift[:, 0:1]) / scale[:, 0:1]  # [n, width] texture pixels
        source_y = (y[None] - shift[:, 1:2]) / scale[:, 1:2]
        there = ((source_x >= 0) & (source_x <= size[:, 0:1]))[:, None, :] & (
            (source_y >= 0) & (source_y <= size[:, 1:2])
        )[:, :, None]
        n = len(chosen)
        place = (
            torch.stack(
                (source_x[:, None, :].expand(n, height, width), source_y[:, :, None].expand(n, height, width)), -1
            )
            * (2 / self.side)
            - 1
        )
        dtype = torch.float16 if self.device.type == "cuda" else torch.float32
        texture = self.pixels[chosen].to(dtype)
        half = functional.avg_pool2d(texture, 2)
        place = place.to(dtype)
        full, small = (
            functional.grid_sample(t, place, mode="bilinear", padding_mode="border", align_corners=False)
            for t in (texture, half)
        )
        shrunk = (scale[:, 1] < SHRINKS)[:, None, None, None]
        return torch.where(there[:, None], torch.where(shrunk, small, full).float(), float(PAD))

    def _targets(
        self, chosen: Tensor, size: Tensor, scale: Tensor, shift: Tensor, windows: Tensor, parts: int
    ) -> Targets:
        def mapped(boxes: Tensor) -> tuple[Tensor, Tensor]:
            corners = boxes.view(*boxes.shape[:2], 2, 2) * (size * scale)[:, None, None] + shift[:, None, None]
            corners = corners.sort(2).values
            low, high = windows[:, None, None, :2], windows[:, None, None, 2:]
            return corners.flatten(2), torch.minimum(torch.maximum(corners, low), high).flatten(2)

        full, cut = mapped(self.boxes[chosen])
        width, height = cut[..., 2] - cut[..., 0], cut[..., 3] - cut[..., 1]
        seen = width * height / ((full[..., 2] - full[..., 0]) * (full[..., 3] - full[..., 1])).clamp(min=1e-6)
        real = self.weights[chosen] > 0
        good = real & (torch.minimum(width, height) >= MIN_SIDE_PX) & (seen >= MIN_VISIBLE)
        hidden = real & ~good & (width * height > 0)
        classes = self.classes[chosen]
        weights = self.weights[chosen] * good
        _, ignored = mapped(self.ignore[chosen])
        one_hot = functional.one_hot(classes, len(CLASSES)).bool() & hidden[..., None]
        ignore, ignore_classes = torch.cat((ignored, cut), 1), torch.cat((self.ignore_classes[chosen], one_hot), 1)

        def together(t: Tensor) -> Tensor:
            return t.reshape(t.shape[0] // parts, parts * t.shape[1], *t.shape[2:])

        cut, classes, weights, ignore, ignore_classes = map(together, (cut, classes, weights, ignore, ignore_classes))
        rank = (weights > 0) * (1 + extent(cut))
        best = rank.topk(MOST_OBJECTS, 1).indices
        kept = (ignore_classes.any(-1) * (1 + extent(ignore))).topk(MOST_IGNORED, 1).indices
        return Targets(
            take(cut, best), take(classes, best), take(weights, best), take(ignore, kept), take(ignore_classes, kept)
        )


def fitted(rgb: np.ndarray, side: int) -> np.ndarray:
    """The picture, not larger than the side."""
    longest = max(rgb.shape[:2])
    if longest <= side:
        return rgb
    size = tuple(max(1, round(k * side / longest)) for k in rgb.shape[1::-1])
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)


def whole_windows(count: int, height: int, width: int, device: torch.device) -> Tensor:
    return torch.tensor([0.0, 0.0, width, height], device=device).expand(count, 4)


def crossed_windows(count: int, height: int, width: int, device: torch.device) -> Tensor:
    """Four windows around a random cross, for each canvas: [4 * count, 4]."""
    cross = torch.rand(count, 2, device=device) * 0.3 + 0.35
    cx, cy = (cross[:, 0] * width).round(), (cross[:, 1] * height).round()
    zero, w, h = torch.zeros_like(cx), torch.full_like(cx, width), torch.full_like(cy, height)
    quarters = ((zero, zero, cx, cy), (cx, zero, w, cy), (zero, cy, cx, h), (cx, cy, w, h))
    return torch.stack([torch.stack(q, -1) for q in quarters], 1).flatten(0, 1)


def random_maps(size: Tensor, windows: Tensor, scales: tuple[float, float], spread: Tensor) -> tuple[Tensor, Tensor]:
    """Per picture scale x, y (x below zero: mirrored) and shift x, y, drawn as `geometry.warp_matrix` does."""
    room = windows[:, 2:] - windows[:, :2]
    n, device = len(size), size.device
    low, high = np.log(scales)
    scale = (room / size).prod(1).sqrt() * (torch.rand(n, device=device) * (high - low) + low).exp()
    aspect = (torch.randn(n, device=device) * spread).exp()
    scale = torch.stack((scale * aspect, scale / aspect), 1)
    shift = windows[:, :2] + torch.rand(n, 2, device=device) * (room - size * scale)
    flip = torch.rand(n, device=device) < 0.5
    shift_x = torch.where(flip, shift[:, 0] + size[:, 0] * scale[:, 0], shift[:, 0])
    scale_x = torch.where(flip, -scale[:, 0], scale[:, 0])
    return torch.stack((scale_x, scale[:, 1]), 1), torch.stack((shift_x, shift[:, 1]), 1)


def extent(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2]).clamp(min=0).prod(-1)


def take(values: Tensor, index: Tensor) -> Tensor:
    view = index.view(*index.shape, *[1] * (values.ndim - 2)).expand(*index.shape, *values.shape[2:])
    return values.gather(1, view)


def joined(parts: list[Targets]) -> Targets:
    return Targets(**{name: torch.cat([getattr(p, name) for p in parts]) for name in Targets.__dataclass_fields__})


def as_bytes(pictures: Tensor) -> Tensor:
    """[batch, height, width, 3] uint8, as `Batch` holds them."""
    return pictures.permute(0, 2, 3, 1).to(torch.uint8)
