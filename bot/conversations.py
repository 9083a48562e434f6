"""The list of conversations: what each is called, when it was last spoken in, and the words that it can be found by.

The conversations themselves are the memory's (`bot/memory.py`); this is a list beside them that can be made again. Whose they
are is not known here.
"""

import sqlite3
import threading
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.errors import UserError
from bot.held_to import HeldTo, held_to_of

if TYPE_CHECKING:
    from bot.service import Exchange

_BUSY_TIMEOUT_S = 30
_LONGEST_TITLE = 80  # characters
_LONGEST_REMARK = 2_000
_TABLES = """
CREATE TABLE IF NOT EXISTS conversations (
    thread TEXT PRIMARY KEY, title TEXT NOT NULL, renamed INTEGER NOT NULL DEFAULT 0, touched REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS opinions (
    thread TEXT NOT NULL, answer INTEGER NOT NULL, liked INTEGER NOT NULL, remark TEXT NOT NULL, given REAL NOT NULL,
    PRIMARY KEY (thread, answer)
);
CREATE TABLE IF NOT EXISTS held_to (thread TEXT PRIMARY KEY, what TEXT NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(thread UNINDEXED, text, tokenize = 'porter unicode61');
"""


@dataclass(frozen=True)
class Conversation:
    """One line of the list."""

    thread: str
    title: str
    touched: float  # seconds since 1970


@dataclass(frozen=True)
class Opinion:
    """What somebody thinks of an answer."""

    thread: str
    answer: int  # its number in the conversation, from 1
    liked: bool
    remark: str
    given: float  # seconds since 1970


class Conversations:
    """The list, in one SQLite file; one object may serve many threads."""

    def __init__(self, file: Path | None) -> None:
        """None keeps it in this process's memory. Raises UserError when the file cannot be used."""
        self._lock = threading.Lock()
        try:
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                file or ":memory:", check_same_thread=False, timeout=_BUSY_TIMEOUT_S, isolation_level=None
            )
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA secure_delete = ON")
            self._connection.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise UserError(
                f"cannot list conversations in {file} ({error}): move it away, or set UNBLUR_HOME to another folder"
            ) from error

    def note(self, thread: str, exchanges: "Sequence[Exchange]") -> None:
        """Bring a conversation's line up to date after a turn; a name that somebody gave it stays."""
        if not exchanges:
            return
        text = "\n".join(_words(exchange) for exchange in exchanges)
        self._run(
            "INSERT INTO conversations VALUES (?, ?, 0, ?) ON CONFLICT (thread) DO UPDATE SET touched = excluded.touched, "
            "title = CASE WHEN renamed THEN title ELSE excluded.title END",
            (thread, _title(exchanges[0]), time.time()),
        )
        self._run("DELETE FROM words WHERE thread = ?", (thread,))
        self._run("INSERT INTO words VALUES (?, ?)", (thread, text))

    def rename(self, thread: str, title: str) -> None:
        """Give a conversation a name; raises UserError for an empty one."""
        cleaned = " ".join(title.split())[:_LONGEST_TITLE]
        if not cleaned:
            raise UserError("the name is empty: write what the conversation is to be called")
        self._run("UPDATE conversations SET title = ?, renamed = 1 WHERE thread = ?", (cleaned, thread))

    def judge(self, thread: str, answer: int, liked: bool, remark: str = "") -> None:
        """Keep an opinion of an answer; it replaces an earlier one of the same answer."""
        values = (thread, answer, liked, remark.strip()[:_LONGEST_REMARK], time.time())
        self._run("INSERT OR REPLACE INTO opinions VALUES (?, ?, ?, ?, ?)", values)

    def opinions(self, thread: str | None = None) -> list[Opinion]:
        """What is thought of the answers of a conversation, or of all, the latest last."""
        rows = self._run(
            "SELECT thread, answer, liked, remark, given FROM opinions WHERE thread = coalesce(?, thread) ORDER BY given",
            (thread,),
        )
        return [Opinion(name, number, bool(liked), remark, given) for name, number, liked, remark, given in rows]

    def hold(self, thread: str, held: HeldTo) -> None:
        """Keep what a conversation is held to from now on."""
        if held:
            self._run("INSERT OR REPLACE INTO held_to VALUES (?, ?)", (thread, held.as_text()))
        else:
            self._run("DELETE FROM held_to WHERE thread = ?", (thread,))

    def held_to(self, thread: str) -> HeldTo:
        """What a conversation is held to."""
        rows = self._run("SELECT what FROM held_to WHERE thread = ?", (thread,))
        return held_to_of(rows[0][0] if rows else None)

    def forget(self, thread: str) -> None:
        """Take a conversation off the list, with every word of it."""
        self._run("DELETE FROM held_to WHERE thread = ?", (thread,))
        self._run("DELETE FROM opinions WHERE thread = ?", (thread,))
        self._run("DELETE FROM conversations WHERE thread = ?", (thread,))
        self._run("DELETE FROM words WHERE thread = ?", (thread,))
        self._run("INSERT INTO words(words) VALUES ('optimize')", ())  # so that no word stays in the index
        self._run("VACUUM", ())
        self._run("PRAGMA wal_checkpoint(TRUNCATE)", ())

    def get(self, thread: str) -> Conversation | None:
        """A conversation's line, None when it is not on the list."""
        rows = self._run("SELECT thread, title, touched FROM conversations WHERE thread = ?", (thread,))
        return Conversation(*rows[0]) if rows else None

    def listed(self, threads: Collection[str] | None = None, search: str = "") -> list[Conversation]:
        """Those of some conversations (None: all) that hold every word of `search`, the latest first."""
        rows = self._run("SELECT thread, title, touched FROM conversations ORDER BY touched DESC, rowid DESC", ())
        found = [Conversation(*row) for row in rows if threads is None or row[0] in threads]
        words = "".join(letter if letter.isalnum() else " " for letter in search.casefold()).split()
        if not words:
            return found
        query = " AND ".join(f'"{word}"*' for word in words)
        holding = {row[0] for row in self._run("SELECT thread FROM words WHERE words MATCH ?", (query,))}
        return [
            one for one in found if one.thread in holding or all(word in one.title.casefold() for word in words)
        ]  # fmt: skip

    def close(self) -> None:
        """Release the file."""
        self._connection.close()

    def _run(self, statement: str, values: tuple[Any, ...]) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _title(first: "Exchange") -> str:
    """What a conversation is called by itself: its first question, or the photo that it began with."""
    words = " ".join(first.question.split())
    if first.wordless and first.pictures:
        words = first.pictures[0].name
    return words if len(words) <= _LONGEST_TITLE else f"{words[: _LONGEST_TITLE - 1].rstrip()}…"


def _words(exchange: "Exchange") -> str:
    names = " ".join(picture.name for picture in exchange.pictures)
    return f"{exchange.question}\n{exchange.answer.answer if exchange.answer else ''}\n{names}"
