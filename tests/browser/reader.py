"""A person who reads the page in a browser: what they do and what they see, over Playwright."""

import shutil
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LAPTOP = (1366, 860)
PHONE = (360, 740)
_PATIENCE_MS = 60_000  # the first answer waits for the embedding model


def launch(playwright: Playwright, *flags: str) -> Browser:
    """The Chromium at hand: an installed one, else Playwright's own; with further flags."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    return playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])


@dataclass
class Reader:
    """Somebody at the page, with a log of every request that the page made and every error in it."""

    page: Page
    address: str
    foreign: list[str] = field(default_factory=list)  # requests that left the page's host
    errors: list[str] = field(default_factory=list)
    _leaving: bool = False

    def __post_init__(self) -> None:
        self.page.on("request", self._note_request)
        self.page.on("pageerror", lambda error: self._note_error(str(error)))
        self.page.on("console", lambda line: self._note_error(line.text) if line.type == "error" else None)

    def _note_error(self, text: str) -> None:
        if not self._leaving and "AbortError" not in text:
            self.errors.append(text)

    def _note_request(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(self.address).netloc:
            self.foreign.append(request.url)

    def open(self, path: str = "", *, ready: bool = True) -> "Reader":
        """Open the page and wait until it can be used; `ready`: until the server has read the briefs, too."""
        self._leaving = True  # Gradio complains of requests that are under way when the reader leaves its page
        self.page.goto(f"{self.address}{path}")
        self._leaving = False
        expect(self.box).to_be_visible(timeout=_PATIENCE_MS)
        if ready:
            expect(self.page.locator("#header .line")).not_to_contain_text("Reading", timeout=_PATIENCE_MS)
        return self

    def reload(self) -> None:
        """Load the page again."""
        self._leaving = True
        self.page.reload()
        self._leaving = False

    @property
    def box(self) -> Locator:
        """Where questions are written."""
        return self.page.get_by_label("Ask about the sources")

    @property
    def examples(self) -> Locator:
        """The supplied questions of the first screen."""
        return self.page.locator("#first .example:not(#sample)")

    @property
    def answers(self) -> Locator:
        """The answers that are complete."""
        return self.page.locator("#conversation .said.answer:not(.writing)")

    @property
    def sources(self) -> Locator:
        """The panel of sources."""
        return self.page.locator("#sources")

    @property
    def shown_quote(self) -> Locator:
        """The quote that a marker has opened; in several pieces where quotes overlap."""
        return self.sources.locator("mark.shown")

    def ask(self, question: str) -> Locator:
        """Write a question, press Enter and wait for its answer."""
        before = self.answers.count()
        self.box.fill(question)
        self.box.press("Enter")
        return self.wait_for_answer(before + 1)

    def wait_for_answer(self, count: int = 1) -> Locator:
        """The `count`-th answer, as soon as it is complete."""
        expect(self.answers).to_have_count(count, timeout=_PATIENCE_MS)
        expect(self.sources.locator(f'[data-answer="{count}"]')).to_be_attached()
        self.settle()
        return self.answers.nth(count - 1)

    def settle(self) -> None:
        """Let the page draw what it was told."""
        self.page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def focused(self) -> str:
        """The tag and class of what has the focus."""
        return str(self.page.evaluate("`${document.activeElement.tagName}.${document.activeElement.className}`"))

    def tab_to(self, wanted: str, *, most: int = 40) -> None:
        """Press Tab until what has the focus matches the selector `wanted`."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("(wanted) => document.activeElement.matches(wanted)", wanted):
                return
        raise AssertionError(f"{most} times Tab did not lead to {wanted}; focus is on {self.focused()}")

    def scrolls_sideways(self) -> bool:
        """Whether the page is wider than its window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    def barriers(self, *, of_colour_alone: bool = False) -> list[str]:
        """What axe-core finds serious or critical."""
        options: dict[str, Any] = {"resultTypes": ["violations"]}
        if of_colour_alone:
            options["runOnly"] = ["color-contrast", "link-in-text-block"]
        found = Axe().run(self.page, options=options).response["violations"]
        return [
            f"{one['id']}: {node['html'][:120]} ({node['failureSummary'][:200]})"
            for one in found
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]


def wait_until(condition: Any, *, seconds: float = 10) -> None:
    """Wait for something that no locator can see."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not happen in time")
        time.sleep(0.05)
