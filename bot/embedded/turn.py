"""Read a turn of a conversation: what is asked, in full words, and what to search for."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage

from bot.draft import DRAFT, Draft, References
from bot.embedded.earlier import looked_back_to
from bot.embedded.followup import Exchange, resolve
from bot.embedded.knowledge import Phrases, asked_attributes
from bot.embedded.language import Question, read_question
from bot.embedded.names import name_like_words, names
from bot.held_to import HELD
from bot.tools import SEARCH, found_in, sources_of
from store.model import Source

BRIEF = "brief"  # keys under which a user's message carries what the turn is held to
SUPPLIED = "supplied"

_STRAIGHT = str.maketrans({"‘": "'", "’": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "‐": "-", "‑": "-"})
_MAX_QUERIES = 5  # searches a turn: the whole question and its first parts
_SHORT = 30  # words; a longer question wants an explanation, whatever words it holds

_HELP = re.compile(
    r"^\W*(?:hi|hello|hey|help|good (?:morning|evening|afternoon)|thanks?(?: you)?)\b[\w\s,!.]{0,20}$"
    r"|\bwhat (?:can|do) you (?:do|know|cover|offer)\b|\bwho are you\b"
    r"|^\W*(?:(?:hi|hello|hey|ok|okay|so|and|but)\W+)?how do(?:es)? (?:this|it|you) work\W*$"
    r"|\bwhat are you\b|\bwhat is unblur\b|\b(?:which|what) sources (?:do you|are|have)\b|\blist (?:the|your|all) sources\b",
    re.IGNORECASE,
)
_LINK = Phrases(
    [
        "link",
        "links",
        "url*",
        "github",
        "repo",
        "repos",
        "repository",
        "repositories",
        "publication",
        "source code",
        "code",
        "arxiv",
        "pdf",
        "download*",
        "web address*",
        "homepage*",
        "write-up*",
        "writeup*",
        "preprint*",
        "do i cite",
        "to cite",
        "can i cite",
        "should i cite",
    ]
)
_PAPERS = "(?:papers?|publications?|articles?|preprints?)"
_PAPER = re.compile(
    r"\b(?:where|give|find|send|show|get|have|has|is there|open|read|point (?:me|us) (?:to|at)|hand me)\b.{0,40}\bpapers?\b"
    rf"|\b{_PAPERS} (?:of|for|behind|belongs|on|about)\b"
    rf"|\b(?:which|what) {_PAPERS} (?:describes?|introduced?|introduces|presents?|is)\b"
    r"|^\W*(?:and )?(?:the|its|their) papers?\W*$",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r"\bwhere(?:'s| is| are) .{0,30}\b(?:program|source|software|implementation|weights|checkpoints?|project)\b"
    r"|\bopen[- ]source\b|\bsource (?:is )?open\b|"
    r"\bwhere (?:can|do|could|would|should|might) (?:i|we|one|you|people) (?:get|find|download|fetch|obtain|read|have|grab|see)\b"
    r"|\bwhere (?:is|are|does|do)\b.{1,60}\b(?:live|hosted|located|available|published|found|kept|at home|online)\b"
    r"|\blooking for\b.{0,40}\b(?:implementation|paper|program|software|weights)\b"
    r"|(?:\w's|\bits|\btheir) papers?\W*(?:pls|please|link)?\W*$|\bpapers? (?:pls|please)\b"
    r"|\b(?:have you got|give me|send me|what(?:'s| is)|do you have)\b.{0,20}\b(?:address|web ?(?:site|page)|home ?page)\b"
    r"|\bsomewhere to (?:read|get|find)\b|\bread (?:up|more) (?:on|about)\b|\bwhere (?:to|can i) (?:get|find|download)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\bhow many\b|\bhow much\b|\b(?:psnr|ssim|gain|accuracy|score|percent\w*)\b", re.IGNORECASE)
_CODE = Phrases(["code", "github", "repo", "repository", "link", "links", "url*", "download*"])
_OF_CODE = frozenset({"under which licence it is", "in which language it is written", "how it is installed"})
_NOT_OF_LINKS = _OF_CODE | {"who cited it", "who made it", "when it was published"}
_COMPARE = Phrases(
    [
        "against",
        "unlike",
        "apart",
        "contrasted",
        "in contrast",
        "contrast with",
        "side by side",
        "who does what",
        "compare",
        "compared",
        "comparison",
        "difference*",
        "differ",
        "differs",
        "different",
        "differently",
        "distinguish*",
        "versus",
        "vs",
        "better than",
        "instead of",
        "in common",
        "relate to",
    ]
)
_SOURCE = re.compile(
    r"\b(?:tell me (?:more )?about|what(?:'s| is| are| does)|summari[sz]e|describe|explain|who is|how do(?:es)? \S+ work)\b",
    re.IGNORECASE,
)
_HOW = re.compile(r"^\W*(?:and |so |but )?(?:how (?:does|do|can|is|are)|why|what (?:does|do|is|are))\b", re.IGNORECASE)
_GOES_ON = re.compile(
    r"^\W*(?:and |but |so )?(?:(?:is|are) there (?:an?|any|also|some)\b|any\b|in which|on which|how many)",
    re.IGNORECASE,
)
_NO_SIDE = frozenset(
    ["it", "them", "this", "that", "these", "those", "they", "one", "both", "i", "we", "you", "people"]
)
_SIDES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bcompare (?P<a>[^.?!;]+?) (?:and|with|to|against|versus|vs\.?) (?P<b>[^.?!;]+?)[?.!]*$",
        r"\bdifferen(?:ce|ces|t) between (?P<a>[^.?!;]+?) and (?P<b>[^.?!;]+?)[?.!]*$",
        r"\b(?:how|in (?:what|which) ways?|where) (?:does|do|is|are) (?P<a>[^.?!;]+?) "
        r"(?:differ|different)(?: from|s from)? (?P<b>[^.?!;]+?)[?.!]*$",
        r"\bwhat (?:do|does) (?P<a>[^.?!;]+?) and (?P<b>[^.?!;]+?) do differently",
        r"\b(?:is|are) (?P<a>[^.?!;]+?) (?:better|faster|different|smaller|larger|newer)(?: than| from) (?P<b>[^.?!;]+?)[?.!]*$",
        r"^(?P<a>[^.?!;]+?) (?:versus|vs\.?|or) (?P<b>[^.?!;]+?)(?:[:,]|\s+-|[?.!]*$)",
        r"\bhow do (?P<a>[^.?!;]+?) and (?P<b>[^.?!;]+?) (?:differ|compare)",
        r"^(?:and )?(?P<a>[^.?!;]+?) compared (?:to|with|against) (?P<b>[^.?!;]+?)[?.!]*$",
        r"\bhow does (?P<a>[^.?!;]+?) compare (?:to|with|against) (?P<b>[^.?!;]+?)[?.!]*$",
        r"\bhow does (?P<a>[^.?!;]+?) relate to (?P<b>[^.?!;,]+)",
        r"\bwhat distinguishes (?P<a>[^.?!;]+?) (?:from|and) (?P<b>[^.?!;]+?)[?.!]*$",
        r"^(?:and )?(?P<a>[^.?!;,]+?) (?:and|against) (?P<b>[^.?!;,:]+?)[,:]? (?:what sets|who does|which|what)\b",
        r"\bis (?P<a>[^.?!;]+?) unlike (?P<b>[^.?!;]+?)[?.!]*$",
        r"\b(?:put|set|lay|see|show)(?: me)? (?P<a>[^.?!;]+?) (?:and|beside|next to|against) (?P<b>[^.?!;,]+?)"
        r" (?:side by side|next to (?:each other|one another))",
        r"\bwhat sets (?P<a>[^.?!;]+?) (?:apart from|and) (?P<b>[^.?!;]+?)(?: apart)?[?.!]*$",
        r"\b(?:which is|who is|what is) (?:better|faster|smaller|newer)\W+(?P<a>[^.?!;]+?) or (?P<b>[^.?!;]+?)[?.!]*$",
    )
)
_SIDES_BY_THEMSELVES = tuple(  # these compare without a word of `_COMPARE`
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\b(?:decide|deciding|choose|choosing|choice|torn|hesitat\w+) between (?P<a>[^.?!;]+?) and (?P<b>[^.?!;,]+)",
        r"\bwhat (?:does|can|is) (?P<a>[^.?!;]+?) (?:do |have |has )?that (?P<b>[^.?!;]+?) (?:doesn't|doesnt|does not|can't|cant"
        r"|cannot|isn't|isnt|lacks|hasn't)\b",
        r"^(?:and )?(?P<a>[^.?!;:]+?) or (?P<b>[^.?!;:,]+)[:,] (?:what|which|how|who)\b[^.?!]*\b(?:each|either|both|which)\b",
        r"\bwhat separates (?P<a>[^.?!;]+?) (?:from|and) (?P<b>[^.?!;]+?)[?.!]*$",
    )
)


@dataclass(frozen=True)
class Turn:
    """A turn in full words."""

    question: Question  # follow-ups resolved: "the second one" has become its title
    queries: tuple[str, ...]  # what to search for, the whole question first
    brief: str | None  # the brief that the turn is held to
    supplied: bool  # the question is that brief's own
    focus: tuple[str, ...]  # ids of the sources that the user referred to without naming them
    held: bool = False  # the conversation is held to some of the sources
    link: bool = False  # whether the user's own words ask for a link
    sides: tuple[str, ...] = ()  # what is to be compared, in the question's words; each is a query of its own

    @property
    def words(self) -> int:
        """How long the question is."""
        return len(self.question.text.split())

    @property
    def wants_help(self) -> bool:
        """Whether the user asks about us rather than about pictures."""
        return self.words <= _SHORT and _HELP.search(self.question.text) is not None

    @property
    def wants_link(self) -> bool:
        """Whether a link is asked for."""
        text = self.question.text
        otherwise = {attribute.name for attribute in asked_attributes(text)} & _NOT_OF_LINKS
        wanted = (self.link or asks_for_link(text)) and (not otherwise or (text in _CODE and not otherwise & _OF_CODE))
        figure = text not in _LINK and _FIGURE.search(text) is not None  # "the PSNR that the paper on … reports"
        return self.words <= _SHORT and wanted and not figure and not self.wants_comparison

    @property
    def wants_comparison(self) -> bool:
        """Whether sources are to be compared."""
        return self.words <= _SHORT and (bool(self.sides) or self.question.text in _COMPARE)

    @property
    def wants_description(self) -> bool:
        """Whether the question asks how or why, so that what a source says of itself is an answer."""
        return self.words <= _SHORT and _HOW.match(self.question.text) is not None

    @property
    def wants_source(self) -> bool:
        """Whether one source is to be described."""
        return self.words <= _SHORT and _SOURCE.search(self.question.text) is not None


def asks_for_link(text: str) -> bool:
    """Whether a question has the words of one for a link."""
    return text in _LINK or any(pattern.search(text) for pattern in (_PAPER, _WHERE))


def read_turn(messages: Sequence[BaseMessage]) -> Turn:
    """Read the user's last message with what came before it."""
    human = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    if human is None:
        raise ValueError("a turn needs a message of the user")
    text = _typed(str(human.text)).strip()
    goes_on = asks_for_link(text) or bool(asked_attributes(text)) or _GOES_ON.match(text) is not None
    bare = len(text.split()) <= _SHORT and goes_on
    found = resolve(text, _exchanges(looked_back_to(messages)), bare=bare)
    resolved = found.text
    question = read_question(resolved)
    parts = [
        part
        for part in question.parts
        if part.rstrip("?") not in resolved or len(question.parts) > 1 or question.situation
    ]
    sides = _sides(resolved)
    named = name_like_words(resolved) if len(resolved.split()) <= _SHORT else []
    referred = [source.title for source in found.focus]
    queries = tuple(dict.fromkeys([resolved, *sides, *referred, *named, *parts]))[:_MAX_QUERIES]
    return Turn(
        question=question,
        queries=queries,
        brief=human.additional_kwargs.get(BRIEF),
        supplied=bool(human.additional_kwargs.get(SUPPLIED)),
        focus=tuple(source.source_id for source in found.focus),
        held=bool(human.additional_kwargs.get(HELD)),
        link=asks_for_link(text),
        sides=sides,
    )


