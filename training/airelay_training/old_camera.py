"""What an old network camera does to a picture, for a whole batch on the accelerator; the tensor form of
`augment.degrade`: colour, grey infrared, haze, low light with noise, rain, blur, over-sharpening, JPEG.

In:  [batch, 3, height, width] float 0..255, sides multiples of 16. Out: the same shape, whole numbers 0..255.
Each effect falls on its own random share of the pictures.
"""

import torch
from torch import Tensor
from torch.nn import functional

KERNEL = 7
# Quantisation tables of the JPEG standard, ITU-T T.81, tables K.1 and K.2.
LUMA_TABLE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
    87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
    72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
CHROMA_TABLE = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
    99, 99, 99, *([99] * 32),
)  # fmt: skip
# JFIF: Y, Cb, Cr from RGB.
TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))
TO_RGB = ((1.0, 0.0, 1.402), (1.0, -0.344136, -0.714136), (1.0, 1.772, 0.0))


def degrade(clean: Tensor) -> Tensor:
    image = _colour(clean)
    image = _some(image, 0.10, _haze)
    image = _some(image, 0.15, _low_light)
    image = _some(image, 0.05, _rain)
    image = image.clamp(0, 255)
    image = _some(image, 0.35, _optics)
    image = _some(image, 0.12, lambda x: x + torch.randn_like(x) * _uniform(x, 2, 8))
    image = image.clamp(0, 255).round()
    return _some(image, 0.35, jpeg).clamp(0, 255).round()


def _uniform(like: Tensor, low: float, high: float, channels: int = 1) -> Tensor:
    return torch.rand(len(like), channels, 1, 1, device=like.device) * (high - low) + low


def _chance(like: Tensor, share: float) -> Tensor:
    return torch.rand(len(like), 1, 1, 1, device=like.device) < share


def _some(image: Tensor, share: float, effect) -> Tensor:  # noqa: ANN001 - Tensor -> Tensor
    """The effect on a random share of the batch; the number of pictures is fixed, which ones is not."""
    count = round(len(image) * share)
    if count == 0:
        return image
    chosen = torch.randperm(len(image), device=image.device)[:count]
    return image.index_copy(0, chosen, effect(image[chosen]))


def _colour(image: Tensor) -> Tensor:
    grey = (image * torch.tensor(TO_YCC[0], device=image.device).view(1, 3, 1, 1)).sum(1, keepdim=True)
    infrared = _chance(image, 0.15)
    saturation = torch.where(infrared, 0.0, _uniform(image, 0.4, 1.5))
    cast = torch.where(_chance(image, 0.5) & ~infrared, _uniform(image, 0.8, 1.2, 3), 1.0)
    image = (grey + (image - grey) * saturation) * cast
    return (image - 128) * _uniform(image, 0.7, 1.3) + 128 + _uniform(image, -25, 25)


def _haze(image: Tensor) -> Tensor:
    amount = _uniform(image, 0.35, 0.8)
    return image * amount + (1 - amount) * _uniform(image, 140, 220)


def _low_light(image: Tensor) -> Tensor:
    dark = 255 * (image.clamp(0, 255) / 255) ** _uniform(image, 1.2, 2.4) * _uniform(image, 0.4, 0.9)
    return dark + torch.randn_like(dark) * _uniform(image, 3, 14)


def _rain(image: Tensor) -> Tensor:
    drops = (torch.rand_like(image[:, :1]) < 0.0015) * 255.0
    tilt = torch.rand(len(image), 1, device=image.device) * 0.8 - 0.4
    rows = torch.arange(9.0, device=image.device) - 4
    columns = (rows[None] * tilt).round()  # [batch, 9]
    streak = (columns[:, :, None] == rows[None, None]).float()
    return image + _filtered(drops, streak) * _uniform(image, 0.2, 0.6)


def _optics(image: Tensor) -> Tensor:
    """Out of focus, moved, or sharpened too much by the camera."""
    steps = torch.arange(float(KERNEL), device=image.device) - KERNEL // 2
    sigma = _uniform(image, 0.4, 1.4).view(-1, 1)
    line = (-(steps[None] ** 2) / (2 * sigma**2)).exp()
    round_kernel = line[:, :, None] * line[:, None, :]
    angle = torch.rand(len(image), 1, 1, device=image.device) * torch.pi
    across = (steps[None, None] * angle.sin() - steps[None, :, None] * angle.cos()).abs()
    along = (steps[None, None] * angle.cos() + steps[None, :, None] * angle.sin()).abs()
    moved = (across < 0.6).float() * (along <= torch.rand_like(angle) * 1.5 + 1.0).float()
    kind = torch.rand_like(angle)
    blur = torch.where(kind < 0.25, moved, round_kernel)
    blur = blur / blur.sum((1, 2), keepdim=True)
    point = torch.zeros(KERNEL, KERNEL, device=image.device)
    point[KERNEL // 2, KERNEL // 2] = 1
    amount = torch.rand_like(angle) * 1.2 + 0.2
    return _filtered(image, torch.where(kind > 0.55, point + (point - blur) * amount, blur))


def _filtered(image: Tensor, kernels: Tensor) -> Tensor:
    """Each picture with a kernel of its own [batch, k, k]."""
    batch, channels, height, width = image.shape
    k = kernels.shape[-1]
    flat = functional.pad(image, [k // 2] * 4, mode="replicate").view(1, batch * channels, height + k - 1, -1)
    weight = kernels.repeat_interleave(channels, 0)[:, None]
    return functional.conv2d(flat, weight, groups=batch * channels).view(batch, channels, height, width)


def jpeg(image: Tensor) -> Tensor:
    """Compressed and decompressed with a random quality of 15 to 75, colour at half resolution."""
    ycc = torch.einsum("cd,bdhw->bchw", torch.tensor(TO_YCC, device=image.device), image)
    quality = _uniform(image, 15, 75)
    scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)[..., None, None]  # as libjpeg's quality
    luma = _blockwise(ycc[:, :1] - 128, LUMA_TABLE, scale) + 128
    chroma = _blockwise(functional.avg_pool2d(ycc[:, 1:], 2), CHROMA_TABLE, scale)
    chroma = functional.interpolate(chroma, scale_factor=2.0, mode="nearest")
    to_rgb = torch.tensor(TO_RGB, device=image.device)
    return torch.einsum("cd,bdhw->bchw", to_rgb, torch.cat((luma, chroma), 1))


def _blockwise(plane: Tensor, table: tuple[int, ...], scale: Tensor) -> Tensor:
    batch, channels, height, width = plane.shape
    k = torch.arange(8.0, device=plane.device)
    dct = torch.cos((2 * k[None] + 1) * k[:, None] * torch.pi / 16) * 0.5
    dct[0] *= 0.5**0.5
    blocks = plane.reshape(batch, channels, height // 8, 8, width // 8, 8).transpose(3, 4)
    steps = (torch.tensor(table, device=plane.device, dtype=torch.float32).view(8, 8) * scale).clamp(min=1).round()
    coefficients = ((dct @ blocks @ dct.T) / steps).round() * steps
    return (dct.T @ coefficients @ dct).transpose(3, 4).reshape(batch, channels, height, width)
