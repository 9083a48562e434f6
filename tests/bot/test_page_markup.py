from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.page.markup import answer_html, as_html_block
from bot.render import escape

SUPPLIED = ("https://arxiv.org/abs/2001.00001", "https://github.com/a_b/c_d?x=1&y=(2)")
HEADINGS = {f"h{level}" for level in range(1, 7)}
INLINE = {"strong", "em", "code", "br", "span", "a"}
ALLOWED = {*HEADINGS, *INLINE, "p", "ul", "ol", "li", "pre", "hr", "blockquote", "div"}
ALLOWED |= {"table", "thead", "tbody", "tr", "th", "td"}


class Seen(HTMLParser):
    """The elements of some HTML, and where its links lead."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


def html(markdown: str, *, markers: tuple[int, ...] = (1, 2), urls: tuple[str, ...] = SUPPLIED) -> str:
    return answer_html(markdown, answer=3, markers=markers, urls=urls)


def test_a_marker_becomes_a_link_to_its_quote():
    shown = html("It works at three scales. [1][2]")
    assert 'href="#quote-3-1"' in shown
    assert 'href="#quote-3-2"' in shown


def test_an_unbound_or_escaped_marker_stays_words():
    assert Seen(html("See [7] and \\[1\\].")).links == []
    assert "[7] and [1]" in html("See [7] and \\[1\\].")


@pytest.mark.parametrize("url", SUPPLIED)
def test_supplied_addresses_become_links_exactly(url: str):
    assert Seen(html(f"code: {url} [1]")).links == [url, "#quote-3-1"]
    assert Seen(html(f"[code](<{url}>)")).links == [url]
    assert 'rel="noopener noreferrer"' in html(f"code: {url}")


@pytest.mark.parametrize(
    "markdown",
    [
        "[x](https://evil.example/)",
        "[x](javascript:alert(1))",
        "![x](https://evil.example/x.png)",
        "<https://evil.example/>",
        "https://evil.example/",
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "a <b onclick=alert(1)>b</b>",
        "[x]: https://evil.example/\n\n[x]",
        "| <img src=x> |\n| --- |\n| [x](data:text/html,x) |",
        "```\n<script> → <img src=x> → </ol>\n```",
    ],
)
def test_nothing_else_links_embeds_or_runs(markdown: str):
    seen = Seen(html(markdown))
    assert seen.links == []
    assert seen.tags <= ALLOWED


@given(st.text(alphabet=st.sampled_from("ab []()!<>\\`*_#|~-:/\n\"'&;1→="), max_size=60))
def test_whatever_is_written_only_supplied_links_and_plain_elements_come_out(markdown: str):
    seen = Seen(html(f"{markdown} https://evil.example/"))
    assert seen.tags <= ALLOWED
    assert set(seen.links) <= {*SUPPLIED, "#quote-3-1", "#quote-3-2"}
    assert not {name for name in seen.attributes if name.startswith("on") or name in ("src", "style")}


@given(st.text(alphabet=st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30))
def test_an_escaped_title_is_shown_as_it_is(title: str):
    class Words(HTMLParser):
        words = ""

        def handle_data(self, data: str) -> None:
            self.words += data

    parser = Words()
    parser.feed(html(f"by {escape(title)}."))
    assert parser.words.strip() == f"by {title}."


def test_arrows_become_a_diagram():
    shown = html("```\nphoto  →  MSSNet  →  sharper photo\n```")
    assert shown.count("<li>") == 3
    assert "Model" in shown


def test_a_block_has_no_line_breaks_so_that_markdown_leaves_it_alone():
    assert "\n" not in as_html_block("<pre>a\n\nb</pre>\n")
