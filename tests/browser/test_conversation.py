"""Somebody asks, asks on, is refused, comes back, starts anew, and does what nobody should."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest
from playwright.sync_api import expect
from reader import PHONE, Reader

from bot.answer import Answer
from bot.service import Bot, Piece, Request, Step
from bot.settings import Settings
from store.errors import StoreError
from store.model import Brief, Entry, Kind
from store.store import Store


def test_a_question_that_is_typed_is_answered(reader: Reader):
    answer = reader.ask("Does MSSNet enlarge photos?")
    expect(answer).to_contain_text(
        "MSSNet does not enlarge a photo: the result has the same width and height as the input."
    )
    expect(answer.locator("a.marker")).to_have_count(2)
    expect(reader.box).to_have_value("")


def test_shift_enter_begins_a_new_line(reader: Reader):
    reader.box.press_sequentially("Does MSSNet")
    reader.box.press("Shift+Enter")
    reader.box.press_sequentially("enlarge photos?")
    expect(reader.box).to_have_value("Does MSSNet\nenlarge photos?")
    assert reader.answers.count() == 0


def test_a_refusal_reads_like_an_answer_and_cites_nothing(reader: Reader):
    refusal = reader.ask("What is the capital of France?")
    expect(refusal).to_contain_text("isn't in the sources")
    expect(refusal.locator("a")).to_have_count(0)
    expect(reader.page.locator("#conversation .problem")).to_have_count(0)


def test_a_follow_up_knows_what_was_talked_about(reader: Reader):
    reader.ask("tell me about CausalSR")
    link = reader.ask("Does that one have code?").locator("a[href='https://github.com/Mnster00/CasualSR']")
    expect(link.first).to_be_visible()


def test_a_marker_of_an_earlier_answer_still_leads_to_its_own_quote(reader: Reader):
    first = reader.ask("tell me about CausalSR")
    reader.ask("tell me about FeatSharp")
    first.locator("a.marker").last.click()
    expect(reader.shown_quote.first).to_be_in_viewport()
    expect(reader.sources.locator("#cited .answer-sources:visible")).to_have_attribute("data-answer", "1")


def test_a_reload_shows_the_same_conversation_with_its_quotes(reader: Reader):
    reader.ask("tell me about CausalSR")
    before = reader.ask("tell me about FeatSharp").inner_text()
    assert "thread=" in reader.page.url
    reader.reload()
    again = reader.wait_for_answer(2)
    assert again.inner_text() == before
    again.locator("a.marker").first.click()
    expect(reader.shown_quote.first).to_be_in_viewport()
    follow_up = reader.ask("Does it have code?")
    expect(follow_up).to_contain_text("FeatSharp")


def test_a_new_conversation_starts_empty_and_under_another_address(reader: Reader):
    reader.ask("tell me about CausalSR")
    old = reader.page.url
    reader.page.get_by_role("button", name="New conversation").click()
    expect(reader.answers).to_have_count(0)
    expect(reader.examples.first).to_be_visible()
    reader.page.wait_for_url(lambda url: "thread=" not in url, timeout=10_000)
    reader.ask("tell me about FeatSharp")
    assert reader.page.url != old


def test_an_address_that_names_no_conversation_opens_a_new_one(reader: Reader):
    for thread in ("holiday", "../../etc", "0" * 32, "%3Cscript%3E"):
        reader.open(f"?thread={thread}")
        expect(reader.examples.first).to_be_visible()
        expect(reader.page.locator("#conversation .said")).to_have_count(0)


def test_an_empty_question_does_nothing(reader: Reader):
    for blank in ("", "   ", "\n\n"):
        reader.box.fill(blank)
        reader.box.press("Enter")
        reader.page.wait_for_timeout(300)
    expect(reader.page.locator("#conversation .said")).to_have_count(0)
    expect(reader.examples.first).to_be_visible()


def test_a_question_that_is_too_long_gets_one_clear_line_and_is_given_back(reader: Reader):
    long = "blur " * 20_000
    reader.box.fill(long)
    reader.box.press("Enter")
    problem = reader.page.locator("#conversation .problem")
    expect(problem).to_contain_text("99,999 characters, and at most 20,000 are read: shorten it")
    expect(reader.box).to_have_value(long)
    assert not reader.scrolls_sideways()


def test_on_a_phone_nothing_scrolls_sideways(arrive):
    reader = arrive(PHONE)
    for question in ("compare CausalSR and FeatSharp", "w" * 500, "What do you know?"):
        reader.ask(question)
        assert not reader.scrolls_sideways()


class OddBot(Bot):
    """A bot that waits at its first step, or fails, as the question says."""

    def __init__(self, store: Store, settings: Settings) -> None:
        super().__init__(store, settings)
        self.waiting = threading.Event()

    def stream(self, request: Request) -> Iterator[Step | Piece | Answer]:
        if "store" in request.question:
            raise StoreError("the disk is full: make room and ask again")
        if "fault" in request.question:
            raise ZeroDivisionError("secret detail")
        for event in super().stream(request):
            yield event
            if "slow" in request.question:
                self.waiting.wait(20)


class NoModel:
    """Every text in the same place: enough where nothing is found by meaning."""

    name = "none"
    dimension = 2

    def encode(self, texts):
        import numpy as np

        return np.tile(np.array([1.0, 0.0], dtype=np.float32), (len(texts), 1))


RAIN = Brief("rain", None, (Entry(Kind.PAPER, "DeRainer", None, None, "DeRainer removes rain."),))


@pytest.fixture
def odd_bot(tmp_path: Path) -> Iterator[OddBot]:
    store = Store.in_memory(NoModel())
    store.put(RAIN)
    bot = OddBot(store, Settings(home=tmp_path))
    yield bot
    bot.waiting.set()
    store.close()


def test_stop_stops_and_the_conversation_goes_on(arrive, serving, odd_bot: OddBot):
    reader = arrive(address=serving(odd_bot))
    reader.box.fill("a slow question about DeRainer")
    reader.box.press("Enter")
    expect(reader.page.locator("#conversation .step")).to_have_text("Searching 1 source…")
    reader.page.get_by_role("button", name="Stop").click()
    expect(reader.page.locator("#conversation .cut-off")).to_contain_text("stopped before it was complete")
    expect(reader.page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    odd_bot.waiting.set()
    reader.box.fill("tell me about DeRainer")
    reader.box.press("Enter")
    expect(reader.answers.last).to_contain_text("DeRainer is a paper among the sources")


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("what is in the store", "The disk is full: make room and ask again."),
        ("show me a fault", "Something went wrong on our side"),
    ],
)
def test_an_error_is_one_friendly_line(arrive, serving, odd_bot: OddBot, question: str, line: str):
    reader = arrive(address=serving(odd_bot))
    reader.box.fill(question)
    reader.box.press("Enter")
    expect(reader.page.locator("#conversation .problem")).to_contain_text(line)
    expect(reader.page.locator("body")).not_to_contain_text("secret detail")
    expect(reader.page.locator("body")).not_to_contain_text("Traceback")
    expect(reader.box).to_have_value(question)


def test_the_page_can_be_used_while_the_first_briefs_are_still_read(arrive, serving, tmp_path: Path):
    store = Store.in_memory(NoModel())
    ready: Future[None] = Future()
    reader = arrive(address=serving(Bot(store, Settings(home=tmp_path)), ready), ready=False)
    expect(reader.page.locator("#header")).to_contain_text("Reading the supplied briefs")
    expect(reader.examples.first).to_be_visible()
    reader.box.fill("tell me about DeRainer")
    reader.box.press("Enter")
    expect(reader.page.locator("#conversation .step")).to_contain_text("Getting ready")
    store.put(RAIN)
    ready.set_result(None)
    expect(reader.wait_for_answer()).to_contain_text("DeRainer is a paper among the sources")
    expect(reader.page.locator("#header")).to_contain_text("from 1 supplied source, and only from it")
