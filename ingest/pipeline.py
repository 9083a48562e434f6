"""Documents into the store: find them, read them, parse them, put them in, and say what changed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from ingest.brief_text import parse_brief
from ingest.cards import with_cards
from ingest.documents import Document, Location, locate
from ingest.json_lines import parse_json_lines
from ingest.problems import BriefError, Problem
from store.identity import source_id
from store.model import Brief, BriefRecord, Entry, Scope
from store.store import Store

BUNDLED = "bundled:"  # how the origin of a brief that comes with the program begins


@dataclass(frozen=True)
class Report:
    """What an ingest did; sources are counted once, however many briefs name them."""

    added: int
    changed: int
    unchanged: int
    removed: int
    briefs: tuple[str, ...]  # names of those that are in the store now, as they were given
    forgotten: tuple[str, ...]  # names of those that `prune` forgot
    problems: tuple[Problem, ...]
    added_ids: tuple[str, ...] = ()  # of the sources that are new
    changed_ids: tuple[str, ...] = ()  # and of those whose text is another now

    @property
    def ok(self) -> bool:
        """Whether everything that was given went in."""
        return not self.problems


def ingest(
    paths: Iterable[Path],
    store: Store,
    *,
    texts: Iterable[Document] = (),
    prune: bool = False,
    progress: Callable[[int, int], None] | None = None,
    admit: Callable[[Brief], Brief | None] = lambda brief: brief,
) -> Report:
    """Put the documents at `paths`, and `texts` that came without a file, into the store.

    What cannot be read becomes a problem of the report, and everything else goes in. Killed at any
    moment, it leaves a store that the same call completes.
    prune: forget the briefs that came from these paths and are no longer there, then remove the sources
    that no brief names.
    progress: told how many of how many entries are done.
    admit: asked of each brief just before it goes in; gives it, perhaps under another name, or None to leave it out.
    Raises StoreError when the store cannot be written.
    """
    gathered = _Gathered()
    for path in paths:
        gathered.add_path(path)
    for document in texts:
        gathered.add_document(document)
    with store.writing():
        briefs = [brief for parsed in gathered.briefs.values() if (brief := admit(parsed)) is not None]
        added, changed, unchanged = _put(briefs, store, progress)
        gone = _gone(gathered, store.briefs()) if prune else []
        removed = store.prune([record.name for record in gone]) if prune else 0
    emptied = {place for place in gathered.nothing if any(_is_at(record, place) for record in gone)}
    nothing = (problem for place, problem in gathered.nothing.items() if place not in emptied)
    return Report(
        added=len(added),
        changed=len(changed),
        unchanged=unchanged,
        removed=removed,
        briefs=tuple(brief.name for brief in briefs),
        forgotten=tuple(record.name for record in gone),
        problems=(*gathered.problems, *nothing),
        added_ids=tuple(added),
        changed_ids=tuple(changed),
    )


def bundled_briefs() -> list[Brief]:
    """The briefs that come with the program, with our model cards, by name."""
    files = (resources.files("ingest") / "briefs").iterdir()
    texts = {file.name: file.read_text(encoding="utf-8") for file in files if file.name.endswith(".txt")}
    return [with_cards(parse_brief(text, name, origin=f"{BUNDLED}{name}")) for name, text in sorted(texts.items())]


class _Gathered:
    """Everything that the given paths hold, parsed."""

    def __init__(self) -> None:
        self.briefs: dict[str, Brief] = {}
        self.problems: list[Problem] = []
        self.nothing: dict[Path, Problem] = {}  # where no document is: no mistake after a removal
        self.folders: set[Path] = set()
        self.read: dict[str, set[str]] = {}  # of each file that was read without a problem, its briefs
        self._shown: dict[str, str] = {}  # of each brief, the document that it came from
        self._contents: dict[tuple[str | None, tuple[Entry, ...]], str] = {}  # the same by what a brief holds
        self._seen: set[Path] = set()

    def add_path(self, path: Path) -> None:
        """Read the documents in a file or below a folder."""
        found = locate(path)
        self.problems += found.problems
        if found.is_folder:
            self.folders.add(found.place)
        if found.nothing:
            self.nothing[found.place] = found.nothing
        for location in found.locations:
            if location.origin not in self._seen:
                self._seen.add(location.origin)
                self._add_file(location)

    def add_document(self, document: Document) -> None:
        """Parse a document; what is wrong with it becomes a problem."""
        problems: tuple[Problem, ...] = ()
        try:
            if document.is_json_lines:
                parsed = parse_json_lines(document.text, document.name, document.origin)
                briefs, problems = parsed.briefs, parsed.problems
            else:
                briefs = (parse_brief(document.text, document.name, document.origin),)
        except BriefError as error:
            briefs, problems = (), (error.problem,)
        clashes = [clash for brief in briefs if (clash := self._add_brief(brief, document.shown))]
        self.problems += [replace(problem, file=document.shown) for problem in problems] + clashes
        if document.origin and not problems:
            self.read[document.origin] = {brief.name for brief in briefs}

    def _add_file(self, location: Location) -> None:
        try:
            document = location.read()
        except BriefError as error:
            self.problems.append(error.problem)
        else:
            self.add_document(document)

    def _add_brief(self, brief: Brief, shown: str) -> Problem | None:
        """Keep a brief, unless another document of this run holds the same one, or a different one of its name."""
        brief = with_cards(brief)
        content = (brief.question, brief.entries)
        if content in self._contents:
            return Problem(shown, None, f"holds the same brief as {self._contents[content]}: remove one of them")
        if brief.name in self._shown:
            message = f"{self._shown[brief.name]} holds another brief called {brief.name!r}: rename one of them"
            return Problem(shown, None, message)
        self.briefs[brief.name] = brief
        self._shown[brief.name] = self._contents[content] = shown
        return None


def _put(
    briefs: list[Brief], store: Store, progress: Callable[[int, int], None] | None
) -> tuple[list[str], list[str], int]:
    """Put briefs into the store; returns which sources were added and changed, and how many left as they were."""
    identities = frozenset(source_id(entry) for brief in briefs for entry in brief.entries)
    total = sum(len(brief.entries) for brief in briefs)
    before = _texts(store, identities)
    done = 0
    for brief in briefs:
        store.put(brief, progress=_shifted(progress, done, total))
        done += len(brief.entries)
        if progress:
            progress(done, total)
    after = _texts(store, identities)
    added = [identity for identity in after if identity not in before]
    changed = [identity for identity, text in after.items() if identity in before and before[identity] != text]
    return added, changed, len(after) - len(added) - len(changed)


def _texts(store: Store, identities: frozenset[str]) -> dict[str, str]:
    return {source.source_id: source.text for source in store.sources(Scope(source_ids=identities))}


def _shifted(progress: Callable[[int, int], None] | None, done: int, total: int) -> Callable[[int, int], None] | None:
    """Progress within one brief, told as progress of the whole."""
    if progress is None:
        return None
    return lambda part, _: progress(done + part, total)


def _gone(gathered: _Gathered, records: Iterable[BriefRecord]) -> list[BriefRecord]:
    """The briefs that came from the given paths and aren't there any more.

    A file that is there but broken keeps its briefs, and so does a folder that is missing as a whole: it
    may be a disk that isn't mounted.
    """
    return [
        record
        for record in records
        if record.origin
        and not record.origin.startswith(BUNDLED)
        and record.name not in gathered.briefs
        and _left(gathered, record)
    ]


def _left(gathered: _Gathered, record: BriefRecord) -> bool:
    if record.origin in gathered.read:
        return record.name not in gathered.read[record.origin]
    origin = Path(record.origin)
    given = origin in gathered.nothing or any(origin.is_relative_to(folder) for folder in gathered.folders)
    return given and _does_not_exist(origin)


def _does_not_exist(path: Path) -> bool:
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # it cannot be looked at, which is no proof that it is gone
        return False
    return False


def _is_at(record: BriefRecord, place: Path) -> bool:
    return Path(record.origin).is_relative_to(place)
