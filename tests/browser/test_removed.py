"""What the grounding check took out of a language model's answer can be unfolded under it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from test_conversation import NoModel

sys.path.insert(0, str(Path(__file__).parents[1] / "bot" / "llm"))

from liars import BRIEF, TRUE
from scripted import ScriptedServer, settings_for

from bot.service import Bot
from store.store import Store

LIE = "ClearNet was trained on nine billion photos of the moon"


@pytest.fixture
def liar(tmp_path: Path) -> Iterator[Bot]:
    """A bot whose language model says something true and a lie, each beside the true quote's number."""
    server = ScriptedServer()
    server.says_numbered("TASK: {true} [{n}]\n\n{lie} [{n}].", _numbered)
    store = Store.in_memory(NoModel())
    store.put(BRIEF)
    yield Bot(store, settings_for(server.url, tmp_path))
    server.close()
    store.close()


def _numbered(text: str, asked: str) -> str:
    line = next((line for line in asked.splitlines() if line.startswith("[") and TRUE in line), "[1]")
    number = line[1 : line.index("]")]
    return text.format(true=TRUE, lie=LIE, n=number)


def test_what_was_removed_is_unfolded_also_after_a_reload(arrive, serving, liar: Bot):
    reader = arrive(address=serving(liar))
    for _ in range(2):
        if not reader.answers.count():
            reader.examples.first.click()
        answer = reader.wait_for_answer()
        expect(answer.locator("p", has_text=TRUE).first).to_be_visible()
        lie = answer.locator(".removed li", has_text=LIE)
        expect(lie).to_be_hidden()
        answer.locator(".removed summary").click()
        expect(lie).to_be_visible()
        assert LIE not in reader.page.locator("#spoken").inner_text()
        reader.reload()
        expect(reader.answers).to_have_count(1, timeout=30_000)
