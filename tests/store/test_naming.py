"""Which questions name a source."""

import pytest

from store.naming import is_named


@pytest.mark.parametrize(
    ("title", "question", "named"),
    [
        ("SegFormer: Simple and Efficient Design", "What does segformer do?", True),
        ("Mask R-CNN", "Mask R-CNN or SegFormer?", True),
        ("Noise2Void - Learning Denoising", "Is there a repository for Noise2Void?", True),
        ("FILM: Frame Interpolation for Large Motion", "Link to the code of FILM, please.", True),
        ("FILM: Frame Interpolation for Large Motion", "How is an old film repaired?", False),
        ("Deep Image Prior", "Where is the deep image prior paper?", True),
        ("Deep Image Prior", "Is a deep image better?", False),
        ("U^2-Net: Going Deeper", "how large is u2net?", True),
        ("SwinIR: Image Restoration", "code of swin ir pls", True),
        ("MSG-VIM", "what is msgvim", True),
        ("Deep Image Prior", "a deep imageprior", True),
        ("FILM: Frame Interpolation for Large Motion", "is my fi lm gone?", False),
        ("…", "What is it?", False),
    ],
)
def test_a_source_is_named_by_its_title_or_the_head_of_it(title: str, question: str, named: bool) -> None:
    assert is_named(title, question) is named
