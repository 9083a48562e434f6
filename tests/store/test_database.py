"""The SQLite file behind the table: damage is noticed when it is opened, and never becomes a wrong answer."""

import random
import resource
import shutil
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from made_store import WordEmbedder, made_brief

from store.database import SCHEMA, checksum
from store.errors import DamagedTableError, StoreError
from store.model import Kind, Scope
from store.store import Store
from store.table import Table


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a table that holds 30 sources of two briefs."""
    folder = tmp_path_factory.mktemp("sound")
    store = Store.open(folder, WordEmbedder())
    store._keeper.index = lambda: None  # type: ignore[assignment, method-assign, return-value] - the table is enough
    store.put(made_brief("one.txt", range(20)))
    store.put(made_brief("two.txt", range(10, 30)))
    store.close()
    return folder / "sources.sqlite3"


def everything(path: Path) -> list[object]:
    """All that a table can be asked for; raises StoreError when it is damaged."""
    table = Table(path)
    try:
        table.check()
        ids = table.scope_ids(Scope())
        passages, vectors = table.passages_of(ids)
        words = [sorted(table.match_words(f'"work{number}"', 50).items()) for number in range(0, 30, 7)]
        facts = [table.get_meta(key) for key in ("store_id", "generation", "embedding_model")]
        models = table.scope_ids(Scope(kind=Kind.MODEL))
        entries = sorted(table.entries_of(ids).items())
        return [table.sources(), table.briefs(), passages, vectors.tolist(), words, facts, models, entries]
    finally:
        table.close()


def assert_one_clear_line(error: StoreError) -> None:
    assert "\n" not in str(error) and ":" in str(error) and "Traceback" not in str(error)


@pytest.mark.parametrize("seed", range(60))
def test_changed_bytes_are_noticed_or_change_no_answer(sound: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    path = tmp_path / "sources.sqlite3"
    content = bytearray(sound.read_bytes())
    for _ in range(chance.choice([1, 1, 10])):
        start = chance.randrange(len(content)) if seed % 4 else chance.randrange(4096)
        for position in range(start, min(start + chance.choice([1, 4, 100, 5000]), len(content))):
            content[position] = chance.randrange(256)
    path.write_bytes(content)
    try:
        found = everything(path)
    except StoreError as error:
        assert_one_clear_line(error)
    else:
        assert found == everything(sound)


@pytest.mark.parametrize("what", ["a vector", "a title", "a link", "a question", "an offset", "a summary", "a fact"])
def test_any_changed_value_is_noticed(sound: Path, tmp_path: Path, what: str) -> None:
    path = Path(shutil.copy(sound, tmp_path))
    statement = {
        "a vector": "UPDATE passages SET vector = zeroblob(256) WHERE rowid = 5",
        "a title": "UPDATE sources SET title = 'Other' WHERE number = 3",
        "a link": "UPDATE sources SET paper_url = 'https://evil.example' WHERE number = 3",
        "a question": "UPDATE briefs SET question = 'Other?' WHERE name = 'one.txt'",
        "an offset": "UPDATE passages SET start = start + 1 WHERE rowid = 5",
        "a summary": "UPDATE entries SET summary = 'Other.' WHERE rowid = 5",
        "a fact": "UPDATE meta SET value = 'other' WHERE key = 'embedding_model'",
    }[what]
    with sqlite3.connect(path) as connection:
        assert connection.execute(statement).rowcount == 1
    connection.close()
    with pytest.raises(DamagedTableError, match="is not what was written") as raised:
        everything(path)
    assert_one_clear_line(raised.value)


def test_a_changed_word_index_is_noticed(sound: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(sound, tmp_path))
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE words_data SET block = zeroblob(length(block)) WHERE id > 100")
    connection.close()
    with pytest.raises(DamagedTableError):
        everything(path)


def test_a_changed_layout_is_noticed(sound: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(sound, tmp_path))
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TRIGGER source_changed")
    connection.close()
    with pytest.raises(DamagedTableError, match="layout"):
        everything(path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.99])
def test_a_file_that_was_cut_is_noticed(sound: Path, tmp_path: Path, share: float) -> None:
    path = tmp_path / "sources.sqlite3"
    content = sound.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(DamagedTableError) as raised:
        everything(path)
    assert_one_clear_line(raised.value)


def test_damage_to_a_statement_of_several_lines_is_told_in_one(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "sources.sqlite3"
    path.write_bytes(sound.read_bytes().replace(b"content = 'sources'", b"c\x01ntent = 'sources'", 1))
    with pytest.raises(DamagedTableError) as raised:
        everything(path)
    assert_one_clear_line(raised.value)


def test_a_file_that_was_emptied_is_noticed_by_the_index_beside_it(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "sources.sqlite3").touch()
    with pytest.raises(DamagedTableError, match="is empty"):
        Store.open(tmp_path, WordEmbedder())


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sources.sqlite3"
    path.write_text("This is a letter, not a database. " * 100)
    with pytest.raises(DamagedTableError, match="not a database"):
        Table(path)
    assert path.read_text().startswith("This is a letter")


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sources.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE sources (name TEXT)")
    connection.close()
    with pytest.raises(DamagedTableError):
        everything(path)


def test_a_newer_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "sources.sqlite3"
    Table(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    connection.close()
    with pytest.raises(StoreError, match=r"newer Unblur.*update Unblur") as raised:
        Table(path)
    assert not isinstance(raised.value, DamagedTableError)


def test_a_folder_in_the_files_place_is_no_damage(tmp_path: Path) -> None:
    (tmp_path / "sources.sqlite3").mkdir()
    with pytest.raises(StoreError, match="UNBLUR_HOME") as raised:
        Table(tmp_path / "sources.sqlite3")
    assert not isinstance(raised.value, DamagedTableError)


def test_a_file_in_the_folders_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(StoreError, match="UNBLUR_HOME"):
        Store.open(tmp_path / "home", WordEmbedder())


def test_a_closed_table_says_so(tmp_path: Path) -> None:
    table = Table(tmp_path / "sources.sqlite3")
    table.close()
    with pytest.raises(StoreError, match="closed"):
        table.count()


def test_two_processes_make_one_table_between_them(tmp_path: Path) -> None:
    script = "import sys, pathlib; from store.table import Table; print(Table(pathlib.Path(sys.argv[1])).get_meta('store_id'))"
    command = [sys.executable, "-c", script, str(tmp_path / "sources.sqlite3")]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    said = {child.communicate()[0].strip() for child in children}
    assert len(said) == 1 and said != {""}


def test_a_failed_transaction_leaves_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    table = Table(tmp_path / "sources.sqlite3")
    with pytest.raises(KeyError), table.transaction() as connection:
        connection.execute("DELETE FROM meta")
        raise KeyError
    table.set_meta({"a": "1"})
    assert table.get_meta("store_id") and table.get_meta("a") == "1"
    table.close()


def test_a_snapshot_does_not_see_what_another_writes_meanwhile(tmp_path: Path) -> None:
    reader, writer = Table(tmp_path / "sources.sqlite3"), Table(tmp_path / "sources.sqlite3")
    writer.set_meta({"a": "1"})
    with reader.snapshot():
        assert reader.get_meta("a") == "1"
        other = threading.Thread(target=writer.set_meta, args=({"a": "2"},))
        other.start()
        other.join()
        assert reader.get_meta("a") == "1"
    assert reader.get_meta("a") == "2"
    reader.close()
    writer.close()


WRITER = """
import pathlib, resource, sys
from made_store import WordEmbedder, made_brief
from store.errors import StoreError
from store.store import Store
store = Store.open(pathlib.Path(sys.argv[1]), WordEmbedder())
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    store.put(made_brief("b.txt", range(60)))
except StoreError as error:
    print(error)
    sys.exit(2)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on the size of files")
@pytest.mark.parametrize("limit", [150_000, 400_000])
def test_a_full_disk_is_one_clear_line_and_the_next_run_completes(tmp_path: Path, limit: int) -> None:
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n{WRITER}"]
    first = subprocess.run([*command, str(tmp_path), str(limit)], capture_output=True, text=True, check=False)
    assert (first.returncode, len(first.stdout.splitlines())) == (2, 1), first.stdout + first.stderr
    assert "Traceback" not in first.stderr
    second = subprocess.run([*command, str(tmp_path), "0"], capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stdout + second.stderr


def test_a_checksum_tells_values_kinds_and_places_apart() -> None:
    rows = [("a", "b"), ("b", "a"), ("ab", ""), (None, "b"), ("None", "b"), (1, "b"), ("1", "b"), (b"a", "b")]
    assert len({checksum(row) for row in rows}) == len(rows)
    assert checksum([Kind.MODEL]) == checksum(["model"])
