"""JSON Lines: a source a line, each broken line on its own."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.json_lines import parse_json_lines
from ingest.merging import merged
from ingest.problems import BriefError
from store.model import Brief, Entry, Kind


def line(entry: Entry, brief: str | None = None) -> str:
    return json.dumps(
        {
            "title": entry.title,
            "kind": entry.kind,
            "paper_url": entry.paper_url,
            "github_url": entry.github_url,
            "summary": entry.summary,
            "brief": brief,
        }
    )


def test_lines_without_a_brief_belong_to_the_file():
    a, b = Entry(Kind.PAPER, "A", "https://a.org/a", None, "s"), Entry(Kind.MODEL, "B")
    found = parse_json_lines(f"{line(a)}\n\n{line(b, 'mine')}\r\n", "papers.jsonl", "/papers.jsonl")
    assert found.briefs == (
        Brief("papers.jsonl", None, (a,), "/papers.jsonl"),
        Brief("mine", None, (b,), "/papers.jsonl"),
    )
    assert not found.problems


def test_absent_and_null_fields_are_missing_and_others_passed_over():
    found = parse_json_lines('{"title": "A\\n  b", "kind": "paper", "paper_url": null, "year": 2024}', "f")
    assert found.briefs[0].entries == (Entry(Kind.PAPER, "A b"),)


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ("{", "no JSON (Expecting property name"),
        ("[" * 100_000, "no JSON that a source could be"),
        ("[1]", "'[1]' is no object"),
        ('{"kind": "paper"}', "has no title"),
        ('{"title": " ", "kind": "paper"}', "has no title"),
        ('{"title": 3, "kind": "paper"}', "its \"title\" is '3': write it as a string"),
        ('{"title": "A", "kind": "tool"}', 'its "kind" is \'tool\': write "model" or "paper"'),
        ('{"title": "A", "kind": ["paper"]}', 'its "kind" is'),
        (
            '{"title": "A", "kind": "paper", "paper_url": "see there"}',
            "its \"paper_url\" is 'see there': give one link",
        ),
        ('{"title": "A", "kind": "paper", "summary": "\\u0000"}', 'its "summary" holds U+0000'),
        ('{"title": "\\ud800", "kind": "paper"}', 'its "title" holds U+D800'),
        ('{"title": "A", "kind": "paper", "brief": "a\\nb"}', 'its "brief" is'),
    ],
)
def test_a_broken_line_is_reported_and_the_others_are_read(broken: str, expected: str):
    good = line(Entry(Kind.PAPER, "Good"))
    found = parse_json_lines(f"{good}\n{broken}\n{good}", "papers.jsonl")
    assert [entry.title for entry in found.briefs[0].entries] == ["Good"]
    (problem,) = found.problems
    assert (problem.file, problem.line) == ("papers.jsonl", 2)
    assert problem.message.startswith(expected)
    assert "\n" not in str(problem)
    assert len(str(problem)) < 300


_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r\ufeff"), max_size=60)
_ENTRIES = st.builds(
    Entry,
    st.sampled_from(Kind),
    _TEXT.map(lambda text: " ".join(text.split()) or "x"),
    st.sampled_from([None, "https://arxiv.org/abs/2501.00001", "https://example.org/ü"]),
    st.sampled_from([None, "https://github.com/a/b"]),
    _TEXT.map(str.strip),
)
_NAMES = st.sampled_from([None, "one", "two.txt"])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(_ENTRIES, _NAMES), max_size=6))
def test_sources_are_read_back_as_they_were_written(rows: list[tuple[Entry, str | None]]):
    found = parse_json_lines("\n".join(line(*row) for row in rows), "own")
    expected: dict[str, list[Entry]] = {}
    for entry, name in rows:
        expected.setdefault(name or "own", []).append(entry)
    assert {brief.name: brief.entries for brief in found.briefs} == {
        name: merged(entries) for name, entries in expected.items()
    }
    assert not found.problems


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_any_text_gives_briefs_or_problems(text: str):
    try:
        found = parse_json_lines(text, "f")
    except BriefError as error:
        assert "\n" not in str(error)
    else:
        assert bool(text.strip()) == bool(found.briefs or found.problems)
