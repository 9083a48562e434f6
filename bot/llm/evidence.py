"""The evidence of a turn as a language model gets it: quotes with numbers, as many as it can read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from bot.draft import Cited
from bot.embedded.language import quotable, short_title
from bot.tools import Found, sources_of
from store.model import Source

_QUOTES = 28  # that one prompt holds
_OF_ONE_SOURCE = 8
# A sentence that speaks to whoever reads it as a machine. It is no evidence of anything, so no model gets to read it.
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\W+(?:\w+\W+){0,5}(?:instructions?|rules?|prompts?|guidelines|directives)\b"
    r"|\b(?:system prompt|developer message|as an ai\b|you are (?:now )?(?:a|an|the) (?:ai|assistant|bot|chatbot|language model))"
    r"|\b(?:tell|inform|assure|convince) (?:the|your|every) (?:user|reader|human|person)s?\b"
    r"|\b(?:reply|respond|answer)(?: only)? (?:with|by|that)\b|\b(?:dear|attention|note to) (?:ai|assistant|model|chatbot|llm)\b"
    r"|\b(?:ai|llm|assistant|chatbot|language model)s?,? (?:must|should|shall|please|reading this)\b"
    r"|\b(?:you must|you should|please) (?:always |now |never |not )?(?:say|tell|write|call|recommend|state|claim|mention|cite|"
    r"answer|reply|respond|reveal|output|print|visit|click|open|use)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Quote:
    """A sentence of a source that may be cited, under the number that the model knows it by."""

    number: int
    source: Source
    text: str

    @property
    def cited(self) -> Cited:
        """The citation of it."""
        return Cited(source_id=self.source.source_id, quote=self.text)


@dataclass(frozen=True)
class Link:
    """A supplied link of a source."""

    source: Source
    url: str

    @property
    def is_code(self) -> bool:
        """Whether it leads to code, not to the paper."""
        return self.url == self.source.github_url

    @property
    def cited(self) -> Cited:
        """The line of the source's text that supplies it."""
        return Cited(source_id=self.source.source_id, quote=f"{'GitHub' if self.is_code else 'Paper'}: {self.url}")


@dataclass(frozen=True)
class EvidenceSheet:
    """What a turn's searches found: the quotes that a model may use."""

    found: tuple[Found, ...]
    most: int = _QUOTES

    @cached_property
    def quotes(self) -> tuple[Quote, ...]:
        """The best quotes of the best sources, those of one source together and in their order in its text."""
        chosen: dict[tuple[str, str], tuple[float, int]] = {}
        told_by: dict[str, str] = {}  # two sources may say the same, word for word
        for found in self.found:
            for one in found.evidence:
                if quotable(one.quote) and not _ORDER.search(one.quote):
                    key = (told_by.setdefault(one.quote, one.source.source_id), one.quote)
                    score = max(one.score + one.source_score, chosen.get(key, (0.0, 0))[0])
                    chosen[key] = (score, one.start)
        best: list[tuple[str, str]] = []
        for key in sorted(chosen, key=lambda key: -chosen[key][0]):
            if sum(source_id == key[0] for source_id, _ in best) < _OF_ONE_SOURCE:
                best.append(key)
        best = best[: self.most]
        order = {source_id: n for n, source_id in enumerate(self.sources)}
        best.sort(key=lambda key: (order[key[0]], chosen[key][1]))
        return tuple(Quote(n, self.sources[key[0]], key[1]) for n, key in enumerate(best, start=1))

    @cached_property
    def sources(self) -> dict[str, Source]:
        """The sources found, by id."""
        return sources_of(self.found)

    @cached_property
    def by_number(self) -> Mapping[int, Quote]:
        """The quotes by the number that the model knows them by."""
        return {quote.number: quote for quote in self.quotes}

    @cached_property
    def links(self) -> Mapping[str, Link]:
        """The supplied links by their address; of one that several sources share, the first source's."""
        links: dict[str, Link] = {}
        for source in self.sources.values():
            for url in source.urls:
                links.setdefault(url, Link(source, url))
        return links

    def shorter(self) -> "EvidenceSheet":
        """The same with a third of the quotes, for a model that cannot read so much."""
        return EvidenceSheet(self.found, max(self.most // 3, 1))

    def for_reading(self) -> str:
        """The evidence in a prompt."""
        lines: list[str] = []
        told = ""
        for quote in self.quotes:
            if quote.source.source_id != told:
                told = quote.source.source_id
                links = ", ".join(quote.source.urls) or "none supplied"
                lines.append(f"\nSource: {one_line(short_title(quote.source.title))} (links: {links})")
            lines.append(f"[{quote.number}] {one_line(quote.text)}")
        return "\n".join(lines).strip()


def one_line(text: str) -> str:
    """A text without line breaks, so that nothing in it can pass for a line of ours."""
    return " ".join(text.split())


def orders(text: str) -> bool:
    """Whether a text gives a machine orders."""
    return _ORDER.search(text) is not None
