"""The text of a source that may be quoted, and its pieces with exact offsets.

A text is the title, the supplied links, an empty line, and the summary as supplied. Offsets count code points.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from store.model import Passage, Role, Source

_LANGUAGE = "en"
_LONGEST_SENTENCE = 1200  # code points; longer ones (tables, code) are cut at spaces


@dataclass(frozen=True)
class Span:
    """A piece of a text: `text[start:end]`."""

    start: int
    end: int


def render_text(title: str, paper_url: str | None, github_url: str | None, summary: str) -> str:
    """Put a source's parts together as the text that citations quote from."""
    header = [title.strip()]
    if paper_url:
        header.append(f"Paper: {paper_url}")
    if github_url:
        header.append(f"GitHub: {github_url}")
    return "\n".join(header) + (f"\n\n{summary.strip()}" if summary.strip() else "")


def header_span(text: str) -> Span:
    """Where the title and links of `text` stand."""
    end = text.find("\n\n")
    return Span(0, len(text) if end < 0 else end)


def summary_of(text: str) -> str:
    """The summary in `text`, empty when only links were supplied."""
    return text[header_span(text).end :].lstrip("\n")


@lru_cache(maxsize=4096)
def sentence_spans(text: str) -> tuple[Span, ...]:
    """The sentences of the summary in `text`, in order, without surrounding white space."""
    begin = header_span(text).end
    summary = text[begin:]
    return tuple(
        Span(begin + span.start, begin + span.end) for piece in _segments(summary) for span in _fit(summary, piece)
    )


def _segments(summary: str) -> Iterator[Span]:
    """Sentences as sentencex finds them, its breaks inside a sentence (after "[2004]") joined again."""
    from sentencex import get_sentence_boundaries

    start: int | None = None
    for found in get_sentence_boundaries(_LANGUAGE, summary):
        if start is None:
            start = found["start_index"]
        if (
            found["boundary_symbol"] is None
            and not found["is_paragraph_break"]
            and not _ends_paragraph(summary, found["end_index"])
        ):
            continue
        yield from _stripped(summary, start, found["end_index"])
        start = None
    if start is not None:
        yield from _stripped(summary, start, len(summary))


def _ends_paragraph(summary: str, position: int) -> bool:
    return position >= len(summary) or summary[position : position + 2] == "\n\n"


def _stripped(text: str, start: int, end: int) -> Iterator[Span]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        yield Span(start, end)


def _fit(text: str, span: Span) -> Iterator[Span]:
    """`span` itself, or its parts when it is too long to be read as one sentence."""
    start = span.start
    while span.end - start > _LONGEST_SENTENCE:
        cut = text.rfind(" ", start + 1, start + _LONGEST_SENTENCE)
        cut = cut if cut > start else start + _LONGEST_SENTENCE
        yield from _stripped(text, start, cut)
        start = cut
    yield from _stripped(text, start, span.end)


def passages_of(source_id: str, text: str) -> list[Passage]:
    """Everything of a text that is embedded: its header, the whole, and each sentence of the summary."""
    spans = [(Role.HEADER, header_span(text))]
    sentences = sentence_spans(text)
    if sentences:
        spans.append((Role.WHOLE, Span(0, len(text))))
        spans += [(Role.SENTENCE, span) for span in sentences]
    seen: Counter[tuple[Role, str]] = Counter()
    passages = []
    for role, span in spans:
        piece = text[span.start : span.end]
        passages.append(
            Passage(_passage_id(source_id, role, piece, seen[role, piece]), source_id, role, span.start, span.end)
        )
        seen[role, piece] += 1
    return passages


def _passage_id(source_id: str, role: Role, text: str, repetition: int) -> str:
    """The same for the same words wherever they stand, so that an edit embeds only what is new."""
    key = "\x1f".join((source_id, role, str(repetition), text))
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def embedded_text(text: str, passage: Passage) -> str:
    """What the embedding model reads for a passage: links carry no meaning, so titles go in without them."""
    if passage.role is Role.SENTENCE:
        return text[passage.start : passage.end]
    title = text.split("\n", 1)[0]
    return title if passage.role is Role.HEADER else f"{title}\n{summary_of(text)}"


def quotes(source: Source, quote: str) -> bool:
    """Whether `quote` stands verbatim in the source's text, white space aside."""
    return bool(quote.split()) and " ".join(quote.split()) in " ".join(source.text.split())
