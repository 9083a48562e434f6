"""A real server, llama.cpp's, with a real model, SmolLM2: what is tested is the wire, since 135M parameters answer little."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage
from liars import BRIEF, QUESTION
from scripted import settings_for

from bot.agent import build_agent
from bot.answer import Answer
from bot.doctor.network import model as look_at_model
from bot.grounding import urls_in
from bot.llm.calling import Limits, Spoken, speak
from bot.llm.failures import ModelError, Trouble
from bot.llm.model import CheckedChatModel
from bot.llm.providers import build_model
from bot.llm.sketch import Sketch
from bot.memory import open_memory
from bot.service import Bot, Piece, Request
from bot.tools import SEARCH
from store.embedding import SentenceTransformerEmbedder
from store.store import Store
from store.text import quotes

CALL_GRAMMAR = r"""
root ::= "<tool_call>{\"name\": \"search_sources\", \"arguments\": {\"query\": \"" [a-z ]{3,20} "\"}}</tool_call>"
"""
_SERVER = Path(__file__).with_name("llama_server.py")


class LlamaServer:
    """llama.cpp's server in a process of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(_SERVER)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=os.environ
        )
        assert self.process.stdout is not None
        self.url = f"{self.process.stdout.readline().strip()}/v1"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def llama() -> Iterator[LlamaServer]:
    server = LlamaServer()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def made(embedder: SentenceTransformerEmbedder) -> Iterator[Store]:
    store = Store.in_memory(embedder)
    store.put(BRIEF)
    yield store
    store.close()


def assert_holds(answer: Answer, store: Store) -> None:
    sources = {source.source_id: source for source in store.sources()}
    assert answer.citations and all(quotes(sources[one.source_id], one.quote) for one in answer.citations)
    assert set(urls_in(answer.answer)) <= {url for source in sources.values() for url in source.urls}


def test_the_doctor_finds_the_server_and_its_models_name(llama: LlamaServer, tmp_path: Path) -> None:
    (found,) = look_at_model(settings_for(llama.url, tmp_path))
    assert (found.state, "does not name" in found.text) == ("warning", True)
    name = found.cure.rpartition(": ")[2].split(", ")[0]
    (again,) = look_at_model(settings_for(llama.url, tmp_path, model=f"openai-compatible:{name}"))
    assert (again.state, name in again.text) == ("ok", True)


def said_by(url: str, tmp_path: Path, text: str, seconds: float, **others: Any) -> list[Spoken]:
    """What the model says to a text, piece by piece."""
    settings = settings_for(url, tmp_path, model_max_tokens=others.pop("model_max_tokens", 48))
    return list(speak(build_model(settings).bind(**others), [HumanMessage(text)], Limits(seconds)))


def test_a_real_model_is_heard_piece_by_piece(llama: LlamaServer, tmp_path: Path) -> None:
    said = said_by(llama.url, tmp_path, "Write two sentences about rain.", 30)
    texts = [one.message.text for one in said]
    assert len(set(texts)) > 5 and said[-1].complete
    assert all(after.startswith(before) for before, after in pairwise(texts))


def test_an_answer_with_a_real_model_holds_whatever_it_writes(llama: LlamaServer, made: Store, tmp_path: Path) -> None:
    bot = Bot(made, settings_for(llama.url, tmp_path, model_max_tokens=60, model_timeout_s=60))
    events = list(bot.stream(Request(QUESTION)))
    answer = next(event for event in events if isinstance(event, Answer))
    assert_holds(answer, made)
    if answer.model == "embedded":
        assert "was not used for this answer" in answer.answer
    for event in events:
        if isinstance(event, Piece | Sketch):
            assert set(urls_in(event.markdown)) <= {url for source in made.sources() for url in source.urls}


def test_a_real_model_without_an_end_is_cut(llama: LlamaServer, tmp_path: Path) -> None:
    began = time.monotonic()
    said = said_by(
        llama.url, tmp_path, "Say rain.", 4, model_max_tokens=100_000, extra_body={"ignore_eos": True, "temperature": 0}
    )
    assert time.monotonic() - began < 6
    assert said[-1].complete or (said[-1].cut and said[-1].cut.trouble is Trouble.SLOW)
    assert len(said) > 5


def test_a_search_that_a_real_model_calls_is_run(llama: LlamaServer, made: Store, tmp_path: Path) -> None:
    """SmolLM2 is too small to call a tool of itself, so a grammar lets it write nothing but a call, of words that it picks."""
    settings = settings_for(llama.url, tmp_path, model_max_tokens=60, model_timeout_s=60)
    model: Any = build_model(settings)
    calling = model.model_copy(update={"extra_body": {"grammar": CALL_GRAMMAR}})
    checked = CheckedChatModel(language_model=calling, name_shown=settings.model, timeout_s=60)
    bot = Bot(made, settings)
    bot._agent = build_agent(checked, open_memory(None))
    answer = bot.ask(Request(QUESTION))
    assert_holds(answer, made)
    assert len(answer.tool_calls) > 1 and {one.name for one in answer.tool_calls} == {SEARCH}
    assert answer.model == "embedded" and "only searched" in answer.answer


def test_a_server_that_dies_costs_no_turn(made: Store, tmp_path: Path) -> None:
    server = LlamaServer()
    model = build_model(settings_for(server.url, tmp_path, model_max_tokens=400))
    said: list[Spoken] = []
    for one in speak(model.bind(extra_body={"ignore_eos": True}), [HumanMessage("Count.")], Limits(30)):
        said.append(one)
        if len(said) == 3:
            server.kill()
    assert said[-1].cut and said[-1].cut.trouble is Trouble.CUT
    answer = Bot(made, settings_for(server.url, tmp_path, model_timeout_s=20)).ask(Request(QUESTION))
    assert_holds(answer, made)
    assert "cannot be reached" in answer.answer and answer.model == "embedded"


def test_a_wrong_path_of_a_real_server_is_said(llama: LlamaServer, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as caught:
        said_by(llama.url.replace("/v1", "/nowhere"), tmp_path, "Hi", 10)
    assert caught.value.failure.trouble is Trouble.NO_MODEL
