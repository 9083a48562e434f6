"""Any language model as the agent's chat model, with our own search before it and our check behind it.

Every turn begins as the embedded model begins it: with its searches, and with what is to be done with photos. Where the
sources can't answer, its refusal stands and no language model is asked. Else the language model gets the evidence as data
and writes; each of its sentences is bound to a quote, replaced by it, or taken out. When nothing is left, or the language
model fails, the embedded model's answer is given, and says so.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any, cast

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage, ToolCall
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langgraph.config import get_stream_writer
from langgraph.runtime import get_runtime
from pydantic import PrivateAttr

from bot.draft import AUTHOR, DRAFT, Draft
from bot.embedded.model import EmbeddedChatModel
from bot.llm.calling import Limits, Spoken, speak
from bot.llm.checking import CheckedText
from bot.llm.evidence import EvidenceSheet
from bot.llm.failures import Failure, ModelError, Trouble, refuses_tools
from bot.llm.merging import merged, with_note
from bot.llm.prompt import prompt
from bot.llm.reading import read_written, written_calls
from bot.llm.sketch import Sketch
from bot.render import section_texts
from bot.tools import SEARCH, TurnContext, found_in, sources_of

_SEARCHES = 2  # rounds of searches that a language model may ask for
_SEARCHES_AT_ONCE = 3
_LONGEST_QUERY = 400  # characters
_WRITTEN_MODES = ("explain", "lookup", "source", "compare")

logger = logging.getLogger(__name__)


class CheckedChatModel(BaseChatModel):
    """A language model of which only what the sources bear out is heard."""

    language_model: BaseChatModel
    name_shown: str  # as the settings name it
    timeout_s: float
    can_search: bool = False  # whether the search tool was bound
    _embedded: EmbeddedChatModel = PrivateAttr(default_factory=EmbeddedChatModel)
    _refuses_tools: list[bool] = PrivateAttr(default_factory=list)  # not empty once its server did

    @property
    def _llm_type(self) -> str:
        return "unblur-checked"

    def bind_tools(
        self, tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool], **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The same model, which may now search; of the other tools the embedded model makes use.

        A language model reads sources, and a source might ask for something: it never gets to touch photos.
        """
        searches = [one for one in tools if isinstance(one, BaseTool) and one.name == SEARCH]
        bound = self.model_copy(update={"can_search": bool(searches)})
        bound._search_tool = searches[:1]
        return cast(Runnable[LanguageModelInput, AIMessage], bound)

    _search_tool: list[BaseTool] = PrivateAttr(default_factory=list)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=self._reply(messages))])

    def _reply(self, messages: list[BaseMessage]) -> AIMessage:
        conversation = [one for one in messages if one.type != "system"]
        now = _this_turn(conversation)
        own = [one for one in conversation if not _asked_by_language_model(one)]
        reply = self._embedded.invoke(own)
        if reply.tool_calls or DRAFT not in reply.additional_kwargs:
            return reply
        embedded = Draft.model_validate(reply.additional_kwargs[DRAFT])
        sheet = EvidenceSheet(tuple(found_in(now)))
        if embedded.mode not in _WRITTEN_MODES or not sheet.quotes:
            return reply
        question = sheet.found[0].query  # in full words
        try:
            answer = self._asked(conversation, now, sheet, embedded, question)
        except ModelError as error:
            logger.warning("the language model gave no answer: %s", error.failure.trouble.name)
            return _message(with_note(embedded, self._note(error.failure)), sheet, "")
        if isinstance(answer, AIMessage):
            return answer
        if not answer.kept:
            draft = embedded.model_copy(update={"removed": tuple(answer.removed)})
            return _message(with_note(draft, self._note(Failure(Trouble.UNGROUNDED))), sheet, "")
        return _message(merged(embedded, answer), sheet, self.name_shown)

    def _asked(
        self,
        conversation: Sequence[BaseMessage],
        now: Sequence[AnyMessage],
        sheet: EvidenceSheet,
        embedded: Draft,
        question: str,
    ) -> AIMessage | CheckedText:
        """What the language model wrote, checked, or its next searches."""
        rounds = sum(_asked_by_language_model(one) for one in now if isinstance(one, AIMessage))
        searches_left = self.can_search and rounds < _SEARCHES
        may_search = searches_left and not self._refuses_tools
        limits = Limits(self.timeout_s, _unwanted())

        def ask(sheet: EvidenceSheet, may_search: bool) -> tuple[Spoken, CheckedText]:
            model: Runnable[LanguageModelInput, Any] = self.language_model
            if may_search:
                model = self.language_model.bind_tools(self._search_tool)
            asked = prompt(conversation, sheet, embedded.mode, may_search=may_search, question=question)
            return _heard(model, asked, sheet, limits)

        try:
            said, checked = ask(sheet, may_search)
        except ModelError as error:
            if error.__cause__ is None or not refuses_tools(error.__cause__):
                raise
            said, checked = ask(sheet if may_search else sheet.shorter(), False)
            if may_search:
                self._refuses_tools.append(True)
        calls = _searches(said.message, conversation) if searches_left else []
        if calls and not checked.kept:
            return AIMessage(content="", tool_calls=calls, additional_kwargs={AUTHOR: self.name_shown})
        if not checked.kept and (not said.message.text.strip() or written_calls(said.message.text)):
            raise ModelError(Failure(Trouble.TOOLS))
        if said.cut and not checked.kept:
            raise ModelError(said.cut)
        return checked

    def _note(self, failure: Failure) -> str:
        return (
            f"The language model {_plain(self.name_shown)} was not used for this answer, since {failure.trouble.value}. "
            "The embedded model answers instead."
        )


