"""A run that fits a loan of an accelerator: so many seconds, from the first rate to the finished weights.

In:  pictures, seconds. Out: `decayed.pt` as `release` takes it, and `point-*.pt` on the way, small enough to travel,
     from which `curve` makes the learning curve later, on any machine.

The rate follows the clock, not the steps, so that the run is finished when the time is over, however fast the device
is: it warms up, stays, and falls to zero over the second half. The teacher's dense signal fades with it; in the last
tenth pictures are rarely joined to mosaics, so that the student ends on pictures as cameras send them.
"""

import time
from pathlib import Path

import numpy as np
import torch

from .checkpoint import load, save
from .data import Pictures
from .losses import Weights
from .model import Detector
from .resident import Resident
from .train import TEACHER_REST, Options, Run, log, note_validation, prepare

WARM_UP = 0.02  # shares of the time
FALLS_FROM = 0.5
MAPS_UNTIL = 0.4
TAUGHT_UNTIL = 0.4
CALM_FROM = 0.9
MOSAIC, CALM_MOSAIC = 0.45, 0.15
N_POINTS = 4
LOG_EVERY = 100


def rate_at(share: float, highest: float) -> float:
    if share < WARM_UP:
        return highest * max(0.01, share / WARM_UP)
    return highest * min(1.0, max(0.0, (1 - share) / (1 - FALLS_FROM)))


def weights_at(share: float) -> Weights:
    if share > TAUGHT_UNTIL:
        return Weights().taught(0.0)
    fading = min(1.0, (1 - share) / (1 - FALLS_FROM))
    weights = Weights().taught(TEACHER_REST + (1 - TEACHER_REST) * fading)
    return (
        weights if share < MAPS_UNTIL else Weights(dense_cls=weights.dense_cls, dense_box=weights.dense_box, maps=0.0)
    )


def sprint(options: Options, pictures: Pictures, folder: Path, seconds: float) -> Run:
    began = time.monotonic()
    run = prepare(options, pictures, folder)
    training, _ = pictures.split()
    resident = Resident(pictures, training, run.device)
    rng = np.random.default_rng(options.seed)
    print(f"{len(training)} pictures on {run.device} after {time.monotonic() - began:.1f} s", flush=True)
    started, points = time.monotonic(), 0
    window = (started, run.pictures)
    while (share := (time.monotonic() - began) / seconds) < 1:
        batch = resident.make(options.pixels, CALM_MOSAIC if share > CALM_FROM else MOSAIC, rng)
        parts = run.learn(batch, rate_at(share, options.lr), weights_at(share))
        if run.step % LOG_EVERY == 0:
            losses = {name: round(float(value), 4) for name, value in parts.items()}
            now = time.monotonic()
            speed = (run.pictures - window[1]) / (now - window[0])
            window = (now, run.pictures)
            record = {"step": run.step, "pictures": run.pictures, "share": round(share, 3), "per_s": round(speed, 1)}
            log(folder, "train.jsonl", record | losses)
            print(record | losses, flush=True)
        if share > (points + 1) / (N_POINTS + 1):
            points += 1
            run.seconds = time.monotonic() - started
            save_point(run, folder / f"point-{points}.pt")
    if run.device.type == "cuda":
        torch.cuda.synchronize()
    run.seconds = time.monotonic() - started
    save_point(run, folder / "decayed.pt", torch.float32)
    return run


def save_point(run: Run, path: Path, dtype: torch.dtype = torch.float16) -> None:
    """The averaged weights and the counters: all that is needed to measure or to release."""
    average = {k: v.to(dtype) if v.dtype.is_floating_point else v for k, v in run.average.state_dict().items()}
    save(path, {"size": run.options.size, "average": average, "step": run.step, "pictures": run.pictures,
                "seconds": run.seconds})  # fmt: skip


def curve(pictures: Pictures, folder: Path, device: torch.device) -> None:
    """Measures every point of a sprint on the validation split, in the order of pictures seen."""
    states = [load(path) for path in [*folder.glob("point-*.pt"), folder / "decayed.pt"]]
    (folder / "curve.jsonl").unlink(missing_ok=True)
    for state in sorted(states, key=lambda s: s["pictures"]):
        run = Run(Options(size=state["size"], teacher="none"), device)
        run.average = Detector(state["size"]).to(device).eval()
        run.average.load_state_dict(
            {k: v.float() if v.dtype.is_floating_point else v for k, v in state["average"].items()}
        )
        run.step, run.pictures, run.seconds = state["step"], state["pictures"], state["seconds"]
        note_validation(run, pictures, folder, "decayed" if state is states[-1] else "stable")
