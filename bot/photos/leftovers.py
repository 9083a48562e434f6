"""What a killed process left half-made among the photos, and how to know that nobody is still making it.

Every process that writes photos holds a shared lock on one file for as long as it lives; the system lets go of it however the
process ends. Whoever finds nobody else holding it removes what is half-made.
"""

import re
import threading
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # Windows: nothing is removed; what is half-made is never shown, either
    fcntl = None  # type: ignore[assignment]

_PART = re.compile(r"\.[0-9a-f]{12}\.part")  # as `restore.files.whole_file` names them


class Claim:
    """This process's share in a folder of albums."""

    def __init__(self, folder: Path) -> None:
        """A folder that is there already is tidied now, if nobody else uses it; otherwise it is at the first `make`."""
        self._folder = folder
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None
        if folder.is_dir():
            self.make()

    def make(self) -> None:
        """Say that this process writes photos; when it is the only one, remove what others left half-made."""
        with self._lock:
            if self._file is not None or fcntl is None:
                return
            try:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._file = self._folder.with_suffix(".lock").open("ab")
                self._tidy_alone()
                fcntl.flock(self._file, fcntl.LOCK_SH)
            except OSError:
                return  # a disk that takes no lock; writing says what is wrong with it, if it takes no photo, either

    def _tidy_alone(self) -> None:
        assert self._file is not None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        for album in self._folder.iterdir():
            if album.is_dir():
                tidy(album)


def tidy(album: Path) -> None:
    """Remove files that were not written to their end, and what belongs to photos and results that were never kept."""
    for file in album.iterdir():
        name = file.name.split(".", 1)[0]
        kept = (album / f"{name}.json").is_file()
        if (
            _PART.fullmatch(file.name)
            or file.suffix == ".taken"
            or (not kept and name.startswith(("photo-", "result-")))
        ):
            file.unlink(missing_ok=True)
