"""The SQLite file that holds whose conversations and photos are whose, and who is logged in."""

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path

from bot.errors import UserError

_BUSY_TIMEOUT_S = 30
_SCHEMA = """
CREATE TABLE IF NOT EXISTS things (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    since REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS things_of_owner ON things (owner, kind);
CREATE TABLE IF NOT EXISTS sessions (
    digest TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    password_mark TEXT NOT NULL,
    ends REAL NOT NULL
) STRICT;
"""

Row = tuple[str | float, ...]


class Database:
    """One connection, used by every thread of this process in turn."""

    def __init__(self, file: Path | None) -> None:
        """Open `file`, made when it is missing; None keeps all in memory. Raises UserError when it cannot be used."""
        self._lock = threading.Lock()
        try:
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.touch(mode=0o600)
            self._connection = sqlite3.connect(
                file or ":memory:", check_same_thread=False, timeout=_BUSY_TIMEOUT_S, isolation_level=None
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise UserError(
                f"cannot keep owners and log-ins in {file} ({error}): move it away, or set UNBLUR_HOME to another folder"
            ) from error

    def run(self, statement: str, values: Sequence[str | float] = ()) -> list[Row]:
        """Run one statement, which is written at once; returns its rows."""
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
