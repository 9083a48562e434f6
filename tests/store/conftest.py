"""What the store's tests share: a quick embedder, stores that are closed again, and a guard on the way out."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from store.embedding import SentenceTransformerEmbedder
from store.store import Store

sys.path.insert(0, str(Path(__file__).parent))  # test folders are no packages: this is where `made_store` stands

from made_store import WordEmbedder


@pytest.fixture(autouse=True)
def no_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test that connects to anything but this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: object) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0] if isinstance(address, tuple) else address
            assert host in ("127.0.0.1", "::1", "localhost"), f"the store tried to reach {address}"
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture
def embedder() -> WordEmbedder:
    """A quick embedder."""
    return WordEmbedder()


@pytest.fixture(scope="session")
def minilm() -> SentenceTransformerEmbedder:
    """The default embedding model."""
    return SentenceTransformerEmbedder(device="cpu")


@pytest.fixture
def told() -> list[str]:
    """What the store told through `notify`."""
    return []


@pytest.fixture
def open_store(tmp_path: Path, embedder: WordEmbedder, told: list[str]) -> Iterator[Callable[..., Store]]:
    """Open the store in a temporary folder, as often as asked; all are closed at the end."""
    opened = []

    def open_one(folder: Path = tmp_path / "home", **options: object) -> Store:
        store = Store.open(folder, options.pop("embedder", embedder), notify=told.append, **options)  # type: ignore[arg-type]
        opened.append(store)
        return store

    yield open_one
    for store in opened:
        store.close()


class ChromaServer:
    """A real Chroma server on this machine, which may be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [Path(sys.executable).with_name("chroma"), "run", "--path", self.folder, "--host", "127.0.0.1"]
        self._process = subprocess.Popen(
            [*command, "--port", str(self.port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(300):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/api/v2/heartbeat", timeout=5):
                return
            time.sleep(0.1)
        raise TimeoutError("the Chroma server did not start within 30 s")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ChromaServer]:
    """A started Chroma server."""
    server = ChromaServer(tmp_path / "server")
    server.start()
    yield server
    server.stop()
