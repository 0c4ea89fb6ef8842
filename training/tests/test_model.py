"""The exported graph computes what the PyTorch model computes, at any size. Needs torch and ONNX Runtime."""

from pathlib import Path

import numpy as np
import onnx
import pytest

torch = pytest.importorskip("torch", reason="the trainer's own environment has it: training/smoke.sh")
import onnxruntime  # noqa: E402

from airelay_training.assign import Targets, assign  # noqa: E402
from airelay_training.export import to_onnx  # noqa: E402
from airelay_training.model import Detector, anchor_points, decode  # noqa: E402
from airelay_training.warmstart import warm_start  # noqa: E402


def restless(seed: int = 0) -> Detector:
    """A tiny student whose batch norms are not at their start values."""
    torch.manual_seed(seed)
    model = Detector("tiny")
    for _ in range(2):
        model(torch.rand(4, 3, 64, 96) * 255)
    return model.eval()


@pytest.mark.parametrize(("height", "width"), [(64, 96), (192, 320), (320, 320)])
def test_exported_graph_equals_the_model_at_any_size(height: int, width: int) -> None:
    model = restless()
    net = onnxruntime.InferenceSession(to_onnx(model, {}).SerializeToString(), providers=["CPUExecutionProvider"])
    image = torch.rand(1, 3, height, width) * 255
    boxes, scores = net.run(None, {"image": image.numpy()})
    with torch.no_grad():
        want_boxes, want_logits = decode(model(image))
    np.testing.assert_allclose(boxes, want_boxes.numpy(), rtol=1e-3, atol=2e-2)
    np.testing.assert_allclose(scores, want_logits.sigmoid().numpy(), atol=1e-4)


def test_exported_file_carries_its_metadata() -> None:
    proto = onnx.load_from_string(to_onnx(restless(), {"licence": "x"}).SerializeToString())
    assert {p.key: p.value for p in proto.metadata_props} == {"licence": "x"}


def test_best_cell_learns_the_object_and_ignored_cells_do_not_count() -> None:
    levels = [torch.zeros(1, 10, 64 // s, 64 // s) for s in (8, 16, 32)]
    points, strides = anchor_points(levels)
    boxes, logits = decode(levels)
    targets = Targets(
        torch.tensor([[[0.0, 0.0, 20.0, 20.0]]]), torch.tensor([[2]]), torch.tensor([[1.0]]),
        torch.tensor([[[32.0, 32.0, 64.0, 64.0]]]), torch.tensor([[[True] + [False] * 5]]),
    )  # fmt: skip
    out = assign(points, strides, boxes, logits, targets)
    learning = points[out.weights[0] > 0]
    assert len(learning) > 0 and bool((learning < 20).all())
    assert int(out.scores[0].sum(0).argmax()) == 2
    hidden = ~out.counted[0, :, 0]
    assert bool((points[hidden] > 32).all()) and int(hidden.sum()) > 0 and bool(out.counted[0, :, 1:].all())


def test_warm_start_from_the_exported_file_gives_the_same_answers(tmp_path: Path) -> None:
    model, fresh = restless(), Detector("tiny")
    onnx.save(to_onnx(model, {}), tmp_path / "model.onnx")
    batch = torch.rand(8, 3, 96, 96) * 255
    warm_start(fresh, tmp_path / "model.onnx", [batch])
    with torch.no_grad():
        for got, training, want in zip(fresh.eval()(batch), fresh.train()(batch), model(batch), strict=True):
            torch.testing.assert_close(got, want, rtol=1e-3, atol=1e-2)
            torch.testing.assert_close(training, want, rtol=1e-2, atol=3e-2)
