"""The store: put briefs in, search, and get evidence with exact offsets."""

import contextlib
import hashlib
import json
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from filelock import FileLock

from store.embedding import Embedder, Vectors
from store.errors import EmbeddingModelError, StoreError
from store.identity import source_id
from store.keeper import FolderKeeper, Keeper, MemoryKeeper, Notify, ServerKeeper
from store.model import Brief, BriefRecord, Changes, Entry, Evidence, Passage, Scope, Source
from store.search import search as search_table
from store.table import Table, text_digest
from store.text import embedded_text, passages_of, render_text

Progress = Callable[[int, int], None]  # sources done, sources in all

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

    @classmethod
    def open(
        cls, folder: Path, embedder: Embedder, *, chroma_url: str = "", notify: Notify = lambda message: None
    ) -> "Store":
        """Open the store in `folder`, making it when it is missing; its files are checked, the index in the background.

        chroma_url: a Chroma server for the vectors, empty for an index in the folder.
        notify: told in one line when something was damaged and built again.
        Raises DamagedTableError, StoreError, or EmbeddingModelError when another model built the store.
        """
        table = Table(folder / "sources.sqlite3")
        table.check()
        recorded = table.get_meta("embedding_model")
        if recorded not in (None, embedder.name):
            table.close()
            raise EmbeddingModelError(
                f"the store in {folder} was built with the embedding model {recorded}, and {embedder.name} is set: "
                f"set UNBLUR_EMBEDDING_MODEL={recorded}, or run `unblur ingest --re-embed` to embed every source again"
            )
        lock = FileLock(folder / "lock")
        keeper: Keeper
        if chroma_url:
            keeper = ServerKeeper(table, chroma_url, notify)
        else:
            keeper = FolderKeeper(table, folder / "index", lock, notify)
            keeper.start_check()
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
        """
        entries = _merge_twins(brief)
        digest = _brief_digest(brief)
        if self._table.brief_digest(brief.name) == digest:
            return Changes(unchanged=len(entries))
        with self.writing():
            self._record_model()
            revision = self._table.next_revision()
            total = Changes()
            items = list(entries.items())
            for start in range(0, len(items), _BATCH):
                total += self._put_batch(brief.name, start, revision, dict(items[start : start + _BATCH]))
                if progress:
                    progress(min(start + _BATCH, len(items)), len(items))
            dropped = self._table.finish_brief(brief, digest, entries.keys())
            self._merge_again(dropped)
        return total

    def prune(self, gone_briefs: Collection[str] = ()) -> int:
        """Forget briefs, then remove every source that no brief names; returns how many sources were removed."""
        with self.writing():
            self._merge_again(self._table.forget_briefs(gone_briefs))
            return self._table.remove_orphans()

    def sync(self) -> None:
        """Bring the vector index in line with the sources now."""
        self._keeper.index()

    def re_embed(self, progress: Progress | None = None) -> int:
        """Embed every source again with the present model; returns how many.

        Used after the embedding model was changed: see `Store.open_for_re_embedding`.
        """
        sources = self._table.sources()
        with self.writing():
            self._table.set_meta(
                {"embedding_model": self._embedder.name, "embedding_dimension": str(self._embedder.dimension)}
            )
            for start in range(0, len(sources), _BATCH):
                self._write(sources[start : start + _BATCH], (), known=set())
                if progress:
                    progress(min(start + _BATCH, len(sources)), len(sources))
        return len(sources)

    def _record_model(self) -> None:
        if self._table.get_meta("embedding_model") is None:
            self._table.set_meta(
                {"embedding_model": self._embedder.name, "embedding_dimension": str(self._embedder.dimension)}
            )

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

    def _merge_again(self, source_ids: Collection[str]) -> None:
        """Renew sources that lost a brief from those that still name them; one that none names stays as it was."""
        named = {identity: found for identity, found in self._table.entries_of(source_ids).items() if found}
        before = self._table.text_digests(named)
        merged = [_merge(identity, [entry for _, _, entry in found]) for identity, found in named.items()]
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
        encoded = self._embedder.encode([embedded_text(texts[p.source_id], p) for p in fresh])
        vectors: dict[str, Vectors] = {p.passage_id: encoded[number] for number, p in enumerate(fresh)}
        self._table.write_sources(sources, passages, vectors, rows)

    # -- reading

    def briefs(self) -> list[BriefRecord]:
        """The briefs that went in, by name."""
        return self._table.briefs()

    def sources(self, scope: Scope | None = None) -> list[Source]:
        """The sources within `scope`, ordered by title."""
        return self._table.sources(None if scope is None else self._table.scope_ids(scope))

    def count(self) -> int:
        """How many sources there are."""
        return self._table.count()

    def warm_up(self) -> None:
        """Load the embedding model and the index now rather than at the first search."""
        self._embedder.encode(["warm up"])
        self._keeper.index()

    def search(self, query: str, *, scope: Scope | None = None, sources: int = 8, passages: int = 6) -> list[Evidence]:
        """The best passages of the best sources for `query`, best source first.

        sources, passages: how many sources, and how many passages of each, at most.
        """
        if not query.strip() or self._table.count() == 0:
            return []
        source_ids = None if scope is None else self._table.scope_ids(scope)
        if source_ids is not None and not source_ids:
            return []
        vector = self._embedder.encode([query])[0]
        return search_table(
            self._table,
            self._keeper.index(),
            query,
            vector,
            source_ids=source_ids,
            sources=sources,
            passages=passages,
        )

    def similarities(self, query: str, texts: Sequence[str]) -> list[float]:
        """Cosine similarity of `query` to each of a few texts, 0 to 1."""
        if not texts:
            return []
        vectors = self._embedder.encode([query, *texts])
        return [max(0.0, float(value)) for value in vectors[1:] @ vectors[0]]


def open_for_re_embedding(folder: Path, embedder: Embedder, notify: Notify = lambda message: None) -> Store:
    """Open a store whatever model built it, to call `re_embed` and nothing else."""
    if not (folder / "sources.sqlite3").exists():
        raise StoreError(f"there is no store in {folder}: run `unblur ingest` with your briefs first")
    table = Table(folder / "sources.sqlite3")
    table.check()
    lock = FileLock(folder / "lock")
    return Store(table, embedder, FolderKeeper(table, folder / "index", lock, notify), lock)


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
