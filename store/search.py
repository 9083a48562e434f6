"""Find evidence: dense and BM25 candidates, scored exactly, fused per source.

The vector index and the word index each name candidate sources; every candidate is then scored with its own vectors
from the table, so a source's score does not depend on which of the two found it. A question in everyday words is also
looked for in the words of the field, and a source that speaks of the same concepts is raised; see `store.glossary`.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from store.embedding import Vectors
from store.glossary import Wanted
from store.identity import link_identity
from store.index import ChromaIndex
from store.model import Evidence, Passage, Role, Source
from store.naming import is_named
from store.table import Table
from store.text import header_span, summary_of

_WORD = re.compile(r"\w+")
_OR = " OR "
_MAX_WORDS = 64  # of a query that BM25 looks for
_MOST_SCORED = 2_000  # sources that BM25 scores; each costs its time, however little its words say

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
    """How much each signal counts in a source's score; together about 1, ties aside.

    Chosen on development questions; `python -m benchmarks.retrieval` shows what each signal adds.
    """

    whole: float = 0.40  # similarity to title and summary together
    sentence: float = 0.30  # to the nearest sentence
    header: float = 0.10  # to the title
    words: float = 0.10  # BM25, relative to the best match
    concepts: float = 0.10  # how far the source is about what the question speaks of
    phrases: float = 0.10  # BM25 for the field's words of the same
    named: float = 0.30  # whether the query names the source
    field: float = 0.60  # of the similarities, what those to the query in the field's words count
    tie: float = 0.10  # what the sources of the same brief score, on top: a recommended model may have no summary


DEFAULT_WEIGHTS = Weights()
_DENSE_CANDIDATES = 120  # passages
_WORD_CANDIDATES = 60  # sources
_TIED_SOURCES = 12  # best sources whose briefs are looked at
_TIED_BRIEF = 30  # sources in a brief, above which belonging to it means nothing
_TIED_BEST = 2  # best other sources of a brief that speak for a source


_Pair = tuple[float, float]


@dataclass(frozen=True)
class Scored:
    """What speaks for a source, each signal 0 to 1, and its passages with their similarity to the query."""

    whole: _Pair  # similarity to the query, and to the query in the field's words
    sentence: _Pair
    header: _Pair
    words: float
    concepts: float
    phrases: float
    named: float
    passages: tuple[tuple[Passage, float], ...]

    def total(self, weights: Weights) -> float:
        """The signals as one score, ties aside."""
        dense = ((weights.whole, self.whole), (weights.sentence, self.sentence), (weights.header, self.header))
        return (
            sum(weight * ((1 - weights.field) * plain + weights.field * field) for weight, (plain, field) in dense)
            + weights.words * self.words
            + weights.concepts * self.concepts
            + weights.phrases * self.phrases
            + weights.named * self.named
        )


def search(
    table: Table,
    index: ChromaIndex,
    query: str,
    vectors: Vectors,
    *,
    source_ids: Collection[str] | None,
    sources: int,
    passages: int,
    weights: Weights = DEFAULT_WEIGHTS,
) -> list[Evidence]:
    """The best passages of the best sources for `query`, best source first, then best passage.

    vectors: embeddings of the query and, where they differ, of the query in the field's words (1 or 2, dimension).
    source_ids: the only ones that may be found, None for all.
    sources, passages: how many sources, and how many passages of each, at most.
    """
    asked = affordable(words_query(query), table.count_matches)
    bm25 = table.match_words(asked, _WORD_CANDIDATES) if asked else {}
    near = index.nearest(vectors, _DENSE_CANDIDATES, source_ids)
    found, _ = table.passages_by_id({passage_id for passages in near for passage_id, _ in passages})
    candidates = {passage.source_id for passage in found} | set(bm25)
    if source_ids is not None:
        candidates &= set(source_ids)
        bm25 = {source_id: score for source_id, score in bm25.items() if source_id in candidates}
    if not candidates:
        return []
    top_words = max(bm25.values(), default=0.0) or 1.0
    words = {source_id: score / top_words for source_id, score in bm25.items()}
    with table.snapshot():  # offsets and texts must be of the same moment
        texts = table.texts(candidates)
        wanted = Wanted(query, texts.values())
        scored = _scored(table, texts, query, vectors, words, wanted)
        companions = table.companions(_best(_totals(scored, weights), _TIED_SOURCES), _TIED_BRIEF)
        tied = {source_id for members in companions for source_id in members} - scored.keys()
        if source_ids is not None:
            tied &= set(source_ids)
        texts |= table.texts(tied)
        scored |= _scored(table, {one: texts[one] for one in tied if one in texts}, query, vectors, words, wanted)
        scores = _with_twins(_with_ties(_totals(scored, weights), companions, weights.tie), texts)
        best = _best(scores, sources)
        known = {source.source_id: source for source in table.sources(best)}
    return [
        evidence
        for source_id in best
        if source_id in known
        for evidence in _evidence(known[source_id], scored[source_id].passages, scores[source_id], passages)
    ]


def _scored(
    table: Table,
    texts: Mapping[str, str],
    query: str,
    vectors: Vectors,
    words: Mapping[str, float],
    wanted: Wanted,
) -> dict[str, Scored]:
    """What speaks for each of some sources, whose `texts` are given by id."""
    pieces, stored = table.passages_of(texts)
    if not pieces:
        return {}
    similarities = np.clip(stored @ vectors.T, 0, 1)  # (passages, queries)
    rows: dict[str, list[int]] = {}
    for row, piece in enumerate(pieces):
        rows.setdefault(piece.source_id, []).append(row)
    scored = {}
    for source_id, own in rows.items():
        text = texts[source_id]
        whole, sentence, header = _similarities([pieces[row] for row in own], similarities[own])
        scored[source_id] = Scored(
            whole,
            sentence,
            header,
            words=words.get(source_id, 0.0),
            concepts=wanted.concepts(text),
            phrases=wanted.phrases(text),
            named=float(is_named(text.split("\n", 1)[0], query)),
            passages=tuple((pieces[row], float(similarities[row, 0])) for row in own),
        )
    return scored


def _similarities(pieces: Sequence[Passage], similarities: Vectors) -> tuple[_Pair, _Pair, _Pair]:
    """The best similarities of a source's whole, sentences and header; similarities (passages, queries)."""
    best = dict.fromkeys(Role, (0.0, 0.0))
    for role in Role:
        own = [row for row, piece in enumerate(pieces) if piece.role is role]
        if own:
            nearest = similarities[own].max(axis=0)  # (queries,)
            best[role] = (float(nearest[0]), float(nearest[-1]))
    if not any(piece.role is Role.SENTENCE for piece in pieces):  # only links were supplied
        best[Role.WHOLE] = best[Role.SENTENCE] = best[Role.HEADER]
    return best[Role.WHOLE], best[Role.SENTENCE], best[Role.HEADER]


