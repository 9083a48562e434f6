"""The evaluation set holds together: every gold title, fact and link is one that its briefs supply."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.domain import domain_questions
from bot.evaluation.questions import Expected, Item, expected, fold, read_items
from ingest.brief_text import parse_brief
from ingest.pipeline import bundled_briefs
from store.identity import source_id
from store.model import Brief, Entry
from store.text import render_text

FOLDER = Path(__file__).parent
BRIEFS = sorted(FOLDER.glob("briefs*/*.txt"))
SPLITS = {  # the file of each split; what was measured on a split while the program was being changed is no longer blind
    "dev": "questions.jsonl",
    "test": "questions.jsonl",
    "fresh": "questions_fresh.jsonl",
    "second": "questions_second.jsonl",
    "blind": "questions_blind.jsonl",
    "third": "questions_third.jsonl",
    "fourth": "questions_fourth.jsonl",
    "fifth": "questions_fifth.jsonl",
    "sixth": "questions_sixth.jsonl",
}
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
FILES = sorted(set(SPLITS.values()))


def _brief(path: Path) -> Brief:
    return parse_brief(path.read_text(encoding="utf-8"), path.name)


def _briefs() -> list[Brief]:
    return [_brief(path) for path in BRIEFS]


def _items() -> list[Item]:
    return [item for name in FILES for item in read_items(FOLDER / name)[0]]


Held = dict[str, dict[str, tuple[str, Entry]]]


@pytest.fixture(scope="module")
def held() -> Held:
    """For each split, the brief and the entry of every source that it is asked over, by title."""
    base = [*bundled_briefs(), *(_brief(path) for path in FOLDER.glob("briefs/*.txt"))]
    return {
        split: {
            entry.title: (brief.name, entry)
            for brief in [*base, *(_brief(path) for path in FOLDER.glob(f"briefs_{split}/*.txt"))]
            for entry in brief.entries
        }
        for split in SPLITS
    }


def _gold(item: Item, held: Held) -> list[Entry]:
    """The gold sources of an item; those of a pasted brief are in the question itself."""
    pasted = parse_brief(item.question, "pasted").entries if item.kind == "pasted_brief" else ()
    known = {entry.title: entry for entry in pasted} or {title: one for title, (_, one) in held[item.split].items()}
    return [known[title] for title in item.gold_titles or ()]


def _text(entry: Entry) -> str:
    return render_text(entry.title, entry.paper_url, entry.github_url, entry.summary)


def test_every_question_can_be_read() -> None:
    assert [problem for name in FILES for problem in read_items(FOLDER / name)[1]] == []
    assert len(_items()) >= 600
    assert {item.kind for item in _items()} == KINDS


@pytest.mark.parametrize("name", FILES)
def test_each_file_holds_its_own_splits(name: str) -> None:
    expected_splits = {split for split, file in SPLITS.items() if file == name}
    assert {item.split for item in read_items(FOLDER / name)[0]} == expected_splits


def test_ids_are_unique_and_no_question_is_asked_twice() -> None:
    items = _items()
    assert [name for name, count in Counter(item.id for item in items).items() if count > 1] == []
    asked = Counter((*item.history, fold(item.question)) for item in items)
    assert [question for question, count in asked.items() if count > 1] == []


@pytest.mark.parametrize("folder", sorted(path.name for path in FOLDER.glob("briefs*")))
def test_a_store_of_the_briefs_holds_at_least_80_sources_more_and_none_twice(folder: str) -> None:
    paths = sorted({*FOLDER.glob("briefs/*.txt"), *FOLDER.glob(f"{folder}/*.txt")})
    own = Counter(source_id(entry) for path in paths for entry in _brief(path).entries)
    bundled = {source_id(entry) for brief in bundled_briefs() for entry in brief.entries}
    assert len(own) >= 80
    assert max(own.values()) == 1 and not own.keys() & bundled


def test_every_brief_has_its_question_and_papers_with_summaries() -> None:
    for brief in _briefs():
        assert brief.question
        assert any(entry.summary for entry in brief.entries), brief.name


def test_every_gold_title_is_a_held_source(held: Held) -> None:
    for item in _items():
        assert len(_gold(item, held)) == len(item.gold_titles or ()), item.id


def test_every_expected_fact_stands_in_a_gold_source(held: Held) -> None:
    for item in _items():
        texts = [fold(_text(entry)) for entry in _gold(item, held)]
        for fact in expected(item).contains:
            assert any(fold(fact) in text for text in texts), item.id


def test_every_expected_link_is_supplied_by_a_gold_source(held: Held) -> None:
    for item in _items():
        url = expected(item).url
        assert url is None or any(url in (e.paper_url, e.github_url) for e in _gold(item, held)), item.id


def test_questions_that_must_be_refused_have_no_gold_sources() -> None:
    for item in _items():
        wanted = expected(item)
        assert isinstance(item.expect, Expected) and wanted.refused is not None, item.id
        assert wanted.refused is (item.kind in REFUSED) or item.kind == "injection_question", item.id
        assert wanted.refused is not bool(item.gold_titles), item.id


def test_no_brief_is_asked_about_both_where_we_tune_and_where_we_report(held: Held) -> None:
    tuned: dict[str, set[bool]] = {}
    for item in _items():
        for title in item.gold_titles or ():
            if item.kind != "pasted_brief":
                tuned.setdefault(held[item.split][title][0], set()).add(item.split == "dev")
    assert [name for name, found in tuned.items() if len(found) > 1] == []
    assert tuned.keys() >= {path.name for path in BRIEFS}


def test_everyday_questions_do_not_name_their_source(held: Held) -> None:
    for item in _items():
        if item.kind == "everyday":
            for entry in _gold(item, held):
                name = fold(entry.title.split(":")[0])
                assert name not in fold(item.question), item.id


def test_the_questions_on_the_domain_are_of_no_split_and_of_sources_that_the_test_split_does_not_ask_for() -> None:
    asked = domain_questions()
    assert len({fold(one.question) for one in asked}) == len(asked)
    assert {fold(one.question) for one in asked}.isdisjoint(fold(item.question) for item in _items())
    titles = {fold(entry.title) for brief in _briefs() for entry in brief.entries}
    tested = {fold(title) for item in _items() if item.split == "test" for title in item.gold_titles}
    answered = {fold(one.of) for one in asked if one.answered}
    assert answered <= titles
    assert answered.isdisjoint(tested)
    assert 0.4 < sum(one.answered for one in asked) / len(asked) < 0.6