def _heard(
    model: Runnable[LanguageModelInput, Any], asked: Sequence[BaseMessage], sheet: EvidenceSheet, limits: Limits
) -> tuple[Spoken, CheckedText]:
    """Hear a language model out, telling the checked sentences while it speaks."""
    tell = _teller()
    shown, read = 0, 0
    said: Spoken | None = None
    checked = CheckedText(sheet)
    for said in speak(model, asked, limits):
        sentences = read_written(said.message.text, complete=said.complete)
        if len(sentences) != read or said.complete:
            read = len(sentences)
            checked = CheckedText(sheet).read(sentences)
            if len(checked.kept) > shown and not said.complete:
                shown = len(checked.kept)
                tell(Sketch(" ".join(statement.text for statement in checked.statements)))
    assert said is not None  # or ModelError was raised
    return said, checked


def _teller() -> Callable[[Any], None]:
    """Where to tell what goes on; nowhere outside of a graph."""
    try:
        return get_stream_writer()
    except RuntimeError:
        return lambda _: None


def _unwanted() -> Callable[[], bool]:
    """What tells whether the user stopped the turn."""
    try:
        photos = get_runtime(TurnContext).context.photos
    except (RuntimeError, KeyError, AttributeError):  # outside of a graph
        return lambda: False
    return photos.stop.is_set if photos else lambda: False


def _searches(said: AIMessage, conversation: Sequence[BaseMessage]) -> list[ToolCall]:
    """The searches among the tool calls of what a language model said that are new; nothing else it may call."""
    calls: list[tuple[str, object]] = [(call["name"], call["args"]) for call in said.tool_calls]
    calls += written_calls(said.text)
    asked = {
        str(call["args"].get("query")) for one in conversation if isinstance(one, AIMessage) for call in one.tool_calls
    }
    queries = [
        query.strip()[:_LONGEST_QUERY]
        for name, arguments in calls
        if name == SEARCH and isinstance(arguments, dict)
        if isinstance(query := arguments.get("query"), str) and query.strip()
    ]
    new = [query for query in dict.fromkeys(queries) if query not in asked][:_SEARCHES_AT_ONCE]
    return [
        ToolCall(name=SEARCH, args={"query": query}, id=f"asked-{len(conversation)}-{number}")
        for number, query in enumerate(new)
    ]


def _asked_by_language_model(message: BaseMessage) -> bool:
    """Whether a message is a language model's call of tools, or what they gave."""
    if isinstance(message, AIMessage):
        return bool(message.tool_calls) and AUTHOR in message.additional_kwargs
    return str(getattr(message, "tool_call_id", "")).startswith("asked-")


def _message(draft: Draft, sheet: EvidenceSheet, author: str) -> AIMessage:
    text = "\n\n".join(section_texts(draft, sources_of(sheet.found)))
    about: dict[str, Any] = {DRAFT: draft.model_dump(mode="json")}
    if author:
        about[AUTHOR] = author
    return AIMessage(content=text, additional_kwargs=about)


def _this_turn(messages: Sequence[BaseMessage]) -> list[AnyMessage]:
    """The messages since the user's last one."""
    last = max((n for n, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    return cast(list[AnyMessage], list(messages[last + 1 :]))


def _plain(name: str) -> str:
    """A model's name as words in Markdown."""
    return f"`{name.replace('`', '')}`"
