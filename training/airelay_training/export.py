"""Writes a trained student as one ONNX file that takes any input size, and the manifest beside it.

In:  a `Detector` (usually the averaged weights of a checkpoint).
Out: ONNX: `image` float32 [1, 3, H, W] RGB 0..255, H and W multiples of 32 -> `boxes` float32 [1, n, 4]
     x1 y1 x2 y2 in input pixels, `scores` float32 [1, n, 6] 0..1. No NMS inside.

Batch norm, the training-time skip and the division by 255 are folded into the kernels. The graph is written node by
node instead of traced: names stay readable, the same weights give the same bytes, and every operator is one that
small runtimes know. `tests/test_model.py` holds it against the PyTorch model.

Not here: int8 (`quantise`), thresholds (`scorecard`).
"""

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from . import CLASSES
from .model import MAX_LOG_SIZE, STRIDES, Conv, Detector, padding

OPSET = 17
IR_VERSION = 9


def F32(value: object) -> np.ndarray:  # noqa: N802
    return np.array(value, np.float32)


def I64(value: object) -> np.ndarray:  # noqa: N802
    return np.array(value, np.int64)


def folded(conv: Conv, scale_in: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Kernel and bias of convolution + batch norm (+ skip), as one convolution."""
    with torch.no_grad():
        gain = conv.norm.weight / torch.sqrt(conv.norm.running_var + conv.norm.eps)
        weight = conv.conv.weight * gain[:, None, None, None] * scale_in
        bias = conv.norm.bias - conv.norm.running_mean * gain
        if conv.skip:
            weight = weight.clone()
            centre = weight.shape[-1] // 2
            channels = torch.arange(weight.shape[0])
            weight[channels, channels, centre, centre] += 1.0
    return weight.float().cpu().numpy(), bias.float().cpu().numpy()


class Graph:
    """Collects nodes and constants; each method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.setdefault(name, numpy_helper.from_array(value, name))
        return name

    def op(self, kind: str, name: str, inputs: list[str], **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def conv_raw(self, name: str, x: str, weight: np.ndarray, bias: np.ndarray, stride: int = 1) -> str:
        kernel = weight.shape[-1]
        inputs = [x, self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)]
        pads = [padding(kernel, stride)] * 4
        return self.op("Conv", name, inputs, kernel_shape=[kernel, kernel], strides=[stride, stride], pads=pads)

    def conv(self, name: str, x: str, conv: Conv, scale_in: float = 1.0) -> str:
        out = self.conv_raw(f"{name}.conv", x, *folded(conv, scale_in), stride=conv.conv.stride[0])
        return self.op("Relu", name, [out])

    def chain(self, name: str, x: str, convs: torch.nn.Sequential) -> str:
        for index, conv in enumerate(convs):
            x = self.conv(f"{name}.{index}", x, conv)
        return x

    def upsample(self, name: str, x: str) -> str:
        scales = self.constant("upsample.scales", np.array([1, 1, 2, 2], np.float32))
        return self.op(
            "Resize", name, [x, "", scales],
            mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip


def body(g: Graph, model: Detector) -> list[tuple[str, str]]:
    """Everything up to the raw head maps; mirrors `Detector.features`. Names of (class, box) maps per level."""
    x = g.conv("stem", "image", model.stem, 1 / 255.0)
    c8 = g.chain("stage8", g.chain("stage4", x, model.stage4), model.stage8)
    c16 = g.chain("stage16", c8, model.stage16)
    c32 = g.chain("stage32", c16, model.stage32)
    wide = g.op("MaxPool", "context", [c32], kernel_shape=[5, 5], strides=[1, 1], pads=[2] * 4)
    t32 = g.conv("lateral32", g.op("Concat", "context.cat", [c32, wide], axis=1), model.lateral32)
    l16, l8 = g.conv("lateral16", c16, model.lateral16), g.conv("lateral8", c8, model.lateral8)
    t16 = g.conv("down16", g.op("Add", "add16", [l16, g.upsample("up_t32", t32)]), model.down16)
    p8 = g.conv("down8", g.op("Add", "add8", [l8, g.upsample("up_t16", t16)]), model.down8)
    p16 = g.conv("out16", g.op("Add", "sum16", [t16, g.conv("up16", p8, model.up16)]), model.out16)
    p32 = g.conv("out32", g.op("Add", "sum32", [t32, g.conv("up32", p16, model.up32)]), model.out32)

    maps = []
    for stride, p, head in zip(STRIDES, (p8, p16, p32), model.heads, strict=True):
        cls_in = g.conv(f"head{stride}.cls_tower", p, head.cls_tower)
        box_in = g.conv(f"head{stride}.box_tower", p, head.box_tower)
        pair = []
        for kind, last, source in (("cls", head.cls, cls_in), ("box", head.box, box_in)):
            weight, bias = (t.detach().float().cpu().numpy() for t in (last.weight, last.bias))
            pair.append(g.conv_raw(f"head{stride}.{kind}", source, weight, bias))
        maps.append((pair[0], pair[1]))
    return maps


def decode_level(g: Graph, stride: int, cls: str, box: str) -> tuple[str, str]:
    """One level's boxes [1, n, 4] and scores [1, n, 6]; the grid comes from the map's own shape."""
    n = f"decode{stride}"
    c = g.constant
    i0, i1, i2, i3 = (c(f"axis{k}", I64(k)) for k in range(4))
    shape = g.op("Shape", f"{n}.shape", [box])
    grid = {}
    for axis, index, view in (("y", i2, [-1, 1]), ("x", i3, [1, -1])):
        length = g.op("Gather", f"{n}.len_{axis}", [shape, index], axis=0)
        steps = g.op("Cast", f"{n}.steps_{axis}", [g.op("Range", f"{n}.range_{axis}", [i0, length, i1])],
                     to=TensorProto.FLOAT)  # fmt: skip
        scaled = g.op("Mul", f"{n}.scaled_{axis}", [steps, c(f"stride{stride}", F32(stride))])
        centre = g.op("Add", f"{n}.point_{axis}", [scaled, c(f"half{stride}", F32(stride / 2))])
        grid[axis] = g.op("Reshape", f"{n}.{axis}", [centre, c(f"view_{axis}", I64(view))])
    split = g.constant("split_box", np.array([2, 2], np.int64))
    offset, log_size = f"{n}.offset", f"{n}.log_size"
    g.nodes.append(helper.make_node("Split", [box, split], [offset, log_size], name=f"{n}.split", axis=1))
    zero = g.op("Mul", f"{n}.zero", [g.op("Add", f"{n}.xy", [grid["x"], grid["y"]]), c("zero", F32(0))])  # [h, w]
    planes = [
        g.op(
            "Unsqueeze",
            f"{n}.{axis}_plane",
            [g.op("Add", f"{n}.{axis}_full", [grid[axis], zero]), c("axes0", I64([0]))],
        )
        for axis in ("x", "y")
    ]
    points = g.op("Concat", f"{n}.points", planes, axis=0)  # [2, h, w]: x y
    centre = g.op(
        "Add", f"{n}.centre", [g.op("Mul", f"{n}.shift", [offset, c(f"stride{stride}", F32(stride))]), points]
    )
    size = g.op("Exp", f"{n}.exp", [g.op("Min", f"{n}.bounded", [log_size, c("max_log_size", F32(MAX_LOG_SIZE))])])
    half = g.op("Mul", f"{n}.half_size", [size, c(f"half{stride}", F32(stride / 2))])
    low, high = g.op("Sub", f"{n}.low", [centre, half]), g.op("Add", f"{n}.high", [centre, half])
    corners = g.op("Concat", f"{n}.corners", [low, high], axis=1)  # [1, 4, h, w]
    scores = g.op("Sigmoid", f"{n}.sigmoid", [cls])
    rows = []
    for kind, source, width in (("boxes", corners, 4), ("scores", scores, len(CLASSES))):
        flat = g.op("Reshape", f"{n}.{kind}_flat", [source, c(f"flat{width}", I64([1, width, -1]))])
        rows.append(g.op("Transpose", f"{n}.{kind}", [flat], perm=[0, 2, 1]))
    return rows[0], rows[1]


def to_onnx(model: Detector, metadata: dict[str, str]) -> onnx.ModelProto:
    model = model.eval()
    g = Graph()
    boxes, scores = [], []
    for stride, (cls, box) in zip(STRIDES, body(g, model), strict=True):
        b, s = decode_level(g, stride, cls, box)
        boxes.append(b)
        scores.append(s)
    g.op("Concat", "boxes", boxes, axis=1)
    g.op("Concat", "scores", scores, axis=1)
    graph = helper.make_graph(
        g.nodes,
        "airelay_detector",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "height", "width"])],
        [
            helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, "n", 4]),
            helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, "n", len(CLASSES)]),
        ],
        list(g.constants.values()),
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="airelay")
    proto.ir_version = IR_VERSION
    helper.set_model_props(proto, metadata)
    onnx.checker.check_model(proto, full_check=True)
    return proto
