"""The MCP server over HTTP, by the official client: who gets in, whose is what, and what a mistake looks like."""

import base64
import contextlib
import io
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import jsonschema
import numpy as np
import pytest
import uvicorn
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult
from PIL import Image

from bot.commands.mcp import http_app
from bot.errors import UserError
from bot.mcp import tools
from bot.mcp.desk import Desk
from bot.mcp.door import shared_token
from bot.mcp.photos import decoded
from bot.mcp.server import Server
from bot.privacy import keep_everything_here
from bot.service import Bot
from bot.settings import Settings
from bot.sharing.accounts import Accounts
from bot.sharing.limits import LogInBrake
from bot.sharing.setup import Sharing
from ingest.pipeline import bundled_briefs
from store.embedding import Vectors
from store.store import Store

keep_everything_here()

ASK = {"question": "tell me about CausalSR"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"accept": "application/json, text/event-stream"}


class QuickEmbedder:
    """Counts letters: enough where sources are asked for by name."""

    name, dimension = "letters", 128

    def encode(self, texts: Sequence[str]) -> Vectors:
        counts = np.array([[1e-3 + text.count(chr(code)) for code in range(128)] for text in texts], dtype=np.float32)
        counts = counts.reshape(-1, 128)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@dataclass(frozen=True)
class Served:
    address: str
    settings: Settings
    sharing: Sharing
    tokens: dict[str, str]

    @contextlib.contextmanager
    def patient(self) -> Iterator[None]:
        """Wrong tokens of one test slow no other down."""
        self.sharing.brake._tries.clear()
        yield
        self.sharing.brake._tries.clear()

    def talk(self, work: Callable[[Client], Any], token: str = "alice", **options: Any) -> Any:
        """What `work` gives with a client that sends somebody's token."""

        async def main() -> Any:
            headers = {"authorization": f"Bearer {self.tokens.get(token, token)}"}
            async with (
                httpx2.AsyncClient(headers=headers, timeout=60) as http,
                Client(streamable_http_client(self.address, http_client=http), **options) as client,
            ):
                return await work(client)

        with ThreadPoolExecutor(1) as aside:  # a browser's loop may run in this thread
            return aside.submit(anyio.run, main).result()

    def call(self, tool: str, arguments: dict[str, Any], who: str = "alice") -> CallToolResult:
        return self.talk(lambda client: client.call_tool(tool, arguments), who)


@contextlib.contextmanager
def serving(settings: Settings, store: Store, token: str | None, tokens: dict[str, str]) -> Iterator[Served]:
    sharing = Sharing(settings)
    ready: Future[Bot] = Future()
    ready.set_result(Bot(store, settings))
    server = Server(Desk(settings, sharing, ready, local=False), "1", local=False)
    config = uvicorn.Config(http_app(server, sharing, token), port=0, log_config=None, timeout_graceful_shutdown=1)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not running.started:
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.02)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield Served(f"http://127.0.0.1:{port}/mcp", settings, sharing, tokens)
    running.should_exit = True
    thread.join(timeout=10)


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    store = Store.in_memory(QuickEmbedder())
    for brief in bundled_briefs():
        store.put(brief)
    yield store
    store.close()


