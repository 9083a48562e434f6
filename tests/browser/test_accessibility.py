"""The page can be read by everybody: no barrier that axe-core calls serious, and each answer is spoken once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect
from reader import LAPTOP, PHONE, Reader

SAMPLE = Path(__file__).parents[2] / "bot" / "page" / "samples" / "coffee-shaken.jpg"


@pytest.mark.parametrize("size", [LAPTOP, PHONE], ids=["laptop", "phone"])
def test_no_barrier_in_any_state_light_or_dark(arrive, tmp_path: Path, size: tuple[int, int]):
    reader = arrive(size, touch=size == PHONE)
    reader.page.add_style_tag(content="* { transition: none !important; }")  # else colours are read on their way
    for state, reach in STATES.items():
        reach(reader, tmp_path)
        reader.settle()
        reader.page.evaluate("document.body.classList.add('dark')")
        assert reader.barriers() == [], f"{state}, dark"
        if size == LAPTOP:  # a phone has the same colours
            reader.page.evaluate("document.body.classList.remove('dark')")
            assert reader.barriers(of_colour_alone=True) == [], f"{state}, light"
        assert not reader.scrolls_sideways(), state


def _first_screen(reader: Reader, folder: Path) -> None:
    expect(reader.examples.first).to_be_visible()


def _answer_with_quote(reader: Reader, folder: Path) -> None:
    reader.examples.first.click()
    reader.wait_for_answer().locator("a.marker").nth(2).click()
    expect(reader.shown_quote.first).to_be_in_viewport()  # on a phone in a sheet


def _refusal_and_comparison(reader: Reader, folder: Path) -> None:
    reader.page.keyboard.press("Escape")
    reader.ask("What is the capital of France?")
    reader.ask("compare CausalSR and FeatSharp")


def _remark(reader: Reader, folder: Path) -> None:
    reader.answers.last.get_by_role("button", name="Not helpful").click()
    expect(reader.page.get_by_label("What was wrong?")).to_be_visible()


def _list_open(reader: Reader, folder: Path) -> None:
    reader.page.keyboard.press("Escape")
    reader.page.get_by_role("button", name="Conversations", exact=True).click()
    expect(reader.page.get_by_label("Search conversations")).to_be_in_viewport()


def _photo_chosen(reader: Reader, folder: Path) -> None:
    reader.page.get_by_role("button", name="Conversations", exact=True).click()
    expect(reader.page.get_by_label("Search conversations")).not_to_be_in_viewport()
    large = folder / "large.png"
    with Image.open(SAMPLE) as sample:
        sample.resize((1800, 1200)).save(large)
    reader.page.locator("#ask input[type=file]").first.set_input_files(large)
    expect(reader.page.locator("#ask .thumbnails *").first).to_be_visible()


def _restoring(reader: Reader, folder: Path) -> None:
    reader.box.press("Enter")
    expect(reader.page.locator("#conversation progress")).to_be_visible(timeout=60_000)


def _stopped(reader: Reader, folder: Path) -> None:
    reader.page.get_by_role("button", name="Stop").click()
    expect(reader.page.locator("#conversation .said").last.get_by_text("stopped")).to_be_visible()
    expect(reader.page.locator("#conversation progress")).to_have_count(0)


def _error(reader: Reader, folder: Path) -> None:
    reader.box.fill("blur " * 5_000)
    reader.box.press("Enter")
    expect(reader.page.locator("#conversation .problem")).to_be_visible()


def _restored(reader: Reader, folder: Path) -> None:
    reader.page.get_by_role("button", name="New conversation").click()
    reader.page.get_by_role("button", name="Try it on a sample photo").click()
    made = reader.wait_for_answer(1).locator(".made")
    made.get_by_role("link", name="Compare before and after").click()
    expect(reader.page.locator("#photos .photo:visible .pair")).to_be_in_viewport()  # on a phone in a sheet


STATES: dict[str, Callable[[Reader, Path], None]] = {
    "first screen": _first_screen,
    "answer with a quote open": _answer_with_quote,
    "refusal and comparison": _refusal_and_comparison,
    "remark": _remark,
    "list of conversations open": _list_open,
    "photo chosen": _photo_chosen,
    "restoring": _restoring,
    "stopped": _stopped,
    "error": _error,
    "restored": _restored,
}


def test_every_control_is_reached_by_tab_and_shows_it(reader: Reader):
    reader.ask("What is the capital of France?")
    reader.page.evaluate(
        """() => {
            window.controls = [...document.querySelectorAll("a[href], button, input, textarea, summary, [tabindex='0']")]
                .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled && one.tabIndex >= 0)
                .filter((one) => !one.closest("#conversations") || one.matches(".toggle-button"))
                .filter((one) => one.type !== "file");
            document.activeElement.blur();
        }"""
    )
    for _ in range(80):
        reader.page.keyboard.press("Tab")
        reader.page.evaluate("window.controls = window.controls.filter((one) => one !== document.activeElement)")
    assert reader.page.evaluate("window.controls.map((one) => one.outerHTML.slice(0, 120))") == []


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
