"""What a question demands: the stems of its words, empty ones and names aside, and how much of them a text holds."""

import re
from dataclasses import dataclass

from bot.embedded.knowledge import read_data
from bot.embedded.names import aliases, name_like_words, without
from store.model import Source

_DATA_SET = re.compile(r"\bdata sets?\b")
_WORD = re.compile(r"[a-z]{2,}")
_ENDINGS = tuple("ances ance ations ation ating ated ates ate ings ing al ers ies ed er es ly s".split())  # noqa: SIM905 - read as a list
_SHORTEST_STEM = 3  # letters


@dataclass(frozen=True)
class _Words:
    """Words as data: those that ask for nothing by themselves, and those that mean the same."""

    empty: frozenset[str]
    same: dict[str, frozenset[str]]  # by stem: the stems of the words that mean the same


def _read_words() -> _Words:
    data = read_data("fact_words.toml")
    same: dict[str, frozenset[str]] = {}
    for group in data["same"]:
        found = frozenset(stem(word) for word in group)
        for one in found:
            same[one] = same.get(one, frozenset()) | found
    return _Words(frozenset(data["empty"]), same)


def demanded(question: str, source: Source) -> frozenset[str]:
    """The stems of the words by which a question asks for something, the source's name and empty words aside."""
    text = question.casefold()
    for alias in sorted(aliases(source), key=len, reverse=True):
        text = without(alias, text)
    for name in name_like_words(question):
        text = text.replace(name.casefold(), " ")
    return frozenset(stem(word) for word in words_of(text) if word not in _WORDS.empty)


def words_of(text: str) -> list[str]:
    """The words of a text in small letters; a data set is a dataset."""
    return _WORD.findall(_DATA_SET.sub("dataset", text.casefold()))


def share(words: frozenset[str], text: str) -> float:
    """What part of some stems a text holds, or a word that means the same; all of none."""
    if not words:
        return 1.0
    held = {stem(word) for word in words_of(text)}
    return sum(bool(alike(word) & held) for word in words) / len(words)


def alike(one: str) -> frozenset[str]:
    """A stem, and those of the words that mean the same."""
    return _WORDS.same.get(one, frozenset()) | {one}


def stem(word: str) -> str:
    """A word without its ending, so that "samples", "sampled" and "sampling" are the same."""
    for ending in _ENDINGS:
        if (
            word.endswith(ending)
            and not (ending == "s" and word.endswith("ss"))
            and len(word) - len(ending) >= _SHORTEST_STEM
        ):
            word = word[: -len(ending)]
            break
    if len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]  # "blurred"
    return word.removesuffix("e") if len(word) > _SHORTEST_STEM else word


_WORDS = _read_words()
EMPTY = _WORDS.empty  # words that ask for nothing by themselves
