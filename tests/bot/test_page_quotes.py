from hypothesis import given
from hypothesis import strategies as st

from bot.page.quotes import Segment, segments


def test_a_quote_is_found_where_it_stands():
    assert segments("It is blurred. It gets sharp.", {1: "It gets sharp."}) == [
        Segment("It is blurred. "),
        Segment("It gets sharp.", (1,)),
    ]


def test_white_space_in_a_quote_stands_for_any():
    assert Segment("gets\n  sharp", (3,)) in segments("It gets\n  sharp soon.", {3: "gets sharp"})


def test_where_quotes_overlap_a_segment_belongs_to_both():
    assert segments("abc def ghi", {1: "abc def", 2: "def ghi"}) == [
        Segment("abc ", (1,)),
        Segment("def", (1, 2)),
        Segment(" ghi", (2,)),
    ]


def test_a_quote_that_the_text_does_not_hold_marks_nothing():
    assert segments("It is blurred.", {1: "It is sharp.", 2: " "}) == [Segment("It is blurred.")]


@given(st.text(), st.dictionaries(st.integers(1, 9), st.text(max_size=5), max_size=4))
def test_the_segments_joined_are_the_text_again(text: str, quotes: dict[int, str]):
    assert "".join(segment.text for segment in segments(text, quotes)) == text
