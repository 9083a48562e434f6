"""What the store's tests share: a quick embedder, stores that are closed again, and a guard on the way out."""

import socket
import sys
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
