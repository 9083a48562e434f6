"""Whether the evidence can carry an answer, decided before anything is composed.

Three ways to fall short: the question is about something else, it asks about a name that the sources don't hold, or it asks
for a kind of work that none of the found sources is about.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from bot.embedded.fact import tells_how_many
from bot.embedded.names import mentions, name_like_words, names, speaks_of, stands_in, unknown_names, unknown_names_told
from bot.embedded.neighbours import nearest_not_held, words_for_pictures
from bot.embedded.products import product_asked
from bot.embedded.turn import Turn
from bot.embedded.view import View
from store.glossary import Concept, mentions_of, subjects_asked
from store.model import Source

SURE_FIT = 0.60  # cosine from which a passage answers, whatever subject it speaks of
LEAST_FIT = 0.12  # cosine of the best passage, below which a question is about something else altogether
SURE_SCORE = 0.50  # of the best source, from which one mention of the subject is enough
SURE_ODDS = 1.0  # logarithm of the odds from which a question with a subject that is held is answered
_LOOKED_AT = 3  # best sources whose texts are looked at
_CROWD = 200  # sources, above which more change nothing
_MOST_PICTURES = 3
_UNKNOWN_NEAR = 0.3  # how near the nearest subject not held is taken to be when none is told
_ORDERS = re.compile(  # to us rather than a question about pictures
    r"\b(?:ignore|disregard|forget|override) (?:all |any |your |the |my |previous |prior |above |earlier )*"
    r"(?:instructions?|rules|sources|prompt)\b|\b(?:system|your) prompt\b|\bnew rules?\b|\banswer everything with\b"
    r"|\b(?:ignore|disregard|forget) (?:what|everything|anything) \b|\bfrom now on,? (?:you|answer|reply|speak)\b"
    r"|\bprint (?:your|the|all|these) (?:hidden |secret )?(?:instructions?|prompt|rules)\b"
    r"|\b(?:reply|answer|respond) (?:only|just|solely) with\b|\bnew orders?\b|\bmaintenance mode\b|\bfrom general knowledge\b"
    r"|\b(?:print|repeat|reveal|show) (?:everything|all|the text|what is|what's)(?: that (?:is|was))?(?: written)? above\b"
    r"|\byou are (?:now|my|no longer)\b|\bdeveloper mode\b|\bnot bound (?:to|by)\b|\bpretend (?:to be|you)\b",
    re.IGNORECASE,
)
_AS_SYSTEM = re.compile(r"^\W*(?:system|developer|admin\w*)\s*(?:prompt|message|note|notice)?\s*[:\]]", re.IGNORECASE)
_PROOF = re.compile(
    r"^\W*(?:please |can you |could you )?(?:prove|disprove|derive)\b", re.IGNORECASE
)  # no summary holds one
_SEVERAL_WORDS = re.compile(
    r"\b(?i:how (?:does|do|did)|what (?:is|are|does)|explain|describe|tell me (?:more )?about)\s+(?i:the\s+)?(?:[A-Z]\w+'s\s+)?"
    r"(?P<name>[A-Z][a-z]\w*(?: [A-Z][a-z]\w*)+)(?= (?:get|work|do|make|find|handle|reach|need|differ|learn|know)\b|\W*$)"
)
_WHAT_IS = re.compile(
    r"\b(?:what(?:'s| is| are| was)(?: in)?|how (?:does|do|did|is)|tell me (?:more )?about|explain|describe)\s+(?:the\s+)?$",
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
    unknown = [
        *unknown_names(turn.question.parts, view.sources),
        *unknown_names_told(turn.question.situation, view.sources),
    ]
    if unknown:
        return Refusal(unknown[0])
    if names(turn.question.text, view.sources):
        return None
    other = (
        _unknown_by_several_words(turn.question.parts, view.sources)
        or _named_in_passing(turn.question.text, view.sources)
        or product_asked(turn.question.parts, [source.text for source in view.sources])
    )
    if other:
        return Refusal(other)
    ordered = _ORDERS.search(turn.question.text) and not subjects_asked(turn.question.text)
    if ordered or _AS_SYSTEM.search(turn.question.text) or _PROOF.match(turn.question.text):
        return Refusal()
    if view.best_fit < LEAST_FIT:
        return Refusal()
    if not tells_how_many(turn.question.text, [source.text for source in view.sources[:_LOOKED_AT]]):
        return Refusal()
    told = signals(turn, view)
    odds = CARRIES.of(told)
    in_passing = told.held and odds >= SURE_ODDS  # what no source is about was named beside what one is
    missing = "" if in_passing else _missing_subject(turn, view)
    return Refusal(missing) if missing or odds < CARRIES.least else None


def _unknown_by_several_words(parts: Sequence[str], sources: Sequence[Source]) -> str:
    """The name of several capitalised words that a question wants explained and no source holds, such as Depth Pro."""
    for part in parts:
        match = _SEVERAL_WORDS.search(part)
        if match and not any(stands_in(match["name"], source.text) for source in sources):
            return match["name"]
    return ""


def _named_in_passing(question: str, sources: Sequence[Source]) -> str:
    """The name that a question wants explained and that the sources mention without saying what it is, if there is one."""
    for name in name_like_words(question):
        wanted = _WHAT_IS.search(question.partition(name)[0])
        if wanted and not any(mentions(name, source) or speaks_of(name, source) for source in sources):
            return name
    return ""


@dataclass(frozen=True)
class Signals:
    """What speaks for and against the evidence carrying an answer to a question that names no source."""

    score: float  # of the best source, 0 to about 1
    fit: float  # the best passage's similarity to the whole question
    beside: float  # the question's similarity to the nearest subject that no found source speaks of
    held: float  # share of the question's subjects of which one of the best sources speaks
    pictures: int  # words that show that it is about pictures, at most `_MOST_PICTURES`
    crowd: float  # logarithm of how many sources there are: the best of many scores well by chance


def signals(turn: Turn, view: View) -> Signals:
    """The signals of a turn with evidence."""
    asked = subjects_asked(turn.question.text)
    texts = [source.text for source in view.sources[:_LOOKED_AT]]
    whole = view.found[0]
    other = nearest_not_held(whole.near, texts)
    return Signals(
        score=max(view.scores.values()),
        fit=max((evidence.score for evidence in whole.evidence), default=0.0),
        beside=other[1] if other else _UNKNOWN_NEAR,
        held=_share_held(asked, texts),
        crowd=math.log(min(max(whole.among, 1), _CROWD)),
        pictures=min(words_for_pictures(turn.question.text), _MOST_PICTURES),
    )


def _share_held(asked: Mapping[Concept, int], texts: Sequence[str]) -> float:
    """Which part of what a question speaks of some texts speak of, too; 0 when it speaks of nothing known."""
    held = sum(count for concept, count in asked.items() if any(mentions_of(concept, text) for text in texts))
    return held / sum(asked.values()) if asked else 0.0


@dataclass(frozen=True)
class Decision:
    """Signals weighed: below `least` a question is refused.

    Fitted by logistic regression over the splits `dev`, `fresh`, `second` and `blind` together, with `crowd` as it was before;
    `python -m benchmarks.refusals --fit` fits one of the splits `dev` and `test` with the bundled briefs' questions.
    """

    score: float
    fit: float
    beside: float
    held: float
    pictures: float
    crowd: float
    constant: float
    least: float = 0.0

    def of(self, signals: Signals) -> float:
        """Log-odds that the evidence carries an answer."""
        weighed: float = sum(getattr(self, one.name) * getattr(signals, one.name) for one in fields(Signals))
        return self.constant + weighed


CARRIES = Decision(score=5.6, fit=7.7, beside=-11.0, held=1.5, pictures=0.8, crowd=-0.4, constant=0.3, least=-0.4)


def _missing_subject(turn: Turn, view: View) -> str:
    """The subject that a question speaks of most, when no found source is about it; empty when one is."""
    asked = subjects_asked(turn.question.text)
    most = [concept for concept, count in asked.items() if count == max(asked.values())]
    held = max((mentions_of(concept, source.text) for concept in most for source in view.sources), default=0)
    enough = 1 if max(view.scores.values(), default=0.0) >= SURE_SCORE else 2
    return most[0].name.split(",")[0] if most and held < enough and view.best_fit < SURE_FIT else ""
