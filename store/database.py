"""The SQLite file behind the table of sources: opened, locked between threads, and checked for damage.

Every row carries a checksum of its own and the layout is compared with ours, so that a file whose bytes were changed
is noticed when it is opened instead of giving wrong answers.
"""

import contextlib
import sqlite3
import threading
import uuid
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import shorten

from store.errors import DamagedTableError, StoreError

SCHEMA = 1
_BUSY_TIMEOUT_S = 30

# `checksum` is last in each table and covers the columns before it, but for the row number of a source.
_CREATE = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE briefs (
    name TEXT PRIMARY KEY, question TEXT, origin TEXT NOT NULL, digest TEXT NOT NULL, checksum INTEGER NOT NULL
);
CREATE TABLE entries (
    brief TEXT NOT NULL, source_id TEXT NOT NULL, position INTEGER NOT NULL, revision INTEGER NOT NULL,
    kind TEXT NOT NULL, title TEXT NOT NULL, paper_url TEXT, github_url TEXT, summary TEXT NOT NULL,
    checksum INTEGER NOT NULL, PRIMARY KEY (brief, source_id)
);
CREATE INDEX entries_by_source ON entries (source_id);
CREATE TABLE sources (
    number INTEGER PRIMARY KEY, source_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, title TEXT NOT NULL,
    paper_url TEXT, github_url TEXT, text TEXT NOT NULL, digest TEXT NOT NULL, checksum INTEGER NOT NULL
);
CREATE TABLE passages (
    passage_id TEXT PRIMARY KEY, source_id TEXT NOT NULL, role TEXT NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, vector BLOB NOT NULL, checksum INTEGER NOT NULL
);
CREATE INDEX passages_by_source ON passages (source_id);
CREATE VIRTUAL TABLE words USING fts5 (
    title, text, content = 'sources', content_rowid = 'number', tokenize = "porter unicode61 remove_diacritics 2"
);
CREATE TRIGGER source_added AFTER INSERT ON sources BEGIN
    INSERT INTO words (rowid, title, text) VALUES (new.number, new.title, new.text); END;
CREATE TRIGGER source_removed AFTER DELETE ON sources BEGIN
    INSERT INTO words (words, rowid, title, text) VALUES ('delete', old.number, old.title, old.text); END;
CREATE TRIGGER source_changed AFTER UPDATE ON sources BEGIN
    INSERT INTO words (words, rowid, title, text) VALUES ('delete', old.number, old.title, old.text);
    INSERT INTO words (rowid, title, text) VALUES (new.number, new.title, new.text); END;
