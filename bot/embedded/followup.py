"""Put a follow-up into full words: what "it", "the second one", "the HDR one" or "the other" stand for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.embedded.knowledge import asked_tasks
from bot.embedded.language import short_title
from bot.embedded.names import name_like_words, names, placed_names
from bot.embedded.view import subject
from bot.embedded.wording import demanded, share
from store.model import Source

_SHORT = 30  # words; a longer question stands for itself
_BARE = 8  # words, up to which a question without a subject continues the last one
_HELD = 0.5  # share of a question's own words in the last source's text that makes it a question about that
_OPENING = re.compile(r"^\W*(?:and|but|so)\b", re.IGNORECASE)
_THERE = re.compile(r"\s+(?:in )?there$", re.IGNORECASE)
_WHICH = re.compile(r"^\W*(?:(?:and|but|so)\W+)?(?:what|which|where|when|who|how|why)\b", re.IGNORECASE)
_IT = re.compile(
    r"\b(?:that last (?:one|model|paper)|that one|this one|the same one"
    r"|that (?:model|paper|method|network|tool)|this (?:model|paper|method|network|tool)|its?"
    r"|(?:(?<=for )|(?<=with )|(?<=of )|(?<=does )|(?<=did )|(?<=is )|(?<=was )|(?<=has )|(?<=can ))that"
    r"(?=\W*$|\s+(?:on|with|for|in|at)\b|\s+(?:work|need|take|run|tried|tested|made|done|published|trained|measured|evaluated)\b))\b",
    re.IGNORECASE,
)
_THEY = re.compile(
    r"\b(?:they|them|their|both(?: of them)?"
    r"|(?:these|those|the) two(?=\W*$| (?:of them|differ|compare|have|are|do|did|can|work|share)\b))(?!\w)",
    re.IGNORECASE,
)
_WHICH_OF = re.compile(r"\b(?:of|among) (?:these|them|those|the two)\b|\bwhich one\b", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_ORDINAL = re.compile(
    rf"\bthe (?P<word>{'|'.join(_ORDINALS)}|last|former|latter)(?: (?:one|paper|model|source|of (?:them|these|those)))?\b",
    re.IGNORECASE,
)
_DESCRIBED = re.compile(
    r"\b(?:the|that) (?P<what>[\w-]+(?: [\w-]+)?) (?:one|paper|model|method)\b"
    r"|\bthe (?:one|paper|model|method) (?:about|for|on|with|that does|that uses) (?P<that>[\w -]+)",
    re.IGNORECASE,
)
_BACK = re.compile(
    r"^\W*(?:let's |let us |can we |please )?(?:go(?:ing)? )?back to (?P<what>[^:,.?!;]+)[:,.?!;]*\s*", re.IGNORECASE
)
_CORRECTION = re.compile(
    r"^\W*(?:no|nope|sorry|actually|wait|not that one|wrong one)\b[\w ,.!]*?\b(?:i )?(?:meant?|mean)\s+(?P<what>[^?.!]+)[?.!]*$"
    r"|^\W*(?:no|nope|sorry|not that one)\W+(?P<other>the other(?: one| paper| model)?)\W*$",
    re.IGNORECASE,
)
_THE_OTHER = re.compile(r"\bthe other\b", re.IGNORECASE)
_DIFFERENT_ALONE = re.compile(r"\bhow (?:is|are|does|do) .{2,40}\b(?:different|differ|compare)\W*$", re.IGNORECASE)
_AND_WHAT = re.compile(r"^\W*(?:and|what about|how about|and what about|and for)\s+(?P<what>[^?]+?)\W*$", re.IGNORECASE)
_DIFFER = re.compile(r"\b(?:differ\w*|compare\w*|better|common|versus|vs|unlike)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Exchange:
    """An earlier turn: its question in full words, and the sources that its answer pointed to, the main one first."""

    question: str
    sources: tuple[Source, ...]

    @property
    def subject(self) -> Source:
        """The source that the turn was about: the one that its question named, else the answer's first."""
        return (names(self.question, self.sources) or list(self.sources))[0]


