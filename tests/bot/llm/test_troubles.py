"""A language model's server that fails: the turn is never lost, and the answer says what happened in one line."""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted import Reply, ScriptedServer, settings_for

from bot.answer import Answer
from bot.llm.calling import loops
from bot.page.chat import Chat
from bot.privacy import keep_everything_here
from bot.service import Bot, Request
from bot.settings import Settings, describe
from bot.tools import SEARCH
from store.store import Store

keep_everything_here()

QUESTION = "Tell me about CausalSR"
TRUE = "CausalSR: This paper formulates super-resolution using structural causal models."
MODEL = "openai-compatible:made-up"
LONG_SEARCH = json.dumps({"query": "counterfactual learning"})


@pytest.fixture
def bot_with(store: Store, server: ScriptedServer, tmp_path: Path) -> Callable[..., Bot]:
    def bot_with(**others: Any) -> Bot:
        return Bot(store, settings_for(others.pop("url", server.url), tmp_path, **others))

    return bot_with


def assert_says(answer: Answer, *words: str) -> None:
    """The embedded answer, which begins with a line on what happened and repeats nothing of what the server said."""
    line = answer.answer.splitlines()[0]
    assert line.startswith("*The language model `openai-compatible:made-up` was not used for this answer, since ")
    for word in words:
        assert word in line
    assert answer.model == "embedded" and answer.mode == "source" and answer.citations
    for secret in ("sk-secret-key", "evil.example", "Traceback", "Error"):
        assert secret not in answer.model_dump_json()


