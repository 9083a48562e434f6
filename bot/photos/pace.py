"""How long a restoration is likely to take on this machine, said before the work on a large photo begins."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

    from restore.restorer import Restoration, Restorer

LARGE_MEGAPIXELS = 4  # from which a restoration takes long enough to say so beforehand
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


def _pixels(restorer: "Restorer", width: int, height: int) -> int:
    """How many pixels go through the network: tiles overlap, so they are more than the photo's."""
    from restore.tiling import boxes

    return sum(
        (box.rows.stop - box.rows.start) * (box.columns.stop - box.columns.start)
        for box in boxes(height, width, restorer.tiling)
    )
