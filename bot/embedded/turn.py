"""Read a turn of a conversation: what is asked, in full words, and what to search for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage

from bot.draft import DRAFT, Draft, References
from bot.embedded.knowledge import Phrases, asked_tasks
from bot.embedded.language import Question, read_question, short_title
from bot.tools import found_in, sources_of
from store.model import Source

BRIEF = "brief"  # keys under which a user's message carries what the turn is held to
SUPPLIED = "supplied"

_MAX_QUERIES = 5  # searches a turn: the whole question and its first parts
_SHORT = 30  # words; a longer question wants an explanation, whatever words it holds

_HELP = re.compile(
    r"^\W*(?:hi|hello|hey|help|good (?:morning|evening|afternoon)|thanks?(?: you)?)\b[\w\s,!.]{0,20}$"
    r"|\bwhat (?:can|do) you (?:do|know|cover|offer)\b|\bhow do(?:es)? (?:this|it|you) work\W*$|\bwho are you\b"
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
        "source code",
        "code",
        "arxiv",
        "pdf",
    ]
)
_PAPER = re.compile(r"\b(?:where|give|find|send|show|get|have|has|is there)\b.{0,40}\bpapers?\b", re.IGNORECASE)
_COMPARE = Phrases(
    [
        "compare",
        "compared",
        "comparison",
        "difference*",
        "differ",
        "differs",
        "different from",
        "versus",
        "vs",
        "better than",
        "instead of",
        "in common",
    ]
)
_SOURCE = re.compile(
    r"\b(?:tell me (?:more )?about|what(?:'s| is| are| does)|summari[sz]e|describe|explain|who is|how do(?:es)? \S+ work)\b",
    re.IGNORECASE,
)
_IT = re.compile(
    r"\b(?:that one|this one|the same one|that (?:model|paper|method|network|tool)|this (?:model|paper|method|network|tool)"
    r"|its?)\b",
    re.IGNORECASE,
)
_THEY = re.compile(r"\b(?:they|them|their)\b", re.IGNORECASE)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_ORDINAL = re.compile(
    rf"\bthe (?:(?P<word>{'|'.join(_ORDINALS)}|last)(?: (?:one|paper|model|source))?)\b", re.IGNORECASE
)


@dataclass(frozen=True)
class Turn:
    """A turn in full words."""

    question: Question  # follow-ups resolved: "the second one" has become its title
    queries: tuple[str, ...]  # what to search for, the whole question first
    brief: str | None  # the brief that the turn is held to
    supplied: bool  # the question is that brief's own
    focus: tuple[str, ...]  # ids of the sources that the user referred to without naming them

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
        wanted = text in _LINK or _PAPER.search(text) is not None
        return self.words <= _SHORT and wanted and not self.wants_comparison

    @property
    def wants_comparison(self) -> bool:
        """Whether sources are to be compared."""
        return self.words <= _SHORT and self.question.text in _COMPARE

    @property
    def wants_source(self) -> bool:
        """Whether one source is to be described."""
        return self.words <= _SHORT and _SOURCE.search(self.question.text) is not None


def read_turn(messages: Sequence[BaseMessage]) -> Turn:
    """Read the user's last message with what came before it."""
    human = next((message for message in reversed(messages) if isinstance(message, HumanMessage)), None)
    if human is None:
        raise ValueError("a turn needs a message of the user")
    text = str(human.text).strip()
    resolved, focus = _resolve(text, _talked_about(messages[: messages.index(human)]))
    question = read_question(resolved)
    parts = [
        part
        for part in question.parts
        if part.rstrip("?") not in resolved or len(question.parts) > 1 or question.situation
    ]
    field = [
        task.name for task in asked_tasks(resolved)[:2] if resolved not in task.terms
    ]  # everyday words, the field's word
    queries = tuple(dict.fromkeys([resolved, *parts, *field]))[:_MAX_QUERIES]
    return Turn(
        question=question,
        queries=queries,
        brief=human.additional_kwargs.get(BRIEF),
        supplied=bool(human.additional_kwargs.get(SUPPLIED)),
        focus=focus,
    )


def _talked_about(messages: Sequence[BaseMessage]) -> list[list[Source]]:
    """The sources that each earlier answer pointed to, in its order, the latest answer first."""
    sources = sources_of(found_in(cast(list[AnyMessage], messages)))
    answers = []
    for message in reversed(messages):
        if isinstance(message, AIMessage) and DRAFT in message.additional_kwargs:
            draft = Draft.model_validate(message.additional_kwargs[DRAFT])
            blocks = (block for section in draft.sections for block in section.blocks)
            named = [item.source_id for block in blocks if isinstance(block, References) for item in block.items]
            answers.append([sources[source_id] for source_id in named if source_id in sources])
    return [answer for answer in answers if answer]


def _resolve(text: str, answers: Sequence[Sequence[Source]]) -> tuple[str, tuple[str, ...]]:
    """`text` with "the second one", "it" and the like replaced by the titles they stand for, and those sources' ids."""
    if not answers or len(text.split()) > _SHORT:
        return text, ()
    focus = []
    ordinal = _ORDINAL.search(text)
    if ordinal:
        word = ordinal["word"].casefold()
        place = -1 if word == "last" else _ORDINALS.index(word)
        counted = next((answer for answer in answers if len(answer) > max(place, 1)), None)
        if counted:
            focus.append(counted[place])
            text = f"{text[: ordinal.start()]}{short_title(counted[place].title)}{text[ordinal.end() :]}"
    latest = answers[0][0]
    named = {word for answer in answers for source in answer for word in short_title(source.title).casefold().split()}
    words = {word.strip("?!.,'s") for word in text.casefold().split()}
    referring = _IT.search(text) or _THEY.search(text)
    if referring and (focus or not any(word in named for word in words if len(word) > 5)):
        name = short_title(latest.title)
        if referring.group().casefold() in ("its", "their"):
            name += "'s"
        text = f"{text[: referring.start()]}{name}{text[referring.end() :]}"
        focus.insert(0, latest)
    return text, tuple(source.source_id for source in focus)
