"""Briefs in, sources and evidence out: put, edit, prune, kill, many processes and threads."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from made_store import WordEmbedder, made_brief, made_entry, self_retrieval_misses

from store.embedding import Vectors
from store.errors import EmbeddingModelError, StoreError
from store.keeper import FolderKeeper
from store.model import Brief, BriefRecord, Changes, Entry, Kind, Scope
from store.store import Store, open_for_re_embedding
from store.table import Table

Open = Callable[..., Store]
HERE = Path(__file__).parent


def ids(*numbers: int) -> list[str]:
    """The ids of made sources, in the order of their titles."""
    store = Store.in_memory(WordEmbedder())
    store.put(made_brief("x", numbers))
    return [source.source_id for source in store.sources()]


# -- putting


def test_the_same_brief_again_changes_and_embeds_nothing(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    assert store.put(made_brief("a.txt", range(3))) == Changes(added=3)
    generation, embedded = store._table.generation(), embedder.encoded
    assert store.put(made_brief("a.txt", range(3))) == Changes(unchanged=3)
    assert (store._table.generation(), embedder.encoded) == (generation, embedded)


def test_an_edited_brief_changes_what_was_edited_and_embeds_only_that(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    store.put(made_brief("a.txt", range(3)))
    edited = Brief("a.txt", None, (made_entry(0), made_entry(1, note="A new sentence."), made_entry(2)))
    embedded = embedder.encoded
    assert store.put(edited) == Changes(changed=1, unchanged=2)
    assert embedder.encoded - embedded == 2  # the whole and the new sentence
    assert [evidence.quote for evidence in store.search("a new sentence", sources=1, passages=1)] == ["A new sentence."]


def test_a_source_that_an_edit_no_longer_names_stays_until_prune(open_store: Open) -> None:
    store = open_store()
    store.put(made_brief("a.txt", range(3)))
    store.put(made_brief("a.txt", range(2)))
    assert store.count() == 3
    assert store.prune() == 1
    assert [source.source_id for source in store.sources()] == ids(0, 1)
    assert self_retrieval_misses(store) == []


def test_pruning_a_brief_removes_what_no_other_names(open_store: Open) -> None:
    store = open_store()
    store.put(made_brief("a.txt", [0, 1]))
    store.put(made_brief("b.txt", [1, 2]))
    assert store.prune(["a.txt", "never there.txt"]) == 1
    assert [source.source_id for source in store.sources()] == ids(1, 2)
    assert [record.name for record in store.briefs()] == ["b.txt"]
    assert {source.briefs for source in store.sources()} == {("b.txt",)}
    assert store.search("work0 deblurring") == [] or store.search("work0")[0].source.source_id != ids(0)[0]


def test_a_brief_is_remembered_with_its_question_and_its_order(open_store: Open) -> None:
    store = open_store()
    brief = Brief("a.txt", "Why?", (made_entry(2), made_entry(0)), "/briefs/a.txt")
    store.put(brief)
    assert store.briefs() == [BriefRecord("a.txt", "Why?", "/briefs/a.txt", tuple(ids(2, 0)[::-1]))]


def test_a_brief_without_sources_is_remembered(open_store: Open) -> None:
    store = open_store()
    assert store.put(Brief("empty.txt", "Why?", ())) == Changes()
    assert store.briefs() == [BriefRecord("empty.txt", "Why?", "", ())]


def test_progress_ends_at_the_number_of_sources(open_store: Open) -> None:
    seen: list[tuple[int, int]] = []
    open_store().put(made_brief("a.txt", range(300)), progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (300, 300) and seen == sorted(seen)


# -- merging


def test_a_source_of_two_briefs_is_one_source_with_two_briefs(open_store: Open) -> None:
    store = open_store()
    store.put(Brief("a.txt", None, (Entry(Kind.PAPER, "T", "https://arxiv.org/abs/2501.15852v1", None, "Old text."),)))
    newer = Entry(Kind.PAPER, "Title", "https://arxiv.org/pdf/2501.15852v2.pdf", "https://github.com/a/b", "")
    assert store.put(Brief("b.txt", None, (newer,))) == Changes(changed=1)
    (source,) = store.sources()
    assert (source.source_id, source.briefs) == ("arxiv:2501.15852", ("a.txt", "b.txt"))
    assert (source.title, source.paper_url) == ("Title", "https://arxiv.org/pdf/2501.15852v2.pdf")
    assert source.text.endswith("GitHub: https://github.com/a/b\n\nOld text.")


def test_the_brief_that_was_put_last_wins_and_its_loss_brings_the_other_back(open_store: Open) -> None:
    store = open_store()
    store.put(made_brief("a.txt", [1], note="From a."))
    store.put(made_brief("b.txt", [1], note="From b."))
    assert store.sources()[0].text.endswith("From b.")
    store.put(made_brief("a.txt", [1], note="From a again."))
    assert store.sources()[0].text.endswith("From a again.")
    assert store.prune(["a.txt"]) == 0
    assert store.sources()[0].text.endswith("From b.")
    assert store.search("from b", passages=1)[0].quote.endswith("From b.")


def test_an_edit_that_drops_a_shared_source_leaves_the_other_briefs_words(open_store: Open) -> None:
    store = open_store()
    store.put(made_brief("a.txt", [1], note="From a."))
    store.put(made_brief("b.txt", [1, 2], note="From b."))
    store.put(made_brief("b.txt", [2], note="From b."))
    assert [source.text.rsplit(". ", 1)[-1] for source in store.sources()] == ["From a.", "From b."]
    assert [source.briefs for source in store.sources()] == [("a.txt",), ("b.txt",)]


def test_a_source_named_twice_in_a_brief_gets_what_either_supplies(open_store: Open) -> None:
    store = open_store()
    url = "https://arxiv.org/abs/2501.15852"
    twins = (Entry(Kind.PAPER, "T", url), Entry(Kind.PAPER, "T", url + "v2", None, "The summary."))
    assert store.put(Brief("a.txt", None, twins)) == Changes(added=1)
    assert store.sources()[0].text.endswith("The summary.")
    assert store.briefs()[0].source_ids == ("arxiv:2501.15852",)


# -- what cannot be kept


@pytest.mark.parametrize(
    "entry",
    [
        Entry(Kind.PAPER, "half \ud800 a pair"),
        Entry(Kind.PAPER, "T", None, None, "half \udfff a pair"),
        Entry(Kind.PAPER, "T", "https://example.org/\n\nevil"),
        Entry(Kind.MODEL, "T", None, "https://example.org/a b"),
    ],
)
def test_what_cannot_be_kept_is_refused_in_one_line_and_nothing_goes_in(open_store: Open, entry: Entry) -> None:
    store = open_store()
    with pytest.raises(StoreError) as raised:
        store.put(Brief("a.txt", None, (made_entry(1), entry)))
    assert len(str(raised.value).splitlines()) == 1
    assert (store.count(), store.briefs()) == (0, [])


@pytest.mark.parametrize(
    "summary", ["NUL \0 inside. Next.", "x" * 1_000_000, "A b. " * 20_000, "\u202e right to left", "é😀"]
)
def test_strange_text_comes_back_as_it_went_in(open_store: Open, summary: str) -> None:
    store = open_store()
    store.put(Brief("a.txt", summary[:100], (Entry(Kind.PAPER, "T", None, None, summary),)))
    store.close()
    (source,) = open_store().sources()
    assert source.text == f"T\n\n{summary.strip()}"


# -- killed


PUTTER = """
import pathlib, sys
from made_store import WordEmbedder, made_brief
from store.store import Store
store = Store.open(pathlib.Path(sys.argv[1]), WordEmbedder(), notify=lambda m: print("told", m, flush=True))
print("ready", flush=True)
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    store.put(made_brief(f"{number}.txt", range(number * 5, number * 5 + 8), note=sys.argv[4]))
    print("done", number, flush=True)
