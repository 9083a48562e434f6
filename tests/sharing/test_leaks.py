"""Alice's conversations, sessions, events and photos, asked for by Bob and by nobody, on every route."""

import itertools
import json
import re
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from talk import API, PIXEL, ask, call, function, join, listen, new_session, upload

from bot.sharing.rules import RULES, Body, Rule, Who

CANARY = "canary7f3a"
REFUSED = (401, 403, 404)


@dataclass(frozen=True)
class Held:
    """What Alice holds, by the names under which requests call it."""

    thread: str
    session_hash: str
    event_id: str
    upload_id: str
    path: str


@pytest.fixture(scope="module")
def alice(with_users):
    with with_users.client("alice") as client:
        yield client


@pytest.fixture(scope="module")
def bob(with_users):
    with with_users.client("bob") as client:
        yield client


@pytest.fixture(scope="module")
def nobody(with_users):
    with with_users.client() as client:
        yield client


@pytest.fixture(scope="module")
def held(alice: httpx.Client) -> Held:
    thread = ask(alice, f"tell me about CausalSR {CANARY}")["thread"]
    session = new_session()
    joined = join(alice, session, function(alice, "ask"), [f"What is FeatSharp {CANARY}?", "", [], "", []])
    path = upload(alice, PIXEL + CANARY.encode(), upload_id="ofalice").json()[0]
    assert alice.get(f"{API}file={path}").content.endswith(CANARY.encode())
    return Held(thread, session, joined.json()["event_id"], "ofalice", path)


def asked(client: httpx.Client, method: str, path: str, **options: Any) -> tuple[int, bytes]:
    """The status and the first bytes of a reply, which may be a stream without an end."""
    with client.stream(method, path, **options) as reply:
        if "event-stream" in reply.headers.get("content-type", ""):
            return reply.status_code, next(reply.iter_bytes(), b"")
        return reply.status_code, reply.read()


def request_of(rule: Rule, held: Held) -> tuple[str, dict[str, Any]]:
    """A request on a route that names everything of Alice's that the route can name."""
    values = {
        "session_hash": held.session_hash,
        "event_id": held.event_id,
        "path_or_url": held.path,
        "api_name": "ask",
        "path": held.path.lstrip("/"),
        "url_path": "http://127.0.0.1/",
        "size": "1",
        "component_id": "1",
    }
    path = re.sub(r"{(\w+)(:path)?}", lambda found: values.get(found[1], "x"), rule.path)
    query = {"session_hash": held.session_hash, "upload_id": held.upload_id, "thread": held.thread}
    options: dict[str, Any] = {"params": query, "headers": {"accept": "application/json"}}
    if rule.body is Body.JSON:
        named = {"session_hash": held.session_hash, "event_id": held.event_id, "fn_index": 0}
        options["json"] = {"data": [held.thread, {"path": held.path}], **named}
    if rule.body is Body.MESSAGES:
        said = [{"role": "user", "content": "tell me about CausalSR"}]
        options["json"] = {"model": "unblur", "messages": said, "unblur": {"thread": held.thread}}
    return path.lstrip("/"), options


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.method} {rule.path}")
@pytest.mark.parametrize("who", ["bob", "nobody"])
def test_no_route_hands_out_what_is_alices(rule: Rule, who: str, held: Held, request: pytest.FixtureRequest):
    client: httpx.Client = request.getfixturevalue(who)
    if rule.path == "/logout" and rule.method == "POST":
        pytest.skip("would log Bob out")
    path, options = request_of(rule, held)
    status, body = asked(client, rule.method, path, **options)
    assert CANARY.encode() not in body
    assert held.thread.encode() not in body
    if rule.who is Who.NOBODY:
        assert status == 404
    elif rule.who is Who.USERS and who == "nobody":
        assert status == (303 if rule.page else 401)
    elif any(name in path for name in (held.session_hash, held.event_id, held.path)) or rule.body in (
        Body.JSON,
        Body.MESSAGES,
    ):
        assert status in REFUSED


POSTS = [rule.path.lstrip("/").replace("{api_name}", "ask") for rule in RULES if rule.body is Body.JSON]
NAMED = ["session_hash", "event_id", "thread", "path", "key", "deep"]


