"""The training loop: warm-up, then a constant rate for as long as wanted, then a short decay branch.

`run` goes on for ever (or for `minutes`), saves every few minutes and resumes by itself. `decay` takes the newest
state, lowers the rate to zero over a number of steps and writes a second file: that one is exported. The constant
run itself is not touched by it, so training can go on over days and still give a finished model at any time.
"""

import json
import signal
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor

from . import optimiser
from .assign import assign
from .batches import Batch, Feeder, as_input
from .checkpoint import load, save
from .data import Pictures
from .evaluate import validate
from .losses import Adapters, Weights, dense_losses, label_losses, total
from .model import SIZES, Detector, anchor_points, decode
from .teacher import YoloxTeacher
from .warmstart import warm_start

WARM_UP_STEPS = 300
GRADIENT_LIMIT = 10.0
LOG_EVERY = 50
TEACHER_REST = 0.3  # share of the teacher's dense signal left at the end of a decay branch


@dataclass
class Options:
    size: str = "n"
    lr: float = 1.5e-3
    pixels: int = 16 * 192 * 320  # per batch
    zoom: float = 1.0  # of the canvas sides: small canvases first learn faster per second
    seed: int = 1
    threads: int = 2
    loaders: int = 0  # processes that make batches; 0: one thread of this process
    save_every_s: float = 180
    validate_every_s: float = 1200
    device: str = "cpu"
    teacher: str = "yolox-nano"  # or "none"
    ema: float = 0.9995  # of the averaged weights, per step
    warm_start: str = ""  # an fp32 ONNX file to begin from, when the run has no state yet


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
        self.teacher = YoloxTeacher(device) if options.teacher != "none" else None
        taught = self.teacher.channels if self.teacher else {}
        self.adapters = Adapters(widths | dict.fromkeys(("p8", "p16", "p32"), size.neck), taught)
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

    def learn(self, batch: Batch, rate: float, weights: Weights, averaged_since: int = 0) -> dict[str, Tensor]:
        """One step; the parts of the loss stay on the device, so that nothing waits for them."""
        for opt in self.optimisers:
            for group in opt.param_groups:
                group["lr"] = rate
        batch = batch.to(self.device)
        clean, targets = as_input(batch.clean), batch.targets
        with torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda"):
            maps = self.student.features(as_input(batch.degraded))
            levels = self.student.heads_of(maps)
        boxes, logits = decode(levels)
        points, strides = anchor_points(levels)
        assigned = assign(points, strides, boxes.detach(), logits.detach(), targets)
        parts = dict(zip(("cls", "box"), label_losses(boxes, logits, assigned), strict=True))
        if self.teacher and weights.teaches:
            with torch.no_grad():
                t_maps, t_scores, t_boxes = self.teacher(clean)
            parts |= dict(zip(("dense_cls", "dense_box"), dense_losses(boxes, logits, t_scores, t_boxes), strict=True))
            parts["maps"] = self.adapters.loss(maps, t_maps)
        total(parts, weights).backward()
        torch.nn.utils.clip_grad_norm_(self.student.parameters(), GRADIENT_LIMIT)
        for opt in self.optimisers:
            opt.step()
            opt.zero_grad(set_to_none=True)
        self.step += 1
        self.pictures += clean.shape[0]
        self._follow(self.step - averaged_since)
        return {name: value.detach() for name, value in parts.items()}

    @torch.no_grad()
    def _follow(self, steps: int) -> None:
        """The average reaches back over a tenth of the steps since it began, at most."""
        decay = min(self.options.ema, (1 + steps) / (10 + steps))
        mine, theirs = (
            [v for v in m.state_dict().values() if v.dtype.is_floating_point] for m in (self.average, self.student)
        )
        torch._foreach_lerp_(mine, theirs, 1 - decay)


def prepare(options: Options, pictures: Pictures, folder: Path) -> Run:
    device = torch.device(options.device)
    torch.set_float32_matmul_precision("high")
    torch.backends.cudnn.benchmark = True
    torch.set_num_threads(options.threads)
    folder.mkdir(parents=True, exist_ok=True)
    run = Run(options, device)
    newest = folder / "stable.pt"
    if newest.exists():
        run.restore(load(newest))
    elif options.warm_start:
        feeder = feed(options, pictures, 0)
        warm_start(
            run.student, Path(options.warm_start), [as_input(feeder.next().degraded.to(device)) for _ in range(8)]
        )
        feeder.close()
        run.average.load_state_dict(run.student.state_dict())
    return run


def feed(options: Options, pictures: Pictures, step: int) -> Feeder:
    training, _ = pictures.split()
    return Feeder(pictures, training, options.pixels, options.zoom, options.seed + step, options.loaders)


def log(folder: Path, name: str, record: dict) -> None:
    record = {"at": datetime.now(UTC).isoformat(timespec="seconds")} | record
    with (folder / name).open("a") as out:
        out.write(json.dumps(record) + "\n")


def long_run(options: Options, pictures: Pictures, folder: Path, minutes: float | None, steps: int | None) -> Run:
    run = prepare(options, pictures, folder)
    feeder = feed(options, pictures, run.step)
    started = saved = validated = time.monotonic()
    sums: dict[str, float] = {}
    window, window_pictures = time.monotonic(), run.pictures
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())  # ends after the step, saved
    while not (stop.is_set() or _over(started, minutes) or (steps is not None and run.step >= steps)):
        before = time.monotonic()
        rate = options.lr * min(1.0, (run.step + 1) / WARM_UP_STEPS)
        parts = run.learn(feeder.next(), rate, Weights())
        run.seconds += time.monotonic() - before
        for name, value in parts.items():
            sums[name] = sums.get(name, 0.0) + float(value) / LOG_EVERY
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
    feeder.close()
    save(folder / "stable.pt", run.state())
    return run


def _over(started: float, minutes: float | None) -> bool:
    return minutes is not None and time.monotonic() - started > 60 * minutes


def decay(options: Options, pictures: Pictures, folder: Path, steps: int) -> Run:
    """The branch that ends: linear to zero, teacher's dense signal fading, then the average is what is exported."""
    run = prepare(options, pictures, folder)
    feeder, began = feed(options, pictures, run.step + 7), run.step
    for k in range(steps):
        left = 1 - k / steps
        fading = Weights().taught(TEACHER_REST + (1 - TEACHER_REST) * left)
        parts = run.learn(feeder.next(), options.lr * left, fading, began)
        if (k + 1) % LOG_EVERY == 0:
            log(
                folder,
                "decay.jsonl",
                {"step": run.step, "left": round(left, 3)} | {n: round(float(v), 4) for n, v in parts.items()},
            )
    feeder.close()
    save(folder / "decayed.pt", run.state())
    note_validation(run, pictures, folder, "decayed")
    return run


def note_validation(run: Run, pictures: Pictures, folder: Path, kind: str) -> None:
    _, validation = pictures.split()
    result = validate(run.average, pictures, validation, run.device)
    log(
        folder,
        "curve.jsonl",
        {"kind": kind, "step": run.step, "pictures": run.pictures, "hours": round(run.seconds / 3600, 3)} | result,
    )
