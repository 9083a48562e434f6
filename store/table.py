"""The table of sources: one SQLite file that is the truth about briefs, sources, passages and their vectors.

Everything else (the vector index) is built from it. Each public function is one transaction or none: a process
killed at any moment leaves the state before or after it.
"""

import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from store.database import Database, checksum, insert
from store.embedding import Vectors
from store.model import Brief, BriefRecord, Entry, Kind, Passage, Role, Scope, Source

_VARIABLES = 500  # values bound in one statement; SQLite's own limit is far higher
_UNFINISHED = ""  # digest of a brief that is not in completely


class Table(Database):
    """What is known about briefs, sources and passages; see `Database` for the file and its errors."""

    # -- facts about the store itself

    def get_meta(self, key: str) -> str | None:
        """A recorded fact, None when it was never recorded."""
        rows = self._rows("SELECT value FROM meta WHERE key = ?", (key,))
        return rows[0]["value"] if rows else None

    def set_meta(self, facts: Mapping[str, str]) -> None:
        """Record facts, all of them or none."""
        with self.transaction() as connection:
            for fact in facts.items():
                insert(connection, "meta", fact)

    def generation(self) -> int:
        """A number that grows with every change of the passages."""
        return int(self.get_meta("generation") or 0)

    # -- briefs

    def brief_digest(self, name: str) -> str | None:
        """The digest of a brief that went in completely, else None."""
        rows = self._rows("SELECT digest FROM briefs WHERE name = ?", (name,))
        return rows[0]["digest"] or None if rows else None

    def briefs(self) -> list[BriefRecord]:
        """All briefs, by name."""
        members: dict[str, list[str]] = {}
        for row in self._rows("SELECT brief, source_id FROM entries ORDER BY brief, position"):
            members.setdefault(row["brief"], []).append(row["source_id"])
        return [
            BriefRecord(row["name"], row["question"], row["origin"], tuple(members.get(row["name"], ())))
            for row in self._rows("SELECT name, question, origin FROM briefs ORDER BY name")
        ]

    def questions(self, first: str = "", last: str = "") -> list[tuple[str, str]]:
        """The briefs that ask a question with these two words in it: (name, question), by name."""
        holding = "instr(question, ?) AND instr(question, ?)"  # an empty word is in every text
        rows = self._rows(f"SELECT name, question FROM briefs WHERE {holding} ORDER BY name", (first, last))
        return [(row["name"], row["question"]) for row in rows]

    def begin_brief(self, brief: Brief) -> int:
        """Record that `brief` is going in; returns a revision above all others, since the newest brief wins.

        From here to `finish_brief` it has no digest, so that a brief whose writer was killed is put in again.
        """
        with self.transaction() as connection:
            insert(connection, "briefs", (brief.name, brief.question, brief.origin, _UNFINISHED))
            return int(connection.execute("SELECT coalesce(max(revision), 0) + 1 FROM entries").fetchone()[0])

    def companions(self, source_ids: Collection[str], limit: int) -> list[set[str]]:
        """For each brief of at most `limit` sources that names one of `source_ids`, the ids of all its sources."""
        members: dict[str, set[str]] = {}
        for part in _parts(sorted(source_ids)):
            rows = self._rows(
                "SELECT brief, source_id FROM entries WHERE brief IN ("
                f"SELECT brief FROM entries WHERE brief IN (SELECT brief FROM entries WHERE source_id IN ({_marks(part)})) "
                "GROUP BY brief HAVING count(*) <= ?)",
                [*part, limit],
            )
            for row in rows:
                members.setdefault(row["brief"], set()).add(row["source_id"])
        return list(members.values())

    def sources_of_briefs(self, names: Collection[str]) -> set[str]:
        """The ids of the sources that some briefs name."""
        found: set[str] = set()
        for part in _parts(sorted(names)):
            rows = self._rows(f"SELECT source_id FROM entries WHERE brief IN ({_marks(part)})", part)
            found.update(row[0] for row in rows)
        return found

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
                supplied = (entry.kind, entry.title, entry.paper_url, entry.github_url, entry.summary)
                insert(connection, "entries", (brief, source_id, position, revision, *supplied))
            for source in sources:
                _write_source(connection, source)
                _write_passages(connection, source.source_id, passages[source.source_id], vectors)
            if sources:
                _advance(connection)

    def finish_brief(self, brief: Brief, digest: str, kept: Collection[str]) -> None:
        """Record that `brief` is in completely and drop its entries for sources other than `kept`."""
        with self.transaction() as connection:
            named = {r[0] for r in connection.execute("SELECT source_id FROM entries WHERE brief = ?", (brief.name,))}
            for dropped in named - set(kept):
                connection.execute("DELETE FROM entries WHERE brief = ? AND source_id = ?", (brief.name, dropped))
            insert(connection, "briefs", (brief.name, brief.question, brief.origin, digest))

    def forget_briefs(self, names: Collection[str]) -> int:
        """Remove briefs, their entries, and every source that no brief names then; returns how many sources."""
        with self.transaction() as connection:
            for name in names:
                connection.execute("DELETE FROM entries WHERE brief = ?", (name,))
                connection.execute("DELETE FROM briefs WHERE name = ?", (name,))
            orphans = connection.execute(
                "SELECT number, source_id FROM sources WHERE source_id NOT IN (SELECT source_id FROM entries)"
            ).fetchall()
            for row in orphans:
                connection.execute("DELETE FROM passages WHERE source_id = ?", (row["source_id"],))
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
        if scope.briefs is None:
            rows = self._rows("SELECT source_id FROM sources WHERE kind = coalesce(?, kind)", (scope.kind,))
            ids = {row["source_id"] for row in rows}
        else:  # a brief has few sources, however many there are
            found = self.sources(self.sources_of_briefs(scope.briefs))
            ids = {source.source_id for source in found if scope.kind is None or source.kind is scope.kind}
        return ids if scope.source_ids is None else ids & scope.source_ids

    def count(self) -> int:
        """How many sources there are."""
        return int(self._rows("SELECT count(*) FROM sources")[0][0])

    def texts(self, source_ids: Collection[str]) -> dict[str, str]:
        """The texts of those of some sources that exist, by id."""
        found: dict[str, str] = {}
        for part in _parts(sorted(source_ids)):
            rows = self._rows(f"SELECT source_id, text FROM sources WHERE source_id IN ({_marks(part)})", part)
            found.update((row["source_id"], row["text"]) for row in rows)
        return found

    def match_words(self, query: str, limit: int) -> dict[str, float]:
        """Sources that hold words of an FTS5 query, with their BM25 score (higher is better)."""
        rows = self._rows(
            "SELECT source_id, -bm25(words, 2.0, 1.0) AS score FROM words JOIN sources ON sources.number = words.rowid "
            "WHERE words MATCH ? ORDER BY score DESC LIMIT ?",
            (query, limit),
        )
        return {row["source_id"]: row["score"] for row in rows}

    def count_matches(self, query: str) -> int:
        """How many sources hold words of an FTS5 query; far quicker than their scores."""
        return int(self._rows("SELECT count(*) FROM words WHERE words MATCH ?", (query,))[0][0])

    # -- passages

    def passage_sources(self) -> dict[str, str]:
        """The source id of every passage, by passage id."""
        return {row[0]: row[1] for row in self._rows("SELECT passage_id, source_id FROM passages")}

    def count_passages(self) -> int:
        """How many passages there are."""
        return int(self._rows("SELECT count(*) FROM passages")[0][0])

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
    links = (source.paper_url, source.github_url)
    values = (source.source_id, source.kind, source.title, *links, source.text, text_digest(source.text))
    connection.execute(
        "INSERT INTO sources (source_id, kind, title, paper_url, github_url, text, digest, checksum) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source_id) DO UPDATE SET kind = excluded.kind, "
        "title = excluded.title, paper_url = excluded.paper_url, github_url = excluded.github_url, "
        "text = excluded.text, digest = excluded.digest, checksum = excluded.checksum",
        (*values, checksum(values)),
    )


def _write_passages(
    connection: sqlite3.Connection,
    source_id: str,
    passages: Sequence[Passage],
    vectors: Mapping[str, Vectors],
) -> None:
    for passage in passages:
        if passage.passage_id in vectors:
            blob = np.ascontiguousarray(vectors[passage.passage_id], dtype="<f4").tobytes()
        else:  # stored before; its place in the text may have moved
            found = connection.execute("SELECT vector FROM passages WHERE passage_id = ?", (passage.passage_id,))
            blob = found.fetchone()["vector"]
        place = (passage.role, passage.start, passage.end)
        insert(connection, "passages", (passage.passage_id, source_id, *place, blob))
    kept = {passage.passage_id for passage in passages}
    for row in connection.execute("SELECT passage_id FROM passages WHERE source_id = ?", (source_id,)).fetchall():
        if row[0] not in kept:
            connection.execute("DELETE FROM passages WHERE passage_id = ?", (row[0],))


def _advance(connection: sqlite3.Connection) -> None:
    row = connection.execute("SELECT value FROM meta WHERE key = 'generation'").fetchone()
    insert(connection, "meta", ("generation", str(int(row["value"]) + 1 if row else 1)))


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
