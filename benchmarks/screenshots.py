"""Pictures of the page's main states into `docs/`: `python -m benchmarks.screenshots [--out FOLDER]`.

The real server on an empty data folder, read in headless Chromium; a second one where people log in.
"""

import argparse
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

from bot.sharing.accounts import Accounts

_DOCS = Path(__file__).parents[1] / "docs"
_LAPTOP, _PHONE = (1366, 860), (360, 740)
_PATIENCE_MS = 120_000
_COMPLETE = "#conversation .said.answer:not(.writing)"
_NAME, _PASSWORD = "ada", "a long enough one"


def main() -> None:
    """Take every picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=_DOCS, help="the folder to write to (default: docs)")
    out = parser.parse_args().out
    (out / "screenshots").mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        with _served() as address:
            _laptop(browser, address, out)
            _dark(browser, address, out)
            _phone(browser, address, out)
            _close(browser)
        with tempfile.TemporaryDirectory() as folder:
            users = Path(folder) / "users"
            Accounts(users).add(_NAME, _PASSWORD)
            with _served(UNBLUR_AUTH=str(users)) as address:
                _log_in(browser, address, out)
                _close(browser)
        browser.close()


def _laptop(browser: Browser, address: str, out: Path) -> None:
    page = _open(browser, address, _LAPTOP)
    _save(page, out / "screenshots/first-screen.png")
    _answer(page)
    _save(page, out / "screenshot.png")
    _open_quote(page)
    _save(page, out / "screenshots/quote.png")
    page = _open(browser, address, _LAPTOP)
    _restore(page)
    _save(page, out / "screenshots/restoration.png")
    page = _open(browser, address, _LAPTOP)
    _ask(page, "compare CausalSR and FeatSharp")
    _save(page, out / "screenshots/comparison.png")
    page = _open(browser, address, _LAPTOP)
    _ask(page, "What is the capital of France?")
    page.get_by_role("button", name="Not helpful").click()
    _save(page, out / "screenshots/refusal.png")


def _dark(browser: Browser, address: str, out: Path) -> None:
    page = _open(browser, address, _LAPTOP, dark=True)
    _answer(page)
    _open_quote(page)
    _save(page, out / "screenshots/dark.png")
    page = _open(browser, address, _LAPTOP, dark=True)
    _restore(page)
    _save(page, out / "screenshots/dark-restoration.png")


def _phone(browser: Browser, address: str, out: Path) -> None:
    page = _open(browser, address, _PHONE)
    _save(page, out / "screenshots/phone-first-screen.png")
    _answer(page)
    page.mouse.wheel(0, 900)
    _save(page, out / "screenshots/phone.png")
    _open_quote(page)
    _save(page, out / "screenshots/phone-quote.png")
    page = _open(browser, address, _PHONE)
    _restore(page)
    page.locator("#conversation .made a").first.click()
    _save(page, out / "screenshots/phone-photo.png")
    page = _open(browser, address, _PHONE, dark=True)
    _ask(page, "How does ZorbNet remove haze?")
    _save(page, out / "screenshots/phone-refusal.png")


def _log_in(browser: Browser, address: str, out: Path) -> None:
    page = _page(browser, _LAPTOP)
    page.goto(address)
    _save(page, out / "screenshots/log-in.png")
    page = _page(browser, _PHONE, dark=True)
    page.goto(address)
    page.get_by_label("Name").fill(_NAME)
    page.get_by_label("Password").fill("not the one")
    page.get_by_role("button", name="Log in").click()
    _save(page, out / "screenshots/phone-log-in.png")
    page.get_by_label("Password").fill(_PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Account").click()
    _save(page, out / "screenshots/phone-account.png")


@contextlib.contextmanager
def _served(**settings: str) -> Iterator[str]:
    """The address of `unblur chat` on an empty data folder."""
    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [sys.executable, "-m", "bot", "chat", "--port", "0"],
            env={**os.environ, "UNBLUR_HOME": home, **settings},
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


def _page(browser: Browser, size: tuple[int, int], *, dark: bool = False) -> Page:
    return browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        device_scale_factor=1.5,
        has_touch=size == _PHONE,
        is_mobile=size == _PHONE,
    )


def _open(browser: Browser, address: str, size: tuple[int, int], *, dark: bool = False) -> Page:
    """The first screen, as soon as the server has read the briefs."""
    page = _page(browser, size, dark=dark)
    page.goto(address)
    page.get_by_text("and only from them").first.wait_for(timeout=_PATIENCE_MS)
    page.locator("#first .example").first.wait_for()
    return page


def _answer(page: Page) -> None:
    page.locator("#first .example").first.click()
    page.locator(_COMPLETE).wait_for(timeout=_PATIENCE_MS)
    page.locator("#cited .card").first.wait_for(state="attached")


def _ask(page: Page, question: str) -> None:
    page.get_by_label("Ask about the sources").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()
    page.locator(_COMPLETE).wait_for(timeout=_PATIENCE_MS)


def _restore(page: Page) -> None:
    page.get_by_role("button", name="Try it on a sample photo").click()
    page.locator(_COMPLETE).wait_for(timeout=_PATIENCE_MS)
    page.locator("#photos .pair").wait_for(state="attached")


def _close(browser: Browser) -> None:
    """Leave every page, so that the server is kept from nothing when it stops."""
    for context in browser.contexts:
        context.close()


def _open_quote(page: Page) -> None:
    page.locator(f"{_COMPLETE} a.marker").nth(2).click()
    page.locator("mark.shown").first.wait_for()


def _save(page: Page, path: Path) -> None:
    page.mouse.move(0, 0)
    page.wait_for_timeout(500)
    picture = Image.open(io.BytesIO(page.screenshot()))
    picture.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)  # a quarter of the size
    print(path)


if __name__ == "__main__":
    main()
