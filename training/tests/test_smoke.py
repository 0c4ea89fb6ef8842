"""The whole way on 20 drawn pictures: read, train, decay, export, quantise, manifest. Needs the trainer's environment.

It shows that the parts fit and that the loss falls, not that the result is any good.
"""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the trainer's own environment has it: training/smoke.sh")
import onnxruntime  # noqa: E402
from PIL import Image, ImageDraw  # noqa: E402

from airelay_training import CLASSES, train  # noqa: E402
from airelay_training.data import Pictures  # noqa: E402


@pytest.fixture
def drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder: upright bars are persons, flat blocks are cars."""
    monkeypatch.setenv("AIRELAY_TRAINING_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    folder = tmp_path / "painted"
    (folder / "images").mkdir(parents=True)
    rows = []
    for k in range(20):
        picture = Image.fromarray(rng.integers(90, 130, (144, 208, 3), dtype=np.uint8))
        hand = []
        for class_id, width, height, colour in ((0, 0.12, 0.5, (220, 40, 40)), (2, 0.4, 0.25, (40, 60, 220))):
            x, y = rng.uniform(0, 1 - width), rng.uniform(0, 1 - height)
            box = (x, y, x + width, y + height)
            ImageDraw.Draw(picture).rectangle([v * s for v, s in zip(box, (208, 144) * 2, strict=True)], fill=colour)
            hand.append([class_id, 0, *box])
        picture.save(folder / "images" / f"{k}.jpg")
        rows.append({"file": f"{k}.jpg", "hand": hand, "hand_complete_for": list(CLASSES), "teacher": []})
    (folder / "labels.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
    return folder


def test_drawn_pictures_become_a_detector_that_loads(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airelay_training import quantise, release

    monkeypatch.setattr(quantise, "N_CALIBRATION", 4)
    monkeypatch.setattr(release, "rival", lambda *_: {})
    monkeypatch.setattr(train, "LOG_EVERY", 10)
    monkeypatch.setattr(train, "WARM_UP_STEPS", 5)
    pictures, folder = Pictures([drawn]), tmp_path / "run"
    training, validation = pictures.split()
    assert len(training) + len(validation) == 20 and validation

    options = train.Options(
        size="tiny", teacher="none", pixels=8 * 96 * 160, zoom=0.5, save_every_s=1e9, validate_every_s=1e9
    )
    train.long_run(options, pictures, folder, minutes=None, steps=40)
    resumed = train.long_run(options, pictures, folder, minutes=None, steps=60)
    assert resumed.step == 60
    losses = [json.loads(line)["cls"] for line in (folder / "train.jsonl").read_text().splitlines()]
    assert losses[-1] < 0.8 * losses[0]

    finished = train.decay(options, pictures, folder, steps=10)
    figures = release.release(finished.state(), pictures, tmp_path / "models")
    assert set(figures["thresholds"]) == set(CLASSES)
    manifest = tomllib.loads((tmp_path / "models" / "airelay-n.toml").read_text())
    assert [c["class"] for c in manifest["classes"]] == list(CLASSES)
    net = onnxruntime.InferenceSession(tmp_path / "models" / manifest["file"], providers=["CPUExecutionProvider"])
    boxes, scores = net.run(None, {"image": np.zeros((1, 3, 64, 96), np.float32)})
    assert boxes.shape == (1, 126, 4) and scores.shape == (1, 126, 6)
    assert net.get_modelmeta().custom_metadata_map["classes"] == ",".join(CLASSES)


def test_sprint_ends_with_finished_weights_and_points_on_the_way(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airelay_training import resident, sprint

    monkeypatch.setattr(resident, "SHAPES", ((96, 160),))
    monkeypatch.setattr(resident, "SHAPE_ODDS", (1.0,))
    options = train.Options(size="tiny", teacher="none", pixels=8 * 96 * 160, ema=0.9)
    pictures, folder = Pictures([drawn]), tmp_path / "run"
    run = sprint.sprint(options, pictures, folder, seconds=8.0)
    assert run.step >= 3 and run.pictures == 8 * run.step
    assert sprint.rate_at(1.0, 1e-3) == 0.0 < sprint.rate_at(0.3, 1e-3)
    sprint.curve(pictures, folder, torch.device("cpu"))
    points = [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]
    assert [p["kind"] for p in points] == ["stable"] * sprint.N_POINTS + ["decayed"]
    assert points[-1]["pictures"] == run.pictures
