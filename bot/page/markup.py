"""Turn the Markdown of an answer into HTML for the page.

The Markdown is ours, but words of sources and users stand in it: HTML in it is shown, never read, images are not shown,
and only supplied addresses become links. Markers `[n]` become links to the quote in the panel of sources.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from functools import cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_MARKER = re.compile(r"\[(\d{1,4})\](?!\()")
_ARROW = "→"


def answer_html(markdown: str, *, answer: int, markers: Collection[int], urls: Iterable[str]) -> str:
    """The HTML of an answer's Markdown.

    answer: its number in the conversation, which the markers' links carry.
    markers: those that are bound to a quote; others stay words.
    urls: the addresses that may be links.
    """
    env = {"answer": answer, "markers": frozenset(markers), "urls": sorted(set(urls), key=len, reverse=True)}
    return str(_parser().render(markdown, env))


def quote_anchor(answer: int, marker: int) -> str:
    """The name under which the page finds a quote."""
    return f"quote-{answer}-{marker}"


def outside_link(url: str, text: str) -> str:
    """A link that opens in a new tab and tells the other side nothing of us."""
    return f'<a href="{escape(url)}" target="_blank" rel="noopener noreferrer">{escape(text)}</a>'


def as_html_block(html: str) -> str:
    """`html` on one line, so that a Markdown renderer hands it on as it is."""
    return html.strip().replace("\n", "&#10;")


class _Parser(MarkdownIt):
    """A parser that leaves addresses exactly as they were supplied."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802  # markdown-it's name
        return url


@cache
def _parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False}).enable("table").disable(["image", "autolink", "html_inline"])
    parser.inline.ruler.before("link", "marker", _read_marker)
    parser.core.ruler.push("supplied_urls", _link_supplied)
    for name, rule in (
        ("marker", _marker),
        ("fence", _fence),
        ("link_open", _link_open),
        ("link_close", _link_close),
        ("table_open", _table_open),
        ("table_close", _table_close),
    ):
        parser.add_render_rule(name, rule)
    return parser


def _read_marker(state: StateInline, silent: bool) -> bool:
    """Read `[n]` where n is bound to a quote; an escaped bracket never comes here."""
    found = _MARKER.match(state.src, state.pos)
    if not found or int(found[1]) not in state.env["markers"]:
        return False
    if not silent:
        state.push("marker", "a", 0).content = found[1]
    state.pos = found.end()
    return True


def _link_supplied(state: StateCore) -> None:
    """Make links of supplied addresses that stand in the text as plain words."""
    if not state.env["urls"]:
        return
    pattern = re.compile("|".join(re.escape(url) for url in state.env["urls"]))
    for block in state.tokens:
        if not block.children:
            continue
        linked, children = False, []
        for token in block.children:
            linked = token.type == "link_open" or (linked and token.type != "link_close")
            children += [token] if linked or token.type != "text" else _split(token.content, pattern)
        block.children = children


def _split(text: str, pattern: re.Pattern[str]) -> list[Token]:
    """`text` as tokens, with a link for each address that `pattern` finds."""
    parts, end = [], 0
    for found in pattern.finditer(text):
        parts += [
            Token("text", "", 0, content=text[end : found.start()]),
            Token("link_open", "a", 1, attrs={"href": found.group()}),
            Token("text", "", 0, content=found.group()),
            Token("link_close", "a", -1),
        ]
        end = found.end()
    return [*parts, Token("text", "", 0, content=text[end:])]


def _marker(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    number = int(tokens[index].content)
    anchor = quote_anchor(env["answer"], number)
    return (
        f'<a class="marker" href="#{anchor}" title="Show quote {number}"><span class="unseen">quote </span>{number}</a>'
    )


def _fence(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A fenced text: the diagram `input → model → output` where it holds arrows."""
    content = tokens[index].content.strip()
    steps = [step.strip() for step in content.split(_ARROW)]
    if len(steps) == 1:
        return f"<pre><code>{escape(content)}</code></pre>\n"
    names = ("Input", "Model", "Output") if len(steps) == 3 else ("",) * len(steps)
    shown = "".join(
        f'<li><span class="flow-name">{name}</span><span class="flow-step">{escape(step)}</span></li>'
        for name, step in zip(names, steps, strict=True)
    )
    return f'<ol class="flow">{shown}</ol>\n'


def _link_open(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    href = str(tokens[index].attrGet("href") or "")
    if href not in env["urls"]:
        return "<span>"
    return f'<a href="{escape(href)}" target="_blank" rel="noopener noreferrer">'


def _link_close(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return "</a>" if _opening(tokens, index) in env["urls"] else "</span>"


def _opening(tokens: Sequence[Token], close: int) -> Any:
    """The address of the link that ends at `close`; links do not nest."""
    return next((token.attrGet("href") for token in reversed(tokens[:close]) if token.type == "link_open"), None)


def _table_open(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return '<div class="table" tabindex="0" role="region" title="Comparison"><table>\n'


def _table_close(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    return "</table></div>\n"
