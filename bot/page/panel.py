"""The panel of sources: those that an answer cites, with the quotes marked in their text, and the others held.

Source texts and names of briefs are escaped: nothing in them formats, links or embeds.
"""

from collections.abc import Mapping, Sequence
from html import escape

from bot.answer import Answer
from bot.page.markup import outside_link, quote_anchor
from bot.page.quotes import segments
from bot.service import Exchange
from store.model import Source

PANEL_HEAD = (
    '<div class="sheet-head"><h2 class="unseen">Beside the conversation</h2><div class="tabs" role="group" aria-label="Show">'
    '<button type="button" class="tab" data-tab="sources" aria-pressed="true">Sources</button>'
    '<button type="button" class="tab" data-tab="photo" aria-pressed="false">Photo</button></div>'
    '<button type="button" class="close-sources">Close</button></div>'
)
_MOST_HELD = 40  # sources listed in full below the cited ones
_LONGEST_QUESTION = 90  # characters of a question that names its answer


def cited_html(thread: str, exchanges: Sequence[Exchange]) -> str:
    """What each answer of a conversation cites; the last one's is open, and the page turns to the others."""
    answered = [(number, exchange) for number, exchange in enumerate(exchanges, start=1) if exchange.answer]
    last = answered[-1][0] if answered else 0
    sections = "".join(_cited(number, exchange, shown=number == last) for number, exchange in answered)
    name = f' data-thread="{escape(thread)}"' if exchanges else ""
    return f'<div class="cited" data-answers="{len(answered)}"{name}>{sections}</div>'


def held_html(sources: Sequence[Source]) -> str:
    """Every source of the store; the page leaves out those that the open answer cites."""
    cards = "".join(_held_card(source) for source in sources[:_MOST_HELD])
    more = len(sources) - _MOST_HELD
    rest = f'<p class="more">and {more:,} more; name one in a question to see it here.</p>' if more > 0 else ""
    return f'<section class="held"><h3 class="held-title">Sources held</h3>{cards}{rest}</section>'


def _cited(number: int, exchange: Exchange, *, shown: bool) -> str:
    answer = exchange.answer
    if answer is None:
        return ""
    quotes = _quotes_by_source(answer)
    listed = [reference.source_id for reference in answer.references if reference.source_id not in quotes]
    cards = "".join(
        _cited_card(number, exchange.sources[source_id], quotes.get(source_id, {}))
        for source_id in (*quotes, *listed)
        if source_id in exchange.sources
    )
    hidden = "" if shown else " hidden"
    about = f'<p class="about">{escape(_short(exchange.question))}</p>'
    content = cards or '<p class="none">This answer cites no source.</p>'
    return (
        f'<section class="answer-sources" data-answer="{number}"{hidden}>'
        f"<h3>Cited in this answer</h3>{about}{content}</section>"
    )


def _quotes_by_source(answer: Answer) -> dict[str, dict[int, str]]:
    quotes: dict[str, dict[int, str]] = {}
    for citation in answer.citations:
        quotes.setdefault(citation.source_id, {})[citation.marker] = citation.quote
    return quotes


def _cited_card(number: int, source: Source, quotes: Mapping[int, str]) -> str:
    listed = "".join(
        f'<li><a class="quote-link" href="#{quote_anchor(number, marker)}">'
        f'<span class="quote-number"><span class="unseen">quote </span>{marker}</span> <q>{escape(quote)}</q></a></li>'
        for marker, quote in quotes.items()
    )
    shown = f'<ul class="quotes">{listed}</ul>' if listed else ""
    return _card(source, f"{shown}{_full_text(source, quotes, 'Full text')}")


def _held_card(source: Source) -> str:
    return _card(source, _full_text(source, {}, "Full text"))


def _card(source: Source, content: str) -> str:
    return (
        f'<article class="card" data-source="{escape(source.source_id)}">'
        f"<h4>{escape(source.title)}</h4>{_facts(source)}{content}</article>"
    )


def _facts(source: Source) -> str:
    """Kind, links and the briefs that name the source."""
    named = ", ".join(escape(name) for name in source.briefs)
    links = [(source.paper_url, "Read the paper"), (source.github_url, "See the code")]
    facts = [
        f'<span class="kind">{escape(source.kind)}</span>',
        *(outside_link(url, name) for url, name in links if url),
    ]
    briefs = f'<p class="briefs">from {named}</p>' if named else ""
    return f'<p class="facts">{"".join(facts)}</p>{briefs}'


def _full_text(source: Source, quotes: Mapping[int, str], label: str) -> str:
    pieces = []
    for segment in segments(source.text, quotes):
        text = escape(segment.text)
        if segment.quotes:
            numbers = " ".join(str(number) for number in segment.quotes)
            pieces.append(f'<mark data-quotes="{numbers}" tabindex="-1">{text}</mark>')
        else:
            pieces.append(text)
    back = '<button type="button" class="back">Back to the answer</button>' if quotes else ""
    return (
        f'<details class="full"><summary>{label}<span class="unseen"> of {escape(source.title)}</span></summary>'
        f'<div class="text">{"".join(pieces)}</div>{back}</details>'
    )


def _short(question: str) -> str:
    words = " ".join(question.split())
    return words if len(words) <= _LONGEST_QUESTION else f"{words[: _LONGEST_QUESTION - 1].rstrip()}…"
