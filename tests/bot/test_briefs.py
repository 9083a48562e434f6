"""Briefs are added and removed while the bot runs."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.briefs import LARGEST, Briefs, Given
from bot.errors import UserError
from bot.service import Bot, Request
from bot.settings import Settings
from ingest.pipeline import bundled_briefs
from store.embedding import Vectors
from store.store import Store

RAIN = """A user has asked the following question:
"How is rain removed from photos?"

### Related Papers:
Model: DeRainer: Rain Removal
Paper: https://arxiv.org/abs/2001.00001
Summary: We propose DeRainer, a network that removes rain streaks from photos.

Model: DeSnower: Snow Removal
Paper: https://arxiv.org/abs/2001.00002
Summary: We propose DeSnower, a network that removes snow from photos.
"""
RAIN_ALONE = RAIN.partition("Model: DeSnower")[0].replace("rain removed", "rain taken off")
LINES = (
    '{"title": "DeFogger", "kind": "paper", "summary": "DeFogger removes fog."}\n'
    '{"title": "DeHazer", "kind": "papre"}\n'
)


class QuickEmbedder:
    """Counts letters: enough where sources are asked for by name."""

    name, dimension = "letters", 128

    def encode(self, texts: Sequence[str]) -> Vectors:
        counts = np.array([[1e-3 + text.count(chr(code)) for code in range(128)] for text in texts], dtype=np.float32)
        counts = counts.reshape(-1, 128)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store.in_memory(QuickEmbedder())
    store.put(bundled_briefs()[0])
    yield store
    store.close()


@pytest.fixture
def briefs(store: Store, tmp_path: Path) -> Briefs:
    return Briefs(store, Settings(home=tmp_path))


def pasted(text: str) -> list[Given]:
    return [Given(text.encode())]


def file(text: str, name: str = "rain.txt") -> list[Given]:
    return [Given(text.encode(), name)]


def test_a_pasted_brief_can_be_asked_at_once(briefs: Briefs, store: Store, tmp_path: Path) -> None:
    bot = Bot(store, Settings(home=tmp_path))
    assert bot.ask(Request("How does DeRainer remove rain?")).refused
    added = briefs.add(pasted(RAIN))
    assert added.briefs == ("Pasted: How is rain removed from photos?",)
    assert [source.title for source in added.added] == ["DeRainer: Rain Removal", "DeSnower: Snow Removal"]
    answer = bot.ask(Request("How does DeRainer remove rain?"))
    assert "DeRainer" in answer.citations[0].quote


def test_a_brief_that_is_held_already_is_not_held_twice(briefs: Briefs, store: Store) -> None:
    briefs.add(file(RAIN))
    again = briefs.add(file(RAIN, "other.txt"))
    assert (again.already, again.briefs, again.added) == (("rain.txt",), (), ())
    assert briefs.add(file(RAIN_ALONE, "alone.txt")).already == ()
    assert briefs.add(file(RAIN_ALONE)).already == ("alone.txt",)
    without_summaries = "\n".join(line for line in RAIN.splitlines() if not line.startswith("Summary"))
    assert briefs.add(file(without_summaries, "links.txt")).unchanged == 2
    assert briefs.add(file(without_summaries, "links.txt")).already == ("links.txt",)
    bundled = Path("ingest/briefs") / store.briefs()[0].name
    assert briefs.add([Given(bundled.read_bytes(), "mine.txt")]).already == (bundled.name,)


def test_sources_that_are_held_already_are_counted(briefs: Briefs) -> None:
    briefs.add(file(RAIN))
    added = briefs.add(file(RAIN_ALONE, "alone.txt"))
    assert (added.added, added.changed, added.unchanged) == ((), (), 1)


def test_a_broken_line_is_quoted_and_the_others_go_in(briefs: Briefs) -> None:
    added = briefs.add(file(LINES, "fog.jsonl"))
    assert [source.title for source in added.added] == ["DeFogger"]
    (trouble,) = added.troubles
    assert str(trouble.problem) == """fog.jsonl, line 2: its "kind" is 'papre': write "model" or "paper\""""
    assert trouble.quoted == '{"title": "DeHazer", "kind": "papre"}'


