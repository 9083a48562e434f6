"""Reading sentences: the parts of a question, and what part a sentence plays in a source's text."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from bot.embedded.knowledge import Phrases, read_data
from bot.grounding import urls_in
from ingest.cards import CARD_MARK
from store.model import Source
from store.text import sentence_spans


class Part(StrEnum):
    """What a sentence does in an abstract."""

    METHOD = "method"
    RESULT = "result"
    PROBLEM = "problem"
    LIMIT = "limit"
    INPUT = "input"
    OUTPUT = "output"
    OTHER = "other"


@cache
def _cues() -> tuple[tuple[Part, Phrases], ...]:
    return tuple((Part(name), Phrases(phrases)) for name, phrases in read_data("parts.toml").items())


@dataclass(frozen=True)
class Sentence:
    """A sentence of a source's summary that may be quoted."""

    source_id: str
    text: str
    number: int  # its place in the summary, from 0
    parts: frozenset[Part]


_CLAUSE = re.compile(
    r"(?:,|;|—|–| -)?\s+(?:and|but|or)\s+(?=(?:what|how|why|which|who|when|where|can|does|do|is|are|could|should)\b)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"”’)]*\s+|\n+")
_QUESTION_WORD = re.compile(
    r"\b(?:what|how|why|which|who|whom|whose|when|where|can|could|does|do|did|is|are|was|were|should|would|will)\b",
    re.IGNORECASE,
)
_REQUEST = re.compile(r"\b(?:explain|describe|tell me|show me|list|compare|give me|summari[sz]e|find)\b", re.IGNORECASE)
_LONG_QUESTION = 2000  # characters that are read for parts; the rest of a longer text is context


@dataclass(frozen=True)
class Question:
    """A question in its parts."""

    text: str
    situation: str  # what the user tells before asking
    parts: tuple[str, ...]  # what is asked, one question each


@cache
def read_question(text: str) -> Question:
    """Split a question into what is told and what is asked: "…, and what …?" is a question of its own."""
    pieces = [
        piece.strip(' "“”\n\t') for piece in _SENTENCE_END.split(text[:_LONG_QUESTION]) if piece.strip(' "“”\n\t')
    ]
    asked = [piece for piece in pieces if piece.endswith("?")] or [piece for piece in pieces if _REQUEST.search(piece)]
    told = [piece for piece in pieces if piece not in asked]
    if not asked:
        asked, told = pieces[-1:], pieces[:-1]
    parts = [part for piece in asked for part in _clauses(piece)]
    return Question(text, " ".join(told), tuple(dict.fromkeys(parts)))


def _clauses(question: str) -> list[str]:
    clauses = [clause.strip(" ,;") for clause in _CLAUSE.split(question)]
    joined: list[str] = []
    for clause in clauses:
        if joined and (len(clause.split()) < 4 or not _QUESTION_WORD.search(joined[-1])):
            joined[-1] = f"{joined[-1]} and {clause}"
        else:
            joined.append(clause)
    return [_sentence_case(clause) for clause in joined]


def _sentence_case(clause: str) -> str:
    clause = clause[:1].upper() + clause[1:]
    asks = _QUESTION_WORD.match(clause) is not None
    return f"{clause.rstrip('.')}?" if asks and not clause.endswith("?") else clause


@cache
def parts_of(sentence: str) -> frozenset[Part]:
    """Every part that a sentence may play."""
    return frozenset(part for part, cues in _cues() if sentence in cues) or frozenset({Part.OTHER})


_ANNOUNCING = Phrases(
    ["we propose", "we introduce", "we present", "we develop", "we design", "we formulate", "this paper", "this work"]
)


def announces(text: str) -> bool:
    """Whether a sentence says what its paper brings: "We propose …"."""
    return text in _ANNOUNCING


def sentences(source: Source) -> list[Sentence]:
    """The sentences of a source that may be quoted: whole ones, without addresses, markup or quotation marks in them."""
    found = []
    for number, span in enumerate(sentence_spans(source.text)):
        text = source.text[span.start : span.end]
        if quotable(text):
            found.append(Sentence(source.source_id, text, number, parts_of(text)))
    return found


def quotable(text: str) -> bool:
    """Whether a sentence reads well inside quotation marks and brings no link or marker with it."""
    return (
        4 <= len(text.split()) <= 90
        and not urls_in(text)
        and not set(text) & set("“”\\{}")
        and not re.search(r"\[\d+\]", text)
        and text[-1] in ".!?"
        and "\n\n" not in text
        and text != CARD_MARK
    )


_PREPOSITION = re.compile(r"\s+(?:in|with|for|via|by|using|from|through|under|towards?|based on)\s+", re.IGNORECASE)
_LONG_TITLE = 5  # words; a longer one is a description, not a name


def short_title(title: str) -> str:
    """What people call a source: the part before the colon when that is a name, else the head of a long title."""
    head = title.split(":", 1)[0].strip()
    if ":" in title and len(head.split()) < _LONG_TITLE:
        return head
    if len(title.split()) <= _LONG_TITLE:
        return title
    start = _PREPOSITION.search(head, len(" ".join(head.split()[:2])))
    return head[: start.start()] if start else head


def is_name(title: str) -> bool:
    """Whether the short form of a title is a name ("CausalSR") rather than a description."""
    return len(short_title(title).split()) <= 2


def plain(text: str) -> str:
    """A quote on one line."""
    return " ".join(text.split())
