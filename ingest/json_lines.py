"""Parse sources as JSON Lines: one object a line, each a model or a paper of a named brief.

A line: `{"title": …, "kind": "model" or "paper", "paper_url": …, "github_url": …, "summary": …, "brief": …}`.
Title and kind are needed; a null or absent link, summary or brief means that there is none. Other keys
are passed over.
"""

import json
from dataclasses import dataclass

from ingest.brief_text import clean_text
from ingest.links import bare_link, is_link, says_missing
from ingest.merging import merged
from ingest.problems import BriefError, Problem, shorten
from store.model import Brief, Entry, Kind


@dataclass(frozen=True)
class JsonLines:
    """What a file of JSON Lines holds."""

    briefs: tuple[Brief, ...]  # in the order in which the file first names them
    problems: tuple[Problem, ...]  # the lines that could not be read


def parse_json_lines(text: str, name: str, origin: str = "") -> JsonLines:
    """Read sources from JSON Lines; a line without a brief belongs to the brief called `name`.

    A line that cannot be read becomes a problem, and the others are read all the same.
    Raises BriefError for text that cannot be stored.
    """
    entries: dict[str, list[Entry]] = {}
    problems: list[Problem] = []
    for number, line in enumerate(clean_text(text, name).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            brief, entry = _read_line(line, name)
        except _LineError as error:
            problems.append(Problem(name, number, str(error)))
        else:
            entries.setdefault(brief or name, []).append(entry)
    briefs = (Brief(brief, None, merged(found), origin) for brief, found in entries.items())
    return JsonLines(tuple(briefs), tuple(problems))


class _LineError(Exception):
    """One line is no source."""


def _read_line(line: str, name: str) -> tuple[str | None, Entry]:
    """The brief that a line names, if it does, and its entry."""
    try:
        found = json.loads(line)
    except json.JSONDecodeError as error:
        raise _LineError(f"no JSON ({error.msg} at column {error.colno}): write one object a line") from error
    except (RecursionError, ValueError) as error:  # nested too deep, or a number of thousands of digits
        raise _LineError("no JSON that a source could be: write one object a line") from error
    if not isinstance(found, dict):
        raise _LineError(f'{shorten(line.strip())} is no object: write {{"title": …, "kind": …}}')
    title = " ".join(_text(found, "title", name).split())  # lists of papers break long titles into lines
    if not title:
        raise _LineError('has no title: add "title"')
    kind = found.get("kind")
    if kind not in ("model", "paper"):
        raise _LineError(f'its "kind" is {shorten(str(kind))}: write "model" or "paper"')
    entry = Entry(
        Kind(kind),
        title,
        _link(found, "paper_url", name),
        _link(found, "github_url", name),
        _text(found, "summary", name).strip(),
    )
    brief = _text(found, "brief", name).strip()
    if not brief.isprintable():
        raise _LineError(f'its "brief" is {shorten(brief)}: give a name on one line')
    return brief or None, entry


def _text(found: dict[str, object], key: str, name: str) -> str:
    value = found.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _LineError(f'its "{key}" is {shorten(json.dumps(value))}: write it as a string')
    try:
        return clean_text(value, name)
    except BriefError as error:  # an escape such as \u0000 or half of a pair
        raise _LineError(f'its "{key}" {error.problem.message}') from error


def _link(found: dict[str, object], key: str, name: str) -> str | None:
    value = bare_link(_text(found, key, name))
    if says_missing(value):
        return None
    if not is_link(value):
        raise _LineError(f'its "{key}" is {shorten(value)}: give one link such as https://…, or null')
    return value
