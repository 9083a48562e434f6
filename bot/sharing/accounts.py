"""Who may log in: a file of names and argon2 hashes, one `name:hash` a line."""

import hashlib
import re
import threading
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.errors import UserError
from bot.sharing.lines import LinesFile
from bot.sharing.tokens import Tokens

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_SHORTEST, _LONGEST = 8, 1024  # characters of a password
_AT_ONCE = 2  # passwords checked at the same time; each takes 64 MiB
_HASHER = PasswordHasher()


class Accounts:
    """The users in a file; it is read again whenever it has changed."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lines = LinesFile(file, "the users")
        self._tokens = Tokens(file)
        self._nobody = _HASHER.hash("nobody")  # checked for unknown names, so that they take as long as known ones
        self._checking = threading.Semaphore(_AT_ONCE)

    def names(self) -> list[str]:
        """Everybody who may log in. Raises UserError when the file cannot be read."""
        return sorted(self._lines.lines())

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
        with self._lines.changing() as hashes:
            if name in hashes and not overwrite:
                raise UserError(f"there is a user {name} already: give --overwrite to change the password")
            if name not in hashes:
                self._tokens.revoke(name)  # of somebody of that name whom an editor took out of the file
            hashes[name] = _HASHER.hash(password)

    def remove(self, name: str) -> None:
        """Let `name` log in no more, log them out, and revoke their tokens. Raises UserError when there is no such user."""
        self._check_there(name)
        self._tokens.revoke(name)
        with self._lines.changing() as hashes:
            hashes.pop(name, None)

    def verify(self, name: str, password: str) -> bool:
        """Whether this is that user's password; takes as long for unknown names."""
        known = self._lines.lines().get(name)
        with self._checking:
            try:
                return _HASHER.verify(known or self._nobody, password[:_LONGEST]) and known is not None
            except (VerificationError, InvalidHashError):
                return False

    def password_mark(self, name: str) -> str | None:
        """What changes with the user's password; None when there is no such user."""
        known = self._lines.lines().get(name)
        return hashlib.sha256(known.encode()).hexdigest() if known else None

    def new_token(self, name: str) -> str:
        """A token for a program of this user's, which is kept nowhere else. Raises UserError when there is no such user."""
        self._check_there(name)
        return self._tokens.new(name)

    def revoke_tokens(self, name: str) -> int:
        """Let no token of this user's hold any more; returns how many did. Raises UserError when there is no such user."""
        self._check_there(name)
        return self._tokens.revoke(name)

    def token_name(self, token: str) -> str | None:
        """Whose token it is; None when it is nobody's who may log in."""
        name = self._tokens.name(token)
        return name if name in self._lines.lines() else None

    def _check_there(self, name: str) -> None:
        if name not in self._lines.lines():
            raise UserError(f"there is no user {name[:40]!r} in {self.file}: see `unblur users list`")
