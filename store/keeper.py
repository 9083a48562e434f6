"""Keep the vector index in line with the table of sources, and notice when it is damaged.

In a folder, every change makes a new version beside the old one and then switches, so a reader in another process
never sees a half-written index. Before a version is used it is checked: its files against their digests, and a sample
of passages by asking for their own vectors, in a child process, since a damaged file can end the process that reads it.
A version that fails is set aside and built again from the table.
"""

import contextlib
import json
import shutil
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from store.embedding import Vectors
from store.errors import IndexUnavailableError, StoreError
from store.index import ChromaIndex
from store.selfcheck import MANIFEST, fault_of_files, seal, self_retrieval_fault
from store.table import Table

Notify = Callable[[str], None]

_CHECK_TIMEOUT_S = 120
_PART = 10_000  # passages whose vectors are in memory at once
_REBUILD_SHARE = 0.5  # a change of more than this part of the passages is built from nothing, not from a copy


class Keeper(Protocol):
    """Gives an index that holds exactly the passages of the table."""

    def index(self) -> ChromaIndex:
        """The index, checked, rebuilt or brought in line first where that is needed."""
        ...

    def distrust(self) -> None:
        """Look again, and closely, at the next use: the index failed while it was used."""
        ...

    def discard(self) -> None:
        """Build the index from nothing at its next use: its vectors are another model's."""
        ...

    def close(self) -> None:
        """Release what is open."""
        ...


def bring_in_line(index: ChromaIndex, table: Table) -> dict[str, str]:
    """Add what the index lacks, then remove what the table no longer has; returns what it holds then."""
    held, wanted = index.contents(), table.passage_sources()
    missing = sorted(passage_id for passage_id, source_id in wanted.items() if held.get(passage_id) != source_id)
    for start in range(0, len(missing), _PART):
        passages, vectors = table.passages_by_id(missing[start : start + _PART])
        if passages:
            index.upsert([p.passage_id for p in passages], vectors, [p.source_id for p in passages])
    index.delete(sorted(held.keys() - wanted.keys()))
    return wanted


class MemoryKeeper:
    """An index that lives as long as this process, for a handful of sources."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._index: ChromaIndex | None = None
        self._generation = -1

    def index(self) -> ChromaIndex:
        """The index, in line with the table."""
        with self._lock:
            if self._index is None:
                self._index = ChromaIndex.in_memory(f"unblur-{uuid.uuid4().hex}")
                self._generation = -1
            generation = self._table.generation()
            if generation != self._generation:
                bring_in_line(self._index, self._table)
                self._generation = generation
            return self._index

    def distrust(self) -> None:
        """Compare the index with the table at its next use."""
        self._generation = -1

    def discard(self) -> None:
        """Build the index from nothing at its next use."""
        with self._lock:
            if self._index is not None:
                self._index.drop()
                self._index.close()
                self._index = None

    close = discard


class ServerKeeper:
    """A collection on a Chroma server; the server looks after its own files.

    `lock` keeps the writers of several processes apart, as for a folder.
    """

    def __init__(self, table: Table, url: str, lock: FileLock, notify: Notify) -> None:
        self._table = table
        self._url = url
        self._process_lock = lock
        self._notify = notify
        self._index: ChromaIndex | None = None
        self._generation = -1

    def index(self) -> ChromaIndex:
        """The index, in line with the table; as it was while another process or thread is writing.

        Raises StoreError when the server does not answer.
        """
        index = self._index
        if index is not None and self._table.generation() == self._generation:
            return index
        try:
            with self._process_lock.acquire(timeout=-1 if index is None else 0):
                return self._renew()
        except Timeout:
            assert index is not None
            return index

    def distrust(self) -> None:
        """Connect again and compare the collection with the table at the next use."""
        self._index = None

    def discard(self) -> None:
        """Build the collection from nothing at its next use."""
        self._connect().drop()
        self._index = None

    def close(self) -> None:
        """Release the connection."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def _connect(self) -> ChromaIndex:
        return ChromaIndex.on_server(self._url, f"unblur-{self._table.get_meta('store_id')}")

    def _renew(self) -> ChromaIndex:
        generation = self._table.generation()
        if self._index is not None and generation == self._generation:
            return self._index  # another thread did it while we waited
        index = self._index or self._connect()
        fault = _fault_after(bring_in_line(index, self._table), index, self._table)
        if fault:
            began = time.monotonic()
            index.drop()
            index = self._connect()
            fault_still = _fault_after(bring_in_line(index, self._table), index, self._table)
            if fault_still:
                raise StoreError(
                    f"the Chroma server at {self._url} does not give back what it was given ({fault_still}): "
                    "look at its log, or unset UNBLUR_CHROMA_URL"
                )
            self._notify(_rebuilt(fault, began))
        self._index, self._generation = index, generation
        return index


