"""An index is checked by what was written down when it was built."""

import contextlib
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from made_store import WordEmbedder, made_brief

from store.index import ChromaIndex
from store.selfcheck import fault_of, fault_of_files, self_retrieval_fault
from store.store import Store

Damage = Callable[[Path], None]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound version of 80 sources."""
    home = tmp_path_factory.mktemp("built")
    store = Store.open(home, WordEmbedder())
    store.put(made_brief("a.txt", range(80)))
    store.close()
    (version,) = (home / "index").iterdir()
    return version


@pytest.fixture
def version(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "version"))


def test_a_sound_index_stays_sound_however_often_it_is_read(version: Path) -> None:
    for _ in range(3):
        assert fault_of(version) is None


@pytest.mark.parametrize("sources", [1, 2, 3])
def test_an_index_of_hardly_anything_stays_sound(tmp_path: Path, sources: int) -> None:
    store = Store.open(tmp_path, WordEmbedder())
    store.put(made_brief("a.txt", range(sources)))
    store.close()
    (version,) = (tmp_path / "index").iterdir()
    for _ in range(3):
        assert fault_of(version) is None


def test_a_missing_file_is_named(version: Path) -> None:
    next(version.rglob("index_metadata.pickle")).unlink()
    assert "index_metadata.pickle is missing" in str(fault_of(version))


def test_a_changed_file_is_named(version: Path) -> None:
    path = next(version.rglob("data_level0.bin"))
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert "data_level0.bin was changed" in str(fault_of_files(version))


@pytest.mark.parametrize("manifest", ["", "{", "[]", "null", "{}", '{"files": 3}', '{"files": {}, "count": 1}', "\0"])
def test_a_broken_manifest_is_a_fault(version: Path, manifest: str) -> None:
    (version / "unblur-manifest.json").write_text(manifest)
    assert fault_of(version)


KILLED_WRITER = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size = 1")
connection.execute("BEGIN IMMEDIATE")
connection.execute("CREATE TABLE half_done AS SELECT * FROM embeddings, embedding_metadata LIMIT 20000")
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_half_written_is_rolled_back_and_no_fault(version: Path) -> None:
    path = version / "chroma.sqlite3"
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(path)], check=False)
    assert path.with_name(path.name + "-journal").stat().st_size > 0
    with (
        contextlib.closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),  # it does need rolling back
    ):
        reader.execute("SELECT count(*) FROM embeddings")
    assert fault_of_files(version) is None
    assert fault_of(version) is None


def test_a_folder_may_have_a_name_that_an_address_would_escape(version: Path) -> None:
    assert fault_of(version.rename(version.with_name("50% of #1?"))) is None


def test_other_passages_than_those_that_went_in_are_noticed(version: Path) -> None:
    index = ChromaIndex.in_folder(version)
    one = next(iter(index.contents()))
    index.delete([one])  # too little for Chroma to write its vector files
    index.close()
    assert "does not name the passages" in str(fault_of(version))


def test_a_passage_that_no_longer_finds_itself_is_named(version: Path) -> None:
    index = ChromaIndex.in_folder(version)
    found = index.contents()
    sample = WordEmbedder().encode(["something quite different"])
    assert (
        self_retrieval_fault(index, ["no such passage"], sample, len(found))
        == "passage no such passage no longer finds itself"
    )
    assert "passages instead of 5" in str(self_retrieval_fault(index, [], sample, 5))
    index.close()


def test_the_command_says_the_fault_and_fails(version: Path) -> None:
    command = [sys.executable, "-m", "store.selfcheck", str(version)]
    assert subprocess.run(command, check=False, capture_output=True).returncode == 0
    (version / "chroma.sqlite3").write_bytes(b"")
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (run.returncode, len(run.stdout.splitlines()), run.stderr) == (1, 1, "")
