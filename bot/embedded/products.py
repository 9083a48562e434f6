"""Whether a question is about a program that people use for pictures, kept as data in `products.toml`."""

import re
from collections.abc import Sequence
from functools import cache

from bot.embedded.knowledge import Phrases, read_data

# What stands before a program that a question is about: "does …", "which …", "how do I … in …"
_ABOUT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:does|do|is|are|can|could|will|would|has|did|should)\W+(?:(?:the|my|adobe|new|newest|free)\W+)*$",
        r"^\W*(?:and |so )?(?:how (?:do|can|could|should) (?:i|we|you)|how to|where|which|what)\W+(?:\w+\W+){0,2}$",
        r"^\W*(?:and |so )?(?:how|where|which|what)\b.*\b(?:in|inside|with|of|for)\W+(?:adobe\W+)?$",
        r"^\W*(?:in|inside|with)\W+(?:adobe\W+)?$",
    )
)
_BESIDE = re.compile(r"\b(?:than|without|instead of|besides|like)\W*$", re.IGNORECASE)


_APP = re.compile(
    r"\b(?:in|inside|of|with|on) the (?P<name>[A-Z]\w*(?: [A-Z0-9]\w*)*)(?:'s)? (?:app|program|software|plug-?in)\b"
)


def product_asked(parts: Sequence[str], texts: Sequence[str]) -> str:
    """The program that one of a question's parts asks about and none of some sources' texts names; empty if none."""
    for part in parts:
        app = _APP.search(part)
        if app and not any(app["name"].casefold() in text.casefold() for text in texts):
            return app["name"]
        for name in _names().find(part):
            start = part.casefold().find(name)
            before = part[:start]
            about = any(pattern.search(before) for pattern in _ABOUT) and not _BESIDE.search(before)
            if about and not any(name in text.casefold() for text in texts):
                return part[start : start + len(name)]
    return ""


@cache
def _names() -> Phrases:
    return Phrases(read_data("products.toml")["names"])
