"""Look whether a store is sound without touching it: everything is opened in a copy, which is thrown away."""

import contextlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from store.embedding import SentenceTransformerEmbedder
from store.errors import StoreError
from store.store import Store

_TIMEOUT_S = 120
_AGAIN_S = 1.0
_ROOM = 1.1  # of the store's size that the copy must find free


class TooLargeError(StoreError):
    """There is no room to look at a copy."""


@dataclass(frozen=True)
class Inspection:
    """What was found in a store that opens."""

    sources: int
    index_fault: str | None = None  # the index is built again when it has one


def inspected(folder: Path, embedding_model: str, *, has_index: bool) -> Inspection:
    """Open a copy of the store in `folder` and check it whole; raises StoreError when it does not open.

    has_index: the index is in the folder, rather than on a Chroma server. Another process may write meanwhile, so that a
    fault counts only when it is there twice.
    """
    try:
        found = _inspected(folder, embedding_model, has_index)
        if found.index_fault is None:
            return found
    except TooLargeError:
        raise
    except StoreError:
        pass
    time.sleep(_AGAIN_S)
    return _inspected(folder, embedding_model, has_index)


def database_fault(file: Path) -> str | None:
    """What is wrong with an SQLite file, None when it is sound."""
    with tempfile.TemporaryDirectory(prefix="unblur-") as place:
        try:
            copy = Path(place) / file.name
            for one in _with_journal(file):
                shutil.copy(one, place)
            with contextlib.closing(sqlite3.connect(copy)) as connection:
                verdict = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
        except (OSError, sqlite3.Error) as error:
            return str(error)
    return None if verdict == "ok" else verdict


def _inspected(folder: Path, embedding_model: str, has_index: bool) -> Inspection:
    with _copied(folder) as copy:
        store = Store.open(copy, SentenceTransformerEmbedder(embedding_model))
        try:
            count = store.count()
            version = store.index_version()
        finally:
            store.close()
        if not has_index or not version:
            return Inspection(count)
        return Inspection(count, _index_fault(copy / "index" / version))


def _index_fault(version: Path) -> str | None:
    if not version.is_dir():
        return "its folder is missing"
    command = [sys.executable, "-m", "store.selfcheck", str(version)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return f"reading it took more than {_TIMEOUT_S} s"
    if done.returncode == 0:
        return None
    lines = done.stdout.strip().splitlines()
    return lines[-1] if lines else f"reading it ended the process (status {done.returncode})"


@contextlib.contextmanager
def _copied(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="unblur-") as place:
        copy = Path(place) / "store"
        try:
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            if size * _ROOM > shutil.disk_usage(place).free:
                raise TooLargeError(
                    f"the store in {folder} has {size / 1e6:,.0f} MB, and there is no room for a copy to look at"
                )
            ignored = shutil.ignore_patterns("lock", "damaged-*", "partial-*")
            shutil.copytree(folder, copy, ignore=ignored)
        except (OSError, shutil.Error) as error:
            raise StoreError(f"the store in {folder} cannot be read ({str(error)[:200]}): let it be read") from error
        yield copy


def _with_journal(file: Path) -> list[Path]:
    """An SQLite file with what is not yet part of it."""
    return [one for one in (file, Path(f"{file}-wal")) if one.exists()]
