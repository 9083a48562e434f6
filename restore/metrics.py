"""How close a restored photo is to the sharp one, and how sharp a photo is by itself."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

STRIP_ROWS = 256


def psnr(restored: Tensor, sharp: Tensor) -> float:
    """Measure how close a restored image is to the sharp one, in dB; higher is better.

    restored, sharp: float (..., C, H, W), values in [0, 1], neither clipped nor rounded here.
    Returns 10 * log10(1 / mean squared error), `inf` for equal images.
    Raises ValueError when the shapes differ.
    Source: test.py of kky7/MSSNet, which averages this value over the test images.
    """
    _refuse_different_shapes(restored, sharp)
    error = float(((restored.double() - sharp.double()) ** 2).mean())
    return 10 * math.log10(1 / error) if error > 0 else math.inf


def ssim(restored: Tensor, sharp: Tensor) -> float:
    """Measure the structural similarity of two images, mean over pixels and channels; 1 for equal images.

    restored, sharp: float (C, H, W) or (B, C, H, W), values in [0, 1], sides of 11 px at least.
    Raises ValueError when the shapes differ or are too small.
    Source: Wang, Bovik, Sheikh, Simoncelli, *Image quality assessment*, IEEE TIP 2004: Gaussian window of
    11 px and sigma 1.5, K1 0.01, K2 0.03; windows that would leave the image are left out.
    """
    _refuse_different_shapes(restored, sharp)
    if min(sharp.shape[-2:]) < 11:
        raise ValueError(f"SSIM needs sides of 11 px at least, not {tuple(sharp.shape[-2:])}")
    x, y = (image.double().reshape(-1, 1, *image.shape[-2:]) for image in (restored, sharp))
    offset = torch.arange(11, dtype=torch.float64) - 5
    weights = torch.exp(-(offset**2) / (2 * 1.5**2))
    weights = (weights / weights.sum()).to(x.device)

    def mean(image: Tensor) -> Tensor:
        return F.conv2d(F.conv2d(image, weights.view(1, 1, 1, 11)), weights.view(1, 1, 11, 1))

    mean_x, mean_y = mean(x), mean(y)
    variance_x, variance_y = mean(x * x) - mean_x**2, mean(y * y) - mean_y**2
    covariance = mean(x * y) - mean_x * mean_y
    c1, c2 = 0.01**2, 0.03**2
    similarity = ((2 * mean_x * mean_y + c1) * (2 * covariance + c2)) / (
        (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    )
    return float(similarity.mean())


def _refuse_different_shapes(restored: Tensor, sharp: Tensor) -> None:
    if restored.shape != sharp.shape:
        raise ValueError(f"cannot compare images of shapes {tuple(restored.shape)} and {tuple(sharp.shape)}")


def sharpness(image: Image.Image) -> float:
    """How much fine detail an image shows: the variance of its Laplacian, in squared grey levels of 256.

    It tells a photo from its own restoration; two photos of different things cannot be compared by it.
    Images with a side under 3 px have none. Works in strips, so that a large photo needs no second copy.
    """
    count, total, squares = 0, 0.0, 0.0
    for top in range(0, image.height - 2, STRIP_ROWS):
        strip = image.crop((0, top, image.width, min(top + STRIP_ROWS + 2, image.height)))
        grey = _grey(strip)
        if min(grey.shape) < 3:
            return 0.0
        laplacian = (grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * grey[1:-1, 1:-1]).astype(
            np.float64
        )
        count += laplacian.size
        total += float(laplacian.sum())
        squares += float((laplacian**2).sum())
    return squares / count - (total / count) ** 2 if count else 0.0


def _grey(image: Image.Image) -> NDArray[np.float32]:
    """Brightness as float32 (H, W) in [0, 255]."""
    if image.mode == "I;16":
        return np.asarray(image).astype(np.float32) / np.float32(257)
    return np.asarray(image.convert("L")).astype(np.float32)
