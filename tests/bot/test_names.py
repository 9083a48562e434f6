"""Which names a question is about, and which the sources hold."""

import pytest

from bot.embedded.names import aliases, mentions, names, unknown_names
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
