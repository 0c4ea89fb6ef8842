"""Begins a run from a shipped ONNX file, when the checkpoint it came from is not at hand.

In:  an fp32 file of `export`, a fresh student of the same size, a few batches. Out: the student computes what the file
computes, also while it trains: the file has its batch norms folded away, so each norm is rebuilt from what its
convolution gives on the batches.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from .model import Conv, Detector


def kernels(path: Path) -> dict[str, Tensor]:
    tensors = {t.name: numpy_helper.to_array(t).astype(np.float32) for t in onnx.load(path).graph.initializer}
    return {
        name.removesuffix(".half"): torch.from_numpy(value.copy()) for name, value in tensors.items()
        if name.removesuffix(".half").endswith((".weight", ".bias"))
    }  # fmt: skip


def names(student: Detector) -> Iterable[tuple[str, nn.Module]]:
    """Layers by their names in the exported graph."""
    for name, module in student.named_modules():
        if isinstance(module, Conv):
            yield _graph_name(name) + ".conv", module
        elif isinstance(module, nn.Conv2d) and module.bias is not None:
            yield _graph_name(name), module


def _graph_name(name: str) -> str:
    for index, stride in enumerate((8, 16, 32)):
        name = name.replace(f"heads.{index}.", f"head{stride}.")
    return name


@torch.no_grad()
def warm_start(student: Detector, path: Path, batches: Iterable[Tensor]) -> None:
    known = kernels(path)
    for name, layer in names(student):
        weight, bias = known[f"{name}.weight"], known[f"{name}.bias"]
        if isinstance(layer, nn.Conv2d):
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
            continue
        if layer.skip:
            channels = torch.arange(weight.shape[0])
            weight[channels, channels, weight.shape[-1] // 2, weight.shape[-1] // 2] -= 1.0
        layer.conv.weight.copy_(weight * (255.0 if layer is student.stem else 1.0))
        layer.norm.running_mean.zero_()
        layer.norm.running_var.fill_(1.0 - layer.norm.eps)
        layer.norm.weight.fill_(1.0)
        layer.norm.bias.copy_(bias)
    _rebuild_norms(student, batches)


def _rebuild_norms(student: Detector, batches: Iterable[Tensor]) -> None:
    sums: dict[Conv, list[Tensor]] = {}

    def watch(conv: Conv) -> None:
        def hook(_module: nn.Module, _inputs: object, out: Tensor) -> None:
            flat = out.transpose(0, 1).flatten(1).double()
            new = [flat.sum(1), flat.pow(2).sum(1), torch.tensor(float(flat.shape[1]))]
            sums[conv] = [a + b for a, b in zip(sums[conv], new, strict=True)] if conv in sums else new

        hooks.append(conv.conv.register_forward_hook(hook))

    hooks: list = []
    convs = [m for m in student.modules() if isinstance(m, Conv)]
    for conv in convs:
        watch(conv)
    student.eval()
    for image in batches:
        student(image)
    for hook in hooks:
        hook.remove()
    student.train()
    for conv in convs:
        total, squares, count = sums[conv]
        mean, spread = (total / count).float(), (squares / count - (total / count) ** 2).clamp(min=0).float()
        conv.norm.running_mean.copy_(mean)
        conv.norm.running_var.copy_(spread)
        conv.norm.weight.copy_(torch.sqrt(spread + conv.norm.eps))
        conv.norm.bias.add_(mean)
