"""`/v1` in OpenAI's format: chat completions and the list of models."""

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response, StreamingResponse

from bot.answer import Answer
from bot.api.chat_reply import DONE, Reply, comment, content, event
from bot.api.chat_request import MODEL, Asked, read_request
from bot.api.desk import Desk, Event, NotThereError
from bot.api.errors import ApiError, error_object, error_response
from bot.api.history import going_on, made_again, photos_in
from bot.api.running import Running
from bot.errors import UserError
from bot.service import Piece, Request, Step
from bot.sharing.people import ANYONE, owner_of_request
from restore.errors import RestoreError
from store.errors import StoreError

THREAD_HEADER = "x-unblur-thread"
_AT_ONCE = 32  # answers that are written at the same time
_WAITING = 64  # questions that wait or are answered, everybody's together
_READ_AT_ONCE = 2  # large requests that are taken apart at the same time
_UNEXPECTED = "something went wrong on our side and the question was not answered: ask it again"

logger = logging.getLogger(__name__)


def openai_routes(desk: Desk) -> APIRouter:
    """The routes below `/v1`."""
    router = APIRouter(prefix="/v1")
    chat = _Chat(desk)
    created = int(time.time())
    model = {"id": MODEL, "object": "model", "created": created, "owned_by": "unblur"}

    @router.get("/models")
    def models() -> dict[str, Any]:
        """The one model there is."""
        return {"object": "list", "data": [model]}

    @router.get("/models/{name}")
    def one_model(name: str) -> Response:
        """What is known of a model."""
        if name != MODEL:
            line = f"there is no model {name[:80]!r} here: name {MODEL!r}"
            return error_response(404, line, code="model_not_found", param="model")
        return JSONResponse(model)

    router.add_api_route("/chat/completions", chat.complete, methods=["POST"], response_model=None)

    @router.get("/{path:path}")
    @router.post("/{path:path}")
    def nothing_else(path: str) -> Response:
        """Whatever else OpenAI's interface has."""
        return error_response(404, f"/v1/{path[:80]} is not offered here: use /v1/chat/completions or /v1/models")

    return router


