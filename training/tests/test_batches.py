"""Batches from a thread and from a process. Needs the trainer's environment."""

import json
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the trainer's own environment has it: training/smoke.sh")
from PIL import Image  # noqa: E402

from airelay_training.batches import Feeder, zoomed  # noqa: E402
from airelay_training.data import Pictures  # noqa: E402
from airelay_training.pack import pack  # noqa: E402


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pictures:
    monkeypatch.setenv("AIRELAY_TRAINING_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "part"
    (folder / "images").mkdir(parents=True)
    rows = [
        {"file": f"{k}.jpg", "hand": [[0, 0, 0.2, 0.1, 0.8, 0.9]], "hand_complete_for": ["person"]} for k in range(6)
    ]
    for row in rows:
        Image.new("RGB", (320, 240), (90, 120, 60)).save(folder / "images" / row["file"])
    (folder / "labels.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return Pictures([folder])


@pytest.mark.parametrize("loaders", [0, 1])
def test_batch_holds_clean_and_degraded_canvases_with_their_boxes(pictures: Pictures, loaders: int) -> None:
    feeder = Feeder(pictures, list(range(6)), pixels=4 * 128 * 128, zoom=0.5, seed=1, loaders=loaders)
    batch = feeder.next()
    feeder.close()
    assert batch.clean.dtype == torch.uint8 and batch.clean.shape == batch.degraded.shape
    assert batch.clean.shape[1] % 32 == 0 and batch.clean.shape[2] % 32 == 0
    assert len(batch.targets.boxes) == len(batch.clean) and bool((batch.targets.weights > 0).any())


def test_zoomed_canvas_keeps_multiples_of_32() -> None:
    assert zoomed((192, 320), 0.7) == (128, 224)
    assert zoomed((192, 192), 0.3) == (96, 96)


def test_packed_parts_hold_every_picture_once(pictures: Pictures, tmp_path: Path) -> None:
    assert pack(pictures.folders[0], tmp_path / "small", side_px=64, quality=60, parts=2) > 0
    parts = Pictures([tmp_path / "small-0", tmp_path / "small-1"])
    assert sorted(p.file for p in parts.items) == [f"{k}.jpg" for k in range(6)]
    assert np.max([p.width for p in parts.items]) == 64
