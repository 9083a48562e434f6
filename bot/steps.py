"""What the agent does while it works, in words for the user: one calm line that changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage

from bot.llm.sketch import Sketch
from bot.photos.tools import RestorationProgress
from bot.tools import SEARCH, found_in, sources_of


@dataclass(frozen=True)
class Step:
    """Something the agent does while it works, in words for the user."""

    text: str
    fraction: float | None = None  # of a restoration that is done, where that is known


def steps(messages: Sequence[AnyMessage], held: int) -> Iterator[Step]:
    """The steps that the agent's newest messages tell of; `held` sources may be searched."""
    for message in messages:
        if isinstance(message, AIMessage) and any(call["name"] == SEARCH for call in message.tool_calls):
            yield Step(f"Searching {_sources(held)}…")
    found = len(sources_of(found_in(messages)))
    if found and any(isinstance(message, ToolMessage) for message in messages):
        yield Step(f"Reading {found:,} of them…" if found < held else f"Reading {_sources(found)}…")


def progress(update: object) -> Iterator[Step | Sketch]:
    """How far a restoration is, as a step, or what a language model has written so far."""
    if isinstance(update, Sketch):
        yield update
    if isinstance(update, RestorationProgress):
        yield Step(update.text, None if update.waiting else update.done / update.total)


def _sources(count: int) -> str:
    return f"{count:,} source{'' if count == 1 else 's'}"
