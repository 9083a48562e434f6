"""Evidence for a query: within its scope, best first, and never an error for strange words."""

import sqlite3
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_store import WordEmbedder, made_brief

from store.embedding import SentenceTransformerEmbedder
from store.model import Brief, Entry, Kind, Scope
from store.search import affordable, words_query
from store.store import Store


@pytest.fixture(scope="module")
def store() -> Store:
    """Sources of three briefs: papers 0-9 in one, 5-14 in the other, and two models that share a paper."""
    store = Store.in_memory(WordEmbedder())
    store.put(made_brief("one.txt", range(10)))
    store.put(made_brief("two.txt", range(5, 15)))
    shared = "https://arxiv.org/abs/2202.09652"
    models = [Entry(Kind.MODEL, name, shared, f"https://github.com/x/{name}") for name in ("MSSNet", "MSSNet-L")]
    store.put(Brief("models.txt", None, tuple(models)))
    return store


def titles(store: Store, query: str, **scope: object) -> list[str]:
    found = store.search(query, scope=Scope(**scope) if scope else None, sources=50)  # type: ignore[arg-type]
    return list(dict.fromkeys(evidence.source.title.split()[0] for evidence in found))


def test_a_source_is_found_by_its_words(store: Store) -> None:
    evidence = store.search("Which method is method7x1?", sources=3, passages=2)
    assert evidence[0].quote == "Statement 1 of work7 says how compression is done with method7x1."
    assert evidence[0].source.text[evidence[0].start : evidence[0].end] == evidence[0].quote


def test_sources_come_best_first_and_so_do_their_passages(store: Store) -> None:
    found = store.search("Statement 2 of work3", sources=5, passages=3)
    scores = [evidence.source_score for evidence in found]
    assert scores == sorted(scores, reverse=True)
    for source in {evidence.source for evidence in found}:
        passages = [evidence.score for evidence in found if evidence.source == source]
        assert passages == sorted(passages, reverse=True) and len(passages) <= 3
        assert all(0 <= score <= 1 for score in passages)
    assert len({evidence.source for evidence in found}) == 5


def test_a_source_with_links_alone_is_found_by_its_header(store: Store) -> None:
    evidence = store.search("MSSNet-L", sources=1)[0]
    assert evidence.quote.startswith("MSSNet-L\nPaper: https://arxiv.org/abs/2202.09652\nGitHub: ")


def test_a_name_with_links_alone_also_finds_the_source_that_is_told_of_under_them() -> None:
    store = Store.in_memory(WordEmbedder())
    store.put(made_brief("one.txt", range(30)))
    link = "https://arxiv.org/abs/2202.09652"
    told = Entry(Kind.PAPER, "Work about nothing of the kind", f"{link}v2", None, "Statement 1 says what is done.")
    store.put(Brief("two.txt", None, (Entry(Kind.MODEL, "QuillNet", link, None), told)))
    found = store.search("QuillNet", sources=2, passages=1)
    assert {evidence.source.title for evidence in found} == {"QuillNet", told.title}
    store.close()


def test_only_the_briefs_in_scope_are_searched(store: Store) -> None:
    assert set(titles(store, "work3 work12", briefs=frozenset({"two.txt"}))) == {f"Work{n}" for n in range(5, 15)}
    both = titles(store, "work3 work12", briefs=frozenset({"one.txt", "models.txt"}))
    assert set(both) == {*(f"Work{n}" for n in range(10)), "MSSNet", "MSSNet-L"}


def test_only_the_kind_in_scope_is_searched(store: Store) -> None:
    assert set(titles(store, "work3", kind=Kind.MODEL)) == {"MSSNet", "MSSNet-L"}
    assert "MSSNet" not in titles(store, "MSSNet", kind=Kind.PAPER)


def test_only_the_sources_in_scope_are_searched(store: Store) -> None:
    chosen = frozenset(source.source_id for source in store.sources()[:2])
    found = store.search("work3", scope=Scope(source_ids=chosen), sources=50)
    assert {evidence.source.source_id for evidence in found} == chosen


@pytest.mark.parametrize(
    "scope",
    [
        {"briefs": frozenset({"none.txt"})},
        {"briefs": frozenset()},
        {"source_ids": frozenset({"x"})},
        {"source_ids": frozenset()},
        {"briefs": frozenset({"one.txt"}), "kind": Kind.MODEL},
    ],
)
def test_a_scope_that_holds_nothing_finds_nothing(store: Store, scope: dict[str, object]) -> None:
    assert titles(store, "work3", **scope) == []


