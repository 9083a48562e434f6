"""Model cards of our own, for models of which a brief gives only the links.

A card is a file in `ingest/cards/`: the repository that it describes, its text, and sections for the
models whose name ends with the section's heading:

    ---
    repository: https://github.com/owner/name
    ---
    Sentences that hold for every model of the repository.

    ## Suffix
    Sentences for the models called …Suffix.
"""

from dataclasses import dataclass, replace
from functools import cache
from importlib import resources

from store.identity import normalise_url
from store.model import Brief, Entry

CARD_MARK = "Model card by the Unblur project, written from the linked repository and paper."


@dataclass(frozen=True)
class Card:
    """What we know of a repository's models, in sentences that can be quoted one by one."""

    repository: str
    text: str
    sections: tuple[tuple[str, str], ...]  # how a model's name ends, and what holds for it alone

    def summary_for(self, title: str) -> str:
        """The text for the model called `title`, its first line saying whose it is."""
        ending = _letters(title)
        own = [text for suffix, text in self.sections if ending.endswith(_letters(suffix))]
        return "\n\n".join([CARD_MARK, self.text, *own])


def with_cards(brief: Brief) -> Brief:
    """`brief` with our card's text in the entries that have no summary and a repository that we know."""
    return replace(brief, entries=tuple(with_card(entry) for entry in brief.entries))


def with_card(entry: Entry) -> Entry:
    """`entry` with our card's text as its summary, where it has none and we know its repository."""
    if entry.summary or not entry.github_url:
        return entry
    card = _cards().get(normalise_url(entry.github_url))
    return replace(entry, summary=card.summary_for(entry.title)) if card else entry


def parse_card(text: str) -> Card:
    """Read a card in the form above; raises ValueError when its repository is missing."""
    head, _, body = text.removeprefix("---\n").partition("\n---\n")
    facts = dict(line.split(": ", 1) for line in head.split("\n") if ": " in line)
    if "repository" not in facts:
        raise ValueError("a card needs its repository: begin it with `---`, `repository: URL`, `---`")
    common, *sections = f"\n{body}".split("\n## ")
    parts = (section.partition("\n") for section in sections)
    return Card(
        facts["repository"].strip(),
        common.strip(),
        tuple((suffix.strip(), own.strip()) for suffix, _, own in parts),
    )


@cache
def _cards() -> dict[str, Card]:
    """Our cards by the identity of their repository."""
    folder = resources.files("ingest") / "cards"
    files = (file for file in folder.iterdir() if file.name.endswith(".md"))
    cards = (parse_card(file.read_text(encoding="utf-8")) for file in files)
    return {normalise_url(card.repository): card for card in cards}


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())
