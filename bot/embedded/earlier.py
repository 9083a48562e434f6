"""What of a conversation the next turn may look back to: not the turns that spoke of sources it is not allowed to use."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, cast

from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, HumanMessage

from bot.draft import DRAFT
from bot.embedded.names import names
from bot.held_to import OUTSIDE
from bot.tools import found_in, sources_of
from store.model import Source


def looked_back_to(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """The messages before the user's last one, without the turns that spoke of what that one may not use."""
    last = max((n for n, one in enumerate(messages) if isinstance(one, HumanMessage)), default=0)
    before = list(messages[:last])
    outside = frozenset(messages[last].additional_kwargs.get(OUTSIDE) or ()) if messages else frozenset()
    if not outside:
        return before
    found = sources_of(found_in(cast(list[AnyMessage], before)))
    barred = [source for source_id, source in found.items() if source_id in outside]
    return [one for turn in _turns(before) if not _spoke_of(turn, outside, barred) for one in turn]


def _turns(messages: Sequence[BaseMessage]) -> list[list[BaseMessage]]:
    turns: list[list[BaseMessage]] = [[]]
    for message in messages:
        if isinstance(message, HumanMessage):
            turns.append([])
        turns[-1].append(message)
    return turns


def _spoke_of(turn: Sequence[BaseMessage], outside: Collection[str], barred: Sequence[Source]) -> bool:
    """Whether a turn's question named one of the barred sources, or its answer cited or listed one."""
    drafts = [one.additional_kwargs.get(DRAFT) for one in turn if isinstance(one, AIMessage)]
    if any(source_id in outside for draft in drafts for source_id in _ids_in(draft)):
        return True
    asked = [str(one.text) for one in turn if isinstance(one, HumanMessage)]
    asked += [
        str(call["args"].get("query", "")) for one in turn if isinstance(one, AIMessage) for call in one.tool_calls
    ]
    return any(names(text, barred) for text in asked)


def _ids_in(data: Any) -> Iterator[str]:
    """Every source that a draft, as plain data, points to."""
    if isinstance(data, dict):
        if isinstance(data.get("source_id"), str):
            yield data["source_id"]
        data = list(data.values())
    if isinstance(data, (list, tuple)):
        for part in data:
            yield from _ids_in(part)
