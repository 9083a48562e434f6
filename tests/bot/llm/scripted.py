"""A scripted OpenAI-compatible server on loopback."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bot.settings import Settings

Prompt = dict[str, Any]  # the request's body


@dataclass
class Reply:
    """What the scripted server does with a request."""

    text: str | Callable[[Prompt], str] = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    calls: list[dict[str, Any]] | None = None  # tool calls: {"name", "arguments"}
    cut_after: int | None = None  # pieces after which the connection is cut
    pause_s: float = 0.0  # before each piece
    silent_s: float = 0.0  # before anything
    endless: bool = False  # says the text again and again
    raw: bytes | None = None  # this body instead of a reply's


class ScriptedServer:
    """Answers each request with the next reply of its script, the last one again and again."""

    def __init__(self) -> None:
        self.script: list[Reply] = [Reply()]
        self.requests: list[Prompt] = []
        self.keys: list[str] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                pass

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.requests.append(body)
                server.keys.append(self.headers.get("authorization", ""))
                reply = server.script.pop(0) if len(server.script) > 1 else server.script[0]
                with contextlib.suppress(OSError):  # whoever asked has gone
                    _send(self, reply, body)

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._http.server_port}/v1"

    def says(self, *replies: Reply | str) -> None:
        """Set the script."""
        self.script = [Reply(one) if isinstance(one, str) else one for one in replies]
        self.requests.clear()
        self.keys.clear()

    def says_numbered(self, text: str, numbered: Callable[[str, str], str]) -> None:
        """Say a text whose markers depend on the prompt."""
        self.says(Reply(lambda prompt: numbered(text, str(prompt["messages"][-1]["content"]))))

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


def _send(handler: BaseHTTPRequestHandler, reply: Reply, body: Prompt) -> None:
    time.sleep(reply.silent_s)
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    if reply.status != 200 or reply.raw is not None:
        content = reply.raw or b'{"error": {"message": "no: sk-secret-key https://evil.example/pay", "type": "x"}}'
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        return
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.send_header("connection", "close")
    handler.end_headers()
    text = reply.text(body) if callable(reply.text) else reply.text
    pieces: list[dict[str, Any]] = [{"content": text[n : n + 12]} for n in range(0, len(text), 12)]
    if reply.calls:
        pieces = [
            {"tool_calls": [{"index": n, "id": f"c{n}", "type": "function", "function": call}]}
            for n, call in enumerate(reply.calls)
        ]
    number = 0
    while True:
        for delta in pieces:
            if number == reply.cut_after:
                handler.connection.shutdown(socket.SHUT_RDWR)
                return
            number += 1
            time.sleep(reply.pause_s)
            _event(handler, {"choices": [{"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": None}]})
        if not reply.endless:
            break
    _event(handler, {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls" if reply.calls else "stop"}]})
    _chunk(handler, b"data: [DONE]\n\n")
    _chunk(handler, b"")


def _event(handler: BaseHTTPRequestHandler, data: dict[str, Any]) -> None:
    whole = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", **data}
    _chunk(handler, f"data: {json.dumps(whole)}\n\n".encode())


def _chunk(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    handler.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n")
    handler.wfile.flush()


def settings_for(url: str, home: Path, **others: Any) -> Settings:
    """The settings of a bot whose language model is the server at `url`."""
    values = {"model": "openai-compatible:made-up", "model_url": url, "model_key": "sk-secret-key", **others}
    return Settings(_env_file=None, home=home, **values)  # type: ignore[call-arg]
