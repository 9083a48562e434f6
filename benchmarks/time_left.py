"""Whether the time left is true: `python -m benchmarks.time_left [--megapixels 1.5 6 12]`.

Restores a photo of each size in the way the chat does, beside nothing else, and compares each time left that it was told
after a fifth of the tiles with how long the rest really took. Wanted: within 30 %, and never more than before. An error in
the last seconds is a large share of hardly anything, so the absolute one stands beside it.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from bot.photos.album import Album, Upload
from bot.photos.darkroom import Darkroom
from bot.settings import Settings
from restore.restorer import Progress

_FROM = 0.2  # of the tiles, from which the time left must be true
_LAST_S = 3  # seconds left, below which only the absolute error counts


@dataclass(frozen=True)
class Told:
    """A time left that was told, with when."""

    at_s: float
    fraction: float
    left_s: float


def main() -> None:
    """Restore, compare, and print one Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megapixels", type=float, nargs="+", default=[1.5, 6, 12])
    sizes = parser.parse_args().megapixels
    print("| megapixels | tiles | s | worst error after a fifth | in s | grew |\n| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        darkroom = Darkroom(Settings(home=Path(folder)))
        for megapixels in sizes:
            print(_row(megapixels, darkroom, Path(folder)), flush=True)


def _row(megapixels: float, darkroom: Darkroom, home: Path) -> str:
    album = Album(home / f"album-{megapixels}")
    picture = darkroom.take_in(album, Upload("photo.png", _photo(megapixels)))
    told: list[Told] = []
    tiles = 0
    begin = time.perf_counter()

    def progress(step: Progress) -> None:
        nonlocal tiles
        tiles = step.total
        if step.remaining_s is not None:
            told.append(Told(time.perf_counter() - begin, step.fraction, step.remaining_s))

    darkroom.restore(album, picture.id, progress=progress)
    took = time.perf_counter() - begin
    return (
        f"| {megapixels:g} | {tiles} | {took:.1f} | {_worst_share(told, took):.0%} | {_worst_s(told, took):.1f} "
        f"| {sum(after.left_s > before.left_s for before, after in itertools.pairwise(told))} times |"
    )


def _counted(told: Sequence[Told]) -> list[Told]:
    return [one for one in told if one.fraction >= _FROM]


def _worst_share(told: Sequence[Told], took: float) -> float:
    """The largest error of a time left, as a share of what was really left, the last seconds aside."""
    real = [(one.left_s, took - one.at_s) for one in _counted(told)]
    return max((abs(left - true) / true for left, true in real if true > _LAST_S), default=0.0)


def _worst_s(told: Sequence[Told], took: float) -> float:
    return max((abs(one.left_s - (took - one.at_s)) for one in _counted(told)), default=0.0)


def _photo(megapixels: float) -> bytes:
    """A PNG of that size with some detail everywhere."""
    height = round((megapixels * 1e6 / 1.5) ** 0.5)
    width = round(height * 1.5)
    rng = np.random.default_rng(1)
    coarse = Image.fromarray(rng.integers(0, 256, (height // 16 + 1, width // 16 + 1, 3), dtype=np.uint8))
    buffer = BytesIO()
    coarse.resize((width, height), Image.Resampling.BICUBIC).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main())
