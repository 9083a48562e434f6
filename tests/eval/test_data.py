"""The evaluation set holds together: every gold title, fact and link is one that its briefs supply."""

from collections import Counter
from pathlib import Path

import pytest

from bot.evaluation.questions import Expected, Item, expected, fold, read_items
from ingest.brief_text import parse_brief
from ingest.pipeline import bundled_briefs
from store.identity import source_id
from store.model import Brief, Entry
from store.text import render_text

FOLDER = Path(__file__).parent
BRIEFS = sorted((FOLDER / "briefs").glob("*.txt"))
KINDS = {
    "everyday",
    "comparison",
    "number",
    "link",
    "follow_up",
    "near_miss",
    "off_topic",
    "injection_question",
    "injection_source",
    "pasted_brief",
}
REFUSED = ("near_miss", "off_topic")


def _briefs() -> list[Brief]:
    return [parse_brief(path.read_text(encoding="utf-8"), path.name) for path in BRIEFS]


def _items() -> list[Item]:
    return read_items(FOLDER / "questions.jsonl")[0]


@pytest.fixture(scope="module")
def held() -> dict[str, tuple[str, Entry]]:
    """Every source's brief and entry, by title."""
    return {entry.title: (brief.name, entry) for brief in [*bundled_briefs(), *_briefs()] for entry in brief.entries}


def _gold(item: Item, held: dict[str, tuple[str, Entry]]) -> list[Entry]:
    """The gold sources of an item; those of a pasted brief are in the question itself."""
    pasted = parse_brief(item.question, "pasted").entries if item.kind == "pasted_brief" else ()
    known = {entry.title: entry for entry in pasted} or {title: entry for title, (_, entry) in held.items()}
    return [known[title] for title in item.gold_titles or ()]


def _text(entry: Entry) -> str:
    return render_text(entry.title, entry.paper_url, entry.github_url, entry.summary)


def test_every_question_can_be_read() -> None:
    items, problems = read_items(FOLDER / "questions.jsonl")
    assert problems == []
    assert len(items) >= 200
    assert {item.kind for item in items} == KINDS


def test_ids_are_unique_and_no_question_is_asked_twice() -> None:
    items = _items()
    assert [name for name, count in Counter(item.id for item in items).items() if count > 1] == []
    asked = Counter((*item.history, fold(item.question)) for item in items)
    assert [question for question, count in asked.items() if count > 1] == []


def test_the_briefs_add_at_least_80_sources_and_repeat_none() -> None:
    own = Counter(source_id(entry) for brief in _briefs() for entry in brief.entries)
    bundled = {source_id(entry) for brief in bundled_briefs() for entry in brief.entries}
    assert len(own) >= 80
    assert max(own.values()) == 1 and not own.keys() & bundled


def test_every_brief_has_its_question_and_papers_with_summaries() -> None:
    for brief in _briefs():
        assert brief.question
        assert any(entry.summary for entry in brief.entries), brief.name


def test_every_gold_title_is_a_held_source(held: dict[str, tuple[str, Entry]]) -> None:
    for item in _items():
        assert len(_gold(item, held)) == len(item.gold_titles or ()), item.id


def test_every_expected_fact_stands_in_a_gold_source(held: dict[str, tuple[str, Entry]]) -> None:
    for item in _items():
        texts = [fold(_text(entry)) for entry in _gold(item, held)]
        for fact in expected(item).contains:
            assert any(fold(fact) in text for text in texts), item.id


def test_every_expected_link_is_supplied_by_a_gold_source(held: dict[str, tuple[str, Entry]]) -> None:
    for item in _items():
        url = expected(item).url
        assert url is None or any(url in (e.paper_url, e.github_url) for e in _gold(item, held)), item.id


def test_questions_that_must_be_refused_have_no_gold_sources() -> None:
    for item in _items():
        wanted = expected(item)
        assert isinstance(item.expect, Expected) and wanted.refused is not None, item.id
        assert wanted.refused is (item.kind in REFUSED) or item.kind == "injection_question", item.id
        assert wanted.refused is not bool(item.gold_titles), item.id


def test_no_brief_is_asked_about_in_both_splits(held: dict[str, tuple[str, Entry]]) -> None:
    splits: dict[str, set[str]] = {}
    for item in _items():
        assert item.split in ("dev", "test"), item.id
        for title in item.gold_titles or ():
            if title in held:
                splits.setdefault(held[title][0], set()).add(item.split)
    assert [name for name, found in splits.items() if len(found) > 1] == []
    assert splits.keys() >= {path.name for path in BRIEFS}


def test_everyday_questions_do_not_name_their_source(held: dict[str, tuple[str, Entry]]) -> None:
    for item in _items():
        if item.kind == "everyday":
            for entry in _gold(item, held):
                name = fold(entry.title.split(":")[0])
                assert name not in fold(item.question), item.id
