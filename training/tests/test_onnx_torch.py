"""The shared detectors in PyTorch against ONNX Runtime, one picture at a time and two at once."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the trainer's own environment has it: training/smoke.sh")
import onnxruntime  # noqa: E402

from airelay_training import paths  # noqa: E402
from airelay_training.onnx_torch import OnnxInTorch  # noqa: E402


@pytest.mark.parametrize(
    ("file", "height", "width"),
    [("yolox_nano_dyn.onnx", 96, 160), ("nanodet_plus_m_dyn.onnx", 96, 160), ("picodet_s_416.onnx", 416, 416)],
)
def test_detector_in_torch_computes_what_onnx_runtime_computes(file: str, height: int, width: int) -> None:
    path = paths.testdata("models", file)
    pair = np.random.default_rng(1).uniform(-2, 2, (2, 3, height, width)).astype(np.float32)
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, quiet, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    wanted = [np.concatenate(v) for v in zip(*(session.run(None, {name: x[None]}) for x in pair), strict=True)]
    got = list(OnnxInTorch(path, [], torch.device("cpu"))(torch.from_numpy(pair)).values())
    for a, b in zip(got, wanted, strict=True):
        np.testing.assert_allclose(a.numpy(), b, rtol=1e-3, atol=2e-3)
