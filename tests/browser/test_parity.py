"""The same question gets the same answer on the page, on the command line, by the named endpoint, by `/v1` and by MCP.

A further face goes into `FACES`: a function that is given the faces and a question, and returns the answer's JSON.
"""

import contextlib
import json
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import httpx
import jsonschema
import pytest
from gradio_client import Client
from mcp import Client as McpClient
from openai import OpenAI
from reader import Reader
from typer.testing import CliRunner

import bot.commands.ask
from bot.cli import app
from bot.mcp.desk import Desk as McpDesk
from bot.mcp.server import Server
from bot.opening import put_bundled
from bot.page.markup import answer_html
from bot.service import Bot
from bot.settings import load_settings
from bot.sharing.setup import Sharing
from ingest.pipeline import bundled_briefs
from store.embedding import SentenceTransformerEmbedder
from store.store import Store

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "answer.schema.json").read_text())
BRIEFS = bundled_briefs()
PASTED = (Path(__file__).parents[2] / "ingest" / "briefs" / BRIEFS[0].name).read_text(encoding="utf-8")

Answer = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A question, with what was asked before it and the brief that it is held to."""

    question: str
    mode: str
    earlier: tuple[str, ...] = ()
    brief: str = ""


QUESTIONS = [
    Asked(str(BRIEFS[0].question), "explain"),
    Asked(str(BRIEFS[1].question), "explain"),
    Asked("How do I get a blurry picture sharp?", "explain"),
    Asked("How can I make a small photo larger with more detail?", "explain"),
    Asked("tell me about CausalSR", "source"),
    Asked("\t What is   FeatSharp\u200b? 🙂\r\n\r\n", "source"),
    Asked("Where is the code of CausalSR?", "lookup"),
    Asked("Give me the link to the FeatSharp paper", "lookup"),
    Asked("What is the difference between CausalSR and FeatSharp?", "compare"),
    Asked("Compare MSSNet with CausalSR", "compare"),
    Asked("What is the capital of France?", "refusal"),
    Asked("Which model puts colour into black-and-white films?", "refusal"),
    Asked("hi", "help"),
    Asked("What can you do?", "help"),
    Asked("Does that one have code?", "lookup", earlier=("tell me about CausalSR",)),
    Asked("And how is it different from FeatSharp?", "compare", earlier=("hi", "tell me about CausalSR")),
    Asked(str(BRIEFS[1].question), "explain", brief=BRIEFS[1].name),
    Asked("tell me about MSSNet", "source", brief=BRIEFS[0].name),
    Asked("\t What’s\u00a0<b>FeatSharp</b>\u200b?\r\n\r\n*[x](javascript:1)* | \\ ` \x00 \u202e🙂 ", "source"),
    Asked(PASTED, "explain"),
]


@dataclass(frozen=True)
class Faces:
    """What a question can be asked through."""

    browser: httpx.Client  # with a cookie of its own
    endpoints: Client
    openai: OpenAI
    page_ask: int  # the number of the function that the page's box calls
    agents: Server  # what `unblur mcp` serves


def by_page(faces: Faces, asked: Asked) -> Answer:
    """By the function that the page's box calls, as the page calls it; the page then shows the conversation."""
    thread = _named(faces.browser, "new_thread", [])
    for question in (*asked.earlier, asked.question):
        body = {"fn_index": faces.page_ask, "session_hash": secrets.token_hex(6), "event_data": None}
        data = [{"text": question, "files": []}, thread]
        faces.browser.post("gradio_api/queue/join", json={**body, "data": data}).raise_for_status()
        query = {"session_hash": body["session_hash"]}
        with faces.browser.stream("GET", "gradio_api/queue/data", params=query) as stream:
            assert any('"process_completed"' in line for line in stream.iter_lines())
    answer: Answer = _named(faces.browser, "conversation", [thread])["turns"][-1]["answer"]
    return answer


def by_command_line(_: Faces, asked: Asked) -> Answer:
    """By `unblur ask --json`."""
    options = ["--thread", secrets.token_hex(4)] if asked.earlier else []
    options += ["--brief", asked.brief] if asked.brief else []
    for question in (*asked.earlier, asked.question):
        done = CliRunner().invoke(app, ["ask", question, "--json", *options])
        assert done.exit_code == 0, done.output
    answer: Answer = json.loads(done.stdout)
    return answer


def by_endpoint(faces: Faces, asked: Asked) -> Answer:
    """By the named endpoint."""
    answer: Answer = {"thread": ""}
    for question in (*asked.earlier, asked.question):
        answer = faces.endpoints.predict(question, answer["thread"], brief=asked.brief, api_name="/ask")
    return answer


