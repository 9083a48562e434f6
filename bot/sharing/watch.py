"""Replies on their way out: the events and files that they name are whose request it was."""

import json
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message, Send

from bot.sharing.handles import Handles, paths_in

_LARGEST_READ = 16_000_000  # bytes of one reply or event that are looked at


class Watch:
    """Sends a reply on, noting first what it names."""

    def __init__(self, handles: Handles, owner: str, send: Send, *, upload: bool = False) -> None:
        """upload: the reply is the list of files that were uploaded."""
        self._handles = handles
        self._owner = owner
        self._send = send
        self._upload = upload
        self._is_stream = False
        self._is_read = False
        self._held = bytearray()

    async def __call__(self, message: Message) -> None:
        """Send on a piece of the reply, once what it names is known to be its owner's."""
        if message["type"] == "http.response.start":
            kind = Headers(scope=message).get("content-type", "")
            self._is_stream = kind.startswith("text/event-stream")
            self._is_read = self._is_stream or (kind.startswith("application/json") and message["status"] == 200)
            await self._send(message)
            return
        if message["type"] != "http.response.body" or not self._is_read:
            await self._send(message)
            return
        self._held += message.get("body", b"")
        more = message.get("more_body", False)
        whole = self._held.endswith(b"\n\n") if self._is_stream else False
        if not more or whole or len(self._held) > _LARGEST_READ:
            self._note(bytes(self._held))
            body, self._held = bytes(self._held), bytearray()
            await self._send({"type": "http.response.body", "body": body, "more_body": more})

    def _note(self, body: bytes) -> None:
        lines = body.split(b"\n") if self._is_stream else [body]
        for line in lines:
            text = line.removeprefix(b"data:").strip()
            if text and (not self._is_stream or b'"path"' in text):
                try:
                    self._note_data(json.loads(text))
                except (ValueError, RecursionError):
                    continue

    def _note_data(self, data: Any) -> None:
        if isinstance(data, dict) and isinstance(event := data.get("event_id"), str) and not self._is_stream:
            self._handles.claim(event, self._owner)
        if self._upload:
            for path in data:
                self._handles.give_file(str(path), self._owner)
        for path in paths_in(data):
            self._handles.give_file(path, self._owner)
