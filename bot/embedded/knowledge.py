"""What the embedded model knows of the field: kinds of tasks and of particulars, kept as data beside this file."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


class Phrases:
    """A set of words and phrases; `blur*` stands for every word that begins so, `20##` for digits."""

    def __init__(self, phrases: Iterable[str]) -> None:
        alternatives = [
            re.escape(phrase.casefold()).replace(r"\*", r"\w*").replace(r"\#", r"\d").replace(r"\ ", r"[\s-]+")
            for phrase in sorted(phrases, key=len, reverse=True)
        ]
        words = "|".join(alternatives) or r"(?!)"  # an empty set holds nothing
        self._pattern = re.compile(rf"(?<!\w)(?:{words})(?!\w)")

    def find(self, text: str) -> list[str]:
        """The words and phrases of the set that `text` holds, as they stand there, in lower case."""
        return self._pattern.findall(text.casefold())

    def __contains__(self, text: str) -> bool:
        return self._pattern.search(text.casefold()) is not None


@dataclass(frozen=True)
class Task:
    """A kind of work on pictures: its standard name, what people want, and how sources speak of it."""

    name: str
    wish: str
    asks: Phrases
    terms: Phrases
    input: str
    output: str


@dataclass(frozen=True)
class Attribute:
    """A particular that people ask for, such as speed."""

    name: str
    asks: Phrases
    shows: Phrases
    hints: Phrases  # words that bear on it without telling it


@cache
def tasks() -> tuple[Task, ...]:
    """All kinds of tasks, in the order of the file."""
    return tuple(
        Task(row["name"], row["wish"], Phrases(row["asks"]), Phrases(row["terms"]), row["input"], row["output"])
        for row in read_data("tasks.toml")["task"]
    )


@cache
def attributes() -> tuple[Attribute, ...]:
    """All kinds of particulars, in the order of the file."""
    return tuple(
        Attribute(row["name"], Phrases(row["asks"]), Phrases(row["shows"]), Phrases(row.get("hints", [])))
        for row in read_data("attributes.toml")["attribute"]
    )


def asked_tasks(question: str) -> list[Task]:
    """The tasks that a question asks about, the most mentioned first; the general one only when no other fits."""
    return _ranked(_counted(question))


def _counted(question: str) -> list[tuple[Task, int]]:
    """How much a question speaks of each task; a word of the field counts double."""
    return [(task, len(task.asks.find(question)) + 2 * len(task.terms.find(question))) for task in tasks()]


def tasks_of(text: str, mentions: int = 1) -> list[Task]:
    """The tasks that a text speaks of at least `mentions` times, the most mentioned first; the general one only alone."""
    return _ranked([(task, count) for task in tasks() if (count := len(task.terms.find(text))) >= mentions])


def asked_attributes(question: str) -> list[Attribute]:
    """The particulars that a question asks for."""
    return [attribute for attribute in attributes() if question in attribute.asks]


def _ranked(counted: Sequence[tuple[Task, int]]) -> list[Task]:
    found = [(task, count) for task, count in counted if count]
    found.sort(key=lambda item: -item[1])
    named = [task for task, _ in found]
    general = tasks()[-1]
    return [task for task in named if task is not general] or named


def read_data(name: str) -> dict[str, Any]:
    """A data file beside this module."""
    return tomllib.loads(resources.files("bot.embedded").joinpath(name).read_text(encoding="utf-8"))
