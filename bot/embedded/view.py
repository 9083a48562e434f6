"""The evidence of a turn, as the composer looks at it: sources in order, and how well each sentence fits each question."""

from dataclasses import dataclass
from functools import cached_property

from bot.embedded.knowledge import Task, tasks_of
from bot.embedded.language import Sentence, is_name, short_title
from bot.render import escape
from bot.tools import Found, sources_of
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
    def by_id(self) -> dict[str, Source]:
        """The sources found, by id."""
        return sources_of(self.found)

    @cached_property
    def sources(self) -> list[Source]:
        """The sources found, the best first."""
        return sorted(self.by_id.values(), key=lambda source: (-self.scores[source.source_id], source.source_id))

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


def subject(source: Source, mentions: int = 1) -> list[Task]:
    """The tasks that a source speaks of at least `mentions` times, the most mentioned first; the title counts twice."""
    return tasks_of(f"{source.title}. {source.title}. {summary_of(source.text)}", mentions)


def header_line(source: Source, starting: str = "") -> str:
    """The line of a source's header that begins with `starting`: its title, or a link as supplied."""
    span = header_span(source.text)
    lines = source.text[span.start : span.end].split("\n")
    return next((line for line in lines[1:] if line.startswith(starting)), lines[0]) if starting else lines[0]


def called(source: Source) -> str:
    """A source's short name, as Markdown: a name as it is, a description in italics."""
    short = escape(short_title(source.title))
    return short if is_name(source.title) else f"*{short}*"
