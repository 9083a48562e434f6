"""Sharp photos for training and evaluation: read from a folder, held back in part, cropped at random."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

from restore.errors import TrainingError

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".avif"}
HELD_BACK_EVERY = 12  # one photo of so many is never trained on


def image_tensor(path: Path, longest_side: int | None = None) -> Tensor:
    """A photo as uint8 (3, H, W), upright, at most `longest_side` px; raises TrainingError when it cannot be read."""
    try:
        with Image.open(path) as opened:
            image = ImageOps.exif_transpose(opened).convert("RGB")
    except (OSError, UnidentifiedImageError, ValueError) as error:
        raise TrainingError(f"cannot read the photo {path}: {error}") from error
    if longest_side is not None and max(image.size) > longest_side:
        image.thumbnail((longest_side, longest_side), Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(image)).permute(2, 0, 1).contiguous()


def load_photos(folder: Path, smallest_side: int, longest_side: int, device: torch.device) -> list[Tensor]:
    """The photos of a folder by name, uint8 (3, H, W); those too small for a crop are left out.

    Raises TrainingError when none is left.
    """
    if not folder.is_dir():
        raise TrainingError(f"there is no folder {folder}: give a folder of sharp photos")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    photos = [photo for path in paths if min((photo := image_tensor(path, longest_side)).shape[1:]) >= smallest_side]
    if not photos:
        raise TrainingError(
            f"{folder} has {len(paths)} photos, none with sides of {smallest_side} px at least: give more, or a smaller --patch"
        )
    return [photo.to(device) for photo in photos]


def split(photos: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Photos to train on, and those held back for validation; a single photo serves both."""
    held_back = photos[::HELD_BACK_EVERY]
    rest = [photo for index, photo in enumerate(photos) if index % HELD_BACK_EVERY]
    return rest or photos, held_back


class Crops:
    """Random square crops, turned and mirrored, the same for the same seed."""

    def __init__(self, photos: list[Tensor], side: int, seed: int) -> None:
        self._photos, self._side = photos, side
        self._generator = torch.Generator().manual_seed(seed)

    def batch(self, count: int) -> Tensor:
        """`count` crops, float (count, 3, side, side) in [0, 1], on the photos' device."""
        return torch.stack([self._crop() for _ in range(count)]).float() / 255

    def _crop(self) -> Tensor:
        photo = self._photos[self._number(len(self._photos))]
        crop = random_crop(photo, self._side, self._generator)
        if self._number(2):
            crop = crop.flip(2)
        return crop.rot90(self._number(4), (1, 2))

    def _number(self, below: int) -> int:
        return int(torch.randint(below, (1,), generator=self._generator))


def random_crop(photo: Tensor, side: int, places: torch.Generator) -> Tensor:
    """A square of a photo (3, H, W), as a view of it (3, side, side)."""
    top, left = (int(torch.randint(length - side + 1, (1,), generator=places)) for length in photo.shape[1:])
    return photo[:, top : top + side, left : left + side]


def middle_crops(photos: list[Tensor], side: int) -> Tensor:
    """The middle of each photo, float (photos, 3, side, side) in [0, 1]."""
    crops = []
    for photo in photos:
        top, left = (photo.shape[1] - side) // 2, (photo.shape[2] - side) // 2
        crops.append(photo[:, top : top + side, left : left + side])
    return torch.stack(crops).float() / 255
