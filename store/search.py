"""Find evidence: dense and BM25 candidates, scored exactly, fused per source.

The vector index and the word index each name candidate sources; every candidate is then scored with its own vectors
from the table, so a source's score does not depend on which of the two found it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from store.embedding import Vectors
from store.index import ChromaIndex
from store.model import Evidence, Passage, Role, Source
from store.table import Table

_WORD = re.compile(r"\w+")
_MAX_WORDS = 64  # of a query that BM25 looks for

# Words that carry no subject; asking BM25 for them only costs time.
_STOP_WORDS = frozenset(
    """
    a about after all also am an and any are as at be because been before being but by can could did do does doing for
    from get give go had has have having he her here him his how i if in into is it its just let like make many me more
    most much my no nor not of off on one only or other our out over own s same she should so some such t tell than
    that the their them then there these they this those through to too up us use used using very was we were what when
    where which while who why will with without would you your
    """.split()  # noqa: SIM905 - read as a list of words
)


@dataclass(frozen=True)
class Weights:
    """How much each signal counts in a source's score; together about 1, ties aside."""

    whole: float = 0.40  # similarity to title and summary together
    sentence: float = 0.30  # to the nearest sentence
    header: float = 0.10  # to the title
    words: float = 0.20  # BM25, relative to the best match
    tie: float = 0.20  # what the sources of the same brief score, on top: a recommended model may have no summary


DEFAULT_WEIGHTS = Weights()
_DENSE_CANDIDATES = 120  # passages
_WORD_CANDIDATES = 60  # sources
_TIED_SOURCES = 12  # best sources whose briefs are looked at
_TIED_BRIEF = 30  # sources in a brief, above which belonging to it means nothing
_TIED_BEST = 2  # best other sources of a brief that speak for a source


def search(
    table: Table,
    index: ChromaIndex,
    query: str,
    vector: Vectors,
    *,
    source_ids: Collection[str] | None,
    sources: int,
    passages: int,
    weights: Weights = DEFAULT_WEIGHTS,
) -> list[Evidence]:
    """The best passages of the best sources for `query`, best source first, then best passage.

    vector: the query's embedding (dimension,). source_ids: the only ones that may be found, None for all.
    sources, passages: how many sources, and how many passages of each, at most.
    """
    bm25 = table.match_words(words_query(query), _WORD_CANDIDATES) if words_query(query) else {}
    near = index.nearest(vector[None, :], _DENSE_CANDIDATES, source_ids)[0]
    found, _ = table.passages_by_id([passage_id for passage_id, _ in near])
    candidates = {passage.source_id for passage in found} | set(bm25)
    if source_ids is not None:
        candidates &= set(source_ids)
        bm25 = {source_id: score for source_id, score in bm25.items() if source_id in candidates}
    if not candidates:
        return []
    with table.snapshot():  # offsets and texts must be of the same moment
        scored = _scored(table, candidates, vector)
        top_words = max(bm25.values(), default=0.0) or 1.0
        scores = {
            source_id: _source_score(pieces, bm25.get(source_id, 0.0) / top_words, weights)
            for source_id, pieces in scored.items()
        }
        companions = table.companions(_best(scores, _TIED_SOURCES), _TIED_BRIEF)
        tied = {source_id for members in companions for source_id in members} - scores.keys()
        if source_ids is not None:
            tied &= set(source_ids)
        scored |= _scored(table, tied, vector)
        scores |= {source_id: _source_score(scored[source_id], 0.0, weights) for source_id in tied & scored.keys()}
        scores = _with_ties(scores, companions, weights.tie)
        best = _best(scores, sources)
        known = {source.source_id: source for source in table.sources(best)}
    return [
        evidence
        for source_id in best
        if source_id in known
        for evidence in _evidence(known[source_id], scored[source_id], scores[source_id], passages)
    ]


def _scored(table: Table, source_ids: Collection[str], vector: Vectors) -> dict[str, list[tuple[Passage, float]]]:
    """The passages of some sources by source, each with its similarity to the query, 0 to 1."""
    pieces, vectors = table.passages_of(source_ids)
    scored: dict[str, list[tuple[Passage, float]]] = {}
    if pieces:
        for piece, similarity in zip(pieces, np.clip(vectors @ vector, 0, 1).tolist(), strict=True):
            scored.setdefault(piece.source_id, []).append((piece, similarity))
    return scored


def _best(scores: Mapping[str, float], limit: int) -> list[str]:
    return sorted(scores, key=lambda source_id: (-scores[source_id], source_id))[:limit]


def _with_ties(scores: Mapping[str, float], companions: Sequence[Collection[str]], weight: float) -> dict[str, float]:
    """Scores raised by what the best other sources of the same brief score."""
    raised = dict.fromkeys(scores, 0.0)
    for members in companions:
        ranked = sorted(((scores[one], one) for one in members if one in scores), reverse=True)
        for _, source_id in ranked:
            others = [score for score, one in ranked[: _TIED_BEST + 1] if one != source_id][:_TIED_BEST]
            if others:
                raised[source_id] = max(raised[source_id], sum(others) / len(others))
    return {source_id: score + weight * raised[source_id] for source_id, score in scores.items()}


def words_query(query: str) -> str:
    """`query` as an FTS5 expression that asks for any of its meaningful words; empty when it has none."""
    words = dict.fromkeys(word for word in _WORD.findall(query.casefold()) if word not in _STOP_WORDS)
    return " OR ".join(f'"{word}"' for word in list(words)[:_MAX_WORDS])


def _source_score(scored: Sequence[tuple[Passage, float]], words: float, weights: Weights) -> float:
    best = dict.fromkeys(Role, 0.0)
    for passage, similarity in scored:
        best[passage.role] = max(best[passage.role], similarity)
    if not any(passage.role is Role.SENTENCE for passage, _ in scored):  # only links were supplied
        best[Role.WHOLE] = best[Role.SENTENCE] = best[Role.HEADER]
    return (
        weights.whole * best[Role.WHOLE]
        + weights.sentence * best[Role.SENTENCE]
        + weights.header * best[Role.HEADER]
        + weights.words * words
    )


def _evidence(source: Source, scored: Sequence[tuple[Passage, float]], score: float, limit: int) -> list[Evidence]:
    """The best sentences of a source, or its header when it has none."""
    sentences = [(p, s) for p, s in scored if p.role is Role.SENTENCE] or [
        (p, s) for p, s in scored if p.role is Role.HEADER
    ]
    ranked = sorted(sentences, key=lambda item: (-item[1], item[0].start))[:limit]
    return [Evidence(source, p.start, p.end, round(s, 4), round(score, 4)) for p, s in ranked]