@dataclass(frozen=True)
class Resolved:
    """A question in full words, and the sources that it refers to without naming them."""

    text: str
    focus: tuple[Source, ...] = ()


def resolve(text: str, earlier: Sequence[Exchange], *, bare: bool) -> Resolved:
    """`text` with what it refers to in its place; earlier: the turns before, the latest first.

    bare: the text asks for a link or a particular, so that without a subject of its own it continues the last turn.
    """
    spoken = [one for one in earlier if one.sources]
    if not spoken or len(text.split()) > _SHORT:
        return Resolved(text)
    known = list(dict.fromkeys(source for one in spoken for source in one.sources))
    corrected = _corrected(text, spoken, known)
    if corrected is not None:
        return corrected
    back = _BACK.match(text)
    if back:
        return _went_back(text, back, spoken, known)
    focus: list[Source] = []
    text, counted = _counted(text, spoken)
    focus += counted
    if not counted:
        text, described = _described(text, known)
        focus += described
    if not focus and _DIFFERENT_ALONE.search(text) and len(name_like_words(text)) == 1:
        text = f"{text.rstrip(' ?.!')} from {_called(spoken[0].subject)}?"
    carried = _carried_over(text, spoken[0], known) if not focus else None
    if carried is not None:
        return carried
    text, meant = _pronoun(text, spoken, known, focus)
    focus = [*meant, *focus]
    if not focus and len(text.split()) <= _BARE and _goes_on(text, spoken[0], known, bare=bare):
        focus = [spoken[0].subject]
        text = f"{_THERE.sub('', text.rstrip(' ?.!'))} for {_called(focus[0])}?"
    return Resolved(text, tuple(dict.fromkeys(focus)))


def _called(source: Source) -> str:
    return short_title(source.title)


def _goes_on(text: str, last: Exchange, known: Sequence[Source], *, bare: bool) -> bool:
    """Whether a short question without a name continues the last one: it asks for what that turn's source speaks of."""
    if name_like_words(text) or names(text, known):
        return False
    tasks = set(asked_tasks(text))
    if tasks:
        return (
            bare and _OPENING.match(text) is not None and tasks <= {*asked_tasks(last.question), *subject(last.subject)}
        )
    if bare:
        return True
    words = demanded(text, last.subject)
    return bool(words) and _WHICH.match(text) is not None and share(words, last.subject.text) >= _HELD


def _corrected(text: str, spoken: Sequence[Exchange], known: Sequence[Source]) -> Resolved | None:
    """The last question asked of another source: "no, I meant the other"."""
    match = _CORRECTION.match(text)
    if not match:
        return None
    wanted = match["what"] or match["other"]
    last = spoken[0]
    if _THE_OTHER.search(wanted):
        several = next((one.sources for one in spoken if len(one.sources) > 1), known)
        others = [source for source in several if source != last.subject]
    else:
        counted = _counted(wanted, spoken)[1] or names(wanted, known) or _described(wanted, known)[1]
        others = counted or []
    if not others:
        return Resolved(_instead(last, wanted.strip())) if name_like_words(wanted) else None
    return Resolved(_instead(last, _called(others[0])), (others[0],))


def _instead(last: Exchange, name: str) -> str:
    """The last question with `name` in the place of the source that it was about."""
    asked = last.question
    for called in (last.subject.title, _called(last.subject), *name_like_words(asked)):
        if called.casefold() in asked.casefold():
            return re.sub(re.escape(called), lambda _: name, asked, count=1, flags=re.IGNORECASE)
    return f"Tell me about {name}"


def _went_back(text: str, back: re.Match[str], spoken: Sequence[Exchange], known: Sequence[Source]) -> Resolved:
    """A source of before, and what is asked of it now, if anything: "go back to the HDR one: is there code?"."""
    wanted, rest = back["what"].strip(), text[back.end() :]
    found = _counted(wanted, spoken)[1] or _described(wanted, known)[1] or names(wanted, known) or _about(wanted, known)
    name = wanted if not found or names(wanted, found) else _called(found[0])
    rest = _IT.sub(lambda it: f"{name}'s" if it.group().casefold() == "its" else name, rest, count=1)
    return Resolved(rest[:1].upper() + rest[1:] if rest else f"Tell me about {name}", tuple(found[:1]))


