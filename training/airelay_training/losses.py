"""What the student is told: labels, the teacher's dense answers, and the teacher's inner maps.

Each part is one function that returns a scalar; `total` weighs them. No state except the small adapters that bring
the student's maps to the teacher's channel counts (`Adapters`), which are not exported.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from .assign import Assigned


@dataclass(frozen=True)
class Weights:
    cls: float = 1.0
    box: float = 2.0
    dense_cls: float = 0.5
    dense_box: float = 1.0
    maps: float = 3.0

    @property
    def teaches(self) -> bool:
        return self.dense_cls + self.dense_box + self.maps > 0

    def taught(self, share: float) -> "Weights":
        """The same with a part of the teacher's dense signal."""
        return replace(self, dense_cls=self.dense_cls * share, dense_box=self.dense_box * share, maps=self.maps * share)


def giou_loss(a: Tensor, b: Tensor) -> Tensor:
    """1 - generalised IoU of matching boxes [..., 4]."""
    inter = (torch.minimum(a[..., 2:], b[..., 2:]) - torch.maximum(a[..., :2], b[..., :2])).clamp(min=0).prod(-1)
    size_a, size_b = ((x[..., 2:] - x[..., :2]).clamp(min=0).prod(-1) for x in (a, b))
    union = (size_a + size_b - inter).clamp(min=1e-6)
    hull = (torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])).prod(-1).clamp(min=1e-6)
    return 1 - inter / union + (hull - union) / hull


def label_losses(boxes: Tensor, logits: Tensor, target: Assigned) -> tuple[Tensor, Tensor]:
    """Soft binary cross entropy per class, and GIoU of the learning cells; both per unit of target."""
    strength = target.weights.sum().clamp(min=1.0)
    entropy = functional.binary_cross_entropy_with_logits(logits, target.scores, reduction="none")
    sure = torch.where(target.scores.amax(-1) > 0, target.weights / target.scores.amax(-1).clamp(min=1e-6), 1.0)
    cls = (entropy * target.counted * sure[..., None]).sum() / strength
    box = (giou_loss(boxes, target.boxes) * target.weights).sum() / strength  # no picking: that waits for the device
    return cls, box


def dense_losses(boxes: Tensor, logits: Tensor, t_scores: Tensor, t_boxes: Tensor) -> tuple[Tensor, Tensor]:
    """The same cell's score and box as the teacher's; cells where both agree count little."""
    strength = t_scores.sum().clamp(min=1.0)
    gap = (t_scores - logits.detach().sigmoid()).abs()
    cls = (functional.binary_cross_entropy_with_logits(logits, t_scores, reduction="none") * gap).sum() / strength
    belief = t_scores.amax(-1)
    learn = torch.where(belief > 0.1, belief, 0.0)
    box = (giou_loss(boxes, t_boxes) * learn).sum() / learn.sum().clamp(min=1.0)
    return cls, box


class Adapters(nn.Module):
    def __init__(self, student: dict[str, int], teacher: dict[str, int]) -> None:
        super().__init__()
        self.convs = nn.ModuleDict({k: nn.Conv2d(student[k], c, 1) for k, c in teacher.items()})

    def loss(self, student: dict[str, Tensor], teacher: dict[str, Tensor]) -> Tensor:
        """1 - correlation of each channel over the batch, averaged over channels and maps."""
        parts = []
        for name, conv in self.convs.items():
            a, b = (x.transpose(0, 1).flatten(1).float() for x in (conv(student[name].float()), teacher[name]))
            a, b = a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True)
            spread = b.pow(2).mean(1)
            r = (a * b).mean(1) / (a.pow(2).mean(1) * spread + 1e-6).sqrt()
            alive = (spread > 1e-4).float()
            parts.append(((1 - r) * alive).sum() / alive.sum().clamp(min=1.0))
        return torch.stack(parts).mean()


def total(parts: dict[str, Tensor], weights: Weights) -> Tensor:
    return sum(getattr(weights, name) * value for name, value in parts.items())
