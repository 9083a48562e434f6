"""The glossary: everyday words lead to the field's words, whatever the text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.glossary import PhraseIndex, Wanted, asked, concepts, in_field_words


def test_phrases_match_whole_words_and_open_stems() -> None:
    index = PhraseIndex([("blur*", 1), ("low light", 2), ("too dark", 3)])
    assert index.count("Blurry low-light photos, blurred; unblurred and light") == {1: 2, 2: 1}
    assert index.count("") == {}


def test_a_phrase_at_the_end_of_a_text_needs_all_its_words() -> None:
    assert PhraseIndex([("low light", 1)]).count("It is low") == {}


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("the sky in my clip is just white", "HDR"),
        ("my hands shook and everything is smeared", "motion deblurring"),
        ("wavy stripes on a photo of my monitor", "demoiréing"),
        ("It should be quick on my phone", "lightweight"),
    ],
)
def test_everyday_words_are_put_into_the_field_s(question: str, name: str) -> None:
    assert in_field_words(question).startswith(question)
    assert name in in_field_words(question)


def test_a_question_about_nothing_of_the_field_stays_as_it_is() -> None:
    assert in_field_words("How do vaccines work?") == "How do vaccines work?"


def test_a_text_on_what_is_asked_agrees_more_than_one_that_is_not() -> None:
    texts = ["Rain removal\n\nRain streaks are removed by deraining.", "Denoising\n\nGaussian noise is removed."]
    wanted = Wanted("it was pouring when I took this", texts)
    assert wanted.concepts(texts[0]) > wanted.concepts(texts[1]) == 0
    assert wanted.phrases(texts[0]) == 1 > wanted.phrases(texts[1]) == 0
    assert Wanted("Who are you?", texts).concepts(texts[0]) == 0


def test_every_concept_has_both_kinds_of_words_and_a_name_of_its_own() -> None:
    assert all(one.plain and one.field for one in concepts())
    assert len({one.name for one in concepts()}) == len(concepts())


@given(st.text(max_size=300), st.lists(st.text(max_size=200), max_size=4))
def test_any_question_agrees_with_any_text_by_0_to_1(question: str, texts: list[str]) -> None:
    wanted = Wanted(question, texts)
    assert all(count > 0 for count in asked(question).values())
    assert all(0 <= wanted.concepts(text) <= 1 and 0 <= wanted.phrases(text) <= 1 for text in texts)
