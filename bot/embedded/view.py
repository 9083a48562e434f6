"""The evidence of a turn, as the composer looks at it: sources in order, and how well each sentence fits each question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.embedded.knowledge import Task, tasks_of
from bot.embedded.language import Part, Sentence, sentences, short_title
from bot.tools import Found
from store.model import Kind, Source
from store.text import header_span, summary_of

_PART_WEIGHT = 0.5  # of a part's own search in a source's score, beside the whole question's


@dataclass(frozen=True)
class View:
    """What the searches of a turn found."""

    found: tuple[Found, ...]

    @cached_property
    def scores(self) -> dict[str, float]:
        """How well each source fits the turn, 0 to about 1."""
        scores: dict[str, float] = {}
        for number, found in enumerate(self.found):
            weight = 1.0 if number == 0 else _PART_WEIGHT
            for evidence in found.evidence:
                source_id = evidence.source.source_id
                scores[source_id] = max(scores.get(source_id, 0.0), weight * evidence.source_score)
        return scores

    @cached_property
    def sources(self) -> list[Source]:
        """The sources found, the best first."""
        known = {source_id: source for found in self.found for source_id, source in found.sources.items()}
        return sorted(known.values(), key=lambda source: (-self.scores[source.source_id], source.source_id))

    @cached_property
    def _fits(self) -> dict[tuple[str, str, str], float]:
        return {
            (found.query, evidence.source.source_id, evidence.quote): evidence.score
            for found in self.found
            for evidence in found.evidence
        }

    def fit(self, query: str, sentence: Sentence) -> float:
        """How well a sentence answers one of the turn's queries: cosine similarity, 0 when it was not found for it."""
        return self._fits.get((query, sentence.source_id, sentence.text), 0.0)

    @cached_property
    def best_fit(self) -> float:
        """The highest similarity of any passage to any of the turn's queries."""
        return max(self._fits.values(), default=0.0)

    @property
    def models(self) -> list[Source]:
        """The recommended models found, the best first."""
        return [source for source in self.sources if source.kind is Kind.MODEL]

    @property
    def papers(self) -> list[Source]:
        """The papers found, the best first."""
        return [source for source in self.sources if source.kind is Kind.PAPER]


def contribution(source: Source) -> Sentence | None:
    """The sentence that says best what a source is or does."""
    usable = sentences(source)
    if not usable:
        return None
    if source.kind is Kind.MODEL:
        return usable[0]
    strong = [s for s in usable if Part.METHOD in s.parts and _announces(s.text)]
    return (strong or [s for s in usable if Part.METHOD in s.parts] or usable)[0]


def _announces(text: str) -> bool:
    head = text.casefold()
    return any(
        cue in head
        for cue in (
            "we propose",
            "we introduce",
            "we present",
            "we develop",
            "this paper",
            "this work",
            "we design",
            "we carefully",
        )
    )


def subject(source: Source) -> list[Task]:
    """The tasks that a source is about."""
    return tasks_of(f"{source.title}. {source.title}. {summary_of(source.text)}")


def pick(candidates: Iterable[Sentence], limit: int, *, used: Sequence[Sentence] = ()) -> list[Sentence]:
    """The first `limit` candidates that were not used before."""
    taken = {(sentence.source_id, sentence.number) for sentence in used}
    picked = []
    for sentence in candidates:
        if (sentence.source_id, sentence.number) not in taken:
            taken.add((sentence.source_id, sentence.number))
            picked.append(sentence)
        if len(picked) == limit:
            break
    return picked


def header_line(source: Source, starting: str = "") -> str:
    """The line of a source's header that begins with `starting`: its title, or a link as supplied."""
    span = header_span(source.text)
    lines = source.text[span.start : span.end].split("\n")
    return next((line for line in lines[1:] if line.startswith(starting)), lines[0]) if starting else lines[0]


def called(source: Source) -> str:
    """A source's short name."""
    return short_title(source.title)
