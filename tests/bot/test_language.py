"""How questions and summaries are read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.embedded.knowledge import Phrases, asked_attributes, asked_tasks, tasks, tasks_of
from bot.embedded.language import Part, is_name, parts_of, quotable, read_question, short_title


def test_a_question_is_split_into_what_is_told_and_what_is_asked() -> None:
    question = read_question("I moved my camera. What can AI do, and how does it know what was there?")
    assert question.situation == "I moved my camera."
    assert question.parts == ("What can AI do?", "How does it know what was there?")


def test_a_question_without_a_question_mark_is_its_last_sentence() -> None:
    assert read_question("The sky is white. How can I fix that").parts == ("How can I fix that?",)


def test_and_inside_a_question_does_not_split_it() -> None:
    assert read_question("What keeps it both fast and accurate?").parts == ("What keeps it both fast and accurate?",)


@given(st.text(max_size=400))
def test_every_text_with_words_has_a_part(text: str) -> None:
    parts = read_question(text).parts
    assert parts or not text.strip(' "“”\n\t?!.…')


@pytest.mark.parametrize(
    ("question", "task"),
    [
        ("My photos are blurry because my hands shake", "deblurring"),
        ("I blew up a tiny picture", "super-resolution"),
        ("The sky in my clip is just white", "HDR reconstruction"),
        ("Grandma's portrait is damaged", "face restoration"),
        ("It rained all day and the windscreen shows", "deraining"),
        ("The candle-lit dinner came out too dark", "low-light enhancement"),
        ("How do I restore this old photo?", "image restoration"),
    ],
)
def test_everyday_words_name_the_task(question: str, task: str) -> None:
    assert asked_tasks(question)[0].name == task


def test_a_text_about_nothing_of_the_field_has_no_task() -> None:
    assert tasks_of("Sourdough needs flour, water and salt.") == []


def test_every_task_finds_itself_by_its_own_name() -> None:
    for task in tasks():
        assert task in asked_tasks(f"Tell me about {task.name}"), task.name


def test_the_particulars_that_are_asked_for_are_named() -> None:
    assert [one.name for one in asked_attributes("Which optimiser does it use?")] == ["how it was trained"]
    assert [one.name for one in asked_attributes("How many parameters does it have?")] == ["how large it is"]


def test_phrases_match_whole_words_and_open_stems() -> None:
    phrases = Phrases(["blur*", "low light", "20##"])
    assert phrases.find("Blurry low-light photos of 2019") == ["blurry", "low-light", "2019"]
    assert "unblurred" not in phrases
    assert "anything" not in Phrases([])


def test_a_title_s_short_form_is_its_name_or_its_head() -> None:
    assert short_title("CausalSR: Structural Causal Model-Driven Super-Resolution") == "CausalSR"
    assert short_title("Online Overexposed Pixels Hallucination in Videos with Adaptive Reference Frame Selection") == (
        "Online Overexposed Pixels Hallucination"
    )
    assert is_name("FeatSharp: Your Vision Model Features, Sharper")
    assert not is_name("On the Importance of Accurate Geometry Data for Dense 3D Vision Tasks")


def test_sentences_that_would_bring_a_link_or_a_marker_along_are_not_quoted() -> None:
    assert quotable("We propose a network that removes rain.")
    assert not quotable("Our demo video can be found at https://example.org/video now.")
    assert not quotable("Others did so before us [12] with less success.")
    assert not quotable("We introduce a dataset\\footnote{it is online} of many pictures.")


def test_a_sentence_s_parts_are_read_off_its_words() -> None:
    assert Part.METHOD in parts_of("We propose a transformer that fills in detail.")
    assert Part.RESULT in parts_of("It outperforms others by 1.2 dB PSNR.")
    assert Part.LIMIT in parts_of("The model does not enlarge the photo.")
    assert parts_of("The sea is wide.") == {Part.OTHER}
