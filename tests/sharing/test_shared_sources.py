"""The sources are everybody's; what a conversation uses is its owner's; read-only means read-only."""

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from talk import ask, call, join, new_session, upload

from store.store import Store

RAIN = (
    "Model: DeRainer: Rain Removal\nPaper: https://arxiv.org/abs/2001.00001\n"
    "Summary: We propose DeRainer, a network that removes rain streaks from photos.\n"
)
NAME = "Pasted: DeRainer: Rain Removal"


@pytest.fixture
def untouched(store: Store) -> Iterator[Store]:
    """The store, which is afterwards as it was."""
    yield store
    store.prune([record.name for record in store.briefs() if record.origin.startswith("page:")])


def said(messages: list[dict[str, Any]]) -> str:
    assert messages[-1]["success"], messages[-1]
    return str([message.get("output") for message in messages])


def test_what_one_adds_all_can_ask_and_remove(with_users, untouched: Store):
    with with_users.client("alice") as alice, with_users.client("bob") as bob:
        assert f"Added “{NAME}”." in said(call(alice, "_paste", [RAIN, ""]))
        assert "removes rain streaks" in ask(bob, "Tell me about DeRainer")["answer"]
        assert f"Removed “{NAME}”." in said(call(bob, "_remove", [NAME, ""]))
        assert ask(alice, "Tell me about DeRainer")["refused"]


def test_an_uploaded_brief_passes_the_gate_and_leaves_no_file(with_users, untouched: Store, uploads):
    with with_users.client("alice") as alice, with_users.client("bob") as bob:
        path = upload(alice, RAIN.encode(), "rain.txt").json()[0]
        file = {"path": path, "orig_name": "rain.txt", "meta": {"_type": "gradio.FileData"}}
        number = next(one["id"] for one in alice.get("config").json()["dependencies"] if one["api_name"] == "_upload")
        assert join(bob, new_session(), number, [[file], ""]).status_code == 403
        assert "Added “rain.txt”." in said(call(alice, "_upload", [[file], ""]))
    assert not list(uploads.rglob("rain.txt"))
    assert "rain.txt" in {record.name for record in untouched.briefs()}


def test_nobody_chooses_for_another_s_conversation(with_users, store: Store):
    brief = store.briefs()[0].name
    with with_users.client("alice") as alice, with_users.client("bob") as bob:
        thread = ask(alice, "Tell me about CausalSR")["thread"]
        session = new_session()
        number = next(one["id"] for one in bob.get("config").json()["dependencies"] if one["api_name"] == "_choose")
        assert join(bob, session, number, [f"brief:{brief}", thread]).status_code == 404
        assert f"Uses the brief “{brief}” alone." in said(call(alice, "_choose", [f"brief:{brief}", thread]))
        assert ask(alice, "which sources do you have?", thread)["answer"].count("this conversation is held to") == 1


@pytest.mark.parametrize("made_up", ["brief:holiday", "holiday", "", None, 7, ["brief:x"], {"a": 1}])
def test_a_made_up_choice_changes_nothing(open_to_all, made_up: Any):
    with open_to_all.client() as client:
        client.get("")
        messages = call(client, "_choose", [made_up, ""])
        assert "Uses all 6 sources" in said(messages)


@pytest.mark.parametrize("made_up", [["arxiv:9999.99999"], [7, None], "x", None, {"a": [1]}])
def test_made_up_sources_are_not_held_to(open_to_all, made_up: Any):
    with open_to_all.client() as client:
        client.get("")
        assert "Uses all 6 sources" in said(call(client, "_pick", [made_up, "", ""]))


@pytest.mark.parametrize("made_up", [["x"], 7, None, {"a": [1]}])
def test_made_up_words_for_a_title_find_everything(open_to_all, made_up: Any):
    with open_to_all.client() as client:
        client.get("")
        assert "CausalSR" in str(call(client, "_find", [made_up, "some", ""])[-1])


def test_read_only_has_no_function_that_changes_anything(serve, store: Store):
    with serve(read_only=True).client() as client:
        client.get("")
        functions = client.get("config").json()["dependencies"]
        assert not {"_paste", "_upload", "_remove", "_ask_to_remove"} & {one["api_name"] for one in functions}
        assert "_choose" in {one["api_name"] for one in functions}
        for name in ("_paste", "_upload", "_remove"):
            for way in ("call", "run"):
                with contextlib.suppress(httpx.TransportError):  # Gradio hangs up on names that it does not know
                    assert client.post(f"gradio_api/{way}/{name}", json={"data": [RAIN, ""]}).status_code >= 400
    assert not [record for record in store.briefs() if record.origin.startswith("page:")]