store.sync()
"""


def putter(folder: Path, first: int, last: int, note: str = "") -> "subprocess.Popen[str]":
    """A process that puts made briefs, saying each that is done."""
    script = f"import sys; sys.path.insert(0, {str(HERE)!r})\n{PUTTER}"
    command = [sys.executable, "-c", script, str(folder), str(first), str(last), note]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_there_twice(
    tmp_path: Path, open_store: Open, told: list[str]
) -> None:
    chance = random.Random(2)
    done: set[int] = set()
    for attempt in range(10):
        child = putter(tmp_path, 0, 12, note=f"Edition {attempt // 4}.")
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0, 1.0))
        child.send_signal(signal.SIGKILL)
        said = child.communicate()[0]
        assert "told" not in said
        done |= {int(line.split()[1]) for line in said.splitlines() if line.startswith("done ")}
        table = Table(tmp_path / "sources.sqlite3")
        table.check()
        assert {f"{number}.txt" for number in done} <= {record.name for record in table.briefs()}
        held = {source.source_id for source in table.sources()}
        assert {source_id for record in table.briefs() for source_id in record.source_ids} <= held
        table.close()
    child = putter(tmp_path, 0, 12, note="Edition 2.")
    assert "told" not in child.communicate()[0] and child.returncode == 0
    store = open_store(tmp_path)
    expected = Store.in_memory(WordEmbedder())
    for number in range(12):
        expected.put(made_brief(f"{number}.txt", range(number * 5, number * 5 + 8), note="Edition 2."))
    assert store.sources() == expected.sources()
    assert store.briefs() == expected.briefs()
    assert store._keeper.index().contents() == store._table.passage_sources() == expected._table.passage_sources()
    assert self_retrieval_misses(store) == []
    assert told == []


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize(("deed", "step"), [*(("edit", step) for step in range(1, 8)), ("prune", 1), ("prune", 2)])
def test_stopped_before_any_write_the_next_run_completes(
    tmp_path: Path, open_store: Open, monkeypatch: pytest.MonkeyPatch, step: int, deed: str
) -> None:
    def act(store: Store) -> None:
        if deed == "edit":
            store.put(made_brief("b.txt", [1, 3], note="Edited."))
        store.prune(["a.txt"] if deed == "prune" else [])

    monkeypatch.setattr(FolderKeeper, "start_check", lambda keeper: None)  # what the index says is not asked here
    monkeypatch.setattr(FolderKeeper, "_fault", lambda keeper, version: None)
    stores = [open_store(tmp_path / name) for name in ("killed", "whole")]
    for store in stores:
        store.put(made_brief("a.txt", [0, 1, 2], note="From a."))
        store.put(made_brief("b.txt", [1, 2, 3], note="From b."))
    transactions = 0
    real = Table.transaction

    def counted(table: Table) -> object:
        nonlocal transactions
        transactions += 1
        if transactions == step:
            raise KilledError
        return real(table)

    with monkeypatch.context() as patch:
        patch.setattr(Table, "transaction", counted)
        try:
            act(stores[0])
        except KilledError:
            stores[0].close()
            stores[0] = open_store(tmp_path / "killed")
    act(stores[0])
    act(stores[1])
    assert stores[0].sources() == stores[1].sources()
    assert stores[0].briefs() == stores[1].briefs()
    assert self_retrieval_misses(stores[0]) == []


def test_an_edit_that_was_stopped_half_way_can_be_taken_back(open_store: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store()
    store.put(made_brief("a.txt", [1], note="First."))
    with monkeypatch.context() as patch:
        patch.setattr(Table, "finish_brief", lambda *_: (_ for _ in ()).throw(KilledError))
        with pytest.raises(KilledError):
            store.put(made_brief("a.txt", [1], note="Second."))
    assert store.put(made_brief("a.txt", [1], note="First.")) == Changes(changed=1)
    assert store.sources()[0].text.endswith("First.")


# -- many at once


def test_two_processes_may_put_at_once(tmp_path: Path, open_store: Open, told: list[str]) -> None:
    children = [putter(tmp_path, 0, 6), putter(tmp_path, 4, 10)]
    for child in children:
        assert "told" not in child.communicate()[0] and child.returncode == 0
    store = open_store(tmp_path)
    assert [record.name for record in store.briefs()] == sorted(f"{number}.txt" for number in range(10))
    assert store.count() == 53
    assert store._keeper.index().contents() == store._table.passage_sources()
    assert (self_retrieval_misses(store), told) == ([], [])


def test_an_open_store_finds_what_another_process_puts(tmp_path: Path, open_store: Open, told: list[str]) -> None:
    store = open_store(tmp_path)
    store.put(made_brief("here.txt", range(100, 110)))
    assert store.search("work105", sources=1)[0].source.title.startswith("Work105 ")
    for number in range(2):
        child = putter(tmp_path, number, number + 1)
        child.communicate()
        began = time.monotonic()
        assert store.search(f"Statement 0 of work{number * 5}", sources=1)[0].source.title.startswith(
            f"Work{number * 5} "
        )
        assert time.monotonic() - began < 30
    assert told == []


def test_threads_search_while_one_puts(open_store: Open) -> None:
    store = open_store()
    stop, faults, searches = threading.Event(), [], 0

    def look() -> None:
        nonlocal searches
        while not stop.is_set():
            try:
                for evidence in store.search("Statement 1 of work3 says how", sources=3):
                    assert evidence.quote in evidence.source.text and evidence.quote.endswith(".")
                searches += 1
            except Exception as error:  # noqa: BLE001 - reported by the test below
                faults.append(error)
                return

    threads = [threading.Thread(target=look) for _ in range(6)]
    for thread in threads:
        thread.start()
    for round_ in range(8):
        store.put(made_brief(f"{round_}.txt", range(round_ * 3, round_ * 3 + 6), note=f"Round {round_}."))
    store.prune(["0.txt"])
    stop.set()
    for thread in threads:
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert faults == [] and searches > 0
    assert self_retrieval_misses(store) == []


def test_a_search_does_not_wait_for_a_writer(open_store: Open, embedder: WordEmbedder) -> None:
    store = open_store()
    store.put(made_brief("a.txt", range(5)))
    encode = embedder.encode
    writing, go_on = threading.Event(), threading.Event()

    def slow(texts: list[str]) -> Vectors:
        if len(texts) > 1:
            writing.set()
            go_on.wait(20)
        return encode(texts)

    embedder.encode = slow  # type: ignore[method-assign, assignment]
    writer = threading.Thread(target=store.put, args=(made_brief("b.txt", range(5, 10)),))
    writer.start()
    assert writing.wait(10)
    assert store.search("work3", sources=1)[0].source.title.startswith("Work3 ")
    assert writer.is_alive()
    go_on.set()
    writer.join(20)
    assert store.search("work8", sources=1)[0].source.title.startswith("Work8 ")


def test_several_briefs_inside_writing_build_one_index(open_store: Open, tmp_path: Path) -> None:
    store = open_store()
    with store.writing():
        for number in range(4):
            store.put(made_brief(f"{number}.txt", [number]))
        assert not (tmp_path / "home" / "index").exists()
    assert len(list((tmp_path / "home" / "index").iterdir())) == 1


def test_an_index_that_was_never_built_is_built_by_sync(open_store: Open) -> None:
    store = open_store()
    with pytest.raises(KilledError), store.writing():
        store.put(made_brief("a.txt", range(3)))
        raise KilledError
    store.close()
    again = open_store()
    again.sync()
    assert self_retrieval_misses(again) == []


# -- the embedding model


def test_another_model_is_refused_with_what_to_do(open_store: Open) -> None:
    open_store().put(made_brief("a.txt", range(3)))
    with pytest.raises(EmbeddingModelError, match=r"built with the embedding model words.*--re-embed") as raised:
        open_store(embedder=WordEmbedder(name="other"))
    assert len(str(raised.value).splitlines()) == 1


def test_a_model_of_the_same_name_with_another_dimension_is_refused(open_store: Open) -> None:
    open_store().put(made_brief("a.txt", range(3)))
    store = open_store(embedder=WordEmbedder(32))
    with pytest.raises(EmbeddingModelError, match=r"32 numbers.*64"):
        store.search("work1")
    with pytest.raises(EmbeddingModelError, match=r"32 numbers.*64"):
        store.put(made_brief("b.txt", range(4)))


def test_everything_can_be_embedded_again_with_another_model(open_store: Open, tmp_path: Path) -> None:
    old = open_store()
    old.put(made_brief("a.txt", range(20)))
    other = WordEmbedder(32, "other")
    store = open_for_re_embedding(tmp_path / "home", other)
    assert store.re_embed() == 20
    assert self_retrieval_misses(store) == []
    store.close()
    assert self_retrieval_misses(open_store(embedder=other)) == []
    with pytest.raises(EmbeddingModelError, match="other"):
        old.search("work1")


def test_embedding_again_replaces_the_vectors_even_of_a_model_with_the_same_dimension(
    open_store: Open, tmp_path: Path
) -> None:
    open_store().put(made_brief("a.txt", range(20)))

    class Reversed(WordEmbedder):
        def encode(self, texts: object) -> Vectors:
            return super().encode(texts)[:, ::-1].copy()  # type: ignore[arg-type]

    store = open_for_re_embedding(tmp_path / "home", Reversed(name="reversed"))
    store.re_embed()
    passages, vectors = store._table.passages_of([store.sources()[0].source_id])
    for passage, near in zip(passages, store._keeper.index().nearest(vectors, 1), strict=True):
        assert near[0][1] > 0.999, passage
    store.close()


def test_an_interrupted_embedding_is_refused_until_it_is_completed(open_store: Open, tmp_path: Path) -> None:
    open_store().put(made_brief("a.txt", range(150)))
    other = WordEmbedder(name="other")
    store = open_for_re_embedding(tmp_path / "home", other)
    with pytest.raises(KilledError):
        store.re_embed(progress=lambda *_: (_ for _ in ()).throw(KilledError))
    store.close()
    for embedder in (other, WordEmbedder()):
        with pytest.raises(EmbeddingModelError, match=r"interrupted.*--re-embed"):
            open_store(embedder=embedder)
    store = open_for_re_embedding(tmp_path / "home", other)
    assert store.re_embed() == 150
    store.close()
    assert self_retrieval_misses(open_store(embedder=other)) == []


def test_there_is_nothing_to_embed_again_in_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store"):
        open_for_re_embedding(tmp_path, WordEmbedder())


# -- in memory, and small things


def test_a_store_in_memory_works_alike_and_apart_from_others() -> None:
    one, other = Store.in_memory(WordEmbedder()), Store.in_memory(WordEmbedder())
    one.put(made_brief("a.txt", range(4)))
    other.put(made_brief("b.txt", range(6, 8)))
    assert (self_retrieval_misses(one), self_retrieval_misses(other)) == ([], [])
    assert one.prune(["a.txt"]) == 4 and one.search("work1") == []
    one.close()
    assert self_retrieval_misses(other) == []
    other.close()


def test_sources_come_by_title_and_within_a_scope(open_store: Open) -> None:
    store = open_store()
    store.put(made_brief("a.txt", [2, 1]))
    store.put(made_brief("b.txt", [3]))
    assert [source.title.split()[0] for source in store.sources()] == ["Work1", "Work2", "Work3"]
    assert [source.title.split()[0] for source in store.sources(Scope(briefs=frozenset({"b.txt"})))] == ["Work3"]


def test_the_store_is_quick_to_import() -> None:
    script = "import store.store, sys; print(*[m for m in ('torch', 'chromadb', 'sentence_transformers') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == ""


def test_a_brief_is_known_by_its_own_question_white_space_aside(open_store: Open) -> None:
    store = open_store()
    store.put(Brief("a.txt", "Why is  my photo\nblurry?", ()))
    store.put(Brief("b.txt", None, ()))
    assert store.brief_asking(" Why is my photo blurry?") == "a.txt"
    assert store.brief_asking("Why is my photo?") is None
