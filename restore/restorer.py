"""Restore a photo: enlarge it if asked, run MSSNet tile by tile, keep its colours, mix with the input.

Images are Pillow's, arrays float32 (H, W, C) in [0, 1]. Memory depends on the tile, beside the photo itself
(in the bytes of its pixels) and its result.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import ExifTags, Image, ImageOps
from torch import Tensor

from restore import registry
from restore.checkpoint import Checkpoint, load_network, read_checkpoint
from restore.colour import follow_low_frequencies
from restore.decode_child import RefusedError, in_a_plain_mode
from restore.errors import PhotoError, RestorationCancelledError, RestoreError
from restore.metrics import sharpness
from restore.network import SIDE_MULTIPLE, MSSNet, in_channels_last
from restore.photo import DEFAULT_MAX_MEGAPIXELS, LARGEST_ENLARGEMENT
from restore.tiling import Blender, Box, Pixels, Tiling, boxes

COLOURS = {"L": 1, "LA": 1, "RGB": 3, "RGBA": 3, "I;16": 1, "CMYK": 4}  # channels that the network restores


@dataclass(frozen=True)
class Progress:
    """How far a restoration is."""

    done: int  # tiles
    total: int  # tiles
    elapsed_s: float
    remaining_s: float | None  # an estimate that never grows; None before the first tile is done

    @property
    def fraction(self) -> float:
        """What is done, 0 to 1."""
        return self.done / self.total


@dataclass(frozen=True)
class Restoration:
    """One run of the network on a photo: what came out and what is worth saying about it."""

    image: Image.Image
    seconds: float
    tiles: int
    checkpoint: str  # the name of the weights that ran
    sharpness_before: float  # variance of the Laplacian; of the enlarged photo, where it was enlarged
    sharpness_after: float
    width: int  # px, of the result
    height: int
    enlarge: int
    strength: float


class Restorer:
    """MSSNet with one checkpoint's weights, ready to restore any number of photos."""

    def __init__(
        self,
        checkpoint: Checkpoint | Path | str | None = None,
        *,
        home: Path | None = None,
        device: str = "auto",
        tiling: Tiling | None = None,
        max_megapixels: float = DEFAULT_MAX_MEGAPIXELS,
    ) -> None:
        """Load a checkpoint: itself, its file, its name (bundled or under `home`), or the default one.

        device: `auto` takes CUDA where there is one; else a name that torch knows.
        Raises CheckpointError when the checkpoint is unknown or damaged, RestoreError for a missing device.
        """
        if isinstance(checkpoint, Path):
            checkpoint = read_checkpoint(checkpoint)
        elif not isinstance(checkpoint, Checkpoint):
            checkpoint = registry.choose(checkpoint, home).checkpoint
        self.checkpoint = checkpoint
        self.tiling = tiling or Tiling()
        self.max_megapixels = max_megapixels
        self.device = _device(device)
        # half precision pays on a GPU; on a CPU it is slower than float32
        self._precision = torch.float16 if self.device.type == "cuda" else torch.float32
        network = load_network(checkpoint).to(self.device, self._precision)
        self._network: MSSNet = in_channels_last(network)

    def restore(
        self,
        image: Image.Image,
        enlarge: int = 1,
        *,
        strength: float = 1.0,
        progress: Callable[[Progress], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Restoration:
        """Restore a photo; its size (times `enlarge`), mode, alpha and metadata stay as they are.

        enlarge: 1 to 4, by Lanczos before the network runs. strength: 0 leaves the (enlarged) photo, 1 is the
        network's result. `progress` is called at the start and after every tile; `cancelled` is asked often.
        A photo with an EXIF orientation is turned upright first, and loses the tag.

        Raises PhotoError when the photo is too large or of a kind that cannot be restored, ValueError for
        arguments out of range, RestorationCancelledError once `cancelled` says so.
        """
        if enlarge not in range(1, LARGEST_ENLARGEMENT + 1):
            raise ValueError(f"cannot enlarge {enlarge} times: choose 1 to {LARGEST_ENLARGEMENT}")
        if not 0 <= strength <= 1:
            raise ValueError(f"cannot restore with a strength of {strength}: choose 0 to 1")
        begin = time.perf_counter()
        photo = enlarged(_plain(image), enlarge, self.max_megapixels)
        result = photo.copy()
        result.info = {**photo.info, "unblur": self.checkpoint.name}

        def stop_if_cancelled() -> None:
            if cancelled is not None and cancelled():
                raise RestorationCancelledError("the restoration was stopped")

        tiles = boxes(photo.height, photo.width, self.tiling)
        clock = _Clock([_area(box) for box in tiles], progress)
        blender = Blender(photo.height, photo.width, self.tiling)
        for done, box in enumerate(tiles):
            clock.show(done)
            stop_if_cancelled()
            before = _colours(photo, box)
            after = self._restored(before, stop_if_cancelled)
            place, finished = blender.add(box, before + strength * (after - before))
            _put(result, place, finished)
        clock.show(len(tiles))
        return Restoration(
            image=result,
            seconds=time.perf_counter() - begin,
            tiles=len(tiles),
            checkpoint=self.checkpoint.name,
            sharpness_before=sharpness(photo),
            sharpness_after=sharpness(result),
            width=result.width,
            height=result.height,
            enlarge=enlarge,
            strength=strength,
        )

    def _restored(self, colours: Pixels, between_stages: Callable[[], None]) -> Pixels:
        """Run the network on a tile: (H, W, 1), (H, W, 3), or four inks, of which black goes by itself."""
        if colours.shape[2] == 4:
            inks = self._restored(np.ascontiguousarray(colours[..., :3]), between_stages)
            black = self._restored(np.ascontiguousarray(colours[..., 3:]), between_stages)
            return np.concatenate([inks, black], axis=2)
        photo = torch.from_numpy(colours).permute(2, 0, 1)[None]
        restored = self.restore_tensor(photo.expand(1, 3, -1, -1), between_stages)
        if colours.shape[2] == 1:
            restored = restored.mean(1, keepdim=True)
        return restored[0].permute(1, 2, 0).numpy()

    def restore_tensor(self, photo: Tensor, between_stages: Callable[[], None] = lambda: None) -> Tensor:
        """Run the network on a whole image, float (B, 3, H, W) in [0, 1] on the CPU, of any size; gives the same."""
        height, width = photo.shape[-2:]
        padding = (0, -width % SIDE_MULTIPLE, 0, -height % SIDE_MULTIPLE)
        padded = F.pad(photo.to(self.device), padding, mode="replicate")
        with torch.inference_mode():
            padded = padded.to(self._precision, memory_format=torch.channels_last)
            restored = self._network(padded, between_stages)[..., :height, :width].float().cpu()
            return follow_low_frequencies(restored, photo).clamp_(0, 1)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise RestoreError(f"there is no device {name!r} here: choose auto, cpu or cuda") from error
    return device


def _plain(image: Image.Image) -> Image.Image:
    """The image upright, in a mode that the network's shell knows; raises PhotoError where there is none."""
    try:
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        return in_a_plain_mode(ImageOps.exif_transpose(image) if turned else image, [])
    except (RefusedError, OSError) as error:
        raise PhotoError(f"cannot restore the photo: {error}") from error


def enlarged(photo: Image.Image, enlarge: int, max_megapixels: float) -> Image.Image:
    """The photo `enlarge` times as wide and high, as the network gets it; raises PhotoError when that is too large."""
    if enlarge == 1:
        return photo
    size = photo.width * enlarge, photo.height * enlarge
    if size[0] * size[1] > max_megapixels * 1e6:
        raise PhotoError(
            f"enlarged {enlarge} times the photo would have {size[0] * size[1] / 1e6:.1f} megapixels, more than "
            f"the limit of {max_megapixels:g}: enlarge it less, or raise UNBLUR_MAX_MEGAPIXELS"
        )
    larger = photo.resize(size, Image.Resampling.LANCZOS)
    larger.info = dict(photo.info)
    return larger


class _Clock:
    """Tells how far a restoration is, and how long it will still take as its pixels have gone so far."""

    def __init__(self, areas: Sequence[int], progress: Callable[[Progress], None] | None) -> None:
        """areas: pixels of each tile, in order; those at the border may be smaller."""
        self._areas, self._progress = areas, progress
        self._begin = time.perf_counter()
        self._remaining: float | None = None

    def show(self, done: int) -> None:
        if self._progress is None:
            return
        elapsed = time.perf_counter() - self._begin
        if done:
            estimate = elapsed / sum(self._areas[:done]) * sum(self._areas[done:])
            self._remaining = estimate if self._remaining is None else min(self._remaining, estimate)
        self._progress(Progress(done, len(self._areas), elapsed, self._remaining))


def _area(box: Box) -> int:
    return (box.rows.stop - box.rows.start) * (box.columns.stop - box.columns.start)


def _corners(box: Box) -> tuple[int, int, int, int]:
    return box.columns.start, box.rows.start, box.columns.stop, box.rows.stop


def _colours(photo: Image.Image, box: Box) -> Pixels:
    """A tile's colours without alpha, more light being more: inks are turned round."""
    tile = np.asarray(photo.crop(_corners(box)))
    largest = np.iinfo(tile.dtype).max
    colours = tile.reshape(*tile.shape[:2], -1)[..., : COLOURS[photo.mode]].astype(np.float32) / np.float32(largest)
    return 1 - colours if photo.mode == "CMYK" else colours


def _put(result: Image.Image, box: Box, colours: Pixels) -> None:
    """Write finished colours into the result, leaving its alpha as it is."""
    there = np.array(result.crop(_corners(box)))
    largest = np.iinfo(there.dtype).max
    levels = 1 - colours if result.mode == "CMYK" else colours
    flat = there.reshape(*there.shape[:2], -1)
    flat[..., : levels.shape[2]] = (levels * largest + 0.5).astype(there.dtype)
    result.paste(Image.fromarray(there, result.mode), _corners(box))
