"""Endless augmented batches, made by background threads while the student learns.

In:  `Pictures` and indices. Out: `Batch` (tensors on the CPU). Shapes vary from batch to batch; the number of pictures
in a batch varies with them so that each batch holds about the same number of pixels.
"""

import queue
import threading
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from . import augment
from .assign import Targets
from .data import Pictures
from .labels import Labels

# (height, width): whole pictures 16:9 and square regions, as the pipeline asks for them.
SHAPES = ((192, 320), (256, 256), (320, 320), (256, 416), (192, 192))
SHAPE_ODDS = (0.35, 0.25, 0.2, 0.1, 0.1)
QUEUE_LEN = 3


@dataclass
class Batch:
    clean: Tensor  # [batch, 3, height, width] float32 RGB 0..255, channels last
    degraded: Tensor
    targets: Targets


def padded(labels: list[Labels]) -> Targets:
    def stack(arrays: list[np.ndarray], fill: float = 0) -> Tensor:
        longest = max(1, *(len(a) for a in arrays))
        out = np.full((len(arrays), longest, *arrays[0].shape[1:]), fill, arrays[0].dtype)
        for row, a in zip(out, arrays, strict=True):
            row[: len(a)] = a
        return torch.from_numpy(out)

    return Targets(
        stack([x.boxes for x in labels]), stack([x.classes for x in labels]), stack([x.weights for x in labels]),
        stack([x.ignore for x in labels]), stack([x.ignore_classes for x in labels]),
    )  # fmt: skip


def collate(samples: list[augment.Sample]) -> Batch:
    def pictures(arrays: list[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2).float()

    return Batch(
        pictures([s.clean for s in samples]), pictures([s.degraded for s in samples]), padded([s.labels for s in samples])
    )


def zoomed(shape: tuple[int, int], zoom: float) -> tuple[int, int]:
    """A smaller (or larger) canvas of about the same form; sides stay multiples of 32."""
    height, width = (max(96, 32 * round(side * zoom / 32)) for side in shape)
    return height, width


class Feeder:
    def __init__(
        self, pictures: Pictures, indices: list[int], pixels: int, zoom: float, seed: int, threads: int = 1
    ) -> None:
        self.pictures, self.indices, self.budget = pictures, np.array(indices), pixels
        self.shapes = [zoomed(shape, zoom) for shape in SHAPES]
        odds = pictures.weights(indices)
        self.odds = odds / odds.sum()
        self.queue: queue.Queue[Batch | Exception] = queue.Queue(QUEUE_LEN)
        for k in range(threads):
            rng = np.random.default_rng([seed, k])
            threading.Thread(target=self._run, args=(rng,), daemon=True).start()

    def next(self) -> Batch:
        batch = self.queue.get()
        if isinstance(batch, Exception):
            raise batch
        return batch

    def _run(self, rng: np.random.Generator) -> None:
        try:
            while True:
                self.queue.put(self.make(rng))
        except Exception as error:  # noqa: BLE001 - handed to the training loop, which stops with it
            self.queue.put(error)

    def make(self, rng: np.random.Generator) -> Batch:
        height, width = self.shapes[rng.choice(len(SHAPES), p=SHAPE_ODDS)]
        count = max(2, round(self.budget / (height * width)))
        drawn = iter(rng.choice(self.indices, size=4 * count, p=self.odds))

        def draw() -> tuple[np.ndarray, Labels]:
            index = int(next(drawn))
            return self.pictures.pixels(index), self.pictures.items[index].labels

        return collate([augment.sample(draw, height, width, rng) for _ in range(count)])
