"""When two entries are the same source: the identity of papers and models.

A paper is its canonical link (arXiv number without version, else the normalised URL, else the title);
a model is its name together with its repository, since two models may share a paper.
"""

import hashlib
import re
import unicodedata
from urllib.parse import urlsplit

from store.model import Entry, Kind

_ARXIV_HOSTS = ("arxiv.org", "export.arxiv.org")
_NUMBER = r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[a-z]{2})?/\d{7})(?!\d)"
_ARXIV_PATH = re.compile(rf"/(?:abs|pdf|html)/{_NUMBER}")
_ARXIV_DOI = re.compile(rf"/10\.48550/arxiv\.{_NUMBER}")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_USUAL_PORTS = (None, 80, 443)
_READABLE = 60  # characters of a slug that stay readable before the digest


def arxiv_id(url: str | None) -> str | None:
    """The arXiv number in `url` without its version, or None: `.../pdf/2501.15852v1.pdf` -> `2501.15852`."""
    host, path, _ = _parts(url or "")
    if host in _ARXIV_HOSTS:
        match = _ARXIV_PATH.match(path)
    else:
        match = _ARXIV_DOI.match(path) if host in ("doi.org", "dx.doi.org") else None
    return match.group(1) if match else None


def normalise_url(url: str) -> str:
    """`url` reduced to what identifies its page: host and path, lower case, no scheme, `www.` or trailing slash.

    A query string is kept, since it may name the page; a fragment is not. Equal results mean the same page;
    the result is an identity, never a link to show.
    """
    host, path, query = _parts(url)
    path = path.rstrip("/").removesuffix(".git")
    return f"{host}{path}{query}"


def source_id(entry: Entry) -> str:
    """The identity of the source that `entry` describes: short, readable, the same in every store."""
    paper, repository = (link if link and link.strip() else None for link in (entry.paper_url, entry.github_url))
    if entry.kind is Kind.MODEL:
        link = link_identity(repository or paper)
        return f"model:{_slug(entry.title, f'{_fold(entry.title)}@{link}')}"
    number = arxiv_id(paper)
    if number:
        return f"arxiv:{number}"
    if paper or repository:
        url = normalise_url(paper or repository or "")
        return f"url:{_slug(url, url)}"
    return f"paper:{_slug(entry.title, _fold(entry.title))}"


def _parts(url: str) -> tuple[str, str, str]:
    """Host with an unusual port, path, and query with its question mark, all lower case."""
    url = url.strip().lower()
    try:
        parts = urlsplit(url if _SCHEME.match(url) else f"//{url}")
        port = "" if parts.port in _USUAL_PORTS else f":{parts.port}"
    except ValueError:  # such as a bracket without its pair: not an address, but still what the brief says
        return "", url, ""
    host = (parts.hostname or "").removeprefix("www.") + port
    return host, parts.path, f"?{parts.query}" if parts.query else ""


def link_identity(url: str | None) -> str:
    """What two links of the same page have in common; empty without a link."""
    number = arxiv_id(url)
    return f"arxiv:{number}" if number else normalise_url(url or "")


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _slug(readable: str, key: str) -> str:
    """A readable stem and a digest of `key`, which alone decides equality."""
    stem = re.sub(r"[^a-z0-9]+", "-", _fold(readable)).strip("-")[:_READABLE].strip("-")
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{stem}-{digest}" if stem else digest
