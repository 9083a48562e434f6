"""The index stays in line with the table; damage is noticed at start, told, and built again."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import chromadb
import pytest
from made_store import WordEmbedder, made_brief, self_retrieval_misses

from store.errors import IndexUnavailableError, StoreError
from store.index import _settings
from store.model import Evidence
from store.selfcheck import MANIFEST
from store.store import Store

if TYPE_CHECKING:
    from conftest import ChromaServer

Open = Callable[..., Store]
QUERIES = ["Statement 1 of work33", "how is dehazing done", "method12x2 and method77x0", "Work5 on deraining"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound data folder of 80 sources."""
    home = tmp_path_factory.mktemp("sound")
    store = Store.open(home, WordEmbedder())
    store.put(made_brief("a.txt", range(80)))
    store.close()
    return home


@pytest.fixture(scope="module")
def answers() -> list[list[Evidence]]:
    """What the queries find in a sound store."""
    store = Store.in_memory(WordEmbedder())
    store.put(made_brief("a.txt", range(80)))
    return found_in(store)


def found_in(store: Store) -> list[list[Evidence]]:
    return [store.search(query, sources=5) for query in QUERIES]


def one(version: Path, name: str) -> Path:
    (found,) = version.rglob(name)
    return found


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


def change_bytes(path: Path, count: int) -> None:
    content, chance = bytearray(path.read_bytes()), random.Random(1)
    for _ in range(count):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content)


def zero_header(version: Path) -> None:
    path = one(version, "header.bin")
    path.write_bytes(bytes(path.stat().st_size))


def other_ids(version: Path) -> None:
    with sqlite3.connect(version / "chroma.sqlite3") as connection:
        connection.execute("UPDATE embeddings SET embedding_id = 'x' || embedding_id WHERE id % 7 = 0")
    connection.close()


