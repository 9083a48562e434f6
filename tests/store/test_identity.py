"""When two entries are the same source."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.identity import arxiv_id, normalise_url, source_id
from store.model import Entry, Kind

REPOSITORY = "https://github.com/kky7/MSSNet"


def paper(title: str = "A paper", url: str | None = None, github: str | None = None) -> str:
    return source_id(Entry(Kind.PAPER, title, url, github))


def model(title: str, github: str | None = None, url: str | None = None) -> str:
    return source_id(Entry(Kind.MODEL, title, url, github))


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/abs/2501.15852",
        "http://arxiv.org/abs/2501.15852v3",
        "https://www.arxiv.org/pdf/2501.15852v1.pdf",
        "arxiv.org/pdf/2501.15852",
        "https://export.arxiv.org/abs/2501.15852v12",
        "https://arxiv.org/html/2501.15852v2",
        "https://arxiv.org/abs/2501.15852?context=cs.CV#top",
        "https://doi.org/10.48550/arXiv.2501.15852",
    ],
)
def test_every_form_of_an_arxiv_link_is_the_same_paper(url: str) -> None:
    assert paper("Any title", url) == "arxiv:2501.15852"


@pytest.mark.parametrize(
    ("url", "number"),
    [
        ("https://arxiv.org/abs/hep-th/9901001v2", "hep-th/9901001"),
        ("https://arxiv.org/abs/math.GT/0309136", "math.gt/0309136"),
        ("https://arxiv.org/abs/2501.158521", None),
        ("https://notarxiv.org/abs/2501.15852", None),
        ("https://example.org/?from=arxiv.org/abs/2501.15852", None),
        ("https://arxiv.org/list/cs.CV/recent", None),
        (None, None),
        ("", None),
    ],
)
def test_an_arxiv_number_is_read_only_from_an_arxiv_link(url: str | None, number: str | None) -> None:
    assert arxiv_id(url) == number


@pytest.mark.parametrize(
    "url",
    [
        "http://github.com/kky7/MSSNet",
        "https://www.github.com/kky7/MSSNet/",
        "https://github.com/kky7/MSSNet.git",
        "github.com/kky7/mssnet",
        " https://GitHub.com/kky7/MSSNet#readme ",
        "https://github.com:443/kky7/MSSNet",
    ],
)
def test_scheme_www_slash_git_and_case_do_not_make_another_page(url: str) -> None:
    assert normalise_url(url) == normalise_url(REPOSITORY)


def test_another_path_query_or_port_is_another_page() -> None:
    pages = ["http://a.org/x", "http://a.org/y", "http://a.org/x?id=1", "http://a.org/x?id=2", "http://a.org:8000/x"]
    assert len({normalise_url(page) for page in pages}) == len(pages)


def test_two_models_that_share_a_paper_are_two_sources() -> None:
    shared = "https://arxiv.org/abs/2202.09652"
    assert model("MSSNet", REPOSITORY, shared) != model("MSSNet-L", REPOSITORY, shared)


def test_a_model_is_its_name_with_its_repository() -> None:
    assert model("MSSNet", REPOSITORY) == model(" mssnet ", REPOSITORY + ".git", "https://arxiv.org/abs/2202.09652")
    assert model("MSSNet", REPOSITORY) != model("MSSNet", "https://github.com/other/MSSNet")


def test_a_model_without_a_repository_is_known_by_its_paper_in_any_version() -> None:
    assert model("Net", None, "https://arxiv.org/abs/2202.09652v1") == model("Net", None, "arxiv.org/pdf/2202.09652v2")


def test_a_model_and_the_paper_about_it_are_two_sources() -> None:
    assert model("MSSNet", None, "https://arxiv.org/abs/2202.09652") != paper(
        "MSSNet", "https://arxiv.org/abs/2202.09652"
    )


def test_a_paper_without_links_is_known_by_its_title_whatever_its_spacing_and_case() -> None:
    assert paper("Deep  Deblurring:\na Survey") == paper("deep deblurring: A SURVEY", " ")
    assert paper("Deep Deblurring") != paper("Deep Denoising")


def test_letters_written_in_two_ways_are_the_same_title() -> None:
    assert paper("Caf\u00e9 restoration") == paper("Cafe\u0301 restoration")


def test_titles_without_latin_letters_keep_apart() -> None:
    assert paper("图像去模糊") != paper("图像去噪")


def test_a_broken_link_is_an_identity_all_the_same() -> None:
    assert paper("x", "https://[broken") == paper("y", "https://[broken")
    assert paper("x", "https://a.org:99999/x") != paper("x", "https://a.org:99998/x")


@given(st.text(min_size=1), st.none() | st.text(), st.none() | st.text(), st.sampled_from(Kind))
def test_any_entry_has_a_short_identity_that_does_not_change(
    title: str, url: str | None, github: str | None, kind: Kind
) -> None:
    if not title.strip():
        return
    entry = Entry(kind, title, url, github)
    assert source_id(entry) == source_id(entry)
    assert 0 < len(source_id(entry)) < 100
    assert source_id(entry).isprintable()