def _totals(scored: Mapping[str, Scored], weights: Weights) -> dict[str, float]:
    return {source_id: one.total(weights) for source_id, one in scored.items()}


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


def _with_twins(scores: Mapping[str, float], texts: Mapping[str, str]) -> dict[str, float]:
    """Scores in which what only links were supplied of lends its own to the source that is told of under the same link."""
    linked: dict[str, list[str]] = {}  # the ids by their first link, a paper's before a repository's
    for source_id in scores:
        header = header_span(texts[source_id])
        links = texts[source_id][header.start : header.end].split("\n")[1:]
        for link in links[:1]:
            linked.setdefault(link_identity(link.partition(": ")[2]), []).append(source_id)
    raised = dict(scores)
    for twins in linked.values():
        lent = max((scores[one] for one in twins if not summary_of(texts[one])), default=0.0)
        for one in twins:
            if summary_of(texts[one]):
                raised[one] = max(raised[one], lent)
    return raised


def words_query(query: str) -> str:
    """`query` as an FTS5 expression that asks for any of its meaningful words; empty when it has none."""
    words = dict.fromkeys(word for word in _WORD.findall(query.casefold()) if word not in _STOP_WORDS)
    return _OR.join(f'"{word}"' for word in list(words)[:_MAX_WORDS])


def affordable(words: str, count: Callable[[str], int], most: int = _MOST_SCORED) -> str:
    """`words`, or its rarest words where more than `most` sources hold any of them.

    words: as `words_query` gives them. count: how many sources match an expression.
    A word that a large part of the sources holds says next to nothing about one of them, and costs the most.
    Where even the rarest is in too many, two or more of the rarest must be in a source together.
    """
    if not words or count(words) <= most:
        return words
    holding = sorted((number, word) for word in words.split(_OR) if (number := count(word)))
    rarest: list[str] = []
    scored = 0
    for number, word in holding:
        scored += number
        if scored > most:
            break
        rarest.append(word)
    if rarest:
        return _OR.join(rarest)
    held, together = holding[0]
    for _, word in holding[1:]:
        if held <= most:
            break
        if number := count(f"{together} AND {word}"):
            held, together = number, f"{together} AND {word}"
    return together


def _evidence(source: Source, scored: Sequence[tuple[Passage, float]], score: float, limit: int) -> list[Evidence]:
    """The best sentences of a source, or its header when it has none."""
    sentences = [(p, s) for p, s in scored if p.role is Role.SENTENCE] or [
        (p, s) for p, s in scored if p.role is Role.HEADER
    ]
    ranked = sorted(sentences, key=lambda item: (-item[1], item[0].start))[:limit]
    return [Evidence(source, p.start, p.end, round(s, 4), round(score, 4)) for p, s in ranked]
