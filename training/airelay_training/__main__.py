"""Command line: `python -m airelay_training <what>`; see training/README.md."""

import argparse
from dataclasses import fields
from pathlib import Path

from .paths import cache, testdata


def main() -> None:
    parser = argparse.ArgumentParser(prog="airelay_training")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("train", help="train until stopped; resumes by itself")
    commands.add_parser("decay", help="finish a copy of the newest state for export")
    for command in commands.choices.values():
        command.add_argument("--run", default="n1", help="name of the run's folder in the cache")
        command.add_argument("--data", nargs="*", type=Path, default=[testdata("train")], help="folders with labels.jsonl")
        _add_options(command)
    commands.choices["train"].add_argument("--minutes", type=float)
    commands.choices["train"].add_argument("--steps", type=int)
    commands.choices["decay"].add_argument("--steps", type=int, required=True)
    args = parser.parse_args()

    from . import train
    from .data import Pictures

    names = {f.name for f in fields(train.Options)}
    options = train.Options(**{k: v for k, v in vars(args).items() if k in names})
    folder, pictures = cache("runs", args.run), Pictures(args.data)
    if args.command == "train":
        train.long_run(options, pictures, folder, args.minutes, args.steps)
    else:
        train.decay(options, pictures, folder, args.steps)


def _add_options(command: argparse.ArgumentParser) -> None:
    from .train import Options

    for option in fields(Options):
        command.add_argument(f"--{option.name.replace('_', '-')}", type=type(option.default), default=option.default)


if __name__ == "__main__":
    main()
