"""Everyday words and the words of the field, kept as data in `glossary.toml`, and which of them a text holds."""

import math
import re
import tomllib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

_WORD = re.compile(r"\w+")
_SHORTEST_STEM = 2  # letters
_REMEMBERED = 50_000  # words
_IN_SEARCH = 4  # concepts whose names go into a search beside the question's own words
_MOST = 3  # mentions of a concept in a question, above which more mean nothing
_HALF = 2.0  # mentions in a source that make it half as much about a concept as it can be


@dataclass(frozen=True)
class Concept:
    """A subject of the field, with the words that people and sources use for it."""

    name: str  # how the field says it
    plain: tuple[str, ...]  # `blur*` stands for every word that begins so
    field: tuple[str, ...]


class PhraseIndex:
    """Finds which of many phrases a text holds, in time that grows with the text rather than with the phrases."""

    def __init__(self, phrases: Iterable[tuple[str, int]]) -> None:
        """phrases: (phrase, number); `*` at the end of a word leaves its ending open."""
        self._whole: dict[str, list[tuple[tuple[str, ...], int]]] = {}  # by the first word
        self._stems: dict[str, list[tuple[tuple[str, ...], int]]] = {}  # by the first word's stem
        for phrase, number in phrases:
            words = tuple(re.findall(r"\w+\*?", phrase.casefold()))
            kept, key = (self._stems, words[0][:-1]) if words[0].endswith("*") else (self._whole, words[0])
            kept.setdefault(key, []).append((words[1:], number))
        self._known: dict[str, list[tuple[tuple[str, ...], int]]] = {}  # texts repeat their words

    def count(self, text: str) -> dict[int, int]:
        """How often `text` holds phrases of each number, those that it holds."""
        words = _WORD.findall(text.casefold())
        counts: dict[int, int] = {}
        for place, word in enumerate(words):
            for rest, number in self._beginning(word):
                if _follows(rest, words, place + 1):
                    counts[number] = counts.get(number, 0) + 1
        return counts

    def _beginning(self, word: str) -> list[tuple[tuple[str, ...], int]]:
        """The phrases, without their first word, that may begin with `word`."""
        known = self._known.get(word)
        if known is None:
            known = list(self._whole.get(word, ()))
            for length in range(_SHORTEST_STEM, len(word) + 1):
                known += self._stems.get(word[:length], ())
            if len(self._known) < _REMEMBERED:
                self._known[word] = known
        return known


def _follows(rest: Sequence[str], words: Sequence[str], place: int) -> bool:
    return len(words) - place >= len(rest) and all(
        words[place + number].startswith(part[:-1]) if part.endswith("*") else words[place + number] == part
        for number, part in enumerate(rest)
    )


@cache
def concepts() -> tuple[Concept, ...]:
    """All subjects, in the order of the file."""
    data = tomllib.loads(resources.files("store").joinpath("glossary.toml").read_text(encoding="utf-8"))
    return tuple(Concept(row["name"], tuple(row["plain"]), tuple(row["field"])) for row in data["concept"])


@cache
def _plain() -> PhraseIndex:
    return PhraseIndex((phrase, number) for number, one in enumerate(concepts()) for phrase in one.plain)


@cache
def _field() -> PhraseIndex:
    return PhraseIndex((phrase, number) for number, one in enumerate(concepts()) for phrase in one.field)


def asked(question: str) -> dict[int, int]:
    """The concepts that a question speaks of, by number, with how much; a word of the field counts double."""
    counts = _plain().count(question)
    for number, count in _field().count(question).items():
        counts[number] = counts.get(number, 0) + 2 * count
    return counts


def in_field_words(question: str) -> str:
    """A question followed by the field's names of what it speaks of most; itself when it speaks of nothing known."""
    counts = asked(question)
    most = sorted(counts, key=lambda number: (-counts[number], number))[:_IN_SEARCH]
    return " ".join([question, "; ".join(concepts()[number].name for number in most)]).strip() if most else question


def concept_weights(question: str, texts: Collection[str]) -> dict[int, float]:
    """How much each concept counts that a question speaks of, together 1: more where few of the sources' texts share it."""
    spoken = [_spoken(text) for text in texts]
    weights = {}
    for number, mentions in asked(question).items():
        holding = sum(number in counts for counts in spoken)
        weights[number] = math.sqrt(min(mentions, _MOST)) * math.log(1 + len(spoken) / (1 + holding))
    total = sum(weights.values()) or 1.0
    return {number: weight / total for number, weight in weights.items()}


def agreement(weights: Mapping[int, float], text: str) -> float:
    """How far a source's text is about the concepts that are asked for, 0 to 1."""
    counts = _spoken(text)
    return sum(weight * _share(counts.get(number, 0)) for number, weight in weights.items())


@lru_cache(maxsize=16_384)
def _spoken(text: str) -> Mapping[int, int]:
    """How often a source's text speaks of each concept; its title counts three times."""
    title = text.split("\n", 1)[0]
    return _field().count(f"{title} . {title} . {text}")


def _share(mentions: int) -> float:
    return mentions / (mentions + _HALF)
