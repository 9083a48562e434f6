"""The store: put briefs in, search, and get evidence with exact offsets."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from filelock import FileLock

from store.embedding import Embedder, Vectors
from store.errors import DamagedTableError, EmbeddingModelError, IndexUnavailableError, StoreError
from store.glossary import in_field_words
from store.identity import source_id
from store.keeper import FolderKeeper, Keeper, MemoryKeeper, Notify, ServerKeeper
from store.model import Brief, BriefRecord, Changes, Entry, Evidence, Passage, Scope, Source
from store.search import DEFAULT_WEIGHTS, Weights
from store.search import search as search_table
from store.table import Table, text_digest
from store.text import embedded_text, passages_of, render_text

Progress = Callable[[int, int], None]  # sources done, sources in all

_QUERIES = 64  # whose vectors are remembered
_BATCH = 128  # sources embedded and written together


class Store:
    """Sources with their search; one object may serve many threads.

    Open one with `Store.open` (a data folder) or `Store.in_memory` (a handful of sources).
    """

    def __init__(self, table: Table, embedder: Embedder, keeper: Keeper, lock: FileLock | None) -> None:
        self._table = table
        self._embedder = embedder
        self._keeper = keeper
        self._lock = lock  # between processes
        self._write_lock = threading.RLock()  # between threads
        self._writers = 0  # nested `writing` blocks
        self._queries: dict[str, Vectors] = {}  # the last ones, each with its vector (dimension,)
        self._query_lock = threading.Lock()

    @classmethod
    def open(
        cls, folder: Path, embedder: Embedder, *, chroma_url: str = "", notify: Notify = lambda message: None
    ) -> "Store":
        """Open the store in `folder`, making it when it is missing; its files are checked, the index in the background.

        chroma_url: a Chroma server for the vectors, empty for an index in the folder.
        notify: told in one line when something was damaged and built again.
        Raises DamagedTableError, StoreError, or EmbeddingModelError when another model built the store.
        """
        table = _sound_table(folder)
        try:
            _refuse_other_model(table, embedder)
            lock = FileLock(folder / "lock")
            keeper = _keeper(table, folder, lock, chroma_url, notify)
            if isinstance(keeper, FolderKeeper):
                keeper.start_check()
        except BaseException:
            table.close()
            raise
        return cls(table, embedder, keeper, lock)

    @classmethod
    def in_memory(cls, embedder: Embedder) -> "Store":
        """A store that lives as long as this process."""
        table = Table(None)
        return cls(table, embedder, MemoryKeeper(table), None)

    @property
    def embedder(self) -> Embedder:
        """What embeds the passages and the queries."""
        return self._embedder

    def close(self) -> None:
        """Release every file and connection."""
        self._keeper.close()
        self._table.close()

    # -- writing

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold other processes' writers off, and bring the index in line at the end; may be nested."""
        with self._write_lock, self._lock or contextlib.nullcontext():
            self._writers += 1
            try:
                yield
            finally:
                self._writers -= 1
            if self._writers == 0:
                self._keeper.index()

    def put(self, brief: Brief, *, progress: Progress | None = None) -> Changes:
        """Put a brief in: its sources are added or updated; the same brief again changes nothing.

        Killed at any moment, it leaves whole sources; putting the brief again completes it. What an edited brief no
        longer names stays until `prune`. Put several briefs inside one `with store.writing()`.
        Raises StoreError when the brief holds what cannot be kept, or the store cannot be written.
        """
        _refuse_unstorable(brief)
        entries = _merge_twins(brief)
        digest = _brief_digest(brief)
        if self._table.brief_digest(brief.name) == digest:
            return Changes(unchanged=len(entries))
        with self.writing():
            self._record_model()
            revision = self._table.begin_brief(brief)
            total = Changes()
            items = list(entries.items())
            for start in range(0, len(items), _BATCH):
                total += self._put_batch(brief.name, start, revision, dict(items[start : start + _BATCH]))
                if progress:
                    progress(min(start + _BATCH, len(items)), len(items))
            self._merge_without({brief.name}, self._table.sources_of_briefs([brief.name]) - entries.keys())
            self._table.finish_brief(brief, digest, entries.keys())
        return total

    def prune(self, gone_briefs: Collection[str] = ()) -> int:
        """Forget briefs, then remove every source that no brief names; returns how many sources were removed."""
        with self.writing():
            _refuse_other_model(self._table, self._embedder)
            gone = set(gone_briefs)
            self._merge_without(gone, self._table.sources_of_briefs(gone))
            return self._table.forget_briefs(gone)

    def sync(self) -> None:
        """Bring the vector index in line with the sources now."""
        self._keeper.index()

    def re_embed(self, progress: Progress | None = None) -> int:
        """Embed every source again with the present model; returns how many.

        Used after the embedding model was changed: see `Store.open_for_re_embedding`.
        """
        model = {"embedding_model": self._embedder.name, "embedding_dimension": str(self._embedder.dimension)}
        with self.writing():
            self._table.set_meta({"re_embedding": "begun"})
            sources = self._table.sources()
            for start in range(0, len(sources), _BATCH):
                self._write(sources[start : start + _BATCH], (), known=set())
                if progress:
                    progress(min(start + _BATCH, len(sources)), len(sources))
            self._keeper.discard()
            self._table.set_meta({**model, "re_embedding": ""})
        return len(sources)

    def _record_model(self) -> None:
        """Make sure that only one model's vectors go in."""
        _refuse_other_model(self._table, self._embedder)
        if self._table.get_meta("embedding_model") is None:
            dimension = str(self._embedder.dimension)
            self._table.set_meta({"embedding_model": self._embedder.name, "embedding_dimension": dimension})

    def _put_batch(self, brief: str, first: int, revision: int, entries: dict[str, Entry]) -> Changes:
        others = self._table.entries_of(entries)
        before = self._table.text_digests(entries)
        rows, sources = [], []
        added = changed = 0
        for position, (identity, entry) in enumerate(entries.items(), start=first):
            rows.append((brief, position, revision, identity, entry))
            rest = [other for name, _, other in others[identity] if name != brief]
            source = _merge(identity, [entry, *rest])
            if identity not in before:
                added += 1
            elif before[identity] != text_digest(source.text):
                changed += 1
            else:
                continue
            sources.append(source)
        self._write(sources, rows, self._table.known_passages([source.source_id for source in sources]))
        return Changes(added, changed, len(entries) - added - changed)

    def _merge_without(self, gone_briefs: Collection[str], source_ids: Collection[str]) -> None:
        """Renew sources from the other briefs that name them; one that no other names stays as it was.

        Before the briefs are forgotten, so that a process killed in between has not forgotten what is left to do.
        """
        entries = {
            identity: [entry for brief, _, entry in found if brief not in gone_briefs]
            for identity, found in self._table.entries_of(source_ids).items()
        }
        before = self._table.text_digests(entries)
        merged = [_merge(identity, found) for identity, found in entries.items() if found]
        stale = [source for source in merged if before.get(source.source_id) != text_digest(source.text)]
        self._write(stale, (), self._table.known_passages([source.source_id for source in stale]))

    def _write(
        self,
        sources: Sequence[Source],
        rows: Sequence[tuple[str, int, int, str, Entry]],
        known: Collection[str],
    ) -> None:
        passages = {source.source_id: passages_of(source.source_id, source.text) for source in sources}
        texts = {source.source_id: source.text for source in sources}
        fresh: list[Passage] = [p for found in passages.values() for p in found if p.passage_id not in known]
        encoded = self._encode([embedded_text(texts[p.source_id], p) for p in fresh])
        vectors: dict[str, Vectors] = {p.passage_id: encoded[number] for number, p in enumerate(fresh)}
        self._table.write_sources(sources, passages, vectors, rows)

    def _encode(self, texts: Sequence[str]) -> Vectors:
        """Embed texts; raises EmbeddingModelError when the model under this name is not the one that it was."""
        vectors = self._embedder.encode(texts)
        recorded = self._table.get_meta("embedding_dimension")
        if recorded is not None and not self._table.get_meta("re_embedding") and vectors.shape[1] != int(recorded):
            raise EmbeddingModelError(
                f"the embedding model {self._embedder.name} gives {vectors.shape[1]} numbers a text, and the store was "
                f"built with {recorded}: put the former model back, or run `unblur ingest --re-embed`"
            )
        return vectors

    # -- reading

    def briefs(self) -> list[BriefRecord]:
        """The briefs that went in, by name."""
        return self._table.briefs()

    def brief_asking(self, question: str) -> str | None:
        """The name of a brief whose own question this is, word for word; None when there is none."""
        words = question.split()
        alike = self._table.questions(words[0], words[-1]) if words else []
        return next((name for name, asked in alike if asked.split() == words), None)

    def twin(self, brief: Brief) -> str | None:
        """The name of a brief that asks the same and supplies the same, word for word; None when none is held."""
        entries = _merge_twins(brief)
        held = self._table.entries_of(entries)
        for record in self.briefs():
            if record.question == brief.question and record.source_ids == tuple(entries):
                own = {key: entry for key, found in held.items() for name, _, entry in found if name == record.name}
                if own == entries:
                    return record.name
        return None

    def sources(self, scope: Scope | None = None) -> list[Source]:
        """The sources within `scope`, ordered by title."""
        return self._table.sources(None if scope is None else self._table.scope_ids(scope))

    def count(self, scope: Scope | None = None) -> int:
        """How many sources there are within `scope`."""
        return self._table.count() if scope is None else len(self._table.scope_ids(scope))

    def index_version(self) -> str | None:
        """The name of the index's folder that is in use; None when there is none yet."""
        return self._table.get_meta("index_version") or None

    def warm_up(self) -> None:
        """Load the embedding model and the index now rather than at the first search."""
        self._encode(["warm up"])
        self._keeper.index()

    def query_vectors(self, queries: Sequence[str]) -> Vectors:
        """The embeddings of queries (queries, dimension); those of the last ones are remembered."""
        with self._query_lock:
            known = {query: self._queries[query] for query in queries if query in self._queries}
        new = [query for query in dict.fromkeys(queries) if query not in known]
        if new:
            known |= zip(new, self._encode(new), strict=True)
            with self._query_lock:
                self._queries |= known
                for query in list(self._queries)[:-_QUERIES]:
                    del self._queries[query]
        return np.stack([known[query] for query in queries])

    def search(
        self,
        query: str,
        *,
        scope: Scope | None = None,
        sources: int = 8,
        passages: int = 6,
        weights: Weights = DEFAULT_WEIGHTS,
    ) -> list[Evidence]:
        """The best passages of the best sources for `query`, best source first.

        sources, passages: how many sources, and how many passages of each, at most.
        weights: how much each signal counts.
        Raises StoreError when the index can neither be used nor built again.
        """
        if not query.strip() or self._table.count() == 0:
            return []
        source_ids = None if scope is None else self._table.scope_ids(scope)
        if source_ids is not None and not source_ids:
            return []
        _refuse_other_model(self._table, self._embedder)  # another process may have embedded all again
        vectors = self.query_vectors(list(dict.fromkeys([query, in_field_words(query)])))

        def find() -> list[Evidence]:
            index = self._keeper.index()
            return search_table(
                self._table,
                index,
                query,
                vectors,
                source_ids=source_ids,
                sources=sources,
                passages=passages,
                weights=weights,
            )

        try:
            return find()
        except IndexUnavailableError:  # removed, damaged or restarted since it was opened
            self._keeper.distrust()
            return find()


