"""How a photo is handed to a tool: by its id, by its content, or, on the user's own machine, by its path."""

import base64
import binascii
import re
from dataclasses import dataclass
from pathlib import Path

from bot.errors import UserError
from bot.photos.album import Upload

_DATA_URL = re.compile(r"data:[\w/+.-]*;base64,")


@dataclass(frozen=True)
class Handed:
    """What a call says about its photo; at most one of the first three."""

    photo: str | None = None  # an id such as photo-1
    content: str | None = None  # base64, bare or as a data: address
    path: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if sum(bool(one) for one in (self.photo, self.content, self.path)) > 1:
            raise UserError("more than one photo was given: give either its id, or its content, or its path")

    def upload(self, most_bytes: int) -> Upload | None:
        """The photo that comes with the call, None when it names one by id or none; raises UserError."""
        if self.content:
            return Upload(self.name or "photo", decoded(self.content, most_bytes))
        return _read(Path(self.path).expanduser(), self.name, most_bytes) if self.path else None


def decoded(content: str, most_bytes: int) -> bytes:
    """What base64 stands for; its size is looked at before it is decoded. Raises UserError."""
    found = _DATA_URL.match(content[:100])
    start = found.end() if found else 0
    if (len(content) - start) * 3 // 4 > most_bytes + 2:
        raise _too_large(most_bytes)
    try:
        return base64.b64decode("".join(content[start:].split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise UserError("the photo's content is not base64: encode the file's bytes, whole and unchanged") from error


def _read(path: Path, name: str | None, most_bytes: int) -> Upload:
    try:
        if not path.is_file():  # neither a folder nor a device that never ends
            raise UserError(f"there is no file {path}: give the path of a photo on this machine")
        if path.stat().st_size > most_bytes:
            raise _too_large(most_bytes)
        return Upload(name or path.name, path.read_bytes())
    except (OSError, ValueError) as error:
        raise UserError(
            f"cannot read {path} ({getattr(error, 'strerror', None) or error}): give a photo's path"
        ) from error


def _too_large(most_bytes: int) -> UserError:
    return UserError(
        f"the photo is larger than {most_bytes / 1_000_000:g} MB: send a smaller one (UNBLUR_MAX_UPLOAD_MEGABYTES sets the limit)"
    )
