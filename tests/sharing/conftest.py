"""The real application with two users, served on loopback."""

import contextlib
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest
import uvicorn
from fastapi import FastAPI

sys.path.insert(0, str(Path(__file__).parent))

from sharing_users import PASSWORDS

from bot.page.server import create_app
from bot.privacy import keep_everything_here
from bot.service import Bot
from bot.settings import Settings
from bot.sharing.accounts import Accounts
from ingest.pipeline import bundled_briefs
from store.embedding import Vectors
from store.store import Store

keep_everything_here()


@pytest.fixture(scope="session", autouse=True)
def uploads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where Gradio puts uploads and its own copies of files."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("uploads")
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        yield folder


class QuickEmbedder:
    """Counts letters: enough where sources are asked for by name."""

    name, dimension = "letters", 128

    def encode(self, texts: Sequence[str]) -> Vectors:
        counts = np.array([[1e-3 + text.count(chr(code)) for code in range(128)] for text in texts], dtype=np.float32)
        counts = counts.reshape(-1, 128)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture(scope="session")
def store() -> Iterator[Store]:
    store = Store.in_memory(QuickEmbedder())
    for brief in bundled_briefs():
        store.put(brief)
    yield store
    store.close()


@dataclass(frozen=True)
class Served:
    """An application that is served in this process."""

    address: str
    app: FastAPI
    settings: Settings

    @contextlib.contextmanager
    def client(self, name: str = "") -> Iterator[httpx.Client]:
        """Somebody who keeps cookies; with a name, somebody who logged in."""
        with httpx.Client(base_url=self.address, timeout=30) as client:
            if name:
                form = {"username": name, "password": PASSWORDS[name]}
                assert client.post("login", data=form).json() == {"success": True}
            yield client


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def users(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file with the users of `PASSWORDS`."""
    file = tmp_path_factory.mktemp("users") / "users"
    for name, password in PASSWORDS.items():
        Accounts(file).add(name, password)
    return file


@pytest.fixture(scope="session")
def serve(store: Store, users: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Serves the application with these settings; with `log_in`, those of `PASSWORDS` may log in."""
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def serve(*, log_in: bool = False, home: Path | None = None, **values: object) -> Served:
        home = home or tmp_path_factory.mktemp("home")
        if log_in:
            values["auth"] = str(home / "users")
            shutil.copy(users, home / "users")
        settings = Settings(home=home, **values)  # type: ignore[arg-type]
        app = create_app(Bot(store, settings), settings)
        server = uvicorn.Server(
            uvicorn.Config(app, port=0, log_config=None, proxy_headers=False, timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        running.append((server, thread))
        deadline = time.monotonic() + 30
        while not server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        port = server.servers[0].sockets[0].getsockname()[1]
        return Served(f"http://127.0.0.1:{port}{settings.root_path}/", app, settings)

    yield serve
    for server, thread in running:
        server.should_exit = True
        thread.join(timeout=10)


@pytest.fixture(scope="session")
def open_to_all(serve: Serve) -> Served:
    """Nobody needs to log in."""
    return serve()


@pytest.fixture(scope="session")
def with_users(serve: Serve) -> Served:
    """Alice and Bob may log in."""
    return serve(log_in=True)