"""
_CHECKED_COLUMNS = {
    "meta": "key, value",
    "briefs": "name, question, origin, digest",
    "entries": "brief, source_id, position, revision, kind, title, paper_url, github_url, summary",
    "sources": "source_id, kind, title, paper_url, github_url, text, digest",
    "passages": "passage_id, source_id, role, start, end, vector",
}
_OUR_LAYOUT = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'words\\_%' ESCAPE '\\'"

# Primary result codes of SQLite that speak of the machine or of another process, not of damage.
_PASSING_FAULTS = {
    sqlite3.SQLITE_BUSY: "another process keeps it locked: wait for it or end it",
    sqlite3.SQLITE_LOCKED: "another process keeps it locked: wait for it or end it",
    sqlite3.SQLITE_FULL: "make room on the disk",
    sqlite3.SQLITE_IOERR: "check the disk and the room on it",
    sqlite3.SQLITE_CANTOPEN: "check UNBLUR_HOME",
    sqlite3.SQLITE_PERM: "check who may write there",
    sqlite3.SQLITE_READONLY: "check who may write there",
    sqlite3.SQLITE_NOMEM: "free some memory",
    sqlite3.SQLITE_TOOBIG: "put in a shorter text",
}


def checksum(values: Sequence[object]) -> int:
    """A number that tells whether the values of a row are those that were written."""
    found = 0
    for value in values:
        plain = str(value) if isinstance(value, str) else value  # the name of an enumeration's member is not stored
        found = zlib.crc32(value if isinstance(value, bytes) else repr(plain).encode(), found)
    return found


class Database:
    """One SQLite connection that threads share through a lock.

    path: the file, made when it is missing; None keeps everything in memory.
    Raises DamagedTableError when the file is no longer a sound table, StoreError when a newer version wrote it or it
    cannot be used.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.RLock()
        with self._clear_errors():
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path or ":memory:", timeout=_BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None
            )
        try:
            with self._clear_errors():
                self._connection.row_factory = sqlite3.Row
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._connection.close()

    def _prepare(self) -> None:
        if self.path is not None:
            self._connection.execute("PRAGMA journal_mode = WAL")
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == SCHEMA:
            return
        if version > SCHEMA:
            raise StoreError(
                f"{self.path} was written by a newer Unblur (format {version}, this one knows {SCHEMA}): "
                "update Unblur, or set UNBLUR_HOME to another folder"
            )
        with self.transaction() as connection:
            if connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA:
                return  # another process made the tables while we waited
            _lay_out(connection)
            insert(connection, "meta", ("store_id", uuid.uuid4().hex))
            connection.execute(f"PRAGMA user_version = {SCHEMA}")

    def _damaged(self, reason: object) -> DamagedTableError:
        brief = shorten(str(reason), 200, placeholder="…")  # SQLite quotes a statement that it cannot read
        return DamagedTableError(
            f"the table of sources {self.path} is damaged ({brief}): move it away and run "
            "`unblur ingest` with your briefs again; the briefs themselves were not touched"
        )

    @contextlib.contextmanager
    def _clear_errors(self) -> Iterator[None]:
        """Turn what SQLite and the system raise into one line for the user."""
        try:
            yield
        except sqlite3.ProgrammingError as error:  # such as a table that was closed
            raise StoreError(f"cannot use the table of sources {self.path} ({error})") from error
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
            if code in _PASSING_FAULTS:
                raise StoreError(
                    f"cannot use the table of sources {self.path} ({error}): {_PASSING_FAULTS[code]}"
                ) from error
            raise self._damaged(error) from error
        except UnicodeDecodeError as error:  # from a name or a message of SQLite's
            raise self._damaged("its text is no text") from error
        except OSError as error:
            raise StoreError(
                f"cannot use the data folder {self.path and self.path.parent} ({error}): check UNBLUR_HOME"
            ) from error

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it happens or nothing."""
        with self._lock, self._clear_errors():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """What is read inside belongs together, whatever others write meanwhile."""
        with self._lock, self._clear_errors():
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._lock, self._clear_errors():
            return self._connection.execute(statement, values).fetchall()

    def check(self) -> None:
        """Read everything once and compare it with its checksums; raises DamagedTableError."""
        with self._lock, self._clear_errors():
            if {row[0]: row[1] for row in self._rows(_OUR_LAYOUT)} != _our_layout():
                raise self._damaged("its layout is not ours")
            verdict = self._rows("PRAGMA integrity_check(1)")[0][0]
            if verdict != "ok":
                raise self._damaged(verdict)
            for table, columns in _CHECKED_COLUMNS.items():
                for row in self._connection.execute(f"SELECT {columns}, checksum FROM {table}"):
                    if checksum(tuple(row)[:-1]) != row["checksum"]:
                        raise self._damaged(f"a row of {table} is not what was written")
            self._connection.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")


def insert(connection: sqlite3.Connection, table: str, values: Sequence[object]) -> None:
    """Write a row with its checksum in place of one with the same key; `values` are the checked columns, in order."""
    columns = _CHECKED_COLUMNS[table]
    marks = ", ".join("?" * (len(values) + 1))
    connection.execute(
        f"INSERT OR REPLACE INTO {table} ({columns}, checksum) VALUES ({marks})", (*values, checksum(values))
    )


def _lay_out(connection: sqlite3.Connection) -> None:
    statement = ""
    for line in _CREATE.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            connection.execute(statement)
            statement = ""


def _our_layout() -> dict[str, str]:
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        _lay_out(connection)
        return dict(connection.execute(_OUR_LAYOUT).fetchall())
