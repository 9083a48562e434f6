"""Whether the evidence can carry an answer, decided before anything is composed.

Three ways to fall short: the question is about something else, it asks about a name that the sources don't hold, or it asks
for a kind of work that none of the found sources is about.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.embedded.knowledge import asked_tasks, most_asked
from bot.embedded.language import short_title
from bot.embedded.turn import Turn
from bot.embedded.view import View, subject
from store.model import Source

# Chosen on a set of answerable and foreign questions over the supplied briefs; see benchmarks/refusals.py.
MIN_FIT = 0.30  # cosine of the best passage below which a question is about something else
SURE_FIT = 0.60  # cosine from which a passage answers, whatever kind of work it speaks of
_MENTIONS = 2  # of a kind of work, from which a source is about it
MIN_FIT_IN_FIELD = 0.20  # the same for a question that speaks of a task of the field

_NAME = re.compile(r"(?<![\w-])(?=[\w.+-]*[A-Z])[A-Za-z][\w+-]*(?:\.\w+)*(?![\w-])")
_EVERYDAY = frozenset(
    """
    i i'm i've i'd i'll ai ml a photo gpu cpu jpeg jpg png webp heic raw gif tiff pdf iphone ipad android samsung pixel
    canon nikon sony fujifilm gopro dslr whatsapp instagram facebook tiktok youtube netflix google apple photoshop lightroom gimp
    windows mac linux zoom vhs dvd tv hd uhd 4k 8k hdr sdr iso rgb url github arxiv cnaps english christmas cctv led lcd
    mri ct ok diy psnr ssim lpips fps db cnn cnns gan gans dnn dnns transformer transformers u-net unet mr mrs mom dad
    """.split()  # noqa: SIM905 - read as a list of words
)
# What stands before a name that a question is about; after anything else a capital may be any person or place.
_ABOUT = re.compile(
    r"\b(?:does|do|did|is|are|was|about|to|for|compare|between|than|versus|vs|explain|describe|uses?|like|by|called)\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_OWN = re.compile(r"\b(?:my|our|an?|his|her|their|old|on|via|from|taken with)\s+$", re.IGNORECASE)
_LINK_TO = re.compile(r"\b(?:link|code|paper|repo\w*|github)\b", re.IGNORECASE)


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
    tasks = asked_tasks(turn.question.text)
    wanted = most_asked(turn.question.text)
    held = {task for source in view.sources for task in subject(source, _MENTIONS)}
    if wanted and not held & set(wanted) and view.best_fit < SURE_FIT:
        return Refusal(wanted[0].name)
    if view.best_fit < (MIN_FIT_IN_FIELD if tasks else MIN_FIT):
        return Refusal()
    return None


def names(question: str, sources: Sequence[Source]) -> list[Source]:
    """The sources that a question names, in the order of their mention; of several with that name, the first given."""
    text = _fold(question)
    matches = [
        (place, -len(alias), number)
        for number, source in enumerate(sources)
        for alias in aliases(source)
        if (place := _place(alias, text)) >= 0
    ]
    found: list[Source] = []
    end = -1  # of the longest name read so far; a shorter one inside it names nothing more
    for place, length, number in sorted(matches):
        if place > end and sources[number] not in found:
            found.append(sources[number])
            end = place - length
    return found


def mentions(text: str, source: Source) -> bool:
    """Whether a text names a source."""
    folded = _fold(text)
    return any(_place(alias, folded) >= 0 for alias in aliases(source))


def aliases(source: Source) -> list[str]:
    """How people may name a source: its title, the part before the colon, and name-like words of a model's title."""
    title = source.title
    own = {_fold(title), _fold(short_title(title))}
    own |= {_fold(word) for word in re.split(r"[-\s/:]+", short_title(title)) if _name_like(word)}
    return [alias for alias in own if len(alias) > 2]


def unknown_names(questions: Sequence[str], sources: Sequence[Source]) -> list[str]:
    """Names that questions are about and that no found source holds, in the order of their mention."""
    held = _fold(" ".join(source.text for source in sources))
    unknown = []
    for question in questions:
        for match in _NAME.finditer(question):
            name, before = match.group(), question[: match.start()]
            if name.casefold() in _EVERYDAY or _place(_fold(name), held) >= 0:
                continue
            about = _ABOUT.search(before) is not None
            own = _OWN.search(before) is not None and not _LINK_TO.search(before)
            asked = not own if _name_like(name) and not name.isupper() else about and before.strip() != ""
            if asked:
                unknown.append(name)
    return unknown


def _name_like(word: str) -> bool:
    """Whether a word can only be the name of a model or data set: capitals or digits inside it."""
    return len(word) > 2 and (
        any(letter.isupper() for letter in word[1:]) or (word[0].isupper() and any(letter.isdigit() for letter in word))
    )


def _fold(text: str) -> str:
    return " ".join(re.sub(r"[^\w]+", " ", text.casefold()).split())


def _place(phrase: str, text: str) -> int:
    """Where `phrase` stands in `text` as whole words, -1 when it doesn't."""
    return f" {text} ".find(f" {phrase} ")
