"""Kernels of blur as a hand-held camera makes it: shaken paths, defocus, and the softness of a lens.

Pure numpy on the CPU; a bank of kernels is made once, then used on any device. A kernel is (SIDE, SIDE), sums to 1.
"""

import numpy as np
from numpy.typing import NDArray

SIDE = 65  # px, odd
STEPS = 96  # points of a path
SHORT_EXPOSURES = 0.4  # share of the shaken

Kernel = NDArray[np.float64]


def shake_kernel(rng: np.random.Generator, longest: float) -> Kernel:
    """The path of a shaken camera, 1 to `longest` px long.

    In a short exposure, as between the frames of a video, it goes nearly straight at an even speed; in a long one it
    curves, hurries, dwells, and sometimes jerks.
    """
    length = rng.uniform(1, longest) if rng.random() < 0.7 else rng.uniform(1, min(longest, 12))
    wildness = 0.0 if rng.random() < SHORT_EXPOSURES else 1.0
    bend = rng.normal(0, 0.5 + wildness) / STEPS + wildness * rng.normal(0, rng.uniform(0, 0.5) * 0.25, STEPS)
    jerks = rng.random(STEPS) < 0.006 * wildness
    bend[jerks] += rng.uniform(2, 4, int(jerks.sum()))
    speed = np.exp((0.2 + 0.8 * wildness) * np.cumsum(rng.normal(0, 0.5, STEPS)) / 12)
    moves = speed * np.exp(1j * (rng.uniform(0, 2 * np.pi) + np.cumsum(bend)))
    path = np.concatenate([[0], np.cumsum(moves)]) * length / speed.sum()
    return drawn(path - path.mean())


def drawn(path: NDArray[np.complex128]) -> Kernel:
    """Draw a path of complex points, in px from the middle, sharing each among the four pixels that it touches."""
    kernel = np.zeros((SIDE, SIDE))
    x, y = (np.clip(part + SIDE // 2, 0, SIDE - 1.001) for part in (path.real, path.imag))
    left, top = x.astype(int), y.astype(int)
    for right in (0, 1):
        for below in (0, 1):
            share = np.abs(1 - right - (x - left)) * np.abs(1 - below - (y - top))
            np.add.at(kernel, (top + below, left + right), share)
    return np.asarray(kernel / kernel.sum())


def defocus_kernel(rng: np.random.Generator, largest_radius: float) -> Kernel:
    """A disc with a soft rim, as a lens out of focus draws a point."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    kernel = 1 / (1 + np.exp((np.hypot(x, y) - rng.uniform(0.5, largest_radius)) * 3))
    return np.asarray(kernel / kernel.sum())


def lens_kernel(rng: np.random.Generator) -> Kernel:
    """A Gaussian, longer in one direction than in the other."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE // 2
    angle = rng.uniform(0, np.pi)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kernel = np.exp(-((along / rng.uniform(0.4, 3)) ** 2 + (across / rng.uniform(0.4, 3)) ** 2) / 2)
    return np.asarray(kernel / kernel.sum())


def kernel_bank(count: int, seed: int, longest_shake: float, largest_defocus: float) -> NDArray[np.float32]:
    """`count` kernels, (count, SIDE, SIDE): four of five shaken, the others defocused or soft."""
    rng = np.random.default_rng(seed)
    kernels = []
    for _ in range(count):
        kind = rng.random()
        if kind < 0.82:
            kernels.append(shake_kernel(rng, longest_shake))
        elif kind < 0.93:
            kernels.append(defocus_kernel(rng, largest_defocus))
        else:
            kernels.append(lens_kernel(rng))
    return np.stack(kernels).astype(np.float32)
