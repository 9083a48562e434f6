"""Which browser is whose: signed cookies, and the log-ins behind them.

Without log-in a cookie names its browser, and nothing is kept here. With log-in it is a random token of which only the
digest is kept, so that it can end: after its time, at log-out, or when the user's password changes.
"""

import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from bot.errors import UserError
from bot.sharing.accounts import Accounts
from bot.sharing.database import Database

_BROWSER, _LOG_IN, _FORM = b"browser:", b"log-in:", b"form:"


def signing_key(file: Path) -> bytes:
    """The secret that cookies are signed with, drawn when the file is missing; raises UserError."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}-{secrets.token_hex(8)}")
        if not file.exists():
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(secrets.token_bytes(32))
            try:
                os.link(temporary, file)  # whoever comes first wins
            except FileExistsError:
                pass
            finally:
                temporary.unlink()
        key = file.read_bytes()
    except OSError as error:
        raise UserError(
            f"cannot keep the key of the sessions in {file} ({error}): set UNBLUR_HOME elsewhere"
        ) from error
    if len(key) < 32:
        raise UserError(f"the key of the sessions in {file} is damaged: remove it, and everybody begins a new session")
    return key


class Cookies:
    """Signs what is handed to browsers."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.name = f"unblur_session_{self._sign(b'name', 'of the cookie')[:8]}"  # two servers on one host: two cookies

    def for_browser(self) -> str:
        """A cookie for a browser that has none."""
        return self._signed(_BROWSER, secrets.token_hex(16))

    def browser(self, cookie: str) -> str | None:
        """The browser that a cookie of `for_browser` names; None when it is none of ours."""
        return self._checked(_BROWSER, cookie)

    def for_log_in(self, token: str) -> str:
        """The cookie of a log-in."""
        return self._signed(_LOG_IN, token)

    def log_in(self, cookie: str) -> str | None:
        """The token in a cookie of `for_log_in`; None when it is none of ours."""
        return self._checked(_LOG_IN, cookie)

    def form_mark(self, cookie: str) -> str:
        """What a form of this session carries, so that no other site can send it."""
        return self._sign(_FORM, cookie)

    def _signed(self, purpose: bytes, value: str) -> str:
        return f"{value}.{self._sign(purpose, value)}"

    def _checked(self, purpose: bytes, cookie: str) -> str | None:
        value, _, signature = cookie.partition(".")
        expected = self._sign(purpose, value)
        return value if value and hmac.compare_digest(expected.encode(), signature.encode()) else None

    def _sign(self, purpose: bytes, value: str) -> str:
        return hmac.new(self._key, purpose + value.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


class LogIns:
    """The log-ins that hold."""

    def __init__(
        self, database: Database, accounts: Accounts, hours: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._seconds = hours * 3600
        self._clock = clock

    def begin(self, name: str) -> str:
        """A new log-in of a user; returns its token, which is kept nowhere else."""
        token = secrets.token_hex(32)
        now = self._clock()
        mark = self._accounts.password_mark(name) or ""
        self._database.run("DELETE FROM sessions WHERE ends <= ?", (now,))
        self._database.run(
            "INSERT INTO sessions VALUES (?, ?, ?, ?)", (_digest(token), name, mark, now + self._seconds)
        )
        return token

    def name(self, token: str) -> str | None:
        """Who logged in with this token; None when the log-in ended or never was."""
        rows = self._database.run("SELECT name, password_mark, ends FROM sessions WHERE digest = ?", (_digest(token),))
        if not rows:
            return None
        name, mark, ends = str(rows[0][0]), rows[0][1], float(rows[0][2])
        return name if ends > self._clock() and mark == self._accounts.password_mark(name) else None

    def end(self, token: str) -> None:
        """Log out."""
        self._database.run("DELETE FROM sessions WHERE digest = ?", (_digest(token),))


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
