"""Decode photos in a child process with limits, so that a hostile file harms nothing but its own child."""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from PIL import Image

from restore.errors import PhotoError
from restore.limits import Limits, limited_child

LARGEST_FILE_MIB = 1024
LONGEST_HEADER = 2**16  # bytes
LONGEST_METADATA = 2**26  # bytes, of a colour profile or EXIF data
BYTES_PER_PIXEL = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "I;16": 2, "CMYK": 4}
SCRIPT = Path(__file__).with_name("decode_child.py")


@dataclass(frozen=True)
class Decoded:
    """A photo's pixels, upright, with what is known about it; its metadata is in `image.info`, as Pillow names it."""

    image: Image.Image
    format: str  # Pillow's name: JPEG, PNG, …
    ours: bool  # written by us earlier
    notes: tuple[str, ...]  # what could not be kept, a sentence each


def decoding_limits(max_megapixels: float) -> Limits:
    """What decoding a photo of this size may take: a few copies of it and the decoder's own room."""
    return Limits(memory_mib=384 + int(max_megapixels * 20), cpu_s=20, wall_s=60)


def decode(source: Path | bytes, max_megapixels: float, limits: Limits | None = None) -> Decoded:
    """Decode a photo file, or its bytes; raises PhotoError with one line saying why not."""
    shown = str(source) if isinstance(source, Path) else "the photo"
    limits = limits or decoding_limits(max_megapixels)
    with _opened(source) as file:
        if os.fstat(file.fileno()).st_size > LARGEST_FILE_MIB * 2**20:
            raise PhotoError(f"cannot read {shown}: it has more than {LARGEST_FILE_MIB} MiB")
        with limited_child(SCRIPT, [str(int(max_megapixels * 1e6))], file, limits, os.environ) as child:
            assert child.stdout is not None
            try:
                return received(child.stdout)
            except _BrokenOffError:
                raise PhotoError(
                    f"cannot read {shown}: decoding it took more memory or time than a photo should; "
                    "it may be damaged or made to do harm"
                ) from None
            except PhotoError as error:
                raise PhotoError(f"cannot read {shown}: {error}") from None


class _BrokenOffError(Exception):
    """The child ended before it had said everything."""


@contextmanager
def _opened(source: Path | bytes) -> Iterator[IO[bytes]]:
    """The source as a file with a descriptor, at its beginning."""
    if isinstance(source, bytes):
        with tempfile.TemporaryFile() as spooled:
            spooled.write(source)
            spooled.seek(0)
            yield spooled
        return
    try:
        if not source.exists():
            raise PhotoError(f"cannot read {source}: there is no such file")
        if not source.is_file():  # a pipe or a device would keep the child waiting
            raise PhotoError(f"cannot read {source}: it is not a file")
        opened = source.open("rb")
    except OSError as error:
        raise PhotoError(f"cannot read {source}: {error.strerror or error}") from error
    with opened:
        yield opened


def received(pipe: IO[bytes]) -> Decoded:
    """Take over what the child says, trusting none of it."""
    line = pipe.readline(LONGEST_HEADER)
    try:
        header: dict[str, Any] = json.loads(line)
    except ValueError:
        raise _BrokenOffError from None
    if "error" in header:
        raise PhotoError(str(header["error"]))
    width, height = (int(side) for side in header["size"])
    mode = str(header["mode"])
    if max(header["icc"], header["exif"]) > LONGEST_METADATA:
        raise PhotoError("its colour profile or EXIF data is larger than any should be")
    info: dict[str | tuple[int, int], Any] = {}  # Pillow's own type of it
    for name, key in (("icc", "icc_profile"), ("exif", "exif")):
        if header[name]:
            info[key] = _exactly(pipe, int(header[name]))
    if header["dpi"] is not None:
        info["dpi"] = tuple(header["dpi"])
    image = Image.new(mode, (width, height))
    bytes_per_row = width * BYTES_PER_PIXEL[mode]
    rows = max(1, 2**22 // bytes_per_row)
    for top in range(0, height, rows):
        here = min(rows, height - top)
        image.paste(Image.frombytes(mode, (width, here), _exactly(pipe, here * bytes_per_row)), (0, top))
    image.info = info
    return Decoded(image, str(header["format"]), bool(header["ours"]), tuple(header["notes"]))


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    got = pipe.read(count)
    if len(got) != count:
        raise _BrokenOffError
    return got
