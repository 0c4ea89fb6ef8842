"""Saving and loading a run. A file is either whole or absent: it is written beside and renamed."""

import os
from pathlib import Path

import torch


def save(path: Path, state: dict) -> None:
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)


def load(path: Path) -> dict:
    return torch.load(path, map_location="cpu", weights_only=True)