def _typed(text: str) -> str:
    """A question as a plain keyboard types it: straight quotes and apostrophes, ordinary spaces."""
    return unicodedata.normalize("NFKC", text).translate(_STRAIGHT)


def _sides(text: str) -> tuple[str, ...]:
    """What a question sets side by side, in its words."""
    if len(text.split()) > _SHORT:
        return ()
    found = next((match for pattern in _SIDES_BY_THEMSELVES if (match := pattern.search(text))), None)
    if found and not any(name_like_words(found[side], capitals=True) for side in ("a", "b")):
        found = None  # "a choice between sharp and faithful" compares no models
    if found is None and text in _COMPARE:
        found = next((match for pattern in _SIDES if (match := pattern.search(text))), None)
    sides = (found["a"].strip(), found["b"].strip()) if found else ()
    return () if any(side.casefold() in _NO_SIDE for side in sides) else sides


def _exchanges(messages: Sequence[BaseMessage]) -> list[Exchange]:
    """The turns so far, the latest first: what was asked in full words, and what the answer pointed to."""
    sources = sources_of(found_in(cast(list[AnyMessage], messages)))
    turns: list[Exchange] = []
    question = ""
    for message in messages:
        if isinstance(message, HumanMessage):
            question = str(message.text)
        elif isinstance(message, AIMessage) and message.tool_calls:
            asked = [call["args"].get("query") for call in message.tool_calls if call["name"] == SEARCH]
            question = next((query for query in asked if query), question)
        elif isinstance(message, AIMessage) and DRAFT in message.additional_kwargs:
            pointed = _pointed_to(message, sources) or names(question, list(sources.values()))
            turns.append(Exchange(question, tuple(pointed)))
    return turns[::-1]


def _pointed_to(message: AIMessage, sources: Mapping[str, Source]) -> list[Source]:
    draft = Draft.model_validate(message.additional_kwargs[DRAFT])
    blocks = (block for section in draft.sections for block in section.blocks)
    named = [item.source_id for block in blocks if isinstance(block, References) for item in block.items]
    return [sources[source_id] for source_id in named if source_id in sources]