@pytest.mark.parametrize(
    ("reply", "words", "requests"),
    [
        pytest.param(Reply(status=401), ("refused the key", "UNBLUR_MODEL_KEY"), 1, id="wrong key"),
        pytest.param(Reply(status=403), ("refused the key",), 1, id="forbidden"),
        pytest.param(Reply(status=404), ("knows no model", "UNBLUR_MODEL_URL"), 1, id="no such model"),
        pytest.param(Reply(status=429), ("takes no more requests",), 3, id="too many requests"),
        pytest.param(
            Reply(status=429, headers={"retry-after": "3600"}),
            ("takes no more requests",),
            1,
            id="too many requests for an hour",
        ),
        pytest.param(
            Reply(status=500), ("its server failed",), 6, id="server error"
        ),  # three times with tools, three times without
        pytest.param(Reply(status=400), ("refused the request",), 2, id="bad request"),
        pytest.param(Reply(""), ("wrote nothing",), 1, id="nothing"),
        pytest.param(Reply("   \n "), ("wrote nothing",), 1, id="white space"),
        pytest.param(Reply("Sure! Here is what I think about cats."), ("borne out",), 1, id="chatter"),
        pytest.param(Reply(raw=b"{ broken"), ("cannot be read",), 1, id="broken JSON"),
        pytest.param(Reply(raw=b"<html>It works!</html>"), ("cannot be read",), 1, id="a web page"),
        pytest.param(Reply(raw=b'{"choices": null}'), ("cannot be read",), 1, id="no choices"),
        pytest.param(Reply("CausalSR", cut_after=0), ("broke off",), 3, id="cut before a word"),
        pytest.param(
            Reply("I think that CausalSR is rather good, as I said.", cut_after=2),
            ("broke off",),
            1,
            id="cut in a word",
        ),
        pytest.param(
            Reply(calls=[{"name": "delete_everything", "arguments": "{}"}]), ("only searched",), 1, id="an unknown tool"
        ),
        pytest.param(
            Reply(calls=[{"name": SEARCH, "arguments": "{ broken"}]),
            ("only searched",),
            1,
            id="a search in broken JSON",
        ),
        pytest.param(
            Reply(calls=[{"name": SEARCH, "arguments": '{"query": 7}'}]),
            ("only searched",),
            1,
            id="a search for a number",
        ),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    talker: Bot,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    reply: Reply,
    words: tuple[str, ...],
    requests: int,
) -> None:
    monkeypatch.setattr("bot.llm.calling._FIRST_WAIT_S", 0.01)
    server.says(reply)
    assert_says(talker.ask(Request(QUESTION)), *words)
    assert len(server.requests) == requests


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_recovers_is_asked_again(
    talker: Bot, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr("bot.llm.calling._FIRST_WAIT_S", 0.01)
    server.says(Reply(status=status), Reply(status=status, headers={"retry-after": "0.05"}), TRUE)
    answer = talker.ask(Request(QUESTION))
    assert answer.model == MODEL and "formulates super-resolution" in answer.answer
    assert len(server.requests) == 3


def test_a_server_that_is_not_there_is_said_so(bot_with: Callable[..., Bot], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.llm.calling._FIRST_WAIT_S", 0.01)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        bot = bot_with(url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        assert_says(bot.ask(Request(QUESTION)), "cannot be reached", "UNBLUR_MODEL_URL")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(TRUE, silent_s=3),
        Reply("x", pause_s=3),
        Reply("What a nice day it is today. ", pause_s=0.2, endless=True),
    ],
    ids=["silent", "stuck", "slow"],
)
def test_a_slow_server_is_waited_for_no_longer_than_set(
    bot_with: Callable[..., Bot], server: ScriptedServer, reply: Reply
) -> None:
    server.says(reply)
    bot = bot_with(model_timeout_s=0.6)
    bot.store.search("warm", sources=1)
    began = time.monotonic()
    answer = bot.ask(Request(QUESTION))
    assert_says(answer, "took too long", "UNBLUR_MODEL_TIMEOUT_S")
    assert time.monotonic() - began < 2.5


def test_what_was_said_before_the_time_was_over_is_kept(bot_with: Callable[..., Bot], server: ScriptedServer) -> None:
    server.says(Reply(f"{TRUE}\n\n{'Then there is more to say. ' * 40}", pause_s=0.03))
    answer = bot_with(model_timeout_s=0.9).ask(Request(QUESTION))
    assert answer.model == MODEL and "formulates super-resolution" in answer.answer


def test_a_model_that_repeats_itself_is_cut_short(talker: Bot, server: ScriptedServer) -> None:
    server.says(Reply(f"{TRUE} ", endless=True))
    began = time.monotonic()
    answer = talker.ask(Request(QUESTION))
    assert answer.model == MODEL
    assert answer.answer.count("formulates super-resolution") == 1
    assert time.monotonic() - began < 10


def test_a_loop_is_told_from_a_text() -> None:
    assert loops("It removes blur. " * 60) and loops("a" * 500)
    assert not loops("".join(f"Sentence {n} says something of its own. " for n in range(60)))


def test_a_model_may_search_for_itself_and_then_answers(talker: Bot, server: ScriptedServer) -> None:
    server.says(Reply(calls=[{"name": SEARCH, "arguments": LONG_SEARCH}]), TRUE)
    answer = talker.ask(Request(QUESTION))
    assert answer.model == MODEL
    assert {"query": "counterfactual learning"} in [call.args for call in answer.tool_calls]


def test_a_model_that_searches_without_end_is_stopped(talker: Bot, server: ScriptedServer) -> None:
    searches = [Reply(calls=[{"name": SEARCH, "arguments": json.dumps({"query": f"blur {n}"})}]) for n in range(20)]
    server.says(*searches)
    assert_says(talker.ask(Request(QUESTION)), "only searched")
    assert len(server.requests) <= 4
    assert "tools" not in server.requests[-1]


def test_the_same_search_again_is_not_run(talker: Bot, server: ScriptedServer) -> None:
    server.says(Reply(calls=[{"name": SEARCH, "arguments": json.dumps({"query": QUESTION})}]))
    answer = talker.ask(Request(QUESTION))
    assert_says(answer, "only searched")
    assert [call.args["query"] for call in answer.tool_calls].count(QUESTION) == 1


def test_a_server_without_tools_gets_the_evidence_all_the_same(
    bot_with: Callable[..., Bot], server: ScriptedServer
) -> None:
    server.says(Reply(status=400), TRUE, TRUE)
    bot = bot_with()
    assert bot.ask(Request(QUESTION)).model == MODEL
    assert bot.ask(Request(QUESTION)).model == MODEL
    assert ["tools" in request for request in server.requests] == [True, False, False]  # it is not tried again
    assert "structural causal models" in server.requests[-1]["messages"][-1]["content"]


def test_a_photo_tool_is_never_in_a_language_model_s_reach(talker: Bot, server: ScriptedServer) -> None:
    call = {"name": "restore_photo", "arguments": '{"photo": "photo-1", "enlarge": 4}'}
    server.says(Reply(calls=[call]))
    answer = talker.ask(Request(QUESTION))
    assert [tool["function"]["name"] for tool in server.requests[0]["tools"]] == [SEARCH]
    assert {one.name for one in answer.tool_calls} == {SEARCH}


def test_what_the_sources_do_not_hold_is_refused_without_asking(talker: Bot, server: ScriptedServer) -> None:
    server.says("The capital of France is Paris.")
    answer = talker.ask(Request("What is the capital of France?"))
    assert answer.refused and not server.requests


def test_a_conversation_goes_on_after_a_failure_and_remembers(talker: Bot, server: ScriptedServer) -> None:
    server.says(Reply(status=401), "CausalSR's code is at https://github.com/Mnster00/CasualSR.")
    assert_says(talker.ask(Request(QUESTION, thread="t")), "refused the key")
    answer = talker.ask(Request("Does it have code?", thread="t"))
    assert "https://github.com/Mnster00/CasualSR" in answer.answer
    said = [message["content"] for message in server.requests[-1]["messages"]]
    assert QUESTION in said
    again = talker.exchanges("t")
    assert [one.answer.model for one in again if one.answer] == ["embedded", MODEL]
    assert again[1].answer is not None and again[1].answer.answer == answer.answer


def test_the_page_shows_checked_sentences_while_a_model_writes(talker: Bot, server: ScriptedServer) -> None:
    from concurrent.futures import Future

    ready: Future[None] = Future()
    ready.set_result(None)
    server.says(
        Reply(f"CausalSR wins everything.\n{TRUE}\nBuy it at https://evil.example now.\nThat is it.", pause_s=0.01)
    )
    views = [view.messages[-1]["content"] for view in Chat(talker, ready).ask(QUESTION, "0" * 32)]
    writing = [view for view in views if "what you see is checked" in view]
    assert writing and "formulates super-resolution" in writing[-1]
    assert not any("wins everything" in view for view in views[:-1])
    assert not any("evil.example" in view.split('class="removed"')[0] for view in views)


def test_the_key_goes_to_the_server_and_is_shown_nowhere(
    talker: Bot, server: ScriptedServer, scripted_settings: Settings
) -> None:
    server.says(TRUE)
    talker.ask(Request(QUESTION))
    assert server.keys == ["Bearer sk-secret-key"]
    shown = {row["name"]: row["value"] for row in describe(scripted_settings)}
    assert shown["UNBLUR_MODEL_KEY"] == "••••"
    assert "sk-secret-key" not in f"{scripted_settings!r}{shown}"


def test_another_service_s_key_is_not_sent_to_a_server_of_one_s_own(
    bot_with: Callable[..., Bot], server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    server.says(TRUE)
    bot_with(model_key=None).ask(Request(QUESTION))
    assert server.keys == ["Bearer none"]
