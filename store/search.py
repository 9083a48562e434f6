"""Find evidence: dense and BM25 candidates, scored exactly, fused per source.

The vector index and the word index each name candidate sources; every candidate is then scored with its own vectors
from the table, so a source's score does not depend on which of the two found it.
"""

import re
from collections.abc import Collection, Sequence
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
    """How much each signal counts in a source's score; together about 1."""

    whole: float = 0.40  # similarity to title and summary together
    sentence: float = 0.30  # to the nearest sentence
    header: float = 0.10  # to the title
    words: float = 0.20  # BM25, relative to the best match


DEFAULT_WEIGHTS = Weights()
_DENSE_CANDIDATES = 120  # passages
_WORD_CANDIDATES = 60  # sources


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
        pieces, vectors = table.passages_of(candidates)
        known = {source.source_id: source for source in table.sources(candidates)}
    by_source: dict[str, list[tuple[Passage, float]]] = {}
    if pieces:
        for piece, similarity in zip(pieces, np.clip(vectors @ vector, 0, 1).tolist(), strict=True):
            by_source.setdefault(piece.source_id, []).append((piece, similarity))
    top_words = max(bm25.values(), default=0.0)
    scores = {
        source_id: _source_score(scored, bm25.get(source_id, 0.0) / top_words if top_words > 0 else 0.0, weights)
        for source_id, scored in by_source.items()
    }
    best = sorted(scores, key=lambda source_id: (-scores[source_id], source_id))[:sources]
    return [
        evidence
        for source_id in best
        for evidence in _evidence(known[source_id], by_source[source_id], scores[source_id], passages)
    ]


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
