"""The short answers: a link, a fact, one source, a comparison, help, and the refusal."""

import re
from collections.abc import Sequence

from bot.answer import Mode
from bot.draft import (
    Block,
    Cited,
    Draft,
    Items,
    Paragraph,
    References,
    Referred,
    Statement,
    Table,
    body,
    paragraph,
    say,
)
from bot.embedded.gate import Refusal
from bot.embedded.knowledge import asked_attributes
from bot.embedded.language import Part, Sentence, sentences
from bot.embedded.names import name_like_words
from bot.embedded.phrasing import attributed, listing, quote, quoted
from bot.embedded.turn import Turn
from bot.embedded.view import View, called, contribution, header_line, subject
from bot.render import escape
from store.model import Kind, Source

_FIT = 0.35  # cosine from which one sentence answers a short question
_SHOWS = 0.3  # added for a sentence that speaks of the particular asked for
_FIGURE = 0.2  # added for one with a figure, where a figure is asked for
_SHARED = 0.4  # added when a sentence holds all of the question's own words, less for fewer
_ANSWERS = 0.5  # share of the question's own words that makes a sentence its answer
_HOW_MUCH = re.compile(
    r"\bhow (?:much|many|large|big|fast|good|accurate|long|often)\b|\bby what\b|\bnumbers?\b"
    r"|\b(?:what|which) (?:[\w-]+ ){0,3}(?:psnr|ssim|miou|range|rate|factor|score|levels?|scale|size|speed|percentage|share)\b",
    re.IGNORECASE,
)
_FIGURE_IN = re.compile(
    r"(?<![\w-])\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|twenty|fifty|hundred|thousand|half|twice|double)\b"
)  # a number, not a digit inside a name
_NUMBER_ASKED = re.compile(
    r"\bhow many\b|\bby how much\b|\bhow much (?:faster|better|smaller|larger|more|less)\b"
    r"|\b(?:what|which) (?:[\w-]+ ){0,2}(?:psnr|ssim|miou|fid|lpips)\b",
    re.IGNORECASE,
)
_MEASURE = re.compile(r"\b(?:psnr|ssim|miou|fid|lpips)\b", re.IGNORECASE)
_STEM = 5  # letters
_OWN_WORD = re.compile(r"[a-z]{4,}")
_EMPTY_WORDS = frozenset(
    """
    what which does many much have that this with from than how are its were was need needs will would could about into when
    where there tell meant reach reaches get gets used uses
    """.split()  # noqa: SIM905 - read as a list of words
)
_COVERED = 6  # fields that a refusal or the help names
_CODE_WORDS = ("code", "github", "repo", "implementation")
_PAPER_WORDS = ("paper", "arxiv", "pdf")


def link(turn: Turn, named: Sequence[Source]) -> Draft:
    """The supplied links of the sources asked about, and plainly which one was not supplied."""
    text = turn.question.text.casefold()
    code = any(word in text for word in _CODE_WORDS)
    paper = any(word in text for word in _PAPER_WORDS)
    statements = [_links_of(source, code or not paper, paper or not code) for source in named]
    return _with_references("lookup", [paragraph(one) for one in statements], named)


def _links_of(source: Source, code: bool, paper: bool) -> Statement:
    name = called(source)
    wanted = [("code", "GitHub:", source.github_url)] if code else []
    wanted += [("paper", "Paper:", source.paper_url)] if paper else []
    given = [(what, start, url) for what, start, url in wanted if url]
    missing = [what for what, _, url in wanted if not url]
    cites = tuple(Cited(source_id=source.source_id, quote=header_line(source, start)) for _, start, _ in given)
    text = (
        f"{name}'s {listing([f'{what} is at {url}' for what, _, url in given], 'and its')}" if given else f"For {name},"
    )
    if missing:
        text += f"{';' if given else ''} no {listing(missing, 'or')} link was supplied"
    own = Cited(source_id=source.source_id, quote=header_line(source))
    return Statement(text=text, cites=cites or (own,))


def fact(turn: Turn, view: View, named: Sequence[Source]) -> Draft | None:
    """The sentence that answers a short question about a source, None when there is none."""
    wanted = asked_attributes(turn.question.text)
    found: list[tuple[float, Source, Sentence]] = []
    for source in named or view.sources[:3]:
        spoken = " ".join(name_like_words(turn.question.text))
        words = _own_words(turn.question.text) - _own_words(source.title) - _own_words(spoken)
        for sentence in sentences(source):
            fit = max((view.fit(query, sentence) for query in turn.queries), default=0.0)
            shows = bool(wanted) and all(sentence.text in attribute.shows for attribute in wanted)
            shared = _shared(words, sentence.text)
            if not _of_the_kind(turn.question.text, sentence.text):
                continue
            figure = _number_bonus(turn, sentence)
            told = bool(figure) and shared >= _ANSWERS
            if (shows and fit > 0) or told or (not wanted and (fit >= _FIT or shared >= _ANSWERS)):
                worth = fit + (_SHOWS if shows else 0.0) + figure + _SHARED * shared
                found.append((worth, source, sentence))
    if not found:
        return None
    found.sort(key=lambda item: (-item[0], item[1].source_id, item[2].number))
    _, source, sentence = found[0]
    return _with_references("lookup", [paragraph(attributed(source, sentence, called(source)))], [source])


