"""Everyday words and the words of the field, kept as data in `glossary.toml`, and which of them a text holds."""

import math
import re
import tomllib
from collections import Counter
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
_K1, _B = 1.2, 0.75  # BM25's usual damping of repetition and of length


@dataclass(frozen=True)
class Concept:
    """A subject of the field, with the words that people and sources use for it."""

    name: str  # how the field says it
    plain: tuple[str, ...]  # `blur*` stands for every word that begins so
    field: tuple[str, ...]
    means: bool = False  # a way of working or a circumstance, rather than what a question is about


_Tail = tuple[str, bool, tuple[str, ...], int]  # a phrase's second word, whether its ending is open, the others, number


class PhraseIndex:
    """Finds which of many phrases a text holds, in time that grows with the text rather than with the phrases."""

    def __init__(self, phrases: Iterable[tuple[str, int]]) -> None:
        """phrases: (phrase, number); `*` at the end of a word leaves its ending open."""
        self._whole: dict[str, list[_Tail]] = {}  # by the first word
        self._stems: dict[str, list[_Tail]] = {}  # by the first word's stem
        for phrase, number in phrases:
            words = tuple(re.findall(r"\w+\*?", phrase.casefold()))
            kept, key = (self._stems, words[0][:-1]) if words[0].endswith("*") else (self._whole, words[0])
            second = words[1] if words[1:] else "*"
            kept.setdefault(key, []).append((second.rstrip("*"), second.endswith("*"), words[2:], number))
        self._known: dict[str, list[_Tail]] = {}  # texts repeat their words

    def count(self, text: str) -> dict[int, int]:
        """How often `text` holds phrases of each number, those that it holds."""
        words = _WORD.findall(text.casefold())
        counts: dict[int, int] = {}
        known = self._known
        for place, word in enumerate(words):
            beginning = known.get(word)
            if beginning is None:
                beginning = self._beginning(word)
            if not beginning:
                continue  # most words begin no phrase; a large store has texts by the thousand to look through
            second = words[place + 1] if place + 1 < len(words) else ""
            for wanted, is_open, rest, number in beginning:
                fits = second.startswith(wanted) if is_open else second == wanted
                if fits and (not rest or _follows(rest, words, place + 2)):
                    counts[number] = counts.get(number, 0) + 1
        return counts

    def _beginning(self, word: str) -> list[_Tail]:
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
    return tuple(
        Concept(row["name"], tuple(row["plain"]), tuple(row["field"]), row.get("means", False))
        for row in data["concept"]
    )


@cache
def _plain() -> PhraseIndex:
    return PhraseIndex((phrase, number) for number, one in enumerate(concepts()) for phrase in one.plain)


@cache
def _field() -> tuple[PhraseIndex, tuple[int, ...]]:
    """The phrases of the field, each with a number of its own, and the concept that each number belongs to."""
    pairs = [(phrase, number) for number, one in enumerate(concepts()) for phrase in one.field]
    index = PhraseIndex((phrase, place) for place, (phrase, _) in enumerate(pairs))
    return index, tuple(number for _, number in pairs)


def asked(question: str) -> dict[int, int]:
    """The concepts that a question speaks of, by number, with how much; a word of the field counts double."""
    index, concept_of = _field()
    counts = _plain().count(question)
    for phrase, count in index.count(question).items():
        counts[concept_of[phrase]] = counts.get(concept_of[phrase], 0) + 2 * count
    return counts


def subjects_asked(question: str) -> dict[Concept, int]:
    """What a question is about, as far as the glossary knows, with how much it speaks of it."""
    known = concepts()
    return {known[number]: count for number, count in asked(question).items() if not known[number].means}


def mentions_of(concept: Concept, text: str) -> int:
    """How often a source's text speaks of a concept; its title counts three times."""
    number, concept_of = concepts().index(concept), _field()[1]
    return sum(count for phrase, count in _spoken(text).items() if concept_of[phrase] == number)


def in_plain_words(text: str) -> bool:
    """Whether a text holds everyday words that the glossary knows."""
    return bool(_plain().count(text))


def in_field_words(question: str) -> str:
    """A question followed by the field's names of what it speaks of most; itself when it speaks of nothing known."""
    counts = asked(question)
    most = sorted(counts, key=lambda number: (-counts[number], number))[:_IN_SEARCH]
    return " ".join([question, "; ".join(concepts()[number].name for number in most)]).strip() if most else question


@lru_cache(maxsize=16_384)
def _spoken(text: str) -> Mapping[int, int]:
    """How often a source's text holds each phrase of the field; its title counts three times."""
    title = text.split("\n", 1)[0]
    counts = _field()[0].count(text)
    for phrase, count in _field()[0].count(title).items():
        counts[phrase] = counts.get(phrase, 0) + 2 * count
    return counts


class Wanted:
    """What a question wants, weighed by how few of the sources that may answer it speak of the same."""

    def __init__(self, question: str, texts: Collection[str]) -> None:
        """texts: those of the sources that may answer."""
        concept_of = _field()[1]
        mentions = asked(question)
        phrases_held: Counter[int] = Counter()
        concepts_held: Counter[int] = Counter()
        for text in texts:
            spoken = {phrase for phrase in _spoken(text) if concept_of[phrase] in mentions}
            phrases_held.update(spoken)
            concepts_held.update({concept_of[phrase] for phrase in spoken})
        number = len(texts)
        self._concepts = {
            one: math.sqrt(min(count, _MOST)) * math.log(1 + number / (1 + concepts_held[one]))
            for one, count in mentions.items()
        }
        self._phrases = {one: math.log(1 + (number - held + 0.5) / (held + 0.5)) for one, held in phrases_held.items()}
        self._concept_sum = sum(self._concepts.values()) or 1.0
        self._typical_length = sum(map(len, texts)) / max(number, 1) or 1.0
        self._best_phrases = max((self._phrase_score(text) for text in texts), default=0.0) or 1.0

    def concepts(self, text: str) -> float:
        """How far a source's text is about the concepts that are asked for, 0 to 1."""
        counts: Counter[int] = Counter()
        for phrase, count in _spoken(text).items():
            counts[_field()[1][phrase]] += count
        return (
            sum(weight * counts[one] / (counts[one] + _HALF) for one, weight in self._concepts.items())
            / self._concept_sum
        )

    def phrases(self, text: str) -> float:
        """BM25 of a source's text for all the field's phrases of those concepts, relative to the best, 0 to 1."""
        return min(1.0, self._phrase_score(text) / self._best_phrases)

    def _phrase_score(self, text: str) -> float:
        damping = _K1 * (1 - _B + _B * len(text) / self._typical_length)
        return sum(
            self._phrases[phrase] * count * (_K1 + 1) / (count + damping)
            for phrase, count in _spoken(text).items()
            if phrase in self._phrases
        )
