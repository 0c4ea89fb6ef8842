"""Command line: `python -m airelay_training <what>`; see training/README.md."""

import argparse
import json
from dataclasses import fields
from pathlib import Path

from .paths import cache, testdata


def main() -> None:
    parser = argparse.ArgumentParser(prog="airelay_training")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("train", help="train until stopped; resumes by itself")
    commands.add_parser("decay", help="finish a copy of the newest state for export")
    commands.add_parser("sprint", help="train from the first rate to the finished weights within so many seconds")
    for command in commands.choices.values():
        command.add_argument("--run", default="n1", help="name of the run's folder in the cache")
        command.add_argument(
            "--data", nargs="*", type=Path, default=[testdata("train")], help="folders with labels.jsonl"
        )
        _add_options(command)
    commands.choices["train"].add_argument("--minutes", type=float)
    commands.choices["train"].add_argument("--steps", type=int)
    commands.choices["decay"].add_argument("--steps", type=int, required=True)
    commands.choices["sprint"].add_argument("--run-seconds", type=float, required=True)
    curve = commands.add_parser("curve", help="measure the points of a sprint on the validation split")
    curve.add_argument("--run", default="n1")
    curve.add_argument("--data", nargs="*", type=Path, default=[testdata("train")])
    bulk = commands.add_parser("label-many", help="label a folder's unlabelled pictures in batches, on an accelerator")
    bulk.add_argument("folder", type=Path)
    bulk.add_argument("--device", default="cuda")
    bulk.add_argument("--processes", type=int, default=8)
    release = commands.add_parser("release", help="write models/ from a finished state")
    release.add_argument("--run", default="n1")
    release.add_argument("--data", nargs="*", type=Path, default=[testdata("train")])
    card = commands.add_parser("card", help="measure models/ and write docs/detector.md")
    card.add_argument("--run", default="n1")
    label = commands.add_parser("label", help="label a clip or a folder of pictures by the shared detectors")
    label.add_argument("source", type=Path)
    label.add_argument("out", type=Path)
    label.add_argument("--every", type=int, default=6, help="use every n-th frame of a clip")
    pack = commands.add_parser("pack", help="make a smaller copy of a data folder, in parts")
    pack.add_argument("source", type=Path)
    pack.add_argument("out", type=Path)
    pack.add_argument("--side-px", type=int, default=288)
    pack.add_argument("--quality", type=int, default=70)
    pack.add_argument("--parts", type=int, default=2)
    args = parser.parse_args()
    {
        "train": _train, "decay": _train, "sprint": _train, "curve": _curve, "label-many": _label_many,
        "release": _release, "card": _card, "label": _label, "pack": _pack,
    }[args.command](args)  # fmt: skip


def _train(args: argparse.Namespace) -> None:
    from . import train
    from .data import Pictures

    names = {f.name for f in fields(train.Options)}
    options = train.Options(**{k: v for k, v in vars(args).items() if k in names})
    folder, pictures = cache("runs", args.run), Pictures(args.data)
    if args.command == "train":
        train.long_run(options, pictures, folder, args.minutes, args.steps)
    elif args.command == "sprint":
        from .sprint import sprint

        sprint(options, pictures, folder, args.run_seconds)
    else:
        train.decay(options, pictures, folder, args.steps)


def _curve(args: argparse.Namespace) -> None:
    import torch

    from .data import Pictures
    from .sprint import curve

    curve(Pictures(args.data), cache("runs", args.run), torch.device("cpu"))


def _label_many(args: argparse.Namespace) -> None:
    import torch

    from .bulk import label_folder

    print(f"labelled {label_folder(args.folder, torch.device(args.device), args.processes)} pictures in {args.folder}")


def _release(args: argparse.Namespace) -> None:
    from .checkpoint import load
    from .data import Pictures
    from .release import release

    figures = release(load(cache("runs", args.run, "decayed.pt")), Pictures(args.data))
    cache("runs", args.run, "release.json").write_text(json.dumps(figures, indent=1))


def _card(args: argparse.Namespace) -> None:
    from . import card, scorecard
    from .paths import MODELS

    released = json.loads(cache("runs", args.run, "release.json").read_text())
    thresholds = {name: choice["threshold"] for name, choice in released["thresholds"].items()}
    measured = scorecard.measure(MODELS, thresholds)
    cache("runs", args.run, "measured.json").write_text(json.dumps(measured, indent=1))
    card.write(released, measured, card.read_lines(cache("runs", args.run, "curve.jsonl")))


def _label(args: argparse.Namespace) -> None:
    from .label import label

    print(f"labelled {label(args.source, args.out, args.every)} pictures into {args.out}")


def _pack(args: argparse.Namespace) -> None:
    from .pack import pack

    written = pack(args.source, args.out, args.side_px, args.quality, args.parts)
    print(f"packed {args.source} into {args.parts} parts, {written / 1e6:.1f} MB")


def _add_options(command: argparse.ArgumentParser) -> None:
    from .train import Options

    for option in fields(Options):
        command.add_argument(f"--{option.name.replace('_', '-')}", type=type(option.default), default=option.default)


if __name__ == "__main__":
    main()
