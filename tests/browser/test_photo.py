"""Somebody drops a blurry photo into the conversation, watches, compares, downloads and asks on."""

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Download, Page, expect
from reader import PHONE, Reader, wait_until

SAMPLE = Path(__file__).parents[2] / "bot" / "page" / "samples" / "coffee-shaken.jpg"


def choose(reader: Reader, *photos: Path) -> None:
    reader.page.locator("#ask input[type=file]").first.set_input_files([str(photo) for photo in photos])
    expect(
        reader.page.locator("#ask .thumbnail-item, #ask .thumbnail-small, #ask .thumbnail-image").first
    ).to_be_visible()


@pytest.fixture
def restored(reader: Reader) -> Reader:
    """A reader whose sample photo has been restored."""
    reader.page.get_by_role("button", name="Try it on a sample photo").click()
    reader.wait_for_answer(1)
    return reader


def pair(reader: Reader):
    return reader.page.locator("#photos .photo:visible .pair")


def downloaded(page: Page, name: str) -> Download:
    with page.expect_download() as waiting:
        page.locator("#photos .photo:visible").get_by_role("link", name=name).click()
    return waiting.value


def test_chat_then_photo_then_slider_download_and_follow_up(reader: Reader, tmp_path: Path):
    reader.ask("tell me about CausalSR")
    choose(reader, SAMPLE)
    reader.box.fill("Can you sharpen this one?")
    reader.box.press("Enter")
    expect(reader.page.locator("#conversation progress")).to_be_visible(timeout=30_000)
    expect(reader.page.locator("#conversation .step")).to_contain_text("Restoring coffee-shaken.jpg")
    answer = reader.wait_for_answer(2)
    expect(answer).to_contain_text("Done: coffee-shaken.jpg, 600 × 400 px")
    expect(pair(reader)).to_be_visible()
    download = downloaded(reader.page, "Download")
    assert download.suggested_filename == "coffee-shaken-restored.jpg"
    saved = tmp_path / "saved.jpg"
    download.save_as(saved)
    served = reader.page.evaluate(
        """async (address) => {
            const bytes = new Uint8Array(await (await fetch(address)).arrayBuffer());
            return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
        }""",
        download.url,
    )
    assert saved.read_bytes() == base64.b64decode(served)
    expect(reader.ask("What did you do to my photo?")).to_contain_text("each run through MSSNet")
    link = reader.ask("Does that one have code?").locator("a[href='https://github.com/kky7/MSSNet']")
    expect(link.first).to_be_visible()


def test_before_and_after_move_by_keyboard_and_mouse(restored: Reader):
    split = pair(restored).get_by_role("slider")
    split.focus()
    expect(split).to_have_value("50")
    restored.page.keyboard.press("ArrowRight")
    expect(split).to_have_value("51")
    expect(split).to_have_attribute("aria-valuenow", "51")
    expect(split).to_have_attribute("aria-valuetext", "49 percent restored")
    restored.page.keyboard.press("Home")
    expect(split).to_have_value("0")
    box = pair(restored).bounding_box()
    assert box is not None
    restored.page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2)
    assert 70 <= int(split.input_value()) <= 90
    shown = pair(restored).evaluate("(pair) => getComputedStyle(pair.querySelector('.over')).clipPath")
    assert re.fullmatch(r"inset\(0px 0px 0px (?:7\d|8\d|90)(?:\.\d+)?%\)", shown), (
        "after is not to the right of the line"
    )


def test_before_and_after_lie_on_each_other_pixel_by_pixel(restored: Reader):
    sizes = pair(restored).evaluate(
        "(pair) => [...pair.querySelectorAll('img')].map((image) => [image.naturalWidth, image.naturalHeight,"
        " image.getBoundingClientRect().width, image.getBoundingClientRect().left])"
    )
    assert sizes[0] == sizes[1]
    assert sizes[0][:2] == [600, 400]


def test_the_panel_does_the_next_thing_and_the_way_back(restored: Reader):
    restored.page.get_by_role("button", name="Weaker").click()
    expect(restored.wait_for_answer(2)).to_contain_text("50% of the network's result was mixed")
    expect(restored.page.locator("#photos .photo:visible figcaption")).to_contain_text("strength 0.5")
    restored.page.locator("#photos .photo:visible").get_by_role("button", name="Undo").click()
    expect(restored.wait_for_answer(3)).to_contain_text("as it was before the last step")
    expect(restored.page.locator("#photos .photo:visible figcaption")).not_to_contain_text("strength")


def test_photos_and_results_are_there_after_a_reload(restored: Reader):
    restored.reload()
    again = restored.wait_for_answer(1)
    expect(again.locator(".made img")).to_be_visible()
    expect(pair(restored)).to_be_visible()
    loaded = "(image) => image.complete && image.naturalWidth > 0"
    wait_until(lambda: restored.page.locator("#conversation .thumbs img").first.evaluate(loaded))


def test_the_panel_turns_between_sources_and_photo(restored: Reader):
    restored.page.get_by_role("button", name="Sources", exact=True).click()
    expect(pair(restored)).to_have_count(0)
    expect(restored.sources.locator("#cited .card").first).to_be_visible()
    restored.page.locator("#conversation .made").get_by_role("link", name="Compare before and after").click()
    expect(pair(restored)).to_be_visible()


