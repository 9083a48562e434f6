"""A conversation's turns as questions with their checked answers, read from its messages."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage

from bot.agent import EMBEDDED
from bot.answer import Answer, Removed, Restoration, ToolCall
from bot.draft import AUTHOR, DRAFT, Draft, body, paragraph, say
from bot.embedded.turn import BRIEF
from bot.grounding import ground
from bot.pasted import PASTED
from bot.photos.album import Album, Picture, Result
from bot.photos.tools import RESTORE, WORDLESS, pictures_in, standing_results, tried_in
from bot.render import render
from bot.tools import found_in, sources_of
from restore.errors import PhotoError
from store.model import Source


@dataclass(frozen=True)
class Exchange:
    """A question of a conversation with its answer."""

    question: str
    answer: Answer | None  # None when the turn was cut off before it was answered
    sources: Mapping[str, Source]  # those that were found for it, by id, as they were then
    pictures: tuple[Picture, ...] = ()  # the photos that came with the question
    results: tuple[Result, ...] = ()  # what was made of photos for it
    shows: Result | None = None  # the last result that stands after it
    wordless: bool = False  # the photos came without a word
    pasted: str | None = None  # the brief that the user pasted, whose question this is


def exchanges_of(messages: Sequence[AnyMessage], thread: str, album: Album) -> list[Exchange]:
    """The turns of a conversation, oldest first; each answer as it was given (in 0 seconds)."""
    exchanges = []
    before: list[AnyMessage] = []
    for turn in _turns(messages):
        exchanges.append(exchange_of(turn, before, thread, album))
        before += turn
    return exchanges


def restoration_of(draft: Draft, messages: Sequence[AnyMessage], album: Album) -> Restoration | None:
    """The restoration that a draft tells of; where it names none, the last one of its turn."""
    made = [one.result for one in tried_in(messages) if one.tool == RESTORE and one.result]
    if draft.result is not None and draft.result not in [result.id for result in made]:
        try:
            made.append(album.result(draft.result))
        except PhotoError:
            return None  # deleted meanwhile
    if not made:
        return None
    fields = {name: value for name, value in asdict(made[-1]).items() if name in Restoration.model_fields}
    return Restoration(**fields, result=made[-1].id, output_path=str(album.folder / made[-1].file))


def answer_of(
    question: str,
    messages: Sequence[AnyMessage],
    draft: Draft,
    removed: tuple[Removed, ...],
    *,
    brief: str | None,
    thread: str | None,
    seconds: float,
    restoration: Restoration | None,
) -> Answer:
    """The answer that a checked draft makes; `messages` are those of its turn."""
    rendered = render(draft, sources_in(messages))
    return Answer(
        question=question,
        mode=draft.mode,
        refused=draft.mode == "refusal",
        answer=rendered.markdown,
        task=rendered.task,
        workflow=rendered.workflow,
        references=rendered.references,
        citations=rendered.citations,
        tool_calls=_tool_calls(messages),
        restoration=restoration,
        removed=removed,
        model=_author(messages),
        brief=brief,
        thread=thread,
        seconds=seconds,
    )


def checked(messages: Sequence[AnyMessage], sources: Mapping[str, Source]) -> tuple[Draft, tuple[Removed, ...]]:
    """What the grounding check leaves of a turn's draft, and what it took out."""
    draft, removed = ground(_draft_in(messages), sources)
    return draft if draft.sections else _nothing_held(), removed


def sources_in(messages: Sequence[AnyMessage]) -> dict[str, Source]:
    return sources_of(found_in(messages))


def _turns(messages: Sequence[AnyMessage]) -> list[list[AnyMessage]]:
    """Messages cut where the user speaks."""
    turns: list[list[AnyMessage]] = []
    for message in messages:
        if isinstance(message, HumanMessage):
            turns.append([])
        if turns:
            turns[-1].append(message)
    return turns


def exchange_of(turn: Sequence[AnyMessage], before: Sequence[AnyMessage], thread: str, album: Album) -> Exchange:
    """A turn as it is shown; `before` are the messages of the conversation up to it."""
    asked, messages = turn[0], turn[1:]
    question, brief = str(asked.content), asked.additional_kwargs.get(BRIEF)
    sources = sources_in(messages)
    standing = standing_results(tried_in([*before, *turn]))
    exchange = Exchange(
        question, None, sources,
        pictures=tuple(pictures_in([asked])),
        results=tuple(one.result for one in tried_in(messages) if one.tool == RESTORE and one.result),
        shows=standing[-1] if standing else None,
        wordless=bool(asked.additional_kwargs.get(WORDLESS)),
        pasted=asked.additional_kwargs.get(PASTED),
    )  # fmt: skip
    if not any(isinstance(message, AIMessage) and not message.tool_calls for message in messages):
        return exchange
    draft, removed = checked(messages, sources)
    restoration = restoration_of(draft, messages, album)
    answer = answer_of(
        question, messages, draft, removed, brief=brief, thread=thread, seconds=0, restoration=restoration
    )  # fmt: skip
    return replace(exchange, answer=answer)


def _draft_in(messages: Sequence[AnyMessage]) -> Draft:
    """The draft of the turn's last message, an empty one when the model wrote none."""
    for message in reversed(messages):
        if isinstance(message, AIMessage) and DRAFT in message.additional_kwargs:
            return Draft.model_validate(message.additional_kwargs[DRAFT])
    return Draft(mode="refusal", sections=())


def _nothing_held() -> Draft:
    text = "Nothing that I could say to this is held by the sources I was given, so I'd rather not answer."
    return body("refusal", [paragraph(say(text))])


def _tool_calls(messages: Sequence[AnyMessage]) -> tuple[ToolCall, ...]:
    return tuple(
        ToolCall(name=call["name"], args=call["args"])
        for message in messages
        if isinstance(message, AIMessage)
        for call in message.tool_calls
    )


def _author(messages: Sequence[AnyMessage]) -> str:
    """The model that wrote a turn's draft."""
    for message in reversed(messages):
        if isinstance(message, AIMessage) and DRAFT in message.additional_kwargs:
            return str(message.additional_kwargs.get(AUTHOR, EMBEDDED))
    return EMBEDDED
