"""The short answers: a link, a fact, one source, a comparison, help, and the refusal."""

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
from bot.embedded.fact import best_facts
from bot.embedded.gate import Refusal
from bot.embedded.knowledge import asked_attributes
from bot.embedded.language import Part, Sentence, sentences
from bot.embedded.names import stands_in
from bot.embedded.phrasing import attributed, listing, quote, quoted
from bot.embedded.roles import contribution, mechanism, reported
from bot.embedded.turn import Turn
from bot.embedded.view import View, called, header_line, subject
from bot.render import escape
from store.model import Kind, Source

_COMPARED = (  # rows of a comparison, and what stands where the sources have no sentence for one
    ("What it is", "the sources don't say"),
    ("How it works", "the sources say no more of it"),
    ("What it reports", "the sources don't say"),
)
_COVERED = 6  # fields that a refusal or the help names
_CODE_WORDS = ("code", "github", "repo", "implementation", "program", "software")
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
    """The sentence that answers a short question about a source, or the two best; None when there is none."""
    found = best_facts(turn, view, named)
    if not found:
        return None
    source, first = found[0]
    statements = [attributed(source, first, called(source)), *(quote(source, further) for _, further in found[1:])]
    return _with_references("lookup", [paragraph(*statements)], [source])


def one_source(source: Source, asked: Sequence[str] = ()) -> Draft:
    """What a source is, how it works and what it reports, in its own words, and its links.

    asked: names in it by which it was asked for, such as a variant's; what it says of them is told, too.
    """
    usable = sentences(source)
    chosen = _some(contribution(source))
    chosen += [s for name in asked for s in usable if stands_in(name, s.text) and s not in chosen][:1]
    chosen += _some(mechanism(source, _texts(chosen)))
    for part in (Part.INPUT, Part.LIMIT):
        chosen += [s for s in usable if part in s.parts and s not in chosen][:1]
    chosen += _some(reported(source, _texts(chosen)))
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
    told = [_told(source) for source in named]
    cells = [
        (say(f"**{label}**"), *(_cell(source, one[row], missing) for source, one in zip(named, told, strict=True)))
        for row, (label, missing) in enumerate(_COMPARED)
    ]
    columns = ("", *(called(source) for source in named))
    return _with_references("compare", [Table(columns=columns, rows=tuple(cells))], named)


def _told(source: Source) -> tuple[Sentence | None, Sentence | None, Sentence | None]:
    """The sentences on a source for the rows of a comparison."""
    works = mechanism(source)
    return contribution(source), works, reported(source, _texts(_some(works)))


def _some(sentence: Sentence | None) -> list[Sentence]:
    return [sentence] if sentence else []


def _texts(chosen: Sequence[Sentence]) -> list[str]:
    return [sentence.text for sentence in chosen]


def _cell(source: Source, sentence: Sentence | None, missing: str) -> Statement:
    return quote(source, sentence) if sentence else say(missing)


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
