"""Muon for kernels, AdamW for the rest.

Muon replaces the momentum of a kernel, seen as a matrix [out, in * k * k], by the nearest matrix with equal singular
values (five Newton-Schulz steps), so that no direction of the kernel is starved. After Jordan et al., 2024; the scale
0.2 * sqrt(larger side) makes one learning rate fit both optimisers (Liu et al., 2025).
"""

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
STEPS = 5


def orthogonal(update: Tensor) -> Tensor:
    x = update / (update.norm() + 1e-7)
    wide = x.shape[0] <= x.shape[1]
    x = x if wide else x.T
    a, b, c = COEFFICIENTS
    for _ in range(STEPS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x if wide else x.T


class Muon(torch.optim.Optimizer):
    def __init__(self, params: list[Tensor], lr: float, momentum: float = 0.95, weight_decay: float = 0.05) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                buffer = self.state[p].setdefault("momentum", torch.zeros_like(p))
                buffer.lerp_(p.grad, 1 - group["momentum"])
                look_ahead = p.grad.lerp(buffer, group["momentum"]).flatten(1)
                update = orthogonal(look_ahead)
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(update.view_as(p), alpha=-group["lr"] * 0.2 * max(update.shape) ** 0.5)


def make(modules: list[nn.Module], lr: float) -> list[torch.optim.Optimizer]:
    kernels, others = [], []
    for module in modules:
        for p in module.parameters():
            (kernels if p.ndim == 4 and p.shape[0] >= 16 and p[0].numel() >= 16 else others).append(p)
    decayed = [p for p in others if p.ndim > 1]
    plain = [p for p in others if p.ndim <= 1]
    adam = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}], lr=lr, betas=(0.9, 0.99)
    )
    return [Muon(kernels, lr), adam]
