"""Speak with the page as its own script does: join the queue, then listen."""

import json
import secrets
from collections.abc import Iterator
from typing import Any

import httpx

API = "gradio_api/"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
    "5e5d0b1d0000000049454e44ae426082"
)


def new_session() -> str:
    return secrets.token_hex(6)


def join(client: httpx.Client, session: str, function: int, data: list[Any], **query: str) -> httpx.Response:
    """Put a call into the queue."""
    body = {"data": data, "fn_index": function, "session_hash": session, "trigger_id": None, "event_data": None}
    return client.post(f"{API}queue/join", json=body, params=query)


def listen(client: httpx.Client, session: str) -> Iterator[dict[str, Any]]:
    """What the queue says to a session, until it has no more."""
    with client.stream("GET", f"{API}queue/data", params={"session_hash": session}) as stream:
        stream.raise_for_status()
        for line in stream.iter_lines():
            if line.startswith("data:"):
                message = json.loads(line.removeprefix("data:"))
                if message["msg"] == "close_stream":
                    return
                yield message


def function(client: httpx.Client, name: str) -> int:
    """The number of one of the page's functions by the end of its name."""
    found = [one["id"] for one in client.get("config").json()["dependencies"] if one["api_name"] == name]
    return int(found[0])


def call(client: httpx.Client, name: str, data: list[Any], session: str = "", **query: str) -> list[dict[str, Any]]:
    """Call one of the page's functions and listen to the end."""
    session = session or new_session()
    join(client, session, function(client, name), data, **query).raise_for_status()
    return list(listen(client, session))


def ask(client: httpx.Client, question: str, thread: str = "") -> dict[str, Any]:
    """An answer by the named endpoint."""
    done = call(client, "ask", [question, thread, [], "", []])[-1]
    assert done["success"], done
    answer: dict[str, Any] = done["output"]["data"][0]
    return answer


def upload(client: httpx.Client, content: bytes = PIXEL, name: str = "holiday.png", **query: str) -> httpx.Response:
    return client.post(f"{API}upload", files={"files": (name, content, "image/png")}, params=query)
