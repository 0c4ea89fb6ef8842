"""Makes the int8 file: weights per channel, activations calibrated on camera-like pictures.

In:  the fp32 ONNX file, calibration canvases. Out: a QDQ ONNX file with the same inputs and outputs.

The first convolution stays fp32 (three channels fill no int8 lane: it is faster and more exact so), and so does
everything from the decode on, whose values are pixels and probabilities.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

from .augment import compose, degrade
from .data import Pictures

N_CALIBRATION = 64
HEIGHT_PX, WIDTH_PX = 256, 416  # one size for all: some calibration methods stack what they see
FP32_NODES = ("stem.conv", "stem")


class Canvases(CalibrationDataReader):
    def __init__(self, canvases: Iterator[np.ndarray]) -> None:
        self.canvases = iter(canvases)

    def get_next(self) -> dict[str, np.ndarray] | None:
        canvas = next(self.canvases, None)
        return None if canvas is None else {"image": canvas}


def camera_like(pictures: Pictures, indices: list[int], seed: int = 5) -> Iterator[np.ndarray]:
    """Training pictures in the size and quality of camera regions."""
    rng = np.random.default_rng(seed)
    for k in range(N_CALIBRATION):
        index = int(rng.choice(indices))
        canvas, _ = compose([(pictures.pixels(index), pictures.items[index].labels)], HEIGHT_PX, WIDTH_PX, rng)
        canvas = degrade(canvas, rng) if k % 2 else canvas
        yield np.ascontiguousarray(canvas.transpose(2, 0, 1)[None], np.float32)


def quantised(
    fp32: onnx.ModelProto, canvases: Iterator[np.ndarray], per_channel: bool = True,
    method: CalibrationMethod = CalibrationMethod.MinMax, keep_fp32: tuple[str, ...] = (),
) -> onnx.ModelProto:  # fmt: skip
    names = [node.name for node in fp32.graph.node]
    excluded = [n for n in names if n in FP32_NODES or n.startswith("decode") or n in ("boxes", "scores")]
    excluded += [n for n in names if n.startswith(keep_fp32)] if keep_fp32 else []
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "fp32.onnx"), Path(folder, "int8.onnx")
        onnx.save(fp32, source)
        quantize_static(
            source, target, Canvases(canvases), quant_format=QuantFormat.QDQ, per_channel=per_channel,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=method,
            nodes_to_exclude=excluded, extra_options={"ActivationSymmetric": False, "WeightSymmetric": True},
        )  # fmt: skip
        proto = onnx.load(target)
    helper.set_model_props(proto, {p.key: p.value for p in fp32.metadata_props})
    return proto
