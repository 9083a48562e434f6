"""Which names a question is about, and which the sources hold."""

import pytest

from bot.embedded.names import aliases, mentions, names, unknown_names, unknown_names_told
from store.model import Source


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("Which optimiser does Restormer use?", ["Restormer"]),
        ("Give me the link to NAFNet?", ["NAFNet"]),
        ("Is GFPGAN better than CodeFormer?", ["GFPGAN", "CodeFormer"]),
        ("What is the PSNR of SwinIR on Rain100?", ["SwinIR"]),
        ("Please explain how VRT, the Video Restoration Transformer, works", ["VRT"]),
        ("HOW DO I FIX MY BLURRY PHOTO", []),
        ("Does DeRainer remove rain?", []),
        ("Can AI sharpen pictures of a USB microscope?", []),
        ("Can you fix a photo that I took with my iPhone in Paris?", []),
        ("How do I repair my NikonScan file?", []),
        ("Can the photo on Monday be saved?", []),
    ],
)
def test_a_question_is_about_the_names_that_stand_where_a_subject_stands(
    source: Source, question: str, unknown: list[str]
) -> None:
    assert unknown_names([question], [source]) == unknown


def test_a_source_goes_by_its_name_before_the_colon(source: Source) -> None:
    assert set(aliases(source)) >= {"derainer", "derainer rain removal"}
    assert names("What does derainer do?", [source]) == [source]
    assert names("What does it do?", [source]) == []
    assert mentions("DeRainer's results are good.", source)


def test_a_name_that_no_title_holds_is_its_source_s_by_the_summary(source: Source) -> None:
    assert names("How fast is Rain100?", [source]) == [source]
    assert names("How fast is Haze100?", [source]) == []


@pytest.mark.parametrize(
    ("situation", "unknown"),
    [
        ("I read about DewarpNet for curled pages.", ["DewarpNet"]),
        ("Somebody told me of DeRainer.", []),
        ("My MacBook is old and I live in McLean.", []),
    ],
)
def test_what_is_told_before_a_question_names_its_subject_where_it_was_heard_of(
    source: Source, situation: str, unknown: list[str]
) -> None:
    assert unknown_names_told(situation, [source]) == unknown


@pytest.mark.parametrize("written", ["de-rainer", "De Rainer", "derainer's", "DERAINER"])
def test_a_name_may_be_written_with_other_spaces_and_hyphens(source: Source, written: str) -> None:
    assert names(f"what does {written} do?", [source]) == [source]
    assert unknown_names([f"What is {written}?"], [source]) == []


def test_a_name_in_small_letters_is_one_where_a_source_writes_it_only_as_a_name(source: Source) -> None:
    assert names("how large is rain100?", [source]) == [source]
    assert names("how large is rain?", [source]) == []
