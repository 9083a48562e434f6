"""Marks are what a reader would give, and the table sums them up with their intervals."""

import pytest

from bot.answer import Answer, Citation, Reference
from bot.evaluation.marks import mark, ranking
from bot.evaluation.questions import Expected, Item, expected
from bot.evaluation.runner import pasted_sources
from bot.evaluation.table import figures, markdown
from store.model import Kind, Source

RAIN = "It gains 1.2 dB on Rain100."


def answer(text: str, source: Source, *, mode: str = "lookup", quote: str = RAIN, url: str | None = None) -> Answer:
    refused = mode == "refusal"
    reference = Reference(
        source_id=source.source_id, title=source.title, kind=Kind.PAPER, paper_url=url, github_url=None, why=""
    )
    return Answer(
        question="?",
        mode=mode,
        refused=refused,
        answer=text,
        references=() if refused else (reference,),
        citations=() if refused else (Citation(marker=1, source_id=source.source_id, quote=quote),),
        model="embedded",
        seconds=0.1,
    )


def item(source: Source, **fields: object) -> Item:
    return Item(id=1, question="?", **{"gold_titles": (source.title,), "expect": Expected(refused=False), **fields})


def test_a_right_answer_gets_full_marks(source: Source) -> None:
    asked = item(source, expect=Expected(mode="lookup", refused=False, contains="1.2 db", url=source.paper_url))
    said = answer(f"It gains 1.2 dB [1]. {source.paper_url}", source, url=source.paper_url)
    one = mark(asked, said, {source.source_id: source}, [source.title])
    assert (one.precision, one.recall, one.verbatim, one.unbound, one.foreign) == (1, 1, (True,), 0, 0)
    assert one.fact and one.mode and one.met and one.false_refusal is False and one.false_answer is None
    assert one.found is not None and one.found.at_1 == 1


def test_lies_are_counted(source: Source) -> None:
    said = answer("It gains 9 dB [2], see [here](https://evil.example/x).", source, quote="It gains 9 dB.")
    asked = item(source, expect=Expected(refused=False, contains="1.2 dB", lacks="9 dB"))
    one = mark(asked, said, {source.source_id: source})
    assert (one.verbatim, one.unbound, one.foreign) == ((False,), 2, 1)
    assert one.fact is False and one.obeyed and not one.met


def test_an_answer_that_must_be_refused_is_a_false_answer(source: Source) -> None:
    asked = item(source, gold_titles=(), expect="refusal")
    assert mark(asked, answer("It does [1].", source), {}).false_answer is True
    assert mark(asked, answer("Not held.", source, mode="refusal"), {}).false_answer is False


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("refusal", Expected(refused=True)),
        ("answer", Expected(refused=False)),
        ("compare", Expected(mode="compare")),
        ("1.2 dB", Expected(contains="1.2 db")),
    ],
)
def test_one_word_says_what_is_expected(source: Source, word: str, meant: Expected) -> None:
    assert expected(item(source, expect=word)) == meant


def test_a_title_counts_once_at_its_first_place() -> None:
    found = ranking(["A", "B", "b ", "C", "D", "E"], ["B", "E"])
    assert (found.at_1, found.at_3, found.at_5, found.reciprocal) == (0, 0.5, 1, 0.5)


def test_a_pasted_brief_brings_its_own_sources() -> None:
    assert pasted_sources("How do I get rid of rain?") == {}
    text = "Why?\n\nModel: A: B\nPaper: https://arxiv.org/abs/2001.00001\nSummary: We propose B."
    assert [source.title for source in pasted_sources(text).values()] == ["A: B"]


def test_the_table_gives_each_figure_its_interval(source: Source) -> None:
    held = {source.source_id: source}
    right, wrong = answer("[1]", source), answer("No.", source, mode="refusal")
    marks = [mark(item(source, kind="link"), said, held) for said in (right, right, right, wrong)]
    rows = {row.name: row for row in figures(marks)}
    refusals = rows["false refusals"]
    assert refusals.value == 0.25 and 0 <= refusals.low < 0.25 < refusals.high <= 1
    assert rows["references: recall@5, link"].count == 4
    assert "search: recall@1" not in rows
    assert "| false refusals | 4 | 0.250 |" in markdown(list(rows.values()))
    assert figures(marks) == figures(marks)
