"""What counts as a supplied link, and what says that there is none.

A link is kept exactly as it was supplied; here it is only told apart from prose.
"""

from urllib.parse import urlsplit

_NO_LINK = frozenset(
    {"", "-", "--", "–", "—", "none", "null", "nil", "n/a", "na", "n.a", "not available", "unavailable"}
    | {"unknown", "tba", "tbd", "coming soon", "no code"}
)
_FORBIDDEN = frozenset('<>"`')  # never in a URL as such, and the start of markup


def says_missing(value: str) -> bool:
    """Whether `value` stands for "there is none": `None`, `N/A`, `-`, nothing at all."""
    return value.strip().rstrip(".").casefold() in _NO_LINK


def bare_link(value: str) -> str:
    """`value` without the dress that Markdown gives a link: `<url>` and `[words](url)` give `url`."""
    value = value.strip()
    if value.startswith("<") and value.endswith(">"):
        return value[1:-1].strip()
    if value.startswith("[") and value.endswith(")") and "](" in value:
        return value[value.index("](") + 2 : -1].strip()
    return value


def is_link(value: str) -> bool:
    """Whether `value` is one web address: `https://host/…`, or `host.org/path` without its scheme."""
    if not value or value[0].isspace() or len(value.split(maxsplit=1)) != 1 or not value.isprintable():
        return False
    scheme, mark, _ = value.partition("://")
    if mark and scheme.casefold() not in ("http", "https"):
        return False
    if not mark and "/" not in value:
        return False
    if not _FORBIDDEN.isdisjoint(value):
        return False
    try:
        host = urlsplit(value if mark else f"//{value}").hostname or ""
    except ValueError:  # such as an open bracket in the host
        return False
    if mark:
        return bool(host)
    stem, _, ending = host.rpartition(".")
    return bool(stem) and len(ending) >= 2 and ending.isalpha()