def by_openai(faces: Faces, asked: Asked) -> Answer:
    """By `/v1`, with what was asked before among the messages."""
    messages: list[Any] = []
    for question in asked.earlier:
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": "…"}]
    messages.append({"role": "user", "content": asked.question})
    own = {"unblur": {"brief": asked.brief}}
    reply: Any = faces.openai.chat.completions.create(model="unblur", messages=messages, extra_body=own)
    answer: Answer = reply.unblur
    assert reply.choices[0].message.content.startswith(answer["answer"])
    return answer


def by_mcp(faces: Faces, asked: Asked) -> Answer:
    """By the tool of the MCP server, called by the official client."""

    async def ask() -> Answer:
        answer: Answer = {}
        async with McpClient(faces.agents) as client:
            for question in (*asked.earlier, asked.question):
                call = {"question": question} | ({"brief": asked.brief} if asked.brief else {})
                call |= {"thread": answer["thread"]} if answer else {}
                told = await client.call_tool("ask", call)
                assert told.structured_content is not None, told.content
                answer = told.structured_content
        return answer

    with ThreadPoolExecutor(1) as aside:  # the browser's loop runs in this thread
        return aside.submit(anyio.run, ask).result()


FACES: dict[str, Callable[[Faces, Asked], Answer]] = {
    "page": by_page,
    "command line": by_command_line,
    "endpoint": by_endpoint,
    "/v1": by_openai,
    "MCP": by_mcp,
}


@pytest.fixture(scope="module")
def faces(served, own_home: Store) -> Iterator[Faces]:
    client = Client(served.address, verbose=False, analytics_enabled=False)
    with httpx.Client(base_url=served.address, timeout=60) as browser:
        browser.get("")
        config = browser.get("config").json()
        page_ask = next(one["id"] for one in config["dependencies"] if one["api_name"] == "_ask")
        with OpenAI(base_url=f"{served.address}v1", api_key="none", max_retries=0) as openai:
            settings = load_settings()
            ready: Future[Bot] = Future()
            ready.set_result(Bot(own_home, settings))
            agents = Server(McpDesk(settings, Sharing(settings), ready, local=True), "0", local=True)
            yield Faces(browser, client, openai, page_ask, agents)
    client.close()


@pytest.fixture(scope="module", autouse=True)
def own_home(embedder: SentenceTransformerEmbedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A data folder for the command line and for MCP; they share a store that is opened once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNBLUR_HOME", str(tmp_path_factory.mktemp("home")))
        store = Store.in_memory(embedder)
        put_bundled(store)
        patch.setattr(bot.commands.ask, "opened_store", lambda *_, **__: contextlib.nullcontext(store))
        yield store
        store.close()


@pytest.mark.parametrize("asked", QUESTIONS, ids=lambda asked: asked.question.strip()[:30])
def test_every_face_gives_the_same_answer(faces: Faces, asked: Asked):
    answers = {
        name: ask(faces, asked) for name, ask in FACES.items() if not (asked.brief and name == "page")
    }  # the page holds a question to a brief when it is the brief's own
    for answer in answers.values():
        jsonschema.validate(answer, SCHEMA)
        assert answer["mode"] == asked.mode
    said = {name: {**answer, "seconds": 0, "thread": ""} for name, answer in answers.items()}
    for name, answer in said.items():
        assert answer == said["command line"], name


@pytest.mark.parametrize("asked", [QUESTIONS[1], QUESTIONS[8]], ids=["explain", "compare"])
def test_a_person_reads_that_answer(faces: Faces, reader: Reader, asked: Asked):
    answer = by_endpoint(faces, asked)
    shown = reader.ask(asked.question)
    markers = [citation["marker"] for citation in answer["citations"]]
    html = answer_html(answer["answer"], answer=1, markers=markers, urls=_urls(answer))
    expected = reader.page.evaluate(
        "html => { const box = document.createElement('div'); box.innerHTML = html; return box.textContent }", html
    )
    assert _words(expected) in _words(shown.text_content() or "")


def _urls(answer: Answer) -> list[str]:
    return [url for one in answer["references"] for url in (one["paper_url"], one["github_url"]) if url]


def _words(text: str) -> str:
    return " ".join(text.split())


def _named(client: httpx.Client, name: str, data: list[Any]) -> Any:
    event = client.post(f"gradio_api/call/{name}", json={"data": data}).json()["event_id"]
    lines = client.get(f"gradio_api/call/{name}/{event}").text.splitlines()
    return json.loads(lines[lines.index("event: complete") + 1].removeprefix("data: "))[0]
