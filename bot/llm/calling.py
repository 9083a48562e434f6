"""Call a language model: streamed, with a time limit that holds, and tried again where that may help."""

import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessageChunk, BaseMessage
from langchain_core.runnables import Runnable

from bot.llm.failures import Failure, ModelError, Trouble, failure_of

_TRIES = 3
_FIRST_WAIT_S = 0.5  # before the second try; doubled before each further one
_LONGEST_WAIT_S = 20.0
_GLANCE_S = 0.1  # between looks at whether the answer is still wanted
_LONGEST_TEXT = 20_000  # characters
_SAME_LINES = 4  # times that a model may write the same sentence before it is taken to loop
_LOOP_LOOKED_AT = 400  # characters at the end that are looked at for a loop


@dataclass(frozen=True)
class Limits:
    """How long a language model may take, in seconds, and whether its answer is still wanted."""

    seconds: float
    unwanted: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Spoken:
    """What a model has said so far; of the last one, `cut` says why it ends before its end."""

    message: AIMessageChunk
    complete: bool = False
    cut: Failure | None = None


class _Pump:
    """A stream that another thread reads, so that waiting for it can end."""

    def __init__(self, model: Runnable[LanguageModelInput, Any], messages: Sequence[BaseMessage]) -> None:
        self.items: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._stopped = threading.Event()
        context = contextvars.copy_context()
        run = threading.Thread(target=context.run, args=(self._read, model, list(messages)), daemon=True)
        run.start()

    def _read(self, model: Runnable[LanguageModelInput, Any], messages: list[BaseMessage]) -> None:
        try:
            for chunk in model.stream(messages, {"callbacks": []}):
                if self._stopped.is_set():
                    return
                self.items.put(chunk)
            self.items.put(None)
        except Exception as error:  # noqa: BLE001 - whatever a provider's package raises is told to the user as a line
            self.items.put(error)

    def stop(self) -> None:
        """Read no further than the next chunk."""
        self._stopped.set()


def speak(
    model: Runnable[LanguageModelInput, Any], messages: Sequence[BaseMessage], limits: Limits
) -> Iterator[Spoken]:
    """What a model says, as it grows; the last one is `complete` or `cut`.

    Raises ModelError when nothing usable came; its cause is the provider's error.
    """
    ends = time.monotonic() + limits.seconds
    wait_s = _FIRST_WAIT_S
    for tries in range(1, _TRIES + 1):
        try:
            yield from _once(model, messages, ends, limits)
            return
        except ModelError as error:
            pause = max(wait_s, error.failure.wait_s or 0.0)
            hopeless = pause > _LONGEST_WAIT_S or time.monotonic() + pause >= ends
            if not error.failure.again or tries == _TRIES or hopeless or limits.unwanted():
                raise
            time.sleep(pause)
            wait_s *= 2


def _once(
    model: Runnable[LanguageModelInput, Any], messages: Sequence[BaseMessage], ends: float, limits: Limits
) -> Iterator[Spoken]:
    pump = _Pump(model, messages)
    said: AIMessageChunk | None = None
    try:
        while True:
            item = _next(pump, ends, limits)
            if item is None:
                break
            if isinstance(item, Failure | Exception):
                begun = said is not None and bool(said.text.strip())
                failure = item if isinstance(item, Failure) else failure_of(item, begun)
                if begun and said is not None:
                    yield Spoken(said, cut=failure)
                    return
                raise ModelError(failure) from (item if isinstance(item, Exception) else None)
            said = item if said is None else said + item
            text = said.text
            if len(text) > _LONGEST_TEXT or loops(text):
                break  # what was said until here is said
            yield Spoken(said)
    finally:
        pump.stop()
    if said is None or not (said.text.strip() or said.tool_calls or said.invalid_tool_calls):
        raise ModelError(Failure(Trouble.EMPTY))
    yield Spoken(said, complete=True)


def _next(pump: _Pump, ends: float, limits: Limits) -> Any:
    """The next chunk, an error, or None at the end; a Failure when the time is over or nobody waits any more."""
    while True:
        left = ends - time.monotonic()
        if left <= 0 or limits.unwanted():
            return Failure(Trouble.SLOW)
        try:
            return pump.items.get(timeout=min(left, _GLANCE_S))
        except queue.Empty:
            continue


def loops(text: str) -> bool:
    """Whether a text has come to repeat itself."""
    end = text[-_LOOP_LOOKED_AT:]
    if len(end) < _LOOP_LOOKED_AT:
        return False
    last = end[-_LOOP_LOOKED_AT // (2 * _SAME_LINES) :]
    return text.count(last) >= _SAME_LINES
