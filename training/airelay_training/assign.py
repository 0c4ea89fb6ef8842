"""Which cells learn which object: task-aligned assignment, for a whole batch at once.

In:  predictions of the moment, padded targets. Out: per cell the soft class target, the box to learn and its weight.

A cell may learn an object when its centre lies in the box (or, at stride 8, close to the box centre, so that tiny
objects have a cell at all). Of these the TOP_K cells with the highest score^ALPHA * IoU^BETA learn it; the soft target
of the best cell is its IoU. After Feng et al., "TOOD", 2021.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

TOP_K = 10
ALPHA = 0.5
BETA = 6.0
TINY_RADIUS = 0.75  # strides


@dataclass
class Targets:
    boxes: Tensor  # [batch, g, 4] pixels
    classes: Tensor  # [batch, g] int64
    weights: Tensor  # [batch, g]; 0 = padding
    ignore: Tensor  # [batch, m, 4]
    ignore_classes: Tensor  # [batch, m, 6] bool; all False = padding


@dataclass
class Assigned:
    scores: Tensor  # [batch, n, 6] soft targets
    boxes: Tensor  # [batch, n, 4]
    weights: Tensor  # [batch, n] of the box loss; 0 = background
    counted: Tensor  # [batch, n, 6] bool: enters the class loss


def pair_iou(a: Tensor, b: Tensor) -> Tensor:
    """[..., n, 4] and [..., m, 4] -> [..., n, m]"""
    low = torch.maximum(a[..., :, None, :2], b[..., None, :, :2])
    high = torch.minimum(a[..., :, None, 2:], b[..., None, :, 2:])
    inter = (high - low).clamp(min=0).prod(-1)
    return inter / (area(a)[..., :, None] + area(b)[..., None, :] - inter).clamp(min=1e-6)


def area(box: Tensor) -> Tensor:
    return (box[..., 2:] - box[..., :2]).clamp(min=0).prod(-1)


@torch.no_grad()
def assign(points: Tensor, strides: Tensor, boxes: Tensor, logits: Tensor, targets: Targets) -> Assigned:
    batch, n, n_classes = logits.shape
    real = targets.weights > 0  # [batch, g]
    if targets.boxes.shape[1] == 0:
        zeros = logits.new_zeros(batch, n)
        return Assigned(torch.zeros_like(logits), torch.zeros_like(boxes), zeros, _counted(points, targets, zeros > 0))

    overlap = pair_iou(targets.boxes, boxes)  # [batch, g, n]
    index = targets.classes[..., None].expand(-1, -1, n)
    score = logits.sigmoid().transpose(1, 2).gather(1, index)
    metric = score**ALPHA * overlap**BETA * _candidates(points, strides, targets.boxes) * real[..., None]

    top, where = metric.topk(min(TOP_K, n), -1)
    chosen = torch.zeros_like(metric).scatter_(-1, where, (top > 1e-12).float())
    metric = metric * chosen
    owner = (overlap * chosen).argmax(1)  # [batch, n]: of several objects the one that fits best
    mine = torch.zeros_like(metric).scatter_(1, owner[:, None], 1.0) * chosen
    metric = metric * mine
    best_metric = metric.amax(-1, keepdim=True).clamp(min=1e-12)
    best_overlap = (overlap * mine).amax(-1, keepdim=True)
    quality = (metric / best_metric * best_overlap).amax(1)  # [batch, n]

    positive = mine.sum(1) > 0
    gathered = targets.boxes.gather(1, owner[..., None].expand(-1, -1, 4))
    strength = quality * positive * targets.weights.gather(1, owner)
    scores = torch.zeros_like(logits)
    scores.scatter_(2, targets.classes.gather(1, owner)[..., None], (quality * positive)[..., None])
    return Assigned(scores, gathered, strength, _counted(points, targets, positive))


def _candidates(points: Tensor, strides: Tensor, boxes: Tensor) -> Tensor:
    """[batch, g, n] 0 or 1"""
    inside = _inside(points, boxes)
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    reach = torch.where(strides == strides.min(), strides * TINY_RADIUS, 0.0).squeeze(-1)
    near = (points[None, None] - centre[..., None, :]).abs().amax(-1) < reach
    return (inside | near).float()


def _inside(points: Tensor, boxes: Tensor) -> Tensor:
    p = points[None, None]
    return ((p > boxes[..., None, :2]) & (p < boxes[..., None, 2:])).all(-1)


def _counted(points: Tensor, targets: Targets, positive: Tensor) -> Tensor:
    """False for the classes hidden by an ignored region around the cell, unless the cell learns an object."""
    inside = _inside(points, targets.ignore).transpose(1, 2).float()  # [batch, n, m]
    hidden = inside @ targets.ignore_classes.float() > 0
    return ~hidden | positive[..., None]
