"""Endless augmented batches, made in the background while the student learns.

In:  `Pictures` and indices. Out: `Batch` (tensors on the CPU). Shapes vary from batch to batch; the number of pictures
in a batch varies with them so that each batch holds about the same number of pixels.
"""

import multiprocessing
import pickle
import queue
import threading
from dataclasses import dataclass
from pathlib import Path

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
    clean: Tensor  # [batch, height, width, 3] uint8 RGB
    degraded: Tensor  # same
    targets: Targets

    def to(self, device: torch.device) -> "Batch":
        targets = Targets(**{name: value.to(device) for name, value in vars(self.targets).items()})
        return Batch(self.clean.to(device), self.degraded.to(device), targets)


def as_input(pictures: Tensor) -> Tensor:
    """[batch, 3, height, width] float32 0..255, channels last in memory"""
    return pictures.permute(0, 3, 1, 2).float()


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
        return torch.from_numpy(np.stack(arrays))

    return Batch(
        pictures([s.clean for s in samples]),
        pictures([s.degraded for s in samples]),
        padded([s.labels for s in samples]),
    )


def zoomed(shape: tuple[int, int], zoom: float) -> tuple[int, int]:
    """A smaller (or larger) canvas of about the same form; sides stay multiples of 32."""
    height, width = (max(96, 32 * round(side * zoom / 32)) for side in shape)
    return height, width


@dataclass
class Recipe:
    """All that a loader needs to make batches; small enough to hand to another process."""

    folders: list[Path]
    indices: np.ndarray
    odds: np.ndarray
    pixels: int
    zoom: float

    def make(self, pictures: Pictures, rng: np.random.Generator) -> Batch:
        height, width = zoomed(SHAPES[rng.choice(len(SHAPES), p=SHAPE_ODDS)], self.zoom)
        count = max(2, round(self.pixels / (height * width)))
        drawn = iter(rng.choice(self.indices, size=4 * count, p=self.odds))

        def draw() -> tuple[np.ndarray, Labels]:
            index = int(next(drawn))
            return pictures.pixels(index), pictures.items[index].labels

        return collate([augment.sample(draw, height, width, rng) for _ in range(count)])


class Feeder:
    """Batches from one thread (`loaders` 0: best where cores are few) or from so many processes."""

    def __init__(
        self, pictures: Pictures, indices: list[int], pixels: int, zoom: float, seed: int, loaders: int
    ) -> None:
        odds = pictures.weights(indices)
        recipe = Recipe(pictures.folders, np.array(indices), odds / odds.sum(), pixels, zoom)
        self.workers: list = []
        if loaders == 0:
            self.queue = queue.Queue(QUEUE_LEN)
            threading.Thread(target=fill, args=(self.queue, recipe, pictures, seed), daemon=True).start()
            return
        context = multiprocessing.get_context("spawn")
        self.queue = context.Queue(QUEUE_LEN * loaders)
        for k in range(loaders):
            worker = context.Process(target=fill_alone, args=(self.queue, recipe, seed + 1000 * k), daemon=True)
            worker.start()
            self.workers.append(worker)

    def next(self) -> Batch:
        got = self.queue.get()
        if isinstance(got, str):
            raise RuntimeError(f"load batch: {got}")
        if isinstance(got, bytes):
            return pickle.loads(got)  # noqa: S301 - from our own loader
        return got

    def close(self) -> None:
        for worker in self.workers:
            worker.terminate()


def fill(out: queue.Queue, recipe: Recipe, pictures: Pictures, seed: int, pack: bool = False) -> None:
    rng = np.random.default_rng(seed)
    try:
        while True:
            batch = recipe.make(pictures, rng)
            out.put(pickle.dumps(batch, protocol=5) if pack else batch)
    except Exception as error:  # noqa: BLE001 - handed to the training loop, which stops with it
        out.put(f"{type(error).__name__}: {error}")


def fill_alone(out: queue.Queue, recipe: Recipe, seed: int) -> None:
    """`fill` in a process of its own; batches travel as bytes, which needs no shared memory."""
    torch.set_num_threads(1)
    fill(out, recipe, Pictures(recipe.folders), seed, pack=True)
