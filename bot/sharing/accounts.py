"""Who may log in: a file of names and argon2 hashes, one `name:hash` a line."""

import contextlib
import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from filelock import FileLock

from bot.errors import UserError

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_SHORTEST, _LONGEST = 8, 1024  # characters of a password
_AT_ONCE = 2  # passwords checked at the same time; each takes 64 MiB
_HASHER = PasswordHasher()


class Accounts:
    """The users in a file; it is read again whenever it has changed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._read: tuple[tuple[int, int, int], dict[str, str]] | None = None
        self._nobody = _HASHER.hash("nobody")  # checked for unknown names, so that they take as long as known ones
        self._checking = threading.Semaphore(_AT_ONCE)

    def names(self) -> list[str]:
        """Everybody who may log in. Raises UserError when the file cannot be read."""
        return sorted(self._hashes())

    def add(self, name: str, password: str, *, overwrite: bool = False) -> None:
        """Let `name` log in. Raises UserError when name or password won't do, or the name is taken."""
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{name[:40]!r} cannot be a user's name: take up to 32 of a to z, 0 to 9, dot, dash and underscore, "
                "beginning with a letter or digit"
            )
        if not _SHORTEST <= len(password) <= _LONGEST:
            raise UserError(
                f"the password has {len(password):,} characters: choose one of {_SHORTEST} to {_LONGEST:,} characters"
            )
        with self._changing() as hashes:
            if name in hashes and not overwrite:
                raise UserError(f"there is a user {name} already: give --overwrite to change the password")
            hashes[name] = _HASHER.hash(password)

    def remove(self, name: str) -> None:
        """Let `name` log in no more, and log them out. Raises UserError when there is no such user."""
        with self._changing() as hashes:
            if name not in hashes:
                raise UserError(f"there is no user {name[:40]!r} in {self.file}: see `unblur users list`")
            del hashes[name]

    def verify(self, name: str, password: str) -> bool:
        """Whether this is that user's password; takes as long for unknown names."""
        known = self._hashes().get(name)
        with self._checking:
            try:
                return _HASHER.verify(known or self._nobody, password[:_LONGEST]) and known is not None
            except (VerificationError, InvalidHashError):
                return False

    def password_mark(self, name: str) -> str | None:
        """What changes with the user's password; None when there is no such user."""
        known = self._hashes().get(name)
        return hashlib.sha256(known.encode()).hexdigest() if known else None

    def _hashes(self) -> dict[str, str]:
        try:
            status = self.file.stat()
            state = (status.st_mtime_ns, status.st_size, status.st_ino)
            if self._read is None or self._read[0] != state:
                lines = self.file.read_text(encoding="utf-8").splitlines()
                self._read = state, dict(line.strip().split(":", 1) for line in lines if ":" in line)
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"cannot read the users in {self.file} ({error}): correct UNBLUR_AUTH") from error
        return self._read[1]

    @contextlib.contextmanager
    def _changing(self) -> Iterator[dict[str, str]]:
        """The users to be changed; they are written, whole and only for this account's eyes, at the end."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(f"{self.file}.lock"):
                hashes = dict(self._hashes())
                yield hashes
                handle, temporary = tempfile.mkstemp(dir=self.file.parent, prefix=f".{self.file.name}-")
                with os.fdopen(handle, "w", encoding="utf-8") as out:
                    out.writelines(f"{name}:{known}\n" for name, known in sorted(hashes.items()))
                Path(temporary).replace(self.file)
        except OSError as error:
            raise UserError(f"cannot write the users to {self.file} ({error}): correct UNBLUR_AUTH") from error