class FolderKeeper:
    """Versions of an embedded index below `folder`; `lock` keeps the writers of several processes and threads apart.

    Whatever changes a version or the record of it happens under that lock; a reader takes no lock while it searches.
    """

    def __init__(self, table: Table, folder: Path, lock: FileLock, notify: Notify) -> None:
        self._table = table
        self._folder = folder
        self._process_lock = lock
        self._notify = notify
        self._open: tuple[str, ChromaIndex] | None = None  # version and index in use
        self._check_lock = threading.Lock()
        self._checked: set[str] = set()
        self._check: tuple[str, subprocess.Popen[str]] | None = None

    def start_check(self) -> None:
        """Begin to check the current version in a child process; `index` waits for the result."""
        version = self._table.get_meta("index_version")
        with self._check_lock:
            if version and self._check is None and version not in self._checked:
                self._check = (version, _begin_check(self._folder / version))

    def index(self) -> ChromaIndex:
        """The index, checked and in line with the table; an older version while another process or thread is writing."""
        opened = self._open
        if opened is not None and self._is_current(opened[0]):
            return opened[1]
        try:
            with self._process_lock.acquire(timeout=0):
                return self._renew()
        except Timeout:
            older = opened[1] if opened is not None else self._older()
        if older is not None:
            return older
        with self._process_lock:
            return self._renew()

    def distrust(self) -> None:
        """Check the version again at its next use."""
        opened, self._open = self._open, None
        if opened is not None:
            self._checked.discard(opened[0])

    def discard(self) -> None:
        """Build the index from nothing at its next use."""
        self._table.set_meta({"index_version": ""})

    def close(self) -> None:
        """Release what is open and end a check that is still running."""
        if self._open is not None:
            self._open[1].close()
            self._open = None
        with self._check_lock:
            if self._check is not None:
                self._check[1].kill()
                self._check[1].communicate()
                self._check = None

    def _is_current(self, version: str) -> bool:
        return self._table.get_meta("index_version") == version and self._in_line()

    def _in_line(self) -> bool:
        return self._table.get_meta("index_generation") == str(self._table.generation())

    def _older(self) -> ChromaIndex | None:
        """The version on record, though it is no longer in line, for a search that would have to wait for a writer."""
        version = self._table.get_meta("index_version")
        if not version or self._fault(version):
            return None
        with contextlib.suppress(IndexUnavailableError):
            self._open = (version, ChromaIndex.in_folder(self._folder / version))
            return self._open[1]
        return None

    def _renew(self) -> ChromaIndex:
        recorded = self._table.get_meta("index_version")
        if self._open is not None and recorded == self._open[0] and self._in_line():
            return self._open[1]  # another thread did it while we waited
        version = recorded
        began = time.monotonic()
        fault = self._fault(version) if version else None
        if version and fault:
            self._set_aside(version)
            version = None
        if not version or not self._in_line():
            base, version = version, self._build(version)
            self._remove_all_but({version, base})
        if fault:
            self._notify(_rebuilt(fault, began))
        index = ChromaIndex.in_folder(self._folder / version)
        self._open = (version, index)
        return index

    def _fault(self, version: str) -> str | None:
        """What is wrong with a version, None when it is sound."""
        with self._check_lock:
            if version in self._checked:
                return None
            if self._check is not None and self._check[0] != version:  # another process has moved on since we began
                self._check[1].kill()
                self._check[1].communicate()
                self._check = None
            if not (self._folder / version).is_dir():
                return "its folder is missing"
            if self._check is None:
                self._check = (version, _begin_check(self._folder / version))
            child = self._check[1]
            self._check = None
            fault = _verdict(child)
            if fault is None:
                self._checked.add(version)
            return fault

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
        try:
            if base and self._few_changes(base) and not fault_of_files(self._folder / base):
                shutil.copytree(self._folder / base, partial)
            index = ChromaIndex.in_folder(partial)
            try:
                contents = bring_in_line(index, self._table)
            finally:
                index.close()
            seal(partial, *_sample(self._table, contents), contents)
            partial.rename(self._folder / name)
        except (OSError, IndexUnavailableError) as error:
            raise StoreError(
                f"cannot write the vector index in {self._folder} ({error}): check the room on the disk and who may "
                "write there; the sources themselves are kept"
            ) from error
        self._table.set_meta({"index_version": name, "index_generation": str(generation)})
        self._checked.add(name)
        return name

    def _few_changes(self, base: str) -> bool:
        try:
            held = int(json.loads((self._folder / base / MANIFEST).read_text())["count"])
        except (OSError, ValueError, TypeError, KeyError):  # damaged since it was checked
            return False
        wanted = self._table.count_passages()
        return abs(wanted - held) <= _REBUILD_SHARE * max(wanted, 1)

    def _remove_all_but(self, kept: Collection[str | None]) -> None:
        """Remove versions that nobody will open again, and what a killed process left half-built."""
        for other in self._folder.iterdir():
            if other.name not in kept and not other.name.startswith("damaged-"):
                shutil.rmtree(other, ignore_errors=True)


def _begin_check(version: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(_check_command(version), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def _check_command(version: Path) -> list[str]:
    return [sys.executable, "-P", "-m", "store.selfcheck", str(version)]


def _verdict(child: "subprocess.Popen[str]") -> str | None:
    """What the check in a child process found, None when all is well."""
    try:
        said, _ = child.communicate(timeout=_CHECK_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return f"its check did not end within {_CHECK_TIMEOUT_S} s"
    if child.returncode < 0:
        return f"reading it ended a process with signal {-child.returncode}"
    if child.returncode:
        return (said.strip().splitlines() or ["it could not be read"])[-1]
    return None


def _fault_after(contents: Mapping[str, str], index: ChromaIndex, table: Table) -> str | None:
    return self_retrieval_fault(index, *_sample(table, contents), len(contents))


def _sample(table: Table, passage_ids: Collection[str], size: int = 48) -> tuple[list[str], Vectors]:
    """Some of the passages, spread evenly, with their vectors."""
    ids = sorted(passage_ids)
    passages, vectors = table.passages_by_id(ids[:: max(1, len(ids) // size)][:size])
    return [passage.passage_id for passage in passages], vectors


def _rebuilt(fault: str, began: float) -> str:
    return f"the vector index was damaged ({fault}); rebuilt it from the table of sources in {time.monotonic() - began:.1f} s"
