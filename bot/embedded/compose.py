"""Choose the kind of answer and compose it from what the searches found."""

from collections.abc import Sequence

from bot.draft import Draft
from bot.embedded import short
from bot.embedded.explain import explain
from bot.embedded.gate import refuse
from bot.embedded.knowledge import asked_attributes
from bot.embedded.names import names
from bot.embedded.turn import Turn
from bot.embedded.view import View
from bot.tools import Found
from store.model import Source

_FACT_WORDS = 16  # a question up to this long about a named source wants one fact


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
    named = _compared(turn, view) or _named(turn, view)
    if turn.wants_link:
        return short.link(turn, named or view.sources[:1])
    if turn.wants_comparison and len(named) > 1:
        return short.compare(named)
    wants_fact = bool(asked_attributes(turn.question.text)) and turn.words <= _FACT_WORDS
    if named and wants_fact:
        return short.fact(turn, view, named) or short.missing_fact(turn, named)
    if len(named) == 1 and turn.wants_source and turn.words <= _FACT_WORDS:
        return short.one_source(named[0])
    if named and turn.words <= _FACT_WORDS:
        described = short.one_source(named[0]) if turn.wants_description else None
        return short.fact(turn, view, named) or described or short.missing_fact(turn, named)
    return explain(turn, view)


def _compared(turn: Turn, view: View) -> list[Source]:
    """The sources that a question sets side by side: named, referred to, or the best found for its words."""
    if not turn.sides:
        return []
    referred = [view.by_id[source_id] for source_id in turn.focus if source_id in view.by_id]
    chosen: list[Source] = []
    for side in turn.sides:
        best = next((found.sources.values() for found in view.found if found.query == side), ())
        candidates = [*names(side, [*referred, *view.sources]), *best]
        chosen += [source for source in candidates if source not in chosen][:1]
    return chosen if len(chosen) > 1 else []


def _named(turn: Turn, view: View) -> list[Source]:
    """The sources that the question names or refers to."""
    referred = [view.by_id[source_id] for source_id in turn.focus if source_id in view.by_id]
    return list(dict.fromkeys([*referred, *names(turn.question.text, view.sources)]))
