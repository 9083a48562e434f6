"""How the embedded model puts a sentence of a source into a statement of its own."""

from bot.draft import Cited, Statement
from bot.embedded.language import Part, Sentence, announces, plain
from bot.render import escape
from ingest.cards import CARD_MARK
from store.model import Source
from store.text import summary_of

_OTHER_LEAD = "From {name}"
_LEADS: tuple[tuple[Part, str], ...] = (
    (Part.LIMIT, "{name} states a limit"),
    (Part.INPUT, "{name} says what it works from"),
    (Part.RESULT, "{name} reports"),
    (Part.METHOD, "{name} describes its approach"),
    (Part.PROBLEM, "{name} names the difficulty"),
    (Part.OTHER, _OTHER_LEAD),
)


def is_card(source: Source) -> bool:
    """Whether a source's text is a model card of ours, whose sentences need no quotation marks."""
    return summary_of(source.text).startswith(CARD_MARK)


def cite(sentence: Sentence) -> Cited:
    """The citation of a sentence."""
    return Cited(source_id=sentence.source_id, quote=sentence.text)


def quoted(source: Source, sentence: Sentence) -> str:
    """A sentence as it stands in the answer: in quotation marks, unless it is our own card's."""
    return escape(plain(sentence.text)) if is_card(source) else f"“{escape(plain(sentence.text))}”"


def quote(source: Source, sentence: Sentence, lead: str = "") -> Statement:
    """A statement that is a sentence of a source, after some words that lead to it."""
    text = quoted(source, sentence)
    return Statement(text=f"{lead}{text}" if lead else text, cites=(cite(sentence),))


def attributed(source: Source, sentence: Sentence, name: str) -> Statement:
    """A sentence with the name of its source (as Markdown) and what it does there."""
    if is_card(source):
        return quote(source, sentence)
    parts = sentence.parts - {Part.RESULT, Part.LIMIT} if announces(sentence.text) else sentence.parts
    lead = next((lead for part, lead in _LEADS if part in parts), _OTHER_LEAD)
    return quote(source, sentence, f"{lead.format(name=name)}: ")


def listing(words: list[str], conjunction: str = "and") -> str:
    """`a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {conjunction} {words[-1]}"
