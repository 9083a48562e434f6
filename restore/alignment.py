"""Bring a photo and its sharp counterpart together where a benchmark's two cameras stood or exposed a little differently."""

from dataclasses import dataclass

import torch
from torch import Tensor

MOST_SHIFT = 24  # px


@dataclass(frozen=True)
class Alignment:
    """How far `image` must move, and by how much its light must be multiplied, to lie on the sharp photo."""

    down: int  # px
    right: int  # px
    gain: float


def align(image: Tensor, sharp: Tensor) -> Alignment:
    """Fit whole pixels of shift, at most 24, and one gain; float (3, H, W), sides over 100 px.

    The shift is the peak of the cross-correlation; the gain has the least squared error at that shift.
    """
    x, y = (part.mean(0) - part.mean() for part in (image, sharp))
    correlation = torch.fft.irfft2(torch.fft.rfft2(y) * torch.fft.rfft2(x).conj(), s=x.shape)
    near = torch.full_like(correlation, -torch.inf)
    for rows in (slice(0, MOST_SHIFT + 1), slice(-MOST_SHIFT, None)):
        for columns in (slice(0, MOST_SHIFT + 1), slice(-MOST_SHIFT, None)):
            near[rows, columns] = correlation[rows, columns]
    peak = int(near.argmax())
    down, right = divmod(peak, x.shape[1])
    down = down - x.shape[0] if down > MOST_SHIFT else down
    right = right - x.shape[1] if right > MOST_SHIFT else right
    moved, fixed = common_part(image, sharp, Alignment(down, right, 1.0))
    return Alignment(down, right, float((moved * fixed).sum() / (moved * moved).sum()))


def common_part(image: Tensor, sharp: Tensor, alignment: Alignment) -> tuple[Tensor, Tensor]:
    """Both cut to where they overlap once `image` is moved and its gain applied, less the largest shift as a border."""
    moved = torch.roll(image, (alignment.down, alignment.right), (1, 2)) * alignment.gain
    inner = slice(MOST_SHIFT, -MOST_SHIFT)
    return moved[:, inner, inner], sharp[:, inner, inner]
