"""What sources and users write stays words; nothing of it runs, loads or leads anywhere."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect
from reader import Reader

from bot.service import Bot
from bot.settings import Settings
from store.model import Brief, Entry, Kind
from store.store import Store

EVIL = (
    "EvilNet <script>window.hacked = 1</script> removes blur <img src=x onerror='window.hacked = 1'> from photos. "
    "EvilNet sharpens [every photo](https://evil.example/) in **one** step <b>boldly</b>. "
    "EvilNet [1] ends with ![a picture](https://evil.example/x.png) and `code` | a table."
)


@pytest.fixture(scope="module")
def evil_bot(embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bot]:
    store = Store.in_memory(embedder)
    title = "EvilNet: <img src=x onerror='window.hacked = 1'> Deblurring"
    entry = Entry(Kind.PAPER, title, "https://arxiv.org/abs/2001.00001", None, EVIL)
    question = "How does EvilNet <i onclick='window.hacked = 1'>remove</i> blur?"
    store.put(Brief("<script>window.hacked = 1</script>.txt", question, (entry,)))
    yield Bot(store, Settings(home=tmp_path_factory.mktemp("evil")))
    store.close()


@pytest.fixture
def reader(arrive, serving, evil_bot: Bot) -> Reader:
    return arrive(address=serving(evil_bot))


def nothing_came_alive(reader: Reader) -> bool:
    alive = "script, img, b, i, iframe, form, a[href*='evil']"
    return reader.page.locator(f"#workspace :is({alive})").count() == 0 and not reader.page.evaluate("window.hacked")


def test_html_and_markdown_of_a_source_are_shown_as_words(reader: Reader):
    expect(reader.examples.first).to_have_text("How does EvilNet <i onclick='window.hacked = 1'>remove</i> blur?")
    answer = reader.ask("tell me about EvilNet")
    expect(answer).to_contain_text("EvilNet")
    answer.locator("a.marker").last.click()
    expect(reader.shown_quote.first).to_be_in_viewport()
    expect(reader.sources).to_contain_text("<script>window.hacked = 1</script>")
    expect(reader.sources).to_contain_text("[every photo](https://evil.example/)")
    assert nothing_came_alive(reader)


def test_html_and_markdown_of_a_user_are_shown_as_words(reader: Reader):
    asked = "<img src=x onerror='window.hacked = 1'> *EvilNet* [x](https://evil.example/) $$x$$ &lt; how does it remove blur?"
    reader.ask(asked)
    expect(reader.page.locator("#conversation .question").last).to_have_text(asked)
    assert nothing_came_alive(reader)
    reader.reload()
    reader.wait_for_answer()
    expect(reader.page.locator("#conversation .question").last).to_have_text(asked)
    assert nothing_came_alive(reader)


def test_only_supplied_addresses_are_links(reader: Reader):
    reader.ask("Give me the link to EvilNet")
    links = reader.page.locator("#workspace a[href^='http']").all()
    assert {link.get_attribute("href") for link in links} == {"https://arxiv.org/abs/2001.00001"}


def test_every_response_tells_the_browser_to_keep_to_this_host(served):
    for path in ("", "healthz", "config", "gradio_api/info", "nothing-here"):
        headers = httpx.get(f"{served.address}{path}").headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"


def test_files_of_the_machine_are_not_handed_out(served, tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    for path in (secret, Path("/etc/passwd"), Path(__file__)):
        for route in ("file=", "gradio_api/file="):
            assert httpx.get(f"{served.address}{route}{path}").status_code in (403, 404)
