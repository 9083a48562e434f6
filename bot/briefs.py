"""Briefs that somebody adds and removes while the bot runs: checked, told what became of them, undone."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath

from bot.errors import UserError
from bot.settings import Settings
from ingest.documents import Document, decode
from ingest.pipeline import Report, ingest
from ingest.problems import BriefError, Problem
from store.model import Brief, Scope, Source
from store.store import Store

LARGEST = 2_000_000  # bytes of a brief; a larger one would keep everybody waiting while it is embedded
PASTED = "the pasted text"  # what messages call what was pasted
_LONGEST_NAME = 60  # characters of a name that a brief is given by its content
_LONGEST_FILE_NAME = 120
_LONGEST_QUOTE = 160


@dataclass(frozen=True)
class Given:
    """A brief as somebody gives it: a file's content, or text that they pasted."""

    data: bytes
    file: str | None = None  # the file's name; None for what was pasted

    @property
    def shown(self) -> str:
        """What messages call it."""
        if self.file is None:
            return PASTED
        name = "".join(letter for letter in PurePath(self.file).name if letter.isprintable())
        return name[-_LONGEST_FILE_NAME:] or "the file"


@dataclass(frozen=True)
class Trouble:
    """What stayed out and why, with the line itself where one is to blame."""

    problem: Problem
    quoted: str = ""


@dataclass(frozen=True)
class Added:
    """What became of the briefs that were given."""

    briefs: tuple[str, ...] = ()  # names of those that are held now
    added: tuple[Source, ...] = ()
    changed: tuple[Source, ...] = ()  # held before, with another text
    unchanged: int = 0  # sources that were held already, word for word
    already: tuple[str, ...] = ()  # names of held briefs that say the same as a given one
    renamed: tuple[tuple[str, str], ...] = ()  # briefs whose name another has: as it was given, as it is held
    removed: int = 0  # sources that a newer brief in the place of an older one no longer names
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Removal:
    """What removing a brief takes away, and what stays because other briefs name it."""

    name: str
    goes: tuple[str, ...]  # titles
    stays: tuple[str, ...]


class Briefs:
    """The briefs of one store, as users may change them; refuses everything where the settings say so."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self.store = store
        self.settings = settings

    def add(
        self, given: Sequence[Given], who: str = "", *, progress: Callable[[int, int], None] | None = None
    ) -> Added:
        """Put briefs in; what is wrong with one is told, and the others go in all the same.

        who: whoever gives them; a brief takes the place of one of its name only if both are theirs.
        Raises UserError where nothing may be changed, StoreError when the store cannot be written.
        """
        self._may_change()
        documents: list[tuple[Document, Given]] = []
        troubles: list[Trouble] = []
        for one in given:
            try:
                documents.append((_document(one), one))
            except BriefError as error:
                troubles.append(_trouble(error.problem, one))
        desk = _Desk(self.store, who)
        texts = [document for document, _ in documents]
        report = ingest([], self.store, texts=texts, progress=progress, admit=desk.admit)
        removed = self.store.prune() if desk.replaced else 0
        by_name = {one.shown: one for _, one in documents}
        troubles += [_trouble(problem, by_name.get(problem.file)) for problem in report.problems]
        return self._told(report, desk, removed, troubles)

    def would_remove(self, name: str) -> Removal:
        """What removing a brief would do; raises UserError when there is none of that name."""
        if name not in {record.name for record in self.store.briefs()}:
            raise UserError(f"there is no brief {name[:80]!r} any more: it may have been removed meanwhile")
        goes = [source.title for source in self.store.sources() if not set(source.briefs) - {name}]
        stays = [source.title for source in self._of(name) if set(source.briefs) - {name}]
        return Removal(name, tuple(goes), tuple(stays))

    def remove(self, name: str) -> Removal:
        """Remove a brief, and the sources that no other names; raises UserError, StoreError."""
        self._may_change()
        with self.store.writing():
            removal = self.would_remove(name)
            self.store.prune([name])
        return removal

    def _may_change(self) -> None:
        if self.settings.read_only:
            raise UserError("the sources of this page cannot be changed: whoever runs it has set UNBLUR_READ_ONLY")

    def _of(self, name: str) -> list[Source]:
        return self.store.sources(Scope(briefs=frozenset({name})))

    def _told(self, report: Report, desk: "_Desk", removed: int, troubles: Sequence[Trouble]) -> Added:
        ids = frozenset((*report.added_ids, *report.changed_ids))
        sources = self.store.sources(Scope(source_ids=ids)) if ids else []
        return Added(
            report.briefs,
            tuple(source for source in sources if source.source_id in report.added_ids),
            tuple(source for source in sources if source.source_id in report.changed_ids),
            report.unchanged,
            tuple(dict.fromkeys(desk.already)),
            tuple(desk.renamed),
            removed,
            tuple(troubles),
        )


class _Desk:
    """Says under which name each brief of one person goes in, if at all."""

    def __init__(self, store: Store, who: str) -> None:
        self._store = store
        self._who = hashlib.sha256(who.encode()).hexdigest()[:16]
        self.already: list[str] = []
        self.renamed: list[tuple[str, str]] = []
        self.replaced = False

    def admit(self, brief: Brief) -> Brief | None:
        """The brief as it is to be held; None for one that is held already."""
        records = self._store.briefs()
        twin = self._store.twin(brief)
        if twin is not None:
            self.already.append(twin)
            return None
        name = _name_by_content(brief) if brief.name == PASTED else brief.name
        origin = f"page:{self._who}/{name}"
        earlier = next((one.name for one in records if one.origin == origin), None)
        self.replaced = self.replaced or earlier is not None
        free = earlier or _free(name, {one.name for one in records})
        if free != name and earlier is None:
            self.renamed.append((name, free))
        return replace(brief, name=free, origin=origin)


def _document(given: Given) -> Document:
    """What was given as a document; raises BriefError for what is no text, or too much of it."""
    if len(given.data) > LARGEST:
        size, most = (f"{count / 1_000_000:.1f} MB" for count in (len(given.data), LARGEST))
        told = f"has {size}, and {most} are taken here: split it, or have it put in with `unblur ingest`"
        raise BriefError(given.shown, None, told)
    text = decode(given.data, given.shown)
    json_lines = given.shown if given.shown.casefold().endswith(".jsonl") else ""
    return Document(given.shown, given.shown, json_lines, text)


def _trouble(problem: Problem, given: Given | None) -> Trouble:
    if problem.line is None or given is None:
        return Trouble(problem)
    lines = given.data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    line = " ".join(lines[problem.line - 1].split()) if problem.line <= len(lines) else ""
    return Trouble(problem, line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 1]}…")


def _name_by_content(brief: Brief) -> str:
    """What a pasted brief is called: by its question, else by its first source."""
    words = " ".join("".join(c if c.isprintable() else " " for c in brief.question or brief.entries[0].title).split())
    short = words if len(words) <= _LONGEST_NAME else f"{words[:_LONGEST_NAME].rsplit(' ', 1)[0]}…"
    return f"Pasted: {short}"


def _free(name: str, taken: set[str]) -> str:
    """The name itself, or the same with the first number that makes it another."""
    path = PurePath(name)
    stem, suffix = (path.stem, path.suffix) if path.suffix in (".txt", ".md", ".jsonl", ".json") else (name, "")
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{stem} ({number}){suffix}"
    return free
