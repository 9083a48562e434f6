"""`/v1` where people log in, and within each owner's limits."""

import base64
import io
import threading
from typing import Any

import httpx
import pytest
from PIL import Image
from talk import PIXEL

CHAT = "v1/chat/completions"
QUESTION = "tell me about CausalSR"


def said(*questions: str, photo: bytes = b"", **more: Any) -> dict[str, Any]:
    messages: list[dict[str, Any]] = []
    for question in questions:
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": "…"}]
    messages.pop()
    if photo:
        url = f"data:image/png;base64,{base64.b64encode(photo).decode()}"
        text = {"type": "text", "text": questions[-1]}
        messages[-1]["content"] = [text, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": "unblur", "messages": messages, **more}


def ask(client: httpx.Client, *questions: str, **more: Any) -> dict[str, Any]:
    reply = client.post(CHAT, json=said(*questions, **more))
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()["unblur"]
    return answer


def picture(side: int) -> bytes:
    held = io.BytesIO()
    Image.effect_noise((side, side), 60).convert("RGB").save(held, "PNG")
    return held.getvalue()


@pytest.mark.parametrize(("method", "path"), [("POST", CHAT), ("GET", "v1/models"), ("POST", "v1/embeddings")])
def test_nobody_gets_in_without_logging_in(with_users, method: str, path: str):
    with with_users.client() as nobody:
        reply = nobody.request(method, path, json=said("hi") if method == "POST" else None)
    assert reply.status_code == 401
    assert reply.json()["error"]["type"] == "authentication_error"


def test_a_user_goes_on_where_the_messages_left_off(with_users):
    with with_users.client("alice") as alice:
        first = ask(alice, QUESTION)
        second = ask(alice, QUESTION, "Does that one have code?")
        assert second["thread"] == first["thread"]
        other = ask(alice, QUESTION, "Who wrote it?")  # the first was gone on with otherwise
        assert other["thread"] != first["thread"]
        assert alice.get(f"?thread={first['thread']}").status_code == 200


def test_what_is_another_users_is_not_there(with_users):
    with with_users.client("alice") as alice, with_users.client("bob") as bob:
        own = ask(alice, "what is FeatSharp?")
        foreign = bob.post(CHAT, json=said("hi", unblur={"thread": own["thread"]}))
        nothing = bob.post(CHAT, json=said("hi", unblur={"thread": "0" * 32}))
        assert (foreign.status_code, nothing.status_code) == (404, 404)
        told = foreign.json()["error"]["message"].replace(own["thread"], "0" * 32)
        assert told == nothing.json()["error"]["message"]
        assert ask(bob, "what is FeatSharp?", "Does that one have code?")["thread"] != own["thread"]


def test_another_site_may_not_ask(with_users):
    with with_users.client("alice") as alice:
        reply = alice.post(CHAT, json=said("hi"), headers={"origin": "https://elsewhere.example"})
    assert reply.status_code == 403
    assert reply.json()["error"]["type"] == "permission_error"


def test_photos_count_towards_the_hour_and_questions_towards_those_that_wait(serve):
    small = serve(log_in=True, photos_per_hour=2, max_waiting=1)
    with small.client("alice") as alice, small.client("bob") as bob, small.client("alice") as again:
        slow = threading.Thread(
            target=alice.post, args=(CHAT,), kwargs={"json": said("sharpen it", photo=picture(250))}
        )
        slow.start()
        while not small.app.state.desk.bot.darkroom._turn.locked():
            assert slow.is_alive()
        assert ask(bob, "hi")["mode"] == "help"  # a restoration keeps nobody else waiting
        reply = again.post(CHAT, json=said("hi"))
        assert (reply.status_code, reply.headers["retry-after"]) == (429, "5")
        assert "are waiting already" in reply.json()["error"]["message"]
        slow.join()
        ask(alice, "sharpen it", photo=PIXEL)
        reply = alice.post(CHAT, json=said("sharpen it", photo=PIXEL))
        assert reply.status_code == 429
        assert reply.json()["error"]["type"] == "rate_limit_error"
        assert "you sent 2 photos within an hour" in reply.json()["error"]["message"]


def test_a_browser_may_look_at_what_a_program_without_a_cookie_made(open_to_all):
    with open_to_all.client() as program, open_to_all.client() as browser:
        address = ask(program, "sharpen it", photo=PIXEL)["restoration"]["addresses"]["after"]
        assert browser.get("").status_code == 200
        assert browser.cookies
        assert browser.get(address.lstrip("/")).status_code == 200
