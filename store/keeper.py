"""Keep the vector index in line with the table of sources, and notice when it is damaged.

In a folder, every change makes a new version beside the old one and then switches, so a reader in another process
never sees a half-written index. Before a version is used it is checked: its files against their digests, and a sample
of passages by asking for their own vectors, in a child process, since a damaged file can end the process that reads it.
A version that fails is set aside and built again from the table.
"""

import json
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from filelock import FileLock, Timeout

from store.index import ChromaIndex
from store.selfcheck import MANIFEST, seal, self_retrieval_fault
from store.table import Table

Notify = Callable[[str], None]

_CHECK_TIMEOUT_S = 120
_REBUILD_SHARE = 0.5  # a change of more than this part of the passages is built from nothing, not from a copy


class Keeper(Protocol):
    """Gives an index that holds exactly the passages of the table."""

    def index(self) -> ChromaIndex:
        """The index, checked, rebuilt or brought in line first where that is needed."""
        ...

    def close(self) -> None:
        """Release what is open."""
        ...


def bring_in_line(index: ChromaIndex, table: Table) -> None:
    """Add what the index lacks, then remove what the table no longer has."""
    held, wanted = index.ids(), table.passage_ids()
    missing = sorted(wanted - held)
    for start in range(0, len(missing), 10_000):
        passages, vectors = table.passages_by_id(missing[start : start + 10_000])
        if passages:
            index.upsert([p.passage_id for p in passages], vectors, [p.source_id for p in passages])
    index.delete(sorted(held - wanted))


