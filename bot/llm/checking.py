"""Bind each sentence that a language model wrote to a quote, put the quote in its place, or take it out.

What comes out consists of statements that the grounding check of every answer (`bot/grounding.py`) then checks again.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bot.answer import Removed
from bot.draft import Cited, Statement
from bot.embedded.language import plain, short_title
from bot.embedded.names import aliases
from bot.embedded.phrasing import is_card
from bot.embedded.view import called
from bot.grounding import urls_in
from bot.llm.evidence import EvidenceSheet, Link, Quote, orders
from bot.llm.reading import Part, Written
from bot.llm.support import shared, supported
from bot.llm.words import stem, tokens
from bot.render import escape
from store.model import Source

_ENDINGS = "com|org|net|io|ai|dev|edu|gov|co|app|info|xyz|example|test|invalid|ru|cn|me|sh|ly"
_ADDRESS = re.compile(
    r"\b[a-z][a-z\d+.-]*:/+[^\s()<>\"“”]+|\b(?:tel|sms|blob|about|vbscript):\S+|\bwww\.\S+"
    r"|\b[\w-]+(?:(?:\.|\[\.\]|\(\.\)| dot )[\w-]+)+/\S*"
    rf"|\b(?:[\w-]+\.)+(?:{_ENDINGS})\b",
    re.IGNORECASE,
)
_MARKDOWN_LINK = re.compile(r"!?\[([^\]]*)\]\(\s*<?([^)\s>]*)>?[^)]*\)")
_MARKUP = re.compile(r"<\s*[/!a-z]|&#?\w+;|[|{}\\^~#@$<>]|\]\(|!\[|\[", re.IGNORECASE)
_QUOTED = re.compile(r"[“\"„«‟]([^“”\"„«»]{2,})[”\"“»]")
_LINK_WORDS = frozenset(
    stem(word)
    for word in (
        *("code", "paper", "github", "arxiv", "pdf", "link", "links", "url", "repo", "repository", "implementation"),
        *(
            "project",
            "page",
            "source",
            "available",
            "found",
            "here",
            "see",
            "read",
            "official",
            "public",
            "publicly",
            "online",
        ),
    )
)
_CODE_WORDS = re.compile(r"\b(?:code|github|repo\w*|implementation)\b", re.IGNORECASE)
_PAPER_WORDS = re.compile(r"\b(?:paper|arxiv|pdf|article|publication)\b", re.IGNORECASE)
_ENOUGH_WORDS, _ENOUGH_SHARE = 3, 0.6  # of a sentence that cites nothing, for a quote to be taken for what it meant
_CITED_WORDS, _CITED_SHARE = 2, 0.3  # of one that cites the quote
_LONGEST_TOLD = 400  # characters of a sentence that was taken out, as it is listed
_MOST_TOLD = 30


@dataclass
class CheckedText:
    """What holds of a language model's sentences, in their order, and what was taken out."""

    sheet: EvidenceSheet
    kept: list[tuple[Part | None, Statement]] = field(default_factory=list)
    removed: list[Removed] = field(default_factory=list)
    _used: set[Cited] = field(default_factory=set)
    _spoken_of: str = ""  # id of the source that the last statement was about

    @property
    def statements(self) -> list[Statement]:
        """What holds."""
        return [statement for _, statement in self.kept]

    def read(self, sentences: Iterable[Written]) -> "CheckedText":
        """Check some sentences, one after the other."""
        for one in sentences:
            self._check(one)
        return self

    def _check(self, written: Written) -> None:
        text = written.text
        links = [self.sheet.links.get(url) for url in _addresses(text)]
        if links:
            self._links(written, links)
            return
        cited = [quote for number in written.numbers if (quote := self.sheet.by_number.get(number))]
        fault = _fault(text)
        if not fault:
            others = [quote for quote in self.sheet.quotes if quote not in cited]
            for quote in [*cited, *others]:
                if _bears_out(quote, text):
                    self._say(written.part, quote, text)
                    return
            fault = "it says what no quote of the sources bears out"
        instead = self._meant(text, cited)
        if instead and not self._say(written.part, instead, ""):
            fault += "; the quote behind it is told already"
        elif instead:
            fault += "; the quote stands in its place"
        self._take_out(text, fault)

    def _meant(self, text: str, cited: list[Quote]) -> Quote | None:
        """The quote that a sentence was made from, as far as its words show."""
        for among, words, share in (
            (cited, _CITED_WORDS, _CITED_SHARE),
            (list(self.sheet.quotes), _ENOUGH_WORDS, _ENOUGH_SHARE),
        ):
            best = max(among, key=lambda quote: shared(text, quote.text), default=None)
            if best and (found := shared(text, best.text)) and found[0] >= words and found[1] >= share:
                return best
        return None

    def _links(self, written: Written, links: list[Link | None]) -> None:
        """A sentence that gives links: each must be supplied, and called what it is; then it is told in our words."""
        text = written.text
        if None in links:
            self._take_out(text, "it holds a link that was not supplied")
            return
        given = [link for link in links if link]
        source = given[0].source
        words = {token.key for token in tokens(_without_addresses(text)) if token.content}
        extra = words - {token.key for token in tokens(source.title)} - _LINK_WORDS
        wrong_kind = any(
            (_CODE_WORDS if link.is_code else _PAPER_WORDS).search(_without_addresses(text)) is None
            and (_PAPER_WORDS if link.is_code else _CODE_WORDS).search(_without_addresses(text)) is not None
            for link in given
        )
        if extra or wrong_kind or any(link.source != source for link in given) or _turns(text):
            self._take_out(text, "it says of a link what was not supplied")
            return
        for link in given:
            if link.cited not in self._used:
                self._used.add(link.cited)
                what = "code" if link.is_code else "paper"
                self._keep(
                    written.part, Statement(text=f"{called(source)}: {what} at {link.url}", cites=(link.cited,)), source
                )

    def _say(self, part: Part | None, quote: Quote, text: str) -> bool:
        """Keep `text`, or the quote itself when that is empty; False when the quote was used before."""
        if quote.cited in self._used:
            return False
        self._used.add(quote.cited)
        source = quote.source
        if text:
            shown = escape(text)
            lead = "" if source.source_id == self._spoken_of or _names(text, source) else f"{called(source)}: "
        else:
            shown = escape(plain(quote.text))
            shown = shown if is_card(source) else f"“{shown}”"
            lead = "" if _names(quote.text, source) else f"{called(source)}: "
        self._keep(part, Statement(text=f"{lead}{shown}", cites=(quote.cited,)), source)
        return True

    def _keep(self, part: Part | None, statement: Statement, source: Source) -> None:
        self.kept.append((part, statement))
        self._spoken_of = source.source_id

    def _take_out(self, text: str, reason: str) -> None:
        told = text if len(text) <= _LONGEST_TOLD else f"{text[:_LONGEST_TOLD]}…"
        one = Removed(text=told, reason=reason)
        if len(self.removed) < _MOST_TOLD and one not in self.removed:
            self.removed.append(one)


