"""Whether the evidence can carry an answer, decided before anything is composed.

Three ways to fall short: the question is about something else, it asks about a name that the sources don't hold, or it asks
for a kind of work that none of the found sources is about.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from bot.embedded.fact import is_measure, tells_how_many
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
SURE_ODDS = 1.5  # logarithm of the odds from which a question with a subject that is held is answered
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
_AS_SYSTEM = re.compile(r"^\W*(?:system|developer|admin\w*)\s*(?:prompt|message|note|notice)?\s*[:\]>]", re.IGNORECASE)
_PROOF = re.compile(  # no summary holds one
    r"^\W*(?:please |can you |could you )?(?:prove|disprove|derive)\b|\bproof (?:of|that|for)\b"
    r"|\bhow (?:is|was|do you|does one|can one) (?:it |that |this )?prov(?:e|ed|en)\b",
    re.IGNORECASE,
)
_VERDICT = re.compile(  # what is right or wrong is nobody's finding
    r"\b(?:un)?ethical\b|\bimmoral\b|\bmorally\b|\bis it (?:right|wrong|okay|ok|fair|honest|legal|allowed) to\b"
    r"|\b(?:isn't|is not|isnt) (?:it|that) (?:a lie|lying|cheating|wrong|fake|forgery|disrespectful|dishonest)\b"
    r"|\byour (?:own |personal |honest )*(?:opinion|view|feelings?)\b|\bdo you (?:personally )?(?:believe|feel|like|prefer)\b"
    r"|\bwould you (?:personally |yourself )?(?:rather|prefer)\b|\byour favou?rite\b"
    r"|\b(?:is|are) .{1,50} (?:really|still|even) art\b",
    re.IGNORECASE,
)
_LOWER_CASE_NAME = re.compile(  # a thing that does something and has no article: "how does deoldify decide on colours"
    r"\bhow (?:does|did|can|could|would|will) (?P<name>[a-z][a-z0-9.+-]{3,}) (?:ever |really |actually |even )?"
    r"(?:work|decide|know|cut|find|choose|pick|guess|learn|handle|get|make|build|create|remove|detect|tell|turn|colou?r|fill"
    r"|estimate|produce|generate|separate|train|keep|avoid|use|compare)\b"
)
_NO_NAMES = frozenset(
    """
    anybody anyone anything everybody everyone everything nobody nothing somebody someone something that this these those
    each either neither many more most much people there they what which your their mine yours such some software hardware
    technology research science training machine deep light noise colour color image images video videos film sound
    """.split()  # noqa: SIM905 - read as a list of words
)
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
    decided, reason = _decided(turn, view)
    if decided:
        return reason
    missing = missing_subject(turn, view)
    return None if carries(signals(turn, view), CARRIES, missing=bool(missing)) else Refusal(missing)


def is_weighed(turn: Turn, view: View) -> bool:
    """Whether a turn's signals decide, rather than the names that it holds, or its form."""
    return not _decided(turn, view)[0]


def _decided(turn: Turn, view: View) -> tuple[bool, Refusal | None]:
    """Whether a turn is decided whatever its signals say, and why it must then be refused, if it must.

    A name that is held decides, as does one that isn't, an order to us, an opinion, a proof…
    """
    if not view.sources:
        return True, Refusal()
    if turn.supplied:
        return True, None
    asked, texts = turn.question.text, [source.text for source in view.sources]
    unknown = [
        *unknown_names(turn.question.parts, view.sources),
        *unknown_names_told(turn.question.situation, view.sources),
    ]
    unknown = [name for name in unknown if not is_measure(name)]
    if unknown:
        return True, Refusal(unknown[0])
    if names(asked, view.sources):
        return True, None
    other = (
        _unknown_by_several_words(turn.question.parts, view.sources)
        or _named_in_passing(asked, view.sources)
        or _unknown_in_lower_case(asked, view.sources)
        or product_asked(turn.question.parts, texts)
    )
    if other:
        return True, Refusal(other)
    ordered = _ORDERS.search(asked) and not subjects_asked(asked)
    judged = _VERDICT.search(asked) and not any(_VERDICT.search(text) for text in texts)
    if ordered or judged or _AS_SYSTEM.search(asked) or _PROOF.search(asked):
        return True, Refusal()
    if view.best_fit < LEAST_FIT or not tells_how_many(asked, texts[:_LOOKED_AT]):
        return True, Refusal()
    return False, None


def _unknown_by_several_words(parts: Sequence[str], sources: Sequence[Source]) -> str:
    """The name of several capitalised words that a question wants explained and no source holds, such as Depth Pro."""
    for part in parts:
        match = _SEVERAL_WORDS.search(part)
        if match and not any(stands_in(match["name"], source.text) for source in sources):
            return match["name"]
    return ""


def _unknown_in_lower_case(question: str, sources: Sequence[Source]) -> str:
    """The word that a question takes for the name of something that does its work, and of which no source speaks."""
    match = _LOWER_CASE_NAME.search(question)
    name = match["name"] if match else ""
    is_known = name in _NO_NAMES or subjects_asked(name) or any(stands_in(name, one.text) for one in sources)
    return "" if is_known else name


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
    domain: float  # log-odds that a question worded so is about restoring pictures, -3 to 3


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
        domain=whole.domain,
    )


def _share_held(asked: Mapping[Concept, int], texts: Sequence[str]) -> float:
    """Which part of what a question speaks of some texts speak of, too; 0 when it speaks of nothing known."""
    held = sum(count for concept, count in asked.items() if any(mentions_of(concept, text) for text in texts))
    return held / sum(asked.values()) if asked else 0.0


@dataclass(frozen=True)
class Decision:
    """Signals weighed: below `least` a question is refused.

    Fitted by logistic regression over all splits of the evaluation; `python -m benchmarks.gate_fit` does so, and shows what to
    expect of others.
    """

    score: float
    fit: float
    beside: float
    held: float
    pictures: float
    crowd: float
    domain: float
    constant: float
    least: float = 0.0

    def of(self, signals: Signals) -> float:
        """Log-odds that the evidence carries an answer."""
        weighed: float = sum(getattr(self, one.name) * getattr(signals, one.name) for one in fields(Signals))
        return self.constant + weighed


CARRIES = Decision(
    score=5.6, fit=9.7, beside=-17.7, held=1.4, pictures=0.3, crowd=-0.4, domain=1.2, constant=3.4, least=-0.5
)


def carries(told: Signals, weights: Decision, *, missing: bool) -> bool:
    """Whether evidence of these signals carries an answer.

    missing: no source is about what is asked about most; that is then taken to be named in passing beside what one is about,
    or the question is refused.
    """
    odds = weights.of(told)
    return (told.held > 0 and odds >= SURE_ODDS) if missing else odds >= weights.least


def missing_subject(turn: Turn, view: View) -> str:
    """The subject that a question speaks of most, when no found source is about it; empty when one is."""
    asked = subjects_asked(turn.question.text)
    most = [concept for concept, count in asked.items() if count == max(asked.values())]
    held = max((mentions_of(concept, source.text) for concept in most for source in view.sources), default=0)
    enough = 1 if max(view.scores.values(), default=0.0) >= SURE_SCORE else 2
    return most[0].name.split(",")[0] if most and held < enough and view.best_fit < SURE_FIT else ""