def _counted(text: str, spoken: Sequence[Exchange]) -> tuple[str, list[Source]]:
    """ "the second one" of the latest answer that has so many."""
    ordinal = _ORDINAL.search(text)
    if not ordinal:
        return text, []
    word = ordinal["word"].casefold()
    place = {"last": -1, "latter": 1, "former": 0}.get(word, _ORDINALS.index(word) if word in _ORDINALS else 0)
    among = next((one.sources for one in spoken if len(one.sources) > max(place, 1)), None)
    if among is None:
        return text, []
    source = among[place]
    return f"{text[: ordinal.start()]}{_called(source)}{text[ordinal.end() :]}", [source]


def _described(text: str, known: Sequence[Source]) -> tuple[str, list[Source]]:
    """ "the HDR one": the source of before that speaks most of what it is called by."""
    for match in _DESCRIBED.finditer(text):
        found = _about(match["what"] or match["that"], known)
        if found:
            return f"{text[: match.start()]}{_called(found[0])}{text[match.end() :]}", found[:1]
    return text, []


def _about(wanted: str, known: Sequence[Source]) -> list[Source]:
    words = re.findall(r"\w+", wanted.casefold())
    tasks = asked_tasks(wanted)

    def worth(source: Source) -> int:
        text, title = source.text.casefold(), source.title.casefold()
        held = sum(text.count(word) + 3 * title.count(word) for word in words if len(word) > 2)
        return held + sum(3 for task in subject(source)[:1] if task in tasks)

    ranked = sorted(known, key=lambda source: -worth(source))  # a stable sort: the latest of equals
    return [source for source in ranked if worth(source) > 0]


def _carried_over(text: str, last: Exchange, known: Sequence[Source]) -> Resolved | None:
    """The last question, asked of another source: "and EnlightenGAN?"."""
    match = _AND_WHAT.match(text)
    if not match or _IT.search(text) or len(match["what"].split()) > _BARE:
        return None
    wanted = match["what"].strip()
    named = names(wanted, known)
    if not named and not name_like_words(wanted):
        together = f"{last.question.rstrip(' ?.!')}, {text.strip()}"
        return Resolved(together) if len(together.split()) <= _SHORT else None
    only_a_name = len(wanted.split()) <= 4
    return Resolved(_instead(last, wanted), tuple(named[:1])) if only_a_name else None


def _pronoun(
    text: str, spoken: Sequence[Exchange], known: Sequence[Source], focus: Sequence[Source]
) -> tuple[str, list[Source]]:
    """ "it" and the like, unless a name before it in the same question is what it stands for."""
    last = spoken[0]
    before_last = list(dict.fromkeys(one.subject for one in spoken))[1::-1]  # the last two subjects, in their order
    among = _WHICH_OF.search(text)
    if among and len(last.sources) > 1:
        listed = ", ".join(_called(source) for source in last.sources)
        opening = "which of" if among.group().casefold().startswith("which") else "of"
        return f"{text[: among.start()]}{opening} {listed}{text[among.end() :]}", list(last.sources)
    they = _THEY.search(text)
    two = last.sources[:2] if len(last.sources) > 1 else before_last
    if they and _DIFFER.search(text) and len(two) > 1:
        return f"{text[: they.start()]}{' and '.join(map(_called, two))}{text[they.end() :]}", list(two)
    it = _IT.search(text) or they
    if not it:
        return text, []
    before = text[: it.start()]
    if placed_names(before, known) or (name_like_words(before) and not focus):
        return text, []
    name = _called(last.subject)
    if it.group().casefold() in ("its", "their"):
        name += "'s"
    return f"{before}{name}{text[it.end() :]}", [last.subject]
