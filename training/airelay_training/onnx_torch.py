"""Runs an ONNX file operator by operator in PyTorch, on any device and for any batch.

In:  a convolutional detector's ONNX file; which of its values are wanted. Out: a callable, tensor -> values by name.

The shared detectors were exported for a batch of one: a constant shape that begins with 1 is taken to mean the batch.
`tests/test_onnx_torch.py` holds the result against ONNX Runtime.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor
from torch.nn import functional

Value = Tensor | np.ndarray | list


class OnnxInTorch:
    """x * sigmoid(x) becomes one SiLU. Shapes are computed with NumPy on the CPU, pictures on the device."""

    def __init__(
        self, path: Path, outputs: list[str], device: torch.device, dtype: torch.dtype = torch.float32
    ) -> None:
        graph = onnx.load(path).graph
        constants = {t.name: numpy_helper.to_array(t) for t in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant":
                constants[node.output[0]] = numpy_helper.to_array(onnx.helper.get_attribute_value(node.attribute[0]))
        self.input = next(i.name for i in graph.input if i.name not in constants)
        self.outputs = outputs or [o.name for o in graph.output]
        self.dtype = dtype
        self.nodes = needed([n for n in graph.node if n.op_type != "Constant"], self.outputs)
        self.constants: dict[str, Value] = {
            name: torch.from_numpy(value.copy()).to(device, dtype)
            if value.dtype == np.float32 and value.ndim
            else value
            for name, value in constants.items()
        }
        self.last_use = {name: i for i, node in enumerate(self.nodes) for name in node.input}

    @torch.no_grad()
    def __call__(self, image: Tensor) -> dict[str, Tensor]:
        values: dict[str, Value] = {self.input: image.to(self.dtype)}
        for index, node in enumerate(self.nodes):
            args = [values[n] if n in values else self.constants.get(n) for n in node.input]
            attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
            attributes["n_outputs"] = len(node.output)
            if node.input[0] in values:
                attributes["batch"] = image.shape[0]
            result = OPERATORS[node.op_type](args, attributes)
            values |= zip(node.output, result if isinstance(result, list) else [result], strict=False)
            for name in node.input:
                if self.last_use[name] == index and name not in self.outputs:
                    values.pop(name, None)
        return {name: values[name] for name in self.outputs}


def needed(nodes: list[onnx.NodeProto], outputs: list[str], join: bool = True) -> list[onnx.NodeProto]:
    """The nodes the outputs depend on; with `join`, Mul(x, Sigmoid(x)) becomes one node."""
    by_output = {name: node for node in nodes for name in node.output}
    for node in nodes if join else ():
        if node.op_type == "Mul":
            a, b = node.input
            gate = by_output.get(b)
            if gate is not None and gate.op_type == "Sigmoid" and gate.input[0] == a:
                node.op_type = "Silu"
                del node.input[1]
    wanted, kept = set(outputs), []
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            kept.append(node)
            wanted.update(node.input)
    return kept[::-1]


def _conv(args: list, attributes: dict) -> Tensor:
    pads = attributes.get("pads", [0, 0, 0, 0])
    assert pads[:2] == pads[2:], "asymmetric padding is not supported"
    return functional.conv2d(
        *args, stride=attributes.get("strides", [1, 1]), padding=pads[:2], groups=attributes.get("group", 1)
    )


def _max_pool(args: list, attributes: dict) -> Tensor:
    return functional.max_pool2d(args[0], attributes["kernel_shape"], attributes["strides"], attributes["pads"][:2])


def _resize(args: list, attributes: dict) -> Tensor:
    mode = attributes.get("mode", b"nearest").decode()
    return functional.interpolate(
        args[0], scale_factor=2.0, mode="bilinear" if mode == "linear" else "nearest",
        **({"align_corners": False} if mode == "linear" else {}),
    )  # fmt: skip


def _slice(args: list, attributes: dict) -> Value:
    starts, ends, axes, steps = (np.atleast_1d(np.asarray(a)) for a in args[1:5])
    cut: list[slice] = [slice(None)] * args[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut[axis] = slice(int(start), int(min(end, args[0].shape[axis])), int(step))
    return args[0][tuple(cut)]


def _reshape(args: list, attributes: dict) -> Value:
    shape = [int(v) for v in args[1]]
    if "batch" in attributes and shape[0] == 1:
        shape[0] = attributes["batch"]
    shape = [args[0].shape[k] if v == 0 else v for k, v in enumerate(shape)]
    return args[0].reshape(shape)


def _concat(args: list, attributes: dict) -> Value:
    join = torch.cat if isinstance(args[0], Tensor) else np.concatenate
    return join(args, attributes["axis"])


def _split(args: list, attributes: dict) -> list:
    axis = attributes.get("axis", 0)
    sizes = attributes.get("split") or ([int(v) for v in args[1]] if len(args) > 1 else None)
    if sizes is None:
        sizes = [args[0].shape[axis] // attributes["n_outputs"]] * attributes["n_outputs"]
    if isinstance(args[0], Tensor):
        return list(args[0].split(sizes, axis))
    return np.split(args[0], np.cumsum(sizes)[:-1], axis)


def _transpose(args: list, attributes: dict) -> Value:
    return args[0].permute(attributes["perm"]) if isinstance(args[0], Tensor) else args[0].transpose(attributes["perm"])


def _clip(args: list, attributes: dict) -> Tensor:
    low, high = (args + [None, None])[1:3]
    bound = [attributes.get(name) if v is None else float(v) for name, v in (("min", low), ("max", high))]
    return args[0].clamp(*bound)


def _hard_sigmoid(args: list, attributes: dict) -> Tensor:
    return (args[0] * attributes.get("alpha", 0.2) + attributes.get("beta", 0.5)).clamp(0, 1)


def _number(value: Value) -> Value:
    """A constant of no dimension as a plain number, so that it fits any device."""
    return float(value) if isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype == np.float32 else value


OPERATORS: dict[str, Callable[[list, dict], Value | list]] = {
    "Conv": _conv,
    "Silu": lambda a, _: functional.silu(a[0]),
    "Sigmoid": lambda a, _: a[0].sigmoid(),
    "Relu": lambda a, _: a[0].relu(),
    "LeakyRelu": lambda a, k: functional.leaky_relu(a[0], k.get("alpha", 0.01)),
    "HardSigmoid": _hard_sigmoid,
    "Clip": _clip,
    "Add": lambda a, _: _number(a[0]) + _number(a[1]),
    "Mul": lambda a, _: _number(a[0]) * _number(a[1]),
    "Div": lambda a, _: _number(a[0]) / _number(a[1]),
    "Identity": lambda a, _: a[0],
    "Shape": lambda a, _: np.array(a[0].shape, np.int64),
    "Gather": lambda a, k: np.take(a[0], a[1], axis=k.get("axis", 0)),
    "GlobalAveragePool": lambda a, _: a[0].mean((2, 3), keepdim=True),
    "Concat": _concat,
    "Split": _split,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "MaxPool": _max_pool,
    "Resize": _resize,
    "Slice": _slice,
}
