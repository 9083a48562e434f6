"""The first screen: what this is, the supplied questions, and the names of the sources held."""

from collections.abc import Iterable, Sequence
from html import escape

from store.model import Source

MOST_QUESTIONS = 4
_MOST_NAMES = 12


def header_html(count: int | None) -> str:
    """The name and one honest line; `count` sources are held, None while they are still read."""
    if count is None:
        line = "Reading the supplied briefs…"
    elif count == 0:
        line = "Holds no sources yet: add a brief beside the conversation, or put some in with `unblur ingest`."
    else:
        noun = "source" if count == 1 else "sources"
        them = "it" if count == 1 else "them"
        line = f"Explains image restoration from {count:,} supplied {noun}, and only from {them}."
    return f'<h1>Unblur</h1><p class="line">{escape(line)}</p>'


def welcome_html() -> str:
    """What to expect of an answer."""
    return (
        "<h2>How does a blurred, enlarged or burnt-out picture get its detail back?</h2>"
        "<p>Ask in your own words. Every statement comes with the exact sentence it rests on, one tap away, and every link is "
        "one that was supplied. What the sources don&#x27;t say, Unblur doesn&#x27;t say either.</p>"
    )


def names_html(sources: Sequence[Source]) -> str:
    """The names of the sources held."""
    if not sources:
        return ""
    names = "".join(
        f'<li>{escape(source.title)} <span class="kind">{escape(source.kind)}</span></li>'
        for source in sources[:_MOST_NAMES]
    )
    more = f"<li>and {len(sources) - _MOST_NAMES:,} more</li>" if len(sources) > _MOST_NAMES else ""
    return f'<h3>What it has read</h3><ul class="names">{names}{more}</ul>'


def supplied_questions(questions: Iterable[str | None]) -> list[str]:
    """The questions to offer of those that briefs bring along, each once."""
    return list(dict.fromkeys(" ".join(question.split()) for question in questions if question))[:MOST_QUESTIONS]
