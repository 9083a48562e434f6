"""Find documents in files and folders, and read their text.

Briefs are `.txt` and `.md`, sources as JSON Lines `.jsonl`; a file that is named itself may be called
anything. In a folder, hidden files and those called README or LICENSE are passed over.
"""

import codecs
import os
from dataclasses import dataclass
from pathlib import Path

from ingest.problems import BriefError, Problem

_BRIEF_SUFFIXES = (".txt", ".md")
_JSON_LINES_SUFFIX = ".jsonl"
_NO_BRIEFS = frozenset({"readme", "license"})  # lie beside briefs in a folder
_MARKS = (  # byte order marks of text in other encodings than UTF-8
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Document:
    """Text to ingest, and where it came from."""

    name: str  # what its brief is called
    shown: str  # what messages call it: the path as the user gave it
    origin: str  # its file, absolute; empty when it came from elsewhere
    text: str

    @property
    def is_json_lines(self) -> bool:
        """Whether it holds JSON Lines: by its name, or for text without a file by its first character."""
        if self.origin:
            return self.origin.casefold().endswith(_JSON_LINES_SUFFIX)
        return self.text.lstrip("\ufeff \t\r\n").startswith("{")


@dataclass(frozen=True)
class Location:
    """A file that may hold a document."""

    path: Path  # to open and to show, as the user gave it
    name: str
    origin: Path  # absolute

    def read(self) -> Document:
        """The document in this file; raises BriefError when there is no text to be had."""
        shown = str(self.path)
        if not f"{self.name}{self.origin}".isprintable():  # line breaks, and bytes that are no UTF-8
            raise BriefError(shown, None, "has a name that cannot be shown: rename it")
        try:
            data = self.path.read_bytes()
        except OSError as error:
            problem = _unreadable(shown, error)
            raise BriefError(shown, None, problem.message) from error
        return Document(self.name, shown, str(self.origin), decode(data, shown))


@dataclass(frozen=True)
class Found:
    """What is at a path that was given."""

    place: Path  # absolute
    is_folder: bool
    locations: tuple[Location, ...] = ()  # by name
    problems: tuple[Problem, ...] = ()  # what could not be looked into
    nothing: Problem | None = None  # set when no document is there at all


def locate(path: Path) -> Found:
    """The documents at `path`, a file or a folder.

    A brief is called after its path below the folder, or after the file that was given.
    """
    try:
        if path.is_dir():
            return _below(path)
        place = absolute(path)
        if path.is_file():
            return Found(place, False, (Location(path, path.name, place),))
        if path.exists():
            problem = Problem(str(path), None, "is no file of text: give a brief, a .jsonl file or a folder")
            return Found(place, False, problems=(problem,))
        return Found(place, False, nothing=Problem(str(path), None, "no such file or folder: check the path"))
    except (OSError, RuntimeError) as error:  # no permission; a name too long; links in a circle
        return Found(path, False, problems=(_unreadable(str(path), error),))


def _below(folder: Path) -> Found:
    errors: list[OSError] = []
    found: list[Location] = []
    place = folder.resolve()
    for parent, folders, files in os.walk(folder, onerror=errors.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for file in files:
            path = Path(parent, file)
            if _is_document(path) and path.is_file():
                name = path.relative_to(folder)
                found.append(Location(path, name.as_posix(), place / name))
    nothing = None
    if not found and not errors:
        message = "holds no briefs: give a folder with .txt, .md or .jsonl files"
        nothing = Problem(str(folder), None, message)
    return Found(
        place,
        True,
        tuple(sorted(found, key=lambda location: location.name)),
        tuple(_unreadable(str(error.filename or folder), error) for error in errors),
        nothing,
    )


def _unreadable(shown: str, error: OSError | RuntimeError) -> Problem:
    reason = error.strerror if isinstance(error, OSError) else error
    return Problem(shown, None, f"cannot be read ({reason}): check the path and its permissions")


def _is_document(path: Path) -> bool:
    if path.name.startswith(".") or path.stem.casefold() in _NO_BRIEFS:
        return False
    return path.suffix.casefold() in (*_BRIEF_SUFFIXES, _JSON_LINES_SUFFIX)


def absolute(path: Path) -> Path:
    """Where a file lies, whether it exists or not; a link to a file is taken for the file itself."""
    return path.parent.resolve() / path.name


def decode(data: bytes, shown: str) -> str:
    """The text in `data`, UTF-8 or, with a byte order mark, UTF-16; `shown` names it in messages.

    Raises BriefError for data that is no text, or empty.
    """
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        if b"\0" in data and encoding == "utf-8":
            raise _binary(shown) from error
        line = data.count(b"\n", 0, error.start) + 1
        raise BriefError(shown, line, "is not UTF-8 text: save the file as UTF-8") from error
    if "\0" in text:
        raise _binary(shown)
    if not text.strip():
        raise BriefError(shown, None, "is empty: give a brief with a question, models and papers")
    return text


def _binary(shown: str) -> BriefError:
    return BriefError(shown, None, "holds binary data, not text: give a .txt, .md or .jsonl file")
