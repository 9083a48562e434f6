"""The photos of one conversation, each under an id of ours, with what was made of them; plain files in one folder.

A photo is kept byte for byte as it came. Ids count up (`photo-1`, `result-1`) and mean something in their own conversation
alone, so no id leads out of it. What is written is there whole or not at all; a result counts once its `.json` is there.
"""

import hashlib
import json
import re
import shutil
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from restore.errors import PhotoError
from restore.files import whole_file

MOST_PICTURES = 200  # in one conversation
_ID = re.compile(r"(?:photo|result)-[1-9]\d{0,4}")
_NAME_PARTS = re.compile(r"[\x00-\x1f\x7f/\\]+")
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Upload:
    """A photo as somebody hands it over."""

    name: str  # the file's own name, for people
    data: bytes


@dataclass(frozen=True)
class Picture:
    """An uploaded photo of a conversation."""

    id: str
    name: str  # as its owner calls it
    format: str  # Pillow's name: JPEG, PNG, …
    width: int  # px, upright
    height: int
    file: str  # its name in the album's folder


@dataclass(frozen=True)
class Result:
    """One restoration of a photo: what was asked for, what ran, and what came out."""

    id: str
    photo: str  # id of the photo that it was made of
    name: str  # what to call the file when it is saved
    file: str  # its name in the album's folder
    asked_checkpoint: str | None
    checkpoint: str  # the weights that ran
    note: str  # why other weights ran than those asked for; empty where they did
    enlarge: int
    strength: float
    width: int  # px
    height: int
    tiles: int
    seconds: float
    sharpness_before: float  # variance of the Laplacian
    sharpness_after: float
    notes: tuple[str, ...] = ()  # what the file could not keep
    measured: str = ""  # what the weights were measured to do, where that is known


class Album:
    """The photos of one conversation."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when the first photo is kept."""
        self.folder = folder
        self._lock = threading.Lock()

    def keep(self, upload: Upload, form: str, suffix: str, size: tuple[int, int]) -> Picture:
        """Keep a photo that was found to be one; raises PhotoError when there is no room for it."""
        with self._lock:
            picture_id = self._next("photo")
            picture = Picture(picture_id, clean_name(upload.name), form, *size, f"{picture_id}{suffix}")
            self.write(picture.file, upload.data)
            self._write_about(picture_id, asdict(picture))
        return picture

    def reserve(self) -> str:
        """An id for a result that is being made; nobody else gets it."""
        with self._lock:
            result_id = self._next("result")
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / f"{result_id}.taken").touch()
        return result_id

    def keep_result(self, result: Result) -> None:
        """Note a result whose files are written."""
        self._write_about(result.id, asdict(result))
        (self.folder / f"{result.id}.taken").unlink(missing_ok=True)

    def give_up(self, result_id: str) -> None:
        """Remove what was written of a result that is not going to be made."""
        for file in self.folder.glob(f"{result_id}.*"):
            file.unlink(missing_ok=True)

    def pictures(self) -> list[Picture]:
        """The uploaded photos, oldest first."""
        return [Picture(**self._about(path.stem)) for path in self._abouts("photo")]

    def results(self) -> list[Result]:
        """What was made, oldest first."""
        return [self.result(path.stem) for path in self._abouts("result")]

    def picture(self, picture_id: str) -> Picture:
        """The photo of that id; raises PhotoError naming those there are."""
        known = {picture.id: picture for picture in self.pictures()}
        if picture_id not in known:
            raise PhotoError(
                f"there is no {picture_id[:40]!r} in this conversation: "
                + (f"choose one of {', '.join(known)}" if known else "upload a photo first")
            )
        return known[picture_id]

    def result(self, result_id: str) -> Result:
        """The result of that id; raises PhotoError when there is none."""
        about = self._about(result_id)
        return Result(**{**about, "notes": tuple(about["notes"])})

    def path(self, file: str) -> Path:
        """Where a file of the album lies; raises PhotoError for a name that is none of its files."""
        found = self.folder / file
        if Path(file).name != file or not _ID.match(file) or not found.is_file():
            raise PhotoError("there is no such photo in this conversation: it may have been deleted with it")
        return found

    def write(self, file: str, data: bytes) -> None:
        """Write a file of the album, whole or not at all; raises PhotoError when the disk does not take it."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with whole_file(self.folder / file, overwrite=True) as part:
                part.write_bytes(data)
        except OSError as error:
            raise PhotoError(f"cannot keep the photo ({error.strerror or error}): make room on the disk") from error

    def delete(self) -> None:
        """Remove every file of the conversation's photos."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _next(self, kind: str) -> str:
        taken = [int(path.stem.split("-")[1]) for path in self.folder.glob(f"{kind}-*") if _ID.fullmatch(path.stem)]
        if len(set(taken)) >= MOST_PICTURES:
            raise PhotoError(f"this conversation holds {MOST_PICTURES} photos already: start a new one for more")
        return f"{kind}-{max(taken, default=0) + 1}"

    def _abouts(self, kind: str) -> list[Path]:
        found = [path for path in self.folder.glob(f"{kind}-*.json") if _ID.fullmatch(path.stem)]
        return sorted(found, key=lambda path: int(path.stem.split("-")[1]))

    def _about(self, picture_id: str) -> dict[str, Any]:
        try:
            about: dict[str, Any] = json.loads(self.path(f"{picture_id}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PhotoError(f"cannot read what is known of {picture_id[:40]!r}: upload the photo again") from error
        return about

    def _write_about(self, picture_id: str, about: dict[str, Any]) -> None:
        self.write(f"{picture_id}.json", json.dumps(about, ensure_ascii=False).encode())


def album_of(folder: Path, thread: str) -> Album:
    """The album of a conversation below `folder`; any name of a conversation will do."""
    return Album(folder / hashlib.sha256(thread.encode()).hexdigest()[:32])


def clean_name(name: str) -> str:
    """A file's name as it may be shown and saved under: no folders, no control characters, not too long."""
    last = re.split(r"[/\\]", name)[-1]
    cleaned = _NAME_PARTS.sub("", last.encode("utf-8", "replace").decode()).strip(" ").rstrip(".")
    stem, dot, suffix = cleaned.rpartition(".")
    if dot and len(suffix) <= 5:
        return f"{stem.strip('.')[:_LONGEST_NAME] or 'photo'}.{suffix}"
    return cleaned[:_LONGEST_NAME] or "photo"
