"""A recommended model of which only links were supplied is told of by the source under the same link."""

from collections.abc import Callable, Sequence

import pytest

from bot.answer import Answer
from store.model import Entry, Kind

ENTRIES = (
    Entry(Kind.MODEL, "haze-off", "https://arxiv.org/abs/2002.00002", None, ""),
    Entry(
        Kind.PAPER,
        "Clearing Haze with a Transmission Prior",
        "https://arxiv.org/pdf/2002.00002v2",
        None,
        "We propose a network that removes haze from a single photo. The network estimates the transmission map first and then "
        "the clear picture. It exceeds earlier dehazing by 1.2 dB.",
    ),
    Entry(
        Kind.PAPER,
        "Fog on the Road",
        "https://arxiv.org/abs/2002.00003",
        None,
        "Fog hides cars from a detector. The detector is trained on foggy pictures.",
    ),
)


@pytest.fixture(scope="module")
def ask(ask_over: Callable[[Sequence[Entry]], Callable[[str], Answer]]) -> Callable[[str], Answer]:
    return ask_over(ENTRIES)


def test_an_explanation_quotes_the_models_own_paper(ask: Callable[[str], Answer]) -> None:
    answer = ask("How do I remove haze from a holiday photo?")
    assert answer.task is not None and answer.workflow is not None
    assert (
        "The recommended model is haze-off; its paper, Clearing Haze, says: “We propose a network" in answer.task.text
    )
    assert "haze-off, in its paper's words: “The network estimates the transmission map" in answer.workflow.text
    assert "don't describe it" not in answer.workflow.text
    quotes = {citation.marker: citation.quote for citation in answer.citations}
    assert quotes[1].startswith("haze-off")
    assert quotes[2] == "We propose a network that removes haze from a single photo."


def test_a_comparison_has_what_the_paper_says(ask: Callable[[str], Answer]) -> None:
    answer = ask("Compare haze-off with the paper on fog on the road.")
    assert answer.mode == "compare"
    assert "The network estimates the transmission map first" in answer.answer
    assert "It exceeds earlier dehazing by 1.2 dB." in answer.answer
