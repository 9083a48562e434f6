"""Whether the evidence can carry an answer, decided before anything is composed.

Three ways to fall short: the question is about something else, it asks about a name that the sources don't hold, or it asks
for a kind of work that none of the found sources is about.
"""

import re
from dataclasses import dataclass

from bot.embedded.names import names, unknown_names
from bot.embedded.turn import Turn
from bot.embedded.view import View
from store.glossary import mentions_of, subjects_asked

# Chosen on development questions; `python -m benchmarks.refusals` prints the rates around them.
MIN_SCORE = 0.40  # of the best source, below which a question is about something else
MIN_SUM = 0.90  # of that score and the best passage's cosine, for a question with no subject of the field
SURE_FIT = 0.60  # cosine from which a passage answers, whatever subject it speaks of
SURE_SCORE = 0.50  # of the best source, from which one mention of the subject is enough
_ORDERS = re.compile(  # to us rather than a question about pictures
    r"\b(?:ignore|disregard|forget|override) (?:all |any |your |the |my |previous |prior |above |earlier )*"
    r"(?:instructions?|rules|sources|prompt)\b|\bsystem prompt\b|\byou are now\b|\bdeveloper mode\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Refusal:
    """Why the sources can't answer; `missing` names what they don't hold, empty when it is the whole question."""

    missing: str = ""


def refuse(turn: Turn, view: View) -> Refusal | None:
    """Why this turn must be refused, None when the evidence can carry an answer."""
    if not view.sources:
        return Refusal()
    if turn.supplied:
        return None
    unknown = unknown_names(turn.question.parts, view.sources)
    if unknown:
        return Refusal(unknown[0])
    if names(turn.question.text, view.sources):
        return None
    if max(view.scores.values(), default=0.0) < MIN_SCORE:
        return Refusal(_missing_subject(turn, view))
    if not subjects_asked(turn.question.text):
        sure = max(view.scores.values()) + view.best_fit >= MIN_SUM
        return None if sure and not _ORDERS.search(turn.question.text) else Refusal()
    missing = _missing_subject(turn, view)
    return Refusal(missing) if missing else None


def _missing_subject(turn: Turn, view: View) -> str:
    """The subject that a question speaks of most, when no found source is about it; empty when one is."""
    asked = subjects_asked(turn.question.text)
    most = [concept for concept, count in asked.items() if count == max(asked.values())]
    held = max((mentions_of(concept, source.text) for concept in most for source in view.sources), default=0)
    enough = 1 if max(view.scores.values(), default=0.0) >= SURE_SCORE else 2
    return most[0].name.split(",")[0] if most and held < enough and view.best_fit < SURE_FIT else ""
