"""The sample photo of the first screen, for whoever has no blurry photo at hand."""

from importlib import resources
from pathlib import Path

NAME = "coffee-shaken.jpg"


def sample_photo() -> bytes:
    """The sample photo as a file's bytes, a JPEG."""
    return resources.files("bot.page").joinpath("samples", NAME).read_bytes()


def sample_copy(folder: Path) -> str:
    """The path of a copy of the sample photo in a folder, as if somebody had uploaded it."""
    copy = folder / NAME
    copy.write_bytes(sample_photo())
    return str(copy)
