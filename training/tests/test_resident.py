"""Batches made on the device itself: boxes follow their objects through scale, mirror and mosaic."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the trainer's own environment has it: training/smoke.sh")
from PIL import Image, ImageDraw  # noqa: E402

from airelay_training.data import Pictures  # noqa: E402
from airelay_training.old_camera import degrade, jpeg  # noqa: E402
from airelay_training.resident import Resident  # noqa: E402


@pytest.fixture
def resident(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Resident:
    """Black pictures with one white block, which is a car; every second one is larger than the texture."""
    monkeypatch.setenv("AIRELAY_TRAINING_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "blocks"
    (folder / "images").mkdir(parents=True)
    rng, rows = np.random.default_rng(4), []
    for k in range(8):
        width, height = (400, 260) if k % 2 else (200, 150)
        x, y = rng.uniform(0.1, 0.4, 2)
        box = (x, y, x + 0.4, y + 0.35)
        picture = Image.new("RGB", (width, height))
        ImageDraw.Draw(picture).rectangle([v * s for v, s in zip(box, (width, height) * 2, strict=True)], fill="white")
        picture.save(folder / "images" / f"{k}.png")
        rows.append({"file": f"{k}.png", "hand": [[2, 0, *box]], "hand_complete_for": ["car"], "teacher": []})
    (folder / "labels.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    pictures = Pictures([folder])
    return Resident(pictures, list(range(8)), torch.device("cpu"), side_px=320)


@pytest.mark.parametrize("mosaic", [0.0, 1.0])
def test_boxes_lie_on_their_objects(resident: Resident, mosaic: float) -> None:
    torch.manual_seed(3)
    rng, checked = np.random.default_rng(3), 0
    for _ in range(4):
        batch = resident.make(8 * 256 * 256, mosaic, rng)
        white = batch.clean[..., 0] > 200
        for picture, boxes, weights in zip(white, batch.targets.boxes, batch.targets.weights, strict=True):
            mine = boxes[weights > 0].round().int()
            for x1, y1, x2, y2 in mine.tolist():
                inside = picture[y1:y2, x1:x2].float().mean()
                assert inside > 0.9, f"box {x1, y1, x2, y2} holds {inside:.2f} of its object"
                checked += 1
            covered = torch.zeros_like(picture)
            for x1, y1, x2, y2 in (
                boxes.round().int().tolist() + batch.targets.ignore.flatten(0, 1).round().int().tolist()
            ):
                covered[max(0, y1 - 3) : y2 + 3, max(0, x1 - 3) : x2 + 3] = True
            assert (picture & ~covered).float().mean() < 0.01
    assert checked >= 16


def test_cut_away_objects_are_hidden_not_background(resident: Resident) -> None:
    torch.manual_seed(5)
    rng, hidden = np.random.default_rng(5), 0
    for _ in range(10):
        hidden += int(resident.make(8 * 256 * 256, 1.0, rng).targets.ignore_classes[..., 2].sum())
    assert hidden > 0


def test_degraded_pictures_keep_shape_and_range() -> None:
    torch.manual_seed(1)
    clean = torch.rand(24, 3, 64, 96) * 255
    out = degrade(clean)
    assert out.shape == clean.shape and bool((out >= 0).all()) and bool((out <= 255).all())
    assert float((out - clean).abs().mean()) > 3


def test_jpeg_keeps_flat_pictures_and_loses_detail() -> None:
    torch.manual_seed(1)
    flat = torch.full((4, 3, 32, 32), 120.0)
    assert float((jpeg(flat) - flat).abs().max()) < 4
    noise = torch.rand(4, 3, 32, 32) * 255
    assert float((jpeg(noise) - noise).abs().mean()) > 10
