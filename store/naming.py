"""Whether a question names a source: by its title, or by the name before the title's colon."""

import re

from store.glossary import in_plain_words

_WORD = re.compile(r"\w+")
_HEAD_END = re.compile(r"\s*(?::|\s-\s)\s*")


def is_named(title: str, question: str) -> bool:
    """Whether `question` holds the title or its head; a head that is also an everyday word only as it is written."""
    whole = _folded(question)
    head = _HEAD_END.split(title.strip(), maxsplit=1)[0]
    for name in {title, head}:
        words = _WORD.findall(name)
        if not words or f" {' '.join(words).casefold()} " not in whole:
            continue
        if len(words) > 1 or re.search(rf"(?<!\w){re.escape(words[0])}(?!\w)", question):
            return True
        if not in_plain_words(name):
            return True
    return False


def _folded(text: str) -> str:
    return f" {' '.join(_WORD.findall(text)).casefold()} "
