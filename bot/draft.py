"""A draft: what a model wants to say, statement by statement, each with the quotes it rests on.

A draft carries no markers and no numbers; those are given after the grounding check, when it is rendered as Markdown.
It is plain data, so that it travels in a chat message and is kept with the conversation.
"""

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bot.answer import Mode, Removed

DRAFT = "draft"  # the key under which a chat message carries its draft
AUTHOR = "author"  # and the name of the model that wrote it, where that isn't the embedded one


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class Cited(_Value):
    """A quote of a source."""

    source_id: str
    quote: str


class Statement(_Value):
    """One sentence or two that belong together."""

    text: str  # Markdown, without markers
    cites: tuple[Cited, ...] = ()
    claim: bool = True  # says something of a source, so it must be cited; False for words that only lead on


class Paragraph(_Value):
    """Statements that follow each other."""

    kind: Literal["paragraph"] = "paragraph"
    statements: tuple[Statement, ...]


class Items(_Value):
    """A list, numbered or not, under an optional line of its own."""

    kind: Literal["items"] = "items"
    statements: tuple[Statement, ...]
    ordered: bool = False
    heading: str = ""


class Flow(_Value):
    """The diagram input -> model -> output."""

    kind: Literal["flow"] = "flow"
    input: str
    model: str
    output: str


class Referred(_Value):
    """A source to point to, with one statement on why."""

    source_id: str
    why: Statement


class References(_Value):
    """The sources of an answer, the most relevant first; `listed` when the text shows them."""

    kind: Literal["references"] = "references"
    items: tuple[Referred, ...]
    listed: bool = True


class Table(_Value):
    """A small table; every cell is a statement."""

    kind: Literal["table"] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[Statement, ...], ...]


Block = Paragraph | Items | Flow | References | Table


class Section(_Value):
    """A part of an answer; `title` is empty where the answer has no parts."""

    name: Literal["task", "workflow", "references", "body"]
    title: str = ""
    blocks: tuple[Block, ...]


class Draft(_Value):
    """A whole answer before it is checked."""

    mode: Mode
    sections: tuple[Section, ...]
    result: str | None = None  # id of the photo's restoration that it tells of
    removed: tuple[Removed, ...] = ()  # what was taken out while it was drafted


def say(text: str) -> Statement:
    """Words that lead on and state nothing of a source."""
    return Statement(text=text, claim=False)


def paragraph(*statements: Statement) -> Paragraph:
    """A paragraph of `statements`."""
    return Paragraph(statements=statements)


def body(mode: Mode, blocks: Iterable[Block]) -> Draft:
    """A draft without parts."""
    return Draft(mode=mode, sections=(Section(name="body", blocks=tuple(blocks)),))
