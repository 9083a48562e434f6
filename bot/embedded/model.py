"""The embedded chat model: a LangChain chat model of our own that needs no weights, no key and no network.

It does what any model behind the agent does: reads the turn, calls the search tool, and drafts the answer. The draft is made
of exact sentences of the evidence; it travels beside the message's text, so that the grounding check can take it apart.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, AnyMessage, BaseMessage, HumanMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from bot.draft import DRAFT, Draft
from bot.embedded.compose import compose
from bot.embedded.photo_answer import NETWORK_QUERY, with_explanation
from bot.embedded.photo_turn import photo_calls, photo_draft
from bot.embedded.photo_wish import read_photo_wish
from bot.embedded.turn import read_turn
from bot.render import section_texts
from bot.tools import SEARCH, found_in, sources_of
from store.model import Source


class EmbeddedChatModel(BaseChatModel):
    """Answers from the evidence alone; deterministic."""

    @property
    def _llm_type(self) -> str:
        return "unblur-embedded"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model knows its one tool by name, so binding changes nothing."""
        return self

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=_reply(messages))])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        reply = _reply(messages)
        if reply.tool_calls:
            yield ChatGenerationChunk(
                message=AIMessageChunk(content="", tool_calls=reply.tool_calls, chunk_position="last")
            )
            return
        draft = Draft.model_validate(reply.additional_kwargs[DRAFT])
        pieces = section_texts(draft, _sources(messages))
        for piece in pieces[:-1]:
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"{piece}\n\n"))
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content=pieces[-1] if pieces else "",
                additional_kwargs=reply.additional_kwargs,
                chunk_position="last",
            )
        )


def _reply(messages: Sequence[BaseMessage]) -> AIMessage:
    """The next message: calls of tools, or the drafted answer."""
    wish = read_photo_wish(messages)
    about_sources = wish is None or wish.also_asked
    calls = [] if wish is None else photo_calls(wish)
    turn = read_turn(messages) if about_sources else None
    calls += [(SEARCH, {"query": query}) for query in (turn.queries if turn else ())]
    now = _this_turn(messages)
    if calls and not any(isinstance(message, AIMessage) for message in now):
        return AIMessage(
            content="",
            tool_calls=[
                ToolCall(name=name, args=args, id=f"call-{len(messages)}-{number}")
                for number, (name, args) in enumerate(calls)
            ],
        )
    searched = found_in(now)
    if turn is not None:
        draft = compose(turn, [found for found in searched if wish is None or found.query != NETWORK_QUERY])
    if wish is not None:
        restored = photo_draft(wish, messages, now)
        draft = restored if turn is None else with_explanation(restored, draft)
    text = "\n\n".join(section_texts(draft, _sources(messages)))
    return AIMessage(content=text, additional_kwargs={DRAFT: draft.model_dump(mode="json")})


def _sources(messages: Sequence[BaseMessage]) -> dict[str, Source]:
    return sources_of(found_in(_this_turn(messages)))


def _this_turn(messages: Sequence[BaseMessage]) -> list[AnyMessage]:
    """The messages since the user's last one."""
    last = max((n for n, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    return cast(list[AnyMessage], list(messages[last + 1 :]))  # LangChain hands over no other kinds