def test_a_broken_link_of_a_brief_is_quoted(briefs: Briefs) -> None:
    added = briefs.add(pasted(RAIN.replace("https://arxiv.org/abs/2001.00002", "somewhere on arxiv")))
    assert added.briefs == ()
    assert (added.troubles[0].problem.line, added.troubles[0].quoted) == (10, "Paper: somewhere on arxiv")
    assert str(added.troubles[0].problem).startswith("the pasted text, line 10: ")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "binary data, not text"),
        ("Model: Déraineur".encode("latin-1"), "line 1: is not UTF-8 text"),
        (b"x" * (LARGEST + 1), "has 2.0 MB, and 2.0 MB are taken here: split it"),
        (b"Dear reader,\n\nthis is a letter.", "no models or papers found"),
    ],
    ids=["empty", "blank", "binary", "encoding", "large", "letter"],
)
def test_what_is_no_brief_gets_one_line(briefs: Briefs, store: Store, data: bytes, told: str) -> None:
    held = len(store.briefs())
    (trouble,) = briefs.add([Given(data, "what.txt")]).troubles
    assert told in str(trouble.problem)
    assert "\n" not in str(trouble.problem)
    assert len(store.briefs()) == held


def test_one_s_own_brief_is_renewed_and_another_s_is_kept_beside(briefs: Briefs, store: Store) -> None:
    briefs.add(file(RAIN), "alice")
    renewed = briefs.add(file(RAIN_ALONE), "alice")
    assert (renewed.briefs, renewed.renamed, renewed.removed) == (("rain.txt",), (), 1)
    beside = briefs.add(file(RAIN), "bob")
    assert (beside.briefs, beside.renamed) == (("rain (2).txt",), (("rain.txt", "rain (2).txt"),))
    assert briefs.add(file(RAIN.replace("streaks ", "")), "bob").briefs == ("rain (2).txt",)
    assert [record.question for record in store.briefs()][1:] == [
        "How is rain removed from photos?",
        "How is rain taken off from photos?",
    ]


def test_json_lines_cannot_take_the_place_of_a_brief_that_they_name(briefs: Briefs, store: Store) -> None:
    bundled = store.briefs()[0]
    line = f'{{"title": "Evil", "kind": "paper", "brief": "{bundled.name}"}}'
    added = briefs.add(pasted(line))
    assert added.renamed == ((bundled.name, bundled.name.replace(".txt", " (2).txt")),)
    assert bundled in store.briefs()


def test_removing_tells_what_goes_and_what_stays(briefs: Briefs, store: Store, tmp_path: Path) -> None:
    bot = Bot(store, Settings(home=tmp_path))
    briefs.add(file(RAIN))
    briefs.add(file(RAIN_ALONE, "alone.txt"))
    bot.ask(Request("Tell me about DeSnower", thread="a"))
    would = briefs.would_remove("rain.txt")
    assert (would.goes, would.stays) == (("DeSnower: Snow Removal",), ("DeRainer: Rain Removal",))
    assert briefs.remove("rain.txt") == would
    titles = [source.title for source in store.sources()]
    assert "DeRainer: Rain Removal" in titles and "DeSnower: Snow Removal" not in titles
    (kept,) = bot.exchanges("a")
    assert kept.answer and kept.answer.citations[0].quote in kept.sources[kept.answer.citations[0].source_id].text
    assert bot.ask(Request("Tell me about DeSnower", thread="b")).refused
    with pytest.raises(UserError, match=r"no brief .* any more"):
        briefs.remove("rain.txt")


def test_read_only_refuses_both(store: Store, tmp_path: Path) -> None:
    briefs = Briefs(store, Settings(home=tmp_path, read_only=True))
    for change in (lambda: briefs.add(pasted(RAIN)), lambda: briefs.remove(store.briefs()[0].name)):
        with pytest.raises(UserError, match="UNBLUR_READ_ONLY"):
            change()
    assert len(store.briefs()) == 1
