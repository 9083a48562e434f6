"""Which sentence says what a source is, how it works and what it reports, however it is written."""

import pytest

from bot.embedded.roles import contribution, mechanism, reported
from store.model import Kind, Source
from store.text import render_text


def source(summary: str) -> Source:
    title = "FrostNet: Removing Frost from Window Panes"
    text = render_text(title, "https://arxiv.org/abs/2002.00001", None, summary)
    return Source("arxiv:2002.00001", title, Kind.PAPER, "https://arxiv.org/abs/2002.00001", None, ("b",), text)


ABSTRACT = (
    "Frost on window panes spoils many pictures.",
    "Recent networks have achieved impressive results on rain.",
    "We propose FrostNet, which removes frost from pictures taken through a pane.",
    "A gated attention branch finds the crystals.",
    "FrostNet outperforms earlier methods by 0.4 dB.",
)
PLAIN = (
    "Frost is hard to tell from snow.",
    "FrostNet removes frost from pictures taken through a pane.",
    "A network with three branches finds the crystals.",
    "It is 3 times faster than a chain of two networks.",
)
NAMELESS = (
    "Most methods for frost need two pictures.",
    "They are slow.",
    "A small network with one branch clears a pane from a single picture.",
    "Its loss punishes smooth patches.",
)


@pytest.mark.parametrize(("sentences", "roles"), [(ABSTRACT, (2, 3, 4)), (PLAIN, (1, 2, 3)), (NAMELESS, (2, 3, None))])
def test_each_role_is_found(sentences: tuple[str, ...], roles: tuple[int | None, ...]) -> None:
    one = source(" ".join(sentences))
    found = (contribution(one), mechanism(one), reported(one))
    assert tuple(sentence and sentence.text for sentence in found) == tuple(
        None if number is None else sentences[number] for number in roles
    )


def test_what_leads_to_an_announcement_is_not_taken_for_how_it_works() -> None:
    one = source("Networks learn features for many tasks. We introduce FrostNet, which clears panes of frost.")
    assert mechanism(one) is None and reported(one) is None


def test_what_was_told_is_not_told_again() -> None:
    one = source(" ".join(PLAIN))
    assert mechanism(one, [PLAIN[2]]) is None
    assert reported(one, [PLAIN[3]]) is None


def test_without_a_summary_there_is_none() -> None:
    one = source("")
    assert contribution(one) is None and mechanism(one) is None and reported(one) is None