def _addresses(text: str) -> list[str]:
    """Everything in a text that a reader might take for an address, as it stands there."""
    found = [url for _, url in _MARKDOWN_LINK.findall(text)]
    bare = _MARKDOWN_LINK.sub(r"\1", text)
    found += urls_in(bare)
    for url in urls_in(bare):
        bare = bare.replace(url, " ")
    return found + [one.group().rstrip(".,;:!?'") for one in _ADDRESS.finditer(bare)]


def _without_addresses(text: str) -> str:
    return _ADDRESS.sub(" ", _MARKDOWN_LINK.sub(r"\1 ", text))


def _fault(text: str) -> str:
    """Why a sentence can't be shown, whatever it rests on; empty when it can."""
    if _MARKUP.search(text):
        return "it holds markup"
    if orders(text):
        return "it follows an order that no user gave"
    if text.rstrip('"”’) ').endswith("?"):
        return "it asks instead of telling"
    return ""


def _bears_out(quote: Quote, text: str) -> bool:
    held = plain(quote.text)
    if any(" ".join(words.split()) not in held for words in _QUOTED.findall(text)):
        return False
    return supported(text, held, short_title(quote.source.title))


def _turns(text: str) -> bool:
    return any(token.turning for token in tokens(_without_addresses(text)))


def _names(text: str, source: Source) -> bool:
    """Whether a text says which source it is about."""
    words = " ".join(re.findall(r"[^\W_]+", text.casefold()))
    return any(f" {alias} " in f" {words} " for alias in aliases(source))
