"""Whose are Gradio's sessions, events and files, for as long as this process runs.

Gradio hands them to whoever knows their name. They are noted here as they pass by.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

_MOST = 200_000  # remembered names; the oldest are forgotten, and then refused

EVERYBODY = "*"


class Handles:
    """Sessions, events, uploads and files by name, with their owners."""

    def __init__(self) -> None:
        self._names: OrderedDict[str, str] = OrderedDict()  # session, event or upload -> owner
        self._files: OrderedDict[tuple[str, str], None] = OrderedDict()  # (path, owner)
        self._lock = threading.Lock()

    def claim(self, name: str, owner: str) -> bool:
        """Make `owner` the owner of a name that has none yet; returns whether it is theirs now."""
        with self._lock:
            known = self._names.setdefault(name, owner)
            self._names.move_to_end(name)
            _forget_oldest(self._names)
        return known == owner

    def is_of(self, name: str, owner: str) -> bool:
        """Whether a name is known to be theirs."""
        return self._names.get(name) == owner

    def give_file(self, path: str, owner: str) -> None:
        """Let `owner` read a file; equal uploads of two people are one file."""
        with self._lock:
            self._files[path, owner] = None
            self._files.move_to_end((path, owner))
            _forget_oldest(self._files)

    def may_read(self, path: str, owner: str) -> bool:
        """Whether a file is theirs or everybody's."""
        return (path, owner) in self._files or (path, EVERYBODY) in self._files


def paths_in(data: Any) -> Iterator[str]:
    """The path of every file that Gradio's data names."""
    for part in parts_of(data):
        if isinstance(part, dict) and isinstance(path := part.get("path"), str):
            yield path


def parts_of(data: Any) -> Iterator[Any]:
    """The data itself and every part of it, however deep."""
    left = [data]
    while left:
        part = left.pop()
        yield part
        if isinstance(part, dict):
            left.extend(part.values())
            left.extend(part)
        elif isinstance(part, list):
            left.extend(part)


def _forget_oldest(known: OrderedDict[Any, Any]) -> None:
    while len(known) > _MOST:
        known.popitem(last=False)
