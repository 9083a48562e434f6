"""The words of the store."""

import pytest

from store.model import Changes, Entry, Evidence, Kind, Source


def test_an_entry_without_a_title_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a title"):
        Entry(Kind.PAPER, " \n")


def test_the_links_of_a_source_are_those_supplied_paper_first() -> None:
    assert Source("x", "T", Kind.MODEL, "p", "g", (), "T").urls == ("p", "g")
    assert Source("x", "T", Kind.MODEL, None, "g", (), "T").urls == ("g",)


def test_a_quote_is_the_text_between_the_offsets() -> None:
    source = Source("x", "T", Kind.PAPER, None, None, (), "T\n\nÉté 😀 ends.")
    assert Evidence(source, 3, 8, 1.0, 1.0).quote == "Été 😀"


def test_changes_add_up() -> None:
    assert Changes(1, 2, 3, 4) + Changes(added=1, removed=1) == Changes(2, 2, 3, 5)