class MemoryKeeper:
    """An index that lives as long as this process, for a handful of sources."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._index = ChromaIndex.in_memory(f"unblur-{uuid.uuid4().hex}")
        self._generation = -1

    def index(self) -> ChromaIndex:
        """The index, in line with the table."""
        generation = self._table.generation()
        if generation != self._generation:
            bring_in_line(self._index, self._table)
            self._generation = generation
        return self._index

    def close(self) -> None:
        """Drop the collection."""
        self._index.drop()


class ServerKeeper:
    """A collection on a Chroma server; the server looks after its own files."""

    def __init__(self, table: Table, url: str, notify: Notify) -> None:
        self._table = table
        self._url = url
        self._notify = notify
        self._lock = threading.RLock()
        self._index: ChromaIndex | None = None
        self._generation = -1

    @property
    def _name(self) -> str:
        return f"unblur-{self._table.get_meta('store_id')}"

    def index(self) -> ChromaIndex:
        """The index, in line with the table; raises StoreError when the server does not answer."""
        with self._lock:
            if self._index is None:
                self._index = ChromaIndex.on_server(self._url, self._name)
            generation = self._table.generation()
            if generation != self._generation:
                bring_in_line(self._index, self._table)
                fault = self_retrieval_fault(self._index, *_sample(self._table), len(self._table.passage_ids()))
                if fault:
                    began = time.monotonic()
                    self._index.drop()
                    self._index = ChromaIndex.on_server(self._url, self._name)
                    bring_in_line(self._index, self._table)
                    self._notify(_rebuilt(fault, began))
                self._generation = generation
            return self._index

    def close(self) -> None:
        """Release the connection."""
        if self._index is not None:
            self._index.close()
            self._index = None


class FolderKeeper:
    """Versions of an embedded index below `folder`; `lock` keeps writers of several processes apart."""

    def __init__(self, table: Table, folder: Path, lock: FileLock, notify: Notify) -> None:
        self._table = table
        self._folder = folder
        self._process_lock = lock
        self._notify = notify
        self._lock = threading.RLock()
        self._index: ChromaIndex | None = None
        self._version: str | None = None  # the one that is open
        self._checked: set[str] = set()
        self._check: tuple[str, subprocess.Popen[str]] | None = None

    def start_check(self) -> None:
        """Begin to check the current version in a child process; `index` waits for the result."""
        version = self._table.get_meta("index_version")
        if version and self._check is None and version not in self._checked:
            command = [sys.executable, "-P", "-m", "store.selfcheck", str(self._folder / version)]
            self._check = (
                version,
                subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True),
            )

    def index(self) -> ChromaIndex:
        """The index, checked and in line with the table; an older version while another process is writing."""
        with self._lock:
            if self._index is not None and self._is_current():
                return self._index
            try:
                with self._process_lock.acquire(timeout=0 if self._index is not None else -1):
                    return self._renew()
            except Timeout:
                assert self._index is not None
                return self._index

    def close(self) -> None:
        """Release what is open and end a check that is still running."""
        with self._lock:
            if self._index is not None:
                self._index.close()
                self._index = None
            if self._check is not None:
                self._check[1].kill()
                self._check[1].communicate()
                self._check = None

    def _is_current(self) -> bool:
        return self._table.get_meta("index_version") == self._version and self._table.get_meta(
            "index_generation"
        ) == str(self._table.generation())

    def _renew(self) -> ChromaIndex:
        version = self._table.get_meta("index_version")
        began = time.monotonic()
        fault = self._fault(version) if version else None
        if version and fault:
            self._set_aside(version)
            version = None
        if version is None or self._table.get_meta("index_generation") != str(self._table.generation()):
            version = self._build(version)
        if fault:
            self._notify(_rebuilt(fault, began))
        if self._index is not None:
            self._index.close()
        self._index = ChromaIndex.in_folder(self._folder / version)
        self._remove_all_but({version, self._version or version})
        self._version = version
        return self._index

    def _fault(self, version: str) -> str | None:
        """What is wrong with a version, None when it is sound."""
        if version in self._checked:
            return None
        if self._check is None or self._check[0] != version:
            self._check = None
            self.start_check()
        assert self._check is not None
        child = self._check[1]
        self._check = None
        try:
            said, _ = child.communicate(timeout=_CHECK_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()
            return f"its check did not end within {_CHECK_TIMEOUT_S} s"
        if child.returncode < 0:
            return f"reading it ended a process with signal {-child.returncode}"
        if child.returncode:
            return said.strip() or "it could not be read"
        self._checked.add(version)
        return None

    def _set_aside(self, version: str) -> None:
        for old in self._folder.glob("damaged-*"):
            shutil.rmtree(old, ignore_errors=True)
        if (self._folder / version).exists():
            (self._folder / version).rename(self._folder / f"damaged-{version}")

    def _build(self, base: str | None) -> str:
        """Make a version that holds the table's passages, from a copy of `base` where little changed; returns its name."""
        generation = self._table.generation()
        name = uuid.uuid4().hex[:12]
        partial = self._folder / f"partial-{name}"
        if base is not None and self._few_changes(base):
            shutil.copytree(self._folder / base, partial)
        index = ChromaIndex.in_folder(partial)
        try:
            bring_in_line(index, self._table)
        finally:
            index.close()
        seal(partial, *_sample(self._table), len(self._table.passage_ids()))
        partial.rename(self._folder / name)
        self._table.set_meta({"index_version": name, "index_generation": str(generation)})
        self._checked.add(name)
        return name

    def _few_changes(self, base: str) -> bool:
        held = int(json.loads((self._folder / base / MANIFEST).read_text())["count"])
        wanted = len(self._table.passage_ids())
        return abs(wanted - held) <= _REBUILD_SHARE * max(wanted, 1)

    def _remove_all_but(self, kept: set[str]) -> None:
        """Remove versions that nobody will open again, and what a killed process left half-built."""
        for other in self._folder.iterdir():
            if other.name not in kept and not other.name.startswith("damaged-"):
                shutil.rmtree(other, ignore_errors=True)


def _sample(table: Table, size: int = 48) -> tuple[list[str], np.ndarray]:
    """Passages spread evenly over the table, with their vectors."""
    ids = sorted(table.passage_ids())
    chosen = ids[:: max(1, len(ids) // size)][:size]
    passages, vectors = table.passages_by_id(chosen)
    return [passage.passage_id for passage in passages], vectors


def _rebuilt(fault: str, began: float) -> str:
    return f"the vector index was damaged ({fault}); rebuilt it from the table of sources in {time.monotonic() - began:.1f} s"
