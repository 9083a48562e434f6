"""When two entries are the same source: the identity of papers and models.

A paper is its canonical link (arXiv number without version, else the normalised URL, else the title);
a model is its name together with its repository, since two models may share a paper.
"""

import hashlib
import re
from urllib.parse import urlsplit

from store.model import Entry, Kind

_ARXIV = re.compile(
    r"arxiv\.org/(?:abs|pdf|html)/((?:\d{4}\.\d{4,5})|(?:[a-z-]+(?:\.[A-Z]{2})?/\d{7}))(?:v\d+)?",
    re.IGNORECASE,
)
_READABLE = 60  # characters of a slug that stay readable before the digest


def arxiv_id(url: str | None) -> str | None:
    """The arXiv number in `url` without its version, or None: `.../pdf/2501.15852v1.pdf` -> `2501.15852`."""
    match = _ARXIV.search(url or "")
    return match.group(1).lower() if match else None


def normalise_url(url: str) -> str:
    """`url` reduced to what identifies its page: host and path, lower case, no scheme, `www.` or trailing slash.

    A query string is kept, since it may name the page; a fragment is not. Equal results mean the same page;
    the result is an identity, never a link to show.
    """
    parts = urlsplit(url.strip() if "//" in url else f"//{url.strip()}")
    host = (parts.hostname or "").removeprefix("www.")
    path = parts.path.rstrip("/").removesuffix(".git")
    query = f"?{parts.query}" if parts.query else ""
    return f"{host}{path}{query}".lower()


def source_id(entry: Entry) -> str:
    """The identity of the source that `entry` describes: short, readable, the same in every store."""
    if entry.kind is Kind.MODEL:
        link = entry.github_url or entry.paper_url
        key = f"{_fold(entry.title)}@{normalise_url(link) if link else ''}"
        return f"model:{_slug(entry.title, key)}"
    number = arxiv_id(entry.paper_url)
    if number:
        return f"arxiv:{number}"
    if entry.paper_url or entry.github_url:
        url = normalise_url(entry.paper_url or entry.github_url or "")
        return f"url:{_slug(url, url)}"
    return f"paper:{_slug(entry.title, _fold(entry.title))}"


def _fold(text: str) -> str:
    return " ".join(text.casefold().split())


def _slug(readable: str, key: str) -> str:
    """A readable stem and a digest of `key`, which alone decides equality."""
    stem = re.sub(r"[^a-z0-9]+", "-", readable.casefold()).strip("-")[:_READABLE].strip("-")
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{stem}-{digest}" if stem else digest
