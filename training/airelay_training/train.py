"""The training loop: warm-up, then a constant rate for as long as wanted, then a short decay branch.

`run` goes on for ever (or for `minutes`), saves every few minutes and resumes by itself. `decay` takes the newest
state, lowers the rate to zero over a number of steps and writes a second file: that one is exported. The constant
run itself is not touched by it, so training can go on over days and still give a finished model at any time.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

from . import optimiser
from .assign import assign
from .batches import Batch, Feeder
from .checkpoint import load, save
from .data import Pictures
from .evaluate import validate
from .losses import Adapters, Weights, dense_losses, label_losses, total
from .model import SIZES, Detector, anchor_points, decode
from .teacher import YoloxTeacher

WARM_UP_STEPS = 300
EMA_DECAY = 0.9995
GRADIENT_LIMIT = 10.0
LOG_EVERY = 50


@dataclass
class Options:
    size: str = "n"
    lr: float = 1.5e-3
    pixels: int = 16 * 192 * 320  # per batch
    seed: int = 1
    threads: int = 2
    loaders: int = 1
    save_every_s: float = 180
    validate_every_s: float = 1200
    device: str = "cpu"


class Run:
    """Student, its average, adapters, optimisers and counters: all that a checkpoint holds."""

    def __init__(self, options: Options, device: torch.device) -> None:
        torch.manual_seed(options.seed)
        self.options, self.device = options, device
        self.student = Detector(options.size).to(device, memory_format=torch.channels_last)
        self.average = Detector(options.size).to(device, memory_format=torch.channels_last).eval()
        self.average.load_state_dict(self.student.state_dict())
        size = SIZES[options.size]
        widths = {"c8": size.widths[1], "c16": size.widths[2], "c32": size.widths[3]}
        self.teacher = YoloxTeacher(device)
        self.adapters = Adapters(widths | dict.fromkeys(("p8", "p16", "p32"), size.neck), self.teacher.channels)
        self.adapters.to(device)
        self.optimisers = optimiser.make([self.student, self.adapters], options.lr)
        self.step, self.pictures, self.seconds = 0, 0, 0.0

    def state(self) -> dict:
        return {
            "size": self.options.size, "student": self.student.state_dict(), "average": self.average.state_dict(),
            "adapters": self.adapters.state_dict(), "optimisers": [o.state_dict() for o in self.optimisers],
            "step": self.step, "pictures": self.pictures, "seconds": self.seconds,
        }  # fmt: skip

    def restore(self, state: dict) -> None:
        if state["size"] != self.options.size:
            raise ValueError(f"resume run: checkpoint has size {state['size']}, wanted {self.options.size}")
        self.student.load_state_dict(state["student"])
        self.average.load_state_dict(state["average"])
        self.adapters.load_state_dict(state["adapters"])
        for opt, saved in zip(self.optimisers, state["optimisers"], strict=True):
            opt.load_state_dict(saved)
        self.step, self.pictures, self.seconds = state["step"], state["pictures"], state["seconds"]

    def learn(self, batch: Batch, rate: float, weights: Weights) -> dict[str, float]:
        for opt in self.optimisers:
            for group in opt.param_groups:
                group["lr"] = rate
        clean, degraded = batch.clean.to(self.device), batch.degraded.to(self.device)
        targets = type(batch.targets)(**{k: v.to(self.device) for k, v in vars(batch.targets).items()})
        with torch.no_grad():
            t_maps, t_scores, t_boxes = self.teacher(clean)
        maps = self.student.features(degraded)
        levels = self.student.heads_of(maps)
        boxes, logits = decode(levels)
        points, strides = anchor_points(levels)
        assigned = assign(points, strides, boxes.detach(), logits.detach(), targets)
        parts = dict(zip(("cls", "box"), label_losses(boxes, logits, assigned), strict=True))
        parts |= dict(zip(("dense_cls", "dense_box"), dense_losses(boxes, logits, t_scores, t_boxes), strict=True))
        parts["maps"] = self.adapters.loss(maps, t_maps)
        total(parts, weights).backward()
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), GRADIENT_LIMIT)
        for opt in self.optimisers:
            opt.step()
            opt.zero_grad(set_to_none=True)
        self.step += 1
        self.pictures += clean.shape[0]
        self._follow()
        return {name: float(value.detach()) for name, value in parts.items()}

    @torch.no_grad()
    def _follow(self) -> None:
        """The average follows the student, fast at first."""
        decay = min(EMA_DECAY, (1 + self.step) / (10 + self.step))
        for mine, theirs in zip(self.average.state_dict().values(), self.student.state_dict().values(), strict=True):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - decay)
            else:
                mine.copy_(theirs)


def prepare(options: Options, folder: Path, resume_from: str) -> Run:
    device = torch.device(options.device)
    torch.set_num_threads(options.threads)
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(options, device)
    newest = folder / resume_from
    if newest.exists():
        run.restore(load(newest))
    return run


def feed(options: Options, pictures: Pictures, step: int) -> Feeder:
    training, _ = pictures.split()
    return Feeder(pictures, training, options.pixels, options.seed + step, options.loaders)


def log(folder: Path, name: str, record: dict) -> None:
    record = {"at": datetime.now(UTC).isoformat(timespec="seconds")} | record
    with (folder / name).open("a") as out:
        out.write(json.dumps(record) + "\n")


def long_run(options: Options, pictures: Pictures, folder: Path, minutes: float | None, steps: int | None) -> Run:
    run = prepare(options, folder, "stable.pt")
    feeder = feed(options, pictures, run.step)
    started = saved = validated = time.monotonic()
    sums: dict[str, float] = {}
    window, window_pictures = time.monotonic(), run.pictures
    while (minutes is None or time.monotonic() - started < 60 * minutes) and (steps is None or run.step < steps):
        before = time.monotonic()
        rate = options.lr * min(1.0, (run.step + 1) / WARM_UP_STEPS)
        parts = run.learn(feeder.next(), rate, Weights())
        run.seconds += time.monotonic() - before
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + value / LOG_EVERY
        if run.step % LOG_EVERY == 0:
            speed = (run.pictures - window_pictures) / (time.monotonic() - window)
            window, window_pictures = time.monotonic(), run.pictures
            losses = {name: round(value, 4) for name, value in sums.items()}
            log(folder, "train.jsonl", {"step": run.step, "pictures": run.pictures, "per_s": round(speed, 1)} | losses)
            sums = {}
        if time.monotonic() - saved > options.save_every_s:
            save(folder / "stable.pt", run.state())
            saved = time.monotonic()
        if time.monotonic() - validated > options.validate_every_s:
            note_validation(run, pictures, folder, "stable")
            validated = time.monotonic()
    save(folder / "stable.pt", run.state())
    return run


def decay(options: Options, pictures: Pictures, folder: Path, steps: int) -> Run:
    """The branch that ends: linear to zero, teacher's dense signal fading, then the average is what is exported."""
    run = prepare(options, folder, "stable.pt")
    feeder = feed(options, pictures, run.step + 7)
    for k in range(steps):
        left = 1 - k / steps
        fading = Weights(dense_cls=0.5 * left, dense_box=left, maps=3.0 * left)
        parts = run.learn(feeder.next(), options.lr * left, fading)
        if (k + 1) % LOG_EVERY == 0:
            log(folder, "decay.jsonl", {"step": run.step, "left": round(left, 3)} | {n: round(v, 4) for n, v in parts.items()})
    save(folder / "decayed.pt", run.state())
    note_validation(run, pictures, folder, "decayed")
    return run


def note_validation(run: Run, pictures: Pictures, folder: Path, kind: str) -> None:
    _, validation = pictures.split()
    result = validate(run.average, pictures, validation, run.device)
    log(folder, "curve.jsonl", {"kind": kind, "step": run.step, "pictures": run.pictures, "hours": round(run.seconds / 3600, 3)} | result)
