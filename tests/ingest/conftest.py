"""What the tests of ingest share: a quick embedder, a store with it, and the text of a small brief."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from store.embedding import Vectors
from store.store import Store


class WordEmbedder:
    """Embeds a text as the bag of its words: no model to load, and like texts come out alike."""

    name = "words-of-a-text"
    dimension = 256

    def encode(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.casefold().split():
                row[hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[0] % self.dimension] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def open_store(tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the store of this test, again and again if need be."""
    opened: list[Store] = []

    def open_again() -> Store:
        for earlier in opened:
            earlier.close()
        opened[:] = [Store.open(tmp_path / "home", WordEmbedder())]
        return opened[0]

    yield open_again
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    return open_store()


def brief_text(question: str, *papers: str) -> str:
    """A brief in the supplied form whose papers have these titles."""
    blocks = "\n".join(
        f"Model: {title}\nPaper: https://example.org/{title.replace(' ', '-')}.pdf\nSummary: All of {title}.\n"
        for title in papers
    )
    return f'A user has asked the following question:\n"{question}"\n\n### Related Papers:\n{blocks}\n\nAnswer:\n'


@pytest.fixture
def write_brief(tmp_path: Path) -> Callable[..., Path]:
    """Writes a brief below the test's folder `briefs`; returns that folder."""

    def write(name: str, question: str, *papers: str) -> Path:
        folder = tmp_path / "briefs"
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(brief_text(question, *papers), encoding="utf-8")
        return folder

    return write
