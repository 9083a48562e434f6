"""Cut an image into overlapping tiles and blend them again, so that memory depends on the tile, not the photo.

Nothing here knows the network. Sizes are pixels; arrays are float32 (H, W, C).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.float32]
ALIGNMENT = 16  # tiles begin on multiples of it, so that the network's halvings fall where they would in the whole


@dataclass(frozen=True)
class Tiling:
    """How an image is cut: square tiles of at most `tile` px a side, neighbours sharing at least `overlap` px."""

    tile: int = 512
    overlap: int = 96  # half of it is thrown away: there the network sees no further than its tile's border

    def __post_init__(self) -> None:
        if self.tile % ALIGNMENT or self.overlap % (2 * ALIGNMENT) or not 0 <= self.overlap <= self.tile // 2:
            raise ValueError(
                f"cannot cut tiles of {self.tile} px with an overlap of {self.overlap} px: choose a tile that is a "
                f"multiple of {ALIGNMENT} and an overlap that is a multiple of {2 * ALIGNMENT} and at most half the tile"
            )


@dataclass(frozen=True)
class Span:
    """A tile's place along one side of the image: pixels start (inclusive) to stop (exclusive)."""

    start: int
    stop: int


@dataclass(frozen=True)
class Box:
    """A tile's place in the image."""

    rows: Span
    columns: Span


def spans(length: int, tiling: Tiling) -> list[Span]:
    """Cut a side of `length` px into spans of nearly equal length, each sharing `overlap` px with the next."""
    if length <= tiling.tile:
        return [Span(0, length)]
    stride_at_most = tiling.tile - tiling.overlap
    count = -(-(length - tiling.overlap) // stride_at_most)
    stride = -(-(length - tiling.overlap) // count)
    stride = min(stride_at_most, -(-stride // ALIGNMENT) * ALIGNMENT)
    return [
        Span(start, min(start + stride + tiling.overlap, length)) for start in range(0, length - tiling.overlap, stride)
    ]


def boxes(height: int, width: int, tiling: Tiling) -> list[Box]:
    """All tiles of an image, row after row, as `Blender` wants them."""
    columns = spans(width, tiling)
    return [Box(row, column) for row in spans(height, tiling) for column in columns]


def ramp(overlap: int) -> Pixels:
    """Weights of the later of two neighbours over their common pixels: 0, then a slope in the middle half, then 1."""
    position = (np.arange(overlap, dtype=np.float32) + 0.5) / max(overlap, 1)
    return np.clip(2 * position - 0.5, 0, 1).astype(np.float32)


class Blender:
    """Joins tiles that come row after row into finished pixels; at the image's own border nothing is faded.

    It remembers only what the next tiles overlap: a piece of the last tile, and strips of `overlap` rows.
    """

    def __init__(self, height: int, width: int, tiling: Tiling) -> None:
        self._height, self._width = height, width
        self._overlap = tiling.overlap
        self._slope = ramp(tiling.overlap)[:, None, None]
        self._left: Pixels | None = None  # (rows, overlap, C) of the tile before
        self._above: Pixels | None = None  # (overlap, width, C) of the row of tiles before
        self._below: Pixels | None = None  # the same of this row, for the next

    def add(self, box: Box, tile: Pixels) -> tuple[Box, Pixels]:
        """Take the next tile; gives the pixels that are finished now and where they belong."""
        rows, columns = box.rows, box.columns
        if columns.start == 0:
            self._above, self._below, self._left = self._below, None, None
        if self._left is not None:
            tile = _faded(self._left, tile.swapaxes(0, 1), self._slope).swapaxes(0, 1)
        if columns.stop < self._width:
            self._left = tile.swapaxes(0, 1)[-self._overlap :].copy() if self._overlap else None
            columns = Span(columns.start, columns.stop - self._overlap)
            tile = tile[:, : columns.stop - columns.start]
        if rows.start > 0 and self._above is not None:
            tile = _faded(self._above[:, columns.start : columns.stop], tile, self._slope)
        if rows.stop < self._height:
            if self._overlap:
                if self._below is None:
                    self._below = np.empty((self._overlap, self._width, tile.shape[2]), np.float32)
                self._below[:, columns.start : columns.stop] = tile[-self._overlap :]
            rows = Span(rows.start, rows.stop - self._overlap)
            tile = tile[: rows.stop - rows.start]
        return Box(rows, columns), tile


def _faded(before: Pixels, tile: Pixels, slope: Pixels) -> Pixels:
    """The tile with its first rows faded over from those that `before` has for the same place."""
    overlap = len(before)
    joined = tile.copy()
    joined[:overlap] = before + slope * (tile[:overlap] - before)
    return joined
