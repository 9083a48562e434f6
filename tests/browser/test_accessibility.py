"""The page can be read by everybody: no barrier that axe-core calls serious, and each answer is spoken once."""

import pytest
from playwright.sync_api import expect
from reader import LAPTOP, PHONE, Reader


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_no_barrier_on_any_main_state(arrive, size: tuple[int, int], dark: bool):
    reader = arrive(size, dark=dark)
    assert reader.barriers() == [], "first screen"
    reader.examples.first.click()
    answer = reader.wait_for_answer()
    assert reader.barriers() == [], "answer"
    answer.locator("a.marker").nth(2).click()
    expect(reader.shown_quote.first).to_be_visible()
    assert reader.barriers() == [], "quote"
    reader.page.keyboard.press("Escape")
    reader.ask("What is the capital of France?")
    reader.ask("compare CausalSR and FeatSharp")
    assert reader.barriers() == [], "refusal and comparison"


def test_dark_is_dark_and_light_is_light(arrive):
    def brightness(reader: Reader) -> int:
        return int(reader.page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g)[0]"))

    assert brightness(arrive(dark=False)) > 200
    assert brightness(arrive(dark=True)) < 60


def test_an_answer_is_spoken_once_and_whole(reader: Reader):
    reader.page.evaluate(
        """() => {
            window.heard = [];
            const region = document.querySelector("#spoken");
            const observer = new MutationObserver(() => window.heard.push(region.textContent));
            observer.observe(region, { childList: true, characterData: true, subtree: true });
        }"""
    )
    reader.ask("Does MSSNet enlarge photos?")
    reader.page.wait_for_timeout(300)
    heard = reader.page.evaluate("window.heard")
    assert len(heard) == 1
    assert heard[0].startswith("MSSNet does not enlarge a photo")
    assert reader.page.locator("#conversation [aria-live]:not([aria-live=off])").count() == 0


def test_twice_as_large_still_fits(arrive):
    reader = arrive((683, 430))  # a laptop at 200 % zoom
    reader.examples.first.click()
    reader.wait_for_answer()
    assert not reader.scrolls_sideways()
