"""The real application over the bundled briefs, served on loopback for programs."""

import io
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from openai import OpenAI
from PIL import Image, ImageDraw

from bot.page.server import create_app
from bot.privacy import keep_everything_here
from bot.service import Bot
from bot.settings import Settings
from ingest.pipeline import bundled_briefs
from store.embedding import SentenceTransformerEmbedder
from store.store import Store

keep_everything_here()


@dataclass(frozen=True)
class Served:
    """An application that is served in this process."""

    address: str  # with a slash at its end
    bot: Bot


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Nobody needs to log in; small uploads alone, so that limits are soon reached."""
    store = Store.in_memory(SentenceTransformerEmbedder())
    for brief in bundled_briefs():
        store.put(brief)
    settings = Settings(home=tmp_path_factory.mktemp("home"), max_upload_megabytes=1, max_upload_files=3)
    bot = Bot(store, settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("uploads")))
        app = create_app(bot, settings)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        deadline = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        yield Served(f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/", bot)
        server.should_exit = True
        thread.join(timeout=10)
    store.close()


@pytest.fixture(scope="session")
def openai(served: Served) -> Iterator[OpenAI]:
    """The official client, which tries nothing twice."""
    with OpenAI(base_url=f"{served.address}v1", api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small photo on disk."""
    image = Image.new("RGB", (64, 48), "white")
    ImageDraw.Draw(image).ellipse((8, 8, 40, 40), fill="navy")
    held = io.BytesIO()
    image.save(held, "PNG")
    file = tmp_path_factory.mktemp("photos") / "navy.png"
    file.write_bytes(held.getvalue())
    return file
