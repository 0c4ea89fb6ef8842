"""The teachers: dense outputs and inner maps of a shared detector, for the very canvas the student sees.

In:  [batch, 3, height, width] float32 RGB 0..255.
Out: maps at strides 8, 16, 32 before and behind the neck, and per cell class scores and boxes.

Soft boxes of the whole ensemble are already in `labels.jsonl`, made on the original resolution; this module gives the
dense signal beside it. On CUDA the ONNX file runs in PyTorch (`onnx_torch`); on a CPU ONNX Runtime does it, which is many
times faster there on depthwise convolutions.
"""

from pathlib import Path

import onnx
import onnxruntime
import torch
from torch import Tensor

from .onnx_torch import OnnxInTorch, needed
from .paths import testdata

# Where YOLOX-nano's graph holds the maps; channels in brackets. Order of its classes: COCO-80.
YOLOX_MAPS = {"c8": "781", "c16": "841", "c32": "890", "p8": "956", "p16": "990", "p32": "1024"}
YOLOX_CHANNELS = {"c8": 64, "c16": 128, "c32": 128, "p8": 64, "p16": 128, "p32": 256}
YOLOX_HEADS = ("1066", "1108", "1150")  # per stride: [batch, 85, h, w]
COCO_INDEX = (0, 1, 2, 3, 5, 7)


class OnnxInRuntime:
    """The same on a CPU by ONNX Runtime: the graph is cut off at the outputs and takes any batch."""

    def __init__(self, path: Path, outputs: list[str], threads: int) -> None:
        proto = onnx.load(path)
        graph = proto.graph
        nodes = needed(list(graph.node), outputs, join=False)
        del graph.node[:]
        graph.node.extend(nodes)
        graph.input[0].type.tensor_type.shape.dim[0].dim_param = "batch"
        del graph.output[:]
        graph.output.extend(onnx.helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in outputs)
        del graph.value_info[:]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.input, self.outputs = graph.input[0].name, outputs
        self.session = onnxruntime.InferenceSession(
            proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        values = self.session.run(self.outputs, {self.input: image.contiguous().numpy()})
        return {name: torch.from_numpy(value) for name, value in zip(self.outputs, values, strict=True)}


class YoloxTeacher:
    channels = YOLOX_CHANNELS

    def __init__(self, device: torch.device) -> None:
        names = [*YOLOX_MAPS.values(), *YOLOX_HEADS]
        path = testdata("models", "yolox_nano_dyn.onnx")
        on_cpu = device.type == "cpu"
        if on_cpu:
            self.net = OnnxInRuntime(path, names, torch.get_num_threads())
        else:
            self.net = OnnxInTorch(path, names, device, torch.bfloat16)

    def __call__(self, rgb: Tensor) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Maps by name, scores [batch, n, 6], boxes [batch, n, 4] in pixels."""
        out = self.net(rgb[:, [2, 1, 0]])
        boxes, scores = [], []
        for name, stride in zip(YOLOX_HEADS, (8, 16, 32), strict=True):
            raw = out[name]
            height, width = raw.shape[-2:]
            flat = raw.flatten(2).transpose(1, 2).float()
            y, x = (torch.arange(n, device=raw.device, dtype=torch.float32) for n in (height, width))
            grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1).reshape(-1, 2)
            centre = (flat[..., :2] + grid) * stride
            half = flat[..., 2:4].exp() * (stride / 2)
            boxes.append(torch.cat((centre - half, centre + half), -1))
            scores.append(flat[..., 4:5] * torch.stack([flat[..., 5 + k] for k in COCO_INDEX], -1))
        return {key: out[name] for key, name in YOLOX_MAPS.items()}, torch.cat(scores, 1), torch.cat(boxes, 1)
