"""The student: plain convolutions and ReLU, no anchors, three strides.

In:  [batch, 3, height, width] float32 RGB 0..255, sides multiples of 32.
Out: per stride 8, 16, 32 a map [batch, 6 + 4, h, w]: class logits, then the box: centre offset x, y from the cell
     centre and log width, log height, all in strides. `decode` turns the maps into boxes in pixels and logits.

Why plain: depthwise convolutions and SiLU keep an int8 CPU kernel waiting for memory; dense 3x3 convolutions with
ReLU run about twice as fast in int8 as in fp32. The identity beside a 3x3 convolution is a training-time branch
(`Conv(skip=True)`): it is folded into the kernel at export and costs nothing.

Not here: assignment and losses (`assign`, `losses`), the exported graph (`export`).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from . import CLASSES

STRIDES = (8, 16, 32)
MAX_LOG_SIZE = 5.0  # 148 strides: more than any picture


@dataclass(frozen=True)
class Size:
    """Widths and 3x3 blocks per stage (strides 4, 8, 16, 32), neck and head width."""

    widths: tuple[int, int, int, int] = (32, 64, 128, 256)
    depths: tuple[int, int, int, int] = (1, 3, 3, 2)
    neck: int = 64
    head: int = 64


SIZES = {
    "n": Size(),
    "tiny": Size(widths=(8, 16, 24, 32), depths=(1, 1, 1, 1), neck=16, head=16),  # for tests
}


class Conv(nn.Module):
    """Convolution, batch norm, ReLU; with `skip` the input is added before the ReLU."""

    def __init__(self, c_in: int, c_out: int, kernel: int = 3, stride: int = 1, skip: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(c_in, c_out, kernel, stride, padding(kernel, stride), bias=False)
        self.norm = nn.BatchNorm2d(c_out, eps=1e-3, momentum=0.03)
        self.skip = skip and c_in == c_out and stride == 1
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(self.conv(x))
        return self.act(y + x if self.skip else y)


def padding(kernel: int, stride: int) -> int:
    """Keeps output cell (x, y) centred on input pixels stride * (x + 0.5)."""
    return kernel // 2 if kernel % 2 else (kernel - stride) // 2


def stage(c_in: int, c_out: int, depth: int) -> nn.Sequential:
    return nn.Sequential(Conv(c_in, c_out, stride=2), *(Conv(c_out, c_out, skip=True) for _ in range(depth)))


class Head(nn.Module):
    """One level's two short towers: what it is, and where its sides are."""

    def __init__(self, c_in: int, width: int) -> None:
        super().__init__()
        self.cls_tower = Conv(c_in, width, skip=True)
        self.box_tower = Conv(c_in, width, skip=True)
        self.cls = nn.Conv2d(width, len(CLASSES), 1)
        self.box = nn.Conv2d(width, 4, 1)
        nn.init.normal_(self.cls.weight, std=0.01)
        nn.init.constant_(self.cls.bias, -4.6)  # 1 % prior
        nn.init.normal_(self.box.weight, std=0.01)
        with torch.no_grad():
            self.box.bias.copy_(torch.tensor([0.0, 0.0, 1.2, 1.2]))  # at first about three strides wide

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((self.cls(self.cls_tower(x)), self.box(self.box_tower(x))), 1)


class Detector(nn.Module):
    def __init__(self, size: str = "n") -> None:
        super().__init__()
        self.size = size
        s = SIZES[size]
        w = s.widths
        # One 6x6 step to stride 4: the usual 3x3 layers at stride 2 took a third of all int8 milliseconds.
        self.stem = Conv(3, w[0], kernel=6, stride=4)
        self.stage4 = nn.Sequential(*(Conv(w[0], w[0], skip=True) for _ in range(s.depths[0])))
        self.stage8 = stage(w[0], w[1], s.depths[1])
        self.stage16 = stage(w[1], w[2], s.depths[2])
        self.stage32 = stage(w[2], w[3], s.depths[3])
        self.context = nn.MaxPool2d(5, 1, 2)  # a wider view on the coarsest map
        self.lateral32 = Conv(2 * w[3], s.neck, 1)
        self.lateral16 = Conv(w[2], s.neck, 1)
        self.lateral8 = Conv(w[1], s.neck, 1)
        self.down16 = Conv(s.neck, s.neck)
        self.down8 = Conv(s.neck, s.neck)
        self.up16 = Conv(s.neck, s.neck, stride=2)
        self.out16 = Conv(s.neck, s.neck)
        self.up32 = Conv(s.neck, s.neck, stride=2)
        self.out32 = Conv(s.neck, s.neck)
        self.heads = nn.ModuleList(Head(s.neck, s.head) for _ in STRIDES)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and module.bias is None:
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x: Tensor) -> dict[str, Tensor]:
        """All maps that the heads or a teacher look at, by name."""
        c8 = self.stage8(self.stage4(self.stem(x / 255.0)))
        c16 = self.stage16(c8)
        c32 = self.stage32(c16)
        t32 = self.lateral32(torch.cat((c32, self.context(c32)), 1))
        t16 = self.down16(self.lateral16(c16) + upsample(t32))
        p8 = self.down8(self.lateral8(c8) + upsample(t16))
        p16 = self.out16(t16 + self.up16(p8))
        p32 = self.out32(t32 + self.up32(p16))
        return {"c8": c8, "c16": c16, "c32": c32, "p8": p8, "p16": p16, "p32": p32}

    def heads_of(self, maps: dict[str, Tensor]) -> list[Tensor]:
        return [head(maps[f"p{stride}"]) for head, stride in zip(self.heads, STRIDES, strict=True)]

    def forward(self, x: Tensor) -> list[Tensor]:
        return self.heads_of(self.features(x))


def upsample(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")


def anchor_points(maps: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Cell centres in pixels [n, 2] and their strides [n, 1], in the order of `flatten`."""
    points, strides = [], []
    for level, stride in zip(maps, STRIDES, strict=True):
        height, width = level.shape[-2:]
        y = torch.arange(height, device=level.device, dtype=torch.float32) + 0.5
        x = torch.arange(width, device=level.device, dtype=torch.float32) + 0.5
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1).reshape(-1, 2)
        points.append(grid * stride)
        strides.append(torch.full((grid.shape[0], 1), float(stride), device=level.device))
    return torch.cat(points), torch.cat(strides)


def flatten(maps: list[Tensor]) -> Tensor:
    """[batch, n, 6 + 4]"""
    return torch.cat([m.flatten(2) for m in maps], 2).transpose(1, 2)


def decode(maps: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Boxes [batch, n, 4] in pixels (x1 y1 x2 y2) and class logits [batch, n, 6]."""
    points, strides = anchor_points(maps)
    flat = flatten(maps).float()
    logits, offset, log_size = flat.split((len(CLASSES), 2, 2), -1)
    centre = points + offset * strides
    half = log_size.clamp(max=MAX_LOG_SIZE).exp() * (strides / 2)
    return torch.cat((centre - half, centre + half), -1), logits
