"""Which sentence of a source says what it is, which how it works and which what it reports, in whatever style it is written.

Abstracts announce themselves ("We propose …"); others begin with the source's name ("SRCNN learns …") or tell of networks,
losses and layers without saying whose they are. Each role is looked for from the surest sign to the weakest.
"""

import re
from collections.abc import Callable, Collection

from bot.embedded.knowledge import Phrases
from bot.embedded.language import Part, Sentence, announces, sentences
from bot.embedded.names import opens_with
from bot.embedded.phrasing import is_card
from store.model import Source

_WORKINGS = Phrases(
    [
        "network*", "encod*", "decod*", "transformer*", "attention", "convolution*", "generator*", "generative",
        "discriminator*", "loss*", "trained", "training", "learn*", "predict*", "estimat*", "branch*", "stage*",
        "module*", "layer*", "block*", "feature*", "prior*", "kernel*", "diffusion", "adversarial", "pyramid*",
        "recurrent*", "iterat*", "optimi*", "fus*", "combin*", "merg*", "align*", "warp*", "sampl*", "weight*",
        "step*", "regularis*", "regulariz*"
    ]
)  # fmt: skip
_COMPARES = re.compile(
    r"\d\s?(?:%|dB|times|x|fps|ms)(?!\w)"
    r"|\b(?:faster|better|sharper|more accurate|fewer|exceeds?|beats?|matches|prefers?|preferred|competitive|tested|measured"
    r"|compared|scores?|wins?|won|ranks?|best|strongest|closer to|fast enough|real time)\b",
    re.IGNORECASE,
)
_REFERS_BACK = re.compile(
    r"(?:it|its|they|their|these|those|this|that|such|so|both|the (?:two|three|four)|for each)\b", re.IGNORECASE
)
_DIFFICULTY = re.compile(
    r"\b(?:hard|spoils?|seldom|rarely|often|usually|most|many|fails?|costly|expensive|too|cannot|unlike|existing|earlier)\b",
    re.IGNORECASE,
)
_Test = Callable[[Sentence], bool]


def contribution(source: Source) -> Sentence | None:
    """The sentence that says best what a source is or does; None when it has no sentence to quote."""
    usable = sentences(source)
    if not usable or is_card(source):
        return usable[0] if usable else None
    return _first(
        usable,
        lambda one: Part.METHOD in one.parts and announces(one.text),
        lambda one: opens_with(source, one.text) and not one.parts & {Part.LIMIT, Part.RESULT},
        lambda one: Part.METHOD in one.parts and _stands_alone(one),
        lambda one: one.text in _WORKINGS and _stands_alone(one) and _tells_how(one) and not _names_difficulty(one),
        lambda one: Part.METHOD in one.parts,
        lambda one: _stands_alone(one) and _tells_how(one) and not _names_difficulty(one),
        lambda one: Part.PROBLEM not in one.parts,
        lambda one: True,
    )


def mechanism(source: Source, told: Collection[str] = ()) -> Sentence | None:
    """The sentence that says best how a source works, beside those that were told; None when none does."""
    return _beside_contribution(
        source,
        told,
        lambda one: Part.METHOD in one.parts and _tells_how(one),
        lambda one: one.text in _WORKINGS and _tells_how(one) and not _compares(one),
        lambda one: Part.METHOD in one.parts and Part.LIMIT not in one.parts,
        lambda one: _tells_how(one) and not _compares(one) and not _names_difficulty(one),
    )


def reported(source: Source, told: Collection[str] = ()) -> Sentence | None:
    """The sentence that says best what a source reports, beside those that were told; None when none does."""
    return _beside_contribution(
        source,
        told,
        lambda one: Part.RESULT in one.parts and Part.LIMIT not in one.parts and _compares(one),
        lambda one: Part.RESULT in one.parts and Part.LIMIT not in one.parts,
        lambda one: Part.LIMIT not in one.parts and _compares(one),
    )


def _beside_contribution(source: Source, told: Collection[str], *tests: _Test) -> Sentence | None:
    """What passes the tests among the sentences after what the source brings, else among those before.

    Not the latter where the source announces what it brings: what leads to that is about others' work.
    """
    intro = contribution(source)
    if intro is None:
        return None
    fresh = [one for one in sentences(source) if one.text not in told]
    found = _first([one for one in fresh if one.number > intro.number], *tests)
    if found or announces(intro.text):
        return found
    return _first([one for one in fresh if one.number < intro.number], *tests)


def _stands_alone(one: Sentence) -> bool:
    return _REFERS_BACK.match(one.text) is None


def _tells_how(one: Sentence) -> bool:
    return not one.parts & {Part.RESULT, Part.LIMIT, Part.PROBLEM}


def _compares(one: Sentence) -> bool:
    return _COMPARES.search(one.text) is not None


def _names_difficulty(one: Sentence) -> bool:
    return _DIFFICULTY.search(one.text) is not None


def _first(candidates: Collection[Sentence], *tests: _Test) -> Sentence | None:
    """The first candidate that passes the first test that any passes."""
    return next((one for test in tests for one in candidates if test(one)), None)
