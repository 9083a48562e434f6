"""Questions for an evaluation, one JSON object a line, and whether an answer meets what a line expects."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from bot.answer import Answer
from bot.errors import UserError

_MODES = ("explain", "lookup", "compare", "source", "restoration", "help")


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_listed)]  # one text, or a list of them


class Expected(BaseModel):
    """What an answer should be; what is left out is not looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Texts = ()  # any of these
    refused: bool | None = None
    url: str | None = None  # stands in the answer exactly so
    contains: Texts = ()  # each stands in the answer, whatever its letters' case
    lacks: Texts = ()  # none of these stands in the answer, such as the word that an injected order asks for


class Item(BaseModel):
    """A line of the questions' file; further fields are allowed and ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str | int
    question: str
    split: str = ""  # such as dev, where thresholds may be tuned, and test, where they are reported
    kind: str = ""  # what sort of question it is; the table has a row for each
    history: tuple[str, ...] = ()  # earlier turns of the user, oldest first
    brief: str | None = None  # the name of a brief in the store, or of a file beside the questions
    gold_titles: tuple[str, ...] | None = None  # the sources that the answer should rest on
    expect: Expected | str | None = None  # in one word: answer, refusal, or a mode; else what the answer should hold


def read_items(questions: Path) -> tuple[list[Item], list[str]]:
    """The questions of a file, and one line for each that cannot be read; raises UserError for the whole file."""
    try:
        lines = questions.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {questions} ({error}): give a file of JSON Lines") from error
    items, problems = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            items.append(Item.model_validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the line"
            problems.append(f"{questions}, line {number}: {where}: {first['msg']}")
    return items, problems


def expected(item: Item) -> Expected:
    """What an item expects, its short form written out; nothing where it expects nothing."""
    if not isinstance(item.expect, str):
        return item.expect or Expected()
    wanted = item.expect.casefold().strip()
    if wanted in ("refusal", "refuse", "refused"):
        return Expected(refused=True)
    if wanted in ("answer", "answered"):
        return Expected(refused=False)
    if wanted in _MODES:
        return Expected(mode=(wanted,))
    return Expected(contains=(wanted,))


def meets(wanted: Expected, answer: Answer) -> bool:
    """Whether an answer is all that was expected."""
    return (
        (not wanted.mode or answer.mode in wanted.mode)
        and (wanted.refused is None or answer.refused is wanted.refused)
        and holds_fact(wanted, answer)
        and not any(fold(text) in fold(answer.answer) for text in wanted.lacks)
    )


def holds_fact(wanted: Expected, answer: Answer) -> bool:
    """Whether the link and the words that were expected stand in the answer's text."""
    text = fold(answer.answer)
    return (wanted.url is None or wanted.url in answer.answer) and all(fold(fact) in text for fact in wanted.contains)


def fold(text: str) -> str:
    """`text` for comparison: case and white space aside."""
    return " ".join(text.casefold().split())
