"""Whether a question names a source: by its title, or by the name before the title's colon."""

import re
from functools import lru_cache

from store.glossary import in_plain_words

_WORD = re.compile(r"\w+")
LEAST_LETTERS = 4  # of a name that may be written with other spaces and hyphens
_MOST_WORDS = 4  # that a name in one word may be written as
_HEAD_END = re.compile(r"\s*(?::|\s-\s)\s*")


def is_named(title: str, question: str) -> bool:
    """Whether `question` holds the title or its head; a head that is also an everyday word only as it is written.

    Spaces and hyphens may be others: "u2net" names U^2-Net.
    """
    whole = _folded(question)
    head = _HEAD_END.split(title.strip(), maxsplit=1)[0]
    for name in {title, head}:
        words = _WORD.findall(name)
        letters = "".join(words).casefold()
        loosely = len(letters) >= LEAST_LETTERS and len(words) <= _MOST_WORDS and letters in _runs(question)
        if loosely and (len(words) > 1 or not in_plain_words(name)):
            return True
        if not words or f" {' '.join(words).casefold()} " not in whole:
            continue
        if len(words) > 1 or re.search(rf"(?<!\w){re.escape(words[0])}(?!\w)", question):
            return True
        if not in_plain_words(name):
            return True
    return False


@lru_cache(maxsize=64)
def _runs(question: str) -> frozenset[str]:
    """The words of a question, and each few that follow one another written together."""
    words = _folded(question).split()
    return frozenset(
        "".join(words[start : start + length]) for start in range(len(words)) for length in range(1, _MOST_WORDS + 1)
    )


def _folded(text: str) -> str:
    return f" {' '.join(_WORD.findall(text)).casefold()} "
