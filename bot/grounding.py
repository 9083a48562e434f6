"""The grounding check: what a draft may say, given the sources that were found. The same for every model.

A quote must stand verbatim in the text of a source that was found; quoted words inside a statement must belong to what it
cites; a statement about a source must cite one; a link must be one that was supplied. What fails is taken out and listed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.answer import Removed
from bot.draft import Block, Cited, Draft, Flow, Items, Paragraph, References, Referred, Section, Statement, Table
from store.model import Source
from store.text import quotes

# Anything a reader or a Markdown renderer would take for an address.
_URL = re.compile(r"(?:https?|ftp|file|data|javascript|mailto):[^\s<>\"”)\]]*|\bwww\.[^\s<>\"”)\]]+", re.IGNORECASE)
_TRAILING = ".,;:!?'*_`"
_QUOTED = re.compile(r"“([^”]*)”")
_ESCAPED = re.compile(r"\\([\\`*_\[\]<>#|~])")
_MARKER = re.compile(r"\[\d+\](?!\()")


@dataclass
class _Check:
    """The check of one draft: what it may use, and what it had to take out."""

    sources: Mapping[str, Source]
    removed: list[Removed] = field(default_factory=list)

    def keep(self, statements: Iterable[Statement]) -> tuple[Statement, ...]:
        return tuple(checked for statement in statements if (checked := self.statement(statement)) is not None)

    def statement(self, statement: Statement) -> Statement | None:
        """The statement with the citations that hold, None when it must go."""
        held = tuple(cited for cited in statement.cites if self.holds(cited))
        reason = self.fault(statement, held)
        if reason:
            self.removed.append(Removed(text=statement.text, reason=reason))
            return None
        return statement.model_copy(update={"cites": held})

    def holds(self, cited: Cited) -> bool:
        source = self.sources.get(cited.source_id)
        return source is not None and quotes(source, cited.quote)

    def fault(self, statement: Statement, held: tuple[Cited, ...]) -> str:
        if (statement.claim or statement.cites) and not held:
            return "no quote of a source that was found supports it"
        if _MARKER.search(statement.text):
            return "it carries a marker of its own"
        cited = [self.sources[one.source_id] for one in held]
        for quoted in _QUOTED.findall(statement.text):
            words = _ESCAPED.sub(r"\1", quoted)
            if statement.claim and not any(quotes(source, words) for source in cited):
                return "it quotes words that the cited source does not hold"
        foreign = foreign_urls(statement.text, self.sources.values())
        if foreign:
            return f"it holds a link that was not supplied: {foreign[0]}"
        return ""

    def block(self, block: Block) -> Block | None:
        match block:
            case Paragraph() | Items():
                kept = self.keep(block.statements)
                return block.model_copy(update={"statements": kept}) if kept else None
            case References():
                return self.references(block)
            case Table():
                rows = tuple(row for row in block.rows if len(self.keep(row)) == len(row))
                return block.model_copy(update={"rows": rows}) if rows else None
            case Flow():
                return block

    def references(self, block: References) -> References | None:
        items = []
        for item in block.items:
            if item.source_id not in self.sources:
                self.removed.append(Removed(text=item.why.text, reason="it points to a source that was not found"))
                continue
            why = self.statement(item.why)
            if why is not None:
                items.append(Referred(source_id=item.source_id, why=why))
        return block.model_copy(update={"items": tuple(items)}) if items else None


def ground(draft: Draft, sources: Mapping[str, Source]) -> tuple[Draft, tuple[Removed, ...]]:
    """Check a draft against the sources that were found for it.

    sources: by id. Returns the draft with only what holds, and what was taken out. A draft that loses everything comes
    back without sections: the caller then refuses.
    """
    check = _Check(sources, list(draft.removed))
    sections = []
    for section in draft.sections:
        blocks = tuple(kept for block in section.blocks if (kept := check.block(block)) is not None)
        if blocks:
            sections.append(Section(name=section.name, title=section.title, blocks=blocks))
    return draft.model_copy(update={"sections": tuple(sections)}), tuple(check.removed)


def urls_in(text: str) -> list[str]:
    """Every address in a text, as a reader would take it."""
    return [found.group().rstrip(_TRAILING) for found in _URL.finditer(text)]


def foreign_urls(text: str, sources: Iterable[Source]) -> list[str]:
    """The addresses in a text that none of the sources was supplied with."""
    supplied = {url for source in sources for url in source.urls}
    return [url for url in urls_in(text) if url not in supplied]
