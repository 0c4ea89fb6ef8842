"""The teachers: dense outputs and inner maps of a shared detector, for the very canvas the student sees.

In:  [batch, 3, height, width] float32 RGB 0..255.
Out: maps at strides 8, 16, 32 before and behind the neck, and per cell class scores and boxes.

Soft boxes of the whole ensemble are already in `labels.jsonl`, made on the original resolution; this module gives the
dense signal beside it. On CUDA the ONNX file runs operator by operator in PyTorch; on a CPU ONNX Runtime does it,
which is many times faster there on depthwise convolutions.
"""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

from .paths import testdata

# Where YOLOX-nano's graph holds the maps; channels in brackets. Order of its classes: COCO-80.
YOLOX_MAPS = {"c8": "781", "c16": "841", "c32": "890", "p8": "956", "p16": "990", "p32": "1024"}
YOLOX_CHANNELS = {"c8": 64, "c16": 128, "c32": 128, "p8": 64, "p16": 128, "p32": 256}
YOLOX_HEADS = ("1066", "1108", "1150")  # per stride: [batch, 85, h, w]
COCO_INDEX = (0, 1, 2, 3, 5, 7)


class OnnxInTorch:
    """Runs the few operators that convolutional detectors consist of. x * sigmoid(x) becomes one SiLU."""

    def __init__(self, path: Path, outputs: list[str], device: torch.device) -> None:
        graph = onnx.load(path).graph
        self.input = graph.input[0].name
        self.outputs = outputs
        self.constants = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in graph.initializer}
        self.nodes = _needed(list(graph.node), outputs)
        for node in self.nodes:
            if node.op_type == "Conv":
                for name in node.input[1:]:
                    self.constants[name] = self.constants[name].to(device)
        self.last_use = {name: i for i, node in enumerate(self.nodes) for name in node.input}

    @torch.no_grad()
    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        values: dict[str, Tensor] = {self.input: image}
        for index, node in enumerate(self.nodes):
            args = [values[n] if n in values else self.constants.get(n) for n in node.input]
            values[node.output[0]] = _run(node, args)
            for name in node.input:
                if self.last_use[name] == index and name not in self.outputs:
                    values.pop(name, None)
        return {name: values[name] for name in self.outputs}


class OnnxInRuntime:
    """The same on a CPU by ONNX Runtime: the graph is cut off at the outputs and takes any batch."""

    def __init__(self, path: Path, outputs: list[str], threads: int) -> None:
        proto = onnx.load(path)
        graph = proto.graph
        nodes = _needed(list(graph.node), outputs, join=False)
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


def _needed(nodes: list[onnx.NodeProto], outputs: list[str], join: bool = True) -> list[onnx.NodeProto]:
    """The nodes the outputs depend on; with `join`, Mul(x, Sigmoid(x)) becomes one node."""
    by_output = {node.output[0]: node for node in nodes}
    for node in nodes if join else ():
        if node.op_type == "Mul":
            a, b = node.input
            gate = by_output.get(b)
            if gate is not None and gate.op_type == "Sigmoid" and gate.input[0] == a:
                node.op_type = "Silu"
                del node.input[1]
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if node.output[0] in wanted:
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def _run(node: onnx.NodeProto, args: list[Tensor]) -> Tensor:
    attribute = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    match node.op_type:
        case "Conv":
            pad, stride = attribute["pads"][:2], attribute.get("strides", [1, 1])
            return functional.conv2d(*args, stride=stride, padding=pad, groups=attribute.get("group", 1))
        case "Silu":
            return functional.silu(args[0])
        case "Sigmoid":
            return args[0].sigmoid()
        case "Add":
            return args[0] + args[1]
        case "Concat":
            return torch.cat(args, attribute["axis"])
        case "MaxPool":
            return functional.max_pool2d(
                args[0], attribute["kernel_shape"], attribute["strides"], attribute["pads"][:2]
            )
        case "Resize":
            return functional.interpolate(args[0], scale_factor=2.0, mode="nearest")
        case "Slice":
            starts, ends, axes, steps = (np.atleast_1d(a.numpy()) for a in args[1:5])
            cut: list[slice] = [slice(None)] * args[0].ndim
            for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
                cut[axis] = slice(int(start), int(min(end, args[0].shape[axis])), int(step))
            return args[0][tuple(cut)]
    raise ValueError(f"run teacher: operator {node.op_type} is not supported")


class YoloxTeacher:
    channels = YOLOX_CHANNELS

    def __init__(self, device: torch.device) -> None:
        names = [*YOLOX_MAPS.values(), *YOLOX_HEADS]
        path = testdata("models", "yolox_nano_dyn.onnx")
        on_cpu = device.type == "cpu"
        self.net = OnnxInRuntime(path, names, torch.get_num_threads()) if on_cpu else OnnxInTorch(path, names, device)

    def __call__(self, rgb: Tensor) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Maps by name, scores [batch, n, 6], boxes [batch, n, 4] in pixels."""
        out = self.net(rgb[:, [2, 1, 0]])
        boxes, scores = [], []
        for name, stride in zip(YOLOX_HEADS, (8, 16, 32), strict=True):
            raw = out[name]
            height, width = raw.shape[-2:]
            flat = raw.flatten(2).transpose(1, 2)
            y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
            grid = torch.stack((x, y), -1).reshape(-1, 2).to(flat)
            centre = (flat[..., :2] + grid) * stride
            half = flat[..., 2:4].exp() * (stride / 2)
            boxes.append(torch.cat((centre - half, centre + half), -1))
            scores.append(flat[..., 4:5] * flat[..., [5 + k for k in COCO_INDEX]])
        return {key: out[name] for key, name in YOLOX_MAPS.items()}, torch.cat(scores, 1), torch.cat(boxes, 1)