def _of_the_kind(question: str, sentence: str) -> bool:
    """Whether a sentence can hold the number that a question asks for: one of its measure; any sentence if none is asked."""
    if not _NUMBER_ASKED.search(question):
        return True
    measures = {word.casefold() for word in _MEASURE.findall(question)}
    told = {word.casefold() for word in _MEASURE.findall(sentence)}
    return bool(_FIGURE_IN.search(sentence)) and (not measures or bool(measures & told) or " dB" in sentence)


def _own_words(text: str) -> set[str]:
    """The words of a text that carry its subject, cut to their stems."""
    words = _OWN_WORD.findall(text.casefold())
    return {word[:_STEM] for word in words if word not in _EMPTY_WORDS}


def _shared(words: set[str], sentence: str) -> float:
    """What part of some words a sentence holds."""
    return len(words & _own_words(sentence)) / len(words) if words else 0.0


def _number_bonus(turn: Turn, sentence: Sentence) -> float:
    """What a figure is worth where one is asked for."""
    wants = _HOW_MUCH.search(turn.question.text) is not None
    return _FIGURE if wants and _FIGURE_IN.search(sentence.text) else 0.0


def one_source(source: Source) -> Draft:
    """What a source is, how it works and what it reports, in its own words, and its links."""
    usable = sentences(source)
    intro = contribution(source)
    chosen = [intro] if intro else []
    for part in (Part.METHOD, Part.INPUT, Part.LIMIT, Part.RESULT):
        chosen += [s for s in usable if part in s.parts and s not in chosen][:1]
    chosen.sort(key=lambda sentence: sentence.number)
    kind = "recommended model" if source.kind is Kind.MODEL else "paper"
    header = Cited(source_id=source.source_id, quote=header_line(source))
    opening = Statement(text=f"**{escape(source.title)}** is a {kind} among the sources.", cites=(header,))
    blocks: list[Block] = [paragraph(opening)]
    if chosen:
        blocks.append(Items(statements=tuple(quote(source, sentence) for sentence in chosen)))
    else:
        blocks.append(paragraph(say("Only its links were supplied, so what it does the sources don't say.")))
    blocks.append(paragraph(_links_of(source, True, True)))
    return _with_references("source", blocks, [source])


def compare(named: Sequence[Source]) -> Draft:
    """A small table of what each source is about, how it works and what it reports; every cell cited."""
    rows = (
        ("What it is", contribution),
        ("How it works", lambda source: _first(source, Part.METHOD)),
        ("What it reports", lambda source: _first(source, Part.RESULT)),
    )
    cells = []
    for label, choose in rows:
        cells.append((say(f"**{label}**"), *(_cell(source, choose(source)) for source in named)))
    columns = ("", *(called(source) for source in named))
    return _with_references("compare", [Table(columns=columns, rows=tuple(cells))], named)


def _first(source: Source, part: Part) -> Sentence | None:
    intro = contribution(source)
    return next((s for s in sentences(source) if part in s.parts and s != intro), None)


def _cell(source: Source, sentence: Sentence | None) -> Statement:
    return quote(source, sentence) if sentence else say("the sources don't say")


def help_text(turn: Turn, view: View) -> Draft:
    """What this is, what it holds and what can be asked."""
    blocks: list[Block] = [
        paragraph(
            say(
                "I explain image restoration from the sources I was given, and only from them: every statement is cited with "
                "its exact sentence, and every link is one that was supplied."
            )
        )
    ]
    if view.sources:
        heading = "Sources that this conversation is held to" if turn.held else "Sources I hold"
        blocks.append(Items(heading=heading, statements=tuple(_entry(source) for source in view.sources)))
    blocks.append(
        paragraph(
            say("Ask in your own words how something works, for a source's link or code, or to compare two of them.")
        )
    )
    return body("help", blocks)


def _entry(source: Source) -> Statement:
    header = Cited(source_id=source.source_id, quote=header_line(source))
    return Statement(text=f"{escape(source.title)} ({source.kind})", cites=(header,))


def refusal(turn: Turn, reason: Refusal, view: View) -> Draft:
    """An honest no: what the sources don't hold, and what they do cover."""
    which = "this conversation is held to" if turn.held else "I was given"
    if reason.missing:
        opening = f"The sources {which} say nothing about {escape(reason.missing)}, so I can't answer that."
    else:
        opening = f"That isn't in the sources {which}, so I can't answer it."
    fields = dict.fromkeys(task.name for source in view.sources for task in subject(source)[:1])
    covered = f" They cover {listing(list(fields)[:_COVERED])}." if fields else ""
    return body("refusal", [Paragraph(statements=(say(f"{opening}{covered}"),))])


def missing_fact(turn: Turn, named: Sequence[Source]) -> Draft:
    """An honest no about one particular of a source that is held."""
    name = called(named[0]) if named else "the model"
    wanted = [attribute.name for attribute in asked_attributes(turn.question.text)]
    about = f" {listing(wanted, 'or')}" if wanted else " that"
    held = "its summary and its links" if named and sentences(named[0]) else "its links alone"
    text = f"About {name}, the sources don't say{about}. They hold {held}."
    return body("refusal", [paragraph(say(text))])


def _with_references(mode: Mode, blocks: Sequence[Block], sources: Sequence[Source]) -> Draft:
    items = tuple(Referred(source_id=source.source_id, why=_reason(source)) for source in sources)
    return body(mode, [*blocks, References(items=items, listed=False)])


def _reason(source: Source) -> Statement:
    sentence = contribution(source)
    if sentence is None:
        return _entry(source)
    return Statement(text=quoted(source, sentence), cites=(Cited(source_id=source.source_id, quote=sentence.text),))
