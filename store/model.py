"""The words of the store: brief, source, passage, evidence.

Plain frozen values; nothing here reads a file or knows a database.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a source is: a model that a brief recommends, or a paper that it relates."""

    MODEL = "model"
    PAPER = "paper"


@dataclass(frozen=True)
class Entry:
    """What one brief supplies about one source: its block of title, links and summary."""

    kind: Kind
    title: str
    paper_url: str | None = None
    github_url: str | None = None
    summary: str = ""  # may hold several paragraphs; empty when the brief gives only links

    def __post_init__(self) -> None:
        if not self.title.strip():
            raise ValueError("an entry needs a title: give the model's or paper's name")


@dataclass(frozen=True)
class Brief:
    """A supplied document: a question and what may be used to answer it."""

    name: str  # unique in a store: the file's name, or its path below the ingested folder
    question: str | None
    entries: tuple[Entry, ...]
    origin: str = ""  # the file it came from, absolute; empty when it was pasted


@dataclass(frozen=True)
class Source:
    """One model or paper, merged over the briefs that name it."""

    source_id: str
    title: str
    kind: Kind
    paper_url: str | None
    github_url: str | None
    briefs: tuple[str, ...]  # names, sorted
    text: str  # everything that may be quoted: title, links and summary, as supplied

    @property
    def urls(self) -> tuple[str, ...]:
        """The supplied links, paper first."""
        return tuple(url for url in (self.paper_url, self.github_url) if url)


class Role(StrEnum):
    """Which piece of a source a passage is."""

    HEADER = "header"  # the title and the supplied links
    WHOLE = "whole"  # title and summary together, as far as the embedding model reads
    SENTENCE = "sentence"


@dataclass(frozen=True)
class Passage:
    """A piece of a source's text that is embedded: `text[start:end]` of its source."""

    passage_id: str  # derived from the content, so the same text is never stored twice
    source_id: str
    role: Role
    start: int
    end: int


@dataclass(frozen=True)
class Evidence:
    """A passage found for a query."""

    source: Source
    start: int  # offsets into source.text
    end: int
    score: float  # of the passage for the query, 0 (unrelated) to 1
    source_score: float  # of its source for the query, after fusion; orders the sources

    @property
    def quote(self) -> str:
        """The passage's exact text."""
        return self.source.text[self.start : self.end]


@dataclass(frozen=True)
class Scope:
    """What a search may look at; None means no restriction."""

    briefs: frozenset[str] | None = None
    source_ids: frozenset[str] | None = None
    kind: Kind | None = None


@dataclass(frozen=True)
class Changes:
    """What putting a brief into the store did, counted in sources."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(
            self.added + other.added,
            self.changed + other.changed,
            self.unchanged + other.unchanged,
            self.removed + other.removed,
        )


@dataclass(frozen=True)
class BriefRecord:
    """A brief as the store remembers it."""

    name: str
    question: str | None
    origin: str
    source_ids: tuple[str, ...]  # in the brief's order
