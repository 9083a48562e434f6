"""How long a restoration is likely to take on this machine, said before the work on a large photo begins and as it goes on."""

import io
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.photos.views import LARGEST_VIEW
from restore.photo import encode_photo

if TYPE_CHECKING:
    from PIL.Image import Image

    from restore.restorer import Restoration, Restorer

LARGE_MEGAPIXELS = 4  # from which a restoration takes long enough to say so beforehand
_PART = 512  # px, the side of what is encoded to see how long a whole photo will take
_TELLING = 150_000  # pixels run through the network from which the time they took tells something


class Pace:
    """The seconds that a pixel took last, for each checkpoint."""

    def __init__(self) -> None:
        self._pixel_s: dict[str, float] = {}

    def note(self, restorer: "Restorer", done: "Restoration") -> None:
        """Remember how quick a restoration was."""
        pixels = _pixels(restorer, done.width, done.height)
        if pixels >= _TELLING:
            self._pixel_s[done.checkpoint] = done.seconds / pixels

    def expected_s(self, restorer: "Restorer", image: "Image", enlarge: int, cancelled: Callable[[], bool]) -> float:
        """How long a restoration is likely to take; where none was timed before, a first tile is run for it."""
        if restorer.checkpoint.name not in self._pixel_s:
            side = restorer.tiling.tile
            tile = image.crop((0, 0, min(side, image.width), min(side, image.height)))
            self.note(restorer, restorer.restore(tile, cancelled=cancelled))
        pixel_s = self._pixel_s.get(restorer.checkpoint.name, 0.0)
        return pixel_s * _pixels(restorer, image.width * enlarge, image.height * enlarge)


def finishing_s(image: "Image", form: str, enlarge: int) -> float:
    """How long it is likely to take to write the result down once its pixels are done: its file and what the page shows of it.

    Found by encoding the middle of the photo, in the format that the file will have and as PNG.
    Raises PhotoError when the format cannot hold such a photo.
    """
    left, top = max(0, image.width - _PART) // 2, max(0, image.height - _PART) // 2
    part = image.crop((left, top, min(left + _PART, image.width), min(top + _PART, image.height)))
    pixels = image.width * image.height * enlarge**2
    shown = pixels * min(1.0, LARGEST_VIEW / (enlarge * max(image.size))) ** 2
    views = 1 if enlarge == 1 else 2  # a photo that is not enlarged was encoded for the page when it came
    seconds = pixels * _encoding_s(part, form) + views * shown * _encoding_s(part, "PNG")
    return seconds / (part.width * part.height)


def _encoding_s(image: "Image", form: str) -> float:
    begin = time.perf_counter()
    encode_photo(image, io.BytesIO(), form)
    return time.perf_counter() - begin


def _pixels(restorer: "Restorer", width: int, height: int) -> int:
    """How many pixels go through the network: tiles overlap, so they are more than the photo's."""
    from restore.tiling import boxes

    return sum(
        (box.rows.stop - box.rows.start) * (box.columns.stop - box.columns.start)
        for box in boxes(height, width, restorer.tiling)
    )