@pytest.fixture(scope="module")
def served(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Alice and Bob have tokens."""
    home = tmp_path_factory.mktemp("home")
    accounts = Accounts(home / "users")
    for name in ("alice", "bob"):
        accounts.add(name, "correct horse")
    tokens = {name: accounts.new_token(name) for name in ("alice", "bob")}
    settings = Settings(home=home, auth=str(home / "users"), max_upload_megabytes=1)
    with serving(settings, store, None, tokens) as served:
        yield served


def picture(width: int = 48, height: int = 32) -> str:
    """A photo as base64."""
    y, x = np.mgrid[:height, :width]
    bands = np.stack([np.sin(x / 5) * 90 + 120, np.cos(y / 7) * 80 + 120, (x + y) % 64 * 3], axis=2)
    encoded = io.BytesIO()
    Image.fromarray(bands.clip(0, 255).astype(np.uint8)).save(encoded, "PNG")
    return base64.b64encode(encoded.getvalue()).decode()


def text(result: CallToolResult) -> str:
    return result.content[0].text


def test_an_answer_is_json_as_the_schema_says_and_a_thread_goes_on(served: Served):
    schema = json.loads((Path(__file__).parents[2] / "docs" / "answer.schema.json").read_text())
    first = served.call("ask", ASK)
    jsonschema.validate(first.structured_content, schema)
    assert text(first) == first.structured_content["answer"]
    assert first.structured_content["citations"]
    more = {"question": "Does that one have code?", "thread": first.structured_content["thread"]}
    assert "https://github.com/Mnster00/CasualSR" in text(served.call("ask", more))


def test_a_briefs_own_question_is_answered_in_three_parts(served: Served):
    brief = bundled_briefs()[0]
    answer = served.call("ask", {"question": "", "brief": brief.name}).structured_content
    assert (answer["mode"], answer["brief"], answer["question"]) == ("explain", brief.name, brief.question)


def test_named_sources_alone_are_used(served: Served):
    asked = {"question": "how are details restored?", "sources": ["MSSNet"]}
    answer = served.call("ask", asked).structured_content
    assert {one["title"][:13] for one in answer["references"]} == {"Deblur-MSSNet"}
    assert "there is no source 'NoNet'" in text(served.call("ask", {**asked, "sources": ["NoNet"]}))


def test_sources_are_found_listed_and_read(served: Served, store: Store):
    async def work(client: Client) -> None:
        listed = (await client.call_tool("list_sources", {})).structured_content
        assert listed["total"] == store.count() == len(listed["sources"])
        few = (await client.call_tool("list_sources", {"start": 1, "limit": 2})).structured_content
        assert few["sources"] == listed["sources"][1:3]
        resources = (await client.list_resources()).resources
        assert [one.name for one in resources] == [one["source_id"] for one in listed["sources"]]
        found = (await client.call_tool("search_sources", {"query": "CausalSR", "limit": 3})).structured_content[
            "sources"
        ]
        assert len(found) == 3
        for one in found:
            content = (await client.read_resource(f"unblur://sources/{one['source_id']}")).contents[0]
            assert content.mime_type == "text/markdown"
            assert one["quotes"]
            assert all(quote in content.text for quote in one["quotes"])
        with pytest.raises(MCPError, match="there is no source"):
            await client.read_resource("unblur://sources/nothing")

    served.talk(work)


def test_a_photo_is_restored_read_and_kept_from_others(served: Served):
    steps: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        steps.append(progress)

    async def work(client: Client) -> dict[str, Any]:
        arguments = {"photo_base64": picture(), "photo_name": "holiday.png", "enlarge": 2}
        report = (await client.call_tool("restore_photo", arguments, progress_callback=note)).structured_content
        made = report["result"]
        assert (made["width"], made["height"], made["name"]) == (96, 64, "holiday-restored-2x.png")
        assert "path" not in made
        blob = (await client.read_resource(made["address"])).contents[0]
        assert blob.mime_type == "image/png"
        assert Image.open(io.BytesIO(base64.b64decode(blob.blob))).size == (96, 64)
        again = {"photo": report["photo"], "thread": report["thread"], "strength": 0.5}
        assert (await client.call_tool("restore_photo", again)).structured_content["result"]["strength"] == 0.5
        asked = {"question": "Can you sharpen this one?", "photo": report["photo"], "thread": report["thread"]}
        answer = await client.call_tool("ask", asked)
        assert answer.structured_content["restoration"]["output_path"].startswith("unblur://threads/")
        assert str(served.settings.home) not in answer.model_dump_json()
        return report

    report = served.talk(work)
    assert steps[-1] == 1.0
    assert steps == sorted(steps)

    async def foreign(client: Client) -> None:
        with pytest.raises(MCPError, match="of yours"):
            await client.read_resource(report["result"]["address"])
        mistakes = {
            "ask": ASK | {"thread": report["thread"]},
            "restore_photo": {"photo": report["photo"], "thread": report["thread"]},
            "restoration": {"id": report["id"]},
        }
        for tool, arguments in mistakes.items():
            result = await client.call_tool(tool, arguments)
            assert result.is_error
            assert "of yours" in text(result)

    served.talk(foreign, "bob")


def test_a_client_of_the_protocol_before_is_served_too(served: Served):
    steps: list[float] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        steps.append(progress)

    async def work(client: Client) -> None:
        arguments = {"photo_base64": picture()}
        report = (await client.call_tool("restore_photo", arguments, progress_callback=note)).structured_content
        assert report["done"]
        with pytest.raises(MCPError, match="there is no source"):
            await client.read_resource("unblur://sources/nothing")
        answer = await client.call_tool("ask", ASK | {"thread": report["thread"]})
        assert answer.structured_content["thread"] == report["thread"]

    served.talk(work, mode="legacy")
    assert steps


def test_a_long_restoration_hands_back_an_id(served: Served, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tools, "WAIT_S", 0.0)
    begun = served.call("restore_photo", {"photo_base64": picture(200, 160)}).structured_content
    assert not begun["done"]
    assert begun["result"] is None
    deadline = time.monotonic() + 60
    while not (report := served.call("restoration", {"id": begun["id"]}).structured_content)["done"]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert report["result"]["width"] == 200


MISTAKES: list[tuple[str, dict[str, Any], str]] = [
    ("ask", {}, "question cannot be used"),
    ("ask", {"question": None}, "question cannot be used"),
    ("ask", {"question": 3}, "question cannot be used"),
    ("ask", {"question": ["x"]}, "question cannot be used"),
    ("ask", {"question": ""}, "the question is empty"),
    ("ask", {"question": " \n"}, "the question is empty"),
    ("ask", {"question": "x" * 30_000}, "shorten it"),
    ("ask", {"question": "x", "extra": 1}, "takes no 'extra'"),
    ("ask", {"question": "x", "photo_path": "/etc/passwd"}, "takes no 'photo_path'"),
    ("ask", {"question": "x", "thread": "mine"}, "there is no thread 'mine'"),
    ("ask", {"question": "x", "thread": "0" * 32}, "there is no thread"),
    ("ask", {"question": "x", "thread": "../" * 20}, "there is no thread"),
    ("ask", {"question": "x", "thread": 7}, "thread cannot be used"),
    ("ask", {"question": "x", "brief": "nothing.txt"}, "there is no brief 'nothing.txt'"),
    ("ask", {"question": "x", "brief": "/etc/passwd"}, "there is no brief"),
    ("ask", {"question": "x", "photo": "photo-1"}, "give the thread"),
    ("ask", {"question": "x", "photo_base64": "%%%"}, "not base64"),
    ("ask", {"question": "x", "photo_base64": "aGVsbG8="}, "cannot read photo"),
    ("ask", {"question": "x", "photo_base64": "é" * 8}, "not base64"),
    ("ask", {"question": "x", "photo_base64": "A" * 1_400_000}, "larger than 1 MB"),
    ("ask", {"question": "x", "photo": "photo-1", "photo_base64": "aGVsbG8="}, "more than one photo"),
    ("restore_photo", {}, "there is no photo"),
    ("restore_photo", {"photo": "../../x"}, "give the thread"),
    ("restore_photo", {"photo_base64": picture(), "enlarge": 5}, "enlarge cannot be used"),
    ("restore_photo", {"photo_base64": picture(), "enlarge": "big"}, "enlarge cannot be used"),
    ("restore_photo", {"photo_base64": picture(), "strength": -0.1}, "strength cannot be used"),
    ("restore_photo", {"photo_base64": picture(), "checkpoint": "../../etc/passwd"}, "checkpoint"),
    ("restore_photo", {"photo_base64": picture(), "photo_name": "x" * 300}, "photo_name cannot be used"),
    ("restoration", {"id": "nothing"}, "there is no restoration 'nothing'"),
    ("restoration", {}, "id cannot be used"),
    ("search_sources", {"query": ""}, "the query is empty"),
    ("search_sources", {"query": "x", "limit": 0}, "limit cannot be used"),
    ("list_sources", {"start": -1}, "start cannot be used"),
    ("list_sources", {"brief": "nothing"}, "there is no brief"),
    ("nothing", {}, "there is no tool 'nothing'"),
]


def test_a_mistake_is_one_line_and_no_traceback(served: Served, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)

    async def work(client: Client) -> list[str]:
        said = []
        for tool, arguments, line in MISTAKES:
            try:
                result = await client.call_tool(tool, arguments)
                assert result.is_error, (tool, line)
                said.append(text(result))
            except MCPError as error:
                said.append(str(error))
        return said

    for said, (tool, arguments, line) in zip(served.talk(work), MISTAKES, strict=True):
        assert line in said, (tool, arguments, said)
        assert "\n" not in said
        assert len(said) < 400
        assert "Traceback" not in said
        assert str(served.settings.home) not in said
    assert not [record for record in caplog.records if record.exc_info]


def test_nobody_gets_in_without_a_token(served: Served):
    wrong = [{}, {"authorization": "Bearer wrong"}, {"authorization": "Basic YTpi"}, {"authorization": "Bearer"}]
    with served.patient():
        for headers in wrong:
            reply = httpx.post(served.address, json=LIST, headers=ACCEPT | headers)
            assert reply.status_code == 401
            assert reply.headers["www-authenticate"] == "Bearer"
            assert "\n" not in reply.json()["error"]
        for method in ("GET", "DELETE", "OPTIONS"):
            assert httpx.request(method, served.address).status_code == 401
        for path in ("", "/x", "/../mcp"):
            assert httpx.get(served.address.removesuffix("/mcp") + path).status_code == 401
        for _ in range(LogInBrake.free):
            reply = httpx.post(served.address, json=LIST, headers=ACCEPT | {"authorization": "Bearer wrong"})
        assert reply.status_code == 429
        assert not served.call("ask", ASK).is_error  # a right token is not held up


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", "https://"])
def test_no_page_of_another_site_gets_in(served: Served, origin: str):
    headers = ACCEPT | {"authorization": f"Bearer {served.tokens['alice']}", "origin": origin}
    assert httpx.post(served.address, json=LIST, headers=headers).status_code == 403


def test_a_damaged_request_is_refused_without_a_traceback(served: Served, caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    headers = ACCEPT | {"authorization": f"Bearer {served.tokens['alice']}", "content-type": "application/json"}
    bodies = [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"jsonrpc": "2.0"}',
        b'{"jsonrpc": "1.0", "id": 1, "method": "x"}',
        b"[" * 5000,
    ]
    for body in bodies:
        reply = httpx.post(served.address, content=body, headers=headers)
        assert 400 <= reply.status_code < 500, body
        assert "Traceback" not in reply.text
    too_large = httpx.post(served.address, content=b" " * 3_000_000, headers=headers)
    assert too_large.status_code == 413
    assert not [record for record in caplog.records if record.exc_info]


def test_photos_count_towards_their_users_hour(store: Store, tmp_path: Path):
    settings = Settings(home=tmp_path, photos_per_hour=1)
    with serving(settings, store, "a token of sixteen or more", {"right": "a token of sixteen or more"}) as served:
        assert not served.call("restore_photo", {"photo_base64": picture()}, "right").is_error
        again = served.call("ask", {"question": "sharpen it", "photo_base64": picture()}, "right")
        assert "try again in" in text(again)


def test_where_nobody_logs_in_one_token_is_needed_all_the_same(store: Store, tmp_path: Path):
    chosen = "a token of sixteen or more"
    settings = Settings(home=tmp_path, mcp_token=chosen)
    assert shared_token(settings) == (chosen, False)
    with serving(settings, store, chosen, {"right": chosen}) as served:
        assert httpx.post(served.address, json=LIST, headers=ACCEPT).status_code == 401
        assert httpx.post(served.address, json=LIST, headers=ACCEPT | {"authorization": "Bearer x"}).status_code == 401
        assert not served.call("ask", ASK, "right").is_error


def test_a_token_that_can_be_guessed_is_refused_and_one_is_made_where_there_is_none(tmp_path: Path):
    with pytest.raises(UserError, match="can be guessed"):
        shared_token(Settings(home=tmp_path, mcp_token="secret"))
    first, second = shared_token(Settings(home=tmp_path)), shared_token(Settings(home=tmp_path))
    assert first[1]
    assert second[1]
    assert first[0] != second[0]


def test_base64_is_measured_before_it_is_decoded():
    assert decoded("data:image/png;base64,aGVs\nbG8=", 5) == b"hello"
    with pytest.raises(UserError, match="larger than"):
        decoded("!" * 100, 5)
