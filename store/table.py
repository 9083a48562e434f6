"""The table of sources: one SQLite file that is the truth about briefs, sources, passages and their vectors.

Everything else (the vector index) is built from it. Each public function is one transaction or none: a process
killed at any moment leaves the state before or after it.
"""

import contextlib
import hashlib
import sqlite3
import threading
import uuid
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from store.embedding import Vectors
from store.errors import DamagedTableError, StoreError
from store.model import Brief, BriefRecord, Entry, Kind, Passage, Role, Scope, Source

SCHEMA = 1
_BUSY_TIMEOUT_S = 30
_VARIABLES = 500  # values bound in one statement; SQLite's own limit is far higher

_CREATE = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE briefs (name TEXT PRIMARY KEY, question TEXT, origin TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE entries (
    brief TEXT NOT NULL, source_id TEXT NOT NULL, position INTEGER NOT NULL, revision INTEGER NOT NULL,
    kind TEXT NOT NULL, title TEXT NOT NULL, paper_url TEXT, github_url TEXT, summary TEXT NOT NULL,
    PRIMARY KEY (brief, source_id)
);
CREATE INDEX entries_by_source ON entries (source_id);
CREATE TABLE sources (
    number INTEGER PRIMARY KEY, source_id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, title TEXT NOT NULL,
    paper_url TEXT, github_url TEXT, text TEXT NOT NULL, digest TEXT NOT NULL
);
CREATE TABLE passages (
    passage_id TEXT PRIMARY KEY, source_id TEXT NOT NULL, role TEXT NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, vector BLOB NOT NULL, checksum INTEGER NOT NULL
);
CREATE INDEX passages_by_source ON passages (source_id);
CREATE VIRTUAL TABLE words USING fts5 (title, body, tokenize = "porter unicode61 remove_diacritics 2");
"""


class Table:
    """The SQLite file behind a store; threads share one connection through a lock.

    path: the file, made when it is missing; None keeps everything in memory.
    Raises DamagedTableError when the file is no longer a sound table, StoreError when a newer version wrote it.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = threading.RLock()
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path or ":memory:", timeout=_BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None
            )
            self._connection.row_factory = sqlite3.Row
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error
        except OSError as error:
            raise StoreError(
                f"cannot use the data folder {path and path.parent} ({error}): check UNBLUR_HOME"
            ) from error

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
        with self.transaction():
            if self._connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA:
                return  # another process made the tables while we waited
            for statement in _CREATE.split(";\n"):
                if statement.strip():
                    self._connection.execute(statement)
            self._connection.execute("INSERT INTO meta VALUES ('store_id', ?)", (uuid.uuid4().hex,))
            self._connection.execute(f"PRAGMA user_version = {SCHEMA}")

    def _damaged(self, reason: object) -> DamagedTableError:
        return DamagedTableError(
            f"the table of sources {self.path} is damaged ({reason}): move it away and run "
            "`unblur ingest` with your briefs again; the briefs themselves were not touched"
        )

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One write transaction: all of it happens or nothing."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _rows(self, statement: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()

    def check(self) -> None:
        """Read everything once and compare it with its checksums; raises DamagedTableError."""
        try:
            verdict = self._rows("PRAGMA quick_check(1)")[0][0]
            if verdict != "ok":
                raise self._damaged(verdict)
            for row in self._rows("SELECT source_id, text, digest FROM sources"):
                if text_digest(row["text"]) != row["digest"]:
                    raise self._damaged(f"the text of {row['source_id']} is not what was ingested")
            with self._lock:
                for row in self._connection.execute("SELECT passage_id, vector, checksum FROM passages"):
                    if zlib.crc32(row["vector"]) != row["checksum"]:
                        raise self._damaged(f"the vector of passage {row['passage_id']} is not what was stored")
        except sqlite3.DatabaseError as error:
            raise self._damaged(error) from error

    # -- facts about the store itself

    def get_meta(self, key: str) -> str | None:
        """A recorded fact, None when it was never recorded."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0]["value"] if rows else None

    def set_meta(self, facts: Mapping[str, str]) -> None:
        """Record facts, all of them or none."""
        with self.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(facts.items()))

    def generation(self) -> int:
        """A number that grows with every change of the passages."""
        return int(self.get_meta("generation") or 0)

    # -- briefs

    def brief_digest(self, name: str) -> str | None:
        """The digest of a brief that went in completely, else None."""
        rows = self._rows("SELECT digest FROM briefs WHERE name = ?", (name,))
        return rows[0]["digest"] if rows else None

    def briefs(self) -> list[BriefRecord]:
        """All briefs, by name."""
        members: dict[str, list[str]] = {}
        for row in self._rows("SELECT brief, source_id FROM entries ORDER BY brief, position"):
            members.setdefault(row["brief"], []).append(row["source_id"])
        return [
            BriefRecord(row["name"], row["question"], row["origin"], tuple(members.get(row["name"], ())))
            for row in self._rows("SELECT name, question, origin FROM briefs ORDER BY name")
        ]

    def next_revision(self) -> int:
        """A number above that of every entry, so that the newest brief wins where two disagree."""
        return int(self._rows("SELECT coalesce(max(revision), 0) + 1 FROM entries")[0][0])

    def entries_of(self, source_ids: Collection[str]) -> dict[str, list[tuple[str, int, Entry]]]:
        """For each source (brief, revision, entry) of every brief that names it, newest first."""
        found: dict[str, list[tuple[str, int, Entry]]] = {source_id: [] for source_id in source_ids}
        for part in _parts(sorted(found)):
            for row in self._rows(
                f"SELECT * FROM entries WHERE source_id IN ({_marks(part)}) ORDER BY revision DESC, brief",
                part,
            ):
                entry = Entry(Kind(row["kind"]), row["title"], row["paper_url"], row["github_url"], row["summary"])
                found[row["source_id"]].append((row["brief"], row["revision"], entry))
        return found

    def write_sources(
        self,
        sources: Sequence[Source],
        passages: Mapping[str, Sequence[Passage]],
        vectors: Mapping[str, Vectors],
        entries: Sequence[tuple[str, int, int, str, Entry]] = (),
    ) -> None:
        """Write sources with their passages, replacing what was there, and entries that name them.

        passages: per source id, those it has now; vectors: per passage id, those that are new.
        entries: (brief, position, revision, source id, entry).
        """
        with self.transaction() as connection:
            for brief, position, revision, source_id, entry in entries:
                connection.execute(
                    "INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        brief,
                        source_id,
                        position,
                        revision,
                        entry.kind,
                        entry.title,
                        entry.paper_url,
                        entry.github_url,
                        entry.summary,
                    ),
                )
            for source in sources:
                _write_source(connection, source)
                _write_passages(connection, source.source_id, passages[source.source_id], vectors)
            if sources:
                _advance(connection)

    def finish_brief(self, brief: Brief, digest: str, kept: Collection[str]) -> list[str]:
        """Record that `brief` is in completely and drop its entries for other sources; returns those sources' ids."""
        with self.transaction() as connection:
            named = [r[0] for r in connection.execute("SELECT source_id FROM entries WHERE brief = ?", (brief.name,))]
            dropped = sorted(set(named) - set(kept))
            connection.executemany(
                "DELETE FROM entries WHERE brief = ? AND source_id = ?", [(brief.name, d) for d in dropped]
            )
            connection.execute(
                "INSERT OR REPLACE INTO briefs VALUES (?, ?, ?, ?)",
                (brief.name, brief.question, brief.origin, digest),
            )
            return dropped

    def forget_briefs(self, names: Collection[str]) -> list[str]:
        """Remove briefs and their entries; returns the ids of the sources they named."""
        touched: set[str] = set()
        with self.transaction() as connection:
            for name in names:
                touched.update(
                    r[0] for r in connection.execute("SELECT source_id FROM entries WHERE brief = ?", (name,))
                )
                connection.execute("DELETE FROM entries WHERE brief = ?", (name,))
                connection.execute("DELETE FROM briefs WHERE name = ?", (name,))
        return sorted(touched)

    def remove_orphans(self) -> int:
        """Remove every source that no brief names; returns how many."""
        with self.transaction() as connection:
            orphans = connection.execute(
                "SELECT number, source_id FROM sources WHERE source_id NOT IN (SELECT source_id FROM entries)"
            ).fetchall()
            for row in orphans:
                connection.execute("DELETE FROM passages WHERE source_id = ?", (row["source_id"],))
                connection.execute("DELETE FROM words WHERE rowid = ?", (row["number"],))
                connection.execute("DELETE FROM sources WHERE number = ?", (row["number"],))
            if orphans:
                _advance(connection)
        return len(orphans)

    # -- sources

    def text_digests(self, source_ids: Collection[str]) -> dict[str, str]:
        """The digest of the stored text for those of `source_ids` that are stored."""
        found: dict[str, str] = {}
        for part in _parts(sorted(source_ids)):
            rows = self._rows(f"SELECT source_id, digest FROM sources WHERE source_id IN ({_marks(part)})", part)
            found.update((row["source_id"], row["digest"]) for row in rows)
        return found

    def sources(self, source_ids: Collection[str] | None = None) -> list[Source]:
        """Sources by id, all of them for None, ordered by title."""
        if source_ids is None:
            rows = self._rows("SELECT * FROM sources")
            named = self._rows("SELECT source_id, brief FROM entries ORDER BY brief")
        else:
            rows, named = [], []
            for part in _parts(sorted(source_ids)):
                rows += self._rows(f"SELECT * FROM sources WHERE source_id IN ({_marks(part)})", part)
                named += self._rows(
                    f"SELECT source_id, brief FROM entries WHERE source_id IN ({_marks(part)}) ORDER BY brief",
                    part,
                )
        briefs: dict[str, list[str]] = {}
        for row in named:
            briefs.setdefault(row["source_id"], []).append(row["brief"])
        found = [
            Source(
                row["source_id"], row["title"], Kind(row["kind"]), row["paper_url"], row["github_url"],
                tuple(briefs.get(row["source_id"], ())), row["text"],
            )
            for row in rows
        ]  # fmt: skip
        return sorted(found, key=lambda source: (source.title.casefold(), source.source_id))

    def scope_ids(self, scope: Scope) -> set[str]:
        """The ids of the sources that a search within `scope` may find."""
        rows = self._rows("SELECT source_id, kind FROM sources")
        ids = {row["source_id"] for row in rows if scope.kind is None or row["kind"] == scope.kind}
        if scope.source_ids is not None:
            ids &= scope.source_ids
        if scope.briefs is not None:
            members: set[str] = set()
            for part in _parts(sorted(scope.briefs)):
                found = self._rows(f"SELECT source_id FROM entries WHERE brief IN ({_marks(part)})", part)
                members.update(row["source_id"] for row in found)
            ids &= members
        return ids

    def count(self) -> int:
        """How many sources there are."""
        return int(self._rows("SELECT count(*) FROM sources")[0][0])

    def match_words(self, query: str, limit: int) -> dict[str, float]:
        """Sources that hold words of an FTS5 query, with their BM25 score (higher is better)."""
        rows = self._rows(
            "SELECT source_id, -bm25(words, 2.0, 1.0) AS score FROM words JOIN sources ON sources.number = words.rowid "
            "WHERE words MATCH ? ORDER BY score DESC LIMIT ?",
            (query, limit),
        )
        return {row["source_id"]: row["score"] for row in rows}

    # -- passages

    def passage_ids(self) -> set[str]:
        """The ids of all passages."""
        return {row[0] for row in self._rows("SELECT passage_id FROM passages")}

    def known_passages(self, source_ids: Collection[str]) -> set[str]:
        """The ids of the passages of some sources."""
        found: set[str] = set()
        for part in _parts(sorted(source_ids)):
            rows = self._rows(f"SELECT passage_id FROM passages WHERE source_id IN ({_marks(part)})", part)
            found.update(row[0] for row in rows)
        return found

    def passages_of(self, source_ids: Collection[str]) -> tuple[list[Passage], Vectors]:
        """Passages of some sources, ordered by source and offset, with their vectors (passages, dimension)."""
        rows: list[sqlite3.Row] = []
        for part in _parts(sorted(source_ids)):
            rows += self._rows(
                f"SELECT * FROM passages WHERE source_id IN ({_marks(part)}) ORDER BY source_id, role, start",
                part,
            )
        return [_passage(row) for row in rows], _stack(rows)

    def passages_by_id(self, passage_ids: Collection[str]) -> tuple[list[Passage], Vectors]:
        """Those of the named passages that exist, with their vectors (passages, dimension)."""
        rows: list[sqlite3.Row] = []
        for part in _parts(sorted(passage_ids)):
            rows += self._rows(f"SELECT * FROM passages WHERE passage_id IN ({_marks(part)})", part)
        return [_passage(row) for row in rows], _stack(rows)