def open_for_re_embedding(
    folder: Path, embedder: Embedder, notify: Notify = lambda message: None, *, chroma_url: str = ""
) -> Store:
    """Open a store whatever model built it, to call `re_embed` and nothing else."""
    if not (folder / "sources.sqlite3").exists():
        raise StoreError(f"there is no store in {folder}: run `unblur ingest` with your briefs first")
    table = _sound_table(folder)
    lock = FileLock(folder / "lock")
    return Store(table, embedder, _keeper(table, folder, lock, chroma_url, notify), lock)


def _sound_table(folder: Path) -> Table:
    """The table of sources in `folder`, checked."""
    path = folder / "sources.sqlite3"
    if path.is_file() and path.stat().st_size == 0 and (folder / "index").exists():
        raise DamagedTableError(
            f"the table of sources {path} is empty, though an index was built from it: move it away and run "
            "`unblur ingest` with your briefs again"
        )
    table = Table(path)
    try:
        table.check()
    except BaseException:
        table.close()
        raise
    return table


def _keeper(table: Table, folder: Path, lock: FileLock, chroma_url: str, notify: Notify) -> Keeper:
    if chroma_url:
        return ServerKeeper(table, chroma_url, lock, notify)
    return FolderKeeper(table, folder / "index", lock, notify)


