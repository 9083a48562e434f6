"""What a conversation is held to: every source, those of one brief, or some that were chosen."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from bot.embedded.names import goes_by
from bot.errors import UserError
from store.model import Scope, Source
from store.store import Store

HELD, OUTSIDE = "held", "outside"  # keys of a user's message: whether it is held to less than all; ids it may not use
_NAMED = 3  # sources that are gone and named in one line


@dataclass(frozen=True)
class HeldTo:
    """One brief, some sources, or a pasted brief; with none of them, every source may be used."""

    brief: str | None = None
    sources: Mapping[str, str] = field(default_factory=dict)  # their titles by id, as they were when they were chosen
    pasted: str = ""  # the text of a brief that was pasted into the conversation, whose own sources alone answer

    def __bool__(self) -> bool:
        return self.brief is not None or bool(self.sources or self.pasted)

    @property
    def scope(self) -> Scope | None:
        """What a search may look at; None for everything, also for everything that a pasted brief supplies."""
        if not self or self.pasted:
            return None
        return Scope(
            briefs=None if self.brief is None else frozenset({self.brief}),
            source_ids=frozenset(self.sources) if self.sources else None,
        )

    def within(self, brief: str | None) -> Scope | None:
        """The same for a question that is held to a brief of its own as well."""
        scope = self.scope
        if brief is None:
            return scope
        if scope is None:
            return Scope(briefs=frozenset({brief}))
        return Scope(frozenset({brief}) & (scope.briefs or {brief}), scope.source_ids)

    def gone(self, store: Store) -> list[str]:
        """What was chosen and is no longer held, by name or title."""
        if self.brief is not None and self.brief not in {record.name for record in store.briefs()}:
            return [self.brief]
        held = {source.source_id for source in store.sources(self.scope)} if self.sources else set()
        return [title for source_id, title in self.sources.items() if source_id not in held]  # what is pasted is there

    def check(self, store: Store) -> None:
        """Raise UserError when nothing of it is left."""
        gone = self.gone(store) if self else []
        if gone and len(gone) >= len(self.sources):
            what = f"the brief {gone[0]}" if self.brief is not None else _listed(gone)
            raise UserError(
                f"this conversation is held to {what}, and the store no longer holds {'that' if len(gone) == 1 else 'them'}: "
                "choose what it may use under Sources, or begin a new conversation"
            )

    def missing_line(self, store: Store) -> str:
        """One line on chosen sources that are gone while others are left, empty when none is."""
        gone = self.gone(store)
        if not gone or len(gone) >= len(self.sources):
            return ""
        return f"No longer held, and left out: {_listed(gone)}."

    def as_text(self) -> str:
        """The same as text to keep."""
        return json.dumps({"brief": self.brief, "sources": dict(self.sources), "pasted": self.pasted})


def held_to_of(text: str | None) -> HeldTo:
    """What `as_text` wrote; None was held to nothing."""
    return HeldTo(**json.loads(text)) if text else HeldTo()


def chosen(store: Store, brief: str | None = None, source_ids: Collection[str] = ()) -> HeldTo:
    """Hold to a brief or to some sources of a store; raises UserError for those that it does not have."""
    if brief is not None and brief not in {record.name for record in store.briefs()}:
        raise UserError(f"there is no brief {brief[:80]!r} in the store: choose another")
    found = store.sources(Scope(source_ids=frozenset(source_ids))) if source_ids else []
    if len(found) < len(set(source_ids)):
        raise UserError("a chosen source is no longer held: reload the page and choose again")
    return HeldTo(brief, {source.source_id: source.title for source in found})


def of_sources(store: Store, named: Collection[str], brief: str | None = None) -> HeldTo | None:
    """Hold to the sources of these ids or names, of the brief if one is given; None where none is named.

    A name is a title, what stands before its colon, or the like, and means every source that goes by it.
    Raises UserError for a name that no source goes by.
    """
    wanted = [name.strip() for name in named if name.strip()]
    if not wanted:
        return None
    held = store.sources(Scope(briefs=frozenset({brief})) if brief else None)
    found: dict[str, str] = {}
    for name in wanted:
        meant = [one for one in held if name == one.source_id or goes_by(name, one)]
        if not meant:
            where = f"the brief {brief[:80]}" if brief else "the store"
            raise UserError(
                f"there is no source {name[:80]!r} in {where}: name one by its title or id, see `unblur sources`"
            )
        found |= {one.source_id: one.title for one in meant}
    return HeldTo(sources=found)


def outside(found: Iterable[Source], store: Store, scope: Scope | None) -> list[str]:
    """The ids of those sources that were found before and lie outside of `scope` now."""
    ids = {source.source_id for source in found}
    return sorted(ids - {source.source_id for source in store.sources(scope)}) if ids else []


def _listed(titles: list[str]) -> str:
    more = f" and {len(titles) - _NAMED} more" if len(titles) > _NAMED else ""
    return f"{', '.join(titles[:_NAMED])}{more}"
