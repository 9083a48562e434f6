"""Answers as `/v1/chat/completions` gives them: the text with its quotes and addresses, whole or in chunks."""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.answer import Answer
from bot.api.chat_request import MODEL
from bot.api.desk import answer_json, photo_addresses
from bot.export import quote_line
from bot.photos.album import Result
from bot.render import escape
from bot.service import Exchange

DONE = b"data: [DONE]\n\n"


def content(answer: Answer, exchange: Exchange, thread: str, host: str) -> str:
    """The answer's Markdown, then what was made of photos, then the quotes behind its markers.

    exchange: the turn as it is kept. host: the server's own address, without a slash at its end.
    """
    quotes = "\n\n".join(quote_line(citation, exchange.sources) for citation in answer.citations)
    parts = [answer.answer, *(_made(result, thread, host) for result in exchange.results), quotes]
    return "\n\n".join(part for part in parts if part)


def _made(result: Result, thread: str, host: str) -> str:
    at = {name: f"{host}{path}" for name, path in photo_addresses(thread, result.id, result.file).items()}
    return (
        f"{escape(result.name)}: ![before]({at['before']}) ![after]({at['after']}) "
        f"[full size, {result.width} × {result.height}]({at['result']}?download)"
    )


@dataclass(frozen=True)
class Reply:
    """One completion on its way out."""

    prompt_words: int
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid.uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, text: str, answer: Answer) -> dict[str, Any]:
        """The completion as one object."""
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return {
            **self._head("chat.completion"),
            "choices": [choice],
            "usage": self._usage(text),
            "unblur": answer_json(answer),
        }

    def begin(self) -> bytes:
        """The first chunk."""
        return self._chunk([_delta({"role": "assistant", "content": ""})])

    def piece(self, text: str) -> bytes:
        """A chunk with the next piece of the text."""
        return self._chunk([_delta({"content": text})])

    def end(self, answer: Answer) -> bytes:
        """The chunk that ends the text, and carries the whole answer."""
        return self._chunk([_delta({}, "stop")], unblur=answer_json(answer))

    def usage(self, text: str) -> bytes:
        """The chunk with the counts."""
        return self._chunk([], usage=self._usage(text))

    def _chunk(self, choices: Sequence[dict[str, Any]], **more: Any) -> bytes:
        return event({**self._head("chat.completion.chunk"), "choices": list(choices), **more})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL}

    def _usage(self, text: str) -> dict[str, int]:
        """Counts of words: the embedded model knows no tokens."""
        words = len(text.split())
        return {
            "prompt_tokens": self.prompt_words,
            "completion_tokens": words,
            "total_tokens": self.prompt_words + words,
        }


def event(data: dict[str, Any]) -> bytes:
    """An event of a stream."""
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


def comment(text: str) -> bytes:
    """A line of a stream that clients read over: it keeps the connection open, and tells a person how far things are."""
    return f": {' '.join(text.split())}\n\n".encode()


def _delta(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
