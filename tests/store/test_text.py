"""The text of a source, and its pieces with exact offsets."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.model import Kind, Role, Source
from store.text import (
    embedded_text,
    header_span,
    passages_of,
    quotes,
    render_text,
    sentence_spans,
    summary_of,
)

LETTERS = st.characters(codec="utf-8")
PROSE = st.lists(
    st.sampled_from(
        ["Dr. Who", "e.g. this", "[2004]", "Fig. 3", "\n\n", "\n", "“Yes.”", "3.5 dB", "A. B.", "模糊。", "x"]
    )
    | st.text(LETTERS, max_size=12),
    max_size=30,
).map(" ".join)


def sentences(summary: str) -> list[str]:
    text = render_text("Title", None, None, summary)
    return [text[span.start : span.end] for span in sentence_spans(text)]


@given(st.text(LETTERS) | PROSE)
def test_sentences_are_stripped_in_order_apart_and_leave_nothing_out(summary: str) -> None:
    text = render_text("Title", "https://example.org/1", None, summary)
    end = header_span(text).end
    kept = []
    for span in sentence_spans(text):
        assert end <= span.start < span.end <= len(text)
        piece = text[span.start : span.end]
        assert piece == piece.strip()
        kept.append(piece)
        end = span.end
    assert "".join("".join(kept).split()) == "".join(summary.split())


@given(st.text(LETTERS) | PROSE)
def test_a_summary_comes_back_as_it_was_supplied(summary: str) -> None:
    assert summary_of(render_text("Title", None, "https://example.org", summary)).strip() == summary.strip()


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("One. Two!", ["One.", "Two!"]),
        ("It follows Smith et al. [2004] closely. Next.", ["It follows Smith et al. [2004] closely.", "Next."]),
        ("First part\n\nSecond part", ["First part", "Second part"]),
        ("First part\r\n\r\nSecond part.", ["First part", "Second part."]),
        ("It gains 3.5 dB, e.g. on GoPro. 😀 works.", ["It gains 3.5 dB, e.g. on GoPro.", "😀 works."]),
        (" \n ", []),
        ("", []),
    ],
)
def test_a_summary_is_cut_into_sentences(summary: str, expected: list[str]) -> None:
    assert sentences(summary) == expected


def test_a_sentence_too_long_to_be_one_is_cut_at_spaces() -> None:
    pieces = sentences("word " * 1000 + "end")
    assert all(len(piece) <= 1200 and set(piece.split()) <= {"word", "end"} for piece in pieces)
    assert " ".join(pieces).split() == ["word"] * 1000 + ["end"]


def test_a_word_too_long_to_be_one_is_cut_anywhere() -> None:
    assert sentences("x" * 3000) == ["x" * 1200, "x" * 1200, "x" * 600]


def test_a_text_of_a_million_letters_is_cut_within_seconds() -> None:
    text = render_text("Title", None, None, "The network sharpens the photo at three scales. " * 21_000)
    began = time.monotonic()
    assert len(passages_of("paper:long", text)) == 21_002
    assert time.monotonic() - began < 10


def test_a_source_with_links_alone_is_its_header() -> None:
    text = render_text(" MSSNet ", "https://arxiv.org/abs/1", "https://github.com/a/b", "  ")
    assert text == "MSSNet\nPaper: https://arxiv.org/abs/1\nGitHub: https://github.com/a/b"
    assert [passage.role for passage in passages_of("model:x", text)] == [Role.HEADER]


def test_passages_are_the_header_the_whole_and_each_sentence() -> None:
    text = render_text("Title", "https://example.org", None, "One. Two.")
    found = [(p.role, text[p.start : p.end]) for p in passages_of("paper:x", text)]
    assert found == [
        (Role.HEADER, "Title\nPaper: https://example.org"),
        (Role.WHOLE, text),
        (Role.SENTENCE, "One."),
        (Role.SENTENCE, "Two."),
    ]


def test_links_are_not_embedded() -> None:
    text = render_text("Title", "https://example.org", None, "One. Two.")
    assert [embedded_text(text, p) for p in passages_of("paper:x", text)] == [
        "Title",
        "Title\nOne. Two.",
        "One.",
        "Two.",
    ]


def test_a_sentence_keeps_its_id_when_another_is_put_before_it() -> None:
    before = passages_of("paper:x", render_text("Title", None, None, "One. Two."))
    after = passages_of("paper:x", render_text("Title", None, None, "Zero. One. Two."))
    assert {p.passage_id for p in before if p.role is Role.SENTENCE} < {p.passage_id for p in after}


@given(PROSE)
def test_no_two_passages_share_an_id(summary: str) -> None:
    text = render_text("Title", None, None, f"{summary}. Again. Again. Again.")
    ids = [passage.passage_id for passage in [*passages_of("paper:x", text), *passages_of("paper:y", text)]]
    assert len(ids) == len(set(ids))


def test_a_quote_is_verbatim_but_for_white_space() -> None:
    source = Source("paper:x", "Title", Kind.PAPER, None, None, (), "Title\n\nIt works at\nthree scales.")
    assert quotes(source, "works at three  scales")
    assert not quotes(source, "works at four scales")
    assert not quotes(source, "  ")