def test_what_is_no_photo_is_one_friendly_line_and_the_words_come_back(reader: Reader, tmp_path: Path):
    letter = tmp_path / "letter.jpg"
    letter.write_text("dear all")
    reader.page.locator("#ask input[type=file]").first.set_input_files(str(letter))
    reader.box.fill("sharpen this")
    reader.page.wait_for_timeout(1000)
    reader.box.press("Enter")
    expect(reader.page.locator("#conversation .problem")).to_contain_text("Cannot read letter.jpg")
    expect(reader.box).to_have_value("sharpen this")


def test_a_photo_is_pasted_from_the_clipboard(reader: Reader):
    data = base64.b64encode(SAMPLE.read_bytes()).decode()
    reader.box.focus()
    reader.page.evaluate(
        """(data) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const clipboard = new DataTransfer();
            clipboard.items.add(new File([bytes], "pasted.jpg", { type: "image/jpeg" }));
            const box = document.querySelector("#ask textarea");
            box.dispatchEvent(new ClipboardEvent("paste", { clipboardData: clipboard, bubbles: true, cancelable: true }));
        }""",
        data,
    )
    reader.page.wait_for_timeout(1000)
    reader.box.press("Enter")
    expect(reader.wait_for_answer(1)).to_contain_text("Done: pasted.jpg")


def test_a_photo_is_dropped_on_the_box(reader: Reader):
    data = base64.b64encode(SAMPLE.read_bytes()).decode()
    handle = reader.page.evaluate_handle(
        """(data) => {
            const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
            const dropped = new DataTransfer();
            dropped.items.add(new File([bytes], "dropped.jpg", { type: "image/jpeg" }));
            return dropped;
        }""",
        data,
    )
    target = reader.page.locator("#ask .full-container")
    for kind in ("dragenter", "dragover", "drop"):
        target.dispatch_event(kind, {"dataTransfer": handle})
    reader.page.wait_for_timeout(1000)
    reader.box.press("Enter")
    expect(reader.wait_for_answer(1)).to_contain_text("Done: dropped.jpg")


def test_a_restoration_can_be_stopped_and_the_chat_goes_on(reader: Reader, tmp_path: Path):
    from PIL import Image

    large = tmp_path / "large.png"
    with Image.open(SAMPLE) as sample:
        sample.resize((3000, 2000)).save(large)
    choose(reader, large)
    reader.box.press("Enter")
    expect(reader.page.locator("#conversation .step")).to_contain_text("left", timeout=60_000)
    reader.page.get_by_role("button", name="Stop").click()
    expect(reader.page.locator("#conversation .cut-off")).to_contain_text("stopped before it was complete")
    reader.box.fill("tell me about CausalSR")
    reader.box.press("Enter")
    expect(reader.answers.last).to_contain_text("is a paper among the sources", timeout=30_000)


def test_on_a_phone_the_photo_opens_as_a_sheet_and_nothing_scrolls_sideways(arrive):
    reader = arrive(PHONE, touch=True)
    reader.page.get_by_role("button", name="Try it on a sample photo").tap()
    reader.wait_for_answer(1)
    assert not reader.scrolls_sideways()
    reader.page.locator("#conversation .made").get_by_role("link", name="Compare before and after").tap()
    expect(pair(reader)).to_be_in_viewport()
    assert not reader.scrolls_sideways()
    assert reader.barriers() == []
    box = pair(reader).bounding_box()
    assert box is not None
    reader.page.touchscreen.tap(box["x"] + box["width"] * 0.25, box["y"] + box["height"] / 2)
    assert 15 <= int(pair(reader).get_by_role("slider").input_value()) <= 35


def test_before_and_after_follow_a_thumb_and_are_what_was_saved(arrive, served):
    reader = arrive(PHONE, touch=True)
    reader.page.get_by_role("button", name="Try it on a sample photo").tap()
    reader.wait_for_answer(1).get_by_role("link", name="Compare before and after").tap()
    expect(pair(reader)).to_be_in_viewport()
    box = pair(reader).bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch = reader.page.context.new_cdp_session(reader.page)
    for kind, at in (("touchStart", x), *(("touchMove", x + step) for step in range(10, 91, 10)), ("touchEnd", None)):
        points = [] if at is None else [{"x": at, "y": y}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    split = pair(reader).get_by_role("slider")
    assert 70 <= int(split.get_attribute("aria-valuenow") or 0) <= 90
    shown = reader.page.request.get(f"{reader.address}{pair(reader).locator('.after').get_attribute('src')}").body()
    assert shown in [file.read_bytes() for file in served.home.rglob("*.after.png")]


def test_a_touch_screen_has_a_camera_whose_photo_goes_into_the_box(arrive):
    reader = arrive(PHONE, touch=True, mobile=True)
    camera = reader.page.locator("#camera input")
    assert camera.get_attribute("capture") == "environment"
    expect(reader.page.locator("#camera")).to_be_visible()
    camera.set_input_files(SAMPLE)
    expect(reader.page.locator("#ask .thumbnails *").first).to_be_visible()
    reader.page.get_by_role("button", name="Ask", exact=True).tap()
    expect(reader.wait_for_answer(1)).to_contain_text("Done: coffee-shaken.jpg")


def test_without_a_touch_screen_there_is_no_camera(reader: Reader):
    expect(reader.page.locator("#camera")).to_be_hidden()