STRANGE = [
    "what is it that you do",  # stop words only
    "deblurring " * 10_000,
    "x" * 100_000,
    '"', '""', "'", "work3'; DROP TABLE sources; --", "work3 AND", "NEAR(work3 work4, 2)", "title: work3", "work*",
    "^work3", "-work3", "(work3", "work3)", "+", "{title text}: work3", "\\", "%", "_", "NOT", "OR OR",
    "work3\0work4", "\0", "\ud800", "work3 \udfff", "\ufeff", "\u202ework3", "😀", "²", "模糊图像", "\n\t\r", "ﷺ" * 100,
]  # fmt: skip


@pytest.mark.parametrize("query", STRANGE, ids=range(len(STRANGE)))
def test_a_strange_query_is_answered_like_any_other(store: Store, query: str) -> None:
    for scope in (None, Scope(kind=Kind.PAPER)):
        for evidence in store.search(query, scope=scope):
            assert evidence.quote


@pytest.mark.parametrize("query", STRANGE, ids=range(len(STRANGE)))
def test_a_strange_query_is_no_trouble_to_the_real_model(query: str, real: Store) -> None:
    real.search(query)


@pytest.fixture(scope="module")
def real(minilm: SentenceTransformerEmbedder) -> Store:
    store = Store.in_memory(minilm)
    texts = {
        "Deblurring": "MSSNet removes motion blur from a photo at several scales.",
        "Upscaling": "A diffusion model enlarges small pictures fourfold and invents texture.",
        "Weather": "Rain streaks and haze are taken away from outdoor scenes.",
    }
    store.put(Brief("a.txt", None, tuple(Entry(Kind.PAPER, title, None, None, text) for title, text in texts.items())))
    return store


def test_the_real_model_finds_by_meaning_what_shares_no_word(real: Store) -> None:
    assert real.search("my shaky snapshot is not crisp", sources=1)[0].source.title == "Deblurring"
    assert real.search("how do I get a bigger image?", sources=1)[0].source.title == "Upscaling"


@given(st.text())
@settings(max_examples=200, deadline=None)
def test_any_text_becomes_a_query_that_the_word_index_understands(query: str) -> None:
    asked = words_query(query)
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE words USING fts5 (text)")
    if asked:
        connection.execute("SELECT * FROM words WHERE words MATCH ?", (asked,)).fetchall()
    connection.close()


def test_words_without_meaning_are_not_asked_for() -> None:
    assert words_query("What is the MSSNet network?") == '"mssnet" OR "network"'
    assert words_query("what is it") == ""


@pytest.mark.parametrize("query", ["", "  \n"])
def test_an_empty_query_finds_nothing(store: Store, query: str) -> None:
    assert store.search(query) == []


def test_an_empty_store_finds_nothing() -> None:
    assert Store.in_memory(WordEmbedder()).search("work3") == []


def test_no_more_than_asked_for_is_found(store: Store) -> None:
    assert len(store.search("work3", sources=1, passages=1)) == 1
    assert store.search("work3", sources=0) == []


class Counted:
    """How many sources hold words, by expression, as the word index would count them."""

    def __init__(self, **held: int) -> None:
        self.held = {name.replace("_and_", " AND ").replace("_or_", " OR "): number for name, number in held.items()}

    def __call__(self, expression: str) -> int:
        return self.held.get(expression.replace('"', ""), 10_000)


@pytest.mark.parametrize(
    ("count", "asked"),
    [
        (Counted(blur_or_photo_or_kernel=90), '"blur" OR "photo" OR "kernel"'),  # affordable as it is
        (Counted(blur=60, photo=900, kernel=30), '"kernel" OR "blur"'),
        (Counted(blur=0, photo=900, kernel=30), '"kernel"'),
        (Counted(blur=400, photo=900, kernel=300, kernel_and_blur=50), '"kernel" AND "blur"'),
        (Counted(blur=400, photo=900, kernel=300, kernel_and_blur=0, kernel_and_photo=70), '"kernel" AND "photo"'),
        (Counted(blur=0, photo=900, kernel=0), '"photo"'),
    ],
)
def test_words_that_many_sources_hold_are_left_out_where_they_would_cost_too_much(count: Counted, asked: str):
    assert affordable('"blur" OR "photo" OR "kernel"', count, most=100) == asked


def test_what_is_left_of_a_question_still_finds_its_source(open_store: Callable[[], Store]):
    store = open_store()
    entries = [Entry(Kind.PAPER, f"Paper {n}", None, None, f"Common words about photos, number{n}.") for n in range(40)]
    store.put(Brief("a.txt", None, tuple(entries)))
    asked = affordable('"common" OR "photo" OR "number7"', store._table.count_matches, most=10)
    assert asked == '"number7"'
    assert list(store._table.match_words(asked, 5)) == [store.search("number7")[0].source.source_id]
    assert affordable('"common" OR "photo"', store._table.count_matches, most=10) == '"common" AND "photo"'