def text_digest(text: str) -> str:
    """What a text is recognised by."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _write_source(connection: sqlite3.Connection, source: Source) -> None:
    connection.execute(
        "INSERT INTO sources (source_id, kind, title, paper_url, github_url, text, digest) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (source_id) DO UPDATE SET kind = excluded.kind, title = excluded.title, paper_url = excluded.paper_url, "
        "github_url = excluded.github_url, text = excluded.text, digest = excluded.digest",
        (
            source.source_id,
            source.kind,
            source.title,
            source.paper_url,
            source.github_url,
            source.text,
            text_digest(source.text),
        ),
    )
    number = connection.execute("SELECT number FROM sources WHERE source_id = ?", (source.source_id,)).fetchone()[0]
    connection.execute("DELETE FROM words WHERE rowid = ?", (number,))
    connection.execute("INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)", (number, source.title, source.text))


def _write_passages(
    connection: sqlite3.Connection,
    source_id: str,
    passages: Sequence[Passage],
    vectors: Mapping[str, Vectors],
) -> None:
    for passage in passages:
        if passage.passage_id not in vectors:  # stored before; its place in the text may have moved
            connection.execute(
                "UPDATE passages SET start = ?, end = ? WHERE passage_id = ?",
                (passage.start, passage.end, passage.passage_id),
            )
            continue
        blob = np.ascontiguousarray(vectors[passage.passage_id], dtype="<f4").tobytes()
        connection.execute(
            "INSERT OR REPLACE INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)",
            (passage.passage_id, source_id, passage.role, passage.start, passage.end, blob, zlib.crc32(blob)),
        )
    kept = {passage.passage_id for passage in passages}
    for row in connection.execute("SELECT passage_id FROM passages WHERE source_id = ?", (source_id,)).fetchall():
        if row[0] not in kept:
            connection.execute("DELETE FROM passages WHERE passage_id = ?", (row[0],))


def _advance(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO meta VALUES ('generation', '1') "
        "ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(value AS INTEGER) + 1 AS TEXT)"
    )


def _passage(row: sqlite3.Row) -> Passage:
    return Passage(row["passage_id"], row["source_id"], Role(row["role"]), row["start"], row["end"])


def _stack(rows: Sequence[sqlite3.Row]) -> Vectors:
    if not rows:
        return np.zeros((0, 0), dtype=np.float32)
    return np.stack([np.frombuffer(row["vector"], dtype="<f4") for row in rows]).astype(np.float32, copy=False)


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _VARIABLES):
        yield values[start : start + _VARIABLES]


def _marks(values: Sequence[str]) -> str:
    return ", ".join("?" * len(values))