def _refuse_other_model(table: Table, embedder: Embedder) -> None:
    """Raise EmbeddingModelError unless the vectors in `table` are those of `embedder`."""
    if table.get_meta("re_embedding"):
        raise EmbeddingModelError(
            "embedding every source again was interrupted: run `unblur ingest --re-embed` to complete it"
        )
    recorded = table.get_meta("embedding_model")
    if recorded not in (None, embedder.name):
        raise EmbeddingModelError(
            f"the store {table.path and table.path.parent} was built with the embedding model {recorded}, and "
            f"{embedder.name} is set: set UNBLUR_EMBEDDING_MODEL={recorded}, or run `unblur ingest --re-embed` to embed "
            "every source again"
        )


def _refuse_unstorable(brief: Brief) -> None:
    """Raise StoreError for text that is no text, and for links that would break the lines of a source's text."""
    for entry in brief.entries:
        for link in (entry.paper_url, entry.github_url):
            if link and len(link.split()) != 1:
                raise StoreError(f"brief {brief.name!r}: the link {link!r} holds white space: write it without")
    entries = [(e.title, e.summary, e.paper_url, e.github_url) for e in brief.entries]
    for text in (brief.name, brief.question, brief.origin, *(part for parts in entries for part in parts)):
        try:
            (text or "").encode()
        except UnicodeEncodeError as error:
            raise StoreError(
                f"brief {brief.name!r}: character {error.start + 1} of {(text or '')[:40]!r} is half of a pair: "
                "save the brief as UTF-8"
            ) from error


def _merge_twins(brief: Brief) -> dict[str, Entry]:
    """A brief's entries by identity, in order; a source named twice gets what either entry supplies."""
    entries: dict[str, Entry] = {}
    for entry in brief.entries:
        identity = source_id(entry)
        entries[identity] = _merge_entries([entries[identity], entry]) if identity in entries else entry
    return entries


def _merge_entries(entries: Sequence[Entry]) -> Entry:
    """One entry from several of the same source; the first that supplies a part decides it."""
    return Entry(
        kind=entries[0].kind,
        title=" ".join(entries[0].title.split()),
        paper_url=next((entry.paper_url for entry in entries if entry.paper_url), None),
        github_url=next((entry.github_url for entry in entries if entry.github_url), None),
        summary=next((entry.summary for entry in entries if entry.summary.strip()), ""),
    )


def _merge(identity: str, entries: Sequence[Entry]) -> Source:
    merged = _merge_entries(entries)
    text = render_text(merged.title, merged.paper_url, merged.github_url, merged.summary)
    return Source(identity, merged.title, merged.kind, merged.paper_url, merged.github_url, (), text)


def _brief_digest(brief: Brief) -> str:
    content = [brief.question, brief.origin, [asdict(entry) for entry in brief.entries]]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()
