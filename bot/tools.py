"""The tools that every model of the agent may call."""

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any
from weakref import WeakKeyDictionary

from langchain.tools import ToolRuntime
from langchain_core.messages import AnyMessage, ToolMessage
from langchain_core.tools import BaseTool, tool

from bot.embedded.domain import in_domain
from bot.embedded.neighbours import Near, Surroundings
from bot.photos.turn import TurnPhotos
from store.embedding import Embedder
from store.model import Evidence, Kind, Scope, Source
from store.store import Store

SEARCH = "search_sources"
_SOURCES = 8  # of one search
_known: WeakKeyDictionary[Embedder, Surroundings] = WeakKeyDictionary()
_lock = threading.Lock()
_PASSAGES = 40  # of each source: all sentences of an abstract


@dataclass(frozen=True)
class TurnContext:
    """What a turn may look at; set by us for the whole turn, never by a model."""

    store: Store
    scope: Scope | None = None
    photos: TurnPhotos | None = None  # None where no photo can be had


@dataclass(frozen=True)
class Found:
    """What one search found: the sources, best first, and their passages with scores."""

    query: str
    evidence: tuple[Evidence, ...]
    near: tuple[Near, ...] = ()  # subjects that the query may be about instead, the nearest first
    among: int = 100  # sources that were searched
    domain: float = 0.0  # log-odds that the query is about restoring pictures, by its wording alone

    @property
    def sources(self) -> dict[str, Source]:
        """The sources by id, best first."""
        return {evidence.source.source_id: evidence.source for evidence in self.evidence}


def search_tool() -> BaseTool:
    """The tool `search_sources(query, brief?)`, bound to the turn's store and scope by its context."""

    @tool(SEARCH, response_format="content_and_artifact")
    def search_sources(
        query: str, runtime: ToolRuntime[TurnContext], brief: str | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Search the supplied model and paper summaries, and get exact sentences of them.

        query: what to look for, in words of the question or of the field.
        brief: the name of a supplied brief, to look at its sources alone.
        """
        context = runtime.context
        found = look_up(context, query, brief)
        return _for_reading(found), _packed(found)

    return search_sources


def look_up(context: TurnContext, query: str, brief: str | None = None) -> Found:
    """Search, and tell what the query may be about instead."""
    embedder = context.store.embedder
    vector = context.store.query_vectors([query])[0]
    return Found(
        query,
        tuple(_search(context, query, brief)),
        near=_surroundings(embedder).near(vector),
        among=context.store.count(context.scope),
        domain=in_domain(embedder.name, vector),
    )


def warm_up(store: Store) -> None:
    """Load now what the first search would have to wait for."""
    store.warm_up()
    _surroundings(store.embedder).load()


def _surroundings(embedder: Embedder) -> Surroundings:
    """The subjects beside the field as an embedding model sees them; made once for each."""
    with _lock:
        if embedder not in _known:
            _known[embedder] = Surroundings(embedder)
        return _known[embedder]


def _search(context: TurnContext, query: str, brief: str | None) -> list[Evidence]:
    scope = context.scope
    if brief:
        within = scope or Scope()
        briefs = frozenset({brief})
        scope = Scope(within.briefs & briefs if within.briefs is not None else briefs, within.source_ids, within.kind)
    return context.store.search(query, scope=scope, sources=_SOURCES, passages=_PASSAGES)


def found_in(messages: Iterable[AnyMessage]) -> list[Found]:
    """What the searches among `messages` found, in order."""
    return [
        _unpacked(message.artifact)
        for message in messages
        if isinstance(message, ToolMessage) and message.name == SEARCH and message.artifact
    ]


def sources_of(searches: Iterable[Found]) -> dict[str, Source]:
    """The sources that any of some searches found, by id."""
    return {source_id: source for found in searches for source_id, source in found.sources.items()}


def _for_reading(found: Found) -> str:
    """The evidence as a model reads it: data, not instructions."""
    quotes: dict[str, list[str]] = {}
    for evidence in found.evidence:
        quotes.setdefault(evidence.source.source_id, []).append(evidence.quote)
    return json.dumps(
        [
            {
                "source_id": source.source_id,
                "title": source.title,
                "kind": source.kind,
                "paper_url": source.paper_url,
                "github_url": source.github_url,
                "quotes": quotes[source.source_id],
            }
            for source in found.sources.values()
        ],
        ensure_ascii=False,
    )


def _packed(found: Found) -> dict[str, Any]:
    """`found` as plain data, which a conversation's checkpoint can keep."""
    return {
        "query": found.query,
        "among": found.among,
        "near": [list(one) for one in found.near],
        "domain": found.domain,
        "sources": {
            source_id: {**asdict(source), "kind": source.kind.value} for source_id, source in found.sources.items()
        },
        "evidence": [[one.source.source_id, one.start, one.end, one.score, one.source_score] for one in found.evidence],
    }


def _unpacked(data: Mapping[str, Any]) -> Found:
    sources = {
        source_id: Source(**{**fields, "kind": Kind(fields["kind"]), "briefs": tuple(fields["briefs"])})
        for source_id, fields in data["sources"].items()
    }
    evidence = (
        Evidence(sources[source_id], start, end, score, source_score)
        for source_id, start, end, score, source_score in data["evidence"]
    )
    near = tuple((name, similarity) for name, similarity in data.get("near", ()))
    return Found(data["query"], tuple(evidence), near, data.get("among", Found.among), data.get("domain", Found.domain))
