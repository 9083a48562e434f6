"""Pictures of the page's main states into `docs/`: `python -m benchmarks.screenshots`.

The real server on an empty data folder, read in headless Chromium.
"""

import contextlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

_DOCS = Path(__file__).parents[1] / "docs"
_LAPTOP, _PHONE = (1366, 860), (360, 740)
_PATIENCE_MS = 120_000
_COMPLETE = "#conversation .said.answer:not(.writing)"


def main() -> None:
    """Take every picture."""
    (_DOCS / "screenshots").mkdir(exist_ok=True)
    with _served() as address, sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        page = _open(browser, address, _LAPTOP)
        _save(page, "screenshots/first-screen.png")
        _answer(page)
        _save(page, "screenshot.png")
        _open_quote(page)
        _save(page, "screenshots/quote.png")
        page = _open(browser, address, _LAPTOP)
        _restore(page)
        _save(page, "screenshots/restoration.png")
        page = _open(browser, address, _LAPTOP, dark=True)
        _answer(page)
        _open_quote(page)
        _save(page, "screenshots/dark.png")
        page = _open(browser, address, _PHONE)
        _save(page, "screenshots/phone-first-screen.png")
        _answer(page)
        _save(page, "screenshots/phone.png")
        _open_quote(page)
        _save(page, "screenshots/phone-quote.png")
        page = _open(browser, address, _PHONE)
        _restore(page)
        page.locator("#conversation .made a").first.click()
        _save(page, "screenshots/phone-photo.png")
        browser.close()


@contextlib.contextmanager
def _served() -> Iterator[str]:
    """The address of `unblur chat` on an empty data folder."""
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "chat", "--port", "0"],
            env={**os.environ, "UNBLUR_HOME": home},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


def _open(browser: Browser, address: str, size: tuple[int, int], *, dark: bool = False) -> Page:
    """The first screen, as soon as the server has read the briefs."""
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        device_scale_factor=1.5,
    )
    page.goto(address)
    page.get_by_text("and only from them").wait_for(timeout=_PATIENCE_MS)
    page.locator("#first .example").first.wait_for()
    return page


def _answer(page: Page) -> None:
    page.locator("#first .example").first.click()
    page.locator(_COMPLETE).wait_for(timeout=_PATIENCE_MS)
    page.locator("#cited .card").first.wait_for(state="attached")


def _restore(page: Page) -> None:
    page.get_by_role("button", name="Try it on a sample photo").click()
    page.locator(_COMPLETE).wait_for(timeout=_PATIENCE_MS)
    page.locator("#photos .pair").wait_for(state="attached")


def _open_quote(page: Page) -> None:
    page.locator(f"{_COMPLETE} a.marker").nth(2).click()
    page.locator("mark.shown").first.wait_for()


def _save(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.quantize(256, dither=Image.Dither.NONE).save(_DOCS / name, optimize=True)  # a quarter of the size
    print(_DOCS / name)


if __name__ == "__main__":
    main()
