"""Mark one answer against its gold fields; nothing here asks a question or knows a store.

A figure is None where it has no meaning for a question: a refusal that is right has no recall.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.answer import Answer
from bot.evaluation.questions import Item, expected, fold, holds_fact, meets
from store.model import Source
from store.text import quotes

_URL = re.compile(r"\bhttps?://[^\s<>()\[\]\"'`|]+")
_MARKER = re.compile(r"\[(\d+)\](?!\()")


@dataclass(frozen=True)
class Ranking:
    """How well a list of titles, best first, holds the gold ones."""

    at_1: float  # share of the gold titles among the first one, three, five
    at_3: float
    at_5: float
    anywhere: float
    reciprocal: float  # 1 / the place of the first gold title, 0 where there is none


@dataclass(frozen=True)
class Mark:
    """What one answer got."""

    kind: str
    referred: Ranking | None  # the answer's references
    found: Ranking | None  # the search alone
    precision: float | None  # share of the citations that quote a gold source
    recall: float | None  # share of the gold sources that are quoted
    verbatim: tuple[bool, ...]  # of each quote, whether it stands in its source
    unbound: int  # markers without a citation, and citations without a marker
    foreign: int  # links that no source supplies
    false_answer: bool | None
    false_refusal: bool | None
    mode: bool | None  # the expected one
    fact: bool | None  # the expected link or words stand in the answer
    obeyed: bool | None  # what must not stand in the answer does
    met: bool | None  # all that was expected
    seconds: float


def ranking(titles: Sequence[str], gold: Sequence[str]) -> Ranking:
    """Rank the gold titles among `titles`; a title given twice counts once, at its first place."""
    listed = list(dict.fromkeys(fold(title) for title in titles))
    wanted = {fold(title) for title in gold}
    places = [place for place, title in enumerate(listed, start=1) if title in wanted]

    def share(first: int) -> float:
        return sum(place <= first for place in places) / len(wanted)

    return Ranking(share(1), share(3), share(5), share(len(listed)), 1 / places[0] if places else 0.0)


def mark(item: Item, answer: Answer, sources: Mapping[str, Source], found: Sequence[str] | None = None) -> Mark:
    """Mark an answer.

    sources: what may be used for it, by id. found: the titles that a search for the question gives, best first; None
    where none was made.
    """
    wanted, gold = expected(item), item.gold_titles or ()
    cited = [source.title for citation in answer.citations if (source := sources.get(citation.source_id))]
    right = {fold(title) for title in gold}
    hits = [fold(title) in right for title in cited]
    fact = bool(wanted.url or wanted.contains)
    return Mark(
        kind=item.kind,
        referred=ranking([reference.title for reference in answer.references], gold) if gold else None,
        found=ranking(found, gold) if gold and found is not None else None,
        precision=sum(hits) / len(answer.citations) if gold and answer.citations else None,
        recall=len({fold(title) for title in cited} & right) / len(right) if gold else None,
        verbatim=tuple(_is_verbatim(citation.quote, sources.get(citation.source_id)) for citation in answer.citations),
        unbound=_unbound(answer),
        foreign=len(_foreign(answer, sources)),
        false_answer=not answer.refused if wanted.refused is True else None,
        false_refusal=answer.refused if wanted.refused is False else None,
        mode=answer.mode in wanted.mode if wanted.mode else None,
        fact=holds_fact(wanted, answer) if fact else None,
        obeyed=any(fold(text) in fold(answer.answer) for text in wanted.lacks) if wanted.lacks else None,
        met=meets(wanted, answer) if item.expect else None,
        seconds=answer.seconds,
    )


def _is_verbatim(quote: str, source: Source | None) -> bool:
    return source is not None and quotes(source, quote)


def _unbound(answer: Answer) -> int:
    written = {int(number) for number in _MARKER.findall(answer.answer)}
    return len(written ^ {citation.marker for citation in answer.citations})


def _foreign(answer: Answer, sources: Mapping[str, Source]) -> set[str]:
    """The links in an answer that are not word for word those of a source."""
    supplied = {url for source in sources.values() for url in source.urls}
    referred = {url for reference in answer.references for url in (reference.paper_url, reference.github_url) if url}
    written = {url.rstrip(".,;:!?*_") for url in _URL.findall(answer.answer)}
    return (written | referred) - supplied
