"""The sources that answers point to, for a reference manager: BibTeX and CSL-JSON, with what was supplied and nothing else.

No author, year or journal is made up: a source has a title, its links, and what an arXiv link says by itself.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from bot.service import Exchange
from store.model import Kind, Source

_ARXIV = re.compile(
    r"//(?:www\.)?arxiv\.org/(?:abs|pdf)/(?P<id>[\w.-]+?/?\d[\d.]*(?:v\d+)?)(?:\.pdf)?/?$", re.IGNORECASE
)
_NO_KEY = re.compile(r"[^A-Za-z0-9.]+")
_TEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "{}$&%#_"},
}
_IN_LINKS = {"\\": "%5C", "{": "%7B", "}": "%7D", " ": "%20"}  # what would end a field, or part a link


def pointed_to(exchanges: Iterable[Exchange]) -> list[Source]:
    """The sources that the answers of a conversation point to or quote, in the order in which they first do."""
    found: dict[str, Source] = {}
    for exchange in exchanges:
        if exchange.answer is None:
            continue
        named = [reference.source_id for reference in exchange.answer.references]
        named += [citation.source_id for citation in exchange.answer.citations]
        found |= {name: exchange.sources[name] for name in named if name in exchange.sources and name not in found}
    return list(found.values())


def bibtex(sources: Sequence[Source]) -> str:
    """The sources as BibTeX, one `@misc` each; keys are made of their ids."""
    return "\n".join(_entry(source) for source in sources)


def csl_json(sources: Sequence[Source]) -> str:
    """The sources as CSL-JSON."""
    return json.dumps([_item(source) for source in sources], ensure_ascii=False, indent=2) + "\n"


def _entry(source: Source) -> str:
    arxiv = _arxiv(source)
    fields = {
        "title": f"{{{_tex(source.title)}}}",  # in braces of its own, so that its capitals stay
        "url": _link(source.paper_url or source.github_url or ""),
        "eprint": arxiv,
        "archiveprefix": "arXiv" if arxiv else "",
        "note": f"Code: \\url{{{_link(source.github_url)}}}" if source.github_url and source.paper_url else "",
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{_key(source)},", *lines, "}", ""])


def _item(source: Source) -> dict[str, Any]:
    arxiv = _arxiv(source)
    kind = "software" if source.kind is Kind.MODEL else "article" if arxiv else "document"
    item = {
        "id": _key(source),
        "type": kind,
        "title": source.title,
        "URL": source.paper_url or source.github_url or "",
        "archive": "arXiv" if arxiv else "",
        "archive_location": arxiv,
        "note": f"Code: {source.github_url}" if source.github_url and source.paper_url else "",
    }
    return {name: value for name, value in item.items() if value}


def _key(source: Source) -> str:
    return _NO_KEY.sub("-", source.source_id).strip("-") or "source"


def _arxiv(source: Source) -> str:
    found = _ARXIV.search(source.paper_url or "")
    return found["id"] if found else ""


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in " ".join(text.split()))


def _link(url: str) -> str:
    return "".join(_IN_LINKS.get(character, character) for character in url)
