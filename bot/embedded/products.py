"""Whether a question is about a program that people use for pictures, kept as data in `products.toml`."""

import re
from collections.abc import Sequence
from functools import cache

from bot.embedded.knowledge import Phrases, read_data

# The program is what the question is about: "does Lightroom …", "how do I … in GIMP"
_DOES = re.compile(
    r"\b(?:does|do|is|are|can|could|will|would|has|did|should)\W+(?:(?:the|my|adobe|new|newest|free)\W+)*$", re.I
)
_HOW_IN = re.compile(
    r"^\W*(?:and |so )?(?:how (?:do|can|to|would)|where|which|what)\b.*\b(?:in|inside|with|of|for)\W+(?:adobe\W+)?$",
    re.I,
)


def product_asked(parts: Sequence[str], texts: Sequence[str]) -> str:
    """The program that one of a question's parts asks about and none of some sources' texts names; empty if none."""
    for part in parts:
        for name in _names().find(part):
            start = part.casefold().find(name)
            before, after = part[:start], part[start + len(name) :]
            about = _DOES.search(before) or _HOW_IN.search(before) or part in _parts()
            beside = re.search(r"\b(?:than|without|instead of|besides|like)\W*$", before, re.I)
            if about and not beside and not any(name in text.casefold() for text in texts):
                return part[start : len(part) - len(after)]
    return ""


@cache
def _names() -> Phrases:
    return Phrases(read_data("products.toml")["names"])


@cache
def _parts() -> Phrases:
    return Phrases(read_data("products.toml")["parts"])
