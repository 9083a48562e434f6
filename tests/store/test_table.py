"""The table of sources: what is written is what is read, and each change of the passages is a new generation."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_store import WordEmbedder, made_entry

from store.model import Brief, Entry, Kind, Role, Scope, Source
from store.table import Table
from store.text import passages_of, render_text


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    table = Table(tmp_path / "sources.sqlite3")
    yield table
    table.close()


def write(table: Table, entry: Entry, brief: str = "a.txt", revision: int = 1) -> Source:
    """Write one source as a brief's only one."""
    text = render_text(entry.title, entry.paper_url, entry.github_url, entry.summary)
    source = Source(f"id:{entry.title}", entry.title, entry.kind, entry.paper_url, entry.github_url, (brief,), text)
    passages = passages_of(source.source_id, text)
    known = table.known_passages([source.source_id])
    fresh = [passage for passage in passages if passage.passage_id not in known]
    encoded = WordEmbedder().encode([text[passage.start : passage.end] for passage in fresh])
    vectors = {passage.passage_id: vector for passage, vector in zip(fresh, encoded, strict=True)}
    rows = [(brief, 0, revision, source.source_id, entry)]
    table.write_sources([source], {source.source_id: passages}, vectors, rows)
    return source


def test_a_source_is_read_as_it_was_written(table: Table) -> None:
    source = write(table, Entry(Kind.MODEL, "Net", "https://example.org/p", None, "NUL \0, é and 😀. Two."))
    assert table.sources() == table.sources([source.source_id]) == [source]
    assert table.sources(["other"]) == []


def test_passages_come_with_their_vectors(table: Table) -> None:
    source = write(table, made_entry(1))
    passages, vectors = table.passages_of([source.source_id])
    assert [passage.role for passage in passages] == [
        Role.HEADER,
        Role.SENTENCE,
        Role.SENTENCE,
        Role.SENTENCE,
        Role.WHOLE,
    ]
    expected = WordEmbedder().encode([source.text[passage.start : passage.end] for passage in passages])
    assert vectors == pytest.approx(expected) and vectors.dtype == np.float32
    again, _ = table.passages_by_id([passage.passage_id for passage in passages])
    assert set(again) == set(passages)
    assert table.passage_sources() == {passage.passage_id: source.source_id for passage in passages}


def test_no_passages_have_no_vectors(table: Table) -> None:
    assert table.passages_of([])[0] == [] and table.passages_by_id(["x"])[0] == []


def test_a_sentence_that_moved_keeps_its_vector_and_gets_its_new_place(table: Table) -> None:
    entry = made_entry(1)
    write(table, entry)
    source = write(table, replace(entry, summary=f"Before. {entry.summary}"))
    passages, vectors = table.passages_of([source.source_id])
    for passage, vector in zip(passages, vectors, strict=True):
        assert vector == pytest.approx(WordEmbedder().encode([source.text[passage.start : passage.end]])[0])
    assert table.count_passages() == 6


def test_words_follow_the_text(table: Table) -> None:
    entry = made_entry(1)
    source = write(table, entry)
    assert set(table.match_words('"method1x2"', 10)) == {source.source_id}
    write(table, replace(entry, summary="Deblurs photos."))
    assert table.match_words('"method1x2"', 10) == {}
    assert set(table.match_words('"deblur" OR "photo"', 10)) == {source.source_id}  # by their stems
    table.check()


def test_every_change_of_the_passages_is_a_new_generation(table: Table) -> None:
    seen = [table.generation()]
    write(table, made_entry(1))
    seen.append(table.generation())
    table.forget_briefs(["none.txt"])
    assert table.generation() == seen[-1]
    assert table.forget_briefs(["a.txt"]) == 1
    seen.append(table.generation())
    assert seen == sorted(set(seen))


def test_a_brief_has_no_digest_until_it_is_in_completely(table: Table) -> None:
    brief = Brief("a.txt", "Why?", ())
    assert table.brief_digest("a.txt") is None
    assert table.begin_brief(brief) == 1
    assert table.brief_digest("a.txt") is None and [record.name for record in table.briefs()] == ["a.txt"]
    table.finish_brief(brief, "digest", [])
    assert table.brief_digest("a.txt") == "digest"


def test_the_newest_entry_comes_first(table: Table) -> None:
    entry = made_entry(1)
    for revision, brief in enumerate(["b.txt", "c.txt", "a.txt"], start=1):
        source = write(table, entry, brief, revision)
    assert [brief for brief, _, _ in table.entries_of([source.source_id])[source.source_id]] == [
        "a.txt",
        "c.txt",
        "b.txt",
    ]
    assert table.begin_brief(Brief("d.txt", None, ())) == 4


def test_a_scope_names_its_sources(table: Table) -> None:
    paper = write(table, made_entry(1))
    model = write(table, made_entry(2, kind=Kind.MODEL), "b.txt")
    assert table.scope_ids(Scope()) == {paper.source_id, model.source_id}
    assert table.scope_ids(Scope(kind=Kind.MODEL)) == {model.source_id}
    assert table.scope_ids(Scope(briefs=frozenset({"a.txt"}))) == {paper.source_id}
    assert table.scope_ids(Scope(source_ids=frozenset({model.source_id, "other"}))) == {model.source_id}


def test_more_names_than_a_statement_takes_are_asked_for_in_parts(table: Table) -> None:
    source = write(table, made_entry(1))
    many = [source.source_id, *(f"id:{number}" for number in range(3000))]
    assert table.sources(many) == [source]
    assert set(table.text_digests(many)) == {source.source_id}
    assert table.known_passages(many) == set(table.passage_sources())
