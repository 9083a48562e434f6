"""The tokens that programs send instead of a cookie: `Authorization: Bearer TOKEN`.

Only digests are kept, `digest:name` a line, in a file beside the users'. A token is 256 random bits, which nobody guesses:
a quick digest is enough for it, where a password needs a slow one.
"""

import hashlib
import secrets
from pathlib import Path

from bot.sharing.lines import LinesFile

_BEGINNING = "unblur_"  # lets programs that look for leaked secrets know one
_LONGEST = 256  # characters of what is sent as a token


class Tokens:
    """The tokens of the users in a file."""

    def __init__(self, users_file: Path) -> None:
        self._file = LinesFile(users_file.with_name(f"{users_file.name}.tokens"), "the tokens")

    def new(self, name: str) -> str:
        """Draw a token for a user, beside those they have; it is kept nowhere else. Raises UserError."""
        token = new_token()
        with self._file.changing() as names:
            names[_digest(token)] = name
        return token

    def revoke(self, name: str) -> int:
        """Let none of a user's tokens hold any more; returns how many there were. Raises UserError."""
        if name not in self._file.lines().values():
            return 0
        with self._file.changing() as names:
            theirs = [digest for digest, owner in names.items() if owner == name]
            for digest in theirs:
                del names[digest]
        return len(theirs)

    def name(self, token: str) -> str | None:
        """For whom a token was drawn; None when it was not, or was revoked. Raises UserError."""
        return self._file.lines().get(_digest(token)) if len(token) <= _LONGEST else None


def new_token() -> str:
    """A new token."""
    return f"{_BEGINNING}{secrets.token_urlsafe(32)}"


def bearer(authorization: str | None) -> str | None:
    """The token in an Authorization header; None when it holds none, as that of a proxy's own log-in."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
