"""`/v1` with OpenAI's own client: whole, streamed, with photos, going on, and refused."""

import base64
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from openai import NotFoundError, OpenAI
from PIL import Image

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "answer.schema.json").read_text())
QUESTION = "tell me about CausalSR"


def user(text: str, *photos: str) -> dict[str, Any]:
    parts = [{"type": "image_url", "image_url": {"url": photo}} for photo in photos]
    return {"role": "user", "content": [{"type": "text", "text": text}, *parts] if photos else text}


def assistant(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def ask(client: OpenAI, *messages: dict[str, Any], **more: Any) -> Any:
    return client.chat.completions.create(model="unblur", messages=list(messages), **more)


def data_url(photo: bytes, kind: str = "image/png") -> str:
    return f"data:{kind};base64,{base64.b64encode(photo).decode()}"


@pytest.fixture
def picture(photo: Path) -> str:
    return data_url(photo.read_bytes())


def test_there_is_one_model(openai: OpenAI):
    assert [model.id for model in openai.models.list()] == ["unblur"]
    assert openai.models.retrieve("unblur").owned_by == "unblur"


def test_an_answer_has_its_quotes_and_links_in_its_text(openai: OpenAI):
    reply = ask(openai, {"role": "system", "content": "Answer in French."}, user(QUESTION), temperature=0.2)
    answer, text = reply.unblur, reply.choices[0].message.content
    jsonschema.validate(answer, SCHEMA)
    assert text.startswith(answer["answer"])
    assert answer["citations"]
    for citation in answer["citations"]:
        assert f"[{citation['marker']}] “{' '.join(citation['quote'].split())}” — " in text
    assert "https://github.com/Mnster00/CasualSR" in text
    assert reply.choices[0].finish_reason == "stop"
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens
    assert reply.usage.prompt_tokens == len(QUESTION.split()) + 3


def test_a_stream_says_the_same_piece_by_piece(openai: OpenAI):
    whole = ask(openai, user(QUESTION))
    chunks = list(ask(openai, user(QUESTION), stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(pieces) > 2
    assert "".join(pieces) == whole.choices[0].message.content
    *_, last, counted = chunks
    assert last.choices[0].finish_reason == "stop"
    told = {**last.unblur, "seconds": 0, "thread": ""}
    assert told == {**whole.unblur, "seconds": 0, "thread": ""}
    assert counted.choices == []
    assert counted.usage == whole.usage
    assert {chunk.id for chunk in chunks} == {last.id}


def test_a_stream_ends_with_done_and_its_steps_are_comments(served):
    body = {"model": "unblur", "messages": [user(QUESTION)], "stream": True}
    with httpx.stream("POST", f"{served.address}v1/chat/completions", json=body, timeout=30) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in reply.iter_lines() if line]
    assert any(line.startswith(": Searching ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    assert all(line.startswith((": ", "data: ")) for line in lines)


def test_earlier_turns_give_the_conversation(openai: OpenAI):
    first = ask(openai, user(QUESTION))
    messages = [user(QUESTION), assistant(first.choices[0].message.content), user("Does that one have code?")]
    second = ask(openai, *messages)
    assert "https://github.com/Mnster00/CasualSR" in second.unblur["answer"]
    assert second.unblur["thread"] != first.unblur["thread"]  # programs that nobody can tell apart share nothing


@pytest.mark.parametrize(
    "named",
    [
        lambda thread: {"extra_body": {"unblur": {"thread": thread}}},
        lambda thread: {"metadata": {"thread": thread}},
        lambda thread: {"extra_headers": {"X-Unblur-Thread": thread}},
    ],
    ids=["unblur", "metadata", "header"],
)
def test_a_named_thread_goes_on(openai: OpenAI, named):
    thread = ask(openai, user(QUESTION)).unblur["thread"]
    again = ask(openai, user("Does that one have code?"), **named(thread))
    assert again.unblur["thread"] == thread
    assert "https://github.com/Mnster00/CasualSR" in again.unblur["answer"]


def test_a_brief_is_answered_from_its_own_sources(openai: OpenAI, served):
    brief = served.bot.store.briefs()[0]
    reply = ask(openai, user("Which papers are there?"), extra_body={"unblur": {"brief": brief.name}})
    assert reply.unblur["brief"] == brief.name


def test_named_sources_alone_are_used(openai: OpenAI):
    reply = ask(openai, user("how are details restored?"), extra_body={"unblur": {"sources": ["MSSNet"]}})
    assert {one["title"][:13] for one in reply.unblur["references"]} == {"Deblur-MSSNet"}
    with pytest.raises(NotFoundError, match="there is no source 'NoNet' in the store: name one by its title or id"):
        ask(openai, user("how are details restored?"), extra_body={"unblur": {"sources": ["NoNet"]}})


def test_a_photo_is_restored_and_the_conversation_goes_on_with_it(openai: OpenAI, served, picture: str):
    first = ask(openai, user("", picture))
    told, text = first.unblur["restoration"], first.choices[0].message.content
    assert (told["width"], told["height"]) == (64, 48)
    for address in told["addresses"].values():
        assert f"({served.address.rstrip('/')}{address}" in text
        shown = httpx.get(f"{served.address.rstrip('/')}{address}")
        assert Image.open(io.BytesIO(shown.content)).size == (64, 48)
    messages = [user("", picture), assistant(text), user("enlarge it 2 times")]
    second = ask(openai, *messages)
    assert second.unblur["restoration"]["enlarge"] == 2
    assert second.unblur["thread"] == first.unblur["thread"]  # the earlier answer's addresses say which it was
    assert len(served.bot.darkroom.album(first.unblur["thread"]).results()) == 2


def test_a_photo_of_earlier_turns_is_there_when_no_answer_tells_where(openai: OpenAI, picture: str):
    reply = ask(openai, user("", picture), assistant("Done."), user("enlarge it 2 times"))
    assert reply.unblur["restoration"]["enlarge"] == 2


def test_a_photo_is_streamed_with_its_progress(served, picture: str):
    body = {"model": "unblur", "messages": [user("", picture)], "stream": True}
    with httpx.stream("POST", f"{served.address}v1/chat/completions", json=body, timeout=60) as reply:
        lines = list(reply.iter_lines())
    assert any(line.startswith(": Restoring photo.png") for line in lines)
    assert json.loads(lines[[*lines].index("data: [DONE]") - 2].removeprefix("data: "))["unblur"]["restoration"]


def bad(picture: str) -> Iterator[Any]:
    yield pytest.param([user("  ")], {}, 400, "the question is empty", id="empty")
    yield pytest.param([user("x" * 20_001)], {}, 400, "shorten it", id="long")
    yield pytest.param([{"role": "system", "content": "hi"}], {}, 400, "there is no question", id="no question")
    yield pytest.param([], {}, 400, "messages cannot be used", id="no message")
    yield pytest.param([{"role": "robot", "content": "x"}], {}, 400, "messages.0.role cannot", id="role")
    yield pytest.param([user("hi")], {"n": 2}, 400, "a question has one answer", id="two answers")
    yield pytest.param([user("hi")], {"model": "gpt-5"}, 404, "there is no model 'gpt-5'", id="model")
    yield pytest.param([user("hi")], {"unblur": {"thread": "0" * 32}}, 404, "there is no conversation", id="thread")
    yield pytest.param([user("hi")], {"unblur": {"thread": "../x"}}, 404, "there is no conversation", id="odd thread")
    yield pytest.param([user("hi")], {"unblur": {"brief": "x.txt"}}, 404, "there is no brief", id="brief")
    yield pytest.param([user("x", "http://127.0.0.1/x.png")], {}, 400, "nothing is fetched", id="address")
    yield pytest.param([user("x", "data:image/png;base64,%%%")], {}, 400, "not base64", id="not base64")
    yield pytest.param([user("x", data_url(b"no photo"))], {}, 400, "cannot read photo.png", id="no photo")
    yield pytest.param([user("x", data_url(b"x" * 1_100_000))], {}, 413, "larger than 1 MB", id="large photo")
    yield pytest.param([user("x", *[picture] * 4)], {}, 413, "more than 3 photos", id="many photos")
    part = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
    yield pytest.param([{"role": "user", "content": [part]}], {}, 400, "'input_audio' is not read", id="sound")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("messages", "more", "status", "line"), bad(data_url(b"x")))
def test_a_mistake_is_an_error_in_openais_form(served, messages, more, status: int, line: str, stream: bool):
    body = {"model": "unblur", "messages": messages, "stream": stream, **more}
    reply = httpx.post(f"{served.address}v1/chat/completions", json=body, timeout=30)
    error = reply.json()["error"]
    assert (reply.status_code, set(error)) == (status, {"message", "type", "param", "code"})
    assert error["type"] == "invalid_request_error"
    assert line in error["message"]
    assert "\n" not in error["message"]


def test_the_client_raises_its_own_errors(openai: OpenAI):
    with pytest.raises(NotFoundError, match="there is no model"):
        openai.chat.completions.create(model="gpt-5", messages=[user("hi")])
    with pytest.raises(NotFoundError, match="is not offered here"):
        openai.embeddings.create(model="unblur", input="hi")


@pytest.mark.parametrize(
    ("content", "status", "line"),
    [
        (b"{", 400, "the request is not JSON"),
        (b"[]", 400, "cannot be used"),
        (b"[" + b"{}," * 300_000 + b"{}]", 413, "too many parts"),
        (b'{"model": "' + b"x" * 6_000_000 + b'"}', 413, "the request is larger than 5 MB"),
    ],
)
def test_a_body_that_is_none_is_refused(served, content: bytes, status: int, line: str):
    reply = httpx.post(f"{served.address}v1/chat/completions", content=content)
    assert reply.status_code == status
    assert line in reply.json()["error"]["message"]


def test_tools_and_odd_fields_change_nothing(openai: OpenAI):
    schema = {"type": "object", "properties": {"path": {"type": "string"}, "session_hash": {"type": "string"}}}
    tools = [{"type": "function", "function": {"name": "read", "parameters": schema}}]
    plain, more = ask(openai, user("hi")), ask(openai, user("hi"), tools=tools, top_p=0.5, seed=1, user="x")
    assert more.choices[0].message.content == plain.choices[0].message.content
    assert more.choices[0].message.tool_calls is None


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_cut_connection_stops_the_restoration(served, stream: bool):
    results = set(served.bot.settings.photos_folder.rglob("result-*.json"))
    held = io.BytesIO()
    Image.effect_noise((900, 900), 60).convert("RGB").save(held, "JPEG")
    body = {"model": "unblur", "messages": [user("enlarge it 3 times", data_url(held.getvalue(), "image/jpeg"))]}
    with (
        pytest.raises(httpx.ReadTimeout),
        httpx.stream(
            "POST", f"{served.address}v1/chat/completions", json={**body, "stream": stream}, timeout=2
        ) as reply,
    ):
        list(reply.iter_raw())
    before = time.monotonic()
    answer = httpx.post(f"{served.address}v1/chat/completions", json={**body, "messages": [user("hi")]}, timeout=30)
    assert answer.status_code == 200
    while served.bot.darkroom._turn.locked():  # it notices at its next tile
        assert time.monotonic() - before < 20
        time.sleep(0.05)
    assert set(served.bot.settings.photos_folder.rglob("result-*.json")) == results
