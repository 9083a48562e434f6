"""Find quotes in a source's text, so that the page can mark them where they stand.

Positions are code points; white space in a quote stands for any white space in the text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Segment:
    """A piece of a text with the numbers of the quotes that cover it, none for what is not quoted."""

    text: str
    quotes: tuple[int, ...] = ()


def segments(text: str, quotes: Mapping[int, str]) -> list[Segment]:
    """Cut `text` where quotes begin and end; the segments joined are the text again.

    quotes: by number. A quote that the text does not hold covers nothing.
    """
    spans = {number: span for number, quote in quotes.items() if (span := _span(text, quote))}
    cuts = sorted({0, len(text), *(position for span in spans.values() for position in span)})
    return [
        Segment(
            text[start:end], tuple(sorted(n for n, (first, last) in spans.items() if first <= start and end <= last))
        )
        for start, end in pairwise(cuts)
    ]


def _span(text: str, quote: str) -> tuple[int, int] | None:
    words = quote.split()
    found = re.search(r"\s+".join(re.escape(word) for word in words), text) if words else None
    return found.span() if found else None