DAMAGES: dict[str, Callable[[Path], None]] = {
    "bytes changed in data_level0.bin": lambda v: change_bytes(one(v, "data_level0.bin"), 5000),
    "vector folder deleted": lambda v: shutil.rmtree(one(v, "data_level0.bin").parent),
    "index metadata deleted": lambda v: one(v, "index_metadata.pickle").unlink(),
    "link lists cut": lambda v: cut(one(v, "link_lists.bin"), 100),
    "data halved": lambda v: cut(one(v, "data_level0.bin"), one(v, "data_level0.bin").stat().st_size // 2),
    "header zeroed": zero_header,
    "metadata cut": lambda v: cut(one(v, "index_metadata.pickle"), 100),
    "chroma.sqlite3 halved": lambda v: cut(v / "chroma.sqlite3", (v / "chroma.sqlite3").stat().st_size // 2),
    "chroma.sqlite3 emptied": lambda v: cut(v / "chroma.sqlite3", 0),
    "manifest broken": lambda v: cut(v / MANIFEST, 50),
    "everything deleted": shutil.rmtree,
    "passages renamed": other_ids,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damage_is_noticed_at_start_told_and_built_again(
    home: Path, tmp_path: Path, open_store: Open, told: list[str], answers: list[list[Evidence]], damage: str
) -> None:
    folder = Path(shutil.copytree(home, tmp_path / "damaged"))
    (version,) = (folder / "index").iterdir()
    DAMAGES[damage](version)
    store = open_store(folder)
    assert found_in(store) == answers
    (message,) = told
    assert message.startswith("the vector index was damaged (") and "rebuilt it" in message and "\n" not in message
    assert store._keeper.index().contents() == store._table.passage_sources()


def test_a_damaged_index_that_ends_its_reader_does_not_end_us(
    home: Path, tmp_path: Path, open_store: Open, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(home, tmp_path / "damaged"))
    crash = [shutil.which("sh") or "sh", "-c", "kill -SEGV $$"]
    monkeypatch.setattr("store.keeper._check_command", lambda version: crash)
    assert self_retrieval_misses(open_store(folder)) == []
    assert "ended a process with signal 11" in told[0]


def test_what_was_damaged_is_set_aside_and_only_the_last_is_kept(home: Path, tmp_path: Path, open_store: Open) -> None:
    folder = Path(shutil.copytree(home, tmp_path / "damaged"))
    for _ in range(2):
        (version,) = (path for path in (folder / "index").iterdir() if not path.name.startswith("damaged-"))
        cut(one(version, "data_level0.bin"), 10)
        store = open_store(folder)
        store.sync()
        store.close()
        assert (folder / "index" / f"damaged-{version.name}").is_dir()
        assert len(list((folder / "index").iterdir())) == 2


def test_a_sound_index_is_opened_again_and_again_without_a_word(
    home: Path, tmp_path: Path, open_store: Open, told: list[str], answers: list[list[Evidence]]
) -> None:
    folder = Path(shutil.copytree(home, tmp_path / "sound"))
    names = [path.name for path in (folder / "index").iterdir()]
    for _ in range(2):
        store = open_store(folder)
        assert found_in(store) == answers
        store.close()
    assert [path.name for path in (folder / "index").iterdir()] == names
    assert told == []


def test_damage_under_an_open_store_does_not_spread_to_the_next_version(
    home: Path, tmp_path: Path, open_store: Open
) -> None:
    folder = Path(shutil.copytree(home, tmp_path / "open"))
    store = open_store(folder)
    store.sync()
    (version,) = (folder / "index").iterdir()
    change_bytes(one(version, "data_level0.bin"), 5000)
    store.put(made_brief("b.txt", range(80, 85)))
    assert self_retrieval_misses(store) == []


def test_an_index_that_vanishes_under_an_open_store_is_built_again(
    home: Path, tmp_path: Path, open_store: Open
) -> None:
    folder = Path(shutil.copytree(home, tmp_path / "open"))
    store = open_store(folder)
    store.sync()
    index = store._keeper.index()
    shutil.rmtree(folder / "index")
    index.close()  # so that a search meets an error rather than what is still in memory
    assert self_retrieval_misses(store) == []


def test_what_a_killed_builder_left_is_removed_by_the_next(home: Path, tmp_path: Path, open_store: Open) -> None:
    folder = Path(shutil.copytree(home, tmp_path / "left"))
    (folder / "index" / "partial-123").mkdir()
    open_store(folder).put(made_brief("b.txt", [90]))
    assert not (folder / "index" / "partial-123").exists()


def test_the_version_before_the_last_stays_for_those_who_still_read_it(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    for number in range(4):
        store.put(made_brief(f"{number}.txt", [number]))
    assert len(list((tmp_path / "home" / "index").iterdir())) == 2


# -- on a server


def test_a_server_keeps_the_index(server: "ChromaServer", open_store: Open, tmp_path: Path, told: list[str]) -> None:
    store = open_store(chroma_url=server.url)
    store.put(made_brief("a.txt", range(20)))
    store.put(made_brief("b.txt", range(10, 30)))
    assert self_retrieval_misses(store) == []
    assert not (tmp_path / "home" / "index").exists()
    assert store.prune(["a.txt"]) == 10
    assert self_retrieval_misses(store) == []
    assert store._keeper.index().contents() == store._table.passage_sources()

    server.stop()
    with pytest.raises(StoreError, match="does not answer") as raised:
        store.search("work15")
    assert not isinstance(raised.value, IndexUnavailableError) and len(str(raised.value).splitlines()) == 1
    with pytest.raises(StoreError, match="does not answer"):
        open_store(chroma_url=server.url).search("work15")

    server.start()
    assert self_retrieval_misses(store) == []

    server.stop()
    shutil.rmtree(server.folder)
    server.start()
    assert self_retrieval_misses(store) == []
    assert told == []


def test_two_stores_on_a_server_follow_each_other(server: "ChromaServer", open_store: Open, told: list[str]) -> None:
    first, second = open_store(chroma_url=server.url), open_store(chroma_url=server.url)
    first.put(made_brief("a.txt", range(5)))
    assert self_retrieval_misses(second) == []
    second.put(made_brief("b.txt", range(5, 9)))
    assert self_retrieval_misses(first) == []
    assert told == []


def test_a_collection_that_lost_vectors_is_built_again(
    server: "ChromaServer", open_store: Open, told: list[str]
) -> None:
    store = open_store(chroma_url=server.url)
    store.put(made_brief("a.txt", range(20)))
    index = store._keeper.index()
    passages, vectors = store._table.passages_by_id(index.contents().keys())
    index.upsert([p.passage_id for p in passages], vectors[::-1], [p.source_id for p in passages])  # each another's
    store.close()
    again = open_store(chroma_url=server.url)
    assert self_retrieval_misses(again) == []
    assert len(told) == 1 and "no longer finds itself" in told[0]


def test_a_foreign_collection_on_a_server_is_refused_and_left_alone(server: "ChromaServer", open_store: Open) -> None:
    store = open_store(chroma_url=server.url)
    name = f"unblur-{store._table.get_meta('store_id')}"
    client = chromadb.HttpClient(host="127.0.0.1", port=server.port, settings=_settings())
    foreign = client.create_collection(name, embedding_function=None)
    foreign.add(ids=["theirs"], embeddings=[[1.0] * 64])
    with pytest.raises(StoreError, match="not one of ours"):
        store.put(made_brief("a.txt", range(2)))
    assert foreign.get(include=[])["ids"] == ["theirs"]
    client.close()