@pytest.mark.parametrize(("path", "name"), itertools.product(POSTS, NAMED))
def test_no_body_may_name_a_single_thing_of_alices(path: str, name: str, held: Held, bob: httpx.Client):
    own: dict[str, Any] = {
        "data": ["hi", "", [], "", []],
        "fn_index": 0,
        "session_hash": new_session(),
        "event_id": None,
    }
    foreign: dict[str, Any] = {
        "session_hash": {"session_hash": held.session_hash},
        "event_id": {"event_id": held.event_id},
        "thread": {"data": ["hi", held.thread, [], "", []]},
        "path": {"data": [{"path": held.path, "meta": {"_type": "gradio.FileData"}}]},
        "key": {"data": [{held.thread: 1}]},
        "deep": {"data": [[[{"x": [{"y": {"path": held.path}}]}]]]},
    }[name]
    reply = bob.post(path, json={**own, **foreign})
    assert reply.status_code in REFUSED
    assert CANARY not in reply.text


def test_the_last_of_two_equal_keys_counts_for_whoever_reads(held: Held, bob: httpx.Client):
    body = json.dumps(
        {"data": ["hi", "", [], "", []], "fn_index": function(bob, "ask"), "session_hash": held.session_hash}
    )
    doubled = body[:-1] + f', "session_hash": "{new_session()}"}}'
    assert bob.post(f"{API}queue/join", content=doubled).status_code == 200
    doubled = '{"session_hash": "mine", ' + body[1:]
    assert bob.post(f"{API}queue/join", content=doubled).status_code == 404


def test_bob_reads_neither_answers_nor_stream_nor_photo(held: Held, bob: httpx.Client, alice: httpx.Client):
    for path in (f"{API}queue/data?session_hash={held.session_hash}", f"{API}call/ask/{held.event_id}"):
        assert bob.get(path).status_code == 404
    for path in (held.path, f"{held.path}/../{held.path.rsplit('/', 1)[1]}", f"/.{held.path}", f"/{held.path}"):
        assert bob.get(f"{API}file={path}").status_code == 403
    cancel = {"session_hash": new_session(), "event_id": held.event_id, "fn_index": 0}
    assert bob.post(f"{API}cancel", json=cancel).status_code == 404
    last = list(listen(alice, held.session_hash))[-1]
    assert last["msg"] == "process_completed"
    assert last["success"]


def test_bob_gets_a_new_conversation_for_alices_address(held: Held, bob: httpx.Client, alice: httpx.Client):
    shown = json.dumps(call(bob, "_come_back", [], thread=held.thread))
    assert CANARY not in shown
    assert held.thread not in shown
    assert CANARY in json.dumps(call(alice, "_come_back", [], thread=held.thread))


def test_equal_photos_of_two_people_are_readable_by_both_and_no_third(with_users, alice, bob, nobody):
    path = upload(alice, PIXEL + b"equal").json()[0]
    assert bob.get(f"{API}file={path}").status_code == 403
    assert upload(bob, PIXEL + b"equal").json() == [path]
    assert bob.get(f"{API}file={path}").status_code == 200
    assert nobody.get(f"{API}file={path}").status_code == 401


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/x.png", "https://example.com/x.png", "file:///etc/passwd"])
def test_addresses_are_no_files(address: str, alice: httpx.Client):
    assert alice.get(f"{API}file={address}").status_code == 403
    for file in ({"path": address}, {"path": None, "url": address, "meta": {"_type": "gradio.FileData"}}):
        assert join(alice, new_session(), function(alice, "ask"), [file, "", [], "", []]).status_code == 403


def test_without_log_in_each_browser_has_its_own(open_to_all):
    with open_to_all.client() as one, open_to_all.client() as other, open_to_all.client() as program:
        for browser in (one, other):
            browser.get("")
            cookie = browser.get("config").request.headers["cookie"]
            assert re.fullmatch(r"unblur_session_\w{8}=\w{32}\.\w{64}", cookie)
        thread = call(one, "_ask", [{"text": f"tell me about CausalSR {CANARY}", "files": []}, ""])[-1]["output"][
            "data"
        ][0]
        path = upload(one, PIXEL + b"one's").json()[0]
        assert CANARY in json.dumps(call(one, "_come_back", [], thread=thread))
        for foreign in (other, program):
            assert CANARY not in json.dumps(call(foreign, "_come_back", [], thread=thread))
            assert join(foreign, new_session(), function(foreign, "ask"), ["hi", thread, [], "", []]).status_code == 404
            assert foreign.get(f"{API}file={path}").status_code == 403


def test_a_forged_cookie_is_nobodys(open_to_all):
    with open_to_all.client() as browser:
        browser.get("")
        name, value = next(iter(browser.cookies.items()))
        path = upload(browser, PIXEL + b"signed").json()[0]
    forged = {name: f"{value[:32]}.{'0' * 64}"}
    assert httpx.get(f"{open_to_all.address}{API}file={path}", cookies=forged).status_code == 403
