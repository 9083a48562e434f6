"""The server is killed in mid-answer and in mid-restoration: what was said is there, and the conversation goes on."""

import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.kills import Browser, Killable, faults, half_made, picture
from benchmarks.load import served
from bot.page.conversation import cut_off_message
from bot.photos.leftovers import Claim


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Killable]:
    server = Killable(tmp_path)
    yield server
    server.kill()


@pytest.mark.timeout(600)  # three starts of the server
def test_a_kill_loses_nothing_but_the_answer_that_was_being_made(server: Killable) -> None:
    talk, photo = uuid.uuid4().hex, uuid.uuid4().hex

    list(server.browser.told(server.browser.begin("Tell me about CausalSR", talk)))
    for event in server.browser.told(server.browser.begin("What is new about it?", talk)):
        if "Searching" in event or "stopped" in event or 'class=\\"step' in event:
            server.kill()
            break
    server.start()
    assert faults(server, talk, ["Tell me about CausalSR", "What is new about it?"]) == []
    assert server.browser.turns(talk)[-1]["answer"] is None, "the kill came too late"
    assert "github.com/Mnster00/CasualSR" in server.browser.ask("Does it have code?", talk)["answer"]

    for event in server.browser.told(server.browser.begin("Can you sharpen this one?", photo, picture(1_100, 500))):
        if " left" in event:  # a tile is done
            server.kill()
            break
    server.start()
    assert faults(server, photo, ["Can you sharpen this one?"]) == []
    assert server.browser.turns(photo)[-1] == {
        "question": "Can you sharpen this one?",
        "pasted_brief": None,
        "photos": ["photo.png"],
        "answer": None,
    }
    assert list((server.home / "photos").rglob("result-*")) == []
    again = server.browser.ask("Can you sharpen this one?", photo)
    assert again["restoration"]["tiles"] > 1
    assert half_made(server.home) == []


@pytest.mark.timeout(120)
def test_an_interrupt_does_not_wait_for_a_restoration(tmp_path: Path) -> None:
    with served(tmp_path) as (address, process):
        browser = Browser(address)
        for event in browser.told(browser.begin("", uuid.uuid4().hex, picture(3_000, 2_000))):
            if " left" in event:  # some tiles are done, many are not
                process.send_signal(signal.SIGINT)
                break
        began = time.monotonic()
        assert process.wait(timeout=60) == 0
        assert time.monotonic() - began < 15  # the rest would take longer; open streams get two seconds


def test_a_cut_off_answer_can_be_asked_for_again() -> None:
    said = cut_off_message('What is "new" about it?')["content"]
    assert "stopped before it was complete" in said
    assert 'class="say" data-say="What is &quot;new&quot; about it?">Ask again<' in said


def test_what_is_half_made_is_removed_unless_somebody_is_making_it(tmp_path: Path) -> None:
    album = tmp_path / "photos" / "0a1b"
    album.mkdir(parents=True)
    whole = ["photo-1.png", "photo-1.view.png", "photo-1.json", "result-1.png", "result-1.json"]
    half = ["result-2.taken", "result-2.png", "result-2.before.png", "photo-2.png", f".{'0' * 12}.part"]
    for name in whole + half:
        (album / name).touch()
    holder = Claim(tmp_path / "photos")  # the first one tidies
    assert sorted(file.name for file in album.iterdir()) == sorted(whole)
    (album / "result-2.taken").touch()
    Claim(tmp_path / "photos")
    assert (album / "result-2.taken").exists(), "another process may still be writing it"
    del holder
