"""Which lines of a brief could mean something: headings, fields, the final `Answer:`.

Each line is looked at alone, and once; what it means among its neighbours is decided in `brief_text`.
Only string methods are used, so the time grows with the text and not faster.
"""

from dataclasses import dataclass
from enum import StrEnum

from ingest.links import bare_link, is_link, says_missing
from store.model import Kind


class Slot(StrEnum):
    """The fields of an entry, each with the label that it has in messages."""

    TITLE = "Model:"
    PAPER = "Paper:"
    GITHUB = "GitHub:"
    SUMMARY = "Summary:"


@dataclass(frozen=True)
class Field:
    """A line that reads `Label: value`."""

    slot: Slot
    value: str  # stripped; of a link what is_link accepts, or empty where the brief says "None"
    kind: Kind  # what the label alone suggests
    valid: bool = True  # False: a link's label before something that is no link


@dataclass(frozen=True)
class Heading:
    """A line that opens the recommended models or the related papers."""

    kind: Kind
    marked: bool  # written as a heading (`##`, `**`), so that it can hardly be prose


@dataclass(frozen=True)
class AnswerLine:
    """A line that reads `Answer:`; what follows it is no longer the brief."""

    alone: bool  # nothing else stands on the line


LineMeaning = Field | Heading | AnswerLine

_LABELS: dict[str, tuple[Slot, Kind]] = {
    **dict.fromkeys(("model", "model name", "model title"), (Slot.TITLE, Kind.MODEL)),
    **dict.fromkeys(("title", "paper title"), (Slot.TITLE, Kind.PAPER)),
    **dict.fromkeys(("paper", "paper link", "paper url", "arxiv", "pdf", "link", "url"), (Slot.PAPER, Kind.PAPER)),
    **dict.fromkeys(("github", "github link", "github url", "code", "repository", "repo"), (Slot.GITHUB, Kind.MODEL)),
    **dict.fromkeys(("summary", "abstract"), (Slot.SUMMARY, Kind.PAPER)),
}
_SHORTEST = len("url:")
_LONGEST_LABEL = 24  # characters before the colon, list marker and bold included
_LONGEST_HEADING = 60
_BULLETS = " \t-*•_0123456789.)"
_FIRST_WORDS = {
    **dict.fromkeys(("recommended", "suggested"), Kind.MODEL),
    **dict.fromkeys(("related", "relevant"), Kind.PAPER),
}
_LAST_WORDS = {
    **dict.fromkeys(("model", "models"), Kind.MODEL),
    **dict.fromkeys(("paper", "papers", "work", "works", "research", "literature"), Kind.PAPER),
}
_MOST_HEADING_WORDS = 4


def meaning(line: str) -> LineMeaning | None:
    """What `line` could mean in a brief, or None when it can only be text."""
    line = line.strip()
    if len(line) < _SHORTEST:
        return None
    marked = line[:1] == "#" or line[:2] in ("**", "__")
    if ":" in line[:_LONGEST_LABEL]:
        field = _field(line)
        if field:
            return field
    elif not marked and len(line) > _LONGEST_HEADING:
        return None
    return _answer(line, marked) or _heading(line, marked)


def is_rule(line: str) -> bool:
    """Whether `line` only separates, as `---` or a code fence does."""
    line = line.strip()
    return len(line) >= 3 and line[0] in "-*_=`" and not line.strip(line[0])


def _field(line: str) -> Field | None:
    head, _, value = line.partition(":")
    found = _LABELS.get(" ".join(head.lstrip(_BULLETS).rstrip(" *_").casefold().split()))
    if found is None:
        return None
    slot, kind = found
    value = _without_bold(head, value)
    if slot is Slot.TITLE or slot is Slot.SUMMARY:
        return Field(slot, value, kind)
    if says_missing(value):
        return Field(slot, "", kind)
    link = bare_link(value)
    return Field(slot, link, kind) if is_link(link) else Field(slot, value, kind, valid=False)


def _without_bold(head: str, value: str) -> str:
    """The value of `**Label:** value`, `**Label: value**` or `Label: value`."""
    before = head[: len(head) - len(head.lstrip(_BULLETS))]
    mark = before[len(before.rstrip("*_")) :]
    value = value.strip()
    if mark and not head.rstrip().endswith(mark):  # opened in the label, closed after it
        value = value.removeprefix(mark) if value.startswith(mark) else value.removesuffix(mark)
    return value.strip()


def _answer(line: str, marked: bool) -> AnswerLine | None:
    head, colon, rest = line[: _LONGEST_LABEL * 2].lstrip("#*_ \t").partition(":")
    if head.rstrip("*_# \t").casefold() != "answer" or not (colon or marked):
        return None
    return AnswerLine(alone=not rest.strip("*_# \t"))


def _heading(line: str, marked: bool) -> Heading | None:
    if len(line) > _LONGEST_HEADING:
        return None
    words = line.strip("#*_: \t").casefold().split()
    if not 0 < len(words) <= _MOST_HEADING_WORDS:
        return None
    kind = _LAST_WORDS.get(words[-1])
    if kind is None or (len(words) == 1 and not marked):
        return None
    if len(words) > 1 and _FIRST_WORDS.get(words[0]) is not kind and words != ["ai", "models"]:
        return None
    return Heading(kind, marked)
