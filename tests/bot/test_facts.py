"""A short question about a named source is answered by the sentence that holds what it asks for, or by an honest no."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bot.answer import Answer
from bot.embedded.fact import asks_how_many, foreign_names, particulars, tells_how_many
from bot.embedded.names import names, speaks_of, titled
from bot.embedded.wording import demanded, share
from store.model import Entry, Kind, Source
from store.text import render_text

ENTRIES = (
    Entry(
        Kind.PAPER,
        "FrostNet: Removing Frost from Window Panes",
        "https://arxiv.org/abs/2002.00001",
        "https://github.com/example/frostnet",
        "FrostNet removes frost from pictures taken through a cold pane. It has three stages and 4M parameters. "
        "Its depth is 40 layers. "
        "On the Pane200 test set it reaches 31.5 dB, and it is far ahead of BrushNet. The Pane200 dataset holds 200 scenes. "
        "It won the Winter Challenge.",
    ),
    Entry(Kind.MODEL, "ThawNet-S-Pane200", "https://arxiv.org/abs/2002.00002", "https://github.com/example/thaw", ""),
    Entry(
        Kind.PAPER,
        "Real-Time Handheld Defrosting with Warm Priors",
        "https://arxiv.org/abs/2002.00002",
        None,
        "ThawNet was trained on a million pictures. It clears frozen pictures on a phone.",
    ),
    Entry(
        Kind.PAPER,
        "Film: Frames Between Two Photographs",
        "https://arxiv.org/abs/2002.00003",
        None,
        "A short video is made of two photographs. One network does everything. Its frames are 640x480. "
        "Night photographs are the hard case. The collection holds 90 of them.",
    ),
    Entry(
        Kind.PAPER,
        "R^2-Frost: Twice over the Rime",
        "https://arxiv.org/abs/2002.00004",
        "https://github.com/example/rime-twice-over",
        "Rime on a lens is removed in two passes. The small version takes 4.7 MB. ICENET redesigns an older network for speed. "
        "It is 40 times faster than SNOWNET. A data set of four parts comes with it. The frame rate of 60 was measured on an "
        "Nvidia card. The number of passes falls from 9 to 2. Its album contains 100 pictures. "
        "For 70 of them a caption was written.",
    ),
    Entry(
        Kind.PAPER,
        "SleetNet: Contrastive Learning for Pictures in Sleet",
        "https://arxiv.org/abs/2002.00005",
        "https://github.com/example/sleet",
        "Sleet smears the lights of a street. SleetNet ran on a robot in a tunnel under the Grand Canal. It has far fewer "
        "parameters than others. Heavy computing keeps most methods from real time; pictures of 2K resolution take it under 1s. "
        "It trains with 12% less memory. The benchmark re-sorts the DRIFTS collection into five kinds.",
    ),
    Entry(
        Kind.PAPER,
        "HailNet: Stones out of the Picture",
        "https://arxiv.org/abs/2002.00006",
        None,
        "HailNet takes hailstones out of a picture, where earlier models such as OldHail lose the leaves. It ranks 1st on "
        "Graupel and Firn and is up to 4.1x faster than methods of similar performance. Its Intersection-over-Union is on "
        "average 11% higher than that of the next best model. It needs over 90% fewer parameters. Compared with STONECAM "
        "it saves up to 72.1% of the bits. It beat what came before by more than 5.3% on IceHQ. The samples go back to the "
        "SKYEYE instrument of a weather station. On NIMBUS and CIRRUS9 it reached the state of the art. Each scene was drawn "
        "under ten different light and weather conditions, and the clips last 32 frames.",
    ),
)


@pytest.fixture(scope="module")
def ask(ask_over: Callable[[Sequence[Entry]], Callable[[str], Answer]]) -> Callable[[str], Answer]:
    return ask_over(ENTRIES)


@pytest.fixture
def frost() -> Source:
    entry = ENTRIES[0]
    text = render_text(entry.title, entry.paper_url, entry.github_url, entry.summary)
    return Source("arxiv:2002.00001", entry.title, entry.kind, entry.paper_url, entry.github_url, ("frost",), text)


@pytest.mark.parametrize(
    ("question", "held"),
    [
        ("How many stages does FrostNet have?", "three stages"),
        ("How many weights does FrostNet have?", "4M parameters"),
        ("How many layers does FrostNet have?", "40 layers"),
        ("What PSNR does FrostNet reach on Pane200?", "31.5 dB"),
        ("By how many dB is FrostNet measured on Pane200?", "31.5 dB"),
        ("Which challenge did FrostNet win?", "Winter Challenge"),
        ("How many scenes does Pane200 hold?", "200 scenes"),  # a model is called after it, too, and tells nothing
        ("On how many images was real-time handheld defrosting trained?", "a million pictures"),
        ("What’s the number of stages in FrostNet?", "three stages"),
        ("On how many images was ThawNet trained?", "a million pictures"),  # of that model itself only links are held
        ("What size are Film's frames?", "640x480"),
        ("What PSNR is reported by the paper on FrostNet?", "31.5 dB"),
        ("how many megabytes is the small version of r2frost?", "4.7 MB"),
        ("how many megabytes is rime twice over, the small version", "4.7 MB"),
        ("By what factor is ICENET quicker than SNOWNET?", "40 times"),
        ("Of how many parts does the dataset of R2-Frost consist?", "four parts"),
        ("On what GPU was r2 frost timed?", "Nvidia card"),
        ("From how many passes to how many does R2-Frost get down?", "from 9 to 2"),
        ("Which data sets was FrostNet tested on?", "Pane200"),
        ("What resolution do the frames of Film have?", "640x480"),
        ("In R2-Frost's album, how many pictures have a caption?", "70 of them"),
        ("Where was SleetNet tried out?", "Grand Canal"),
        ("How fast is SleetNet at 2K?", "under 1s"),
        ("How much memory does SleetNet save?", "12% less memory"),
        ("Which collection of snowy pictures did they use with SleetNet?", "DRIFTS"),
        ("Which older model does HailNet improve on?", "OldHail"),
        ("On which benchmarks is HailNet first?", "Graupel and Firn"),
        ("up to how much faster is HailNet than methods that perform about the same?", "4.1x"),
        ("By how many percent does HailNet beat the next best model in IoU?", "11%"),
        ("How many percent of the parameters does HailNet save?", "90%"),
        ("HailNet vs STONECAM: savings of bits, up to how many percent?", "72.1%"),
        ("What improvement does HailNet report on IceHQ?", "5.3%"),
        ("Which sets of clouds was HailNet measured on?", "NIMBUS"),
        ("Under how many weather conditions was each scene of HailNet drawn?", "ten different"),
        ("How many frames long are HailNet's clips?", "32 frames"),
        ("What instrument do the pictures of HailNet come from?", "SKYEYE"),
        ("How many night photographs does Film's collection hold altogether?", "90 of them"),
    ],
)
def test_what_a_source_tells_is_found(ask: Callable[[str], Answer], question: str, held: str) -> None:
    answer = ask(question)
    assert answer.mode == "lookup" and held in answer.answer


@pytest.mark.parametrize(
    "question",
    [
        "How long did they train FrostNet, and on what machine?",
        "Which programming language is FrostNet written in?",
        "What SSIM does FrostNet reach on Pane200?",
        "What PSNR does FrostNet reach on Sleet9K?",
        "How many people took part in the FrostNet user study?",
        "How do I install FrostNet on my Mac?",
        "Has anybody tested FrostNet on a Raspberry Pi?",
        "Which optimiser was FrostNet trained with?",
        "What does ThawNet-S-Pane200 cost per picture?",
        "How often has the FrostNet paper been cited?",
        "How many million parameters has SleetNet got exactly?",
        "What's inside of E2E-ThawNet, the one for mri? how does it work",
        "How does FrostNet differ from BrushNet?",
        "How fast is the Film paper's network?",  # others tell that of themselves
        "How many percent of the parameters does FrostNet save?",
        "Which older model does SleetNet improve on?",
        "Give me the link to the dark channel prior paper.",
    ],
)
def test_what_no_source_tells_is_refused(ask: Callable[[str], Answer], question: str) -> None:
    answer = ask(question)
    assert answer.refused, answer.answer
    assert not answer.citations


@pytest.mark.parametrize(
    ("question", "link"),
    [
        (
            "and where is SleetNet: Contrastive Learning for Pictures in Sleet's code?",
            "https://github.com/example/sleet",
        ),
        ("Please point me to the FrostNet paper.", "https://arxiv.org/abs/2002.00001"),
        ("where do i get frostnet", "https://github.com/example/frostnet"),
        ("Which paper describes FrostNet?", "https://arxiv.org/abs/2002.00001"),
        ("I'd like to read up on FrostNet, have you got an address?", "https://arxiv.org/abs/2002.00001"),
        ("Is FrostNet's source open? Where?", "https://github.com/example/frostnet"),
        ("Have the FrostNet authors shared their code?", "https://github.com/example/frostnet"),
        ("paper on real-time handheld defrosting pls", "https://arxiv.org/abs/2002.00002"),
        ("where's the program of FrostNet?", "https://github.com/example/frostnet"),
        ("where's the write-up on FrostNet", "https://arxiv.org/abs/2002.00001"),
        ("What do I cite for FrostNet?", "https://arxiv.org/abs/2002.00001"),
        ("I need the web address of the FrostNet paper.", "https://arxiv.org/abs/2002.00001"),
        ("FrostNet: just give me somewhere to read it.", "https://arxiv.org/abs/2002.00001"),
    ],
)
def test_a_link_is_asked_for_in_many_ways(ask: Callable[[str], Answer], question: str, link: str) -> None:
    answer = ask(question)
    assert answer.mode == "lookup" and link in answer.answer


def test_a_word_that_is_also_a_name_is_meant_as_it_is_written(ask: Callable[[str], Answer]) -> None:
    assert "Film" in ask("Tell me about Film").answer
    assert ask("How does one put convincing grain on a film?").refused


@pytest.mark.parametrize(
    "question",
    [
        "FrostNet or Film: how do they go about it?",
        "what does FrostNet do that Film doesnt",
        "I can't decide between FrostNet and Film. What separates the two?",
    ],
)
def test_two_names_side_by_side_are_compared(ask: Callable[[str], Answer], question: str) -> None:
    answer = ask(question)
    assert answer.mode == "compare" and len(answer.references) == 2


def test_what_a_question_demands_leaves_out_the_name_and_empty_words(frost: Source) -> None:
    assert demanded("What does FrostNet do?", frost) == frozenset()
    assert demanded("How does FrostNet remove frost?", frost) == demanded("removes the frost", frost)
    assert share(demanded("Which panes?", frost), "a pane of glass") == 1.0
    assert share(demanded("Does its interface ignore internal noise?", frost), "nothing of the kind") == 0.0


def test_names_and_measures_that_a_source_does_not_hold_are_foreign_to_it(frost: Source) -> None:
    assert foreign_names("What SSIM does FrostNet reach on Sleet9K?", frost) == ["Sleet9K", "SSIM"]
    assert foreign_names("How is FrostNet on Pane200?", frost) == []


def test_a_number_is_told_only_of_what_is_counted() -> None:
    assert tells_how_many("How many scenes are there?", ["It holds 1,870 carefully shot scenes."])
    assert tells_how_many("How many phones took part?", ["Taken by three different phones."])
    assert not tells_how_many("How many people took part?", ["People preferred it even at twice the bitrate."])
    assert tells_how_many("What is it?", ["Anything."]) and not asks_how_many("What is it?")


def test_a_number_inside_a_word_counts_nothing_and_one_after_its_noun_does() -> None:
    assert not tells_how_many("How many pictures does it hold?", ["Learned from eight-bit pictures."])
    assert tells_how_many("How many steps does it take?", ["It lowers the number of steps from 50 to 2."])


def test_a_plural_is_its_singular(frost: Source) -> None:
    for asked, told in (("Which losses?", "a ranking loss"), ("Any convolutions?", "no convolutional layer")):
        assert share(demanded(asked, frost), told) >= 0.5


def test_what_is_told_of_a_name_that_is_not_the_source_s_own_is_in_its_description(
    ask: Callable[[str], Answer],
) -> None:
    assert "ICENET redesigns" in ask("What is ICENET?").answer


def test_a_title_asks_for_no_particular(frost: Source) -> None:
    source = Source("x", "Real-Time Defrosting", Kind.PAPER, None, None, ("a",), "Real-Time Defrosting\n\nIt defrosts.")
    assert particulars("On how many images was real-time defrosting trained?", [source]) == []
    assert [one.name for one in particulars("Is it real-time?", [frost])] == ["how fast it runs"]


def test_a_name_is_spoken_of_where_a_source_says_what_it_does(frost: Source) -> None:
    assert speaks_of("FrostNet", frost) and speaks_of("Pane200", frost)
    assert not speaks_of("BrushNet", frost)
    assert names("What is Pane200?", [frost]) == [frost]


def test_most_of_a_title_s_own_words_name_it(frost: Source) -> None:
    assert titled("how was removing frost from panes done", [frost]) == [frost]
    assert titled("how do I remove frost", [frost]) == []


def test_questions_of_the_data_folder_s_age_still_read(tmp_path: Path) -> None:
    """A conversation that was kept before searches told of near subjects is read as before."""
    from langchain_core.messages import ToolMessage

    from bot.tools import SEARCH, found_in

    artifact = {"query": "q", "sources": {}, "evidence": []}
    found = found_in([ToolMessage("", name=SEARCH, tool_call_id="1", artifact=artifact)])
    assert found[0].near == () and found[0].among > 0
