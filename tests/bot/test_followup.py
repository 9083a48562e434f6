"""Follow-ups in full words, without a model: what each kind of reference stands for."""

import pytest

from bot.embedded.followup import Exchange, resolve
from store.model import Kind, Source
from store.text import render_text


def _source(title: str, summary: str) -> Source:
    return Source(title, title, Kind.PAPER, None, None, ("a",), render_text(title, None, None, summary))


RAIN = _source("RainNet: Rain Removal", "RainNet removes rain streaks from a photo.")
HDR = _source(
    "BrightNet: High Dynamic Range Video", "BrightNet brings back overexposed areas of a video; it is for HDR."
)
NOISE = _source("Clean2Self", "Clean2Self removes noise.")
EARLIER = [
    Exchange("How is RainNet different from BrightNet?", (RAIN, HDR)),
    Exchange("Tell me about Clean2Self", (NOISE,)),
]


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("Does it have code?", "Does RainNet have code?"),
        ("Does that one have code?", "Does RainNet have code?"),
        ("How many shots do I have to take for that?", "How many shots do I have to take for RainNet?"),
        ("In how many places was that tried out?", "In how many places was RainNet tried out?"),
        ("and its input?", "and RainNet's input?"),
        ("Give me the code of the second one.", "Give me the code of BrightNet."),
        ("Does the latter run on a phone?", "Does BrightNet run on a phone?"),
        ("How is it different from the last one?", "How is RainNet different from BrightNet?"),
        ("Does the HDR one have code?", "Does BrightNet have code?"),
        ("Go back to the HDR one", "Tell me about BrightNet"),
        ("Back to the one about noise: does it have code?", "Does Clean2Self have code?"),
        ("go back to the rain one, what is its input?", "What is RainNet's input?"),
        ("which of these was tested on video?", "which of RainNet, BrightNet was tested on video?"),
        ("How do they differ?", "How do RainNet and BrightNet differ?"),
        ("Where is the code?", "Where is the code for RainNet?"),
        ("and how fast is that on video?", "and how fast is RainNet on video?"),
        ("Which streaks are taken out there?", "Which streaks are taken out for RainNet?"),
        ("What streaks come off?", "What streaks come off for RainNet?"),
    ],
)
def test_a_follow_up_is_put_into_full_words(said: str, means: str) -> None:
    assert resolve(said, EARLIER, bare=True).text == means


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ("no, I meant the other", "Does BrightNet have code?"),
        ("No, I meant BrightNet", "Does BrightNet have code?"),
        ("sorry, the other one", "Does BrightNet have code?"),
        ("and BrightNet?", "Does BrightNet have code?"),
        ("what about Clean2Self?", "Does Clean2Self have code?"),
    ],
)
def test_a_correction_asks_the_last_question_of_another_source(said: str, means: str) -> None:
    earlier = [Exchange("Does RainNet have code?", (RAIN,)), *EARLIER]
    assert resolve(said, earlier, bare=False).text == means


@pytest.mark.parametrize(
    "said",
    [
        "What is the capital of France?",
        "How do I remove haze from a photo?",
        "Does MaskNet have code, and is it fast?",
        "Which camera is good?",
        "Go on.",
    ],
)
def test_a_question_of_its_own_is_left_as_it_is(said: str) -> None:
    assert resolve(said, EARLIER, bare=False).text == said


def test_without_earlier_answers_there_is_nothing_to_refer_to() -> None:
    assert resolve("Does it have code?", [], bare=True).text == "Does it have code?"


def test_what_is_referred_to_is_the_focus() -> None:
    assert resolve("Give me the code of the second one.", EARLIER, bare=True).focus == (HDR,)
