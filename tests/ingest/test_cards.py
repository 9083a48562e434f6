"""Model cards stand in where a brief gives only links, and say whose they are."""

from dataclasses import replace

import pytest

from ingest.cards import CARD_MARK, parse_card, with_card
from ingest.pipeline import bundled_briefs
from store.model import Entry, Kind

MSSNET = Entry(Kind.MODEL, "Deblur-MSSNet-RealBlurJ", None, "https://github.com/kky7/MSSNet")


def test_an_entry_without_a_summary_gets_the_card_of_its_repository():
    summary = with_card(MSSNET).summary
    assert summary.startswith(f"{CARD_MARK}\n\nMSSNet ")
    assert "MSSNet does not enlarge a photo: the result has the same width and height as the input." in summary


def test_the_repository_is_known_however_its_link_is_written():
    assert with_card(replace(MSSNET, github_url="http://www.github.com/KKY7/mssnet.git/")).summary


@pytest.mark.parametrize(
    ("title", "own", "other"), [("RealBlurJ", "32.10", "39.76"), ("X Real-Blur-R", "39.76", "32.10")]
)
def test_each_checkpoint_gets_its_own_sentences_after_the_common_ones(title: str, own: str, other: str):
    summary = with_card(replace(MSSNET, title=title)).summary
    assert f"{own} dB" in summary.split("\n\n")[-1]
    assert other not in summary


def test_a_checkpoint_without_sentences_of_its_own_gets_the_common_ones():
    assert " dB" not in with_card(replace(MSSNET, title="MSSNet")).summary


@pytest.mark.parametrize(
    "entry",
    [
        replace(MSSNET, summary="As supplied."),
        replace(MSSNET, github_url=None),
        replace(MSSNET, github_url="https://github.com/kky7/Other"),
    ],
)
def test_every_other_entry_stays_as_supplied(entry: Entry):
    assert with_card(entry) is entry


def test_a_card_brings_no_link_into_the_text():
    assert "://" not in with_card(MSSNET).summary


def test_the_bundled_briefs_have_a_text_for_every_source():
    briefs = bundled_briefs()
    assert [brief.name for brief in briefs] == ["000_175a279dbfc0e4e7.txt", "004_3a10c79aa0658d16.txt"]
    assert [brief.origin for brief in briefs] == [f"bundled:{brief.name}" for brief in briefs]
    assert all(entry.summary for brief in briefs for entry in brief.entries)


def test_a_card_without_its_repository_is_refused():
    with pytest.raises(ValueError, match="needs its repository"):
        parse_card("---\nauthor: us\n---\nText.")
