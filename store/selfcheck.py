"""Is an index what it was when it was built? Run as `python -m store.selfcheck FOLDER`, in a process of its own.

Four questions, cheapest first: do the files have their digests, is Chroma's own SQLite file sound, does it name exactly
the passages that went in, and does each passage of a sample find itself by its own vector. Prints the first fault and
exits 1; a crash answers the question too.
"""

import contextlib
import hashlib
import json
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from store.embedding import Vectors
from store.index import ChromaIndex

MANIFEST = "unblur-manifest.json"
_SAMPLE = "unblur-sample.npy"
_SAVED = "index_metadata.pickle"  # stands in a vector segment that Chroma has written completely
_CHANGES_WHEN_READ = "chroma.sqlite3"  # Chroma touches it at every opening, so it has no lasting digest
_NEIGHBOURS = 10
_SAME = 0.999  # cosine from which two vectors count as one; equal texts have equal vectors


def seal(folder: Path, sample_ids: Sequence[str], sample: Vectors, contents: Mapping[str, str]) -> None:
    """Write down what a finished index in `folder` holds, for later checks; contents: source id by passage id."""
    np.save(folder / _SAMPLE, sample)
    files = {str(path.relative_to(folder)): _digest(path) for path in _sealed_files(folder)}
    manifest = {"count": len(contents), "contents": _fold(contents), "sample": list(sample_ids), "files": files}
    (folder / MANIFEST).write_text(json.dumps(manifest))


def fault_of(folder: Path) -> str | None:
    """The first thing wrong with the index in `folder`, None when it is sound."""
    try:
        fault = fault_of_files(folder)
        if fault:
            return fault
        manifest = json.loads((folder / MANIFEST).read_text())
        index = ChromaIndex.in_folder(folder)
        if _fold(index.contents()) != manifest["contents"]:
            return f"{_CHANGES_WHEN_READ} does not name the passages that went in"
        return self_retrieval_fault(index, manifest["sample"], np.load(folder / _SAMPLE), manifest["count"])
    except Exception as error:  # noqa: BLE001 - whatever a damaged index raises is the answer
        return f"{type(error).__name__}: {(str(error).splitlines() or [''])[0][:200]}"


def fault_of_files(folder: Path) -> str | None:
    """The first file in `folder` that is not as it was sealed; Chroma, which may end the process, is not asked."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        for name, digest in manifest["files"].items():
            if not (folder / name).is_file():
                return f"{name} is missing"
            if _digest(folder / name) != digest:
                return f"{name} was changed"
        return _sqlite_fault(folder / _CHANGES_WHEN_READ)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, sqlite3.Error) as error:
        return f"{type(error).__name__}: {error}"[:200]


def self_retrieval_fault(index: ChromaIndex, sample_ids: Sequence[str], sample: Vectors, count: int) -> str | None:
    """What is wrong when passages are asked for by their own vectors; sample (passages, dimension)."""
    if index.count() != count:
        return f"it holds {index.count()} passages instead of {count}"
    if not sample_ids:
        return None
    for passage_id, found in zip(sample_ids, index.nearest(sample, _NEIGHBOURS), strict=True):
        if len(found) < min(_NEIGHBOURS, count):
            return f"a search returns {len(found)} passages instead of {min(_NEIGHBOURS, count)}"
        if dict(found).get(passage_id, found[-1][1]) < _SAME:  # not found: only equals may crowd it out
            return f"passage {passage_id} no longer finds itself"
    return None


def _sealed_files(folder: Path) -> list[Path]:
    """The files that stay as they are until the next write: a vector segment without its metadata was never saved."""
    segments = {path.parent for path in folder.rglob(_SAVED)}
    return sorted(
        path for path in folder.rglob("*") if path.is_file() and (path.parent in segments or path.name == _SAMPLE)
    )


def _fold(contents: Mapping[str, str]) -> str:
    return hashlib.blake2b(json.dumps(sorted(contents.items())).encode(), digest_size=16).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:32]


def _sqlite_fault(path: Path) -> str | None:
    # Not read-only: a process killed while it wrote leaves a journal, and only a connection that may write can roll it back.
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as connection:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    return None if verdict == "ok" else f"{path.name}: {verdict}"


if __name__ == "__main__":
    found_fault = fault_of(Path(sys.argv[1]))
    if found_fault:
        print(found_fault)
    sys.exit(1 if found_fault else 0)
