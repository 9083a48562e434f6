"""Read a request of `/v1/chat/completions`: the question, what was asked before it, and the photos.

System messages, tool definitions and sampling parameters are read over: they are data, and change nothing.
"""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from bot.api.errors import ApiError
from bot.page.photos import ROUTE
from bot.photos.album import Upload

MODEL = "unblur"
_MOST_PARTS = 200_000  # of JSON, which takes far more memory as objects than as text
_MOST_MESSAGES = 10_000
_DATA = re.compile(r"data:image/(?P<kind>[a-z0-9.+-]{1,40})(?:;[a-z0-9=._-]+)*;base64,", re.IGNORECASE)
_TOLD_THREAD = re.compile(rf"{ROUTE}/([0-9a-f]{{32}})/")
_SUFFIXES = {"jpeg": "jpg", "tiff": "tif", "x-ms-bmp": "bmp"}


@dataclass(frozen=True)
class Turn:
    """What a user said once, with the photos that came with it."""

    question: str
    photos: tuple[Upload, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What a request asks for."""

    turn: Turn
    earlier: tuple[Turn, ...]  # oldest first
    told_threads: tuple[str, ...]  # conversations that earlier answers name in the addresses of photos, the last first
    thread: str  # of ours to go on with; empty: none is named
    brief: str
    sources: tuple[str, ...]  # names or ids of those that alone may be used
    stream: bool
    include_usage: bool
    prompt_words: int


class _Address(BaseModel):
    url: str


class _Part(BaseModel):
    type: str
    text: str | None = None
    image_url: _Address | str | None = None


class _Message(BaseModel):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[_Part] | None = None


class _StreamOptions(BaseModel):
    include_usage: bool | None = None


class _Own(BaseModel):
    thread: str | None = None
    brief: str | None = None
    sources: list[str] = []


class _Body(BaseModel):
    model: str
    messages: list[_Message] = Field(min_length=1, max_length=_MOST_MESSAGES)
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    metadata: dict[str, Any] | None = None
    unblur: _Own | None = None


def read_request(data: bytes, thread: str, *, photo_bytes: int, photo_count: int) -> Asked:
    """What a request's body asks for; raises ApiError.

    thread: the conversation that a header names, if any. photo_bytes: most bytes of all its photos together.
    photo_count: most photos of one message.
    """
    body = _parsed(data)
    if body.model != MODEL:
        raise ApiError(
            404,
            f"there is no model {body.model[:80]!r} here: name {MODEL!r}",
            code="model_not_found",
            param="model",
        )
    if body.n not in (None, 1):
        raise ApiError(400, "a question has one answer here: leave n out, or set it to 1", param="n")
    reader = _PhotoReader(photo_bytes, photo_count)
    turns = [
        _turn(message, reader, f"messages[{number}]")
        for number, message in enumerate(body.messages)
        if message.role == "user"
    ]
    if not turns:
        raise ApiError(400, "there is no question: add a message with the role user", param="messages")
    own = body.unblur or _Own()
    named = body.metadata.get("thread") if body.metadata else None
    return Asked(
        turn=turns[-1],
        earlier=tuple(turns[:-1]),
        told_threads=_told(body.messages),
        thread=own.thread or (named if isinstance(named, str) else "") or thread,
        brief=own.brief or "",
        sources=tuple(own.sources),
        stream=bool(body.stream),
        include_usage=bool(body.stream_options and body.stream_options.include_usage),
        prompt_words=sum(len(_text(message).split()) for message in body.messages),
    )


def _parsed(data: bytes) -> _Body:
    if sum(data.count(mark) for mark in (b",", b"[", b"{")) > _MOST_PARTS:
        raise ApiError(413, "the request has too many parts: send fewer messages, and name a thread to go on with it")
    try:
        return _Body.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise ApiError(400, "the request is not JSON: send it as OpenAI's clients do") from None
        place = ".".join(str(part) for part in first["loc"])
        raise ApiError(400, f"{place} cannot be used ({first['msg']}): see docs/api.md", param=place) from None


def _turn(message: _Message, reader: "_PhotoReader", place: str) -> Turn:
    parts = message.content if isinstance(message.content, list) else []
    for part in parts:
        if part.type not in ("text", "image_url"):
            raise ApiError(
                400, f"a part of type {part.type[:40]!r} is not read here: send text and image_url", param=place
            )
    addresses = [part.image_url for part in parts if part.type == "image_url"]
    return Turn(
        _text(message), reader.photos([one.url if isinstance(one, _Address) else one for one in addresses], place)
    )


def _text(message: _Message) -> str:
    if isinstance(message.content, list):
        return "\n".join(part.text for part in message.content if part.type == "text" and part.text)
    return message.content or ""


def _told(messages: list[_Message]) -> tuple[str, ...]:
    found = [
        thread
        for message in reversed(messages)
        if message.role == "assistant"
        for thread in reversed(_TOLD_THREAD.findall(_text(message)))
    ]
    return tuple(dict.fromkeys(found))


class _PhotoReader:
    """Turns `data:` addresses into photos, within limits on all of them together; nothing is fetched."""

    def __init__(self, most_bytes: int, most_photos: int) -> None:
        self._left = most_bytes
        self._most_bytes = most_bytes
        self._most_photos = most_photos

    def photos(self, addresses: list[str | None], place: str) -> tuple[Upload, ...]:
        if len(addresses) > self._most_photos:
            raise ApiError(
                413, f"more than {self._most_photos} photos at once are not taken: send them in turns", param=place
            )
        return tuple(
            self._photo(address or "", number, len(addresses), place)
            for number, address in enumerate(addresses, start=1)
        )

    def _photo(self, address: str, number: int, count: int, place: str) -> Upload:
        found = _DATA.match(address)
        if not found:
            raise ApiError(
                400,
                "image_url is not a picture in base64 (data:image/…;base64,…), and nothing is fetched from addresses: "
                "send the photo itself",
                param=place,
            )
        size = (len(address) - found.end()) * 3 // 4
        if size - 2 > self._left:
            raise ApiError(
                413,
                f"the photos are larger than {self._most_bytes / 1_000_000:g} MB: send a smaller photo, or name the thread "
                "in place of earlier messages",
                param=place,
            )
        try:
            data = base64.b64decode(address[found.end() :], validate=True)
        except (binascii.Error, ValueError):
            raise ApiError(400, "the photo is not base64: encode the file's bytes", param=place) from None
        self._left -= len(data)
        kind = found["kind"].lower()
        suffix = _SUFFIXES.get(kind, re.sub(r"[^a-z0-9]", "", kind)[:5])
        return Upload(f"photo.{suffix}" if count == 1 else f"photo {number}.{suffix}", data)
