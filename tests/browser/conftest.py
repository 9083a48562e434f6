"""The real server in a process of its own, and real headless Chromium."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from reader import LAPTOP, Reader, launch, wait_until

from bot.page.server import create_app
from bot.privacy import keep_everything_here
from bot.service import Bot
from store.embedding import SentenceTransformerEmbedder

keep_everything_here()


@dataclass(frozen=True)
class Served:
    """A server of `unblur chat`."""

    address: str
    seconds: float  # from its start until it said so
    home: Path  # its data folder
    process: subprocess.Popen[str]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`unblur chat` on an empty home, on any free port."""
    began = time.monotonic()
    home = tmp_path_factory.mktemp("home")
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "chat", "--port", "0"],
        env={**os.environ, "UNBLUR_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), "the server did not start"
        yield Served(address, time.monotonic() - began, home, process)
    finally:
        process.send_signal(signal.SIGINT)
        status = process.wait(timeout=20)
    assert status == 0, "Ctrl-C did not end the server cleanly"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


Arrive = Callable[..., Reader]


@pytest.fixture
def arrive(browser: Browser, served: Served, serving: Callable[..., str]) -> Iterator[Arrive]:
    """Opens the page as somebody new; afterwards no request may have left its host, and no script failed.

    Asks for `serving`, so that pages are closed before their servers stop.
    """
    readers: list[Reader] = []

    def arrive(
        size: tuple[int, int] = LAPTOP,
        *,
        dark: bool = False,
        touch: bool = False,
        mobile: bool = False,
        address: str | None = None,
        ready: bool = True,
        open_it: bool = True,
    ) -> Reader:
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            has_touch=touch,
            is_mobile=mobile,
            reduced_motion="reduce",
        )
        reader = Reader(context.new_page(), address or served.address)
        readers.append(reader)
        return reader.open(ready=ready) if open_it else reader

    yield arrive
    for reader in readers:
        reader.page.context.close()
        assert reader.foreign == []
        assert reader.errors == []


@pytest.fixture
def reader(arrive: Arrive) -> Reader:
    """Somebody at a laptop."""
    return arrive()


@pytest.fixture(scope="session")
def embedder() -> SentenceTransformerEmbedder:
    return SentenceTransformerEmbedder()


@pytest.fixture
def serving() -> Iterator[Callable[..., str]]:
    """Serves the page over a bot of the test's own, in this process; returns the address."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def serving(bot: Bot, ready: Future[None] | None = None) -> str:
        config = uvicorn.Config(
            create_app(bot, bot.settings, ready), port=0, log_level="critical", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        wait_until(lambda: server.started, seconds=30)
        return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/"

    yield serving
    for server, thread in running:
        server.should_exit = True
        thread.join(timeout=10)