class _Chat:
    """Chat completions over a desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.waiting = _Waiting(desk.sharing.settings.max_waiting)
        self.threads = CapacityLimiter(_AT_ONCE)
        self.reading = asyncio.Semaphore(_READ_AT_ONCE)

    async def complete(self, request: HttpRequest) -> Response:
        """Answer the last user message; a connection that is cut stops the turn."""
        owner, stop = owner_of_request(request), threading.Event()
        try:
            asked = await self._read(request)
            ended = self.waiting.begin(owner)
        except ApiError as error:
            return error.response()
        running = Running(partial(self._turn, asked, owner, stop), stop, self.threads, ended)
        reply, host = Reply(asked.prompt_words), str(request.base_url).rstrip("/")
        try:
            # An error of the question's own comes before anything is done, or when its photos were looked at.
            begun = [await _unless_gone(request, running.next()) for _ in range(2 if asked.turn.photos else 1)]
            if not asked.stream:
                return JSONResponse(await _unless_gone(request, self._whole(begun, running, reply, host)))
        except BaseException as error:
            running.leave()
            if not isinstance(error, Exception) or isinstance(error, ClientDisconnect):
                raise
            return _told(error).response()
        chunks = self._chunks(begun, running, reply, host, asked.include_usage)
        return StreamingResponse(chunks, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _read(self, request: HttpRequest) -> Asked:
        sharing = self.desk.sharing
        async with self.reading:
            data = b"".join([piece async for piece in request.stream()])
            return await to_thread.run_sync(
                lambda: read_request(
                    data,
                    request.headers.get(THREAD_HEADER, ""),
                    photo_bytes=sharing.upload_bytes,
                    photo_count=sharing.settings.max_upload_files,
                )
            )

    def _turn(self, asked: Asked, owner: str, stop: threading.Event) -> Iterator[Event]:
        """What is told of a question, asked in the conversation that the request names or tells of."""
        thread = self.desk.own_thread(asked.thread, owner) if asked.thread else None
        if thread is None and asked.earlier:
            thread = going_on(self.desk, asked.earlier, asked.told_threads, owner)
        to_ask_again = asked.earlier if thread is None else ()
        try:
            self.desk.sharing.photos.take(owner, len(asked.turn.photos) + photos_in(to_ask_again))
        except UserError as error:
            raise ApiError(429, str(error), code="rate_limit_exceeded") from error
        if to_ask_again:
            thread = made_again(self.desk, to_ask_again, owner, stop)
        request = Request(asked.turn.question, thread=thread, brief=asked.brief, photos=asked.turn.photos, stop=stop)
        yield from self.desk.stream(request, owner, asked.sources)

    async def _whole(self, begun: list[Event], running: Running, reply: Reply, host: str) -> dict[str, Any]:
        told = begun[-1]
        while not isinstance(told, Answer):
            told = await running.next()
        return reply.whole(await self._content(told, host), told)

    async def _chunks(
        self, begun: list[Event], running: Running, reply: Reply, host: str, include_usage: bool
    ) -> AsyncIterator[bytes]:
        sent = ""
        yield reply.begin()
        try:
            while True:
                told = begun.pop(0) if begun else await running.next_or_silence()
                match told:
                    case Step():
                        yield comment(told.text)
                    case Piece():
                        piece = f"\n\n{told.markdown}" if sent else told.markdown
                        sent += piece
                        yield reply.piece(piece)
                    case Answer():
                        text = await self._content(told, host)
                        if rest := text.removeprefix(sent):
                            yield reply.piece(rest)
                        yield reply.end(told)
                        if include_usage:
                            yield reply.usage(text)
                        break
                    case _:
                        yield comment("working")
        except Exception as error:  # noqa: BLE001 - told in the stream, since its status is sent already
            failed = _told(error)
            yield event(error_object(failed.status, failed.line, code=failed.code, param=failed.param))
        finally:
            running.leave()
        yield DONE

    async def _content(self, answer: Answer, host: str) -> str:
        thread = answer.thread or ""
        exchange = await to_thread.run_sync(self.desk.last, thread)
        return content(answer, exchange, thread, host)


class _Waiting:
    """How many questions of each owner wait or are answered."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: Counter[str] = Counter()

    def begin(self, owner: str) -> Callable[[], None]:
        """Count one more; what is returned is called at its end. Raises ApiError when that would be too many."""
        count = self._counts[owner]
        if owner != ANYONE and count >= self._most:
            line = f"{count} of your questions and photos are waiting already: wait until one is done, then ask again"
            raise ApiError(429, line, code="rate_limit_exceeded")
        if self._counts.total() >= _WAITING:
            raise ApiError(429, "too many questions are waiting: ask again in a moment", code="rate_limit_exceeded")
        self._counts[owner] += 1
        return partial(self._end, owner)

    def _end(self, owner: str) -> None:
        self._counts[owner] -= 1
        if not self._counts[owner]:
            del self._counts[owner]


def _told(error: Exception) -> ApiError:
    """An error as the client is told it."""
    match error:
        case ApiError():
            return error
        case NotThereError():
            return ApiError(404, str(error), code="not_found")
        case UserError():
            return ApiError(400, str(error))
        case StoreError() | RestoreError():
            return ApiError(500, str(error))
    logger.error("a question could not be answered", exc_info=error)
    return ApiError(500, _UNEXPECTED)


Awaited = TypeVar("Awaited")


async def _unless_gone(request: HttpRequest, wanted: Awaitable[Awaited]) -> Awaited:
    """What is waited for; raises ClientDisconnect when the client hangs up before."""
    task, gone = asyncio.ensure_future(wanted), asyncio.create_task(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientDisconnect
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: HttpRequest) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
