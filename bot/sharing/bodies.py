"""What requests carry, read whole and within limits before anything else of the application sees it.

An upload that is cut off, too large or of too many parts so never leaves a file behind.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from typing import IO, Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope

from bot.sharing.refusal import RefusedError

LARGEST_JSON = 4_000_000  # bytes
LARGEST_FORM = 16_384
_IN_MEMORY = 1_000_000  # bytes of an upload before it goes to disk
_PIECE = 262_144
_SILENCE_S = 30  # without a byte, after which a request is given up
_OVERHEAD = 65_536  # bytes of an upload beside its photos
_BRIEFS = (b".txt", b".md", b".jsonl", b".json")  # how files end that count as briefs, not as photos


async def read_within(scope: Scope, receive: Receive, most: int, what: str = "the request") -> bytes:
    """The body of a request; raises RefusedError when it is larger than `most` bytes."""
    return b"".join([chunk async for chunk in _chunks(scope, receive, most, what)])


async def spooled(scope: Scope, receive: Receive, most: int, what: str = "the request") -> IO[bytes]:
    """The same as a file that is gone when it is closed."""
    spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - it is the caller's to close
    try:
        async for chunk in _chunks(scope, receive, most, what):
            spool.write(chunk)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return spool


def parsed_json(body: bytes) -> Any:
    """What a JSON body says; raises RefusedError when it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "the request is not JSON: send it as the page does") from error


def replay(body: bytes, receive: Receive) -> Receive:
    """Hand out a body that was read before."""
    sent = False

    async def again() -> Message:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


class Upload:
    """An upload on its way: checked as it comes in, and handed on only when it is whole."""

    def __init__(self, scope: Scope, most_bytes: int, most_files: int) -> None:
        """Raises RefusedError when it is no upload of photos."""
        kind, options = parse_options_header(Headers(scope=scope).get("content-type"))
        boundary = options.get(b"boundary")
        if kind != b"multipart/form-data" or not boundary:
            raise RefusedError(400, "this is no upload of photos: send them as a form, as the page does")
        self.files = 0
        self.briefs = 0  # how many of them
        self._scope = scope
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._whole = False
        self._header = [bytearray(), bytearray()]
        self._disposition = b""
        self._parser = MultipartParser(
            boundary,
            {
                "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
                "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
                "on_header_end": self._header_ends,
                "on_headers_finished": self._part_begins,
                "on_end": self._ends,
            },
        )

    async def read(self, receive: Receive) -> IO[bytes]:
        """The whole upload, as a file that is gone when it is closed; raises RefusedError."""
        spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - it is the caller's to close
        try:
            async for chunk in _chunks(self._scope, receive, self._most_bytes + _OVERHEAD, "the upload"):
                self._parser.write(chunk)
                spool.write(chunk)
            if not self._whole or not self.files:
                raise RefusedError(400, "the upload ended too early: send the photo again")
        except FormParserError as error:
            spool.close()
            raise RefusedError(400, "the upload is damaged: send the photo again") from error
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        return spool

    def _header_ends(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = bytes(self._header[1])
        self._header = [bytearray(), bytearray()]

    def _part_begins(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._disposition = b""
        if options.get(b"name") != b"files" or b"filename" not in options:
            raise RefusedError(400, "the upload holds more than photos: send photos alone, as the page does")
        self.files += 1
        self.briefs += options[b"filename"].lower().endswith(_BRIEFS)
        if self.files > self._most_files:
            raise RefusedError(413, f"more than {self._most_files} photos at once are not taken: send them in turns")

    def _ends(self) -> None:
        self._whole = True


def replay_file(spool: IO[bytes], receive: Receive) -> Receive:
    """Hand out an upload that was read before."""
    done = False

    async def again() -> Message:
        nonlocal done
        if done:
            return await receive()
        piece = spool.read(_PIECE)
        done = len(piece) < _PIECE
        return {"type": "http.request", "body": piece, "more_body": not done}

    return again


async def _chunks(scope: Scope, receive: Receive, most: int, what: str) -> AsyncIterator[bytes]:
    """The body piece by piece; raises RefusedError when it is larger than `most` bytes, or does not come."""
    too_large = RefusedError(413, f"{what} is larger than {_size(most)}: send less at once, or a smaller photo")
    declared = Headers(scope=scope).get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    size, more = 0, True
    while more:
        try:
            message = await asyncio.wait_for(receive(), _SILENCE_S)
        except TimeoutError as error:
            raise RefusedError(408, f"{what} stopped coming for {_SILENCE_S} s: send it again") from error
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise too_large
        more = message.get("more_body", False)
        yield chunk


def _size(count: int) -> str:
    return f"{count / 1_000_000:.0f} MB" if count >= 1_000_000 else f"{count / 1000:.0f} kB"
