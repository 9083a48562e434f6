"""Spoil sharp photos as a phone would: blur in linear light, glare, enlarging, noise, JPEG; all on the tensor's device.

Images are float (B, 3, H, W) in [0, 1]. Randomness comes from a generator on the CPU, so that a seed gives the same
on every device.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from restore.kernels import SIDE, kernel_bank

MARGIN = SIDE // 2  # px of a sharp crop on each side that blur reaches in from, and that are cut off in the end
GAMMA = 2.2
LARGEST_SOFTNESS = 1.0  # px, sigma


@dataclass(frozen=True)
class Degradation:
    """How badly photos are spoiled; shares are of all samples (or batches, where it says so), 0 to 1."""

    longest_shake: float = 30  # px
    largest_defocus: float = 4  # px of radius
    glare: float = 0.2  # share with lights brighter than white, which leave streaks
    second_motion: float = 0.45  # share of batches where part of the frame moves otherwise
    enlarged: float = 0.1  # share of batches blown up from a smaller picture
    noise: float = 0.004  # largest variance of shot noise at white, and standard deviation of read noise
    clean: float = 0.5  # share without noise, as frames of a video are
    jpeg: float = 0.3  # share saved as JPEG
    averaged: float = 0.5  # share of batches blurred in the photo's own levels, as averaged video frames are
    soft: float = 0.5  # share whose sharp side is a little soft itself, as most cameras' pictures are
    untouched: float = 0.03  # share left sharp, so that sharp photos are let alone
    kernels: int = 4000

    def __post_init__(self) -> None:
        shares = (
            self.glare,
            self.second_motion,
            self.enlarged,
            self.clean,
            self.jpeg,
            self.averaged,
            self.soft,
            self.untouched,
        )
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"{self}: every share must lie between 0 and 1")
        if not 1 <= self.longest_shake <= 2 * SIDE or not 0.5 <= self.largest_defocus <= MARGIN or self.kernels < 1:
            raise ValueError(f"{self}: choose a shake of 1 to {2 * SIDE} px, a defocus of 0.5 to {MARGIN} px, a kernel")


class Degrader:
    """Spoils batches of sharp crops with kernels of its own bank."""

    def __init__(self, degradation: Degradation, seed: int, device: torch.device) -> None:
        self.degradation = degradation
        bank = kernel_bank(degradation.kernels, seed, degradation.longest_shake, degradation.largest_defocus)
        self._bank = torch.from_numpy(bank).to(device)  # (kernels, SIDE, SIDE)
        self._generator = torch.Generator().manual_seed(seed)

    def spoil(self, sharp: Tensor) -> tuple[Tensor, Tensor]:
        """Give the blurred and the sharp picture, both (B, 3, H - 2 MARGIN, W - 2 MARGIN), of crops (B, 3, H, W).

        The sides that come out must be multiples of 16, for JPEG's blocks and for enlarging.
        """
        options = self.degradation
        sharp = torch.where(
            self._some(sharp, options.soft), softened(sharp, self._uniform(sharp) * LARGEST_SOFTNESS), sharp
        )
        gamma = 1.0 if self._chance(options.averaged) else GAMMA
        linear = sharp.clamp(0, 1) ** gamma
        glare = self._some(sharp, options.glare) * self._uniform(sharp) * 4
        linear = linear * (1 + glare * (linear.amax(1, keepdim=True) > 0.92))
        blurred = convolved(linear, self._kernels(sharp))
        if self._chance(options.second_motion):
            blurred = blurred + self._region(sharp) * (convolved(linear, self._kernels(sharp)) - blurred)
        blurred, sharp = (x[..., MARGIN:-MARGIN, MARGIN:-MARGIN] for x in (blurred, sharp))
        blurred = blurred.clamp(0, 1)
        if self._chance(options.enlarged):
            factor = (2, 2, 4)[int(torch.randint(3, (1,), generator=self._generator))]
            small = F.avg_pool2d(blurred, factor)
            blurred = F.interpolate(small, scale_factor=factor, mode="bicubic", align_corners=False).clamp(0, 1)
        shot, read = (self._uniform(sharp) * options.noise for _ in range(2))
        noise = self._normal(blurred) * (shot * blurred + read * read).sqrt()
        blurred = blurred + noise * ~self._some(sharp, options.clean)
        blurred = blurred.clamp(0, 1) ** (1 / gamma)
        blurred = torch.where(self._some(sharp, options.untouched), sharp, blurred)
        compressed = jpeg(blurred, self._uniform(sharp).flatten() * 35 + 62)
        blurred = torch.where(self._some(sharp, options.jpeg), compressed, blurred)
        return (blurred * 255).round() / 255, sharp

    def _uniform(self, like: Tensor) -> Tensor:
        """A number in [0, 1) a sample, (B, 1, 1, 1)."""
        return torch.rand(len(like), 1, 1, 1, generator=self._generator).to(like.device)

    def _normal(self, like: Tensor) -> Tensor:
        if like.is_cuda:  # the one thing too large to make on the CPU and carry over
            return torch.randn_like(like)
        return torch.randn(like.shape, generator=self._generator)

    def _some(self, like: Tensor, share: float) -> Tensor:
        return self._uniform(like) < share

    def _chance(self, share: float) -> bool:
        return float(torch.rand(1, generator=self._generator)) < share

    def _kernels(self, like: Tensor) -> Tensor:
        return self._bank[torch.randint(len(self._bank), (len(like),), generator=self._generator).to(like.device)]

    def _region(self, like: Tensor) -> Tensor:
        """A soft-edged part of the frame, (B, 1, H, W): an object, or a corner that turned."""
        coarse = torch.randn(len(like), 1, 4, 4, generator=self._generator).to(like.device)
        return torch.sigmoid(8 * F.interpolate(coarse, size=like.shape[-2:], mode="bicubic"))


def convolved(images: Tensor, kernels: Tensor) -> Tensor:
    """Convolve each image (B, C, H, W) with its kernel (B, SIDE, SIDE), the image going on round its borders."""
    height, width = images.shape[-2:]
    spread = F.pad(kernels[:, None], (0, width - SIDE, 0, height - SIDE))
    spread = torch.roll(spread, (-(SIDE // 2), -(SIDE // 2)), (-2, -1))
    product = torch.fft.rfft2(images) * torch.fft.rfft2(spread)
    return cast(Tensor, torch.fft.irfft2(product, s=(height, width)))


def softened(images: Tensor, sigma: Tensor) -> Tensor:
    """A Gaussian blur of each image (B, C, H, W) by its own `sigma` (B, 1, 1, 1), 0 to about 1.3 px."""
    offset = torch.arange(-3.0, 4.0, device=images.device)
    line = torch.exp(-0.5 * (offset / sigma.flatten(1).clamp_min(0.05)) ** 2)  # (B, 7)
    line = (line / line.sum(1, keepdim=True)).repeat_interleave(images.shape[1], 0)[:, None]  # (B * C, 1, 7)
    flat = F.pad(images.flatten(0, 1)[None], (3, 3, 3, 3), mode="replicate")
    flat = F.conv2d(flat, line[:, :, None], groups=line.shape[0])
    return F.conv2d(flat, line[..., None], groups=line.shape[0]).view_as(images)


# The luminance quantisation table of the JPEG standard, annex K
_LUMA_STEPS = (
    (16, 11, 10, 16, 24, 40, 51, 61), (12, 12, 14, 19, 26, 58, 60, 55),
    (14, 13, 16, 24, 40, 57, 69, 56), (14, 17, 22, 29, 51, 87, 80, 62),
    (18, 22, 37, 56, 68, 109, 103, 77), (24, 35, 55, 64, 81, 104, 113, 92),
    (49, 64, 78, 87, 103, 121, 120, 101), (72, 92, 95, 98, 112, 100, 103, 99),
)  # fmt: skip
_CHROMA_FACTOR = 1.4  # chroma's own table, roughly
_TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


@lru_cache
def _jpeg_tables(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """The cosine transform of 8 samples, the quantisation steps of three channels, and RGB to YCbCr."""
    i, j = torch.arange(8.0)[:, None], torch.arange(8.0)[None]
    cosine = torch.cos((2 * j + 1) * i * math.pi / 16) * math.sqrt(2 / 8)
    cosine[0] /= math.sqrt(2)
    luma = torch.tensor(_LUMA_STEPS, dtype=torch.float32)
    steps = torch.stack([luma, luma * _CHROMA_FACTOR, luma * _CHROMA_FACTOR])
    return cosine.to(device), steps.to(device), torch.tensor(_TO_YCC).to(device)


def jpeg(images: Tensor, quality: Tensor) -> Tensor:
    """Quantise blocks of 8x8 as JPEG does; images (B, 3, H, W), sides multiples of 8, quality (B,) 1 to 100."""
    cosine, steps, to_ycc = _jpeg_tables(images.device)
    batch, channels, height, width = images.shape
    ycc = torch.einsum("ij,bjhw->bihw", to_ycc, images * 255)
    blocks = ycc.view(batch, channels, height // 8, 8, width // 8, 8).permute(0, 1, 2, 4, 3, 5)
    coefficients = cosine @ blocks @ cosine.T
    scale = torch.where(quality < 50, 5000 / quality, 200 - 2 * quality) / 100
    quantised = (steps[None] * scale.view(-1, 1, 1, 1)).clamp(1, 255)[:, :, None, None]  # (B, 3, 1, 1, 8, 8)
    blocks = cosine.T @ (torch.round(coefficients / quantised) * quantised) @ cosine
    ycc = blocks.permute(0, 1, 2, 4, 3, 5).reshape(images.shape)
    return (torch.einsum("ij,bjhw->bihw", torch.linalg.inv(to_ycc), ycc) / 255).clamp(0, 1)
