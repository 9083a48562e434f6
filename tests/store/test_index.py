"""The vector index: a cosine collection, embedded or on a server, that is ours alone."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
import pytest

from store.embedding import Vectors
from store.errors import IndexUnavailableError, StoreError
from store.index import ChromaIndex, _base_settings, _settings

IDS = [f"{number:032x}" for number in range(300)]
SOURCES = [f"paper:{number // 3}" for number in range(300)]


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    found = np.random.default_rng(0).normal(size=(300, 64)).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


@pytest.fixture
def index(tmp_path: Path, vectors: Vectors) -> Iterator[ChromaIndex]:
    index = ChromaIndex.in_folder(tmp_path / "index")
    index.upsert(IDS, vectors, SOURCES)
    yield index
    index.close()


def test_a_passage_finds_itself_with_similarity_one(index: ChromaIndex, vectors: Vectors) -> None:
    for passage_id, found in zip(IDS, index.nearest(vectors, 3), strict=True):
        assert found[0] == (passage_id, pytest.approx(1, abs=1e-5))
        assert [similarity for _, similarity in found] == sorted((s for _, s in found), reverse=True)


def test_similarity_is_the_cosine(index: ChromaIndex, vectors: Vectors) -> None:
    ((passage_id, similarity),) = index.nearest(vectors[:1] * 5, 1, {SOURCES[299]})[0]
    assert similarity == pytest.approx(float(vectors[0] @ vectors[IDS.index(passage_id)]), abs=1e-5)


def test_only_the_named_sources_are_looked_at(index: ChromaIndex, vectors: Vectors) -> None:
    found = index.nearest(vectors[:1], 50, {"paper:7", "paper:9"})[0]
    assert sorted(passage_id for passage_id, _ in found) == sorted(IDS[21:24] + IDS[27:30])


def test_ten_thousand_named_sources_are_no_trouble(index: ChromaIndex, vectors: Vectors) -> None:
    scope = {f"paper:{number}" for number in range(50, 10_000)}
    assert len(index.nearest(vectors[:1], 10, scope)[0]) == 10


def test_contents_follow_upserts_and_deletions(index: ChromaIndex, vectors: Vectors) -> None:
    index.upsert(IDS[:1], vectors[:1], ["paper:other"])
    index.delete(IDS[1:])
    assert index.contents() == {IDS[0]: "paper:other"}
    assert index.count() == 1


def test_what_went_in_is_there_after_reopening(index: ChromaIndex, vectors: Vectors, tmp_path: Path) -> None:
    index.close()
    again = ChromaIndex.in_folder(tmp_path / "index")
    assert again.contents() == dict(zip(IDS, SOURCES, strict=True))
    assert again.nearest(vectors[7:8], 1)[0][0][0] == IDS[7]
    again.close()


def test_a_closed_index_says_that_it_cannot_be_used(index: ChromaIndex, vectors: Vectors) -> None:
    index.close()
    with pytest.raises(IndexUnavailableError, match="cannot be used"):
        index.nearest(vectors[:1], 1)


def test_vectors_of_another_length_are_refused(index: ChromaIndex) -> None:
    with pytest.raises(IndexUnavailableError, match="dimension"):
        index.nearest(np.ones((1, 32), dtype=np.float32), 1)


@pytest.mark.parametrize(
    ("distance", "function"),
    [("l2", None), ("ip", None), ("cosine", chromadb.utils.embedding_functions.DefaultEmbeddingFunction())],
)
def test_a_foreign_collection_is_refused(tmp_path: Path, distance: str, function: Any) -> None:
    client = chromadb.PersistentClient(str(tmp_path), settings=_settings())
    client.create_collection("unblur", embedding_function=function, configuration={"hnsw": {"space": distance}})  # type: ignore[typeddict-item]
    client.close()
    with pytest.raises(StoreError, match="not one of ours") as raised:
        ChromaIndex.in_folder(tmp_path)
    assert not isinstance(raised.value, IndexUnavailableError)


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://localhost", "http://", "http://localhost:99999", "http://[x"])
def test_an_address_that_is_none_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(StoreError, match=r"give an address such as http://127\.0\.0\.1:8000"):
        ChromaIndex.on_server(url, "unblur-test")


def test_a_server_that_is_none_of_chromas_is_refused() -> None:
    with pytest.raises(StoreError, match="does not answer") as raised:
        ChromaIndex.on_server("http://127.0.0.1:9", "unblur-test")
    assert len(str(raised.value).splitlines()) == 1


def test_a_file_of_settings_in_the_working_folder_does_not_reach_chroma(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("ANONYMIZED_TELEMETRY=true\nCHROMA_SERVER_HOST=example.org\n")
    monkeypatch.chdir(tmp_path)
    _base_settings.cache_clear()
    assert (_settings().anonymized_telemetry, _settings().chroma_server_host) == (False, None)


def test_importing_the_index_does_not_import_chroma() -> None:
    script = "import store.index, sys; print('chromadb' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "False\n"


def test_threads_that_open_and_close_one_folder_do_not_take_it_from_each_other(tmp_path: Path):
    faults: list[Exception] = []

    def open_and_close() -> None:
        try:
            for _ in range(15):
                index = ChromaIndex.in_folder(tmp_path / "index")
                index.count()
                index.close()
        except IndexUnavailableError as error:
            faults.append(error)

    threads = [threading.Thread(target=open_and_close) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
