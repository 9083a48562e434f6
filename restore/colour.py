"""Keep a restored photo's colours and brightness where the photo's are.

Blur moves light by some pixels at most, so what is slower than that was right in the photo already: a network's
change to it is drift of colour or brightness, never sharpness.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

CELL = 8  # px; low frequencies are measured on means over cells of this side
SIGMA_CELLS = 2.0  # so the border between low and high lies near a Gaussian of 16 px
REACH_CELLS = 6


def follow_low_frequencies(restored: Tensor, photo: Tensor) -> Tensor:
    """Give `restored` the low frequencies of `photo`; both float (B, C, H, W) of one size, any range.

    Fine detail stays as restored. A constant or slowly varying shift is taken out exactly or nearly so.
    """
    height, width = photo.shape[-2:]
    drift = F.avg_pool2d(restored - photo, CELL, ceil_mode=True, count_include_pad=False)
    drift = _smooth(_smooth(drift).transpose(-1, -2)).transpose(-1, -2)
    drift = F.interpolate(drift, scale_factor=CELL, mode="bilinear", align_corners=False)
    return restored - drift[..., :height, :width]


def _smooth(cells: Tensor) -> Tensor:
    """A Gaussian along the last axis; beyond the border the border's values go on."""
    offset = torch.arange(-REACH_CELLS, REACH_CELLS + 1, dtype=cells.dtype, device=cells.device)
    weights = torch.exp(-0.5 * (offset / SIGMA_CELLS) ** 2)
    weights = (weights / weights.sum()).expand(cells.shape[1], 1, 1, -1)
    padded = F.pad(cells, (REACH_CELLS, REACH_CELLS, 0, 0), mode="replicate")
    return F.conv2d(padded, weights, groups=cells.shape[1])
