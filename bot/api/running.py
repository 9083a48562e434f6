"""A turn that runs in a thread of its own while a connection waits for what it tells; it ends with the connection."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator, Iterator

from anyio import CapacityLimiter, to_thread

from bot.api.desk import Event

_SILENCE_S = 15  # after which a stream says that it is still there


class Running:
    """The events of a turn, as they come."""

    def __init__(
        self,
        events: Callable[[], Iterator[Event]],
        stop: threading.Event,
        limiter: CapacityLimiter,
        ended: Callable[[], None],
    ) -> None:
        """Starts the turn. stop: set when it is no longer wanted. limiter: how many threads such turns may take.

        ended: called once when the turn has ended, or nobody waits for it any more.
        """
        self._events = events
        self._stop = stop
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[Event | BaseException] = asyncio.Queue()
        self._task = asyncio.create_task(to_thread.run_sync(self._work, limiter=limiter, abandon_on_cancel=True))
        self._task.add_done_callback(lambda _: ended())

    async def next(self) -> Event:
        """The next event; raises what the turn raises."""
        told = await self._queue.get()
        if isinstance(told, BaseException):
            raise told
        return told

    async def next_or_silence(self) -> Event | None:
        """The next event; None when nothing came for a while."""
        try:
            return await asyncio.wait_for(self.next(), _SILENCE_S)
        except TimeoutError:
            return None

    def leave(self) -> None:
        """Want no more of it; the thread ends when it notices."""
        self._stop.set()
        self._task.cancel()

    def _work(self) -> None:
        try:
            events = self._events()
            with contextlib.closing(events) if isinstance(events, Generator) else contextlib.nullcontext():
                for event in events:
                    self._tell(event)
                    if self._stop.is_set():
                        return
        except Exception as error:  # noqa: BLE001 - it is raised where the events are waited for
            self._tell(error)

    def _tell(self, told: Event | BaseException) -> None:
        with contextlib.suppress(RuntimeError):  # the server has ended meanwhile
            self._loop.call_soon_threadsafe(self._queue.put_nowait, told)
