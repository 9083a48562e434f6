"""A small file of `key:value` lines, for this account's eyes alone, which several processes may change."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock

from bot.errors import UserError


class LinesFile:
    """The lines of a file; it is read again whenever it has changed, and is empty while it is missing."""

    def __init__(self, file: Path, holds: str) -> None:
        """holds: what is in it, for messages, such as "the users"."""
        self.file = file
        self._holds = holds
        self._read: tuple[tuple[int, int, int], dict[str, str]] | None = None

    def lines(self) -> dict[str, str]:
        """What the file says now. Raises UserError when it cannot be read."""
        try:
            status = self.file.stat()
            state = (status.st_mtime_ns, status.st_size, status.st_ino)
            if self._read is None or self._read[0] != state:
                lines = self.file.read_text(encoding="utf-8").splitlines()
                self._read = state, dict(line.strip().split(":", 1) for line in lines if ":" in line)
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"cannot read {self._holds} in {self.file} ({error}): correct UNBLUR_AUTH") from error
        return self._read[1]

    @contextlib.contextmanager
    def changing(self) -> Iterator[dict[str, str]]:
        """The lines to be changed; they are written, whole, at the end. Raises UserError."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.file}.lock"):
                lines = dict(self.lines())
                yield lines
                handle, temporary = tempfile.mkstemp(dir=self.file.parent, prefix=f".{self.file.name}-")
                with os.fdopen(handle, "w", encoding="utf-8") as out:
                    out.writelines(f"{key}:{value}\n" for key, value in sorted(lines.items()))
                Path(temporary).replace(self.file)
        except OSError as error:
            raise UserError(f"cannot write {self._holds} to {self.file} ({error}): correct UNBLUR_AUTH") from error
