"""Choose the kind of answer and compose it from what the searches found."""

import re
from collections.abc import Sequence

from bot.draft import Draft
from bot.embedded import short
from bot.embedded.explain import explain
from bot.embedded.fact import (
    asks_for_figure,
    asks_how_many,
    asks_how_much,
    describes,
    foreign_names,
    particulars,
    without_measures,
)
from bot.embedded.gate import Refusal, refuse
from bot.embedded.knowledge import asked_attributes
from bot.embedded.names import described, mentions, name_like_words, names, speaks_of, stands_in, titled
from bot.embedded.turn import Turn
from bot.embedded.view import View
from bot.embedded.wording import demanded, share
from bot.tools import Found
from store.model import Source
from store.text import summary_of

_PAIRED = re.compile(r"\b(?:or|than|both|they|while|rather|unlike|respectively)\b", re.IGNORECASE)
_LINKED = 3  # sources, the best ones, among which the one is looked for whose link is asked for without its name
_LINK_HELD = 0.5  # share of the question's own words that its text must hold
_FACT_WORDS = 20  # a question up to this long about a named source wants one fact


def compose(turn: Turn, searched: Sequence[Found]) -> Draft:
    """Draft the answer to a turn from the evidence of its searches."""
    view = View(tuple(searched))
    if turn.wants_help:
        return short.help_text(turn, view)
    reason = refuse(turn, view)
    if reason is not None:
        return short.refusal(turn, reason, view)
    if turn.supplied:
        return explain(turn, view)
    lacking = _side_not_held(turn, view)
    if lacking:
        return short.refusal(turn, Refusal(lacking), view)
    named = _compared(turn, view) or _named(turn, view)
    if not any(summary_of(source.text) for source in named):
        named = _titled(turn, view) or named
    if turn.wants_link:
        meant = named or _linked(turn, view)
        return short.link(turn, meant) if meant else short.refusal(turn, Refusal(), view)
    paired = len(named) == 2 and not asks_how_much(turn.question.text) and _PAIRED.search(turn.question.text)
    if len(named) > 1 and (turn.wants_comparison or paired):
        return short.compare(_told_of(named, view))
    if turn.words > _FACT_WORDS:
        return explain(turn, view)
    if named:
        return _about_named(turn, view, named)
    figure = asks_for_figure(turn.question.text) and short.fact(turn, view, view.sources[:_LINKED])
    return figure or explain(turn, view)


def _about_named(turn: Turn, view: View, named: Sequence[Source]) -> Draft:
    """The answer to a short question about named sources: a description, one fact, or an honest no."""
    asked = turn.question.text
    particular = bool(particulars(asked, named))
    if len(named) == 1 and turn.wants_source and not particular and _only_named(asked, named[0]):
        return short.one_source(named[0], name_like_words(asked, capitals=True))
    found = short.fact(turn, view, named) or short.fact(turn, view, _also_about(asked, named, view))
    if found is not None:
        return found
    if not particular and _can_be_described(turn, named):
        return short.one_source(named[0])
    return short.missing_fact(turn, named)


def _can_be_described(turn: Turn, named: Sequence[Source]) -> bool:
    """Whether what the first of the named sources says of itself answers a question that asks how, why or what it is."""
    asked, source = turn.question.text, named[0]
    what = len(named) == 1 and turn.wants_source
    loosely = what and len(demanded(asked, source)) <= 1 and not foreign_names(asked, source)
    return _only_named(asked, source) or loosely or ((what or turn.wants_description) and describes(asked, source))


def _titled(turn: Turn, view: View) -> list[Source]:
    """The source whose title a question for a particular tells in part, if there is one."""
    asked = turn.question.text
    particular = turn.wants_link or asks_how_many(asked) or bool(asked_attributes(asked))
    return titled(asked, view.sources[:_LINKED])[:1] if particular and turn.words <= _FACT_WORDS else []


def _also_about(question: str, named: Sequence[Source], view: View) -> list[Source]:
    """Other sources that speak of a name in the question: a model called after a data set is not all that is held of that."""
    spoken = name_like_words(question, capitals=True)
    return [one for one in view.sources if one not in named and any(stands_in(name, one.text) for name in spoken)]


def _only_named(question: str, source: Source) -> bool:
    """Whether a question asks for nothing but what a source is."""
    return not demanded(question, source) and not foreign_names(question, source)


def _side_not_held(turn: Turn, view: View) -> str:
    """What a question sets beside another and no source is about, as far as it goes by a name; empty when there is none."""
    for side in turn.sides:
        if (
            _told_by_other(side, turn, view)
            or titled(side, view.sources)
            or any(mentions(side, source) for source in view.sources)
        ):
            continue
        for name in name_like_words(side, capitals=True):
            if not any(speaks_of(name, source) for source in view.sources):
                return name
    return ""


def _told_by_other(side: str, turn: Turn, view: View) -> bool:
    """Whether a side of a comparison is a name in the text of the source on the other side, such as what that one beats."""
    named = name_like_words(side, capitals=True)
    held = [source for one in turn.sides for source in names(one, view.sources)]
    return bool(named) and any(all(stands_in(name, source.text) for name in named) for source in held)


def _linked(turn: Turn, view: View) -> list[Source]:
    """The source whose link is asked for without its name: the one that speaks most of what the question speaks of."""
    best = [(share(demanded(turn.question.text, source), source.text), source) for source in view.sources[:_LINKED]]
    worth, source = max(best, key=lambda item: item[0])
    return [source] if worth >= _LINK_HELD else []


def _compared(turn: Turn, view: View) -> list[Source]:
    """The sources that a question sets side by side: named, referred to, or the best found for its words."""
    if not turn.sides:
        return []
    referred = [view.by_id[source_id] for source_id in turn.focus if source_id in view.by_id]
    chosen: list[Source] = []
    for side in turn.sides:
        by_name = names(side, view.sources)
        if (by_name and set(by_name) <= set(chosen)) or (not by_name and _told_by_other(side, turn, view)):
            return []  # one source, and what it is measured against
        best = next((found.sources.values() for found in view.found if found.query == side), ())
        candidates = [*names(side, [*referred, *view.sources]), *best]
        chosen += [source for source in candidates if source not in chosen][:1]
    return chosen if len(chosen) > 1 else []


def _told_of(named: Sequence[Source], view: View) -> list[Source]:
    """Some sources, in place of those with links alone the ones that describe them, unless they come to the same."""
    told = [described(source, view.sources) for source in named]
    return told if len(set(told)) == len(told) else list(named)


def _named(turn: Turn, view: View) -> list[Source]:
    """The sources that the question names or refers to."""
    referred = [view.by_id[source_id] for source_id in turn.focus if source_id in view.by_id]
    asked = turn.question.text
    named = names(without_measures(asked), view.sources) or names(asked, view.sources)
    return list(dict.fromkeys([*referred, *named]))
